"""Rows and batches for the suites of server stores: made by hand where `take_in` would check first."""

from __future__ import annotations

import itertools
from typing import Any

import schemas
from arxos_sync import digest, stamp
from arxos_sync.intake import Arrival, Author, Dice, Taken, take_in
from arxos_sync.messages import Change, Mark, Transaction
from arxos_sync.store import Batch, FieldMark, Head, LogEntry, MergeState, Row, ScopeWriter, ServerStore
from tests.engine.world import SCOPE, START_MS, insert, uid

CATALOGUE = schemas.catalogue()
DEVICE = uid(0xD0)
PERSON = uid(0xAA)
USER_SCOPE = f"user:{PERSON}"
AT = "2026-01-01T00:00:00.000Z"


def row(table: str, id: str, sequence: int = 1, deleted: bool = False, **values: Any) -> Row:
    """A whole row: what is not given is None."""
    columns = [n for n in CATALOGUE.tables[table].columns if n not in ("id", "sequence")]
    assert set(values) <= set(columns), set(values) - set(columns)
    state = MergeState(FieldMark(sequence, DEVICE, stamp.form(START_MS, sequence, DEVICE), PERSON))
    return Row(table, id, dict.fromkeys(columns) | values, sequence, 1, sequence if deleted else None, state)


def batch(*rows: Row, head: int | None = None, device: str = DEVICE) -> Batch:
    """The rows with a digest that grows by the live ones (so only for rows that are new)."""
    sums: dict[str, int] = {}
    for r in rows:
        if r.deleted is None:
            sums[r.table] = sums.get(r.table, 0) + digest.row_hash(r.table, r.id, r.sequence)
    top = head if head is not None else max((r.sequence for r in rows), default=0)
    return Batch(device, Head(top, f"salt{top}", f"stamp{top}"), list(rows), digest=sums)


def put(store: ServerStore, *rows: Row, scope: str = SCOPE, head: int | None = None) -> None:
    with store.write(scope) as writer:
        writer.save(batch(*rows, head=head))


def entry(sequence: int, n: int) -> LogEntry:
    return LogEntry(
        sequence,
        f"salt{sequence}",
        DEVICE,
        n,
        PERSON,
        f"stamp{sequence}",
        AT,
        b"\x00\xffcontent",
        b"\x80before",
    )


class Device:
    """One writer that pushes through `take_in`, with ids and salts of its own."""

    def __init__(self, number: int):
        self.id, self.user = uid(0xD000 + number), uid(0xAA00 + number)
        self._ids = itertools.count(0xC0_0000_0000 + (number << 24))
        self.sent: list[Transaction] = []

    def transaction(self, changes: list[Change]) -> Transaction:
        n = len(self.sent) + 1
        made = Transaction(n, f"nonce-{self.id}-{n:06d}", stamp.form(START_MS + n, n, self.id), changes)
        self.sent.append(made)
        return made

    def send(self, writer: ScopeWriter, *groups: list[Change], role: str = "owner") -> Taken:
        prior = Mark(self.sent[-1].n, self.sent[-1].nonce) if self.sent else None
        author = Author(self.user, self.id, role, "somebody")
        dice = Dice(lambda: uid(next(self._ids)), lambda: f"salt{next(self._ids):012x}")
        transactions = [self.transaction(group) for group in groups]
        return take_in(writer, CATALOGUE, author, prior, transactions, Arrival(START_MS + 10**6, AT), dice)


def found_building(store: ServerStore, device: Device, scope: str = SCOPE, storey: str = uid(0x51)) -> str:
    """A building with one storey, by two transactions; answers the storey's id."""
    with store.write(scope) as writer:
        device.send(
            writer, [insert("building", scope, name="House")], [insert("storey", storey, name="Ground")]
        )
    return storey
