"""Healing a server that was restored to an earlier moment (PROTOCOL.md §7): what its devices bring back.

The former life and the new one share the sequences up to `common`, the highest mark that a device and the server both
know. Above it a number means something else in each. A healing write names its number in the former life, `formerly`;
`MergeState.healed` remembers it for the field it set as (formerly, sequence here, formerly of the last other device),
which counts as long as the field's mark still has that sequence. Under "" it stands for the whole row (the third number
is BORN where an insert brought it): every field whose mark is not above that sequence is as the row was at `formerly`.

Among healing writes the higher former number stands, without conflict. Against what the new life wrote, a healing
write is an edit like any other whose author had not seen it. `place` is where the former life would put the last word
of another device on a field; `NEW` where only the new life knows it.

`restore` takes a row that somebody else wrote, from a device that holds it: whole, only where nothing of it changed
since the mark, by the rights of who offers it. A counter comes as the total it had; `healed_adds` keeps who has brought
their own additions meanwhile, so that nothing counts twice (`FORMER` holds the rest in the row's sums).
"""

from __future__ import annotations

import datetime
import math
from typing import TYPE_CHECKING, Any

import msgspec

from . import stamp
from .catalogue import SERVER, Column
from .messages import ChangeOutcome
from .problems import Refused
from .rights import at_least, demand
from .sheet import references
from .store import FieldMark, Grave, MergeState, Row

if TYPE_CHECKING:
    from .change import Edit
    from .merge import Case
    from .rules import Writer

NEW = 2**53
BORN = 1
FORMER = "formerly"
CLAIMED = ("created_at", "created_by", "updated_at", "updated_by", "origin")
_APPLIED = ChangeOutcome("applied")


def mark_of(row: Row, field: str) -> FieldMark:
    return row.merge.fields.get(field, row.merge.birth)


def level(row: Row, field: str, mark: FieldMark | None = None) -> int:
    """The former number of the healing write that stands in `field`; 0 where what stands is no such write."""
    sequence = (mark or mark_of(row, field)).sequence
    own, whole = row.merge.healed.get(field), row.merge.healed.get("")
    found = own[0] if own and own[1] == sequence else 0
    return max(found, whole[0]) if whole and sequence <= whole[1] else found


def place(row: Row, field: str, mark: FieldMark, writer: Writer) -> int:
    """Where in the former life another than the writer's device last set `field`."""
    if mark.device != writer.device:
        return mark.sequence if mark.sequence <= writer.common else level(row, field, mark) or NEW
    if mark.other <= writer.common:
        return mark.other
    own, whole = row.merge.healed.get(field), row.merge.healed.get("")
    if own and own[1] == mark.sequence:
        return own[2]
    return whole[0] if whole and mark.other <= whole[1] else NEW


def note(row: Row, field: str, former: FieldMark, writer: Writer) -> None:
    """Remember a healing write of `field`, whose mark was `former`. Called before the mark is set."""
    if writer.formerly:
        row.merge.healed[field] = (writer.formerly, writer.sequence, place(row, field, former, writer))


def note_birth(row: Row, writer: Writer) -> None:
    """The whole row is as a healing insert has it; a `restore` of that very moment knows what the insert left alone."""
    if writer.formerly:
        row.merge.healed[""] = (writer.formerly, writer.sequence, BORN)


def leave_mark(row: Row, field: str, writer: Writer) -> None:
    """Mark `field` as this writer's."""
    former = mark_of(row, field)
    note(row, field, former, writer)
    row.merge.fields[field] = writer.mark(former)


def outranked(row: Row, field: str, writer: Writer) -> bool | None:
    """Does another healing write stand above this one? None: it meets none, and merges as any edit."""
    stands = level(row, field) if writer.formerly else 0
    return stands >= writer.formerly if stands else None


# ---------------------------------------------------------------- sets, counters, workflows


def removes(row: Row, name: str, mark: FieldMark, edit: Edit, writer: Writer) -> bool:
    """May a healing edit take an item away: had its author seen who added it? `name` is `column:item`."""
    if not writer.formerly:
        return True
    before, whole = row.merge.healed.get(f"-{name}", (0, 0, 0)), row.merge.healed.get("")
    row.merge.healed[f"-{name}"] = (max(writer.formerly, before[0]), writer.sequence, max(edit.knew, before[2]))
    if whole and whole[0] >= writer.formerly:  # it was there after this
        return False
    return place(row, name, mark, writer) <= edit.knew


def adds(row: Row, name: str, former: FieldMark, writer: Writer) -> bool:
    """Does an item join: nobody who had seen it added took it away in the former life, nor the whole after it."""
    if not writer.formerly:
        return True
    whole, removed = row.merge.healed.get(""), row.merge.healed.get(f"-{name}")
    if (whole and whole[0] >= writer.formerly) or (removed and removed[2] >= writer.formerly):
        return False
    note(row, name, former, writer)
    return True


def repeats_step(row: Row, column: Column, writer: Writer) -> bool:
    mark = mark_of(row, column.name)
    return bool(writer.formerly) and place(row, column.name, mark, writer) != NEW


def add_again(row: Row, column: str, amount: float, writer: Writer) -> None:
    """A device brings an addition of its own: what a restored total held of it is theirs again."""
    row.merge.healed_adds.setdefault(column, []).append((writer.formerly, amount))
    whole = row.merge.healed.get("")
    sums = row.merge.sums.setdefault(column, {})
    if whole and writer.formerly <= whole[0] and FORMER in sums:
        sums[FORMER] -= amount


def _restore_sum(row: Row, column: str, total: float, formerly: int) -> bool:
    sums = row.merge.sums.setdefault(column, {})
    own = math.fsum(v for device, v in sums.items() if device != FORMER)
    later = math.fsum(amount for at, amount in row.merge.healed_adds.get(column, ()) if at > formerly)
    before = sums.get(FORMER, 0)
    sums[FORMER] = total - (own - later)
    row.values[column] = sum_of(sums)
    return sums[FORMER] != before


def sum_of(sums: dict[str, float]) -> int | float:
    total = math.fsum(sums[device] for device in sorted(sums))
    return int(total) if all(float(amount).is_integer() for amount in sums.values()) else total


def reviewed_only(column: Column, state: str | None) -> bool:
    """Do all steps to `state` take a reviewer?"""
    into = [step for step in column.steps if step.removesuffix("!").endswith(f">{state}")]
    return bool(into) and all(step.endswith("!") for step in into)


# ---------------------------------------------------------------- deletes


def superseded(row: Row, writer: Writer) -> bool:
    """Had the author of the healed delete of `row` seen the healing edit that now arrives?"""
    grave = row.merge.grave
    return bool(grave and grave.formerly and writer.formerly and writer.formerly <= grave.knew)


def knew(row: Row, edit: Edit, writer: Writer) -> bool:
    """Did a healing edit's author know of the delete of `row`?"""
    grave = row.merge.grave
    assert grave is not None and row.deleted is not None
    if grave.device == writer.device:
        return True
    if grave.formerly:
        return grave.formerly <= edit.knew
    return row.deleted <= writer.common and row.deleted <= edit.knew


def tombstone(case: Case, edit: Edit) -> ChangeOutcome:
    """A healing delete of a row that has not come back yet: should it, it is gone for who the deleter had seen."""
    demand(case.writer.role, edit.table.delete, edit.table)
    writer = case.writer
    values: dict[str, Any] = dict.fromkeys(name for name in edit.table.columns if name not in ("id", "sequence"))
    values |= {"created_at": writer.at, "updated_at": writer.at, "updated_by": writer.user_id}
    merge = MergeState(birth=writer.mark(), grave=grave_of(edit.table.name, edit.id, edit, writer))
    row = Row(edit.table.name, edit.id, values, writer.sequence, writer.sequence, writer.sequence, merge)
    note_birth(row, writer)
    case.sheet.add(row)
    return _APPLIED


def delete_again(case: Case, edit: Edit, row: Row) -> None:
    """A row that is deleted already, before the mark or by a healing delete: the later delete knew more."""
    grave = row.merge.grave
    assert grave is not None and row.deleted is not None
    former = grave.formerly or row.deleted <= case.writer.common
    if former and grave.formerly < case.writer.formerly:
        case.sheet.edit(row.key).merge.grave = msgspec.structs.replace(
            grave, formerly=case.writer.formerly, knew=max(grave.knew, edit.knew)
        )


def grave_of(root_table: str, root_id: str, edit: Edit, writer: Writer) -> Grave:
    formerly = writer.formerly
    return Grave(
        writer.device, writer.stamp, writer.user_id, root_table, root_id, formerly, edit.knew if formerly else 0
    )


# ---------------------------------------------------------------- the author of a restored row returns


def claims(row: Row, edit: Edit, writer: Writer) -> bool:
    """Is this the insert of a row that another device restored in this person's name?"""
    return bool(
        writer.formerly and edit.op == "insert" and "" in row.merge.healed
        and writer.user_id is not None and row.values["created_by"] == writer.user_id
    )  # fmt: skip


def claim(case: Case, row: Row) -> None:
    draft, writer = case.sheet.edit(row.key), case.writer
    birth = draft.merge.birth
    draft.merge.birth = FieldMark(birth.sequence, writer.device, writer.stamp, writer.user_id, birth.other)
    if "author" in draft.values and draft.values["author"] != writer.user_id:
        draft.values["author"] = writer.user_id
        leave_mark(draft, "author", writer)
        draft.sequence = writer.sequence


# ---------------------------------------------------------------- restore


def restore(case: Case, edit: Edit, row: Row | None) -> ChangeOutcome:
    """A row of somebody's, as the offering device holds it. Raises Refused; what may not be taken is left alone."""
    table = edit.table
    demand(case.writer.role, table.update if row is not None or table.name == "conflict" else table.insert, table)
    writer = _claimed(case.writer, edit)
    if row is not None and not _unchanged(row, writer):
        return _APPLIED
    if table.name == "conflict" and (row is not None or edit.set.get("state") != "open"):
        return _APPLIED
    _demand_parents(case, edit)
    draft = _born(case, edit, writer) if row is None else case.sheet.edit(row.key)
    altered = row is None or draft.deleted is not None
    if draft.deleted is not None:
        draft.deleted, draft.merge.grave, draft.born = None, None, writer.sequence
    fields = dict.fromkeys(c.field for c in table.data.values())
    held_back = [field for field in fields if _held_back(edit, draft, field, writer.role)]
    for field in fields:
        if field not in held_back:
            altered |= _lay(case, edit, draft, field, writer)
    _note_whole(edit, draft, held_back, writer)
    if altered:
        draft.sequence = writer.sequence
        draft.values |= {n: edit.set[n] for n in CLAIMED if edit.set.get(n) is not None}
    case.sheet.reindex(draft)
    return _APPLIED


def _claimed(writer: Writer, edit: Edit) -> Writer:
    """The author as the restored row names them, with a stamp of when they wrote it."""
    written, mark = edit.set.get("updated_at"), writer.stamp
    if written is not None:
        ms = int(datetime.datetime.fromisoformat(written).timestamp() * 1000)
        mark = min(mark, stamp.form(max(ms, 0), 0, writer.device))
    by = edit.set.get("updated_by") or edit.set.get("created_by")
    return msgspec.structs.replace(writer, user_id=by, stamp=mark, formerly=edit.formerly)


def _unchanged(row: Row, writer: Writer) -> bool:
    """Nothing of the row is of the new life, and no healing write of the whole stands above this one."""
    grave, whole = row.merge.grave, row.merge.healed.get("")
    if row.deleted is not None and grave is not None and grave.formerly:
        return writer.formerly > grave.formerly
    if row.deleted is not None:
        return row.deleted <= writer.common
    marks = [("", row.merge.birth), *row.merge.fields.items()]
    new = any(mark.sequence > writer.common and not level(row, field, mark) for field, mark in marks)
    return not new and not (whole and whole[0] >= writer.formerly + _is_born(row))


def _is_born(row: Row) -> bool:
    """Is the whole row only as an insert had it?"""
    return row.merge.healed.get("", (0, 0, 0))[2] == BORN


def _demand_parents(case: Case, edit: Edit) -> None:
    for column, target in references(edit.table, edit.set):
        parent = case.sheet.get(target)
        if target != (edit.table.name, edit.id) and (parent is None or parent.deleted is not None):
            if column.on_delete != "clear":
                raise Refused("parent_unknown", f"no {target[0]} {target[1]}", field=column.name)
            for name in edit.table.columns_of(column.field):
                edit.set.pop(name, None)


def _note_whole(edit: Edit, row: Row, held_back: list[str], writer: Writer) -> None:
    """The row is as it was; but for what the offerer may not write, which waits for who may."""
    row.merge.healed[""] = (writer.formerly if not held_back else 1, writer.sequence, 0)
    if not held_back:
        return
    for column in edit.table.data.values():
        names = [f"{column.name}.{key}" for key in row.values[column.name] or ()] if column.type == "map" else []
        for field in names or [column.field]:
            if column.field not in held_back and level(row, field) < writer.formerly:
                leave_mark(row, field, writer)


def _held_back(edit: Edit, row: Row, field: str, role: str | None) -> bool:
    column = edit.table.columns[edit.table.columns_of(field)[0]]
    if column.steps and column.name in edit.set:
        wanted = edit.set[column.name]
        return wanted != row.values[column.name] and reviewed_only(column, wanted) and not at_least(role, "reviewer")
    return bool(column.write) and not at_least(role, column.write)


def _born(case: Case, edit: Edit, writer: Writer) -> Row:
    values: dict[str, Any] = dict.fromkeys(n for n in edit.table.columns if n not in ("id", "sequence"))
    values |= {"created_at": writer.at, "updated_at": writer.at, "origin": case.origin}
    for column in edit.table.columns.values():
        if column.steps:
            values[column.name] = column.initial
    match edit.table.name:
        case "annotation":
            values["number"] = case.next_number()
        case "attachment":
            values["upload_state"] = "awaited"
        case "conflict":
            values |= {n: edit.set[n] for n in edit.table.data if n in edit.set}
    birth = writer.mark()
    row = Row(edit.table.name, edit.id, values, writer.sequence, writer.sequence, None, MergeState(birth=birth))
    return case.sheet.add(row)


def _lay(case: Case, edit: Edit, row: Row, field: str, writer: Writer) -> bool:
    """One field of a restored row; answers whether it altered anything."""
    columns = [edit.table.columns[n] for n in edit.table.columns_of(field)]
    first = columns[0]
    if first.rule == SERVER or not any(c.name in edit.set for c in columns):
        return False
    if first.type == "counter":
        altered = _restore_sum(row, first.name, edit.set[first.name] or 0, writer.formerly)
        if altered:
            leave_mark(row, field, writer)
        return altered
    if first.type == "map":
        new = {first.name: _restored_map(row, first.name, edit.set[first.name] or {}, writer) or None}
    elif first.type == "set":
        new = {first.name: _restored_set(row, first.name, edit.set[first.name] or [], writer)}
    elif level(row, field) >= writer.formerly + _is_born(row):
        return False
    else:
        new = {c.name: edit.set.get(c.name) for c in columns}
    if all(row.values[n] == value for n, value in new.items()):
        return False
    if first.type != "map":
        leave_mark(row, field, writer)
    row.values |= new
    return True


def _restored_map(row: Row, name: str, restored: dict[str, Any], writer: Writer) -> dict[str, Any]:
    now = row.values[name] or {}
    for key in sorted(now.keys() | restored.keys()):
        field = f"{name}.{key}"
        if level(row, field) >= writer.formerly and field in row.merge.fields:
            restored = {k: v for k, v in restored.items() if k != key} | ({key: now[key]} if key in now else {})
        elif now.get(key) != restored.get(key):
            leave_mark(row, field, writer)
    return restored


def _restored_set(row: Row, name: str, restored: list[str], writer: Writer) -> list[str]:
    """The items as they were; those a healing write added later, or took away later, stay so."""
    items = set(restored)
    for label, (formerly, _, _) in row.merge.healed.items():
        kind, colon, item = label.partition(":")
        if formerly > writer.formerly and colon and kind == name:
            items.add(item)
        elif formerly > writer.formerly and kind == f"-{name}":
            items.discard(item)
    for item in items - set(row.values[name] or ()):
        row.merge.items[f"{name}:{item}"] = writer.mark()
    return sorted(items)
