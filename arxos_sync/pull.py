"""What a replica is told since its cursor (PROTOCOL.md §3, Pull).

Rows come in order of sequence, each with the fields changed since the cursor's start; whole where the row was
born or revived since. `pull` reads through one reader, so rows, head and digest are of one moment.

A replica of an older schema is told what that schema knew. One that has gone up to a newer schema since its cursor
was made gets from the beginning the rows that have something in the columns and tables it gained (§3, Schema).
"""

from __future__ import annotations

import bisect
from typing import Any

import msgspec

from . import digest, limits
from .catalogue import Catalogue, Table
from .change import to_wire
from .messages import Cursor, RowOut, read_cursor, write_cursor
from .store import Gained, Row, ScopeReader


class Wish(msgspec.Struct, frozen=True):
    """What a scope's pull asks for. `binary`: geometries as bytes (msgpack), else hex."""

    cursor: str | None
    schema: int
    rows_max: int | None = None
    rows: bool = False
    verify: bool = False
    binary: bool = False


class Pulled(msgspec.Struct, frozen=True):
    """`state` is ok, diverged or snapshot; only ok has rows and a cursor, and not for a replica that is too old."""

    state: str
    rows: list[RowOut]
    more: bool
    cursor: str | None
    head: int | None
    salt: str | None
    digest: dict[str, str] | None


def check_cursor(reader: ScopeReader, epoch: str, text: str | None) -> Cursor | None | str:
    """The cursor; None for none; "diverged" where this server does not know the place it names."""
    if text is None:
        return None
    cursor = read_cursor(text)
    if cursor is None or cursor.epoch != epoch:
        return "diverged"
    return cursor if reader.salt(place_of(cursor)) == cursor.salt else "diverged"


def place_of(cursor: Cursor) -> int:
    """The sequence whose salt it carries."""
    return cursor.sequence if not cursor.paging else (cursor.began or 0)


def too_old(catalogue: Catalogue, schema: int) -> bool:
    """Is the replica of a schema no longer served? It may push; what it is told of its pushes is the receipts."""
    return schema < catalogue.oldest


def pull(reader: ScopeReader, catalogue: Catalogue, epoch: str, wish: Wish) -> Pulled:
    cursor = check_cursor(reader, epoch, wish.cursor)
    head = reader.head()
    if too_old(catalogue, wish.schema):
        return Pulled("ok", [], False, None, None, None, None)
    if isinstance(cursor, str):
        return Pulled(cursor, [], False, None, head.sequence, head.salt, None)
    if cursor is None and not wish.rows:
        many = limits.SNAPSHOT_INSTEAD_OF_ROWS
        if reader.count_changed(0, many) >= many:
            return Pulled("snapshot", [], False, None, head.sequence, head.salt, None)
    told = told_at(catalogue, wish.schema, cursor)
    cursor = cursor or Cursor(epoch, told.schema, 0, "", None, head.sequence, None, True, told.schema)
    gained = _gained(reader, told, cursor)
    if not cursor.paging:
        start = cursor.sequence
        first = 0 if gained else start
        cursor = msgspec.structs.replace(cursor, sequence=first, start=start, began=head.sequence, target=told.schema)
    if cursor.start == head.sequence and not gained and not wish.verify:
        return Pulled("ok", [], False, _settled(epoch, told, head), head.sequence, head.salt, None)
    limit = min(wish.rows_max or limits.ROWS_PER_PAGE, limits.ROWS_PER_PAGE_MAX)
    rows = _page(reader, cursor, limit + 1, gained)
    more, rows = len(rows) > limit, rows[:limit]
    out = [row_out(told, row, cursor.start, wish.binary, gained) for row in rows if row.table in told.tables]
    if more:
        return Pulled("ok", out, True, _following(reader, cursor, rows[-1]), head.sequence, head.salt, None)
    sums = {table: digest.to_hex(total) for table, total in reader.digests().items() if table in told.tables}
    return Pulled("ok", out, False, _settled(epoch, told, head), head.sequence, head.salt, sums)


def told_at(catalogue: Catalogue, schema: int, cursor: Cursor | None = None) -> Catalogue:
    """What a replica of `schema` is told of; while it pages, no more than its first page was."""
    if cursor is None or not cursor.paging:
        return catalogue.at(schema)
    return catalogue.at(min(schema, cursor.target or cursor.schema))


def _gained(reader: ScopeReader, told: Catalogue, cursor: Cursor) -> Gained:
    """What the replica has not been told although it has not changed since: what its former schema lacked."""
    if cursor.start is None and cursor.paging:
        return {}
    kind = "user" if reader.scope.startswith("user:") else "building"
    return told.gained(kind, cursor.schema, told.schema)


def _following(reader: ScopeReader, cursor: Cursor, last: Row) -> str:
    """The cursor after a page that is not the last. It keeps start and schema: fields stay relative to them."""
    salt = cursor.salt if cursor.paging and cursor.place else (reader.salt(cursor.began or 0) or "")
    after = msgspec.structs.replace(cursor, sequence=last.sequence, salt=salt, place=last.key, paging=True)
    return write_cursor(after)


def _page(reader: ScopeReader, cursor: Cursor, limit: int, gained: Gained) -> list[Row]:
    tombstones_after = (cursor.began or 0) if cursor.start is None else cursor.start
    if cursor.start is not None and cursor.sequence == reader.head().sequence and cursor.place is None:
        return []
    return reader.changed(cursor.sequence, cursor.place, tombstones_after, limit, gained)


def _settled(epoch: str, told: Catalogue, head: Any) -> str:
    return write_cursor(Cursor(epoch, told.schema, head.sequence, head.salt))


def highest_common(reader: ScopeReader, marks: list[tuple[int, str]]) -> int:
    """The highest of a replica's marks (sequence, salt) that this server knows too; 0 where it knows none.

    What two lives share is a beginning: every mark in it fits, none above.
    """
    ascending = sorted({(sequence, salt) for sequence, salt in marks if sequence > 0})
    fits = bisect.bisect_left(ascending, True, key=lambda mark: reader.salt(mark[0]) != mark[1])
    return ascending[fits - 1][0] if fits else 0


def cursor_at(reader: ScopeReader, catalogue: Catalogue, epoch: str, sequence: int) -> str:
    """A cursor that claims no more than what any replica still served knows."""
    return write_cursor(Cursor(epoch, catalogue.oldest, sequence, reader.salt(sequence) or ""))


def settled_cursor(reader: ScopeReader, catalogue: Catalogue, epoch: str) -> str:
    """A cursor that stands at the head, of a replica that holds all of `catalogue`."""
    return _settled(epoch, catalogue, reader.head())


def row_out(
    told: Catalogue, row: Row, start: int | None, binary: bool, gained: Gained | None = None
) -> RowOut:
    """A row as a pull from `start` tells it (None: whole) to who knows the catalogue `told`."""
    if row.deleted is not None:
        return RowOut(row.table, row.id, row.sequence, True)
    table = told.tables[row.table]
    new = (gained or {}).get(row.table)
    if start is None or row.born > start or new == ():
        columns = table.columns
        if row.merge.birth.sequence != row.born:  # revived: a replica may hold it as it was
            values = {n: v for n, v in row.values.items() if n in columns}
        else:
            values = {n: v for n, v in row.values.items() if v is not None and n in columns}
    else:
        values = {"updated_at": row.values["updated_at"], "updated_by": row.values["updated_by"]}
        changed = _changed_since(row, table, start)
        for name, column in table.data.items():
            unheard = new is not None and name in new and row.values[name] is not None
            if unheard or (name if column.type == "map" else column.field) in changed:
                values[name] = row.values[name]
    return RowOut(row.table, row.id, row.sequence, False, to_wire(table, values, binary))


def _changed_since(row: Row, table: Table, start: int) -> set[str]:
    """The fields, and the maps with a key, that were set since. What has no mark was set at birth."""
    marks = row.merge.fields
    changed = {field.partition(".")[0] for field, mark in marks.items() if mark.sequence > start}
    if row.merge.birth.sequence > start:
        changed |= {c.field for c in table.data.values() if c.type != "map" and c.field not in marks}
    return changed
