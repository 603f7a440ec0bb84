"""History tells what a field was at an earlier sequence, however its askers come."""

from __future__ import annotations

import random

import pytest

from arxos_sync.history import History
from arxos_sync.sheet import Sheet
from arxos_sync.store import LogEntry
from tests.engine.world import World, insert, uid, update

ROWS = [uid(0xE0 + number) for number in range(4)]
COLUMNS = ("name", "status", "tag")


def _lived(dice: random.Random) -> tuple[World, dict[int, dict[str, dict]]]:
    """A scope with a past, and beside it what its rows were at each sequence of it."""
    world = World()
    world.push("Z", [insert("element", id, ifc_class="IfcDoor", name="Door", storey_id=world.storey) for id in ROWS])
    was = {}
    for number in range(30):
        was[world.head] = {id: dict(world.row("element", id) or {}) for id in ROWS}
        changes = [_change(dice, world, id, number) for id in dice.sample(ROWS, 2)]
        world.push(dice.choice("AB"), changes)
    return world, was


def _change(dice: random.Random, world: World, id: str, number: int):
    return update("element", id, world.head, **{dice.choice(COLUMNS[::2]): f"v{number}"})


@pytest.mark.parametrize("seed", range(6))
def test_it_tells_what_a_field_was_in_whatever_order_the_sequences_are_asked_for(seed: int):
    dice = random.Random(seed)
    world, was = _lived(dice)
    asked = [(sequence, id, column) for sequence in was for id in ROWS for column in COLUMNS]
    dice.shuffle(asked)
    with world.store.transaction() as writer:
        sheet = Sheet(world.catalogue)
        for row in writer.rows({"element": ROWS}):
            sheet.load(row)
        history = History(writer, sheet)
        for sequence, id, column in asked:
            assert history.value(("element", id), column, sequence) == was[sequence][id][column], (sequence, column)


@pytest.mark.parametrize("first", ["asked", "added"])
def test_what_the_push_itself_wrote_belongs_to_it(first: str):
    world, was = _lived(random.Random(1))
    sequence, key = max(was), ("element", ROWS[0])
    with world.store.transaction() as writer:
        sheet = Sheet(world.catalogue)
        entries = list(writer.log(0))
        for row in writer.rows({"element": ROWS}):
            sheet.load(row)
        history = History(_Until(writer, len(entries) - 6), sheet)
        if first == "asked":
            history.value(key, "name", 0)
        for entry in entries[-6:]:
            history.add(entry)
        for before in (sequence - 3, sequence - 9):  # of the push's own time, and of the time before it
            assert history.value(key, "name", before) == was[before][ROWS[0]]["name"]


class _Until:
    """A scope whose log ends earlier: the rest is what a push adds."""

    def __init__(self, writer, entries: int):
        self._writer, self._entries = writer, entries

    def log(self, after: int) -> list[LogEntry]:
        kept = list(self._writer.log(0))[: self._entries]
        return [entry for entry in kept if entry.sequence > after]
