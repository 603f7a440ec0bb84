"""The plan: what is measured on it, what of it is seen, how it is turned, and that it can all be done by keyboard."""

from __future__ import annotations

import math
import re
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.browser.axe import findings
from tests.browser.test_undo import ASK
from tests.browser.visitor import OFFLINE, Visitor, wait_for_plan
from tests.server.running import wait_for
from tests.site_day import Office

ROOMS = f"""scope => Promise.all([import('/core/geometry.js'), {ASK}])
    .then(([g, r]) => r.query(scope, `select id, number, outline from space
        where storey_id = '${{document.querySelector('arxos-plan').dataset.storey}}' and outline is not null`)
        .then(rows => rows.map(row => [row.id, g.toGeojson(g.fromSpatialite(row.outline).wkb).coordinates.flat(1)])))"""
ON_SCREEN = """([x, y]) => import('/view/camera.js').then(c => {
    const plan = document.querySelector('arxos-plan'), box = plan.getBoundingClientRect();
    const [left, top] = c.toScreen(plan.camera, plan.size, x, y);
    return [left + box.left, top + box.top];
})"""
PLACE_OF = f"""([scope, kind]) => Promise.all([import('/core/geometry.js'), {ASK}])
    .then(([g, r]) => r.query(scope, `select geometry from element where ifc_class = ? and storey_id = ? order by tag`,
        [kind, document.querySelector('arxos-plan').dataset.storey])
        .then(rows => g.toGeojson(g.fromSpatialite(rows[0].geometry).wkb).coordinates))"""
SAY_HOW_EXACT = (
    f"scope => {ASK}.then(r => r.record(scope, [{{ table: 'floor_plan', id: r.newId(), op: 'insert', set: "
    "{ storey_id: document.querySelector('arxos-plan').dataset.storey, rms_error_m: 0.02, affine_a: 1, affine_b: 0, "
    "affine_c: 0, affine_d: 0, affine_e: 1, affine_f: 0 } }]))"
)


def open_plan(visitor: Visitor, url: str, building: str) -> Page:
    page = visitor.login()
    page.goto(f"{url}/b/{building}")
    wait_for_plan(page)
    return page


def rectangle(page: Page, building: str) -> list[list[float]]:
    """The corners of the greatest room that is one."""
    rooms = [ring[:4] for _, ring in page.evaluate(ROOMS, building) if len(ring) == 5]
    return max(rooms, key=lambda ring: abs(ring[2][0] - ring[0][0]) * abs(ring[2][1] - ring[0][1]))


def tap(page: Page, at: list[float], beside: list[float] | None = None) -> None:
    """Where it is, or up to 4 px from there towards another place."""
    left, top = page.evaluate(ON_SCREEN, at)
    if beside:
        x, y = page.evaluate(ON_SCREEN, beside)
        left, top = left + max(-4, min(4, x - left)), top + max(-4, min(4, y - top))
    page.mouse.click(left, top)


def figures(page: Page) -> list[float]:
    return [float(word) for word in re.findall(r"[\d.]+", page.locator("output.measured").inner_text())]


def test_length_area_and_angle_are_measured_from_drawn_corners_and_say_how_exact_they_are(
    visitor: Visitor, url: str, building: str
):
    page = open_plan(visitor, url, building)
    ring = rectangle(page, building)
    wide, high = abs(ring[2][0] - ring[0][0]), abs(ring[2][1] - ring[0][1])
    page.get_by_role("button", name="Measure", exact=True).click()
    expect(page.get_by_text("Tap points one after another")).to_be_visible()
    assert findings(visitor, page) == []
    tap(page, ring[0], beside=ring[2])
    tap(page, ring[2], beside=ring[0])
    assert abs(figures(page)[0] - (wide**2 + high**2) ** 0.5) < 0.001
    expect(page.get_by_text("Nobody has said how exact this plan is.")).to_be_visible()
    expect(page.locator("arxos-sheet")).to_be_hidden()

    page.evaluate(SAY_HOW_EXACT, building)
    page.get_by_role("button", name="Area").click()
    for at in range(4):
        tap(page, ring[at], beside=ring[at - 2])
    value, spread = figures(page)
    assert abs(value - wide * high) < 0.01
    by_hand = 1.96 * 0.02 / 2**0.5 * (wide**2 + high**2) ** 0.5
    assert by_hand <= spread <= by_hand + 0.0101, (by_hand, spread)
    expect(page.get_by_text("from the plan’s calibration")).to_be_visible()
    page.get_by_role("button", name="Take the last point back").click()
    assert abs(figures(page)[0] - wide * high / 2) < 0.01

    page.get_by_role("button", name="Angle").click()
    for corner in ring[:3]:
        tap(page, corner)
    assert figures(page)[0] == 90
    page.keyboard.press("Escape")
    expect(page.locator("output.measured")).to_be_hidden()
    expect(page.get_by_role("button", name="Measure", exact=True)).to_be_focused()
    tap(page, [(ring[0][0] + ring[2][0]) / 2, (ring[0][1] + ring[2][1]) / 2])
    page.wait_for_selector("arxos-sheet:not([hidden]), .where:not([hidden])")


def test_a_keyboard_measures_too_and_in_the_units_of_the_person(visitor: Visitor, url: str, building: str):
    page = open_plan(visitor, url, building)
    page.get_by_role("button", name="Measure", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator("arxos-plan canvas")).to_be_focused()
    camera: dict[str, Any] = page.evaluate("document.querySelector('arxos-plan').camera")
    page.keyboard.press("Enter")
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    for _ in range(5):
        page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Enter")
    reach = 2 * 12 / camera["scale"]
    assert abs(figures(page)[0] - (120**2 + 5**2) ** 0.5 / camera["scale"]) <= reach
    assert page.evaluate("document.querySelector('arxos-plan').camera") == camera
    page.evaluate("import('/view/units.js').then(units => units.useUnits('imperial'))")
    page.keyboard.press("Backspace")
    for _ in range(2):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.locator("output.measured")).to_contain_text("′")
    for _ in range(80):
        page.keyboard.press("ArrowRight")
    assert page.evaluate("document.querySelector('arxos-plan').camera.x") > camera["x"]
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Measure", exact=True)).to_be_focused()


def colours(page: Page, at: list[float], reach_px: int = 5) -> list[list[int]]:
    """Every colour of the canvas around a place."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.evaluate(
        """([[x, y], r]) => import('/view/camera.js').then(c => {
            const plan = document.querySelector('arxos-plan'), k = plan.ratio;
            const [left, top] = c.toScreen(plan.camera, plan.size, x, y);
            const bytes = plan.context.getImageData((left - r) * k, (top - r) * k, 2 * r * k, 2 * r * k).data;
            return Array.from({ length: bytes.length / 4 }, (_, i) => [...bytes.slice(4 * i, 4 * i + 3)]);
        })""",
        [at, reach_px],
    )


def test_a_layer_is_left_out_of_plan_and_taps_said_in_the_list_and_remembered(
    visitor: Visitor, url: str, building: str
):
    page = open_plan(visitor, url, building)
    page.get_by_role("button", name="Layers").click()
    assert findings(visitor, page) == []
    visitor.unheard = (*OFFLINE, "willReadFrequently")  # this test's own reading of the canvas
    at = page.evaluate(PLACE_OF, [building, "IfcSanitaryTerminal"])
    plumbing = page.evaluate("document.querySelector('arxos-plan').ink.kinds.plumbing.match(/\\d+/g).map(Number)")
    page.get_by_role("button", name="Closer").click()
    page.get_by_role("button", name="Closer").click()
    assert plumbing in colours(page, at)
    page.get_by_role("checkbox", name="Plumbing").uncheck()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Layers, 1 left out")).to_be_focused()
    assert plumbing not in colours(page, at)
    expect(page.locator("arxos-elements [role=status]")).to_contain_text("left out of the plan")
    page.get_by_placeholder("Tag, name or class").fill("sanitary")
    line = page.locator("ul.elements button").first
    expect(line).to_contain_text("Left out of the plan")
    tap(page, at)
    page.wait_for_selector(".where:not([hidden])")
    expect(page.locator("arxos-sheet")).to_be_hidden()

    page.reload()
    wait_for_plan(page)
    page.get_by_role("button", name="Closer").click()
    page.get_by_role("button", name="Closer").click()
    assert plumbing not in colours(page, at)
    page.get_by_role("button", name="Layers, 1 left out").click()
    page.get_by_role("button", name="Show all layers").click()
    assert plumbing in colours(page, at)
    expect(page.locator("arxos-elements [role=status]")).not_to_contain_text("left out")


TURN = "document.querySelector('arxos-plan').camera.turn * 180 / Math.PI"


def fingers(page: Page, session: CDPSession, *places: tuple[float, float], kind: str = "touchMove") -> None:
    points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_the_plan_is_turned_by_fingers_keys_and_buttons_taps_fit_and_the_arrow_sets_it_upright(
    browser: Browser, url: str, building: str
):
    visitor = Visitor(browser, url, has_touch=True)
    page = open_plan(visitor, url, building)
    box = page.locator("arxos-plan").bounding_box() or {}
    left, top = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    around = [(left + 150 * math.cos(a / 36 * math.pi), top + 150 * math.sin(a / 36 * math.pi)) for a in range(10)]
    session = visitor.context.new_cdp_session(page)
    other = [(2 * left - x, 2 * top - y) for x, y in around]
    fingers(page, session, around[0], other[0], kind="touchStart")
    for here, there in zip(around[1:3], other[1:3], strict=True):
        fingers(page, session, here, there)
    assert page.evaluate(TURN) == 0, "ten degrees are not meant yet"
    for here, there in zip(around[3:], other[3:], strict=True):
        fingers(page, session, here, there)
    fingers(page, session, kind="touchEnd")
    twisted = page.evaluate(TURN)
    assert -36 < twisted < -25, "clockwise, as the fingers went"

    at = page.evaluate(PLACE_OF, [building, "IfcSanitaryTerminal"])
    tap(page, at)
    page.wait_for_selector("form[data-element]")
    page.get_by_role("button", name="Close").last.click()
    page.locator("arxos-plan canvas").focus()
    page.keyboard.press("[")
    assert abs(page.evaluate(TURN) - twisted - 15) < 1e-6
    page.get_by_role("button", name="Turn right").click()
    assert abs(page.evaluate(TURN) - twisted) < 1e-6
    page.get_by_role("button", name="Show all").click()
    assert abs(page.evaluate(TURN) - twisted) < 1e-6, "all is shown, turned as it is"
    corners = page.evaluate(ROOMS, building)
    for _, ring in corners:
        for corner in ring:
            x, y = page.evaluate(ON_SCREEN, corner)
            assert box["x"] < x < box["x"] + box["width"] and box["y"] < y < box["y"] + box["height"]
    assert findings(visitor, page) == []
    arrow = page.get_by_role("button", name=re.compile("upright"))
    expect(arrow).to_have_attribute("aria-label", re.compile(f"turned by {round(-twisted)}°"))
    arrow.click()
    assert page.evaluate(TURN) == 0
    expect(arrow).not_to_have_attribute("aria-label", re.compile("turned"))
    visitor.leave()
    assert visitor.complaints == []


def test_the_arrow_points_north_and_the_bar_is_as_long_as_it_says(visitor: Visitor, url: str, building: str):
    office = Office(url, "owner@demo.arxos")
    place = f"/api/v1/buildings/{building}/building/{building}"
    tag = office.http.get(place).headers["ETag"]
    axis = {"x_axis_abscissa": 0.0, "x_axis_ordinate": 1.0}
    where = {"eastings": 0.0, "northings": 0.0, "orthogonal_height": 0.0, "scale": 1.0, "epsg": 25832}
    office.http.patch(place, json={"set": axis | where}, headers={"If-Match": tag}).raise_for_status()
    page = open_plan(visitor, url, building)
    compass = page.locator(".compass[data-north]")
    expect(compass).to_have_attribute("aria-label", "North; set the plan upright")
    pointing = "one => parseFloat(one.style.getPropertyValue('--north')) * 180 / Math.PI"
    wait_for(lambda: abs(compass.evaluate(pointing) - 90) < 1e-6)  # x goes north, so north is to the right
    page.get_by_role("button", name="Turn left").click()
    page.wait_for_selector('arxos-plan[data-turned="345"]')
    assert abs(compass.evaluate(pointing) - 75) < 1e-6

    for system, unit in (("metric", 1.0), ("imperial", 0.3048)):
        page.evaluate("system => import('/view/units.js').then(units => units.useUnits(system))", system)
        page.get_by_role("button", name="Closer").click()
        bar = page.locator(".scale-bar")
        expect(bar).to_have_text(re.compile(r"^\d+ m$" if unit == 1 else r"^\d+′$"))
        wide = (bar.bounding_box() or {})["width"]
        scale = page.evaluate("document.querySelector('arxos-plan').camera.scale")
        assert abs(float(bar.inner_text().rstrip(" m′")) * unit * scale - wide) < 1


PIN = """() => import('/view/camera.js').then(c => {
    const plan = document.querySelector('arxos-plan'), { width, height } = plan.size;
    const free = ([left, top]) => left > 20 && top > 120 && left < width - 120 && top < height - 60; // of buttons
    return plan.pins.filter(pin => free(c.toScreen(plan.camera, plan.size, ...pin.at)))
        .toSorted((a, b) => b.n - a.n).map(pin => [pin.n, pin.at])[0];
})"""


def test_marks_too_close_for_a_finger_are_a_pin_that_brings_one_nearer(browser: Browser, url: str, building: str):
    visitor = Visitor(browser, url, viewport={"width": 390, "height": 844})
    page = open_plan(visitor, url, building)
    number, at = page.evaluate(PIN)
    assert number > 4
    pins = int(page.get_attribute("arxos-plan", "data-pins") or 0)
    assert pins > 0
    for _ in range(8):
        found = page.evaluate(PIN)
        if not found:
            break
        scale = page.evaluate("document.querySelector('arxos-plan').camera.scale")
        tap(page, found[1])
        page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert page.evaluate("document.querySelector('arxos-plan').camera.scale") >= min(2 * scale, 400) - 1e-9
        expect(page.locator("arxos-sheet")).to_be_hidden()
        page.wait_for_timeout(350)  # the next tap is no second half of a double tap
    assert page.evaluate(PIN) is None
    page.get_by_role("button", name="Show all", exact=True).click()
    page.wait_for_selector(f'arxos-plan[data-pins="{pins}"]')

    page.locator("button.handle").click()
    page.get_by_placeholder("Tag, name or class").fill("extinguisher")
    page.locator("button.handle").click()
    page.wait_for_selector(f'arxos-plan:not([data-pins="{pins}"])')
    visitor.leave()
    assert visitor.complaints == []
