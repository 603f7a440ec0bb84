"""What accepting a finding does: the confidence of element and building before and after, and the points it pays."""

from __future__ import annotations

from typing import Any

import msgspec

from arxos_sync.store import Row, ScopeReader

from ..buildings.figures import WEIGHTS
from ..wallet.rewards import all_rules, given_on, left_of, rule_at, rule_for
from .confidence import Parts, overall, parts_in, recomputed
from .evidence import Found

_SURE = {
    "classification": 50.0, "position": 50.0, "properties": 50.0, "relationships": 50.0, "overall": 50.0,
    "building": 61.0,
}  # fmt: skip
IMPACT_EXAMPLE = {
    "element": "0190a000-0000-7000-8000-000000000005", "before": _SURE,
    "after": _SURE | {"properties": 75.0, "overall": 55.0, "building": 61.2},
}  # fmt: skip
EARNING_EXAMPLE = {"reward_rule": "validation.confirmed", "version": 1, "points": 10}


def row_example(table: str, id: str, values: dict[str, Any]) -> dict[str, Any]:
    return {"table": table, "id": id, "sequence": 12, "deleted": False, "set": values}


class Sureness(msgspec.Struct, frozen=True):
    """In per cent; null where nobody has said anything."""

    classification: float | None
    position: float | None
    properties: float | None
    relationships: float | None
    overall: float | None
    building: float | None  # the mean over its elements that have one

    @classmethod
    def of(cls, parts: Parts, building: float | None) -> Sureness:
        return cls(**parts, overall=_rounded(overall(parts)), building=_rounded(building))


class Impact(msgspec.Struct, frozen=True):
    """`after`: once it is accepted."""

    element: str
    before: Sureness
    after: Sureness


class Earning(msgspec.Struct, frozen=True):
    """What accepting it pays, by today's rules and what is left of the cap."""

    reward_rule: str
    version: int
    points: int


def impact_of(reader: ScopeReader, row: Row) -> Impact | None:
    """Of a finding as if it were accepted now; None where it is about no element."""
    element = row.values["target_id"]
    if row.values["target_table"] != "element" or element is None:
        return None
    found = Found(reader, [element], further=[row])
    if element not in found.elements:
        return None
    now = parts_in(found.elements[element].values)
    then = recomputed(now, found.of(element))
    total, count = _sum(reader)
    before, after = overall(now), overall(then)
    total_then = total - (before or 0.0) + (after or 0.0)
    count_then = count + int(before is None and after is not None)
    return Impact(
        element,
        Sureness.of(now, total / count if count else None),
        Sureness.of(then, total_then / count_then if count_then else None),
    )


def sureness_of(reader: ScopeReader, element: str) -> Sureness | None:
    found = next((r for r in reader.rows({"element": [element]}) if r.deleted is None), None)
    if found is None:
        return None
    total, count = _sum(reader)
    return Sureness.of(parts_in(found.values), total / count if count else None)


def earning_of(reader: ScopeReader, row: Row, at: str) -> Earning | None:
    """None where no rule pays for it, or nobody is its author."""
    author = row.values["author"]
    rule = rule_at(all_rules(reader.sql), rule_for(row), at)
    if rule is None or author is None:
        return None
    given = given_on(reader.sql, author, at[:10]).get(rule.name, 0)
    points = rule.points if rule.daily_cap is None else left_of(rule, given, rule.points)
    return Earning(rule.name, rule.version, points)


def _sum(reader: ScopeReader) -> tuple[float, int]:
    (found,) = reader.sql.rows(_SUM, building=reader.scope, **WEIGHTS)
    return float(found["total"] or 0.0), int(found["n"])


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


_SUM = """
    select count(*) as n,
        sum(:classification * coalesce(confidence_classification, 0) + :position * coalesce(confidence_position, 0)
            + :properties * coalesce(confidence_properties, 0)
            + :relationships * coalesce(confidence_relationships, 0)) as total
    from element
    where building_id = :building and deleted is null
      and coalesce(confidence_classification, confidence_position, confidence_properties, confidence_relationships)
          is not null
    """
