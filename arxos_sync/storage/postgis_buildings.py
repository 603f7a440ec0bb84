"""The list of buildings on PostGIS, and what hangs on it. Read it beside spatialite_buildings.py.

Nearness is the distance on the WGS84 ellipsoid to the nearest point of a footprint (0 within). Without a bound on it,
the nearest-neighbour index first tells how far the page reaches; that distance is the sphere's, so a little is added
before the ellipsoid decides.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

import psycopg

from ..problems import Problem
from ..store import BuildingQuery, ListedBuilding, Point
from .postgis_rows import containing, following_of
from .postgis_values import row_of, selected
from .server_rows import SEARCHED, Layout

SPHERE_TO_ELLIPSOID = 1.01
_HERE = "ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326)::geography"
_FAR = f"ST_Distance(b.footprint::geography, {_HERE})"
_KEYS = {"name": ('b.name collate "C"', None), "updated_at": ("b.updated_at", "timestamptz"), "near": (_FAR, None)}


def buildings(
    connection: psycopg.Connection[Any], layout: Layout, query: BuildingQuery
) -> tuple[list[ListedBuilding], int]:
    conditions, values = _wanted(query)
    of = _of(query, conditions)
    (total,) = connection.execute(f"select count(*) {of}", values).fetchone() or (0,)
    key, cast = _KEYS[query.sort]
    following, place = following_of(key, cast, query.after, query.descending)
    following = following.replace(" id ", " b.id ")
    values |= place | {"limit": query.limit}
    if query.sort == "near" and query.within_m is None:
        following += _reach(connection, of, following, values)
    names = ", ".join(selected(c, "b.") for c in layout.columns)
    far = _FAR if query.near else "null::double precision"
    found = connection.execute(
        f"""
        select coalesce(b.head, 0), b.granted, {far},
               b.id, {names}, b.sequence, b.born, b.deleted, b.merge_state::text
        {of} {following} order by {key} {"desc" if query.descending else ""} nulls last, b.id limit %(limit)s
        """,
        values,
    ).fetchall()
    listed = []
    for head, role, distance_m, *row in found:
        role = role or ("owner" if query.everything else "anonymous")
        listed.append(ListedBuilding(row_of(layout, row), head, role, distance_m))
    return listed, total


def _reach(connection: psycopg.Connection[Any], of: str, following: str, values: dict[str, Any]) -> str:
    """A bound on the page's distances, found by the nearest-neighbour index; none where there is less than a page."""
    found = connection.execute(
        f"""
        select b.footprint::geography <-> {_HERE} {of} {following}
        order by b.footprint::geography <-> {_HERE} limit 1 offset %(limit)s
        """,
        values,
    ).fetchone()
    if found is None:
        return ""
    values["reach_m"] = found[0] * SPHERE_TO_ELLIPSOID + 1.0
    return f" and ST_DWithin(b.footprint::geography, {_HERE}, %(reach_m)s)"


def readable(connection: psycopg.Connection[Any], query: BuildingQuery) -> str:
    conditions, values = _wanted(query)
    found = connection.execute(
        f"""
        select string_agg(
            b.id::text || ':' || coalesce(b.head, 0) || ':' || coalesce(b.granted, ''), ',' order by b.id
        )
        {_of(query, conditions)}
        """,
        values,
    ).fetchone()
    return hashlib.sha256(((found and found[0]) or "").encode()).hexdigest()[:24]


def transformed(
    connection: psycopg.Connection[Any], points: Sequence[Point], source: int, target: int
) -> list[Point]:
    """See ServerStore."""
    if source == target or not points:
        return list(points)
    try:
        return connection.execute(
            """
            select ST_X(p), ST_Y(p) from (
                select n, ST_Transform(ST_SetSRID(ST_MakePoint(x, y), %s), %s) as p
                from unnest(%s::float8[], %s::float8[]) with ordinality as given (x, y, n)
            ) moved order by n
            """,
            (source, target, [x for x, _ in points], [y for _, y in points]),
        ).fetchall()
    except psycopg.errors.InternalError as error:
        raise Problem("invalid", f"outside of what EPSG:{target} can tell") from error


def _of(query: BuildingQuery, conditions: list[str]) -> str:
    """Whose buildings they are is the view's to say: see postgis_walls.py."""
    return f"from readable_building b where {' and '.join(conditions)}"


def _wanted(query: BuildingQuery) -> tuple[list[str], dict[str, Any]]:
    values: dict[str, Any] = {
        "role": query.role, "id": query.id, "since": query.since,
        "until": query.until, "area": query.area, "within_m": query.within_m,
    }  # fmt: skip
    conditions = ["true"]
    if query.text:
        found, sought = containing(f"concat_ws(' ', {', '.join(f'b.{n}' for n in SEARCHED)})", query.text)
        conditions += found
        values |= sought
    for name, value in query.equal.items():
        assert re.fullmatch("[a-z_]+", name)
        conditions.append(f"b.{name} = %({name})s")
        values[name] = value
    for condition, given in _SIMPLE.items():
        if getattr(query, given) is not None:
            conditions.append(condition)
    if query.bbox:
        conditions.append("b.footprint && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)")
        values |= dict(zip(("west", "south", "east", "north"), query.bbox, strict=True))
    if query.near:
        conditions.append("b.footprint is not null")
        values |= {"lon": query.near[0], "lat": query.near[1]}
    return conditions, values


_SIMPLE = {
    "b.id = %(id)s::uuid": "id",
    "b.granted = %(role)s": "role",
    "b.updated_at >= %(since)s::timestamptz": "since",
    "b.updated_at <= %(until)s::timestamptz": "until",
    "ST_Intersects(b.footprint, ST_GeomFromWKB(%(area)s, 4326))": "area",
    f"ST_DWithin(b.footprint::geography, {_HERE}, %(within_m)s)": "within_m",
}
