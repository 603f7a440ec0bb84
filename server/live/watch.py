"""Over all open sockets of a process: are their sessions still ones, and are their scopes still theirs?

One look for all of them, so that it costs a few statements however many they are: at the sessions every two seconds, at
the roles every five, and at a person's at once when the bus says that their rights changed. What the database says is
asked for each time; nothing here is remembered.
"""

from __future__ import annotations

import asyncio
import contextlib
import time

import anyio.to_thread
import structlog

from arxos_sync.problems import Problem

from ..accounts.people import Person, granted_among, reading, role_in
from ..parts import Parts, now
from .bus import ENDED, LOST
from .listener import Listener

LOOK_AT_SESSIONS_S = 2.0
LOOK_AT_ROLES_S = 5.0
_log = structlog.get_logger("arxos.live")


class Watch:
    def __init__(self, parts: Parts) -> None:
        self._parts, self._task = parts, None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="watch")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        bus, roles_at = self._parts.bus, time.monotonic()
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(bus.look_again.wait(), LOOK_AT_SESSIONS_S)
            bus.look_again.clear()
            due = time.monotonic() > roles_at + LOOK_AT_ROLES_S
            roles_at = time.monotonic() if due else roles_at
            looked_at = {one: list(one.scopes) if due or one.look_again else [] for one in bus.listeners}
            for listener in looked_at:
                listener.look_again = False
            try:
                lost = await anyio.to_thread.run_sync(self._lost, looked_at)
            except Problem as problem:  # the database is away: nobody can be told to go, and nobody is served either
                _log.warning("sockets could not be looked at", error=str(problem))
                continue
            for listener, code in lost:
                listener.end(code)

    def _lost(self, looked_at: dict[Listener, list[str]]) -> list[tuple[Listener, int]]:
        persons = self._parts.sessions.among({one.session_id for one in looked_at if one.session_id})
        found: list[tuple[Listener, int]] = []
        staying: dict[Listener, Person | None] = {}
        for listener in looked_at:
            person = persons.get(listener.session_id or "")
            if listener.user_id != (person and person.id):
                found.append((listener, ENDED))
            else:
                staying[listener] = person
        asked = {(person, scope) for listener, person in staying.items() for scope in looked_at[listener]}
        none = self._without_role(asked)
        return found + [(one, LOST) for one, p in staying.items() if any((p, s) in none for s in looked_at[one])]

    def _without_role(self, asked: set[tuple[Person | None, str]]) -> set[tuple[Person | None, str]]:
        with reading(self._parts.store) as sql:
            granted = granted_among(sql, {person.id for person, _ in asked if person is not None}, now())
        left = {(person, scope) for person, scope in asked if person is None or (person.id, scope) not in granted}
        return {one for one in left if not self._role(*one)}

    def _role(self, person: Person | None, scope: str) -> str | None:
        with self._parts.store.read(scope) as reader:
            return role_in(reader, person, now())
