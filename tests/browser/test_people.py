"""Two people on one tablet, and a building that is taken away, in Chromium (scenarios 15 and 26)."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_status import ASK, status_of
from tests.browser.test_told import log_in, set_role
from tests.browser.visitor import Visitor, wait_for_badge, wait_for_plan
from tests.server.running import wait_for
from tests.server.site import Site
from tests.site_day import Office

RECORD = (
    f"([scope, name]) => {ASK}.then(r => r.record(scope, [{{table: 'storey', id: r.newId(), op: 'insert', "
    "set: {name}}]))"
)
QUERY = f"([scope, sql]) => {ASK}.then(r => r.query(scope, sql))"
TECHNICIAN = "technician@demo.arxos"


@pytest.fixture
def private(site: Site, url: str) -> str:
    """A building of the owner that the technician may work in, and the reviewer may not see."""
    office = Office(url, "owner@demo.arxos")
    answer = office.http.post("/api/v1/buildings", json={"set": {"name": "The vault", "visibility": "private"}})
    building = str(answer.json()["row"]["id"])
    set_role(site, building, TECHNICIAN, "technician")
    return building


def storeys_of(url: str, building: str) -> set[str]:
    rows, _ = Office(url, "owner@demo.arxos").pull(building)
    return {row["name"] for (table, _), row in rows.items() if table == "storey"}


def log_out(page: Page, url: str) -> None:
    page.goto(f"{url}/")
    page.locator("summary.bar-person").click()
    page.get_by_role("button", name="Log out").click()
    sure = page.get_by_role("alert").filter(has_text="not with the server")
    if sure.count():
        page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("link", name="Log in")).to_be_visible()


def keep(page: Page, building: str) -> None:
    page.evaluate(f"id => {ASK}.then(r => r.keep(id))", building)


def test_two_people_on_one_tablet_are_two_devices_with_two_sets_of_files(visitor: Visitor, url: str, private: str):
    page = visitor.login(TECHNICIAN)
    keep(page, private)
    wait_for_badge(page, "saved")
    mine = status_of(page)
    visitor.context.set_offline(True)
    page.evaluate(RECORD, [private, "Of A"])
    wait_for_badge(page, "offline", pending=1)
    page.locator("summary.bar-person").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text("1 edit of yours is not with the server")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("link", name="Log in")).to_be_visible()
    nobody = status_of(page)
    assert (nobody["person"], nobody["pending"], nobody["scopes"]) == (None, 0, [])
    assert page.get_by_text("The vault").count() == 0
    visitor.context.set_offline(False)
    log_in(page, url, "reviewer@demo.arxos")
    expect(page.get_by_text("Harbour House").first).to_be_visible()
    assert page.get_by_text("The vault").count() == 0
    other = status_of(page)
    assert other["device"] != mine["device"] and other["pending"] == 0
    for ask in ("r.query(id, 'select 1')", "r.export(id)", "r.unsent(id)", "r.keep(id)"):
        refused = page.evaluate(f"id => {ASK}.then(r => {ask}).then(() => 'answered', error => error.code)", private)
        assert refused in ("not_found", "gone", "forbidden"), ask
    assert storeys_of(url, private) == set()
    log_out(page, url)
    log_in(page, url, TECHNICIAN)
    wait_for(lambda: storeys_of(url, private) == {"Of A"})
    wait_for_badge(page, "saved", pending=0)
    assert status_of(page)["device"] == mine["device"]
    visitor.complaints[:] = [one for one in visitor.complaints if "404" not in one]  # what B asked for in vain


def test_logging_out_without_a_network_ends_the_session_before_anything_else_is_asked(
    visitor: Visitor, url: str, private: str
):
    page = visitor.login(TECHNICIAN)
    wait_for_badge(page, "saved")
    visitor.context.set_offline(True)
    log_out_offline(page)
    visitor.context.set_offline(False)
    page.reload()
    expect(page.get_by_text("Harbour House").first).to_be_visible()
    assert page.get_by_text("The vault").count() == 0
    assert "arxos_session" not in {cookie["name"] for cookie in visitor.context.cookies()}


def log_out_offline(page: Page) -> None:
    page.locator("summary.bar-person").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("link", name="Log in")).to_be_visible()


def test_scenario_26_a_building_taken_away_leaves_the_browser_and_its_work_is_kept_and_said(
    visitor: Visitor, site: Site, url: str, private: str
):
    page = visitor.login(TECHNICIAN)
    keep(page, private)
    wait_for_badge(page, "saved")
    visitor.context.set_offline(True)
    for name in ("One", "Two"):
        page.evaluate(RECORD, [private, name])
    wait_for_badge(page, "offline", pending=2)
    set_role(site, private, TECHNICIAN, "none")
    visitor.context.set_offline(False)
    wait_for_badge(page, "saved", pending=0)
    told = status_of(page)
    assert private not in [one["scope"] for one in told["scopes"]] and told["kept_aside"] == 2
    assert [(one["what"], one["name"], one["count"]) for one in told["notices"]] == [("revoked", "The vault", 2)]
    page.goto(f"{url}/sync")
    expect(page.get_by_text("you can no longer open The vault, so it was removed from this device")).to_be_visible()
    card = page.locator(f'li[data-aside="{private}"]')
    expect(card).to_contain_text("Storey added: Name is One")
    with page.expect_download() as arriving:
        card.get_by_role("button", name="Save as a file").click()
    saved = json.loads(arriving.value.path().read_text())
    assert [t["changes"][0]["set"]["name"] for t in saved["transactions"]] == ["One", "Two"]
    assert {t["receipt"]["problem"]["code"] for t in saved["transactions"]} == {"forbidden"}
    kept = json.loads(site.running.command("admin", "quarantine", private, "--json").stdout)
    assert sorted(one["transaction"]["changes"][0]["set"]["name"] for one in kept) == ["One", "Two"]
    card.get_by_role("button", name="Let it go").click()
    expect(card).to_have_count(0)
    assert storeys_of(url, private) == set()


def test_scenario_15_work_of_a_lost_role_is_refused_one_by_one_and_kept(
    visitor: Visitor, site: Site, url: str, private: str
):
    page = visitor.login(TECHNICIAN)
    keep(page, private)
    wait_for_badge(page, "saved")
    visitor.context.set_offline(True)
    for name in ("One", "Two", "Three"):
        page.evaluate(RECORD, [private, name])
    set_role(site, private, TECHNICIAN, "viewer")
    visitor.context.set_offline(False)
    wait_for_badge(page, "rejected", pending=0)
    assert status_of(page)["rejected"] == 3
    assert page.evaluate(QUERY, [private, "select name from storey"]) == []
    page.goto(f"{url}/sync")
    expect(page.locator("li[data-rejected]")).to_have_count(3)


def test_a_viewers_sheets_are_locked_and_say_why(visitor: Visitor, url: str, building: str):
    page = visitor.login("viewer@demo.arxos")
    keep(page, building)
    wait_for_badge(page, "saved")
    page.goto(f"{url}/b/{building}")
    wait_for_plan(page)
    page.locator("arxos-elements").get_by_text("Air terminal 00-", exact=False).first.click()
    expect(page.locator(".sheet-foot output")).to_have_text("Your role here is Viewer: you can read, not change.")
    for control in page.locator("arxos-sheet form[data-element] :is(input, select), .sheet-foot button").all():
        expect(control).to_be_disabled()
