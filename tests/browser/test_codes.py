"""Real Chromium and a camera that sees real codes: what is stuck on a thing finds the thing, without a network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import findings
from tests.browser.camera import film, looking_at
from tests.browser.test_offline import wait_for_server
from tests.browser.test_photos import open_element
from tests.browser.visitor import Visitor, field, kept_offline, wait_for_badge, wait_for_field, wait_for_plan
from tests.server.running import wait_for
from tests.site_day import Office

KINDS = [
    ("Code128", "PUMP-0042/A"),
    ("EAN13", "4006381333931"),
    ("QR", "https://arxos.example/e/77"),
    ("ECC200DataMatrix", "DM-98765"),
]
SEARCH = "Search the building"


@contextmanager
def somebody(browser: Browser, chromium: str, url: str, file: Path) -> Iterator[Visitor]:
    seeing = looking_at(browser, chromium, file)
    visitor = Visitor(seeing, url)
    yield visitor
    assert visitor.complaints == []
    seeing.close()


def elements(url: str, building: str) -> list[str]:
    return sorted(id for (table, id) in Office(url, "owner@demo.arxos").pull(building)[0] if table == "element")


def mark(url: str, building: str, element: str, **fields: str) -> None:
    office = Office(url, "owner@demo.arxos")
    office.http.patch(f"/api/v1/buildings/{building}/element/{element}", json={"set": fields}).raise_for_status()


def at_building(visitor: Visitor, url: str, building: str) -> Page:
    page = visitor.login()
    page.goto(f"{url}/b/{building}")
    wait_for_plan(page)
    wait_for_badge(page, "saved")
    return page


def scan(page: Page) -> None:
    page.get_by_role("button", name=SEARCH).click()
    page.locator(".find").get_by_role("button", name="Scan a code").click()


@pytest.mark.parametrize(("kind", "value"), KINDS)
def test_a_code_that_the_camera_sees_opens_its_element_without_a_network(
    browser: Browser, chromium: str, url: str, building: str, tmp_path: Path, kind: str, value: str
):
    element = elements(url, building)[KINDS.index((kind, value))]
    mark(url, building, element, barcode=value)
    with somebody(browser, chromium, url, film(tmp_path / "label.y4m", (kind, value))) as visitor:
        page = at_building(visitor, url, building)
        kept_offline(page)
        visitor.context.set_offline(True)
        scan(page)
        page.wait_for_selector(f'form[data-element="{element}"]')
        wait_for_field(page, "barcode", value)
        assert page.locator("dialog.scan").count() == 0


def test_a_label_with_several_codes_is_asked_about_and_what_several_have_is_a_list(
    browser: Browser, chromium: str, url: str, building: str, tmp_path: Path
):
    first, second = elements(url, building)[10:12]
    mark(url, building, first, serial_number="SN-5551")
    mark(url, building, second, tag="sn-5551")
    with somebody(
        browser, chromium, url, film(tmp_path / "label.y4m", ("Code128", "SN-5551"), ("QR", "MODEL-X"))
    ) as visitor:
        page = at_building(visitor, url, building)
        scan(page)
        expect(page.locator("dialog.scan")).to_contain_text("Several codes. Which one?")
        assert findings(visitor, page) == []
        page.locator("dialog.scan").get_by_role("button", name="SN-5551").click()
        expect(page.locator("#find-list li")).to_have_count(2)
        ids = page.eval_on_selector_all("#find-list li", "all => all.map((one) => one.dataset.id).sort()")
        assert ids == sorted([first, second])
        page.keyboard.press("Enter")
        page.wait_for_selector(f'form[data-element="{first}"], form[data-element="{second}"]')


def test_a_code_that_nothing_has_is_put_on_the_open_element_or_on_a_new_one(
    browser: Browser, chromium: str, url: str, building: str, tmp_path: Path
):
    with somebody(browser, chromium, url, film(tmp_path / "label.y4m", ("Code128", "FRESH-1"))) as visitor:
        page = visitor.login()
        element = open_element(page, url, building, 5)
        wait_for_badge(page, "saved")
        before = field(page, "barcode")
        scan(page)
        expect(page.locator(".find")).to_contain_text("Nothing here has the code FRESH-1.")
        page.get_by_role("button", name="Put it on").click()
        wait_for_field(page, "barcode", "FRESH-1")
        wait_for_server(url, building, element, barcode="FRESH-1")
        page.locator(".notice.undo").get_by_role("button", name="Undo").click()
        wait_for_field(page, "barcode", before)
        scan(page)
        page.get_by_role("button", name="Add an element with it").click()
        expect(page.locator("arxos-adder")).to_contain_text("FRESH-1")
        box = page.locator("arxos-plan canvas").first.bounding_box() or {}
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        wait_for_field(page, "barcode", "FRESH-1")
        assert page.get_attribute("form[data-element]", "data-element") != element
        wait_for_badge(page, "saved", pending=0)
        wait_for(lambda: [row.get("barcode") for row in rows(url, building)].count("FRESH-1") == 1)


def rows(url: str, building: str) -> list[dict[str, Any]]:
    return [row for (table, _), row in Office(url, "owner@demo.arxos").pull(building)[0].items() if table == "element"]


def test_the_field_takes_what_the_camera_reads(
    browser: Browser, chromium: str, url: str, building: str, tmp_path: Path
):
    with somebody(browser, chromium, url, film(tmp_path / "label.y4m", ("QR", "FIELD-7"))) as visitor:
        page = visitor.login()
        element = open_element(page, url, building, 6)
        wait_for_badge(page, "saved")
        page.locator(".with-scan button").click()
        wait_for_field(page, "barcode", "FIELD-7")
        wait_for_server(url, building, element, barcode="FIELD-7")


def test_a_reader_that_types_and_presses_enter_opens_the_element(visitor: Visitor, url: str, building: str):
    element, near = elements(url, building)[20:22]
    mark(url, building, element, barcode="90001")
    mark(url, building, near, barcode="900012")
    page = at_building(visitor, url, building)
    page.wait_for_function(
        """([building, id]) => import('/replica/client.js').then((m) => m.open())
          .then((r) => r.query(building, 'select barcode from element where id = ?', [id]))
          .then(([row]) => row.barcode === '900012')""",
        arg=[building, near],
    )
    page.keyboard.press("/")
    page.keyboard.type("90001")
    page.keyboard.press("Enter")
    page.wait_for_selector(f'form[data-element="{element}"]')
    assert field(page, "barcode") == "90001"


def test_no_camera_and_no_permission_are_said_in_words(visitor: Visitor, url: str, building: str):
    page = at_building(visitor, url, building)
    scan(page)
    expect(page.locator("dialog.scan [role=status]")).to_contain_text("camera that we could use")
    page.locator("dialog.scan").get_by_role("button", name="Close").click()
    expect(page.get_by_role("combobox", name=SEARCH)).to_be_focused()
