"""Drawing on a photo as a person does: with a hand on the picture, in the viewer that is open."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image
from playwright.sync_api import Locator, Page, expect

STAGE = "arxos-markup .stage svg"


def plain_photo(shade: int = 150, size: tuple[int, int] = (800, 600)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (shade, shade, shade)).save(out, "JPEG", quality=90)
    return out.getvalue()


def open_photo(page: Page) -> Locator:
    page.locator("arxos-photos .photo-frame img:not(.preview)").first.wait_for()
    page.locator("arxos-photos .photo-frame").first.click()
    page.wait_for_selector(STAGE)
    return page.locator("arxos-markup")


def take(page: Page, tool: str, colour: str = "red") -> None:
    page.locator(f"arxos-markup input[name=tool][value={tool}]").locator("..").click()
    page.locator(f"arxos-markup input[name=colour][value={colour}]").locator("..").click()


def at(page: Page, across: float, down: float) -> tuple[float, float]:
    """A place of the picture on the screen."""
    place: list[float] = page.evaluate(
        """([stage, across, down]) => { const svg = document.querySelector(stage);
           const { x, y } = new DOMPoint(across * 1000, down * svg.high).matrixTransform(svg.getScreenCTM());
           return [x, y]; }""",
        [STAGE, across, down],
    )
    return place[0], place[1]


def drag(page: Page, *places: tuple[float, float]) -> None:
    page.mouse.move(*at(page, *places[0]))
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*at(page, *place), steps=4)
    page.mouse.up()


def drag_by_finger(page: Page, *places: tuple[float, float]) -> None:
    session = page.context.new_cdp_session(page)
    for number, place in enumerate(places):
        left, top = at(page, *place)
        kind = "touchMove" if number else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": left, "y": top}]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def pieces(page: Page) -> Locator:
    return page.locator("arxos-markup .pieces li")


def write(page: Page, across: float, down: float, words: str, colour: str = "yellow") -> None:
    take(page, "text", colour)
    page.mouse.click(*at(page, across, down))
    page.locator("#piece-words").fill(words)
    page.locator("#piece-words").press("Enter")
    expect(pieces(page).filter(has_text=words)).to_have_count(1)


def colours_around(page: Page, across: float, down: float) -> set[tuple[int, int, int]]:
    """What is really seen within three pixels of a place, and ten up and down: the chosen piece's line has gaps."""
    left, top = at(page, across, down)
    seen = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    part = seen.crop((int(left) - 3, int(top) - 10, int(left) + 4, int(top) + 11))
    return {part.getpixel((x, y)) for x in range(part.width) for y in range(part.height)}  # type: ignore[misc]


def colour_at(page: Page, across: float, down: float) -> tuple[int, int, int]:
    """What is really seen at a place of the picture."""
    left, top = at(page, across, down)
    seen: Any = Image.open(io.BytesIO(page.screenshot())).convert("RGB").getpixel((int(left), int(top)))
    return seen
