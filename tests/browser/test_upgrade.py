"""A newer app over the files of an older one: they go up in place, in Chromium, with work in them that waits."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Route

from tests.browser.test_offline import open_element
from tests.browser.visitor import Visitor, save, wait_for_badge, wait_for_field, wait_for_plan
from tests.site_day import Office

MADE = re.compile(r'export const MADE = "\w+"')


@pytest.fixture
def visitor(browser: Browser, url: str) -> Iterator[Visitor]:
    """Without a service worker, so that the test can hand out another app."""
    visitor = Visitor(browser, url, service_workers="block")
    yield visitor
    visitor.leave()
    blocked = ("Service Worker registration blocked", "No update was looked for")  # there is no service worker here
    assert [one for one in visitor.complaints if not one.startswith(blocked)] == [], "the page complained"


def test_a_file_of_an_older_app_is_brought_up_to_date_once_with_its_unsent_work(
    visitor: Visitor, url: str, building: str
):
    page = visitor.login()
    element = open_element(page, url, building, 0)
    wait_for_badge(page, "saved")
    visitor.context.route("**/api/v1/sync", lambda route: route.abort("internetdisconnected"))
    save(page, tag="BEFORE-1")
    wait_for_badge(page, "trouble", pending=1)

    fetched: list[str] = []

    def another_app(route: Route) -> None:
        answer = route.fetch()
        text, count = MADE.subn('export const MADE = "0123456789abcdef"', answer.text())
        assert count == 1
        route.fulfill(response=answer, body=text)

    def counted(route: Route) -> None:
        fetched.append(route.request.url)
        route.continue_()

    visitor.context.route("**/core/catalogue.js", another_app)
    visitor.context.route("**/replica/replica.sql", counted)
    for _ in range(2):
        page.reload()
        wait_for_plan(page)
        wait_for_field(page, "tag", "BEFORE-1")
    assert len(fetched) == 1, "the file says by which SQL it was made"
    visitor.context.unroute("**/api/v1/sync")
    page.reload()
    wait_for_badge(page, "saved", pending=0)
    save(page, tag="AFTER-1")
    wait_for_badge(page, "saved", pending=0)
    rows, _ = Office(url, "owner@demo.arxos").pull(building)
    assert rows["element", element]["tag"] == "AFTER-1"
