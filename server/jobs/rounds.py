"""What a server does again and again beside answering: letters sent, deliveries tried, old things let go.

A round is done by every server process; what it works at it claims in the database, so that two processes never do the
same piece twice. A round that fails is told and done again at its next turn: it holds up no other round.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import anyio.to_thread
import msgspec
import structlog
from anyio import CapacityLimiter

if TYPE_CHECKING:
    from ..parts import Parts

_log = structlog.get_logger("arxos.rounds")


class Round(msgspec.Struct, frozen=True):
    """`run` is called in a thread, `every_s` after it last came back. It first looks whether anything is to do."""

    name: str
    every_s: float
    run: Callable[[Parts], None]


class Rounds:
    """The rounds of one server process."""

    def __init__(self, parts: Parts, rounds: Sequence[Round]) -> None:
        self._parts, self._rounds = parts, rounds
        self._tasks: list[asyncio.Task[None]] = []
        self._threads: CapacityLimiter | None = None

    async def start(self) -> None:
        self._threads = CapacityLimiter(max(1, len(self._rounds)))  # of their own: no request waits for a slow receiver
        self._tasks = [asyncio.create_task(self._go(one), name=one.name) for one in self._rounds]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _go(self, one: Round) -> None:
        while True:
            try:
                await anyio.to_thread.run_sync(one.run, self._parts, limiter=self._threads)
            except Exception as error:
                _log.error("a round failed", round=one.name, exc_info=error)
            await asyncio.sleep(one.every_s)
