"""One seed for everything: the world's choices, and every id, salt, nonce, jitter and clock asked for.

While `Fate` is in force, `os.urandom`, `secrets`, `random.random` and the clocks of `time` answer from the seed and
from virtual time. `skew_ms` is the error of the clock of whoever acts at the moment.
"""

from __future__ import annotations

import os
import random
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager

START_MS = 1_770_000_000_000


class Fate:
    def __init__(self, seed: int):
        self.choose = random.Random(f"choices {seed}")
        self._bytes = random.Random(f"bytes {seed}")
        self.now_ms = START_MS
        self.skew_ms = 0
        self.coarse_ms = 1

    def time_ns(self) -> int:
        return (self.now_ms - self.now_ms % self.coarse_ms + self.skew_ms) * 1_000_000

    def chance(self, of: float) -> bool:
        return self.choose.random() < of

    @contextmanager
    def acting(self, skew_ms: int) -> Iterator[None]:
        """Whose clock is asked meanwhile."""
        before, self.skew_ms = self.skew_ms, skew_ms
        try:
            yield
        finally:
            self.skew_ms = before

    @contextmanager
    def in_force(self) -> Iterator[None]:
        former = (os.urandom, secrets.token_hex, secrets.token_urlsafe, random.random, time.time_ns, time.time)
        os.urandom = self._bytes.randbytes
        secrets.token_hex = lambda count=8: self._bytes.randbytes(count).hex()
        secrets.token_urlsafe = lambda count=16: self._bytes.randbytes(count).hex()
        random.random = self._bytes.random
        time.time_ns = self.time_ns
        time.time = lambda: self.time_ns() / 1e9
        try:
            yield
        finally:
            (os.urandom, secrets.token_hex, secrets.token_urlsafe, random.random, time.time_ns, time.time) = former
