"""A smaller day on a real model: the Duplex, imported from its IFC file, on the embedded default."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from arxos_sync.messages import Change
from client_kit.replica import new_id
from tests.server.running import wait_for
from tests.server.site import Site
from tests.site_day import Office, Tablet


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site.new("spatialite", tmp_path_factory.mktemp("duplex"))
    yield site
    site.remove()


def imported(site: Site, file: Path) -> dict:
    done = site.running.command("import", str(file), "--as", "owner@demo.arxos", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_two_tablets_work_on_the_imported_duplex_and_agree(site: Site, shared_data: Path, tmp_path: Path):
    model = shared_data / "ifc" / "Duplex_A_20110907_georeferenced.ifc"
    building = imported(site, model)["building"]
    for person, role in (("technician", "technician"), ("reviewer", "reviewer")):
        site.running.command("admin", "grant", f"{person}@demo.arxos", building, role)
    url = site.start()[0]
    a, b = (Tablet.new(tmp_path / n, url, f"{p}@demo.arxos") for n, p in (("a", "technician"), ("b", "reviewer")))
    for tablet in (a, b):
        tablet.subscribe(building)
        tablet.sync()
    held = a.rows(building)
    assert sum(t == "storey" for t, _ in held) == 4 and sum(t == "space" for t, _ in held) == 21
    doors = sorted(id for (t, id), r in held.items() if t == "element" and r["ifc_class"] == "IfcDoor")
    assert len(doors) == 14
    a.record(building, iter([[Change("element", id, "update", set={"tag": "A"})] for id in doors[:6]]))
    a.record(building, iter([[Change("element", doors[13], "delete")]]))
    b.record(building, iter([[Change("element", id, "update", set={"tag": "B"})] for id in doors[4:10]]))
    width = {"target_table": "element", "target_id": doors[0], "kind": "length", "name": "Width", "value": 0.91}
    b.record(building, iter([[Change("measurement", new_id(), "insert", set=width | {"uncertainty_95": 0.002})]]))
    for tablet in (a, b):
        tablet.sync()
    office = Office(url, "owner@demo.arxos")
    wait_for(lambda: site.rests(building), 60)  # the plan may disagree with the door
    for tablet in (a, b):
        tablet.sync()
    rows, digests = office.pull(building)
    assert a.digests(building) == b.digests(building) == digests
    conflicts = [r for (t, _), r in rows.items() if t == "conflict"]
    assert sorted(r["row_id"] for r in conflicts) == sorted(doors[4:6])
    assert ("element", doors[13]) not in rows
    assert [r["value"] for (t, _), r in rows.items() if t == "measurement"] == [0.91]
    site.stop()


def test_importing_the_same_file_again_makes_no_duplicates(site: Site, shared_data: Path):
    model = shared_data / "ifc" / "AC20-FZK-Haus.ifc"
    first, again = imported(site, model), imported(site, model)
    assert first["building"] == again["building"]
    url = site.start()[0]
    rows, _ = Office(url, "owner@demo.arxos").pull(first["building"])
    assert sum(t == "storey" for t, _ in rows) == 2 and sum(t == "space" for t, _ in rows) == 7
    guids = [r["ifc_guid"] for (t, _), r in rows.items() if t in ("storey", "space", "element")]
    assert len(guids) == len(set(guids))
    assert all(r.get("sequence") for r in rows.values())
