"""Harbour House is sound: its numbers, its plan geometry, its references and its drawings."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import pytest
import shapely

import schemas
from arxos_sync import change, messages
from arxos_sync.geometry import check_wkb, to_geojson
from client_kit.formats import Row
from client_kit.formats.demo_building import demo_building, plan_files
from client_kit.formats.demo_plan import AFFINE

CATALOGUE = schemas.catalogue()


def counted_ids() -> Callable[[], str]:
    numbers = itertools.count(1)
    return lambda: f"0192f3a0-0000-7000-8000-{next(numbers):012x}"


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return list(demo_building(1, 12, counted_ids()))


def of(rows: list[Row], table: str) -> list[Row]:
    return [row for row in rows if row.table == table]


def test_it_has_twelve_storeys_and_over_three_thousand_elements(rows: list[Row]) -> None:
    count = Counter(row.table for row in rows)
    assert count["building"] == 1 and count["storey"] == count["floor_plan"] == count["attachment"] == 12
    assert count["element"] >= 3_000 and count["space"] >= 250 and count["system"] == 10
    kinds = Counter(row.set["kind"] for row in of(rows, "task"))
    assert kinds == dict.fromkeys(("dimension", "visual", "count", "scale", "north", "existence"), 40)


def test_the_same_seed_and_ids_give_the_same_rows_and_another_seed_others(rows: list[Row]) -> None:
    assert list(demo_building(1, 12, counted_ids())) == rows
    assert list(demo_building(2, 12, counted_ids())) != rows


def test_every_row_is_taken_by_the_catalogue(rows: list[Row]) -> None:
    for row in rows:
        values = change.to_wire(CATALOGUE.tables[row.table], row.set, binary=True)
        inserted = messages.Change(row.table, row.key, "insert", 0, values)
        change.read_change(CATALOGUE, "building", inserted, 0, head=0)


def test_every_reference_resolves_to_a_row_that_came_before(rows: list[Row]) -> None:
    seen: dict[str, str] = {}
    for row in rows:
        assert row.key not in seen
        for name, column in CATALOGUE.tables[row.table].columns.items():
            value = row.set.get(name)
            if value is None or column.references is None:
                continue
            table = row.set["target_table"] if column.references == "*" else column.references
            assert seen.get(value) == table, (row.table, name, value)
        seen[row.key] = row.table


def test_the_rooms_of_a_storey_are_valid_and_do_not_overlap(rows: list[Row]) -> None:
    by_storey: dict[str, list[Any]] = defaultdict(list)
    for row in of(rows, "space"):
        shape = shapely.from_wkb(row.set["outline"])
        assert shape.is_valid and shape.area == pytest.approx(row.set["area_m2"], abs=1e-3)
        by_storey[row.set["storey_id"]].append(shape)
    outlines = {row.key: shapely.from_wkb(row.set["outline"]) for row in of(rows, "storey")}
    for storey, shapes in by_storey.items():
        assert not any(a.intersects(b) for a, b in itertools.combinations(shapes, 2))
        assert all(outlines[storey].covers(shape) for shape in shapes)
        assert sum(s.area for s in shapes) > 0.93 * outlines[storey].area


def test_every_element_stands_in_its_storey_and_in_its_room(rows: list[Row]) -> None:
    storeys = {row.key: row.set for row in of(rows, "storey")}
    outlines = {row.key: shapely.from_wkb(row.set["outline"]) for row in rows if "outline" in row.set}
    for row in of(rows, "element"):
        shape, storey = shapely.from_wkb(row.set["geometry"]), storeys[row.set["storey_id"]]
        assert outlines[row.set["storey_id"]].covers(shape), row.set["tag"]
        z = shapely.get_coordinates(shape, include_z=True)[:, 2]
        assert (z >= storey["elevation_m"]).all() and (z < storey["elevation_m"] + storey["height_m"]).all()
        if row.set["space_id"] is not None:
            reach = 0.2 if row.set["ifc_class"] == "IfcDoor" else 0.0
            assert outlines[row.set["space_id"]].buffer(reach).covers(shape), row.set["tag"]


def test_tags_and_serial_numbers_name_one_thing_each(rows: list[Row]) -> None:
    for column in ("tag", "serial_number", "barcode"):
        values = [row.set[column] for row in of(rows, "element") if row.set[column] is not None]
        assert len(values) == len(set(values)), column


def test_it_stands_in_hamburg_and_is_as_large_as_its_plan(rows: list[Row]) -> None:
    from tests.engine.make_geometry_vectors import spatialite

    building = rows[0].set
    west, south, east, north = check_wkb(building["footprint"]).bounds
    assert 9.99 < west < east < 10.01 and 53.53 < south < north < 53.55
    connection = spatialite()
    connection.execute("select InitSpatialMetadata(1, 'NONE')")
    for srid in (4326, 25832):
        connection.execute("select InsertEpsgSrid(?)", (srid,))
    (area,) = connection.execute(
        "select ST_Area(Transform(GeomFromWKB(?, 4326), 25832))", (building["footprint"],)
    ).fetchone()
    assert area == pytest.approx(45 * 24, rel=1e-4)


def test_each_plan_is_a_pdf_whose_affine_puts_its_lines_where_the_walls_are(rows: list[Row]) -> None:
    import pymupdf

    files = plan_files(rows)
    attachments = {row.key: row.set for row in of(rows, "attachment")}
    assert {a["sha256"] for a in attachments.values()} == set(files)
    for plan in of(rows, "floor_plan"):
        attachment = attachments[plan.set["attachment_id"]]
        content = files[attachment["sha256"]]
        assert hashlib.sha256(content).hexdigest() == attachment["sha256"]
        assert attachment["byte_size"] == len(content)
    plan = of(rows, "floor_plan")[4]
    document = pymupdf.open(stream=files[attachments[plan.set["attachment_id"]]["sha256"]])
    drawn = {
        frozenset((on_site(a), on_site(b)))
        for path in document[0].get_drawings()
        for kind, a, b in (item for item in path["items"] if item[0] == "l")
    }
    walls = [r for r in of(rows, "element") if r.set["ifc_class"] == "IfcWall"]
    here = [r for r in walls if r.set["storey_id"] == plan.set["storey_id"]]
    assert len(here) > 20
    for wall in here:
        ends = to_geojson(wall.set["geometry"])["coordinates"]
        assert frozenset((round(x, 2), round(y, 2)) for x, y, _ in ends) in drawn


def on_site(place: Any) -> tuple[float, float]:
    x = AFFINE["affine_a"] * place.x + AFFINE["affine_b"] * place.y + AFFINE["affine_c"]
    y = AFFINE["affine_d"] * place.x + AFFINE["affine_e"] * place.y + AFFINE["affine_f"]
    return round(x, 2) + 0.0, round(y, 2) + 0.0
