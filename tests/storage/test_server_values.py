"""Every value of the catalogue's types comes back from a server store as it went in, bit for bit."""

from __future__ import annotations

import math
import struct
from typing import Any

from arxos_sync import geometry
from arxos_sync.store import FieldMark, Grave, Row, ServerStore
from tests.engine.world import SCOPE, uid
from tests.storage.rows import AT, CATALOGUE, DEVICE, PERSON, USER_SCOPE, put, row

ELEMENT, TASK = uid(0xE1), uid(0x7A)
UGLY = 0.1 + 0.2
TEXTS = [
    "",
    " ",
    'O\'Hara "quoted"',
    "Füße 東京 🏢 e\u0301",
    "tab\tnew\nline\\back",
    "%_:name '; drop table x --",
]
REALS = [UGLY, 5e-324, 0.0, 1.7976931348623157e308, -1e-7, 3.0, math.pi]
NESTED = {
    "a": [1, 2.5, UGLY, {"deep": [None, True, False, "é\u2028"]}],
    "none": None,
    "big": 2**53 - 1,
    "tiny": 5e-324,
}
POINT, LINE = geometry.point(UGLY, -0.0, 1e-300), geometry.linestring([(0, 0, 0), (UGLY, 1, 2)])
RING = [(0.0, 0.0), (UGLY, 0.0), (1.0, 1.0), (0.0, 0.0)]
POLYGON_Z = geometry.polygon([[(x, y, 3.5) for x, y in RING]])
HOLED = geometry.polygon([[(0, 0), (9, 0), (9, 9), (0, 0)], [(2, 1), (3, 1), (3, 2), (2, 1)]])
MULTI = geometry.multipolygon([[RING], [[(x + 5, y) for x, y in RING]]])


def bits(value: Any) -> Any:
    """Equal only where type and every bit are: -0.0 is not 0.0, and 1 is not 1.0."""
    match value:
        case float():
            return ("real", struct.pack("<d", value))
        case dict():
            return {k: bits(v) for k, v in value.items()}
        case list():
            return [bits(v) for v in value]
    return (type(value).__name__, value)


def kept(store: ServerStore, written: Row, scope: str = SCOPE) -> Row:
    put(store, written, scope=scope)
    with store.write(scope) as writer:
        (found,) = writer.rows({written.table: [written.id]})
    with store.read(scope) as reader:
        assert list(reader.live_rows()) == [found], "the other ways of reading give the same row"
        assert reader.changed(0, None, 0, 10) == [found]
    return found


def same(store: ServerStore, of: str, scope: str = SCOPE, **values: Any) -> None:
    written = row(of, uid(0xE1), **values)
    found = kept(store, written, scope)
    assert bits(found.values) == bits(written.values)
    assert found == written


def test_text_comes_back_as_it_went_in(store: ServerStore):
    for text in TEXTS:
        same(store, "element", ifc_class="IfcDoor", name=text, tag=text)


def test_a_real_comes_back_bit_for_bit(store: ServerStore):
    for number in REALS:
        same(store, "element", ifc_class="IfcDoor", heading_deg=number)


def test_a_negative_zero_comes_back_as_a_zero(store: ServerStore):
    """Its sign is the one bit that is not promised: SQLite's REAL columns drop it."""
    assert kept(store, row("element", ELEMENT, heading_deg=-0.0)).values["heading_deg"] == 0.0


def test_an_integer_comes_back_exactly(store: ServerStore):
    for number in (0, -1, 2**53 - 1, -(2**53) + 1):
        same(store, "floor_plan", storey_id=uid(0x51), page=number)


def test_a_counter_stays_an_int_or_a_float(store: ServerStore):
    for count in (0, 7, -3, 2**53 - 1, 2.5, UGLY):
        same(store, "element", ifc_class="IfcDoor", visit_count=count)


def test_an_instant_keeps_its_milliseconds(store: ServerStore):
    for instant in (AT, "2026-02-28T23:59:59.999Z", "2026-06-30T12:00:00.050Z", "1999-12-31T23:00:00.500Z"):
        same(store, "attachment", sha256="a" * 64, taken_at=instant, created_at=instant, updated_by=PERSON)


def test_a_date_comes_back_as_it_went_in(store: ServerStore):
    for date in ("2026-01-31", "2024-02-29", "0999-12-31"):
        same(store, "element", ifc_class="IfcDoor", installed_on=date)


def test_bytes_come_back_as_they_went_in(store: ServerStore):
    for content in (b"", b"\x00\x01\xff\x80", bytes(range(256)) * 40):
        same(store, "attachment", sha256="a" * 64, thumbnail=content)


def test_json_comes_back_with_its_floats_and_its_depth(store: ServerStore):
    for value in (NESTED, [], {}, "text", 1, 1.0, UGLY, 1e300, -0.0, True, False, [[[]]], "null"):
        same(store, "conflict", row_id=ELEMENT, state="open", base=value, kept={"name": value})


def test_maps_and_sets_come_back_as_they_went_in(store: ServerStore):
    properties = NESTED | {"Pset.é": -0.0}
    same(store, "element", ifc_class="IfcDoor", properties=properties, systems=["fire", "hvac", "é"])


def test_a_geometry_with_heights_comes_back_bit_for_bit(store: ServerStore):
    for wkb in (POINT, LINE, POLYGON_Z):
        same(store, "element", ifc_class="IfcDoor", geometry=wkb)


def test_geometries_of_the_plane_come_back_bit_for_bit(store: ServerStore):
    same(store, "building", name="House", footprint=MULTI)
    same(store, "space", scope=uid(0xB2), storey_id=uid(0x51), number="1", outline=HOLED)
    same(store, "measurement", scope=uid(0xB3), kind="length", value=UGLY, path=LINE)
    same(store, "task", scope=uid(0xB4), kind="visual", location=POINT)


def test_a_row_of_nothing_but_unset_values_comes_back_unset(store: ServerStore):
    for number, table in enumerate(CATALOGUE.synced("building"), 0x100):
        written = row(table, uid(0xE1))
        assert kept(store, written, uid(number)) == written


def test_a_persons_own_scope_keeps_its_tables(store: ServerStore):
    same(store, "preference", scope=USER_SCOPE, unit_system="metric", language="de")
    with store.read(USER_SCOPE) as reader:
        assert [r.table for r in reader.live_rows()] == ["preference"]


def test_what_merging_knows_of_a_row_comes_back_with_it(store: ServerStore):
    written = row("element", ELEMENT, sequence=9, ifc_class="IfcDoor")
    mark = FieldMark(8, DEVICE, "stamp", PERSON, other=7, agreed=(uid(1), "their stamp", None))
    written.merge.fields = {"name": mark, "properties.Pset.é": mark}
    written.merge.items = {"systems:hvac": mark}
    written.merge.sums = {"visit_count": {DEVICE: 2.5, uid(1): -3}}
    assert bits(kept(store, written).merge.sums["visit_count"][DEVICE]) == bits(2.5)
    written.merge.grave = Grave(DEVICE, "stamp", None, "storey", uid(0x51))
    written.deleted = 9
    put(store, written)
    with store.write(SCOPE) as writer:
        assert writer.rows({"element": [ELEMENT]}) == [written]
