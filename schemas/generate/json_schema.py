"""JSON Schemas (2020-12) of what travels: a row of every synced table, the two messages of an
exchange, and what a device tells of itself.

A row here is whole, as a pull from nothing or a repair carries it: every column may stand in it, a required
one holds a value, and sets, maps and counters are values, not deltas. Any other column may be absent or null,
and one that a reader does not know may stand there, since a newer server may send it.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from arxos_sync import limits, messages, status
from arxos_sync.catalogue import Catalogue, Column, Table

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_UUID = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_INSTANT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"
_HEX = "^([0-9a-f]{2})*$"
_WHOLE = {"type": "integer", "minimum": limits.INTEGER_MIN, "maximum": limits.INTEGER_MAX}
_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "integer": _WHOLE,
    "real": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date", "pattern": r"^\d{4}-\d\d-\d\d$"},
    "instant": {"type": "string", "format": "date-time", "pattern": _INSTANT},
    "uuid": {"type": "string", "format": "uuid", "pattern": _UUID},
    "map": {"type": "object"},
    "set": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    "counter": {"type": "number"},
    "json": {},
    "bytes": {"type": "string", "pattern": _HEX},
    "geometry": {"type": "string", "pattern": "^01[0-9a-f]+$"},
}


def files(catalogue: Catalogue) -> dict[str, str]:
    found = {f"schemas/json/{name}.json": _row(table) for name, table in catalogue.synced().items()}
    found["schemas/json/sync-request.json"] = _message(messages.SyncRequest, "What a device sends")
    found["schemas/json/sync-answer.json"] = _message(messages.SyncAnswer, "What the server answers")
    found["schemas/json/status.json"] = _message(status.DeviceStatus, "What a device tells of its sync")
    return {path: json.dumps(schema, indent=1, ensure_ascii=False) + "\n" for path, schema in found.items()}


def _row(table: Table) -> dict[str, Any]:
    return {
        "$schema": _DIALECT,
        "title": table.name,
        "description": table.help,
        "type": "object",
        "properties": {c.name: _column(c) for c in table.columns.values()},
        "required": ["id", *(c.name for c in table.columns.values() if c.required)],
    }


def _column(column: Column) -> dict[str, Any]:
    found = dict(_TYPES[column.type])
    if column.values:
        found["enum"] = list(column.values)
    if not column.required and column.name != "id" and found:
        found = _or_null(found)
    words = " ".join(filter(None, [column.help, _words(column)]))
    return found | ({"description": words} if words else {})


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    found = schema | {"type": [schema["type"], "null"]}
    return found | ({"enum": [*schema["enum"], None]} if "enum" in schema else {})


def _words(column: Column) -> str:
    words = [f"In {column.unit}."] if column.unit else []
    if column.type == "geometry":
        frame = "longitude and latitude" if column.srid else "metres in the building's frame"
        height = " Z" if column.dimensions == 3 else ""
        words.append(f"ISO WKB in hex: {' or '.join(column.kinds)}{height}, {frame}.")
    if column.references:
        to = f"the table that {column.pair} names" if column.references == "*" else column.references
        words.append(f"The id of a row of {to}.")
    return " ".join(words)


def _message(kind: type, title: str) -> dict[str, Any]:
    """As msgspec writes it, with the definition of the message itself at the top."""
    schema = msgspec.json.schema(kind)
    parts = schema.pop("$defs")
    top = parts.pop(kind.__name__)
    return {"$schema": _DIALECT} | top | {"title": title, "$defs": dict(sorted(parts.items()))}
