"""One contract (arxos_sync/store.py), three stores: SpatiaLite, PostGIS, and the engine tests' in memory."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from arxos_sync import digest
from arxos_sync.messages import Mark, Receipt
from arxos_sync.store import Head, StoredReceipt, Told
from tests.engine.world import SCOPE, uid
from tests.storage.rows import DEVICE, USER_SCOPE, batch, entry, put, row

OTHER = uid(0xB2)
STOREY, SPACE, ELEMENT, TASK, PLAN = uid(0x51), uid(0x5B), uid(0xE1), uid(0x7A), uid(0xF1)


def keys(rows: Any) -> set[tuple[str, str]]:
    return {r.key for r in rows}


def test_a_scope_nobody_wrote_is_empty(any_store: Any):
    with any_store.read(SCOPE) as reader:
        assert reader.head() == Head(0, "") and reader.salt(0) == "" and reader.salt(1) is None
        assert reader.digests() == {} and reader.known(DEVICE) is None
        assert list(reader.live_rows()) == [] and reader.changed(0, None, 0, 10) == []
        assert reader.count_changed(0, 10) == 0 and reader.leaves("element") == [0] * 256


def test_the_same_id_in_two_scopes_is_two_rows(any_store: Any):
    put(any_store, row("element", ELEMENT, name="here"))
    put(any_store, row("element", ELEMENT, name="there"), scope=OTHER, head=7)
    for scope, name in ((SCOPE, "here"), (OTHER, "there")):
        with any_store.read(scope) as reader:
            assert [r.values["name"] for r in reader.live_rows()] == [name]
    with any_store.write(SCOPE) as writer:
        changed = row("element", ELEMENT, sequence=2, name="mine")
        writer.save(batch(changed))
        assert writer.tables_of([ELEMENT]) == {ELEMENT: "element"}
    with any_store.read(OTHER) as reader:
        assert reader.rows({"element": [ELEMENT]})[0].values["name"] == "there"
        assert reader.head() == Head(7, "salt7", "stamp7")
    assert any_store.heads([SCOPE, OTHER, uid(9)]) == {SCOPE: 2, OTHER: 7}


def test_a_persons_scope_and_a_building_do_not_see_one_another(any_store: Any):
    put(any_store, row("preference", uid(1), language="de"), scope=USER_SCOPE)
    put(any_store, row("storey", STOREY, name="Ground"))
    with any_store.read(USER_SCOPE) as reader:
        assert keys(reader.live_rows()) == {("preference", uid(1))}
        assert set(reader.digests()) == {"preference"}
    with any_store.write(SCOPE) as writer:
        assert keys(writer.live_rows()) == {("storey", STOREY)}
        assert writer.tables_of([uid(1), STOREY]) == {STOREY: "storey"}


def test_a_write_that_fails_leaves_nothing_behind(any_store: Any):
    put(any_store, row("storey", STOREY, name="Ground"))
    with pytest.raises(ZeroDivisionError):
        with any_store.write(SCOPE) as writer:
            spoiled = batch(row("storey", STOREY, sequence=2, name="spoiled"), row("element", ELEMENT, sequence=2))
            spoiled.log.append(entry(2, 1))
            spoiled.receipts.append(StoredReceipt(1, "nonce", Receipt(1, "applied", 2, [])))
            writer.save(spoiled)
            assert writer.head().sequence == 2, "inside, its own writes are seen"
            raise ZeroDivisionError
    with any_store.write(SCOPE) as writer:
        assert [r.values["name"] for r in writer.live_rows()] == ["Ground"]
        assert writer.head().sequence == 1 and writer.salt(2) is None and writer.known(DEVICE) is None
        assert set(writer.digests()) == {"storey"} and list(writer.log(0)) == []
        writer.save(batch(row("element", ELEMENT, sequence=2)))
    with any_store.read(SCOPE) as reader:
        assert reader.head().sequence == 2, "and the next write goes through"


def test_changes_come_in_pages_that_neither_repeat_nor_leave_out(any_store: Any):
    rows = [row("storey", uid(0x500 + i), sequence=1 + i // 4, name=str(i)) for i in range(10)]
    rows += [row("element", uid(0x600 + i), sequence=1 + i // 4, name=str(i)) for i in range(10)]
    put(any_store, *rows)
    expected = sorted((r.sequence, r.table, r.id) for r in rows)
    for limit in (1, 3, 7, 20, 50):
        after, place, seen = 0, None, []
        with any_store.read(SCOPE) as reader:
            while page := reader.changed(after, place, 0, limit):
                assert len(page) <= limit
                seen += [(r.sequence, r.table, r.id) for r in page]
                after, place = seen[-1][0], seen[-1][1:]
        assert seen == expected, limit


def test_after_a_whole_sequence_the_next_page_begins_above_it(any_store: Any):
    put(any_store, *[row("element", uid(n), sequence=n) for n in (1, 2, 3)])
    with any_store.read(SCOPE) as reader:
        assert [r.sequence for r in reader.changed(1, None, 0, 9)] == [2, 3]
        assert [r.sequence for r in reader.changed(2, ("element", uid(1)), 0, 9)] == [2, 3]
        assert [r.sequence for r in reader.changed(2, ("element", uid(2)), 0, 9)] == [3]
        assert [r.sequence for r in reader.changed(2, ("aaaa", uid(9)), 0, 9)] == [2, 3]
        assert reader.changed(3, None, 0, 9) == []


def test_a_deleted_row_comes_only_to_those_who_had_it(any_store: Any):
    live, dead = row("element", uid(1), sequence=1), row("element", uid(2), sequence=5, deleted=True)
    put(any_store, live, dead)
    with any_store.read(SCOPE) as reader:
        assert keys(reader.changed(0, None, 0, 9)) == {live.key, dead.key}
        assert keys(reader.changed(0, None, 4, 9)) == {live.key, dead.key}
        assert keys(reader.changed(0, None, 5, 9)) == {live.key}
        assert keys(reader.live_rows()) == {live.key}
        assert reader.changed(4, None, 4, 9)[0].deleted == 5


def test_counting_stops_at_its_limit_and_counts_the_living(any_store: Any):
    put(
        any_store,
        *[row("element", uid(n), sequence=n) for n in range(1, 8)],
        row("storey", STOREY, sequence=8),
    )
    put(any_store, row("element", uid(50), sequence=9, deleted=True))
    with any_store.read(SCOPE) as reader:
        assert [reader.count_changed(*asked) for asked in ((0, 100), (3, 100), (0, 5), (8, 9))] == [
            8,
            5,
            5,
            0,
        ]


def test_children_are_found_by_every_reference_and_no_other(any_store: Any):
    of_storey = [
        row("space", SPACE, storey_id=STOREY),
        row("element", ELEMENT, storey_id=STOREY, space_id=SPACE),
    ]
    by_pair = row("task", TASK, kind="visual", target_table="element", target_id=ELEMENT)
    decoy = row("task", uid(0x7B), kind="visual", target_table="space", target_id=ELEMENT)
    gone = row("annotation", uid(0xA1), deleted=True, title="x", target_table="element", target_id=ELEMENT)
    successor = row("floor_plan", uid(0xF2), storey_id=uid(0x99), supersedes=PLAN)
    put(any_store, row("storey", STOREY), *of_storey, by_pair, decoy, gone, successor)
    with any_store.write(SCOPE) as writer:
        assert keys(writer.children({"storey": [STOREY]})) == keys(of_storey)
        assert keys(writer.children({"element": [ELEMENT]})) == {by_pair.key, gone.key}
        assert keys(writer.children({"space": [SPACE], "floor_plan": [PLAN]})) == {
            of_storey[1].key,
            successor.key,
        }
        both = writer.children({"storey": [STOREY], "space": [SPACE]})
        assert len(both) == len(keys(both)) == 2, "a row that refers twice comes once"
        assert writer.children({"element": [uid(3)], "task": []}) == []


def test_the_table_of_an_id_is_known_living_or_deleted(any_store: Any):
    put(any_store, row("storey", STOREY), row("element", ELEMENT, deleted=True))
    with any_store.write(SCOPE) as writer:
        assert writer.tables_of([STOREY, ELEMENT, uid(3)]) == {STOREY: "storey", ELEMENT: "element"}
        assert writer.tables_of([]) == {}
        assert keys(writer.rows({"storey": [STOREY, uid(3)], "element": [ELEMENT], "task": []})) == {
            ("storey", STOREY),
            ("element", ELEMENT),
        }


def test_only_open_conflicts_of_the_rows_asked_for_are_given(any_store: Any):
    put(
        any_store,
        row("conflict", uid(1), row_id=ELEMENT, state="open", field="name"),
        row("conflict", uid(2), row_id=ELEMENT, state="resolved", field="tag"),
        row("conflict", uid(3), row_id=TASK, state="open"),
    )
    with any_store.write(SCOPE) as writer:
        assert keys(writer.open_conflicts([ELEMENT])) == {("conflict", uid(1))}
        assert keys(writer.open_conflicts([ELEMENT, TASK])) == {("conflict", uid(1)), ("conflict", uid(3))}
        assert writer.open_conflicts([]) == []
    with any_store.write(USER_SCOPE) as writer:
        assert writer.open_conflicts([ELEMENT]) == []


def test_receipts_and_the_last_mark_of_a_device_are_remembered(any_store: Any):
    stored = [StoredReceipt(n, f"nonce {n}", Receipt(n, "applied", n, [])) for n in (1, 2, 3)]
    with any_store.write(SCOPE) as writer:
        made = batch(head=3)
        made.receipts = stored
        writer.save(made)
    with any_store.write(SCOPE) as writer:
        assert writer.known(DEVICE) == Mark(3, "nonce 3") and writer.known(uid(1)) is None
        assert writer.receipts(DEVICE, 2, 9) == {2: stored[1], 3: stored[2]}
        assert writer.receipts(DEVICE, 4, 9) == {} and writer.receipts(uid(1), 1, 9) == {}


def test_the_log_comes_back_in_order_and_knows_its_salts(any_store: Any):
    entries = [entry(n, n) for n in (1, 2, 3)]
    with any_store.write(SCOPE) as writer:
        made = batch(head=3)
        made.log = entries
        writer.save(made)
    with any_store.write(SCOPE) as writer:
        assert list(writer.log(0)) == entries and list(writer.log(2)) == entries[2:] and list(writer.log(3)) == []
        assert [writer.salt(n) for n in range(5)] == ["", "salt1", "salt2", "salt3", None]
    with any_store.write(OTHER) as writer:
        assert list(writer.log(0)) == []


def test_what_a_person_sent_under_a_stamp_is_found_with_its_receipt(any_store: Any):
    entries = [msgspec.structs.replace(entry(n, n), user_id=uid(0xA1 + n // 3), stamp=f"stamp {n}") for n in (1, 2, 3)]
    with any_store.write(SCOPE) as writer:
        made = batch(head=3)
        made.log = entries
        made.receipts = [StoredReceipt(n, f"nonce {n}", Receipt(n, "applied", n, [])) for n in (1, 2, 3)]
        writer.save(made)
    with any_store.write(SCOPE) as writer:
        wanted = [Told(DEVICE, entries[1].content, Receipt(2, "applied", 2, []))]
        assert writer.told(uid(0xA1), {"stamp 2", "stamp 3"}) == wanted
        assert writer.told(uid(0xA2), {"stamp 2"}) == writer.told(None, {"stamp 2"}) == []
        assert writer.told(uid(0xA1), set()) == []
    with any_store.write(OTHER) as writer:
        assert writer.told(uid(0xA1), {"stamp 2"}) == []


def test_leaves_sum_to_the_digest_and_name_their_rows(any_store: Any):
    rows = [row("element", uid(n * 7919), sequence=n) for n in range(1, 400)]
    dead = row("element", uid(3), sequence=500, deleted=True)
    put(any_store, *rows, dead)
    with any_store.read(SCOPE) as reader:
        leaves = reader.leaves("element")
        expected = digest.total("element", [(r.id, r.sequence) for r in rows])
        assert reader.digests() == {"element": expected}
        assert len(leaves) == 256 and sum(leaves) % digest.MODULUS == expected
        found = reader.leaf_rows("element", [7, 255])
        assert keys(found) == {r.key for r in rows if digest.leaf_of(r.id) in (7, 255)} and found
        assert reader.leaf_rows("element", []) == []


def test_a_digest_goes_round_at_two_to_the_64(any_store: Any):
    for delta in (digest.MODULUS - 1, 3):
        with any_store.write(SCOPE) as writer:
            made = batch(head=1)
            made.digest = {"element": delta, "storey": 5}
            writer.save(made)
    with any_store.read(SCOPE) as reader:
        assert reader.digests() == {"element": 2, "storey": 10}


def test_a_reader_knows_the_next_annotation_number(any_store: Any):
    put(
        any_store,
        row("annotation", uid(1), title="x", number=4),
        row("annotation", uid(2), title="y", number=9),
    )
    put(any_store, row("annotation", uid(3), title="z", number=40), scope=OTHER)
    with any_store.write(SCOPE) as writer:
        asked = "select max(number) as number from annotation where building_id = :scope"
        assert writer.sql.rows(asked, scope=SCOPE) == [{"number": 9}]
