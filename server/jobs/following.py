"""What follows from work that was taken in: credits, notifications, webhooks.

The change log is the outbox: what is in it was committed with the work itself, so nothing that should follow can be
lost. A follower has a place of its own in the log of each scope. It is given what came after, and its place moves once
it is done: so it may be given the same again (the process was killed in between), and what it does must be the same
done twice. One that fails is asked again later and later, and holds up no other.

Any number of server processes may follow: whoever holds a follower's place in a scope is alone with it for `HELD_S`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import anyio.to_thread
import msgspec
import structlog

from arxos_sync.store import LogEntry, Row

from ..parts import instant, new_id, now_ms

if TYPE_CHECKING:
    from ..live.bus import Bus
    from ..parts import Parts

ENTRIES_AT_ONCE = 200
GATHER_S = 0.1  # so that a burst of edits is one look
LOOK_ALL_S = 15.0  # what another process wrote, or died over
HELD_S = 60
RETRY_S = (2, 10, 60, 600)
_log = structlog.get_logger("arxos.following")


class Followed(msgspec.Struct, frozen=True):
    """A piece of a scope's log, in order, and the rows that have changed in it or since, as they stand now."""

    scope: str
    entries: list[LogEntry]
    rows: list[Row]


class Follower(Protocol):
    name: str
    from_start: bool  # of a scope that was there before the follower: all that happened, or its last entry and on

    def take(self, parts: Parts, followed: Followed) -> None:
        """Called in a thread, outside of any database transaction. The same piece may come twice."""
        ...


class Following:
    """The followers of one server process."""

    def __init__(self, parts: Parts, followers: Sequence[Follower]) -> None:
        self._parts, self._followers = parts, followers
        self._process = new_id()
        self._last: tuple[tuple[str, int, int], Followed] | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="following")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        bus: Bus = self._parts.bus
        while True:
            try:
                await anyio.to_thread.run_sync(self.catch_up)
            except Exception as error:
                _log.error("followers could not look", exc_info=error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(bus.scope_moved.wait(), LOOK_ALL_S)
                await asyncio.sleep(GATHER_S)
            bus.scope_moved.clear()

    def catch_up(self) -> None:
        """Bring every follower to every scope's head, but for those that wait to be asked again."""
        for follower in self._followers:
            self._introduce(follower)
            for scope in self._behind(follower):
                while self._step(follower, scope):
                    pass
        self._last = None

    def _introduce(self, follower: Follower) -> None:
        """Once in a store's life: of the scopes there are, only what is to come. Of later ones, all that happens."""
        if follower.from_start:
            return
        with self._parts.store.tables() as sql:
            if sql.run(_BEGIN, name=follower.name, scope="", sequence=0):
                sql.run(_BEGIN_ALL, name=follower.name)

    def _behind(self, follower: Follower) -> list[str]:
        with self._parts.store.tables() as sql:
            found = sql.rows(_BEHIND, name=follower.name, now=instant(now_ms()))
        return [one["scope"] for one in found]

    def _step(self, follower: Follower, scope: str) -> bool:
        """One piece; answers whether there may be more."""
        held = self._hold(follower, scope)
        if held is None:
            return False
        sequence, tries = held
        try:
            followed = self._read(scope, sequence)
            if followed.entries:
                follower.take(self._parts, followed)
        except Exception as error:
            _log.error("a follower failed", follower=follower.name, scope=scope, after=sequence, exc_info=error)
            wait_s = RETRY_S[min(tries, len(RETRY_S) - 1)]
            self._let_go(follower, scope, sequence, tries + 1, wait_s, f"{type(error).__name__}: {error}"[:500])
            return False
        to = followed.entries[-1].sequence if followed.entries else sequence
        self._let_go(follower, scope, to)
        return len(followed.entries) == ENTRIES_AT_ONCE

    def _read(self, scope: str, after: int) -> Followed:
        """Followers mostly stand at one place: what the last one was given serves the next while the head stands."""
        with self._parts.store.read(scope) as reader:
            place = (scope, after, reader.head().sequence)
            if self._last is None or self._last[0] != place:
                entries = list(itertools.islice(reader.log(after), ENTRIES_AT_ONCE))
                rows = reader.changed(after, None, after, _ROWS_MAX) if entries else []
                self._last = place, Followed(scope, entries, rows)
            return self._last[1]

    def _hold(self, follower: Follower, scope: str) -> tuple[int, int] | None:
        """Its place and how often it has failed there; None where another process is at it."""
        ms = now_ms()
        with self._parts.store.tables() as sql:
            sql.run(_BEGIN, name=follower.name, scope=scope, sequence=0)
            took = sql.run(
                _HOLD, name=follower.name, scope=scope, process=self._process,
                until=instant(ms + HELD_S * 1000), now=instant(ms),
            )  # fmt: skip
            if not took:
                return None
            found = sql.rows(_PLACE, name=follower.name, scope=scope)[0]
        return int(found["sequence"]), int(found["tries"])

    def _let_go(
        self, follower: Follower, scope: str, sequence: int, tries: int = 0, wait_s: int = 0, problem: str | None = None
    ) -> None:
        again = instant(now_ms() + wait_s * 1000) if wait_s else None
        with self._parts.store.tables() as sql:
            sql.run(
                _LET_GO, name=follower.name, scope=scope, process=self._process, sequence=sequence,
                tries=tries, again=again, problem=problem,
            )  # fmt: skip


_ROWS_MAX = 1_000_000_000
_BEHIND = """
    select scope_head.scope
    from scope_head
    left join follower on follower.scope = scope_head.scope and follower.name = :name
    where (follower.sequence is null or follower.sequence < scope_head.sequence)
      and (follower.next_try_at is null or follower.next_try_at <= :now)
      and (follower.held_until is null or follower.held_until <= :now)
    order by scope_head.scope
    """
_BEGIN = """
    insert into follower (name, scope, sequence, tries)
    values (:name, :scope, :sequence, 0)
    on conflict (name, scope) do nothing
    """
_BEGIN_ALL = """
    insert into follower (name, scope, sequence, tries)
    select :name, scope, case when sequence > 0 then sequence - 1 else 0 end, 0
    from scope_head
    where true
    on conflict (name, scope) do nothing
    """
_HOLD = """
    update follower
    set held_by = :process, held_until = :until
    where name = :name and scope = :scope
      and (held_until is null or held_until <= :now)
      and (next_try_at is null or next_try_at <= :now)
    """
_PLACE = """
    select sequence, tries
    from follower
    where name = :name and scope = :scope
    """
_LET_GO = """
    update follower
    set sequence = :sequence, tries = :tries, next_try_at = :again, problem = :problem,
        held_by = null, held_until = null
    where name = :name and scope = :scope and held_by = :process
    """
