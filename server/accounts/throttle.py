"""Guessing is slow: after some failures a key (address and place, or a person) waits.

A try counts before it is judged, so that no number of tries at once gets past the bound. One that was right gives back
what it took, and the wrong ones before it are forgotten; so where the bound is reached by tries that are still being
judged, whoever comes next waits for a word of theirs, and is refused where enough of them were wrong. With Redis the
tries of all processes count together, under a hash of the key, and end by themselves. Without it, or while it is away,
each process counts alone, so that a login never waits for Redis.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from arxos_sync.problems import Problem

from ..parts import new_nonce

if TYPE_CHECKING:
    from redis import Redis

FAILURES_MAX = 10
WINDOW_MS = 5 * 60 * 1000
JUDGED_MS_MAX = 60 * 1000  # after that nobody judges it any more: a process died over it
KEYS_MAX = 10_000
LEFT_ALONE_S = 5.0
_log = structlog.get_logger("arxos.accounts")

# keys: the tries by when they were; arguments: how many there may be, in how many milliseconds, for how many one may be
# judged, and what this one is called. While it is judged its name has a ? before it. Answers the milliseconds until
# there may be another, 0 where this one counts, -1 where others are being judged. The clock is Redis's.
_TRY = """
local now = redis.call('time')
local at, window = now[1] * 1000 + math.floor(now[2] / 1000), tonumber(ARGV[2])
redis.call('zremrangebyscore', KEYS[1], '-inf', at - window)
local tries = redis.call('zrange', KEYS[1], 0, -1, 'withscores')
if #tries < 2 * tonumber(ARGV[1]) then
    redis.call('zadd', KEYS[1], at, '?' .. ARGV[4])
    redis.call('pexpire', KEYS[1], window)
    return 0
end
for place = 1, #tries, 2 do
    if tries[place]:sub(1, 1) == '?' and tonumber(tries[place + 1]) > at - tonumber(ARGV[3]) then
        return -1
    end
end
return math.max(1, tonumber(tries[2]) + window - at)
"""
# It was wrong: it stands from now on, whatever became of it meanwhile.
_WRONG = """
local now = redis.call('time')
redis.call('zrem', KEYS[1], '?' .. ARGV[2])
redis.call('zadd', KEYS[1], now[1] * 1000 + math.floor(now[2] / 1000), ARGV[2])
redis.call('pexpire', KEYS[1], ARGV[1])
return 1
"""
# It was right: of the others those stay that are being judged.
_RIGHT = """
redis.call('zrem', KEYS[1], '?' .. ARGV[1])
for _, name in ipairs(redis.call('zrange', KEYS[1], 0, -1)) do
    if name:sub(1, 1) ~= '?' then
        redis.call('zrem', KEYS[1], name)
    end
end
"""


class _Try(msgspec.Struct):
    at: int
    judged: bool = False


class Throttle:
    def __init__(self, redis: Redis[bytes] | None = None) -> None:
        self._redis = redis
        self._away_until = 0.0
        self._tried: dict[str, dict[str, _Try]] = {}  # key → what each try is called
        self._lock = threading.Lock()

    def attempt(self, key: str, ms: int) -> str | None:
        """Count a try; answers what it is called, None where others are being judged first. Whoever has a name says
        what became of it. Raises Problem `too_many_requests`.
        """
        name = new_nonce()
        words = (_key(key), FAILURES_MAX, WINDOW_MS, JUDGED_MS_MAX, name)
        wait_ms = self._asked(lambda redis: redis.eval(_TRY, 1, *words))
        if wait_ms is None:
            wait_ms = self._by_itself(key, name, ms)
        if wait_ms > 0:
            raise too_many(wait_ms)
        return name if wait_ms == 0 else None

    def wrong(self, key: str, name: str, ms: int) -> None:
        told = self._asked(lambda redis: redis.eval(_WRONG, 1, _key(key), WINDOW_MS, name))
        with self._lock:
            tried = self._tried.get(key, {})
            if told is None or name in tried:
                self._keep(key, {**tried, name: _Try(ms, judged=True)})

    def right(self, key: str, name: str) -> None:
        """It is given back, and the wrong ones before it are forgotten."""
        self._asked(lambda redis: redis.eval(_RIGHT, 1, _key(key), name))
        with self._lock:
            tried = self._tried.get(key, {})
            self._keep(key, {n: one for n, one in tried.items() if n != name and not one.judged})

    def take_back(self, key: str, name: str) -> None:
        """That one was neither right nor wrong."""
        self._asked(lambda redis: redis.zrem(_key(key), f"?{name}"))
        with self._lock:
            self._keep(key, {n: one for n, one in self._tried.get(key, {}).items() if n != name})

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
            tried = {name: one for name, one in self._tried.get(key, {}).items() if one.at > ms - WINDOW_MS}
            if len(tried) >= FAILURES_MAX:
                judging = any(not one.judged and one.at > ms - JUDGED_MS_MAX for one in tried.values())
                return -1 if judging else min(one.at for one in tried.values()) + WINDOW_MS - ms
            if len(self._tried) >= KEYS_MAX:
                self._tried.clear()
            self._keep(key, {**tried, name: _Try(ms)})
            return 0

    def _keep(self, key: str, tried: dict[str, _Try]) -> None:
        if tried:
            self._tried[key] = tried
        else:
            self._tried.pop(key, None)


def too_many(wait_ms: int) -> Problem:
    return Problem("too_many_requests", "Too many wrong logins.", retry_after_s=wait_ms // 1000 + 1)


def _key(key: str) -> str:
    """No address of anybody's stands in Redis."""
    return f"arxos:tries:{hashlib.sha256(key.encode()).hexdigest()}"
