"""W5: one edit durable until 50 live replicas have applied it, and how many edits a second they follow.

The replicas are real files. Their work is that of fifty machines with a disk each, so two processes keep them, each
reading its sockets in one loop as a browser does, and the files lie in memory where there is such a place: fifty disks
do not wait for one another. The author's lies on the disk. All tell by the machine's one clock when they heard and
when they had applied.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect

from arxos_sync.messages import Change, RowOut
from arxos_sync.storage import garbage
from client_kit.http import Server
from client_kit.replica import Home
from client_kit.sync import Loop
from tests.bench import work
from tests.bench.bed import Bed, Tablet, bed
from tests.bench.figures import Figure
from tests.server.running import wait_for

REPLICAS = 50
PROCESSES = 2
EDITS = 40
RATE_EDITS = 500
AT_ONCE = 25  # edits of a person, or of several, that one exchange brings
HEAR_S_MAX = 60.0
MEMORY = Path("/dev/shm")


class Shared:
    """What the followers tell: per replica how far it is, and since when; when it last heard."""

    def __init__(self, replicas: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.reached = context.Array("q", replicas, lock=False)
        self.applied = context.Array("d", replicas, lock=False)
        self.heard = context.Array("d", replicas, lock=False)


class Follower:
    """A live replica: hears a hint, lays its rows, says how far it is."""

    def __init__(self, number: int, folder: Path, building: str, shared: Shared) -> None:
        self.number, self.building, self.shared = number, building, shared
        self.home = Home(folder)
        self.server = Server(self.home)

    async def follow(self) -> None:
        headers = {"Authorization": f"Bearer {self.server.token()}"}
        url = self.server.url.replace("http", "ws", 1) + "/ws"
        async with connect(url, additional_headers=headers, proxy=None) as socket:
            await self._subscribe(socket)
            self._say()
            async for text in socket:
                self.shared.heard[self.number] = time.monotonic()
                frame = json.loads(text)
                if frame["event"] == "building.change":
                    self._take(frame["data"])

    async def _subscribe(self, socket: ClientConnection) -> None:
        wanted = {"scope": self.building, "cursor": None, "schema": self.home.catalogue.schema}
        await socket.send(json.dumps({"event": "subscribe", "data": {"scopes": [wanted]}}))
        while json.loads(await socket.recv())["event"] != "subscribed":
            pass

    def _take(self, data: dict[str, Any]) -> None:
        own = self.home.replica(self.building)
        if own.cursor() == data.get("after"):
            rows = msgspec.convert(data["rows"], list[RowOut])
            own.apply_hint(rows, data["cursor"], data["to"], data["salt"])
        elif data["to"] > own.sequence:
            Loop(self.home, self.server, lambda what, facts: None).start()
        self._say()

    def _say(self) -> None:
        self.shared.applied[self.number] = time.monotonic()
        self.shared.reached[self.number] = self.home.replica(self.building).sequence


def _follow(folders: dict[int, Path], building: str, shared: Shared) -> None:
    async def all_of_them() -> None:
        async with asyncio.TaskGroup() as group:
            for number, folder in folders.items():
                group.create_task(Follower(number, folder, building, shared).follow())

    garbage.look_rarely()
    asyncio.run(all_of_them())


class Crowd:
    """The followers' processes; each replica is fetched before they start."""

    def __init__(self, at: Bed, replicas: int) -> None:
        self.shared, self.replicas = Shared(replicas), replicas
        self.folder = tempfile.TemporaryDirectory(prefix="crowd-", dir=MEMORY if MEMORY.is_dir() else None)
        folders = {}
        for number in range(replicas):
            folders[number] = Path(self.folder.name) / str(number)
            Tablet(folders[number], at.urls[number % len(at.urls)], at.building, "owner").bootstrap().close()
        context = multiprocessing.get_context("spawn")
        self.processes = [
            context.Process(
                target=_follow,
                args=({n: f for n, f in folders.items() if n % PROCESSES == place}, at.building, self.shared),
                daemon=True,
            )
            for place in range(PROCESSES)
        ]
        for process in self.processes:
            process.start()
        self.wait(1)

    def wait(self, sequence: int) -> None:
        wait_for(lambda: min(self.shared.reached) >= sequence, HEAR_S_MAX)

    def close(self) -> None:
        for process in self.processes:
            process.terminate()
            process.join()
        self.folder.cleanup()


def w5(size: int, replicas: int = REPLICAS, edits: int = EDITS, rate_edits: int = RATE_EDITS) -> list[Figure]:
    with bed(size) as at:
        author = at.tablet("author").bootstrap()
        crowd = Crowd(at, replicas)
        changes = list(work.edits(random.Random(size), at.store.rows, edits + rate_edits, 0.0, 0.0))
        told = [heard_and_seen(author, crowd, change) for change in changes[:edits]]
        heard, seen = zip(*(one for one in told if one), strict=True)
        rate = _rate(author, crowd, changes[edits:])
        crowd.close()
        author.close()
    p99 = sorted(seen)[min(len(seen) - 1, int(len(seen) * 0.99))]
    return [
        Figure("W5", f"an edit heard by {replicas} live sockets, p50", size, statistics.median(heard) * 1000, "ms"),
        Figure("W5", f"an edit to {replicas} live replicas, p50", size, statistics.median(seen) * 1000, "ms", 25),
        Figure("W5", f"an edit to {replicas} live replicas, p99", size, p99 * 1000, "ms", 60),
        Figure("W5", f"edits a second, {replicas} following", size, rate, "/s", 500, at_least=True),
    ]


def heard_and_seen(author: Tablet, crowd: Crowd, change: Change) -> tuple[float, float] | None:
    """From durable on the author's tablet to heard and to applied by the last; None where it altered nothing."""
    before = author.replica.sequence
    author.record([change])
    begun = time.monotonic()
    author.sync()
    if author.replica.sequence == before:
        return None
    crowd.wait(author.replica.sequence)
    return max(crowd.shared.heard) - begun, max(crowd.shared.applied) - begun


def _rate(author: Tablet, crowd: Crowd, changes: list[Change]) -> float:
    begun = time.monotonic()
    for at in range(0, len(changes), AT_ONCE):
        author.record(changes[at : at + AT_ONCE])
        author.sync()
    crowd.wait(author.replica.sequence)
    return len(changes) / (max(crowd.shared.applied) - begun)
