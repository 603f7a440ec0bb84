"""A storey's plan as a vector PDF: A3 landscape, 1:150, drawn from the storey's own rows.

`AFFINE` takes a place on the page (PDF points, x to the right and y down from the top left corner) to metres
in the building's frame; it is exact, because the drawing is made with its inverse.
"""

from __future__ import annotations

from typing import Any

from arxos_sync import geometry

from . import Row

PAGE_PT = (1190.55, 841.89)
_SCALE = 150
_METRES_PER_PT = 0.0254 / 72 * _SCALE
_LEFT_PT, _FOOT_PT = 170.0, 650.0  # where the frame's origin stands on the page
AFFINE = {
    "affine_a": _METRES_PER_PT,
    "affine_b": 0.0,
    "affine_c": -_METRES_PER_PT * _LEFT_PT,
    "affine_d": 0.0,
    "affine_e": -_METRES_PER_PT,
    "affine_f": _METRES_PER_PT * _FOOT_PT,
}
_DOT_PT = 1.2
_COLOURS = {
    "hvac": (0.1, 0.4, 0.8),
    "fire": (0.8, 0.1, 0.1),
    "lighting": (0.85, 0.6, 0.0),
    "doors": (0.1, 0.5, 0.2),
}


def to_page(x_m: float, y_m: float) -> tuple[float, float]:
    return x_m / _METRES_PER_PT + _LEFT_PT, _FOOT_PT - y_m / _METRES_PER_PT


def plan_pdf(rows: list[Row]) -> bytes:
    """One storey's plan, from its `storey`, `space` and `element` rows; the same bytes each time."""
    from .mupdf import pymupdf

    storey = next(row for row in rows if row.table == "storey")
    document = pymupdf.open()
    page = document.new_page(width=PAGE_PT[0], height=PAGE_PT[1])
    for row in rows:
        if row.table == "space":
            _draw_space(page, row.set)
    _draw_elements(page, [row.set for row in rows if row.table == "element"])
    page.insert_text((_LEFT_PT, 760), f"{storey.set['name']}   1:{_SCALE}", fontsize=14)
    _draw_scale_bar(page)
    return document.tobytes(garbage=3, deflate=True, no_new_id=True)


def _draw_space(page: Any, space: dict[str, Any]) -> None:
    ring = geometry.to_geojson(space["outline"])["coordinates"][0]
    page.draw_polyline([to_page(x, y) for x, y in ring], color=(0.6, 0.6, 0.6), width=0.3)
    left, foot = to_page(*ring[0])
    page.insert_text((left + 3, foot - 4), f"{space['number']} {space['name']}"[:24], fontsize=4.5)


def _draw_elements(page: Any, elements: list[dict[str, Any]]) -> None:
    shape = page.new_shape()
    for element in elements:
        if element["ifc_class"] == "IfcWall":
            line = geometry.to_geojson(element["geometry"])["coordinates"]
            shape.draw_line(*(to_page(x, y) for x, y, _ in line))
    shape.finish(color=(0, 0, 0), width=1.2)
    for system, colour in _COLOURS.items():
        for element in elements:
            if system in element["systems"]:
                x, y, _ = geometry.to_geojson(element["geometry"])["coordinates"]
                shape.draw_circle(to_page(x, y), _DOT_PT)
        shape.finish(color=colour, width=0.4)
    shape.commit()


def _draw_scale_bar(page: Any) -> None:
    left, right = to_page(0.0, -3.0), to_page(10.0, -3.0)
    page.draw_line(left, right, width=1.5)
    page.insert_text((right[0] + 6, right[1] + 3), "10 m", fontsize=8)
