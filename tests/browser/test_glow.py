"""What another person changes lights up where one looks: on the plan and in the list, in their colour, for a moment."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, TimeoutError

from server.accounts.people import colour_of
from server.parts import new_id
from tests.browser.test_undo import QUERY
from tests.browser.visitor import Visitor, wait_for_badge, wait_for_plan
from tests.site_day import Office

# Every state of the plan's light and of the list's, and all that screen readers are told, as they come.
WATCH = """() => {
    window.seen = { plan: new Set(), list: [], told: [] };
    const plan = document.querySelector('arxos-plan'), list = document.querySelector('arxos-elements');
    const watch = (one, what, heard) => new MutationObserver(heard).observe(one, what);
    watch(plan, { attributeFilter: ['data-glowing'] }, () => seen.plan.add(plan.dataset.glowing));
    watch(list, { subtree: true, attributeFilter: ['class'] }, (changes) => {
        for (const { target } of changes) if (target.matches('.lit')) seen.list.push([target.dataset.id,
            target.style.getPropertyValue('--who'), getComputedStyle(target).animationDuration]);
    });
    for (const one of document.querySelectorAll('[role=status], [aria-live]'))
        watch(one, { subtree: true, childList: true, characterData: true }, () => seen.told.push(one.textContent));
}"""


def watching(visitor: Visitor, url: str, building: str) -> Page:
    page = visitor.login()
    page.goto(f"{url}/b/{building}")
    wait_for_plan(page)
    wait_for_badge(page, "saved")
    hears(page, url, building)
    page.evaluate(WATCH)
    return page


def hears(page: Page, url: str, building: str) -> None:
    """What comes before the page follows the building live is fetched, and is no news: so edit until one is heard."""
    page.evaluate("() => { window.glowed = 0; }")
    page.evaluate("""() => new MutationObserver(() => { window.glowed += 1; })
        .observe(document.querySelector('arxos-plan'), { attributeFilter: ['data-glowing'] })""")
    office = Office(url, "owner@demo.arxos")
    (*_, last) = elements_here(page, building)
    for turn in range(10):
        place = f"/api/v1/buildings/{building}/element/{last}"
        office.http.patch(place, json={"set": {"model": f"{new_id()}-{turn}"}}).raise_for_status()
        try:
            page.wait_for_function("() => window.glowed > 0", timeout=5_000)
            break
        except TimeoutError:
            continue
    page.wait_for_selector('arxos-plan[data-glowing="0"]')
    page.wait_for_function("() => !document.querySelector('.lit')")


def elements_here(page: Page, building: str) -> list[str]:
    storey = page.get_attribute("arxos-plan", "data-storey")
    statement = f"select id from element where storey_id = '{storey}' and ifc_class = 'IfcAirTerminal' order by tag"
    return [row["id"] for row in page.evaluate(QUERY, [building, statement])]


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_what_another_changes_lights_up_for_a_moment_and_is_not_told_aloud(
    browser: Browser, url: str, building: str, motion: str
):
    visitor = Visitor(browser, url, reduced_motion=motion)
    page = watching(visitor, url, building)
    first, second, *_ = elements_here(page, building)
    office = Office(url, "owner@demo.arxos")
    place = f"/api/v1/buildings/{building}/element/{first}"
    office.http.patch(place, json={"set": {"model": f"M-{motion}"}}).raise_for_status()
    page.wait_for_function("() => seen.plan.has('1') && seen.list.length > 0")
    page.wait_for_selector('arxos-plan[data-glowing="0"]')
    page.wait_for_function("() => !document.querySelector('.lit')")
    seen = page.evaluate("() => seen.list")
    people = [new_id() for _ in range(40)]
    colours = page.evaluate("ids => import('/view/colours.js').then((m) => ids.map(m.colourOf))", people)
    assert colours == [colour_of(id) for id in people]
    (made,) = page.evaluate(QUERY, [building, "select created_by from building"])
    assert {(id, colour) for id, colour, _ in seen} == {(first, colour_of(made["created_by"]))}
    assert {float(lasts.removesuffix("s")) > 1 for _, _, lasts in seen} == {motion == "no-preference"}
    assert page.evaluate("() => seen.told.filter((text) => /element/.test(text))") == []

    page.evaluate(WATCH)
    mine = [building, [{"table": "element", "id": second, "op": "update", "set": {"model": "M-OWN"}}]]
    page.evaluate("([s, c]) => import('/replica/client.js').then((m) => m.open()).then((r) => r.record(s, c))", mine)
    wait_for_badge(page, "saved", pending=0)
    office.http.patch(place, json={"set": {"model": "M-LAST"}}).raise_for_status()
    page.wait_for_function("() => seen.list.length > 0")
    assert {id for id, *_ in page.evaluate("() => seen.list")} == {first}, "one's own is no news"
    visitor.leave()
    assert visitor.complaints == []
