"""What was found of some things and what the plan says of them, read in few statements however many there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import LiteralString

from arxos_sync.store import Row, ScopeReader

from ..accounts.people import LOT, in_lots
from .confidence import Evidence, parts_of
from .expected import Compared, compare, plan_u


class Plan:
    """Compares measurements with what the plan says of their targets."""

    def __init__(self, reader: ScopeReader, measurements: Iterable[Row]) -> None:
        self._reader = reader
        wanted: dict[str, set[str]] = {}
        for row in measurements:
            if row.values["target_id"] is not None:
                wanted.setdefault(row.values["target_table"], set()).add(row.values["target_id"])
        self._targets = {row.key: row for row in reader.rows(wanted) if row.deleted is None} if wanted else {}
        self._on_plan = self._read_on_plan({id for ids in wanted.values() for id in ids})
        self._plan_u: dict[str | None, float] = {}

    def _read_on_plan(self, targets: set[str]) -> dict[str, list[Row]]:
        found = [
            str(row["id"])
            for some in in_lots(targets)
            for row in self._reader.sql.rows(_ON_PLAN, building=self._reader.scope, **some)
        ]
        by_target: dict[str, list[Row]] = {}
        for row in self._reader.rows({"measurement": found}) if found else []:
            by_target.setdefault(row.values["target_id"], []).append(row)
        return by_target

    def compare(self, row: Row) -> Compared | None:
        """None where the plan says nothing of it."""
        target = self._targets.get((row.values["target_table"], row.values["target_id"]))
        if target is None:
            return None
        storey = target.id if target.table == "storey" else target.values.get("storey_id")
        if storey not in self._plan_u:
            self._plan_u[storey] = plan_u(self._reader, storey)
        return compare(row, target, self._on_plan.get(target.id, ()), self._plan_u[storey])


_ON_PLAN: LiteralString = f"""
    select id
    from measurement
    where building_id = :building and target_id in ({LOT}) and basis = 'plan' and deleted is null
    """


class Found:
    """What was accepted of some elements; `further`: findings that count as if they were."""

    def __init__(self, reader: ScopeReader, elements: Iterable[str], further: Iterable[Row] = ()) -> None:
        ids = set(elements)
        around = [row for row in reader.children({"element": ids}) if row.deleted is None] if ids else []
        self.elements = {row.id: row for row in reader.rows({"element": ids}) if row.deleted is None} if ids else {}
        self._validations = [r for r in around if r.table == "validation" and r.values["state"] == "accepted"]
        known = {row.id for row in self._validations}
        self._validations += [row for row in further if row.id not in known]
        wanted = {row.values["task_id"] for row in self._validations} - {None}
        self._kinds = {r.id: r.values["kind"] for r in reader.rows({"task": wanted})} if wanted else {}
        measured = [r for r in around if r.table == "measurement" and r.values["ar_capture_id"] is not None]
        captures = {row.values["ar_capture_id"] for row in measured}
        looks = reader.rows({"ar_capture": captures}) if captures else []
        validation_of = {row.id: row.values["validation_id"] for row in looks}
        plan = Plan(reader, measured)
        self._agreeing = {
            validation_of.get(row.values["ar_capture_id"])
            for row in measured
            if (compared := plan.compare(row)) is not None and not compared.disagrees
        }

    def of(self, element: str) -> list[Evidence]:
        """In the order in which it was accepted; what is not yet, last."""
        mine = [row for row in self._validations if row.values["target_id"] == element]
        return [
            Evidence(
                row.values["author"],
                row.values["outcome"],
                parts_of(row.values["field"], self._kinds.get(row.values["task_id"])),
                row.id in self._agreeing,
            )
            for row in sorted(mine, key=lambda row: (row.values["reviewed_at"] or "9", row.id))
        ]
