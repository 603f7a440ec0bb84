"""The merge as PROTOCOL.md §4 has it, a sentence a rule."""

from __future__ import annotations

import struct

import msgspec
import pytest

import schemas
from arxos_sync import digest
from arxos_sync.messages import Mark
from tests.engine.world import SCOPE, World, delete, insert, uid, update

E1, E2, T1 = uid(0xE1), uid(0xE2), uid(0x71)


@pytest.fixture
def world() -> World:
    world = World()
    world.push("Z", [insert("element", E1, ifc_class="IfcDoor", name="Door", status="ok", storey_id=world.storey)])
    return world


def point(x: float, y: float, z: float) -> bytes:
    return struct.pack("<BI3d", 1, 1001, x, y, z)


# ---------------------------------------------------------------- latest


def test_two_people_change_different_columns_of_a_row_and_both_stand(world: World):
    base = world.head
    assert world.push("A", [update("element", E1, base, name="Front door")]).outcome == "applied"
    assert world.push("B", [update("element", E1, base, status="faulty")]).outcome == "merged"
    row = world.row("element", E1)
    assert (row["name"], row["status"]) == ("Front door", "faulty") and not world.conflicts()


def test_two_people_set_the_same_value_and_there_is_no_conflict(world: World):
    base = world.head
    world.push("A", [update("element", E1, base, name="Gate")])
    sequence = world.store.kept["element", E1].sequence
    assert world.push("B", [update("element", E1, base, name="Gate")]).outcome == "merged"
    assert not world.conflicts()
    assert world.store.kept["element", E1].sequence == sequence, "a change that alters nothing leaves its row"


@pytest.mark.parametrize("first", ["early", "late"])
def test_the_later_stamp_stands_in_either_order_of_arrival_and_the_conflict_keeps_both(world: World, first: str):
    base, early, late = world.head, world.now_ms - 9000, world.now_ms - 100
    order = [("A", "red", early), ("B", "blue", late)]
    for letter, value, at_ms in order if first == "early" else reversed(order):
        world.push(letter, [update("element", E1, base, {"name": "Door"}, name=value)], at_ms=at_ms)
    assert world.row("element", E1)["name"] == "blue"
    (conflict,) = world.conflicts()
    assert conflict["base"] == {"name": "Door"}
    assert conflict["kept"] == {"name": "blue"} and conflict["other"] == {"name": "red"}
    assert conflict["kept_device"] == world.device("B") and conflict["other_by"] == world.user("A")


def test_the_base_of_a_conflict_is_found_in_the_history_when_the_author_did_not_tell(world: World):
    base = world.head
    world.push("A", [update("element", E1, base, name="red")])
    world.push("A", [update("element", E1, base, name="green")])
    world.push("B", [update("element", E1, base, name="blue")])
    assert world.conflicts()[0]["base"] == {"name": "Door"}


def test_a_chain_typed_offline_conflicts_once_and_on_the_field_of_the_other_edit_alone(world: World):
    base = world.head
    world.push("B", [update("element", E1, base, name="theirs")], at_ms=world.now_ms - 5000)
    for value in ("v1", "v2", "v3"):
        receipt = world.push("A", [update("element", E1, base, name=value, tag=value)])
        assert receipt.outcome == "conflict"
    (conflict,) = world.conflicts()
    assert conflict["kept"] == {"name": "v3"} and conflict["other"] == {"name": "theirs"}
    assert world.row("element", E1)["tag"] == "v3"


def test_a_losing_author_who_types_again_replaces_only_their_own_side(world: World):
    base, now = world.head, world.now_ms
    world.push("B", [update("element", E1, base, name="theirs")], at_ms=now)
    world.push("A", [update("element", E1, base, name="v1")], at_ms=now - 5000)
    world.push("A", [update("element", E1, base, name="v2")], at_ms=now + 500)
    (conflict,) = world.conflicts()
    assert world.row("element", E1)["name"] == "v2"
    assert conflict["kept"] == {"name": "v2"} and conflict["other"] == {"name": "theirs"}


def test_one_devices_own_run_hides_nobody(world: World):
    base = world.head
    world.push("A", [update("element", E1, base, name="one")])
    world.push("B", [update("element", E1, world.head, name="two")])
    world.push("B", [update("element", E1, world.head, name="three")])
    assert world.push("A", [update("element", E1, base + 1, name="four")]).outcome == "conflict"


def test_a_clock_a_year_ahead_does_not_win_for_ever(world: World):
    base = world.head
    world.push("A", [update("element", E1, base, name="future")], at_ms=world.now_ms + 365 * 86_400_000)
    world.now_ms += 10 * 60_000
    world.push("B", [update("element", E1, base, name="present")])
    assert world.row("element", E1)["name"] == "present" and len(world.conflicts()) == 1
    assert world.store.head().stamp < f"{world.now_ms + 3600_000:012x}", "no clock learns from a clamped stamp"


# ---------------------------------------------------------------- groups, maps, sets, counters, text, append


def test_part_of_a_group_is_refused_and_a_whole_one_moves_as_one(world: World):
    base = world.head
    receipt = world.push("A", [update("element", E1, base, geometry=point(1, 2, 3))])
    assert (receipt.outcome, receipt.problem.code) == ("rejected", "invalid_value")
    world.push("A", [update("element", E1, base, geometry=point(1, 2, 3), heading_deg=90)])
    world.push("B", [update("element", E1, base, geometry=point(4, 5, 6), heading_deg=0)])
    row, (conflict,) = world.row("element", E1), world.conflicts()
    assert conflict["field"] == "placement" and set(conflict["kept"]) == {"geometry", "heading_deg"}
    assert row["geometry"] == point(4, 5, 6) and row["heading_deg"] == 0
    assert conflict["other"]["geometry"] == point(1, 2, 3).hex()


def test_geometries_within_a_tenth_of_a_millimetre_are_the_same_value(world: World):
    base = world.head
    world.push("A", [update("element", E1, base, geometry=point(1, 2, 3), heading_deg=90)])
    world.push("B", [update("element", E1, base, geometry=point(1.00001, 2, 3), heading_deg=90)])
    assert not world.conflicts()


def test_each_key_of_a_map_is_a_field_of_its_own_and_null_removes_it(world: World):
    base = world.head
    world.push("A", [update("element", E1, base, properties={"fire": "EI30", "colour": "red"})])
    world.push("B", [update("element", E1, base, properties={"fire": "EI60", "weight": 4.5})])
    (conflict,) = world.conflicts()
    assert conflict["field"] == "properties.fire" and conflict["other"] == {"fire": "EI30"}
    assert world.row("element", E1)["properties"] == {"fire": "EI60", "colour": "red", "weight": 4.5}
    world.push("A", [update("element", E1, world.head, properties={"colour": None})])
    assert "colour" not in world.row("element", E1)["properties"]


def test_counters_add_up_and_never_conflict(world: World):
    base = world.head
    for letter, amount in (("A", 2), ("B", 3), ("A", 1)):
        assert world.push(letter, [update("element", E1, base, visit_count={"add": amount})]).outcome != "conflict"
    assert world.row("element", E1)["visit_count"] == 6


@pytest.mark.parametrize("order", ["add first", "remove first"])
def test_an_add_to_a_set_wins_over_a_remove_that_did_not_know_it(world: World, order: str):
    world.push("Z", [update("element", E1, world.head, systems={"add": ["fire", "hvac"]})])
    base = world.head
    add = ("A", [update("element", E1, base, systems={"add": ["fire"]})])
    remove = ("B", [update("element", E1, base, systems={"remove": ["fire", "hvac"]})])
    for letter, changes in (add, remove) if order == "add first" else (remove, add):
        world.push(letter, changes)
    assert world.row("element", E1)["systems"] == ["fire"]


def test_long_notes_merge_by_line_and_conflict_where_lines_overlap(world: World):
    A1, was = uid(0xA1), "one\ntwo\nthree\n"
    world.push("Z", [insert("annotation", A1, title="Note", text=was)])
    base = world.head
    world.push("A", [update("annotation", A1, base, {"text": was}, text="ONE\ntwo\nthree\n")])
    second = [update("annotation", A1, base, {"text": was}, text="one\ntwo\nTHREE\n")]
    assert world.push("B", second).outcome == "merged"
    assert world.row("annotation", A1)["text"] == "ONE\ntwo\nTHREE\n" and not world.conflicts()
    world.push("C", [update("annotation", A1, base, {"text": was}, text="uno\ntwo\nthree\n")])
    assert len(world.conflicts()) == 1


def test_observations_are_set_once(world: World):
    M1 = uid(0x31)
    world.push("A", [insert("measurement", M1, kind="length", value=1.2, uncertainty_95=0.01)])
    receipt = world.push("A", [update("measurement", M1, world.head, value=1.3, uncertainty_95=0.01)])
    assert receipt.problem.code == "append_only" and world.row("measurement", M1)["value"] == 1.2


def test_a_step_that_others_made_illegal_leaves_the_state_and_the_rest_of_the_transaction_stands(world: World):
    world.push("Z", [insert("task", T1, kind="visual")])
    base = world.head
    world.push("A", [update("task", T1, base, state="submitted")])
    receipt = world.push("B", [update("task", T1, base, state="assigned", priority=2)])
    (conflict,) = world.conflicts()
    assert receipt.outcome == "conflict" and conflict["kind"] == "workflow"
    assert conflict["kept"] == {"state": "submitted"} and conflict["other"] == {"state": "assigned"}
    assert world.row("task", T1)["state"] == "submitted" and world.row("task", T1)["priority"] == 2


def test_nobody_accepts_their_own_finding_and_a_technician_nobodys(world: World):
    V1 = uid(0x81)
    world.push("A", [insert("validation", V1, outcome="confirmed")], role="technician")
    step = [update("validation", V1, world.head, state="accepted")]
    assert world.push("A", step, role="reviewer").problem.code == "forbidden"
    assert world.push("B", step, role="technician").problem.code == "forbidden"
    assert world.push("C", step, role="reviewer").outcome == "applied"
    row = world.row("validation", V1)
    assert row["author"] == world.user("A") and row["reviewer"] == world.user("C")


def test_nobody_accepts_a_task_that_they_submitted_themselves(world: World):
    world.push("Z", [insert("task", T1, kind="visual")])
    world.push("A", [update("task", T1, world.head, state="submitted")], role="technician")
    accept = [update("task", T1, world.head, state="accepted")]
    assert world.push("A", accept, role="reviewer").problem.code == "forbidden"
    assert world.push("A", [update("task", T1, world.head, state="rejected")], role="owner").problem is not None
    assert world.push("B", accept, role="reviewer").outcome == "applied"


def test_a_task_that_is_born_submitted_is_accepted_by_another_than_its_maker(world: World):
    world.push("A", [insert("task", T1, kind="visual", state="submitted")])
    accept = [update("task", T1, world.head, state="accepted")]
    assert world.push("A", accept, role="reviewer").problem.code == "forbidden"
    assert world.push("B", accept, role="reviewer").outcome == "applied"


# ---------------------------------------------------------------- delete against edit


@pytest.mark.parametrize("order", ["delete first", "edit first"])
def test_a_row_deleted_by_one_and_edited_by_another_lives_in_either_order(world: World, order: str):
    base = world.head
    gone = ("A", [delete("element", E1, base)])
    edited = ("B", [update("element", E1, base, {"status": "ok"}, status="faulty")])
    for letter, changes in (gone, edited) if order == "delete first" else (edited, gone):
        receipt = world.push(letter, changes)
    assert receipt.outcome == "conflict" and world.row("element", E1)["status"] == "faulty"
    (conflict,) = world.conflicts()
    assert conflict["kind"] == "delete" and conflict["field"] is None and conflict["other"] == {}
    assert conflict["kept"] == {"status": "faulty"} and conflict["base"] == {"status": "ok"}
    assert conflict["kept_by"] == world.user("B") and conflict["other_by"] == world.user("A")


def test_deleting_what_is_deleted_is_applied_and_editing_what_one_knew_deleted_is_not(world: World):
    base = world.head
    world.push("A", [delete("element", E1, base)])
    assert world.push("B", [delete("element", E1, base)]).outcome == "applied"
    assert world.push("B", [update("element", E1, world.head, name="x")]).problem.code == "row_deleted"
    assert world.push("A", [update("element", E1, base, name="x")]).problem.code == "row_deleted"


def test_a_child_that_its_parents_delete_did_not_know_keeps_the_parent(world: World):
    base = world.head
    world.push("B", [insert("element", E2, base, ifc_class="IfcPump", storey_id=world.storey)])
    assert world.push("A", [delete("storey", world.storey, base)]).outcome == "conflict"
    assert world.row("storey", world.storey) and world.row("element", E1) and world.row("element", E2)


def test_a_child_inserted_without_knowing_the_delete_brings_the_parent_and_what_went_with_it_back(world: World):
    base = world.head
    assert world.push("A", [delete("storey", world.storey, base)]).outcome == "applied"
    assert world.row("element", E1) is None, "the delete cascaded"
    receipt = world.push("B", [insert("element", E2, base, ifc_class="IfcPump", storey_id=world.storey)])
    assert receipt.outcome == "conflict" and len(world.conflicts()) == 1
    assert world.row("storey", world.storey) and world.row("element", E1) and world.row("element", E2)


def test_a_stale_device_cannot_bring_back_what_it_did_not_touch(world: World):
    base = world.head
    world.push("A", [delete("element", E1, base)])
    world.push("B", [insert("element", E2, base, ifc_class="IfcPump")])
    assert world.row("element", E1) is None


def test_deleting_a_space_clears_the_reference_and_restrict_refuses(world: World):
    S1, AT, AR = uid(0x5A), uid(0xA7), uid(0xA8)
    world.push("Z", [insert("space", S1, storey_id=world.storey, number="1")])
    world.push("Z", [update("element", E1, world.head, space_id=S1)])
    world.push("A", [delete("space", S1, world.head)])
    assert world.row("element", E1)["space_id"] is None
    world.push("Z", [insert("attachment", AT, sha256="00" * 32)])
    world.push("Z", [insert("ar_capture", AR, provider="photo", attachment_id=AT)])
    assert world.push("A", [delete("attachment", AT, world.head)]).problem.code == "restricted"


def test_an_insert_of_a_deleted_id_by_one_who_knew_is_a_revival_with_its_children(world: World):
    M1 = uid(0x31)
    target = {"target_table": "element", "target_id": E1}
    world.push("A", [insert("measurement", M1, kind="length", value=1.0, uncertainty_95=None, **target)])
    world.push("A", [delete("element", E1, world.head)])
    assert world.row("measurement", M1) is None
    assert world.push("A", [insert("element", E1, world.head, ifc_class="IfcDoor")]).outcome == "applied"
    assert world.row("element", E1)["name"] == "Door" and world.row("measurement", M1)
    assert not world.conflicts()


# ---------------------------------------------------------------- resolving


def test_any_writer_resolves_a_conflict_by_an_ordinary_transaction(world: World):
    base = world.head
    world.push("A", [update("element", E1, base, name="red")])
    receipt = world.push("B", [update("element", E1, base, name="blue")])
    id = receipt.changes[0].conflicts[0]
    changes = [update("conflict", id, world.head, state="resolved"), update("element", E1, world.head, name="red")]
    assert world.push("C", changes, role="technician").outcome == "applied"
    (resolved,) = world.conflicts("resolved")
    assert resolved["resolved_by"] == world.user("C") and world.row("element", E1)["name"] == "red"


def test_an_edit_that_sets_the_other_value_knowingly_resolves_by_itself(world: World):
    base = world.head
    world.push("A", [update("element", E1, base, name="red")])
    world.push("B", [update("element", E1, base, name="blue")])
    world.push("C", [update("element", E1, world.head, name="red")])
    assert not world.conflicts() and world.conflicts("resolved")[0]["resolution"] == {"name": "red"}


# ---------------------------------------------------------------- rejected alone


def test_a_rejected_transaction_leaves_nothing_and_the_next_one_goes_on(world: World):
    bad = [update("element", E1, world.head, name="half done"), update("element", E2, world.head, name="x")]
    prior = world.prior("A")
    sent = [world.transaction("A", bad), world.transaction("A", [update("element", E1, world.head, tag="T")])]
    taken = world.send("A", prior, sent)
    first, second = taken.receipts
    assert (first.outcome, first.problem.code, first.problem.change) == ("rejected", "row_unknown", 1)
    assert first.sequence is None and second.outcome == "applied"
    assert world.row("element", E1)["name"] == "Door" and world.row("element", E1)["tag"] == "T"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (insert("dragon", E2, name="x"), "unknown_table"),
        (insert("element", E2, ifc_class="IfcDoor", wings=2), "unknown_column"),
        (insert("element", E2), "invalid_value"),
        (insert("element", E2, ifc_class=5), "invalid_value"),
        (insert("element", E2, ifc_class="IfcDoor", sequence=9), "server_column"),
        (insert("element", E2, ifc_class="IfcDoor", storey_id=uid(9)), "parent_unknown"),
        (insert("storey", E1, name="x"), "id_taken"),
        (update("element", E2, 0, name="x"), "row_unknown"),
        (update("element", E1, 999, name="x"), "invalid_value"),
        (update("element", E1, 0, heading_deg=float("nan"), geometry=None), "invalid_value"),
        (update("element", E1, 0, status="sleepy"), "invalid_value"),
        (update("element", E1, 0, geometry=b"\x01\x02", heading_deg=0), "invalid_value"),
        (update("element", E1, 0, properties={"x": "y" * 300_000}), "too_large"),
        (update("element", E1, 0, name="a\0b"), "invalid_value"),
    ],
)
def test_a_bad_change_is_refused_with_its_code(world: World, change, code: str):
    before = world.head
    receipt = world.push("A", [change])
    assert (receipt.outcome, receipt.problem.code) == ("rejected", code)
    assert world.head == before


def test_a_child_of_a_rejected_parent_says_so(world: World):
    prior, S1 = world.prior("A"), uid(0x5A)
    sent = [
        world.transaction("A", [insert("space", S1, number="1", storey_id=uid(9))]),
        world.transaction("A", [insert("element", E2, ifc_class="IfcPump", space_id=S1)]),
    ]
    assert [r.problem.code for r in world.send("A", prior, sent).receipts] == ["parent_unknown", "parent_rejected"]


@pytest.mark.parametrize(
    ("role", "change", "allowed"),
    [
        ("viewer", insert("annotation", uid(0xA1), title="x"), False),
        ("reporter", insert("annotation", uid(0xA1), title="x"), True),
        ("reporter", update("element", E1, 0, name="x"), False),
        ("technician", update("building", SCOPE, 0, name="x"), False),
        ("manager", update("building", SCOPE, 0, name="x"), True),
        ("manager", update("building", SCOPE, 0, visibility="public"), False),
        ("owner", update("building", SCOPE, 0, visibility="public"), True),
        (None, insert("annotation", uid(0xA1), title="x"), False),
    ],
)
def test_roles_are_checked_for_every_change(world: World, role, change, allowed: bool):
    world.roles["A"] = role
    receipt = world.push("A", [change])
    assert (receipt.outcome != "rejected") is allowed
    assert allowed or receipt.problem.code == "forbidden"


# ---------------------------------------------------------------- a newer server beside this one


@pytest.mark.parametrize(("ahead", "outcome"), [(0, "conflict"), (1, "applied")])
def test_a_delete_spares_what_a_newer_server_wrote_unless_the_author_was_told(world: World, ahead: int, outcome: str):
    world.push("B", [update("element", E1, world.head, name="Gate")])
    row = world.store.kept["element", E1]
    row.merge.fields["colour"] = msgspec.structs.replace(row.merge.fields["name"])  # a column that is not known here
    world.schemas["A"] = schemas.catalogue().schema + ahead
    assert world.push("A", [delete("element", E1, world.head)]).outcome == outcome
    assert (world.row("element", E1) is not None) is (outcome == "conflict")


# ---------------------------------------------------------------- exactly once


def test_what_a_copied_disk_sends_under_another_id_is_taken_once(world: World):
    world.roles["C"] = "owner"
    sent = world.transaction("A", [update("element", E1, 3, visit_count={"add": 4})])
    receipt = world.send("A", None, [sent]).receipts[0]
    world.user = lambda letter: World().user("A")  # the same person
    again = msgspec.structs.replace(sent, n=1, nonce="n" * 16)
    taken = world.send("C", None, [again])
    assert taken.receipts == [msgspec.structs.replace(receipt, n=1)] and taken.known == Mark(1, "n" * 16)
    assert world.row("element", E1)["visit_count"] == 4
    five = [update("element", E1, 3, visit_count={"add": 5})]
    world.send("C", Mark(1, "n" * 16), [msgspec.structs.replace(sent, n=2, nonce="m" * 16, changes=five)])
    assert world.row("element", E1)["visit_count"] == 9, "what says something else is not the same, whatever its stamp"
    why = msgspec.structs.replace(sent, n=3, nonce="k" * 16, reason="counted again")
    world.send("C", Mark(2, "m" * 16), [why])
    assert world.row("element", E1)["visit_count"] == 13, "nor what was done for another reason"


def test_another_persons_edit_of_the_same_stamp_is_their_own(world: World):
    sent = world.transaction("A", [update("element", E1, 3, visit_count={"add": 4})])
    world.send("A", None, [sent])
    world.send("B", None, [msgspec.structs.replace(sent, n=1, nonce="n" * 16)])
    assert world.row("element", E1)["visit_count"] == 8


def test_a_repeat_gets_the_stored_receipt_unchanged(world: World):
    prior, sent = None, [world.transaction("A", [update("element", E1, world.head, visit_count={"add": 1})])]
    first = world.send("A", prior, sent)
    head = world.head
    again = world.send("A", prior, sent)
    assert again.receipts == first.receipts and world.head == head
    assert world.row("element", E1)["visit_count"] == 1


def test_a_prior_above_what_is_known_is_out_of_order_and_another_nonce_is_a_fork(world: World):
    world.push("A", [update("element", E1, world.head, name="x")])
    made = world.transaction("A", [update("element", E1, world.head, name="y")])
    assert world.send("A", Mark(5, "nonce-of-A-000005"), []).state == "out_of_order"
    assert world.send("A", Mark(1, "nonce-of-another"), [made]).state == "forked"
    assert world.row("element", E1)["name"] == "x"


# ---------------------------------------------------------------- pull


def test_a_pull_tells_the_fields_changed_since_the_cursor_and_nothing_twice(world: World):
    cursor = world.pull().cursor
    world.push("A", [update("element", E1, world.head, status="faulty")])
    pulled = world.pull(cursor)
    (row,) = pulled.rows
    assert row.set.pop("updated_by") == world.user("A") and row.set.pop("updated_at")
    assert row.set == {"status": "faulty"} and row.sequence == world.head
    assert world.pull(pulled.cursor).rows == []


def test_pages_stay_relative_to_the_start_while_others_write(world: World):
    ids = [uid(0x1000 + i) for i in range(25)]
    world.push("Z", [insert("element", id, ifc_class="IfcLamp", name="lamp") for id in ids])
    held, cursor, pages = {}, None, 0
    while True:
        pulled = world.pull(cursor, rows_max=7)
        for row in pulled.rows:
            held.pop((row.table, row.id), None) if row.deleted else held.update(
                {(row.table, row.id): held.get((row.table, row.id), {}) | row.set}
            )
        cursor, pages = pulled.cursor, pages + 1
        if not pulled.more:
            break
        world.push("A", [update("element", ids[pages], world.head, name=f"page {pages}")])
        world.push("A", [delete("element", ids[-pages], world.head)])
    live = {r.key for r in world.store.live_rows()}
    assert set(held) == live and pages > 3
    assert all(held[r.key].get("name") == r.values.get("name") for r in world.store.live_rows())
    assert pulled.digest["element"] == digest.to_hex(
        digest.total("element", ((r.id, r.sequence) for r in world.store.live_rows() if r.table == "element"))
    )


def test_a_cursor_of_another_life_of_the_server_is_diverged(world: World):
    twin = World(salt="other")
    twin.push("Z", [insert("element", E1, ifc_class="IfcDoor")])
    assert twin.head == world.head
    assert world.pull(twin.pull().cursor).state == "diverged"
    assert world.pull("garbage").state == "diverged"
    assert world.pull(world.pull().cursor).state == "ok"
