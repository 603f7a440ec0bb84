"""Geometries as GeoJSON, in and out: a footprint in degrees, everything else in its building's metres.

On the wire of the sync protocol, and here unless asked otherwise, a geometry is ISO WKB in hex. A GeoJSON object is
taken wherever such hex is, and given with `?geometry=geojson`.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from arxos_sync.catalogue import Column, Table
from arxos_sync.geometry import GeometryError, from_geojson, to_geojson
from arxos_sync.messages import RowOut
from arxos_sync.problems import Refused

Form = Literal["wkb", "geojson"]
_MANY = {"Point": "MultiPoint", "LineString": "MultiLineString", "Polygon": "MultiPolygon"}


def taken(table: Table, given: dict[str, Any] | None, path: str = "set") -> dict[str, Any] | None:
    """What was given with each GeoJSON object as WKB in hex. Raises Refused `invalid_value` naming the path."""
    if given is None:
        return None
    shapes = [(c, given[c.name]) for c in table.geometries if isinstance(given.get(c.name), dict)]
    return given | {c.name: _wkb(c, shape, f"{path}.{c.name}") for c, shape in shapes}


def _wkb(column: Column, shape: dict[str, Any], path: str) -> str:
    kind = shape.get("type")
    if kind not in column.kinds and isinstance(kind, str) and _MANY.get(kind) in column.kinds:
        shape = {"type": _MANY[kind], "coordinates": [shape.get("coordinates")]}
    try:
        return from_geojson(shape, column.dimensions).hex()
    except GeometryError as error:
        raise Refused("invalid_value", f"$.{path}: {error.detail}", field=path) from error
    except (ValueError, RecursionError) as error:
        raise Refused("invalid_value", f"$.{path}: not a GeoJSON geometry", field=path) from error


def shown(table: Table, values: dict[str, Any], form: Form) -> dict[str, Any]:
    """Values as they travel, with their geometries in the form asked for."""
    if form == "wkb":
        return values
    places = {c.name: values[c.name] for c in table.geometries if values.get(c.name) is not None}
    return values | {name: to_geojson(bytes.fromhex(wkb)) for name, wkb in places.items()}


def row_shown(table: Table, row: RowOut, form: Form) -> RowOut:
    return row if form == "wkb" or row.set is None else msgspec.structs.replace(row, set=shown(table, row.set, form))
