"""The cases of schemas/vectors/change.json: values and changes, each with the verdict it must get.

A verdict is written beside its case and must be the engine's; what a good one is read as is the engine's answer.
"""

from __future__ import annotations

import struct
from typing import Any

import msgspec

import schemas
from arxos_sync import change, geometry
from arxos_sync.messages import Change
from arxos_sync.problems import Refused

CATALOGUE = schemas.catalogue()
ROW = "0192f3a0-0000-7000-8000-0000000e0001"
STOREY = "0192f3a0-0000-7000-8000-000000050001"
OK, BAD = None, "invalid_value"
POINT_Z = geometry.point(1.5, -2.25, 3.0).hex()
POINT = geometry.point(1.5, -2.25).hex()
LINE_Z = "01ea03000002000000" + struct.pack("<6d", 0, 0, 0, 4, 0, 2.5).hex()
BIG_ENDIAN = "00000003e9" + struct.pack(">3d", 1.5, -2.25, 3.0).hex()
NOT_FINITE = "01e9030000" + struct.pack("<3d", 1.5, float("nan"), 3.0).hex()
EWKB = "01010000a0e6100000" + struct.pack("<3d", 1.5, -2.25, 3.0).hex()
SAFE = 2**53 - 1
HEAD = 10
DEEP_32: Any = 1
for _ in range(31):
    DEEP_32 = [DEEP_32]
ASTRAL = ["\U0001f6aa", "\ufb01", "z", "Z", "ä", "z"]  # by code point the door comes last, by UTF-16 the ligature

# column, the good values, the bad ones; both at insert and as an update unless it says otherwise
_PLAIN: list[tuple[str, list[Any], list[Any]]] = [
    ("element.name", ["", "D-01", "Tür \U0001f6aa", None], [1, True, ["D"], {}, "a\0b", "half \ud83d"]),
    ("element.ifc_class", ["IfcDoor"], [None, 7]),
    ("element.status", ["ok", "faulty", None], ["OK", "", "broken", 0]),
    ("storey.level", [0, -3, SAFE, -SAFE, None], [2**53, -(2**53), 10**30, 1.5, "1", True, [1], False]),
    ("space.height_m", [0, 2.75, -1e-310, 1e300, 3, 10**25, None], ["2.75", True, {}, [2.75], False]),
    ("element.installed_on", ["2026-01-31", "2024-02-29", "0001-01-01", "2000-02-29", None],
     ["2026-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "2026-1-31", "20260131", "0000-01-01",
      "2026-01-31T00:00:00.000Z", "2026-01-31 ", "2026-01-31\n", 20260131, ""]),
    ("validation.captured_at", ["2026-01-31T08:30:00.000Z", "2026-12-31T23:59:59.999Z", None],
     ["2026-01-31T08:30:00Z", "2026-01-31T08:30:00.000+01:00", "2026-02-30T08:30:00.000Z",
      "2026-01-31T25:30:00.000Z", "2026-01-31T08:60:00.000Z", "2026-01-31T08:30:61.000Z",
      "2026-01-31t08:30:00.000z", "2026-01-31T08:30:00.000Z\n", 1769848200000]),
    ("element.storey_id", [STOREY, None], [STOREY.upper(), STOREY[:-1], STOREY + "\n", "{" + STOREY + "}", "", 7]),
    ("element.properties",
     [{}, {"a": 1, "b": [None, True, {"c": 0.1}], "": "x"}, {"__proto__": {"x": 1}, "constructor": "y"},
      {"gone": None}, {"deep": DEEP_32}, None],
     [[], "{}", 1, {"a": 2**53}, {"a": "x\0"}, {"a\0": 1}, {"deep": [DEEP_32]}, {"a": [{"b": -(2**60)}]}]),
    ("element.geometry", [POINT_Z, LINE_Z, None],
     [POINT, POINT_Z.upper(), POINT_Z[:-2], POINT_Z[:-1], POINT_Z + "00", BIG_ENDIAN, NOT_FINITE, EWKB, "", "zz",
      {"type": "Point", "coordinates": [1, 2, 3]}, 7]),
    ("building.footprint", [None], [POINT, POINT_Z]),
]  # fmt: skip
_BY_OP: list[tuple[str, str, list[Any], list[Any]]] = [
    ("element.systems", "insert", [[], ["hvac"], ["fire", "hvac", "fire"], ASTRAL, None],
     ["hvac", {"add": ["hvac"]}, [1], [None], ["a\0"]]),
    ("element.systems", "update", [{"add": ["hvac"]}, {"remove": ["b", "a"]}, {"add": ASTRAL, "remove": ["fire"]},
     {"add": []}, None],
     [["hvac"], {}, {"add": "hvac"}, {"add": None}, {"put": ["hvac"]}, {"add": ["x"], "put": ["y"]}, "hvac"]),
    ("element.visit_count", "insert", [0, 3, -1, 2.5, SAFE, None], [2**53, "3", True, {"add": 1}, [3]]),
    ("element.visit_count", "update", [{"add": 1}, {"add": -2}, {"add": 0.5}, None],
     [1, {}, {"add": "1"}, {"add": 2**53}, {"add": None}, {"remove": 1}, {"add": 1, "remove": 1}, {"add": True}]),
]  # fmt: skip


def vectors() -> dict[str, Any]:
    values = [
        _value(place, op, value, verdict)
        for place, good, bad in _PLAIN
        for op in ("insert", "update")
        for verdict, some in ((OK, good), (BAD, bad))
        for value in some
    ]
    values += [
        _value(place, op, value, verdict)
        for place, op, good, bad in _BY_OP
        for verdict, some in ((OK, good), (BAD, bad))
        for value in some
    ]
    return {
        "about": "Values and changes with their verdicts: arxos_sync/change.py and pwa/core/change.js. `code` null: "
        "taken, and `read` is what it is read as, written as JSON carries it. {$repeat, $times} is long.",
        "values": values,
        "changes": [_change(*case) for case in _changes()],
        "rows_out": [_row_out(*case) for case in _rows_out()],
        "sizes": [{"value": value, "packed": len(msgspec.msgpack.encode(expanded(value)))} for value in _sizes()],
    }


def read(place: str, op: str, value: Any) -> dict[str, Any]:
    """What the engine says of one value: {code, read}."""
    table, _, name = place.partition(".")
    column = CATALOGUE.tables[table].columns[name]
    try:
        inner = change.read_value(column, op, value)
    except Refused as refused:
        assert refused.field == name
        return {"code": refused.code, "read": None}
    return {"code": None, "read": change.to_wire(CATALOGUE.tables[table], {name: inner}, binary=False)[name]}


def read_change(kind: str, head: int, given: dict[str, Any]) -> dict[str, Any]:
    """What the engine says of one change: {code, field, set}."""
    try:
        edit = change.read_change(CATALOGUE, kind, msgspec.convert(given, Change), 0, head)
    except Refused as refused:
        return {"code": refused.code, "field": refused.field, "set": None}
    return {"code": None, "field": None, "set": change.to_wire(edit.table, edit.set, binary=False)}


def _value(place: str, op: str, value: Any, verdict: str | None) -> dict[str, Any]:
    found = read(place, op, value)
    assert found["code"] == verdict, (place, op, value, found)
    return {"column": place, "op": op, "value": value, **found}


def _change(name: str, verdict: str | None, field: str | None, said: dict[str, Any]) -> dict[str, Any]:
    given = {"table": "element", "id": ROW, "op": "update"} | said
    kind = "user" if given["table"] == "preference" and given["op"] == "insert" else "building"
    found = read_change(kind, HEAD, expanded(given))
    assert (found["code"], found["field"]) == (verdict, field), (name, found)
    if found["set"] == expanded(given).get("set"):
        found["set"] = given.get("set")
    return {"name": name, "kind": kind, "head": HEAD, "change": given, **found}


def _changes() -> list[Any]:
    """(name, code or None, field or None, what the change says)."""
    door = {"op": "insert", "set": {"ifc_class": "IfcDoor", "origin": "field"}}
    placed = {"ifc_class": "IfcDoor", "heading_deg": 90, "geometry": POINT_Z}
    return [
        ("an update of one column", None, None, {"set": {"status": "faulty"}, "base": 10}),
        ("an insert with its origin", None, None, door),
        ("an insert with a whole group", None, None, {"op": "insert", "set": placed}),
        ("a delete", None, None, {"op": "delete", "base": 3}),
        ("an update that sets nothing", None, None, {"set": {}}),
        ("a group emptied", None, None, {"set": {"heading_deg": None, "geometry": None}}),
        ("an append-only column is for the merge to judge", None, None,
         {"table": "comment", "set": {"text": "late"}}),
        ("an unknown table", "unknown_table", None, {"table": "dragon", "set": {}}),
        ("a table of the other kind of scope", "unknown_table", None,
         {"table": "preference", "set": {"theme": "dark"}}),
        ("a table only the server has", "unknown_table", None, {"table": "session", "set": {}}),
        ("an id in capitals", "invalid_value", "id", {"id": ROW.upper(), "set": {}}),
        ("a base above the head", "invalid_value", "base", {"base": 11, "set": {}}),
        ("a base below nought", "invalid_value", "base", {"base": -1, "set": {}}),
        ("a restored row without its former sequence", "invalid_value", "formerly", {"op": "restore", "set": {}}),
        ("a delete that sets", "invalid_value", "set", {"op": "delete", "set": {}}),
        ("an update without `set`", "invalid_value", "set", {}),
        ("an insert with `set` null", "invalid_value", "set", {"op": "insert", "set": None}),
        ("an unknown column", "unknown_column", "colour", {"set": {"colour": "red"}}),
        ("a column of every object", "unknown_column", "constructor", {"set": {"constructor": "x"}}),
        ("a server column", "server_column", "sequence", {"set": {"sequence": 9}}),
        ("the id as a column", "server_column", "id", {"op": "insert", "set": {"ifc_class": "IfcDoor", "id": ROW}}),
        ("an origin after the insert", "server_column", "origin", {"set": {"origin": "field"}}),
        ("an origin that is none", "invalid_value", "origin",
         {"op": "insert", "set": {"ifc_class": "IfcDoor", "origin": "moon"}}),
        ("half a group", "invalid_value", "geometry", {"set": {"heading_deg": 90}}),
        ("the other half of a group", "invalid_value", "heading_deg", {"set": {"geometry": POINT_Z}}),
        ("one of a group of four", "invalid_value", "confidence_classification",
         {"set": {"confidence_position": 80}}),
        ("an insert without what it needs", "invalid_value", "ifc_class", {"op": "insert", "set": {"name": "D"}}),
        ("an insert with what it needs null", "invalid_value", "ifc_class",
         {"op": "insert", "set": {"ifc_class": None}}),
        ("the first bad column is named", "invalid_value", "status",
         {"set": {"name": "x", "status": "broken", "tag": 7}}),
        ("just under 256 KiB", None, None, {"set": {"name": _times("x", 256 * 1024 - 11)}}),
        ("just over 256 KiB", "too_large", None, {"set": {"name": _times("x", 256 * 1024 - 10)}}),
        ("over 256 KiB of short characters counted in bytes", "too_large", None,
         {"set": {"name": _times("ä", 128 * 1024)}}),
        ("a change in a person's own scope", None, None,
         {"table": "preference", "op": "insert", "set": {"theme": "dark"}}),
    ]  # fmt: skip


def _rows_out() -> list[tuple[str, dict[str, Any]]]:
    return [
        ("element", {"name": "D-01", "heading_deg": 90, "geometry": POINT_Z, "systems": ["hvac"], "sequence": 7}),
        ("element", {"geometry": None, "heading_deg": None, "column_of_tomorrow": {"a": 1}, "constructor": 1}),
        ("building", {}),
    ]


def row_out(table: str, values: dict[str, Any]) -> dict[str, Any]:
    """The engine's inner values of a pulled row, written as JSON carries them."""
    return change.to_wire(CATALOGUE.tables[table], change.from_row_out(CATALOGUE, table, values), binary=False)


def _row_out(table: str, values: dict[str, Any]) -> dict[str, Any]:
    return {"table": table, "values": values, "inner": row_out(table, values)}


def _sizes() -> list[Any]:
    numbers = [0, 127, 128, 255, 256, 65535, 65536, 2**32 - 1, 2**32, SAFE, -1, -32, -33, -128, -129, -32768]
    numbers += [-32769, -(2**31), -(2**31) - 1, -SAFE, 0.5]
    texts = ["", "äß€\U0001f6aa", *(_times("x", n) for n in (31, 32, 255, 256, 65535, 65536))]
    lists = [[], _times(1, 15), _times(1, 16), _times(1, 65535), _times(1, 65536)]
    maps = [{}, {str(n): n for n in range(15)}, {str(n): n for n in range(16)}, {"a": [None, {"b": "ü"}]}]
    return [None, True, *numbers, *texts, *lists, *maps]


def _times(what: Any, times: int) -> dict[str, Any]:
    """A long text or list, written short in the vectors."""
    return {"$repeat": what, "$times": times}


def expanded(value: Any) -> Any:
    """`value` with what `_times` wrote short at its full length."""
    match value:
        case {"$repeat": str() as text, "$times": times}:
            return text * times
        case {"$repeat": item, "$times": times}:
            return [item] * times
        case dict():
            return {key: expanded(item) for key, item in value.items()}
    return value
