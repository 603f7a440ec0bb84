"""Answers kept for the next who asks, each under a key that says what it hangs on.

Nothing is ever taken back: a key holds the head (or the ETag) it was made from, which another process's write moves, so
what is found is right. In this process by least use, and in Redis where there is one, for the other processes; Redis
may vanish, then it is made again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

KEPT_BYTES_MAX = 16 * 1024 * 1024
KEPT_ONE_BYTES_MAX = 1024 * 1024
REDIS_KEPT_S = 24 * 3600


class Kept:
    def __init__(self, bytes_max: int = KEPT_BYTES_MAX) -> None:
        self._bodies: OrderedDict[str, bytes] = OrderedDict()
        self._bytes, self._bytes_max = 0, bytes_max
        self._lock = threading.Lock()

    def get(self, key: str, redis: Any = None) -> bytes | None:
        with self._lock:
            if key in self._bodies:
                self._bodies.move_to_end(key)
                return self._bodies[key]
        found = _asked(redis, "get", f"arxos:kept:{key}")
        if found is not None:
            self._put(key, found)
        return found

    def put(self, key: str, body: bytes, redis: Any = None) -> None:
        if len(body) <= KEPT_ONE_BYTES_MAX:
            self._put(key, body)
            _asked(redis, "set", f"arxos:kept:{key}", body, ex=REDIS_KEPT_S)

    def _put(self, key: str, body: bytes) -> None:
        with self._lock:
            self._bytes -= len(self._bodies.pop(key, b""))
            self._bodies[key] = body
            self._bytes += len(body)
            while self._bytes > self._bytes_max:
                self._bytes -= len(self._bodies.popitem(last=False)[1])


def _asked(redis: Any, method: str, *given: Any, **named: Any) -> Any:
    if redis is None:
        return None
    from redis import RedisError

    try:
        return getattr(redis, method)(*given, **named)
    except RedisError:
        return None


lists, figures = Kept(), Kept()
