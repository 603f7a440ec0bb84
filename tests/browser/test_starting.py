"""A file of the app that did not come leaves no page empty."""

from __future__ import annotations

from playwright.sync_api import Browser, Route, expect

from tests.browser.visitor import Visitor

PART = "**/view/gestures.js"


def test_a_part_that_failed_is_asked_for_again(browser: Browser, url: str):
    visitor = Visitor(browser, url)
    visitor.unheard = (*visitor.unheard, "ERR_FAILED")
    failed: list[str] = []

    def fail_once(route: Route) -> None:
        if failed:
            route.continue_()
        else:
            failed.append(route.request.url)
            route.abort()

    visitor.context.route(PART, fail_once)
    page = visitor.page("/login")
    expect(page.locator("input[type=password]")).to_be_visible()
    expect(page.locator("#unstarted")).to_be_hidden()
    assert failed
    visitor.leave()
    assert visitor.complaints == []


def test_a_part_that_never_comes_is_said(browser: Browser, url: str):
    visitor = Visitor(browser, url)
    visitor.unheard = (*visitor.unheard, "ERR_FAILED")
    visitor.context.route(PART, lambda route: route.abort())
    page = visitor.page("/login")
    expect(page.locator("#unstarted")).to_be_visible()
    visitor.context.unroute(PART)
    page.get_by_role("link", name="Load the page again").click()
    expect(page.locator("input[type=password]")).to_be_visible()
    visitor.leave()
    assert visitor.complaints == []
