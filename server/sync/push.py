"""One scope's push: who may, what the engine says of it, and what others should hear of it.

Devices, REST and importers all come through `take`; there is no second way in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from arxos_sync import limits
from arxos_sync.intake import Arrival, Author, Taken, take_in
from arxos_sync.messages import Change, Cursor, Mark, Receipt, Transaction, write_cursor
from arxos_sync.problems import Problem
from arxos_sync.pull import Wish, pull
from arxos_sync.store import ScopeReader, ScopeWriter

from ..accounts.grants import grant, organisation_of
from ..accounts.people import Person, role_in
from ..attachments.arrived import with_bytes_found
from ..live.bus import Hint
from ..operations import metrics
from ..operations.audit import audited
from ..parts import DICE, Parts, arrival, new_id, new_nonce, new_stamp


def take(
    parts: Parts,
    writer: ScopeWriter,
    author: Author,
    prior: Mark | None,
    transactions: list[Transaction],
    at: Arrival,
    common: int = 0,
    account_id: str = "",
) -> tuple[Taken, Hint | None]:
    """Take a push in by an author whose role is known; the hint is for after the commit. `common`: see `take_in`.
    `account_id`: the account that a new building is its author's through.
    """
    if writer.head().sequence == 0 and not writer.scope.startswith("user:"):
        taken = _take_new_building(parts, writer, author, prior, transactions, at, account_id)
    else:
        taken = take_in(writer, parts.catalogue, author, prior, transactions, at, DICE, common)
    metrics.judged(taken.receipts)
    if taken.head.sequence == taken.before:
        return taken, None
    taken = with_bytes_found(parts, writer, author, taken, at)
    hint = hint_of(parts, writer, taken)
    _tell_ownership(writer, author, taken)
    return taken, hint


def _tell_ownership(writer: ScopeWriter, author: Author, taken: Taken) -> None:
    """That a building came or went, to the audit log; all else is in the change log alone."""
    for row in taken.touched:
        if row.table != "building":
            continue
        if row.deleted is not None and row.deleted > taken.before:
            audited(writer.sql, author.user_id, "delete building", {"building": writer.scope})
        elif row.born > taken.before:
            audited(writer.sql, author.user_id, "make building", {"building": writer.scope})


def _take_new_building(
    parts: Parts,
    writer: ScopeWriter,
    author: Author,
    prior: Mark | None,
    transactions: list[Transaction],
    at: Arrival,
    account_id: str,
) -> Taken:
    """One by one until the building is there: before it, nobody has a role for anything else."""
    taken: Taken | None = None
    organisation = organisation_of(writer.sql, author.user_id or "", account_id)
    for index, transaction in enumerate(transactions):
        role = "owner" if _brings_building(writer.scope, transaction) else None
        entering = msgspec.structs.replace(author, role=role, organisation=organisation)
        following = take_in(writer, parts.catalogue, entering, prior, [transaction], at, DICE)
        taken = _joined(taken, following)
        if following.state != "ok":
            return taken
        prior = Mark(transaction.n, transaction.nonce)
        if following.head.sequence > 0:
            assert author.user_id is not None
            grant(writer.sql, author.user_id, writer.scope, "owner", at.at, account_id=account_id or None)
            rest = transactions[index + 1 :]
            return _joined(taken, take_in(writer, parts.catalogue, author, prior, rest, at, DICE)) if rest else taken
    assert taken is not None
    return taken


def _joined(one: Taken | None, other: Taken) -> Taken:
    """Two pushes of one device in one database transaction, as if they had been one."""
    if one is None:
        return other
    return msgspec.structs.replace(
        other, before=one.before, receipts=one.receipts + other.receipts, touched=one.touched + other.touched
    )


def hint_of(parts: Parts, reader: ScopeReader, taken: Taken) -> Hint:
    """`building.change`, with its rows where they are small."""
    scope, before, head = reader.scope, taken.before, taken.head.sequence
    if len(taken.touched) > limits.LIVE_ROWS_BYTES_MAX // 64:
        return Hint(scope, before, head)
    after = write_cursor(Cursor(parts.epoch, parts.catalogue.schema, before, reader.salt(before) or ""))
    wish = Wish(after, parts.catalogue.schema, rows=True)
    pulled = pull(reader, parts.catalogue, parts.epoch, wish)
    rows = msgspec.json.encode(pulled.rows)
    if pulled.state != "ok" or pulled.more or len(rows) > limits.LIVE_ROWS_BYTES_MAX:
        return Hint(scope, before, head)
    return Hint(scope, before, head, msgspec.Raw(rows), pulled.cursor, parts.catalogue.schema, after, taken.head.salt)


def role_to_push(reader: ScopeReader, person: Person | None, transactions: list[Transaction], at: str) -> str | None:
    """The role the author has; whoever brings a new building is its owner from the first change on."""
    role = role_in(reader, person, at)
    if role is None and person is not None and reader.head().sequence == 0:
        if any(_brings_building(reader.scope, transaction) for transaction in transactions):
            return "owner"
    return role


def _brings_building(scope: str, transaction: Transaction) -> bool:
    first = transaction.changes[0]
    return first.table == "building" and first.op == "insert" and first.id == scope


# ---------------------------------------------------------------- writers that are no devices


class Job:
    """A REST request or a file: a device of its own. Problem `not_found` where the scope is not theirs."""

    def __init__(self, parts: Parts, person: Person, scope: str, origin: str, reason: str | None = None) -> None:
        self.parts, self.person, self.scope, self.origin, self.reason = parts, person, scope, origin, reason
        self.device = new_id()
        self.prior: Mark | None = None

    def write(self, changes: list[Change]) -> tuple[Receipt, Hint | None]:
        """One transaction."""
        n = (self.prior.n if self.prior else 0) + 1
        transaction = Transaction(n, new_nonce(), new_stamp(), changes, self.reason)
        with self.parts.store.write(self.scope) as writer:
            at = arrival()
            role = role_to_push(writer, self.person, [transaction], at.at)
            if role is None:
                raise Problem("not_found", self.scope)
            author = Author(self.person.id, self.device, role, self.person.name, self.origin)
            account_id = self.person.account_id
            taken, hint = take(self.parts, writer, author, self.prior, [transaction], at, account_id=account_id)
        self.prior = taken.known
        return taken.receipts[0], hint

    def write_all(self, changes: Iterable[Change]) -> Iterator[Receipt]:
        """In as many transactions as they need, a receipt each; other processes hear of them."""
        changes = iter(changes)
        while some := list(islice(changes, limits.CHANGES_PER_TRANSACTION_MAX)):
            receipt, hint = self.write(some)
            if hint is not None:
                self.parts.bus.announce_apart(hint)
            yield receipt
