"""What passes from world to world carries nothing of one into the next."""

from __future__ import annotations

from pathlib import Path

from arxos_sync.storage.driver import sqlite
from tests.simulation import grounds, ready, world
from tests.simulation.disk import open_file
from tests.simulation.profiles import PROFILES
from tests.simulation.schema import SMALL
from tests.simulation.servers import Servers

SCOPE = world.SCOPES[0]


def _place(source: Path) -> ready.Place:
    place = ready.take(source, False, lambda file: open_file(file, spatialite=False))
    assert place is not None
    return place


def _held(raw: sqlite.Connection) -> list[tuple[object, ...]]:
    return raw.execute("select key, value from arxos_state order by key").fetchall()


def test_a_connection_shows_the_next_file_and_nothing_of_the_one_before(tmp_path: Path):
    template = world.template(SMALL).replicas[SCOPE, 1]
    first = _place(template)
    at_first = _held(first.raw)
    first.raw.execute("insert into arxos_state values ('mine', 'kept')")
    first.raw.execute("pragma synchronous = off")
    aside = tmp_path / "aside.sqlite"
    ready.give_back(first.raw, False, aside)
    again = _place(template)
    assert again.raw is first.raw
    assert _held(again.raw) == at_first
    assert again.raw.execute("pragma synchronous").fetchone() == (2,)
    ready.give_back(again.raw, False, None)
    kept = _place(aside)
    assert kept.raw is first.raw and ("mine", "kept") in _held(kept.raw)
    assert kept.raw.execute("pragma integrity_check").fetchone() == ("ok",)
    ready.close(kept.raw, aside)
    with sqlite.connect(aside) as opened:
        assert ("mine", "kept") in _held(opened)


def test_a_file_is_whole_although_a_statement_ran_on(tmp_path: Path):
    place = _place(world.template(SMALL).replicas[SCOPE, 1])
    place.raw.execute("insert into arxos_state values ('mine', 'kept')")
    running = place.raw.execute("select * from arxos_state")
    running.fetchone()
    aside = tmp_path / "aside.sqlite"
    ready.give_back(place.raw, False, aside)
    with sqlite.connect(aside) as opened:
        assert ("mine", "kept") in _held(opened)


def test_a_servers_file_is_the_template_again_table_by_table(tmp_path: Path):
    start = world.template(SMALL)
    template, ground = start.data, grounds.taken(start.data, tmp_path / "aside")
    servers = Servers(ground.folder, SMALL.one, ground)
    servers.set_role(start.accounts[1], SCOPE, "viewer")
    with servers.store.tables() as sql:
        sql.run("delete from change_log")
        sql.run("update meta set value = 'another' where key = 'epoch'")
    servers.stop()
    ready.restore(ground.folder / grounds.FILE, template / grounds.FILE)
    with sqlite.connect(template / grounds.FILE) as expected:
        for name in ready.tables(expected):
            rows = expected.execute(f'select * from "{name}"').fetchall()
            assert ground.ask(f'select count(*) as n from "{name}"', ())[0]["n"] == len(rows), name
            assert [tuple(row.values()) for row in ground.ask(f'select * from "{name}"', ())] == rows, name
    ground.let_go()


def test_a_world_is_the_same_after_another_and_alone():
    alone = world.run(3, PROFILES["everything"]).hash()
    world.run(4, PROFILES["everything"])
    assert world.run(3, PROFILES["everything"]).hash() == alone
