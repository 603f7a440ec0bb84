"""Does the ledger say what was written into it? `arxos admin verify` asks.

Every row is hashed again and compared with the one that follows; each entry's two sides must be there once and agree;
all accounts together must have nothing; nothing may have been credited, posted or taken back twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, LiteralString

import msgspec

from arxos_sync.store import Sql

from ..accounts.people import reading
from ..parts import Parts
from .ledger import COLUMNS, row_hash

ROWS_AT_ONCE = 2_000


class LedgerVerified(msgspec.Struct, frozen=True):
    """`broken`: the first entry at which the chain does not hold, and what is wrong there."""

    ledger: str
    rows: int
    broken: str | None
    findings: list[str]

    @property
    def ok(self) -> bool:
        return not self.findings

    def line(self) -> str:
        if self.ok:
            return f"ledger: {self.rows} rows in one chain, every entry balances"
        return f"ledger: {'; '.join(self.findings)}"


def verify_ledger(parts: Parts) -> LedgerVerified:
    with reading(parts.store) as sql:
        count, broken, said = _walk(sql)
        findings = ([said] if said else []) + [told for told in (_unbalanced(sql), _twice(sql)) if told]
    return LedgerVerified("chain", count, broken, findings)


def _walk(sql: Sql) -> tuple[int, str | None, str | None]:
    """How many rows, the first entry that does not follow from the one before it, and why."""
    number, hash = 0, ""
    for row in _rows(sql):
        number += 1
        entry = row["entry_id"]
        if row["number"] != number:
            return number, entry, f"entry {entry} is row {row['number']} where row {number} should be"
        if row["previous_hash"] != hash:
            return number, entry, f"entry {entry} (row {number}) does not follow from the row before it"
        if row_hash(row) != row["hash"]:
            return number, entry, f"entry {entry} (row {number}) is not what was written"
        hash = row["hash"]
    (end,) = sql.rows("select number, hash from ledger_place where name = 'chain'")
    if (int(end["number"]), end["hash"]) != (number, hash):
        return number, None, f"the chain ends at row {number}; {end['number']} were written"
    return number, None, None


_NAMES: LiteralString = ", ".join((*COLUMNS, "hash"))
_PAGE: LiteralString = f"select {_NAMES} from ledger where number > :after order by number limit :limit"


def _rows(sql: Sql) -> Iterator[dict[str, Any]]:
    """Those without a number come first: nobody wrote them into the chain."""
    yield from sql.rows(f"select {_NAMES} from ledger where number is null limit 1")
    after = 0
    while page := sql.rows(_PAGE, after=after, limit=ROWS_AT_ONCE):
        yield from page
        after = page[-1]["number"]


def _unbalanced(sql: Sql) -> str | None:
    found = sql.rows(
        """
        select entry_id
        from ledger
        group by entry_id
        having count(*) <> 2 or sum(case when side = 'credit' then points else -points end) <> 0
        order by min(number)
        limit 1
        """
    )
    return f"entry {found[0]['entry_id']} does not balance" if found else None


def _twice(sql: Sql) -> str | None:
    found = sql.rows(
        """
        select validation_id
        from ledger
        where side = 'credit' and validation_id is not null
        group by reward_rule, validation_id
        having count(*) > 1
        limit 1
        """
    )
    return f"validation {found[0]['validation_id']} was credited twice" if found else None
