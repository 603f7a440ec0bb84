"""Coordinate reference systems for a server on SpatiaLite: a database in memory that learns each EPSG code when asked.

The store's own file knows 4326 alone: who reads it in QGIS is not shown systems it does not use.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from functools import cache
from typing import Any

from ..problems import Problem
from ..store import Point
from .driver import connect, sqlite
from .listing import axes_of

_lock = threading.Lock()


@cache
def _connection() -> Any:
    connection = connect(":memory:")
    connection.execute("select InitSpatialMetadata(1, 'NONE')")
    return connection


def axes(epsg: int) -> str | None:
    with _lock:
        return _axes(epsg)


@cache
def _axes(epsg: int) -> str | None:
    asked = _connection().execute
    asked("select InsertEpsgSrid(?)", (epsg,)).fetchone()
    found = asked("select srtext from spatial_ref_sys where srid = ?", (epsg,)).fetchone()
    return axes_of(found and found[0])


def transformed(points: Sequence[Point], source: int, target: int) -> list[Point]:
    """See ServerStore."""
    if source == target or not points:
        return list(points)
    with _lock:
        for epsg in (source, target):
            if _axes(epsg) is None:
                raise Problem("invalid", f"EPSG:{epsg} is not known here")
        try:
            found = _connection().execute(
                """
                select ST_X(p), ST_Y(p) from (
                    select key, ST_Transform(
                        MakePoint(json_extract(value, '$[0]'), json_extract(value, '$[1]'), ?1), ?2
                    ) as p from json_each(?3)
                ) order by key
                """,
                (source, target, json.dumps([list(point) for point in points])),
            )
            moved = [(x, y) for x, y in found]
        except sqlite.Error as error:
            raise Problem("invalid", f"not to be told in EPSG:{target}") from error
    if any(x is None for x, _ in moved):
        raise Problem("invalid", f"outside of what EPSG:{target} can tell")
    return moved
