"""What a delete takes along is hidden at once, never sent, and shown again when the delete does not stand."""

import pytest

from arxos_sync.messages import Change
from arxos_sync.storage import replica_care
from arxos_sync.storage.replica_undo import undo
from tests.storage.test_replica import (
    NOW,
    RowOut,
    element,
    gone,
    index_is_right,
    part,
    path,
    pull,
    refused,
    replica,
    taken,
    update,
)

__all__ = ["path", "replica"]  # fixtures
STOREY, SPACE, MEASUREMENT = (f"0192f3a0-0000-7000-8000-00000000{n:04x}" for n in (0x51, 0x52, 0x53))
DELETE = Change(table="storey", id=STOREY, op="delete")


@pytest.fixture
def house(replica):
    """A storey with a space and two elements, one of them measured; eight elements elsewhere."""
    rows = [
        RowOut("storey", STOREY, 6, False, {"name": "Ground"}),
        RowOut("space", SPACE, 6, False, {"storey_id": STOREY, "number": "0.1", "name": "Hall"}),
        part(1, 6, storey_id=STOREY),
        part(2, 6, storey_id=STOREY, space_id=SPACE),
        RowOut("measurement", MEASUREMENT, 6, False,
               {"target_table": "element", "target_id": element(1), "kind": "length", "value": 1.5}),
    ]  # fmt: skip
    pull(replica, rows, head=6)
    return replica


def shown(house):
    tables = ("storey", "space", "element", "measurement")
    return {table: house.one(f"select count(*) from {table}") for table in tables}


ALL = {"storey": 1, "space": 1, "element": 10, "measurement": 1}
LEFT = {"storey": 0, "space": 0, "element": 8, "measurement": 0}


def test_a_delete_hides_its_children_at_once_and_alone_is_sent(house):
    before = replica_care.recount(house)
    assert shown(house) == ALL
    house.record([DELETE], NOW)
    assert shown(house) == LEFT and index_is_right(house)
    (transaction,) = house.pending()
    assert [(c.table, c.op) for c in transaction.changes] == [("storey", "delete")]
    assert replica_care.recount(house) == before, "as the server still has them"


def test_an_undone_delete_shows_them_again(house):
    rows = [house.row("element", element(n)) for n in (1, 2)]
    house.record([DELETE], NOW)
    undo(house, NOW)
    assert shown(house) == ALL and index_is_right(house)
    assert [house.row("element", element(n)) for n in (1, 2)] == rows
    assert house.pending_count() == 0


def test_a_refused_delete_shows_them_again(house):
    house.record([DELETE], NOW)
    n = house.pending()[0].n
    pull(house, [], head=6, receipts=[refused(n)])
    assert shown(house) == ALL and index_is_right(house)


def test_a_delete_that_was_taken_stays_done_when_the_children_come_deleted(house):
    house.record([DELETE], NOW)
    n = house.pending()[0].n
    pull(house, [], head=6, receipts=[taken(n, 7)])
    assert shown(house) == LEFT, "between receipt and rows"
    rows = [gone(1, 7), gone(2, 7)]
    rows += [RowOut(t, id, 7, True) for t, id in
             (("storey", STOREY), ("space", SPACE), ("measurement", MEASUREMENT))]  # fmt: skip
    pull(house, rows, head=7)
    assert shown(house) == LEFT and index_is_right(house)
    assert replica_care.recount(house) == {**replica_care.recount(house), **house.digests()}


def test_a_delete_that_became_a_conflict_shows_them_again_with_what_others_did(house):
    house.record([DELETE], NOW)
    n = house.pending()[0].n
    pull(house, [part(1, 7, tag="Of another")], head=7)
    assert shown(house) == LEFT
    pull(house, [], head=8, receipts=[taken(n, 8, "conflict")])
    assert shown(house) == ALL and house.row("element", element(1))["tag"] == "Of another"


def test_what_was_typed_on_a_child_before_is_sent_before_the_delete_and_undo_brings_it_back(house):
    house.record([update(1, status="faulty")], NOW)
    house.record([DELETE], NOW)
    undo(house, NOW)
    assert shown(house) == ALL and house.row("element", element(1))["status"] == "faulty"
    house.record([DELETE], NOW)
    ops = [(c.table, c.op) for t in house.pending() for c in t.changes]
    assert ops == [("element", "update"), ("storey", "delete")]


def test_a_sent_delete_is_set_back_with_its_children_parents_first(house):
    (key,) = house.record([DELETE], NOW)
    house.pending()
    undo(house, NOW, key)
    assert shown(house) == ALL
    made = [(c.table, c.op) for c in house.pending()[-1].changes]
    assert made[0] == ("storey", "insert") and {op for _, op in made} == {"insert"} and len(made) == 5
