"""A building and a maintenance system that is another program: both come to say the same, nothing is lost between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from arxos_sync.messages import Change
from arxos_sync.store import Row
from server.accounts.grants import grant, ungrant
from server.accounts.people import Person
from server.cmms import connections, inward, outward
from server.cmms.links import by_ours
from server.cmms.mapping import Mapping
from server.cmms.turn import RETRY_S, Turned, due, sync_due, take_turn
from server.listing import PageAsked
from server.parts import Parts, instant, new_id, now
from tests.server.own_parts import Clock, head, new_building, opened, person, rows, write
from tests.server.reference_cmms import SECRET, Cmms

ALLOW = {"ARXOS_OUTBOUND_ALLOW": "127.0.0.0/8"}
WORDS = {
    "open": "NEW", "assigned": "PLANNED", "in_progress": "WIP", "done": "FINISHED", "closed": "ARCHIVED",
    "cancelled": "VOID",
}  # fmt: skip
MAPPINGS = [
    Mapping("number", "code"),
    Mapping("title", "summary"),
    Mapping("kind", "type", words={"corrective": "REPAIR", "preventive": "PLAN", "emergency": "REPAIR"}),
    Mapping("state", "status", words=WORDS),
    Mapping("priority", "urgency", words={"1": "high", "3": "low"}),
    Mapping("due_on", "deadline", "in"),
]


@pytest.fixture(params=["spatialite", "postgis"], scope="module")
def parts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    with opened(request.param, tmp_path_factory.mktemp("cmms"), **ALLOW) as made:
        yield made


@pytest.fixture
def owner(parts: Parts) -> Person:
    return person(parts, "owner")


class Tied:
    """A building with its maintenance system."""

    def __init__(self, parts: Parts, owner: Person, cmms: Cmms) -> None:
        self.parts, self.owner, self.cmms, self.clock = parts, owner, cmms, Clock()
        self.building = new_building(parts, owner)
        self.connection = self.tie(owner)

    def tie(self, who: Person) -> str:
        made = connections.create(
            self.parts, who, self.building, "rest", f"{self.cmms.url}/api", "Works", SECRET, MAPPINGS
        )
        return made.id

    def turn(self) -> Turned:
        return take_turn(self.parts, self.connection, self.clock)

    def settle(self) -> Turned:
        """Turns until one has nothing to do."""
        for _ in range(5):
            turned = self.turn()
            assert turned.state == "done", turned
            if not (turned.figures.received or turned.figures.sent or turned.figures.waiting):
                return turned
        raise AssertionError(f"it goes on and on: {turned}")

    def add(self, **given: Any) -> str:
        id = new_id()
        values = {"number": "A-1", "title": "Leak", "kind": "corrective"} | given
        write(self.parts, self.owner, self.building, Change("work_order", id, "insert", 0, values))
        return id

    def edit(self, id: str, base: int | None = None, **given: Any) -> None:
        base = head(self.parts, self.building) if base is None else base
        write(self.parts, self.owner, self.building, Change("work_order", id, "update", base, given))

    def delete(self, id: str) -> None:
        write(
            self.parts, self.owner, self.building,
            Change("work_order", id, "delete", head(self.parts, self.building)),
        )  # fmt: skip

    def ours(self) -> list[Row]:
        with self.parts.store.read(self.building) as reader:
            return sorted(reader.live_rows("work_order"), key=lambda row: row.values["number"])

    def conflicts(self) -> list[Row]:
        with self.parts.store.read(self.building) as reader:
            return [row for row in reader.live_rows("conflict") if row.values["state"] == "open"]

    def log(self, outcome: str) -> list[dict[str, Any]]:
        with self.parts.store.tables() as sql:
            lines, _, _ = connections.log_page(sql, self.connection, outcome, PageAsked(limit=100))
        return [line.detail for line in lines]

    def both(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Ours and theirs, number by number; as many here as there."""
        theirs = sorted(self.cmms.live(), key=lambda record: record["code"])
        ours = [row.values for row in self.ours()]
        assert [one["number"] for one in ours] == [one["code"] for one in theirs]
        return list(zip(ours, theirs, strict=True))


@pytest.fixture
def tied(parts: Parts, owner: Person) -> Iterator[Tied]:
    with Cmms() as cmms:
        yield Tied(parts, owner, cmms)


def test_work_orders_go_both_ways_in_the_words_of_each_side_and_then_all_is_quiet(tied: Tied):
    tied.add(number="A-1", title="Leak", priority=1)
    tied.cmms.add(code="B-1", summary="Filter", type="PLAN", status="FINISHED", urgency="low", deadline="2026-03-01")
    tied.settle()
    (ours_a, theirs_a), (ours_b, theirs_b) = tied.both()
    assert (theirs_a["summary"], theirs_a["type"], theirs_a["status"], theirs_a["urgency"]) == (
        "Leak", "REPAIR", "NEW", "high",
    )  # fmt: skip
    assert (ours_b["title"], ours_b["kind"], ours_b["state"], ours_b["priority"], ours_b["due_on"]) == (
        "Filter", "preventive", "done", 3, "2026-03-01",
    )  # fmt: skip
    assert ours_b["origin"] == "cmms" and ours_b["created_by"] == tied.owner.id
    assert ours_a["external_ids"] == {"Works": theirs_a["id"]} and ours_b["external_ids"] == {"Works": theirs_b["id"]}
    assert theirs_a["external_id"] == tied.ours()[0].id
    before, written = head(tied.parts, tied.building), tied.cmms.calls("PATCH") + tied.cmms.calls("POST")
    tied.settle()
    assert head(tied.parts, tied.building) == before, "what came out does not come in again"
    assert tied.cmms.calls("PATCH") + tied.cmms.calls("POST") == written == 1, "and what came in not out"
    assert tied.conflicts() == []


def test_edits_of_different_fields_on_both_sides_meet_without_a_conflict(tied: Tied):
    id = tied.add()
    tied.settle()
    (record,) = tied.cmms.live()
    for title, urgency in (("Big leak", "high"), ("Bigger leak", "low")):
        tied.edit(id, title=title)
        tied.cmms.edit(record["id"], urgency=urgency)
        tied.settle()
        ((ours, theirs),) = tied.both()
        assert (ours["title"], theirs["summary"]) == (title, title)
        assert theirs["urgency"] == urgency and ours["priority"] == {"high": 1, "low": 3}[urgency]
    assert tied.conflicts() == []


def test_the_same_field_on_both_sides_is_a_conflict_that_keeps_both_and_both_sides_say_what_stands(tied: Tied):
    id = tied.add()
    tied.settle()
    (record,) = tied.cmms.live()
    tied.edit(id, title="Ours")
    tied.cmms.edit(record["id"], summary="Theirs")
    tied.settle()
    (conflict,) = tied.conflicts()
    assert {conflict.values["kept"]["title"], conflict.values["other"]["title"]} == {"Ours", "Theirs"}
    assert conflict.values["base"] == {"title": "Leak"}
    ((ours, theirs),) = tied.both()
    assert ours["title"] == theirs["summary"] == conflict.values["kept"]["title"]
    other = conflict.values["other"]["title"]
    tied.edit(id, title=other)  # somebody decides
    tied.settle()
    ((ours, theirs),) = tied.both()
    assert ours["title"] == theirs["summary"] == other and tied.conflicts() == []


def test_an_edit_that_could_not_be_sent_yet_is_contested_all_the_same(tied: Tied):
    id = tied.add()
    tied.settle()
    (record,) = tied.cmms.live()
    tied.cmms.edit(record["id"], urgency="low")
    tied.edit(id, title="Ours")
    tied.cmms.refuses = {"summary": "Ours"}
    assert tied.turn().figures.refused == 1
    tied.cmms.edit(record["id"], urgency="high")  # their own field again: no quarrel with themselves
    tied.turn()
    assert tied.conflicts() == [] and tied.ours()[0].values["priority"] == 1
    tied.cmms.edit(record["id"], summary="Theirs")
    tied.turn()
    (conflict,) = tied.conflicts()
    assert {conflict.values["kept"]["title"], conflict.values["other"]["title"]} == {"Ours", "Theirs"}


def test_what_they_refuse_is_told_once_and_holds_up_no_other(tied: Tied):
    tied.cmms.refuses = {"summary": "Bad"}
    bad = tied.add(number="A-1", title="Bad")
    tied.add(number="A-2", title="Good")
    for _ in range(3):
        assert tied.turn().figures.refused == 1
    assert [record["code"] for record in tied.cmms.live()] == ["A-2"]
    (line,) = tied.log("refused")
    assert line == {"row": bad, "problem": "422 cannot take summary"}
    tied.cmms.refuses = {}
    tied.settle()
    assert len(tied.both()) == 2


def test_a_delete_on_either_side_is_one_on_the_other(tied: Tied):
    here, there = tied.add(number="A-1"), tied.add(number="A-2")
    tied.settle()
    tied.delete(here)
    tied.cmms.delete(next(r["id"] for r in tied.cmms.live() if r["code"] == "A-2"))
    tied.settle()
    assert tied.ours() == [] and tied.cmms.live() == [] and tied.conflicts() == []
    with tied.parts.store.tables() as sql:
        assert by_ours(sql, tied.connection, here) is None and by_ours(sql, tied.connection, there) is None


@pytest.mark.parametrize("deleted", ["here", "there"])
def test_a_delete_against_an_edit_loses_neither(tied: Tied, deleted: str):
    id = tied.add()
    tied.settle()
    (record,) = tied.cmms.live()
    if deleted == "here":
        tied.delete(id)
        tied.cmms.edit(record["id"], summary="Edited")
    else:
        tied.edit(id, title="Edited")
        tied.cmms.delete(record["id"])
    tied.settle()
    ((ours, theirs),) = tied.both()
    assert ours["title"] == theirs["summary"] == "Edited"
    assert [one.values["kind"] for one in tied.conflicts()] == ["delete"]


def test_their_state_may_jump_and_one_that_no_step_leads_to_does_not_move_ours(tied: Tied):
    one, other = tied.add(number="A-1"), tied.add(number="A-2")
    tied.edit(other, state="cancelled")
    tied.settle()
    ids = {record["code"]: record["id"] for record in tied.cmms.live()}
    tied.cmms.edit(ids["A-1"], status="ARCHIVED")
    tied.cmms.edit(ids["A-2"], status="WIP", summary="Go on")
    tied.settle()
    (a, theirs_a), (b, theirs_b) = tied.both()
    assert (a["state"], theirs_a["status"]) == ("closed", "ARCHIVED")
    assert (b["state"], theirs_b["status"], b["title"]) == ("cancelled", "VOID", "Go on")
    assert [line["row"] for line in tied.log("remark")] == [other]
    assert one != other


def test_a_state_that_both_moved_where_it_cannot_be_is_a_workflow_conflict(tied: Tied):
    id = tied.add()
    tied.settle()
    (record,) = tied.cmms.live()
    tied.edit(id, state="cancelled")
    tied.cmms.edit(record["id"], status="WIP")
    tied.settle()
    assert [one.values["kind"] for one in tied.conflicts()] == ["workflow"]
    ((ours, theirs),) = tied.both()
    assert (ours["state"], theirs["status"]) == ("cancelled", "VOID")


def test_a_value_that_cannot_be_read_is_told_and_left_alone_on_both_sides(tied: Tied):
    tied.add()
    tied.settle()
    (record,) = tied.cmms.live()
    tied.cmms.edit(record["id"], urgency="whenever", summary="Drip")
    tied.settle()
    ((ours, theirs),) = tied.both()
    assert (ours["title"], ours["priority"], theirs["urgency"]) == ("Drip", None, "whenever")
    (line,) = tied.log("remark")
    assert line["problems"] == ["urgency 'whenever': could not convert string to float: 'whenever'"]


def test_two_of_our_words_for_one_of_theirs_do_not_change_into_one_another(tied: Tied):
    tied.add(kind="emergency")
    tied.settle()
    (record,) = tied.cmms.live()
    assert record["type"] == "REPAIR"
    tied.cmms.edit(record["id"], summary="Again")
    tied.settle()
    assert tied.ours()[0].values["kind"] == "emergency"


def test_pages_and_answers_that_come_twice_make_each_work_order_once(parts: Parts, owner: Person):
    with Cmms(page=3) as cmms:
        tied = Tied(parts, owner, cmms)
        for n in range(10):
            cmms.add(code=f"B-{n}", summary="x", type="REPAIR", status="NEW")
        cmms.repeats = True
        tied.settle()
        assert len(tied.both()) == 10
        with parts.store.tables() as sql:  # a server put back to an older cursor hears it all again
            sql.run("update cmms_connection set heard_to = null where id = :id", id=tied.connection)
        before = head(parts, tied.building)
        tied.settle()
        assert head(parts, tied.building) == before


def test_answers_that_are_lost_make_nothing_twice(tied: Tied):
    tied.add(number="A-1")
    tied.cmms.lose_answers = 1
    assert tied.turn().state == "failed"
    assert len(tied.cmms.live()) == 1, "it was made, and nobody heard"
    tied.settle()
    tied.edit(tied.ours()[0].id, title="New title")
    tied.cmms.lose_answers = 1
    assert tied.turn().state == "failed"
    tied.settle()
    ((ours, theirs),) = tied.both()
    assert ours["title"] == theirs["summary"] == "New title" and tied.conflicts() == []


@pytest.mark.parametrize(
    ("module", "name"),
    [(outward, "_linked"), (outward, "_update"), (inward, "read_record"), (inward.links, "keep")],
    ids=["after they made it", "before it is told the rest", "before what came is read", "before any link is kept"],
)
def test_a_process_that_dies_between_two_steps_makes_nothing_twice(
    tied: Tied, monkeypatch: pytest.MonkeyPatch, module: Any, name: str
):
    id = tied.add(number="A-1")
    tied.cmms.add(code="B-1", summary="x", type="REPAIR", status="NEW")

    class Killed(BaseException):
        pass

    def die(*_: Any, **__: Any) -> None:
        raise Killed

    if name == "_update":
        tied.settle()
        tied.edit(id, title="A word")
    with monkeypatch.context() as patch:
        patch.setattr(module, name, die)
        with pytest.raises(Killed):
            tied.turn()
    tied.edit(id, title="Meanwhile", state="assigned")
    tied.settle()
    ((ours, theirs), _) = tied.both()
    assert (ours["title"], ours["state"]) == ("Meanwhile", "assigned")
    assert (theirs["summary"], theirs["status"]) == ("Meanwhile", "PLANNED")
    assert len(tied.cmms.records) == 2 and tied.conflicts() == []


def test_a_record_that_is_gone_there_without_a_word_is_told_anew_where_it_was_edited_here(tied: Tied):
    id = tied.add()
    tied.settle()
    (record,) = tied.cmms.live()
    tied.cmms.forget(record["id"])
    tied.edit(id, title="Still here")
    tied.settle()
    ((ours, theirs),) = tied.both()
    assert ours["title"] == theirs["summary"] == "Still here"
    assert [one.values["kind"] for one in tied.conflicts()] == ["delete"]


def test_a_record_that_was_made_and_deleted_there_before_we_heard_of_it_is_made_anew(tied: Tied):
    tied.add()
    tied.cmms.lose_answers = 1
    assert tied.turn().state == "failed"
    tied.cmms.delete(tied.cmms.live()[0]["id"])
    tied.settle()
    assert len(tied.both()) == 1 and len(tied.cmms.records) == 2


def test_an_outage_is_waited_out_longer_and_longer_and_nothing_is_missed(tied: Tied):
    tied.add(number="A-1")
    tied.settle()
    tied.cmms.stop()
    (record,) = tied.cmms.live()
    tied.cmms.edit(record["id"], urgency="high")
    tied.edit(tied.ours()[0].id, title="While away")
    waits = []
    for _ in range(3):
        assert tied.turn().state == "failed"
        (row,) = rows(tied.parts, "select * from cmms_connection where id = :id", id=tied.connection)
        waits.append(row["tries"])
        assert row["problem"].startswith("unreachable")
        began = tied.clock()
        tied.clock.pass_until(row["next_turn_at"])
        assert tied.clock() - began >= RETRY_S[len(waits) - 1] * 700
    assert waits == [1, 2, 3]
    tied.cmms.start()
    tied.settle()
    ((ours, theirs),) = tied.both()
    assert (ours["title"], ours["priority"], theirs["summary"]) == ("While away", 1, "While away")
    (row,) = rows(tied.parts, "select * from cmms_connection where id = :id", id=tied.connection)
    assert (row["tries"], row["problem"]) == (0, None)


def test_who_asks_for_rest_is_left_alone_for_as_long_as_they_say(tied: Tied):
    tied.cmms.rest_s = 7200
    turned = tied.turn()
    assert turned.state == "failed" and "429" in str(turned.problem)
    began = tied.clock()
    (row,) = rows(tied.parts, "select next_turn_at from cmms_connection where id = :id", id=tied.connection)
    tied.clock.pass_until(row["next_turn_at"])
    assert 7_190_000 < tied.clock() - began < 7_300_000


def test_a_round_takes_the_connections_whose_turn_it_is_and_passes_over_paused_ones(tied: Tied, owner: Person):
    tied.add()
    with tied.parts.store.tables() as sql:
        sql.run("update cmms_connection set paused_at = :now where id <> :id", now=now(), id=tied.connection)
    assert due(tied.parts) == tied.connection
    sync_due(tied.parts)
    assert len(tied.both()) == 1 and due(tied.parts) is None
    connections.change(tied.parts, owner, tied.connection, {"paused": True})
    with tied.parts.store.tables() as sql:
        sql.run("update cmms_connection set next_turn_at = null where id = :id", id=tied.connection)
    assert due(tied.parts) is None
    connections.change(tied.parts, owner, tied.connection, {"paused": False})
    assert due(tied.parts) == tied.connection


def test_a_connection_with_a_huge_backlog_holds_up_neither_others_nor_what_it_is_to_be_told(
    tied: Tied, owner: Person, monkeypatch: pytest.MonkeyPatch
):
    with tied.parts.store.tables() as sql:
        sql.run("update cmms_connection set paused_at = :now where id <> :id", now=now(), id=tied.connection)
    tied.cmms.page = 1
    for n in range(30):
        tied.cmms.add(code=f"T-{n}", summary="Leak", type="REPAIR", status="NEW")
    tied.add(number="A-1")
    listing = tied.cmms.answer

    def slow(sent: Any) -> Any:
        tied.clock.pass_s(1)
        return listing(sent)

    monkeypatch.setattr(tied.cmms, "answer", slow)
    with Cmms() as other_system:
        other = Tied(tied.parts, owner, other_system)
        other.add(number="B-1")
        turned = tied.turn()
        assert turned.figures.received < 30 and turned.figures.sent == 1, "what goes out has its share of the time"
        assert due(tied.parts) == other.connection, "and another one its turn"
        assert other.turn().figures.sent == 1
    (again,) = rows(tied.parts, "select next_turn_at from cmms_connection where id = :id", id=tied.connection)
    assert again["next_turn_at"] <= instant(tied.clock()), "it goes on as soon as it is its turn again"
    for _ in range(10):
        tied.turn()
    assert len(tied.both()) == 31


def test_one_process_at_a_time_is_at_a_connection(tied: Tied, monkeypatch: pytest.MonkeyPatch):
    seen: list[str] = []
    listing = tied.cmms.answer

    def meanwhile(sent: Any) -> Any:
        seen.append(tied.turn().state)
        return listing(sent)

    tied.cmms.answer = meanwhile
    assert tied.turn().state == "done"
    assert set(seen) == {"busy"}


def test_who_may_not_write_in_the_building_any_more_ties_it_to_nothing(tied: Tied, owner: Person):
    manager = person(tied.parts, "technician")
    with tied.parts.store.tables() as sql:
        grant(sql, manager.id, tied.building, "manager", now())
    tied.connection = tied.tie(manager)
    tied.cmms.add(code="B-1", summary="x", type="REPAIR", status="NEW")
    with tied.parts.store.tables() as sql:
        ungrant(sql, manager.id, tied.building)
    assert tied.turn().state == "failed" and tied.ours() == []
    (row,) = rows(tied.parts, "select * from cmms_connection where id = :id", id=tied.connection)
    assert row["paused_at"] and "may not write" in row["problem"]
    connections.change(tied.parts, owner, tied.connection, {"paused": False})
    tied.settle()
    assert len(tied.ours()) == 1


def test_a_field_that_is_mapped_later_is_compared_and_not_overwritten(tied: Tied, owner: Person):
    mapped = [m for m in MAPPINGS if m.ours != "title"]
    connections.change(tied.parts, owner, tied.connection, {"mappings": mapped})
    tied.add(title="Ours")
    tied.settle()
    (record,) = tied.cmms.live()
    tied.cmms.edit(record["id"], summary="Theirs")
    tied.settle()
    connections.change(tied.parts, owner, tied.connection, {"mappings": MAPPINGS})
    tied.settle()
    (conflict,) = tied.conflicts()
    assert {conflict.values["kept"]["title"], conflict.values["other"]["title"]} == {"Ours", "Theirs"}
    ((ours, theirs),) = tied.both()
    assert ours["title"] == theirs["summary"]


def test_the_secret_is_kept_sealed_and_stands_in_no_line(tied: Tied):
    tied.cmms.fails = True
    tied.turn()
    for table in ("cmms_connection", "cmms_sync_log"):
        found = rows(tied.parts, f"select * from {table}")  # noqa: S608
        assert found and SECRET not in str(found)
    wrong = connections.change(tied.parts, tied.owner, tied.connection, {"secret": "another"})
    tied.cmms.fails = False
    assert wrong.has_secret
    turned = tied.turn()
    assert turned.state == "failed" and "does not let us in" in str(turned.problem)
