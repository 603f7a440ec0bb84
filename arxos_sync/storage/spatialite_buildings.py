"""The list of buildings on SpatiaLite, and what hangs on it. Read it beside postgis_buildings.py.

Nearness is the distance on the WGS84 ellipsoid to the nearest point of a footprint (0 within). Which point is nearest
is told in degrees with the parallels shortened as at the asker's latitude; a bound is first a box of the R*Tree.
"""

from __future__ import annotations

import hashlib
import math
import re
from typing import Any

from ..store import BuildingQuery, ListedBuilding
from .server_rows import SEARCHED, Layout
from .spatialite_rows import containing, following_of, row_of

METRES_PER_DEGREE_MIN = 110_500.0  # along a meridian it is never less
_KEYS = {"name": "b.name", "updated_at": "b.updated_at", "near": "far_m"}
_SHRUNK = "ScaleCoords(ShiftCoords(b.footprint, -:lon, -:lat), :shrink, 1.0)"
_NEAREST = f"ST_ClosestPoint({_SHRUNK}, MakePoint(0.0, 0.0, 4326))"
_FAR = f"""
    case when ST_Intersects(b.footprint, MakePoint(:lon, :lat, 4326)) = 1 then 0.0
    else coalesce(GeodesicLength(MakeLine(
        MakePoint(:lon, :lat, 4326),
        MakePoint(ST_X({_NEAREST}) / :shrink + :lon, ST_Y({_NEAREST}) + :lat, 4326)
    )), 0.0) end
"""
_IN_BOX = """
    b.rowid in (
        select pkid from idx_building_footprint
        where xmin <= :{0}east and xmax >= :{0}west and ymin <= :{0}north and ymax >= :{0}south
    )
"""


def buildings(connection: Any, layout: Layout, query: BuildingQuery) -> tuple[list[ListedBuilding], int]:
    conditions, values = _wanted(query)
    names = ", ".join(f'b."{name}"' for name in layout.names)
    far = _FAR if query.near else "null"
    near = "where (:within_m is null or far_m <= :within_m)" if query.near else "where 1 = 1"
    of = f"from (select coalesce(h.sequence, 0) as head, g.role as role, {far} as far_m, {names} {_of(conditions)}) b"
    (total,) = connection.execute(f"select count(*) {of} {near}", values).fetchone()
    key = _KEYS[query.sort]
    following, place = following_of(key, query.after, query.descending)
    found = connection.execute(
        f"""
        select head, role, far_m, {names} {of} {near} {following}
        order by {key} {"desc" if query.descending else ""} nulls last, b.id limit :limit + 0
        """,
        values | place | {"limit": query.limit},
    ).fetchall()
    listed = []
    for head, role, distance_m, *row in found:
        role = role or ("owner" if query.everything else "anonymous")
        listed.append(ListedBuilding(row_of(layout, tuple(row)), head, role, distance_m))
    return listed, total


def readable(connection: Any, query: BuildingQuery) -> str:
    conditions, values = _wanted(query)
    found = connection.execute(
        f"""
        select group_concat(said, ',') from (
            select b.id || ':' || coalesce(h.sequence, 0) || ':' || coalesce(g.role, '') as said
            {_of(conditions)} order by b.id
        )
        """,
        values,
    ).fetchone()
    return hashlib.sha256((found[0] or "").encode()).hexdigest()[:24]


def _of(conditions: list[str]) -> str:
    return f"""
        from building b
        left join scope_head h on h.scope = b.id
        left join "grant" g on g.building_id = b.id and g.user_id = :user
            and (g.until is null or g.until > :now)
        where b.deleted is null and {" and ".join(conditions)}
    """


def _wanted(query: BuildingQuery) -> tuple[list[str], dict[str, Any]]:
    values: dict[str, Any] = {
        "user": query.user_id, "now": query.now, "role": query.role, "id": query.id, "since": query.since,
        "until": query.until, "area": query.area, "within_m": query.within_m,
    }  # fmt: skip
    conditions = ["1 = 1" if query.everything else "(g.role is not null or b.visibility = 'public')"]
    if query.text:
        given = " || ' ' || ".join(f"coalesce(b.{n}, '')" for n in SEARCHED)
        found, sought = containing(given, query.text)
        conditions += found
        values |= sought
    for name, value in query.equal.items():
        assert re.fullmatch("[a-z_]+", name)
        conditions.append(f"b.{name} = :{name}")
        values[name] = value
    for condition, given in _SIMPLE.items():
        if getattr(query, given) is not None:
            conditions.append(condition)
    if query.bbox:
        conditions.append(_IN_BOX.format(""))
        values |= dict(zip(("west", "south", "east", "north"), query.bbox, strict=True))
    if query.near:
        conditions.append("b.footprint is not null")
        lon, lat = query.near
        values |= {"lon": lon, "lat": lat, "shrink": max(math.cos(math.radians(lat)), 1e-6)}
        if query.within_m is not None and (box := _box(lon, lat, query.within_m)):
            conditions.append(_IN_BOX.format("near_"))
            values |= dict(zip(("near_west", "near_south", "near_east", "near_north"), box, strict=True))
    return conditions, values


def _box(lon: float, lat: float, within_m: float) -> tuple[float, float, float, float] | None:
    """Degrees around a place; None where the circle holds a pole or crosses the date line."""
    high = within_m / METRES_PER_DEGREE_MIN
    if abs(lat) + high >= 89.0:
        return None
    wide = high / math.cos(math.radians(abs(lat) + high))
    if lon - wide < -180.0 or lon + wide > 180.0:
        return None
    return lon - wide, lat - high, lon + wide, lat + high


_SIMPLE = {
    "b.id = :id": "id",
    "g.role = :role": "role",
    "b.updated_at >= :since": "since",
    "b.updated_at <= :until": "until",
    "ST_Intersects(b.footprint, GeomFromWKB(:area, 4326)) = 1": "area",
}
