"""The power goes while a tablet, or PostgreSQL, writes to an ext4: no acknowledged edit may be missing after it.

How the cut is made, and why a copy of the mounted image would not do, stands in disk.py. What is acknowledged is
read before the cut begins; then the machine is switched on again: journal replay, e2fsck, recovery of the database.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from random import Random

import psycopg
import pytest

from arxos_sync.storage.driver import connect
from client_kit.replica import Home
from tests.history.recorder import acknowledged, read_events

from .block import Cut, PowerDisk, after_the_cut
from .fleet import Fleet
from .world import Postgres, ServerProcess, make_owner, server_environment

TABLET_CUTS, POSTGRES_CUTS = 50, 10
STEPS_BETWEEN_MAX = 12


# ---------------------------------------------------------------- the disk itself


@pytest.fixture
def disk(folder: Path) -> Iterator[PowerDisk]:
    with PowerDisk(folder / "disk", 96) as made:
        yield made


def test_a_cut_takes_what_was_not_synced_and_leaves_what_was(disk: PowerDisk, folder: Path):
    (disk.mount / "hasty").write_bytes(b"x" * 100_000)
    with open(disk.mount / "careful", "wb") as file:
        file.write(b"y" * 100_000)
        file.flush()
        os.fsync(file.fileno())
    (disk.mount / "late").write_bytes(b"z" * 100_000)
    with after_the_cut(disk.cut(folder / "image", seed=0), folder / "after") as after:
        assert (after / "careful").read_bytes() == b"y" * 100_000
        assert not (after / "late").exists()


@pytest.mark.parametrize(("synchronous", "kept"), [("full", 100), ("normal", 0), ("off", 0)])
def test_a_database_that_does_not_sync_each_commit_is_found_out(
    disk: PowerDisk, folder: Path, synchronous: str, kept: int
):
    """The planted bug: with WAL only `full` keeps what was committed."""
    connection = sqlite3.connect(disk.mount / "planted.sqlite", isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute("create table t (n integer)")
    connection.execute("pragma wal_checkpoint(truncate)")
    connection.execute(f"pragma synchronous = {synchronous}")
    for n in range(100):
        connection.execute("insert into t values (?)", (n,))
    cut = disk.cut(folder / "image", seed=0)
    connection.close()
    with after_the_cut(cut, folder / "after") as after:
        again = sqlite3.connect(after / "planted.sqlite")
        assert again.execute("select count(*) from t").fetchone()[0] == kept
        again.close()


# ---------------------------------------------------------------- a tablet


def test_a_tablet_whose_power_is_cut_fifty_times_misses_nothing_it_acknowledged(
    disk: PowerDisk, folder: Path, seed: int
):
    dice, environment = Random(seed), server_environment(folder / "server")
    make_owner(environment)
    with ServerProcess(environment) as server:
        with Fleet(folder / "fleet", server.address, 2, seed, {"T0": disk.mount}) as fleet:
            fleet.start()
            fleet.confirms_each(*fleet.names)
            cuts, missed = [], 0
            for number in range(TABLET_CUTS):
                fleet.goes_on(dice.randint(1, STEPS_BETWEEN_MAX))
                if number == TABLET_CUTS - 1:
                    fleet.kill("T0")
                promised = _promised(fleet, "T0")
                cuts.append(disk.cut(folder / "image", seed + number))
                with fleet.frozen(), after_the_cut(cuts[-1], folder / "after") as after:
                    missed += _missing(after / "T0", fleet, promised)
            assert missed == 0
            with after_the_cut(cuts[-1], folder / "after") as after:  # the person goes on with what the last cut left
                fleet.folders["T0"] = after / "T0"
                report = fleet.rest()
            lost = sum(cut.lost for cut in cuts)
            fleet.verdict(report | {"promised": len(promised), "pieces lost": lost, "flushes": cuts[-1].flushes})
            assert lost > 0, "no cut fell between a write and its flush: too kind"


def _promised(fleet: Fleet, name: str) -> dict[str, list[str]]:
    """The reasons of every edit acknowledged on the tablet, with the comments it wrote."""
    events = acknowledged(read_events(fleet.histories / f"{name}.history"))
    return {
        event.value[0]: [text for _, text in event.value[1]] if event.f == "comments" else []
        for event in events
        if event.value
    }


def _missing(folder: Path, fleet: Fleet, promised: dict[str, list[str]]) -> int:
    """How many acknowledged edits are not in the replica; the file itself must be sound."""
    device = json.loads((folder / "device.json").read_text())
    assert fleet.building in device["scopes"]
    connection = connect(Home(folder).path(fleet.building))
    try:
        assert connection.execute("pragma integrity_check").fetchone()[0] == "ok"
        logged = {reason for (reason,) in connection.execute("select reason from arxos_change_log")}
        comments = {text for (text,) in connection.execute("select text from comment")}
    finally:
        connection.close()
    return sum(reason not in logged or not comments.issuperset(texts) for reason, texts in promised.items())


# ---------------------------------------------------------------- PostgreSQL


def test_postgresql_whose_power_is_cut_ten_times_misses_no_acknowledged_push(folder: Path, seed: int):
    dice = Random(seed)
    with PowerDisk(folder / "disk", 256) as disk:
        postgres = Postgres(folder / "pg", disk.mount / "data", max_wal_size="32MB")
        postgres.make("--wal-segsize=1")
        with postgres:
            environment = server_environment(folder / "server", ARXOS_DATABASE_URL=postgres.url())
            make_owner(environment)
            with ServerProcess(environment) as server, Fleet(folder / "fleet", server.address, 3, seed) as fleet:
                fleet.start()
                fleet.confirms_each(*fleet.names)
                lost = 0
                for number in range(POSTGRES_CUTS):
                    fleet.goes_on(20 + dice.randint(1, STEPS_BETWEEN_MAX))
                    receipts = _receipts(fleet)
                    cut = disk.cut(folder / "image", seed + number)
                    lost += cut.lost
                    with fleet.frozen():
                        assert _unknown(cut, folder, receipts) == set()
                fleet.verdict(fleet.rest() | {"pushes acknowledged": len(receipts), "pieces lost": lost})
                assert len(receipts) > POSTGRES_CUTS and lost > 0


def _receipts(fleet: Fleet) -> set[tuple[str, int]]:
    """(device, n) of every transaction of which a tablet holds the receipt."""
    held = set()
    for folder in fleet.folders.values():
        home = Home(folder)
        connection = connect(home.path(fleet.building), spatialite=False, readonly=True)
        found = connection.execute("select n from arxos_change_log where state = 'acknowledged'").fetchall()
        held |= {(home.device().device, n) for (n,) in found}
        connection.close()
    return held


def _unknown(cut: Cut, folder: Path, receipts: set[tuple[str, int]]) -> set[tuple[str, int]]:
    """The acknowledged pushes of which the recovered database has no receipt, or no line in the change log."""
    with after_the_cut(cut, folder / "after") as after:
        (after / "data/postmaster.pid").unlink(missing_ok=True)  # after a real cut no process has that number
        with Postgres(folder / f"pg{cut.seed}", after / "data") as postgres:
            with psycopg.connect(postgres.url()) as connection:
                told = set(connection.execute("select device, n from receipt").fetchall())
                logged = set(connection.execute("select device, n from change_log").fetchall())
            postgres.end()
    return receipts - (told & logged)
