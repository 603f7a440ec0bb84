"""The app as something a device keeps: over plain HTTP it does not begin, it is offered for the home screen, the room
is shown, and a server can end a service worker without touching what people recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.browser.test_background import copies
from tests.browser.test_offline import open_element
from tests.browser.visitor import WAIT_MS, Visitor, kept_offline, save, wait_for_badge, wait_for_field
from tests.server.running import wait_for
from tests.server.site import Site
from tests.site_day import Office

OFFERED = """() => {
  const event = Object.assign(new Event('beforeinstallprompt', {cancelable: true}), {
    prompt: async () => { document.body.dataset.asked = 'yes'; },
    userChoice: Promise.resolve({outcome: 'accepted'}),
  });
  dispatchEvent(event);
  return event.defaultPrevented;
}"""


def test_a_page_over_plain_http_says_so_and_opens_nothing(visitor: Visitor, url: str):
    def served(route: Route) -> None:
        route.fulfill(response=route.fetch(url=route.request.url.replace("http://tablet.test", url)))

    visitor.context.route("http://tablet.test/**", served)
    visitor.unheard = (*visitor.unheard, "Cross-Origin-Opener-Policy")  # no header of ours has a say over plain HTTP
    page = visitor.page()
    page.goto("http://tablet.test/b/some")
    page.wait_for_selector("h1:has-text('A secure address is needed')")
    assert page.evaluate("isSecureContext") is False
    assert page.get_attribute("a.button", "href") == "https://tablet.test/b/some"
    assert page.locator("[role=alert]").inner_text().startswith("tablet.test was opened without encryption")


def test_installing_is_offered_where_something_is_kept_and_can_be_put_off(visitor: Visitor, url: str, building: str):
    page = visitor.login()
    assert page.evaluate(OFFERED), "the browser's own bar is held back"
    assert not page.locator(".installing button").first.is_visible(), "nothing is on this device yet"
    open_element(page, url, building, 0)
    wait_for_badge(page, "saved")
    page.goto(url + "/")
    page.wait_for_selector(".place .here")
    page.evaluate(OFFERED)
    page.click(".installing button:has-text('Not now')")
    assert page.locator(".installing section").count() == 0
    page.reload()
    page.wait_for_selector(".place .here")
    page.evaluate(OFFERED)
    assert page.locator(".installing section").count() == 0, "it was put off for good"
    page.click("arxos-badge a")
    page.click(".installing button:has-text('Install')")
    page.wait_for_selector("body[data-asked=yes]")
    page.wait_for_selector(".installing section", state="detached")


def test_safari_is_told_how_it_is_done_by_hand(visitor: Visitor, url: str):
    visitor.context.add_init_script("Object.defineProperty(navigator, 'standalone', {value: false})")
    page = visitor.login()
    page.goto(url + "/sync")
    page.wait_for_selector(".installing :has-text('Add to Home Screen')")


def test_the_room_that_is_used_is_shown_and_said_when_it_runs_out(browser: Browser, url: str):
    visitor = Visitor(browser, url, service_workers="block")  # so that the test can hand out another worker
    page = visitor.login()
    page.goto(url + "/sync")
    page.wait_for_selector(".room meter")
    assert page.evaluate("document.querySelector('.room meter').max") > 1_000_000
    assert page.locator("text=Room is running out").count() == 0

    def nearly_full(route: Route) -> None:
        answer = route.fetch()
        told = "navigator.storage.estimate = async () => ({usage: 900_000, quota: 1_000_000});"
        route.fulfill(response=answer, body=answer.text() + told)

    visitor.context.route("**/replica/worker.js", nearly_full)
    page.reload()
    page.wait_for_selector("text=Room is running out")
    assert page.locator(".room").inner_text() == "900 kB used of 1 MB."
    visitor.leave()


@pytest.fixture
def switched(tmp_path: Path) -> Iterator[Site]:
    site = Site.new("spatialite", tmp_path / "switched")
    yield site
    site.remove()


def test_a_server_can_end_its_service_worker_and_what_was_recorded_stays(browser: Browser, switched: Site):
    running = switched.running
    url = running.start()
    visitor = Visitor(browser, url)
    page = visitor.login()
    building = Office(url, "owner@demo.arxos").building()
    element = open_element(page, url, building, 0)
    wait_for_badge(page, "saved")
    kept_offline(page)
    assert caches_of(page), "the app's files are kept"

    switched.stop()
    visitor.unheard = (*visitor.unheard, "ERR_CONNECTION_REFUSED", "502")
    save(page, tag="KEPT-1")
    page.wait_for_selector('arxos-badge[data-pending="1"]')
    page.close()
    running.environment["ARXOS_SERVICE_WORKER"] = "off"
    running.start(port=urlsplit(url).port)
    page = visitor.page("/sync")
    wait_for(lambda: not caches_of(page), WAIT_MS / 1000)
    wait_for(lambda: page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => !all.length)"))
    wait_for_badge(page, "saved", pending=0)
    wait_for(lambda: copies(page) == [])
    page.goto(f"{url}/b/{building}?element={element}")
    wait_for_field(page, "tag", "KEPT-1")
    assert page.evaluate("navigator.serviceWorker.controller") is None
    visitor.leave()
    assert visitor.complaints == []


def caches_of(page: Page) -> list[str]:
    found: list[str] = page.evaluate("caches.keys()")
    return found
