"""The geometry codec against its vectors, against SpatiaLite and shapely, and by laws."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from arxos_sync import geometry
from arxos_sync.geometry import GeometryError, check_wkb, from_spatialite, to_spatialite

from . import make_geometry_vectors as maker

CASES: dict[str, Any] = json.loads(maker.VECTORS.read_text(encoding="utf-8"))


def named(cases: list[dict[str, Any]]) -> Any:
    return pytest.mark.parametrize("case", cases, ids=[c["name"] for c in cases])


def wanted(case: dict[str, Any]) -> dict[str, Any]:
    arguments = dict(case["wanted"])
    if "kinds" in arguments:
        arguments["kinds"] = frozenset(arguments["kinds"])
    return arguments


@pytest.fixture(scope="module")
def spatialite() -> Any:
    connection = maker.spatialite()
    yield connection
    connection.close()


# ---------------------------------------------------------------- vectors


def test_the_vectors_are_what_their_maker_writes() -> None:
    assert maker.VECTORS.read_text(encoding="utf-8") == maker.written(maker.vectors())


@named(CASES["good"])
def test_a_good_geometry_is_read_and_written_as_spatialite_and_shapely_do(case: dict[str, Any]) -> None:
    wkb = bytes.fromhex(case["wkb"])
    shape = check_wkb(wkb)
    assert [shape.kind, shape.dimensions, shape.vertices] == [
        case["shape"][k] for k in ("kind", "dimensions", "vertices")
    ]
    assert list(shape.bounds) == case["shape"]["bounds"]
    assert to_spatialite(wkb, case["srid"]).hex() == case["spatialite"]
    assert from_spatialite(bytes.fromhex(case["spatialite"])) == (wkb, case["srid"])
    assert geometry.to_geojson(wkb) == case["geojson"]
    assert geometry.from_geojson(case["geojson"], shape.dimensions) == wkb


@named(CASES["bad"])
def test_a_bad_geometry_is_refused_with_its_code(case: dict[str, Any]) -> None:
    with pytest.raises(GeometryError) as raised:
        check_wkb(bytes.fromhex(case["wkb"]), **wanted(case))
    assert raised.value.code == case["code"]


@named(CASES["foreign_blobs"])
def test_a_blob_in_another_writers_form_is_read(case: dict[str, Any]) -> None:
    assert from_spatialite(bytes.fromhex(case["blob"])) == (bytes.fromhex(case["wkb"]), case["srid"])


@named(CASES["bad_blobs"])
def test_a_bad_blob_is_refused_with_its_code(case: dict[str, Any]) -> None:
    with pytest.raises(GeometryError) as raised:
        from_spatialite(bytes.fromhex(case["blob"]))
    assert raised.value.code == case["code"]


@pytest.mark.parametrize("case", CASES["equal"])
def test_geometries_are_equal_when_they_round_to_the_same(case: dict[str, Any]) -> None:
    a, b = bytes.fromhex(case["a"]), bytes.fromhex(case["b"])
    assert geometry.rounded_equal(a, b, case["step"]) is case["equal"]
    assert geometry.rounded_equal(b, a, case["step"]) is case["equal"]


# ---------------------------------------------------------------- laws

numbers = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def geojson(draw: st.DrawFn) -> tuple[dict[str, Any], int]:
    """A GeoJSON geometry of any kind, and its dimensions."""
    dimensions = draw(st.sampled_from([2, 3]))
    position = st.lists(numbers, min_size=dimensions, max_size=dimensions)
    ring = st.lists(position, min_size=3, max_size=6).map(lambda points: [*points, points[0]])
    coordinates = {
        "Point": position,
        "LineString": st.lists(position, min_size=2, max_size=6),
        "Polygon": st.lists(ring, min_size=1, max_size=3),
    }
    simple = st.sampled_from(sorted(coordinates)).flatmap(
        lambda kind: coordinates[kind].map(lambda c: {"type": kind, "coordinates": c})
    )
    multi = st.sampled_from(sorted(coordinates)).flatmap(
        lambda kind: st.lists(coordinates[kind], min_size=1, max_size=3).map(
            lambda c: {"type": f"Multi{kind}", "coordinates": c}
        )
    )
    collection = st.lists(simple, min_size=1, max_size=3).map(
        lambda members: {"type": "GeometryCollection", "geometries": members}
    )
    return draw(st.one_of(simple, multi, collection)), dimensions


@given(geojson(), st.integers(-(2**31), 2**31 - 1))
def test_every_format_gives_back_what_it_was_given(drawn: tuple[dict[str, Any], int], srid: int) -> None:
    written, dimensions = drawn
    wkb = geometry.from_geojson(written, dimensions)
    assert from_spatialite(to_spatialite(wkb, srid)) == (wkb, srid)
    assert geometry.from_geojson(geometry.to_geojson(wkb), dimensions) == wkb
    assert geometry.rounded_equal(wkb, wkb, geometry.STEP_M)


@given(geojson())
def test_shapely_reads_the_same_numbers(drawn: tuple[dict[str, Any], int]) -> None:
    written, dimensions = drawn
    wkb = geometry.from_geojson(written, dimensions)
    theirs = shapely.from_wkb(wkb)
    assert shapely.to_wkb(theirs, flavor="iso", byte_order=1, output_dimension=dimensions) == wkb
    assert check_wkb(wkb).vertices == shapely.get_num_coordinates(theirs)


@given(geojson())
def test_spatialite_reads_our_blob_and_we_its(drawn: tuple[dict[str, Any], int]) -> None:
    written, dimensions = drawn
    wkb = geometry.from_geojson(written, dimensions)
    row = SPATIALITE.execute(
        "select AsBinary(:blob), Srid(:blob), GeomFromWKB(:wkb, 4326)",
        {"blob": to_spatialite(wkb, 4326), "wkb": wkb},
    ).fetchone()
    assert unordered(row[0]) == unordered(wkb) and row[1] == 4326
    assert unordered(from_spatialite(row[2])[0]) == unordered(wkb)


def unordered(wkb: bytes) -> Any:
    """GeoJSON with the members of a collection sorted: SpatiaLite sorts them by kind, in its own way."""
    written = geometry.to_geojson(wkb)
    return sorted(map(json.dumps, written["geometries"])) if "geometries" in written else written


SPATIALITE = maker.spatialite()


@given(st.binary(max_size=120))
def test_no_bytes_raise_anything_but_a_geometry_error(data: bytes) -> None:
    for read in (check_wkb, from_spatialite, lambda d: to_spatialite(d, 0), geometry.to_geojson):
        try:
            read(data)
        except GeometryError as error:
            assert error.code and error.detail


@given(st.sampled_from(CASES["good"]), st.data())
def test_a_geometry_with_bytes_overwritten_is_read_or_refused(
    case: dict[str, Any], data: st.DataObject
) -> None:
    for name, read in (("wkb", check_wkb), ("spatialite", from_spatialite)):
        spoiled = bytearray.fromhex(case[name])
        spoiled[data.draw(st.integers(0, len(spoiled) - 1))] = data.draw(st.integers(0, 255))
        try:
            read(bytes(spoiled))
        except GeometryError as error:
            assert error.code


# ---------------------------------------------------------------- SpatiaLite's own judgement


def test_spatialite_finds_our_blobs_valid_and_their_boxes_right(spatialite: Any) -> None:
    wkb = geometry.polygon([[(0, 0, 1), (6, 0, 1), (6, 4, 1), (0, 4, 1), (0, 0, 1)]])
    row = spatialite.execute(
        "select IsValid(:g), ST_Area(:g), MbrMaxX(:g), CoordDimension(:g), GeometryType(:g), ST_NDims(:g)",
        {"g": to_spatialite(wkb, -1)},
    ).fetchone()
    assert row == (1, 24.0, 6.0, "XYZ", "POLYGON Z", 3)


def test_a_signalling_nan_keeps_its_bits_through_a_big_endian_blob() -> None:
    odd = 0x7FF4_0000_0000_0001
    body = struct.pack(">I2Q", 1, odd, 0)
    blob = b"\0\0" + struct.pack(">i4d", 0, 0, 0, 0, 0) + b"\x7c" + body + b"\xfe"
    assert from_spatialite(blob)[0] == struct.pack("<BI2Q", 1, 1, odd, 0)


# ---------------------------------------------------------------- GeoJSON and builders


def test_positions_lose_what_is_beyond_the_dimensions_wanted() -> None:
    assert geometry.from_geojson({"type": "Point", "coordinates": [1, 2, 3]}, 2) == geometry.point(1, 2)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ({"type": "Circle", "coordinates": [1, 2]}, "not_geojson"),
        ({"type": "Point"}, "not_geojson"),
        ({"type": "Point", "coordinates": ["1", "2"]}, "not_geojson"),
        ({"type": "Point", "coordinates": [True, 2]}, "not_geojson"),
        ({"type": "Point", "coordinates": [10**400, 2]}, "not_geojson"),
        ({"type": "Point", "coordinates": [1]}, "wrong_dimensions"),
        ({"type": "Point", "coordinates": [float("nan"), 2]}, "not_finite"),
        ({"type": "LineString", "coordinates": 3}, "not_geojson"),
        ({"type": "LineString", "coordinates": []}, "empty"),
        ({"type": "MultiPolygon", "coordinates": []}, "empty"),
        ({"type": "Polygon", "coordinates": []}, "empty"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}, "ring_open"),
        ({"type": "GeometryCollection", "geometries": [{"type": "GeometryCollection"}]}, "nested"),
        ([], "not_geojson"),
    ],
)
def test_bad_geojson_is_refused_with_its_code(written: Any, code: str) -> None:
    with pytest.raises(GeometryError) as raised:
        geometry.from_geojson(written, 2)
    assert raised.value.code == code


def test_the_builders_write_what_shapely_writes() -> None:
    square = [(0, 0), (1, 0), (1, 1), (0, 0)]
    pairs = [
        (geometry.point(1, 2, 3), shapely.Point(1, 2, 3)),
        (geometry.linestring([(0, 0), (1, 1)]), shapely.LineString([(0, 0), (1, 1)])),
        (geometry.polygon([square]), shapely.Polygon(square)),
        (geometry.multipolygon([[square]]), shapely.MultiPolygon([shapely.Polygon(square)])),
    ]
    for ours, theirs in pairs:
        assert ours == maker.wkb_of(theirs)


def test_a_hundred_thousand_vertices_are_taken_and_one_more_is_refused() -> None:
    full = geometry.linestring([(i, 0) for i in range(100_000)])
    assert check_wkb(full).vertices == 100_000
    with pytest.raises(GeometryError) as raised:
        geometry.linestring([(i, 0) for i in range(100_001)])
    assert raised.value.code == "too_large"
