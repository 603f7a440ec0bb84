"""Two people in one building at once: each sees that the other is there, where, at what, and what they change."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.axe import findings
from tests.browser.test_offline import open_element
from tests.browser.visitor import Visitor, save, wait_for_badge


@pytest.fixture
def other(browser: Browser, url: str) -> Iterator[Visitor]:
    visitor = Visitor(browser, url, viewport={"width": 390, "height": 844})
    yield visitor
    visitor.leave()
    assert visitor.complaints == [], "the page complained"


def test_two_people_see_where_the_other_is_and_what_they_change(
    visitor: Visitor, other: Visitor, url: str, building: str
):
    mine, theirs = visitor.login(), other.login("owner@demo.arxos")
    open_element(mine, url, building, 0)
    address = mine.url.removeprefix(url)
    wait_for_badge(mine, "saved")
    theirs.goto(f"{url}/b/{building}")
    theirs.wait_for_selector('arxos-people[data-people="1"]')
    mine.wait_for_selector('arxos-people[data-people="1"]')
    assert mine.locator("p.company").count() == 0, "they look at the plan, not at this"

    theirs.click("arxos-people summary")
    assert findings(other, theirs) == []
    theirs.click("arxos-people .person")  # leads to where the other is
    theirs.wait_for_selector("form[data-element]")
    assert theirs.url.removeprefix(url) == address
    mine.wait_for_selector("p.company")
    theirs.focus("form[data-element] [name=model]")
    mine.wait_for_selector("p.company:has-text('“Model”')")
    save(theirs, model="M-TOGETHER")
    mine.wait_for_selector("form[data-element] [name=model].glow")
    assert mine.input_value("form[data-element] [name=model]") == "M-TOGETHER"

    theirs.goto(url + "/")
    mine.wait_for_selector('arxos-people[data-people="0"]', state="attached")
    assert mine.locator("p.company").count() == 0


def test_a_person_with_two_windows_is_one_and_leaves_with_the_last(
    visitor: Visitor, other: Visitor, url: str, building: str
):
    theirs = other.login("owner@demo.arxos")
    theirs.goto(f"{url}/b/{building}")
    first = visitor.login()
    first.goto(f"{url}/b/{building}")
    second = visitor.page(f"/b/{building}")
    for page in (first, second):
        page.wait_for_selector('arxos-people[data-people="1"]')
    theirs.wait_for_selector('arxos-people[data-people="1"]')
    second.close()
    first.goto(url + "/")
    theirs.wait_for_selector('arxos-people[data-people="0"]', state="attached")
    first.goto(f"{url}/b/{building}")
    theirs.wait_for_selector('arxos-people[data-people="1"]')
    visitor.context.set_offline(True)
    first.wait_for_selector('arxos-people[data-people="0"]', state="attached")
    theirs.wait_for_selector('arxos-people[data-people="0"]', state="attached")
