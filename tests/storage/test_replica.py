"""A replica's file: what is captured, what is pushed, and what lies under what a person typed."""

import json
import os
import signal
import struct
import subprocess
import sys

import pytest

import schemas
from arxos_sync import geometry
from arxos_sync.messages import Change, ChangeOutcome, ChangeProblem, Mark, Receipt, RowOut, ScopeAnswer
from arxos_sync.problems import Refused
from arxos_sync.storage import replica_care, replica_file
from arxos_sync.storage.driver import connect
from arxos_sync.storage.spatialite import Replica

CATALOGUE = schemas.catalogue()
B = "0192f3a0-0000-7000-8000-00000000000b"
DEVICE = "0192f3a0-0000-7000-8000-0000000000dd"
NOW = 1_700_000_000_000
UGLY = 0.1 + 0.2


def element(number: int) -> str:
    return f"0192f3a0-0000-7000-8000-0000000e{number:04x}"


class Dice:
    """Nonces that count, so that a test can be read."""

    def __init__(self):
        self.count = 0

    def __call__(self, size):
        self.count += 1
        return self.count.to_bytes(size, "big")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "building.sqlite"


@pytest.fixture
def replica(path):
    connection = replica_file.create_replica(path, CATALOGUE, B)
    replica_file.adopt(connection, DEVICE)
    made = Replica(connection, CATALOGUE, Dice())
    pull(made, [door(number) for number in range(10)], head=5, from_nothing=True)
    yield made
    made.close()


def door(number, sequence=5, **values):
    values = {
        "ifc_class": "IfcDoor",
        "name": f"D{number}",
        "status": "ok",
        "systems": ["hvac"],
        "properties": {"width": UGLY, "colour": "red"},
        "visit_count": 2,
        "heading_deg": UGLY,
        "geometry": geometry.point(1.5 + number, UGLY, 3.0),
    } | values
    return RowOut(table="element", id=element(number), sequence=sequence, deleted=False, set=values)


def part(number, sequence, **values):
    return RowOut(table="element", id=element(number), sequence=sequence, deleted=False, set=values)


def gone(number, sequence):
    return RowOut(table="element", id=element(number), sequence=sequence, deleted=True)


def pull(replica, rows, head, receipts=(), more=False, from_nothing=False, told=None, state="ok"):
    known = Mark(receipts[-1].n, "") if receipts else None
    answer = ScopeAnswer(
        scope=B, state=state, known=known, receipts=list(receipts), rows=rows, more=more,
        cursor=f"cursor {head}{' paging' if more else ''}", head=head, salt=f"{head:02x}", digest=told,
    )  # fmt: skip
    return replica.apply_answer(answer, from_nothing=from_nothing)


def taken(n, sequence, outcome="applied"):
    return Receipt(n=n, outcome=outcome, sequence=sequence, changes=[ChangeOutcome(outcome)])


def refused(n):
    problem = ChangeProblem(code="forbidden", detail="", hint="")
    return Receipt(n=n, outcome="rejected", sequence=None, changes=[], problem=problem)


def update(number, **values):
    return Change(table="element", id=element(number), op="update", set=values)


def insert(number, **values):
    return Change(table="element", id=element(number), op="insert", set={"ifc_class": "IfcDoor"} | values)


def delete(number):
    return Change(table="element", id=element(number), op="delete")


def changes(replica):
    return [change for transaction in replica.pending() for change in transaction.changes]


def index_is_right(replica):
    return replica.one("select CheckSpatialIndex('element', 'geometry')") == 1


_PLAIN = """
import json, sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
try:
    for statement, *parameters in json.loads(sys.argv[2]):
        connection.execute(statement, parameters)
    connection.commit()
except sqlite3.Error as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


def sql(path, *statements):
    """Run statements in another process, with the standard library's SQLite and nothing of ours. Answers the
    error.
    """
    command = [sys.executable, "-c", _PLAIN, str(path), json.dumps(statements)]
    return subprocess.run(command, capture_output=True, text=True).stderr


# ---------------------------------------------------------------- capture


def test_an_edit_is_pushed_with_its_base_and_what_was_there(replica):
    replica.record([update(1, status="faulty")], NOW, reason="seen on site")
    (transaction,) = replica.pending()
    assert transaction.n == 1 and transaction.reason == "seen on site"
    assert transaction.stamp == f"{NOW:012x}-0000-000000dd"
    assert transaction.changes == [
        Change(
            table="element",
            id=element(1),
            op="update",
            base=5,
            set={"status": "faulty"},
            was={"status": "ok"},
        )
    ]


def test_sets_maps_and_counters_are_pushed_as_what_was_added_and_removed(replica):
    deltas = {"systems": {"add": ["fire"], "remove": ["hvac"]}, "properties": {"colour": None, "new": [1]}}
    replica.record([update(1, **deltas, visit_count={"add": 3})], NOW)
    assert changes(replica)[0].set == deltas | {"visit_count": {"add": 3}}
    row = replica.row("element", element(1))
    assert row["systems"] == ["fire"] and row["visit_count"] == 5
    assert row["properties"] == {"width": UGLY, "new": [1]}


def test_a_group_is_pushed_whole_when_one_of_its_columns_differs(replica):
    replica.record([update(1, heading_deg=90.0)], NOW)
    assert changes(replica)[0].set == {"heading_deg": 90.0, "geometry": geometry.point(2.5, UGLY, 3.0)}


def test_an_edit_that_sets_what_is_there_sends_nothing(replica):
    replica.record([update(1, status="ok", heading_deg=UGLY)], NOW)
    assert replica.pending_count() == 0 and replica.pending() == []


def test_scenario_31_floats_and_geometries_come_back_bit_for_bit(replica, path):
    awkward = [UGLY, 5e-324, 1.7976931348623157e308, -1 / 3, 1e22]
    for number, value in enumerate(awkward):
        wkb = struct.pack("<BIddd", 1, 1001, value, -value, UGLY)
        replica.record([update(number, heading_deg=value, geometry=wkb)], NOW)
        assert replica.row("element", element(number))["geometry"] == wkb
        assert changes(replica)[-1].set == {"heading_deg": value, "geometry": wkb}
    sql(path, ("update element set heading_deg = heading_deg * 3 where id = ?", element(9)))
    assert changes(replica)[-1].set["heading_deg"] == UGLY * 3


def test_acknowledged_transactions_are_forgotten_after_30_days(replica):
    day = 86_400_000
    replica.record([update(1, status="faulty")], NOW)
    replica.pending()
    pull(replica, [part(1, 6, status="faulty")], head=6, receipts=[taken(1, 6)])
    replica.record([update(2, status="faulty")], NOW)
    assert replica_care.prune(replica, NOW + 29 * day) == 0
    assert replica_care.prune(replica, NOW + 31 * day) == 1
    assert [t.n for t in replica.pending()] == [2]


def test_a_push_stays_under_the_size_of_a_request_but_always_has_the_first(replica):
    long = geometry.linestring([(float(i), 0.0, 0.0) for i in range(50_000)])
    for number in range(4):
        replica.record([update(number, geometry=long)], NOW)
    assert [t.n for t in replica.pending(bytes_max=2 * len(long))] == [1]
    assert [t.n for t in replica.pending(bytes_max=3 * len(long) + 5_000)] == [1, 2, 3]


def test_columns_of_the_server_stay_as_the_server_set_them(replica, path):
    sql(path, ("update element set sequence = 99, created_at = 'x', tag = 'T' where id = ?", element(1)))
    row = replica.row("element", element(1))
    assert row["sequence"] == 5 and row["created_at"] is None and row["tag"] == "T"
    assert changes(replica)[0].set == {"tag": "T"}
    assert "only the server" in sql(path, ("insert into member (id, name) values ('x', 'y')",))
    assert "keeps its id" in sql(path, ("update element set id = 'other' where id = ?", element(1)))


def test_bad_edits_are_refused_and_nothing_of_their_transaction_is_written(replica):
    for bad, code in [
        (update(2, status="broken"), "invalid_value"),
        (update(2, colour="red"), "unknown_column"),
        (update(2, sequence=7), "server_column"),
        (update(2, heading_deg=float("nan")), "invalid_value"),
        (update(2, geometry=b"\x01\xe9"), "invalid_value"),
        (update(99, status="ok"), "row_unknown"),
        (delete(99), "row_unknown"),
        (insert(1), "id_taken"),
        (Change(table="element", id=element(98), op="insert", set={"name": "no class"}), "invalid_value"),
        (Change(table="nothing", id=element(1), op="delete"), "unknown_table"),
        (Change(table="member", id=element(1), op="delete"), "forbidden"),
    ]:
        with pytest.raises(Refused) as raised:
            replica.record([update(1, status="faulty"), bad], NOW)
        assert (raised.value.code, raised.value.change) == (code, 1)
    assert replica.pending_count() == 0
    assert replica.row("element", element(1))["status"] == "ok"


# ---------------------------------------------------------------- what cancels


def test_a_row_that_came_and_went_before_it_was_sent_is_not_sent(replica):
    replica.record([insert(50)], NOW)
    replica.record([update(50, name="x")], NOW)
    replica.record([delete(50)], NOW)
    replica.record([update(1, name="y")], NOW)
    assert [(t.n, c.id) for t in replica.pending() for c in t.changes] == [(1, element(1))]


def test_a_delete_of_a_row_whose_insert_was_sent_is_sent(replica):
    replica.record([insert(50)], NOW)
    replica.pending()
    replica.record([delete(50)], NOW)
    assert [c.op for c in changes(replica)] == ["insert", "delete"]


# ---------------------------------------------------------------- push


def test_scenario_2_a_push_whose_answer_was_lost_is_sent_again_unchanged(replica, path):
    replica.record([update(1, status="faulty")], NOW)
    first = replica.pending()
    replica.close()
    again = Replica(connect(path), CATALOGUE, Dice())
    again.record([update(1, status="missing")], NOW + 1)
    second = again.pending()
    assert second[0] == first[0]
    assert [t.n for t in second] == [1, 2] and again.prior() is None
    again.close()


def test_scenario_2_an_app_that_dies_in_the_middle_of_an_edit_loses_nothing_that_was_saved(replica, path):
    replica.close()
    script = f"""
import os, signal, schemas
from arxos_sync.messages import Change
from arxos_sync.storage.driver import connect
from arxos_sync.storage.spatialite import Replica
replica = Replica(connect({str(path)!r}), schemas.catalogue(), os.urandom)
change = lambda id, s: Change(table="element", id=id, op="update", set={{"status": s}})
replica.record([change({element(1)!r}, "faulty")], 1)
replica.connection.execute("begin immediate")
replica.connection.execute("update element set status = 'missing' where id = ?", ({element(2)!r},))
os.kill(os.getpid(), signal.SIGKILL)
"""
    died = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": str(schemas.FOLDER.parent)}
    )
    assert died.returncode == -signal.SIGKILL
    replica = Replica(connect(path), CATALOGUE, Dice())
    assert [(c.id, c.set) for c in changes(replica)] == [(element(1), {"status": "faulty"})]
    assert replica.row("element", element(2))["status"] == "ok"
    assert replica.one("pragma integrity_check") == "ok"
    replica.close()


def test_who_types_over_their_own_unsent_value_keeps_the_base_of_the_first_edit(replica):
    replica.record([update(1, status="faulty", properties={"colour": "blue"})], NOW)
    pull(replica, [part(1, 7, status="missing", name="theirs")], head=7)
    replica.record(
        [update(1, status="out_of_service", name="mine", properties={"colour": "black", "n": 1})], NOW
    )
    by_field = {(c.base, f): v for c in changes(replica) for f, v in c.set.items()}
    assert by_field == {
        (5, "status"): "out_of_service",
        (5, "properties"): {"colour": "black"},
        (7, "name"): "mine",
        (7, "properties"): {"n": 1},
    }


def test_the_base_stays_when_the_first_edits_receipt_came_after_the_second_edit(replica):
    replica.record([update(1, status="faulty")], NOW)
    replica.pending()
    replica.record([update(1, status="missing")], NOW)
    pull(replica, [part(1, 8, status="faulty")], head=9, receipts=[taken(1, 8)])
    replica.record([update(1, status="unknown")], NOW)
    assert [(t.n, t.changes[0].base) for t in replica.pending()] == [(2, 5), (3, 5)]


def test_after_the_receipt_a_new_edit_has_the_new_base(replica):
    replica.record([update(1, status="faulty")], NOW)
    replica.pending()
    pull(replica, [part(1, 8, status="faulty")], head=9, receipts=[taken(1, 8)])
    replica.record([update(1, status="missing")], NOW)
    (transaction,) = replica.pending()
    assert (transaction.n, transaction.changes[0].base, replica.prior().n) == (2, 9, 1)


def test_a_large_transaction_is_split_when_it_is_recorded(replica):
    many = [insert(1000 + number) for number in range(5_001)]
    assert len(replica.record(many, NOW)) == 2
    assert [len(t.changes) for t in replica.pending()] == [5_000]
    assert replica.pending_count() == 2


# ---------------------------------------------------------------- apply


def test_server_rows_go_under_pending_fields_and_into_the_others(replica):
    replica.record([update(1, status="faulty", systems={"add": ["fire"]}, visit_count={"add": 1})], NOW)
    theirs = {"status": "missing", "name": "theirs", "systems": ["it"], "visit_count": 10}
    pull(replica, [part(1, 6, **theirs)], head=6)
    shown, server = replica.row("element", element(1)), replica.server_row("element", element(1))
    assert (shown["status"], shown["name"]) == ("faulty", "theirs")
    assert (shown["systems"], shown["visit_count"], shown["sequence"]) == (["fire", "it"], 11, 6)
    assert {name: server[name] for name in theirs} == theirs


def test_a_receipt_alone_does_not_take_the_value_from_the_screen(replica):
    replica.record([update(1, status="faulty")], NOW)
    replica.pending()
    pull(replica, [part(2, 8, name="x")], head=9, receipts=[taken(1, 9, "conflict")], more=True)
    assert replica.row("element", element(1))["status"] == "faulty"
    assert replica.row("element", element(2))["name"] == "D2", "pages are held back"
    pull(replica, [part(1, 9, status="missing")], head=9)
    assert replica.row("element", element(1))["status"] == "missing"
    assert replica.row("element", element(2))["name"] == "x"
    assert replica.pending_count() == 0


def test_a_rejected_change_leaves_the_row_at_once_and_stays_in_the_log(replica):
    before = replica.row("element", element(1))
    replica.record([update(1, status="faulty")], NOW)
    replica.record([insert(50), delete(2)], NOW)
    replica.record([update(3, status="faulty")], NOW)
    replica.pending()
    pull(replica, [], head=6, receipts=[refused(1), refused(2), taken(3, 6)], more=True)
    assert replica.row("element", element(1)) == before
    assert replica.row("element", element(50)) is None
    assert replica.row("element", element(2))["name"] == "D2"
    waiting = replica_care.rejected(replica)
    assert [receipt.n for _, receipt, _ in waiting] == [1, 2]
    assert [change.op for _, _, made in waiting for change in made] == ["update", "insert", "delete"]
    assert replica_care.status(replica, NOW).rejected == 2
    assert index_is_right(replica)


def test_a_rejected_transaction_is_retried_under_a_new_number_or_discarded(replica):
    for number in (1, 2):
        replica.record([update(number, status="faulty")], NOW)
    replica.pending()
    pull(replica, [], head=5, receipts=[refused(1), refused(2)])
    (first, _, _), (second, _, _) = replica_care.rejected(replica)
    replica_care.retry(replica, first, NOW + 1)
    replica_care.discard(replica, second)
    assert [(t.n, t.changes[0].set) for t in replica.pending()] == [(3, {"status": "faulty"})]
    assert replica_care.rejected(replica) == []


def test_a_row_deleted_elsewhere_stays_on_the_screen_while_an_edit_of_it_is_pending(replica):
    replica.record([update(1, status="faulty")], NOW)
    pull(replica, [gone(1, 6), gone(2, 6)], head=6)
    assert replica.row("element", element(1))["status"] == "faulty"
    assert replica.server_row("element", element(1)) is None
    assert replica.row("element", element(2)) is None
    replica.pending()
    pull(replica, [door(1, 7, status="faulty")], head=7, receipts=[taken(1, 7, "conflict")])
    assert replica.row("element", element(1))["name"] == "D1"


def test_scenario_9_a_row_deleted_elsewhere_without_an_edit_here_stays_deleted(replica):
    pull(replica, [gone(1, 6)], head=6)
    assert replica.row("element", element(1)) is None and changes(replica) == []


def test_a_row_deleted_here_and_edited_there_is_shown_when_the_server_keeps_it(replica):
    replica.record([delete(1)], NOW)
    pull(replica, [part(1, 6, name="theirs")], head=6)
    assert replica.row("element", element(1)) is None
    assert replica.server_row("element", element(1))["name"] == "theirs"
    replica.pending()
    pull(replica, [door(1, 7, name="theirs")], head=7, receipts=[taken(1, 7, "conflict")])
    assert replica.row("element", element(1))["name"] == "theirs"


@pytest.mark.parametrize("edit", [delete(1), update(1, name="mine"), insert(50, name="mine")], ids=lambda one: one.op)
def test_a_receipt_that_the_cursor_has_passed_leaves_the_row_as_the_server_holds_it(replica, edit):
    """As a clone gets it, whose other self sent the same and heard that it did not stand."""
    before = replica.server_row("element", edit.id)
    replica.record([edit], NOW)
    replica.pending()
    pull(replica, [], head=9)
    pull(replica, [], head=9, receipts=[taken(1, 8, "conflict")], more=True)
    assert replica.row("element", edit.id) == before == replica.server_row("element", edit.id)
    assert replica.digests()["element"] == replica_care.recount(replica)["element"]


def test_a_pull_that_brings_what_was_pushed_leaves_nothing_behind(replica):
    replica.record([update(1, status="faulty"), insert(50, name="N"), delete(2)], NOW)
    replica.pending()
    rows = [part(1, 6, status="faulty"), gone(2, 6), part(50, 6, ifc_class="IfcDoor", name="N")]
    pull(replica, rows, head=6, receipts=[taken(1, 6)])
    assert replica.row("element", element(50))["sequence"] == 6
    assert replica.one("select count(*) from arxos_shadow") == 0
    assert replica.pending_count() == 0
    assert replica.digests()["element"] == replica_care.recount(replica)["element"]


def test_scenario_3_edits_made_right_before_a_fresh_pull_are_not_destroyed_by_it(replica, path):
    sql(path, ("update element set status = 'faulty' where id = ?", element(1)))
    replica_care.start_over(replica)
    pull(replica, [door(number, 9, status="missing") for number in range(1, 10)], head=9, from_nothing=True)
    assert replica.row("element", element(1))["status"] == "faulty"
    assert replica.row("element", element(2))["status"] == "missing"
    assert replica.row("element", element(0)) is None, "what did not come is not there"
    assert [(c.base, c.set) for c in changes(replica)] == [(5, {"status": "faulty"})]


def test_a_reader_sees_a_pull_whole_or_not_at_all(replica, path):
    bad = part(2, 6, geometry=geometry.linestring([(0, 0, 0), (1, 1, 1)]), status="missing")
    worse = RowOut(
        table="element", id=element(3), sequence=6, deleted=False, set={"geometry": b"not a geometry"}
    )
    with pytest.raises(ValueError):
        pull(replica, [bad, worse], head=6)
    assert replica.row("element", element(2))["status"] == "ok"
    assert replica.cursor() == "cursor 5" and replica.sequence == 5


def test_rows_of_a_live_hint_move_the_cursor_and_stay_under_edits(replica):
    replica.record([update(1, status="faulty")], NOW)
    replica.apply_hint([part(1, 6, status="missing", name="live")], "cursor 6", 6, "salt 6")
    assert (replica.cursor(), replica.sequence) == ("cursor 6", 6)
    row = replica.row("element", element(1))
    assert (row["status"], row["name"], row["sequence"]) == ("faulty", "live", 6)
    assert replica.digests() == {t: d for t, d in replica_care.recount(replica).items() if int(d, 16)}


def test_scenario_18_a_forked_device_sends_its_pending_work_under_a_new_id(replica):
    replica.record([update(1, status="faulty")], NOW)
    replica.pending()
    other = "0192f3a0-0000-7000-8000-0000000000ee"
    assert replica_care.fork(replica, other) == 1
    (transaction,) = replica.pending()
    assert (transaction.n, replica.prior(), replica.device) == (1, None, other)
    assert transaction.changes[0].set == {"status": "faulty"}
    assert replica.row("element", element(1))["status"] == "faulty"


def test_a_stamp_is_above_what_was_heard_and_above_the_last_one(replica):
    replica.learn(f"{NOW + 60_000:012x}-0003-abcdabcd", 60_000)
    replica.record([update(1, status="faulty")], NOW)
    replica.record([update(2, status="faulty")], NOW)
    assert [t.stamp for t in replica.pending()] == [
        f"{NOW + 60_000:012x}-0004-000000dd", f"{NOW + 60_000:012x}-0005-000000dd"
    ]  # fmt: skip
