"""What a running server is made of: handed to every room, chosen in `app.py` alone.

Time, ids and randomness enter the house here.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import secrets
import time
from typing import TYPE_CHECKING

import msgspec

from arxos_sync import stamp
from arxos_sync.catalogue import Catalogue
from arxos_sync.intake import Arrival, Dice
from arxos_sync.store import ServerStore

if TYPE_CHECKING:
    from .accounts.passwords import Passwords
    from .accounts.sessions import Sessions
    from .accounts.throttle import Throttle
    from .accounts.tokens import Tokens
    from .attachments.lying import Lying
    from .live.bus import Bus
    from .settings import Settings
    from .sync.snapshots import Snapshots


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    settings: Settings
    catalogue: Catalogue
    store: ServerStore
    epoch: str
    tokens: Tokens
    passwords: Passwords
    sessions: Sessions
    tries: Throttle
    bus: Bus
    snapshots: Snapshots
    attachments: Lying


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def instant(ms: int) -> str:
    """RFC 3339 UTC with milliseconds, as the protocol writes it."""
    moment = datetime.datetime.fromtimestamp(ms / 1000, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def now() -> str:
    return instant(now_ms())


def new_id() -> str:
    """A UUIDv7 (RFC 9562): 48 bits of milliseconds, then random bits."""
    raw = bytearray(now_ms().to_bytes(6, "big") + os.urandom(10))
    raw[6] = 0x70 | raw[6] & 0x0F
    raw[8] = 0x80 | raw[8] & 0x3F
    return _spelt(raw)


def derived_id(*words: str) -> str:
    """The same id for the same words, whoever asks: a UUIDv8 (RFC 9562) of their SHA-256."""
    raw = bytearray(hashlib.sha256("/".join(words).encode()).digest()[:16])
    raw[6] = 0x80 | raw[6] & 0x0F
    raw[8] = 0x80 | raw[8] & 0x3F
    return _spelt(raw)


def _spelt(raw: bytes | bytearray) -> str:
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def new_salt() -> str:
    return secrets.token_hex(8)


def new_nonce() -> str:
    return secrets.token_urlsafe(16)


DICE = Dice(new_id, new_salt)
CLOCK_ID = new_id()  # whose tail the stamps of this process carry


def new_stamp() -> str:
    """A stamp for writes that come by REST or a file: each request is a device of its own."""
    return stamp.form(now_ms(), 0, CLOCK_ID)


def arrival() -> Arrival:
    ms = now_ms()
    return Arrival(ms, instant(ms))
