"""What concerns whom, in whose inbox it stands, and that nothing is told twice."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from arxos_sync.messages import Change
from server.jobs.following import Followed, Following
from server.notifications import inbox
from server.notifications.inbox import Inbox, mark_read
from server.notifications.invitations import tell_invited
from server.notifications.notices import id_of
from server.parts import Parts, new_id, now
from tests import services
from tests.server.people_at_work import AtWork


@pytest.fixture(params=["spatialite", "postgis"], scope="module")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AtWork]:
    name, settings = f"notices_{uuid4().hex}", {}
    if request.param == "postgis":
        settings["database_url"] = services.create_database(name)
    made = AtWork(tmp_path_factory.mktemp("notices"), **settings)
    yield made
    made.close()
    if request.param == "postgis":
        services.drop_database(name)


@pytest.fixture
def at_work(site: AtWork) -> AtWork:
    """With empty inboxes."""
    site.tell()
    for word, person in site.people.items():
        site.before = {**getattr(site, "before", {}), word: len(site.rows(word))}
        mark_read(site.parts, person)
    return site


def new(site: AtWork, word: str) -> list[tuple[str, str]]:
    site.tell()
    return site.inbox(word)[site.before[word] :]


def test_a_task_is_told_to_whom_it_is_assigned_and_to_nobody_else(at_work: AtWork) -> None:
    task = at_work.add("manager", "task", kind="visual", title="Door 3", assignee=at_work.id("tech"))
    assert new(at_work, "tech") == [("task_assigned", "Task for you: Door 3")]
    at_work.edit("manager", "task", task, title="Door 4")
    at_work.edit("tech", "task", task, assignee=at_work.id("other"))
    assert len(new(at_work, "tech")) == 1, "another column is no news"
    assert new(at_work, "other") == [("task_assigned", "Task for you: Door 4")]
    at_work.edit("other", "task", task, assignee=at_work.id("tech"))
    assert len(new(at_work, "tech")) == 2, "back again is news"
    assert new(at_work, "owner") == new(at_work, "manager") == []


def test_nobody_is_told_of_their_own_doing_nor_of_a_building_they_may_not_read(at_work: AtWork) -> None:
    at_work.add("tech", "task", kind="visual", title="Mine", assignee=at_work.id("tech"))
    at_work.add("tech", "task", kind="visual", title="Theirs", assignee=at_work.id("stranger"))
    at_work.add("tech", "task", kind="visual", title="Nobody's", assignee=new_id())
    assert new(at_work, "tech") == new(at_work, "stranger") == []


def test_what_was_taken_back_before_anybody_was_told_is_not_told(at_work: AtWork) -> None:
    gone = at_work.add("manager", "task", kind="visual", title="Gone", assignee=at_work.id("tech"))
    at_work.write("manager", Change("task", gone, "delete", head(at_work)))
    moved = at_work.add("manager", "task", kind="visual", title="Moved", assignee=at_work.id("tech"))
    at_work.edit("manager", "task", moved, assignee=at_work.id("other"))
    assert new(at_work, "tech") == []
    assert new(at_work, "other") == [("task_assigned", "Task for you: Moved")]


def head(site: AtWork) -> int:
    return site.parts.store.heads([site.building])[site.building]


def test_work_orders_and_remarks_are_told_to_whom_they_are_assigned(at_work: AtWork) -> None:
    at_work.add("manager", "work_order", number="WO-7", title="Pump", kind="corrective", assignee=at_work.id("tech"))
    at_work.add("manager", "annotation", title="Leak", assignee=at_work.id("tech"))
    assert new(at_work, "tech") == [
        ("work_order_assigned", "Work order for you: WO-7 Pump"),
        ("annotation_assigned", "Remark for you: Leak"),
    ]


def test_a_finding_goes_to_those_who_may_review_it_and_the_verdict_to_its_author(at_work: AtWork) -> None:
    door = at_work.add("tech", "element", ifc_class="IfcDoor", name="Door 3")
    found = {"target_table": "element", "target_id": door, "field": "status", "outcome": "confirmed"}
    good, bad = (at_work.add("tech", "validation", **found) for _ in range(2))
    assert new(at_work, "manager") == new(at_work, "owner") == [("review", "To review: Door 3, status")] * 2
    assert new(at_work, "other") == [], "a technician reviews nothing"
    at_work.edit("manager", "validation", good, state="accepted")
    at_work.edit("owner", "validation", bad, state="rejected", note="Wrong door")
    assert new(at_work, "tech") == [
        ("validation_accepted", "Accepted: Door 3, status"),
        ("validation_rejected", "Rejected: Door 3, status"),
    ]
    last = at_work.rows("tech")[-1]
    assert last["body"] == "House · Owner · Wrong door" and last["building_id"] == at_work.building
    assert last["link"] == f"/b/{at_work.building}?element={door}"


def test_what_one_transaction_did_for_one_person_is_one_notice(at_work: AtWork) -> None:
    tasks = [Change("task", new_id(), "insert", set={"kind": "visual", "assignee": at_work.id("tech")}) for _ in "abc"]
    at_work.write("manager", *tasks)
    assert new(at_work, "tech") == [("task_assigned", "3 tasks for you")]


def test_a_conflict_is_told_to_the_other_party(at_work: AtWork) -> None:
    door = at_work.add("owner", "element", ifc_class="IfcDoor", name="Door 5")
    base = head(at_work)
    at_work.edit("tech", "element", door, base, status="faulty")
    at_work.edit("other", "element", door, base, status="missing")
    assert new(at_work, "tech") == [("conflict", "Your edit of Door 5 met another")]
    assert new(at_work, "other") == [], "who brought it about was told by the receipt"


def test_remarks_and_answers_reach_those_whose_matter_it_is(at_work: AtWork) -> None:
    task = at_work.add("manager", "task", kind="visual", title="Roof", assignee=at_work.id("tech"))
    at_work.tell()
    about = {"target_table": "task", "target_id": task}
    remark = at_work.add("other", "annotation", title="Ladder?", text="Where is it", **about)
    assert new(at_work, "tech")[1:] == new(at_work, "manager") == [("annotation", "New remark: Ladder?")]
    at_work.add("tech", "comment", annotation_id=remark, text="Behind the door")
    assert new(at_work, "other") == [("comment", "New answer: Ladder?")]
    assert at_work.rows("other")[-1]["body"] == "House · Tech · Behind the door"
    door = at_work.add("manager", "element", ifc_class="IfcDoor")
    at_work.add("tech", "annotation", title="Scratch", target_table="element", target_id=door)
    assert len(new(at_work, "manager")) == 1, "an element is the building's, whoever entered it"


def test_a_role_is_told_when_given_changed_and_taken(at_work: AtWork) -> None:
    at_work.give("stranger", "viewer")
    at_work.tell()
    at_work.give("stranger", "reporter")
    at_work.tell()
    at_work.give("stranger", None)
    assert new(at_work, "stranger") == [
        ("role_given", "You are now viewer of House"),
        ("role_given", "You are now reporter of House"),
        ("role_taken", "You no longer have a role here"),
    ]


def test_the_same_piece_of_log_given_twice_tells_nothing_twice(at_work: AtWork) -> None:
    at_work.add("manager", "task", kind="visual", title="Once", assignee=at_work.id("tech"))
    heard: list[Followed] = []

    class Twice(Inbox):
        def take(self, parts: Parts, followed: Followed) -> None:
            heard.append(followed)
            super().take(parts, followed)

    Following(at_work.parts, [Twice()]).catch_up()
    (followed,) = [one for one in heard if one.scope == at_work.building]
    scope = f"user:{at_work.id('tech')}"
    before = at_work.parts.store.heads([scope])
    Inbox().take(at_work.parts, followed)
    assert at_work.parts.store.heads([scope]) == before
    assert new(at_work, "tech") == [("task_assigned", "Task for you: Once")]


def test_one_who_fails_half_way_tells_the_rest_later(at_work: AtWork, monkeypatch: pytest.MonkeyPatch) -> None:
    for word in ("tech", "other"):
        at_work.add("manager", "task", kind="visual", title="Half", assignee=at_work.id(word))
    told, first = [], inbox._deliver_to

    def dies(parts: Parts, user_id: str, notices: list) -> None:
        if told:
            raise RuntimeError("the process was killed")
        told.append(user_id)
        first(parts, user_id, notices)

    monkeypatch.setattr(inbox, "_deliver_to", dies)
    at_work.tell()
    monkeypatch.undo()
    with at_work.parts.store.tables() as sql:
        sql.run("update follower set next_try_at = null")
    for word in ("tech", "other"):
        assert new(at_work, word) == [("task_assigned", "Task for you: Half")]


def test_a_muted_building_is_quiet_but_its_inbox_is_not_empty(at_work: AtWork) -> None:
    from server.notifications.preferences import mute, unmute

    with at_work.parts.store.tables() as sql:
        mute(sql, at_work.id("tech"), at_work.building)
    at_work.add("manager", "task", kind="visual", title="Quiet", assignee=at_work.id("tech"))
    assert len(new(at_work, "tech")) == 1
    letters = "select title from notification_letter where user_id = :id"
    assert at_work.asked(letters, id=at_work.id("tech")) == []
    with at_work.parts.store.tables() as sql:
        unmute(sql, at_work.id("tech"), at_work.building)
    at_work.add("manager", "task", kind="visual", title="Loud", assignee=at_work.id("tech"))
    at_work.tell()
    assert [one["title"] for one in at_work.asked(letters, id=at_work.id("tech"))] == ["Task for you: Loud"]


def test_what_was_read_is_read_once_and_waits_for_no_letter(at_work: AtWork) -> None:
    for title in ("A", "B"):
        at_work.add("manager", "task", kind="visual", title=title, assignee=at_work.id("tech"))
    at_work.tell()
    rows = [row for row in at_work.rows("tech") if row["read_at"] is None]
    count, hint = mark_read(at_work.parts, at_work.people["tech"], rows[0]["id"])
    assert count == 1 and hint is not None and hint.scope == f"user:{at_work.id('tech')}"
    assert mark_read(at_work.parts, at_work.people["tech"], rows[0]["id"]) == (0, None)
    left = at_work.asked("select notification_id from notification_letter where user_id = :id", id=at_work.id("tech"))
    assert [one["notification_id"] for one in left] == [rows[1]["id"]]
    assert mark_read(at_work.parts, at_work.people["tech"], building=new_id())[0] == 0
    assert mark_read(at_work.parts, at_work.people["tech"], building=at_work.building)[0] == 1


def test_an_id_is_of_what_it_tells_and_of_its_moment() -> None:
    one = id_of(1_780_000_000_000, "building", "person", 7)
    assert one == id_of(1_780_000_000_000, "building", "person", 7)
    assert one != id_of(1_780_000_000_000, "building", "person", 8)
    assert one < id_of(1_780_000_000_001, "building", "person", 7)
    assert one[14] == "8" and one[19] in "89ab" and len(one) == 36


def test_an_invitation_is_in_the_inbox_of_who_has_that_address_here(at_work: AtWork) -> None:
    for id, email, more in (
        (new_id(), "Stranger@Example.org", {}),
        (new_id(), "nobody@example.org", {}),
        (new_id(), "stranger@example.org", {"revoked_at": now()}),
        (new_id(), "owner@example.org", {}),  # who invites
    ):
        with at_work.parts.store.tables() as sql:
            sql.run(
                """
                insert into invitation
                    (id, building_id, role, email, token_hash, invited_by, expires_at, created_at, revoked_at)
                values (:id, :building, 'technician', :email, :id, :by, '2999-01-01T00:00:00.000Z', :now, :revoked_at)
                """,
                id=id, building=at_work.building, email=email, by=at_work.id("owner"), now=now(),
                **{"revoked_at": None, **more},
            )  # fmt: skip
    for _ in range(2):
        tell_invited(at_work.parts)
    assert new(at_work, "stranger") == [("invited", "You are invited to be technician of House")]
    assert at_work.rows("stranger")[-1]["body"] == "House · Owner · the letter has the link"
    assert new(at_work, "owner") == []
