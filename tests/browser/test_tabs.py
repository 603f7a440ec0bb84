"""Two tabs, one frozen: the other takes over, and nothing is written twice (scenario 21)."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.test_offline import open_element, wait_for_server
from tests.browser.test_people import QUERY
from tests.browser.test_status import ASK, status_of
from tests.browser.visitor import Visitor, field, save, wait_for_badge, wait_for_field
from tests.server.running import wait_for
from tests.site_day import Office


def life(visitor: Visitor, page: Page, state: str) -> None:
    session = visitor.context.new_cdp_session(page)
    session.send("Page.setWebLifecycleState", {"state": state})
    session.detach()


def test_scenario_21_when_the_leading_tab_is_frozen_another_takes_over_and_nothing_is_written_twice(
    visitor: Visitor, url: str, building: str
):
    first = visitor.login()
    element = open_element(first, url, building, 0)
    wait_for_badge(first, "saved")
    second = visitor.page(first.url.removeprefix(url))
    second.wait_for_selector("form[data-element]")
    first.evaluate(
        f"scope => {ASK}.then(r => {{ window.kept = r.record(scope, [{{ table: 'storey', id: r.newId(), op: 'insert', "
        "set: { name: 'Asked while freezing', elevation_m: 99 } }]); })",
        building,
    )
    life(visitor, first, "frozen")
    save(second, tag="BY-SECOND")
    wait_for_server(url, building, element, tag="BY-SECOND")
    wait_for_badge(second, "saved", pending=0)
    assert field(second, "tag") == "BY-SECOND"
    life(visitor, first, "active")
    assert first.evaluate("window.kept") > 0
    wait_for_field(first, "tag", "BY-SECOND")
    save(first, name="By the first again")
    wait_for_server(url, building, element, name="By the first again")
    wait_for_badge(first, "saved", pending=0)
    named = "select count(*) as n from storey where name = 'Asked while freezing'"
    assert second.evaluate(QUERY, [building, named]) == [{"n": 1}]
    rows, _ = Office(url, "owner@demo.arxos").pull(building)
    assert [row.get("name") for row in rows.values()].count("Asked while freezing") == 1


def test_a_frozen_tab_that_only_waited_to_lead_does_not_get_the_files(visitor: Visitor, url: str, building: str):
    first = visitor.login()
    element = open_element(first, url, building, 1)
    second = visitor.page(first.url.removeprefix(url))
    third = visitor.page(first.url.removeprefix(url))
    for page in (second, third):
        page.wait_for_selector("form[data-element]")
    life(visitor, second, "frozen")
    first.close()
    save(third, tag="BY-THIRD")
    wait_for_server(url, building, element, tag="BY-THIRD")
    life(visitor, second, "active")
    wait_for_field(second, "tag", "BY-THIRD")


def test_the_persons_own_scope_is_kept_like_a_building(visitor: Visitor, url: str, building: str):
    page = visitor.login()
    person = page.evaluate(f"{ASK}.then(r => r.me().id)")
    wait_for(lambda: [one["scope"] for one in status_of(page)["scopes"] if one["cursor"]] == [f"user:{person}"])
    wait_for_badge(page, "saved", pending=0)
    assert page.evaluate(QUERY, [f"user:{person}", "select count(*) as n from preference"]) == [{"n": 0}]
