"""What follows from work that was taken in: each piece of each scope's log, in order, whatever fails in between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.app import open_parts
from server.jobs import following
from server.jobs.following import Followed, Following
from server.parts import Parts
from server.settings import read_settings
from tests.server.site import Site
from tests.site_day import Office


class Recorder:
    def __init__(self, name: str, from_start: bool = True, fails: int = 0) -> None:
        self.name, self.from_start, self.fails = name, from_start, fails
        self.heard: list[tuple[str, int]] = []

    def take(self, parts: Parts, followed: Followed) -> None:
        if self.fails:
            self.fails -= 1
            raise RuntimeError("not yet")
        assert {row.sequence for row in followed.rows} <= {entry.sequence for entry in followed.entries} | {
            row.sequence for row in followed.rows if row.sequence > followed.entries[-1].sequence
        }
        self.heard += [(followed.scope, entry.sequence) for entry in followed.entries]


@pytest.fixture(params=["spatialite", "postgis"])
def worked_in(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Parts, str]]:
    """The parts of a store in which somebody has worked, and the building; its server has stopped."""
    site = Site.new(request.param, tmp_path)
    url, _ = site.start()
    office = Office(url, "owner@demo.arxos")
    building = office.building()
    for n in range(5):
        office.http.post(f"/api/v1/buildings/{building}/storey", json={"set": {"name": f"Level {n}"}})
    site.stop()
    parts = open_parts(read_settings(site.running.environment, site.folder))
    yield parts, building
    parts.store.close()
    site.remove()


def test_each_follower_hears_every_entry_once_and_one_that_fails_holds_up_no_other(
    worked_in: tuple[Parts, str], monkeypatch: pytest.MonkeyPatch
):
    parts, building = worked_in
    monkeypatch.setattr(following, "ENTRIES_AT_ONCE", 2)
    failing, well = Recorder("failing", fails=1), Recorder("well")
    head = parts.store.heads([building])[building]
    Following(parts, [failing, well]).catch_up()
    assert [s for scope, s in well.heard if scope == building] == list(range(1, head + 1))
    scopes = {scope for scope, _ in failing.heard}
    assert len({scope for scope, _ in well.heard} - scopes) == 1, "one piece failed, and waits"
    with parts.store.tables() as sql:
        (waiting,) = sql.rows("select problem, tries from follower where problem is not null")
        assert waiting["problem"] == "RuntimeError: not yet" and waiting["tries"] == 1
        sql.run("update follower set next_try_at = '2000-01-01T00:00:00.000Z' where next_try_at is not null")
    Following(parts, [failing, well]).catch_up()
    assert sorted(failing.heard) == sorted(well.heard)
    assert len(set(well.heard)) == len(well.heard)


def test_a_follower_that_another_process_holds_is_left_to_it(worked_in: tuple[Parts, str]):
    parts, _ = worked_in
    one, other = Recorder("same"), Recorder("same")
    with parts.store.tables() as sql:
        sql.run(
            "insert into follower (name, scope, sequence, tries, held_by, held_until) "
            "select 'same', scope, 0, 0, 'another', '2999-01-01T00:00:00.000Z' from scope_head"
        )
    Following(parts, [one]).catch_up()
    assert one.heard == []
    with parts.store.tables() as sql:
        sql.run("update follower set held_until = '2000-01-01T00:00:00.000Z'")
    Following(parts, [other]).catch_up()
    assert other.heard


def test_a_follower_of_what_is_to_come_begins_with_the_last_entry(worked_in: tuple[Parts, str]):
    parts, building = worked_in
    late = Recorder("late", from_start=False)
    head = parts.store.heads([building])[building]
    Following(parts, [late]).catch_up()
    assert [s for scope, s in late.heard if scope == building] == [head]


def test_of_a_scope_that_came_after_it_a_follower_hears_all(worked_in: tuple[Parts, str]):
    """However much had happened there before it looked again."""
    parts, building = worked_in
    late = Recorder("late", from_start=False)
    Following(parts, [late]).catch_up()
    with parts.store.tables() as sql:  # as if the building had come since
        sql.run("delete from follower where scope = :scope", scope=building)
    late.heard.clear()
    Following(parts, [late]).catch_up()
    assert [s for _, s in late.heard] == list(range(1, parts.store.heads([building])[building] + 1))
