"""What follows from findings and measurements, however they came in: by sync, by REST or from AR.

A measurement that disagrees with the plan is flagged: an annotation says so, and nothing else changes. Something
unexpected, or something that was not found, has an annotation as well. A task goes where its validation is: submitted,
then accepted or rejected with it; where nobody could get in it is opened again. Of what was accepted a correction is
laid on the thing with the base that its author had, what was not found is `missing`, and the confidence of the element
is reckoned anew.

Each consequence is a transaction of a device whose id is derived from what it follows from: the same piece of work
again finds its receipt there and changes nothing. It is done on behalf of whoever did the work, or decided on it (a
correction with the rights of whoever accepted it), so the rules of the merge hold here too; what they refuse stays
undone, and is told in the log.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import structlog

from arxos_sync.heal import mark_of
from arxos_sync.intake import Author, take_in
from arxos_sync.messages import Change, Transaction
from arxos_sync.pull import row_out
from arxos_sync.store import Row, ScopeWriter

from ..accounts.people import granted_role, is_admin
from ..jobs.following import Followed
from ..live.bus import Hint
from ..parts import DICE, Parts, arrival, derived_id, new_stamp, now
from .confidence import columns_of, parts_in, recomputed
from .evidence import Found, Plan

_log = structlog.get_logger("arxos.validation")
_FINDINGS = ("validation", "measurement")


class Consequences:
    """Follows each building for findings and measurements."""

    name = "validation"
    from_start = True

    def take(self, parts: Parts, followed: Followed) -> None:
        found = {table: [r.id for r in followed.rows if r.table == table] for table in _FINDINGS}
        if any(found.values()):
            follow(parts, followed.scope, **found)


def follow(parts: Parts, building: str, validation: Iterable[str] = (), measurement: Iterable[str] = ()) -> None:
    """Do what follows from these rows, and has not been done."""
    with parts.store.write(building) as writer:
        before = writer.head().sequence
        work = _Work(parts, writer)
        wanted = {"validation": list(validation), "measurement": list(measurement)}
        rows = [row for row in writer.rows(wanted) if row.deleted is None]
        work.flag_measurements([row for row in rows if row.table == "measurement"])
        findings = [row for row in rows if row.table == "validation"]
        findings.sort(key=lambda row: (_moved_at(row), row.id))
        for row in findings:
            work.flag_finding(row)
            work.move_task(row)
        accepted = [row for row in findings if row.values["state"] == "accepted"]
        for row in accepted:
            work.apply(row)
        work.reckon(accepted)
        after = writer.head().sequence
    if after > before:
        parts.bus.announce_apart(Hint(building, before, after))


def _moved_at(row: Row) -> int:
    """The sequence that brought a finding where it stands."""
    return mark_of(row, "state").sequence


class _Work:
    def __init__(self, parts: Parts, writer: ScopeWriter) -> None:
        self._parts, self._writer = parts, writer

    def _do(self, cause: tuple[str, ...], author: Author, changes: list[Change]) -> None:
        author = msgspec.structs.replace(author, device=derived_id("device", *cause))
        nonce = derived_id("nonce", *cause).replace("-", "")
        transaction = Transaction(1, nonce, new_stamp(), changes, "validation")
        taken = take_in(self._writer, self._parts.catalogue, author, None, [transaction], arrival(), DICE)
        if taken.state == "ok" and (problem := taken.receipts[0].problem) is not None:
            _log.warning("what follows was refused", cause=cause, code=problem.code, detail=problem.detail)

    def _one(self, table: str | None, id: str | None) -> Row | None:
        if table is None or id is None:
            return None
        found = self._writer.rows({table: [id]})
        return found[0] if found and found[0].deleted is None else None

    # ------------------------------------------------------------ annotations

    def flag_measurements(self, rows: list[Row]) -> None:
        plan = Plan(self._writer, rows)
        for row in rows:
            if (compared := plan.compare(row)) is not None and compared.disagrees:
                told = {"title": compared.title(), "text": compared.text(), "kind": "issue", "labels": ["disagrees"]}
                self._flag(flag_of(row.id), row.values["created_by"], row, told)

    def flag_finding(self, row: Row) -> None:
        outcome = row.values["outcome"]
        if row.values["state"] == "rejected" or outcome not in ("unexpected", "not_found"):
            return
        target = self._one(row.values["target_table"], row.values["target_id"])
        called = (target and (target.values.get("name") or target.values.get("tag"))) or "something"
        title = f"Not found on site: {called}" if outcome == "not_found" else "Unexpected on site"
        kind = "unexpected" if outcome == "unexpected" else "issue"
        told = {"title": title, "kind": kind, "labels": [outcome.replace("_", " ")]}
        told |= {"text": row.values["note"]} if row.values["note"] else {}
        if row.values["location"] is not None:
            told["location"] = row.values["location"]
        self._flag(flag_of(row.id), row.values["author"], row, told)

    def _flag(self, id: str, user_id: str | None, row: Row, told: dict[str, Any]) -> None:
        told |= {"status": "open"}
        if self._one(row.values["target_table"], row.values["target_id"]) is not None:
            told |= {name: row.values[name] for name in ("target_table", "target_id")}
        if not self._writer.rows({"annotation": [id]}):
            self._do(("flag", row.id), _server_for(user_id), [Change("annotation", id, "insert", 0, told)])

    # ------------------------------------------------------------ tasks

    def move_task(self, row: Row) -> None:
        task = self._one("task", row.values["task_id"])
        if task is None:
            return
        state, verdict = task.values["state"], row.values["state"]
        if state in ("accepted", None) or (state == "rejected" and verdict == "rejected"):
            return
        steps = [] if state == "submitted" else ["submitted"]
        self._step(row, task, "author", ["reopened", *steps] if state == "rejected" else steps)
        if verdict == "submitted":
            return
        nobody_looked = verdict == "accepted" and row.values["outcome"] == "no_access"
        self._step(row, task, "reviewer", ["rejected", "reopened"] if nobody_looked else [verdict])

    def _step(self, row: Row, task: Row, who: str, states: list[str]) -> None:
        base = self._writer.head().sequence
        changes = [Change("task", task.id, "update", base, {"state": state}) for state in states]
        if changes:
            self._do(("task", row.id, row.values["state"], who), _server_for(row.values[who]), changes)

    # ------------------------------------------------------------ what was accepted

    def apply(self, row: Row) -> None:
        target = self._one(row.values["target_table"], row.values["target_id"])
        if target is None:
            return
        told = self._told(row, target)
        if told:
            change = Change(target.table, target.id, "update", row.born, told)
            self._do(("correction", row.id), self._themselves(row.values["reviewer"]), [change])

    def _themselves(self, user_id: str) -> Author:
        """With the rights they have, not the server's: a finding may name any column."""
        role = granted_role(self._writer.sql, user_id, self._writer.scope, now())
        return Author(user_id, "", "owner" if is_admin(self._writer.sql, user_id) else role)

    def _told(self, row: Row, target: Row) -> dict[str, Any]:
        """The columns that an accepted finding sets."""
        outcome, field, value = row.values["outcome"], row.values["field"], row.values["claimed_value"]
        if outcome == "not_found" and target.table == "element":
            return {"status": "missing"} if target.values["status"] != "missing" else {}
        if outcome != "corrected" or not field:
            return {}
        name, _, key = field.partition(".")
        if key and name == "properties":
            return {name: {key: value}} if (target.values.get(name) or {}).get(key) != value else {}
        table = self._parts.catalogue.tables[target.table]
        now = row_out(self._parts.catalogue, target, None, False).set or {}
        if name in table.groups:
            return value if isinstance(value, dict) else {}
        group = table.columns_of(table.columns[name].field) if name in table.columns else (name,)
        return {**{n: now.get(n) for n in group}, name: value} if now.get(name) != value else {}

    def reckon(self, accepted: list[Row]) -> None:
        """The confidence of their elements, once for each set of findings."""
        about: dict[str, list[Row]] = {}
        for row in accepted:
            if row.values["target_table"] == "element":
                about.setdefault(row.values["target_id"], []).append(row)
        found = Found(self._writer, about)
        for element, rows in about.items():
            if element not in found.elements:
                continue
            now = parts_in(found.elements[element].values)
            parts = recomputed(now, found.of(element))
            if parts != now:
                last = max(rows, key=lambda row: (_moved_at(row), row.id))
                change = Change("element", element, "update", self._writer.head().sequence, columns_of(parts))
                cause = ("confidence", *sorted(row.id for row in rows))
                self._do(cause, _server_for(last.values["reviewer"]), [change])


def _server_for(user_id: str | None) -> Author:
    return Author(user_id, "", None, server=True)


def flag_of(id: str) -> str:
    """The annotation by which a measurement or a finding is flagged."""
    return derived_id("flag", id)
