"""What is measured on: PostGIS, Redis and server processes as people run them, and tablets as they keep them.

A store of a size is filled once, by intake as an import does it, and copied for each measurement.
"""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import httpx
import psycopg

from arxos_sync.messages import Change
from arxos_sync.storage import replica_care
from arxos_sync.storage.spatialite import Replica
from client_kit.http import Server
from client_kit.replica import Home, now_ms
from client_kit.sync import Loop
from server.accounts import people
from server.accounts.people import Person
from server.app import open_parts
from server.operations.demo import PASSWORD
from server.settings import read_settings
from server.sync.push import Job
from tests import services
from tests.bench import work
from tests.server.running import Running, wait_for


class Store:
    """A filled database, to be copied; `rows` are the inserts that filled it."""

    def __init__(self, size: int) -> None:
        self.size, self.rows = size, work.building(random.Random(work.SEED), size)
        self.building, self.name = self.rows[0].id, f"bench_{size}"
        self.folder = Path(tempfile.mkdtemp(prefix="arxos-bench-"))
        services.create_database(self.name)
        running = Running(_environment(self.name, self.folder))
        running.make_people()
        parts = open_parts(read_settings(running.environment, self.folder))
        with parts.store.tables() as sql:
            known = people.find_by_email(sql, "owner@demo.arxos")
        owner = Person(known["id"], "owner@demo.arxos", "Owner", False)
        for receipt in Job(parts, owner, self.building, "import").write_all(self.rows):
            assert receipt.outcome == "applied", receipt
        parts.store.close()
        with psycopg.connect(services.database_url(self.name), autocommit=True) as connection:
            connection.execute("vacuum analyze")


@cache
def store(size: int) -> Store:
    return Store(size)


def _environment(database: str, folder: Path) -> dict[str, str]:
    return {
        "ARXOS_DATA_DIR": str(folder / "data"),
        "ARXOS_LOG": "error",
        "ARXOS_DATABASE_URL": services.database_url(database),
        "ARXOS_REDIS_URL": services.redis_server_url(),
    }


class Bed:
    """A copy of a store with its servers."""

    def __init__(self, filled: Store, folder: Path, servers: int) -> None:
        self.store, self.folder, self.building = filled, folder, filled.building
        self.database = f"{filled.name}_{folder.name.replace('-', '_')}"
        with psycopg.connect(services.database_url("postgres"), autocommit=True) as connection:
            connection.execute(f'create database "{self.database}" template "{filled.name}"')
        shutil.copytree(filled.folder / "data", folder / "data")
        self.running = Running(_environment(self.database, folder))
        self.urls = [self.running.start() for _ in range(servers)]

    @property
    def database_url(self) -> str:
        return services.database_url(self.database)

    def tablet(self, name: str, word: str = "owner", url: str = "") -> Tablet:
        return Tablet(self.folder / "tablets" / name, url or self.urls[0], self.building, word)

    def server_peak_mb(self) -> float:
        return sum(peak_mb(process.pid) for process in self.running.processes)

    def server_memory_mb(self) -> float:
        """What the servers hold at this moment."""
        return sum(memory_mb(process.pid, "VmRSS") for process in self.running.processes)

    def close(self) -> None:
        self.running.stop()
        services.drop_database(self.database)


@contextmanager
def bed(size: int, servers: int = 1) -> Iterator[Bed]:
    with tempfile.TemporaryDirectory(prefix="bed-") as folder:
        made = Bed(store(size), Path(folder), servers)
        try:
            yield made
        finally:
            made.close()


class Tablet:
    """A real replica and its loop; counts the bytes of the bodies it sends and gets, and the time it waits."""

    def __init__(self, folder: Path, url: str, building: str, word: str) -> None:
        self.home, self.building = Home(folder), building
        folder.mkdir(parents=True)
        device = self.home.create(url)
        self.server = Server(self.home)
        user = self.server.login(f"{word}@demo.arxos", PASSWORD)
        device.user, device.email, device.name, device.scopes = user.id, user.email, user.name, [building]
        self.home.save(device)
        self.sent = self.received = 0
        self.waited_s = self._since = 0.0
        self.snapshot: httpx.Response | None = None  # the last one, read or not
        self.server.client.event_hooks = {"request": [self._sends], "response": [self._got]}

    def _sends(self, request: httpx.Request) -> None:
        self.sent += len(request.content)
        self._since = time.perf_counter()

    def _got(self, response: httpx.Response) -> None:
        if "snapshot" in response.url.path:
            self.snapshot = response
        else:
            response.read()
            self.received += response.num_bytes_downloaded
        self.waited_s += time.perf_counter() - self._since

    @property
    def replica(self) -> Replica:
        return self.home.replica(self.building)

    def bootstrap(self, wait_s_max: float = 120) -> Tablet:
        """Until the building is there; a snapshot may have to be made first."""

        def done() -> bool:
            self.sync()
            return self.replica.state("cursor") is not None

        wait_for(done, wait_s_max)
        return self

    def follow_own_scope(self) -> None:
        """The person's settings too; afterwards an exchange has brought nothing new."""
        device = self.home.device()
        device.scopes.append(f"user:{device.user}")
        self.home.save(device)
        self.sync()
        self.sync()

    def record(self, changes: list[Change], per_transaction: int = 1) -> None:
        for at in range(0, len(changes), per_transaction):
            self.replica.record(changes[at : at + per_transaction], now_ms())

    def sync(self, verify: bool = False) -> float:
        """Everything out and in; the seconds it took."""
        self.sent = self.received = 0
        self.waited_s = 0.0
        begun = time.perf_counter()
        loop = Loop(self.home, self.server, lambda what, facts: None, verify)
        loop.start()
        took = time.perf_counter() - begun
        if loop.problem is not None and loop.problem.retry_after_s is None:
            raise loop.problem
        return took

    def pending(self) -> int:
        return replica_care.status(self.replica, now_ms()).pending

    def close(self) -> None:
        self.server.close()
        self.home.close()


def peak_mb(pid: int | str = "self") -> float:
    """The most memory the process ever held."""
    return memory_mb(pid, "VmHWM")


def memory_mb(pid: int | str, line: str) -> float:
    found = Path(f"/proc/{pid}/status").read_text("ascii").partition(f"{line}:")[2].split()
    return int(found[0]) / 1024
