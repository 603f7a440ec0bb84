"""Taking edits back: what was never sent is cancelled, what was sent is set back by a new edit (scenario 10)."""

import pytest

from arxos_sync import geometry
from arxos_sync.messages import Change, RowOut
from arxos_sync.problems import Refused
from arxos_sync.storage import replica_care
from arxos_sync.storage.replica_undo import last_sent, undo
from tests.storage.test_replica import (
    NOW,
    UGLY,
    B,
    delete,
    element,
    index_is_right,
    insert,
    part,
    path,
    pull,
    refused,
    replica,
    taken,
    update,
)

__all__ = ["path", "replica"]  # fixtures
FAR = geometry.point(900.0, 900.0, 1.0)


def row(replica, number=1):
    return replica.row("element", element(number))


def nothing_is_sent(replica):
    return replica.pending_count() == 0 and replica.pending() == [] and index_is_right(replica)


@pytest.mark.parametrize(
    "edit",
    [
        delete(1),
        update(1, status="faulty", name="Other"),
        update(1, properties={"colour": "blue", "new": 1, "width": None}),
        update(1, systems={"add": ["fire"], "remove": ["hvac"]}, visit_count={"add": 3}),
        update(1, geometry=FAR, heading_deg=90.0),
    ],
    ids=["delete", "fields", "map", "set and counter", "group with geometry"],
)
def test_an_unsent_edit_that_is_taken_back_is_not_sent_and_leaves_the_row_as_it_was(replica, edit):
    before = row(replica)
    (key,) = replica.record([edit], NOW)
    assert row(replica) != before
    done = undo(replica, NOW)
    assert (done.key, done.keys, done.tables) == (key, (), ("element",))
    assert row(replica) == before and nothing_is_sent(replica)
    assert replica_care.status(replica, NOW).oldest_pending_ms is None


def test_an_unsent_insert_that_is_taken_back_is_gone_with_its_place_in_the_index(replica):
    replica.record([insert(50, geometry=FAR)], NOW)
    undo(replica, NOW)
    assert row(replica, 50) is None and nothing_is_sent(replica)
    assert replica.one("select count(*) from idx_element_geometry where xmin > 800") == 0


def test_a_row_added_and_deleted_unsent_comes_back_by_one_undo_and_goes_by_two(replica):
    replica.record([insert(50, name="Mine", geometry=FAR)], NOW)
    replica.record([delete(50)], NOW)
    assert replica.pending_count() == 0, "the two cancel each other out"
    undo(replica, NOW)
    assert row(replica, 50)["name"] == "Mine" and replica.pending_count() == 1
    undo(replica, NOW)
    assert row(replica, 50) is None and nothing_is_sent(replica)
    assert undo(replica, NOW) is None


def test_undo_goes_back_a_transaction_at_a_time_and_whole_transactions(replica):
    before = row(replica), row(replica, 2)
    replica.record([update(1, status="faulty"), update(2, status="missing")], NOW)
    replica.record([update(1, status="missing")], NOW)
    undo(replica, NOW)
    assert row(replica)["status"] == "faulty" and row(replica, 2)["status"] == "missing"
    undo(replica, NOW)
    assert (row(replica), row(replica, 2)) == before


def test_one_of_several_unsent_edits_can_be_taken_back_without_the_later_ones(replica):
    (first,) = replica.record([update(1, status="faulty")], NOW)
    replica.record([update(1, name="Kept")], NOW)
    undo(replica, NOW, first)
    assert (row(replica)["status"], row(replica)["name"]) == ("ok", "Kept")
    (transaction,) = replica.pending()
    assert [change.set for change in transaction.changes] == [{"name": "Kept"}]


def test_what_a_later_unsent_edit_builds_on_is_not_taken_from_under_it(replica):
    (first,) = replica.record([insert(50)], NOW)
    replica.record([update(50, name="Mine")], NOW)
    with pytest.raises(Refused, match="builds on it"):
        undo(replica, NOW, first)
    storey = Change(table="storey", id=element(60), op="insert", set={"name": "Ground"})
    (second,) = replica.record([storey], NOW)
    replica.record([update(2, storey_id=element(60))], NOW)
    with pytest.raises(Refused, match="builds on it"):
        undo(replica, NOW, second)
    assert replica.pending_count() == 4


def test_what_the_server_holds_meanwhile_shows_when_the_edit_over_it_is_taken_back(replica):
    replica.record([update(1, status="faulty")], NOW)
    pull(replica, [part(1, 6, status="missing", geometry=FAR, heading_deg=UGLY)], head=6)
    assert row(replica)["status"] == "faulty"
    undo(replica, NOW)
    assert row(replica)["status"] == "missing" and row(replica)["geometry"] == FAR
    assert nothing_is_sent(replica)


# ---------------------------------------------------------------- what was sent


def sent(replica, *edits):
    (key,) = replica.record(list(edits), NOW)
    number = replica.pending()[-1].n
    return key, number


@pytest.mark.parametrize("in_flight", [True, False], ids=["in flight", "acknowledged"])
def test_what_was_sent_is_set_back_by_a_new_edit(replica, in_flight):
    before = row(replica)
    key, n = sent(
        replica,
        update(
            1,
            status="faulty",
            properties={"colour": "blue", "new": 1},
            systems={"add": ["fire"]},
            visit_count={"add": 3},
            heading_deg=90.0,
        ),
    )
    if not in_flight:
        shown = {k: v for k, v in row(replica).items() if k != "sequence" and v is not None}
        pull(replica, [part(1, 6, **shown)], head=6, receipts=[taken(n, 6)])
    assert last_sent(replica) == key
    done = undo(replica, NOW, key)
    assert len(done.keys) == 1
    after = row(replica)
    assert {k: v for k, v in after.items() if k != "sequence"} == {k: v for k, v in before.items() if k != "sequence"}
    made = replica.pending()[-1].changes
    assert made[0].set["visit_count"] == {"add": -3} and made[0].set["systems"] == {"remove": ["fire"]}
    assert made[0].set["properties"] == {"colour": "red", "new": None}
    assert made[0].set["geometry"] == before["geometry"], "the group goes whole"


def test_a_sent_insert_is_taken_back_by_a_delete_and_a_sent_delete_by_an_insert(replica):
    key, n = sent(replica, insert(50, geometry=FAR), delete(1))
    before = replica.server_row("element", element(1))
    receipt = taken(n, 6)
    pull(replica, [], head=5, receipts=[receipt])
    undo(replica, NOW, key)
    assert row(replica, 50) is None and row(replica)["name"] == before["name"]
    assert {(c.op, c.id) for c in replica.pending()[-1].changes} == {("delete", element(50)), ("insert", element(1))}
    assert index_is_right(replica)


def test_a_conflict_that_was_decided_opens_again_after_its_field_is_set_back(replica):
    """Who sets a field that is in conflict decides it: the other order would leave nothing to decide."""
    told = {"table": "element", "row_id": element(1), "field": "name", "kind": "field", "state": "open"}
    id = element(1)[:-1] + "f"
    pull(replica, [RowOut("conflict", id, 6, False, set=told)], head=6)
    decided = Change(table="conflict", id=id, op="update", set={"state": "resolved"})
    key, n = sent(replica, update(1, name="The other"), decided)
    pull(replica, [], head=6, receipts=[taken(n, 7)])
    undo(replica, NOW, key)
    made = replica.pending()[-1].changes
    assert [(change.table, change.set) for change in made] == [
        ("element", {"name": "D1"}),
        ("conflict", {"state": "open"}),
    ]


def test_what_somebody_changed_since_stays_theirs(replica):
    key, n = sent(replica, update(1, status="faulty", name="Mine"))
    pull(replica, [part(1, 7, status="missing", name="Mine")], head=7, receipts=[taken(n, 6)])
    undo(replica, NOW, key)
    assert (row(replica)["status"], row(replica)["name"]) == ("missing", "D1")
    with pytest.raises(Refused, match="changed since"):
        undo(replica, NOW, key)


def test_a_rejected_transaction_is_given_up_and_nothing_is_taken_back_twice(replica):
    key, n = sent(replica, update(1, status="faulty"))
    pull(replica, [], head=5, receipts=[refused(n)])
    assert undo(replica, NOW, key).keys == ()
    assert replica_care.status(replica, NOW).rejected == 0
    for again in (key, 9_999):
        with pytest.raises(Refused, match="nothing of transaction"):
            undo(replica, NOW, again)
    assert replica.scope == B
