"""Schema N and N-1 against each other: what each is told, what an upgrade fetches, and that nothing is erased."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

import schemas
from arxos_sync import digest, geometry
from arxos_sync.catalogue import Catalogue, load, overlaid
from arxos_sync.intake import Arrival, Author, Dice, take_in
from arxos_sync.messages import Change, ScopeAnswer
from arxos_sync.problems import Problem
from arxos_sync.pull import Wish, pull
from arxos_sync.storage import postgis, replica_care, replica_file, spatialite_server
from arxos_sync.storage.spatialite import Replica
from tests.engine.memory_store import MemoryScope
from tests.engine.world import EPOCH, SCOPE, START_MS, delete, insert, uid, update
from tests.schema_two import ONE, TWO, later

STOREY, DOOR, WINDOW, SENSOR = uid(0x51), uid(0xE1), uid(0xE2), uid(0x5E)
AT = "2026-01-01T00:00:00.000Z"
CORNER = geometry.point(1.0, 2.0, 3.0)
_TEXT = (schemas.FOLDER / "catalogue.toml").read_text("utf-8")


class Skewed:
    """A server whose catalogue changes under its devices: `opens(catalogue)` opens its one store anew."""

    def __init__(self, opens: Any, catalogue: Catalogue) -> None:
        self._opens, self._ids = opens, itertools.count(0xC0_0000)
        self.upgrade(catalogue)

    def upgrade(self, catalogue: Catalogue) -> None:
        self.catalogue, self.store = catalogue, self._opens(catalogue)

    def exchange(self, device: Device) -> ScopeAnswer:
        """Push and pull, as the server's rooms do; the cursor's schema is the replica's."""
        replica, receipts = device.replica, []
        transactions = replica.pending()
        self.receipts = []
        if transactions:
            with self.store.write(SCOPE) as writer:
                author = Author(uid(0xAA), device.id, "owner", schema=replica.catalogue.schema)
                dice = Dice(lambda: uid(next(self._ids)), lambda: f"salt{next(self._ids):08x}")
                at = Arrival(START_MS + 10**6, AT)
                taken = take_in(writer, self.catalogue, author, replica.prior(), transactions, at, dice)
                self.receipts = receipts = taken.receipts
        for page in itertools.count():
            cursor, whole = replica.cursor(), replica.cursor() is None
            with self.store.read(SCOPE) as reader:
                wish = Wish(cursor, replica.catalogue.schema, rows=True, rows_max=device.rows_max, binary=True)
                pulled = pull(reader, self.catalogue, EPOCH, wish)
            assert pulled.state == "ok"
            answer = ScopeAnswer(
                scope=SCOPE, state="ok", known=None, receipts=receipts if page == 0 else [], rows=pulled.rows,
                more=pulled.more, cursor=pulled.cursor, head=pulled.head, salt=pulled.salt, digest=pulled.digest,
            )  # fmt: skip
            done = replica.apply_answer(answer, from_nothing=whole)
            assert done.suspect == (), "a replica of any schema proves what it holds"
            if not pulled.more:
                return answer

    def row(self, table: str, id: str) -> dict[str, Any]:
        with self.store.read(SCOPE) as reader:
            return next(r.values for r in reader.live_rows() if r.key == (table, id))


class Device:
    def __init__(self, path: Path, number: int, catalogue: Catalogue, rows_max: int | None = None) -> None:
        self.path, self.id, self.rows_max = path / f"{number}.sqlite", uid(0xD000 + number), rows_max
        connection = replica_file.create_replica(self.path, catalogue, SCOPE)
        replica_file.adopt(connection, self.id)
        connection.close()
        self._count = itertools.count(1)
        self._open(catalogue)

    def _open(self, catalogue: Catalogue) -> None:
        nonces = itertools.count(next(self._count) << 32)
        self.replica = Replica(replica_file.connect(self.path), catalogue, lambda n: next(nonces).to_bytes(n, "big"))

    def upgrade(self, catalogue: Catalogue) -> None:
        self.replica.close()
        self._open(catalogue)

    def record(self, *changes: Change) -> None:
        self.replica.record(list(changes), START_MS)


@pytest.fixture(params=["spatialite", "postgis", "memory"])
def opens(request: pytest.FixtureRequest, tmp_path: Path):
    made: list[Any] = []
    url = request.getfixturevalue("postgis_url") if request.param == "postgis" else None
    memory = _Memory()

    def open_one(catalogue: Catalogue) -> Any:
        while made:
            made.pop().close()
        if request.param == "memory":
            return memory.of(catalogue)
        if url is not None:
            made.append(postgis.open_store(url, catalogue, epoch=EPOCH, pool_size=2))
        else:
            made.append(spatialite_server.open_store(tmp_path / "store", catalogue, epoch=EPOCH))
        return made[-1]

    yield open_one
    while made:
        made.pop().close()


class _Memory:
    """The scope in memory, whose rows gain columns as a database's do."""

    def __init__(self) -> None:
        self.scope = MemoryScope(ONE, SCOPE)

    def of(self, catalogue: Catalogue) -> _Memory:
        self.scope.catalogue = catalogue
        for row in self.scope.kept.values():
            for name in catalogue.tables[row.table].columns:
                if name not in ("id", "sequence"):
                    row.values.setdefault(name, None)
        return self

    def read(self, scope: str) -> Any:
        return self.scope.transaction()

    write = read


@pytest.fixture
def site(opens: Any, tmp_path: Path):
    """A server of schema 1 with a house, and an old device that holds it."""
    server = Skewed(opens, ONE)
    old = Device(tmp_path, 1, ONE)
    old.record(
        insert("building", SCOPE, name="House"),
        insert("storey", STOREY, name="Ground"),
        insert("element", DOOR, ifc_class="IfcDoor", name="D", heading_deg=10.0, geometry=CORNER),
        insert("element", WINDOW, ifc_class="IfcWindow", name="W"),
    )
    server.exchange(old)
    assert old.replica.row("element", DOOR)["name"] == "D"
    return server, old


NEW = {
    "colour": "red",
    "cost": 0.1 + 0.2,
    "hazards": ["asbestos"],
    "door_openings": 7,
    "maker_data": {"batch": "x", "wear": 0.1},
    "replaced_by": WINDOW,
    "tilt_deg": 5.5,
}


def furnished(server: Skewed, tmp_path: Path) -> Device:
    """The server goes up, and a device of the new schema writes into what is new."""
    server.upgrade(TWO)
    new = Device(tmp_path, 2, TWO)
    server.exchange(new)
    told = {n: v for n, v in NEW.items() if n not in ("hazards", "door_openings", "tilt_deg")}
    told |= {"hazards": {"add": NEW["hazards"]}, "door_openings": {"add": 7}}
    told |= {"tilt_deg": 5.5, "heading_deg": 10.0, "geometry": CORNER}
    new.record(
        update("element", DOOR, 0, **told),
        insert("sensor", SENSOR, storey_id=STOREY, name="T1", reading=21.5, location=CORNER),
    )
    answer = server.exchange(new)
    assert [r.outcome for r in answer.receipts] == ["applied"]
    return new


def holds_new(row: dict[str, Any]) -> bool:
    return {name: row[name] for name in NEW} == NEW


def test_a_store_with_rows_goes_up_a_schema_and_takes_new_columns_and_tables(site, tmp_path):
    server, _ = site
    new = furnished(server, tmp_path)
    assert holds_new(server.row("element", DOOR)) and server.row("element", DOOR)["name"] == "D"
    assert server.row("sensor", SENSOR)["reading"] == 21.5
    server.upgrade(TWO)
    assert holds_new(server.row("element", DOOR)), "and opening it again does nothing more"
    assert holds_new(new.replica.row("element", DOOR))


def test_an_older_replica_is_told_what_it_knows_and_keeps_its_digest(site, tmp_path):
    server, old = site
    furnished(server, tmp_path)
    answer = server.exchange(old)
    assert {row.table for row in answer.rows} == {"element"}
    assert not set(NEW) & {name for row in answer.rows for name in row.set or {}}
    assert set(answer.digest) <= set(ONE.tables)
    fresh = Device(tmp_path, 3, ONE, rows_max=1)
    server.exchange(fresh)
    assert fresh.replica.digests() == old.replica.digests()


def test_what_an_older_replica_writes_erases_nothing_that_is_newer(site, tmp_path):
    server, old = site
    furnished(server, tmp_path)
    old.record(update("element", DOOR, 0, name="Door", heading_deg=20.0, geometry=CORNER))
    old.record(insert("element", uid(0xE3), ifc_class="IfcDoor", heading_deg=1.0, geometry=CORNER))
    answer = server.exchange(old)
    assert [r.outcome for r in answer.receipts] == ["conflict", "applied"]
    assert holds_new(server.row("element", DOOR)), "the newer member of the group stays as it was"
    assert server.row("element", DOOR)["name"] == "Door"
    assert server.row("element", uid(0xE3))["tilt_deg"] is None


@pytest.mark.parametrize("rows_max", [1, 5000])
def test_an_upgraded_replica_fetches_what_it_missed_under_its_edits(site, tmp_path, rows_max):
    server, old = site
    furnished(server, tmp_path)
    server.exchange(old)
    old.record(update("element", DOOR, 0, name="typed offline", heading_deg=33.0, geometry=CORNER))
    old.rows_max = rows_max
    old.upgrade(TWO)
    assert old.replica.pending_count() == 1 and old.replica.row("element", DOOR)["name"] == "typed offline"
    server.exchange(old)
    assert [r.outcome for r in server.receipts] == ["applied"]
    assert holds_new(old.replica.row("element", DOOR)) and holds_new(server.row("element", DOOR))
    assert old.replica.row("element", DOOR)["name"] == "typed offline"
    assert old.replica.row("sensor", SENSOR)["location"] == CORNER
    again = server.exchange(old)
    assert again.rows == [], "and only once"
    fresh = Device(tmp_path, 4, TWO)
    server.exchange(fresh)
    for table in ("element", "sensor", "storey"):
        assert list(fresh.replica.server_keys(table)) == list(old.replica.server_keys(table))


def test_a_replica_that_upgrades_between_two_pages_gets_all_the_same(site, tmp_path):
    server, old = site
    furnished(server, tmp_path)
    late = Device(tmp_path, 5, ONE, rows_max=1)
    with server.store.read(SCOPE) as reader:
        page = pull(reader, TWO, EPOCH, Wish(None, 1, rows=True, rows_max=1, binary=True))
    assert page.more
    late.replica.apply_answer(
        ScopeAnswer(SCOPE, "ok", None, [], page.rows, True, cursor=page.cursor, head=page.head), from_nothing=True
    )
    late.upgrade(TWO)
    server.exchange(late)
    server.exchange(late)
    assert holds_new(late.replica.row("element", DOOR)) and late.replica.row("sensor", SENSOR) is not None


def test_a_replica_newer_than_its_server_keeps_its_work_in_plain_sight(site, tmp_path):
    server, old = site
    old.upgrade(TWO)
    old.record(update("element", DOOR, 0, name="known to both"))
    old.record(update("element", DOOR, 0, colour="green"))
    answer = server.exchange(old)
    assert [r.outcome for r in answer.receipts] == ["applied", "rejected"]
    assert answer.receipts[1].problem.code == "unknown_column" and answer.receipts[1].problem.field == "colour"
    assert old.replica.one("select count(*) from arxos_change_log where state = 'rejected'") == 1
    furnished(server, tmp_path)
    server.exchange(old)
    assert holds_new(old.replica.row("element", DOOR)), "its cursor was the server's schema, so it is told all now"


def test_a_replica_three_schemas_behind_may_push_and_is_given_no_rows(site, tmp_path):
    server, old = site
    server.upgrade(later(4))
    old.record(update("element", DOOR, 0, name="still taken"))
    with server.store.write(SCOPE) as writer:
        author = Author(uid(0xAA), old.id, "owner")
        dice = Dice(lambda: uid(0xFF), lambda: "saltsalt")
        sent = old.replica.pending()
        taken = take_in(writer, server.catalogue, author, old.replica.prior(), sent, Arrival(START_MS, AT), dice)
    with server.store.read(SCOPE) as reader:
        pulled = pull(reader, server.catalogue, EPOCH, Wish(old.replica.cursor(), 1, rows=True, binary=True))
    assert (pulled.state, pulled.rows, pulled.cursor, pulled.head) == ("ok", [], None, None)
    old.replica.apply_answer(ScopeAnswer(SCOPE, "ok", taken.known, taken.receipts, [], False))
    assert old.replica.pending_count() == 0 and old.replica.row("element", DOOR)["name"] == "still taken"
    assert server.row("element", DOOR)["name"] == "still taken"
    old.upgrade(later(4))
    server.exchange(old)
    assert old.replica.row("element", DOOR)["name"] == "still taken"


def test_a_store_ahead_of_its_server_is_left_alone(opens):
    opens(TWO)
    if isinstance(opens(TWO), _Memory):
        return
    with pytest.raises(Problem, match="schema 2"):
        opens(ONE)
    opens(TWO)


def test_the_tables_of_the_servers_own_that_a_later_step_brings_are_there_too(site):
    server, _ = site
    server.upgrade(TWO)
    if isinstance(server.store, _Memory):
        return
    with server.store.tables() as sql:
        sql.run("insert into depot (id, name) values (:id, :name)", id=uid(1), name="Cellar")
        sql.run(
            "insert into organisation (id, name, created_at, vat_number) values (:id, 'O', :at, 'x')", id=uid(2), at=AT
        )
        assert sql.rows("select name from depot") == [{"name": "Cellar"}]


def test_a_delete_leaves_an_older_replica_and_a_newer_one_alike(site, tmp_path):
    server, old = site
    new = furnished(server, tmp_path)
    new.record(delete("element", DOOR, 0))
    server.exchange(new)
    server.exchange(old)
    assert old.replica.row("element", DOOR) is None and new.replica.row("element", DOOR) is None
    old.upgrade(TWO)
    server.exchange(old)
    assert old.replica.row("element", DOOR) is None


def test_a_delete_by_an_older_replica_takes_nothing_along_that_it_was_never_told_of(site, tmp_path):
    server, old = site
    new = furnished(server, tmp_path)
    server.exchange(old)
    old.record(delete("storey", STOREY, 0))
    server.exchange(old)
    assert [r.outcome for r in server.receipts] == ["conflict"], "the sensor on it counts as an edit of the storey"
    assert server.row("sensor", SENSOR)["name"] == "T1" and server.row("storey", STOREY)["name"] == "Ground"
    server.exchange(new)
    new.record(delete("storey", STOREY, 0))
    server.exchange(new)
    assert [r.outcome for r in server.receipts] == ["applied"], "who has been told of it may"


def test_a_delete_by_an_older_replica_keeps_what_stands_in_columns_it_was_never_told_of(site, tmp_path):
    server, old = site
    new = furnished(server, tmp_path)
    server.exchange(old)
    old.record(delete("element", DOOR, 0))
    server.exchange(old)
    assert [r.outcome for r in server.receipts] == ["conflict"]
    assert holds_new(server.row("element", DOOR)) and old.replica.row("element", DOOR)["name"] == "D"
    old.record(delete("element", WINDOW, 0))
    server.exchange(old)
    assert [r.outcome for r in server.receipts] == ["applied"], "where nothing of it is set, there is nothing to lose"
    server.exchange(new)
    new.record(delete("element", DOOR, 0))
    server.exchange(new)
    assert [r.outcome for r in server.receipts] == ["applied"]


# ---------------------------------------------------------------- the catalogue itself


def test_the_catalogue_tells_every_schema_that_was_published():
    recorded = json.loads((schemas.FOLDER / "versions.json").read_text("utf-8"))
    assert TWO.at(1).hash == recorded["1"] == ONE.hash != TWO.hash
    assert "retired" in TWO.tables["element"].columns["status"].values
    assert "retired" not in TWO.at(1).tables["element"].columns["status"].values
    assert later(4).oldest == 2 and ONE.oldest == 1


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ('[element.columns]\nx = {type = "text", since = 2, required = true}', "never required"),
        ('[element.columns]\nx = {type = "text", since = 3}', "not of 1 to 2"),
    ],
)
def test_a_catalogue_that_breaks_with_its_past_is_refused(added: str, said: str):
    with pytest.raises(ValueError, match=said):
        overlaid(_TEXT, f"schema = 2\n{added}")
    assert load(_TEXT).schema == schemas.catalogue().schema


def test_a_group_may_lack_only_what_is_newer_than_all_that_is_given():
    element = TWO.tables["element"]
    assert element.left_out(["heading_deg", "geometry"]) == []
    assert element.left_out(["heading_deg"]) == ["geometry"]
    assert element.left_out(["tilt_deg"]) == ["heading_deg", "geometry"]
    assert ONE.tables["element"].left_out(["heading_deg", "geometry"]) == []


def test_a_snapshot_for_an_older_replica_holds_what_it_knows(tmp_path: Path, opens: Any):
    server = Skewed(opens, TWO)
    new = Device(tmp_path, 2, TWO)
    new.record(insert("storey", STOREY, name="Ground"), insert("element", DOOR, ifc_class="IfcDoor", colour="red"))
    server.exchange(new)
    with server.store.read(SCOPE) as reader:
        rows, head = [row for row in reader.live_rows() if row.table in ONE.tables], reader.head().sequence
        sums = {table: digest.to_hex(sum) for table, sum in reader.digests().items() if table in ONE.tables}
    path = tmp_path / "snapshot.sqlite"
    replica_file.build_snapshot(path, ONE, rows, scope=SCOPE, cursor="c", head=head, digest=sums)
    connection = replica_file.connect(path)
    replica_file.finish_snapshot(connection)
    replica = Replica(connection, ONE, bytes)
    assert replica.row("element", DOOR)["ifc_class"] == "IfcDoor" and "colour" not in replica.row("element", DOOR)
    assert replica_care.recount(replica) == replica.digests()
    replica.close()
