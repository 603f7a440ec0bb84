"""`/api/v1/ar/validate` and `/api/v1/ar/measure`: what a camera or a tape found, in one request.

A request is one transaction of a device of its own. The client names the ids, so that a request sent again is the same
one. The same rows may come by sync as well: what follows from them (consequences.py) is the same.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Router, post

from arxos_sync.change import is_uuid
from arxos_sync.messages import Change, RowOut
from arxos_sync.problems import Problem, Refused, Unreadable
from arxos_sync.pull import row_out
from arxos_sync.store import Row, ScopeReader

from ..accounts.callers import demand_person
from ..accounts.people import Person
from ..buildings.rows import REFUSALS, check_building
from ..buildings.shapes import taken
from ..given import Caller, Given
from ..parts import Parts, new_id, now
from ..sync.push import Job
from ..told import told
from .consequences import flag_of, follow
from .evidence import Plan
from .expected import Compared
from .impact import EARNING_EXAMPLE, IMPACT_EXAMPLE, Earning, Impact, earning_of, impact_of, row_example

ORIGIN = "ar"
MEASUREMENTS_MAX = 100
_IDS = [f"0190a000-0000-7000-8000-00000000000{n}" for n in range(6)]
_MEASURED = {
    "id": _IDS[4], "kind": "length", "name": "Width", "value": 0.9, "uncertainty_95": 0.02, "basis": "ar",
}  # fmt: skip
_VALIDATE = {
    "building": _IDS[1],
    "validation": {"id": _IDS[2], "target_table": "element", "target_id": _IDS[5], "outcome": "confirmed"},
    "capture": {"id": _IDS[3], "provider": "webxr"}, "measurements": [_MEASURED],
}  # fmt: skip
_MEASURE = {
    "building": _IDS[1], "target_table": "element", "target_id": _IDS[5], "measurements": [_MEASURED],
}  # fmt: skip
_TAKEN = {
    "outcome": "taken", "conflicts": [], "capture": None,
    "measurements": [row_example("measurement", _IDS[4], {"kind": "length", "value": 0.9})],
    "compared": [{
        "measurement": _IDS[4], "measured": 0.9, "expected": 0.885, "source": "properties", "difference": 0.015,
        "allowed": 0.028, "disagrees": False, "annotation": None,
    }],
}  # fmt: skip
_VALIDATED = _TAKEN | {
    "validation": row_example("validation", _IDS[2], {"outcome": "confirmed", "state": "submitted"}),
    "annotation": None, "impact": IMPACT_EXAMPLE, "earns": EARNING_EXAMPLE,
}

Columns = dict[str, Any]
_Measurements = Annotated[list[Columns], msgspec.Meta(max_length=MEASUREMENTS_MAX)]


class Validate(msgspec.Struct, frozen=True):
    """Columns of the rows, with their `id`. References that a capture or measurement leaves out are filled in."""

    building: str
    validation: Columns
    capture: Columns | None = None
    measurements: _Measurements = []


class Measure(msgspec.Struct, frozen=True):
    building: str
    measurements: Annotated[list[Columns], msgspec.Meta(min_length=1, max_length=MEASUREMENTS_MAX)]
    target_table: str | None = None
    target_id: str | None = None
    capture: Columns | None = None


class Flag(msgspec.Struct, frozen=True):
    """A measurement and what the plan says; `annotation` where they disagree."""

    measurement: str
    measured: float
    expected: float
    source: str
    difference: float
    allowed: float
    disagrees: bool
    annotation: str | None


class Measured(msgspec.Struct, frozen=True):
    outcome: str
    conflicts: list[str]
    capture: RowOut | None
    measurements: list[RowOut]
    compared: list[Flag]  # of those of which the plan says something


class Validated(msgspec.Struct, frozen=True):
    """`impact` and `earns`: once another person accepts it."""

    outcome: str
    conflicts: list[str]
    validation: RowOut
    capture: RowOut | None
    measurements: list[RowOut]
    compared: list[Flag]
    annotation: str | None  # that flags something unexpected or not found
    impact: Impact | None
    earns: Earning | None


@post(
    "/api/v1/ar/validate", sync_to_thread=True, status_code=201, summary="What was found of one thing",
    **told("technician", "not_found", "invalid", *REFUSALS, "id_taken", sent=_VALIDATE, answered=_VALIDATED),
)  # fmt: skip
def validate(parts: Given, person: Caller, data: Validate) -> Validated:
    sent = _Sent(parts, demand_person(person), data.building)
    validation = sent.add("validation", data.validation)
    target = {name: data.validation.get(name) for name in ("target_table", "target_id")}
    capture = sent.add("ar_capture", {"validation_id": validation} | data.capture) if data.capture else None
    sent.add_measurements(data.measurements, target, capture)
    outcome, conflicts = sent.take()
    with parts.store.read(data.building) as reader:
        (row,) = reader.rows({"validation": [validation]})
        shown, flagged = sent.shown(reader), bool(reader.rows({"annotation": [flag_of(validation)]}))
        submitted = row.values["state"] == "submitted"
        return Validated(
            outcome,
            conflicts,
            row_out(parts.catalogue, row, None, False),
            *shown,
            annotation=flag_of(validation) if flagged else None,
            impact=impact_of(reader, row) if submitted else None,
            earns=earning_of(reader, row, now()) if submitted else None,
        )


@post(
    "/api/v1/ar/measure", sync_to_thread=True, status_code=201, summary="What was measured of one thing",
    **told("reporter", "not_found", "invalid", *REFUSALS, "id_taken", sent=_MEASURE, answered=_TAKEN),
)  # fmt: skip
def measure(parts: Given, person: Caller, data: Measure) -> Measured:
    sent = _Sent(parts, demand_person(person), data.building)
    capture = sent.add("ar_capture", data.capture) if data.capture else None
    target = {"target_table": data.target_table, "target_id": data.target_id}
    sent.add_measurements(data.measurements, target, capture)
    outcome, conflicts = sent.take()
    with parts.store.read(data.building) as reader:
        return Measured(outcome, conflicts, *sent.shown(reader))


class _Sent:
    """One request: its rows, taken in as one transaction, and what followed."""

    def __init__(self, parts: Parts, person: Person, building: str) -> None:
        check_building(building)
        self._parts, self._person, self._building = parts, person, building
        self._changes: list[Change] = []

    def add(self, table: str, columns: Columns) -> str:
        columns = dict(columns)
        id = columns.pop("id", None) or new_id()
        if not is_uuid(id):
            raise Unreadable([(f"$.{table}.id", "a UUID in lower case")])
        self._changes.append(Change(table, id, "insert", 0, taken(self._parts.catalogue.tables[table], columns)))
        return id

    def add_measurements(self, measurements: list[Columns], target: Columns, capture: str | None) -> None:
        beside = {name: value for name, value in target.items() if value is not None}
        beside |= {"ar_capture_id": capture} if capture else {}
        for measurement in measurements:
            self.add("measurement", beside | measurement)

    def take(self) -> tuple[str, list[str]]:
        job = Job(self._parts, self._person, self._building, ORIGIN)
        receipt, hint = job.write(self._changes)
        if (problem := receipt.problem) is not None:
            where = self._changes[problem.change]
            if problem.code in ("row_unknown", "row_deleted"):
                raise Problem("not_found", problem.detail)
            raise Refused(problem.code, f"{where.table} {where.id}: {problem.detail}", field=problem.field)
        if hint is not None:
            self._parts.bus.announce_apart(hint)
        follow(self._parts, self._building, self._ids("validation"), self._ids("measurement"))
        return receipt.outcome, [id for change in receipt.changes for id in change.conflicts]

    def _ids(self, table: str) -> list[str]:
        return [change.id for change in self._changes if change.table == table]

    def shown(self, reader: ScopeReader) -> tuple[RowOut | None, list[RowOut], list[Flag]]:
        captures = reader.rows({"ar_capture": self._ids("ar_capture")})
        rows = {row.id: row for row in reader.rows({"measurement": self._ids("measurement")})}
        measured = [rows[id] for id in self._ids("measurement")]
        plan = Plan(reader, measured)
        compared = [found for row in measured if (found := plan.compare(row)) is not None]
        return (
            self._out(captures[0]) if captures else None,
            [self._out(row) for row in measured],
            [_flag(one) for one in compared],
        )

    def _out(self, row: Row) -> RowOut:
        return row_out(self._parts.catalogue, row, None, False)


def _flag(found: Compared) -> Flag:
    annotation = flag_of(found.measurement) if found.disagrees else None
    return Flag(
        found.measurement, found.measured, found.expected, found.source, round(found.difference, 6),
        round(found.allowed, 6), found.disagrees, annotation,
    )  # fmt: skip


router = Router("/", route_handlers=[validate, measure], tags=["validation"])
