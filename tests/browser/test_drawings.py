"""A drawing beneath the plan: placed by points or by a length, without a network too, and seen on other devices."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from arxos_sync.messages import Change
from client_kit import attachments
from client_kit.replica import new_id, now_ms
from tests.browser import drawing
from tests.browser.axe import findings
from tests.browser.drawing import Place
from tests.browser.test_photos import carried
from tests.browser.test_plan import ON_SCREEN, open_plan
from tests.browser.visitor import Visitor, kept_offline, wait_for_badge, wait_for_plan
from tests.server.running import wait_for
from tests.site_day import Office, Tablet

BLOB = [5.0, 5.0]
INK_AT = f"""at => ({ON_SCREEN})(at).then(([left, top]) => new Promise(done =>
    requestAnimationFrame(() => requestAnimationFrame(() => {{
        const plan = document.querySelector('arxos-plan'), box = plan.getBoundingClientRect();
        const one = new OffscreenCanvas(1, 1).getContext('2d', {{ willReadFrequently: true }});
        const [x, y] = [left - box.left, top - box.top].map(at => Math.round(at * plan.ratio));
        one.drawImage(plan.canvas, -x, -y);
        done([...one.getImageData(0, 0, 1, 1).data]);
    }}))))"""
AFFINE = [f"affine_{letter}" for letter in "abcdef"]


def blue_at(page: Page, at: Place) -> int:
    """How much more blue than red the plan is at a place."""
    red, _, blue, _ = page.evaluate(INK_AT, at)
    return int(blue - red)


def row_named(url: str, building: str, name: str) -> dict[str, Any]:
    """The floor_plan whose attachment has this name."""
    rows, _ = Office(url, "owner@demo.arxos").pull(building)
    id = next(id for (table, id), row in rows.items() if table == "attachment" and row["name"] == name)
    return next(row for (table, _), row in rows.items() if table == "floor_plan" and row["attachment_id"] == id)


def lies_at(row: dict[str, Any], at: Place) -> float:
    """How far from its true place the drawing has a place of the plan, in metres."""
    (u, v), (a, b, c, d, e, f) = drawing.on_page(at), [row[name] for name in AFFINE]
    return math.hypot(a * u + b * v + c - at[0], d * u + e * v + f - at[1])


def beneath(page: Page, url: str, building: str) -> tuple[list[list[Place]], list[Place]]:
    rooms = drawing.rings(page, building)
    return rooms, drawing.corners(rooms)


@pytest.fixture
def page(visitor: Visitor, url: str, building: str) -> Page:
    return open_plan(visitor, url, building)


def test_a_picture_is_laid_by_three_points_says_its_error_and_may_be_nudged_shown_and_left_out(
    visitor: Visitor, page: Page, url: str, building: str
):
    rooms, (near, right, far, _) = beneath(page, url, building)
    drawing.put(page, drawing.picture(rooms, BLOB), "survey.png")
    drawing.wait_for_view(page, "page", 0)
    assert findings(visitor, page) == []
    drawing.pair(page, near, 1)
    drawing.pair(page, far, 2)
    expect(page.get_by_text("Two points always fit")).to_be_visible()
    page.get_by_role("button", name="Another point").click()
    drawing.pair(page, right, 3)
    drawing.wait_for_view(page, "laid", 3)
    expect(page.get_by_text("off by")).to_contain_text("on average; point")
    assert findings(visitor, page) == []
    before = page.locator("arxos-placing").evaluate("placing => placing.affine")
    page.get_by_role("button", name="Nudge right").click()
    metres = page.evaluate("1 / document.querySelector('arxos-plan').camera.scale")
    after = page.locator("arxos-placing").evaluate("placing => placing.affine")
    assert after[2] - before[2] == pytest.approx(metres) and after[5] == pytest.approx(before[5])
    page.get_by_role("button", name="Nudge left").click()
    drawing.keep(page)
    expect(page.locator(".notice.undo")).to_contain_text("survey.png lies beneath the plan")
    assert blue_at(page, BLOB) > 80
    expect(page.locator("arxos-elements")).to_contain_text("Beneath the plan: survey.png · off by")

    wait_for_badge(page, "saved", pending=0)
    row = row_named(url, building, "survey.png")
    assert 0 < row["rms_error_m"] < 0.1
    assert all(lies_at(row, at) < 0.15 for at in drawing.corners(rooms))

    page.get_by_role("button", name="Drawings beneath the plan").click()
    assert findings(visitor, page) == []
    page.get_by_label("How strongly it shows").fill("10")
    faint = blue_at(page, BLOB)
    assert 0 < faint < 40
    page.get_by_label("Show the drawing").uncheck()
    expect(page.locator("arxos-elements .beneath")).to_be_hidden()
    assert blue_at(page, BLOB) < 5
    page.reload()
    wait_for_plan(page)
    page.get_by_role("button", name="Drawings beneath the plan").click()
    expect(page.get_by_label("Show the drawing")).not_to_be_checked()
    page.get_by_label("Show the drawing").check()
    wait_for(lambda: blue_at(page, BLOB) == faint, 45)
    page.get_by_label("Harbour House - Ground floor.pdf").check()
    wait_for(lambda: blue_at(page, BLOB) < 5, 45)
    expect(page.locator("arxos-elements .beneath")).to_contain_text("Harbour House")


def test_without_a_network_a_picture_is_put_and_placed_survives_a_reload_and_then_shows_elsewhere(
    visitor: Visitor, page: Page, browser: Browser, url: str, building: str
):
    rooms, (near, _, far, _) = beneath(page, url, building)
    kept_offline(page)
    wait_for_badge(page, "saved")
    visitor.context.set_offline(True)
    content = drawing.picture(rooms, BLOB)
    drawing.put(page, content, "cellar.png")
    drawing.pair(page, near, 1)
    drawing.pair(page, far, 2)
    drawing.wait_for_view(page, "laid", 2)
    drawing.keep(page)
    page.reload()
    wait_for_plan(page)
    wait_for(lambda: blue_at(page, BLOB) > 80, 45)
    visitor.context.set_offline(False)
    wait_for_badge(page, "saved", pending=0)
    wait_for(lambda: row_named(url, building, "cellar.png")["affine_a"] is not None)

    other = Visitor(browser, url)
    seen = open_plan(other, url, building)
    wait_for(lambda: blue_at(seen, BLOB) > 80, 45)
    kept_offline(seen)
    other.context.set_offline(True)
    seen.reload()
    wait_for_plan(seen)
    wait_for(lambda: blue_at(seen, BLOB) > 80, 45)
    other.leave()
    assert other.complaints == []

    page.get_by_role("button", name="Drawings beneath the plan").click()
    page.get_by_role("button", name="Place it anew").click()
    drawing.wait_for_view(page, "laid", 0)
    before = row_named(url, building, "cellar.png")["affine_f"]
    page.get_by_role("button", name="Nudge up").click()
    drawing.keep(page)
    wait_for_badge(page, "saved", pending=0)
    wait_for(lambda: row_named(url, building, "cellar.png")["affine_f"] > before)
    page.locator(".notice.undo").get_by_role("button", name="Undo").click()
    wait_for(lambda: row_named(url, building, "cellar.png")["affine_f"] == before)


def test_a_pdf_waits_for_the_server_is_then_placed_by_its_second_page_and_a_newer_revision_takes_its_place(
    visitor: Visitor, page: Page, url: str, building: str
):
    rooms, (near, _, far, _) = beneath(page, url, building)
    kept_offline(page)
    wait_for_badge(page, "saved")
    visitor.context.set_offline(True)
    drawing.put(page, drawing.pdf(rooms, blank_pages=1), "plans.pdf", "application/pdf")
    expect(page.locator(".beneath-note")).to_contain_text("once it has been sent")
    expect(page.get_by_role("button", name="Place it")).to_be_disabled()
    visitor.context.set_offline(False)
    drawing.wait_for_view(page, "page", 0)  # by itself, when its picture has come
    page.get_by_label("Page").fill("3")
    page.get_by_label("Page").press("Enter")
    expect(page.get_by_text("There is no picture of page 3.")).to_be_visible()
    page.get_by_label("Page").fill("2")
    page.get_by_label("Page").press("Enter")
    page.wait_for_function(f"() => document.querySelector('arxos-placing').number === 2 && {drawing.SIZE[0]} > 0")
    drawing.pair(page, near, 1)
    drawing.pair(page, far, 2)
    expect(page.get_by_text("Scale about 1 :")).to_be_visible()
    drawing.keep(page)
    wait_for_badge(page, "saved", pending=0)
    row = row_named(url, building, "plans.pdf")
    assert row["page"] == 2 and all(lies_at(row, at) < 0.15 for at in drawing.corners(rooms))

    drawing.put(page, drawing.picture(rooms, BLOB), "plans-b.png", where="newer")
    drawing.wait_for_view(page, "page", 0)
    assert row_named(url, building, "plans.pdf"), "it lies there until the newer one is placed"
    page.get_by_role("button", name="As the revision before").click()
    drawing.wait_for_view(page, "laid", 0)
    drawing.keep(page)
    page.get_by_role("button", name="Drawings beneath the plan").click()
    expect(page.locator(".drawings")).to_contain_text("plans-b.png")
    expect(page.locator(".drawings")).not_to_contain_text("plans.pdf")
    assert blue_at(page, BLOB) > 80


def test_a_drawing_whose_bytes_have_not_come_says_where_they_are_and_appears_when_they_come(
    page: Page, url: str, building: str, tmp_path: Path
):
    rooms, _ = beneath(page, url, building)
    storey = page.locator("arxos-plan").get_attribute("data-storey")
    tablet = Tablet.new(tmp_path / "tablet", url, "reviewer@demo.arxos")
    tablet.subscribe(building)
    tablet.sync()
    (tmp_path / "theirs.png").write_bytes(drawing.picture(rooms, [BLOB[0] + 0.1, BLOB[1]]))  # bytes of its own
    change = attachments.attachment(tablet.home, building, tmp_path / "theirs.png", f"storey/{storey}")
    place = dict(zip(AFFINE, drawing.affine(), strict=True))
    plan = Change("floor_plan", new_id(), "insert", set={"storey_id": storey, "attachment_id": change.id, **place})
    tablet.home.replica(building).record([change, plan], now_ms(), None)
    tablet.sync()  # the rows alone
    expect(page.locator("arxos-elements .beneath")).to_contain_text("theirs.png")
    expect(page.locator(".beneath-note")).to_contain_text("theirs.png: Not here yet, on Rita Reviewer’s device")
    assert blue_at(page, BLOB) < 5
    carried(tablet)
    wait_for(lambda: blue_at(page, BLOB) > 80, 45)
    expect(page.locator(".beneath-note")).to_be_hidden()


def test_points_too_close_are_refused_and_a_drawing_seen_from_behind_is_offered_its_mirror(
    page: Page, url: str, building: str
):
    rooms, (near, right, far, _) = beneath(page, url, building)
    drawing.put(page, drawing.picture(rooms, mirrored=True), "behind.png")
    drawing.pair(page, near, 1, mirrored=True)
    drawing.wait_for_view(page, "page", 1)
    drawing.tap_page(page, drawing.on_page([near[0] + 0.05, near[1]], mirrored=True))
    drawing.wait_for_view(page, "plan", 1)
    drawing.tap_plan(page, far)
    expect(page.get_by_text("too close together on the drawing")).to_be_visible()
    drawing.pair(page, far, 2, mirrored=True)
    page.get_by_role("button", name="Another point").click()
    drawing.pair(page, right, 3, mirrored=True)
    expect(page.get_by_text("Mirrored it would fit much better.")).to_be_visible()
    page.get_by_role("button", name="Mirror it").click()
    expect(page.get_by_text("Mirrored it would fit")).to_be_hidden()
    rest = page.locator("arxos-placing").evaluate(
        "async placing => (await import('/view/calibration.js')).restOf(placing.affine, placing.pairs)"
    )
    assert rest < 0.1
    page.keyboard.press("Escape")
    expect(page.locator("arxos-placing")).to_be_hidden()
    expect(page.get_by_role("button", name="Measure", exact=True)).to_be_visible()


def test_where_nothing_is_drawn_a_known_length_lays_it_and_a_manager_takes_it_away_and_back(
    browser: Browser, url: str, building: str
):
    office = Office(url, "owner@demo.arxos")
    attic = {"set": {"name": "Attic", "level": 30}}
    office.http.post(f"/api/v1/buildings/{building}/storey", json=attic).raise_for_status()
    visitor = Visitor(browser, url)
    page = visitor.login("owner@demo.arxos")
    page.goto(f"{url}/b/{building}")
    page.locator("arxos-storeys").get_by_role("button", name="Attic").click()
    expect(page.get_by_text("Nothing has been drawn on this storey yet.")).to_be_visible()
    wide = [[0.0, 0.0], [20.0, 0.0], [20.0, 12.0], [0.0, 12.0], [0.0, 0.0]]
    drawing.put(page, drawing.picture([wide], BLOB), "attic.png")
    drawing.wait_for_view(page, "page", 0)
    expect(page.get_by_text("Tap one end of a length you know.")).to_be_visible()
    drawing.tap_page(page, drawing.on_page([0.0, 0.0]))
    expect(page.get_by_text("Tap the other end.")).to_be_visible()
    drawing.tap_page(page, drawing.on_page([20.0, 0.0]))
    page.get_by_label("Length (m)").fill("many")
    page.get_by_role("button", name="Lay it so").click()
    expect(page.get_by_text("A length is wanted")).to_be_visible()
    page.get_by_label("Length (m)").fill("20")
    page.get_by_role("button", name="Lay it so").click()
    drawing.wait_for_view(page, "laid", 0)
    drawing.keep(page)
    wait_for_badge(page, "saved", pending=0)
    row = row_named(url, building, "attic.png")
    assert math.hypot(row["affine_a"], row["affine_b"]) == pytest.approx(1 / drawing.PX_M, rel=0.02)
    upright = [BLOB[0] * math.cos(drawing.TURN) + BLOB[1] * math.sin(drawing.TURN),
               BLOB[1] * math.cos(drawing.TURN) - BLOB[0] * math.sin(drawing.TURN)]  # fmt: skip
    assert blue_at(page, upright) > 80

    page.get_by_role("button", name="Drawings beneath the plan").click()
    page.get_by_role("button", name="Remove it").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_text("No drawing lies beneath this storey yet.")).to_be_visible()
    page.locator(".notice.undo").get_by_role("button", name="Undo").click()
    expect(page.locator(".drawings")).to_contain_text("attic.png")
    wait_for(lambda: blue_at(page, upright) > 80, 45)
    visitor.leave()
    assert visitor.complaints == []
