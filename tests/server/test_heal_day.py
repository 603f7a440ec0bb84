"""The server is put back to last night, and its devices bring the day back, by themselves (PROTOCOL.md §7).

Real servers, real stores, real replicas. One device never returns; one had work that was never sent, and one whose
answer was lost. The expected rows are what a person read before; nothing here asks the merge.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from arxos_sync.messages import Change
from client_kit.http import Server, Unreachable
from client_kit.replica import new_id
from tests import services
from tests.server.site import Site
from tests.site_day import SERVER_COLUMNS, Tablet

PEOPLE = ("owner", "technician", "reviewer", "technician")


class Restored:
    """A demo site, its tablets, and the copy of it that was made before the day."""

    def __init__(self, filled: Site, folder: Path):
        kind, self.folder = filled.kind, folder
        (folder / f"{kind}-{folder.name}").mkdir()
        self.site = filled.copied(folder / f"{kind}-{folder.name}")
        url = self.site.start()[0]
        self.tablets = [Tablet.new(folder / f"tablet{n}", url, f"{word}@demo.arxos") for n, word in enumerate(PEOPLE)]
        first = self.tablets[0]
        (self.building,) = (b["id"] for b in first.server().buildings() if b["role"] == "owner")
        for tablet in self.tablets:
            tablet.subscribe(self.building)
            tablet.sync()
        self.site.stop()
        (folder / f"{kind}-{folder.name}-back").mkdir()
        self.backup = self.site.copied(folder / f"{kind}-{folder.name}-back")
        self._serve(self.site)

    def _serve(self, site: Site) -> None:
        url = site.start()[-1]
        for tablet in self.tablets:
            tablet.home.save(_with_server(tablet.home.device(), url))

    def put_back(self, epoch: bool) -> None:
        self.site.stop()
        if epoch:
            _new_epoch(self.backup)
        self._serve(self.backup)

    def remove(self) -> None:
        self.site.remove()
        self.backup.remove()


def _with_server(device: Any, url: str) -> Any:
    device.server = url
    return device


def _new_epoch(site: Site) -> None:
    if site.kind == "postgis":
        with psycopg.connect(services.database_url(site.name)) as connection:
            connection.execute("update meta set value = %s where key = 'epoch'", (new_id(),))
        return
    (file,) = [f for f in (site.folder / "data").rglob("*.sqlite") if _is_store(f)]
    with sqlite3.connect(file) as connection:
        connection.execute("update meta set value = ? where key = 'epoch'", (new_id(),))


def _is_store(file: Path) -> bool:
    with sqlite3.connect(file) as connection:
        return bool(connection.execute("select 1 from sqlite_master where name = 'meta'").fetchone())


@pytest.fixture(scope="module", params=["postgis", "spatialite"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site.new(request.param, tmp_path_factory.mktemp("filled"))
    yield site
    site.remove()


@pytest.fixture
def restored(filled: Site, tmp_path: Path) -> Iterator[Restored]:
    made = Restored(filled, tmp_path)
    yield made
    made.remove()


def _read(tablet: Tablet, scope: str) -> dict[tuple[str, str], dict[str, Any]]:
    rows = tablet.rows(scope).items()
    return {k: {n: v for n, v in row.items() if n not in SERVER_COLUMNS} for k, row in rows if k[0] != "member"}


def _elements(tablet: Tablet, scope: str) -> list[str]:
    found = tablet.home.replica(scope).connection.execute("select id from element order by id limit 40")
    return [id for (id,) in found]


@pytest.mark.parametrize("epoch", [True, False], ids=["with a new epoch", "without a new epoch"])
def test_the_day_comes_back_though_one_device_never_returns(restored: Restored, epoch: bool, monkeypatch):
    scope, (owner, technician, reviewer, missing) = restored.building, restored.tablets
    ids, added = _elements(owner, scope), new_id()
    for tablet, mine in zip(restored.tablets, _fives(ids), strict=True):
        tablet.record(scope, ([Change("element", id, "update", set={"tag": f"{id[-4:]}"})] for id in mine))
        tablet.record(scope, [[Change("element", ids[30], "update", set={"visit_count": {"add": 1}})]])
        tablet.sync()
    values = {"ifc_class": "IfcDoor", "name": "By one who never returns"}
    missing.record(scope, [[Change("element", added, "insert", set=values)]])
    missing.record(scope, [[Change("element", ids[25], "update", set={"condition": "poor"})]])
    reviewer.record(scope, [[Change("element", ids[31], "delete")]])
    missing.sync()
    reviewer.sync()
    _send_without_hearing(technician, scope, ids[26], monkeypatch)
    for tablet in (owner, technician, reviewer):
        tablet.sync()
    expected = _read(owner, scope)
    assert expected["element", ids[30]]["visit_count"] == 4 and ("element", added) in expected
    owner.record(scope, [[Change("element", ids[27], "update", set={"name": "typed in the basement"})]])
    _send_without_hearing(owner, scope, ids[28], monkeypatch)

    restored.put_back(epoch)
    heard: list[str] = []
    for tablet in (reviewer, owner, technician, reviewer, owner):
        tablet.tell = lambda what, facts: heard.append(what)
        tablet.sync()
    assert heard.count("healed") == 3, "each device that returned brought its part"
    expected["element", ids[27]] |= {"name": "typed in the basement"}
    expected["element", ids[28]] |= {"tag": "lost answer"}
    for tablet in (owner, reviewer, technician):
        tablet.sync()
        assert _read(tablet, scope) == expected
        assert tablet.pending(scope) == 0
        assert tablet.digests(scope) == owner.digests(scope)
        assert not tablet.home.replica(scope).one("select count(*) from arxos_change_log where state = 'rejected'")
    assert not [k for k in expected if k[0] == "conflict"]


def _fives(ids: list[str]) -> list[list[str]]:
    return [ids[at : at + 5] for at in range(0, 20, 5)]


def _send_without_hearing(tablet: Tablet, scope: str, id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server takes it; the answer never arrives."""
    tablet.record(scope, [[Change("element", id, "update", set={"tag": "lost answer"})]])
    exchange = Server.exchange

    def cut(self: Server, request: Any) -> Any:
        exchange(self, request)
        raise Unreachable("cut")

    with monkeypatch.context() as patched:
        patched.setattr(Server, "exchange", cut)
        with pytest.raises(Unreachable):
            tablet.sync()
