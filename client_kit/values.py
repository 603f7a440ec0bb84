"""`field=value` on the command line, read by the catalogue's types; and rows written for people and programs.

status=faulty              a column; an empty value clears it
properties.colour=red      one key of a map; read as JSON where it is JSON, else as text
systems+=hvac  systems-=hvac   a set's items        visit_count+=1   a counter
geometry='POINT Z (1 2 3)'     WKT, GeoJSON, or hex ISO WKB
"""

from __future__ import annotations

import json
import re
from typing import Any

from arxos_sync import geometry
from arxos_sync.catalogue import Column, Table
from arxos_sync.problems import Refused
from arxos_sync.storage.driver import connect

_ASSIGNMENT = re.compile(r"([a-z_0-9]+)(?:\.([^=+]+?))?(\+=|-=|=)(.*)\Z", re.DOTALL)
_DIMENSION_WORD = re.compile(r"\b([A-Za-z]+)\s+Z\s*\(")


def read(table: Table, assignments: list[str], *, insert: bool) -> dict[str, Any]:
    """The `set` of a change: values at insert; deltas of sets, maps and counters else. Raises Refused."""
    found: dict[str, Any] = {}
    for text in assignments:
        match = _ASSIGNMENT.match(text)
        if match is None:
            raise Refused("invalid_value", f"{text!r} is not field=value")
        name, key, sign, value = match.groups()
        column = table.columns.get(name)
        if column is None:
            raise Refused("unknown_column", f"{table.name}.{name}", field=name)
        found[name] = _one(column, key, sign, value, found.get(name), insert)
    return found


def _one(column: Column, key: str | None, sign: str, text: str, so_far: Any, insert: bool) -> Any:
    if key is not None:
        if column.type != "map":
            raise Refused("invalid_value", f"{column.name} is not a map", field=column.name)
        return (so_far or {}) | {key: _loose(text)}
    if column.type == "set":
        return _set(sign, text, so_far, insert)
    if column.type == "counter" and sign != "=":
        number = _number(column, text) * (1 if sign == "+=" else -1)
        return number if insert else {"add": number}
    if sign != "=":
        raise Refused("invalid_value", f"{column.name} takes only =", field=column.name)
    return None if text == "" else _plain(column, text)


def _set(sign: str, text: str, so_far: Any, insert: bool) -> Any:
    if sign == "=" or insert:
        if not insert:
            raise Refused("invalid_value", "a set is changed by += and -=")
        return sorted({*(so_far or []), *(item for item in text.split(",") if item)})
    delta = dict(so_far or {})
    side = "add" if sign == "+=" else "remove"
    delta[side] = [*delta.get(side, []), text]
    return delta


def _plain(column: Column, text: str) -> Any:
    match column.type:
        case "integer" | "counter" | "real":
            return _number(column, text)
        case "boolean":
            return {"true": True, "false": False, "1": True, "0": False}.get(text.lower(), text)
        case "json" | "map":
            return _loose(text)
        case "bytes":
            return bytes.fromhex(text)
        case "geometry":
            return _geometry(column, text)
    return text


def _number(column: Column, text: str) -> int | float:
    try:
        return float(text) if column.type == "real" else int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError as error:
            raise Refused(
                "invalid_value", f"{column.name}: {text!r} is not a number", field=column.name
            ) from error


def _loose(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text or None


def _geometry(column: Column, text: str) -> bytes:
    if text.lstrip().startswith("{"):
        return geometry.from_geojson(json.loads(text), column.dimensions)
    if re.fullmatch(r"[0-9a-f]+", text):
        return bytes.fromhex(text)
    connection = connect(":memory:")
    wkt = _DIMENSION_WORD.sub(r"\1Z(", text)
    (wkb,) = connection.execute("select AsBinary(GeomFromText(?))", (wkt,)).fetchone()
    connection.close()
    if wkb is None:
        raise Refused("invalid_value", f"{text!r} is neither WKT, GeoJSON nor hex WKB", field=column.name)
    return wkb


def plain(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """A row as JSON has it: geometry as GeoJSON, bytes as hex, empty columns left out."""
    return {name: _shown(table.columns.get(name), value) for name, value in row.items() if value is not None}


def _shown(column: Column | None, value: Any) -> Any:
    if isinstance(value, bytes) and column is not None and column.type == "geometry":
        return geometry.to_geojson(value)
    return value.hex() if isinstance(value, bytes) else value
