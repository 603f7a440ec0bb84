"""Reading a replica's change log: captured edits as entries, pending transactions as what is pushed.

Each domain table has its own log with the values in their native types. A transaction is *open* until
the replica's cursor has passed its receipt.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Any

import msgspec

from .. import apply
from ..apply import Entry
from ..catalogue import SERVER, Catalogue, Column, Table
from ..messages import Change
from .replica_values import Conversion, reader

OPEN = (
    "(h.state in ('pending', 'sent') or h.state = 'acknowledged' "
    "and h.sequence > (select sequence from arxos_writing))"
)
_ENCODER = msgspec.json.Encoder()
_BESIDE = 7  # what is selected before the values
CASCADE = "cascade"  # in `changed` of a delete: it went with its parent, and is not sent


def kept(table: Table) -> list[Column]:
    return [c for c in table.columns.values() if c.rule == SERVER and c.name not in ("id", "origin")]


def written(table: Table) -> list[Column]:
    return [c for c in table.columns.values() if c.rule != SERVER or c.name == "origin"]


class _Columns(msgspec.Struct, frozen=True):
    """A log's columns: what is selected, and where each stands among it with what reads it."""

    names: str
    old: dict[str, tuple[int, Conversion | None]]
    new: dict[str, tuple[int, Conversion | None]]


def _columns(table: Table) -> _Columns:
    found = vars(table)
    if "_replica_log" not in found:
        old, new = [*kept(table), *written(table)], written(table)
        names = [*(f'l."old_{c.name}"' for c in old), *(f'l."new_{c.name}"' for c in new)]
        found["_replica_log"] = _Columns(
            ", ".join(names),
            {c.name: (at, reader(c)) for at, c in enumerate(old, _BESIDE)},
            {c.name: (at, reader(c)) for at, c in enumerate(new, _BESIDE + len(old))},
        )
    return found["_replica_log"]


def read(connection: Any, table: Table, condition: str, parameters: Any = ()) -> list[Entry]:
    """Entries of one table's log in order; `condition` speaks of `l`, the log, and `h`, its header."""
    columns = _columns(table)
    rows = connection.execute(
        f"""
        select l.transaction_key, l.place, l.id, l.op, l.changed, h.base, h.settled_after, {columns.names}
        from "arxos_log_{table.name}" l
        join arxos_change_log h on h.key = l.transaction_key
        where {condition}
        """,
        parameters,
    ).fetchall()
    rows.sort(key=itemgetter(0, 1))  # here: SQLite would carry every column through its sorter
    return [_entry(table.name, row, columns) for row in rows]


def _entry(table: str, row: tuple[Any, ...], columns: _Columns) -> Entry:
    """Of an update only the columns that changed are read: most of a log's columns are empty."""
    key, place, id, op, changed, base, settled_after = row[:_BESIDE]
    names = changed.split() if op == "update" else None
    return Entry(
        key=key,
        place=place,
        table=table,
        id=id,
        op=op,
        base=base,
        settled_after=settled_after,
        old={} if op == "insert" else _inner(columns.old, row, names),
        new={} if op == "delete" else _inner(columns.new, row, names),
    )


def _inner(
    columns: dict[str, tuple[int, Conversion | None]], row: tuple[Any, ...], names: list[str] | None
) -> dict[str, Any]:
    found = {}
    for name in columns if names is None else names:
        if name in columns:  # a file may know more than this program
            at, read = columns[name]
            value = row[at]
            found[name] = value if read is None or value is None else read(value)
    return found


def open_entries(connection: Any, table: Table, ids: Iterable[str]) -> dict[str, list[Entry]]:
    """The open entries of those rows, by id."""
    found: dict[str, list[Entry]] = {}
    wanted = json_list(ids)
    for entry in read(connection, table, f"{OPEN} and l.id in (select value from json_each(?))", (wanted,)):
        found.setdefault(entry.id, []).append(entry)
    return found


def touched(connection: Any, catalogue: Catalogue, scope: str, keys: Iterable[int]) -> set[tuple[str, str]]:
    """The rows that those transactions edit."""
    wanted = json_list(keys)
    if wanted == "[]":
        return set()
    return {
        (table, id)
        for table in catalogue.synced(scope)
        for (id,) in connection.execute(
            f"""
            select id from "arxos_log_{table}"
            where transaction_key in (select value from json_each(?))
            """,
            (wanted,),
        )
    }


def entries_of(connection: Any, catalogue: Catalogue, scope: str, keys: list[int]) -> dict[int, int]:
    """How many entries each of those transactions has; what they come to as changes is about as many."""
    found = dict.fromkeys(keys, 0)
    for table in catalogue.synced(scope):
        for key, count in connection.execute(
            f"""
            select transaction_key, count(*) from "arxos_log_{table}"
            where transaction_key in (select value from json_each(?)) group by transaction_key
            """,
            (json_list(keys),),
        ):
            found[key] += count
    return found


def assemble(connection: Any, catalogue: Catalogue, scope: str, keys: list[int]) -> dict[int, list[Change]]:
    """The changes of those transactions as they are pushed; the same each time."""
    found: dict[int, list[tuple[int, list[Change]]]] = {key: [] for key in keys}
    wanted = json_list(keys)
    for table in catalogue.synced(scope).values():
        rows: dict[str, list[Entry]] = {}
        condition = f"""l.id in (
              select id from "arxos_log_{table.name}"
              where transaction_key in (select value from json_each(:keys)))
            and l.changed is not '{CASCADE}'
            and h.key <= :last and (h.settled_after is null or h.settled_after >= :first)"""
        for entry in read(connection, table, condition, {"keys": wanted, "first": keys[0], "last": keys[-1]}):
            rows.setdefault(entry.id, []).append(entry)
        for entries in rows.values():
            base = apply.bases(table, entries)
            for entry in entries:
                if entry.key in found:
                    made = apply.changes(table, entry, base[entry.key, entry.place])
                    found[entry.key].append((entry.place, made))
    return {
        key: [change for _, made in sorted(parts, key=lambda p: p[0]) for change in made]
        for key, parts in found.items()
    }


def unsent_pairs(connection: Any, catalogue: Catalogue, scope: str) -> dict[str, list[str]]:
    """Per table, the rows that came and went before any of it was sent: nothing of them will be.

    The first entry of such a row is its insert: one that was here, deleted and inserted again is no such pair.
    """
    found = {
        table: connection.execute(
            f"""
            select d.id
            from "arxos_log_{table}" d
            where d.op = 'delete'
              and 'insert' = (
                select f.op from "arxos_log_{table}" f where f.id = d.id order by f.entry limit 1)
              and not exists (select 1 from "{table}" t where t.id = d.id)
              and not exists (
                select 1 from "arxos_log_{table}" o
                cross join arxos_change_log h on h.key = o.transaction_key
                where o.id = d.id and not (h.state = 'pending' and h.n is null))
              and not exists (
                select 1 from arxos_shadow s
                where s.table_name = '{table}' and s.id = d.id and s.column_name = '' and s.value = 1)
            """
        ).fetchall()
        for table in _with_unsent_deletes(connection, catalogue, scope)
    }
    return {table: [id for (id,) in rows] for table, rows in found.items() if rows}


def _with_unsent_deletes(connection: Any, catalogue: Catalogue, scope: str) -> list[str]:
    """The tables from which something was deleted that was never sent; asked in one statement."""
    if not connection.execute("select 1 from arxos_change_log where state = 'pending' and n is null").fetchone():
        return []
    parts = [
        f"""
        select '{table}' where exists (
          select 1 from "arxos_log_{table}" d
          cross join arxos_change_log h on h.key = d.transaction_key
          where d.op = 'delete' and h.state = 'pending' and h.n is null)"""
        for table in catalogue.synced(scope)
    ]
    return [table for (table,) in connection.execute(" union all ".join(parts))]


def waiting(connection: Any, catalogue: Catalogue, scope: str) -> tuple[int, str | None]:
    """How many transactions wait for a receipt, and the oldest's stamp. What cancels itself out does not wait."""
    pairs = unsent_pairs(connection, catalogue, scope)
    held = "".join(
        f'\n  or exists (select 1 from "arxos_log_{table}" where transaction_key = key{_beyond(pairs, table)})'
        for table in catalogue.synced(scope)
    )
    found = connection.execute(
        f"""
        select count(*), min(stamp) from arxos_change_log
        where state in ('pending', 'sent') and (n is not null{held})
        """,
        {table: json_list(ids) for table, ids in pairs.items()},
    ).fetchone()
    return found[0], found[1]


def _beyond(pairs: dict[str, list[str]], table: str) -> str:
    return f" and id not in (select value from json_each(:{table}))" if table in pairs else ""


def cancel_unsent_pairs(connection: Any, catalogue: Catalogue, scope: str) -> None:
    """Right before sending: `unsent_pairs` leave the log, and so do transactions left empty. Until then the
    person may undo them.
    """
    for table, ids in unsent_pairs(connection, catalogue, scope).items():
        connection.execute(
            f'delete from "arxos_log_{table}" where id in (select value from json_each(?))', (json_list(ids),)
        )
    logs = "".join(
        f'\n  and not exists (select 1 from "arxos_log_{t}" where transaction_key = key)'
        for t in catalogue.synced(scope)
    )
    connection.execute(
        f"update arxos_change_log set state = 'discarded', settled_after = key "
        f"where state = 'pending' and n is null{logs}"
    )


def json_list(values: Iterable[Any]) -> str:
    return _ENCODER.encode(list(values)).decode()
