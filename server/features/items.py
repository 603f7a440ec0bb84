"""Features of a collection: which are asked for, and as what they are told."""

from __future__ import annotations

from typing import Any

import msgspec

from arxos_sync.change import is_uuid, to_wire
from arxos_sync.geometry import to_geojson
from arxos_sync.problems import Problem, Unreadable
from arxos_sync.store import Row, RowQuery

from ..accounts.people import Person
from ..buildings import asked
from ..buildings.rows import place_after
from ..parts import Parts
from .collections import Collection, asking
from .frames import area_of, chosen, placed

PAGE = 100
PAGE_MAX = 1_000
GEO_JSON = "application/geo+json"
OWN = frozenset(("limit", "next", "bbox", "bbox-crs", "crs", "datetime", "f"))


class Wanted(msgspec.Struct, frozen=True):
    """What the query string asks for. `nowhere`: the box holds nothing of the collection."""

    limit: int
    after: tuple[Any, str] | None
    area: bytes | None
    since: str | None
    until: str | None
    equal: dict[str, Any]
    nowhere: bool = False


class Found(msgspec.Struct, frozen=True):
    rows: list[Row]
    more: str | None
    total: int


def read_wanted(parts: Parts, collection: Collection, given: dict[str, str], limit: int) -> Wanted:
    """Raises Unreadable with the path of what cannot be read."""
    table = parts.catalogue.tables[collection.table]
    area, nowhere = _area(parts, collection, given.get("bbox"), given.get("bbox-crs"))
    since, until = interval(given.get("datetime"))
    equal = asked.equal(table, {name: text for name, text in given.items() if name not in OWN})
    if collection.building is None:
        unfit = [name for name, value in equal.items() if table.columns[name].type != "text" or value is None]
        if unfit:
            raise Unreadable([(f"$.{name}", "buildings are filtered by their text columns") for name in unfit])
    column = "name" if collection.building is None else "id"
    return Wanted(
        limit=max(1, min(limit, PAGE_MAX)),
        after=asked.checked_place(table, column, asked.place(given.get("next"))),
        area=area,
        since=since,
        until=until,
        equal=equal,
        nowhere=nowhere,
    )


def find(parts: Parts, person: Person | None, collection: Collection, wanted: Wanted) -> Found:
    if wanted.nowhere:
        return Found([], None, 0)
    if collection.building is None:
        query = asking(
            person, area=wanted.area, since=wanted.since, until=wanted.until, equal=wanted.equal,
            after=wanted.after, limit=wanted.limit + 1,
        )  # fmt: skip
        listed, total = parts.store.buildings(query)
        rows, column = [one.row for one in listed], "name"
    else:
        query = RowQuery(
            collection.table, wanted.equal, wanted.since, wanted.until, wanted.area, located=True,
            after=wanted.after, limit=wanted.limit + 1,
        )  # fmt: skip
        with parts.store.read(collection.building.id) as reader:
            rows, total = reader.listed(query)
        column = "id"
    more = place_after(rows[wanted.limit - 1], column) if len(rows) > wanted.limit else None
    return Found(rows[: wanted.limit], more, total)


def find_one(parts: Parts, person: Person | None, collection: Collection, id: str) -> Row:
    """Raises Problem `not_found`."""
    if is_uuid(id):
        if collection.building is None:
            listed, _ = parts.store.buildings(asking(person, id=id, limit=1))
            if listed:
                return listed[0].row
        else:
            with parts.store.read(collection.building.id) as reader:
                found, _ = reader.listed(RowQuery(collection.table, {"id": id}, located=True, limit=1))
            if found:
                return found[0]
    raise Problem("not_found", f"{collection.id} has no feature {id}")


def features(parts: Parts, collection: Collection, rows: list[Row], crs: str | None) -> tuple[list[Any], str]:
    """The rows as GeoJSON features, and the URI of the reference system they are told in."""
    told, epsg, flipped = chosen(parts.store, collection.frame, "crs", crs)
    table = parts.catalogue.tables[collection.table]
    place = table.geometries[0].name
    unset = {column.name for column in table.columns.values() if column.type in ("geometry", "bytes")}
    there = [row for row in rows if row.values[place] is not None]
    shapes = placed(parts.store, collection.frame, [to_geojson(row.values[place]) for row in there], epsg, flipped)
    moved = dict(zip((row.id for row in there), shapes, strict=True))
    return [
        {
            "type": "Feature",
            "id": row.id,
            "geometry": moved.get(row.id),
            "properties": {n: v for n, v in to_wire(table, row.values, False).items() if n not in unset},
        }
        for row in rows
    ], told


def interval(text: str | None) -> tuple[str | None, str | None]:
    """`datetime`: an instant, or two with a slash between, `..` or nothing for an open end; it is of `updated_at`."""
    if not text:
        return None, None
    first, slash, last = text.partition("/")
    since, until = (asked.moment("datetime", part if part != ".." else None) for part in (first, last))
    if not slash:
        until = since
    if since is None and until is None:
        raise Unreadable([("$.datetime", "an instant, or an interval as 2026-01-01T00:00:00Z/..")])
    return since, until


def _area(parts: Parts, collection: Collection, text: str | None, crs: str | None) -> tuple[bytes | None, bool]:
    if not text:
        chosen(parts.store, collection.frame, "bbox-crs", crs)
        return None, False
    told = "four numbers, or six with heights, least before most"
    count = 6 if text.count(",") == 5 else 4
    found = asked.numbers("bbox", text, count, told) or []
    west, south, east, north = (found[0], found[1], found[3], found[4]) if count == 6 else found
    _, epsg, flipped = chosen(parts.store, collection.frame, "bbox-crs", crs)
    if flipped:
        west, south, east, north = south, west, north, east
    if south > north or (west > east and epsg != 4326):
        raise Unreadable([("$.bbox", told)])
    area = area_of(parts.store, collection.frame, (west, south, east, north), epsg)
    return area, area is None
