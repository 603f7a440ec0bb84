"""Writing a person's edits into a replica's tables. The triggers of the file write the log.

What a change may hold is checked as the server will, so that little is rejected later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import apply, change, stamp
from ..catalogue import SERVER, Column, Table
from ..messages import Change
from ..problems import Refused
from . import replica_log
from .replica_rows import marks_of, names_of
from .replica_values import to_native

if TYPE_CHECKING:
    from .spatialite import Replica


def record_one(replica: Replica, changes: list[Change], now_ms: int, reason: str | None) -> int:
    ms, counter = replica.connection.execute("select ms, counter from arxos_writing").fetchone()
    mark = stamp.following(stamp.form(ms, counter, replica.device) if ms else None, now_ms, replica.device)
    key = replica.connection.execute(
        "insert into arxos_change_log (stamp, base, reason) values (?, ?, ?)",
        (mark, replica.sequence, reason),
    ).lastrowid
    replica.connection.execute(
        "update arxos_writing set transaction_key = ?, ms = ?, counter = ?",
        (key, stamp.milliseconds(mark), stamp.counter(mark)),
    )
    for index, one in enumerate(changes):
        try:
            _write(replica, one)
        except Refused as refused:
            raise refused.at(index) from None
    replica.connection.execute("update arxos_writing set transaction_key = null")
    return key


def _write(replica: Replica, one: Change) -> None:
    table = replica.table(one.table)
    if getattr(table, one.op if one.op in ("insert", "update", "delete") else "insert") == SERVER:
        raise Refused("forbidden", f"only the server writes this to {table.name}")
    match one.op:
        case "insert":
            _insert(replica, table, one)
        case "update":
            _update(replica, table, one)
        case _:
            if not replica.connection.execute(f'delete from "{table.name}" where id = ?', (one.id,)).rowcount:
                raise Refused("row_unknown", f"{table.name} {one.id}")
            _hide_children(replica, table, one.id)


def _insert(replica: Replica, table: Table, one: Change) -> None:
    values = _checked(replica, table, "insert", one.set or {})
    for column in table.columns.values():
        if column.required and values.get(column.name) is None:
            raise Refused("invalid_value", f"{column.name} is required", field=column.name)
    if not change.is_uuid(one.id):
        raise Refused("invalid_value", "the id is not a lower-case UUID", field="id")
    if replica.one(f'select 1 from "{table.name}" where id = ?', one.id):
        raise Refused("id_taken", f"{table.name} {one.id} is there already")
    names = ["id", *values]
    natives = [one.id, *(to_native(table.columns[n], v) for n, v in values.items())]
    replica.connection.execute(
        f'insert into "{table.name}" ({names_of(names)}) values ({marks_of(names)})', natives
    )


def _update(replica: Replica, table: Table, one: Change) -> None:
    deltas = _checked(replica, table, "update", one.set or {})
    row = replica.row(table.name, one.id)
    if row is None:
        raise Refused("row_unknown", f"{table.name} {one.id}")
    for name in deltas:
        if table.columns[name].rule == "append":
            raise Refused("append_only", f"{table.name}.{name}", field=name)
    values = {n: apply.with_delta(table.columns[n], row.get(n), d) for n, d in deltas.items()}
    sets = ", ".join(f'"{n}" = ?' for n in values)
    natives = [to_native(table.columns[n], v) for n, v in values.items()]
    replica.connection.execute(f'update "{table.name}" set {sets} where id = ?', [*natives, one.id])


def _hide_children(replica: Replica, table: Table, id: str) -> None:
    """What the server will delete along with a row leaves the screen at once.

    It is logged in the same transaction as CASCADE and never sent: the server decides how far the delete reaches.
    When it is refused, undone or kept by a conflict, the children show again as any edited row does.
    """
    doomed = [(table.name, [id])]
    for parent, ids in doomed:  # grows while it is walked
        for child in replica.tables.values():
            wanted = [_hangs_on(column, parent) for column in child.columns.values() if column.on_delete == "cascade"]
            condition = " or ".join(filter(None, wanted))
            if not condition:
                continue
            given = {"ids": replica_log.json_list(ids), "parent": parent}
            found = replica.connection.execute(f'select id from "{child.name}" where {condition}', given).fetchall()
            if found:
                _hide(replica, child.name, [id for (id,) in found])
                doomed.append((child.name, [id for (id,) in found]))


def _hangs_on(column: Column, parent: str) -> str | None:
    if column.references not in (parent, "*"):
        return None
    named = f' and "{column.pair}" = :parent' if column.references == "*" else ""
    return f'("{column.name}" in (select value from json_each(:ids)){named})'


def _hide(replica: Replica, table: str, ids: list[str]) -> None:
    wanted = replica_log.json_list(ids)
    replica.connection.execute(f'delete from "{table}" where id in (select value from json_each(?))', (wanted,))
    replica.connection.execute(
        f"""
        update "arxos_log_{table}" set changed = ?
        where op = 'delete' and id in (select value from json_each(?))
          and transaction_key = (select transaction_key from arxos_writing)
        """,
        (replica_log.CASCADE, wanted),
    )


def _checked(replica: Replica, table: Table, op: str, given: dict[str, Any]) -> dict[str, Any]:
    checked = {}
    for name, value in given.items():
        column = table.columns.get(name)
        if column is None:
            raise Refused("unknown_column", f"{table.name}.{name}", field=name)
        if column.rule == SERVER and not (name == "origin" and op == "insert"):
            raise Refused("server_column", f"{table.name}.{name}", field=name)
        checked[name] = change.read_value(column, op, value)
    if not checked and op == "update":
        raise Refused("invalid_value", "nothing to set")
    return checked
