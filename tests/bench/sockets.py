"""Thousands of open sockets that are idle nearly always: what one costs, and how soon all have heard of an edit.

The listeners live in processes of their own and speak the protocol by hand, so that what is measured is the server and
not a client library. They tell by the machine's one clock when they heard. Two server processes share them over PostGIS
and Redis. Each socket has a login of its own, as tablets have.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import multiprocessing
import os
import resource
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from arxos_sync.storage import garbage
from server.app import open_parts
from server.parts import now_ms
from server.settings import read_settings
from tests import services
from tests.bench.bed import memory_mb
from tests.bench.figures import Figure
from tests.server.running import SCHEMA, Person, Running, wait_for

PROCESSES, SERVERS = 2, 2
TOGETHER = 100  # sockets of one building; of another all are
EDITS = 20
IDLE_S = 10.0
OPEN_AT_ONCE = 50
OWN, ALL = 0, 1
HEAR_S_MAX = 120.0
OPEN_S_MAX = 900.0


class Socket(asyncio.Protocol):
    """A WebSocket client (RFC 6455) that says what it is told to say, answers pings, and notes when it heard what."""

    def __init__(self, number: int, host: str, token: str, scopes: list[str], shared: Shared) -> None:
        self.number, self.host, self.token, self.scopes, self.shared = number, host, token, scopes, shared
        self.buffer, self.open, self.inflater = b"", False, zlib.decompressobj(-15)
        self.subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /ws HTTP/1.1\r\nHost: {self.host}\r\nAuthorization: Bearer {self.token}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n".encode()  # as browsers offer
        )

    def data_received(self, data: bytes) -> None:
        at = time.monotonic()
        self.buffer += data
        if not self.open:
            head, blank, rest = self.buffer.partition(b"\r\n\r\n")
            if not blank:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.subscribed.set_exception(RuntimeError(head.decode()))
                return
            self.open, self.buffer = True, rest
            wanted = [{"scope": scope, "cursor": None, "schema": SCHEMA} for scope in self.scopes]
            self._send(1, json.dumps({"event": "subscribe", "data": {"scopes": wanted}}).encode())
        for opcode, body in self._frames():
            self._hear(opcode, body, at)

    def _frames(self) -> Iterator[tuple[int, bytes]]:
        while len(self.buffer) >= 2:
            size, begin = self.buffer[1] & 0x7F, 2
            if size == 126:
                size, begin = int.from_bytes(self.buffer[2:4], "big"), 4
            elif size == 127:
                size, begin = int.from_bytes(self.buffer[2:10], "big"), 10
            if len(self.buffer) < begin + size:
                return
            first, body = self.buffer[0], self.buffer[begin : begin + size]
            self.buffer = self.buffer[begin + size :]
            yield first & 0x0F, self.inflater.decompress(body + b"\x00\x00\xff\xff") if first & 0x40 else body

    def _hear(self, opcode: int, body: bytes, at: float) -> None:
        if opcode == 9:
            self._send(10, body)
        elif opcode == 8:
            self.transport.close()
        elif opcode == 1:
            frame = json.loads(body)
            if frame["event"] == "building.change":
                self.shared.heard[self.number] = at
                self.shared.reached[self.scopes.index(frame["data"]["scope"])][self.number] = frame["data"]["to"]
            elif frame["event"] == "subscribed" and frame["data"]["scopes"] == self.scopes:
                self.subscribed.set_result(None)

    def _send(self, opcode: int, body: bytes) -> None:
        mask, size = os.urandom(4), len(body)
        length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + size.to_bytes(2, "big")
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(body))
        self.transport.write(bytes([0x80 | opcode]) + length + mask + masked)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.subscribed.done():
            self.subscribed.set_exception(error or RuntimeError("the server hung up"))
        self.shared.reached[OWN][self.number] = -1


class Shared:
    def __init__(self, sockets: int) -> None:
        context = multiprocessing.get_context("spawn")
        # the sequence that each has heard of, of its own building (-1: hung up) and of everybody's
        self.reached = [context.Array("q", sockets, lock=False) for _ in (OWN, ALL)]
        self.heard = context.Array("d", sockets, lock=False)
        self.ready = context.Array("b", sockets, lock=False)


class Wanted(msgspec.Struct, frozen=True):
    number: int
    url: str
    token: str
    scopes: list[str]


def _listen(wanted: list[Wanted], shared: Shared) -> None:
    async def all_of_them() -> None:
        doors = asyncio.Semaphore(OPEN_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for one in wanted:
                group.create_task(_open(one, shared, doors))
        await asyncio.Event().wait()

    open_many_files()
    garbage.look_rarely()
    asyncio.run(all_of_them())


async def _open(one: Wanted, shared: Shared, doors: asyncio.Semaphore) -> None:
    place = urlsplit(one.url)
    async with doors:
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(
            lambda: Socket(one.number, place.netloc, one.token, one.scopes, shared), place.hostname, place.port
        )
        await made.subscribed
        shared.ready[one.number] = 1


def open_many_files() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Crowd:
    """The listeners' processes, and the servers they listen to."""

    def __init__(self, sockets: int, together: int, folder: Path) -> None:
        self.name = f"sockets_{folder.name.replace('-', '_')}"
        self.running = Running(
            {
                "ARXOS_DATA_DIR": str(folder / "data"),
                "ARXOS_LOG": "error",
                "ARXOS_DATABASE_URL": services.create_database(self.name),
                "ARXOS_REDIS_URL": services.redis_server_url(),
                "ARXOS_RATE_LIMITS": f"sockets={sockets + 1_000}",  # all are of one person
            }
        )
        self.running.make_people()
        self.urls = [self.running.start() for _ in range(SERVERS)]
        self.owner, self.shared = Person(self.urls[0], "owner"), Shared(sockets)
        self.buildings = [self.owner.building() for _ in range(-(-sockets // together))]
        self.everybodys = self.owner.building()
        self.wanted = [
            Wanted(n, self.urls[n % SERVERS], token, [self.buildings[n // together], self.everybodys])
            for n, token in enumerate(self._logins(sockets))
        ]
        self.processes: list[Any] = []

    def _logins(self, count: int) -> list[str]:
        parts = open_parts(read_settings(self.running.environment, Path("/nonexistent")))
        found = []
        for _ in range(count):
            session_id, _ = parts.sessions.open(self.owner.id, "bench")
            found.append(parts.tokens.access(self.owner.id, session_id, now_ms() // 1000))
        parts.store.close()
        return found

    def open(self) -> None:
        context = multiprocessing.get_context("spawn")
        for place in range(PROCESSES):
            mine = [one for one in self.wanted if (one.number // SERVERS) % PROCESSES == place]
            self.processes.append(context.Process(target=_listen, args=(mine, self.shared), daemon=True))
            self.processes[-1].start()
        wait_for(self._all_ready, OPEN_S_MAX)

    def _all_ready(self) -> bool:
        assert all(process.is_alive() for process in self.processes), "a listener's process ended"
        return all(self.shared.ready)

    def memory_mb(self) -> float:
        return sum(memory_mb(process.pid, "VmRSS") for process in self.running.processes)

    def cpu_s(self) -> float:
        ticks = 0
        for process in self.running.processes:
            fields = Path(f"/proc/{process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def delivered(self, which: int, edits: int) -> list[float]:
        """Of each edit and each socket of the building, the time from the author's sending to hearing, sorted."""
        found: list[float] = []
        for n in range(edits):
            building = self.everybodys if which == ALL else self.buildings[n % len(self.buildings)]
            mine = [one.number for one in self.wanted if building in one.scopes]
            begun = time.monotonic()
            answer = self.owner.http.post(f"/api/v1/buildings/{building}/storey", json={"set": {"name": str(n)}})
            self._wait(which, mine, answer.json()["row"]["sequence"])
            found += [self.shared.heard[one] - begun for one in mine]
        assert min(self.shared.reached[OWN]) >= 0, "a socket was hung up"
        return sorted(found)

    def _wait(self, which: int, numbers: list[int], sequence: int) -> None:
        reached = self.shared.reached[which]
        wait_for(lambda: all(reached[number] >= sequence for number in numbers), HEAR_S_MAX)

    def close(self) -> None:
        for process in self.processes:
            process.terminate()
            process.join()
        self.running.stop()
        services.drop_database(self.name)


@contextlib.contextmanager
def crowd(sockets: int, together: int) -> Iterator[Crowd]:
    open_many_files()
    with tempfile.TemporaryDirectory(prefix="sockets-") as folder:
        made = Crowd(sockets, together, Path(folder))
        try:
            yield made
        finally:
            made.close()


def sockets(count: int, together: int = TOGETHER, edits: int = EDITS, idle_s: float = IDLE_S) -> list[Figure]:
    with crowd(count, together) as made:
        before = made.memory_mb()
        made.open()
        each_kib = max(0.0, made.memory_mb() - before) * 1024 / count
        cpu_s = made.cpu_s()
        time.sleep(idle_s)
        idle = (made.cpu_s() - cpu_s) / idle_s / 2 if idle_s else 0.0
        own, everybody = made.delivered(OWN, edits), made.delivered(ALL, edits)
    found = [
        Figure("sockets", "memory of the servers, a socket", count, each_kib, "KiB"),
        Figure("sockets", "of two cores, while nothing happens", count, idle * 100, "%"),
    ]
    for what, heard in ((f"the {together} of its building", own), ("all of them", everybody)):
        for word, share in (("p50", 0.5), ("p99", 0.99)):
            at_ms = heard[min(len(heard) - 1, int(len(heard) * share))] * 1000
            found.append(Figure("sockets", f"an edit heard by {what}, {word}", count, at_ms, "ms"))
    return found
