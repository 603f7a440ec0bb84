"""Deletes: how far one reaches, what holds it back, and how a row returns (PROTOCOL.md §4, delete against edit).

A delete buries its row and whatever cascades from it under one root. What did not know of the other loses
nothing: a delete whose author had not seen somebody's edit, or somebody's new child, becomes a conflict and the
row lives; an edit whose author had not seen the delete brings the row back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import conflicts, heal
from .catalogue import SERVER, Column
from .problems import Refused
from .rules import Writer, seen_from, write
from .store import FieldMark, Row

if TYPE_CHECKING:
    from .change import Edit
    from .merge import Case


def known_to(row: Row, base: int, writer: Writer) -> bool:
    """Did the author know that `row` was deleted: by their base, or because they did it?"""
    assert row.deleted is not None and row.merge.grave is not None
    return base >= row.deleted or row.merge.grave.device == writer.device


def reach(case: Case, root: Row) -> tuple[list[Row], list[tuple[Row, Column]]]:
    """The rows that cascade from deleting `root` (itself first), and the references it clears."""
    doomed, cleared, seen = [root], [], {root.key}
    for row in doomed:  # grows while it is walked
        for child, column in case.sheet.children(row.key):
            if child.deleted is not None or child.key in seen:
                continue
            if column.on_delete == "cascade":
                seen.add(child.key)
                doomed.append(child)
            else:
                cleared.append((child, column))
    cleared = [(child, column) for child, column in cleared if child.key not in seen]
    for child, column in cleared:
        if column.on_delete == "restrict":
            raise Refused("restricted", f"{child.table} {child.id} refers to it by {column.name}", field="id")
    return doomed, cleared


def unknown_to(
    case: Case, root: Row, doomed: list[Row], cleared: list[tuple[Row, Column]], edit: Edit
) -> dict[str, Any]:
    """What others did unseen by the delete that it would lose: fields of the root, or of `table/id`."""
    kept: dict[str, Any] = {}
    for row in doomed:
        news = _news(case, row, edit)
        if row is root:
            kept |= news
        elif news:
            kept[f"{row.table}/{row.id}"] = news
    for child, column in cleared:
        if not _seen(case, edit, child, column.field):
            kept[f"{child.table}/{child.id}"] = {column.name: child.values[column.name]}
    return kept


def _seen(case: Case, edit: Edit, row: Row, field: str) -> bool:
    """Had the edit's author seen what another device last did to `field` ("": that the row came to be)?"""
    mark = heal.mark_of(row, field)
    if 0 < case.writer.schema < case.catalogue.tables[row.table].since:
        return mark.device == case.writer.device  # their replica has never been told of that table
    if case.writer.formerly:
        return heal.place(row, field, mark, case.writer) <= edit.knew
    return seen_from(mark, case.writer.device) <= edit.base


def _news(case: Case, row: Row, edit: Edit) -> dict[str, Any]:
    """The values that others gave `row`, unseen by the edit's author."""
    table = case.catalogue.tables[row.table]
    if not _seen(case, edit, row, ""):
        return {n: row.values[n] for n in table.data if row.values[n] is not None}
    news = _untold(case, row)
    for field, mark in row.merge.fields.items():
        column, dot, key = field.partition(".")
        newer = column not in table.columns and column not in table.groups
        untold = newer and 0 < case.writer.schema <= case.catalogue.schema and mark.device != case.writer.device
        if _seen(case, edit, row, field) and not untold:
            continue
        if newer:
            news[column] = None  # set by a newer server beside this one, which alone can say what it is
            continue
        if column in table.columns and table.columns[column].rule == SERVER:
            continue  # that bytes arrived is nobody's work to lose
        if dot:
            news.setdefault(column, {})[key] = (row.values[column] or {}).get(key)
        else:
            news |= {name: row.values[name] for name in table.columns_of(field)}
    return news


def _untold(case: Case, row: Row) -> dict[str, Any]:
    """What others gave the row in columns that the author's replica has never been told of."""
    if not case.writer.schema:
        return {}
    return {
        name: row.values[name]
        for name, column in case.catalogue.tables[row.table].data.items()
        if column.since > case.writer.schema
        and row.values[name] not in (None, {}, [])
        and any(mark.device != case.writer.device for mark in _marks_of(row, column.field))
    }


def _marks_of(row: Row, field: str) -> list[FieldMark]:
    """Of a map those of its keys; where nobody changed it, that of the row's birth."""
    return [m for f, m in row.merge.fields.items() if f.partition(".")[0] == field] or [row.merge.birth]


def keep_in_conflict(case: Case, root: Row, kept: dict[str, Any], base: int) -> str:
    """The row lives although its author wanted it gone; answers the conflict's id."""
    table = case.catalogue.tables[root.table]
    fields = [name for name in kept if name in table.columns]
    before = {name: conflicts.told(case, root, name, kept[name], base) for name in fields}
    marks = [root.merge.birth, *root.merge.fields.values()]
    last = max(marks, key=lambda m: (seen_from(m, case.writer.device), m.stamp))
    if last.device == case.writer.device:  # the others' doing is on a child, or under our own
        last = _last_of_children(case, kept) or last
    loser = FieldMark(case.writer.sequence, case.writer.device, case.writer.stamp, case.writer.user_id)
    return conflicts.record(
        case, root, field=None, kind="delete", base=before, kept=kept, other={}, keeper=last, loser=loser
    )


def _last_of_children(case: Case, kept: dict[str, Any]) -> FieldMark | None:
    marks: list[FieldMark] = []
    for name in kept:
        table, slash, id = name.partition("/")
        child = case.sheet.get((table, id)) if slash else None
        if child:
            marks += [child.merge.birth, *child.merge.fields.values()]
    marks = [m for m in marks if m.device != case.writer.device]
    return max(marks, key=lambda m: (m.sequence, m.stamp), default=None)


def bury(case: Case, edit: Edit, root: Row, doomed: list[Row], cleared: list[tuple[Row, Column]]) -> None:
    writer = case.writer
    for row in doomed:
        draft = case.sheet.edit(row.key)
        draft.deleted = draft.sequence = writer.sequence
        draft.merge.grave = heal.grave_of(root.table, root.id, edit, writer)
    for child, column in cleared:
        draft = case.sheet.edit(child.key)
        names = case.catalogue.tables[child.table].columns_of(column.field)
        write(draft, column.field, dict.fromkeys(names), writer)
        _touch(draft, writer)


def revive(case: Case, row: Row) -> Row:
    """Bring `row` back, with its ancestors and all that went with the root of its delete; answers the root."""
    assert row.merge.grave is not None
    root_key = (row.merge.grave.root_table, row.merge.grave.root_id)
    root = case.sheet.get(root_key) or row
    buried_at = row.deleted
    waiting, seen = [root, row], set()
    for dead in waiting:
        if dead.key in seen or dead.deleted is None:
            continue
        seen.add(dead.key)
        for child, _ in case.sheet.children(dead.key):
            if child.deleted == buried_at and child.merge.grave and child.merge.grave.root_id == root_key[1]:
                waiting.append(child)
        _rise(case, dead)
    for risen in list(waiting):
        for column, parent_key in case.sheet.parents(case.sheet.get(risen.key) or risen):
            parent = case.sheet.get(parent_key)
            if parent is not None and parent.deleted is not None and column.on_delete == "cascade":
                revive(case, parent)
    return case.sheet.get(root.key) or root


def _rise(case: Case, row: Row) -> None:
    draft = case.sheet.edit(row.key)
    draft.deleted, draft.merge.grave = None, None
    draft.born = case.writer.sequence
    _touch(draft, case.writer)


def _touch(draft: Row, writer: Writer) -> None:
    draft.sequence = writer.sequence
    draft.values["updated_at"] = writer.at
    draft.values["updated_by"] = writer.user_id


def after_edit(row: Row, changed: dict[str, Any]) -> dict[str, Any]:
    """The edited fields as a conflict shows them: `changed` with deltas as the values they lead to."""
    shown = {}
    for name, value in changed.items():
        if isinstance(value, dict) and "add" in value and not isinstance(value["add"], list):
            value = (row.values[name] or 0) + value["add"]
        elif isinstance(row.values.get(name), list) and isinstance(value, dict):
            value = sorted((set(row.values[name]) | set(value.get("add", ()))) - set(value.get("remove", ())))
        shown[name] = value
    return shown


def revive_in_conflict(
    case: Case, row: Row, base: dict[str, Any], kept: dict[str, Any], row_kept: bool = False
) -> str:
    """Bring back a row whose delete the author did not know; answers the id of the conflict that says so.

    The conflict stands at the root of the delete, the thing somebody wanted gone. `kept` are the fields edited on
    `row` itself (`row_kept`) or what was added to it.
    """
    grave = row.merge.grave
    assert grave is not None
    root = revive(case, row)
    if root.key != row.key and row_kept:
        kept, base = {f"{row.table}/{row.id}": kept}, {f"{row.table}/{row.id}": base}
    writer = case.writer
    keeper = FieldMark(writer.sequence, writer.device, writer.stamp, writer.user_id)
    loser = FieldMark(writer.sequence, grave.device, grave.stamp, grave.by)
    return conflicts.record(
        case, root, field=None, kind="delete", base=base, kept=kept, other={}, keeper=keeper, loser=loser
    )
