"""A browser that was there brings back what a restored server lost: its own work and what it holds of others."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from arxos_sync.messages import Change
from client_kit.replica import new_id
from tests.browser.test_offline import open_element
from tests.browser.visitor import Visitor, save, wait_for_badge
from tests.server.site import Site
from tests.site_day import Office, Tablet


@pytest.fixture
def restoring(tmp_path: Path) -> Iterator[Site]:
    site = Site.new("spatialite", tmp_path / "site")
    yield site
    site.remove()


def put_back(site: Site, backup: Path) -> None:
    shutil.rmtree(site.folder / "data")
    shutil.copytree(backup, site.folder / "data")
    with sqlite3.connect(site.folder / "data" / "arxos.sqlite") as connection:
        connection.execute("update meta set value = ? where key = 'epoch'", (new_id(),))


def test_a_page_heals_the_server_by_itself(browser: Browser, restoring: Site, tmp_path: Path):
    url = restoring.running.start()
    port, backup = int(url.rpartition(":")[2]), tmp_path / "backup"
    building = Office(url, "owner@demo.arxos").building()
    tablet = Tablet.new(tmp_path / "tablet", url, "owner@demo.arxos")
    tablet.subscribe(building)
    tablet.sync()
    visitor = Visitor(browser, url)
    page = visitor.login()
    element = open_element(page, url, building, 0)
    wait_for_badge(page, "saved")
    restoring.stop()
    shutil.copytree(restoring.folder / "data", backup)

    restoring.running.start(port=port)
    page.reload()
    page.wait_for_selector("form[data-element]")
    save(page, tag="OF-THE-LOST-DAY")
    wait_for_badge(page, "saved", pending=0)
    added = new_id()
    values = {"ifc_class": "IfcDoor", "name": "By one who never returns"}
    tablet.record(building, iter([[Change("element", added, "insert", set=values)]]))
    tablet.sync()
    page.reload()
    page.wait_for_selector("form[data-element]")
    wait_for_badge(page, "saved", pending=0)
    restoring.stop()
    save(page, serial_number="NEVER-SENT")
    put_back(restoring, backup)

    restoring.running.start(port=port)
    page.reload()
    page.wait_for_selector("form[data-element]")
    wait_for_badge(page, "saved", pending=0)
    rows, _ = Office(url, "owner@demo.arxos").pull(building)
    assert rows["element", element]["tag"] == "OF-THE-LOST-DAY"
    assert rows["element", element]["serial_number"] == "NEVER-SENT"
    assert rows["element", added]["name"] == "By one who never returns"
    assert not [key for key in rows if key[0] == "conflict"]
    visitor.leave()
