"""Guessing is slow: after some failures a key (address and place) waits."""

from __future__ import annotations

from arxos_sync.problems import Problem

FAILURES_MAX = 10
WINDOW_MS = 5 * 60 * 1000
KEYS_MAX = 10_000


class Throttle:
    def __init__(self) -> None:
        self._failed: dict[str, list[int]] = {}

    def demand(self, key: str, ms: int) -> None:
        """Raise Problem `too_many_requests` where the key has failed too often of late."""
        recent = [at for at in self._failed.get(key, ()) if at > ms - WINDOW_MS]
        if len(recent) >= FAILURES_MAX:
            wait_s = (recent[0] + WINDOW_MS - ms) // 1000 + 1
            raise Problem("too_many_requests", "Too many wrong logins.", retry_after_s=wait_s)

    def count(self, key: str, ms: int) -> None:
        if len(self._failed) >= KEYS_MAX:
            self._failed.clear()
        recent = [at for at in self._failed.get(key, ()) if at > ms - WINDOW_MS]
        self._failed[key] = [*recent, ms]

    def clear(self, key: str) -> None:
        self._failed.pop(key, None)
