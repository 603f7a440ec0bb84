"""Refused logins and proofs, in the audit log: what was wrong and whose login it is, never what was typed.

No network address is kept there for ever: the line that the log has of the same request holds what else is known.
"""

from __future__ import annotations

import time

import anyio.to_thread

from arxos_sync.problems import Problem

from ..operations import telling
from ..operations.audit import audited
from ..parts import Parts, now_ms
from .throttle import too_many

WAIT_S_MAX = 20.0
LOOK_S = 0.05


class Try:
    """One login or proof, from before it is judged (throttle.py)."""

    def __init__(self, parts: Parts, key: str, name: str, what: str) -> None:
        self._parts, self._key, self._name, self._what = parts, key, name, what

    async def right(self) -> None:
        await anyio.to_thread.run_sync(self._parts.tries.right, self._key, self._name)

    async def wrong(self, reason: str, person: str | None) -> None:
        await anyio.to_thread.run_sync(self._parts.tries.wrong, self._key, self._name, now_ms())
        await refused(self._parts, self._what, reason, person)

    async def take_back(self) -> None:
        await anyio.to_thread.run_sync(self._parts.tries.take_back, self._key, self._name)


async def counted(parts: Parts, key: str, what: str, person: str | None = None) -> Try:
    """A try begins, once others of the same key leave room for it. Raises Problem `too_many_requests`."""
    until = time.monotonic() + WAIT_S_MAX
    try:
        while (name := await anyio.to_thread.run_sync(parts.tries.attempt, key, now_ms())) is None:
            if time.monotonic() > until:
                raise too_many(0)
            await anyio.sleep(LOOK_S)
        return Try(parts, key, name, what)
    except Problem:
        await refused(parts, what, "too many tries", person)
        raise


async def refused(parts: Parts, what: str, reason: str, person: str | None) -> None:
    """`what`: login or proof; `person`: whose it is, where that is known."""
    await anyio.to_thread.run_sync(_write, parts, what, reason, person)


def _write(parts: Parts, what: str, reason: str, person: str | None) -> None:
    detail = {"reason": reason, "person": person, "request": telling.known("request")}
    with parts.store.tables() as sql:
        audited(sql, None, f"refuse {what}", detail)
