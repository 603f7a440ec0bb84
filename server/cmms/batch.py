"""Work orders as files: CSV and JSON, in and out.

Each line of an import stands or falls alone: it is a transaction of its own, judged by intake like any other, and what
is wrong with it is told with its place. A line is the work order of its `id`, else of its `number`; of others it is a
new one. A trial run does the very same and takes it back. In CSV a text that a spreadsheet would take for a formula
gets an apostrophe before it, which comes off again on the way in. What other systems call a work order is one cell of
JSON; ids that a file does not name stay. What came and went stands in the sync log, under the building, since files
come over no connection.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from arxos_sync.catalogue import Table
from arxos_sync.change import is_uuid, read_value
from arxos_sync.intake import Author
from arxos_sync.messages import Change, Receipt, Transaction
from arxos_sync.problems import Problem, Refused, Unreadable
from arxos_sync.rights import at_least
from arxos_sync.store import Row, RowQuery, ScopeWriter, Sql

from ..accounts.people import Person, role_in
from ..live.bus import Hint
from ..parts import Parts, arrival, new_id, new_nonce, new_stamp, now
from ..sync.push import take
from .connections import write_log
from .mapping import TABLE, steps_to

COLUMNS = (
    "id", "number", "title", "kind", "state", "priority", "due_on", "assignee", "target_table", "target_id",
    "external_ids",
)  # fmt: skip
IDS = "external_ids"
BYTES_MAX = 5 * 1024 * 1024
LINES_MAX = 5_000
PROBLEMS_LOGGED = 50
PAGE = 1_000
_FORMULA = re.compile(r"'?[=+\-@\t\r]")


class LineProblem(msgspec.Struct, frozen=True):
    """`line`: of the file in CSV, its head being line 1; in JSON the place in the list, from 1."""

    line: int
    code: str
    detail: str
    field: str | None = None


class Taken(msgspec.Struct, frozen=True):
    dry_run: bool
    added: int
    changed: int
    unchanged: int
    conflicts: int
    problems: list[LineProblem]


class Line(msgspec.Struct, frozen=True):
    number: int
    values: dict[str, Any]


class _TakeBack(Exception):
    """Nothing of a trial run is kept."""


# ---------------------------------------------------------------- reading


def read_csv(body: bytes) -> list[Line]:
    """Raises Unreadable where it is no table of work orders at all."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable([("$", "the file is not UTF-8")]) from error
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ",")
    try:
        names = [name.strip() for name in next(reader, [])]
        _check_names(names)
        return [
            Line(reader.line_num, dict(zip(names, map(_unguarded, cells), strict=False)) | _beyond(names, cells))
            for cells in reader
            if any(cell.strip() for cell in cells)
        ]
    except csv.Error as error:
        raise Unreadable([("$", f"line {reader.line_num}: {error}")]) from error


def _check_names(names: list[str]) -> None:
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or len(set(names)) != len(names) or not names:
        said = f"no column is called {', '.join(map(repr, unknown))}; " if unknown else ""
        raise Unreadable([("$", f"{said}the first line names columns, each once: {', '.join(COLUMNS)}")])


def _beyond(names: list[str], cells: list[str]) -> dict[str, Any]:
    return {"": cells[len(names) :]} if len(cells) > len(names) else {}


def read_json(body: bytes) -> list[Line]:
    try:
        read = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable([("$", f"not JSON: {error}")]) from error
    items = read.get("items") if isinstance(read, dict) else read
    if not isinstance(items, list):
        raise Unreadable([("$", 'a list of work orders is wanted, or {"items": […]}')])
    return [Line(place, item if isinstance(item, dict) else {"": item}) for place, item in enumerate(items, 1)]


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell


# ---------------------------------------------------------------- in


def take_lines(parts: Parts, person: Person, building: str, lines: list[Line], dry_run: bool) -> Taken:
    """Raises Problem `not_found`, `forbidden`, `too_large`."""
    if len(lines) > LINES_MAX:
        raise Problem("too_large", f"{len(lines)} lines; {LINES_MAX} at once")
    taken: list[Taken] = []
    hint: Hint | None = None
    try:
        with parts.store.write(building) as writer:
            role = role_in(writer, person, now()) if writer.head().sequence else None
            if role is None:
                raise Problem("not_found", building)
            if not at_least(role, parts.catalogue.tables["work_order"].insert):
                raise Problem("forbidden", "Who may add no work orders brings none.")
            author = Author(person.id, new_id(), role, person.name, "import")
            made, hint = _take(parts, writer, author, lines, dry_run)
            taken.append(made)
            if dry_run:
                raise _TakeBack
            _log_import(writer.sql, building, person, made)
    except _TakeBack:
        return taken[0]
    if hint is not None:
        parts.bus.announce_apart(hint)
    return taken[0]


def _log_import(sql: Sql, building: str, person: Person, made: Taken) -> None:
    figures = {name: getattr(made, name) for name in ("added", "changed", "unchanged", "conflicts")}
    problems = [msgspec.to_builtins(problem) for problem in made.problems[:PROBLEMS_LOGGED]]
    told = {"who": person.id, **figures, "wrong": len(made.problems), "problems": problems}
    write_log(sql, building, "in", "imported", **told)


def log_export(sql: Sql, building: str, who: str, form: str, count: int) -> None:
    write_log(sql, building, "out", "exported", who=who, format=form, work_orders=count)


def _take(
    parts: Parts, writer: ScopeWriter, author: Author, lines: list[Line], dry_run: bool
) -> tuple[Taken, Hint | None]:
    plan = _Plan(parts, writer)
    planned = [(line, plan.changes(line)) for line in lines]
    told = [(line, changes) for line, changes in planned if changes]
    transactions = [
        Transaction(n, new_nonce(), new_stamp(), changes, "import") for n, (_, changes) in enumerate(told, 1)
    ]
    receipts: list[Receipt] = []
    hint = None
    if transactions:
        pushed, hint = take(parts, writer, author, None, transactions, arrival())
        receipts = pushed.receipts
    problems = plan.problems + [
        _problem(line, receipt)
        for (line, _), receipt in zip(told, receipts, strict=True)
        if receipt.problem is not None
    ]
    good = [changes[0].op for (_, changes), r in zip(told, receipts, strict=True) if r.problem is None]
    conflicts = sum(len(outcome.conflicts) for receipt in receipts for outcome in receipt.changes)
    problems.sort(key=lambda one: one.line)
    figures = (good.count("insert"), good.count("update"), plan.unchanged, conflicts)
    return Taken(dry_run, *figures, problems), hint


def _problem(line: Line, receipt: Receipt) -> LineProblem:
    assert receipt.problem is not None
    return LineProblem(line.number, receipt.problem.code, receipt.problem.detail, receipt.problem.field)


class _Plan:
    """What each line means to the building as it stands; what is wrong with a line before anybody is asked."""

    def __init__(self, parts: Parts, writer: ScopeWriter) -> None:
        self._table: Table = parts.catalogue.tables[TABLE]
        self._head = writer.head().sequence
        self._rows = {row.id: row for row in writer.live_rows(TABLE)}
        self._numbered: dict[str, list[Row]] = {}
        for row in self._rows.values():
            self._numbered.setdefault(row.values["number"], []).append(row)
        self._seen: set[str] = set()
        self.problems: list[LineProblem] = []
        self.unchanged = 0

    def changes(self, line: Line) -> list[Change]:
        try:
            given = self._read(line.values)
            row = self._row(line.values.get("id"), given)
        except Refused as refused:
            self.problems.append(LineProblem(line.number, refused.code, refused.detail, refused.field))
            return []
        made = self._new(line, given) if row is None else self._edits(row, given)
        self.unchanged += not made
        return made

    def _read(self, values: dict[str, Any]) -> dict[str, Any]:
        for name in values:
            if name not in COLUMNS:
                raise Refused("unknown_column", f"{values[name]!r} belongs to no column of work orders", field=name)
        return {name: self._value(name, value) for name, value in values.items() if name != "id"}

    def _value(self, name: str, value: Any) -> Any:
        column = self._table.columns[name]
        if name == IDS and isinstance(value, str) and value.strip():
            try:
                value = msgspec.json.decode(value)
            except msgspec.DecodeError as error:
                raise Refused("invalid_value", f"{name}: {value!r} is no JSON", field=name) from error
        if value is None or (isinstance(value, str) and not value.strip()):
            return read_value(column, "insert", None)
        if column.type == "integer" and isinstance(value, str):
            try:
                value = int(value)
            except ValueError as error:
                raise Refused("invalid_value", f"{name}: {value!r} is no whole number", field=name) from error
        return read_value(column, "insert", value)

    def _row(self, id: Any, given: dict[str, Any]) -> Row | None:
        """The work order that a line is of. Each line names another one."""
        if id:
            if not is_uuid(id):
                raise Refused("invalid_value", "the id is not a lower-case UUID", field="id")
            key, found = f"id {id}", [self._rows[id]] if id in self._rows else []
        else:
            number = given.get("number")
            if number is None:
                raise Refused("invalid_value", "a line has a number or an id", field="number")
            key, found = f"number {number}", self._numbered.get(number, [])
        if len(found) > 1:
            raise Refused("invalid_value", f"{len(found)} work orders have the {key}: give the id", field="number")
        key = f"id {found[0].id}" if found else key
        if key in self._seen:
            raise Refused("invalid_value", f"another line is of the same work order: {key}", field="number")
        self._seen.add(key)
        return found[0] if found else None

    def _new(self, line: Line, given: dict[str, Any]) -> list[Change]:
        id = line.values.get("id") or new_id()
        plain = {name: value for name, value in given.items() if name != "state" and value is not None}
        insert = Change(TABLE, id, "insert", self._head, plain)
        return [insert, *self._steps(id, "open", given.get("state"), self._head)]

    def _edits(self, row: Row, given: dict[str, Any]) -> list[Change]:
        plain = {name: value for name, value in given.items() if name not in ("state", IDS)}
        differ = {name: value for name, value in plain.items() if value != row.values[name]}
        known = row.values[IDS] or {}
        if new := {name: id for name, id in (given.get(IDS) or {}).items() if known.get(name) != id}:
            differ[IDS] = new
        if {"target_table", "target_id"} & differ.keys():
            differ |= {name: given.get(name, row.values[name]) for name in ("target_table", "target_id")}
        was = {name: row.values[name] for name in differ if name != IDS}
        changes = [Change(TABLE, row.id, "update", self._head, differ, was)] if differ else []
        return changes + self._steps(row.id, row.values["state"], given.get("state"), self._head)

    def _steps(self, id: str, now: str, wanted: str | None, base: int) -> list[Change]:
        if wanted is None or wanted == now:
            return []
        states = steps_to(self._table.columns["state"], now, wanted) or [wanted]
        return [Change(TABLE, id, "update", base, {"state": state}) for state in states]


# ---------------------------------------------------------------- out


def rows_of(parts: Parts, building: str, equal: dict[str, Any]) -> Iterator[Row]:
    """By number, a page of the database at a time."""
    after: tuple[Any, str] | None = None
    with parts.store.read(building) as reader:
        while True:
            query = RowQuery(TABLE, equal, sort="number", after=after, limit=PAGE)
            found, _ = reader.listed(query)
            yield from found
            if len(found) < PAGE:
                return
            after = (found[-1].values["number"], found[-1].id)


def as_items(rows: Iterable[Row]) -> list[dict[str, Any]]:
    return [{name: row.id if name == "id" else row.values[name] for name in COLUMNS} for row in rows]


def as_csv(rows: Iterable[Row]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for item in as_items(rows):
        writer.writerow([_guarded(_cell(item[name])) for name in COLUMNS])
    return out.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> Any:
    return msgspec.json.encode(value, order="sorted").decode() if isinstance(value, dict) else value


def _guarded(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value
