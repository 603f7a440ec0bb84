"""What the processes of a fault test work on, and how each thing they do becomes an operation of a history.

    set      comments under annotations; each text is unique
    lists    the same comments by annotation, as far as the server has confirmed them, in the server's order:
             a transaction adds one to each of two lists
    register the tags of some elements
    bank     visit counts of others: a transaction takes from one what it gives to another
    pairs    are the bank's: both rows of a transfer stand in one transaction, and a read must see both

Every transaction carries the name of its operation as its reason. So after a death it can be asked whether an
operation that was under way is in the replica's log: then it was done, else it was surely not.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import msgspec

from arxos_sync.messages import Change
from arxos_sync.storage.spatialite import Replica
from client_kit.replica import new_id, now_ms
from tests.history import append, bank, register, sets
from tests.history.ops import Anomaly, Event, Op, ops_of
from tests.history.recorder import Recorder
from tests.site_day import Tablet

LISTS, REGISTERS = 4, 3
HELD_AT_FIRST = 100
# A restored server ranks what it lost by former sequence, not by stamp (PROTOCOL.md §7): another value may stand then.
RANKED_ANEW = ("not_the_greatest", "own_write_unread", "reads_go_back")


class Stage(msgspec.Struct, frozen=True):
    building: str
    lists: list[str]
    registers: list[str]
    accounts: dict[str, str]  # of each tablet: who else pays out of it would hide what was forgotten

    def write(self, path: Path) -> None:
        path.write_bytes(msgspec.json.encode(self))


def read_stage(path: Path) -> Stage:
    return msgspec.json.decode(path.read_bytes(), type=Stage)


def set_the_stage(tablet: Tablet, building: str, names: list[str]) -> Stage:
    """Rows to work on, recorded by one tablet; it has them, the others will get them."""
    lists, registers = [new_id() for _ in range(LISTS)], [new_id() for _ in range(REGISTERS)]
    accounts = {name: new_id() for name in names}
    changes = [Change("annotation", id, "insert", set={"title": f"List {n}"}) for n, id in enumerate(lists)]
    changes += [Change("element", id, "insert", set={"ifc_class": "IfcDoor"}) for id in registers]
    held = {"ifc_class": "IfcValve", "visit_count": HELD_AT_FIRST}
    changes += [Change("element", id, "insert", set=held) for id in accounts.values()]
    tablet.record(building, iter([changes]))
    return Stage(building, lists, registers, accounts)


# ---------------------------------------------------------------- one tablet's part


class Actor:
    """Does one thing after another on a tablet's own database, and writes each into the history."""

    def __init__(self, stage: Stage, replica: Replica, recorder: Recorder, dice: Random) -> None:
        self.stage, self.replica, self.recorder, self.dice = stage, replica, recorder, dice
        self.count = self.transactions = 0

    def step(self) -> None:
        kind = self.dice.choices((self.comment, self.tag, self.pay, self.look), (4, 3, 3, 2))[0]
        kind()

    def comment(self) -> None:
        one, other = self.dice.sample(self.stage.lists, 2)
        texts = {one: self._name("c"), other: self._name("c")}
        changes = [_comment(at, text) for at, text in texts.items()]
        self._write("comments", [[at, text] for at, text in texts.items()], changes)

    def tag(self) -> None:
        id, value = self.dice.choice(self.stage.registers), self._name("t")
        self._write("tag", [id, value], [Change("element", id, "update", set={"tag": value})])

    def pay(self) -> None:
        own = self.stage.accounts[self.recorder.process]
        to = self.dice.choice([id for id in self.stage.accounts.values() if id != own])
        amount = self.dice.randint(1, 9)
        taken, given = {"visit_count": {"add": -amount}}, {"visit_count": {"add": amount}}
        changes = [Change("element", own, "update", set=taken), Change("element", to, "update", set=given)]
        self._write("pay", [own, to, amount], changes)

    def look(self, f: str = "look") -> None:
        self.recorder.invoke(f)
        self.recorder.ok(seen(self.stage, self.replica))

    def _name(self, letter: str) -> str:
        self.count += 1
        return f"{letter}-{self.recorder.process}-{self.dice.getrandbits(32):08x}-{self.count}"

    def _write(self, f: str, value: list[Any], changes: list[Change]) -> None:
        reason = self._name("op")
        self.recorder.invoke(f, [reason, value, None])
        self.replica.record(changes, now_ms(), reason)
        self.recorder.ok([reason, value, stamp_of(self.replica, reason)])
        self.transactions += 1


def _comment(annotation: str, text: str) -> Change:
    return Change("comment", new_id(), "insert", set={"annotation_id": annotation, "text": text})


def stamp_of(replica: Replica, reason: str) -> str | None:
    return replica.one("select stamp from arxos_change_log where reason = ?", reason)


def settle(recorder: Recorder, replica: Replica) -> None:
    """End what a death or a failure left open, by what is in the replica's log."""
    begun = recorder.left_open
    if begun is None:
        return
    stamp = stamp_of(replica, begun.value[0]) if begun.value else None
    if stamp is None:
        recorder.fail()
    else:
        recorder.ok([*begun.value[:2], stamp])


def seen(stage: Stage, replica: Replica) -> dict[str, Any]:
    """All of it as it stands on this tablet, in one read transaction."""
    connection = replica.connection
    connection.execute("begin")
    try:
        comments = connection.execute("select annotation_id, text, sequence, id from comment").fetchall()
        marked = ", ".join("?" * len(stage.registers))
        tags = connection.execute(f"select id, tag from element where id in ({marked})", stage.registers).fetchall()
        held = {}
        for name in stage.accounts.values():
            row = replica.row("element", name)
            if row is not None:
                held[name] = row["visit_count"]
    finally:
        connection.execute("commit")
    confirmed = sorted((row for row in comments if row[2]), key=lambda row: row[2:])
    return {
        "set": [text for _, text, _, _ in comments],
        "lists": {at: [row[1] for row in confirmed if row[0] == at] for at in stage.lists},
        "tags": dict(tags),
        "bank": held,
    }


# ---------------------------------------------------------------- the histories in it


def check(stage: Stage, events: list[Event], restored: bool = False) -> dict[str, list[Anomaly]]:
    """Every checker over its part of what the tablets did and saw. Where the server was `restored` to an earlier
    moment, rows come back many to a sequence, so that the order of lists is not the former one and is not judged."""
    ops = ops_of(events)
    verdicts = {"set": sets.check(_set(ops))}
    if not restored:
        verdicts["lists"] = append.check(_lists(ops), own_writes=False)
    for id in stage.registers:
        found = register.check(_register(ops, id))
        verdicts[f"register {id}"] = [one for one in found if not restored or one.name not in RANKED_ANEW]
    at_first = dict.fromkeys(stage.accounts.values(), HELD_AT_FIRST)
    verdicts["bank"] = bank.check(_bank(ops), at_first)
    return {name: found for name, found in verdicts.items() if found}


def _as(op: Op, f: str, value: Any) -> Op:
    return msgspec.structs.replace(op, f=f, value=value)


def _looks(ops: list[Op]) -> list[tuple[Op, str]]:
    names = {"look": "read", "final": "final"}
    return [(op, names[op.f]) for op in ops if op.f in names and op.outcome == "ok"]


def _set(ops: list[Op]) -> list[Op]:
    adds = [_as(op, "add", text) for op in ops if op.f == "comments" for _, text in op.value[1]]
    return _sorted(adds + [_as(op, f, op.value["set"]) for op, f in _looks(ops)])


def _lists(ops: list[Op]) -> list[Op]:
    writes = [_as(op, "txn", [["append", *one] for one in op.value[1]]) for op in ops if op.f == "comments"]
    reads = [_as(op, "txn", [["r", at, list_] for at, list_ in op.value["lists"].items()]) for op, _ in _looks(ops)]
    return _sorted(writes + reads)


def _register(ops: list[Op], id: str) -> list[Op]:
    of_it = [op for op in ops if op.f == "tag" and op.value[1][0] == id]
    writes = [_as(op, "write", [op.value[2], op.value[1][1]]) for op in of_it]
    return _sorted(writes + [_as(op, f, op.value["tags"].get(id)) for op, f in _looks(ops)])


def _bank(ops: list[Op]) -> list[Op]:
    moves = [_as(op, "transfer", op.value[1]) for op in ops if op.f == "pay"]
    return _sorted(moves + [_as(op, f, op.value["bank"]) for op, f in _looks(ops)])


def _sorted(ops: list[Op]) -> list[Op]:
    return sorted(ops, key=lambda op: op.began)
