"""A drawing of a storey as somebody has it: a picture or a PDF, drawn from the rooms themselves, turned, at a scale."""

from __future__ import annotations

import io
import math

import pymupdf
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from tests.browser.test_plan import ON_SCREEN, ROOMS

PX_M = 40.0
SIZE = (2400, 1800)
TURN = math.radians(7)
BLOB_M = 0.6
BLUE = (30, 30, 255)
PAGE_ON_SCREEN = f"""([u, v]) => import('/view/calibration.js').then(c => {{
    const placing = document.querySelector('arxos-placing');
    return ({ON_SCREEN})(c.applied(placing.desk, [u, v]));
}})"""
Place = list[float]


def on_page(at: Place, mirrored: bool = False) -> Place:
    """Where the drawing has a place of the plan: turned clockwise about the plan's zero point, and from behind."""
    x, y = at[0] * math.cos(TURN) + at[1] * math.sin(TURN), at[1] * math.cos(TURN) - at[0] * math.sin(TURN)
    return [(SIZE[0] - 150 - x * PX_M) if mirrored else 150 + x * PX_M, SIZE[1] - 400 - y * PX_M]


def affine() -> list[float]:
    """floor_plan's, of the drawing that is not mirrored: metres from its pixels."""
    k, cos, sin = 1 / PX_M, math.cos(TURN), math.sin(TURN)
    left, foot = 150, SIZE[1] - 400
    return [k * cos, k * sin, -k * (cos * left + sin * foot), k * sin, -k * cos, k * (cos * foot - sin * left)]


def rings(page: Page, building: str) -> list[list[Place]]:
    found: list[tuple[str, list[Place]]] = page.evaluate(ROOMS, building)
    return [ring for _, ring in found]


def corners(rooms: list[list[Place]]) -> list[Place]:
    """Four of the storey, and the first is that nearest to zero."""
    xs, ys = [at[0] for ring in rooms for at in ring], [at[1] for ring in rooms for at in ring]
    return [[min(xs), min(ys)], [max(xs), min(ys)], [max(xs), max(ys)], [min(xs), max(ys)]]


def picture(rooms: list[list[Place]], blob: Place | None = None, mirrored: bool = False) -> bytes:
    image = Image.new("RGB", SIZE, "white")
    pen = ImageDraw.Draw(image)
    for ring in rooms:
        pen.line([tuple(on_page(at, mirrored)) for at in ring], fill="black", width=4)
    if blob:
        (left, top), r = on_page(blob, mirrored), BLOB_M * PX_M
        pen.ellipse((left - r, top - r, left + r, top + r), fill=BLUE)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def pdf(rooms: list[list[Place]], blank_pages: int = 0) -> bytes:
    """A unit of its page is a pixel of the picture's."""
    document = pymupdf.open()
    for _ in range(blank_pages):
        document.new_page(width=595, height=842)
    page = document.new_page(width=SIZE[0], height=SIZE[1])
    for ring in rooms:
        page.draw_polyline([tuple(on_page(at)) for at in ring], width=3)
    return document.tobytes()


# ---------------------------------------------------------------- what people do with it


def put(page: Page, content: bytes, name: str, kind: str = "image/png", where: str = "put") -> None:
    card = page.locator(".drawings-card")
    if not card.is_visible():
        page.get_by_role("button", name="Drawings beneath the plan").click()
    file = {"name": name, "mimeType": kind, "buffer": content}
    page.locator(f"#drawing-{where}").set_input_files([file])  # type: ignore[list-item]


def wait_for_view(page: Page, view: str, pairs: int) -> None:
    page.wait_for_selector(f'arxos-placing[data-view="{view}"][data-pairs="{pairs}"]')


def tap_page(page: Page, at: Place) -> None:
    left, top = page.evaluate(PAGE_ON_SCREEN, at)
    page.mouse.click(left, top)


def tap_plan(page: Page, at: Place) -> None:
    left, top = page.evaluate(ON_SCREEN, at)
    page.mouse.click(left, top)


def show_all(page: Page) -> None:
    page.get_by_role("button", name="Show all").click()


def pair(page: Page, place: Place, number: int, mirrored: bool = False) -> None:
    """The place on the drawing, then on the plan; `number` counts from 1."""
    wait_for_view(page, "page", number - 1)
    show_all(page)
    tap_page(page, on_page(place, mirrored))
    wait_for_view(page, "plan", number - 1)
    show_all(page)
    tap_plan(page, place)


def keep(page: Page) -> None:
    page.get_by_role("button", name="Keep it so").click()
    expect(page.locator("arxos-placing")).to_be_hidden()
