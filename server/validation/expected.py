"""What the plan says of a thing, and whether a measurement disagrees with it.

The plan is asked in this order: a measurement taken from the plan itself (basis `plan`, the same kind and name); a
property that ends in the measurement's name (`Width`, `Qto_DoorBaseQuantities.Width`); the room's area or height, the
storey's height, the element's heading; the length or area of its geometry where the measurement has no name.

Both values have an uncertainty, the half width of their 95 % interval, and are independent, so the difference has
sqrt(u_measured² + u_plan²) (JCGM 100:2008, 5.1.2; both at the same coverage, so the factor is the same). They disagree
where the difference is more than that. Where nobody told an uncertainty:

    measured    by its basis, `LENGTH_U`, in metres: what the instrument gives in a hurried hand
    plan        1.96 · the floor plan's rms error: each end of a length is off by rms/√2 along it, the two are
                independent; `PLAN_U` where the plan was never calibrated
    area        a square of that area whose sides are off by u: √2 · √A · u
    angle       `ANGLE_U`; count: none
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import msgspec

from arxos_sync.geometry import to_geojson
from arxos_sync.store import Row, ScopeReader

LENGTH_U = {"tape": 0.005, "laser": 0.003, "ar": 0.05, "photo": 0.10, "plan": 0.05}
PLAN_U = 0.05
ANGLE_U = 2.0
_UNITS = {"length": "m", "height": "m", "area": "m²", "angle": "°", "count": ""}
_COLUMNS = {
    ("space", "area"): "area_m2", ("space", "height"): "height_m", ("storey", "height"): "height_m",
    ("element", "angle"): "heading_deg",
}  # fmt: skip
_SLACK = 1e-9  # so that what is equal on paper is equal in doubles


class Compared(msgspec.Struct, frozen=True):
    """In the unit of the measurement. `allowed`: the most the two may differ by."""

    measurement: str
    kind: str
    name: str | None
    measured: float
    expected: float
    source: str
    difference: float
    allowed: float

    @property
    def disagrees(self) -> bool:
        return self.difference > self.allowed + _SLACK

    def title(self) -> str:
        what, unit = self.name or self.kind.capitalize(), _UNITS[self.kind]
        return f"{what} measured {_short(self.measured)} {unit}, the plan says {_short(self.expected)} {unit}".strip()

    def text(self) -> str:
        unit = _UNITS[self.kind]
        return (
            f"They differ by {_short(self.difference)} {unit}, and may by {_short(self.allowed)} {unit} (95 %).\n"
            f"The plan's value is from {self.source}. Nothing was changed."
        )


def _short(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")


def compare(measurement: Row, target: Row, on_plan: Iterable[Row], plan_u: float) -> Compared | None:
    """None where the plan says nothing of it. `on_plan`: measurements of the target whose basis is the plan."""
    told = measurement.values
    if told["basis"] == "plan":
        return None
    found = _on_plan(told, on_plan) or _as_property(told, target) or _as_column(told, target) or _as_shape(told, target)
    if found is None:
        return None
    value, source, stated = found
    measured = float(told["value"])
    own = told["uncertainty_95"] if told["uncertainty_95"] is not None else _spread(told["kind"], told["basis"], value)
    plan = stated if stated is not None else _spread(told["kind"], None, value, plan_u)
    difference = abs(measured - value)
    if told["kind"] == "angle":
        difference = min(difference % 360, 360 - difference % 360)
    return Compared(
        measurement.id, told["kind"], told["name"], measured, value, source, difference, math.hypot(own, plan)
    )


def _spread(kind: str, basis: str | None, value: float, length_u: float | None = None) -> float:
    length = length_u if length_u is not None else LENGTH_U.get(basis or "", PLAN_U)
    match kind:
        case "angle":
            return ANGLE_U
        case "count":
            return 0.0
        case "area":
            return math.sqrt(2) * math.sqrt(abs(value)) * length
    return length


_Found = tuple[float, str, float | None]  # value, where it stands, its uncertainty if that is told


def _on_plan(told: dict[str, Any], on_plan: Iterable[Row]) -> _Found | None:
    same = [r for r in on_plan if all(r.values[n] == told[n] for n in ("kind", "name")) and r.values["basis"] == "plan"]
    if not same:
        return None
    latest = max(same, key=lambda row: (row.born, row.id))
    return float(latest.values["value"]), "a measurement on the plan", latest.values["uncertainty_95"]


def _as_property(told: dict[str, Any], target: Row) -> _Found | None:
    wanted = (told["name"] or "").casefold()
    for key, value in sorted((target.values.get("properties") or {}).items()):
        if wanted and key.rpartition(".")[2].casefold() == wanted:
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return float(value), f"the property {key}", None
    return None


def _as_column(told: dict[str, Any], target: Row) -> _Found | None:
    column = _COLUMNS.get((target.table, told["kind"]))
    if column is None or target.values[column] is None:
        return None
    return float(target.values[column]), f"the {target.table}'s {column}", None


def _as_shape(told: dict[str, Any], target: Row) -> _Found | None:
    wkb = target.values.get("geometry") if target.table == "element" else None
    if wkb is None or told["name"]:
        return None
    shape = to_geojson(wkb)
    match shape["type"], told["kind"]:
        case "LineString", "length":
            places = shape["coordinates"]
            return sum(math.dist(a, b) for a, b in zip(places, places[1:], strict=False)), "its geometry", None
        case "Polygon", "area":
            outer, *holes = map(_area, shape["coordinates"])
            return outer - sum(holes), "its geometry", None
    return None


def _area(ring: list[list[float]]) -> float:
    """Of a flat ring in space, by half the length of the sum of cross products (Newell)."""
    total = [0.0, 0.0, 0.0]
    for (ax, ay, az), (bx, by, bz) in zip(ring, ring[1:], strict=False):
        total[0] += ay * bz - az * by
        total[1] += az * bx - ax * bz
        total[2] += ax * by - ay * bx
    return math.hypot(*total) / 2


def plan_u(reader: ScopeReader, storey: str | None) -> float:
    """The 95 % uncertainty of a length on a storey's plan, in metres."""
    found = reader.sql.rows(
        """
        select rms_error_m
        from floor_plan
        where building_id = :building and storey_id = :storey and deleted is null and rms_error_m is not null
        order by sequence desc
        limit 1
        """,
        building=reader.scope, storey=storey,
    ) if storey else []  # fmt: skip
    return 1.96 * float(found[0]["rms_error_m"]) if found else PLAN_U
