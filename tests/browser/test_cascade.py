"""A delete in Chromium hides what hangs on it at once, and shows it again when it does not stand."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.test_people import TECHNICIAN, keep
from tests.browser.test_status import ASK
from tests.browser.test_told import set_role
from tests.browser.test_undo import RECORD
from tests.browser.visitor import Visitor, wait_for_badge
from tests.server.site import Site

COUNTS = (
    f"scope => {ASK}.then(r => r.query(scope, 'select (select count(*) from storey) storeys, "
    "(select count(*) from space) spaces, (select count(*) from element) elements'))"
)
STOREY = f"scope => {ASK}.then(r => r.query(scope, 'select id from storey order by elevation_m limit 1'))"
UNDO = f"scope => {ASK}.then(r => r.undo(scope))"


def counts(page: Page, scope: str) -> dict[str, int]:
    return dict(page.evaluate(COUNTS, scope)[0])


def test_a_deleted_storey_takes_its_rooms_and_elements_along_until_it_is_undone_or_refused(
    visitor: Visitor, site: Site, url: str, building: str
):
    page = visitor.login(TECHNICIAN)
    keep(page, building)
    wait_for_badge(page, "saved")
    visitor.context.set_offline(True)
    before = counts(page, building)
    storey = page.evaluate(STOREY, building)[0]["id"]
    delete = [{"table": "storey", "id": storey, "op": "delete"}]
    page.evaluate(RECORD, [building, delete])
    hidden = counts(page, building)
    assert hidden["storeys"] == before["storeys"] - 1
    assert hidden["spaces"] < before["spaces"] and hidden["elements"] < before["elements"] - 20
    (unsent,) = page.evaluate(f"{ASK}.then(r => r.unsent('{building}'))")
    assert [(one["table"], one["op"]) for one in unsent["changes"]] == [("storey", "delete")]
    page.evaluate(UNDO, building)
    assert counts(page, building) == before
    page.evaluate(RECORD, [building, delete])
    assert counts(page, building) == hidden
    set_role(site, building, TECHNICIAN, "reporter")
    visitor.context.set_offline(False)
    wait_for_badge(page, "rejected", pending=0)
    assert counts(page, building) == before
    set_role(site, building, TECHNICIAN, "technician")
