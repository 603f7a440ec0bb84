"""A person's points in Chromium, with a network and without."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from server.app import open_parts
from server.parts import new_id, now
from server.settings import read_settings
from server.wallet.posting import post_due
from server.wallet.rewards import Deed, credit
from server.wallet.telling import tell
from tests.browser.axe import findings
from tests.browser.visitor import Visitor, kept_offline, wait_for_badge
from tests.server.running import Person
from tests.server.site import Site

POSTED, PENDING = 32, 3


def earn(site: Site, person: str, building: str) -> None:
    parts = open_parts(read_settings(site.running.environment, Path("/nonexistent")))
    for count in (POSTED, PENDING):
        at = now()
        deeds = [
            Deed("validation.confirmed", new_id(), building, person, at, f"2026-01-{day + 1:02d}")
            for day in (number % 31 for number in range(count))
        ]
        credit(parts, deeds)
        if count == POSTED:
            with parts.store.tables() as sql:
                sql.run("update ledger_waiting set posts_at = :at", at=now())
            post_due(parts)
        tell(parts)
    parts.store.close()


def test_points_are_seen_disputed_and_taken_along(site: Site, url: str, building: str, visitor: Visitor):
    person = Person(url, "technician")
    earn(site, person.id, building)
    wallet = person.http.get("/api/v1/wallet").json()
    assert wallet["balance"] > 0 and wallet["pending"] > 0
    page = visitor.login()
    page.goto(f"{url}/wallet")
    balance = page.locator(f'[data-balance="{wallet["balance"]}"]')
    expect(balance).to_be_visible()
    expect(page.get_by_text(f"{wallet['pending']} more are on their way")).to_be_visible()
    expect(page.get_by_text("left today").first).to_be_visible()
    expect(page.locator(".entry")).to_have_count(30)
    page.get_by_role("button", name="Older").click()
    expect(page.locator(".entry")).to_have_count(POSTED + PENDING)
    assert findings(visitor, page) == []
    entry = page.locator('.entry[data-state="pending"]').first
    entry.locator("summary").click()
    expect(entry.get_by_text("What became of it")).to_be_visible()
    entry.get_by_label("Say why").fill("I measured both doors")
    entry.get_by_role("button", name="Dispute it").click()
    expect(entry.get_by_text("somebody else will decide")).to_be_visible()
    with page.expect_download() as got:
        page.get_by_role("button", name="As a table").click()
    lines = Path(got.value.path()).read_text("utf-8-sig").splitlines()
    assert len(lines) > POSTED and lines[0].startswith("when,entry")
    with page.expect_download() as got:
        page.get_by_role("button", name="As a document").click()
    assert Path(got.value.path()).read_bytes().startswith(b"%PDF")
    kept_offline(page)
    wait_for_badge(page, "saved")
    visitor.context.set_offline(True)
    page.reload()
    expect(balance).to_be_visible()
    expect(page.get_by_text("No network: this is what had come to this device")).to_be_visible()
    page.get_by_role("button", name="As a table").click()
    expect(page.get_by_text("The server cannot be reached")).to_be_visible()
