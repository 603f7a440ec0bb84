"""A replica's file made by schema 1, opened by a program of schema 2: in place, whole or not at all, nothing lost."""

from __future__ import annotations

import random
import shutil
import signal
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from arxos_sync import geometry
from arxos_sync.messages import ChangeOutcome, Receipt, RowOut, ScopeAnswer
from arxos_sync.problems import Problem
from arxos_sync.storage import replica_ddl, replica_file, replica_upgrade
from arxos_sync.storage.driver import connect
from arxos_sync.storage.spatialite import Replica
from tests.engine.world import SCOPE, START_MS, delete, insert, uid, update
from tests.schema_two import ONE, TWO

DEVICE, DOOR, WINDOW, LAMP = uid(0xDD), uid(0xE1), uid(0xE2), uid(0xE3)
AREA = bytes.fromhex("01eb0300000100000004000000") + struct.pack("<12d", 0, 0, 0, 4, 0, 0, 4, 3, 0, 0, 0, 0)


def dice(size: int) -> bytes:
    return b"\x07" * size


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of schema 1 with the server's rows, and four kinds of work that the server has not taken."""
    made = tmp_path / "old.sqlite"
    connection = replica_file.create_replica(made, ONE, SCOPE)
    replica_file.adopt(connection, DEVICE)
    replica = Replica(connection, ONE, dice)
    rows = [
        RowOut("element", id, 5, False, {"ifc_class": "IfcDoor", "name": "as it was", "heading_deg": 1.0,
                                         "geometry": geometry.point(n, 2.0, 3.0)})
        for n, id in enumerate([DOOR, WINDOW])
    ]  # fmt: skip
    replica.apply_answer(
        ScopeAnswer(SCOPE, "ok", None, [], rows, False, cursor="five", head=5, salt="05"), from_nothing=True
    )
    replica.record([update("element", DOOR, 0, status="faulty")], START_MS)
    (sent,) = replica.pending()
    taken = Receipt(sent.n, "applied", 6, [ChangeOutcome("applied")])
    replica.apply_answer(ScopeAnswer(SCOPE, "ok", None, [taken], [], False))
    replica.record([update("element", DOOR, 0, heading_deg=9.0, geometry=geometry.point(7.0, 7.0, 7.0))], START_MS)
    replica.record([insert("element", LAMP, ifc_class="IfcLamp", name="new")], START_MS)
    replica.record([delete("element", WINDOW, 0)], START_MS)
    replica.close()
    return made


def opened(path: Path, catalogue: Any = TWO) -> Replica:
    return Replica(connect(path), catalogue, dice)


def kept(replica: Replica) -> list[Any]:
    """All that a person or the server would miss."""
    shown = {id: replica.row("element", id) for id in (DOOR, WINDOW, LAMP)}
    known = {id: row and {n: row[n] for n in ONE.tables["element"].columns if n != "id"} for id, row in shown.items()}
    return [known, [t.changes for t in replica.pending()], replica.cursor(), replica.sequence, replica.digests()]


def made_of(connection: Any) -> dict[str, Any]:
    """Every table's columns, and every index and trigger by its SQL."""
    found: dict[str, Any] = {}
    for type, name, sql in connection.execute("select type, name, sql from sqlite_master"):
        if type == "table":
            columns = connection.execute(f'pragma table_info("{name}")').fetchall()
            found[name] = {(c[1], c[2], c[3], c[4]) for c in columns}
        elif not name.startswith("sqlite_autoindex"):
            found[name] = sql
    return found


def test_an_upgraded_file_is_what_a_new_one_would_be_and_keeps_what_waits(path: Path, tmp_path: Path):
    before = opened(path, ONE)
    expected = kept(before)
    before.close()
    replica = opened(path)
    assert kept(replica) == expected
    fresh = replica_file.create_replica(tmp_path / "fresh.sqlite", TWO, SCOPE)
    assert made_of(replica.connection) == made_of(fresh)
    assert replica.state("schema") == "2"
    for table, column in (("element", "geometry"), ("element", "clearance"), ("sensor", "location")):
        assert replica.one(f"select CheckSpatialIndex('{table}', '{column}')") == 1
    assert not replica_upgrade.bring_up_to_date(replica.connection, TWO), "and then there is nothing left to do"


def test_what_is_new_is_captured_and_indexed_after_an_upgrade(path: Path):
    replica = opened(path)
    count = replica.pending_count()
    replica.record([update("element", DOOR, 0, colour="red", clearance=AREA)], START_MS)
    place = geometry.point(1, 1, 1)
    replica.record([insert("sensor", uid(0x5E), storey_id=uid(0x51), name="T", location=place)], START_MS)
    assert replica.pending_count() == count + 2
    assert replica.pending()[-2].changes[0].set == {"colour": "red", "clearance": AREA}
    near = "select count(*) from idx_element_clearance where xmin < 2 and xmax > 2"
    assert replica.one(near) == 1 and replica.one("select CheckSpatialIndex('element', 'clearance')") == 1
    replica.connection.execute("update element set cost = 2.5 where id = ?", (DOOR,))
    assert replica.pending()[-1].changes[0].set == {"cost": 2.5}, "by any SQL, as ever"


class _Cut(Exception):
    pass


class _Cutting:
    """A connection whose device dies before its statement number `at`."""

    def __init__(self, connection: Any, at: int) -> None:
        self.connection, self.left = connection, at

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)

    def execute(self, *given: Any) -> Any:
        self._count()
        return self.connection.execute(*given)

    def executemany(self, *given: Any) -> Any:
        self._count()
        return self.connection.executemany(*given)

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise _Cut


def statements_of(path: Path, tmp_path: Path) -> int:
    shutil.copy(path, tmp_path / "counted.sqlite")
    counting = _Cutting(connect(tmp_path / "counted.sqlite"), 10**9)
    replica_upgrade.bring_up_to_date(counting, TWO)
    return 10**9 - counting.left


def test_a_device_that_dies_at_any_statement_of_an_upgrade_loses_nothing(path: Path, tmp_path: Path):
    before = opened(path, ONE)
    expected = kept(before)
    before.close()
    total = statements_of(path, tmp_path)
    seed = random.randrange(2**32)
    print("seed", seed)
    assert total > 100
    places = sorted({0, total // 2, total - 1, *random.Random(seed).sample(range(total), 6)})
    for place in places:
        shutil.copy(path, tmp_path / "cut.sqlite")
        cutting = _Cutting(connect(tmp_path / "cut.sqlite"), place)
        if place < total:
            with pytest.raises(_Cut):
                replica_upgrade.bring_up_to_date(cutting, TWO)
        cutting.connection.close()
        old = opened(tmp_path / "cut.sqlite", ONE)
        assert kept(old) == expected, f"the program before still reads it, cut at {place}"
        old.close()
        again = opened(tmp_path / "cut.sqlite")
        assert kept(again) == expected and again.state("schema") == "2"
        assert again.one("pragma integrity_check") == "ok"
        again.close()


_KILLED = """
import os, signal, sys
from arxos_sync.storage import replica_upgrade
from tests.storage.test_replica_upgrade import TWO, _Cutting, connect

class Killing(_Cutting):
    def _count(self):
        self.left -= 1
        if self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

replica_upgrade.bring_up_to_date(Killing(connect(sys.argv[1]), int(sys.argv[2])), TWO)
"""


@pytest.mark.parametrize("part", [0.3, 0.99])
def test_a_process_killed_in_an_upgrade_leaves_a_file_that_goes_on(path: Path, tmp_path: Path, part: float):
    before = opened(path, ONE)
    expected = kept(before)
    before.close()
    place = int(statements_of(path, tmp_path) * part)
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", _KILLED, str(path), str(place)], cwd=root)
    assert done.returncode == -signal.SIGKILL
    again = opened(path)
    assert kept(again) == expected and again.state("schema") == "2"


def test_a_file_of_a_newer_schema_is_refused_and_left_as_it_is(path: Path):
    opened(path).close()
    connection = connect(path)
    connection.execute("pragma journal_mode = delete")
    connection.close()
    bytes_before = path.read_bytes()
    with pytest.raises(Problem) as refused:
        opened(path, ONE)
    assert refused.value.code == "upgrade_required" and "schema 2" in refused.value.detail
    assert path.read_bytes() == bytes_before


def test_a_file_made_by_other_triggers_of_the_same_schema_gets_those_of_this_program(path: Path):
    connection = connect(path)
    connection.execute("drop trigger arxos_updated_element")
    connection.execute("drop table arxos_mark")
    connection.execute("update arxos_state set value = 'another' where key = 'made'")
    connection.close()
    replica = opened(path, ONE)
    replica.connection.execute("update element set name = 'captured again' where id = ?", (DOOR,))
    assert replica.pending()[-1].changes[0].set == {"name": "captured again"}
    assert replica.one("select count(*) from arxos_mark") == 0


def test_a_persons_own_scope_goes_up_too(tmp_path: Path):
    scope = f"user:{uid(0xAA)}"
    replica_file.create_replica(tmp_path / "user.sqlite", ONE, scope).close()
    replica = opened(tmp_path / "user.sqlite")
    assert replica.state("schema") == "2" and "sensor" not in made_of(replica.connection)


# ---------------------------------------------------------------- in the browser


def in_javascript(path: Path, catalogue: Any) -> str:
    connection = connect(path)
    connection.execute("pragma journal_mode = delete")  # as snapshots are: OPFS refuses WAL
    connection.close()
    sql = path.with_suffix(".sql")
    sql.write_text(replica_ddl.sql(catalogue), "utf-8")
    script = Path(__file__).with_name("upgrade.mjs")
    given = [str(path), str(sql), str(catalogue.schema), replica_ddl.fingerprint(catalogue)]
    done = subprocess.run(["node", str(script), *given], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_browser_brings_a_file_to_the_very_same_state(path: Path, tmp_path: Path):
    before = opened(path, ONE)
    expected = kept(before)
    before.close()
    assert in_javascript(path, TWO) == "upgraded"
    replica = opened(path)
    assert not replica_upgrade.bring_up_to_date(replica.connection, TWO), "Python finds nothing left to do"
    fresh = replica_file.create_replica(tmp_path / "fresh.sqlite", TWO, SCOPE)
    assert made_of(replica.connection) == made_of(fresh)
    assert kept(replica) == expected and replica.one("pragma integrity_check") == "ok"
    registered = "select * from geometry_columns order by 1, 2"
    assert replica.connection.execute(registered).fetchall() == fresh.execute(registered).fetchall()
    replica.record([update("element", DOOR, 0, colour="red", clearance=AREA)], START_MS)
    assert replica.one("select CheckSpatialIndex('element', 'clearance')") == 1
    replica.close()
    assert in_javascript(path, TWO) == "current"
    assert in_javascript(path, ONE) == "upgrade_required"
