"""Guessing is slow: after some failures a key (address and place, or a person) waits.

A try counts before it is judged, so that no number of tries at once gets past the bound; one that was right takes it
back. With Redis the tries of all processes count together, under a hash of the key, and end by themselves. Without it,
or while it is away, each process counts alone, so that a login never waits for Redis.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import structlog

from arxos_sync.problems import Problem

from ..parts import new_nonce

if TYPE_CHECKING:
    from redis import Redis

FAILURES_MAX = 10
WINDOW_MS = 5 * 60 * 1000
KEYS_MAX = 10_000
LEFT_ALONE_S = 5.0
_log = structlog.get_logger("arxos.accounts")

# keys: the tries; arguments: how many there may be, in how many milliseconds, and what this one is called. Answers the
# milliseconds until there may be another, 0 where this one counts. The clock is Redis's.
_TRY = """
local now = redis.call('time')
local at, window = now[1] * 1000 + math.floor(now[2] / 1000), tonumber(ARGV[2])
redis.call('zremrangebyscore', KEYS[1], '-inf', at - window)
if redis.call('zcard', KEYS[1]) >= tonumber(ARGV[1]) then
    return math.max(1, tonumber(redis.call('zrange', KEYS[1], 0, 0, 'withscores')[2]) + window - at)
end
redis.call('zadd', KEYS[1], at, ARGV[3])
redis.call('pexpire', KEYS[1], window)
return 0
"""


class Throttle:
    def __init__(self, redis: Redis[bytes] | None = None) -> None:
        self._redis = redis
        self._away_until = 0.0
        self._tried: dict[str, dict[str, int]] = {}  # key → what each try is called and when it was
        self._lock = threading.Lock()

    def attempt(self, key: str, ms: int) -> str:
        """Count a try; answers what it is called. Raises Problem `too_many_requests`."""
        name = new_nonce()
        wait_ms = self._asked(lambda redis: redis.eval(_TRY, 1, _key(key), FAILURES_MAX, WINDOW_MS, name))
        if wait_ms is None:
            wait_ms = self._by_itself(key, name, ms)
        if wait_ms > 0:
            raise Problem("too_many_requests", "Too many wrong logins.", retry_after_s=wait_ms // 1000 + 1)
        return name

    def take_back(self, key: str, name: str) -> None:
        """That one was neither right nor wrong."""
        self._asked(lambda redis: redis.zrem(_key(key), name))
        with self._lock:
            self._tried.get(key, {}).pop(name, None)

    def clear(self, key: str) -> None:
        """It was right: those before it are forgotten."""
        self._asked(lambda redis: redis.delete(_key(key)))
        with self._lock:
            self._tried.pop(key, None)

    def _asked(self, ask: Callable[[Any], Any]) -> Any:
        """What Redis answers; None where there is none, or it is away."""
        if self._redis is None or time.monotonic() < self._away_until:
            return None
        from redis.exceptions import RedisError

        try:
            return ask(self._redis)
        except (RedisError, OSError) as error:
            self._away_until = time.monotonic() + LEFT_ALONE_S
            _log.warning("redis is away; each process counts tries alone", error=str(error))
            return None

    def _by_itself(self, key: str, name: str, ms: int) -> int:
        with self._lock:
            tried = {name: at for name, at in self._tried.get(key, {}).items() if at > ms - WINDOW_MS}
            if len(tried) >= FAILURES_MAX:
                return min(tried.values()) + WINDOW_MS - ms
            if len(self._tried) >= KEYS_MAX:
                self._tried.clear()
            self._tried[key] = {**tried, name: ms}
            return 0


def _key(key: str) -> str:
    """No address of anybody's stands in Redis."""
    return f"arxos:tries:{hashlib.sha256(key.encode()).hexdigest()}"
