"""Real Chromium: what a photo tells is taken out before it is kept, it says when it was taken; off, it is found."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from client_kit.formats import photo
from tests.browser.axe import findings
from tests.browser.photo_marks import plain_photo
from tests.browser.test_photos import hash_of, open_element, take_photo, wait_for_photo
from tests.browser.visitor import Visitor, wait_for_badge, wait_for_plan
from tests.formats import photo_files as made
from tests.server.site import Site
from tests.site_day import Office


def row_of(url: str, building: str, sha256: str) -> dict[str, Any]:
    rows, _ = Office(url, "owner@demo.arxos").pull(building)
    (row,) = [row for row in rows.values() if row.get("sha256") == sha256]
    return row


def test_a_photo_that_is_chosen_is_rid_of_its_place_and_keeps_its_time(visitor: Visitor, url: str, building: str):
    page = visitor.login()
    open_element(page, url, building, 0)
    wait_for_badge(page, "saved")
    expect(page.locator("arxos-sheet arxos-photos")).to_contain_text("Where a photo was taken and whose camera")
    content = made.jpeg(exif=made.told())
    clean = photo.cleaned(content, "place")
    take_photo(page, content)
    wait_for_photo(page, clean, "here")
    expect(page.locator("arxos-photos .photos")).to_contain_text("taken")
    assert Office(url, "owner@demo.arxos").http.get(f"/api/v1/attachments/{building}/{hash_of(clean)}").content == clean
    row = row_of(url, building, hash_of(clean))
    assert (row["taken_at"], row["byte_size"]) == (made.LOCAL, len(clean))
    assert (row["width"], row["height"]) == (made.SIZE[1], made.SIZE[0]), "as it is looked at"
    assert row["thumbnail"]
    page.locator("#photo-file").set_input_files(
        [{"name": "raw.raf", "mimeType": "image/x-fuji-raf", "buffer": made.files()["raw"]}]
    )
    expect(page.locator("arxos-photos output")).to_contain_text("cannot be taken out")
    assert findings(visitor, page) == []


def test_the_camera_tells_when_it_took_a_photo_and_an_old_file_does_not(
    browser: Browser, url: str, building: str, tmp_path: Path
):
    phone = Visitor(browser, url, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = phone.login()
    open_element(page, url, building, 1)
    wait_for_badge(page, "saved")
    fresh, old = plain_photo(41), plain_photo(42)
    (tmp_path / "old.jpg").write_bytes(old)
    os.utime(tmp_path / "old.jpg", (1_700_000_000, 1_700_000_000))
    for content, given in ((fresh, {"name": "new.jpg", "mimeType": "image/jpeg", "buffer": fresh}), (old, None)):
        with page.expect_file_chooser() as asked:
            page.get_by_text("Take a photo", exact=True).click()
        asked.value.set_files([given] if given else tmp_path / "old.jpg")  # type: ignore[list-item]
        wait_for_photo(page, content, "here")
    taken, none = row_of(url, building, hash_of(fresh)), row_of(url, building, hash_of(old))
    assert taken["taken_at"][:16] == taken["created_at"][:16] or taken["taken_at"] < taken["created_at"]
    assert none.get("taken_at") is None, "the file does not say, and it was not taken now"
    assert findings(phone, page) == []
    phone.leave()
    assert phone.complaints == []


def taken_off(page: Page) -> None:
    page.locator("arxos-sheet arxos-photos").get_by_role("button", name="Take leak.jpg off").click()
    expect(page.locator(".notice.undo")).to_contain_text("leak.jpg was taken off")


def test_a_photo_put_on_by_mistake_is_taken_off_by_a_technician_found_again_and_put_back(
    visitor: Visitor, url: str, building: str
):
    page = visitor.login()
    element = open_element(page, url, building, 2)
    wait_for_badge(page, "saved")
    content = plain_photo(77)
    take_photo(page, content)
    wait_for_photo(page, content, "here")
    taken_off(page)
    items = page.locator("arxos-sheet arxos-photos .photos li")
    expect(items).to_have_count(0)
    page.locator(".notice.undo").get_by_role("button", name="Undo").click()
    expect(items).to_have_count(1)
    taken_off(page)
    wait_for_badge(page, "saved", pending=0)
    row = row_of(url, building, hash_of(content))
    assert (row.get("target_id"), row["upload_state"]) == (None, "here"), "nothing is deleted"
    page.locator("arxos-sheet").get_by_role("button", name="Close").first.click()
    loose = page.locator(".loose arxos-photos")
    loose.locator("summary").click()
    expect(loose.locator("img")).to_be_visible()
    assert findings(visitor, page) == []
    loose.get_by_role("button", name="Put leak.jpg back").click()
    expect(loose).to_be_hidden()
    wait_for_badge(page, "saved", pending=0)
    assert row_of(url, building, hash_of(content))["target_id"] == element


def test_a_server_that_wants_all_of_it_out_is_obeyed_without_a_network(browser: Browser, tmp_path: Path):
    other = site_with(tmp_path, "all")
    url = other.start()[0]
    building = Office(url, "owner@demo.arxos").building()
    visitor = Visitor(browser, url)
    page = visitor.login()
    open_element(page, url, building, 0)
    wait_for_badge(page, "saved")
    visitor.context.set_offline(True)
    content = made.jpeg(exif=made.told())
    take_photo(page, content)
    clean = photo.cleaned(content, "all")
    wait_for_photo(page, clean, "waiting")
    visitor.context.set_offline(False)
    wait_for_photo(page, clean, "here")
    assert row_of(url, building, hash_of(clean)).get("taken_at") is None
    wait_for_plan(page)
    visitor.leave()
    other.remove()
    assert visitor.complaints == []


def site_with(folder: Path, photos: str) -> Site:
    site = Site.new("spatialite", folder / "all")
    site.running.environment["ARXOS_PHOTOS"] = photos
    return site
