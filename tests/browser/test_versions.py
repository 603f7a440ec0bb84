"""A conflict over where something is shows both places on the plan: of a thing, of an outline, of a drawing beneath."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from arxos_sync import geometry
from tests.browser.axe import findings
from tests.browser.visitor import Visitor
from tests.site_day import Office

INKED = """card => {
    const canvas = card.querySelector('canvas'), { width, height } = canvas;
    const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
    return ['--accent', '--warn'].map(name => {
        const one = document.body.appendChild(document.createElement('p'));
        one.style.setProperty('color', `var(${name})`);
        const rgb = getComputedStyle(one).color.match(/[0-9]+/g).map(Number);
        const near = from => rgb.every((part, at) => Math.abs(data[from + at] - part) < 24);
        for (let i = 0; i < data.length; i += 4) if (near(i)) return true;
        return false;
    });
}"""


def disagree(office: Office, place: str, *answers: dict[str, Any]) -> None:
    """Two stale forms: the second one's is kept beside the first's."""
    tag = office.http.get(place).headers["ETag"]
    for answer in answers:
        office.http.patch(place, json={"set": answer}, headers={"If-Match": tag}).raise_for_status()


def card_named(page: Page, name: str) -> Any:
    card = page.locator("li.conflict", has_text=name)
    card.scroll_into_view_if_needed()
    expect(card.locator("arxos-versions[data-drawn]")).to_be_visible()
    return card


@pytest.fixture
def page(visitor: Visitor, url: str, building: str) -> Page:
    return visitor.login()


def test_both_places_are_drawn_with_what_is_around_them_and_said_in_words(
    visitor: Visitor, page: Page, url: str, building: str
):
    office = Office(url, "owner@demo.arxos")
    rows, _ = office.pull(building)
    at = f"/api/v1/buildings/{building}"
    ground = next(id for (table, id), row in rows.items() if table == "storey" and row["level"] == 0)
    element = next(id for (table, id), row in rows.items() if table == "element" and row["tag"] == "AT-00-001")
    space = next(id for (table, id), row in rows.items() if table == "space" and row["number"] == "0.01")
    plan = next(id for (table, id), row in rows.items() if table == "floor_plan" and row["storey_id"] == ground)
    placed = {name: value for name, value in rows["floor_plan", plan].items() if name.startswith("affine_")}

    places = ((4.0, 0), (7.0, 90))
    here, there = ({"geometry": geometry.point(x, 4.0, 0.0).hex(), "heading_deg": turn} for x, turn in places)
    disagree(office, f"{at}/element/{element}", here, there)
    rooms = [geometry.polygon([[(0, 0), (x, 0), (x, 6), (0, 6), (0, 0)]]).hex() for x in (9, 11)]
    disagree(office, f"{at}/space/{space}", {"outline": rooms[0]}, {"outline": rooms[1]})
    lying = [placed | {"affine_c": placed["affine_c"] + by, "rms_error_m": 0.02} for by in (0.3, 1.5)]
    disagree(office, f"{at}/floor_plan/{plan}", *lying)

    page.goto(f"{url}/b/{building}/conflicts")
    thing = rows["element", element]["name"]
    for name, words in ((thing, "3 m apart · turned by 90°"), ("0.01 Café", "1 m apart"), (".pdf", "1.2 m apart")):
        card = card_named(page, name)
        expect(card.locator("arxos-versions p").last).to_have_text(words)
        assert card.evaluate(INKED) == [True, True], "what stands, and the other"
        described = card.locator("canvas").get_attribute("aria-label") or ""
        assert words in described and "dashed" in described
    assert findings(visitor, page) == []

    card_named(page, thing).get_by_role("button", name="Take the other").click()
    expect(page.locator("li.conflict", has_text=thing)).to_have_count(0)
    expect(page.locator("arxos-versions")).to_have_count(2)


def test_a_conflict_over_words_draws_nothing(visitor: Visitor, page: Page, url: str, building: str):
    office = Office(url, "owner@demo.arxos")
    element = next(id for (table, id), row in office.pull(building)[0].items() if table == "element" and row["name"])
    disagree(office, f"/api/v1/buildings/{building}/element/{element}", {"name": "One word"}, {"name": "Another word"})
    page.goto(f"{url}/b/{building}/conflicts")
    card = page.locator("li.conflict", has_text="One word")
    expect(card).to_be_visible()
    expect(card.locator("arxos-versions")).to_have_count(0)
