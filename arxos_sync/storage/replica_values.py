"""Values of a replica file's columns and the engine's values, both ways, bit for bit.

SQLite holds geometry as SpatiaLite BLOB (SRID 4326, or -1 in the building's frame), json, map and set as JSON
text, booleans as 0 and 1; the rest as it is. A file that others wrote may hold what a column should not:
`to_inner` then answers it as it stands, and the server says what is wrong with it.

Most columns need no conversion at all, so who has many rows asks once a column: `writer` and `reader` answer None
where a value goes as it is. What they answer is never called with None.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ..catalogue import Column, Table
from ..geometry import GeometryError, from_spatialite, to_spatialite

Conversion = Callable[[Any], Any]
_AS_JSON = frozenset({"json", "map", "set"})
_ENCODER = msgspec.json.Encoder(order="sorted")
_decode = msgspec.json.Decoder().decode


def to_native(column: Column, value: Any) -> Any:
    write = None if value is None else writer(column)
    return value if write is None else write(value)


def to_inner(column: Column, value: Any) -> Any:
    read = None if value is None else reader(column)
    return value if read is None else read(value)


def writer(column: Column) -> Conversion | None:
    if column.type == "geometry":
        srid = column.srid or -1
        return lambda wkb: to_spatialite(wkb, srid)
    if column.type in _AS_JSON:
        return _encode
    return int if column.type == "boolean" else None


def reader(column: Column) -> Conversion | None:
    return _READERS.get(column.type)


def writers(table: Table) -> list[tuple[str, Conversion]]:
    """Of the columns that need one. Worked out once a table."""
    kept = vars(table)
    if "_replica_writers" not in kept:
        found = [(name, writer(column)) for name, column in table.columns.items()]
        kept["_replica_writers"] = [(name, write) for name, write in found if write is not None]
    return kept["_replica_writers"]


def natives(table: Table, values: dict[str, Any]) -> dict[str, Any]:
    """The values of a row as the file holds them."""
    found = values.copy()
    for name, write in writers(table):
        value = found.get(name)
        if value is not None:
            found[name] = write(value)
    return found


def _encode(value: Any) -> str:
    return _ENCODER.encode(value).decode()


def _from_blob(value: Any) -> Any:
    try:
        return from_spatialite(value)[0]
    except (ValueError, TypeError, GeometryError):
        return value


def _from_json(value: Any) -> Any:
    try:
        return _decode(value)
    except (ValueError, TypeError, msgspec.MsgspecError):
        return value


def _from_set(value: Any) -> Any:
    try:
        return sorted(set(_decode(value)))
    except (ValueError, TypeError, msgspec.MsgspecError):
        return value


def _from_boolean(value: Any) -> Any:
    return bool(value) if value in (0, 1) else value


def _from_real(value: Any) -> Any:
    return float(value) if isinstance(value, int) else value


_READERS: dict[str, Conversion] = {
    "geometry": _from_blob,
    "json": _from_json,
    "map": _from_json,
    "set": _from_set,
    "boolean": _from_boolean,
    "real": _from_real,
}
