"""What a device tells a person about its sync: one shape, in Python and in JavaScript.

`arxos-device status --json` answers a `DeviceStatus`, and so does the worker of the browser's replica
(pwa/replica/status.js); `schemas/json/status.json` is made from these types. Ages and offsets are in
milliseconds, sizes in bytes, instants RFC 3339 UTC with milliseconds. What nobody can know is null, never 0.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Person(msgspec.Struct, frozen=True):
    id: str
    email: str
    name: str | None


class Waiting(msgspec.Struct, frozen=True):
    """Files of attachments: how many wait to be sent and to be fetched, and the bytes still to send."""

    waiting_up: int = 0
    waiting_down: int = 0
    bytes_up: int = 0


class Storage(msgspec.Struct, frozen=True):
    """Where it is kept. `persisted`: this system does not clear it by itself; null where nobody can say.

    `quota_bytes` is what may be used in all: what is used, and what is left.
    """

    kind: Literal["files", "browser", "memory"]
    persisted: bool | None
    used_bytes: int | None
    quota_bytes: int | None
    encrypted: bool = False


class LastProblem(msgspec.Struct, frozen=True):
    """Why the last exchange failed; gone with the next one that succeeds."""

    code: str
    detail: str
    hint: str


class Notice(msgspec.Struct, frozen=True):
    """Something that happened to this device and that its person has not put away yet.

    `forked`: it was cloned or rolled back and goes on under a new id; `count` edits are sent under it.
    `revoked`: a scope was taken away; `count` unsent transactions are kept aside.
    `evicted`: the server knows `count` transactions of this device, of which nothing is left here: what was not
    sent by then is lost.
    """

    what: Literal["forked", "revoked", "evicted"]
    at: str
    scope: str | None
    name: str | None
    count: int


class ScopeStatus(msgspec.Struct, frozen=True):
    """One replica. `pending` and `rejected` count transactions, `sequence` is what is applied, `head` what the
    server had then. `oldest_pending_ms` is an age; `clock_offset_ms` is how far the server's clock is ahead.
    `suspect` names the tables whose digest differed last, `repairs` counts what was fetched again for it.
    """

    scope: str
    role: str | None
    pending: int
    oldest_pending_ms: int | None
    rejected: int
    conflicts: int
    cursor: str | None
    sequence: int
    head: int
    verified_at: str | None
    clock_offset_ms: int | None
    suspect: tuple[str, ...]
    repairs: int

    @property
    def subscribed(self) -> bool:
        """It has been pulled at least once."""
        return self.cursor is not None


class DeviceStatus(msgspec.Struct, frozen=True):
    """`state` is the badge's: saved, waiting, syncing, rejected, trouble, offline or login.

    Counts are sums over `scopes`; `clock_offset_ms` is the last one heard. `kept_aside` counts transactions of
    scopes that were taken away; `saved_at` is when last nothing was left to send.
    """

    asked_at: str
    server: str
    device: str | None
    person: Person | None
    state: Literal["saved", "waiting", "syncing", "rejected", "trouble", "offline", "login"]
    pending: int
    oldest_pending_ms: int | None
    rejected: int
    conflicts: int
    kept_aside: int
    attachments: Waiting
    clock_offset_ms: int | None
    saved_at: str | None
    storage: Storage
    problem: LastProblem | None
    notices: tuple[Notice, ...]
    scopes: tuple[ScopeStatus, ...]
