"""Values of a replica file's columns and the engine's values, both ways, bit for bit.

SQLite holds geometry as SpatiaLite BLOB (SRID 4326, or -1 in the building's frame), json, map and set as JSON
text, booleans as 0 and 1; the rest as it is. A file that others wrote may hold what a column should not:
`to_inner` then answers it as it stands, and the server says what is wrong with it.
"""

from __future__ import annotations

import json
from typing import Any

from ..catalogue import Column
from ..geometry import GeometryError, from_spatialite, to_spatialite

_AS_JSON = frozenset({"json", "map", "set"})


def to_native(column: Column, value: Any) -> Any:
    if value is None:
        return None
    if column.type == "geometry":
        return to_spatialite(value, column.srid or -1)
    if column.type in _AS_JSON:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    if column.type == "boolean":
        return int(value)
    return value


def to_inner(column: Column, value: Any) -> Any:
    if value is None:
        return None
    try:
        if column.type == "geometry":
            return from_spatialite(value)[0]
        if column.type in _AS_JSON:
            inner = json.loads(value)
            return sorted(set(inner)) if column.type == "set" else inner
    except (ValueError, TypeError, GeometryError):
        return value
    if column.type == "boolean" and value in (0, 1):
        return bool(value)
    if column.type == "real" and isinstance(value, int):
        return float(value)
    return value
