"""Every page as people see it: phone, tablet and desktop, light and dark, into `var/screenshots` (`make screenshots`).

A demo server is filled afresh; a conflict and unsent work are made on the way, so that no page is empty.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests import services
from tests.browser.visitor import Visitor, kept_offline, save, wait_for_badge, wait_for_plan
from tests.server.site import Site
from tests.site_day import Office

SIZES = {"phone": (390, 844), "tablet": (820, 1180), "desktop": (1440, 900)}
SCHEMES = ("light", "dark")
FOLDER = Path("var/screenshots")
Step = Callable[[Page, str, str], None]


def steps(building: str, element: str) -> Iterator[tuple[str, Step]]:
    """(name of the picture, what to do before it is taken), in the order of a visit."""
    place = f"/b/{building}"
    yield "buildings", lambda page, url, _: _open(page, url, "/", "main")
    yield "plan", lambda page, url, _: _plan(page, url, place)
    yield "element", lambda page, url, _: _plan(page, url, f"{place}?element={element}", "form[data-element]")
    yield "adding", lambda page, url, _: _adding(page, url, place)
    yield "drawings", lambda page, url, _: _drawings(page, url, place)
    yield "search", lambda page, url, _: _searching(page, url, place)
    yield "work", lambda page, url, _: _open(page, url, f"{place}/work", "a.task")
    yield "task", lambda page, url, _: _task(page, url, place)
    yield "exports", lambda page, url, _: _exporting(page, url, place)
    yield "conflicts", lambda page, url, _: _open(page, url, f"{place}/conflicts", ".sides")
    yield "sync", lambda page, url, _: _open(page, url, "/sync", ".facts")
    yield "inbox", lambda page, url, _: _open(page, url, "/inbox", "nav")
    yield "inbox_settings", lambda page, url, _: _open(page, url, "/inbox?show=settings", "[data-push]")
    yield "wallet", lambda page, url, _: _open(page, url, "/wallet", "[data-balance]")
    for section in ("devices", "login", "tokens", "invitations", "look"):
        yield f"account_{section}", lambda page, url, _, show=section: _open(page, url, f"/account?show={show}", "nav")
    yield "sync_offline", lambda page, url, _: _offline(page, url, place, element)


def _open(page: Page, url: str, path: str, awaited: str) -> None:
    page.goto(url + path)
    page.wait_for_selector(awaited)


def _plan(page: Page, url: str, path: str, awaited: str = "arxos-storeys") -> None:
    page.goto(url + path)
    wait_for_plan(page)
    page.wait_for_selector(awaited)


def _adding(page: Page, url: str, place: str) -> None:
    _plan(page, url, place)
    handle = page.locator("button.handle")
    if handle.is_visible():
        handle.click()
    page.locator("arxos-adder button").first.click()


def _drawings(page: Page, url: str, place: str) -> None:
    _plan(page, url, place)
    page.get_by_role("button", name="Drawings beneath the plan").click()
    page.wait_for_selector(".drawings")


def _searching(page: Page, url: str, place: str) -> None:
    _plan(page, url, place)
    page.get_by_role("button", name="Search the building").click()
    page.get_by_role("combobox", name="Search the building").fill("door")
    page.wait_for_selector("#find-list li")


def _task(page: Page, url: str, place: str) -> None:
    _open(page, url, f"{place}/work", "a.task")
    page.locator('a.task[data-kind="visual"]').first.click()
    page.wait_for_selector("arxos-task h2")


def _exporting(page: Page, url: str, place: str) -> None:
    _open(page, url, f"{place}/exports", "arxos-exports li")
    page.get_by_role("button", name="Make the file").click()
    page.wait_for_selector('.export[data-state="done"]')
    page.wait_for_selector('.export[data-state="running"], .export[data-state="waiting"]', state="detached")


def _offline(page: Page, url: str, place: str, element: str) -> None:
    _plan(page, url, f"{place}?element={element}", "form[data-element]")
    kept_offline(page)
    page.context.set_offline(True)
    save(page, tag="TYPED-OFFLINE")
    wait_for_badge(page, "offline")
    page.goto(url + "/sync")
    page.wait_for_selector(".facts")


def disagree(office: Office, place: str) -> None:
    """Two stale forms: the second one's value is kept beside the first's."""
    tag = office.http.get(place).headers["ETag"]
    for name in ("North side, upper row", "North side, by the door"):
        office.http.patch(place, json={"set": {"name": name}}, headers={"If-Match": tag}).raise_for_status()


def visit(browser: Browser, url: str, building: str, element: str, size: str, scheme: str, folder: Path) -> None:
    width, height = SIZES[size]
    screen: dict[str, Any] = {"viewport": {"width": width, "height": height}, "has_touch": size != "desktop"}
    visitor = Visitor(browser, url, color_scheme=scheme, **screen)
    page = visitor.login()
    for name, step in steps(building, element):
        step(page, url, size)
        page.wait_for_timeout(400)  # what moves has come to rest
        page.screenshot(path=folder / f"{name}-{size}-{scheme}.png")
    visitor.leave()
    for line in visitor.complaints:
        print(f"{size} {scheme}: {line}")


def main(folder: Path = FOLDER) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        site = Site.new("spatialite", Path(scratch))
        url = site.start()[0]
        office = Office(url, "owner@demo.arxos")
        building = office.building()
        browser = playwright.chromium.launch(executable_path=services.chromium_path(), args=services.CHROMIUM_FLAGS)
        try:
            element = next(id for (table, id) in office.pull(building)[0] if table == "element")
            disagree(office, f"/api/v1/buildings/{building}/element/{element}")
            for size in SIZES:
                for scheme in SCHEMES:
                    visit(browser, url, building, element, size, scheme, folder)
        finally:
            browser.close()
            site.remove()
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}")


if __name__ == "__main__":
    main(*(Path(name) for name in sys.argv[1:2]))
