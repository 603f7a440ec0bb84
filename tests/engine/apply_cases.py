"""The cases of schemas/vectors/apply.json: a row's entries, and what `apply` makes of them.

The answers are the engine's, read and kept; `_MUST` spells by hand the ones that matter most to a person.
Geometries stand in hex, as JSON carries them.
"""

from __future__ import annotations

from typing import Any

import msgspec

import schemas
from arxos_sync import apply, geometry
from arxos_sync.apply import Entry
from arxos_sync.change import from_row_out, to_wire

CATALOGUE = schemas.catalogue()
ROW = "0192f3a0-0000-7000-8000-0000000e0001"
HERE, THERE = geometry.point(1.5, -2.25, 3.0).hex(), geometry.point(9.0, 9.0, 3.0).hex()
DOOR = {
    "ifc_class": "IfcDoor",
    "name": "D-01",
    "status": "ok",
    "systems": ["fire", "hvac"],
    "visit_count": 2,
    "properties": {"colour": "red", "width": 0.1, "locks": [1, {"a": None}]},
    "heading_deg": 90.0,
    "geometry": HERE,
}


def entry(key: int, op: str, base: int = 5, settled: int | None = None, **changed: Any) -> dict[str, Any]:
    """One captured edit; an update says column=(old, new), an insert column=new, a delete column=old."""
    old = {n: v[0] if op == "update" else v for n, v in changed.items()} if op != "insert" else {}
    new = {n: v[1] if op == "update" else v for n, v in changed.items()} if op != "delete" else {}
    return {"key": key, "place": 0, "op": op, "base": base, "settled_after": settled, "old": old, "new": new}


def _rows() -> list[tuple[str, dict[str, Any] | None, list[dict[str, Any]], dict[str, Any] | None]]:
    """(name, the server's row, open entries, what is shown now)"""
    faulty = {**DOOR, "status": "faulty"}
    edits = [entry(1, "update", status=("ok", "faulty"))]
    turn = entry(1, "update", heading_deg=(90.0, 180.0), geometry=(HERE, THERE))
    more = {"systems": (["fire", "hvac"], ["hvac", "it"]), "visit_count": (2, 3)}
    keys = {"properties": (DOOR["properties"], {"colour": "blue", "width": 0.1, "new": True})}
    far = {"systems": ["fire", "roof"], "visit_count": 40, "properties": {"colour": "green", "width": 7}}
    return [
        ("nothing is open", DOOR, [], DOOR),
        ("there is no row", None, [], None),
        ("a row that is new to this replica", DOOR, [], None),
        ("an edit lies on another field's change", {**DOOR, "name": "D-02"}, edits, faulty),
        ("an edit lies on the same field's change", {**DOOR, "status": "missing"}, edits, faulty),
        ("the first old value of two edits is the server's", DOOR,
         [*edits, entry(2, "update", status=("faulty", "missing"))], {**DOOR, "status": "missing"}),
        ("an edit to null", DOOR, [entry(1, "update", name=("D-01", None))], {**DOOR, "name": None}),
        ("an edit from null", {**DOOR, "name": None}, [entry(1, "update", name=(None, "D-01"))], DOOR),
        ("a group moves whole", {**DOOR, "heading_deg": 0.0}, [turn],
         {**DOOR, "heading_deg": 180.0, "geometry": THERE}),
        ("sets and counters keep what others added", {**DOOR, **far}, [entry(1, "update", **more)],
         {**DOOR, "systems": ["hvac", "it"], "visit_count": 3}),
        ("keys of a map keep what others set", {**DOOR, **far}, [entry(1, "update", **keys)],
         {**DOOR, "properties": keys["properties"][1]}),
        ("a set, a map and a counter that were null",
         {**DOOR, "systems": None, "properties": None, "visit_count": None},
         [entry(1, "update", systems=(None, ["it"]), properties=(None, {"a": 1}), visit_count=(None, 2))], DOOR),
        ("a set and a map emptied", DOOR, [entry(1, "update", systems=(["fire", "hvac"], None),
         properties=(DOOR["properties"], {}))], {**DOOR, "systems": None, "properties": {}}),
        ("what others wrote into a set's column stays as it is", {**DOOR, "systems": "broken"},
         [entry(1, "update", systems=("broken", ["it"]))], {**DOOR, "systems": ["it"]}),
        ("an own insert the server has not seen", None, [entry(1, "insert", ifc_class="IfcDoor", name=None)],
         {"ifc_class": "IfcDoor", "name": None}),
        ("an own insert that another device made too", {**DOOR, "name": "theirs"},
         [entry(1, "insert", ifc_class="IfcDoor", name=None, status="faulty")], faulty),
        ("an own insert, then an edit of it", None,
         [entry(1, "insert", ifc_class="IfcDoor", status="ok"), entry(2, "update", status=("ok", "faulty"))],
         {"ifc_class": "IfcDoor", "status": "faulty"}),
        ("an own delete", DOOR, [entry(1, "delete", **DOOR)], None),
        ("an own delete of what another edited", {**DOOR, "status": "missing"}, [entry(1, "delete", **DOOR)], None),
        ("an own edit, then an own delete", DOOR, [*edits, entry(2, "delete", **faulty)], None),
        ("an own delete, then an own insert", DOOR,
         [entry(1, "delete", **DOOR), entry(2, "insert", ifc_class="IfcWindow")], {"ifc_class": "IfcWindow"}),
        ("the server deleted what a person edits", None, edits, faulty),
        ("the server deleted what a person edits and nothing is shown", None, edits, None),
    ]  # fmt: skip


def _histories() -> list[tuple[str, list[dict[str, Any]]]]:
    """(name, all entries of one row in order, settled ones among them)"""
    first = entry(1, "update", base=5, status=("ok", "faulty"))
    again = entry(2, "update", base=9, status=("faulty", "missing"))
    red, blue = DOOR["properties"], {**DOOR["properties"], "colour": "blue"}
    both = {"status": ("faulty", "missing"), "name": ("D-01", "D-02")}
    moved = {"heading_deg": (90.0, 90.0), "geometry": (HERE, THERE)}
    return [
        ("one edit has its own base", [first]),
        ("typing over an own unsent value keeps the first base", [first, again]),
        ("an edit after the receipt has its own base", [{**first, "settled_after": 1}, again]),
        ("an edit made before the receipt keeps the first base", [{**first, "settled_after": 2}, again]),
        ("two bases in one entry become two changes", [first, entry(2, "update", base=9, **both)]),
        ("a field settled twice over", [
            {**first, "settled_after": 2}, {**again, "settled_after": 2},
            entry(3, "update", base=12, status=("missing", "ok"))]),
        ("keys of a map have bases of their own", [
            entry(1, "update", base=5, properties=(red, blue)),
            entry(2, "update", base=9, properties=(blue, {"colour": "green", "width": 0.2, "__proto__": "x"}))]),
        ("a key with a dot, and a key that goes", [
            entry(1, "update", base=5, properties=({"a.b": 1, "c": 2}, {"a.b": 2}))]),
        ("a key of which only the kind of value changes", [
            entry(1, "update", base=5, properties=({"a": 1, "b": True}, {"a": True, "b": True}))]),
        ("a map from null", [entry(1, "update", properties=(None, {"a": 1, "b": 2}))]),
        ("a group goes whole though one column differs", [entry(1, "update", **moved)]),
        ("a group written with the values it had goes all the same", [
            entry(1, "update", heading_deg=(90.0, 90.0), geometry=(HERE, HERE))]),
        ("the lower base goes first", [
            entry(1, "update", base=10, status=("ok", "faulty")), entry(2, "update", base=9, **both)]),
        ("a group keeps the base of its first edit", [
            entry(1, "update", base=5, **moved),
            entry(2, "update", base=9, heading_deg=(90.0, 10.0), geometry=(THERE, THERE))]),
        ("a set and a counter go as deltas", [
            entry(1, "update", systems=(["fire", "hvac"], ["hvac", "it"]), visit_count=(2, 5))]),
        ("what changes nothing is not sent", [
            entry(1, "update", systems=(["fire"], ["fire"]), visit_count=(2, 2), name=("x", "x"), tag=("a", "b"))]),
        ("an order of code points", [
            entry(1, "update", systems=([], ["\U0001f6aa", "\ufb01", "z", "ä"]))]),
        ("an insert", [entry(1, "insert", base=4, ifc_class="IfcDoor", name=None, systems=["it"], visit_count=1)]),
        ("an insert with half a group", [entry(1, "insert", ifc_class="IfcDoor", heading_deg=90.0, geometry=None)]),
        ("an insert, and edits of it", [
            entry(1, "insert", base=4, ifc_class="IfcDoor"), entry(2, "update", base=9, name=(None, "D"))]),
        ("a delete", [entry(1, "delete", base=7, **DOOR)]),
        ("a delete over own edits takes the lowest base", [first, entry(2, "delete", base=9, **DOOR)]),
        ("a delete over settled edits takes its own", [{**first, "settled_after": 1},
                                                       entry(2, "delete", base=9, **DOOR)]),
        ("a row that went and came again", [
            entry(1, "delete", base=5, **DOOR), entry(2, "insert", base=9, ifc_class="IfcDoor"),
            entry(3, "update", base=11, name=(None, "new"))]),
    ]  # fmt: skip


# What must be pushed or shown, by name of the case.
_MUST: dict[str, Any] = {
    "sets and counters keep what others added": {"systems": ["it", "roof"], "visit_count": 41},
    "keys of a map keep what others set": {"properties": {"colour": "blue", "width": 7, "new": True}},
    "an edit lies on the same field's change": {"status": "faulty"},
    "typing over an own unsent value keeps the first base": [[5], [5]],
    "an edit after the receipt has its own base": [[5], [9]],
    "an edit made before the receipt keeps the first base": [[5], [5]],
    "two bases in one entry become two changes": [[5], [5, 9]],
    "keys of a map have bases of their own": [[5], [5, 9]],
    "the lower base goes first": [[10], [9, 10]],
    "a group keeps the base of its first edit": [[5], [5]],
    "a delete over own edits takes the lowest base": [[5], [5]],
}


def _deltas() -> list[tuple[str, Any, Any]]:
    """(column, old, new)"""
    return [
        ("systems", None, ["a"]),
        ("systems", ["a", "b"], ["b", "c", "a0"]),
        ("systems", ["a"], None),
        ("systems", ["a"], ["a"]),
        ("systems", [], ["\U0001f6aa", "\ufb01", "z", "ä"]),
        ("visit_count", None, 3),
        ("visit_count", 5, 2),
        ("visit_count", 5, None),
        ("visit_count", 0.5, 0.75),
        ("properties", None, {"a": 1}),
        ("properties", {"a": 1}, None),
        ("properties", {"a": 1, "b": [1, {"c": None}]}, {"b": [1, {"c": None}], "d": {}}),
        ("properties", {"a": {"x": 1, "y": 2}}, {"a": {"y": 2, "x": 1}}),
        ("properties", {"a": 1, "b": True}, {"a": True, "b": 1}),
        ("properties", {"a": [1, 2]}, {"a": [2, 1]}),
        ("properties", {"a": {"x": 1}, "b": [1]}, {"a": {"x": 1, "y": 2}, "b": [1, 2]}),
        ("properties", {"a": {"x": 1, "y": 2}, "b": {}}, {"a": {"x": 1}, "b": []}),
        ("properties", {}, {"__proto__": {"x": 1}, "constructor": 2, "1": 3}),
        ("properties", {"__proto__": 1, "toString": 2}, {"toString": 2}),
        ("properties", "not an object", {"a": 1}),
        ("systems", "not a list", ["a"]),
        ("name", "a", "b"),
        ("name", "a", None),
        ("status", "ok", "ok"),
    ]


def _done() -> list[tuple[str, Any, Any, Any]]:
    """(column, value, change, what it makes of the value): nothing stays nothing where a server sees no change."""
    return [
        ("systems", None, {"remove": ["a"]}, None),
        ("systems", [], {"remove": ["a"]}, []),
        ("systems", ["a"], {"remove": ["a"]}, []),
        ("visit_count", None, {"add": 0}, None),
        ("visit_count", 1, {"add": -1}, 0),
        ("properties", None, {"a": None}, None),
        ("properties", {}, {"a": None}, {}),
        ("properties", {"a": 1}, {"a": None}, {}),
    ]


def vectors() -> dict[str, Any]:
    rows = [
        {"name": name, "server": server, "entries": entries, "shown": shown, **row(server, entries, shown)}
        for name, server, entries, shown in _rows()
    ]
    histories = [{"name": name, "entries": entries, **pushed(entries)} for name, entries in _histories()]
    deltas = [{"column": c, "old": old, "new": new, **moved(c, old, new)} for c, old, new in _deltas()]
    done = [{"column": c, "value": value, "change": d, "now": now} for c, value, d, now in _done()]
    _check(rows, histories)
    return {
        "about": "Rows of element under a person's edits: arxos_sync/apply.py and pwa/core/apply.js. `now`: what "
        "is shown; `held`: what the server holds, seen from `shown`; `bases` by key/place; `changes`: what is "
        "pushed, by entry.",
        "rows": rows,
        "histories": histories,
        "deltas": deltas,
        "done": done,
    }


def row(server: Any, entries: list[dict[str, Any]], shown: Any) -> dict[str, Any]:
    open_ones = [_entry(one) for one in entries]
    now = apply.shown_row(_TABLE, _inner(server), open_ones, _inner(shown))
    return {"now": _wire(now), "held": _wire(apply.server_row(_inner(shown), open_ones))}


def pushed(entries: list[dict[str, Any]]) -> dict[str, Any]:
    ones = [_entry(one) for one in entries]
    bases = apply.bases(_TABLE, ones)
    return {
        "bases": {f"{key}/{place}": base for (key, place), base in bases.items()},
        "changes": [[_change(c) for c in apply.changes(_TABLE, one, bases[one.key, one.place])] for one in ones],
    }


def moved(name: str, old: Any, new: Any) -> dict[str, Any]:
    column = _TABLE.columns[name]
    change = apply.delta(column, old, new)
    return {"delta": change, "again": apply.with_delta(column, old, change)}


_TABLE = CATALOGUE.tables["element"]


def _inner(values: Any) -> Any:
    return None if values is None else from_row_out(CATALOGUE, "element", values)


def _wire(values: Any) -> Any:
    return None if values is None else to_wire(_TABLE, values, binary=False)


def _entry(one: dict[str, Any]) -> Entry:
    inner = {"old": _inner(one["old"]), "new": _inner(one["new"])}
    return msgspec.convert(one | {"table": "element", "id": ROW} | inner, Entry)


def _change(one: apply.Change) -> dict[str, Any]:
    found = {"table": one.table, "id": one.id, "op": one.op, "base": one.base}
    return found | {name: _wire(part) for name in ("set", "was") if (part := getattr(one, name)) is not None}


def _check(rows: list[dict[str, Any]], histories: list[dict[str, Any]]) -> None:
    """Are the answers those that a person must get?"""
    left = dict(_MUST)
    for one in rows:
        for column, value in left.pop(one["name"], {}).items():
            assert one["now"][column] == value, one
    for one in histories:
        wanted = left.pop(one["name"], None)
        assert wanted is None or [[c["base"] for c in some] for some in one["changes"]] == wanted, one
    assert not left, f"no such case: {', '.join(left)}"
