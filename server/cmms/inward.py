"""What changed in a maintenance system, into the building: a transaction a record, with the link in the same commit.

A record whose version is known is our own word or was seen before, and makes nothing: so answers that come twice, and
what we wrote there ourselves, go in no circle. What a record changes is what differs from what both said last; its base
is the sequence of ours that they knew. Where nothing is known of a field, what differs becomes a conflict that keeps
both. New rows get an id that follows from theirs, so a turn that was killed makes none twice.
"""

from __future__ import annotations

from typing import Any

import msgspec

from arxos_sync.change import is_uuid
from arxos_sync.messages import Change, Receipt
from arxos_sync.store import Row, ScopeWriter

from ..live.bus import Hint
from ..parts import derived_id
from . import links
from .links import Link
from .mapping import DEFAULT_KIND, TABLE, Record, read_record, steps_to
from .tie import Tie, row_of

REASON = "from a maintenance system"


def receive(tie: Tie, cursor: str | None) -> bool:
    """All that changed there since the cursor; answers whether it came to the end."""
    while True:
        page = tie.system.changed(cursor)
        for record in page.records:
            take_record(tie, record)
        following = page.next if page.next is not None else cursor
        with tie.parts.store.tables() as sql:
            for problem in page.problems:
                tie.log(sql, "in", "refused", problem=problem)
            sql.run("update cmms_connection set heard_to = :cursor where id = :id", cursor=following, id=tie.id)
        if not page.more or following == cursor:
            return True
        if tie.over():
            return False
        cursor = following


def take_record(tie: Tie, record: Record) -> None:
    with tie.parts.store.write(tie.building) as writer:
        link = links.by_theirs(writer.sql, tie.id, record.id)
        if link is not None and link.their_version == record.version and not record.deleted:
            return
        hint = _deleted(tie, writer, link) if record.deleted else _changed(tie, writer, record, link)
    tie.tell(hint)


def _deleted(tie: Tie, writer: ScopeWriter, link: Link | None) -> Hint | None:
    """A row that was edited here meanwhile lives, with a conflict that says so, and is told to them as a new one."""
    if link is None:
        return None
    links.drop(writer.sql, tie.id, link.row_id)
    row = row_of(writer, link.row_id)
    if row is None or row.deleted is not None:
        return None
    receipt, hint = tie.write(writer, [Change(TABLE, row.id, "delete", link.sequence)], REASON)
    _log(tie, writer, link.row_id, link.their_id, receipt, ["deleted"])
    return hint


def _changed(tie: Tie, writer: ScopeWriter, record: Record, link: Link | None) -> Hint | None:
    row, link = _row_for(tie, writer, record, link)
    said, problems = read_record(tie.parts.catalogue.tables[TABLE], tie.mappings, record, link.equal)
    if problems:
        tie.log(writer.sql, "in", "remark", row=link.row_id, theirs=record.id, problems=problems)
    changes = _new(tie, link.row_id, record, said) if row is None else _edits(tie, row, link, said)
    receipt, hint = _write(tie, writer, link, record, changes)
    if receipt is not None and receipt.problem is not None:
        if row is not None:  # seen, and not equal: the record's next change brings all of this again
            links.keep(writer.sql, tie.id, msgspec.structs.replace(link, their_version=record.version))
        return None
    knew_all = row is None or row.sequence == link.sequence
    now = row_of(writer, link.row_id)
    assert now is not None
    equal = link.equal | said
    sequence = now.sequence if knew_all else link.sequence
    links.keep(writer.sql, tie.id, Link(now.id, record.id, record.version, sequence, equal))
    return hint


def _row_for(tie: Tie, writer: ScopeWriter, record: Record, link: Link | None) -> tuple[Row | None, Link]:
    """The row a record is of. One that was made from ours is ours, though nobody wrote that down."""
    if link is not None:
        return row_of(writer, link.row_id), link
    for id in (record.external_id, derived_id(tie.id, record.id)):
        row = row_of(writer, id) if is_uuid(id) else None
        if row is None:
            continue
        known = links.by_ours(writer.sql, tie.id, row.id)
        if known is None:
            return row, Link(row.id, record.id, "", 0, {})
        if known.pending:
            return row, msgspec.structs.replace(known, their_id=record.id)
    return None, Link(derived_id(tie.id, record.id), record.id, "", 0, {})


def _new(tie: Tie, id: str, record: Record, said: dict[str, Any]) -> list[Change]:
    """An insert; the states it went through there come after it."""
    column = tie.parts.catalogue.tables[TABLE].columns["state"]
    given = {name: value for name, value in said.items() if value is not None and name != "state"}
    given = {"number": record.id, "kind": DEFAULT_KIND, "external_ids": {tie.name: record.id}} | given
    states = steps_to(column, str(column.initial), said.get("state") or str(column.initial)) or []
    steps = [Change(TABLE, id, "update", 0, {"state": state}) for state in states]
    return [Change(TABLE, id, "insert", 0, given), *steps]


def _edits(tie: Tie, row: Row, link: Link, said: dict[str, Any]) -> list[Change]:
    """What was known of a field is contested since then; what was not, by whatever stands. A state of which nothing is
    known stays: a step back would be as legal as the one that somebody took here.
    """
    changed = {n: v for n, v in said.items() if n in link.equal and v != link.equal[n]}
    unknown = {n: v for n, v in said.items() if n not in link.equal and v != row.values[n] and n != "state"}
    state = changed.pop("state", None)
    changes = []
    if changed:
        was = {name: link.equal[name] for name in changed}
        changes.append(Change(TABLE, row.id, "update", link.sequence, changed, was))
    if unknown:
        changes.append(Change(TABLE, row.id, "update", 0, unknown))
    if state is not None:
        changes += _steps(tie, row, link, state)
    return changes


def _steps(tie: Tie, row: Row, link: Link, wanted: str) -> list[Change]:
    """Where nobody here moved it, the states between come too; else the merge says whether the step is legal."""
    now, known = row.values["state"], link.equal["state"]
    column = tie.parts.catalogue.tables[TABLE].columns["state"]
    states = (steps_to(column, now, wanted) if now == known else None) or [wanted]
    return [Change(TABLE, row.id, "update", link.sequence, {"state": state}, {"state": known}) for state in states]


def _write(
    tie: Tie, writer: ScopeWriter, link: Link, record: Record, changes: list[Change]
) -> tuple[Receipt | None, Hint | None]:
    """A state that no step leads to is left out and told; the rest stands."""
    if not changes:
        return None, None
    receipt, hint = tie.write(writer, changes, REASON)
    if receipt.problem is not None and receipt.problem.field == "state":
        tie.log(writer.sql, "in", "remark", row=link.row_id, theirs=record.id, problems=[receipt.problem.detail])
        changes = [change for change in changes if "state" not in (change.set or {})]
        if not changes:
            return None, None
        receipt, hint = tie.write(writer, changes, REASON)
    fields = sorted({name for change in changes for name in change.set or {}})
    _log(tie, writer, link.row_id, record.id, receipt, fields)
    return receipt, hint


def _log(tie: Tie, writer: ScopeWriter, row: str, theirs: str, receipt: Receipt, fields: list[str]) -> None:
    conflicts = [id for outcome in receipt.changes for id in outcome.conflicts]
    problem = None if receipt.problem is None else msgspec.to_builtins(receipt.problem)
    tie.figures.received += receipt.problem is None
    tie.figures.rejected += receipt.problem is not None
    tie.figures.conflicts += len(conflicts)
    tie.log(
        writer.sql, "in", receipt.outcome, row=row, theirs=theirs, fields=fields, conflicts=conflicts,
        sequence=receipt.sequence, problem=problem,
    )  # fmt: skip
