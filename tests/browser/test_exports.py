"""A building taken along as a file, in Chromium: asked for, watched, stopped, fetched; and without a network."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from server.app import open_parts
from server.exports import activity
from server.parts import now
from server.settings import read_settings
from tests.browser.axe import findings
from tests.browser.visitor import Visitor, kept_offline, save, wait_for_badge, wait_for_plan
from tests.server.running import Person, wait_for
from tests.server.site import Site
from tests.site_day import Office


def choose(page: Page, format: str) -> None:
    page.get_by_role("radio", name=format).check()
    page.get_by_role("button", name="Make the file").click()


def fetched(page: Page, id: str) -> Path:
    with page.expect_download() as got:
        page.locator(f'[data-export="{id}"]').get_by_role("link", name="Download").click()
    assert got.value.suggested_filename.startswith("Harbour-House-")
    return Path(got.value.path())


def newest(page: Page, state: str) -> str:
    item = page.locator(f'.export[data-state="{state}"]').first
    expect(item).to_be_visible()
    return item.get_attribute("data-export") or ""


def test_a_building_is_taken_along_as_a_file(visitor: Visitor, browser: Browser, url: str, building: str):
    page = visitor.login()
    page.goto(f"{url}/b/{building}")
    wait_for_plan(page)
    page.get_by_role("link", name="Export").click()
    expect(page.get_by_role("heading", name="Export", exact=True)).to_be_visible()
    expect(page.get_by_text("No file of this building is here")).to_be_visible()
    assert findings(visitor, page) == []
    choose(page, "GeoPackage")
    whole = newest(page, "done")
    expect(page.locator(f'[data-export="{whole}"]')).to_contain_text("Whole building")
    base = sqlite3.connect(fetched(page, whole))
    rows, _ = Office(url, "owner@demo.arxos").pull(building)
    elements = sum(table == "element" for table, _ in rows)
    assert base.execute("select count(*) from element").fetchone() == (elements,)

    page.get_by_role("checkbox", name="Ground floor").check()
    page.get_by_role("checkbox", name="Tasks and findings").uncheck()
    page.get_by_role("checkbox", name="Remarks and lists of files").uncheck()
    choose(page, "GeoJSON")
    expect(page.locator('.export[data-state="done"]')).to_have_count(2)
    some = newest(page, "done")
    expect(page.locator(f'[data-export="{some}"]')).to_contain_text("Ground floor · Rooms and elements")
    told = json.loads(fetched(page, some).read_text("utf-8"))
    assert {one["properties"]["table"] for one in told["features"]} >= {"storey", "space", "element"}
    assert not any(one["properties"]["table"] == "task" for one in told["features"])
    assert sum(one["properties"]["table"] == "storey" for one in told["features"]) == 1
    assert findings(visitor, page) == []

    other = Visitor(browser, url)
    theirs = other.login("viewer@demo.arxos")
    theirs.goto(f"{url}/b/{building}/exports")
    expect(theirs.locator(f'[data-export="{whole}"]')).to_contain_text("Whole building")
    fetched(theirs, whole)
    other.leave()
    assert other.complaints == []


def test_how_far_it_is_is_shown_and_it_is_stopped_or_tried_again(site: Site, url: str, building: str, visitor: Visitor):
    person, parts = Person(url, "technician"), open_parts(read_settings(site.running.environment, Path("/nonexistent")))
    ids = {}
    for state in ("running", "failed"):
        answer = person.http.post("/api/v1/export/csv", json={"building_id": building})
        ids[state] = answer.json()["id"]

    def set_job(id: str, statement: str) -> None:
        """As a process leaves it that is still at it, or was."""
        with parts.store.tables() as sql:
            sql.run(f"update job set {statement} where id = :id", id=id, now=now())  # type: ignore[arg-type]

    page = visitor.login()
    page.goto(f"{url}/b/{building}/exports")
    for id in ids.values():
        expect(page.locator(f'[data-export="{id}"][data-state="done"]')).to_be_visible()
    activity.tell(parts, building, ids["running"], state="running", expires_at=None)
    activity.tell(parts, building, ids["failed"], state="failed")
    set_job(ids["failed"], "state = 'failed', result = null, problem = 'storage_full: The disk has no room.'")
    set_job(ids["running"], """state = 'running', held_until = '2999-01-01T00:00:00.000Z', finished_at = null,
            result = '{"rows": 1200, "of": 5000}', progress = 0.24""")  # fmt: skip
    page.reload()
    running = page.locator(f'[data-export="{ids["running"]}"]')
    expect(running).to_contain_text("1,200 of 5,000 rows")
    assert running.locator("progress").evaluate("one => [one.value, one.max]") == [1200, 5000]
    failed = page.locator(f'[data-export="{ids["failed"]}"]')
    expect(failed).to_contain_text("It could not be made. The server has no room for it.")
    assert findings(visitor, page) == []
    set_job(ids["running"], """result = '{"rows": 4800, "of": 5000}', progress = 0.96""")
    expect(running).to_contain_text("4,800 of 5,000 rows")  # without a frame of the socket: the page looks again
    running.get_by_role("button", name="Stop it").click()

    def cancelled() -> object:
        with parts.store.tables() as sql:
            return sql.rows("select cancel_at from job where id = :id", id=ids["running"])[0]["cancel_at"]

    wait_for(cancelled)
    set_job(ids["running"], "held_until = :now")
    expect(running).to_have_count(0)
    before = page.locator('.export[data-state="done"]').count()
    failed.get_by_role("button", name="Try again").click()
    expect(page.locator('.export[data-state="done"]')).to_have_count(before + 1)
    parts.store.close()


def test_without_a_network_it_is_said_that_the_server_makes_them_and_what_is_not_in_them(
    visitor: Visitor, url: str, building: str
):
    rows, _ = Office(url, "owner@demo.arxos").pull(building)
    element = next(id for (table, id) in rows if table == "element")
    page = visitor.login()
    page.goto(f"{url}/b/{building}?element={element}")
    wait_for_plan(page)
    kept_offline(page)
    wait_for_badge(page, "saved")
    visitor.context.set_offline(True)
    save(page, tag="NOT-SENT")
    page.goto(f"{url}/b/{building}/exports")
    expect(page.get_by_text("No network. The server makes these files")).to_be_visible()
    expect(page.get_by_text("1 edit of yours is not in it")).to_be_visible()
    expect(page.get_by_role("button", name="Make the file")).to_be_disabled()
    assert findings(visitor, page) == []
    visitor.context.set_offline(False)
    wait_for_badge(page, "saved", pending=0)
    expect(page.get_by_text("No network. The server makes")).to_have_count(0)
    expect(page.get_by_text("edit of yours")).to_have_count(0)
    page.get_by_role("button", name="Make the file").click()
    newest(page, "done")
