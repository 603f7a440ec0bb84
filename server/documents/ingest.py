"""A model's rows into a building: what is new is inserted, what differs changed, what is the same left alone.

A row of the file is the row of the building that has its `ifc_guid`; so the same file twice changes nothing.
Nothing is deleted: that a thing is not in a file does not say that it is not in the building.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from arxos_sync.catalogue import SERVER, Table
from arxos_sync.change import is_uuid, read_value
from arxos_sync.messages import Change
from arxos_sync.problems import Problem
from arxos_sync.store import BuildingQuery, Row
from client_kit.formats import FormatError
from client_kit.formats import Row as FileRow

from ..accounts.people import Person
from ..parts import Parts, new_id
from ..sync.push import Job

PAGE = 200


class Ingested(msgspec.Struct, frozen=True):
    building: str
    file: str
    inserted: dict[str, int]
    changed: dict[str, int]
    unchanged: int
    rejected: list[str]
    remarks: list[str]

    def line(self) -> str:
        new = ", ".join(f"{count} {table}" for table, count in sorted(self.inserted.items())) or "nothing"
        other = ", ".join(f"{count} {table}" for table, count in sorted(self.changed.items())) or "nothing"
        said = f"{self.file}: {new} added, {other} changed, {self.unchanged} as they were"
        said += f"; building {self.building}"
        told = [f"  rejected: {problem}" for problem in self.rejected] + [f"  {text}" for text in self.remarks]
        return "\n".join([said, *told])


def ingest(parts: Parts, person: Person, file: Path, building: str | None = None) -> Ingested:
    """Read a model and take it in for `person`. Raises Problem."""
    from client_kit.formats.ifc import read_ifc_limited

    if building is not None and not is_uuid(building):
        raise Problem("not_found", f"There is no building {building}")
    try:
        model = read_ifc_limited(file)
    except FormatError as error:
        raise Problem("invalid", f"{file.name}: {error.detail}", hint=error.hint) from error
    scope = building or _same_building(parts, model.guid) or new_id()
    return take_rows(parts, person, scope, model.rows, file.name, model.remarks)


def take_rows(parts: Parts, person: Person, scope: str, rows: list[FileRow], name: str, remarks: list[str]) -> Ingested:
    with parts.store.read(scope) as reader:
        live = list(reader.live_rows())
        base = reader.head().sequence
    held = {_name(row): row for row in live if row.values.get("ifc_guid")}
    plan = _Plan(parts, _identify(scope, rows, held), live, base)
    changes = list(plan.changes(rows))
    receipts = list(Job(parts, person, scope, "import", name).write_all(changes))
    rejected = [f"{r.problem.code}: {r.problem.detail}" for r in receipts if r.problem]
    return Ingested(scope, name, plan.inserted, plan.changed, plan.unchanged, rejected, remarks)


def _name(row: Row) -> tuple[str, str | None]:
    """By what a file knows the row."""
    return (row.table, row.values.get("ifc_guid"))


def _same_building(parts: Parts, guid: str) -> str | None:
    """The building that was imported from this model before."""
    after = None
    while True:
        page, _ = parts.store.buildings(BuildingQuery(everything=True, after=after, limit=PAGE))
        for one in page:
            if one.row.values.get("ifc_guid") == guid:
                return one.row.id
        if len(page) < PAGE:
            return None
        after = (page[-1].row.values["name"], page[-1].row.id)
    return None


def _identify(scope: str, rows: list[FileRow], held: dict[tuple[str, str | None], Row]) -> dict[str, str]:
    """File key → row id."""
    ids: dict[str, str] = {}
    for row in rows:
        known = held.get((row.table, row.set.get("ifc_guid")))
        if row.table == "building":
            ids[row.key] = scope
        else:
            ids[row.key] = known.id if known else new_id()
    return ids


class _Plan:
    """The changes that make the building hold what the file says, counted."""

    def __init__(self, parts: Parts, ids: dict[str, str], live: Iterable[Row], base: int) -> None:
        self.catalogue, self.ids, self.base = parts.catalogue, ids, base
        self.rows = {row.key: row for row in live}
        self.inserted: dict[str, int] = {}
        self.changed: dict[str, int] = {}
        self.unchanged = 0

    def changes(self, rows: Iterable[FileRow]) -> Iterator[Change]:
        for row in rows:
            table = self.catalogue.tables[row.table]
            given = {n: self._pointed(table, n, v) for n, v in row.set.items()}
            id = self.ids[row.key]
            known = self.rows.get((row.table, id))
            if known is None:
                self.inserted[row.table] = self.inserted.get(row.table, 0) + 1
                yield Change(row.table, id, "insert", 0, given)
            elif different := differing(table, known, given):
                self.changed[row.table] = self.changed.get(row.table, 0) + 1
                yield Change(row.table, id, "update", self.base, different)
            else:
                self.unchanged += 1

    def _pointed(self, table: Table, name: str, value: Any) -> Any:
        column = table.columns.get(name)
        if column is not None and column.references and isinstance(value, str):
            return self.ids.get(value, value)
        return value


def differing(table: Table, row: Row, given: dict[str, Any]) -> dict[str, Any]:
    """What an update must set for `row` to hold `given`; groups whole, sets and maps as deltas."""
    wanted = {
        n: read_value(table.columns[n], "insert", v)
        for n, v in given.items()
        if table.columns[n].rule not in (SERVER, "append", "workflow", "counter")
    }
    fields = {table.columns[n].field for n, v in wanted.items() if row.values.get(n) != v}
    changed: dict[str, Any] = {}
    for field in sorted(fields):
        for name in table.columns_of(field):
            value, old = wanted.get(name, row.values.get(name)), row.values.get(name)
            match table.columns[name].type:
                case "map":
                    changed[name] = {k: v for k, v in (value or {}).items() if (old or {}).get(k) != v}
                case "set":
                    changed[name] = {"add": sorted(set(value or ()) - set(old or ()))}
                case _:
                    changed[name] = value
    return {n: v for n, v in changed.items() if v != {} and v != {"add": []}}
