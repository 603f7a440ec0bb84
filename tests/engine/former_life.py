"""A scope whose server is put back to an earlier moment, and devices that bring the rest back, for tests of healing.

A `Holder` holds what a replica would: its acknowledged transactions with their receipts, the rows as last pulled with
their sequences, and the marks it has seen. It offers them as PROTOCOL.md §7 has it.
"""

from __future__ import annotations

import copy

import msgspec

from arxos_sync import stamp
from arxos_sync.change import from_row_out
from arxos_sync.heal import CLAIMED
from arxos_sync.intake import Arrival, Author, Dice, take_in
from arxos_sync.messages import Change, Mark, Receipt, Transaction
from arxos_sync.pull import highest_common, row_out
from tests.engine.world import World, uid

ORDER = ("building", "storey", "space", "system", "element", "task", "validation", "annotation", "comment", "conflict")
PLAIN = frozenset(ORDER) - {"conflict"}


class Holder:
    def __init__(self, world: World, letter: str):
        self.world, self.letter, self.role = world, letter, "owner"
        self.sent: list[tuple[Transaction, Receipt]] = []
        self.rows: dict[tuple[str, str], tuple[int, dict]] = {}
        self.marks: list[tuple[int, str]] = []
        self.cursor = 0

    def pull(self) -> None:
        store = self.world.store
        self.rows = {k: (r.sequence, copy.deepcopy(r.values)) for k, r in store.kept.items() if r.deleted is None}
        self.cursor = store.head().sequence
        self.marks.append((store.head().sequence, store.head().salt))

    def push(self, *changes: Change, at_ms: int | None = None) -> Receipt:
        """A transaction of ordinary life, with bases as they are given."""
        transaction = self.world.transaction(self.letter, list(changes), at_ms)
        prior = Mark(self.sent[-1][0].n, self.sent[-1][0].nonce) if self.sent else None
        taken = self.world.send(self.letter, prior, [transaction], self.role)
        assert taken.state == "ok"
        self.sent.append((transaction, taken.receipts[0]))
        return taken.receipts[0]

    # ------------------------------------------------------------ healing

    def heal(self) -> list[Receipt]:
        """Offer own work, then every row held above the mark; parents first. Answers the receipts of own work."""
        store = self.world.store
        mark = highest_common(store, self.marks)
        known = store.known(self.world.device(self.letter))
        own = [self._again(t, r) for t, r in self.sent if r.n > (known.n if known else 0)]
        receipts = self._offer(own, mark)
        restores = [self._restore(key, *self.rows[key]) for key in self._above(mark)]
        for change in restores:
            self._offer([self._next([change])], mark)
        late = [(t, r) for t, r in zip(own, receipts, strict=True) if r.outcome == "rejected" and t.formerly]
        for transaction, _ in late:
            again = self._next(transaction.changes, transaction.formerly, transaction.stamp)
            receipts += self._offer([again], mark)
        return receipts

    def _again(self, transaction: Transaction, receipt: Receipt) -> Transaction:
        if receipt.sequence is None:
            nothing = [Change("element", uid(0xDEAD), "update", 0, {"name": "never was"})]
            return msgspec.structs.replace(transaction, changes=nothing)
        return msgspec.structs.replace(transaction, formerly=receipt.sequence)

    def _above(self, mark: int) -> list[tuple[str, str]]:
        found = [k for k, (sequence, _) in self.rows.items() if sequence > mark and k[0] in ORDER]
        return sorted(found, key=lambda key: (ORDER.index(key[0]), key[1]))

    def _restore(self, key: tuple[str, str], sequence: int, values: dict) -> Change:
        table = self.world.catalogue.tables[key[0]]
        given = {
            n: v for n, v in values.items() if v is not None and (table.columns[n].rule != "server" or n in CLAIMED)
        }
        for names in table.groups.values():
            if any(name in given for name in names):
                given |= {name: values[name] for name in names}
        if key[0] == "conflict":
            given = {n: v for n, v in values.items() if v is not None}
        return Change(key[0], key[1], "restore", set=given, formerly=sequence)

    def _next(self, changes: list[Change], formerly: int | None = None, written: str | None = None) -> Transaction:
        known = self.world.store.known(self.world.device(self.letter))
        n = (known.n if known else 0) + 1
        written = written or stamp.form(self.world.now_ms, n, self.world.device(self.letter))
        return Transaction(n, f"nonce-of-heal-{self.letter}-{n:06d}", written, changes, formerly=formerly)

    def _offer(self, transactions: list[Transaction], mark: int) -> list[Receipt]:
        world = self.world
        if not transactions:
            return []
        world.now_ms += 1000
        device = world.device(self.letter)
        author = Author(world.user(self.letter), device, self.role, self.letter)
        dice = Dice(lambda: uid(next(world._ids)), lambda: f"new{next(world._ids):08x}")
        arrival = Arrival(world.now_ms, "2026-01-02T00:00:00.000Z")
        prior = world.store.known(device)
        with world.store.transaction() as writer:
            taken = take_in(writer, world.catalogue, author, prior, transactions, arrival, dice, mark)
        assert taken.state == "ok"
        return taken.receipts


def put_back(world: World, sequence: int, saved: dict[int, object]) -> None:
    """The server as it was when `sequence` was its head."""
    store = world.store
    store.kept, store.entries, store.stored, store.sums, store.at = copy.deepcopy(saved[sequence])


def save(world: World, saved: dict[int, object]) -> int:
    store = world.store
    saved[store.at.sequence] = copy.deepcopy((store.kept, store.entries, store.stored, store.sums, store.at))
    return store.at.sequence


def heard(world: World, sequence: int, saved: dict[int, object]) -> dict[tuple[str, str], dict]:
    """`plain` as a replica has it that stood at `sequence` and was told what changed since, field by field."""
    rows = {key: dict(row.values) for key, row in saved[sequence][0].items() if row.deleted is None}
    for key, row in world.store.kept.items():
        told = row_out(world.catalogue, row, sequence, True)
        if row.sequence <= sequence:
            continue
        if told.deleted:
            rows.pop(key, None)
        else:
            empty = dict.fromkeys(row.values) if row.born > sequence and row.merge.birth.sequence == row.born else {}
            rows[key] = rows.get(key, {}) | empty | from_row_out(world.catalogue, key[0], told.set)
    return {key: _read(world, key[0], values) for key, values in rows.items() if key[0] in PLAIN}


def plain(world: World) -> dict[tuple[str, str], dict]:
    """What a person reads of every live row, but for conflicts and what only the server writes."""
    return {
        key: _read(world, key[0], row.values)
        for key, row in world.store.kept.items()
        if row.deleted is None and key[0] in PLAIN
    }


def _read(world: World, table: str, values: dict) -> dict:
    columns = world.catalogue.tables[table].columns
    return {
        name: value for name, value in values.items() if columns[name].rule != "server" and value not in (None, {}, [])
    }
