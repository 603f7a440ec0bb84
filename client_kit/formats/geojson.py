"""GeoJSON (RFC 7946): one FeatureCollection, a feature a row, its table under `properties.table`.

The standard knows longitude and latitude alone. A building that nothing puts on the earth is written in its own metres
all the same, and the collection says so in the foreign member `arxos`, which stands before the features:

    building, name   which building
    sequence         the sequence of it that the rows are of
    coordinates      "wgs84": degrees, heights in metres; "building": metres of the building's own frame
    placed           what put it there: "georeference" (IfcMapConversion), "footprint" (its middle, x east), or null
    storeys          ids of the storeys that were asked for; null: the whole building

Rows without a place have a null geometry (§3.2). Rings turn as §3.1.6 wants them: outer ones counter-clockwise.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from .exported import About, Rows, told

MEDIA_TYPE = "application/geo+json"
_encode = msgspec.json.Encoder().encode


def write(file: Path, about: About, rows: Rows) -> None:
    with file.open("wb") as out:
        out.write(b'{"type":"FeatureCollection","arxos":' + _encode(_member(about)) + b',"features":[')
        between = b"\n"
        for table, those in rows:
            columns = [column.name for column in told(table) if column.name != "id"]
            place = table.geometries[0].name if table.geometries else None
            for row in those:
                geometry = row.get(place) if place else None
                out.write(between + _encode({
                    "type": "Feature",
                    "id": row["id"],
                    "geometry": None if geometry is None else wound(geometry),
                    "properties": {"table": table.name} | {name: row[name] for name in columns},
                }))  # fmt: skip
                between = b",\n"
        out.write(b"\n]}\n")


def _member(about: About) -> dict[str, Any]:
    return {
        "building": about.building, "name": about.name, "sequence": about.sequence,
        "coordinates": "building" if about.placed is None else "wgs84", "placed": about.placed,
        "storeys": about.storeys,
    }  # fmt: skip


def wound(geometry: dict[str, Any]) -> dict[str, Any]:
    """The geometry with outer rings counter-clockwise and inner ones clockwise."""
    match geometry["type"]:
        case "Polygon":
            return geometry | {"coordinates": _rings(geometry["coordinates"])}
        case "MultiPolygon":
            return geometry | {"coordinates": [_rings(rings) for rings in geometry["coordinates"]]}
    return geometry


def _rings(rings: list[Any]) -> list[Any]:
    return [ring if (_area(ring) >= 0) is (place == 0) else ring[::-1] for place, ring in enumerate(rings)]


def _area(ring: list[Any]) -> float:
    """Twice the signed area, reckoned from its first corner: degrees far from zero lose no digits."""
    x, y = ring[0][0], ring[0][1]
    return sum(
        (a[0] - x) * (b[1] - y) - (b[0] - x) * (a[1] - y) for a, b in zip(ring, ring[1:], strict=False)
    )  # fmt: skip
