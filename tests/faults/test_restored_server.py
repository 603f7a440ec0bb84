"""PostgreSQL goes back to an earlier moment (pg_basebackup and archived WAL) over 5,000 transactions.

Twenty devices run `arxos-device watch`, as they would on twenty desks. Nobody helps: they notice, and bring the lost
time back. It must be there within a minute, counters and rows of others included, and all must hold the same.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from arxos_sync.storage.driver import connect
from client_kit.replica import Home
from tests.server.running import ROOT, wait_for
from tests.services import tool
from tests.site_day import Office

from .fleet import Fleet
from .world import OWNER, POSTGRES_USER, Postgres, ServerProcess, as_postgres, make_owner, server_environment

DEVICES, TRANSACTIONS_EACH = 20, 250
HEALED_S_MAX = 60.0
SETTLED_S_MAX = 180.0
POINT = "before_the_work"


class Archived:
    """A cluster that archives its WAL, with a base backup, and the way back."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.archive, self.base = folder, folder / "archive", folder / "base"
        self.postgres = self._cluster("pg")
        self.postgres.make()
        self.archive.mkdir()
        shutil.chown(self.archive, POSTGRES_USER)

    def _cluster(self, name: str, **settings: str) -> Postgres:
        archiving = {"archive_mode": "on", "archive_command": f"cp %p {self.archive}/%f"}
        return Postgres(self.folder / name, **archiving, **settings)

    def back_up(self) -> None:
        as_postgres([tool("pg_basebackup"), "-h", str(self.postgres.folder), "-U", "arxos", "-c", "fast",
                     "-X", "none", "-D", str(self.postgres.folder / "base")])  # fmt: skip

    def remember(self) -> None:
        """The moment to go back to, and its WAL in the archive."""
        with psycopg.connect(self.postgres.url(), autocommit=True) as connection:
            connection.execute("select pg_create_restore_point(%s)", (POINT,))
            (segment,) = connection.execute("select pg_walfile_name(pg_switch_wal())").fetchone() or ("",)
        wait_for(lambda: (self.archive / segment).exists(), 60)

    def go_back(self) -> None:
        """The cluster dies; from backup and archive it is as it was at that moment, and lives on from there."""
        self.postgres.kill()
        self.postgres.data.rename(self.folder / "lost")
        (self.postgres.folder / "base").rename(self.postgres.data)
        (self.postgres.data / "recovery.signal").touch()
        with open(self.postgres.data / "postgresql.auto.conf", "a", encoding="utf-8") as file:
            file.write(f"restore_command = 'cp {self.archive}/%f %p'\n")
            file.write(f"recovery_target_name = '{POINT}'\nrecovery_target_action = 'promote'\n")
        self.postgres.start()
        wait_for(self._writable, 60)

    def _writable(self) -> bool:
        with psycopg.connect(self.postgres.url()) as connection:
            return connection.execute("select pg_is_in_recovery()").fetchone() == (False,)


@contextlib.contextmanager
def watching(fleet: Fleet) -> Iterator[None]:
    """`arxos-device watch` for everybody."""
    processes = []
    try:
        for name, folder in fleet.folders.items():
            words = [sys.executable, "-m", "client_kit.cli", "--dir", str(folder), "watch", "--json"]
            out = open(fleet.histories / f"{name}.watch", "ab")  # noqa: SIM115 - the process holds it
            processes.append(subprocess.Popen(words, cwd=ROOT, stdout=out))
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)


def transactions(postgres: Postgres, building: str) -> int:
    with psycopg.connect(postgres.url()) as connection:
        found = connection.execute("select count(*) from change_log where scope = %s", (building,)).fetchone()
    return int(found[0]) if found else 0


def all_agree(fleet: Fleet, office: Office, comments: set[str] | None = None) -> bool:
    """Every device holds what the server holds, with nothing left to send or to offer; and the `comments` are there."""
    held = [_held(fleet, folder) for folder in fleet.folders.values()]
    if any(one != held[0] for one in held) or held[0][:2] != (0, 0):
        return False
    rows, digests = office.pull(fleet.building)
    return held[0][2] == digests and comments in (None, _comments(rows))


def _held(fleet: Fleet, folder: Path) -> tuple[int, int, dict[str, str]]:
    path = Home(folder).path(fleet.building)
    with contextlib.closing(connect(path, spatialite=False, readonly=True)) as file:
        (unsent,) = file.execute("select count(*) from arxos_change_log where state in ('pending', 'sent')").fetchone()
        (heals,) = file.execute("select count(*) from arxos_state where key = 'healing' and value <> ''").fetchone()
        sums = dict(file.execute("select table_name, sum from arxos_digest"))
    return unsent, heals, {table: sum_ for table, sum_ in sums.items() if int(sum_, 16)}


def test_a_server_restored_over_five_thousand_transactions_is_healed_by_twenty_devices(folder: Path, seed: int):
    archived = Archived(folder)
    with archived.postgres as postgres:
        environment = server_environment(folder / "server", ARXOS_DATABASE_URL=postgres.url())
        make_owner(environment)
        with ServerProcess(environment) as server, Fleet(folder / "fleet", server.address, DEVICES, seed) as fleet:
            office = Office(server.address, OWNER)  # logged in before that moment, as the devices are
            archived.back_up()
            archived.remember()
            before = transactions(postgres, fleet.building)
            fleet.start(more=("--alone", f"--transactions={TRANSACTIONS_EACH}"))
            fleet.finish()
            with watching(fleet):
                wait_for(lambda: all_agree(fleet, office), SETTLED_S_MAX)
                lost = transactions(postgres, fleet.building) - before
                comments = _comments(office.pull(fleet.building)[0])
                server.kill()
                archived.go_back()
                assert transactions(postgres, fleet.building) == before
                server.start()
                began = time.monotonic()
                wait_for(lambda: all_agree(fleet, office, comments), HEALED_S_MAX)
                took = time.monotonic() - began
            assert lost >= DEVICES * TRANSACTIONS_EACH
            fleet.verdict(fleet.rest() | {"transactions lost": lost, "healed in s": round(took, 1)}, restored=True)


def _comments(rows: dict[tuple[str, str], dict[str, Any]]) -> set[str]:
    return {row["text"] for (table, _), row in rows.items() if table == "comment"}
