"""A person's own scope says where they have a role, which, by whom, and until when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from arxos_sync.messages import Change
from server.accounts.memberships import Memberships, tell_expired
from server.jobs.following import Following
from server.operations.demo import PASSWORD
from server.parts import instant, now_ms
from tests import services
from tests.server.mailbox import rows
from tests.server.people_at_work import AtWork
from tests.server.running import Person, Running, wait_for
from tests.server.test_accounts_organisations import ACCEPT, acting, found, invited, joined, secret
from tests.server.test_live import hear, socket, subscribe

HOUR_MS = 3_600_000


@pytest.fixture(params=["spatialite", "postgis"], scope="module")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AtWork]:
    name, settings = f"memberships_{uuid4().hex}", {}
    if request.param == "postgis":
        settings["database_url"] = services.create_database(name)
    made = AtWork(tmp_path_factory.mktemp("memberships"), **settings)
    yield made
    made.close()
    if request.param == "postgis":
        services.drop_database(name)


def memberships(site: AtWork, word: str) -> list[tuple[Any, ...]]:
    """(building's name, role, by whom, until), after everything was told; told once more it is the same."""
    Following(site.parts, [Memberships()]).catch_up()
    tell_expired(site.parts)
    return [(r["building_name"], r["role"], r["invited_by"], r["until"]) for r in site.rows(word, "membership")]


def limit(site: AtWork, word: str, until: str | None) -> None:
    with site.parts.store.tables() as sql:
        sql.run(
            'update "grant" set until = :until where user_id = :id and building_id = :building',
            until=until, id=site.id(word), building=site.building,
        )  # fmt: skip


def test_roles_are_given_changed_and_taken(site: AtWork) -> None:
    assert memberships(site, "owner") == [("House", "owner", None, None)]
    assert memberships(site, "tech") == [("House", "technician", site.id("owner"), None)]
    assert memberships(site, "stranger") == []
    site.give("stranger", "viewer", by="manager")
    assert memberships(site, "stranger") == [("House", "viewer", site.id("manager"), None)]
    site.give("stranger", "reviewer")
    assert [role for _, role, _, _ in memberships(site, "stranger")] == ["reviewer"]
    site.give("stranger", None)
    assert memberships(site, "stranger") == []
    site.give("stranger", "reporter")
    assert memberships(site, "stranger") == [("House", "reporter", site.id("owner"), None)], "who comes again"


def test_what_is_told_again_writes_nothing(site: AtWork) -> None:
    memberships(site, "tech")
    scope = f"user:{site.id('tech')}"
    before = site.parts.store.heads([scope])
    with site.parts.store.tables() as sql:
        sql.run("update follower set sequence = 0 where name = 'memberships'")
    assert len(memberships(site, "tech")) == 1 and site.parts.store.heads([scope]) == before


def test_a_role_with_an_end_says_so_and_goes_when_it_is_over(site: AtWork) -> None:
    until = instant(now_ms() + HOUR_MS)
    limit(site, "other", until)
    site.write("owner", Change("building", site.building, "update", 1, {"name": "Old house"}))
    assert memberships(site, "other") == [("Old house", "technician", site.id("owner"), until)]
    assert memberships(site, "tech")[0][0] == "Old house", "a new name is told to all"
    limit(site, "other", instant(now_ms() - 1))
    assert memberships(site, "other") == [] and len(memberships(site, "tech")) == 1
    limit(site, "other", None)
    site.give("other", "viewer")
    assert [role for _, role, _, _ in memberships(site, "other")] == ["viewer"]


def test_of_a_building_that_is_gone_nobody_is_a_member_until_it_is_back(site: AtWork) -> None:
    assert len(memberships(site, "manager")) == 1
    site.write("owner", Change("building", site.building, "delete", _head(site)))
    assert memberships(site, "manager") == memberships(site, "owner") == []
    site.write("owner", Change("building", site.building, "insert", _head(site), {"name": "House"}))
    assert [role for _, role, _, _ in memberships(site, "manager")] == ["manager"]


def _head(site: AtWork) -> int:
    return site.parts.store.heads([site.building])[site.building]


# ---------------------------------------------------------------- with a server


def of(person: Person, building: str) -> dict[str, Any] | None:
    rows = person.sync(f"user:{person.id}")["rows"]
    return next((r["set"] for r in rows if r["table"] == "membership" and r["set"]["building"] == building), None)


def test_a_socket_hears_of_a_new_role_and_of_one_that_is_taken(running: Running, url: str) -> None:
    boss, worker = Person(url, "owner"), Person(url, "technician")
    building = boss.building("Mill")
    wait_for(lambda: of(boss, building))
    made = invited(boss, f"/api/v1/buildings/{building}", role="reporter")
    with socket(url, worker) as live:
        subscribe(live, f"user:{worker.id}", worker.sync(f"user:{worker.id}")["cursor"])
        assert worker.http.post(ACCEPT, json=secret(made)).status_code == 200
        (told,) = _membership_rows(live)
        assert told["set"]["role"] == "reporter" and told["set"]["invited_by"] == boss.id
        assert told["set"]["building_name"] == "Mill"
        done = running.command("admin", "grant", "technician@demo.arxos", building, "none")
        assert done.returncode == 0, done.stderr
        boss.http.post(f"/api/v1/buildings/{building}/storey", json={"set": {"name": "EG"}})  # so that they look now
        (told,) = _membership_rows(live)
        assert told["deleted"]
    assert of(worker, building) is None


def _membership_rows(live: Any) -> list[dict[str, Any]]:
    """Those that ride along with what is heard next of them."""
    while True:
        rows = [r for r in hear(live, "building.change").get("rows") or [] if r["table"] == "membership"]
        if rows:
            return rows


def test_who_leaves_leaves_no_membership_behind(running: Running, url: str) -> None:
    boss, worker = Person(url, "owner"), Person(url, "viewer")
    building = boss.building("Left")
    made = invited(boss, f"/api/v1/buildings/{building}", role="viewer")
    assert worker.http.post(ACCEPT, json=secret(made)).status_code == 200
    wait_for(lambda: of(worker, building))
    assert worker.http.post("/api/v1/me/delete", json={"password": PASSWORD}).status_code == 200
    wait_for(lambda: all(
        one["sequence"] == one["head"]
        for one in rows(
            running,
            """
            select follower.sequence, scope_head.sequence as head
            from follower join scope_head on scope_head.scope = follower.scope
            where follower.name = 'memberships' and follower.scope = :building
            """,
            building=building,
        )
    ))  # fmt: skip
    own = "select 1 from scope_head where scope = :scope and sequence > 0"
    assert rows(running, own, scope=f"user:{worker.id}") == []


# ---------------------------------------------------------------- organisations


def members(person: Person, building: str) -> dict[str, str | None]:
    items = person.http.get(f"/api/v1/buildings/{building}/member").json()["items"]
    return {row["set"]["user_id"]: row["set"].get("organisation") for row in items}


def test_a_building_made_for_an_organisation_shows_it_by_its_name_of_today(url: str) -> None:
    boss, worker = Person(url, "owner"), Person(url, "technician")
    organisation = found(boss, "Harbour Services")
    account = joined(boss, worker, organisation["id"])
    acting(worker, account)
    building = worker.building("Pier")
    personal = boss.building("Mine")
    assert members(worker, building) == {worker.id: "Harbour Services"}
    assert members(boss, personal) == {boss.id: None}
    renamed = boss.http.patch(f"/api/v1/organisations/{organisation['id']}", json={"name": "Quay"})
    assert renamed.status_code == 200
    assert members(worker, building) == {worker.id: "Quay"}
    assert worker.http.patch("/api/v1/me", json={"name": "Technician B"}).status_code == 200
    assert members(worker, building) == {worker.id: "Quay"}, "their own new name leaves it as it is"
