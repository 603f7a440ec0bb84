"""A day of two tablets on the demo building, over PostGIS with Redis and two server processes, and embedded.

The morning is prepared once a store: both tablets bootstrap by snapshot, lose the network and work. Then the same
evening is played twice from copies of everything: A comes back first, and B comes back first.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from arxos_sync.messages import Change
from client_kit.http import Unreachable
from tests import site_day
from tests.browser.visitor import Visitor, kept_offline, save, wait_for_badge, wait_for_field, wait_for_plan
from tests.demo_sync import elements
from tests.server.running import wait_for
from tests.server.site import Site
from tests.site_day import Day, Office, Tablet


class Morning:
    """Both tablets offline, with their work done."""

    def __init__(self, site: Site, folder: Path):
        self.site, (url, other) = site, site.start()
        self.building = Office(url, "owner@demo.arxos").building()
        self.a = Tablet.new(folder / "a", url, "technician@demo.arxos")
        self.b = Tablet.new(folder / "b", other, "reviewer@demo.arxos")
        for tablet in (self.a, self.b):
            tablet.subscribe(self.building)
            tablet.sync()
        self.at_start = len(self.a.rows(self.building))
        site.stop()
        self.day = site_day.plan(self.building, elements(self.a, self.building))
        self.a.record(self.building, site_day.work_of_a(self.day))
        self.b.record(self.building, site_day.work_of_b(self.day))


@pytest.fixture(params=["postgis", "spatialite"], scope="module")
def morning(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Morning]:
    folder = tmp_path_factory.mktemp(f"morning_{request.param}")
    site = Site.new(request.param, folder)
    yield Morning(site, folder)
    site.remove()


class Evening:
    """One order of coming back: who syncs first, then the other, then both hear of it."""

    def __init__(self, morning: Morning, folder: Path, order: str):
        self.site, self.day = morning.site.copied(folder), morning.day
        urls = dict(zip("AB", self.site.start(), strict=True))
        tablets = {"A": morning.a, "B": morning.b}
        self.url = urls["A"]
        self.tablets = {x: tablets[x].moved_to(folder / x, urls[x]) for x in "AB"}
        self.totals = {x: self.tablets[x].sync() for x in order}
        wait_for(lambda: self.site.rests(morning.building), 60)  # the plan may disagree with what was measured
        for tablet in self.tablets.values():
            tablet.sync()
        self.rows, self.digests = Office(self.url, "owner@demo.arxos").pull(morning.building)


@pytest.fixture(scope="module")
def evenings(morning: Morning, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Evening]]:
    played: dict[str, Evening] = {}
    for order in ("AB", "BA"):
        folder = tmp_path_factory.mktemp(f"evening_{morning.site.kind}_{order.lower()}")
        played[order] = Evening(morning, folder, order)
    yield played
    for evening in played.values():
        evening.site.remove()


def test_the_demo_building_has_three_thousand_elements_and_tablets_bootstrap_it(morning: Morning):
    a = morning.a.home.replica(morning.building)
    assert a.one("select count(*) from element") >= 3000
    assert morning.at_start > 4000


def test_offline_nothing_is_sent_and_nothing_is_lost(morning: Morning):
    with pytest.raises(Unreachable):
        morning.a.sync()
    assert morning.a.pending(morning.building) == 200 + 20 + 3
    assert morning.b.pending(morning.building) == 200


@pytest.mark.parametrize("order", ["AB", "BA"])
def test_within_an_order_both_tablets_and_the_server_hold_the_same_rows_and_digests(
    evenings: dict[str, Evening], order: str
):
    evening, building = evenings[order], evenings[order].day.building
    for tablet in evening.tablets.values():
        assert tablet.pending(building) == 0
        assert tablet.digests(building) == evening.digests
        assert _told(site_day.as_json(tablet.rows(building))) == _told(evening.rows)
    assert sum(t["receipts"] for t in evening.totals.values()) == 423
    assert sum(t["rejected"] for t in evening.totals.values()) == 0


def _told(rows: dict[tuple[str, str], dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """Nothing left out but what stands in the key."""
    return {key: {n: v for n, v in row.items() if n != "id"} for key, row in rows.items()}


@pytest.mark.parametrize("order", ["AB", "BA"])
def test_exactly_eighteen_conflicts_are_open_each_with_base_kept_and_other(
    evenings: dict[str, Evening], order: str
):
    day: Day = evenings[order].day
    site_day.check_outcome(day, evenings[order].rows)


def test_across_the_orders_the_rows_are_the_same_but_for_sequences_and_server_columns(
    evenings: dict[str, Evening],
):
    one, other = (site_day.comparable(evenings[order].rows) for order in ("AB", "BA"))
    assert len(one) == len(other)
    for first, second in zip(one, other, strict=True):
        assert first == second


def test_a_page_sees_an_edit_of_a_tablet_and_its_own_offline_edit_reaches_the_tablet(
    evenings: dict[str, Evening], browser: Browser
):
    """After the evening: the office looks on in Chromium, loses the network, reloads, and comes back."""
    evening = evenings["BA"]
    building, element = evening.day.building, evening.day.changed_by_a[30]
    storey = evening.rows["element", element]["storey_id"]
    tablet, office = evening.tablets["A"], Visitor(browser, evening.url)
    page = office.login("owner@demo.arxos")
    page.goto(f"{evening.url}/b/{building}?storey={storey}&element={element}")
    wait_for_plan(page)
    page.wait_for_selector(f'form[data-element="{element}"]')
    wait_for_badge(page, "saved")
    tablet.record(building, iter([[Change("element", element, "update", set={"model": "Seen live"})]]))
    tablet.sync()
    wait_for_field(page, "model", "Seen live")
    kept_offline(page)
    office.context.set_offline(True)
    save(page, serial_number="SN-OFFLINE")
    wait_for_badge(page, "offline", pending=1)
    page.reload()
    wait_for_field(page, "serial_number", "SN-OFFLINE")
    office.context.set_offline(False)
    wait_for_badge(page, "saved", pending=0)
    tablet.sync()
    assert (tablet.home.replica(building).row("element", element) or {})["serial_number"] == "SN-OFFLINE"
    assert tablet.digests(building) == Office(evening.url, "owner@demo.arxos").pull(building)[1]
    office.leave()
    assert office.complaints == []
