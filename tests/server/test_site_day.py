"""A day of two tablets on the demo building, over PostGIS with Redis and two server processes, and embedded.

The morning is prepared once a store: both tablets bootstrap by snapshot, lose the network and work. Then the same
evening is played twice from copies of everything: A comes back first, and B comes back first.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from client_kit.http import Unreachable
from server.app import open_parts
from server.operations.demo import fill
from server.settings import read_settings
from tests import services, site_day
from tests.server.running import Running
from tests.site_day import Day, Office, Tablet


class Site:
    """A store with its servers: filled once, copied for each course of the day."""

    def __init__(self, kind: str, folder: Path, name: str):
        self.kind, self.folder, self.name = kind, folder, name
        environment = {"ARXOS_DATA_DIR": str(folder / "data"), "ARXOS_LOG": "error"}
        if kind == "postgis":
            environment |= {
                "ARXOS_DATABASE_URL": services.database_url(name),
                "ARXOS_REDIS_URL": services.redis_server_url(),
            }
        self.running = Running(environment)

    @classmethod
    def new(cls, kind: str, folder: Path) -> Site:
        name = f"site_{folder.name.replace('-', '_')}"
        if kind == "postgis":
            services.create_database(name)
        site = cls(kind, folder, name)
        parts = open_parts(read_settings(site.running.environment, folder))
        fill(parts, say=lambda line: None)
        parts.store.close()
        return site

    def copied(self, folder: Path) -> Site:
        """Everything as it is now, under another name; no server runs meanwhile."""
        shutil.copytree(self.folder / "data", folder / "data")
        name = f"site_{folder.name.replace('-', '_')}"
        if self.kind == "postgis":
            with psycopg.connect(services.database_url("postgres"), autocommit=True) as connection:
                connection.execute(f'create database "{name}" template "{self.name}"')
        return Site(self.kind, folder, name)

    def start(self) -> list[str]:
        """Two processes where the store allows it; the address each person goes to."""
        urls = [self.running.start() for _ in range(2 if self.kind == "postgis" else 1)]
        return [urls[0], urls[-1]]

    def stop(self) -> None:
        self.running.stop()
        self.running.processes.clear()

    def remove(self) -> None:
        self.stop()
        if self.kind == "postgis":
            services.drop_database(self.name)


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
        self.day = site_day.plan(self.building, _elements(self.a, self.building))
        self.a.record(self.building, site_day.work_of_a(self.day))
        self.b.record(self.building, site_day.work_of_b(self.day))


def _elements(tablet: Tablet, building: str) -> list[str]:
    """Tagged elements that no task is about and that the day's work will change, in a fixed order."""
    found = tablet.home.replica(building).connection.execute(
        """
        select id from element
        where tag is not null and condition is not 'poor' and status is not 'faulty'
          and id not in (select target_id from task)
        order by id
        """
    )
    return [id for (id,) in found]


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
