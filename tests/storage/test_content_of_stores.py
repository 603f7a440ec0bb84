"""The form of a row is the same from every store, whatever its database made of the values in between."""

from __future__ import annotations

import struct
from typing import Any

from arxos_sync import content, geometry
from arxos_sync.catalogue import Column, Table
from arxos_sync.store import Row
from tests.engine.world import SCOPE, uid
from tests.storage.rows import CATALOGUE, put, row

POLYGON = struct.pack("<BIIII", 1, 1003, 1, 1, 4) + struct.pack("<12d", 0, 0, 0, 4.1, 0, 0, 4, 3, 1e-9, 0, 0, 0)
VALUES: dict[str, list[Any]] = {
    "text": ["", "Tür \U0001f6aa", "a\nb"],
    "integer": [0, -(2**53 - 1)],
    "real": [0.1 + 0.2, -1e-310, 1e300, 3.0],
    "boolean": [True, False],
    "date": ["2026-02-28", "0001-01-01"],
    "instant": ["2026-01-31T08:30:00.007Z", "1999-12-31T23:59:59.999Z"],
    "uuid": [uid(7)],
    "map": [{"width": 0.1 + 0.2, "b": [None, True], "ﬁ": 1, "\U0001f6aa": {"z": 1.5, "a": "x"}}, {}],
    "set": [["fire", "\U0001f6aa"], []],
    "counter": [3, 2.5, -1e300],
    "json": [[1, {"b": None}], "text", 0.1, True],
    "bytes": [b"\x00\xff", b""],
}


def value(column: Column, turn: int) -> Any:
    if column.type == "geometry":
        made = {"Polygon": POLYGON, "Point": geometry.point(turn, 0.1 + 0.2, -1e-310)}
        fits = made.get(column.kinds[0]) if column.dimensions == 3 else None
        return fits
    if column.values:
        return column.values[turn % len(column.values)]
    return VALUES[column.type][turn % len(VALUES[column.type])]


def filled(table: Table, id: str, turn: int) -> Row:
    made = row(table.name, id)
    made.values |= {c.name: value(c, turn) for c in table.columns.values() if c.name in made.values}
    return made


def test_every_kind_of_value_has_the_same_form_in_every_store(any_store: Any):
    rows = [
        filled(table, uid(0xF000 + n * 16 + turn), turn)
        for n, table in enumerate(CATALOGUE.synced("building").values())
        for turn in range(4)
    ]
    given = {r.key: content.row_form(CATALOGUE.tables[r.table], r.id, r.values) for r in rows}
    types = {c.type for t in CATALOGUE.synced("building").values() for c in t.columns.values()}
    assert types >= set(VALUES) - {"boolean"}
    put(any_store, *rows)
    with any_store.read(SCOPE) as reader:
        for table in CATALOGUE.synced("building").values():
            for held in reader.live_rows(table.name):
                assert content.row_form(table, held.id, held.values) == given[held.key], held.key
