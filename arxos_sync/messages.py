"""What goes over the wire, as PROTOCOL.md §3 has it, and what stands inside it.

Structs are strict about shape; values inside `set` are checked against the catalogue by `change.py`. On the
wire a geometry is lower-case hex in JSON and bytes in msgpack; inside, it is bytes (ISO WKB).
"""

from __future__ import annotations

import base64
from typing import Any, Literal

import msgspec

PROTOCOL = 1
UUID_BYTES = 16

Op = Literal["insert", "update", "delete", "restore"]


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    table: str
    id: str
    op: Op
    base: int = 0
    set: dict[str, Any] | None = None
    was: dict[str, Any] | None = None
    formerly: int | None = None


class Transaction(msgspec.Struct, frozen=True):
    n: int
    nonce: str
    stamp: str
    changes: list[Change]
    reason: str | None = None
    formerly: int | None = None


class Logged(Transaction, frozen=True):
    """As the change log keeps it. `origin`: by which way it came; "" of what was taken in before that was kept."""

    origin: str = ""


class Mark(msgspec.Struct, frozen=True):
    """A device's last transaction: its number and nonce (`prior`, `known`)."""

    n: int
    nonce: str


class ScopeRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    scope: str
    cursor: str | None = None
    prior: Mark | None = None
    transactions: list[Transaction] = msgspec.field(default_factory=list)
    rows: bool = False  # rows even where a snapshot would be quicker
    verify: bool = False  # the digest is wanted even when nothing is new


class SyncRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    protocol: int
    device: str
    scopes: list[ScopeRequest]
    schema: int = 1
    sent_at: str | None = None
    max_rows: int | None = None


class ChangeProblem(msgspec.Struct, frozen=True):
    code: str
    detail: str
    hint: str
    change: int = 0
    field: str | None = None


class ChangeOutcome(msgspec.Struct, frozen=True, omit_defaults=True):
    outcome: str = ""
    conflicts: list[str] = msgspec.field(default_factory=list)


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True):
    """The final word on one transaction. `sequence` is None when it was rejected."""

    n: int
    outcome: str
    sequence: int | None
    changes: list[ChangeOutcome]
    problem: ChangeProblem | None = None


class RowOut(msgspec.Struct, frozen=True, omit_defaults=True):
    """One row of a pull. `set` holds the fields changed since the cursor's start, none when deleted."""

    table: str
    id: str
    sequence: int
    deleted: bool
    set: dict[str, Any] | None = None


class ScopeAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    scope: str
    state: str
    known: Mark | None
    receipts: list[Receipt]
    rows: list[RowOut]
    more: bool
    role: str | None = None
    cursor: str | None = None
    head: int | None = None
    salt: str | None = None
    digest: dict[str, str] | None = None


class Grant(msgspec.Struct, frozen=True):
    scope: str
    role: str


class SyncAnswer(msgspec.Struct, frozen=True):
    protocol: int
    epoch: str
    received_at: str
    scopes: list[ScopeAnswer]
    granted: list[Grant]
    revoked: list[str]


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """How far a replica has applied a scope. Opaque to replicas.

    `schema` is what the replica had been told of when the pull began, `target` what this pull tells it of. `start`
    is where the pull began (None: from nothing), `began` the head its first page saw, `place` the (table, id) of the
    last row sent at `sequence` while pages are left.
    """

    epoch: str
    schema: int
    sequence: int
    salt: str
    start: int | None = None
    began: int | None = None
    place: tuple[str, str] | None = None
    paging: bool = False
    target: int | None = None


def write_cursor(cursor: Cursor) -> str:
    """Ids and salts as the bytes they spell, and nothing for what is not set at the end: 43 characters at rest."""
    values: list[Any] = list(msgspec.structs.astuple(cursor))
    values[0], values[3] = _as_bytes(cursor.epoch), _as_bytes(cursor.salt)
    while values[-1] is None or values[-1] is False:
        values.pop()
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(values)).decode().rstrip("=")


def read_cursor(text: str) -> Cursor | None:
    """The cursor in `text`, or None where it cannot be read. Those of former servers have their ids as text."""
    try:
        values = msgspec.msgpack.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=list[Any])
        return msgspec.convert([_as_text(value) for value in values], type=Cursor)
    except (ValueError, msgspec.DecodeError):
        return None


def _as_bytes(text: str) -> str | bytes:
    """The bytes that a UUID or an even number of hex digits spells, so that `_as_text` gives the very text again."""
    try:
        raw = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        return text
    return raw if raw and _as_text(raw) == text else text


def _as_text(value: Any) -> Any:
    if not isinstance(value, bytes):
        return value
    text = value.hex()
    if len(value) != UUID_BYTES:
        return text
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
