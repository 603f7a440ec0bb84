"""Undo in Chromium: what was never sent is cancelled, what was sent is set back by a new edit (scenario 10)."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from arxos_sync.storage import replica_log, replica_undo
from client_kit.replica import Home
from tests.browser.test_offline import open_element, wait_for_server
from tests.browser.test_status import ASK, as_python_sees, exported, status_of
from tests.browser.visitor import Visitor, field, save, wait_for_badge, wait_for_field
from tests.site_day import Office

RECORD = f"([scope, changes]) => {ASK}.then(r => r.record(scope, changes))"
UNDO = f"([scope, key]) => {ASK}.then(r => r.undo(scope, key))"
QUERY = f"([scope, sql]) => {ASK}.then(r => r.query(scope, sql)).then(rows => rows.map(({{ pk, ...row }}) => row))"


def press_undo(page: Page) -> None:
    page.locator(".sheet-foot output").get_by_role("button", name="Undo").click()


def test_an_edit_made_offline_is_taken_back_on_the_sheet_and_nothing_of_it_is_sent(
    visitor: Visitor, url: str, building: str
):
    page = visitor.login()
    element = open_element(page, url, building, 0)
    wait_for_badge(page, "saved")
    before = field(page, "tag")
    visitor.context.set_offline(True)
    save(page, tag="OOPS")
    wait_for_badge(page, "offline", pending=1)
    press_undo(page)
    wait_for_field(page, "tag", before)
    wait_for_badge(page, "offline", pending=0)
    expect(page.locator(".sheet-foot output")).to_contain_text("Taken back")
    visitor.context.set_offline(False)
    wait_for_badge(page, "saved", pending=0)
    rows, _ = Office(url, "owner@demo.arxos").pull(building)
    assert rows["element", element]["tag"] == before


def test_an_edit_that_was_sent_is_set_back_by_a_new_one(visitor: Visitor, url: str, building: str):
    page = visitor.login()
    element = open_element(page, url, building, 1)
    before = field(page, "tag")
    save(page, tag="SENT-OOPS")
    wait_for_server(url, building, element, tag="SENT-OOPS")
    wait_for_badge(page, "saved", pending=0)
    press_undo(page)
    wait_for_field(page, "tag", before)
    wait_for_server(url, building, element, tag=before)


def test_one_of_several_waiting_edits_is_taken_back_on_the_page_behind_the_badge(
    visitor: Visitor, url: str, building: str
):
    page = visitor.login()
    open_element(page, url, building, 2)
    wait_for_badge(page, "saved")
    visitor.context.set_offline(True)
    save(page, tag="FIRST", name="Second")
    wait_for_badge(page, "offline", pending=2)
    page.locator("arxos-badge a").click()
    lines = page.locator("li[data-waiting]")
    expect(lines).to_have_count(2)
    lines.filter(has_text="FIRST").get_by_role("button", name="Undo").click()
    expect(lines).to_have_count(1)
    expect(lines).to_contain_text("Name is Second")
    lines.get_by_role("button", name="Undo").click()
    expect(lines).to_have_count(0)
    wait_for_badge(page, "offline", pending=0)


def test_deletes_inserts_map_keys_groups_and_the_index_come_back_as_in_python(
    visitor: Visitor, url: str, building: str, tmp_path
):
    page = visitor.login()
    element = open_element(page, url, building, 3)
    wait_for_badge(page, "saved")
    visitor.context.set_offline(True)
    row = f"select * from element where id = '{element}'"
    before = page.evaluate(QUERY, [building, row])
    far = "01e9030000" + "0000000000408f40" * 2 + "0000000000000840"
    moved = (
        f"scope => import('/core/geometry.js').then(g => {ASK}.then(r => r.record(scope, [{{table: 'element', "
        f"id: '{element}', op: 'update', set: {{geometry: g.fromHex('{far}'), heading_deg: 77}}}}])))"
    )
    new = page.evaluate(f"{ASK}.then(r => r.newId())")
    edits = [
        [{"table": "element", "id": element, "op": "delete"}],
        [{"table": "element", "id": element, "op": "update", "set": {"properties": {"colour": "blue"}}}],
        [{"table": "element", "id": new, "op": "insert", "set": {"ifc_class": "IfcDoor", "name": "New"}}],
    ]
    for edit in edits:
        key = page.evaluate(RECORD, [building, edit])
        assert page.evaluate(QUERY, [building, row]) != before or edit[0]["id"] == new
        assert page.evaluate(UNDO, [building, None]) == {"key": key, "keys": [], "tables": ["element"]}
        assert page.evaluate(QUERY, [building, row]) == before
    page.evaluate(moved, building)
    assert page.evaluate(QUERY, [building, row]) != before
    page.evaluate(UNDO, [building, None])
    assert page.evaluate(QUERY, [building, row]) == before
    told = status_of(page)
    assert told["pending"] == 0 and told["oldest_pending_ms"] is None
    as_python_sees(told, tmp_path / "browser", {building: exported(page, building)})
    home = Home(tmp_path / "browser")
    replica = home.replica(building)
    assert replica.one("select CheckSpatialIndex('element', 'geometry')") == 1
    assert replica.row("element", new) is None
    assert replica_log.waiting(replica.connection, replica.catalogue, "building") == (0, None)
    assert replica_undo.last_unsent(replica) is None
    home.close()
    visitor.context.set_offline(False)
    wait_for_badge(page, "saved", pending=0)
