"""Themes and units: chosen once, in force at once and offline, and on every device of the person."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.browser.axe import findings
from tests.browser.test_undo import QUERY
from tests.browser.visitor import Visitor, kept_offline, wait_for_badge, wait_for_plan


def test_theme_and_units_are_chosen_offline_and_follow_the_person(
    visitor: Visitor, browser: Browser, url: str, building: str
):
    page = visitor.login()
    page.goto(f"{url}/b/{building}")
    wait_for_plan(page)
    kept_offline(page)
    wait_for_badge(page, "saved")
    page.goto(f"{url}/account?show=look")
    page.get_by_role("radio", name="Dark", exact=True).check()
    page.wait_for_selector("html[data-theme=dark]")
    expect(page.locator("body")).to_have_css("background-color", "rgb(20, 24, 26)")
    page.get_by_role("radio", name="Sunlight").check()
    page.wait_for_selector("html[data-theme=sunlight]")
    expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(page.locator("html")).to_have_css("--plan-wall", "#000000")
    expect(page.get_by_text("goes to your other devices")).to_be_visible()
    assert findings(visitor, page) == []
    visitor.context.set_offline(True)
    page.get_by_role("radio", name="Feet and inches").check()
    (element,) = page.evaluate(QUERY, [building, "select id from element order by id limit 1"])
    page.goto(f"{url}/b/{building}?element={element['id']}")
    form = page.locator("form[data-measure]")
    page.wait_for_selector("html[data-theme=sunlight]")
    form.get_by_label("Value (ft, in)").fill("wide")
    form.get_by_role("button", name="Add measurement").click()
    expect(form.get_by_text("A length is wanted, as 3′ 3 3/4″.")).to_be_visible()
    form.get_by_label("Value (ft, in)").fill("12' 6 1/2\"")
    form.get_by_label("± 95 %").fill('1/4"')
    form.get_by_role("button", name="Add measurement").click()
    expect(page.locator(".measurements").get_by_text("12′ 6 1/2″ ± 1/4″")).to_be_visible()
    rows = page.evaluate(QUERY, [building, "select value, uncertainty_95 from measurement order by created_at, pk"])
    assert [abs(rows[-1]["value"] - 3.8227) < 1e-9, abs(rows[-1]["uncertainty_95"] - 0.00635) < 1e-9] == [True, True]
    visitor.context.set_offline(False)
    wait_for_badge(page, "saved", pending=0)

    elsewhere = Visitor(browser, url)
    other = elsewhere.login()
    other.wait_for_selector("html[data-theme=sunlight]")
    other.goto(f"{url}/account?show=look")
    expect(other.get_by_role("radio", name="Feet and inches")).to_be_checked()
    other.get_by_role("radio", name="As the device has it").check()
    page.wait_for_selector("html[data-theme=system]")
    elsewhere.leave()
    assert elsewhere.complaints == []
