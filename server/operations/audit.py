"""The audit log: acts of administration and of ownership, and refused logins, each with the hash of the one before it.

Whoever changes, drops or slips in an entry breaks the chain at that place, and the table `audit_head` tells when
entries at its end are gone; writers follow one another by its row. An entry is written in the transaction of what it
tells of. `arxos admin verify` walks the chain. Its last hash, kept elsewhere, vouches for all entries before it.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from arxos_sync.store import Sql

from ..parts import Parts, new_id, now

NOTHING = "0" * 64  # before the first entry
_PAGE = 500


class Chain(msgspec.Struct, frozen=True):
    """What `arxos admin verify` found: entries up to the last or the first that is wrong."""

    entries: int
    hash: str
    broken: str | None = None

    @property
    def ok(self) -> bool:
        return self.broken is None

    def line(self) -> str:
        if self.ok:
            return f"audit log: {self.entries} entries, the chain holds; the last hash is {self.hash}"
        return f"audit log: the chain is broken: {self.broken}"


def audited(sql: Sql, person: str | None, action: str, detail: dict[str, Any]) -> None:
    """Write down what `person` (None: the command line, or nobody known) does, as the last in the transaction of `sql`:
    until it commits, all other acts wait. No secrets in `detail`, and ids instead of names and addresses: what is
    written stays when its person has left.
    """
    sql.run(
        """
        insert into audit_head (name, number, hash)
        values ('audit', 1, :nothing)
        on conflict (name) do update set number = audit_head.number + 1
        """,
        nothing=NOTHING,
    )  # the row is this transaction's until it commits
    head = sql.rows("select number, hash from audit_head where name = 'audit'")[0]
    id, at, told = new_id(), now(), msgspec.json.encode(detail, order="sorted").decode()
    number, previous = int(head["number"]), str(head["hash"])
    hashed = _hash(number, id, at, person, action, told, previous)
    sql.run(
        """
        insert into audit_log (id, at, user_id, action, detail, previous_hash, hash, number)
        values (:id, :at, :person, :action, :told, :previous, :hashed, :number)
        """,
        id=id, at=at, person=person, action=action, told=told, previous=previous, hashed=hashed, number=number,
    )  # fmt: skip
    sql.run("update audit_head set hash = :hashed where name = 'audit'", hashed=hashed)


def verify_chain(parts: Parts) -> Chain:
    """Walk the whole chain in one transaction, so that none is added meanwhile."""
    with parts.store.tables() as sql:
        head = sql.rows("select number, hash from audit_head where name = 'audit'")
        number, previous = 0, NOTHING
        while page := sql.rows(_FOLLOWING, number=number, limit=_PAGE):
            for entry in page:
                broken = _wrong(entry, number + 1, previous)
                if broken is not None:
                    return Chain(number, previous, broken)
                number, previous = number + 1, str(entry["hash"])
        stray = int(sql.rows("select count(*) as entries from audit_log")[0]["entries"])
    told = (int(head[0]["number"]), str(head[0]["hash"])) if head else (0, NOTHING)
    if stray != number:
        return Chain(number, previous, f"{stray - number} entries have no place in it")
    if told != (number, previous):
        return Chain(number, previous, f"it should end with entry {told[0]}, and it ends with {number}")
    return Chain(number, previous)


_FOLLOWING = """
    select id, at, user_id, action, detail, previous_hash, hash, number
    from audit_log
    where number > :number
    order by number, id
    limit :limit
    """


def _wrong(entry: dict[str, Any], number: int, previous: str) -> str | None:
    named = f"entry {entry['number']} ({entry['action']}, {entry['at']})"
    if int(entry["number"]) != number:
        return f"entry {number} is not there; after it comes {named}"
    if entry["previous_hash"] != previous:
        return f"{named} does not follow the one before it"
    person = None if entry["user_id"] is None else str(entry["user_id"])
    told = (str(entry["id"]), str(entry["at"]), person, entry["action"], entry["detail"])
    if entry["hash"] != _hash(number, *told, previous):
        return f"{named} was changed"
    return None


def _hash(number: int, id: str, at: str, person: str | None, action: str, told: str, previous: str) -> str:
    """SHA-256 over the entry as a JSON array, which nothing in it can blur."""
    return hashlib.sha256(msgspec.json.encode([number, id, at, person, action, told, previous])).hexdigest()
