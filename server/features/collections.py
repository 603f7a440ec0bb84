"""The collections a caller may read: `buildings`, and of each building that has a place on earth what stands inside.

`<building id>.storeys`, `.spaces`, `.elements`, `.annotations` hold the rows that have a geometry.
"""

from __future__ import annotations

from typing import Any

import msgspec

from arxos_sync.change import is_uuid
from arxos_sync.problems import Problem
from arxos_sync.store import BuildingQuery, Row

from ..accounts.people import Person
from ..buildings import places
from ..parts import Parts, now
from .frames import CRS84, DEGREES, Frame, frame_of, offered, uri

INSIDE = {"storeys": "storey", "spaces": "space", "elements": "element", "annotations": "annotation"}
ALL = "buildings"


class Collection(msgspec.Struct, frozen=True):
    id: str
    table: str
    title: str
    frame: Frame
    building: Row | None = None  # None: the collection of buildings


def asking(person: Person | None, **more: Any) -> BuildingQuery:
    """What the caller may see of the buildings."""
    everything = person is not None and person.is_admin
    return BuildingQuery(user_id=person and person.id, everything=everything, now=now(), **more)


def find(parts: Parts, person: Person | None, id: str) -> Collection:
    """Raises Problem `not_found`, also for what the caller may not read."""
    if id == ALL:
        return every_building()
    building, _, word = id.partition(".")
    if is_uuid(building) and word in INSIDE:
        found, _ = parts.store.buildings(asking(person, id=building, limit=1))
        frame = frame_of(parts.store, found[0].row) if found else None
        if frame is not None:
            return _inside(found[0].row, word, frame)
    raise Problem("not_found", f"There is no collection {id}")


def every_building() -> Collection:
    return Collection(ALL, "building", "Buildings", DEGREES)


def of_building(parts: Parts, row: Row) -> list[Collection]:
    frame = frame_of(parts.store, row)
    return [] if frame is None else [_inside(row, word, frame) for word in INSIDE]


def _inside(row: Row, word: str, frame: Frame) -> Collection:
    return Collection(f"{row.id}.{word}", INSIDE[word], f"{row.values['name']}: {word}", frame, row)


def told_of(collection: Collection, root: str) -> dict[str, Any]:
    """The collection as OGC API Features has it."""
    at = f"{root}/collections/{collection.id}"
    told: dict[str, Any] = {
        "id": collection.id,
        "title": collection.title,
        "itemType": "feature",
        "crs": offered(collection.frame),
        "storageCrs": uri(collection.frame.epsg) if collection.frame.epsg != 4326 else CRS84,
        "links": [
            {"href": at, "rel": "self", "type": "application/json", "title": collection.title},
            {"href": f"{at}/items", "rel": "items", "type": "application/geo+json", "title": collection.title},
        ],
    }
    box = _extent(collection)
    return told | ({"extent": {"spatial": {"bbox": [box], "crs": CRS84}}} if box else {})


def _extent(collection: Collection) -> list[float] | None:
    if collection.building is None:
        return None
    shape = places.footprint(collection.building.values.get("footprint"))
    if shape is None:
        return None
    positions = [position for polygon in shape["coordinates"] for position in polygon[0]]
    xs, ys = [p[0] for p in positions], [p[1] for p in positions]
    return [min(xs), min(ys), max(xs), max(ys)]
