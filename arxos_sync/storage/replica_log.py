"""Reading a replica's change log: captured edits as entries, pending transactions as what is pushed.

Each domain table has its own log with the values in their native types. A transaction is *open* until
the replica's cursor has passed its receipt.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from .. import apply
from ..apply import Entry
from ..catalogue import SERVER, Catalogue, Column, Table
from ..messages import Change
from .replica_values import to_inner

OPEN = (
    "(h.state in ('pending', 'sent') or h.state = 'acknowledged' "
    "and h.sequence > (select sequence from arxos_writing))"
)


def kept(table: Table) -> list[Column]:
    return [c for c in table.columns.values() if c.rule == SERVER and c.name not in ("id", "origin")]


def written(table: Table) -> list[Column]:
    return [c for c in table.columns.values() if c.rule != SERVER or c.name == "origin"]


def read(connection: Any, table: Table, condition: str, parameters: Any = ()) -> list[Entry]:
    """Entries of one table's log in order; `condition` speaks of `l`, the log, and `h`, its header."""
    old, new = [*kept(table), *written(table)], written(table)
    names = ", ".join([*(f'l."old_{c.name}"' for c in old), *(f'l."new_{c.name}"' for c in new)])
    rows = connection.execute(
        f"""
        select l.transaction_key, l.place, l.id, l.op, l.changed, h.base, h.settled_after, {names}
        from "arxos_log_{table.name}" l
        join arxos_change_log h on h.key = l.transaction_key
        where {condition}
        order by l.transaction_key, l.place
        """,
        parameters,
    )
    return [_entry(table, row, old, new) for row in rows]


def _entry(table: Table, row: tuple[Any, ...], old: list[Column], new: list[Column]) -> Entry:
    key, place, id, op, changed, base, settled_after = row[:7]
    was = dict(zip((c.name for c in old), row[7 : 7 + len(old)], strict=True))
    now = dict(zip((c.name for c in new), row[7 + len(old) :], strict=True))
    if op == "update":
        names = changed.split()
        was, now = {n: was[n] for n in names}, {n: now[n] for n in names}
    columns = table.columns
    return Entry(
        key=key,
        place=place,
        table=table.name,
        id=id,
        op=op,
        base=base,
        settled_after=settled_after,
        old={n: to_inner(columns[n], v) for n, v in was.items()} if op != "insert" else {},
        new={n: to_inner(columns[n], v) for n, v in now.items()} if op != "delete" else {},
    )


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


def assemble(connection: Any, catalogue: Catalogue, scope: str, keys: list[int]) -> dict[int, list[Change]]:
    """The changes of those transactions as they are pushed; the same each time."""
    found: dict[int, list[tuple[int, list[Change]]]] = {key: [] for key in keys}
    wanted = json_list(keys)
    for table in catalogue.synced(scope).values():
        rows: dict[str, list[Entry]] = {}
        condition = f"""l.id in (
              select id from "arxos_log_{table.name}"
              where transaction_key in (select value from json_each(:keys)))
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


def cancel_unsent_pairs(connection: Any, catalogue: Catalogue, scope: str) -> None:
    """A row that came and went before any of it was sent leaves the log; so do transactions left empty.

    Its first entry must be the insert: a row that was here, deleted and inserted again is no such pair.
    """
    for table in catalogue.synced(scope):
        connection.execute(
            f"""
            delete from "arxos_log_{table}" where id in (
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
                  where s.table_name = '{table}' and s.id = d.id and s.column_name = '' and s.value = 1))
            """
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
    return json.dumps(list(values))
