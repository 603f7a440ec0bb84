"""A building's file that was cut on its way to the browser goes on where it was cut (scenario 24)."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.browser.cut_line import CutLine
from tests.browser.test_people import QUERY, keep
from tests.browser.test_status import ASK
from tests.browser.visitor import Visitor, wait_for_badge
from tests.server.running import SCHEMA, wait_for
from tests.site_day import Office

KEEP = (
    f"id => {ASK}.then(r => {{ "
    "r.addEventListener('progress', e => { if (e.detail.scope === id) window.received = e.detail.received; }); "
    "r.keep(id).then(() => 'kept', error => error.code).then(how => { window.ended = how; }); })"
)


def test_scenario_24_a_building_file_that_was_cut_goes_on_where_it_was_cut_even_after_a_reload(
    browser: Browser, url: str, building: str
):
    office = Office(url, "owner@demo.arxos")
    wait_for(lambda: office.http.get(f"/api/v1/sync/snapshot/{building}?schema={SCHEMA}").status_code == 200)  # is made
    line = CutLine(url, f"/sync/snapshot/{building}".encode(), cut_after=40_000, cuts=2)
    visitor = Visitor(browser, line.url)
    page = visitor.login()
    for total in (30_000, 60_000):
        page.evaluate(KEEP, building)
        page.wait_for_function("total => window.received > total", arg=total)
        line.cut()
        page.wait_for_function("() => window.ended !== undefined")
        assert page.evaluate("window.ended") == "network"
        page.reload()
    keep(page, building)
    wait_for_badge(page, "saved", pending=0)
    first, second, third = line.ranges
    have = [int(text.removeprefix("bytes=").removesuffix("-")) for text in (second, third)]
    assert first is None and 30_000 < have[0] < 40_000 and have[0] + 30_000 < have[1] < 80_000, line.ranges
    assert page.evaluate(QUERY, [building, "select count(*) as n from element"])[0]["n"] > 200
    visitor.leave()
    line.close()
    assert all("ERR_" in one for one in visitor.complaints), visitor.complaints
