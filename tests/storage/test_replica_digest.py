"""What a replica holds against what the server says it holds, and a whole replica that comes as a file."""

from arxos_sync import digest
from arxos_sync.storage import replica_care, replica_file
from arxos_sync.storage.driver import connect
from arxos_sync.storage.spatialite import Replica
from tests.storage.test_replica import (
    CATALOGUE,
    DEVICE,
    NOW,
    UGLY,
    B,
    Dice,
    changes,
    door,
    element,
    index_is_right,
    path,
    pull,
    replica,
    update,
)

__all__ = ["path", "replica"]  # fixtures


def test_the_digest_tells_when_the_rows_are_not_the_servers(replica):
    right = {"element": digest.to_hex(digest.total("element", [(element(n), 5) for n in range(10)]))}
    assert pull(replica, [], head=5, told=right).suspect == ()
    assert pull(replica, [], head=5, told={"element": "00" * 8}).suspect == ("element",)
    assert replica_care.status(replica, NOW).suspect == ("element",)


def test_scenario_20_the_part_that_differs_is_fetched_and_edits_stay(replica):
    replica.record([update(4, status="faulty")], NOW)
    with replica.transaction(capture=False):
        replica.connection.execute("update element set sequence = 4, name = 'wrong' where id = ?", (element(3),))
    replica_care.recount(replica)
    theirs = [digest.to_hex(s) for s in digest.leaves("element", [(element(n), 5) for n in range(9)])]
    leaves = replica_care.differing_leaves(replica, "element", theirs)
    assert leaves == [3, 9]
    replica_care.repair(replica, "element", leaves, [door(3)])
    assert replica.row("element", element(3))["name"] == "D3"
    assert replica.row("element", element(9)) is None
    assert replica.row("element", element(4))["status"] == "faulty"
    assert replica_care.differing_leaves(replica, "element", theirs) == []


# ---------------------------------------------------------------- snapshots


def test_a_snapshot_holds_the_rows_and_its_index_is_built_on_arrival(tmp_path):
    from arxos_sync.store import FieldMark, MergeState, Row

    state = MergeState(birth=FieldMark(1, DEVICE, "s"))
    rows = [
        Row(table="element", id=element(n), values=door(n).set, sequence=5, born=5, deleted=None, merge=state)
        for n in range(3_000)
    ]
    path = tmp_path / "snapshot.sqlite"
    told = {"element": digest.to_hex(digest.total("element", [(r.id, 5) for r in rows]))}
    replica_file.build_snapshot(path, CATALOGUE, rows, scope=B, cursor="c5", head=5, digest=told)
    assert path.read_bytes()[18:20] == b"\x01\x01", "no WAL in the header"
    connection = connect(path)
    assert connection.execute("select count(*) from idx_element_geometry").fetchone() == (0,)
    made = "select type, name, tbl_name, sql from sqlite_master where sql is not null order by type, name"
    assert "element_id" not in {name for _, name, _, _ in connection.execute(made)}, "it is made on arrival"
    replica_file.finish_snapshot(connection)
    fresh = replica_file.create_replica(tmp_path / "fresh.sqlite", CATALOGUE, B)
    assert connection.execute(made).fetchall() == fresh.execute(made).fetchall()
    fresh.close()
    replica_file.adopt(connection, DEVICE)
    replica = Replica(connection, CATALOGUE, Dice())
    assert index_is_right(replica)
    assert (replica.cursor(), replica.sequence, replica.digests()) == ("c5", 5, told)
    assert replica_care.recount(replica)["element"] == told["element"]
    replica.record([update(7, status="faulty")], NOW)
    assert [(c.base, c.set) for c in changes(replica)] == [(5, {"status": "faulty"})]
    assert replica.row("element", element(8))["properties"] == {"width": UGLY, "colour": "red"}
    replica.close()
