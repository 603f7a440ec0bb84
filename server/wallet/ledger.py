"""The points ledger: double entry, only added to, in one chain.

An entry moves points from one account to another and is two rows, a debit and a credit of the same points. There are
three accounts: `issued` is the server's, `pending` and `posted` are each person's. What an account has is its credits
less its debits, so all accounts together have nothing, always. Points are whole; an entry of 0 says that nothing was
left of a day's cap.

    a credit        issued  → pending   state pending   unique by (reward rule, validation), for ever
    its posting     pending → posted    state posted    unique by `about`, the credit
    a reversal      pending or posted → issued, state reversal, unique by `reverses`, the entry taken back; a reversal
                    may be reversed too, and moves the points back to where they were taken from

The rows are one chain: `number` counts them from 1, and `hash` is the SHA-256, in hex, of the JSON array of the row's
`COLUMNS` in their order (the hash before it is among them), in UTF-8 without spaces. Who adds rows holds `ledger_place`
for the rest of the database transaction, so there is one order, and what is looked up after that stays so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, LiteralString

import msgspec

from arxos_sync.store import Sql

from ..parts import derived_id

COLUMNS = (
    "number", "id", "entry_id", "side", "account", "user_id", "points", "state", "reward_rule", "rule_version",
    "validation_id", "building_id", "day", "reason", "posts_at", "about", "reverses", "created_at", "previous_hash",
)  # fmt: skip


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """`points` of `user_id`, out of one account and into another."""

    id: str
    state: str
    out_of: str
    into: str
    user_id: str
    points: int
    reward_rule: str
    rule_version: int
    created_at: str
    validation_id: str | None = None
    building_id: str | None = None
    day: str | None = None
    reason: str | None = None
    posts_at: str | None = None
    about: str | None = None
    reverses: str | None = None

    def rows(self) -> list[dict[str, Any]]:
        told = msgspec.structs.asdict(self)
        return [
            {
                **{name: told[name] for name in COLUMNS if name in told},
                "id": derived_id("ledger", self.id, side),
                "entry_id": self.id,
                "side": side,
                "account": account,
                "user_id": None if account == "issued" else self.user_id,
            }
            for side, account in (("debit", self.out_of), ("credit", self.into))
        ]


class Held(msgspec.Struct, frozen=True):
    """The end of the chain, held until the database transaction ends."""

    number: int
    hash: str


def hold(sql: Sql) -> Held:
    sql.run("update ledger_place set number = number where name = 'chain'")
    (found,) = sql.rows("select number, hash from ledger_place where name = 'chain'")
    return Held(int(found["number"]), found["hash"])


def append(sql: Sql, held: Held, entries: Sequence[Entry]) -> Held:
    """Add entries at the end of the chain."""
    rows, number, hash = [], held.number, held.hash
    for entry in entries:
        for row in entry.rows():
            number += 1
            row |= {"number": number, "previous_hash": hash}
            row["hash"] = hash = row_hash(row)
            rows.append(row)
    sql.run_each(_ADD, rows)
    sql.run("update ledger_place set number = :number, hash = :hash where name = 'chain'", number=number, hash=hash)
    return Held(number, hash)


def row_hash(row: dict[str, Any]) -> str:
    said = json.dumps([row[name] for name in COLUMNS], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()


_ALL: tuple[LiteralString, ...] = (*COLUMNS, "hash")
_ADD: LiteralString = f"""
    insert into ledger ({", ".join(_ALL)})
    values ({", ".join(f":{name}" for name in _ALL)})
    """


# ---------------------------------------------------------------- what it says


class Balance(msgspec.Struct, frozen=True):
    balance: int
    pending: int


def balance_of(sql: Sql, user_id: str) -> Balance:
    found = sql.rows(
        """
        select account, sum(case when side = 'credit' then points else -points end) as has
        from ledger
        where user_id = :user_id
        group by account
        """,
        user_id=user_id,
    )
    has = {row["account"]: int(row["has"]) for row in found}
    return Balance(has.get("posted", 0), has.get("pending", 0))


ENTRY: LiteralString = """
    select e.entry_id, e.user_id, e.points, e.reward_rule, e.rule_version, e.validation_id, e.building_id, e.day,
        e.reason, e.posts_at, e.created_at,
        case
            when taken.entry_id is not null and back.entry_id is null then 'reversed'
            when e.posts_at is null or posted.entry_id is not null then 'posted'
            else 'pending'
        end as state,
        case when taken.entry_id is not null and back.entry_id is null then taken.entry_id else e.entry_id end as last,
        case when back.entry_id is not null then 1 else 0 end as restored
    from ledger e
    left join ledger posted on posted.about = e.entry_id and posted.side = 'credit' and posted.state = 'posted'
    left join ledger taken on taken.reverses = e.entry_id and taken.side = 'credit'
    left join ledger back on back.reverses = taken.entry_id and back.side = 'credit'
    where e.state = 'pending' and e.side = 'credit'
    """


def entry_of(sql: Sql, entry_id: str) -> dict[str, Any] | None:
    """A credit as it stands now: pending, posted or reversed; `last` is what a reversal would take back."""
    found = sql.rows(ENTRY + " and e.entry_id = :entry_id", entry_id=entry_id)
    return found[0] if found else None
