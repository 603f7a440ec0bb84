"""Laying server rows under open edits: the heart of applying.

Rows without an open edit are written set by set; a row with one is worked out by `apply`, and what the server
holds of it is kept in arxos_shadow. The digest of each table moves along. All within the caller's
transaction, with capture off.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from .. import apply, change, digest
from ..catalogue import Column, Table
from ..messages import RowOut
from . import replica_log
from .replica_rows import Key, by_table, marks_of, names_of, server_keys, server_rows, shown_rows
from .replica_values import to_native

if TYPE_CHECKING:
    from .spatialite import Replica

_KEYS = ("id", "sequence")
Incoming = dict[Key, tuple[int, dict[str, Any] | None]]


class Applied(msgspec.Struct, frozen=True):
    """What an answer did here."""

    rows: int = 0
    deleted: int = 0
    receipts: int = 0
    rejected: int = 0
    conflicts: int = 0
    suspect: tuple[str, ...] = ()  # tables whose digest differs from the server's


def incoming(replica: Replica, rows: Iterable[RowOut], whole: bool, complete: bool = False) -> Incoming:
    """Per row its sequence and values, None for a deleted one. Tables this catalogue lacks stay out.

    `whole`: all that is not among them is gone. `complete`: what a row does not name is empty there.
    """
    found: Incoming = {}
    for row in rows:
        if row.table in replica.tables:
            values = None
            if not row.deleted:
                values = change.from_row_out(replica.catalogue, row.table, row.set or {})
                values.pop("id", None)
                former = found.get((row.table, row.id), (0, None))[1] or {}
                if whole or complete:
                    former = dict.fromkeys(n for n in replica.tables[row.table].columns if n not in _KEYS)
                values = former | values
            found[row.table, row.id] = (row.sequence, values)
    if whole:
        for table in replica.tables:
            for id, _ in server_keys(replica, table):
                found.setdefault((table, id), (0, None))
    return found


def lay(
    replica: Replica,
    incoming: Incoming,
    *,
    head: int | None = None,
    settle: Iterable[int] = (),
    settle_as: str = "rejected",
    also: Iterable[int] = (),
    done: Applied | None = None,
) -> Applied:
    """Put server rows under open edits, and take settled edits off. The heart of applying."""
    done, settle = done or Applied(), list(settle)
    passed = replica.connection.execute(
        "select key from arxos_change_log where state = 'acknowledged' and sequence > ? and sequence <= ?",
        (replica.sequence, head if head is not None else replica.sequence),
    ).fetchall()
    edited = replica_log.touched(
        replica.connection, replica.catalogue, replica.kind, [*(k for (k,) in passed), *settle, *also]
    )
    edited |= _under_edits(replica, incoming)
    server = server_rows(replica, edited)
    settle_all(replica, settle, settle_as)
    if head is not None:
        replica.connection.execute("update arxos_writing set sequence = ?", (head,))
    clean = {key: value for key, value in incoming.items() if key not in edited}
    _lay_clean(replica, clean)
    _lay_edited(replica, edited, server, incoming)
    gone = sum(values is None for _, values in incoming.values())
    return msgspec.structs.replace(done, rows=done.rows + len(incoming) - gone, deleted=done.deleted + gone)


def lay_again(replica: Replica, server: dict[Key, dict[str, Any] | None]) -> None:
    """Edits of those rows are open again: put them over what the server holds."""
    _lay_edited(replica, set(server), server, {})


def settle_all(replica: Replica, keys: list[int], state: str) -> None:
    replica.connection.execute(
        """
        update arxos_change_log set state = ?, settled_after = (select max(key) from arxos_change_log)
        where key in (select value from json_each(?))
        """,
        (state, replica_log.json_list(keys)),
    )


def _under_edits(replica: Replica, incoming: dict[Key, Any]) -> set[Key]:
    found: set[Key] = set()
    for table, ids in by_table(incoming):
        rows = replica.connection.execute(
            f"""
            select distinct l.id from "arxos_log_{table}" l
            join arxos_change_log h on h.key = l.transaction_key
            where {replica_log.OPEN}
            """
        )
        found |= {(table, id) for (id,) in rows} & {(table, id) for id in ids}
    return found


def _lay_clean(replica: Replica, incoming: Incoming) -> None:
    for name, ids in by_table(incoming):
        table = replica.tables[name]
        before = dict(
            replica.connection.execute(
                f'select id, sequence from "{name}" where id in (select value from json_each(?))',
                (replica_log.json_list(ids),),
            )
        )
        shapes: dict[tuple[str, ...], list[list[Any]]] = {}
        gone, moves = [], []
        for id in ids:
            sequence, values = incoming[name, id]
            moves.append((id, before.get(id), None if values is None else sequence))
            if values is None:
                gone.append((id,))
                continue
            values = values | {"sequence": sequence}
            natives = [id, *(to_native(table.columns[n], v) for n, v in values.items())]
            shapes.setdefault(("id", *values), []).append(natives)
        for names, rows in shapes.items():
            _upsert(replica, name, list(names), rows)
        replica.connection.executemany(f'delete from "{name}" where id = ?', gone)
        _count(replica, name, moves)


def _upsert(replica: Replica, table: str, names: list[str], rows: list[list[Any]]) -> None:
    sets = ", ".join(f'"{n}" = excluded."{n}"' for n in names if n != "id")
    replica.connection.executemany(
        f"""
        insert into "{table}" ({names_of(names)}) values ({marks_of(names)})
        on conflict (id) do update set {sets}
        """,
        rows,
    )


def _lay_edited(replica: Replica, edited: set[Key], server: dict[Key, Any], incoming: dict[Key, Any]) -> None:
    for name, ids in by_table(edited):
        table = replica.tables[name]
        entries = replica_log.open_entries(replica.connection, table, ids)
        shown = shown_rows(replica, table, ids)
        moves = []
        for id in ids:
            before = now = server[name, id]
            if (name, id) in incoming:
                sequence, values = incoming[name, id]
                now = None if values is None else (before or {}) | values | {"sequence": sequence}
            moves.append((id, before and before.get("sequence"), now and now.get("sequence")))
            rest = entries.get(id, [])
            _show(replica, table, id, apply.shown_row(table, now, rest, shown.get(id)), shown.get(id))
            _shade(replica, table, id, now, bool(rest))
        _count(replica, name, moves)


def _show(replica: Replica, table: Table, id: str, row: dict[str, Any] | None, shown: dict[str, Any] | None) -> None:
    """Of a row that is shown already only what differs is written, so that its indexes rest."""
    if row is None:
        replica.connection.execute(f'delete from "{table.name}" where id = ?', (id,))
        return
    names = [n for n in table.columns if n != "id" and (shown is None or _differs(table.columns[n], row, shown))]
    natives = [to_native(table.columns[n], row.get(n)) for n in names]
    if shown is None:
        _upsert(replica, table.name, ["id", *names], [[id, *natives]])
    elif names:
        sets = ", ".join(f'"{n}" = ?' for n in names)
        replica.connection.execute(f'update "{table.name}" set {sets} where id = ?', [*natives, id])


def _differs(column: Column, row: dict[str, Any], shown: dict[str, Any]) -> bool:
    now, before = row.get(column.name), shown[column.name]
    if now is before:
        return False
    if type(now) is not type(before):
        return True
    if isinstance(now, (dict, list)):  # as text, where true is not 1
        return to_native(column, now) != to_native(column, before)
    return now != before


def _shade(replica: Replica, table: Table, id: str, row: dict[str, Any] | None, wanted: bool) -> None:
    replica.connection.execute("delete from arxos_shadow where table_name = ? and id = ?", (table.name, id))
    if not wanted:
        return
    values = {} if row is None else {n: v for n, v in row.items() if v is not None}
    natives = [(table.name, id, n, to_native(table.columns[n], v)) for n, v in values.items()]
    replica.connection.executemany(
        "insert into arxos_shadow (table_name, id, column_name, value) values (?, ?, ?, ?)",
        [(table.name, id, "", int(row is not None)), *natives],
    )


def _count(replica: Replica, table: str, moves: list[tuple[str, int | None, int | None]]) -> None:
    """Keep the table's digest: per row, its sequence on the server before and now."""
    change_by = 0
    for id, before, now in moves:
        change_by -= digest.row_hash(table, id, before) if before else 0
        change_by += digest.row_hash(table, id, now) if now else 0
    if change_by:
        total = int(replica.one("select sum from arxos_digest where table_name = ?", table) or "0", 16)
        replica.connection.execute(
            """
            insert into arxos_digest (table_name, sum) values (?, ?)
            on conflict (table_name) do update set sum = excluded.sum
            """,
            (table, digest.to_hex(total + change_by)),
        )
