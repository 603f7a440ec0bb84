"""W9: a thousand tablets come back from offline at once, to two server processes, and come back once more.

HTTP, servers and PostGIS are real. The tablets are light ones (light.py): they keep no SpatiaLite file, for a thousand
of them would measure the disk that they share here and nowhere else. They are of many buildings, as a thousand tablets
are. A storm is over when every tablet has every receipt and has proven by digest that it holds its building as the
server does.
"""

from __future__ import annotations

import asyncio
import random
import time

import httpx
import psycopg

from arxos_sync.messages import Change
from server.accounts import grants, people
from server.accounts.people import Person
from server.app import open_parts
from server.operations.demo import PASSWORD
from server.parts import now
from server.settings import read_settings
from server.sync.push import Job
from tests.bench import work
from tests.bench.bed import Bed, bed
from tests.bench.figures import Figure
from tests.bench.light import LightTablet

TABLETS = 1_000
BUILDINGS = 50
CHANGES = 20
SERVERS = 2
STORMS = 3  # what a server keeps of one would show in the next
PEOPLE = ("owner", "technician", "admin")


class Fleet:
    """Buildings in a store, and tablets of them."""

    def __init__(self, at: Bed, tablets: int, buildings: int) -> None:
        self.at = at
        self.parts = open_parts(read_settings(at.running.environment, at.folder))
        self.houses = [at.store.rows] + [self._another(number) for number in range(1, buildings)]
        self._grant()
        self.tokens = [_token(at.urls[0], word) for word in PEOPLE]
        self.numbers = range(tablets)

    def _another(self, number: int) -> list[Change]:
        rows = work.building(random.Random(work.SEED + number), self.at.store.size)
        for receipt in Job(self.parts, self._owner(), rows[0].id, "import").write_all(rows):
            assert receipt.outcome == "applied", receipt
        return rows

    def _owner(self) -> Person:
        with self.parts.store.tables() as sql:
            known = people.find_by_email(sql, "owner@demo.arxos")
        assert known is not None
        return Person(known["id"], "owner@demo.arxos", "Owner", False)

    def _grant(self) -> None:
        with self.parts.store.tables() as sql:
            known = people.find_by_email(sql, "technician@demo.arxos")
            assert known is not None
            for rows in self.houses:
                grants.grant(sql, known["id"], rows[0].id, "technician", now())

    async def arrive(self) -> list[LightTablet]:
        """The first tablet of a building fetches it, the others hold the same."""
        tablets = [self._tablet(number) for number in self.numbers]
        firsts = tablets[: len(self.houses)]
        for first in firsts:
            await first.sync()
        return firsts + [one.like(firsts[n % len(firsts)]) for n, one in enumerate(tablets) if n >= len(firsts)]

    def _tablet(self, number: int) -> LightTablet:
        rows = self.houses[number % len(self.houses)]
        url = self.at.urls[number // len(self.houses) % len(self.at.urls)]  # each building at both servers
        token = self.tokens[number % len(self.tokens)]
        return LightTablet(url, token, rows[0].id, self.parts.catalogue.schema)

    def record(self, tablets: list[LightTablet], changes: int, storm: int) -> None:
        for number, tablet in enumerate(tablets):
            dice = random.Random(f"{work.SEED}/{storm}/{number}")
            tablet.record(list(work.edits(dice, self.houses[number % len(self.houses)], changes)))

    def accepted(self) -> dict[str, int]:
        """What the log holds of each device."""
        with psycopg.connect(self.at.database_url) as connection:
            return dict(connection.execute("select device, count(*) from change_log group by device").fetchall())


def _token(url: str, word: str) -> str:
    given = {"email": f"{word}@demo.arxos", "password": PASSWORD}
    return str(httpx.post(f"{url}/api/v1/auth/login", json=given, trust_env=False).json()["access_token"])


def w9(size: int, tablets: int = TABLETS, buildings: int = BUILDINGS, changes: int = CHANGES) -> list[Figure]:
    with bed(max(1, size // buildings), servers=SERVERS) as at:
        fleet = Fleet(at, tablets, buildings)
        try:
            return asyncio.run(_storms(fleet, size, changes))
        finally:
            fleet.parts.store.close()


async def _storms(fleet: Fleet, size: int, changes: int) -> list[Figure]:
    tablets = await fleet.arrive()
    for tablet in tablets:
        tablet.waits_s.clear()
    took, held_mb = [], [fleet.at.server_memory_mb()]
    for storm in range(STORMS):
        fleet.record(tablets, changes, storm)
        took.append(await _storm(tablets))
        held_mb.append(fleet.at.server_memory_mb())
    _check(fleet, tablets, changes * STORMS)
    waits = sorted(wait for tablet in tablets for wait in tablet.waits_s)
    for tablet in tablets:
        await tablet.client.aclose()
    return _figures(f"{len(tablets):,} tablets × {changes} changes", size, took, waits, held_mb)


async def _storm(tablets: list[LightTablet]) -> float:
    """All at once: push and pull; when the last was heard, pull what the others said, and prove it."""
    begun = time.perf_counter()
    await asyncio.gather(*(tablet.sync() for tablet in tablets))
    await asyncio.gather(*(tablet.sync(verify=True) for tablet in tablets))
    return time.perf_counter() - begun


def _check(fleet: Fleet, tablets: list[LightTablet], changes: int) -> None:
    """Every answer was 200 and every digest equal, or it had not come this far. Here: nothing is missing or twice."""
    accepted, heads = fleet.accepted(), dict[str, int]()
    for tablet in tablets:
        assert [receipt.n for receipt in tablet.receipts] == list(range(1, changes + 1))
        assert accepted.get(tablet.device, 0) == sum(r.sequence is not None for r in tablet.receipts)
        assert tablet.proven_at == tablet.sequence == heads.setdefault(tablet.building, tablet.sequence)


def _figures(name: str, size: int, took: list[float], waits: list[float], held_mb: list[float]) -> list[Figure]:
    return [
        Figure("W9", f"{name}, until all have converged", size, took[0], "s"),
        Figure("W9", "the same in the last storm", size, took[-1], "s"),
        Figure("W9", "an exchange, p50", size, waits[len(waits) // 2], "s"),
        Figure("W9", "an exchange, p99", size, waits[int(len(waits) * 0.99)], "s"),
        Figure("W9", "memory of the servers, before", size, held_mb[0], "MB"),
        Figure("W9", "memory of the servers, after the first storm", size, held_mb[1], "MB"),
        Figure("W9", f"memory after {STORMS} storms to that after one", size, held_mb[-1] / held_mb[1], "×", 1.1),
    ]
