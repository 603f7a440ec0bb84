"""Geometry as bytes: ISO WKB on the wire, SpatiaLite BLOB in a replica's file. Mirror: pwa/core/geometry.js.

Both formats are read into the same `_Node` tree and written from it. Coordinates are never turned into
numbers on the way: a run of points is carried as the little-endian bytes it is, so every double survives bit
for bit.

WKB here is little-endian with Z as 1000+ (ISO 13249-3, OGC 06-103r4 §8); EWKB flags and big-endian are
refused. The BLOB is the one SpatiaLite writes (gaiageo "BLOB-Geometry": 00, byte order, SRID, MBR, 7C, class,
body, FE; each member of a collection begins with 69 and its class) and, since 5.0, its short form of a point.
Reading it takes either byte order; writing is always little-endian. Collections do not nest here, because in
the BLOB they cannot.

Everything that is wrong with a geometry is a `GeometryError`, whose `code` is one of:
  truncated trailing big_endian ewkb unknown_type mixed_dimensions nested empty too_few_points ring_open
  not_finite too_large wrong_kind wrong_dimensions not_spatialite not_geojson
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from . import limits

KINDS = (
    "Point",
    "LineString",
    "Polygon",
    "MultiPoint",
    "MultiLineString",
    "MultiPolygon",
    "GeometryCollection",
)
STEP_M = 1e-4  # two coordinates in metres that round to the same 0.1 mm are the same
STEP_DEG = 1e-9

_SIMPLE = KINDS[:3]
_MEMBERS = {
    "MultiPoint": ("Point",),
    "MultiLineString": ("LineString",),
    "MultiPolygon": ("Polygon",),
    "GeometryCollection": _SIMPLE,
}
_EWKB_FLAGS = 0xE0000000
_BLOB_HEAD_BYTES = 43
_START, _MBR_END, _MEMBER, _END = 0x00, 0x7C, 0x69, 0xFE
_TINY_BIG, _TINY_LITTLE = 0x80, 0x81
_POINT_Z, _POINT_Z_BYTES, _POINT_Z_BLOB_BYTES = struct.pack("<BI", 1, 1001), 29, 68
_LAST = bytes([_END])


class GeometryError(ValueError):
    """`code` is one of the words in the module's head; `detail` says it for this geometry."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Shape(msgspec.Struct, frozen=True):
    """`bounds` is (min_x, min_y, max_x, max_y)."""

    kind: str
    dimensions: int
    vertices: int
    bounds: tuple[float, float, float, float]


class _Node(msgspec.Struct, frozen=True):
    """A Point or LineString has one run, a Polygon one a ring; the rest have members. Runs are LE doubles."""

    kind: str
    dimensions: int
    runs: tuple[bytes, ...] = ()
    members: tuple[_Node, ...] = ()


# ---------------------------------------------------------------- what callers use


def check_wkb(
    wkb: bytes,
    *,
    kinds: frozenset[str] | None = None,
    dimensions: int | None = None,
    vertices_max: int = limits.GEOMETRY_VERTICES_MAX,
) -> Shape:
    """What `wkb` holds. Raises GeometryError where it is no sound geometry of these kinds and dimensions."""
    node = _read_wkb(wkb, vertices_max)
    if kinds is not None and node.kind not in kinds:
        raise GeometryError("wrong_kind", f"{node.kind}, where {' or '.join(sorted(kinds))} is wanted")
    if dimensions is not None and node.dimensions != dimensions:
        raise GeometryError("wrong_dimensions", f"{node.dimensions} dimensions, {dimensions} are wanted")
    _check_values(node)
    return Shape(node.kind, node.dimensions, _vertices(node), _bounds(node))


def to_spatialite(wkb: bytes, srid: int) -> bytes:
    """The BLOB that SpatiaLite itself would write. Raises GeometryError where `check_wkb` would."""
    if len(wkb) == _POINT_Z_BYTES and wkb[:5] == _POINT_Z:
        x, y, z = struct.unpack_from("<3d", wkb, 5)
        if math.isfinite(x) and math.isfinite(y) and math.isfinite(z):  # most geometries of a building are such points
            return struct.pack("<BBi4dB", _START, 1, srid, x, y, x, y, _MBR_END) + wkb[1:] + _LAST
    node = _read_wkb(wkb)
    _check_values(node)
    head = struct.pack("<BBi4dBI", _START, 1, srid, *_bounds(node), _MBR_END, _class(node))
    parts = [head]
    if node.members:
        parts.append(struct.pack("<I", len(node.members)))
    for member in node.members:
        parts += [struct.pack("<BI", _MEMBER, _class(member)), *_body(member)]
    return b"".join([*parts, *_body(node), bytes([_END])])


def from_spatialite(blob: bytes) -> tuple[bytes, int]:
    """(wkb, srid). The form is judged, not the coordinates: what a foreign client wrote travels as it is."""
    if len(blob) == _POINT_Z_BLOB_BYTES and blob[39:43] == _POINT_Z[1:] and blob[38] == _MBR_END:
        if blob[:2] == b"\x00\x01" and blob[67] == _END:
            return b"\x01" + blob[39:67], struct.unpack_from("<i", blob, 2)[0]
    node, srid = _read_blob(bytes(memoryview(blob)))
    return _write_wkb(node), srid


def rounded_equal(a: bytes, b: bytes, step: float) -> bool:
    """Whether both are the same geometry once each coordinate is rounded to `step`."""
    if a == b:
        return True
    left, right = _read_wkb(a), _read_wkb(b)
    return _form(left) == _form(right) and all(
        _same(x, y, step) for x, y in zip(_numbers(left), _numbers(right), strict=True)
    )


def to_geojson(wkb: bytes) -> dict[str, Any]:
    """A GeoJSON geometry (RFC 7946 §3.1) in the coordinates it stands in, whatever their frame."""
    return _to_geojson(_read_wkb(wkb))


def from_geojson(geometry: dict[str, Any], dimensions: int) -> bytes:
    """Numbers of a position beyond `dimensions` are left out (RFC 7946 §3.1.1); too few are refused."""
    try:
        return _write_sound(_from_geojson(geometry, dimensions))
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise GeometryError("not_geojson", f"not a GeoJSON geometry: {error!r}") from error


def point(*position: float) -> bytes:
    return _write_sound(_Node("Point", len(position), (_run([position], len(position)),)))


def linestring(positions: Sequence[Sequence[float]]) -> bytes:
    dimensions = len(positions[0]) if positions else 2
    return _write_sound(_Node("LineString", dimensions, (_run(positions, dimensions),)))


def polygon(rings: Sequence[Sequence[Sequence[float]]]) -> bytes:
    """Rings are closed by their maker: the first position is repeated at the end."""
    return _write_sound(_polygon(rings))


def multipolygon(polygons: Sequence[Sequence[Sequence[Sequence[float]]]]) -> bytes:
    members = tuple(_polygon(rings) for rings in polygons)
    return _write_sound(_Node("MultiPolygon", members[0].dimensions if members else 2, members=members))


# ---------------------------------------------------------------- reading


class _Reader:
    """A place in a buffer, its byte order, and how many vertices may still come."""

    def __init__(self, data: bytes, order: str, vertices_max: int) -> None:
        self.data, self.at, self.order, self.left = data, 0, order, vertices_max

    def take(self, size: int) -> bytes:
        if size > len(self.data) - self.at:
            raise GeometryError("truncated", f"{size} bytes are wanted at byte {self.at} of {len(self.data)}")
        self.at += size
        return self.data[self.at - size : self.at]

    def byte(self) -> int:
        return self.take(1)[0]

    def word(self) -> int:
        return struct.unpack(f"{self.order}I", self.take(4))[0]

    def count(self, what: str) -> int:
        """A number of things, each of which is at least four bytes and one vertex."""
        count = self.word()
        if count == 0:
            raise GeometryError("empty", f"no {what} at byte {self.at - 4}")
        if count > (len(self.data) - self.at) // 4:
            raise GeometryError("truncated", f"{count} {what} are promised at byte {self.at - 4}")
        return count

    def run(self, count: int, dimensions: int) -> bytes:
        raw = self.take(count * dimensions * 8)
        self.left -= count
        if self.left < 0:
            raise GeometryError("too_large", "more vertices than a geometry may have")
        if self.order == "<":
            return raw
        doubles = count * dimensions  # swapped as integers: a NaN keeps its bits
        return struct.pack(f"<{doubles}Q", *struct.unpack(f">{doubles}Q", raw))

    def runs(self, kind: str, dimensions: int) -> tuple[bytes, ...]:
        match kind:
            case "Point":
                return (self.run(1, dimensions),)
            case "LineString":
                return (self.run(self.count("points"), dimensions),)
        rings = self.count("rings")
        return tuple(self.run(self.count("points"), dimensions) for _ in range(rings))

    def end(self) -> None:
        if self.at != len(self.data):
            raise GeometryError("trailing", f"{len(self.data) - self.at} bytes after the geometry")


def _read_wkb(wkb: bytes, vertices_max: int = limits.GEOMETRY_VERTICES_MAX) -> _Node:
    reader = _Reader(bytes(memoryview(wkb)), "<", vertices_max)
    node = _read_wkb_node(reader, None)
    reader.end()
    return node


def _read_wkb_node(reader: _Reader, parent: _Node | None) -> _Node:
    order = reader.byte()
    if order != 1:
        code = "big_endian" if order == 0 else "unknown_type"
        raise GeometryError(code, f"byte order {order}, where 1 is wanted")
    code = reader.word()
    if code & _EWKB_FLAGS:
        raise GeometryError("ewkb", f"type {code:#010x} has EWKB flags; ISO WKB is wanted")
    node = _node_of(code, parent)
    if node.kind in _SIMPLE:
        return _Node(node.kind, node.dimensions, reader.runs(node.kind, node.dimensions))
    members = tuple(_read_wkb_node(reader, node) for _ in range(reader.count("members")))
    return _Node(node.kind, node.dimensions, members=members)


def _read_blob(blob: bytes) -> tuple[_Node, int]:
    if len(blob) < 2 or blob[0] != _START:
        raise GeometryError("not_spatialite", "does not begin with 00")
    if blob[1] in (_TINY_BIG, _TINY_LITTLE):
        return _read_tiny_point(blob)
    if blob[1] > 1 or len(blob) < _BLOB_HEAD_BYTES or blob[38] != _MBR_END:
        raise GeometryError("not_spatialite", "has no header of a BLOB-Geometry")
    reader = _Reader(blob, "<" if blob[1] else ">", limits.GEOMETRY_VERTICES_MAX)
    reader.at = 2
    srid = struct.unpack(f"{reader.order}i", reader.take(4))[0]
    reader.at = 39
    node = _read_blob_body(reader, _node_of(reader.word(), None))
    _read_blob_end(reader)
    return node, srid


def _read_blob_body(reader: _Reader, node: _Node) -> _Node:
    if node.kind in _SIMPLE:
        return _Node(node.kind, node.dimensions, reader.runs(node.kind, node.dimensions))
    members = []
    for _ in range(reader.count("members")):
        if reader.byte() != _MEMBER:
            raise GeometryError("not_spatialite", f"no member begins at byte {reader.at - 1}")
        members.append(_read_blob_body(reader, _node_of(reader.word(), node)))
    return _Node(node.kind, node.dimensions, members=tuple(members))


def _read_tiny_point(blob: bytes) -> tuple[_Node, int]:
    reader = _Reader(blob, "<" if blob[1] == _TINY_LITTLE else ">", 1)
    reader.at = 2
    srid = struct.unpack(f"{reader.order}i", reader.take(4))[0]
    dimensions = {1: 2, 2: 3}.get(reader.byte())
    if dimensions is None:
        raise GeometryError("unknown_type", "a point with M")
    node = _Node("Point", dimensions, reader.runs("Point", dimensions))
    _read_blob_end(reader)
    return node, srid


def _read_blob_end(reader: _Reader) -> None:
    if reader.byte() != _END:
        raise GeometryError("not_spatialite", f"no FE at byte {reader.at - 1}")
    reader.end()


def _node_of(code: int, parent: _Node | None) -> _Node:
    """The empty node that a class number names, where it may stand."""
    dimensions, number = {0: 2, 1: 3}.get(code // 1000), code % 1000
    if dimensions is None or not 1 <= number <= len(KINDS):
        raise GeometryError("unknown_type", f"type {code}; 1 to 7 and 1001 to 1007 are known")
    kind = KINDS[number - 1]
    if parent is not None and kind not in _MEMBERS[parent.kind]:
        raise GeometryError("nested", f"{kind} in {parent.kind}")
    if parent is not None and dimensions != parent.dimensions:
        raise GeometryError("mixed_dimensions", f"{dimensions} dimensions in one of {parent.dimensions}")
    return _Node(kind, dimensions)


# ---------------------------------------------------------------- writing


def _write_sound(node: _Node) -> bytes:
    wkb = _write_wkb(node)
    check_wkb(wkb)
    return wkb


def _write_wkb(node: _Node) -> bytes:
    parts = [struct.pack("<BI", 1, _class(node))]
    if node.kind in _MEMBERS:
        parts.append(struct.pack("<I", len(node.members)))
    return b"".join([*parts, *map(_write_wkb, node.members), *_body(node)])


def _body(node: _Node) -> list[bytes]:
    """The runs of a simple node, each but a point's after its count: the same in both formats."""
    if node.kind == "Point":
        return list(node.runs)
    parts = [struct.pack("<I", len(node.runs))] if node.kind == "Polygon" else []
    for run in node.runs:
        parts += [struct.pack("<I", len(run) // (8 * node.dimensions)), run]
    return parts


def _class(node: _Node) -> int:
    return KINDS.index(node.kind) + 1 + (1000 if node.dimensions == 3 else 0)


# ---------------------------------------------------------------- looking at nodes


def _leaves(node: _Node) -> Iterator[_Node]:
    return iter(node.members or (node,))


def _runs(node: _Node) -> Iterator[bytes]:
    return (run for leaf in _leaves(node) for run in leaf.runs)


def _doubles(run: bytes) -> tuple[float, ...]:
    return struct.unpack(f"<{len(run) // 8}d", run)


def _numbers(node: _Node) -> Iterator[float]:
    return (number for run in _runs(node) for number in _doubles(run))


def _vertices(node: _Node) -> int:
    return sum(len(run) for run in _runs(node)) // (8 * node.dimensions)


def _bounds(node: _Node) -> tuple[float, float, float, float]:
    numbers, step = list(_numbers(node)), node.dimensions
    xs, ys = numbers[0::step], numbers[1::step]
    return min(xs), min(ys), max(xs), max(ys)


def _form(node: _Node) -> tuple[Any, ...]:
    return node.kind, node.dimensions, tuple(len(r) for r in node.runs), tuple(_form(m) for m in node.members)


def _same(x: float, y: float, step: float) -> bool:
    if x == y:
        return True
    a, b = x / step, y / step
    return math.isfinite(a) and math.isfinite(b) and math.floor(a + 0.5) == math.floor(b + 0.5)


def _check_values(node: _Node) -> None:
    for number in _numbers(node):
        if not math.isfinite(number):
            raise GeometryError("not_finite", f"a coordinate is {number}")
    for leaf in _leaves(node):
        for run in leaf.runs:
            _check_run(leaf, run)


def _check_run(leaf: _Node, run: bytes) -> None:
    count = len(run) // (8 * leaf.dimensions)
    least = {"Point": 1, "LineString": 2, "Polygon": 4}[leaf.kind]
    if count < least:
        raise GeometryError("too_few_points", f"{count} in a {leaf.kind}; {least} at least")
    if leaf.kind == "Polygon":
        numbers = _doubles(run)
        if numbers[: leaf.dimensions] != numbers[-leaf.dimensions :]:
            raise GeometryError("ring_open", "a ring does not end where it begins")


# ---------------------------------------------------------------- GeoJSON and builders


def _to_geojson(node: _Node) -> dict[str, Any]:
    if node.kind == "GeometryCollection":
        return {"type": node.kind, "geometries": [_to_geojson(m) for m in node.members]}
    if node.members:
        return {"type": node.kind, "coordinates": [_coordinates(m) for m in node.members]}
    return {"type": node.kind, "coordinates": _coordinates(node)}


def _coordinates(leaf: _Node) -> list[Any]:
    lists = [_positions(run, leaf.dimensions) for run in leaf.runs]
    match leaf.kind:
        case "Point":
            return lists[0][0]
        case "LineString":
            return lists[0]
    return lists


def _positions(run: bytes, dimensions: int) -> list[list[float]]:
    numbers = _doubles(run)
    return [list(numbers[at : at + dimensions]) for at in range(0, len(numbers), dimensions)]


def _from_geojson(geometry: dict[str, Any], dimensions: int) -> _Node:
    kind = geometry["type"]
    if kind not in KINDS:
        raise GeometryError("not_geojson", f"{kind!r} is no kind of geometry")
    if kind == "GeometryCollection":
        members = [_from_geojson_member(member, dimensions) for member in geometry["geometries"]]
    elif kind in _MEMBERS:
        members = [_leaf(_MEMBERS[kind][0], part, dimensions) for part in geometry["coordinates"]]
    else:
        return _leaf(kind, geometry["coordinates"], dimensions)
    return _Node(kind, dimensions, members=tuple(members))


def _from_geojson_member(geometry: dict[str, Any], dimensions: int) -> _Node:
    if geometry["type"] not in _SIMPLE:
        raise GeometryError("nested", f"{geometry['type']} in GeometryCollection")
    return _leaf(geometry["type"], geometry["coordinates"], dimensions)


def _leaf(kind: str, coordinates: Any, dimensions: int) -> _Node:
    match kind:
        case "Point":
            lines = [[coordinates]]
        case "LineString":
            lines = [coordinates]
        case _:
            lines = coordinates
    return _Node(kind, dimensions, tuple(_run([p[:dimensions] for p in line], dimensions) for line in lines))


def _polygon(rings: Sequence[Sequence[Sequence[float]]]) -> _Node:
    dimensions = len(rings[0][0]) if rings and rings[0] else 2
    return _Node("Polygon", dimensions, tuple(_run(ring, dimensions) for ring in rings))


def _run(positions: Iterable[Sequence[float]], dimensions: int) -> bytes:
    numbers: list[float] = []
    for position in positions:
        if len(position) != dimensions or dimensions not in (2, 3):
            raise GeometryError("wrong_dimensions", f"{len(position)} numbers in a position")
        numbers += position
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise GeometryError("not_geojson", f"{number!r} is not a number")
    return struct.pack(f"<{len(numbers)}d", *map(float, numbers))
