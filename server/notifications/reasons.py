"""What in a building's log concerns whom.

Each transaction is looked at alone: what it changed, that still stands. So what was taken back before anybody could be
told is not told, and neither is a value that lost a conflict. Nobody is told of their own doing. What one transaction
did for one person in one way is one notice, however many rows it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from arxos_sync.messages import Transaction
from arxos_sync.store import LogEntry, Row

from ..jobs.following import Followed
from .house import House
from .notices import Notice, Subject, notice

ASSIGNED = {"task": "task_assigned", "work_order": "work_order_assigned", "annotation": "annotation_assigned"}
OWNED = ("task", "validation", "annotation", "work_order")  # an element is the building's, whoever entered it


class Doing(msgspec.Struct, frozen=True):
    """A transaction: by row what it said, and what stood there before, of the columns it changed (None: a new row)."""

    entry: LogEntry
    said: dict[tuple[str, str], dict[str, Any]]
    before: dict[tuple[str, str], dict[str, Any] | None]

    def changed(self, row: Row, column: str) -> bool:
        """Did it set this column to what stands there now?"""
        before = self.before[row.key]
        if before is not None and column not in before:
            return False
        return row.deleted is None and self.said.get(row.key, {}).get(column, row.values[column]) == row.values[column]

    def made(self, row: Row) -> bool:
        return self.before[row.key] is None and row.deleted is None


def notices_of(house: House, followed: Followed) -> list[Notice]:
    found: list[Notice] = []
    for doing in _doings(followed):
        entry, by_way = doing.entry, dict[tuple[str, str], list[Subject]]()
        for subject in _subjects(house, doing):
            if house.may_hear(subject.user_id, entry.user_id, subject.kind):
                by_way.setdefault((subject.user_id, subject.kind), []).append(subject)
        doer = house.name_of_person(entry.user_id)
        for (_, kind), subjects in by_way.items():
            found.append(
                notice(
                    house.id, house.name, subjects, "" if kind.startswith("role") else doer, entry.received_at,
                    entry.sequence, entry.salt,
                )
            )  # fmt: skip
    return found


def _doings(followed: Followed) -> Iterator[Doing]:
    born: dict[int, list[Row]] = {}
    for row in followed.rows:
        born.setdefault(row.born, []).append(row)
    for entry in followed.entries:
        sent = msgspec.msgpack.decode(entry.content, type=Transaction)
        if sent.formerly is not None:
            continue  # healing brings back what was told in the former life
        said: dict[tuple[str, str], dict[str, Any]] = {}
        for change in sent.changes:
            said.setdefault((change.table, change.id), {}).update(change.set or {})
        before = {(table, id): values for table, id, values in msgspec.msgpack.decode(entry.before)}
        new: dict[tuple[str, str], dict[str, Any] | None] = {row.key: None for row in born.get(entry.sequence, ())}
        yield Doing(entry, said, {**new, **before})


def _subjects(house: House, doing: Doing) -> Iterator[Subject]:
    for row in (house.row(*key) for key in doing.before):
        match row and row.table:
            case None:
                continue
            case "member":
                yield from _role(house, doing, row)
            case "conflict":
                yield from _conflict(house, doing, row)
            case "validation":
                yield from _validation(house, doing, row)
            case "comment":
                yield from _comment(house, doing, row)
            case "task" | "work_order" | "annotation":
                yield from _assigned(house, doing, row)
                yield from _remark(house, doing, row) if row.table == "annotation" else ()


def _assigned(house: House, doing: Doing, row: Row) -> Iterator[Subject]:
    assignee = row.values["assignee"]
    if assignee is not None and doing.changed(row, "assignee"):
        yield Subject(assignee, ASSIGNED[row.table], house.what(row), house.link(row), house.due(row))


def _validation(house: House, doing: Doing, row: Row) -> Iterator[Subject]:
    what, link, state = house.of_target(row), house.link(row), row.values["state"]
    if doing.made(row) and state == "submitted":
        for reviewer in house.reviewers():
            if reviewer != row.values["author"]:
                yield Subject(reviewer, "review", what, link, str(row.values["outcome"]))
    elif row.values["author"] and state in ("accepted", "rejected") and doing.changed(row, "state"):
        yield Subject(row.values["author"], f"validation_{state}", what, link, row.values["note"] or "")


def _conflict(house: House, doing: Doing, row: Row) -> Iterator[Subject]:
    if doing.made(row) and row.values["state"] == "open":
        what = house.of_row(str(row.values["table"]), str(row.values["row_id"]))
        for party in {row.values["kept_by"], row.values["other_by"]} - {None}:
            yield Subject(party, "conflict", what, f"/b/{house.id}/conflicts", row.values["field"] or "deleted")


def _remark(house: House, doing: Doing, row: Row) -> Iterator[Subject]:
    if doing.made(row) and row.values["target_table"] in OWNED:
        for owner in house.owners(row.values["target_table"], row.values["target_id"]) - {row.values["assignee"]}:
            yield Subject(owner, "annotation", house.what(row), house.link(row), row.values["text"] or "")


def _comment(house: House, doing: Doing, row: Row) -> Iterator[Subject]:
    if doing.made(row):
        about = house.of_row("annotation", row.values["annotation_id"])
        for owner in house.owners("annotation", row.values["annotation_id"]):
            yield Subject(owner, "comment", about, house.link(row), row.values["text"])


def _role(house: House, doing: Doing, row: Row) -> Iterator[Subject]:
    """A grant shows in the row of `member`; who gave it stands in the grant."""
    person, before = row.values["user_id"], doing.before[row.key]
    if row.deleted == doing.entry.sequence:
        yield Subject(person, "role_taken", "", "/")
    elif row.deleted is None and (before or {}).get("role") != row.values["role"] and not house.gave_themselves(person):
        yield Subject(person, "role_given", f"{row.values['role']} of {house.name}", f"/b/{house.id}")
