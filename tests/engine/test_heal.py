"""A server put back to an earlier moment is healed by its devices (PROTOCOL.md §7)."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from arxos_sync.messages import Change
from tests.engine.former_life import Holder, heard, plain, put_back, save
from tests.engine.world import World, delete, insert, uid, update

E1, E2, E3 = uid(0xE1), uid(0xE2), uid(0xE3)


@pytest.fixture
def life() -> Life:
    return Life("ABC")


class Life:
    """Devices by letter over one scope; `backup` and `restore` are the server's."""

    def __init__(self, letters: str):
        self.world = World()
        self.devices = {letter: Holder(self.world, letter) for letter in letters}
        self.saved: dict[int, object] = {}
        self.world.push("Z", [insert("element", E1, ifc_class="IfcDoor", name="Door", status="ok")])
        self.pull()

    def __getattr__(self, letter: str) -> Holder:
        return self.devices[letter]

    def pull(self) -> None:
        for device in self.devices.values():
            device.pull()

    def backup(self) -> int:
        return save(self.world, self.saved)

    def restore(self, sequence: int) -> None:
        put_back(self.world, sequence, self.saved)

    def element(self, id: str = E1) -> dict | None:
        return self.world.row("element", id)


def test_an_acknowledged_edit_comes_back_with_its_author(life: Life):
    at = life.backup()
    life.A.push(update("element", E1, at, {"name": "Door"}, name="Front door"))
    life.pull()
    life.restore(at)
    life.A.heal()
    assert life.element()["name"] == "Front door"
    assert life.element()["updated_by"] == life.world.user("A")


def test_what_one_who_never_returns_did_comes_back_from_another(life: Life):
    at = life.backup()
    life.A.push(insert("element", E2, ifc_class="IfcWindow", name="Window", properties={"glass": 2}))
    life.A.push(update("element", E1, at, name="Front"))
    life.pull()
    life.restore(at)
    life.B.heal()
    assert life.element(E2)["name"] == "Window" and life.element(E2)["properties"] == {"glass": 2}
    assert life.element(E2)["created_by"] == life.world.user("A"), "shown as claimed"
    assert life.element()["name"] == "Front"


def test_the_author_of_a_restored_row_returns_later_and_nothing_doubles(life: Life):
    at = life.backup()
    life.A.push(insert("validation", E2, field="name", outcome="confirmed"))
    life.pull()
    life.restore(at)
    life.B.heal()
    assert life.world.row("validation", E2)["author"] is None, "what the server writes is not taken from devices"
    life.A.heal()
    assert life.world.row("validation", E2)["author"] == life.world.user("A")
    assert life.world.conflicts() == []


@pytest.mark.parametrize("order", list(itertools.permutations("ABC")))
def test_the_higher_former_sequence_stands_without_conflict(order: tuple[str, ...]):
    life = Life("ABC")
    at = life.backup()
    for number, letter in enumerate("ABC"):
        life.devices[letter].pull()
        life.devices[letter].push(update("element", E1, at + number, name=f"by {letter}"))
    life.C.pull()
    life.restore(at)
    for letter in order:
        life.devices[letter].heal()
    assert life.element()["name"] == "by C"
    assert life.world.conflicts() == []


@pytest.mark.parametrize("order", list(itertools.permutations("ABC")))
def test_counters_are_counted_once_whoever_returns(order: tuple[str, ...]):
    life = Life("ABC")
    life.A.push(update("element", E1, 0, visit_count={"add": 100}))
    life.pull()
    at = life.backup()
    for number, letter in enumerate("ABC"):
        life.devices[letter].push(update("element", E1, at, visit_count={"add": 10**number}))
    life.pull()
    life.restore(at)
    for letter in order:
        life.devices[letter].heal()
        assert life.element()["visit_count"] == 211, f"after {letter} of {order}"
    for letter in order:
        life.devices[letter].pull()
        life.devices[letter].heal()
    assert life.element()["visit_count"] == 211


def test_a_delete_comes_back_and_what_its_author_knew_stays_away(life: Life):
    at = life.backup()
    life.A.push(insert("element", E2, ifc_class="IfcWindow", name="Window"))
    life.B.pull()
    life.B.push(delete("element", E2, life.world.head))
    life.restore(at)
    life.B.heal()
    life.A.heal()
    assert life.element(E2) is None
    assert life.world.conflicts() == []


@pytest.mark.parametrize("order", ["AB", "BA"])
def test_an_edit_that_a_delete_did_not_know_lives_as_it_did(order: str):
    life = Life("AB")
    at = life.backup()
    life.A.push(update("element", E1, at, name="Repaired"))
    life.B.push(delete("element", E1, at))
    assert life.element()["name"] == "Repaired" and len(life.world.conflicts()) == 1
    life.restore(at)
    for letter in order:
        life.devices[letter].heal()
    assert life.element()["name"] == "Repaired"
    assert [c["kind"] for c in life.world.conflicts()] == ["delete"]


def test_what_the_new_life_wrote_is_not_overwritten_but_contested(life: Life):
    at = life.backup()
    life.A.push(update("element", E1, at, {"name": "Door"}, name="Old life"))
    life.A.pull()
    life.restore(at)
    life.C.push(update("element", E1, at, {"name": "Door"}, name="New life"))
    life.A.heal()
    conflict = life.world.conflicts()[0]
    assert {conflict["kept"]["name"], conflict["other"]["name"]} == {"Old life", "New life"}
    life.B.heal()
    assert len(life.world.conflicts()) == 1


def test_a_restored_row_is_not_taken_where_the_new_life_changed_it(life: Life):
    at = life.backup()
    life.A.push(update("element", E1, at, name="Old life"))
    life.B.pull()
    life.restore(at)
    life.C.push(update("element", E1, at, name="New life"))
    life.B.heal()
    assert life.element()["name"] == "New life"


def test_a_restore_gives_no_power_its_offerer_lacked(life: Life):
    at = life.backup()
    life.A.push(insert("task", E2, kind="visual"))
    life.A.push(update("task", E2, life.world.head, state="submitted"))
    life.C.push(update("task", E2, life.world.head, state="accepted"))
    life.pull()
    life.restore(at)
    life.B.role = "technician"
    life.B.heal()
    assert life.world.row("task", E2)["state"] == "open", "accepting takes a reviewer"
    life.C.role = "viewer"
    receipts = life.C._offer([life.C._next([life.C._restore(("task", E2), *life.C.rows["task", E2])])], at)
    assert receipts[0].problem.code == "forbidden"
    life.A.heal()
    assert life.world.row("task", E2)["state"] == "accepted"


def test_an_open_conflict_of_the_former_life_is_kept(life: Life):
    at = life.backup()
    life.A.push(update("element", E1, at, {"name": "Door"}, name="A's"))
    life.B.push(update("element", E1, at, {"name": "Door"}, name="B's"))
    life.pull()
    assert len(life.world.conflicts()) == 1
    before = life.world.conflicts()[0]
    life.restore(at)
    life.C.heal()
    after = life.world.conflicts()[0]
    assert (after["kept"], after["other"]) == (before["kept"], before["other"])
    life.A.heal()
    life.B.heal()
    assert len(life.world.conflicts()) == 1


def test_a_decision_on_a_conflict_that_did_not_come_back_holds_up_nothing(life: Life):
    at = life.backup()
    life.A.push(update("element", E1, at, {"name": "Door"}, name="A's"))
    life.B.push(update("element", E1, at, {"name": "Door"}, name="B's"))
    life.pull()
    conflict = next(key[1] for key in life.world.store.kept if key[0] == "conflict")
    resolved = Change("conflict", conflict, "update", life.world.head, {"state": "resolved"})
    life.C.push(resolved, update("element", E1, life.world.head, name="C decides"))
    life.C.rows = {}
    life.restore(at)
    assert [r.outcome for r in life.C.heal()] == ["applied"]
    assert life.element()["name"] == "C decides"


def test_an_edit_never_sent_is_not_contested_by_the_value_its_author_saw(life: Life):
    at = life.backup()
    life.A.push(update("element", E1, at, name="Seen by C"))
    life.pull()
    life.restore(at)
    life.B.heal()
    life.C.sent = []
    life.C.push(update("element", E1, at, {"name": "Seen by C"}, name="Mine"))
    assert life.element()["name"] == "Mine" and life.world.conflicts() == []


def test_a_row_whose_parent_is_still_missing_is_refused_and_can_be_offered_again(life: Life):
    at = life.backup()
    storey = uid(0x52)
    life.A.push(insert("storey", storey, name="Roof"))
    life.B.pull()
    life.B.push(insert("element", E2, ifc_class="IfcDoor", storey_id=storey))
    life.B.pull()
    life.restore(at)
    offer = life.B._restore(("element", E2), *life.B.rows["element", E2])
    assert life.B._offer([life.B._next([offer])], at)[0].problem.code == "parent_unknown"
    life.A.heal()
    assert life.B._offer([life.B._next([offer])], at)[0].outcome == "applied"
    assert life.element(E2)["storey_id"] == storey


def test_an_ordinary_transaction_cannot_name_a_former_sequence_of_nought(life: Life):
    at = life.backup()
    bad = life.A._next([update("element", E1, at, name="x")], 0)
    assert life.A._offer([bad], at)[0].problem.code == "invalid_value"
    assert life.A._offer([life.A._next([Change("element", E1, "restore", set={"name": "x"})])], at)[0].problem


# ---------------------------------------------------------------- a law

KINDS = ["name", "status", "key", "tag", "visit", "insert", "delete"]
steps = st.lists(
    st.tuples(st.sampled_from("ABCD"), st.sampled_from(KINDS), st.integers(0, 2), st.integers(0, 5)),
    min_size=3,
    max_size=25,
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(steps, st.integers(0, 24), st.permutations("ABCD"), st.integers(0, 3))
@example([*[("A", "insert", 1, 0), ("B", "delete", 1, 0)] * 2], 2, "BCDA", 0)
@example([("A", "tag", 0, 3), ("B", "tag", 0, 3)], 0, "BDAC", 2)
@example([("A", "insert", 2, 3), ("C", "tag", 2, 0), ("D", "tag", 2, 1)], 0, "CDAB", 0)
@example([("A", "insert", 2, 4), ("A", "key", 2, 5), ("D", "delete", 2, 0), ("C", "insert", 2, 1)], 0, "CDAB", 1)
@example([("A", "insert", 2, 3), ("D", "status", 2, 1), ("B", "delete", 2, 1), ("C", "insert", 2, 4)], 0, "CDAB", 0)
def test_whoever_returns_and_in_whatever_order_the_day_comes_back(script, cut, order, missing):
    """Everybody had pulled all there was; one never returns. What people read is what they read before."""
    life = Life("ABCD")
    at = None
    for number, step in enumerate(script):
        if number == min(cut, len(script) - 1):
            life.pull()  # so that everybody has a mark there
            at = life.backup()
        _perform(life, *step)
    life.pull()
    before = plain(life.world)
    assert at is not None
    life.restore(at)
    returning = [letter for letter in order if letter != "ABCD"[missing]]
    gone = _deleted_by(life, "ABCD"[missing])
    for letter in returning:
        life.devices[letter].heal()
    after = plain(life.world)
    assert heard(life.world, at, life.saved) == after, "and who slept through it all hears of it field by field"
    assert {k: v for k, v in after.items() if k not in gone} == {k: v for k, v in before.items() if k not in gone}


def _perform(life: Life, letter: str, kind: str, which: int, value: int) -> None:
    device, id = life.devices[letter], (E1, E2, E3)[which]
    base, row = life.world.head, life.element(id)
    device.pull()  # everybody sees what they change: conflicts have their own tests
    match kind:
        case "insert" if row is None:
            device.push(insert("element", id, base, ifc_class="IfcDoor", name=f"new {value}"))
        case "delete" if row is not None:
            device.push(delete("element", id, base))
        case "name" | "status" if row is not None:
            device.push(update("element", id, base, **{kind: f"{kind} {value}" if kind == "name" else "ok"}))
        case "key" if row is not None:
            device.push(update("element", id, base, properties={f"k{value}": value if value else None}))
        case "tag" if row is not None:
            device.push(update("element", id, base, systems={("add" if value % 2 else "remove"): [f"s{value // 2}"]}))
        case "visit" if row is not None:
            device.push(update("element", id, base, visit_count={"add": value + 1}))


def _deleted_by(life: Life, letter: str) -> set[tuple[str, str]]:
    """Rows whose delete only the missing device knows of: replicas keep no tombstones."""
    return {
        (change.table, change.id)
        for transaction, receipt in life.devices[letter].sent
        for change in transaction.changes
        if change.op == "delete" and receipt.sequence
    }
