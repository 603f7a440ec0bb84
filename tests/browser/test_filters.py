"""Filters of elements: plan and list show the same, the address keeps it, and a saved view follows its person."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import findings
from tests.browser.test_undo import QUERY
from tests.browser.visitor import Visitor, kept_offline, save, wait_for_badge, wait_for_plan


def open_filters(visitor: Visitor, url: str, building: str, query: str = "") -> Page:
    page = visitor.login()
    page.goto(f"{url}/b/{building}{query}")
    wait_for_plan(page)
    page.locator("arxos-filter summary").click()
    return page


def chip(page: Page, facet: str, value: str):
    return page.locator(f'fieldset[data-facet="{facet}"] [data-value="{value}"]')


def listed(page: Page) -> set[str]:
    """What the list has; and the plan the very same."""
    more = page.locator("arxos-elements > button")
    while more.is_visible():
        more.click()
    ids = set(page.locator("arxos-elements ul.elements button").evaluate_all("all => all.map(one => one.dataset.id)"))
    assert ids == set(page.evaluate("() => document.querySelector('arxos-plan').seen"))
    return ids


def there(page: Page, building: str, condition: str) -> set[str]:
    storey = page.get_attribute("arxos-plan", "data-storey")
    rows = page.evaluate(QUERY, [building, f"select id from element where storey_id = '{storey}' and {condition}"])
    return {row["id"] for row in rows}


def test_facets_are_combined_on_plan_and_list_and_back_and_reload_keep_them(
    visitor: Visitor, url: str, building: str
):
    page = open_filters(visitor, url, building)
    whole = listed(page)
    chip(page, "status", "ok").click()
    assert listed(page) == there(page, building, "status = 'ok'")
    page.locator('arxos-elements .strip button[data-kind="doors"]').click()
    chip(page, "only", "task").click()
    both = listed(page)
    assert both < there(page, building, "status = 'ok' and id in (select target_id from task)") and both
    expect(page.locator("arxos-elements > [role=status]")).to_have_text(f"{len(both)} of {len(whole)} elements")
    assert findings(visitor, page) == []
    page.wait_for_url("**/b/*?*status=ok*")
    address = page.url
    assert "only=task" in address and "kind=doors" in address

    page.reload()
    wait_for_plan(page)
    assert listed(page) == both
    page.locator("arxos-elements ul.elements button").first.click()
    page.wait_for_selector("form[data-element]")
    page.get_by_role("link", name="Work").click()
    page.wait_for_selector("a.task")
    page.go_back()
    page.wait_for_selector("form[data-element]")
    page.keyboard.press("Escape")
    page.wait_for_selector("form[data-element]", state="detached")
    assert listed(page) == both

    page.fill("#find-element", "no such thing")
    expect(page.locator("arxos-elements > [role=status]")).to_have_text(f"None of {len(whole)} elements")
    page.wait_for_url("**/b/*?*q=no+such+thing*")
    page.get_by_role("button", name="Clear the filter").click()
    expect(page.locator("#find-element")).to_be_focused()
    assert listed(page) == whole
    page.wait_for_function("() => !location.search.includes('status')")


def test_what_is_not_sent_yet_is_found_until_it_is(visitor: Visitor, url: str, building: str):
    page = open_filters(visitor, url, building)
    kept_offline(page)
    wait_for_badge(page, "saved")
    assert chip(page, "only", "unsent").count() == 0
    visitor.context.set_offline(True)
    line = page.locator("arxos-elements ul.elements button").first
    element = line.get_attribute("data-id")
    line.click()
    page.wait_for_selector("form[data-element]")
    save(page, model="M-FILTER")
    wait_for_badge(page, "offline", pending=1)
    page.keyboard.press("Escape")
    chip(page, "only", "unsent").click()
    assert listed(page) == {element}
    visitor.context.set_offline(False)
    wait_for_badge(page, "saved", pending=0)
    expect(page.get_by_role("button", name="Clear the filter")).to_be_visible()
    assert listed(page) == set()


def test_a_saved_view_is_on_every_device_of_its_person_and_its_removal_can_be_undone(
    visitor: Visitor, browser: Browser, url: str, building: str
):
    page = open_filters(visitor, url, building)
    kept_offline(page)
    wait_for_badge(page, "saved")
    assert page.locator("arxos-filter form").is_hidden(), "there is nothing to save yet"
    visitor.context.set_offline(True)
    chip(page, "status", "ok").click()
    page.get_by_label("Name of this selection").fill("All is well")
    page.get_by_role("button", name="Save view").click()
    expect(page.locator(".notice")).to_contain_text("View “All is well” saved")
    page.get_by_label("Name of this selection").fill("Here alone")
    page.locator("arxos-filter [name=here]").check()
    page.get_by_role("button", name="Save view").click()
    views = page.locator("arxos-filter [data-view]")
    expect(views).to_have_text(["All is well", "Here alone"])
    expect(views.first).to_have_attribute("aria-pressed", "true")
    visitor.context.set_offline(False)
    wait_for_badge(page, "saved", pending=0)

    elsewhere = Visitor(browser, url, viewport={"width": 390, "height": 844})
    other = elsewhere.login()
    other.goto(f"{url}/b/{building}")
    wait_for_plan(other)
    other.locator("button.handle").click()
    other.locator("arxos-filter summary").click()
    here = page.get_attribute("arxos-plan", "data-storey")
    other.locator("arxos-storeys button:not([aria-current=true])").first.click()
    other.wait_for_function("id => document.querySelector('arxos-plan').dataset.storey !== id", arg=here)
    other.get_by_role("button", name="All is well", exact=True).click()
    other.wait_for_url("**/b/*?*status=ok*")
    assert other.get_attribute("arxos-plan", "data-storey") != here
    assert listed(other) == there(other, building, "status = 'ok'")
    other.get_by_role("button", name="Here alone", exact=True).click()
    other.wait_for_function("id => document.querySelector('arxos-plan').dataset.storey === id", arg=here)
    assert findings(elsewhere, other) == []

    other.get_by_role("button", name="Remove the view All is well").click()
    expect(views).to_have_text(["Here alone"])
    other.get_by_role("button", name="Undo").click()
    expect(views).to_have_text(["All is well", "Here alone"])
    elsewhere.leave()
    assert elsewhere.complaints == []


def test_a_guest_filters_and_saves_nothing(browser: Browser, url: str, building: str):
    guest = Visitor(browser, url, locale="de-DE")
    page = guest.page(f"/b/{building}?status=ok")
    wait_for_plan(page)
    assert listed(page) == there(page, building, "status = 'ok'")
    page.locator("arxos-filter summary").click()
    expect(page.locator('fieldset[data-facet="confidence"]')).to_be_visible()
    assert page.locator("arxos-filter form").is_hidden()
    guest.leave()
    assert guest.complaints == []
