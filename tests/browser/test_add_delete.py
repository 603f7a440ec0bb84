"""Elements and measurements come and go from the screen, without a network, and can be taken back."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.test_offline import open_element
from tests.browser.test_undo import QUERY
from tests.browser.visitor import Visitor, save, wait_for_badge, wait_for_plan
from tests.server.running import wait_for
from tests.site_day import Office


def elements(page: Page, building: str, condition: str = "1") -> int:
    found = page.evaluate(QUERY, [building, f"select count(*) as n from element where {condition}"])
    return int(found[0]["n"])


def test_an_element_is_added_where_the_plan_is_tapped_and_reaches_the_server(visitor: Visitor, url: str, building: str):
    page = visitor.login()
    page.goto(f"{url}/b/{building}")
    wait_for_plan(page)
    wait_for_badge(page, "saved")
    visitor.context.set_offline(True)
    before = elements(page, building)
    page.get_by_role("button", name="Add an element").click()
    page.get_by_label("What is it?").select_option(label="Valve")
    expect(page.get_by_text("Now tap its place on the plan.")).to_be_visible()
    box = page.locator("arxos-plan canvas").bounding_box() or {}
    page.mouse.click(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.5)
    page.wait_for_selector("form[data-element]")
    element = page.get_attribute("form[data-element]", "data-element")
    save(page, name="New valve")
    wait_for_badge(page, "offline", pending=2)
    assert elements(page, building) == before + 1
    visitor.context.set_offline(False)
    wait_for_badge(page, "saved", pending=0)
    rows, _ = Office(url, "owner@demo.arxos").pull(building)
    row = rows["element", element]
    assert (row["ifc_class"], row["name"], row["origin"]) == ("IfcValve", "New valve", "field")
    assert row["geometry"].startswith("01e9030000") and row["storey_id"]
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("New valve deleted")).to_be_visible()
    assert elements(page, building) == before
    page.locator(".undo").get_by_role("button", name="Undo").click()
    wait_for(lambda: elements(page, building) == before + 1)
    wait_for_badge(page, "saved", pending=0)


def test_a_deleted_element_leaves_with_its_measurements_and_undo_brings_both_back(
    visitor: Visitor, url: str, building: str
):
    page = visitor.login("owner@demo.arxos")
    element = open_element(page, url, building, 1)
    wait_for_badge(page, "saved")
    visitor.context.set_offline(True)
    page.fill("form[data-measure] [name=value]", "2.5")
    page.locator("form[data-measure] button").last.click()
    line = page.locator("ul.measurements li")
    expect(line).to_have_count(1)
    line.get_by_role("button", name="Remove").click()
    expect(line).to_have_count(0)
    page.locator(".sheet-foot output").get_by_role("button", name="Undo").click()
    expect(line).to_have_count(1)
    page.get_by_role("button", name="Delete").click()
    page.wait_for_selector("form[data-element]", state="detached")
    assert elements(page, building, f"id = '{element}'") == 0
    measured = f"select count(*) as n from measurement where target_id = '{element}'"
    assert page.evaluate(QUERY, [building, measured]) == [{"n": 0}]
    page.locator(".undo").get_by_role("button", name="Undo").click()
    wait_for(lambda: elements(page, building, f"id = '{element}'") == 1)
    assert page.evaluate(QUERY, [building, measured]) == [{"n": 1}]
    wait_for_badge(page, "offline", pending=1)
    visitor.context.set_offline(False)
    wait_for_badge(page, "saved", pending=0)


def test_who_may_not_change_a_building_is_offered_neither(visitor: Visitor, url: str, building: str):
    page = visitor.login("viewer@demo.arxos")
    open_element(page, url, building, 0)
    wait_for_badge(page, "saved")
    page.reload()
    page.wait_for_selector("form[data-element]")
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    expect(page.get_by_role("button", name="Add an element")).to_have_count(0)


def test_a_list_drawn_anew_while_somebody_works_keeps_its_lines_and_the_focus(
    visitor: Visitor, url: str, building: str
):
    page = visitor.login()
    page.goto(f"{url}/b/{building}")
    wait_for_plan(page)
    wait_for_badge(page, "saved")
    lines = page.locator("arxos-elements ul.elements button")
    other, mine = (lines.nth(n).get_attribute("data-id") for n in (0, 3))
    page.evaluate("id => { window.line = document.querySelector(`[data-id='${id}']`); window.line.focus(); }", mine)
    path = f"/api/v1/buildings/{building}/element/{other}"
    changed = Office(url, "owner@demo.arxos").http.patch(path, json={"set": {"name": "Renamed meanwhile"}})
    assert changed.status_code == 200, changed.text
    expect(page.locator(f"[data-id='{other}']")).to_contain_text("Renamed meanwhile")
    assert page.evaluate("window.line.isConnected && document.activeElement === window.line")
