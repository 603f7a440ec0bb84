"""A whole building is searched without a network, by the keyboard alone."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.test_undo import QUERY
from tests.browser.visitor import Visitor, save, wait_for_badge, wait_for_plan

AXE = Path(__file__).parents[2] / "pwa/node_modules/axe-core/axe.min.js"
THING = """
  select e.id, e.storey_id, e.name, s.name as storey from element e join storey s on s.id = e.storey_id
  where e.ifc_class not in ('IfcWall', 'IfcWallStandardCase') order by s.elevation_m desc, e.id limit 1"""


def search(page: Page, text: str) -> None:
    page.get_by_role("combobox", name="Search the building").fill(text)


def test_what_was_typed_offline_is_found_offline_and_opened_on_its_storey(visitor: Visitor, url: str, building: str):
    page = visitor.login()
    page.goto(f"{url}/b/{building}")
    wait_for_plan(page)
    wait_for_badge(page, "saved")
    visitor.context.set_offline(True)
    page.keyboard.press("/")
    search(page, "zebra")
    expect(page.get_by_text("Nothing here is called that.")).to_be_visible()
    page.keyboard.press("Escape")
    (thing,) = page.evaluate(QUERY, [building, THING])
    expect(page.locator("dialog.find")).to_be_hidden()
    step = "address => { history.pushState(null, '', address); dispatchEvent(new PopStateEvent('popstate')); }"
    page.evaluate(step, f"?element={thing['id']}")
    page.wait_for_selector(f"form[data-element='{thing['id']}']")
    save(page, name="Zébra dämper")
    wait_for_badge(page, "offline", pending=1)
    page.keyboard.press("Escape")
    page.wait_for_selector("form[data-element]", state="detached")
    page.get_by_role("button", name="Search the building").click()
    search(page, "damp ZEB")
    expect(page.get_by_role("option", name="Zébra dämper")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"form[data-element='{thing['id']}']")
    assert page.get_attribute("arxos-plan", "data-selected") == thing["id"]
    expect(page.locator(".storey[aria-pressed=true]")).to_have_attribute("aria-label", thing["storey"])
    visitor.context.set_offline(False)
    wait_for_badge(page, "saved", pending=0)


def test_the_arrows_walk_what_was_found_and_a_room_is_shown_on_its_storey(browser: Browser, url: str, building: str):
    visitor = Visitor(browser, url, bypass_csp=True)  # axe writes styles of its own
    page = visitor.login()
    page.goto(f"{url}/b/{building}")
    wait_for_plan(page)
    sql = "select id, number, storey_id from space where number is not null order by storey_id desc, number limit 1"
    (room,) = page.evaluate(QUERY, [building, sql])
    page.keyboard.press("/")
    search(page, room["number"])
    options = page.get_by_role("option")
    wanted = page.locator(f"#find-list [data-id='{room['id']}']")
    expect(wanted).to_be_visible()
    page.keyboard.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run('dialog.find').then(({ violations }) => violations.map((one) => one.id))")
    assert found == []
    wanted.click()
    page.wait_for_selector(f"arxos-plan[data-space='{room['id']}'][data-storey='{room['storey_id']}']")
    visitor.leave()
    assert visitor.complaints == []
