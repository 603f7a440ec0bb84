"""IFC models read as rows: models that others made, one made here, and files that are none."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
import shapely

import schemas
from arxos_sync import change, messages
from arxos_sync.geometry import check_wkb, to_geojson
from client_kit.formats import FormatError
from client_kit.formats.ifc import IfcBuilding, read_ifc, read_ifc_limited
from client_kit.formats.limited import read_limited
from client_kit.formats.map_projection import from_utm

MODELS = {
    "Duplex_A_20110907_georeferenced.ifc": {"storey": 4, "space": 21, "wall": 57, "door": 14, "window": 24},
    "AC20-FZK-Haus.ifc": {"storey": 2, "space": 7, "wall": 13, "door": 5, "window": 11},
    "IfcOpenHouse.ifc": {"storey": 1, "space": 0, "wall": 4, "door": 1, "window": 3},
    "LargeBuilding.ifc": {"storey": 2, "space": 8, "wall": 18, "door": 18, "window": 42},
}
_READ: dict[Path, IfcBuilding] = {}


def once(path: Path) -> IfcBuilding:
    if path not in _READ:
        _READ[path] = read_ifc(path)
    return _READ[path]


def counts(model: IfcBuilding) -> dict[str, int]:
    tables = Counter(row.table for row in model.rows)
    classes = Counter(row.set["ifc_class"] for row in model.rows if row.table == "element")
    found = {"storey": tables["storey"], "space": tables["space"]}
    for word in ("wall", "door", "window"):
        found[word] = sum(n for name, n in classes.items() if name.lower().startswith(f"ifc{word}"))
    return found


def sets(model: IfcBuilding, table: str) -> list[dict[str, Any]]:
    return [row.set for row in model.rows if row.table == table]


def check_rows(model: IfcBuilding) -> None:
    """References come first, and with ids for GlobalIds the catalogue takes every row."""
    catalogue, ids = schemas.catalogue(), {}
    for number, row in enumerate(model.rows):
        assert row.key == row.set["ifc_guid"] and row.key not in ids
        ids[row.key] = f"0192f3a0-0000-7000-8000-{number:012x}"
        given = {k: ids[v] if k in ("storey_id", "space_id") and v else v for k, v in row.set.items()}
        inserted = messages.Change(row.table, ids[row.key], "insert", 0, given)
        change.read_change(catalogue, "building", inserted, 0, head=0)


# ---------------------------------------------------------------- models that others made


@pytest.mark.parametrize("name", MODELS)
def test_a_model_has_the_counts_that_another_reader_found(shared_data: Path, name: str) -> None:
    model = once(shared_data / "ifc" / name)
    assert counts(model) == MODELS[name]
    check_rows(model)


def test_reading_twice_and_reading_in_a_bounded_process_give_the_same(shared_data: Path) -> None:
    for name in ("Duplex_A_20110907_georeferenced.ifc", "AC20-FZK-Haus.ifc"):
        path = shared_data / "ifc" / name
        first = msgspec.msgpack.encode(once(path))
        assert msgspec.msgpack.encode(read_ifc(path)) == first
        assert msgspec.msgpack.encode(read_ifc_limited(path)) == first


@pytest.mark.parametrize(
    ("model", "plan"),
    [
        ("Duplex_A_20110907_georeferenced.ifc", "duplex_georef_Level_1.gt.json"),
        ("Duplex_A_20110907_georeferenced.ifc", "duplex_georef_Level_2.gt.json"),
        ("AC20-FZK-Haus.ifc", "AC20-FZK-Haus_Erdgeschoss.gt.json"),
    ],
)
def test_room_outlines_have_the_areas_of_the_plans_drawn_from_the_model(
    shared_data: Path, model: str, plan: str
) -> None:
    rooms = json.loads((shared_data / "plans_vector" / plan).read_text("utf-8"))["rooms"]
    spaces = {space["number"]: space for space in sets(once(shared_data / "ifc" / model), "space")}
    assert len(rooms) >= 6
    for room in rooms:
        outline = shapely.from_wkb(spaces[room["number"]]["outline"])
        assert outline.is_valid
        assert outline.area == pytest.approx(room["area"], abs=0.02), room["number"]


def test_a_model_in_millimetres_is_read_in_metres_and_agrees_with_its_own_quantities(
    shared_data: Path,
) -> None:
    model = once(shared_data / "ifc" / "LargeBuilding.ifc")
    for space in sets(model, "space"):
        assert shapely.from_wkb(space["outline"]).area == pytest.approx(space["area_m2"], rel=0.01)
        assert space["height_m"] == pytest.approx(space["properties"]["BaseQuantities.Height"]) == 4.0
    assert [s["elevation_m"] for s in sets(model, "storey")] == [0.0, 4.0]


def test_the_georeference_of_an_ifc2x3_model_comes_from_its_property_sets(shared_data: Path) -> None:
    building = once(shared_data / "ifc" / "Duplex_A_20110907_georeferenced.ifc").rows[0].set
    assert (building["eastings"], building["northings"], building["epsg"]) == (76670.0, 77179.0, 9897)
    assert math.hypot(building["x_axis_abscissa"], building["x_axis_ordinate"]) == pytest.approx(1)


def test_a_site_with_latitude_and_longitude_puts_the_footprint_there(shared_data: Path) -> None:
    building = once(shared_data / "ifc" / "AC20-FZK-Haus.ifc").rows[0].set
    west, south, east, north = check_wkb(building["footprint"]).bounds
    assert west == pytest.approx(8.4366, abs=3e-4) and south == pytest.approx(49.1004, abs=3e-4)
    assert 5 < (north - south) * 111_000 < 25 and 5 < (east - west) * 73_000 < 25


def test_elements_have_the_geometry_of_their_kind_and_stand_in_a_storey(shared_data: Path) -> None:
    for name in MODELS:
        for element in sets(once(shared_data / "ifc" / name), "element"):
            kind = check_wkb(element["geometry"], dimensions=3).kind
            assert element["storey_id"] is not None and 0 <= element["heading_deg"] < 360
            if element["ifc_class"].startswith("IfcWall"):
                assert kind == "LineString"
            if element["ifc_class"] in ("IfcDoor", "IfcWindow", "IfcFurnishingElement"):
                assert kind == "Point"
            if element["ifc_class"] == "IfcSlab":
                assert kind == "Polygon"


# ---------------------------------------------------------------- a model made here


@pytest.fixture(scope="module")
def own_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """IFC4 in millimetres: a room of 6 by 4 m, a wall, a pump, a system, a UTM grid turned by 90°."""
    import ifcopenshell
    import ifcopenshell.api
    import numpy

    run = ifcopenshell.api.run
    model = run("project.create_file", version="IFC4")
    project = run("root.create_entity", model, ifc_class="IfcProject", name="Trial")
    run("unit.assign_unit", model, length={"is_metric": True, "raw": "MILLIMETERS"})
    context = run("context.add_context", model, context_type="Model")
    body = run(
        "context.add_context", model, context_type="Model", context_identifier="Body",
        target_view="MODEL_VIEW", parent=context,
    )  # fmt: skip
    made = {c: run("root.create_entity", model, ifc_class=f"Ifc{c}", name=c) for c in
            ("Site", "Building", "BuildingStorey", "Space", "Wall", "Pump")}  # fmt: skip
    made["BuildingStorey"].Elevation = 3000.0
    made["Space"].Name, made["Space"].LongName = "1.01", "Plant room"
    made["Pump"].Tag = "PU-1"
    for parent, child in ((project, "Site"), (made["Site"], "Building"), (made["Building"], "BuildingStorey"),
                          (made["BuildingStorey"], "Space")):  # fmt: skip
        run("aggregate.assign_object", model, products=[made[child]], relating_object=parent)
    run("spatial.assign_container", model, products=[made["Wall"]], relating_structure=made["BuildingStorey"])
    run("spatial.assign_container", model, products=[made["Pump"]], relating_structure=made["Space"])
    turned = numpy.array([[0, -1, 0, 2.0], [1, 0, 0, 1.0], [0, 0, 1, 3.5], [0, 0, 0, 1]], dtype=float)
    run("geometry.edit_object_placement", model, product=made["Pump"], matrix=turned)
    raised = numpy.eye(4)
    raised[2, 3] = 3.0
    for product in (made["Space"], made["Wall"]):
        run("geometry.edit_object_placement", model, product=product, matrix=raised)
    _extrude(model, body, made["Space"], 6000.0, 4000.0, 2500.0)
    _extrude(model, body, made["Wall"], 6000.0, 200.0, 2500.0)
    pset = run("pset.add_pset", model, product=made["Pump"], name="Pset_ManufacturerTypeInformation")
    run("pset.edit_pset", model, pset=pset, properties={"Manufacturer": "Strömung", "ModelLabel": "SC 32"})
    length = model.createIfcPropertySingleValue("Reach", None, model.createIfcLengthMeasure(1500.0), None)
    pset = run("pset.add_pset", model, product=made["Pump"], name="Trial")
    pset.HasProperties = [length]
    system = run("root.create_entity", model, ifc_class="IfcDistributionSystem", name="Heating circuit 1")
    run("system.assign_system", model, products=[made["Pump"]], system=system)
    crs = model.createIfcProjectedCRS("EPSG:25832")
    model.createIfcMapConversion(context, crs, 566234.0, 5932942.0, 7.5, 0.0, 1.0, 0.001)
    path = tmp_path_factory.mktemp("ifc") / "trial.ifc"
    model.write(str(path))
    return path


def _extrude(model: Any, body: Any, product: Any, x: float, y: float, height: float) -> None:
    corners = [model.createIfcCartesianPoint(p) for p in ((0.0, 0.0), (x, 0.0), (x, y), (0.0, y), (0.0, 0.0))]
    profile = model.createIfcArbitraryClosedProfileDef("AREA", None, model.createIfcPolyline(corners))
    up = model.createIfcDirection((0.0, 0.0, 1.0))
    solid = model.createIfcExtrudedAreaSolid(profile, None, up, height)
    shape = model.createIfcShapeRepresentation(body, "Body", "SweptSolid", [solid])
    product.Representation = model.createIfcProductDefinitionShape(None, None, [shape])


def test_a_model_made_here_is_read_back_in_metres(own_model: Path) -> None:
    model = read_ifc_limited(own_model)
    check_rows(model)
    (storey,), (space,) = sets(model, "storey"), sets(model, "space")
    assert (storey["elevation_m"], storey["level"], storey["name"]) == (3.0, 0, "BuildingStorey")
    assert (space["number"], space["name"]) == ("1.01", "Plant room")
    assert (space["area_m2"], space["height_m"]) == (24.0, 2.5)
    assert check_wkb(space["outline"]).bounds == (0.0, 0.0, 6.0, 4.0)
    elements = {e["ifc_class"]: e for e in sets(model, "element")}
    wall = to_geojson(elements["IfcWall"]["geometry"])
    assert wall == {"type": "LineString", "coordinates": [[0.0, 0.1, 3.0], [6.0, 0.1, 3.0]]}
    pump = elements["IfcPump"]
    assert to_geojson(pump["geometry"])["coordinates"] == [2.0, 1.0, 3.5] and pump["heading_deg"] == 90.0
    assert (pump["manufacturer"], pump["model"], pump["tag"]) == ("Strömung", "SC 32", "PU-1")
    assert pump["properties"]["Trial.Reach"] == 1.5 and pump["systems"] == ["hvac"]
    assert pump["space_id"] == space["ifc_guid"] and pump["storey_id"] == storey["ifc_guid"]
    (system,) = sets(model, "system")
    assert (system["kind"], system["name"]) == ("hvac", "Heating circuit 1")


def test_a_map_conversion_in_utm_puts_the_footprint_on_the_map(own_model: Path) -> None:
    building = read_ifc(own_model).rows[0].set
    assert (building["eastings"], building["scale"], building["epsg"]) == (566234.0, 1.0, 25832)
    ring = to_geojson(building["footprint"])["coordinates"][0][0]
    wanted = [from_utm(25832, 566234.0 - y, 5932942.0 + x) for x, y in ((0, 0), (6, 0), (6, 4), (0, 4))]
    for longitude, latitude in wanted:
        assert min(math.dist((longitude, latitude), corner) for corner in ring) < 2e-9


@pytest.mark.parametrize("epsg", [25832, 32631, 32733])
def test_utm_metres_become_the_degrees_that_proj_finds(epsg: int) -> None:
    from tests.engine.make_geometry_vectors import spatialite

    connection = spatialite()
    connection.execute("select InitSpatialMetadata(1, 'NONE')")
    for srid in (4326, epsg):
        connection.execute("select InsertEpsgSrid(?)", (srid,))
    for easting, northing in ((566234.0, 5932942.0), (310000.0, 5300000.0), (700000.0, 1000000.0)):
        theirs = connection.execute(
            "select X(g), Y(g) from (select Transform(MakePoint(?, ?, ?), 4326) g)", (easting, northing, epsg)
        ).fetchone()
        assert from_utm(epsg, easting, northing) == pytest.approx(theirs, abs=1e-8)


# ---------------------------------------------------------------- files that are none


@pytest.mark.parametrize("read", [read_ifc, read_ifc_limited])
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"%PDF-1.7 and so on", "not_ifc"),
        (b"PK\x03\x04 a zip archive", "not_ifc"),
        (b"ISO-10303-21;\nHEADER;\nFILE_DESC", "damaged"),
        (b"ISO-10303-21;\nsome words\nEND-ISO-10303-21;\n", "damaged"),
    ],
)
def test_a_file_that_is_no_model_is_refused_with_its_code(
    tmp_path: Path, read: Any, content: bytes, code: str
) -> None:
    path = tmp_path / "wrong.ifc"
    path.write_bytes(content)
    with pytest.raises(FormatError) as raised:
        read(path)
    assert raised.value.code == code and raised.value.hint


def test_a_model_cut_in_half_is_damaged(own_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "half.ifc"
    path.write_bytes(own_model.read_bytes()[: own_model.stat().st_size // 2])
    with pytest.raises(FormatError, match="breaks off") as raised:
        read_ifc_limited(path)
    assert raised.value.code == "damaged"


def test_a_model_without_a_building_is_refused(tmp_path: Path) -> None:
    import ifcopenshell.api

    model = ifcopenshell.api.run("project.create_file", version="IFC4")
    ifcopenshell.api.run("root.create_entity", model, ifc_class="IfcProject", name="Empty")
    path = tmp_path / "empty.ifc"
    model.write(str(path))
    with pytest.raises(FormatError) as raised:
        read_ifc_limited(path)
    assert raised.value.code == "no_building"


def test_a_missing_file_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(FormatError) as raised:
        read_ifc_limited(tmp_path / "nowhere.ifc")
    assert raised.value.code == "unreadable"


# ---------------------------------------------------------------- the bounded process


def crash(path: Path) -> None:
    import os

    os.abort()


def swell(path: Path) -> int:
    return len(bytearray(2 * 1024**3))


def spin(path: Path) -> None:
    while True:
        pass


@pytest.mark.parametrize(
    ("reader", "code"), [("crash", "reader_crashed"), ("swell", "too_large"), ("spin", "too_slow")]
)
def test_a_reader_that_dies_is_an_error_and_not_our_death(tmp_path: Path, reader: str, code: str) -> None:
    with pytest.raises(FormatError) as raised:
        read_limited(f"{__name__}:{reader}", tmp_path, int, memory_bytes=1024**3, cpu_s=3)
    assert raised.value.code == code and raised.value.hint
