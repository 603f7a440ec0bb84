"""What a list is asked for in its query string, read into what the store understands.

What cannot be read raises Unreadable with its path.
"""

from __future__ import annotations

import base64
import datetime
import math
from typing import Any

import msgspec

from arxos_sync import geometry
from arxos_sync.catalogue import Column, Table
from arxos_sync.change import read_value
from arxos_sync.problems import Refused, Unreadable

from ..parts import instant

Box = tuple[float, float, float, float]
_UNSORTED = frozenset(("map", "set", "json", "bytes", "geometry"))
_UNEQUAL = frozenset(("map", "json", "bytes", "geometry"))
_Place = tuple[str | int | float | bool | None, str]
_WORDS = {"true": True, "false": False}


def numbers(name: str, text: str | None, count: int, told: str) -> list[float] | None:
    if not text:
        return None
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise Unreadable([(f"$.{name}", told)]) from error
    if len(found) != count or not all(map(math.isfinite, found)):
        raise Unreadable([(f"$.{name}", told)])
    return found


def degrees_box(text: str | None) -> Box | None:
    told = "west,south,east,north in degrees"
    found = numbers("bbox", text, 4, told)
    if found is None:
        return None
    west, south, east, north = found
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise Unreadable([("$.bbox", told)])
    return west, south, east, north


def metres_area(table: Table, text: str | None) -> bytes | None:
    """A box in the frame of the table's geometry, as WKB."""
    told = "min x, min y, max x, max y in the building's metres"
    found = numbers("bbox", text, 4, told)
    if found is None:
        return None
    if not table.geometries:
        raise Unreadable([("$.bbox", f"{table.name} has no geometry")])
    if found[0] > found[2] or found[1] > found[3]:
        raise Unreadable([("$.bbox", told)])
    return box_area((found[0], found[1], found[2], found[3]))


def box_area(box: Box) -> bytes:
    west, south, east, north = box
    return geometry.polygon([[(west, south), (east, south), (east, north), (west, north), (west, south)]])


def place(text: str | None) -> tuple[Any, str] | None:
    """Where a list goes on: (what it is sorted by, id)."""
    if text is None:
        return None
    try:
        value, id = msgspec.json.decode(base64.urlsafe_b64decode(text), type=_Place)
    except (ValueError, msgspec.DecodeError) as error:
        raise Unreadable([("$.next", "not a place in this list")]) from error
    return value, id


def place_text(value: Any, id: str) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode([value, id])).decode()


def checked_place(table: Table, sort: str, after: tuple[Any, str] | None) -> tuple[Any, str] | None:
    """A place that is of this list: a value of the column that it is sorted by, and an id."""
    if after is None:
        return None
    column = table.columns[sort]
    try:
        if after[0] is not None and column.type != "counter":
            read_value(column, "insert", after[0])
        read_value(table.columns["id"], "insert", after[1])
    except Refused as error:
        raise Unreadable([("$.next", "not a place in this list")]) from error
    return after


def sorting(table: Table, text: str) -> tuple[str, bool]:
    """(column, descending) of `name` or `-name`."""
    name = text.removeprefix("-")
    if name not in table.columns or table.columns[name].type in _UNSORTED:
        raise Unreadable([("$.sort", f"{table.name} is not sorted by {name}")])
    return name, text.startswith("-")


def equal(table: Table, wanted: dict[str, str]) -> dict[str, Any]:
    """Column → inner value of each filter; an empty text asks for what is unset."""
    return {name: _value(table, name, text) for name, text in wanted.items()}


def _value(table: Table, name: str, text: str) -> Any:
    column = table.columns.get(name)
    if column is None or column.type in _UNEQUAL:
        raise Unreadable([(f"$.{name}", f"{table.name} is not filtered by {name}")])
    if text == "":
        return None
    try:
        return _read(column, text)
    except (ValueError, Refused) as error:
        raise Unreadable([(f"$.{name}", str(error))]) from error


def _read(column: Column, text: str) -> Any:
    match column.type:
        case "integer":
            return read_value(column, "insert", int(text))
        case "real" | "counter":
            number = float(text)
            if not math.isfinite(number):
                raise ValueError("not a number")
            return number
        case "boolean":
            return _WORDS.get(text, text == "1")
        case "instant":
            return moment(column.name, text)
        case "set":
            return text
    return read_value(column, "insert", text)


def moment(name: str, text: str | None) -> str | None:
    """An RFC 3339 instant as the store writes it; a bare date is its first moment."""
    if not text:
        return None
    try:
        read = datetime.datetime.fromisoformat(text.replace(" ", "+"))
        read = read if read.tzinfo else read.replace(tzinfo=datetime.UTC)
        return instant(int(read.timestamp() * 1000))
    except (ValueError, OverflowError) as error:
        raise Unreadable([(f"$.{name}", "an instant as 2026-01-31T08:30:00Z")]) from error
