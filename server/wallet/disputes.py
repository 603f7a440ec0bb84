"""Disputes: somebody says that an entry is wrong, another person decides.

The person whose entry it is may dispute it; so may an administrator, and a reviewer of the building it was earned in.
An administrator or a reviewer of that building decides, never the person whose entry it is nor the one who opened the
dispute. Upheld: the ledger stands as it was. Reversed: the entry is taken back by a new one or, where it had been taken
back, given again.
"""

from __future__ import annotations

from typing import Literal, LiteralString

import msgspec

from arxos_sync.problems import Problem
from arxos_sync.rights import at_least
from arxos_sync.store import Sql

from ..accounts.people import Person, granted_role
from ..listing import Listing, PageAsked, page_of
from ..parts import Parts, new_id, now
from .ledger import entry_of, hold
from .posting import take_back
from .telling import tell

Verdict = Literal["uphold", "reverse"]
REASON_CHARS_MAX = 2_000
EXAMPLE = {
    "id": "0190a000-0000-7000-8000-0000000000d1", "entry_id": "0190a000-0000-8000-8000-0000000000e1",
    "user_id": "0190a000-0000-7000-8000-000000000003", "building_id": "0190a000-0000-7000-8000-000000000001",
    "reason": "I measured both doors.", "state": "open", "created_at": "2026-01-31T08:30:00.000Z",
    "decided_by": None, "decided_at": None, "decision": None,
}  # fmt: skip


class Dispute(msgspec.Struct, frozen=True):
    id: str
    entry_id: str
    user_id: str  # who opened it
    building_id: str | None
    reason: str
    state: Literal["open", "upheld", "reversed"]
    created_at: str
    decided_by: str | None = None
    decided_at: str | None = None
    decision: str | None = None


def open_dispute(parts: Parts, person: Person, entry_id: str, reason: str) -> Dispute:
    """Raises Problem `not_found` (also where it is none of theirs), `already_disputed`."""
    with parts.store.tables() as sql:
        hold(sql)  # so that nothing is posted, and no other dispute opened, in between
        entry = entry_of(sql, entry_id)
        if entry is None or not (entry["user_id"] == person.id or is_judge(sql, person, entry["building_id"])):
            raise Problem("not_found", f"entry {entry_id}")
        if sql.rows("select id from wallet_dispute where entry_id = :id and state = 'open'", id=entry_id):
            raise Problem("already_disputed", f"entry {entry_id}")
        dispute = Dispute(new_id(), entry_id, person.id, entry["building_id"], reason, "open", now())
        sql.run(
            """
            insert into wallet_dispute (id, entry_id, user_id, building_id, reason, state, created_at)
            values (:id, :entry_id, :user_id, :building_id, :reason, :state, :created_at)
            """,
            id=dispute.id, entry_id=entry_id, user_id=person.id, building_id=dispute.building_id,
            reason=reason, state="open", created_at=dispute.created_at,
        )  # fmt: skip
    return dispute


def decide(parts: Parts, person: Person, dispute_id: str, verdict: Verdict, reason: str) -> Dispute:
    """Raises Problem `not_found` (also where they may not decide), `forbidden`, `already_decided`."""
    with parts.store.tables() as sql:
        hold(sql)
        found = sql.rows(f"{_DISPUTES} where id = :id", id=dispute_id)
        if not found or not is_judge(sql, person, found[0]["building_id"]):
            raise Problem("not_found", f"dispute {dispute_id}")
        dispute, entry = Dispute(**found[0]), entry_of(sql, found[0]["entry_id"])
        assert entry is not None
        if person.id in (entry["user_id"], dispute.user_id):
            raise Problem("forbidden", "Another person decides.")
        if dispute.state != "open":
            raise Problem("already_decided", f"dispute {dispute_id} was {dispute.state}")
        if verdict == "reverse":
            take_back(sql, entry, reason)
        decided = msgspec.structs.replace(
            dispute, state="reversed" if verdict == "reverse" else "upheld",
            decided_by=person.id, decided_at=now(), decision=reason,
        )  # fmt: skip
        sql.run(
            """
            update wallet_dispute
            set state = :state, decided_by = :decided_by, decided_at = :decided_at, decision = :decision
            where id = :id
            """,
            id=decided.id, state=decided.state, decided_by=person.id, decided_at=decided.decided_at, decision=reason,
        )  # fmt: skip
    tell(parts)
    return decided


def is_judge(sql: Sql, person: Person, building_id: str | None) -> bool:
    if person.is_admin:
        return True
    return building_id is not None and at_least(granted_role(sql, person.id, building_id, now()), "reviewer")


_DISPUTES: LiteralString = """
    select id, entry_id, user_id, building_id, reason, state, created_at, decided_by, decided_at, decision
    from wallet_dispute
    """
_MINE: LiteralString = """
    (:everything = 1 or building_id in (
        select building_id from "grant"
        where user_id = :user_id and role in ('reviewer', 'manager', 'owner') and (until is null or until > :now)
    ))
    """


def to_judge(
    sql: Sql, person: Person, state: str | None, wanted: PageAsked
) -> tuple[list[Dispute], str | None, int]:
    """A page of the disputes this person may decide, oldest first unless another order is wanted."""
    whose = {"everything": int(person.is_admin), "user_id": person.id, "now": now(), "state": state or ""}
    found, more, total = page_of(sql, _TO_JUDGE, wanted, **whose)
    return [Dispute(**row) for row in found], more, total


_TO_JUDGE = Listing(
    f"{_DISPUTES} where {_MINE} and (:state = '' or state = :state)",
    sorts=("created_at", "state", "decided_at"), searched=("reason", "decision"), page=50, page_max=500,
)  # fmt: skip


def disputes_of(sql: Sql, entry_id: str) -> list[Dispute]:
    found = sql.rows(f"{_DISPUTES} where entry_id = :entry_id order by created_at, id", entry_id=entry_id)
    return [Dispute(**row) for row in found]
