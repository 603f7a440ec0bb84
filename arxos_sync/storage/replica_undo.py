"""Taking edits back, a transaction at a time.

What was never sent is cancelled: its entries leave the rows, and nothing of it is sent (scenario 10). What was sent
is answered by a new edit that sets back what it set, where that still stands; what somebody has changed since is
theirs and stays.
"""

from __future__ import annotations

from typing import Any

import msgspec

from .. import apply
from ..apply import Entry
from ..catalogue import SERVER, Table
from ..messages import Change
from ..problems import Refused
from . import replica_lay, replica_log
from .replica_rows import shown_rows
from .spatialite import Replica


class Undone(msgspec.Struct, frozen=True):
    """`key` is what was taken back, `keys` the transactions recorded for it: none where it was only cancelled."""

    key: int
    keys: tuple[int, ...]
    tables: tuple[str, ...]


def undo(replica: Replica, now_ms: int, key: int | None = None) -> Undone | None:
    """Take a transaction back; without a key the last one that was never sent. None where there is none.

    Raises Refused where it cannot be: taken back already, something later builds on it, or nothing of it stands.
    """
    key = last_unsent(replica) if key is None else key
    if key is None:
        return None
    entries = _entries(replica, "l.transaction_key = ?", (key,))
    tables = tuple(sorted({e.table for e in entries}))
    if _cancel(replica, key, entries):
        return Undone(key, (), tables)
    found = replica.connection.execute("select state from arxos_change_log where key = ?", (key,)).fetchone()
    if found is None or found[0] == "discarded":
        raise Refused("invalid_value", f"there is nothing of transaction {key} to take back")
    # backwards, but what was deleted comes back parents first, and a conflict opens when its field is set back: later
    # than that, since who sets a field that is in conflict decides it
    order = [e for e in reversed(entries) if e.op != "delete"] + [e for e in entries if e.op == "delete"]
    order.sort(key=lambda entry: entry.table == "conflict")
    made = [change for entry in order for change in _back(replica, entry)]
    if not made:
        raise Refused("invalid_value", f"what transaction {key} set has been changed since")
    return Undone(key, tuple(replica.record(made, now_ms, f"takes back transaction {key}")), tables)


def last_unsent(replica: Replica) -> int | None:
    return _last(replica, "state = 'pending' and n is null")


def last_sent(replica: Replica) -> int | None:
    """The last one on its way to the server or taken by it."""
    return _last(replica, "state in ('sent', 'acknowledged')")


def _last(replica: Replica, condition: str) -> int | None:
    keys = "\nunion all ".join(f'select transaction_key from "arxos_log_{table}"' for table in replica.tables)
    return replica.one(f"select max(key) from arxos_change_log where {condition} and key in ({keys})")


def _entries(replica: Replica, condition: str, parameters: tuple[Any, ...]) -> list[Entry]:
    found = [
        entry
        for table in replica.tables.values()
        for entry in replica_log.read(replica.connection, table, condition, parameters)
    ]
    return sorted(found, key=lambda e: (e.key, e.place))


# ---------------------------------------------------------------- cancelling


def _cancel(replica: Replica, key: int, entries: list[Entry]) -> bool:
    """True where it was never sent, or was rejected, and is off the rows now. Judged and done in one transaction,
    since another process may be about to send it.
    """
    with replica.transaction(capture=False):
        free = replica.one(
            """
            select 1 from arxos_change_log
            where key = ? and (state = 'pending' and n is null or state = 'rejected')
            """,
            key,
        )
        if free:
            _refuse_foundations(replica, key, {e.id for e in entries if e.op == "insert"})
            replica_lay.lay(replica, {}, settle=[key], settle_as="discarded")
    return bool(free)


def _refuse_foundations(replica: Replica, key: int, born: set[str]) -> None:
    """A row that a later unsent edit changes or refers to cannot go alone."""
    later = _entries(replica, "l.transaction_key > ? and h.state in ('pending', 'sent')", (key,)) if born else []
    for entry in later:
        table = replica.tables[entry.table]
        told = {entry.new.get(c.name) for c in table.columns.values() if c.references}
        if entry.id in born or born & told:
            raise Refused("invalid_value", f"transaction {entry.key} builds on it: take that back first")


# ---------------------------------------------------------------- setting back


def _back(replica: Replica, entry: Entry) -> list[Change]:
    """The change that undoes a captured edit, as far as what it set still stands."""
    table = replica.tables[entry.table]
    shown = shown_rows(replica, table, [entry.id]).get(entry.id)
    match entry.op:
        case "insert":
            return [Change(table=table.name, id=entry.id, op="delete")] if shown is not None else []
        case "delete":
            names = {column.name for column in replica_log.written(table)}
            given = {n: v for n, v in entry.old.items() if v is not None and n in names}
            mine = shown is None and table.insert != SERVER  # else it comes back with its parent
            return [Change(table=table.name, id=entry.id, op="insert", set=given)] if mine else []
        case _:
            given = _set_back(table, entry, shown) if shown is not None else {}
            return [Change(table=table.name, id=entry.id, op="update", set=given)] if given else []


def _set_back(table: Table, entry: Entry, shown: dict[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for field in apply.fields(table, entry):
        name, _, key = field.partition(".")
        column = table.columns[table.columns_of(name)[0]]
        if key:
            if apply.same((shown[name] or {}).get(key), (entry.new[name] or {}).get(key)):
                given.setdefault(name, {})[key] = (entry.old[name] or {}).get(key)
        elif column.type in ("set", "counter"):
            given[name] = apply.delta(column, entry.new[name], entry.old[name])
        elif all(apply.same(shown[c], entry.new[c]) for c in table.columns_of(name)):
            given |= {c: entry.old.get(c) for c in table.columns_of(name)}
    return given
