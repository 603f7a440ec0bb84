"""The ten rules of PROTOCOL.md §4, one function a kind of field.

Each is told the row (already a draft), the edit and the author, writes what stands into the row, and answers an
`Effect`. A field is contested when another device changed it after the edit's base and the values differ.
"""

from __future__ import annotations

import difflib
from typing import Any

import msgspec

from . import heal, stamp
from .catalogue import Column, Table
from .change import Edit
from .geometry import rounded_equal
from .heal import leave_mark, mark_of
from .problems import Refused
from .rights import at_least
from .store import FieldMark, Row, Word


class Writer(msgspec.Struct, frozen=True):
    """The author of a change as merging sees them: `stamp` is clamped, `sequence` what the transaction takes.

    Of a write that heals a restored server: its sequence in the former life, and the highest both lives share.
    """

    user_id: str | None
    device: str
    role: str | None
    stamp: str
    sequence: int
    at: str
    formerly: int = 0
    common: int = 0
    schema: int = 0  # what their replica has been told of; 0: all there is

    def mark(self, former: FieldMark | None = None) -> FieldMark:
        """The mark this author leaves on a field that `former` marked."""
        other = 0 if former is None else seen_from(former, self.device)
        return FieldMark(self.sequence, self.device, self.stamp, self.user_id, other)


class Dispute(msgspec.Struct, frozen=True):
    """A contested field: what stands and what does not, as {column or key: value}."""

    field: str
    kind: str  # field | workflow
    base: dict[str, Any] | None  # None: not told by the author
    kept: dict[str, Any]
    other: dict[str, Any]
    mine_stands: bool
    opponent: FieldMark


class Effect(msgspec.Struct, frozen=True):
    altered: bool = False
    dispute: Dispute | None = None
    outranked: bool = False  # by a later write of a former life (heal.py): as if it had not been sent


NOTHING = Effect()
OUTRANKED = Effect(outranked=True)


def seen_from(mark: FieldMark, device: str) -> int:
    """The last sequence at which another device than `device` set the field."""
    return mark.other if mark.device == device else mark.sequence


def equal(column: Column, a: Any, b: Any) -> bool:
    """The same value, as merging counts it (geometry: to 0.1 mm or 1e-9 degree)."""
    if a is None or b is None:
        return a is b
    if column.type == "geometry":
        return a == b or rounded_equal(a, b, 1e-9 if column.srid == 4326 else 1e-4)
    return a == b and type(a) is type(b)


def set_field(row: Row, table: Table, field: str, edit: Edit, writer: Writer) -> Effect:
    """`latest`, `atomic`, `geometry`, `text`, `append` and `workflow`: columns that are set."""
    columns = [table.columns[name] for name in table.columns_of(field)]
    now = {c.name: row.values[c.name] for c in columns}
    new = {name: edit.set.get(name, value) for name, value in now.items()}  # what an older schema lacks stays
    rule = columns[0].rule
    if all(equal(c, now[c.name], new[c.name]) for c in columns):
        return _confirm(row, field, writer)
    outranked = heal.outranked(row, field, writer)
    if outranked:
        return OUTRANKED
    if rule == "append":
        raise Refused("append_only", f"{table.name}.{field} is set once", field=columns[0].name)
    if rule == "workflow":
        return _step(row, columns[0], new, edit, writer)
    if rule == "text" and outranked is None:
        merged = _merged_text(row, columns[0], new, edit, writer)
        if merged is not None:
            return _write(row, field, {columns[0].name: merged}, writer)
    known = all(name in edit.was for name in now if name in edit.set)
    base = {name: edit.was.get(name, value) for name, value in now.items()} if known else None
    return contest(row, field, now, new, base, edit.base, writer)


def contest(
    row: Row,
    field: str,
    now: dict[str, Any],
    new: dict[str, Any],
    base: dict[str, Any] | None,
    base_sequence: int,
    writer: Writer,
) -> Effect:
    """`latest`: uncontested the new value stands; contested the later stamp does, and both are kept."""
    outranked = heal.outranked(row, field, writer)
    if outranked is not None:
        return OUTRANKED if outranked else _write(row, field, new, writer)
    if base == now and heal.level(row, field):  # the author saw this very value, in the former life
        return _write(row, field, new, writer)
    mark = mark_of(row, field)
    if mark.device == writer.device and mark.agreed:  # what stands is another's word as much as the author's own
        *rest, latest = mark.agreeing
        mark = FieldMark(mark.other, *latest).with_agreeing(rest)
    if seen_from(mark, writer.device) <= base_sequence or mark.device == writer.device:
        return _write(row, field, new, writer)
    mine = stamp.beats(writer.stamp, writer.device, mark.stamp, mark.device)
    if mine:
        _write(row, field, new, writer)
    elif any(word[0] == writer.device for word in mark.agreeing):  # its word is another one now: the conflict has it
        row.merge.fields[field] = mark.with_agreeing(_of_others(mark, writer))
    kept, other = (new, now) if mine else (now, new)
    return Effect(mine, Dispute(field, "field", base, kept, other, mine, mark))


def set_key(row: Row, column: Column, key: str, value: Any, edit: Edit, writer: Writer) -> Effect:
    """`map`: each key is a `latest` field of its own; None removes it."""
    values = row.values[column.name] or {}
    now = values.get(key)
    if now == value and type(now) is type(value):
        return _confirm(row, f"{column.name}.{key}", writer)
    was = edit.was.get(column.name)
    base = {key: was.get(key)} if isinstance(was, dict) else None
    return contest(row, f"{column.name}.{key}", {key: now}, {key: value}, base, edit.base, writer)


def _confirm(row: Row, field: str, writer: Writer) -> Effect:
    """The same value again alters nothing, but it is this author's word too, with its stamp.

    Were it forgotten, a third edit would win or lose by who happened to arrive first.
    """
    mark = mark_of(row, field)
    if writer.formerly and heal.level(row, field) < writer.formerly:
        leave_mark(row, field, writer)
    elif stamp.beats(writer.stamp, writer.device, mark.stamp, mark.device):
        own = mark.device == writer.device
        sequence, other = mark.sequence if own else writer.sequence, seen_from(mark, writer.device)
        said = [] if own else [(mark.device, mark.stamp, mark.by)]
        now = FieldMark(sequence, writer.device, writer.stamp, writer.user_id, other)
        row.merge.fields[field] = now.with_agreeing(_of_others(mark, writer) + said)
    elif mark.device != writer.device:
        said = [(writer.device, writer.stamp, writer.user_id)]
        now = msgspec.structs.replace(mark, other=writer.sequence)
        row.merge.fields[field] = now.with_agreeing(_of_others(mark, writer) + said)
    return NOTHING


def _of_others(mark: FieldMark, writer: Writer) -> list[Word]:
    return [word for word in mark.agreeing if word[0] != writer.device]


def _write(row: Row, field: str, new: dict[str, Any], writer: Writer) -> Effect:
    column, dot, _ = field.partition(".")
    if dot:
        values = dict(row.values[column] or {}) | new
        row.values[column] = {k: v for k, v in values.items() if v is not None}
    else:
        row.values |= new
    leave_mark(row, field, writer)
    return Effect(True)


def write(row: Row, field: str, new: dict[str, Any], writer: Writer) -> None:
    """Set a field without asking anybody: the server's own doing within a transaction."""
    _write(row, field, new, writer)


# ---------------------------------------------------------------- counter, set


def add_to_counter(row: Row, column: Column, value: Any, writer: Writer) -> Effect:
    """`counter`: a delta joins the device's sum; a plain value (an insert of a row that lives) is that sum."""
    sums = row.merge.sums.setdefault(column.name, {})
    own = sums.get(writer.device, 0) + value["add"] if isinstance(value, dict) else (value or 0)
    amount = own - sums.get(writer.device, 0)
    if not amount:
        return NOTHING
    sums[writer.device] = own
    if writer.formerly:
        heal.add_again(row, column.name, amount, writer)
    row.values[column.name] = heal.sum_of(sums)
    leave_mark(row, column.name, writer)
    return Effect(True)


def change_set(row: Row, column: Column, value: Any, edit: Edit, writer: Writer) -> Effect:
    """`set`: an add wins over a remove whose base precedes it."""
    delta = value if isinstance(value, dict) else {"add": value or []}
    before = set(row.values[column.name] or ())
    after = set(before)
    for item in delta.get("remove", ()):
        name = f"{column.name}:{item}"
        mark = row.merge.items.get(name, row.merge.birth)
        if not heal.removes(row, name, mark, edit, writer):
            continue
        if item in after and (writer.formerly or seen_from(mark, writer.device) <= edit.base):
            after.discard(item)
            row.merge.items.pop(name, None)
    for item in delta.get("add", ()):
        name = f"{column.name}:{item}"
        former = row.merge.items.get(name) or (row.merge.birth if item in before else None)
        if not heal.adds(row, name, former or row.merge.birth, writer):
            continue
        after.add(item)
        row.merge.items[name] = writer.mark(former)
    if after == before:
        return NOTHING
    row.values[column.name] = sorted(after)
    leave_mark(row, column.name, writer)
    return Effect(True)


# ---------------------------------------------------------------- workflow, text


def _step(row: Row, column: Column, new: dict[str, Any], edit: Edit, writer: Writer) -> Effect:
    """`workflow`: a step that others made illegal does not move the state; a conflict says so."""
    now, wanted = row.values[column.name], new[column.name]
    allowed = step_allowed(column, now, wanted)
    if allowed is None and heal.repeats_step(row, column, writer):  # those in between have not come back yet
        allowed = heal.reviewed_only(column, wanted)
    if allowed is None:
        mark = mark_of(row, column.name)
        if seen_from(mark, writer.device) <= edit.base:
            raise Refused("invalid_value", f"no step from {now} to {wanted}", field=column.name)
        base = {column.name: edit.was[column.name]} if column.name in edit.was else None
        dispute = Dispute(column.name, "workflow", base, {column.name: now}, new, False, mark)
        return Effect(False, dispute)
    if allowed:
        if not at_least(writer.role, "reviewer"):
            raise Refused("forbidden", f"from {now} to {wanted} takes a reviewer", field=column.name)
        if writer.user_id is not None and writer.user_id == _doer(row, column, writer):
            raise Refused("forbidden", "nobody reviews their own work", field=column.name)
    effect = _write(row, column.name, new, writer)
    if allowed and "reviewer" in row.values:
        row.values |= {"reviewer": writer.user_id, "reviewed_at": writer.at}
        for name in ("reviewer", "reviewed_at"):
            leave_mark(row, name, writer)
    return effect


def _doer(row: Row, column: Column, writer: Writer) -> str | None:
    """Whose work is to be reviewed: the finding's author; of a row without one, whoever brought it where it stands.

    In a heal that is not known: who did may yet be on the way back, and the former life has asked.
    """
    if "author" in row.values:
        return row.values["author"]
    return None if writer.formerly else mark_of(row, column.name).by


def step_allowed(column: Column, now: str | None, wanted: str | None) -> bool | None:
    """None: no such step; else whether it takes a reviewer."""
    step = f"{now if now is not None else column.initial}>{wanted}"
    if f"{step}!" in column.steps:
        return True
    return False if step in column.steps else None


def _merged_text(row: Row, column: Column, new: dict[str, Any], edit: Edit, writer: Writer) -> str | None:
    """Both people's lines where they do not overlap; None where they do, or nothing is contested."""
    mark, was = mark_of(row, column.name), edit.was.get(column.name)
    contested = mark.device != writer.device and mark.sequence > edit.base
    theirs, mine = row.values[column.name], new[column.name]
    if not contested or was is None or theirs is None or mine is None:
        return None
    return merge_lines(was, theirs, mine)


def merge_lines(base: str, a: str, b: str) -> str | None:
    """Three-way merge by line; None where both changed the same place differently."""
    lines = base.splitlines(keepends=True)
    hunks = sorted(set(_hunks(lines, a)) | set(_hunks(lines, b)))
    for (former, end, _), (start, _, _) in zip(hunks, hunks[1:], strict=False):
        if start < end or start == former:
            return None
    merged, place = [], 0
    for start, end, replacement in hunks:
        merged += lines[place:start] + list(replacement)
        place = end
    return "".join(merged + lines[place:])


def _hunks(base: list[str], other: str) -> list[tuple[int, int, tuple[str, ...]]]:
    lines = other.splitlines(keepends=True)
    matcher = difflib.SequenceMatcher(None, base, lines, autojunk=False)
    return [(i1, i2, tuple(lines[j1:j2])) for tag, i1, i2, j1, j2 in matcher.get_opcodes() if tag != "equal"]
