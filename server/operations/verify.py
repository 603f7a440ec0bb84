"""`arxos admin verify`: do the kept digests stand for the rows that are there, do the ledger and the audit log hold?"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from arxos_sync import digest
from arxos_sync.problems import Problem
from arxos_sync.store import BuildingQuery

from ..parts import Parts
from ..wallet.chain import LedgerVerified, verify_ledger
from .audit import Chain, verify_chain


class Verified(msgspec.Struct, frozen=True):
    scope: str
    head: int
    rows: int
    differing: list[str]

    @property
    def ok(self) -> bool:
        return not self.differing

    def line(self) -> str:
        if self.ok:
            return f"{self.scope}: {self.rows} rows at head {self.head}, every digest agrees"
        return f"{self.scope}: the digest differs from the rows in {', '.join(self.differing)}"


def verify_all(parts: Parts, building: str | None) -> Iterator[Verified | LedgerVerified | Chain]:
    scopes = [building] if building else list(scopes_of(parts))
    for scope in scopes:
        yield verify(parts, scope)
    if building is None:
        yield verify_ledger(parts)
        yield verify_chain(parts)


def scopes_of(parts: Parts) -> Iterator[str]:
    after = None
    while True:
        page, _ = parts.store.buildings(BuildingQuery(everything=True, after=after, limit=200))
        yield from (one.row.id for one in page)
        if len(page) < 200:
            return
        after = (page[-1].row.values["name"], page[-1].row.id)


def verify(parts: Parts, scope: str) -> Verified:
    with parts.store.read(scope) as reader:
        head = reader.head().sequence
        if head == 0:
            raise Problem("not_found", f"There is no building {scope}")
        counted: dict[str, int] = {}
        rows = 0
        for row in reader.live_rows():
            rows += 1
            hashed = digest.row_hash(row.table, row.id, row.sequence)
            counted[row.table] = (counted.get(row.table, 0) + hashed) % digest.MODULUS
        kept = {table: total for table, total in reader.digests().items() if total}
    differing = sorted(t for t in kept.keys() | counted.keys() if kept.get(t, 0) != counted.get(t, 0))
    return Verified(scope, head, rows, differing)
