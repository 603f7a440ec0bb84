"""Real Chromium: a photo taken without a network is kept, survives a reload, and arrives; photos of others are seen."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from client_kit import attachments
from client_kit.attachments_queue import carry
from client_kit.replica import now_ms
from client_kit.sync import Loop
from tests.browser.visitor import Visitor, kept_offline, wait_for_badge, wait_for_plan
from tests.server.cutting import CuttingProxy
from tests.server.running import wait_for
from tests.server.site import Site
from tests.site_day import Office, Tablet


def photo(size: tuple[int, int] = (640, 480)) -> bytes:
    """Of noise, so that no two are the same; it tells nothing, so it is kept as it is."""
    out = io.BytesIO()
    Image.effect_noise(size, 80).convert("RGB").save(out, "JPEG", quality=85)
    return out.getvalue()


def open_element(page: Page, url: str, building: str, number: int) -> str:
    page.goto(f"{url}/b/{building}")
    wait_for_plan(page)
    page.locator("arxos-elements").get_by_text("Air terminal 00-", exact=False).nth(number).click()
    page.wait_for_selector("form[data-element]")
    return page.get_attribute("form[data-element]", "data-element") or ""


def take_photo(page: Page, content: bytes, name: str = "leak.jpg") -> None:
    file = {"name": name, "mimeType": "image/jpeg", "buffer": content}
    page.locator("#photo-file").set_input_files([file])  # type: ignore[list-item]


def wait_for_photo(page: Page, content: bytes, where: str) -> None:
    page.wait_for_selector(f'arxos-photos li[data-sha256="{hash_of(content)}"][data-where="{where}"]')


def wait_for_picture(page: Page) -> int:
    """The width of the picture that is shown, once it is really drawn."""
    page.wait_for_function("() => document.querySelector('arxos-photos img:not(.preview)')?.naturalWidth > 0")
    return int(page.evaluate("document.querySelector('arxos-photos img:not(.preview)').naturalWidth"))


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def silent(what: str, facts: dict[str, Any]) -> None:
    return None


def carried(tablet: Tablet, photos: bool = False) -> None:
    loop = Loop(tablet.home, tablet.server(), silent)
    loop.start()
    done = carry(loop, photos)
    assert (done.problem, done.failed) == (None, 0)


@pytest.fixture
def tablet(tmp_path: Path, url: str, building: str) -> Tablet:
    tablet = Tablet.new(tmp_path / "tablet", url, "reviewer@demo.arxos")
    tablet.subscribe(building)
    return tablet


def test_a_photo_taken_offline_survives_a_reload_and_is_seen_by_a_tablet(
    visitor: Visitor, url: str, building: str, tablet: Tablet
):
    page = visitor.login()
    element = open_element(page, url, building, 0)
    kept_offline(page)
    wait_for_badge(page, "saved")
    visitor.context.set_offline(True)
    content = photo()
    take_photo(page, content)
    expect(page.locator("arxos-photos output")).to_have_text("Kept on this device")
    wait_for_photo(page, content, "waiting")
    page.reload()
    wait_for_plan(page)
    wait_for_photo(page, content, "waiting")
    assert wait_for_picture(page) == 640
    visitor.context.set_offline(False)
    wait_for_badge(page, "saved", pending=0)
    wait_for_photo(page, content, "here")
    carried(tablet, photos=True)
    replica = tablet.home.replica(building)
    ((id,),) = replica.connection.execute("select id from attachment where sha256 = ?", [hash_of(content)])
    row = replica.row("attachment", id) or {}
    assert (row["target_id"], row["name"], row["upload_state"]) == (element, "leak.jpg", "here")
    assert (row["width"], row["height"]) == (640, 480)
    assert Image.open(io.BytesIO(row["thumbnail"])).size == (96, 72)
    assert attachments.file_of(tablet.home, building, hash_of(content)).read_bytes() == content


def test_scenario_12_an_upload_cut_in_its_middle_goes_on_there_after_a_reload(
    browser: Browser, url: str, building: str
):
    proxy = CuttingProxy(url)
    visitor = Visitor(browser, proxy.url)
    page = visitor.login()
    open_element(page, proxy.url, building, 1)
    wait_for_badge(page, "saved")
    content = photo((3000, 2600))
    size = len(content)
    assert size > 2_500_000, "three pieces at least"
    proxy.up = size * 7 // 10
    take_photo(page, content)
    expect(page.locator("arxos-photos output")).to_have_text("Kept on this device")
    wait_for(lambda: proxy.up == 0)
    wait_for_photo(page, content, "waiting")
    proxy.up, before = None, proxy.passed["up"]
    page.reload()
    wait_for_plan(page)
    wait_for_photo(page, content, "here")
    assert proxy.passed["up"] - before < size * 0.55, "what had come was not sent again"
    office = Office(url, "owner@demo.arxos")
    assert office.http.get(f"/api/v1/attachments/{building}/{hash_of(content)}").content == content
    visitor.leave()
    proxy.close()


def test_scenario_11_anothers_photo_is_first_not_here_yet_then_a_small_picture_then_whole(
    visitor: Visitor, url: str, building: str, tablet: Tablet, tmp_path: Path
):
    page = visitor.login()
    element = open_element(page, url, building, 2)
    tablet.sync()
    content = photo((800, 600))
    (tmp_path / "theirs.jpg").write_bytes(content)
    change = attachments.attachment(tablet.home, building, tmp_path / "theirs.jpg", f"element/{element}")
    tablet.home.replica(building).record([change], now_ms(), None)
    tablet.sync()  # the row alone
    wait_for_photo(page, content, "elsewhere")
    expect(page.locator("arxos-photos")).to_contain_text("Not here yet, on Rita Reviewer’s device")
    carried(tablet)
    wait_for_photo(page, content, "server")
    assert wait_for_picture(page) == 256
    page.locator("arxos-photos .photo-frame").click()
    page.wait_for_function("() => document.querySelector('arxos-photos dialog img')?.naturalWidth === 800")
    wait_for_photo(page, content, "here")
    visitor.context.set_offline(True)
    page.get_by_role("button", name="Close", exact=True).last.click()
    page.locator("arxos-photos .photo-frame").click()
    page.wait_for_function("() => document.querySelector('arxos-photos dialog img')?.naturalWidth === 800")


def test_what_is_no_photo_at_all_is_refused_in_words(visitor: Visitor, url: str, building: str):
    page = visitor.login()
    open_element(page, url, building, 3)
    take_photo(page, b"", "empty.jpg")
    expect(page.locator("arxos-photos output")).to_contain_text("cannot be attached")


def test_scenario_26_an_unsent_photo_of_a_building_that_was_taken_away_reaches_the_quarantine(
    browser: Browser, tmp_path: Path
):
    site = Site.new("spatialite", tmp_path / "site")
    url = site.start()[0]
    building = Office(url, "owner@demo.arxos").building()
    visitor = Visitor(browser, url)
    page = visitor.login()
    open_element(page, url, building, 0)
    wait_for_badge(page, "saved")
    visitor.context.set_offline(True)
    content = photo()
    take_photo(page, content)
    wait_for_photo(page, content, "waiting")
    taken = site.running.command("admin", "grant", "technician@demo.arxos", building, "none")
    assert taken.returncode == 0, taken.stderr
    visitor.context.set_offline(False)
    admin = Office(url, "admin@demo.arxos").http

    def kept() -> list[str]:
        return [one["bytes"] for one in admin.get("/api/v1/admin/quarantine").json()["items"] if one["bytes"]]

    (address,) = wait_for(kept, 30)
    assert admin.get(address).content == content
    visitor.leave()
    site.remove()
