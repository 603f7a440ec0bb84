"""A TCP proxy between tablets and servers that does to their connections what networks do.

What befalls a connection is drawn when it is made, from the chances given:

    delay        every piece waits before it goes on
    cut          both ends are torn off after so many bytes, in either direction
    answer_lost  the request arrives and is answered; the answer goes nowhere
    half_open    accepted, and silence: who waits must give up by themselves
    twice        the request goes to the server twice, on two connections; the second answer is dropped
    portal       a page of a hotel answers, with 200
    refused      closed at once

Every connection counts under one of these or `plain`; a test shows that none of them was zero. Connections go to
the servers by turns, and to another where one does not accept.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections import Counter
from random import Random

from tests.services import free_port

FAULTS = ("delay", "cut", "answer_lost", "half_open", "twice", "portal", "refused")
DELAY_S_MAX = 0.15
CUT_BYTES_MAX = 6_000
PIECE_BYTES = 64 * 1024
PAGE = b"<html><body>Welcome to the hotel. Please accept our terms.</body></html>"
PORTAL = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(PAGE), PAGE)
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Proxy:
    """`chance` of a connection to meet a fault; which one, by equal chances. It may be changed at any time."""

    def __init__(self, ports: list[int], seed: int, chance: float = 0.0) -> None:
        self.chance, self.counts = chance, Counter[str]()
        self._ports, self._dice = itertools.cycle(ports), Random(seed)
        self._count = len(ports)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()
        opened = asyncio.start_server(self._accept, "127.0.0.1", self.port)
        asyncio.run_coroutine_threadsafe(opened, self._loop).result(10)

    def stop(self) -> None:
        async def all_end() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(all_end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fault = self._dice.choice(FAULTS) if self._dice.random() < self.chance else "plain"
        self.counts[fault] += 1
        task = asyncio.ensure_future(self._meet(fault, (reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _meet(self, fault: str, client: Streams) -> None:
        try:
            await self._befall(fault, client)
        except OSError:
            self.counts["torn"] += 1  # one end is gone: so is the other
        finally:
            client[1].close()

    async def _befall(self, fault: str, client: Streams) -> None:
        match fault:
            case "refused":
                client[1].transport.abort()
            case "half_open":
                while await client[0].read(PIECE_BYTES):
                    pass
            case "portal":
                await client[0].read(PIECE_BYTES)
                client[1].write(PORTAL)
                await client[1].drain()
            case "cut":
                await self._joined(client, cut_after=self._dice.randint(1, CUT_BYTES_MAX))
            case "delay":
                await self._joined(client, delay_s=self._dice.random() * DELAY_S_MAX)
            case "answer_lost":
                await self._joined(client, swallow=True)
            case "twice":
                await self._joined(client, twice=True)
            case _:
                await self._joined(client)

    async def _server(self) -> Streams:
        for _ in range(self._count):
            port = next(self._ports)
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                continue
        raise ConnectionRefusedError

    async def _joined(
        self,
        client: Streams,
        cut_after: int | None = None,
        delay_s: float = 0,
        swallow: bool = False,
        twice: bool = False,
    ) -> None:
        server = await self._server()
        ends = [server[1]]
        up = [server[1]]
        ways = []
        if twice:
            second = await self._server()
            ends.append(second[1])
            up.append(second[1])
            ways.append(_carry(second[0], []))
        allowance = _Allowance(cut_after)
        ways += [_carry(client[0], up, delay_s, allowance),
                 _carry(server[0], [] if swallow else [client[1]], delay_s, allowance, once=swallow)]  # fmt: skip
        tasks = [asyncio.ensure_future(way) for way in ways]
        try:
            await asyncio.wait(tasks[-2:], return_when=asyncio.FIRST_COMPLETED)
            if twice:  # the first answer is in: let the second request be answered too
                await asyncio.wait(tasks[:1], timeout=DELAY_S_MAX)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for end in ends:
                end.transport.abort() if allowance.used_up else end.close()
            if allowance.used_up:
                client[1].transport.abort()


class _Allowance:
    """Bytes that may pass until the cable is torn."""

    def __init__(self, count: int | None) -> None:
        self.left = count

    @property
    def used_up(self) -> bool:
        return self.left is not None and self.left <= 0

    def take(self, piece: bytes) -> bytes:
        if self.left is None:
            return piece
        taken = piece[: self.left]
        self.left -= len(taken)
        return taken


async def _carry(
    reader: asyncio.StreamReader,
    writers: list[asyncio.StreamWriter],
    delay_s: float = 0,
    allowance: _Allowance | None = None,
    once: bool = False,
) -> None:
    while piece := await reader.read(PIECE_BYTES):
        if delay_s:
            await asyncio.sleep(delay_s)
        if allowance is not None:
            piece = allowance.take(piece)
        for writer in writers:
            writer.write(piece)
            await writer.drain()
        if once or (allowance is not None and allowance.used_up):
            return
