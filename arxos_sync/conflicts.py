"""Conflicts as rows: a kept disagreement on one field or group of one row (PROTOCOL.md §4).

One open conflict per (row, field, losing device). An author's later edit replaces that author's own side of it;
an edit whose author had seen the conflict and that sets `kept` or `other` resolves it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .change import Edit
from .rules import Dispute, Effect
from .store import FieldMark, MergeState, Row

if TYPE_CHECKING:
    from .merge import Case


def after(case: Case, edit: Edit, row: Row, field: str, effect: Effect) -> list[str]:
    """What an edit of `field` means for the row's conflicts; answers the ids of those it is party to."""
    opened = [c for c in case.sheet.open_conflicts(row.key) if c.values["field"] == field]
    if effect.dispute is not None:
        return _dispute(case, edit, row, effect.dispute, opened)
    if not opened:
        return []
    mine = _values(case, row, field)
    parties: list[str] = []
    for conflict in opened:
        if edit.base >= conflict.sequence:
            if mine in (conflict.values["kept"], conflict.values["other"]):
                _resolve(case, conflict, mine)
        elif conflict.values["other_device"] == case.writer.device:
            if not effect.altered:  # the author came round to what stands
                _resolve(case, conflict, mine)
        elif conflict.values["kept_device"] == case.writer.device and effect.altered:
            _amend(case, conflict, kept=shown(mine), kept_stamp=case.writer.stamp)
            parties.append(conflict.id)
    return parties


def _dispute(case: Case, edit: Edit, row: Row, dispute: Dispute, opened: list[Row]) -> list[str]:
    """Where several had said the value that loses, each has a conflict: any may yet say another."""
    author = FieldMark(case.writer.sequence, case.writer.device, case.writer.stamp, case.writer.user_id)
    keeper, loser = (author, dispute.opponent) if dispute.mine_stands else (dispute.opponent, author)
    base = dispute.base
    if base is None:
        base = {n: told(case, row, _path(dispute.field, n), None, edit.base) for n in dispute.kept}
    own = next((c for c in opened if c.values["other_device"] == author.device), None)
    if own is not None:  # the author's earlier value lost; this edit takes its place
        base = own.values["base"]
    losers: list[tuple[FieldMark, Row | None]] = [(loser, own)]
    if dispute.mine_stands:
        losers += [(FieldMark(loser.sequence, *w), None) for w in loser.agreeing if w[0] != author.device]
    return [
        record(
            case,
            row,
            field=dispute.field,
            kind=dispute.kind,
            base=base,
            kept=dispute.kept,
            other=dispute.other,
            keeper=keeper,
            loser=one,
            into=into,
        )
        for one, into in losers
    ]


def record(
    case: Case,
    row: Row,
    *,
    field: str | None,
    kind: str,
    base: dict[str, Any],
    kept: dict[str, Any],
    other: dict[str, Any],
    keeper: FieldMark,
    loser: FieldMark,
    into: Row | None = None,
) -> str:
    """Write a conflict: a new row, or the open one of that (row, field, losing device). Answers its id."""
    into = into or next(
        (
            c
            for c in case.sheet.open_conflicts(row.key)
            if c.values["field"] == field and c.values["other_device"] == loser.device
        ),
        None,
    )
    if into is not None and kind == "delete":
        kept, base = into.values["kept"] | shown(kept), shown(base) | into.values["base"]
    told = {
        "field": field,
        "kind": kind,
        "base": shown(base),
        "kept": shown(kept),
        "other": shown(other),
        "kept_by": keeper.by,
        "other_by": loser.by,
        "kept_device": keeper.device,
        "other_device": loser.device,
        "kept_stamp": keeper.stamp,
        "other_stamp": loser.stamp,
    }
    if into is not None:
        _amend(case, into, **told)
        return into.id
    return _new(case, {"table": row.table, "row_id": row.id, "state": "open"} | told)


def _new(case: Case, told: dict[str, Any]) -> str:
    writer, table = case.writer, case.catalogue.tables["conflict"]
    values: dict[str, Any] = dict.fromkeys(name for name in table.columns if name not in ("id", "sequence"))
    values |= told | {
        "created_at": writer.at,
        "created_by": writer.user_id,
        "updated_at": writer.at,
        "updated_by": writer.user_id,
    }
    birth = FieldMark(writer.sequence, SERVER_DEVICE, writer.stamp, None)
    row = Row("conflict", case.new_id(), values, writer.sequence, writer.sequence, None, MergeState(birth))
    return case.sheet.add(row).id


SERVER_DEVICE = "00000000-0000-0000-0000-000000000000"  # the author of what the server adds by itself


def _amend(case: Case, conflict: Row, **values: Any) -> None:
    draft = case.sheet.edit(conflict.key)
    mark = FieldMark(case.writer.sequence, SERVER_DEVICE, case.writer.stamp, None)
    for name, value in values.items():
        if draft.values[name] != value:
            draft.values[name] = value
            draft.merge.fields[name] = mark
    draft.sequence = case.writer.sequence
    draft.values |= {"updated_at": case.writer.at, "updated_by": case.writer.user_id}


def _resolve(case: Case, conflict: Row, resolution: Any) -> None:
    _amend(case, conflict, state="resolved", resolved_by=case.writer.user_id, resolution=shown(resolution))


def settle_deleted(case: Case, row: Row, base: int) -> None:
    """A row was deleted by somebody who had seen its conflicts: they are decided."""
    for conflict in case.sheet.open_conflicts(row.key):
        if base >= conflict.sequence:
            _resolve(case, conflict, None)


def told(case: Case, row: Row, path: str, now: Any, after_sequence: int) -> Any:
    """The value at `after_sequence`, from the history of the scope. `path` is a column or column.key."""
    column, dot, key = path.partition(".")
    if not dot and isinstance(now, dict) and case.catalogue.tables[row.table].columns[column].type == "map":
        whole = case.history(row.key, column, after_sequence) or {}
        return {k: whole.get(k) for k in now}
    value = case.history(row.key, column, after_sequence)
    return (value or {}).get(key) if dot else value


def shown(values: Any) -> Any:
    """As JSON holds it: geometries and bytes are lower-case hex."""
    match values:
        case bytes():
            return values.hex()
        case dict():
            return {k: shown(v) for k, v in values.items()}
        case list():
            return [shown(v) for v in values]
    return values


def _values(case: Case, row: Row, field: str) -> dict[str, Any]:
    column, dot, key = field.partition(".")
    if dot:
        return {key: (row.values[column] or {}).get(key)}
    return {n: shown(row.values[n]) for n in case.catalogue.tables[row.table].columns_of(field) if n in row.values}


def _path(field: str, name: str) -> str:
    """`name` within a dispute on `field`: a key of a map, or a column of a group."""
    return field if "." in field else name
