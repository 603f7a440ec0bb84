"""Everything that was found of some elements, read in a number of statements that does not grow with them."""

from __future__ import annotations

from collections.abc import Iterable

from arxos_sync.store import Row, ScopeReader

from .confidence import Evidence, parts_of
from .expected import compare, plan_u


class Found:
    """`of` says what was accepted of an element; `compared` how a measurement stands to the plan."""

    def __init__(self, reader: ScopeReader, elements: Iterable[str], further: Iterable[Row] = ()) -> None:
        self._reader = reader
        ids = set(elements)
        around = [row for row in reader.children({"element": ids}) if row.deleted is None] if ids else []
        self.elements = {row.id: row for row in reader.rows({"element": ids}) if row.deleted is None} if ids else {}
        self._validations = [r for r in around if r.table == "validation" and r.values["state"] == "accepted"]
        known = {row.id for row in self._validations}
        self._validations += [row for row in further if row.id not in known]
        self._measurements = [r for r in around if r.table == "measurement"]
        wanted = {row.values["task_id"] for row in self._validations} - {None}
        self._kinds = {r.id: r.values["kind"] for r in reader.rows({"task": wanted})} if wanted else {}
        captures = {row.values["ar_capture_id"] for row in self._measurements} - {None}
        looks = reader.rows({"ar_capture": captures}) if captures else []
        self._validation_of = {row.id: row.values["validation_id"] for row in looks}
        self._plan_u: dict[str, float] = {}

    def of(self, element: str) -> list[Evidence]:
        mine = [row for row in self._validations if row.values["target_id"] == element]
        measured = self._agreeing(element)
        return [
            Evidence(
                row.values["author"],
                row.values["outcome"],
                parts_of(row.values["field"], self._kinds.get(row.values["task_id"])),
                row.id in measured,
            )
            for row in sorted(mine, key=lambda row: (row.values["reviewed_at"] or "9", row.id))
        ]

    def _agreeing(self, element: str) -> set[str]:
        """Validations that came with a measurement that agrees with the plan."""
        found = set()
        mine = [row for row in self._measurements if row.values["target_id"] == element]
        for row in mine:
            validation = self._validation_of.get(row.values["ar_capture_id"])
            if validation is None or element not in self.elements:
                continue
            compared = compare(row, self.elements[element], mine, self._plan(element))
            if compared is not None and not compared.disagrees:
                found.add(validation)
        return found

    def _plan(self, element: str) -> float:
        if element not in self._plan_u:
            self._plan_u[element] = plan_u(self._reader, self.elements[element])
        return self._plan_u[element]
