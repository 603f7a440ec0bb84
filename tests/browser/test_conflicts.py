"""Two people said it differently: the page shows both, and whoever decides can take that back (scenario 7)."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from arxos_sync.messages import Change
from tests.browser.screenshots import disagree as disagree_at_desks
from tests.browser.test_offline import open_element
from tests.browser.visitor import Visitor, wait_for_badge
from tests.server.running import wait_for
from tests.site_day import Office, Tablet

BEFORE, FOUND, THEIRS = "Damper of the room", "Damper of the room, sticks when cold", "Damper of the browser"


def disagree(visitor: Visitor, page: Page, tablet: Tablet, building: str, elements: list[str]) -> None:
    """At the same time the tablet names each element one way, and the browser, offline, another."""
    tablet.sync()
    tablet.record(building, iter([[Change("element", id, "update", set={"name": BEFORE})] for id in elements]))
    tablet.sync()
    page.wait_for_function(
        f"""() => import('/replica/client.js').then((m) => m.open()).then((r) => r.query('{building}',
          "select count(*) as count from element where name = ?", ['{BEFORE}']))
          .then(([row]) => row.count >= {len(elements)})"""
    )
    visitor.context.set_offline(True)
    page.evaluate(
        """([building, ids, name]) => import('/replica/client.js').then((m) => m.open()).then((r) => r.record(building,
          ids.map((id) => ({table: 'element', id, op: 'update', set: {name}}))))""",
        [building, elements, THEIRS],
    )
    tablet.record(building, iter([[Change("element", id, "update", set={"name": FOUND})] for id in elements]))
    tablet.sync()
    visitor.context.set_offline(False)


def contested(
    visitor: Visitor, url: str, building: str, folder: Path, numbers: tuple[int, ...]
) -> tuple[Page, Tablet, list[str]]:
    """The page of conflicts, the tablet, and the elements that the two of them do not call the same."""
    page = visitor.login()
    elements = [open_element(page, url, building, number) for number in numbers]
    tablet = Tablet.new(folder / "tablet", url, "owner@demo.arxos")
    tablet.subscribe(building)
    wait_for_badge(page, "saved")
    disagree(visitor, page, tablet, building, elements)
    wait_for_badge(page, "saved", pending=0)
    page.goto(f"{url}/b/{building}/conflicts")
    return page, tablet, elements


def names(url: str, building: str, elements: list[str]) -> list[str]:
    rows, _ = Office(url, "owner@demo.arxos").pull(building)
    return [rows["element", id]["name"] for id in elements]


def test_conflicts_are_decided_one_by_one_by_a_new_answer_and_in_bulk_and_each_time_taken_back(
    visitor: Visitor, url: str, building: str, tmp_path: Path
):
    page, _, elements = contested(visitor, url, building, tmp_path, (1, 2, 3))
    cards = page.locator("li.conflict")
    expect(cards).to_have_count(3)
    first = cards.first
    standing, other = first.locator(".side[data-mark=check] strong"), first.locator(".side:last-child strong")
    kept, lost = standing.inner_text(), other.inner_text()
    assert {kept, lost} == {FOUND, THEIRS}
    assert set(first.locator("mark").all_inner_texts()) == {"room, sticks when cold", "browser"}

    first.get_by_role("button", name="Take the other").click()
    expect(cards).to_have_count(2)
    wait_for_badge(page, "saved", pending=0)
    wait_for(lambda: sorted(names(url, building, elements)) == sorted([lost, kept, kept]))
    page.locator(".notice.undo").get_by_role("button", name="Undo").click()
    expect(cards).to_have_count(3)
    wait_for_badge(page, "saved", pending=0)
    wait_for(lambda: names(url, building, elements) == [kept, kept, kept])

    first.locator("summary").click()
    first.locator("input[name=value]").fill("Fire damper, sticks")
    first.locator("form button").click()
    expect(cards).to_have_count(2)
    page.get_by_role("button", name="Take all the others").click()
    page.get_by_role("button", name="Take all the others").click()
    expect(cards).to_have_count(0)
    expect(page.locator(".notice.undo")).to_contain_text("2 conflicts decided")
    wait_for_badge(page, "saved", pending=0)
    wait_for(lambda: sorted(names(url, building, elements)) == sorted(["Fire damper, sticks", lost, lost]))
    rows, _ = Office(url, "owner@demo.arxos").pull(building)
    assert {row["state"] for (table, _), row in rows.items() if table == "conflict"} == {"resolved"}

    visitor.context.set_offline(True)
    page.locator(".notice.undo").get_by_role("button", name="Undo").click()
    expect(cards).to_have_count(2)
    page.get_by_role("button", name="Keep all that stands").click()
    page.get_by_role("button", name="Keep all that stands").click()
    expect(cards).to_have_count(0)
    page.locator(".notice.undo").get_by_role("button", name="Undo").click()
    expect(cards).to_have_count(2)
    wait_for_badge(page, "offline", pending=1)
    visitor.context.set_offline(False)
    wait_for_badge(page, "saved", pending=0)
    wait_for(lambda: sorted(names(url, building, elements)) == sorted(["Fire damper, sticks", kept, kept]))


def test_when_it_was_said_is_by_the_clocks_of_the_building(browser: Browser, url: str, building: str):
    office = Office(url, "owner@demo.arxos")
    place = f"/api/v1/buildings/{building}"
    office.http.patch(place, json={"set": {"timezone": "Europe/Berlin"}}).raise_for_status()
    element = next(id for (table, id) in office.pull(building)[0] if table == "element")
    disagree_at_desks(office, f"{place}/element/{element}")
    there = Visitor(browser, url, timezone_id="Asia/Tokyo", locale="en-GB")
    page = there.login()
    page.goto(f"{url}/b/{building}/conflicts")
    card = page.locator("li.conflict", has_text="North side, upper row")  # others may be open here
    expect(card.locator(".side[data-mark=check]")).to_contain_text(re.compile(r"\d\d:\d\d CES?T"))
    there.leave()
    assert there.complaints == []


def test_what_comes_during_the_first_look_is_shown(visitor: Visitor, url: str, building: str):
    office = Office(url, "owner@demo.arxos")
    element = [id for (table, id) in office.pull(building)[0] if table == "element"][1]
    disagree_at_desks(office, f"/api/v1/buildings/{building}/element/{element}")
    page = visitor.login()
    open_element(page, url, building, 0)
    wait_for_badge(page, "saved")
    page.click("arxos-badge a")
    page.wait_for_selector(f"a[href='/b/{building}/conflicts']")
    page.evaluate("""() => import('/replica/client.js').then((m) => m.open()).then((replica) => {
      const { conflicts } = replica;
      replica.conflicts = async (scope) => {
        replica.conflicts = conflicts;
        replica.dispatchEvent(new CustomEvent('change', { detail: { scope, tables: ['conflict'] } }));
        return [];
      };
    })""")
    page.click(f"a[href='/b/{building}/conflicts']")
    page.wait_for_selector("li.conflict")


def test_a_half_typed_answer_is_not_drawn_over_by_what_others_send(
    visitor: Visitor, url: str, building: str, tmp_path: Path
):
    page, tablet, elements = contested(visitor, url, building, tmp_path, (5, 6))
    card = page.locator("li.conflict").last
    card.locator("summary").click()
    card.locator("input[name=value]").fill("Half an ans")
    others_move(page, tablet, building, elements[0])
    expect(card.locator("input[name=value]")).to_have_value("Half an ans")


def test_a_question_about_all_of_them_goes_on_being_asked_while_others_send(
    visitor: Visitor, url: str, building: str, tmp_path: Path
):
    page, tablet, elements = contested(visitor, url, building, tmp_path, (0, 1))
    page.get_by_role("button", name="Keep all that stands").click()
    drawn_before = page.locator("li.conflict").last.element_handle()
    others_move(page, tablet, building, elements[0])
    page.wait_for_function("(card) => !card.isConnected", arg=drawn_before)
    page.locator(".sure .danger").click()
    expect(page.locator(".notice.undo")).to_contain_text("conflicts decided")


def others_move(page: Page, tablet: Tablet, building: str, element: str) -> None:
    """Another person's edit of something else arrives."""
    tablet.record(building, iter([[Change("element", element, "update", set={"tag": "MOVED"})]]))
    tablet.sync()
    page.wait_for_function(
        f"""() => import('/replica/client.js').then((m) => m.open())
          .then((r) => r.query('{building}', 'select tag from element where id = ?', ['{element}']))
          .then(([row]) => row.tag === 'MOVED')"""
    )
