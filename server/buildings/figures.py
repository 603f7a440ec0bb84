"""What a building's data is worth, in figures: counts, completeness, confidence and open tasks, each storey too.

Completeness is the mean, over the elements, of how many of five things hold: its class is more than
`IfcBuildingElementProxy`; it has a geometry; it stands on a storey; it has a property; a picture is attached to it. In
per cent; null without elements. An element's overall confidence is .35 classification + .30 position + .20 properties
+ .15 relationships, an unset part counting 0; where no part is set it has none, and is not in the mean. An element is
`blue` where somebody's accepted validation confirmed or corrected it, else `green` above 85, `yellow` from 60, `red`
below, and `unknown` without a confidence. A task stands on the storey of what it is about.
"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response, Router, get

from arxos_sync.store import ScopeReader

from ..given import Caller, Given
from ..parts import Parts
from ..sync.routes import demand_reader
from ..told import told
from . import kept
from .answering import AnyRequest, is_held, packed, tag_of, tagged, unchanged
from .rows import check_building

GREEN_ABOVE, YELLOW_FROM = 85.0, 60.0
WEIGHTS = {"classification": 0.35, "position": 0.30, "properties": 0.20, "relationships": 0.15}
_PARTS = ("classified", "positioned", "storeyed", "described", "photographed")
_BUCKETS = ("blue", "green", "yellow", "red", "unknown")
_EXAMPLE = {
    "building": "0190a000-0000-7000-8000-000000000001", "head": 42, "counts": {"element": 1, "storey": 1},
    "elements": 1, "completeness": {"percent": 80.0, "classified": 1, "positioned": 1, "storeyed": 1, "described": 1,
    "photographed": 0}, "confidence": {"mean": 88.5, "blue": 0, "green": 1, "yellow": 0, "red": 0, "unknown": 0},
    "tasks": [{"kind": "dimension", "state": "open", "count": 2}], "storeys": [],
}  # fmt: skip


class Completeness(msgspec.Struct, frozen=True):
    percent: float | None
    classified: int
    positioned: int
    storeyed: int
    described: int
    photographed: int


class Confidence(msgspec.Struct, frozen=True):
    mean: float | None
    blue: int
    green: int
    yellow: int
    red: int
    unknown: int


class Open(msgspec.Struct, frozen=True):
    kind: str
    state: str
    count: int


class Part(msgspec.Struct, frozen=True):
    """A storey's share; `storey` null: what stands on none."""

    storey: str | None
    name: str | None
    spaces: int
    elements: int
    completeness: Completeness
    confidence: Confidence
    tasks: list[Open]


class Figures(msgspec.Struct, frozen=True):
    building: str
    head: int
    counts: dict[str, int]
    elements: int
    completeness: Completeness
    confidence: Confidence
    tasks: list[Open]  # neither accepted nor rejected
    storeys: list[Part]


@get(
    "/api/v1/buildings/{building:str}/figures", sync_to_thread=True,
    summary="Counts, completeness, confidence and open tasks of a building and of its storeys",
    **told("anonymous", "not_found", "unauthenticated", answered=_EXAMPLE),
)  # fmt: skip
def building_figures(request: AnyRequest, parts: Given, person: Caller, building: str) -> Response[Figures]:
    check_building(building)
    with parts.store.read(building) as reader:
        demand_reader(reader, person)
        head = reader.head()
        key = f"figures/{parts.epoch}/{building}/{head.sequence}/{head.salt}"
        tag = tag_of(key)
        if is_held(request, tag):
            return unchanged(tag)
        redis = parts.bus.redis
        body = kept.figures.get(key, redis)
        if body is None:
            body = msgspec.json.encode(figures_of(parts, reader, building, head.sequence))
            kept.figures.put(key, body, redis)
    return tagged(body, tag)


def figures_of(parts: Parts, reader: ScopeReader, building: str, head: int) -> Figures:
    counted = " union all ".join(
        f"select '{table}' as name, count(*) as n from \"{table}\" where building_id = :building and deleted is null"
        for table in parts.catalogue.synced("building")
    )
    counts = {row["name"]: row["n"] for row in reader.sql.rows(counted, building=building)}
    elements = reader.sql.rows(_ELEMENTS, building=building, **WEIGHTS, green=GREEN_ABOVE, yellow=YELLOW_FROM)
    tasks = reader.sql.rows(_TASKS, building=building)
    spaces = {row["storey_id"]: row["n"] for row in reader.sql.rows(_SPACES, building=building)}
    storeys = {row["id"]: row["name"] for row in reader.sql.rows(_STOREYS, building=building)}
    loose = {row["storey_id"] for row in [*elements, *tasks]} - storeys.keys()
    return Figures(
        building=building,
        head=head,
        counts=counts,
        elements=sum(row["elements"] for row in elements),
        completeness=_completeness(elements),
        confidence=_confidence(elements),
        tasks=_tasks(tasks),
        storeys=[
            _part(id, storeys.get(id), spaces.get(id, 0), elements, tasks)
            for id in [*storeys, *sorted(loose, key=lambda id: id or "")]
        ],
    )


def _part(id: str | None, name: str | None, spaces: int, elements: list[Any], tasks: list[Any]) -> Part:
    mine = [row for row in elements if row["storey_id"] == id]
    return Part(
        storey=id,
        name=name,
        spaces=spaces,
        elements=sum(row["elements"] for row in mine),
        completeness=_completeness(mine),
        confidence=_confidence(mine),
        tasks=_tasks([row for row in tasks if row["storey_id"] == id]),
    )


def _completeness(rows: list[dict[str, Any]]) -> Completeness:
    sums = {part: sum(row[part] for row in rows) for part in _PARTS}
    elements = sum(row["elements"] for row in rows)
    percent = round(100 * sum(sums.values()) / (len(_PARTS) * elements), 2) if elements else None
    return Completeness(percent=percent, **sums)


def _confidence(rows: list[dict[str, Any]]) -> Confidence:
    sums = {bucket: sum(row[bucket] for row in rows) for bucket in _BUCKETS}
    known = sum(row["elements"] for row in rows) - sum(row["nothing_told"] for row in rows)
    mean = round(sum(row["total"] or 0.0 for row in rows) / known, 2) if known else None
    return Confidence(mean=mean, **sums)


def _tasks(rows: list[dict[str, Any]]) -> list[Open]:
    sums: dict[tuple[str, str], int] = {}
    for row in rows:
        kind = (row["kind"], row["state"])
        sums[kind] = sums.get(kind, 0) + row["n"]
    return [Open(kind, state, count) for (kind, state), count in sorted(sums.items())]


_ELEMENTS = """
    select storey_id, count(*) as elements,
        sum(case when ifc_class <> 'IfcBuildingElementProxy' then 1 else 0 end) as classified,
        sum(case when located = 1 then 1 else 0 end) as positioned,
        sum(case when storey_id is not null then 1 else 0 end) as storeyed,
        sum(case when described = 1 then 1 else 0 end) as described,
        sum(case when photographed = 1 then 1 else 0 end) as photographed,
        sum(case when validated = 0 and overall is null then 1 else 0 end) as unknown,
        sum(case when overall is null then 1 else 0 end) as nothing_told,
        sum(overall) as total,
        sum(case when validated = 1 then 1 else 0 end) as blue,
        sum(case when validated = 0 and overall > :green then 1 else 0 end) as green,
        sum(case when validated = 0 and overall <= :green and overall >= :yellow then 1 else 0 end) as yellow,
        sum(case when validated = 0 and overall < :yellow then 1 else 0 end) as red
    from (
        select e.storey_id, e.ifc_class,
            case when e.geometry is not null then 1 else 0 end as located,
            case when coalesce(cast(e.properties as text), '{}') <> '{}' then 1 else 0 end as described,
            case when p.target_id is not null then 1 else 0 end as photographed,
            case when v.target_id is not null then 1 else 0 end as validated,
            case when coalesce(e.confidence_classification, e.confidence_position, e.confidence_properties,
                    e.confidence_relationships) is not null
                then :classification * coalesce(e.confidence_classification, 0)
                    + :position * coalesce(e.confidence_position, 0)
                    + :properties * coalesce(e.confidence_properties, 0)
                    + :relationships * coalesce(e.confidence_relationships, 0)
            end as overall
        from element e
        left join (
            select distinct target_id from attachment
            where building_id = :building and deleted is null and target_table = 'element' and media_type like 'image/%'
        ) p on p.target_id = e.id
        left join (
            select distinct target_id from validation
            where building_id = :building and deleted is null and target_table = 'element' and state = 'accepted'
                and outcome in ('confirmed', 'corrected')
        ) v on v.target_id = e.id
        where e.building_id = :building and e.deleted is null
    ) told
    group by storey_id
"""
_TASKS = """
    select coalesce(e.storey_id, s.storey_id, f.storey_id, l.id) as storey_id, t.kind, t.state, count(*) as n
    from task t
    left join element e on e.building_id = :building and e.id = t.target_id and t.target_table = 'element'
    left join space s on s.building_id = :building and s.id = t.target_id and t.target_table = 'space'
    left join floor_plan f on f.building_id = :building and f.id = t.target_id and t.target_table = 'floor_plan'
    left join storey l on l.building_id = :building and l.id = t.target_id and t.target_table = 'storey'
    where t.building_id = :building and t.deleted is null and t.state not in ('accepted', 'rejected')
    group by coalesce(e.storey_id, s.storey_id, f.storey_id, l.id), t.kind, t.state
"""
_SPACES = """
    select storey_id, count(*) as n from space where building_id = :building and deleted is null group by storey_id
"""
_STOREYS = """
    select id, name from storey where building_id = :building and deleted is null
    order by case when level is null then 1 else 0 end, level, id
"""

router = Router("/", route_handlers=[building_figures], middleware=[packed], tags=["buildings"])
