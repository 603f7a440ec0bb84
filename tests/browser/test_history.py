"""What became of an element, on its sheet: by whom, when, from what to what; offline as it was told last."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import findings
from tests.browser.test_offline import open_element
from tests.browser.visitor import Visitor, save, wait_for_badge, wait_for_plan
from tests.site_day import Office


def open_history(page: Page) -> None:
    page.locator("arxos-history summary").click()


def edit(url: str, building: str, element: str, **fields: str) -> None:
    place = f"/api/v1/buildings/{building}/element/{element}"
    Office(url, "owner@demo.arxos").http.patch(place, json={"set": fields}).raise_for_status()


def test_the_sheet_tells_who_changed_what_and_older_edits_when_asked(visitor: Visitor, url: str, building: str):
    page = visitor.login()
    element = open_element(page, url, building, 0)
    wait_for_badge(page, "saved")
    for number in range(25):
        edit(url, building, element, serial_number=f"S-{number}")
    open_history(page)
    lines = page.locator("arxos-history .past > li")
    expect(lines).to_have_count(20)
    expect(lines.first.locator("del")).to_have_text("S-23")
    expect(lines.first.locator("ins")).to_have_text("S-24")
    expect(lines.first).to_contain_text("at a desk")
    assert findings(visitor, page) == []
    page.get_by_role("button", name="Show earlier edits").click()
    expect(lines.last).to_contain_text("Added")
    assert page.get_by_role("button", name="Show earlier edits").count() == 0
    before = lines.count()

    save(page, model="M-MINE")
    expect(lines).to_have_count(before + 1)
    expect(lines.first).to_contain_text("You")
    expect(lines.first.locator("ins")).to_have_text("M-MINE")
    edit(url, building, element, model="M-OFFICE")
    expect(lines).to_have_count(before + 2)
    expect(lines.first.locator("del")).to_have_text("M-MINE")
    expect(lines.last).to_contain_text("Added")


def test_offline_it_is_what_was_told_last_with_what_is_not_sent(visitor: Visitor, url: str, building: str):
    page = visitor.login()
    element = open_element(page, url, building, 1)
    edit(url, building, element, model="M-KNOWN")
    open_history(page)
    expect(page.locator("arxos-history ins").first).to_have_text("M-KNOWN")
    visitor.context.set_offline(True)
    save(page, model="M-WAITS")
    wait_for_badge(page, "offline", pending=1)
    waits = page.locator("arxos-history [data-unsent]")
    expect(waits).to_contain_text("Not sent yet")
    expect(waits).to_contain_text("M-WAITS")
    expect(page.locator("arxos-history ins").first).to_have_text("M-KNOWN")
    expect(page.locator("arxos-history")).to_contain_text("This is what it said")
    visitor.context.set_offline(False)
    wait_for_badge(page, "saved", pending=0)
    expect(waits).to_have_count(0)
    expect(page.locator("arxos-history ins").first).to_have_text("M-WAITS")

    visitor.context.set_offline(True)
    open_element(page, url, building, 2)
    open_history(page)
    expect(page.locator("arxos-history")).to_contain_text("nothing of this was fetched before")
    visitor.context.set_offline(False)


def test_a_guest_of_a_public_building_reads_it_in_german(browser: Browser, url: str, building: str):
    guest = Visitor(browser, url, locale="de-DE", viewport={"width": 390, "height": 844})
    page = guest.page()
    element = open_element(page, url, building, 3)
    edit(url, building, element, status="faulty")
    open_history(page)
    expect(page.locator("arxos-history ins").first).to_have_text("Defekt")
    expect(page.locator("arxos-history .past > li").last).to_contain_text("Hinzugefügt")
    guest.leave()
    assert guest.complaints == []


def test_rooms_tasks_findings_and_marks_tell_their_history_too(visitor: Visitor, url: str, building: str):
    page = visitor.login("reviewer@demo.arxos")
    element = open_element(page, url, building, 2)
    rows, _ = Office(url, "owner@demo.arxos").pull(building)
    room = next(id for (table, id), row in rows.items() if table == "space" and row.get("number"))
    task = next(id for (table, id), row in rows.items() if table == "task" and row["kind"] == "visual")
    for table, id, words in (("space", room, "Zymurgy"), ("task", task, "Look again")):
        field = "name" if table == "space" else "title"
        place = f"/api/v1/buildings/{building}/{table}/{id}"
        Office(url, "owner@demo.arxos").http.patch(place, json={"set": {field: words}}).raise_for_status()
    told = page.locator("arxos-history ins")

    page.goto(f"{url}/b/{building}/work?task={task}")
    page.locator("arxos-task arxos-history summary").click()
    expect(told.first).to_have_text("Look again")
    assert findings(visitor, page) == []

    page.goto(f"{url}/b/{building}")
    wait_for_plan(page)
    page.keyboard.press("/")
    page.locator("dialog.find input").fill("Zymurgy")
    page.locator(f"#find-list [data-id='{room}']").click()
    expect(page.locator(".where")).to_contain_text("Zymurgy")
    page.locator("arxos-elements arxos-history summary").click()
    expect(told.first).to_have_text("Zymurgy")
    expect(page.locator("arxos-elements .past")).to_contain_text(re.compile(r"Area is [\d.]+ m², Height is [\d.]+ m\b"))
    assert findings(visitor, page) == []

    found = {"task_id": task, "target_table": "element", "target_id": element, "outcome": "not_found"}
    someone = Office(url, "technician@demo.arxos")
    someone.http.post(f"/api/v1/buildings/{building}/validation", json={"set": found}).raise_for_status()
    page.goto(f"{url}/b/{building}/work?show=review")
    page.locator(".finding arxos-history summary").first.click()
    told = page.locator(".finding .past li").first
    expect(told).to_contain_text("Task is Look again")
    expect(told).to_contain_text("Author is Timo Technician")
    assert element not in told.inner_text(), "things by their names"
    assert findings(visitor, page) == []
