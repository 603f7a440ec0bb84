"""A technician's tasks in Chromium, without a network, and a reviewer who judges what was found."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_undo import QUERY
from tests.browser.visitor import Visitor, kept_offline, wait_for_badge
from tests.server.running import wait_for
from tests.site_day import Office


def first(page: Page, kind: str) -> str:
    """Open the list's first task of a kind by a tap; answers its id."""
    link = page.locator(f'a.task[data-kind="{kind}"]').first
    task = (link.get_attribute("href") or "").partition("task=")[2]
    link.click()
    expect(page.locator("arxos-task h2")).to_be_in_viewport()
    expect(page.locator("arxos-task")).not_to_contain_text("null")
    return task


def found(page: Page, building: str, task: str) -> list[dict[str, object]]:
    return page.evaluate(QUERY, [building, f"select * from validation where task_id = '{task}'"])


@pytest.fixture
def at_work(visitor: Visitor, url: str, building: str) -> Page:
    page = visitor.login()
    page.goto(f"{url}/b/{building}")
    page.get_by_role("link", name="Work").click()
    page.wait_for_selector("a.task")
    kept_offline(page)
    wait_for_badge(page, "saved")
    visitor.context.set_offline(True)
    return page


def test_tasks_stand_by_what_a_minute_of_them_brings(at_work: Page):
    worth = [int(text.replace(",", "")) for text in at_work.locator(".worth strong").all_text_contents()]
    assert len(worth) > 100 and worth == sorted(worth, reverse=True) and worth[0] > worth[-1]


def test_a_width_is_measured_in_a_basement_and_what_differs_from_the_plan_is_only_claimed(
    at_work: Page, visitor: Visitor, url: str, building: str
):
    page = at_work
    task = first(page, "dimension")
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.get_by_text("A length is wanted")).to_be_visible()
    page.get_by_label("Width").fill("1,777")
    page.get_by_role("button", name="Record", exact=True).click()
    page.wait_for_selector("a.task")
    assert page.locator(f'a.task[href*="{task}"]').count() == 0, "it waits for its review now"
    (row,) = found(page, building, task)
    assert (row["outcome"], row["field"], row["claimed_value"]) == ("corrected", "properties.Width", "1.777")
    element = row["target_id"]
    before = page.evaluate(QUERY, [building, f"select properties from element where id = '{element}'"])
    visitor.context.set_offline(False)
    wait_for_badge(page, "saved", pending=0)
    rows, _ = Office(url, "owner@demo.arxos").pull(building)
    (measured,) = [r for (t, _), r in rows.items() if t == "measurement" and r.get("value") == 1.777]
    assert (measured["target_id"], measured["kind"], measured["name"]) == (element, "length", "Width")
    assert rows["ar_capture", measured["ar_capture_id"]]["validation_id"] == row["id"]
    assert page.evaluate(QUERY, [building, f"select properties from element where id = '{element}'"]) == before


def test_a_condition_takes_two_taps_and_can_be_taken_back(at_work: Page, building: str):
    page = at_work
    task = first(page, "visual")
    page.locator('[data-answer="poor"]').click()
    page.wait_for_selector(".undo")
    (row,) = found(page, building, task)
    assert (row["field"], row["claimed_value"]) == ("condition", '"poor"')
    page.locator(".undo").get_by_role("button", name="Undo").click()
    wait_for(lambda: not found(page, building, task))
    page.wait_for_selector(f'a.task[href*="{task}"]')


def test_what_cannot_be_reached_or_found_is_said_in_one_tap_with_a_note(at_work: Page, building: str):
    page = at_work
    ways = {"Cannot get in": "no_access", "Not found": "not_found", "Something unexpected": "unexpected"}
    for name, outcome in ways.items():
        task = first(page, "existence")
        page.get_by_label("Note").fill("behind the boiler")
        page.get_by_role("button", name=name).click()
        page.wait_for_selector("a.task")
        (row,) = found(page, building, task)
        assert (row["outcome"], row["note"]) == (outcome, "behind the boiler")


def test_a_reviewer_accepts_one_finding_and_sends_another_back_with_a_reason(
    at_work: Page, visitor: Visitor, browser: object, url: str, building: str
):
    page = at_work
    tasks = []
    for word in ("bad", "fair"):
        tasks.append(first(page, "visual"))
        page.locator(f'[data-answer="{word}"]').click()
        page.wait_for_selector("a.task")
    page.get_by_role("link", name="Waiting for review").click()
    expect(page.locator(".finding button")).to_have_count(0)
    visitor.context.set_offline(False)
    wait_for_badge(page, "saved", pending=0)
    accepted, rejected = (str(found(page, building, task)[0]["id"]) for task in tasks)
    reviewer = Visitor(browser, url)  # type: ignore[arg-type]
    other = reviewer.login("reviewer@demo.arxos")
    other.goto(f"{url}/b/{building}/work?show=review")
    card = other.locator(f'[data-finding="{rejected}"]')
    card.get_by_role("button", name="Send back").click()
    card.get_by_role("button", name="Send back").click()
    expect(card.get_by_text("Say why")).to_be_visible()
    card.get_by_label("Why?").fill("The photo shows rust")
    other.locator(f'[data-finding="{accepted}"]').get_by_role("button", name="Accept").click()
    expect(other.locator(f'[data-finding="{accepted}"] button')).to_have_count(0)
    wait_for_badge(other, "saved", pending=0)
    expect(card.get_by_label("Why?")).to_have_value("The photo shows rust")
    card.get_by_role("button", name="Send back").click()
    expect(card).to_have_count(0)
    wait_for_badge(other, "saved", pending=0)
    rows, _ = Office(url, "owner@demo.arxos").pull(building)
    assert rows["validation", accepted]["state"] == "accepted" and rows["validation", accepted]["reviewer"]
    assert rows["validation", rejected]["state"] == "rejected"
    assert rows["validation", rejected]["note"] == "The photo shows rust"
    reviewer.leave()
    assert reviewer.complaints == []
