"""Where a building is, as a map on a page draws it."""

from __future__ import annotations

from typing import Any

from arxos_sync.geometry import to_geojson


def footprint(wkb: bytes | None) -> dict[str, Any] | None:
    return None if wkb is None else to_geojson(wkb)


def centroid(shape: dict[str, Any] | None) -> dict[str, Any] | None:
    """The area-weighted middle of a MultiPolygon's outer rings (shoelace), as a GeoJSON point."""
    if shape is None or not shape["coordinates"]:
        return None
    rings = [polygon[0] for polygon in shape["coordinates"]]
    x0, y0 = rings[0][0][:2]
    area = moment_x = moment_y = 0.0
    for ring in rings:
        for (ax, ay, *_), (bx, by, *_) in zip(ring, ring[1:], strict=False):
            cross = (ax - x0) * (by - y0) - (bx - x0) * (ay - y0)
            area += cross
            moment_x += cross * (ax + bx - 2 * x0)
            moment_y += cross * (ay + by - 2 * y0)
    if area == 0.0:
        return {"type": "Point", "coordinates": [x0, y0]}
    return {"type": "Point", "coordinates": [x0 + moment_x / (3 * area), y0 + moment_y / (3 * area)]}
