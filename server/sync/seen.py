"""How far devices have come, for who looks after them: noted in memory at each exchange, written every few seconds.

Nothing hangs on it. A process that ends unwritten loses a few seconds of it, and the next exchange says it again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from arxos_sync.messages import ScopeAnswer

from ..jobs.rounds import Round
from ..parts import Parts, now

WRITTEN_EVERY_S = 5.0
AT_ONCE_MAX = 500
_lock = threading.Lock()
_noted: dict[tuple[str, str], tuple[int, str]] = {}


def note(parts: Parts, device: str, answers: Iterable[ScopeAnswer]) -> None:
    """A scope whose pull came to its end: the device holds its head, once it has applied the answer."""
    at = now()
    with _lock:
        for one in answers:
            if one.state == "ok" and not one.more and one.head is not None:
                _noted[device, one.scope] = (one.head, at)


def write(parts: Parts) -> None:
    while some := _taken():
        with parts.store.tables() as sql:
            for (device, scope), (sequence, at) in some:
                sql.run(
                    """
                    insert into device_scope (device, scope, sequence, at)
                    values (:device, :scope, :sequence, :at)
                    on conflict (device, scope) do update
                    set sequence = excluded.sequence, at = excluded.at
                    """,
                    device=device, scope=scope, sequence=sequence, at=at,
                )  # fmt: skip


def _taken() -> list[tuple[tuple[str, str], tuple[int, str]]]:
    with _lock:
        keys = sorted(_noted)[:AT_ONCE_MAX]
        return [(key, _noted.pop(key)) for key in keys]


ROUND = Round("devices seen", WRITTEN_EVERY_S, write)
