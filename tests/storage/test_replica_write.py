"""Many rows at once: each is written as it was told, whether one's own, another's, or under what is still typed."""

import random

import pytest

from arxos_sync import geometry
from arxos_sync.storage import replica_care, replica_write
from arxos_sync.storage.driver import sqlite
from tests.storage.test_replica import (
    NOW,
    door,
    element,
    gone,
    index_is_right,
    insert,
    part,
    path,
    pull,
    refused,
    replica,
    sql,
    taken,
    update,
)

__all__ = ["path", "replica"]  # fixtures
SEED = 311
ROWS = 400


def some_fields(dice, number):
    """One to four columns of a row, as a server may tell them."""
    drawn = {
        "status": dice.choice(["ok", "faulty", "missing"]),
        "name": f"N{dice.randrange(1000)}",
        "tag": None,
        "visit_count": dice.randrange(9),
        "systems": sorted({dice.choice(["fire", "hvac", "it"]) for _ in range(2)}),
        "properties": {"width": dice.random()},
        "geometry": geometry.point(float(dice.randrange(50)), number / 7, 1.0),
        "storey_id": element(dice.randrange(9)),
    }
    return {name: drawn[name] for name in dice.sample(sorted(drawn), dice.randint(1, 4))}


def test_rows_that_set_different_columns_are_each_written_as_told(replica):
    dice = random.Random(SEED)
    pull(replica, [door(number, 6) for number in range(ROWS)], head=6)
    expected = {number: replica.row("element", element(number)) for number in range(ROWS)}
    rows = []
    for number in range(ROWS):
        told = some_fields(dice, number)
        rows.append(part(number, 7, **told))
        expected[number] |= told | {"sequence": 7}
    rows += [gone(3, 7), door(ROWS, 7), part(ROWS + 1, 7, ifc_class="IfcWall")]
    pull(replica, rows, head=7)
    assert replica.row("element", element(3)) is None
    assert replica.row("element", element(ROWS + 1))["ifc_class"] == "IfcWall"
    for number in set(expected) - {3}:
        assert replica.row("element", element(number)) == expected[number], f"element {number}, seed {SEED}"
    assert replica.digests()["element"] == replica_care.recount(replica)["element"]
    assert index_is_right(replica)


def test_what_comes_back_of_ones_own_edits_is_as_the_server_has_it(replica):
    """Rounded, merged, or with another's fields beside: what is told stands, and what stands already is kept."""
    there = geometry.point(7.0, 8.0, 9.0)
    replica.record([update(1, status="faulty", geometry=there)], NOW)
    replica.record([update(2, name="mine")], NOW)
    replica.record([insert(60, name="N", tag="T")], NOW)
    replica.pending()
    rows = [
        part(1, 6, status="faulty", heading_deg=0.1 + 0.2, geometry=there, updated_at="2026-01-31T08:30:00.000Z"),
        part(2, 7, name="theirs", condition="fair"),
        part(60, 8, ifc_class="IfcDoor", name="N"),
    ]
    pull(replica, rows, head=8, receipts=[taken(1, 6), taken(2, 7, "conflict"), taken(3, 8)])
    one, two, new = (replica.row("element", element(number)) for number in (1, 2, 60))
    assert (one["status"], one["geometry"], one["sequence"]) == ("faulty", there, 6)
    assert one["updated_at"] == "2026-01-31T08:30:00.000Z"
    assert (two["name"], two["condition"], two["sequence"]) == ("theirs", "fair", 7)
    assert (new["name"], new["tag"], new["sequence"]) == ("N", None, 8)
    assert replica.one("select count(*) from arxos_shadow") == 0
    assert replica.digests()["element"] == replica_care.recount(replica)["element"]
    assert index_is_right(replica)


def test_a_field_that_the_server_left_as_it_was_goes_back_though_another_of_its_row_was_taken(replica):
    """A step that is not legal does not move a state, and is not told: nothing changed there."""
    former = replica.row("element", element(1))["geometry"]
    replica.record([update(1, status="faulty", geometry=geometry.point(1.50001, 0.3, 3.0))], NOW)
    replica.pending()
    pull(replica, [part(1, 6, status="faulty")], head=6, receipts=[taken(1, 6, "merged")])
    row = replica.row("element", element(1))
    assert (row["status"], row["geometry"]) == ("faulty", former)
    assert index_is_right(replica)


def test_of_a_row_edited_twice_the_second_edit_stays_over_what_the_first_brought(replica):
    replica.record([update(1, status="faulty")], NOW)
    replica.pending()
    replica.record([update(1, name="later")], NOW)
    pull(replica, [part(1, 6, status="missing", tag="T")], head=6, receipts=[taken(1, 6, "conflict")])
    row, server = replica.row("element", element(1)), replica.server_row("element", element(1))
    assert (row["status"], row["name"], row["tag"]) == ("missing", "later", "T")
    assert (server["status"], server["name"], server["sequence"]) == ("missing", "D1", 6)
    replica.pending()
    pull(replica, [part(1, 7, name="later")], head=7, receipts=[taken(2, 7)])
    assert replica.server_row("element", element(1)) == replica.row("element", element(1))
    assert replica.one("select count(*) from arxos_shadow") == 0


def test_receipts_of_many_transactions_are_kept_one_by_one(replica):
    for number in range(6):
        replica.record([update(number, name=f"mine {number}")], NOW)
    sent = replica.pending()
    outcomes = [refused(n) if n == 3 else taken(n, 5 + n) for n in range(1, 6)]
    done = pull(replica, [part(n - 1, 5 + n, name=f"mine {n - 1}") for n in (1, 2, 4, 5)], head=10, receipts=outcomes)
    assert (done.receipts, done.rejected, done.conflicts) == (5, 1, 0)
    assert replica.row("element", element(2))["name"] == "D2", "the refused one left its row"
    assert replica.row("element", element(5))["name"] == "mine 5", "the sixth has no receipt yet"
    assert (replica.prior().n, replica.prior().nonce) == (5, sent[4].nonce)
    states = [state for (state,) in replica.connection.execute("select state from arxos_change_log order by n")]
    assert states == ["acknowledged", "acknowledged", "rejected", "acknowledged", "acknowledged", "sent"]
    assert [t.n for t in replica.pending()] == [6]
    assert replica.one("select count(*) from arxos_receipt") == 5


def test_the_same_receipt_twice_in_an_answer_is_one(replica):
    replica.record([update(1, name="mine")], NOW)
    replica.pending()
    pull(replica, [part(1, 6, name="mine")], head=6, receipts=[taken(1, 6), refused(1)])
    assert replica.row("element", element(1))["name"] == "mine"
    assert replica.pending() == []


def _triggers(replica):
    found = replica.connection.execute("select name, sql from sqlite_master where type = 'trigger' order by name")
    return found.fetchall()


def test_so_many_rows_that_triggers_rest_are_as_right_as_few(replica, path):
    dice, count = random.Random(SEED), replica_write.REST_ROWS_MIN + ROWS
    before = _triggers(replica)
    pull(replica, [door(number, 6) for number in range(count)], head=6)
    assert index_is_right(replica)
    replica.record([update(7, name="mine")], NOW)
    expected = {number: replica.row("element", element(number)) for number in range(20, 60)}
    rows = [part(number, 7, **some_fields(dice, number)) for number in range(count - ROWS)]
    for row in rows[20:60]:
        expected[int(row.id[-4:], 16)] |= row.set | {"sequence": 7}
    rows += [gone(number, 7) for number in range(count - ROWS, count - 9)]
    rows += [part(number, 7, geometry=None) for number in range(count - 9, count)]
    rows.append(door(count, 7))
    pull(replica, rows, head=7)
    assert {number: replica.row("element", element(number)) for number in range(20, 60)} == expected, f"seed {SEED}"
    assert replica.row("element", element(7))["name"] == "mine"
    assert replica.digests()["element"] == replica_care.recount(replica)["element"]
    assert index_is_right(replica)
    assert replica.one("select count(*) from idx_element_geometry") == count - ROWS + 1
    assert _triggers(replica) == before
    assert sql(path, ("update element set name = 'by another program' where id = ?", element(8))) == ""
    assert replica.row("element", element(8))["name"] == "by another program"
    assert replica.pending_count() == 2, "edits are captured as before"


def test_a_foreign_trigger_stays_and_works_while_ours_rest(replica, path):
    kept = "create trigger foreign_note after delete on element begin insert into notes values (old.id); end"
    assert sql(path, ("create table notes (id text)",), (kept,)) == ""
    count = replica_write.REST_ROWS_MIN
    pull(replica, [door(number, 6) for number in range(count)], head=6)
    pull(replica, [gone(number, 7) for number in range(count)], head=7)
    assert replica.one("select count(*) from notes") == count
    assert replica.one("select count(*) from idx_element_geometry") == 0


def test_an_answer_that_cannot_be_taken_in_leaves_the_triggers_as_they_were(replica):
    before, count = _triggers(replica), replica_write.REST_ROWS_MIN
    rows = [door(number, 6) for number in range(count)]
    rows[-1] = part(count - 1, 6, ifc_class="IfcDoor", name={"not": "a text"})
    with pytest.raises((sqlite.InterfaceError, sqlite.ProgrammingError)):
        pull(replica, rows, head=6)
    assert _triggers(replica) == before
    assert replica.sequence == 5
    assert replica.one("select count(*) from element") == 10
