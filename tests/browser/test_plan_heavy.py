"""A plan of 50,000 lines follows the hand by a kept picture, and is as sharp as ever once it rests."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.test_plan import open_plan
from tests.browser.visitor import OFFLINE, Visitor

SEGMENTS = 50_000
FRAMES = 90
SHOW = """n => Promise.all([import('/core/geometry.js'), import('/view/plan_scene.js')]).then(([g, { makeScene }]) => {
    const a_line = 50, elements = Array.from({ length: Math.ceil(n / a_line) }, (_, i) => {
        const [x, y] = [(i % 40) * 2, Math.floor(i / 40) * 2];
        const at = j => [x + 1.8 * Math.abs(Math.sin(i + j * 0.7)), y + 1.8 * Math.abs(Math.cos(i * 1.3 + j))];
        const wkb = g.linestring(Array.from({ length: a_line + 1 }, (_, j) => at(j)));
        return { id: `wall-${i}`, ifc_class: 'IfcWall', systems: null, geometry: g.toSpatialite(wkb, 0) };
    });
    const plan = document.querySelector('arxos-plan');
    plan.show(makeScene({ outline: null, spaces: [], elements, contested: new Set() }), 'many lines');
})"""
PAINTED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
TAKE = """name => {
    const { context, canvas } = document.querySelector('arxos-plan');
    (window.pictures ??= {})[name] = context.getImageData(0, 0, canvas.width, canvas.height).data;
}"""
APART = """([one, other]) => {
    const [a, b] = [window.pictures[one], window.pictures[other]];
    let sum = 0;
    for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i]);
    return sum / a.length;
}"""
FRAME_MS = """n => new Promise(done => {
    const plan = document.querySelector('arxos-plan'), { x, y, scale, turn } = plan.camera, times = [];
    const step = now => {
        times.push(now);
        const waits = times.slice(1).map((time, i) => time - times[i]).toSorted((a, b) => a - b);
        if (waits.length === n) return done(waits[n >> 1]);
        plan.look({ x: x + Math.sin(times.length / 9) * 60 / scale, y, scale, turn });
        requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
})"""


def open_heavy(visitor: Visitor, url: str, building: str) -> Page:
    """Its own drawing has come already, so that nothing is painted anew by and by."""
    page = open_plan(visitor, url, building)
    page.wait_for_selector("arxos-drawings[data-beneath]:not([data-beneath=''])", state="attached")
    page.evaluate(SHOW, SEGMENTS)
    page.evaluate(PAINTED)
    return page


def apart(page: Page, one: str, other: str) -> float:
    """The mean difference of two pictures, 0 to 255."""
    found: float = page.evaluate(APART, [one, other])
    return found


def drag(page: Page, by: int) -> None:
    """Hand on the canvas, not let go: two steps, the first beyond what counts as a tap."""
    box = page.locator("arxos-plan canvas").bounding_box() or {}
    left, top = round(box["x"] + box["width"] / 2), round(box["y"] + box["height"] / 2)
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(left + by // 2, top)
    page.mouse.move(left + by, top)


def test_a_kept_picture_follows_the_hand_and_rest_is_sharp(visitor: Visitor, url: str, building: str):
    page = open_heavy(visitor, url, building)
    visitor.unheard = (*OFFLINE, "willReadFrequently")  # this test's own reading of the canvas
    assert not page.locator("arxos-plan").evaluate("plan => plan.hasAttribute('data-kept')")
    page.evaluate(TAKE, "before")
    drag(page, 60)
    page.wait_for_selector("arxos-plan[data-kept]")
    page.mouse.up()
    page.wait_for_selector("arxos-plan:not([data-kept])")
    page.evaluate(TAKE, "rested")
    assert apart(page, "before", "rested") > 1, "it has moved"

    page.evaluate("document.querySelector('arxos-plan').recoloured()")
    page.evaluate(PAINTED)
    page.evaluate(TAKE, "fresh")
    assert apart(page, "fresh", "rested") == 0, "nothing is left of the kept picture"


def test_the_kept_picture_lies_where_the_plan_is_moved_turned_and_nearer(visitor: Visitor, url: str, building: str):
    page = open_heavy(visitor, url, building)
    visitor.unheard = (*OFFLINE, "willReadFrequently")
    look = """change => {
        const plan = document.querySelector('arxos-plan');
        const { x, y, scale, turn } = plan.camera;
        const { x: dx = 0, scale: times = 1, turn: by = 0 } = change;
        plan.look({ x: x + dx / scale, y, scale: scale * times, turn: turn + by });
        return new Promise(done => requestAnimationFrame(() =>
            requestAnimationFrame(() => done(plan.hasAttribute('data-kept')))));
    }"""
    for change in ({"x": 40}, {"turn": 0.03}, {"scale": 1.2}):
        page.evaluate(TAKE, "before")
        assert page.evaluate(look, change), f"{change}: by the kept picture"
        page.evaluate(TAKE, "shown")
        page.wait_for_selector("arxos-plan:not([data-kept])")
        page.evaluate(TAKE, "sharp")
        assert apart(page, "shown", "sharp") < apart(page, "before", "sharp") / 2, f"{change}: near what it is at rest"


def test_what_a_frame_costs_while_fifty_thousand_lines_are_dragged(visitor: Visitor, url: str, building: str):
    page = open_heavy(visitor, url, building)
    kept = page.evaluate(FRAME_MS, FRAMES)
    anew = page.evaluate(FRAME_MS.replace("plan.look(", "plan.recoloured(), plan.look("), FRAMES // 6)
    print(f"median frame at {SEGMENTS} segments: {kept:.1f} ms by the kept picture, {anew:.1f} ms painted anew")
    page.wait_for_selector("arxos-plan:not([data-kept])")
