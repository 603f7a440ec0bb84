"""Rows of a replica: as they are shown, and as the server holds them under open edits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from .. import apply
from ..apply import Entry, Row
from ..catalogue import Table
from . import replica_log
from .replica_values import reader, to_inner

if TYPE_CHECKING:
    from .spatialite import Replica

Key = tuple[str, str]


class Held(msgspec.Struct, frozen=True):
    """Rows of one table by id: as they are shown, their open entries, and what the server holds."""

    shown: dict[str, Row]
    entries: dict[str, list[Entry]]
    server: dict[str, Row | None]
    shaded: frozenset[str]  # whose `server` is kept in arxos_shadow


def shown_rows(replica: Replica, table: Table, ids: Iterable[str]) -> dict[str, Row]:
    names = [name for name in table.columns if name != "id"]
    found = replica.connection.execute(
        f'select id, {names_of(names)} from "{table.name}" where id in (select value from json_each(?))',
        (replica_log.json_list(ids),),
    )
    readers = [(name, read) for name in names if (read := reader(table.columns[name]))]
    rows = {}
    for id, *values in found:
        rows[id] = row = dict(zip(names, values, strict=True))
        for name, read in readers:
            if row[name] is not None:
                row[name] = read(row[name])
    return rows


def held(replica: Replica, table: Table, ids: list[str]) -> Held:
    shown = shown_rows(replica, table, ids)
    entries = replica_log.open_entries(replica.connection, table, ids)
    shadows = _shadows(replica, table, ids)
    server = {id: apply.server_row(shown.get(id), entries.get(id, [])) for id in ids if id not in shadows}
    return Held(shown, entries, server | shadows, frozenset(shadows))


def server_rows(replica: Replica, keys: set[Key]) -> dict[Key, Row | None]:
    return {
        (table, id): row
        for table, ids in by_table(keys)
        for id, row in held(replica, replica.tables[table], ids).server.items()
    }


def _shadows(replica: Replica, table: Table, ids: Iterable[str]) -> dict[str, Row | None]:
    rows = replica.connection.execute(
        """
        select id, column_name, value from arxos_shadow
        where table_name = ? and id in (select value from json_each(?))
        """,
        (table.name, replica_log.json_list(ids)),
    ).fetchall()
    found: dict[str, Row | None] = {
        id: {} if value else None for id, name, value in rows if name == ""
    }
    for id, name, value in rows:
        if name and found[id] is not None and name in table.columns:
            found[id][name] = to_inner(table.columns[name], value)  # type: ignore[index]
    return found


def server_keys(replica: Replica, table: str) -> Iterator[tuple[str, int]]:
    """(id, sequence) of every row of the table that the server holds, as far as heard."""
    edited = {
        id
        for (id,) in replica.connection.execute(
            f"""
            select distinct l.id from "arxos_log_{table}" l
            join arxos_change_log h on h.key = l.transaction_key where {replica_log.OPEN}
            """
        )
    }
    for id, sequence in replica.connection.execute(
        f'select id, sequence from "{table}" where sequence is not null'
    ).fetchall():
        if id not in edited:
            yield id, sequence
    for (_, id), row in server_rows(replica, {(table, id) for id in edited}).items():
        if row is not None and row.get("sequence"):
            yield id, row["sequence"]


def names_of(columns: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def marks_of(columns: list[str]) -> str:
    return ", ".join("?" * len(columns))


def by_table(keys: Iterable[Key]) -> list[tuple[str, list[str]]]:
    """The ids of each table, in order."""
    found: dict[str, list[str]] = {}
    for table, id in keys:
        found.setdefault(table, []).append(id)
    return [(table, sorted(ids)) for table, ids in sorted(found.items())]
