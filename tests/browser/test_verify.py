"""The page behind the badge proves what is here against the server, and loses nothing that differs (scenario 3)."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from client_kit.replica import new_id
from tests.browser.test_offline import open_element, wait_for_server
from tests.browser.test_people import keep
from tests.browser.test_status import ASK, status_of
from tests.browser.test_undo import RECORD
from tests.browser.visitor import WAIT_MS, Visitor, wait_for_badge
from tests.site_day import Office

PLANT = """
methods.plant = (scope, sql, values) => {
  const { database } = home.replica(scope);
  database.run('update arxos_writing set capture = 0');
  database.run(sql, values);
  database.run('update arxos_writing set capture = 1');
};
"""
ASK_TO_PLANT = f"([scope, sql, values]) => {ASK}.then(r => r.ask('plant', scope, sql, values))"
LARGE = "x" * 300_000


def with_planting(visitor: Visitor) -> None:
    """The worker can be told to write what its triggers do not see, as a bad disk does."""

    def planted(route):
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text() + PLANT)

    visitor.context.route("**/replica/worker.js", planted)


def plant(page: Page, scope: str, sql: str, *values: object) -> None:
    page.evaluate(ASK_TO_PLANT, [scope, sql, list(values)])


def verify(page: Page) -> None:
    """Have everything compared, until it is said what came of it."""
    button = page.get_by_role("button", name="Verify against the server")
    button.click()
    expect(page.get_by_text("Comparing every value")).to_have_count(0, timeout=WAIT_MS)
    expect(button).to_be_enabled()


def test_scenario_3_what_differs_without_an_edit_is_found_said_and_becomes_an_edit(
    visitor: Visitor, url: str, building: str
):
    with_planting(visitor)
    page = visitor.login()
    element, lost = open_element(page, url, building, 0), open_element(page, url, building, 1)
    wait_for_badge(page, "saved", pending=0)
    page.goto(f"{url}/sync")
    verify(page)
    expect(page.get_by_text("Every value on this device is the one the server holds.")).to_be_visible()
    plant(page, building, "update element set tag = 'PAST-THE-TRIGGERS' where id = ?", element)
    plant(page, building, "delete from element where id = ?", lost)
    verify(page)
    said = page.get_by_text("Element held other values than the server").or_(
        page.get_by_text("Element differed from the server's")
    )
    expect(said.first).to_contain_text("fetched again")
    expect(page.get_by_text("what stood in 1 without an edit is now an edit of yours")).to_be_visible()
    wait_for_server(url, building, element, tag="PAST-THE-TRIGGERS")
    wait_for_badge(page, "saved")
    count = f"{ASK}.then(r => r.query('{building}', 'select count(*) as n from element where id = ?', ['{lost}']))"
    assert page.evaluate(count) == [{"n": 1}], "a row that nobody deleted came back"
    verify(page)
    expect(page.get_by_text("Every value on this device is the one the server holds.")).to_be_visible()
    (mine,) = [one for one in status_of(page)["scopes"] if one["scope"] == building]
    assert mine["repairs"] >= 1 and mine["verified_at"]


def two_of_a_leaf(url: str, building: str) -> tuple[str, str]:
    """Elements whose sums are fetched together."""
    rows, _ = Office(url, "owner@demo.arxos").pull(building)
    found: dict[str, str] = {}
    for id in sorted(id for table, id in rows if table == "element"):
        if id[-2:] in found:
            return found[id[-2:]], id
        found[id[-2:]] = id
    raise AssertionError("more elements than leaves are wanted")


def test_what_an_exchange_mends_does_not_lose_what_differed_without_an_edit(visitor: Visitor, url: str, building: str):
    with_planting(visitor)
    page = visitor.login()
    element = open_element(page, url, building, 2)
    wait_for_badge(page, "saved", pending=0)
    typed, lost = two_of_a_leaf(url, building)
    plant(page, building, "update element set serial_number = 'UNLOGGED' where id = ?", typed)
    plant(page, building, "delete from element where id = ?", lost)
    plant(page, building, "update arxos_digest set sum = '00000000000000ff' where table_name = 'element'")
    edit = {"table": "element", "id": element, "op": "update", "set": {"tag": "ANY"}}
    page.evaluate(RECORD, [building, [edit]])  # its rows come back with a digest, which is not the one held here
    wait_for_server(url, building, typed, serial_number="UNLOGGED")
    wait_for_badge(page, "saved", pending=0)
    (mine,) = [one for one in status_of(page)["scopes"] if one["scope"] == building]
    assert mine["repairs"] == 1 and mine["suspect"] == []
    page.goto(f"{url}/sync")
    expect(page.get_by_text("Differed from the server, and mended")).to_be_visible()


def own_scope(page: Page) -> str:
    scope = f"user:{page.evaluate(f'{ASK}.then(r => r.me().id)')}"
    keep(page, scope)
    return scope


def test_what_was_refused_of_ones_own_settings_is_listed_to_be_changed_or_given_up(
    visitor: Visitor, url: str, building: str
):
    page = visitor.login("reviewer@demo.arxos")
    scope = own_scope(page)
    for more in ({}, {"theme": "dark"}):
        made = {"table": "preference", "id": new_id(), "op": "insert", "set": more | {"language": LARGE}}
        page.evaluate(RECORD, [scope, [made]])
    wait_for_badge(page, "rejected", pending=0)
    page.goto(f"{url}/sync")
    expect(page.get_by_role("heading", name="Your own settings")).to_be_visible()
    cards = page.locator("li[data-rejected]")
    expect(cards).to_have_count(2)
    large, other = cards.filter(has_not_text="Theme is"), cards.filter(has_text="Theme is Dark")
    assert len(large.inner_text()) < 600, "a long text is cut"
    large.get_by_role("button", name="Change it").click()
    large.get_by_label("Language").fill("nl")
    large.get_by_role("button", name="Send it so").click()
    expect(cards).to_have_count(1)
    other.get_by_role("button", name="Give it up").click()
    expect(cards).to_have_count(0)
    wait_for_badge(page, "saved", pending=0)
    held = page.evaluate(f"{ASK}.then(r => r.query('{scope}', 'select language, theme from preference'))")
    assert held == [{"language": "nl", "theme": None}]


def test_what_came_with_a_later_schema_is_compared_as_it_stands_here(visitor: Visitor, url: str, building: str):
    page = visitor.login()
    scope = own_scope(page)
    view = {"views": {"one": {"name": "Cracked", "query": "status=defect"}}}
    page.evaluate(RECORD, [scope, [{"table": "preference", "id": new_id(), "op": "insert", "set": view}]])
    wait_for_badge(page, "saved", pending=0)
    page.goto(f"{url}/sync")
    verify(page)
    expect(page.get_by_text("Every value on this device is the one the server holds.")).to_be_visible()
