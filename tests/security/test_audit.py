"""The audit log: acts that stand are in it, and whoever tampers with it is found out by where."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from server.app import open_parts
from server.operations.audit import audited, verify_chain
from server.parts import Parts, new_id
from server.settings import Settings
from tests.server.running import Person, Running


@pytest.fixture(params=["spatialite", "postgis"])
def parts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Parts]:
    url = request.getfixturevalue("postgis_url") if request.param == "postgis" else None
    opened = open_parts(Settings(data_dir=tmp_path, database_url=url))
    yield opened
    opened.store.close()


def write(parts: Parts, times: int) -> None:
    for n in range(times):
        with parts.store.tables() as sql:
            audited(sql, new_id() if n % 2 else None, "act", {"n": n, "what": "ü"})


def tamper(parts: Parts) -> Callable[..., int]:
    """As whoever has the database itself: past the role that may only add."""

    def run(statement: Any, **values: Any) -> int:
        with parts.store.tables() as sql:
            if parts.settings.database_url:
                sql.run("reset role")
            return sql.run(statement, **values)

    return run


def test_a_chain_holds_and_tells_its_last_hash(parts: Parts) -> None:
    assert verify_chain(parts).entries == 0 and verify_chain(parts).ok
    write(parts, 5)
    chain = verify_chain(parts)
    assert chain.ok and chain.entries == 5 and chain.hash in chain.line()
    write(parts, 1)
    assert verify_chain(parts).hash != chain.hash


@pytest.mark.parametrize("statement, place", [
    ("update audit_log set detail = '{\"n\":9}' where number = 3", "entry 3 (act"),
    ("update audit_log set action = 'other' where number = 1", "entry 1 (other"),
    ("update audit_log set user_id = null where number = 2", "entry 2 (act"),
    ("update audit_log set at = '2020-01-01T00:00:00.000Z' where number = 2", "entry 2 (act"),
    ("delete from audit_log where number = 3", "entry 3 is not there"),
    ("delete from audit_log where number = 5", "should end with entry 5, and it ends with 4"),
    ("delete from audit_log", "should end with entry 5, and it ends with 0"),
    ("update audit_log set number = number + 1 where number > 3", "entry 4 is not there"),
    ("update audit_log set number = null where number = 5", "have no place"),
    ("update audit_log set hash = previous_hash where number = 4", "entry 4 (act"),
    ("insert into audit_log (id, at, action, detail, previous_hash, hash, number)"
     " select 'x', at, 'slipped in', detail, previous_hash, hash, number from audit_log where number = 2",
     "entry 2"),
])  # fmt: skip
def test_a_broken_chain_is_named_by_its_place(parts: Parts, statement: str, place: str) -> None:
    write(parts, 5)
    assert tamper(parts)(statement) >= 1
    chain = verify_chain(parts)
    assert not chain.ok and place in chain.line(), chain.line()


def test_many_writers_make_one_chain(parts: Parts) -> None:
    writers = [threading.Thread(target=write, args=(parts, 10)) for _ in range(4)]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    chain = verify_chain(parts)
    assert chain.ok and chain.entries == 40


def test_an_act_that_is_taken_back_leaves_no_entry(parts: Parts) -> None:
    write(parts, 1)
    with pytest.raises(ZeroDivisionError), parts.store.tables() as sql:
        audited(sql, None, "act", {})
        1 / 0  # noqa: B018
    write(parts, 1)
    assert verify_chain(parts).ok and verify_chain(parts).entries == 2


def test_grants_new_people_and_lost_devices_are_in_it(running: Running, url: str, owner: Person) -> None:
    building = owner.building()
    viewer = Person(url, "viewer")
    viewer.sync(f"user:{viewer.id}")
    assert running.command("admin", "grant", "viewer@demo.arxos", building, "viewer").returncode == 0
    assert running.command("admin", "grant", "viewer@demo.arxos", building, "none").returncode == 0
    assert running.command("admin", "revoke-device", viewer.device).returncode == 0
    assert running.command("admin", "create-user", "new@demo.arxos", given="a long password\n").returncode == 0
    assert running.command("admin", "forget-second-factor", "new@demo.arxos").returncode == 0
    assert running.command("admin", "rotate-key").returncode == 0
    done = running.command("admin", "verify")
    assert done.returncode == 0 and "the chain holds" in done.stdout
    opened = open_parts(Settings(
        data_dir=Path(running.environment["ARXOS_DATA_DIR"]), database_url=running.environment.get("ARXOS_DATABASE_URL")
    ))  # fmt: skip
    try:
        with opened.store.tables() as sql:
            found = [row["action"] for row in sql.rows("select action from audit_log order by number")]
        assert found[-6:] == [
            "set role", "set role", "revoke device", "create person", "remove second factor", "rotate key",
        ]  # fmt: skip
        tamper(opened)("update audit_log set action = 'other' where number = 1")
    finally:
        opened.store.close()
    broken = running.command("admin", "verify")
    assert broken.returncode == 1 and "the chain is broken: entry 1 (other" in broken.stdout
