"""From a building's own metres to the earth, and back for a box that asks.

Where the building is georeferenced (IfcMapConversion: eastings, northings, the direction of the x axis, scale, EPSG
code), a position is turned, scaled and moved into that map grid, and the database's PROJ does the rest. Else the frame
stands at the middle of the footprint, x east and y north, by the lengths of a degree on the ellipsoid there: within 200
m of it an error of some millimetres beside the tangent plane's, which is what "somewhere on this footprint" is worth.
Heights are above the building's datum, plus its orthogonal height where there is one.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import Any

import msgspec

from arxos_sync import geometry
from arxos_sync.problems import Unreadable
from arxos_sync.store import Point, Row, ServerStore
from client_kit.formats.map_projection import metres_per_degree

from ..buildings import places

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
WINDOW_M = 100_000.0  # nothing of a building is farther from its origin
_EDGE_STEPS = 8  # what is straight in one system is bent in another
_WORLD = {4326: (-180.0, -90.0, 180.0, 90.0), 3857: (-20_037_508.34, -20_037_508.34, 20_037_508.34, 20_037_508.34)}
Box = tuple[float, float, float, float]


class Frame(msgspec.Struct, frozen=True):
    """x′ = xx·x + xy·y + x0, y′ = yx·x + yy·y + y0 in the system `epsg`; z′ = scale·z + z0."""

    epsg: int
    xx: float = 1.0
    xy: float = 0.0
    yx: float = 0.0
    yy: float = 1.0
    x0: float = 0.0
    y0: float = 0.0
    scale: float = 1.0
    z0: float = 0.0
    local: bool = True

    def out(self, x: float, y: float) -> Point:
        return self.xx * x + self.xy * y + self.x0, self.yx * x + self.yy * y + self.y0

    def back(self, x: float, y: float) -> Point:
        area = self.xx * self.yy - self.xy * self.yx
        x, y = x - self.x0, y - self.y0
        return (self.yy * x - self.xy * y) / area, (self.xx * y - self.yx * x) / area


DEGREES = Frame(4326, local=False)


def frame_of(store: ServerStore, building: Row) -> Frame | None:
    """Where the building's metres are; None where neither a georeference nor a footprint says so."""
    values = building.values
    east, north, epsg = values.get("eastings"), values.get("northings"), values.get("epsg")
    height = values.get("orthogonal_height") or 0.0
    if east is not None and north is not None and epsg is not None and store.axes(epsg) is not None:
        along, up = values.get("x_axis_abscissa"), values.get("x_axis_ordinate")
        along, up = (1.0, 0.0) if along is None or up is None or not math.hypot(along, up) else (along, up)
        scale = values.get("scale") or 1.0
        turn = scale / math.hypot(along, up)
        along, up = along * turn, up * turn
        return Frame(epsg, along, -up, up, along, east, north, scale, height)
    middle = places.centroid(places.footprint(values.get("footprint")))
    if middle is None:
        return None
    lon, lat = middle["coordinates"]
    across, along = metres_per_degree(lat)
    return Frame(4326, 1 / across, 0.0, 0.0, 1 / along, lon, lat, 1.0, height)


# ---------------------------------------------------------------- reference systems


def uri(epsg: int) -> str:
    return f"{_EPSG}{epsg}"


def offered(frame: Frame) -> list[str]:
    return list(dict.fromkeys([CRS84, uri(4326), uri(3857), uri(frame.epsg)]))


def chosen(store: ServerStore, frame: Frame, name: str, given: str | None) -> tuple[str, int, bool]:
    """(URI, EPSG code, whether north comes first) of a `crs` parameter. Raises Unreadable."""
    wanted = given or CRS84
    if wanted not in offered(frame):
        raise Unreadable([(f"$.{name}", f"one of {', '.join(offered(frame))}")])
    if wanted == CRS84:
        return wanted, 4326, False
    epsg = int(wanted.removeprefix(_EPSG))
    return wanted, epsg, store.axes(epsg) == "ne"


# ---------------------------------------------------------------- geometries out


def placed(store: ServerStore, frame: Frame, shapes: list[dict[str, Any]], epsg: int, flipped: bool) -> list[Any]:
    """GeoJSON geometries of the frame in a reference system, all their positions at once."""
    moved = copy.deepcopy(shapes)
    positions = [position for shape in moved for position in _positions(shape)]
    points = store.transformed([frame.out(p[0], p[1]) for p in positions], frame.epsg, epsg)
    for position, (x, y) in zip(positions, points, strict=True):
        position[:2] = (y, x) if flipped else (x, y)
        if len(position) == 3:
            position[2] = frame.scale * position[2] + frame.z0
    return moved


def _positions(shape: dict[str, Any]) -> Iterator[list[float]]:
    if shape["type"] == "GeometryCollection":
        for member in shape["geometries"]:
            yield from _positions(member)
    else:
        yield from _within(shape["coordinates"])


def _within(coordinates: list[Any]) -> Iterator[list[float]]:
    if coordinates and not isinstance(coordinates[0], (list, tuple)):
        yield coordinates
        return
    for part in coordinates:
        yield from _within(part)


# ---------------------------------------------------------------- a box in


def area_of(store: ServerStore, frame: Frame, box: Box, epsg: int) -> bytes | None:
    """A box of a reference system as WKB in the frame; None where it holds nothing of it.

    It is first cut to what can be told in both systems. A box in degrees may cross the date line: west above east.
    """
    whole = _window(store, frame, epsg)
    west, south, east, north = box
    boxes = [box] if west <= east else [(west, south, 180.0, north), (-180.0, south, east, north)]
    rings = []
    for one in boxes:
        cut = (max(one[0], whole[0]), max(one[1], whole[1]), min(one[2], whole[2]), min(one[3], whole[3]))
        if cut[0] <= cut[2] and cut[1] <= cut[3]:
            points = store.transformed(_ring(cut), epsg, frame.epsg)
            rings.append([[frame.back(*point) for point in points]])
    return geometry.multipolygon(rings) if rings else None


def _window(store: ServerStore, frame: Frame, epsg: int) -> Box:
    """What of a reference system the frame can reach."""
    if not frame.local or (epsg == 4326 and frame.epsg == 4326):
        return _WORLD[epsg]
    ring = [frame.out(x, y) for x, y in _ring((-WINDOW_M, -WINDOW_M, WINDOW_M, WINDOW_M))]
    points = store.transformed(ring, frame.epsg, epsg)
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def _ring(box: Box) -> list[Point]:
    west, south, east, north = box
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    ring = [
        (ax + (bx - ax) * step / _EDGE_STEPS, ay + (by - ay) * step / _EDGE_STEPS)
        for (ax, ay), (bx, by) in zip(corners, corners[1:], strict=False)
        for step in range(_EDGE_STEPS)
    ]
    return [*ring, corners[0]]
