"""What becomes of a credit: after 72 hours it is posted; it may be taken back, and given again.

A credit that somebody disputes waits until that is decided.
"""

from __future__ import annotations

from typing import Any, LiteralString

from arxos_sync.problems import Problem
from arxos_sync.store import Sql

from ..accounts.people import reading
from ..jobs.rounds import Round
from ..parts import Parts, derived_id, now
from .ledger import ENTRY, Entry, append, hold
from .telling import tell

AT_ONCE = 500
_DUE: LiteralString = """
    select w.entry_id
    from ledger_waiting w
    where w.posts_at <= :now
      and not exists (select 1 from wallet_dispute d where d.entry_id = w.entry_id and d.state = 'open')
    order by w.posts_at, w.entry_id
    limit :limit
    """


def post_due(parts: Parts) -> None:
    """A round: post what has waited long enough, and tell the wallets what they have not been told."""
    while _post_some(parts):
        pass
    tell(parts)


POSTING = Round("posting", 30.0, post_due)


def _post_some(parts: Parts) -> bool:
    with reading(parts.store) as sql:
        if not sql.rows(_DUE, now=now(), limit=1):
            return False
    with parts.store.tables() as sql:
        held, at = hold(sql), now()
        due = sql.rows(f"{ENTRY} and e.entry_id in ({_DUE}) order by e.number", now=at, limit=AT_ONCE)
        append(sql, held, [_posting(credit, at) for credit in due])
        sql.run(
            """
            delete from ledger_waiting
            where entry_id in (select about from ledger where number > :after and state = 'posted')
            """,
            after=held.number,
        )
    return len(due) == AT_ONCE


def _posting(credit: dict[str, Any], at: str) -> Entry:
    return Entry(
        id=derived_id("posting", credit["entry_id"]),
        state="posted",
        out_of="pending",
        into="posted",
        about=credit["entry_id"],
        created_at=at,
        **_of(credit),
    )


def take_back(sql: Sql, credit: dict[str, Any], reason: str) -> None:
    """Reverse a credit, or the reversal it stands under. Raises Problem `already_decided` where both were done."""
    held, at, id = hold(sql), now(), credit["entry_id"]
    (credit,) = sql.rows(ENTRY + " and e.entry_id = :id", id=id)  # as it stands now that nobody else writes
    if credit["restored"]:
        raise Problem("already_decided", "This entry was taken back and given again; that is final.")
    back = credit["state"] == "reversed"
    account = _taken_from(sql, credit["last"]) if back else credit["state"]
    entry = Entry(
        id=derived_id("reversal", credit["last"]),
        state="reversal",
        out_of="issued" if back else account,
        into=account if back else "issued",
        about=id,
        reverses=credit["last"],
        created_at=at,
        reason=reason,
        **_of(credit),
    )
    append(sql, held, [entry])
    sql.run("delete from ledger_waiting where entry_id = :id", id=id)
    if back and account == "pending":
        posts_at = credit["posts_at"]
        sql.run("insert into ledger_waiting (entry_id, posts_at) values (:id, :posts_at)", id=id, posts_at=posts_at)


def _of(credit: dict[str, Any]) -> dict[str, Any]:
    """What a later entry repeats of the credit that it is about."""
    return {name: credit[name] for name in ("user_id", "points", "reward_rule", "rule_version", "building_id")}


def _taken_from(sql: Sql, reversal: str) -> str:
    found = sql.rows("select account from ledger where entry_id = :id and side = 'debit'", id=reversal)
    return str(found[0]["account"])
