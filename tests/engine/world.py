"""A small world for merge tests: a scope in memory, devices by letter, time that only moves when told."""

from __future__ import annotations

import itertools

import schemas
from arxos_sync import stamp
from arxos_sync.intake import Arrival, Author, Dice, Taken, take_in
from arxos_sync.messages import Change, Mark, Receipt, Transaction
from arxos_sync.pull import Pulled, Wish, pull
from tests.engine.memory_store import MemoryScope

SCOPE = "01920000-0000-7000-8000-000000000001"
EPOCH = "01920000-0000-7000-8000-00000000e0c4"
START_MS = 1_760_000_000_000


def uid(number: int) -> str:
    return f"01920000-0000-7000-8000-{number:012x}"


class World:
    def __init__(self, scope: str = SCOPE, salt: str = "salt"):
        self.salt = salt
        self.catalogue = schemas.catalogue()
        self.store = MemoryScope(self.catalogue, scope)
        self.now_ms = START_MS
        self._ids = itertools.count(0xC0F11C7)
        self.sent: dict[str, list[Transaction]] = {}
        self.roles: dict[str, str | None] = {}
        self.schemas: dict[str, int] = {}  # of whose replica, where it is told
        self.push("Z", [insert("building", SCOPE, name="House")], role="owner")
        self.storey = uid(0x51)
        self.push("Z", [insert("storey", self.storey, name="Ground")])

    def device(self, letter: str) -> str:
        return f"01920000-0000-7000-8000-0000000000{ord(letter):02x}"

    def user(self, letter: str) -> str:
        return f"01920000-0000-7000-8000-0000000aa0{ord(letter):02x}"

    def transaction(self, letter: str, changes: list[Change], at_ms: int | None = None) -> Transaction:
        n = len(self.sent.setdefault(letter, [])) + 1
        written = stamp.form(at_ms if at_ms is not None else self.now_ms, n, self.device(letter))
        made = Transaction(n, f"nonce-of-{letter}-{n:06d}", written, changes)
        self.sent[letter].append(made)
        return made

    def push(self, letter: str, *groups: list[Change], role: str = "owner", at_ms: int | None = None) -> Receipt:
        """Send one transaction a group, answers the last receipt."""
        prior = self.prior(letter)
        taken = self.send(letter, prior, [self.transaction(letter, g, at_ms) for g in groups], role)
        assert taken.state == "ok"
        return taken.receipts[-1]

    def prior(self, letter: str) -> Mark | None:
        sent = self.sent.get(letter)
        return Mark(sent[-1].n, sent[-1].nonce) if sent else None

    def send(
        self, letter: str, prior: Mark | None, transactions: list[Transaction], role: str = "owner"
    ) -> Taken:
        self.now_ms += 1000
        schema = self.schemas.get(letter, 0)
        author = Author(self.user(letter), self.device(letter), self.roles.get(letter, role), letter, schema=schema)
        dice = Dice(lambda: uid(next(self._ids)), lambda: f"{self.salt}{next(self._ids):08x}")
        arrival = Arrival(self.now_ms, "2026-01-01T00:00:00.000Z")
        with self.store.transaction() as writer:
            return take_in(writer, self.catalogue, author, prior, transactions, arrival, dice)

    @property
    def head(self) -> int:
        return self.store.head().sequence

    def row(self, table: str, id: str) -> dict | None:
        row = self.store.kept.get((table, id))
        return None if row is None or row.deleted is not None else row.values

    def conflicts(self, state: str = "open") -> list[dict]:
        found = [r for r in self.store.kept.values() if r.table == "conflict" and r.values["state"] == state]
        return [r.values for r in sorted(found, key=lambda r: r.id)]

    def pull(self, cursor: str | None = None, **wish) -> Pulled:
        return pull(self.store, self.catalogue, EPOCH, Wish(cursor, 1, binary=True, **wish))


def insert(table: str, id: str, base: int = 0, **values) -> Change:
    return Change(table, id, "insert", base, values)


def update(table: str, id: str, base: int, was: dict | None = None, **values) -> Change:
    return Change(table, id, "update", base, values, was)


def delete(table: str, id: str, base: int) -> Change:
    return Change(table, id, "delete", base)
