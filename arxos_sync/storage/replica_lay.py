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
from ..apply import Entry, Row
from ..catalogue import Column, Table
from ..messages import RowOut
from . import replica_log, replica_write
from .replica_rows import Held, Key, by_table, held, names_of, server_keys
from .replica_values import natives, to_native

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
    empty = {name: _empty(table) for name, table in replica.tables.items()} if whole or complete else {}
    for row in rows:
        if row.table in replica.tables:
            values, key = None, (row.table, row.id)
            if not row.deleted:
                values = change.from_row_out(replica.catalogue, row.table, row.set or {})
                values.pop("id", None)
                if row.table in empty:
                    values = empty[row.table] | values
                elif key in found:
                    values = (found[key][1] or {}) | values
            found[key] = (row.sequence, values)
    if whole:
        for table in replica.tables:
            for id, _ in server_keys(replica, table):
                found.setdefault((table, id), (0, None))
    return found


def _empty(table: Table) -> Row:
    return dict.fromkeys(name for name in table.columns if name not in _KEYS)


def lay(
    replica: Replica,
    incoming: Incoming,
    *,
    head: int | None = None,
    settle: Iterable[int] = (),
    settle_as: str = "rejected",
    done: Applied | None = None,
) -> Applied:
    """Put server rows under open edits, and take settled edits off. The heart of applying."""
    done, settle = done or Applied(), [*settle]
    passed = [
        key
        for (key,) in replica.connection.execute(
            "select key from arxos_change_log where state = 'acknowledged' and sequence > ? and sequence <= ?",
            (replica.sequence, head if head is not None else replica.sequence),
        )
    ]
    others, own = _touched(replica, settle), _touched(replica, passed)
    mine = _only_passed(replica, incoming, own - others, set(passed))
    edited = others | own | _under_edits(replica, incoming)
    before = {name: held(replica, replica.tables[name], ids) for name, ids in by_table(edited - mine)}
    settle_all(replica, settle, settle_as)
    if head is not None:
        replica.connection.execute("update arxos_writing set sequence = ?", (head,))
    _lay_clean(replica, {key: value for key, value in incoming.items() if key in mine or key not in edited}, mine)
    for name, some in before.items():
        closed = {*passed, *settle}
        rest = {id: [e for e in entries if e.key not in closed] for id, entries in some.entries.items()}
        _lay_edited(replica, replica.tables[name], some, rest, incoming)
    gone = sum(values is None for _, values in incoming.values())
    return msgspec.structs.replace(done, rows=done.rows + len(incoming) - gone, deleted=done.deleted + gone)


def lay_again(replica: Replica, server: dict[Key, Row | None]) -> None:
    """Edits of those rows are open again: put them over what the server holds."""
    for name, ids in by_table(server):
        some = held(replica, replica.tables[name], ids)
        some = msgspec.structs.replace(some, server={id: server[name, id] for id in ids})
        _lay_edited(replica, replica.tables[name], some, some.entries, {})


def settle_all(replica: Replica, keys: list[int], state: str) -> None:
    if keys:
        replica.connection.execute(
            """
            update arxos_change_log set state = ?, settled_after = (select max(key) from arxos_change_log)
            where key in (select value from json_each(?))
            """,
            (state, replica_log.json_list(keys)),
        )


def _touched(replica: Replica, keys: list[int]) -> set[Key]:
    return replica_log.touched(replica.connection, replica.catalogue, replica.kind, keys)


def _under_edits(replica: Replica, incoming: dict[Key, Any]) -> set[Key]:
    if not replica.one(f"select exists (select 1 from arxos_change_log h where {replica_log.OPEN})"):
        return set()
    return {
        (table, id)
        for table, ids in by_table(incoming)
        for (id,) in replica.connection.execute(
            f"""
            select distinct l.id from "arxos_log_{table}" l
            join arxos_change_log h on h.key = l.transaction_key
            where l.id in (select value from json_each(?)) and {replica_log.OPEN}
            """,
            (replica_log.json_list(ids),),
        )
    }


def _only_passed(replica: Replica, incoming: Incoming, own: set[Key], passed: set[int]) -> set[Key]:
    """Of one's own rows those that this answer settles, with all of their edits, by telling every column edited.

    No pull has touched them since they were edited, or they would have a shadow: whatever else the server holds of
    them and was not heard before has changed since, and is told too. So they are written as rows that nobody edited.
    What a device inserted is told without what is empty.
    """
    found: set[Key] = set()
    for table, ids in by_table(key for key in own if incoming.get(key, (0, None))[1] is not None):
        edits, born = _edits_of(replica, table, ids, passed)
        for id, columns in edits.items():
            sequence, values = incoming[table, id]
            assert values is not None, "deleted rows were left out"
            if id in born:
                incoming[table, id] = (sequence, _empty(replica.tables[table]) | values)
            if id in born or columns <= values.keys():
                found.add((table, id))
    return found


def _edits_of(
    replica: Replica, table: str, ids: list[str], passed: set[int]
) -> tuple[dict[str, set[str]], set[str]]:
    """The columns that those transactions edited of each row, and the rows they inserted.

    Left out is what they deleted, what others edit too, and what has a shadow.
    """
    wanted = replica_log.json_list(ids)
    entries = replica.connection.execute(
        f"""
        select l.id, l.op, l.changed, l.transaction_key from "arxos_log_{table}" l
        join arxos_change_log h on h.key = l.transaction_key
        where l.id in (select value from json_each(?)) and {replica_log.OPEN}
        """,
        (wanted,),
    ).fetchall()
    shaded = replica.connection.execute(
        """
        select id from arxos_shadow
        where table_name = ? and column_name = '' and id in (select value from json_each(?))
        """,
        (table, wanted),
    )
    left = {id for (id,) in shaded} | {id for id, op, _, key in entries if op == "delete" or key not in passed}
    columns: dict[str, set[str]] = {}
    for id, _, changed, _ in entries:
        if id not in left:
            columns.setdefault(id, set()).update((changed or "").split())
    return columns, {id for id, op, _, _ in entries if op == "insert" and id in columns}


def _lay_clean(replica: Replica, incoming: Incoming, mine: set[Key]) -> None:
    """`mine`: rows that mostly stand here as they are told, since they were edited here."""
    for name, ids in by_table(incoming):
        table = replica.tables[name]
        before = dict(
            replica.connection.execute(
                f'select id, sequence from "{name}" where id in (select value from json_each(?))',
                (replica_log.json_list(ids),),
            )
        )
        rows = {}
        for id in ids:
            sequence, values = incoming[name, id]
            if values is not None:
                rows[id] = row = natives(table, values)
                row["sequence"] = sequence
        _leave_out_what_stands(replica, table, {id: rows[id] for id in rows if (name, id) in mine})
        replica_write.write(
            replica,
            table,
            updates=[(id, rows[id]) for id in rows if id in before],
            inserts=[(id, rows[id]) for id in rows if id not in before],
            gone=[id for id in before if id not in rows],
        )
        _count(replica, name, [(id, before.get(id), incoming[name, id][0] if id in rows else None) for id in ids])


def _leave_out_what_stands(replica: Replica, table: Table, rows: dict[str, dict[str, Any]]) -> None:
    """Take out of rows about to be written what is there already, so that indexes rest."""
    told = set().union(*rows.values()) if rows else set()
    names = [name for name in table.columns if name in told]
    if not names:
        return
    found = replica.connection.execute(
        f'select id, {names_of(names)} from "{table.name}" where id in (select value from json_each(?))',
        (replica_log.json_list(rows),),
    )
    for id, *values in found:
        row = rows[id]
        for name, value in zip(names, values, strict=True):
            if name in row and row[name] == value and type(row[name]) is type(value):
                del row[name]


def _lay_edited(
    replica: Replica, table: Table, before: Held, rest: dict[str, list[Entry]], incoming: Incoming
) -> None:
    """`rest`: the entries that are still open, by id."""
    rows, updates, inserts, gone, shades, moves = before.shown, [], [], [], {}, []
    for id, was in before.server.items():
        now, entries = was, rest.get(id, [])
        if (table.name, id) in incoming:
            sequence, values = incoming[table.name, id]
            now = None if values is None else (was or {}) | values | {"sequence": sequence}
        moves.append((id, was and was.get("sequence"), now and now.get("sequence")))
        shown = apply.shown_row(table, now, entries, rows.get(id))
        if shown is None:
            gone += [id] if id in rows else []
        elif id in rows:
            updates.append((id, natives(table, _differing(table, shown, rows[id]))))
        else:
            inserts.append((id, natives(table, {n: v for n, v in shown.items() if v is not None and n != "id"})))
        if entries and not _follows(table, now, shown, entries):
            shades[id] = now
    replica_write.write(replica, table, updates=updates, inserts=inserts, gone=gone)
    _shade(replica, table, before.shaded, shades)
    _count(replica, table.name, moves)


def _follows(table: Table, server: Row | None, shown: Row | None, entries: list[Entry]) -> bool:
    """Whether what is shown and the open entries tell what the server holds, bit for bit: then nothing need keep it."""
    told = apply.server_row(shown, entries)
    if told is None or server is None:
        return told is server
    return not any(_differs(c, server.get(n), told.get(n)) for n, c in table.columns.items() if n != "id")


def _differing(table: Table, row: Row, shown: Row) -> Row:
    """Of a row that is shown already only what differs is written, so that its indexes rest."""
    return {n: row.get(n) for n, before in shown.items() if _differs(table.columns[n], row.get(n), before)}


def _differs(column: Column, now: Any, before: Any) -> bool:
    if now is before:
        return False
    if type(now) is not type(before):
        return True
    if isinstance(now, (dict, list)):  # as text, where true is not 1
        return to_native(column, now) != to_native(column, before)
    return now != before


def _shade(replica: Replica, table: Table, shaded: frozenset[str], rows: dict[str, Row | None]) -> None:
    """Keep what the server holds of these rows beside them, and of no others that were kept so."""
    if shaded:
        replica.connection.execute(
            "delete from arxos_shadow where table_name = ? and id in (select value from json_each(?))",
            (table.name, replica_log.json_list(shaded)),
        )
    kept = []
    for id, row in rows.items():
        kept.append((table.name, id, "", int(row is not None)))
        kept += [(table.name, id, n, v) for n, v in natives(table, row or {}).items() if v is not None]
    replica.connection.executemany(
        "insert into arxos_shadow (table_name, id, column_name, value) values (?, ?, ?, ?)", kept
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
