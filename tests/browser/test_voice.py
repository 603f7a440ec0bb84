"""Real Chromium with a microphone of its own: what is said is kept, carried and heard like a photo is seen."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests import services
from tests.browser.axe import findings
from tests.browser.test_photos import open_element
from tests.browser.visitor import Visitor, kept_offline, wait_for_badge, wait_for_plan
from tests.server.running import wait_for
from tests.site_day import Office

HEARD = "() => { const audio = document.querySelector('arxos-voice .voice audio'); return audio?.currentTime > 0.2; }"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """One that hears a beep every second and lets every page hear it."""
    flags = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        "--autoplay-policy=no-user-gesture-required",
    ]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=[*services.CHROMIUM_FLAGS, *flags])
        yield launched
        launched.close()


def speak(page: Page) -> None:
    """For a second at least."""
    page.get_by_role("button", name="Record a voice note").click()
    expect(page.locator("arxos-voice .voice-time")).to_contain_text(re.compile(r"Recording 0:0*[1-9]\d* of 3:00"))


def record(page: Page) -> None:
    speak(page)
    page.locator("arxos-voice").get_by_role("button", name="Stop").click()
    expect(page.locator("arxos-voice .voice-desk audio")).to_be_visible()


def keep(page: Page) -> None:
    page.locator("arxos-voice .voice-desk").get_by_role("button", name="Keep it", exact=True).click()


def hear(page: Page) -> None:
    page.locator("arxos-voice .voice").first.get_by_role("button", name="Play").click()
    page.wait_for_function(HEARD)


def test_a_note_said_offline_is_heard_there_shown_as_waiting_and_reaches_the_server_byte_for_byte(
    visitor: Visitor, url: str, building: str
):
    page = visitor.login()
    element = open_element(page, url, building, 0)
    kept_offline(page)
    wait_for_badge(page, "saved")
    visitor.context.set_offline(True)
    record(page)
    assert findings(visitor, page) == []
    page.locator("arxos-voice").get_by_role("button", name="Discard").click()
    expect(page.locator("arxos-voice output")).to_contain_text("Nothing was kept")
    expect(page.locator("arxos-voice .voice")).to_have_count(0)
    record(page)
    keep(page)
    expect(page.locator("arxos-voice .voice")).to_contain_text("Kept on this device, not sent yet")
    expect(page.locator("arxos-photos .photos li")).to_have_count(0)
    page.goto(f"{url}/sync")
    expect(page.locator("li[data-file]")).to_contain_text("Voice note 0.")
    expect(page.locator("li[data-file]")).to_contain_text("kB")
    page.goto(f"{url}/b/{building}?element={element}")
    wait_for_plan(page)
    hear(page)
    visitor.context.set_offline(False)
    wait_for_badge(page, "saved", pending=0)
    expect(page.locator("arxos-voice .voice")).to_contain_text("On this device and on the server")
    assert page.locator("arxos-voice .voice audio").count() == 1, "what plays goes on playing"
    visitor.context.set_offline(True)
    page.reload()
    wait_for_plan(page)
    hear(page)
    visitor.context.set_offline(False)
    of_server_is_of_browser(page, url, building)


def of_server_is_of_browser(page: Page, url: str, building: str) -> None:
    hash = page.get_attribute("arxos-voice .voice", "data-sha256") or ""
    answer = Office(url, "owner@demo.arxos").http.get(f"/api/v1/attachments/{building}/{hash}")
    assert answer.headers["content-disposition"] == "attachment", "never a page of its own"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content[:4] == b"\x1a\x45\xdf\xa3", "WebM"
    page.wait_for_function(
        """([building, hash]) => import('/replica/client.js').then((m) => m.open())
          .then((replica) => replica.photo(building, hash, true)).then((blob) => blob.arrayBuffer())
          .then((bytes) => crypto.subtle.digest('SHA-256', bytes))
          .then((sum) => [...new Uint8Array(sum)].map((b) => b.toString(16).padStart(2, '0')).join('') === hash)""",
        arg=[building, hash],
    )


def test_another_person_hears_it_and_a_recording_goes_on_while_changes_arrive(
    visitor: Visitor, browser: Browser, url: str, building: str
):
    page = visitor.login()
    element = open_element(page, url, building, 1)
    wait_for_badge(page, "saved")
    speak(page)
    before = page.inner_text("arxos-voice .voice-time")
    office = Office(url, "owner@demo.arxos")
    office.http.patch(f"/api/v1/buildings/{building}/element/{element}", json={"set": {"tag": "WHILE-SPEAKING"}})
    page.wait_for_function("() => document.querySelector('form[data-element] [name=tag]').value === 'WHILE-SPEAKING'")
    expect(page.locator("arxos-voice .voice-time")).not_to_have_text(before)
    page.locator("arxos-voice").get_by_role("button", name="Stop").click()
    keep(page)
    expect(page.locator("arxos-voice .voice")).to_contain_text("On this device and on the server")

    other = Visitor(browser, url)
    theirs = other.login("reviewer@demo.arxos")
    theirs.goto(f"{url}/b/{building}?element={element}")
    wait_for_plan(theirs)
    expect(theirs.locator("arxos-voice .voice")).to_contain_text("On the server")
    hear(theirs)
    other.leave()
    assert other.complaints == []


def test_who_leaves_while_speaking_finds_it_kept_and_can_take_it_back(visitor: Visitor, url: str, building: str):
    page = visitor.login("owner@demo.arxos")
    element = open_element(page, url, building, 2)
    wait_for_badge(page, "saved")
    speak(page)
    page.locator("arxos-sheet .sheet-head button").click()
    line = page.locator(".notice.undo")
    expect(line).to_contain_text("What you recorded was kept")
    line.get_by_role("button", name="Undo").click()
    expect(line).to_have_count(0)
    wait_for_badge(page, "saved", pending=0)

    def notes() -> list[str]:
        rows, _ = Office(url, "owner@demo.arxos").pull(building)
        return [id for (table, id), row in rows.items() if table == "attachment" and row["target_id"] == element]

    wait_for(lambda: notes() == [])


def test_a_microphone_that_is_not_allowed_is_said_in_words(browser: Browser, chromium: str, url: str, building: str):
    asking = browser.browser_type.launch(executable_path=chromium, args=services.CHROMIUM_FLAGS)
    visitor = Visitor(asking, url)
    page = visitor.login()
    open_element(page, url, building, 3)
    page.get_by_role("button", name="Record a voice note").click()
    expect(page.locator("arxos-voice output")).to_contain_text("microphone")
    expect(page.get_by_role("button", name="Record a voice note")).to_be_enabled()
    asking.close()
    assert visitor.complaints == []


def test_a_note_on_the_wrong_thing_is_taken_off_by_who_said_it_and_still_heard(
    visitor: Visitor, url: str, building: str
):
    page = visitor.login()
    open_element(page, url, building, 3)
    wait_for_badge(page, "saved")
    record(page)
    keep(page)
    page.wait_for_selector('arxos-voice .voice[data-where="here"]')
    page.locator("arxos-voice .voice").get_by_role("button", name=re.compile("^Take .* off$")).click()
    expect(page.locator("arxos-voice .voice")).to_have_count(0)
    page.locator("arxos-sheet").get_by_role("button", name="Close").first.click()
    page.locator(".loose arxos-voice summary").click()
    hear(page)
    assert findings(visitor, page) == []
    wait_for_badge(page, "saved", pending=0)
    page.locator(".loose arxos-voice").get_by_role("button", name=re.compile("^Put .* back$")).click()
    expect(page.locator(".loose arxos-voice")).to_be_hidden()
