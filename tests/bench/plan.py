"""What a frame of the plan costs while it is dragged, by its lines and with a drawing beneath."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests import services
from tests.bench.figures import Figure
from tests.browser.test_plan import open_plan
from tests.browser.test_plan_heavy import FRAME_MS, FRAMES, PAINTED, SHOW
from tests.browser.visitor import Visitor
from tests.server.site import Site
from tests.site_day import Office

FRAME_GOAL_MS = 1000 / 60 + 0.5  # a frame of 60 a second, as coarse as a browser's clock
TAKE_AWAY = "() => { document.querySelector('arxos-plan').beneath = null; }"
LAY = """() => {
    const sheet = new OffscreenCanvas(4096, 2896), pen = sheet.getContext('2d');
    pen.fillStyle = 'white';
    pen.fillRect(0, 0, sheet.width, sheet.height);
    for (let i = 0; i < 2000; i++) pen.strokeRect((i * 97) % 4000, (i * 61) % 2800, 90, 60);
    const bitmap = sheet.transferToImageBitmap();
    const affine = [0.02, 0, 0, 0, -0.02, 58], box = [0, 0, 82, 58];
    document.querySelector('arxos-plan').beneath = { bitmap, affine, share: 0.5, alone: false, box };
}"""


def frames(segments: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        site = Site.new("spatialite", Path(folder))
        url = site.start()[0]
        browser = playwright.chromium.launch(executable_path=services.chromium_path(), args=services.CHROMIUM_FLAGS)
        try:
            page = open_plan(Visitor(browser, url), url, Office(url, "owner@demo.arxos").building())
            page.evaluate(SHOW, segments)
            found = []
            for what, lay in (("alone", TAKE_AWAY), ("on a drawing", LAY)):
                page.evaluate(lay)
                page.evaluate(PAINTED)
                took = float(page.evaluate(FRAME_MS, FRAMES))
                words = f"Chromium: a frame while dragged, {what}"
                found.append(Figure("plan", words, segments, took, "ms", FRAME_GOAL_MS))
            return found
        finally:
            browser.close()
            site.remove()
