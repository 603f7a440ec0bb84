"""Passwords: argon2id, in a thread, two at a time, and as slow for a stranger as for a known person."""

from __future__ import annotations

import anyio.to_thread
from anyio import CapacityLimiter
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

AT_A_TIME_MAX = 2
CHARS_MIN = 8
CHARS_MAX = 1024


class Passwords:
    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._stranger: str | None = None
        self._limiter: CapacityLimiter | None = None

    def hash(self, password: str) -> str:
        return self._hasher.hash(password)

    async def made(self, password: str) -> str:
        """The hash to keep, two at a time as when it is checked."""
        self._limiter = self._limiter or CapacityLimiter(AT_A_TIME_MAX)
        return await anyio.to_thread.run_sync(self.hash, password, limiter=self._limiter)

    def warm(self) -> None:
        """Make the hash that strangers are checked against, so that the first one is no quicker or slower."""
        self._stranger = self._stranger or self._hasher.hash("nobody has this one")

    async def fits(self, stored: str | None, given: str) -> bool:
        """Does the password fit? Takes as long where there is no such person (`stored` None)."""
        self._limiter = self._limiter or CapacityLimiter(AT_A_TIME_MAX)
        return await anyio.to_thread.run_sync(self._fits, stored, given[:CHARS_MAX], limiter=self._limiter)

    def _fits(self, stored: str | None, given: str) -> bool:
        self.warm()
        try:
            fitted = self._hasher.verify(stored or str(self._stranger), given)
        except (VerificationError, InvalidHashError):
            return False
        return fitted and stored is not None
