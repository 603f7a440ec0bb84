"""The merge: what a server decides about one transaction, on the rows of a sheet (PROTOCOL.md §4).

`merge` judges change after change. It either writes all of them into the sheet's draft and answers what became
of each, or raises `Refused`, whereupon the caller drops the draft. It asks no store: what it may need was loaded
beforehand (`intake.gather`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from . import conflicts, graves, heal
from .catalogue import ORIGINS, Catalogue
from .change import Edit
from .messages import ChangeOutcome
from .problems import Refused
from .rights import demand, demand_write
from .rules import (
    NOTHING,
    Effect,
    Writer,
    add_to_counter,
    change_set,
    seen_from,
    set_field,
    set_key,
    step_allowed,
)
from .sheet import Key, Sheet, references
from .store import FieldMark, MergeState, Row

_GRAVITY = ("applied", "merged", "conflict")


class Case(msgspec.Struct):
    """One transaction being judged."""

    catalogue: Catalogue
    sheet: Sheet
    writer: Writer
    scope: str
    new_id: Callable[[], str]
    history: Callable[[Key, str, int], Any]  # (row, column, after) → the value there at that sequence
    next_number: Callable[[], int]
    origin: str = "field"


def merge(case: Case, edits: list[Edit]) -> list[ChangeOutcome]:
    """Judge a transaction. Raises Refused with the change's index."""
    outcomes = []
    for edit in edits:
        try:
            outcomes.append(_judge(case, edit))
        except Refused as refused:
            raise refused.at(edit.index) from None
    return outcomes


def gravest(outcomes: list[ChangeOutcome]) -> str:
    return max((o.outcome for o in outcomes), key=_GRAVITY.index)


def _judge(case: Case, edit: Edit) -> ChangeOutcome:
    row = case.sheet.get((edit.table.name, edit.id))
    if row is None and case.sheet.tables.get(edit.id, edit.table.name) != edit.table.name:
        raise Refused("id_taken", f"{edit.id} is a row of {case.sheet.tables[edit.id]}", field="id")
    match edit.op:
        case "restore":
            return heal.restore(case, edit, row)
        case "delete" if row is None and case.writer.formerly:
            return heal.tombstone(case, edit)
        case "update" if row is None and case.writer.formerly and edit.table.name == "conflict":
            return ChangeOutcome("applied")  # a decision of the former life on what this one never disputed
        case "insert" if row is None:
            return _insert(case, edit)
        case "insert" | "update" if row is not None:
            return _set(case, edit, row)
        case "delete" if row is not None:
            return _delete(case, edit, row)
    code = "parent_rejected" if edit.id in case.sheet.rejected else "row_unknown"
    raise Refused(code, f"no {edit.table.name} {edit.id}", field="id")


# ---------------------------------------------------------------- insert


def _insert(case: Case, edit: Edit) -> ChangeOutcome:
    table, writer = edit.table, case.writer
    demand(writer.role, table.insert, table)
    if table.name == "building" and edit.id != case.scope:
        raise Refused("invalid_value", "a building's id is its scope", field="id")
    values: dict[str, Any] = dict.fromkeys(name for name in table.columns if name not in ("id", "sequence"))
    row = Row(
        table=table.name,
        id=edit.id,
        values=values,
        sequence=writer.sequence,
        born=writer.sequence,
        deleted=None,
        merge=MergeState(birth=FieldMark(writer.sequence, writer.device, writer.stamp, writer.user_id)),
    )
    heal.note_birth(row, writer)
    values |= {"created_at": writer.at, "created_by": writer.user_id, "origin": case.origin}
    for name, value in edit.set.items():
        _set_at_birth(row, edit, name, value, case)
    for column in table.columns.values():
        if column.steps and values[column.name] is None:
            values[column.name] = column.initial
    _server_values_at_birth(case, row)
    revived = _demand_parents(case, edit, row)
    _touch(case, row)
    case.sheet.add(row)
    return ChangeOutcome("conflict" if revived else "applied", revived)


def _set_at_birth(row: Row, edit: Edit, name: str, value: Any, case: Case) -> None:
    column = edit.table.columns[name]
    if name == "origin" and value not in ORIGINS:
        raise Refused("invalid_value", f"{value!r} is no origin", field=name)
    if column.write:
        demand(case.writer.role, column.write, edit.table, column)
    if column.steps and value not in (None, column.initial) and step_allowed(column, None, value) is not False:
        raise Refused("invalid_value", f"a new {row.table} starts as {column.initial}", field=name)
    if column.type == "map":
        value = {k: v for k, v in (value or {}).items() if v is not None} or None
    row.values[name] = value
    if column.type == "counter" and value:
        row.merge.sums[name] = {case.writer.device: value}


def _server_values_at_birth(case: Case, row: Row) -> None:
    match row.table:
        case "validation":
            row.values["author"] = case.writer.user_id
        case "annotation":
            row.values["number"] = case.next_number()
        case "attachment":
            row.values["upload_state"] = "awaited"


def _demand_parents(case: Case, edit: Edit, row: Row, columns: set[str] | None = None) -> list[str]:
    """What `row` refers to must live; what its author did not know to be deleted comes back, as a conflict."""
    revived: list[str] = []
    for column, target in references(edit.table, row.values):
        if columns is not None and column.name not in columns and column.pair not in columns:
            continue
        if column.pair and target[0] not in case.catalogue.synced(edit.table.scope):
            raise Refused("invalid_value", f"{target[0]} is no table to point to", field=column.pair)
        parent = row if target == row.key else case.sheet.get(target)
        if parent is None:
            code = "parent_rejected" if target[1] in case.sheet.rejected else "parent_unknown"
            raise Refused(code, f"no {target[0]} {target[1]}", field=column.name)
        if parent.deleted is None:
            continue
        if case.writer.formerly and heal.knew(parent, edit, case.writer):  # and somebody brought it back
            graves.revive(case, parent)
            continue
        if heal.superseded(parent, case.writer) or graves.known_to(parent, edit.base, case.writer):
            raise Refused("parent_unknown", f"{target[0]} {target[1]} was deleted", field=column.name)
        kept = {f"{row.table}/{row.id}": {n: v for n, v in edit.set.items() if v is not None}}
        revived.append(graves.revive_in_conflict(case, parent, {}, kept))
    return revived


# ---------------------------------------------------------------- update


def _set(case: Case, edit: Edit, row: Row) -> ChangeOutcome:
    columns = [edit.table.columns[name] for name in edit.set if name != "origin"]
    if heal.claims(row, edit, case.writer):
        demand(case.writer.role, edit.table.insert, edit.table)
        heal.claim(case, row)
    else:
        demand_write(case.writer.role, edit.table, columns)
    if row.deleted is not None:
        return _set_deleted(case, edit, row)
    return _set_fields(case, edit, row)


def _set_deleted(case: Case, edit: Edit, row: Row) -> ChangeOutcome:
    """An edit of a deleted row: refused or a revival where the author knew, else delete against edit."""
    if heal.superseded(row, case.writer):
        return ChangeOutcome("applied")
    known = heal.knew(row, edit, case.writer) if case.writer.formerly else None
    if not (graves.known_to(row, edit.base, case.writer) if known is None else known):
        changed = {n: v for n, v in edit.set.items() if n != "origin"}
        before = {n: _same_keys(edit.table.columns[n].type, row.values[n], v) for n, v in changed.items()}
        kept = graves.after_edit(row, changed)
        conflict = graves.revive_in_conflict(case, row, before, kept, row_kept=True)
        outcome = _set_fields(case, edit, case.sheet.edit(row.key))
        return ChangeOutcome("conflict", [conflict, *outcome.conflicts])
    if edit.op == "update" and not known:
        raise Refused("row_deleted", f"{row.table} {row.id}", field="id")
    graves.revive(case, row)
    _set_fields(case, edit, case.sheet.edit(row.key))
    return ChangeOutcome("applied")


def _same_keys(type: str, value: Any, beside: Any) -> Any:
    """Of a map only the keys that stand in `beside`; anything else as it is."""
    if type != "map" or not isinstance(beside, dict):
        return value
    return {key: (value or {}).get(key) for key in beside}


def _set_fields(case: Case, edit: Edit, row: Row) -> ChangeOutcome:
    others = _touched_by_others(row, edit.base, case.writer.device)
    draft = case.sheet.edit(row.key)
    altered, found = set(), []
    for field, effect in _effects(case, edit, draft):
        if effect.altered:
            altered.add(field)
        if not effect.outranked:
            found += conflicts.after(case, edit, draft, field, effect)
    if altered:
        columns = {name for field in altered for name in edit.table.columns_of(field.partition(".")[0])}
        found += _demand_parents(case, edit, draft, columns)
        if any(column.name in columns or column.pair in columns for column in edit.table.references):
            case.sheet.reindex(draft)
        _touch(case, draft)
    if draft.table == "conflict" and "state" in altered:
        resolved = draft.values["state"] == "resolved"
        draft.values["resolved_by"] = case.writer.user_id if resolved else None
        draft.merge.fields["resolved_by"] = case.writer.mark()
    if found:
        return ChangeOutcome("conflict", sorted(set(found)))
    return ChangeOutcome("merged" if others else "applied")


def _effects(case: Case, edit: Edit, row: Row) -> list[tuple[str, Effect]]:
    """Lay each field of the edit on the row: (field, what it did)."""
    found: list[tuple[str, Effect]] = []
    seen: set[str] = set()
    for name, value in edit.set.items():
        column = edit.table.columns[name]
        if name == "origin" or column.field in seen:
            continue
        seen.add(column.field)
        match column.rule:
            case "counter":
                found.append((name, add_to_counter(row, column, value, case.writer)))
            case "set":
                found.append((name, change_set(row, column, value, edit, case.writer)))
            case "map":
                for key, item in _keys(row, column.name, value, edit.op):
                    found.append((f"{name}.{key}", set_key(row, column, key, item, edit, case.writer)))
            case _:
                found.append((column.field, set_field(row, edit.table, column.field, edit, case.writer)))
    return found or [("", NOTHING)]


def _keys(row: Row, column: str, value: dict[str, Any] | None, op: str) -> list[tuple[str, Any]]:
    """The keys a change of a map sets; None for the whole map removes what is there."""
    if value is None and op == "update":
        return [(key, None) for key in sorted(row.values[column] or {})]
    return sorted((value or {}).items())


def _touched_by_others(row: Row, base: int, device: str) -> bool:
    marks = [row.merge.birth, *row.merge.fields.values()]
    return any(seen_from(mark, device) > base for mark in marks)


def _touch(case: Case, row: Row) -> None:
    row.sequence = case.writer.sequence
    row.values["updated_at"] = case.writer.at
    row.values["updated_by"] = case.writer.user_id


# ---------------------------------------------------------------- delete


def _delete(case: Case, edit: Edit, row: Row) -> ChangeOutcome:
    demand(case.writer.role, edit.table.delete, edit.table)
    if row.deleted is not None:
        heal.delete_again(case, edit, row)
        return ChangeOutcome("applied")
    doomed, cleared = graves.reach(case, row)
    unknown = graves.unknown_to(case, row, doomed, cleared, edit)
    if unknown:
        return ChangeOutcome("conflict", [graves.keep_in_conflict(case, row, unknown, edit.base)])
    graves.bury(case, edit, row, doomed, cleared)
    conflicts.settle_deleted(case, row, edit.base)
    return ChangeOutcome("applied")
