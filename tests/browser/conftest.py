"""A demo server, and pages that fail the test when they complain."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.visitor import WAIT_MS, Visitor
from tests.server.site import Site
from tests.site_day import Office

expect.set_options(timeout=WAIT_MS)  # as everything else waits: a busy machine is no failure


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site.new("spatialite", tmp_path_factory.mktemp("browser"))
    yield site
    site.remove()


@pytest.fixture(scope="module")
def url(site: Site) -> str:
    return site.start()[0]


@pytest.fixture(scope="module")
def building(url: str) -> str:
    return Office(url, "owner@demo.arxos").building()


@pytest.fixture
def visitor(browser: Browser, url: str) -> Iterator[Visitor]:
    visitor = Visitor(browser, url)
    yield visitor
    visitor.leave()
    assert visitor.complaints == [], "the page complained"
