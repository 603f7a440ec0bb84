"""How server rows lie under what a person has typed, and how that becomes changes to push.

An `Entry` is one captured edit of one row: for an update the columns of the fields that differ, old and new;
for an insert all new values; for a delete all old ones. Entries of a row are *open* until the replica's
cursor has passed their receipt. What the server holds of a row (`server_row`) and what is shown (`shown_row`)
differ by the open entries alone. Values are the engine's (see store.py); a row is a dict of columns, None
where there is none.

Sets, maps and counters are shown as the server's value with the person's own additions and removals on it,
and pushed as such. The base of a field's first pending edit counts for all that follow it while it was
pending.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from .catalogue import Column, Table
from .messages import Change

Row = dict[str, Any]
_GROWING = frozenset({"set", "map", "counter"})  # what travels as what was added and removed


class Entry(msgspec.Struct, frozen=True):
    key: int  # the local transaction; later ones have higher keys
    place: int
    table: str
    id: str
    op: str  # insert, update, delete
    base: int  # the sequence applied when it was made
    old: Row
    new: Row
    settled_after: int | None = None  # the highest local key there was when its receipt came; None: none yet


# ---------------------------------------------------------------- rows


def server_row(shown: Row | None, entries: list[Entry]) -> Row | None:
    """What the server holds, from what is shown and the row's open entries in order."""
    if not entries:
        return shown
    if entries[0].op == "insert":
        return None
    gone = next((e for e in entries if e.op == "delete"), None)
    row = dict(gone.old if gone else shown or {})
    seen: set[str] = set()
    for entry in entries:
        if entry is gone:
            break
        row |= {name: value for name, value in entry.old.items() if name not in seen}
        seen |= entry.old.keys()
    return row


def shown_row(table: Table, server: Row | None, entries: list[Entry], shown: Row | None) -> Row | None:
    """What is shown: the server's row with the open entries on it.

    Where the server deleted a row that a person has edited, it stays as it is on their screen until the
    server has judged the edit.
    """
    row = dict(server) if server is not None else None
    for entry in entries:
        match entry.op:
            case "insert":
                given = {name: value for name, value in entry.new.items() if value is not None}
                row = dict(entry.new) if row is None else row | given
            case "delete":
                row = None
            case _:
                row = _edited(table, row if row is not None else shown, entry)
    return row


def _edited(table: Table, row: Row | None, entry: Entry) -> Row | None:
    if row is None:
        return None
    row = dict(row)
    for name, value in entry.new.items():
        column = table.columns[name]
        row[name] = with_delta(column, row.get(name), delta(column, entry.old.get(name), value))
    return row


# ---------------------------------------------------------------- sets, maps, counters


def delta(column: Column, old: Any, new: Any) -> Any:
    """The change from `old` to `new` as it travels: what was added and removed, or simply `new`."""
    if column.type not in _GROWING:
        return new
    match column.type:
        case "set" if _are(list, old, new):
            before, after = set(old or ()), set(new or ())
            found = {"add": sorted(after - before), "remove": sorted(before - after)}
            return {name: items for name, items in found.items() if items}
        case "map" if _are(dict, old, new):
            before, after = old or {}, new or {}
            changed = {k: v for k, v in after.items() if k not in before or not same(before[k], v)}
            return changed | {k: None for k in before if k not in after}
        case "counter" if _are((int, float), old, new):
            return {"add": (new or 0) - (old or 0)}
    return new


def with_delta(column: Column, value: Any, change: Any) -> Any:
    """`value` with what `delta` answered done to it; nothing stays nothing where it adds nothing."""
    if column.type not in _GROWING:
        return change
    match column.type:
        case "set" if isinstance(change, dict) and _are(list, value, None):
            done = sorted((set(value or ()) - set(change.get("remove", ()))) | set(change.get("add", ())))
        case "map" if isinstance(change, dict) and _are(dict, value, None):
            done = {k: v for k, v in ((value or {}) | change).items() if v is not None}
        case "counter" if isinstance(change, dict) and _are((int, float), value, None):
            done = (value or 0) + change["add"]
        case _:
            return change
    return (done or None) if value is None else done


def _are(kind: type | tuple[type, ...], *values: Any) -> bool:
    return all(value is None or isinstance(value, kind) for value in values)


def same(a: Any, b: Any) -> bool:
    """Equal as JSON has it: true is not 1, at any depth."""
    match a, b:
        case list(), list():
            return len(a) == len(b) and all(map(same, a, b))
        case dict(), dict():
            return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return a == b and isinstance(a, bool) == isinstance(b, bool)


# ---------------------------------------------------------------- changes to push


def bases(table: Table, entries: Iterable[Entry]) -> dict[tuple[int, int], dict[str, int]]:
    """Per entry (key, place), the base of each field it edits; "" for a delete or an insert.

    `entries` are those of one row in order, settled ones among them where a later one was made before the
    receipt came: who types over their own unsent value has not seen what came under it.
    """
    found: dict[tuple[int, int], dict[str, int]] = {}
    last: dict[str, tuple[int, int | None]] = {}
    for entry in entries:
        linked = {f: b for f, (b, settled) in last.items() if settled is None or settled >= entry.key}
        if entry.op == "update":
            base = linked.get("", entry.base)
            mine = {f: linked.get(f, base) for f in fields(table, entry)}
        elif not linked:
            mine = {"": entry.base}
        else:
            mine = {"": min([entry.base, *linked.values()])}
        last |= {f: (b, entry.settled_after) for f, b in mine.items()}
        found[entry.key, entry.place] = mine
    return found


def fields(table: Table, entry: Entry) -> list[str]:
    """The fields an update edits: columns, groups, and keys of maps as `column.key`."""
    found: dict[str, None] = {}
    for name, value in entry.new.items():
        column = table.columns[name]
        old = entry.old.get(name)
        if column.type not in _GROWING:
            if column.group or not same(old, value):
                found[column.field] = None
            continue
        change = delta(column, old, value)
        if column.type == "map" and isinstance(change, dict):
            found |= {f"{name}.{key}": None for key in change}
        elif not _nothing(column, change, old, value):
            found[column.field] = None
    return list(found)


def _nothing(column: Column, change: Any, old: Any, new: Any) -> bool:
    if column.group:
        return False
    if column.type in ("set", "counter") and isinstance(change, dict):
        return not change or change.get("add") == 0
    return same(old, new)


def changes(table: Table, entry: Entry, base: dict[str, int]) -> list[Change]:
    """What is pushed for one entry: fields with different bases as separate changes."""
    if entry.op == "delete":
        return [Change(table=table.name, id=entry.id, op="delete", base=base[""])]
    if entry.op == "insert":
        given = {n: v for n, v in entry.new.items() if v is not None}
        whole = {c: entry.new.get(c) for g in table.groups.values() if given.keys() & set(g) for c in g}
        return [Change(table=table.name, id=entry.id, op="insert", base=base[""], set=whole | given)]
    numbers = sorted(set(base.values()))
    if len(numbers) == 1:
        return [_update(table, entry, numbers[0], list(base))]
    return [_update(table, entry, number, [f for f, b in base.items() if b == number]) for number in numbers]


def _update(table: Table, entry: Entry, base: int, edited: list[str]) -> Change:
    given: Row = {}
    was: Row = {}
    for field in edited:
        name, _, key = field.partition(".")
        for column in (table.columns[c] for c in table.columns_of(name)):
            if column.name not in entry.new:  # an edit made before the column came knows nothing of it
                continue
            old, new = entry.old.get(column.name), entry.new.get(column.name)
            change = delta(column, old, new)
            if key:
                given.setdefault(name, {})[key] = change[key]
                was.setdefault(name, {})[key] = (old or {}).get(key)
            else:
                given[column.name], was[column.name] = change, old
    return Change(table=table.name, id=entry.id, op="update", base=base, set=given, was=was)
