"""What a server keeps of a scope, as values, and the contract its two adapters fulfil.

A scope's row holds its values and beside them what merging needs. All of that is loaded for the rows a batch
touches, judged in memory and written back; an adapter neither merges nor decides. Each method is one statement,
or one a table: never one a row. Obligations:

1. `write` holds the scope: two writers of one scope follow one another, and what the second reads includes
   what the first committed. The sequence is taken in the same database transaction, so order of sequence is
   order of commit.
2. `read` sees one moment: head, digest and rows belong together.
3. Values come back as they went in, floats and geometries bit for bit.
4. A driver's error becomes a `Problem` (`unavailable` when trying again can help), with its cause.

Values inside: text, date, instant and uuid as str; integer int; real float; boolean bool; map dict; set sorted
list of str; counter int or float; json whatever JSON holds; bytes and geometry (ISO WKB) bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, LiteralString, Protocol

import msgspec

from .messages import Mark, Receipt

AGREED_MAX = 16
Point = tuple[float, float]
Word = tuple[str, str, str | None]  # device, stamp, user
Gained = Mapping[str, tuple[str, ...]]  # table → columns a replica has never been told of; () the whole table


class FieldMark(msgspec.Struct, array_like=True, frozen=True):
    """Who set a field last: `sequence` by `device`; `other` is the last sequence by any other device (0: none).

    `agreed` is device, stamp and user of each other who set the very same value, one after the other.
    """

    sequence: int
    device: str
    stamp: str
    by: str | None = None
    other: int = 0
    agreed: tuple[str | None, ...] | None = None

    @property
    def agreeing(self) -> list[Word]:
        said: Any = self.agreed or ()
        return [said[at : at + 3] for at in range(0, len(said), 3)]

    def with_agreeing(self, words: Iterable[Word]) -> FieldMark:
        """Of very many the later ones: the change log has them all."""
        latest = sorted(words, key=lambda word: (word[1], word[0]))[-AGREED_MAX:]
        return msgspec.structs.replace(self, agreed=tuple(part for word in latest for part in word) or None)


class Grave(msgspec.Struct, array_like=True, frozen=True):
    """Who deleted a row, and the row at the root of that delete (itself, or the parent it went with).

    Of a delete that healed a restored server: its sequence in the former life, and what its author knew then.
    """

    device: str
    stamp: str
    by: str | None
    root_table: str
    root_id: str
    formerly: int = 0
    knew: int = 0


class MergeState(msgspec.Struct, omit_defaults=True):
    """What merging knows of a row beside its values. A field without a mark was last set at birth."""

    birth: FieldMark
    fields: dict[str, FieldMark] = msgspec.field(default_factory=dict)
    items: dict[str, FieldMark] = msgspec.field(default_factory=dict)  # "systems:hvac", the last add
    sums: dict[str, dict[str, float]] = msgspec.field(default_factory=dict)  # counter → device → sum
    grave: Grave | None = None
    healed: dict[str, tuple[int, int, int]] = msgspec.field(default_factory=dict)  # see heal.py
    healed_adds: dict[str, list[tuple[int, float]]] = msgspec.field(default_factory=dict)  # (formerly, amount)


class Row(msgspec.Struct):
    """A row as the server keeps it. `born`: the sequence that inserted or revived it; `deleted`: that took it."""

    table: str
    id: str
    values: dict[str, Any]  # every column of the catalogue but `id` and `sequence`; None where unset
    sequence: int
    born: int
    deleted: int | None
    merge: MergeState

    @property
    def key(self) -> tuple[str, str]:
        return (self.table, self.id)


class Head(msgspec.Struct, frozen=True):
    sequence: int
    salt: str  # "" at sequence 0
    stamp: str = ""  # the highest unclamped stamp accepted in the scope; kept in scope_head


class LogEntry(msgspec.Struct, frozen=True):
    """One accepted transaction, kept for good. `content` is msgpack of the transaction as it was sent."""

    sequence: int
    salt: str
    device: str
    n: int
    user_id: str | None
    stamp: str
    received_at: str
    content: bytes
    before: bytes  # msgpack: [[table, id, {column: value before}] …] for history and undo


class StoredReceipt(msgspec.Struct, frozen=True):
    n: int
    nonce: str
    receipt: Receipt


class Told(msgspec.Struct, frozen=True):
    """An accepted transaction, `content` as in LogEntry, and what was answered."""

    device: str
    content: bytes
    receipt: Receipt


class Batch(msgspec.Struct):
    """What a push leaves behind; `save` writes it whole."""

    device: str
    head: Head
    rows: list[Row] = msgspec.field(default_factory=list)
    log: list[LogEntry] = msgspec.field(default_factory=list)
    receipts: list[StoredReceipt] = msgspec.field(default_factory=list)
    digest: dict[str, int] = msgspec.field(default_factory=dict)  # table → what to add, modulo 2^64


class Sql(Protocol):
    """Statements in the SQL that PostgreSQL and SQLite share, with `:name` parameters."""

    def rows(self, statement: LiteralString, /, **values: Any) -> list[dict[str, Any]]: ...
    def run(self, statement: LiteralString, /, **values: Any) -> int:
        """Answers the number of rows it touched."""
        ...

    def run_each(self, statement: LiteralString, values: Iterable[dict[str, Any]], /) -> None:
        """The same statement once for each, sent together."""
        ...


class ScopeReader(Protocol):
    scope: str
    sql: Sql

    def foresee(self, device: str, sequence: int) -> None:
        """Head, `known(device)` and `salt(sequence)` will be asked for; it may read them at once."""
        ...

    def head(self) -> Head: ...
    def salt(self, sequence: int) -> str | None:
        """The salt of a sequence of this scope; None where the server does not know it; "" at 0."""
        ...

    def known(self, device: str) -> Mark | None: ...
    def digests(self) -> dict[str, int]:
        """Per table that has or had rows, the sum over the live ones."""
        ...

    def changed(
        self,
        after: int,
        place: tuple[str, str] | None,
        tombstones_after: int,
        limit: int,
        gained: Gained | None = None,
    ) -> list[Row]:
        """Rows with (sequence, table, id) above (after, place), in that order, `limit` at most.

        `place` None means all of sequence `after` was sent. A deleted row comes only where its sequence is
        above `tombstones_after`. With `gained`, a live row at or below `tombstones_after` comes only where
        its table is in there, and, if that names columns, one of them has a value.
        """
        ...

    def count_changed(self, after: int, limit: int) -> int:
        """How many live rows have a sequence above `after`; counting stops at `limit`."""
        ...

    def rows(self, wanted: Mapping[str, Iterable[str]]) -> list[Row]:
        """The rows of those ids, live or deleted, a table at a time."""
        ...

    def children(self, parents: Mapping[str, Iterable[str]]) -> list[Row]:
        """Rows, live or deleted, that refer to those rows by any reference of the catalogue."""
        ...

    def leaves(self, table: str) -> list[int]: ...
    def leaf_rows(self, table: str, leaves: Iterable[int]) -> list[Row]: ...
    def live_rows(self, table: str | None = None) -> Iterator[Row]:
        """Every live row, of one table or a table at a time, streamed."""
        ...

    def listed(self, query: RowQuery) -> tuple[list[Row], int]:
        """One page, and the number of all that match."""
        ...

    def log(self, after: int) -> Iterator[LogEntry]:
        """The scope's accepted transactions above `after`, in order."""
        ...


class ScopeWriter(ScopeReader, Protocol):
    def receipts(self, device: str, first: int, last: int) -> dict[int, StoredReceipt]: ...
    def told(self, user_id: str | None, stamps: Iterable[str]) -> list[Told]:
        """What this person sent under those stamps, from whichever device."""
        ...

    def tables_of(self, ids: Iterable[str]) -> dict[str, str]:
        """The table of each id that this scope has, live or deleted."""
        ...

    def open_conflicts(self, row_ids: Iterable[str]) -> list[Row]: ...
    def save(self, batch: Batch) -> None: ...


class BuildingQuery(msgspec.Struct, frozen=True):
    """Which buildings to list: those granted to `user_id` and public ones, or all (`everything`)."""

    user_id: str | None = None
    everything: bool = False
    now: str = ""  # instant; grants whose `until` is before it do not count
    text: str = ""  # each word in name, code or an address part, without regard to case or accents
    bbox: tuple[float, float, float, float] | None = None  # west, south, east, north, degrees
    after: tuple[Any, str] | None = None  # (what it is sorted by, id) of the last one listed
    limit: int = 50
    equal: dict[str, str] = {}  # column → value; of visibility, status, city
    role: str | None = None  # the caller's in it
    near: tuple[float, float] | None = None  # longitude, latitude; those without a footprint are left out
    within_m: float | None = None
    area: bytes | None = None  # WKB in degrees that the footprint meets
    since: str | None = None  # updated_at is at or after
    until: str | None = None  # updated_at is at or before
    id: str | None = None
    sort: str = "name"  # name, updated_at, near
    descending: bool = False


class RowQuery(msgspec.Struct, frozen=True):
    """Which live rows of a scope's table to list. Rows without a value to sort by come last, either way."""

    table: str
    equal: dict[str, Any] = {}  # column → inner value, None where it must be unset; of a set, a member
    since: str | None = None  # updated_at is at or after
    until: str | None = None  # updated_at is at or before
    area: bytes | None = None  # WKB in the table's own frame, which the first geometry column meets
    located: bool = False  # only rows with a geometry
    text: str = ""  # each word in one of the free text columns, without regard to case or accents
    sort: str = "id"
    descending: bool = False
    after: tuple[Any, str] | None = None  # (what it is sorted by, id) of the last one listed
    limit: int = 100


class ListedBuilding(msgspec.Struct, frozen=True):
    row: Row
    head: int
    role: str  # "anonymous" for a public one without a grant
    distance_m: float | None = None  # from `near`, on the ellipsoid


class ServerStore(Protocol):
    def epoch(self) -> str: ...
    def read(self, scope: str) -> AbstractContextManager[ScopeReader]: ...
    def write(self, scope: str) -> AbstractContextManager[ScopeWriter]:
        """One database transaction: commits when left, rolls back when left by an exception."""
        ...

    def tables(self) -> AbstractContextManager[Sql]:
        """A transaction over the server-only tables; of what belongs to scopes it may see no more than heads."""
        ...

    def across(self) -> AbstractContextManager[Sql]:
        """To read, of all scopes at once, what belongs to them; the server-only tables beside it."""
        ...

    def heads(self, scopes: Iterable[str]) -> dict[str, int]: ...
    def buildings(self, query: BuildingQuery) -> tuple[list[ListedBuilding], int]:
        """One page by (what it is sorted by, id), and the number of all that match."""
        ...

    def readable(self, query: BuildingQuery) -> str:
        """A hash of which buildings `query.user_id` may read, their heads, and the roles: what a list hangs on."""
        ...

    def axes(self, epsg: int) -> str | None:
        """`en` or `ne`: the order of a reference system's axes; None where it is not known here."""
        ...

    def transformed(self, points: Sequence[Point], source: int, target: int) -> list[Point]:
        """Points (east or longitude first) from one EPSG code to another. Raises Problem `invalid`."""
        ...

    def close(self) -> None: ...
