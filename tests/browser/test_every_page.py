"""Every page that a picture is taken of (screenshots.py), as axe-core sees it: a phone in light, a desk in dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.axe import findings
from tests.browser.screenshots import SIZES, disagree, steps
from tests.browser.visitor import OFFLINE, Visitor
from tests.site_day import Office


@pytest.fixture(scope="module")
def element(url: str, building: str) -> str:
    """One whose name two people say differently, so that no page is empty."""
    office = Office(url, "owner@demo.arxos")
    element = next(id for (table, id) in office.pull(building)[0] if table == "element")
    disagree(office, f"/api/v1/buildings/{building}/element/{element}")
    return element


@pytest.mark.parametrize(("size", "scheme"), [("phone", "light"), ("desktop", "dark")])
def test_axe_finds_nothing_on_any_page(browser: Browser, url: str, building: str, element: str, size: str, scheme: str):
    width, height = SIZES[size]
    visitor = Visitor(browser, url, color_scheme=scheme, viewport={"width": width, "height": height})
    page = visitor.login()
    found = {}
    for name, step in steps(building, element):
        step(page, url, size)
        page.wait_for_timeout(400)  # what moves has come to rest
        found[name] = findings(visitor, page)
    visitor.context.set_offline(False)
    visitor.leave()
    assert {name: one for name, one in found.items() if one} == {}
    assert len(found) > 15
    assert [one for one in visitor.complaints if not any(word in one for word in OFFLINE)] == []
