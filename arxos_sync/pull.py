"""What a replica is told since its cursor (PROTOCOL.md §3, Pull).

Rows come in order of sequence, each with the fields changed since the cursor's start; whole where the row was
born or revived since. `pull` reads through one reader, so rows, head and digest are of one moment.
"""

from __future__ import annotations

from typing import Any

import msgspec

from . import digest, limits
from .catalogue import Catalogue
from .change import to_wire
from .messages import Cursor, RowOut, read_cursor, write_cursor
from .rules import mark_of
from .store import Row, ScopeReader


class Wish(msgspec.Struct, frozen=True):
    """What a scope's pull asks for. `binary`: geometries as bytes (msgpack), else hex."""

    cursor: str | None
    schema: int
    rows_max: int | None = None
    rows: bool = False
    verify: bool = False
    binary: bool = False


class Pulled(msgspec.Struct, frozen=True):
    """`state` is ok, diverged or snapshot; only ok has rows and a cursor."""

    state: str
    rows: list[RowOut]
    more: bool
    cursor: str | None
    head: int
    salt: str
    digest: dict[str, str] | None


def check_cursor(reader: ScopeReader, epoch: str, text: str | None) -> Cursor | None | str:
    """The cursor; None for none; "diverged" where this server does not know the place it names."""
    if text is None:
        return None
    cursor = read_cursor(text)
    if cursor is None or cursor.epoch != epoch:
        return "diverged"
    place = cursor.sequence if not cursor.paging else (cursor.began or 0)
    return cursor if reader.salt(place) == cursor.salt else "diverged"


def pull(reader: ScopeReader, catalogue: Catalogue, epoch: str, wish: Wish) -> Pulled:
    cursor = check_cursor(reader, epoch, wish.cursor)
    head = reader.head()
    if isinstance(cursor, str):
        return Pulled(cursor, [], False, None, head.sequence, head.salt, None)
    if cursor is None and not wish.rows:
        many = limits.SNAPSHOT_INSTEAD_OF_ROWS
        if reader.count_changed(0, many) >= many:
            return Pulled("snapshot", [], False, None, head.sequence, head.salt, None)
    cursor = cursor or Cursor(epoch, catalogue.schema, 0, "", None, head.sequence, None, True)
    if not cursor.paging:
        cursor = msgspec.structs.replace(cursor, start=cursor.sequence, began=head.sequence)
    if cursor.start == head.sequence and not wish.verify:
        return Pulled("ok", [], False, _settled(epoch, catalogue, head), head.sequence, head.salt, None)
    limit = min(wish.rows_max or limits.ROWS_PER_PAGE, limits.ROWS_PER_PAGE_MAX)
    rows = _page(reader, cursor, limit + 1)
    more, rows = len(rows) > limit, rows[:limit]
    out = [row_out(catalogue, row, cursor.start, wish.binary) for row in rows]
    if more:
        last = rows[-1]
        salt = cursor.salt if cursor.paging and cursor.place else (reader.salt(cursor.began or 0) or "")
        following = Cursor(
            epoch, catalogue.schema, last.sequence, salt, cursor.start, cursor.began, last.key, True
        )
        return Pulled("ok", out, True, write_cursor(following), head.sequence, head.salt, None)
    told = {table: digest.to_hex(total) for table, total in reader.digests().items()}
    return Pulled("ok", out, False, _settled(epoch, catalogue, head), head.sequence, head.salt, told)


def _page(reader: ScopeReader, cursor: Cursor, limit: int) -> list[Row]:
    tombstones_after = (cursor.began or 0) if cursor.start is None else cursor.start
    if cursor.start is not None and cursor.sequence == reader.head().sequence and cursor.place is None:
        return []
    return reader.changed(cursor.sequence, cursor.place, tombstones_after, limit)


def _settled(epoch: str, catalogue: Catalogue, head: Any) -> str:
    return write_cursor(Cursor(epoch, catalogue.schema, head.sequence, head.salt))


def settled_cursor(reader: ScopeReader, catalogue: Catalogue, epoch: str) -> str:
    """A cursor that stands at the head."""
    return _settled(epoch, catalogue, reader.head())


def row_out(catalogue: Catalogue, row: Row, start: int | None, binary: bool) -> RowOut:
    """A row as a pull from `start` tells it (None: whole)."""
    if row.deleted is not None:
        return RowOut(row.table, row.id, row.sequence, True)
    table = catalogue.tables[row.table]
    if start is None or row.born > start:
        revived = row.merge.birth.sequence != row.born  # a replica may hold it as it was
        told = {n: v for n, v in row.values.items() if revived or v is not None}
    else:
        told = {"updated_at": row.values["updated_at"], "updated_by": row.values["updated_by"]}
        for column in table.data.values():
            if _changed_since(row, column.name, column.field, column.type, start):
                told[column.name] = row.values[column.name]
    return RowOut(row.table, row.id, row.sequence, False, to_wire(table, told, binary))


def _changed_since(row: Row, name: str, field: str, type: str, start: int) -> bool:
    if type == "map":
        prefix = f"{name}."
        return any(m.sequence > start for f, m in row.merge.fields.items() if f.startswith(prefix))
    return mark_of(row, field).sequence > start
