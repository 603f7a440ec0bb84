"""Makes schemas/vectors/geometry.json: `python -m tests.engine.make_geometry_vectors`.

The good geometries are written by shapely and put into BLOBs by SpatiaLite, so that neither codec is its own
witness. The bad ones are spelled out byte by byte.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import shapely
from shapely import geometry as sg

VECTORS = Path(__file__).parents[2] / "schemas" / "vectors" / "geometry.json"
_SQUARE = [(0, 0), (4, 0), (4, 3), (0, 3), (0, 0)]
_HOLE = [(1, 1), (1, 2), (2, 2), (2, 1), (1, 1)]
_SQUARE_Z = [(0, 0, 3.2), (4, 0, 3.2), (4, 3, 3.2), (0, 3, 3.2), (0, 0, 3.2)]


def spatialite() -> Any:
    """A connection in memory that speaks SpatiaLite."""
    import pysqlite3

    connection = pysqlite3.connect(":memory:")
    connection.enable_load_extension(True)
    connection.load_extension("mod_spatialite")
    return connection


def good() -> list[tuple[str, Any, int]]:
    """(name, shapely geometry, SRID)"""
    odd = (0.1 + 0.2, -1e-310)  # no short decimal, and a subnormal
    return [
        ("point", sg.Point(9.993682, 53.541321), 4326),
        ("point z", sg.Point(12.5, -3.25, 1.1), -1),
        ("point of odd doubles", sg.Point(*odd), -1),
        ("point of minus zero", sg.Point(-0.0, 0.0), -1),
        ("linestring", sg.LineString([(0, 0), (1.5, 2.5)]), -1),
        ("linestring z", sg.LineString([(0, 0, 0), (10, 0, 0), (10, 5, 2.75)]), -1),
        ("polygon", sg.Polygon(_SQUARE), -1),
        ("polygon with a hole", sg.Polygon(_SQUARE, [_HOLE]), -1),
        ("polygon z", sg.Polygon(_SQUARE_Z), -1),
        ("multipoint", sg.MultiPoint([(1, 2), (-3, 4)]), -1),
        ("multipoint z", sg.MultiPoint([(1, 2, 3), (-3, 4, 5)]), -1),
        ("multilinestring", sg.MultiLineString([[(0, 0), (1, 1)], [(2, 2), (3, 3), (4, 2)]]), -1),
        ("multilinestring z", sg.MultiLineString([[(0, 0, 1), (1, 1, 1)], [(2, 2, 2), (3, 3, 3)]]), -1),
        (
            "multipolygon",
            sg.MultiPolygon([(_SQUARE, [_HOLE]), ([(9, 9), (10, 9), (9, 10), (9, 9)], [])]),
            4326,
        ),
        ("multipolygon z", sg.MultiPolygon([sg.Polygon(_SQUARE_Z)]), -1),
        ("collection", sg.GeometryCollection([sg.Point(1, 2), sg.LineString([(0, 0), (5, 5)])]), -1),
        ("collection z", sg.GeometryCollection([sg.Point(1, 2, 3), sg.Polygon(_SQUARE_Z)]), -1),
    ]


def wkb_of(shape: Any) -> bytes:
    dimensions = 3 if shape.has_z else 2
    return shapely.to_wkb(shape, flavor="iso", byte_order=1, output_dimension=dimensions)


def _good_cases() -> list[dict[str, Any]]:
    connection = spatialite()
    cases = []
    for name, shape, srid in good():
        wkb = wkb_of(shape)
        (blob,) = connection.execute("select GeomFromWKB(?, ?)", (wkb, srid)).fetchone()
        cases.append(
            {
                "name": name,
                "wkb": wkb.hex(),
                "srid": srid,
                "spatialite": blob.hex(),
                "shape": {
                    "kind": shape.geom_type,
                    "dimensions": 3 if shape.has_z else 2,
                    "vertices": shapely.get_num_coordinates(shape).item(),
                    "bounds": list(shape.bounds),
                },
                "geojson": json.loads(json.dumps(sg.mapping(shape))),
            }
        )
    return cases


def _bad_cases() -> list[dict[str, Any]]:
    point = wkb_of(sg.Point(1, 2))
    point_z = wkb_of(sg.Point(1, 2, 3))
    line = wkb_of(sg.LineString([(0, 0), (1, 1), (2, 0)]))
    doubles = struct.Struct("<2d").pack
    head = struct.Struct("<BI").pack
    two_heads = head(1, 7) + struct.pack("<I", 1) + head(1, 7) + struct.pack("<I", 1) + point
    cases: list[tuple[str, bytes, str, dict[str, Any]]] = [
        ("nothing", b"", "truncated", {}),
        ("a byte order alone", b"\1", "truncated", {}),
        ("half a double", point[:-4], "truncated", {}),
        ("more points promised than come", line[:5] + b"\xff\xff\xff\xff" + line[9:], "truncated", {}),
        ("a byte too many", point + b"\0", "trailing", {}),
        ("big-endian", shapely.to_wkb(sg.Point(1, 2), byte_order=0), "big_endian", {}),
        ("a byte order of 7", b"\7" + point[1:], "unknown_type", {}),
        (
            "EWKB with an SRID",
            shapely.to_wkb(shapely.set_srid(sg.Point(1, 2), 4326), include_srid=True),
            "ewkb",
            {},
        ),
        ("EWKB with Z", shapely.to_wkb(sg.Point(1, 2, 3), flavor="extended"), "ewkb", {}),
        ("a point with M", head(1, 2001) + point_z[5:], "unknown_type", {}),
        ("a curve", head(1, 8) + line[5:], "unknown_type", {}),
        ("an empty point", shapely.to_wkb(sg.Point()), "not_finite", {}),
        ("infinite", head(1, 1) + doubles(float("inf"), 0), "not_finite", {}),
        ("NaN in Z", head(1, 1001) + point_z[5:21] + struct.pack("<d", float("nan")), "not_finite", {}),
        ("an empty line", head(1, 2) + bytes(4), "empty", {}),
        ("a polygon without rings", head(1, 3) + bytes(4), "empty", {}),
        ("an empty collection", head(1, 7) + bytes(4), "empty", {}),
        ("a line of one point", head(1, 2) + struct.pack("<I", 1) + doubles(1, 2), "too_few_points", {}),
        (
            "a ring of three points",
            head(1, 3) + struct.pack("<II", 1, 3) + doubles(0, 0) + doubles(1, 1) + doubles(0, 0),
            "too_few_points",
            {},
        ),
        (
            "an open ring",
            head(1, 3) + struct.pack("<II", 1, 4) + b"".join(doubles(*p) for p in _SQUARE[:4]),
            "ring_open",
            {},
        ),
        ("a collection in a collection", two_heads, "nested", {}),
        ("a line among points", head(1, 4) + struct.pack("<I", 1) + line, "nested", {}),
        (
            "a flat point among points with Z",
            head(1, 1004) + struct.pack("<I", 1) + point,
            "mixed_dimensions",
            {},
        ),
        ("three vertices where two may be", line, "too_large", {"vertices_max": 2}),
        ("a line where a point is wanted", line, "wrong_kind", {"kinds": ["Point", "Polygon"]}),
        ("flat where Z is wanted", point, "wrong_dimensions", {"dimensions": 3}),
    ]
    return [{"name": n, "wkb": wkb.hex(), "code": code, "wanted": wanted} for n, wkb, code, wanted in cases]


def _foreign_blobs() -> list[dict[str, Any]]:
    """BLOBs as others may write them: big-endian, and the short form of a point."""
    polygon = sg.Polygon(_SQUARE, [_HOLE])
    rings = b"".join(
        struct.pack(">I", len(r)) + b"".join(struct.pack(">2d", *p) for p in r) for r in (_SQUARE, _HOLE)
    )
    big = (
        b"\0\0"
        + struct.pack(">i4d", 25832, *polygon.bounds)
        + b"\x7c"
        + struct.pack(">II", 3, 2)
        + rings
        + b"\xfe"
    )
    connection = spatialite()
    connection.execute("select EnableTinyPoint()")
    tiny, tiny_z = connection.execute("select MakePoint(1.5, 2.5, 4326), MakePointZ(1, 2, 3, -1)").fetchone()
    return [
        {"name": "a big-endian polygon", "blob": big.hex(), "wkb": wkb_of(polygon).hex(), "srid": 25832},
        {"name": "a short point", "blob": tiny.hex(), "wkb": wkb_of(sg.Point(1.5, 2.5)).hex(), "srid": 4326},
        {"name": "a short point z", "blob": tiny_z.hex(), "wkb": wkb_of(sg.Point(1, 2, 3)).hex(), "srid": -1},
    ]


def _bad_blobs() -> list[dict[str, Any]]:
    (blob,) = spatialite().execute("select MakePoint(1, 2, 4326)").fetchone()
    (collection,) = spatialite().execute("select GeomFromText('MULTIPOINT(1 2, 3 4)', 4326)").fetchone()
    cases = [
        ("nothing", b"", "not_spatialite"),
        ("WKB", wkb_of(sg.Point(1, 2)), "not_spatialite"),
        ("a header without its mark", blob[:38] + b"\0" + blob[39:], "not_spatialite"),
        ("cut before the end mark", blob[:-1], "truncated"),
        ("another end mark", blob[:-1] + b"\0", "not_spatialite"),
        ("a byte too many", blob + b"\0", "trailing"),
        ("a compressed line", blob[:39] + struct.pack("<I", 1_000_002) + blob[43:], "unknown_type"),
        ("a member without its mark", collection[:47] + b"\0" + collection[48:], "not_spatialite"),
    ]
    return [{"name": name, "blob": bad.hex(), "code": code} for name, bad, code in cases]


def _equal_cases() -> list[dict[str, Any]]:
    def case(a: Any, b: Any, step: float, equal: bool) -> dict[str, Any]:
        return {"a": wkb_of(a).hex(), "b": wkb_of(b).hex(), "step": step, "equal": equal}

    here = sg.Point(1.5, 2.5, 3.5)
    return [
        case(here, here, 1e-4, True),
        case(here, sg.Point(1.50004, 2.49996, 3.5), 1e-4, True),
        case(here, sg.Point(1.50006, 2.5, 3.5), 1e-4, False),
        case(here, sg.Point(1.5, 2.5, 3.5002), 1e-4, False),
        case(here, sg.Point(1.5, 2.5), 1e-4, False),
        case(sg.Point(9.9936820001, 53.5), sg.Point(9.9936820004, 53.5), 1e-9, True),
        case(sg.Point(9.993682, 53.5), sg.Point(9.993682002, 53.5), 1e-9, False),
        case(sg.Point(-0.0, 0), sg.Point(0, 0), 1e-4, True),
        case(sg.Point(-0.00004, 0), sg.Point(0.00004, 0), 1e-4, True),
        case(sg.Point(1e308, 0), sg.Point(1e307, 0), 1e-4, False),
        case(sg.LineString([(0, 0), (1, 1)]), sg.LineString([(1, 1), (0, 0)]), 1e-4, False),
        case(sg.LineString([(0, 0), (1, 1)]), sg.LineString([(0, 0), (1, 1), (2, 2)]), 1e-4, False),
        case(sg.MultiPoint([(0, 0), (1, 1)]), sg.LineString([(0, 0), (1, 1)]), 1e-4, False),
    ]


def vectors() -> dict[str, Any]:
    return {
        "about": "Geometry as arxos_sync/geometry.py and pwa/core/geometry.js read it. WKB and BLOBs in hex.",
        "good": _good_cases(),
        "bad": _bad_cases(),
        "foreign_blobs": _foreign_blobs(),
        "bad_blobs": _bad_blobs(),
        "equal": _equal_cases(),
    }


def written(content: dict[str, Any]) -> str:
    """JSON with a case a line, so that a difference can be read."""
    parts = [f'"about": {json.dumps(content["about"])}']
    for name in list(content)[1:]:
        rows = ",\n  ".join(json.dumps(case) for case in content[name])
        parts.append(f'"{name}": [\n  {rows}\n]')
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    VECTORS.write_text(written(vectors()), encoding="utf-8")
    print(f"{VECTORS}: written")
