"""Values proved leaf by leaf, and what becomes of a row that differs though no edit tells of it (scenario 3)."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

import schemas
from arxos_sync import content, digest, geometry, pull
from arxos_sync.messages import Change, ScopeAnswer
from arxos_sync.storage import replica_care, replica_file, replica_verify
from arxos_sync.storage.spatialite import Replica
from tests.engine.world import SCOPE, START_MS, World, insert, uid, update

CATALOGUE = schemas.catalogue()
ELEMENT = CATALOGUE.tables["element"]
DOORS = [uid(0xE00 + n) for n in range(20)]
UGLY = 0.1 + 0.2


class Site:
    """A server in memory with doors of another's making, and a replica that holds them."""

    def __init__(self, path: Path) -> None:
        self.world = World()
        doors = [
            insert(
                "element", id, ifc_class="IfcDoor", name=f"D{n}", systems=["hvac", "\U0001f6aa"], visit_count=2,
                properties={"width": UGLY, "b": [None, True]}, heading_deg=UGLY, geometry=geometry.point(n, UGLY, 1),
            )
            for n, id in enumerate(DOORS)
        ]  # fmt: skip
        self.world.push("B", doors)
        self.world.push("B", [insert("annotation", uid(0xA1), title="Leak")])
        self.world.push("B", [insert("comment", uid(0xC1), annotation_id=uid(0xA1), text="said")])
        connection = replica_file.create_replica(path, CATALOGUE, SCOPE)
        replica_file.adopt(connection, self.world.device("A"))
        nonces = itertools.count(1)
        self.replica = Replica(connection, CATALOGUE, lambda n: next(nonces).to_bytes(n, "big"))
        self.exchange()

    def exchange(self) -> list[str]:
        sent = self.replica.pending()
        receipts = self.world.send("A", self.replica.prior(), sent).receipts if sent else []
        cursor = self.replica.cursor()
        told = self.world.pull(cursor, rows=True)
        answer = ScopeAnswer(
            SCOPE, "ok", None, receipts, told.rows, False, cursor=told.cursor, head=told.head, salt=told.salt,
            digest=told.digest,
        )  # fmt: skip
        assert self.replica.apply_answer(answer, from_nothing=cursor is None).suspect == ()
        return [receipt.outcome for receipt in receipts]

    def theirs(self, table: str) -> list[str]:
        rows = ((row.id, row.values) for row in self.world.store.live_rows(table))
        return [digest.to_hex(sum) for sum in content.leaves(CATALOGUE.tables[table], rows)]

    def differing(self, table: str = "element") -> list[int]:
        return replica_verify.differing(self.replica, table, self.theirs(table))

    def verify(self, table: str = "element") -> replica_verify.Mended:
        wrong = self.differing(table)
        rows = [pull.row_out(CATALOGUE, row, None, True) for row in self.world.store.leaf_rows(table, wrong)]
        return replica_verify.mend(self.replica, table, wrong, rows, START_MS)

    def unlogged(self, statement: str, *values: Any) -> None:
        """Write as something does that the triggers do not see."""
        self.replica.connection.execute("update arxos_writing set capture = 0")
        self.replica.connection.execute(statement, values)
        self.replica.connection.execute("update arxos_writing set capture = 1")


@pytest.fixture
def site(tmp_path: Path):
    made = Site(tmp_path / "building.sqlite")
    yield made
    made.replica.close()


def test_values_agree_bit_by_bit_also_under_edits_that_wait(site: Site):
    assert all(site.differing(table) == [] for table in site.replica.tables)
    site.replica.record([update("element", DOORS[3], 0, name="typed", visit_count={"add": 1})], START_MS)
    site.replica.record([Change("element", DOORS[4], "delete")], START_MS)
    site.replica.record([insert("element", uid(0xE77), ifc_class="IfcLamp")], START_MS)
    assert site.differing() == [] and site.verify() == replica_verify.Mended()
    assert len(site.replica.pending()) == 3


def test_a_value_changed_without_an_edit_is_found_in_its_leaf_and_becomes_an_edit(site: Site):
    site.unlogged("update element set name = 'typed in QGIS' where id = ?", DOORS[5])
    assert replica_care.recount(site.replica) == site.replica.digests(), "the sequences agree"
    assert site.differing() == [digest.leaf_of(DOORS[5])]
    done = site.verify()
    assert done.recorded == 1 and done.rows == 1
    (transaction,) = site.replica.pending()
    assert transaction.reason == replica_verify.REASON
    change = Change("element", DOORS[5], "update", 0, {"name": "typed in QGIS"}, {"name": "D5"})
    assert transaction.changes == [change]
    assert site.replica.row("element", DOORS[5])["name"] == "typed in QGIS", "it stays on the screen"
    assert site.exchange() == ["conflict"], "the other value was somebody else's, so both are kept"
    (conflict,) = site.world.conflicts()
    assert {conflict["kept"]["name"], conflict["other"]["name"]} == {"D5", "typed in QGIS"}
    assert site.differing() == [] and site.verify() == replica_verify.Mended()


def test_what_differs_in_a_groups_column_takes_the_group_along(site: Site):
    site.unlogged("update element set heading_deg = 90 where id = ?", DOORS[6])
    site.verify()
    (change,) = site.replica.pending()[0].changes
    assert change.set == {"heading_deg": 90.0, "geometry": geometry.point(6, UGLY, 1)}
    assert change.was["heading_deg"] == UGLY


def test_a_row_put_in_without_an_edit_becomes_an_insert(site: Site):
    site.unlogged("insert into element (id, ifc_class, name) values (?, 'IfcDoor', 'stray')", uid(0xE99))
    assert site.differing() == [], "the server gave no such row"
    assert site.verify().recorded == 1
    (change,) = site.replica.pending()[0].changes
    assert (change.op, change.set) == ("insert", {"ifc_class": "IfcDoor", "name": "stray"})
    assert site.exchange() == ["applied"] and site.world.row("element", uid(0xE99))["name"] == "stray"


def test_a_row_lost_without_an_edit_comes_back(site: Site):
    site.unlogged("delete from element where id = ?", DOORS[7])
    assert site.differing() == [digest.leaf_of(DOORS[7])]
    assert site.verify().recorded == 0
    assert site.replica.row("element", DOORS[7])["name"] == "D7" and site.replica.pending() == []
    assert site.replica.one("select CheckSpatialIndex('element', 'geometry')") == 1


def test_what_only_the_server_writes_is_the_servers(site: Site):
    site.unlogged("update element set updated_by = 'nobody', created_at = null where id = ?", DOORS[8])
    assert site.verify().recorded == 0 and site.replica.pending() == []
    assert site.replica.row("element", DOORS[8])["updated_by"] == site.world.user("B")


def test_a_column_that_is_set_once_is_refused_in_plain_sight(site: Site):
    site.unlogged("update comment set text = 'never said' where id = ?", uid(0xC1))
    assert site.verify("comment").recorded == 1
    assert site.exchange() == ["rejected"]
    (told,) = replica_care.rejected(site.replica)
    assert told[1].problem.code == "append_only" and told[2][0].set == {"text": "never said"}
    assert site.replica.row("comment", uid(0xC1))["text"] == "said"
    assert site.differing("comment") == []


def test_a_row_the_server_has_moved_on_from_is_the_servers(site: Site):
    site.unlogged("update element set name = 'stale' where id = ?", DOORS[9])
    site.world.push("B", [update("element", DOORS[9], site.world.head, tag="newer")])
    assert site.verify().recorded == 0
    assert site.replica.row("element", DOORS[9])["name"] == "D9"


def test_the_forms_of_a_row_agree_in_memory_and_on_the_replica(site: Site):
    held = {id: row for id, row in replica_verify._held(site.replica, "element")}
    for row in site.world.store.live_rows("element"):
        assert content.row_form(ELEMENT, row.id, row.values) == content.row_form(ELEMENT, row.id, held[row.id])
    assert len(held) == len(DOORS)
