"""Harbour House: a twelve-storey office by the water that does not exist, for demonstrations and for trials.

Pure: the same seed and the same ids give the same rows, in an order in which every parent precedes its
children. Storeys are a basement, a ground floor, offices, and a storey of plant under the roof.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Any

from arxos_sync import geometry

from . import Row
from . import demo_layout as layout
from . import demo_things as things
from .demo_plan import AFFINE, plan_pdf
from .demo_tasks import tasks
from .map_projection import from_utm

NAME = "Harbour House"
_EPSG, _EASTING_M, _NORTHING_M, _HEIGHT_M, _TURN_DEG = 25832, 566_234.0, 5_932_942.0, 7.5, -17.0
_OUTLINE = (
    (0.0, 0.0),
    (layout.WIDTH_M, 0.0),
    (layout.WIDTH_M, layout.DEPTH_M),
    (0.0, layout.DEPTH_M),
    (0.0, 0.0),
)
_COVERED = (
    "office",
    "meeting",
    "kitchen",
    "corridor",
    "circulation",
    "store",
    "toilet",
    "technical",
    "plant",
)
_AIRED = ("office", "meeting", "kitchen", "toilet", "circulation")


def demo_building(seed: int, storeys: int, ids: Callable[[], str]) -> Iterator[Row]:
    """Rows whose `key` is their id, in the catalogue's columns; geometry is WKB. At least three storeys."""
    assert storeys >= 3, storeys
    dice = Random(seed)
    yield Row("building", ids(), _building(storeys))
    for kind, name in things.SYSTEMS:
        yield Row("system", ids(), {"kind": kind, "name": name})
    rows: list[Row] = []
    for level in range(-1, storeys - 1):
        rows += _storey(level, storeys - 2, ids, dice)
    yield from rows
    yield from tasks(rows, ids, dice)


def plan_files(rows: Iterable[Row]) -> dict[str, bytes]:
    """The PDF of every plan among the rows of `demo_building`, by its SHA-256."""
    of_storey: dict[str, list[Row]] = {}
    for row in rows:
        storey = row.key if row.table == "storey" else row.set.get("storey_id")
        if storey is not None and row.table in ("storey", "space", "element"):
            of_storey.setdefault(storey, []).append(row)
    pages = [plan_pdf(group) for group in of_storey.values()]
    return {hashlib.sha256(page).hexdigest(): page for page in pages}


def _building(storeys: int) -> dict[str, Any]:
    turn = math.radians(_TURN_DEG)
    cos, sin = math.cos(turn), math.sin(turn)
    grid = [(_EASTING_M + cos * x - sin * y, _NORTHING_M + sin * x + cos * y) for x, y in _OUTLINE]
    ring = [tuple(round(degree, 9) for degree in from_utm(_EPSG, *place)) for place in grid]
    return {
        "name": NAME,
        "code": "HH-01",
        "street": "Kaispeicherweg",
        "house_number": "12",
        "postal_code": "20457",
        "city": "Hamburg",
        "region": "Hamburg",
        "country": "DE",
        "description": "A demonstration building. Nobody works here.",
        "timezone": "Europe/Berlin",
        "unit_system": "metric",
        "visibility": "public",
        "year_built": 2017,
        "gross_area_m2": layout.WIDTH_M * layout.DEPTH_M * storeys,
        "status": "in_use",
        "eastings": _EASTING_M,
        "northings": _NORTHING_M,
        "orthogonal_height": _HEIGHT_M,
        "x_axis_abscissa": cos,
        "x_axis_ordinate": sin,
        "scale": 1.0,
        "epsg": _EPSG,
        "properties": {
            "Pset_BuildingCommon.NumberOfStoreys": storeys,
            "Pset_BuildingCommon.OccupancyType": "Office",
        },
        "footprint": geometry.multipolygon([[ring]]),
    }


def _storey(level: int, top: int, ids: Callable[[], str], dice: Random) -> list[Row]:
    cells = layout.cells(level, top)
    storey = Row(
        "storey",
        ids(),
        {
            "name": {-1: "Basement", 0: "Ground floor", top: "Plant floor"}.get(level, f"Floor {level}"),
            "level": level,
            "elevation_m": layout.elevation_m(level),
            "height_m": layout.height_m(level),
            "outline": geometry.polygon([_OUTLINE]),
        },
    )
    spaces = [Row("space", ids(), _space(storey, cell, n)) for n, cell in enumerate(cells, start=1)]
    placing = _Placing(storey, level, ids, dice)
    placing.shell(cells, spaces)
    for cell, space in zip(cells, spaces, strict=True):
        placing.furnish(cell, space.key)
    drawn = [storey, *spaces, *placing.rows]
    return [*drawn, *_plan_rows(storey, drawn, ids)]


def _space(storey: Row, cell: layout.Cell, number: int) -> dict[str, Any]:
    x0, y0, x1, y1 = cell.room
    level = storey.set["level"]
    return {
        "storey_id": storey.key,
        "number": f"{'U1' if level < 0 else level}.{number:02}",
        "name": cell.name,
        "usage": cell.usage,
        "area_m2": round((x1 - x0) * (y1 - y0), 3),
        "height_m": round(storey.set["height_m"] - 0.75, 3),
        "properties": {"Pset_SpaceCommon.PubliclyAccessible": level == 0 and cell.usage == "circulation"},
        "outline": geometry.polygon([[(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]]),
    }


def _plan_rows(storey: Row, drawn: list[Row], ids: Callable[[], str]) -> list[Row]:
    pdf = plan_pdf(drawn)
    attachment = Row(
        "attachment",
        ids(),
        {
            "sha256": hashlib.sha256(pdf).hexdigest(),
            "media_type": "application/pdf",
            "byte_size": len(pdf),
            "name": f"{NAME} - {storey.set['name']}.pdf",
            "target_table": "storey",
            "target_id": storey.key,
        },
    )
    plan = {
        "storey_id": storey.key,
        "attachment_id": attachment.key,
        "page": 1,
        "revision": "A",
        "rms_error_m": 0.0,
    }
    return [attachment, Row("floor_plan", ids(), {**plan, **AFFINE})]


class _Placing:
    """The elements of one storey as they are put in, each kind counted for its tags."""

    def __init__(self, storey: Row, level: int, ids: Callable[[], str], dice: Random) -> None:
        self.storey, self.level, self.ids, self.dice = storey, level, ids, dice
        self.rows: list[Row] = []
        self.counted: dict[str, int] = {}

    def shell(self, cells: list[layout.Cell], spaces: list[Row]) -> None:
        floor_m = self.storey.set["elevation_m"]
        for (x0, y0), (x1, y1) in layout.wall_lines(cells):
            line = geometry.linestring([(x0, y0, floor_m), (x1, y1, floor_m)])
            self._add(things.WALL, line, 90.0 if x0 == x1 else 0.0, None)
        for cell, space in zip(cells, spaces, strict=True):
            if cell.door is not None:
                self._at(things.DOOR, cell.door[0], space.key, heading_deg=cell.door[1])
        if self.level < 0:
            return
        for place, heading_deg in layout.window_places():
            self._at(things.WINDOW, place, None, heading_deg=heading_deg)

    def furnish(self, cell: layout.Cell, space: str) -> None:
        x0, y0, x1, y1 = cell.room
        if cell.usage in _COVERED:
            self._spread(things.LUMINAIRE, cell, space, 18.0)
            self._spread(things.SPRINKLER, cell, space, 21.0, shift_m=0.4)
            self._spread(things.DETECTOR, cell, space, 60.0, shift_m=-0.4)
        if cell.usage in _AIRED:
            self._spread(things.AIR_TERMINAL, cell, space, 30.0, shift_m=0.8)
        if cell.usage in ("office", "meeting"):
            self._spread(things.FLOOR_BOX, cell, space, 20.0, shift_m=-0.8)
            self._radiators(cell, space)
        if cell.usage == "corridor":
            self._at(things.EXTINGUISHER, (x0 + 0.3, y0 + 0.3), space)
            self._at(things.CALL_POINT, (x1 - 0.3, y1 - 0.3), space)
            self._at(things.ACCESS_POINT, ((x0 + x1) / 2, (y0 + y1) / 2 + 0.5), space)
        if cell.name == "Electrical riser":
            self._at(things.SUB_BOARD, (x0 + 0.3, (y0 + y1) / 2), space)
        if cell.usage == "toilet":
            self._row_of(things.BASIN, cell, space, x0 + 0.35)
            self._row_of(things.PAN, cell, space, x1 - 0.45)
        for kind, count in things.PLANT.get(cell.name, ()):
            self._in_line(kind, cell, space, count)

    def _spread(
        self, kind: things.Kind, cell: layout.Cell, space: str, area_m2: float, shift_m: float = 0.0
    ) -> None:
        for x, y in layout.spread(cell.room, area_m2):
            self._at(kind, (x + shift_m, y), space)

    def _radiators(self, cell: layout.Cell, space: str) -> None:
        """One under each window of the room's front."""
        x0, y0, x1, y1 = cell.room
        front_y = y0 + 0.15 if y0 < layout.DEPTH_M / 2 else y1 - 0.15
        for x in sorted({x for (x, _), heading_deg in layout.window_places() if heading_deg == 0.0}):
            if x0 < x < x1 and y1 - y0 < 7.0:  # the rooms at the ends have their windows on the short side
                self._at(things.RADIATOR, (x, front_y), space)

    def _row_of(self, kind: things.Kind, cell: layout.Cell, space: str, x: float) -> None:
        _, y0, _, y1 = cell.room
        for n in range(2):
            self._at(kind, (x, y0 + (y1 - y0) * (n + 1) / 3), space, heading_deg=90.0)

    def _in_line(self, kind: things.Kind, cell: layout.Cell, space: str, count: int) -> None:
        x0, y0, x1, y1 = cell.room
        y = y0 + (y1 - y0) * (0.35 if kind is things.PUMP else 0.65)
        for n in range(count):
            self._at(kind, (x0 + (x1 - x0) * (n + 1) / (count + 1), y), space)

    def _at(
        self, kind: things.Kind, place: layout.Place, space: str | None, heading_deg: float = 0.0
    ) -> None:
        up_m = min(kind.up_m, self.storey.set["height_m"] - 0.85)
        z = round(self.storey.set["elevation_m"] + up_m, 3)
        self._add(kind, geometry.point(round(place[0], 3), round(place[1], 3), z), heading_deg, space)

    def _add(self, kind: things.Kind, wkb: bytes, heading_deg: float, space: str | None) -> None:
        number = self.counted[kind.prefix] = self.counted.get(kind.prefix, 0) + 1
        tag = f"{kind.prefix}-{'U1' if self.level < 0 else f'{self.level:02}'}-{number:03}"
        where = {"storey_id": self.storey.key, "space_id": space, "geometry": wkb, "heading_deg": heading_deg}
        self.rows.append(Row("element", self.ids(), {**where, **things.sheet(kind, tag, self.dice)}))
