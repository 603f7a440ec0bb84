"""Laws of intake and pull, over random histories of a few devices.

The expectations are worked out here from what was sent, not by the merge's own means.
"""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from arxos_sync import digest
from arxos_sync.messages import Change
from tests.engine.world import START_MS, World, delete, insert, uid, update

ROWS = [uid(0xE0 + i) for i in range(3)]
FIELDS = ("name", "tag", "status")
COLOURS = ("red", "green", "blue")

field_edit = st.tuples(
    st.sampled_from("ABC"),
    st.sampled_from(ROWS),
    st.sampled_from(("name", "tag")),
    st.sampled_from(COLOURS),
)


def made_world() -> World:
    world = World()
    world.push("Z", [insert("element", id, ifc_class="IfcLamp", name="was", tag="was") for id in ROWS])
    return world


def values(world: World) -> dict:
    return {id: {f: world.row("element", id)[f] for f in FIELDS} for id in ROWS if world.row("element", id)}


@given(edits=st.lists(field_edit, min_size=1, max_size=8), turns=st.randoms(use_true_random=False))
def test_order_of_arrival_between_devices_changes_no_row(edits, turns):
    """Each device sends its own edits in its own order; how the devices interleave is up to the network."""

    def play(interleaved: list[int]) -> dict:
        world = made_world()
        base = world.head
        for index in interleaved:
            letter, id, field, value = edits[index]
            world.push(letter, [update("element", id, base, {field: "was"}, **{field: value})], at_ms=START_MS + index)
        return values(world)

    queues = {letter: [i for i, e in enumerate(edits) if e[0] == letter] for letter in "ABC"}
    shuffled = [letter for letter, queue in queues.items() for _ in queue]
    turns.shuffle(shuffled)
    waiting = {letter: iter(queue) for letter, queue in queues.items()}
    assert play([next(waiting[letter]) for letter in shuffled]) == play(sorted(range(len(edits))))


@given(edits=st.lists(field_edit, min_size=1, max_size=10))
@example(edits=[(who, ROWS[0], "tag", tag) for who, tag in zip("BCCB", COLOURS[:1] * 2 + COLOURS[1:], strict=True)])
@example(edits=[(who, ROWS[0], "tag", tag) for who, tag in zip("BCCA", COLOURS[:1] * 2 + COLOURS[1:], strict=True)])
@example(edits=[(who, ROWS[0], "tag", tag) for who, tag in zip("BACAC", COLOURS[:1] * 3 + COLOURS[1:], strict=True)])
def test_every_last_value_a_device_typed_stands_or_is_in_a_conflict(edits):
    world = made_world()
    base, clocks = world.head, dict.fromkeys("ABC", 0)
    for index, (letter, id, field, value) in enumerate(edits):
        clocks[letter] = max(clocks[letter] + 1, index * 7 % 5)  # clocks differ, but nobody's goes backwards
        world.push(letter, [update("element", id, base, **{field: value})], at_ms=START_MS + clocks[letter])
    told = world.conflicts() + world.conflicts("resolved")
    for letter, id, field in {(e[0], e[1], e[2]) for e in edits}:
        typed = [e[3] for e in edits if e[:3] == (letter, id, field)][-1]
        kept = [c[side].get(field) for c in told if c["row_id"] == id for side in ("kept", "other")]
        assert typed in (world.row("element", id)[field], *kept)


step = st.one_of(
    st.tuples(st.just("insert"), st.sampled_from("AB"), st.integers(0, 5)),
    st.tuples(st.just("update"), st.sampled_from("AB"), st.integers(0, 5)),
    st.tuples(st.just("delete"), st.sampled_from("AB"), st.integers(0, 5)),
    st.tuples(st.just("pull"), st.sampled_from("AB"), st.integers(1, 4)),
)


@settings(max_examples=150)
@given(steps=st.lists(step, min_size=1, max_size=25))
def test_replicas_that_pull_hold_what_the_server_holds_and_can_prove_it(steps):
    world = World()
    replicas: dict[str, dict] = {"A": {}, "B": {}}
    cursors: dict[str, str | None] = {"A": None, "B": None}
    bases = {"A": 0, "B": 0}

    def change(op: str, letter: str, number: int) -> Change:
        id = uid(0x900 + number)
        if op == "insert":
            return insert("element", id, bases[letter], ifc_class="IfcLamp", name=letter)
        return delete("element", id, bases[letter]) if op == "delete" else update(
            "element", id, bases[letter], name=f"{letter}{len(world.sent.get(letter, ()))}"
        )

    def take(letter: str, rows_max: int) -> None:
        more = True
        while more:
            pulled = world.pull(cursors[letter], rows_max=rows_max)
            for row in pulled.rows:
                if row.deleted:
                    replicas[letter].pop((row.table, row.id), None)
                else:
                    held = replicas[letter].setdefault((row.table, row.id), {})
                    held |= row.set | {"sequence": row.sequence}
            cursors[letter], more = pulled.cursor, pulled.more
        bases[letter] = pulled.head
        for table, total in (pulled.digest or {}).items():
            mine = ((id, row["sequence"]) for (t, id), row in replicas[letter].items() if t == table)
            assert digest.to_hex(digest.total(table, mine)) == total

    for op, letter, number in steps:
        if op == "pull":
            take(letter, number)
        else:
            world.push(letter, [change(op, letter, number)])
    for letter in "AB":
        take(letter, 50)
    for row in world.store.live_rows():
        shown = {n: v for n, v in row.values.items() if v is not None} | {"sequence": row.sequence}
        for replica in replicas.values():
            assert {n: v for n, v in replica[row.key].items() if v is not None} == shown
    assert set(replicas["A"]) == set(replicas["B"]) == {r.key for r in world.store.live_rows()}


@given(edits=st.lists(field_edit, min_size=1, max_size=6), again=st.integers(0, 5))
def test_sending_anything_again_changes_nothing(edits, again):
    world = made_world()
    for letter, id, field, value in edits:
        world.push(letter, [update("element", id, 2, **{field: value, "visit_count": {"add": 1}})])
    before, head = values(world), world.head
    letter = edits[again % len(edits)][0]
    taken = world.send(letter, None, world.sent[letter])
    assert (taken.state, values(world), world.head) == ("ok", before, head)
    counted = sum(world.row("element", id)["visit_count"] or 0 for id in ROWS)
    assert counted == len(edits)
