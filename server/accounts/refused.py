"""Refused logins and proofs, in the audit log: what was wrong and whose login it is, never what was typed.

No network address is kept there for ever: the line that the log has of the same request holds what else is known.
"""

from __future__ import annotations

import anyio.to_thread

from arxos_sync.problems import Problem

from ..operations import telling
from ..operations.audit import audited
from ..parts import Parts, now_ms


async def counted(parts: Parts, key: str, what: str, person: str | None = None) -> str:
    """A try begins; answers what it is called (throttle.py). Raises Problem `too_many_requests`."""
    try:
        return await anyio.to_thread.run_sync(parts.tries.attempt, key, now_ms())
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
