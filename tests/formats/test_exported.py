"""Files of a building that are written here, read by others: GDAL, shapely, the standard library's csv and json."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
import shapely.geometry
import shapely.wkt

import schemas
from client_kit.formats import geojson, geopackage, tables_csv
from client_kit.formats.exported import About
from tests.services import tool

CATALOGUE = schemas.catalogue()
BUILDING, STOREY, PUMP = (f"0190a000-0000-7000-8000-00000000000{n}" for n in (1, 2, 3))
ABOUT = About(BUILDING, "Alte Mühle", 7, "footprint")
RING = [[9.0, 48.0], [9.0, 48.1], [9.1, 48.1], [9.1, 48.0], [9.0, 48.0]]  # clockwise


def row(table: str, id: str, **values: Any) -> dict[str, Any]:
    return dict.fromkeys(CATALOGUE.tables[table].columns) | {"id": id, "sequence": 7} | values


def rows() -> Any:
    outline = {"type": "Polygon", "coordinates": [RING]}
    yield CATALOGUE.tables["storey"], [row("storey", STOREY, name="EG", elevation_m=-1.5, outline=outline)]
    yield (
        CATALOGUE.tables["element"],
        [
            row(
                "element", PUMP, storey_id=STOREY, ifc_class="IfcPump", name='=HYPERLINK("x")', tag="Ü-1, \"a\"\nb",
                systems=["hvac", "it"], properties={"Width": 1.5}, visit_count=3, installed_on="2026-01-31",
                created_at="2026-01-31T08:30:00.000Z", geometry={"type": "Point", "coordinates": [9.05, 48.05, 1.25]},
            ),
            row("element", BUILDING, ifc_class="IfcFan", name="-dash", manufacturer="+49 731", model="@home"),
        ],
    )  # fmt: skip
    yield CATALOGUE.tables["system"], [row("system", STOREY, kind="hvac", name="Air")]


def gdal(*words: object) -> str:
    done = subprocess.run([tool(str(words[0])), *map(str, words[1:])], text=True, capture_output=True)
    assert done.returncode == 0 and "ERROR" not in done.stderr + done.stdout, done.stderr + done.stdout
    assert "Warning" not in done.stderr, done.stderr
    return done.stdout


# ---------------------------------------------------------------- GeoJSON


def test_geojson_is_one_collection_with_what_it_is_of_and_rings_as_the_standard_turns_them(tmp_path: Path) -> None:
    geojson.write(tmp_path / "x.geojson", ABOUT, rows())
    told = json.loads((tmp_path / "x.geojson").read_text("utf-8"))
    assert told["type"] == "FeatureCollection" and told["arxos"] == {
        "building": BUILDING, "name": "Alte Mühle", "sequence": 7, "coordinates": "wgs84", "placed": "footprint",
        "storeys": None,
    }  # fmt: skip
    storey, pump, fan, system = told["features"]
    assert shapely.geometry.shape(storey["geometry"]).exterior.is_ccw
    assert pump["geometry"]["coordinates"] == [9.05, 48.05, 1.25] and pump["id"] == PUMP
    assert pump["properties"]["table"] == "element" and pump["properties"]["systems"] == ["hvac", "it"]
    assert fan["geometry"] is None and system["geometry"] is None
    assert "id" not in pump["properties"] and "geometry" not in pump["properties"]


def test_geojson_says_when_its_coordinates_are_metres(tmp_path: Path) -> None:
    geojson.write(tmp_path / "x.geojson", About(BUILDING, "House", 7, None, [STOREY]), rows())
    said = json.loads((tmp_path / "x.geojson").read_text("utf-8"))["arxos"]
    assert (said["coordinates"], said["placed"], said["storeys"]) == ("building", None, [STOREY])


def test_inner_rings_turn_the_other_way() -> None:
    hole = [[9.02, 48.02], [9.03, 48.02], [9.03, 48.03], [9.02, 48.03], [9.02, 48.02]]  # counter-clockwise
    told = geojson.wound({"type": "MultiPolygon", "coordinates": [[RING, hole]]})
    (polygon,) = shapely.geometry.shape(told).geoms
    assert polygon.exterior.is_ccw and not polygon.interiors[0].is_ccw


def test_geojson_is_read_by_gdal(tmp_path: Path) -> None:
    geojson.write(tmp_path / "x.geojson", ABOUT, rows())
    told = gdal("ogrinfo", "-ro", "-al", tmp_path / "x.geojson")
    assert "Feature Count: 4" in told and "POINT Z (9.05 48.05 1.25)" in told


# ---------------------------------------------------------------- GeoPackage


@pytest.mark.parametrize(("placed", "system"), [("georeference", 'ID["EPSG",4326]'), (None, "Undefined Cartesian")])
def test_a_geopackage_is_read_by_gdal(tmp_path: Path, placed: Any, system: str) -> None:
    geopackage.write(tmp_path / "x.gpkg", About(BUILDING, "House", 7, placed), rows())
    layers = gdal("ogrinfo", "-ro", tmp_path / "x.gpkg")
    assert all(name in layers for name in ("storey", "element", "system"))
    told = gdal("ogrinfo", "-ro", tmp_path / "x.gpkg", "element")
    assert "Feature Count: 2" in told and "POINT Z (9.05 48.05 1.25)" in told and system in told
    assert "installed_on (Date) = 2026/01/31" in told and "created_at (DateTime) = 2026/01/31 08:30:00+00" in told
    assert 'systems (String) = ["hvac","it"]' in told and "visit_count (Real) = 3" in told
    assert "Extent: (9.050000, 48.050000)" in told
    assert "POLYGON ((9 48" in gdal("ogrinfo", "-ro", tmp_path / "x.gpkg", "storey")
    assert "Geometry: None" in gdal("ogrinfo", "-ro", "-so", tmp_path / "x.gpkg", "system")


def test_a_geopackage_has_what_the_standard_requires(tmp_path: Path) -> None:
    file = tmp_path / "x.gpkg"
    geopackage.write(file, ABOUT, rows())
    header = file.read_bytes()[:100]
    assert header[:16] == b"SQLite format 3\0" and header[68:72] == b"GPKG"  # requirements 1 and 2
    assert int.from_bytes(header[60:64], "big") == 10300
    base = sqlite3.connect(file)
    assert base.execute("pragma integrity_check").fetchone() == ("ok",)  # 6
    assert base.execute("pragma foreign_key_check").fetchall() == []  # 7
    systems = {row[0] for row in base.execute("select srs_id from gpkg_spatial_ref_sys")}
    assert systems >= {4326, -1, 0}  # 11
    layers = base.execute("select table_name, data_type, srs_id from gpkg_contents order by 1").fetchall()
    assert layers == [("element", "features", 4326), ("storey", "features", 4326), ("system", "attributes", None)]
    blob = base.execute("select geom from element where geom is not null").fetchone()[0]
    assert blob[:8] == b"GP\0\x01" + (4326).to_bytes(4, "little")  # 19
    said = json.loads(base.execute("select metadata from gpkg_metadata").fetchone()[0])
    assert (said["building"], said["sequence"]) == (BUILDING, 7)


# ---------------------------------------------------------------- CSV


def opened(file: Path) -> dict[str, list[dict[str, str]]]:
    with zipfile.ZipFile(file) as packed:
        assert packed.testzip() is None
        names = [name for name in packed.namelist() if name.endswith(".csv")]
        raw = {name.removesuffix(".csv"): packed.read(name) for name in names}
    assert all(one.startswith(b"\xef\xbb\xbf") for one in raw.values()), "what spreadsheets know UTF-8 by"
    return {n: list(csv.DictReader(io.StringIO(one.decode("utf-8-sig"), newline=""))) for n, one in raw.items()}


def test_csv_is_a_file_a_table_and_says_what_the_rows_say(tmp_path: Path) -> None:
    tables_csv.write(tmp_path / "x.zip", ABOUT, rows())
    told = opened(tmp_path / "x.zip")
    assert set(told) == {"storey", "element", "system"}
    pump, fan = told["element"]
    assert (pump["id"], pump["tag"], pump["visit_count"]) == (PUMP, 'Ü-1, "a"\nb', "3")
    assert json.loads(pump["properties"]) == {"Width": 1.5} and json.loads(pump["systems"]) == ["hvac", "it"]
    assert shapely.wkt.loads(pump["geometry"]).equals(shapely.geometry.Point(9.05, 48.05, 1.25))
    assert shapely.wkt.loads(told["storey"][0]["outline"]).equals(shapely.geometry.Polygon(RING))
    assert fan["geometry"] == fan["tag"] == ""
    assert "POINT" in gdal("ogrinfo", "-ro", "-al", f"/vsizip/{tmp_path / 'x.zip'}/element.csv")


def test_no_cell_of_text_is_a_formula_and_numbers_stay_numbers(tmp_path: Path) -> None:
    tables_csv.write(tmp_path / "x.zip", ABOUT, rows())
    told = opened(tmp_path / "x.zip")
    pump, fan = told["element"]
    assert pump["name"] == """'=HYPERLINK("x")"""
    assert (fan["name"], fan["manufacturer"], fan["model"]) == ("'-dash", "'+49 731", "'@home")
    assert told["storey"][0]["elevation_m"] == "-1.5"
    text = CATALOGUE.tables["element"].columns["name"]
    for begin in "=+-@\t\r\n＝＋－＠":  # noqa: RUF001
        assert tables_csv.cell(text, f"{begin}1") == f"'{begin}1"
    assert tables_csv.cell(text, "a=1") == "a=1"


def test_the_same_rows_are_the_same_zip(tmp_path: Path) -> None:
    for name in ("one", "two"):
        tables_csv.write(tmp_path / name, ABOUT, rows())
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
