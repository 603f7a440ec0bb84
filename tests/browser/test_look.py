"""Themes, units and languages: chosen once, in force at once and offline, and on every device of the person."""

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
    other.get_by_role("radio", name="As the device has it: light").check()
    page.wait_for_selector("html[data-theme=system]")
    elsewhere.leave()
    assert elsewhere.complaints == []


def test_german_is_chosen_and_read_on_every_page_without_a_network(visitor: Visitor, url: str, building: str):
    page = visitor.login("owner@demo.arxos")
    page.goto(f"{url}/b/{building}")
    wait_for_plan(page)
    kept_offline(page)
    wait_for_badge(page, "saved")
    page.goto(f"{url}/account?show=look")
    page.get_by_role("radio", name="Deutsch").focus()
    page.keyboard.press("Space")
    page.wait_for_selector("html[lang|=de][dir=ltr]")
    expect(page.get_by_role("heading", level=1)).to_have_text("Konto")
    expect(page.get_by_role("radio", name="Deutsch")).to_be_focused()
    expect(page.get_by_role("radio", name="Metrisch: 1,25 m")).to_be_checked()
    assert findings(visitor, page) == []
    wait_for_badge(page, "saved", pending=0)

    visitor.context.set_offline(True)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Konto")
    expect(page.locator("arxos-badge")).to_have_text("Offline")
    page.goto(f"{url}/b/{building}/work")
    expect(page.get_by_role("heading", level=1)).to_have_text("Arbeit")
    expect(page.get_by_role("link", name="Zu erledigen")).to_be_visible()
    (element,) = page.evaluate(
        QUERY, [building, "select id from element where ifc_class = 'IfcDoor' order by id limit 1"]
    )
    page.goto(f"{url}/b/{building}?element={element['id']}")
    form = page.locator("form[data-measure]")
    form.get_by_label("Wert (m)").fill("breit")
    form.get_by_role("button", name="Messung hinzufügen").click()
    expect(form.get_by_text("Bitte eine Länge eingeben, zum Beispiel 1,01 oder 101 cm.")).to_be_visible()
    form.get_by_label("Wert (m)").fill("1,25")
    form.get_by_label("± 95 %").fill("0,005")
    form.get_by_role("button", name="Messung hinzufügen").click()
    expect(page.locator(".measurements").get_by_text("1,25 m ± 0,005 m")).to_be_visible()
    rows = page.evaluate(QUERY, [building, "select uncertainty_95 from measurement where value = 1.25"])
    assert rows == [{"uncertainty_95": 0.005}]
    expect(page.locator("arxos-badge")).to_have_text("Offline · 1 zu senden")
    page.get_by_role("button", name="Im Gebäude suchen").click()
    page.get_by_role("combobox", name="Im Gebäude suchen").fill("leuchte")
    expect(page.locator("#find-list li").first).to_contain_text("Leuchte")
    visitor.context.set_offline(False)
    wait_for_badge(page, "saved", pending=0)


def test_the_device_says_the_language_until_somebody_chooses_and_no_page_is_too_wide_from_right_to_left(
    browser: Browser, url: str, building: str
):
    german = Visitor(browser, url, locale="de-AT", viewport={"width": 390, "height": 844})
    page = german.page("/login")
    page.wait_for_selector("html[lang=de-AT]")
    expect(page.get_by_role("heading", level=1)).to_have_text("Anmelden")
    german.login("reviewer@demo.arxos").close()
    for path in (
        "/",
        f"/b/{building}",
        f"/b/{building}/work",
        f"/b/{building}/conflicts",
        "/sync",
        "/inbox",
        "/wallet",
    ):
        page.goto(url + path)
        page.wait_for_selector("main:not([aria-busy]) h1")
        for direction in ("ltr", "rtl"):
            page.evaluate("direction => { document.documentElement.dir = direction }", direction)
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{path} {direction}: {wide} px too wide"
    german.leave()
    assert german.complaints == []
