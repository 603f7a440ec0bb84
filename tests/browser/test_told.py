"""What a person is told in Chromium: storage that was cleared, a clock that is off, a clone, work that was refused."""

from __future__ import annotations

import json

from playwright.sync_api import Page, expect

from tests.browser.test_offline import open_element, wait_for_server
from tests.browser.test_status import ASK, status_of
from tests.browser.test_undo import RECORD
from tests.browser.visitor import Visitor, save, wait_for_badge, wait_for_field
from tests.server.site import Site
from tests.site_day import PASSWORD

CLEAR = "navigator.storage.getDirectory().then(root => root.removeEntry('arxos', { recursive: true }))"


def log_in(page: Page, url: str, email: str) -> None:
    page.goto(f"{url}/login")
    page.fill("input[name=email]", email)
    page.fill("input[type=password]", PASSWORD)
    page.click("form button")
    page.wait_for_url(url + "/")


def test_scenario_22_storage_that_the_browser_cleared_is_noticed_and_said(visitor: Visitor, url: str, building: str):
    page = visitor.login()
    element = open_element(page, url, building, 0)
    save(page, tag="PROMISED-1")
    wait_for_server(url, building, element, tag="PROMISED-1")
    save(page, tag="PROMISED-2")
    wait_for_server(url, building, element, tag="PROMISED-2")
    wait_for_badge(page, "saved", pending=0)
    device = status_of(page)["device"]
    page.close()
    beside = visitor.context.new_page()
    beside.goto(f"{url}/-/versions")  # the same origin without the app: nobody holds the files
    beside.evaluate(CLEAR)
    beside.close()
    page = visitor.page("/login")
    log_in(page, url, "technician@demo.arxos")
    open_element(page, url, building, 0)
    wait_for_badge(page, "saved", pending=0)
    told = status_of(page)
    (notice,) = told["notices"]
    remembered = (notice["what"], notice["count"], notice["scope"])
    assert remembered == ("evicted", 2, building), "the cookie remembered whom this browser was"
    assert told["device"] != device, "what is typed from now on is another device's"
    page.goto(f"{url}/sync")
    expect(page.get_by_text("The server has 2 edits that came from here")).to_be_visible()
    page.get_by_role("button", name="Understood").click()
    expect(page.get_by_text("that came from here")).to_have_count(0)
    element = open_element(page, url, building, 0)
    save(page, tag="GOES-ON")
    wait_for_server(url, building, element, tag="GOES-ON")
    assert status_of(page)["notices"] == []


CUT = """async () => {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle('arxos', { create: true });
  const pool = await folder.getDirectoryHandle('.opaque', { create: true });
  await pool.getFileHandle('one', { create: true });
}"""


def test_a_first_start_that_was_cut_leaves_room_for_what_follows(visitor: Visitor, url: str, building: str):
    beside = visitor.context.new_page()
    beside.goto(f"{url}/-/versions")
    beside.evaluate(CUT)
    beside.close()
    page = visitor.login()
    element = open_element(page, url, building, 3)
    save(page, tag="THERE-IS-ROOM")
    wait_for_server(url, building, element, tag="THERE-IS-ROOM")


def test_scenario_22_how_safely_the_browser_keeps_it_is_said_beforehand(visitor: Visitor, url: str, building: str):
    page = visitor.login()
    open_element(page, url, building, 1)
    page.goto(f"{url}/sync")
    promised = page.evaluate("navigator.storage.persisted()")
    assert status_of(page)["storage"]["persisted"] is promised
    words = "promised to keep it until you remove it" if promised else "may clear what is kept here"
    expect(page.get_by_text(words)).to_be_visible()
    ask = page.get_by_role("button", name="Ask the browser to keep it")
    assert ask.count() == (0 if promised else 1)
    if not promised:
        ask.click()
        expect(page.get_by_text("It has not promised it").or_(page.get_by_text("It has promised to"))).to_be_visible()


def test_scenario_17_a_clock_three_days_behind_is_said_and_the_edit_is_taken(visitor: Visitor, url: str, building: str):
    shift = "{ const real = Date.now; Date.now = () => real() - 3 * 86400000 - 60000; }"

    def behind(route):  # the worker's clock, too: it stands in the worker's own realm
        answer = route.fetch()
        route.fulfill(response=answer, body=shift + answer.text())

    visitor.context.route("**/replica/worker.js", behind)
    page = visitor.login()
    element = open_element(page, url, building, 2)
    save(page, tag="LATE-CLOCK")
    wait_for_server(url, building, element, tag="LATE-CLOCK")
    wait_for_badge(page, "saved", pending=0)
    assert abs(status_of(page)["clock_offset_ms"] - 3 * 86_400_000 - 60_000) < 10_000
    page.goto(f"{url}/sync")
    expect(page.get_by_text("The clock of this device is 3 days behind")).to_be_visible()


def refused_edit(page: Page, url: str, building: str, number: int) -> str:
    """An edit that the server refuses: the person was made a viewer while they were offline."""
    element = open_element(page, url, building, number)
    wait_for_badge(page, "saved")
    page.context.set_offline(True)
    save(page, tag="REFUSED")
    wait_for_badge(page, "offline", pending=1)
    return element


def set_role(site: Site, building: str, email: str, role: str) -> None:
    done = site.running.command("admin", "grant", email, building, role)
    assert done.returncode == 0, done.stderr


def test_scenario_14_a_refused_edit_waits_in_plain_sight_to_be_changed_sent_again_or_given_up(
    visitor: Visitor, site: Site, url: str, building: str
):
    page = visitor.login()
    element = refused_edit(page, url, building, 3)
    set_role(site, building, "technician@demo.arxos", "viewer")
    page.context.set_offline(False)
    wait_for_badge(page, "rejected", pending=0)
    assert page.input_value("form[data-element] [name=tag]") != "REFUSED", "it left the row at once"
    page.goto(f"{url}/sync")
    card = page.locator("li[data-rejected]")
    expect(card).to_contain_text("Tag is REFUSED")
    card.get_by_role("button", name="Send again").click()
    expect(card).to_have_count(1)
    wait_for_badge(page, "rejected", pending=0)
    set_role(site, building, "technician@demo.arxos", "technician")
    card.get_by_role("button", name="Change it").click()
    card.get_by_label("Tag").fill("MENDED")
    with page.expect_download() as arriving:
        page.get_by_role("button", name="Save unsent work as a file").click()
    (transaction,) = json.loads(arriving.value.path().read_text())["scopes"][building]
    assert transaction["receipt"]["problem"]["code"] == "forbidden"
    card.get_by_role("button", name="Send it so").click()
    wait_for_server(url, building, element, tag="MENDED")
    wait_for_badge(page, "saved", pending=0)
    expect(card).to_have_count(0)


def test_a_refused_edit_can_be_given_up(visitor: Visitor, site: Site, url: str, building: str):
    page = visitor.login()
    element = open_element(page, url, building, 4)
    wait_for_badge(page, "saved")
    key = page.evaluate(RECORD, [building, [{"table": "element", "id": element, "op": "update", "set": {"tag": "X"}}]])
    wait_for_badge(page, "saved", pending=0)
    page.context.set_offline(True)
    save(page, tag="REFUSED")
    set_role(site, building, "technician@demo.arxos", "viewer")
    page.context.set_offline(False)
    wait_for_badge(page, "rejected", pending=0)
    set_role(site, building, "technician@demo.arxos", "technician")
    page.goto(f"{url}/sync")
    page.locator("li[data-rejected]").get_by_role("button", name="Give it up").click()
    wait_for_badge(page, "saved", pending=0)
    page.goto(f"{url}/b/{building}?element={element}")
    wait_for_field(page, "tag", "X")
    assert key > 0 and page.evaluate(f"{ASK}.then(r => r.unsent('{building}'))") == []
