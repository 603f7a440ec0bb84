"""Plan geometry of an IFC model: footprints, axes and places, in metres in the model's engineering frame.

Bodies come from the geometry kernel as triangles in world coordinates, with openings left filled: a plan does
not need them cut. A footprint is the union of the triangles seen from above, a space's of those on its floor.
Coordinates are rounded to the micrometre, so that reading twice, on any machine, gives the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import msgspec

from arxos_sync import geometry

DIGITS = 6
_FLOOR_M = 0.01  # triangles this close above the lowest point are its floor
_SLIVER_M2 = 1e-4
_WALL_GAP_M = 0.3  # rooms closer than this are one storey


class Body(msgspec.Struct, frozen=True):
    """The triangles of one product: numpy arrays of shape (n, 3, 3)."""

    triangles: Any

    @property
    def lowest_m(self) -> float:
        return float(self.triangles[:, :, 2].min())

    @property
    def height_m(self) -> float:
        return float(self.triangles[:, :, 2].max()) - self.lowest_m


def bodies(model: Any, products: Iterable[Any]) -> dict[int, Body]:
    """Bodies by product id; products without one, or with one the kernel cannot make, are left out."""
    import ifcopenshell.geom
    import numpy

    with_shape = [p for p in products if p.Representation is not None]
    if not with_shape:
        return {}
    settings = ifcopenshell.geom.settings()
    settings.set("use-world-coords", True)
    settings.set("disable-opening-subtractions", True)
    iterator = ifcopenshell.geom.iterator(settings, model, 1, include=with_shape)
    made: dict[int, Body] = {}
    more = iterator.initialize()
    while more:
        shape = iterator.get()
        points = numpy.array(shape.geometry.verts, dtype=float).reshape(-1, 3)
        faces = numpy.array(shape.geometry.faces, dtype=int).reshape(-1, 3)
        if len(faces) and numpy.isfinite(points).all():
            made[shape.id] = Body(points[faces])
        more = iterator.next()
    return made


def plan(body: Body, floor_only: bool = False) -> Any:
    """The shapely (Multi)Polygon under a body; empty where it is upright and thin."""
    import numpy
    import shapely

    triangles = body.triangles
    if floor_only:
        on_floor = triangles[(triangles[:, :, 2] < body.lowest_m + _FLOOR_M).all(axis=1)]
        triangles = on_floor if len(on_floor) else triangles
    flat = numpy.round(triangles[:, :, :2], DIGITS)
    (ax, ay), (bx, by), (cx, cy) = (flat[:, i].T for i in range(3))
    twice_area = numpy.abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay))
    seen = flat[twice_area > 2e-8]
    if not len(seen):
        return shapely.Polygon()
    return shapely.union_all(shapely.polygons(seen), grid_size=1e-6)


def largest(shape: Any) -> Any | None:
    """The largest polygon of a shape, tidied; None where there is none worth the name."""
    import shapely

    parts = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon" and p.area > _SLIVER_M2]
    if not parts:
        return None
    best = max(parts, key=lambda p: p.area).simplify(1e-4)
    return shapely.geometry.polygon.orient(shapely.normalize(best))


def polygon(shape: Any, z_m: float | None = None) -> bytes:
    """WKB of a shapely polygon, lifted to `z_m` where that is given."""
    rings = [shape.exterior, *shape.interiors]
    return geometry.polygon([[_position(p, z_m) for p in ring.coords] for ring in rings])


def multipolygon(shapes: list[Any]) -> bytes:
    return geometry.multipolygon([[[(x, y) for x, y in p.exterior.coords]] for p in shapes])


def _position(place: tuple[float, ...], z_m: float | None) -> tuple[float, ...]:
    flat = (round(place[0], DIGITS), round(place[1], DIGITS))
    return flat if z_m is None else (*flat, round(z_m, DIGITS))


def joined(shapes: Iterable[Any]) -> Any:
    """One shape out of many, with the gaps that walls leave closed."""
    import shapely

    whole = shapely.union_all([s for s in shapes if not s.is_empty])
    return whole.buffer(_WALL_GAP_M, join_style="mitre").buffer(-_WALL_GAP_M, join_style="mitre")


# ---------------------------------------------------------------- placements, axes, points


def placement(product: Any, unit_m: float) -> Any:
    """The product's 4x4 matrix to the world, its last column in metres."""
    import ifcopenshell.util.placement
    import numpy

    if getattr(product, "ObjectPlacement", None) is None:
        return numpy.eye(4)
    matrix = ifcopenshell.util.placement.get_local_placement(product.ObjectPlacement)
    matrix[:3, 3] *= unit_m
    return matrix


def heading_deg(matrix: Any) -> float:
    """Where the local X axis points, counter-clockwise from the building's X axis, 0 to under 360."""
    turned = round(math.degrees(math.atan2(matrix[1, 0], matrix[0, 0])), DIGITS) % 360.0
    return turned + 0.0  # no minus zero


def axis(product: Any, matrix: Any, unit_m: float, body: Body | None) -> bytes | None:
    """Its axis as LineString Z: as the model draws it, else the long middle line of its footprint."""
    points = [matrix @ [*p, 1.0] for p in _drawn_axis(product, unit_m)]
    places = [tuple(round(float(v), DIGITS) + 0.0 for v in p[:3]) for p in points]
    places = [p for i, p in enumerate(places) if i == 0 or p != places[i - 1]]
    if len(places) >= 2:
        return geometry.linestring(places)
    return _middle_line(body) if body is not None else None


def _drawn_axis(product: Any, unit_m: float) -> list[list[float]]:
    representations = product.Representation.Representations if product.Representation else ()
    for representation in representations:
        if representation.RepresentationIdentifier == "Axis" and len(representation.Items) == 1:
            places = _curve_points(representation.Items[0])
            return [[*(c * unit_m for c in p), 0.0][:3] for p in places]
    return []


def _curve_points(curve: Any) -> list[tuple[float, ...]]:
    match curve.is_a():
        case "IfcPolyline":
            return [p.Coordinates for p in curve.Points]
        case "IfcIndexedPolyCurve" if not any(s.is_a("IfcArcIndex") for s in curve.Segments or ()):
            return list(curve.Points.CoordList)
        case "IfcTrimmedCurve" if curve.BasisCurve.is_a("IfcLine"):
            ends = [*curve.Trim1, *curve.Trim2]
            return [e.Coordinates for e in ends if getattr(e, "is_a", lambda: "")() == "IfcCartesianPoint"]
    return []


def _middle_line(body: Body) -> bytes | None:
    shape = plan(body)
    box = shape.minimum_rotated_rectangle
    if box.geom_type != "Polygon":
        return None
    a, b, c, d = list(box.exterior.coords)[:4]
    if math.dist(a, b) > math.dist(b, c):
        a, b, c, d = b, c, d, a
    ends = sorted(((p[0] + q[0]) / 2, (p[1] + q[1]) / 2) for p, q in ((a, b), (c, d)))
    line = [_position(e, body.lowest_m) for e in ends]
    return geometry.linestring(line) if line[0] != line[1] else None


def place(matrix: Any, body: Body | None) -> bytes:
    """Point Z: the middle of the body at its foot, else the placement."""
    if body is None:
        x, y, z = (float(v) for v in matrix[:3, 3])
    else:
        corners = body.triangles.reshape(-1, 3)
        x, y = (float(v) for v in (corners.min(axis=0) + corners.max(axis=0))[:2] / 2)
        z = body.lowest_m
    return geometry.point(*(round(v, DIGITS) + 0.0 for v in (x, y, z)))
