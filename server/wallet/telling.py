"""Wallets hear of the ledger: rows of `wallet_entry` in each person's own scope, and `wallet.update` to their sockets.

A row has the id of the credit it shows. `ledger_place` says how far in the chain everybody has been told; whoever finds
more there, whichever process, writes what differs and moves the place. Told twice is told once.
"""

from __future__ import annotations

from typing import Any, LiteralString

from arxos_sync.messages import Change
from arxos_sync.store import ScopeWriter, Sql

from ..accounts.people import LOT, in_lots, reading
from ..parts import Parts
from ..sync.own import bare_hint, write_own
from .ledger import ENTRY, balance_of

ROWS_AT_ONCE = 1_000
_SHOWN = ("points", "state", "reward_rule", "reason", "validation_id", "posts_at")


def tell(parts: Parts) -> None:
    while (news := _news(parts)) is not None:
        to, credits = news
        for user_id, ids in credits.items():
            _tell_person(parts, user_id, ids)
        with parts.store.tables() as sql:
            sql.run("update ledger_place set number = :to where name = 'told' and number < :to", to=to)


def _news(parts: Parts) -> tuple[int, dict[str, set[str]]] | None:
    """How far the next rows go, and whose credits they are about."""
    with reading(parts.store) as sql:
        found = sql.rows(
            """
            select number, user_id, coalesce(about, entry_id) as credit
            from ledger
            where number > (select number from ledger_place where name = 'told')
            order by number
            limit :limit
            """,
            limit=ROWS_AT_ONCE,
        )
    if not found:
        return None
    credits: dict[str, set[str]] = {}
    for row in found:
        if row["user_id"] is not None:
            credits.setdefault(row["user_id"], set()).add(row["credit"])
    return int(found[-1]["number"]), credits


def _tell_person(parts: Parts, user_id: str, ids: set[str]) -> None:
    with parts.store.write(f"user:{user_id}") as writer:
        changes = _changes(writer, ids)
        if not changes:
            return
        taken = write_own(parts, writer, changes, reason="wallet")
        balance = balance_of(writer.sql, user_id)
    parts.bus.announce_apart(bare_hint(writer.scope, taken))
    last = changes[-1]
    entry = {"id": last.id, **(last.set or {})}
    told = {"balance": balance.balance, "pending": balance.pending, "entry": entry}
    parts.bus.announce_person_apart(user_id, "wallet.update", told)


def _changes(writer: ScopeWriter, ids: set[str]) -> list[Change]:
    there = {row.id: row for row in writer.rows({"wallet_entry": ids})}
    base, found = writer.head().sequence, []
    for credit in _credits(writer.sql, ids):
        shown, row = {name: credit[name] for name in _SHOWN}, there.get(credit["entry_id"])
        if row is None:
            found.append(Change("wallet_entry", credit["entry_id"], "insert", base, shown))
        elif row.deleted is None and any(row.values[name] != value for name, value in shown.items()):
            found.append(Change("wallet_entry", row.id, "update", base, shown))
    return found


_CREDITS: LiteralString = f"{ENTRY} and e.entry_id in ({LOT}) order by e.number"


def _credits(sql: Sql, ids: set[str]) -> list[dict[str, Any]]:
    return [row for some in in_lots(ids) for row in sql.rows(_CREDITS, **some)]
