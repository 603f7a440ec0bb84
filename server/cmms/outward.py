"""What changed in the building, to a maintenance system: what of each work order differs from what both said last.

Since that is compared, telling the same twice tells nothing. What they refuse, or changed meanwhile (412), is looked at
again at the next turn and holds up no other. A record that they made before we could write that down is found again by
our row's id, and compared with what it was told when it was made.
"""

from __future__ import annotations

from typing import Any

import msgspec

from arxos_sync.messages import Change
from arxos_sync.store import Row, RowQuery

from ..accounts.people import reading
from ..parts import new_id
from . import links
from .inward import take_record
from .links import PENDING, Link
from .mapping import TABLE, Record, in_their_words, to_send
from .rest_system import Changed, Gone, Refusal
from .tie import Tie, row_of

REASON = "known to a maintenance system"


def tell(tie: Tie, sent_to: int) -> bool:
    """All that changed here since; answers whether it came to the end."""
    with tie.parts.store.read(tie.building) as reader:
        head = reader.head().sequence
        moved = reader.sql.rows(_MOVED, building=tie.building, after=sent_to)
    reached, again = head, head
    for one in moved:
        if tie.over():
            reached = int(one["sequence"]) - 1
            break
        if not _tell(tie, str(one["id"]), one["deleted"] is not None):
            again = min(again, int(one["sequence"]) - 1)
    with tie.parts.store.tables() as sql:
        sql.run(
            "update cmms_connection set sent_to = :sent where id = :id", sent=min(reached, again), id=tie.id
        )  # fmt: skip
    return reached == head


def _tell(tie: Tie, id: str, is_deleted: bool) -> bool:
    """Answers whether they know it now."""
    try:
        if is_deleted:
            _delete(tie, id)
        else:
            _tell_row(tie, id)
        return True
    except (Changed, Gone):
        tie.figures.waiting += 1
    except Refusal as refusal:
        tie.figures.refused += 1
        with tie.parts.store.tables() as sql:
            tie.log(sql, "out", "refused", row=id, problem=str(refusal))
    return False


def _delete(tie: Tie, id: str) -> None:
    with reading(tie.parts.store) as sql:
        link = links.by_ours(sql, tie.id, id)
    if link is None:
        return
    if link.pending:
        made = tie.system.made_from(id)
        link = made and msgspec.structs.replace(link, their_id=made.id, their_version=made.version)
    if link is not None:
        tie.system.delete(link.their_id, link.their_version)
        tie.figures.sent += 1
    with tie.parts.store.tables() as sql:
        links.drop(sql, tie.id, id)
        if link is not None:
            tie.log(sql, "out", "deleted", row=id, theirs=link.their_id)


def _tell_row(tie: Tie, id: str) -> None:
    row, link = _read(tie, id)
    if row is None or not any(m.goes_out for m in tie.mappings):
        return
    if link is None or link.pending:
        if (record := tie.system.made_from(id)) is not None:
            take_record(tie, record)
            row, link = _read(tie, id)
    if row is None:
        return
    if link is None or link.pending:
        link = _create(tie, row, link)
    fields = to_send(tie.mappings, row.values, link.equal)
    if fields:
        _update(tie, row, link, fields)


def _read(tie: Tie, id: str) -> tuple[Row | None, Link | None]:
    with tie.parts.store.read(tie.building) as reader:
        found, _ = reader.listed(RowQuery(TABLE, {"id": id}, limit=1))
        return (found[0] if found else None), links.by_ours(reader.sql, tie.id, id)


def _create(tie: Tie, row: Row, pending: Link | None) -> Link:
    """What is told is written down first; a try that was cut is made again under its key, in its words."""
    if pending is None:
        values = {m.ours: row.values.get(m.ours) for m in tie.mappings if m.goes_out}
        pending = Link(row.id, PENDING + new_id(), "", row.sequence, values)
        with tie.parts.store.tables() as sql:
            links.keep(sql, tie.id, pending)
    given = {name: value for name, value in pending.equal.items() if value is not None}
    record = tie.system.create(row.id, pending.key, in_their_words(tie.mappings, given))
    if record.deleted:  # made at a former try, and deleted there since
        with tie.parts.store.tables() as sql:
            links.drop(sql, tie.id, row.id)
        raise Changed
    tie.figures.sent += 1
    return _linked(tie, row, record, pending)


def _update(tie: Tie, row: Row, link: Link, fields: dict[str, Any]) -> None:
    try:
        record = tie.system.update(link.their_id, link.their_version, in_their_words(tie.mappings, fields))
    except Gone:
        take_record(tie, Record(link.their_id, "", deleted=True))
        raise
    tie.figures.sent += 1
    link = Link(row.id, link.their_id, record.version, row.sequence, link.equal | fields)
    with tie.parts.store.tables() as sql:
        links.keep(sql, tie.id, link)
        tie.log(sql, "out", "updated", row=row.id, theirs=record.id, version=record.version, fields=sorted(fields))


def _linked(tie: Tie, row: Row, record: Record, pending: Link) -> Link:
    """With their id in the row, for people to see. Raises Refusal where it is another row's already."""
    with tie.parts.store.write(tie.building) as writer:
        other = links.by_theirs(writer.sql, tie.id, record.id)
        if other is not None and other.row_id != row.id:
            raise Refusal(f"its record {record.id} is our row {other.row_id} already")
        as_it_was, hint, sequence = row_of(writer, row.id), None, pending.sequence
        if as_it_was is not None and as_it_was.deleted is None:
            told = {"external_ids": {tie.name: record.id}}
            receipt, hint = tie.write(writer, [Change(TABLE, row.id, "update", as_it_was.sequence, told)], REASON)
            if as_it_was.sequence == pending.sequence and receipt.sequence is not None:
                sequence = receipt.sequence
        link = Link(row.id, record.id, record.version, sequence, pending.equal)
        links.keep(writer.sql, tie.id, link)
        tie.log(writer.sql, "out", "created", row=row.id, theirs=record.id, version=record.version)
    tie.tell(hint)
    return link


_MOVED = """
    select id, sequence, deleted
    from work_order
    where building_id = :building and sequence > :after
    order by sequence
    """
