"""Real Chromium: a person reads, edits without a network, reloads, and their work arrives."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from arxos_sync.messages import Change
from client_kit.replica import new_id
from tests.browser.visitor import (
    Visitor,
    field,
    kept_offline,
    save,
    wait_for_badge,
    wait_for_field,
    wait_for_plan,
)
from tests.server.running import wait_for
from tests.site_day import Office, Tablet


def open_element(page: Page, url: str, building: str, number: int) -> str:
    page.goto(f"{url}/b/{building}")
    wait_for_plan(page)
    page.locator("arxos-elements").get_by_text("Air terminal 00-", exact=False).nth(number * 2).click()
    page.wait_for_selector("form[data-element]")
    return page.get_attribute("form[data-element]", "data-element") or ""


def wait_for_server(url: str, building: str, element: str, **fields: str) -> None:
    """Until the server holds these values."""
    office = Office(url, "owner@demo.arxos")

    def holds() -> bool:
        row = office.http.get(f"/api/v1/buildings/{building}/element/{element}").json()["set"]
        return all(row.get(name) == value for name, value in fields.items())

    wait_for(holds)


def test_an_edit_made_offline_survives_a_reload_and_reaches_the_server(visitor: Visitor, url: str, building: str):
    page = visitor.login()
    element = open_element(page, url, building, 0)
    kept_offline(page)
    wait_for_badge(page, "saved")
    visitor.context.set_offline(True)
    save(page, tag="BASEMENT-1")
    wait_for_badge(page, "offline", pending=1)
    page.reload()
    wait_for_plan(page)
    wait_for_field(page, "tag", "BASEMENT-1")
    wait_for_badge(page, "offline", pending=1)
    visitor.context.set_offline(False)
    wait_for_badge(page, "saved", pending=0)
    rows, _ = Office(url, "owner@demo.arxos").pull(building)
    assert rows["element", element]["tag"] == "BASEMENT-1"


def test_two_tabs_see_each_others_edits_and_one_goes_on_when_the_other_closes(
    visitor: Visitor, url: str, building: str
):
    first = visitor.login()
    element = open_element(first, url, building, 1)
    second = visitor.page(first.url.removeprefix(url))
    second.wait_for_selector("form[data-element]")
    save(first, tag="FROM-FIRST")
    wait_for_field(second, "tag", "FROM-FIRST")
    first.close()
    save(second, tag="FROM-SECOND")
    wait_for_server(url, building, element, tag="FROM-SECOND")
    wait_for_badge(second, "saved", pending=0)
    assert field(second, "tag") == "FROM-SECOND"


def test_what_a_tablet_sends_appears_without_a_reload_and_the_other_way_round(
    visitor: Visitor, url: str, building: str, tmp_path
):
    tablet = Tablet.new(tmp_path / "tablet", url, "reviewer@demo.arxos")
    tablet.subscribe(building)
    tablet.sync()
    page = visitor.login()
    element = open_element(page, url, building, 2)
    tablet.record(building, iter([[Change("element", element, "update", set={"tag": "BY-TABLET"})]]))
    tablet.sync()
    wait_for_field(page, "tag", "BY-TABLET")
    save(page, tag="BY-BROWSER")
    wait_for_server(url, building, element, tag="BY-BROWSER")
    tablet.sync()
    replica = tablet.home.replica(building)
    assert (replica.row("element", element) or {})["tag"] == "BY-BROWSER"
    assert tablet.digests(building) == Office(url, "owner@demo.arxos").pull(building)[1]


def test_a_public_building_is_readable_without_login_and_nothing_can_be_saved(
    visitor: Visitor, url: str, building: str
):
    page = visitor.page("/")
    expect(page.get_by_text("Harbour House").first).to_be_visible()
    page.goto(f"{url}/b/{building}")
    wait_for_plan(page)
    assert int(page.get_attribute("arxos-plan", "data-elements") or 0) > 200


def test_the_plan_is_really_drawn(visitor: Visitor, url: str, building: str):
    page = visitor.page(f"/b/{building}")
    wait_for_plan(page)
    shades = page.evaluate(
        """() => {
            const canvas = document.querySelector('arxos-plan canvas');
            const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            const seen = new Set();
            for (let i = 0; i < data.length; i += 4) seen.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2]);
            return seen.size;
        }"""
    )
    assert shades > 20


PAINTED = """() => {
    const canvas = document.querySelector('arxos-plan canvas');
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    return data.some((part) => part > 0);
}"""


def test_an_empty_storey_shows_nothing_of_another_and_bears_being_handled(
    visitor: Visitor, url: str, building: str, tmp_path
):
    storey = new_id()
    tablet = Tablet.new(tmp_path / "tablet", url, "owner@demo.arxos")
    tablet.subscribe(building)
    tablet.record(building, iter([[Change("storey", storey, "insert", set={"name": "Roof", "elevation_m": 99.0})]]))
    tablet.sync()
    page = visitor.page(f"/b/{building}")
    wait_for_plan(page)
    assert page.evaluate(PAINTED)
    page.get_by_role("button", name="Roof", exact=True).click()
    page.wait_for_selector(f'arxos-plan[data-storey="{storey}"]')
    page.wait_for_function(f"() => !({PAINTED})()")
    page.locator("arxos-plan canvas").click()
    page.mouse.wheel(0, -200)
    page.get_by_role("button", name="Closer").click()
    expect(page.get_by_text("Nothing has been drawn on this storey yet.")).to_be_visible()


def test_a_script_in_a_name_is_shown_as_text(visitor: Visitor, url: str, building: str):
    page = visitor.login()
    element = open_element(page, url, building, 3)
    script = "<img src=x onerror=\"document.title='owned'\">"
    save(page, name=script)
    wait_for_server(url, building, element, name=script)
    page.reload()
    wait_for_plan(page)
    wait_for_field(page, "name", script)
    assert page.locator("img").count() == 0 and page.title() != "owned"


def measurements_of(office: Office, building: str, element: str) -> list[dict]:
    rows, _ = office.pull(building)
    return [r for (t, _), r in rows.items() if t == "measurement" and r["target_id"] == element]


def test_a_measurement_taken_on_the_page_is_kept_and_sent(visitor: Visitor, url: str, building: str):
    page = visitor.login()
    element = open_element(page, url, building, 4)
    opener = page.locator("arxos-measurements summary, arxos-measurements button").first
    if not page.locator("form[data-measure] [name=value]").is_visible():
        opener.click()
    page.fill("form[data-measure] [name=value]", "1.234")
    page.fill("form[data-measure] [name=uncertainty_95]", "0.005")
    page.locator("form[data-measure] button").last.click()
    expect(page.get_by_text("1.234", exact=False).first).to_be_visible()
    office = Office(url, "owner@demo.arxos")
    (found,) = wait_for(lambda: measurements_of(office, building, element))
    assert (found["value"], found["uncertainty_95"]) == (1.234, 0.005)


def test_after_a_start_from_any_address_what_waits_is_sent_by_itself(visitor: Visitor, url: str, building: str):
    page = visitor.login()
    element = open_element(page, url, building, 5)
    kept_offline(page)
    visitor.context.set_offline(True)
    save(page, tag="SENT-AT-START")
    wait_for_badge(page, "offline", pending=1)
    page.close()
    visitor.context.set_offline(False)
    page = visitor.page("/sync")
    wait_for_server(url, building, element, tag="SENT-AT-START")
    wait_for_badge(page, "saved", pending=0)
