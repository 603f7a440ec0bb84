"""How often somebody may ask: a bucket of tokens for each person and each address, and each kind of request.

A bucket holds what a minute allows and fills as fast, so a tablet that comes back from a week offline works off a
minute's worth at once. With Redis the buckets are shared by all processes: a process takes a few tokens at a time by
one script and spends them by itself, so that most requests ask nobody. Without it, or while it is away, each process
counts alone. An address is many people behind one router, so it may `ADDRESS_TIMES` as much; the machine's own address
is a proxy that nobody named or a test, and bounds nobody.
"""

from __future__ import annotations

import ipaddress
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import structlog

from arxos_sync.problems import Problem

from ..settings import LIMITS, Settings

if TYPE_CHECKING:
    from redis.asyncio import Redis

ADDRESS_TIMES = 10
TOGETHER = ("login",)  # of which an address may no more than a person: who logs in is nobody yet
PERIOD_S = 60.0
TAKEN_AT_ONCE = 20  # tokens from Redis, of a bucket that holds a hundred times as many
HELD_S = 5.0  # after which what was taken is forgotten
KEYS_MAX = 20_000
LEFT_ALONE_S = 5.0
_log = structlog.get_logger("arxos.limits")

# keys: the bucket; arguments: what it holds, tokens a second, how many are wanted. Answers how many were had, and the
# milliseconds until there is one. The clock is Redis's, so that processes need not agree on theirs.
_TAKE = """
local now = redis.call('time')
local at = now[1] * 1000 + math.floor(now[2] / 1000)
local most, per_ms, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]) / 1000, tonumber(ARGV[3])
local held = redis.call('hmget', KEYS[1], 'tokens', 'at')
local tokens = math.min(most, (tonumber(held[1]) or most) + math.max(0, at - (tonumber(held[2]) or at)) * per_ms)
local had = math.min(wanted, math.floor(tokens))
redis.call('hset', KEYS[1], 'tokens', tostring(tokens - had), 'at', at)
redis.call('pexpire', KEYS[1], math.ceil(most / per_ms))
return {had, had > 0 and 0 or math.ceil((1 - tokens) / per_ms)}
"""


def kind_of(method: str, path: str) -> str:
    """Which of LIMITS a request counts for."""
    if path.startswith("/api/v1/auth/") and not path.endswith(("/refresh", "/logout")):
        return "login" if method == "POST" else "read"
    if path.startswith("/api/v1/attachments") and method in ("PATCH", "POST", "HEAD"):
        return "upload"
    if path.startswith(("/api/v1/sync", "/api/v1/auth/", "/ws")):
        return "sync"
    return "read" if method in ("GET", "HEAD", "OPTIONS") else "write"


class Limits:
    def __init__(self, settings: Settings, redis: Redis | None = None) -> None:
        self._rates = {name: settings.limit(name) for name in LIMITS}
        self._redis = redis
        self._script = redis.register_script(_TAKE) if redis is not None else None
        self._away_until = 0.0
        self._alone: dict[str, tuple[float, float]] = {}  # bucket → (tokens, when)
        self._taken: dict[str, tuple[int, float]] = {}  # bucket → (tokens had from Redis, when)

    async def demand_address(self, address: str, kind: str) -> None:
        """Raises Problem `too_many_requests`."""
        times = 1 if kind in TOGETHER else ADDRESS_TIMES
        if not is_own(address):
            await self._demand(f"address/{address}", kind, self._rates[kind] * times)

    async def demand_person(self, user_id: str, kind: str) -> None:
        """Raises Problem `too_many_requests`."""
        await self._demand(f"person/{user_id}", kind, self._rates[kind])

    async def _demand(self, who: str, kind: str, most: int) -> None:
        if most == 0:
            return
        wait_s = await self._wait_s(f"{kind}/{who}", most)
        if wait_s > 0:
            raise Problem("too_many_requests", f"Over {most} requests a minute.", retry_after_s=max(1, round(wait_s)))

    async def _wait_s(self, bucket: str, most: int) -> float:
        """0 where a token was there."""
        if self._script is not None and time.monotonic() >= self._away_until:
            from redis.exceptions import RedisError

            try:
                return await self._shared(bucket, most)
            except (RedisError, OSError) as error:
                self._away_until = time.monotonic() + LEFT_ALONE_S
                _log.warning("redis is away; each process counts alone", error=str(error))
        return self._by_itself(bucket, most)

    async def _shared(self, bucket: str, most: int) -> float:
        now = time.monotonic()
        had, at = self._taken.get(bucket, (0, now))
        if had == 0 or now - at > HELD_S:
            wanted = max(1, min(TAKEN_AT_ONCE, most // 100))
            assert self._script is not None
            answered: Any = await self._script(keys=[f"arxos:limit:{bucket}"], args=[most, most / PERIOD_S, wanted])
            had, wait_ms = int(answered[0]), int(answered[1])
            if had == 0:
                return wait_ms / 1000
            _make_room(self._taken)
        self._taken[bucket] = (had - 1, now)
        return 0.0

    def _by_itself(self, bucket: str, most: int) -> float:
        now, per_s = time.monotonic(), most / PERIOD_S
        tokens, at = self._alone.get(bucket, (float(most), now))
        tokens = min(float(most), tokens + (now - at) * per_s)
        if tokens < 1:
            return (1 - tokens) / per_s
        _make_room(self._alone)
        self._alone[bucket] = (tokens - 1, now)
        return 0.0

    async def close(self) -> None:
        if self._redis is not None:
            await self._redis.aclose()


def _make_room(kept: dict[str, Any]) -> None:
    """Of very many the older half goes: who is forgotten begins with a full bucket."""
    if len(kept) >= KEYS_MAX:
        for key in sorted(kept, key=lambda one: kept[one][1])[: KEYS_MAX // 2]:
            del kept[key]


@lru_cache(1024)
def is_own(address: str) -> bool:
    """The machine's own, a socket's (""), or no address at all."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return True
