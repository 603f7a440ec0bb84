"""One scope's push: who may, what the engine says of it, and what others should hear of it.

Devices, REST and importers all come through `take`; there is no second way in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec

from arxos_sync import limits
from arxos_sync.change import to_wire
from arxos_sync.intake import Arrival, Author, Taken, take_in
from arxos_sync.messages import Change, Cursor, Mark, Receipt, Transaction, write_cursor
from arxos_sync.problems import Problem
from arxos_sync.pull import Wish, pull
from arxos_sync.store import ScopeReader, ScopeWriter

from ..accounts.people import Person, grant, role_in
from ..live.bus import Hint
from ..parts import DICE, Parts, arrival, new_id, new_nonce, new_stamp


class Pushed(msgspec.Struct, frozen=True):
    """`role` is None where the scope is none of the author's: nothing was taken then."""

    taken: Taken | None
    role: str | None
    hint: Hint | None


def take(
    parts: Parts,
    writer: ScopeWriter,
    author: Author,
    prior: Mark | None,
    transactions: list[Transaction],
    at: Arrival,
) -> tuple[Taken, Hint | None]:
    """Take a push in by an author whose role is known; the hint is for after the commit."""
    taken = take_in(writer, parts.catalogue, author, prior, transactions, at, DICE)
    if taken.head.sequence == taken.before:
        return taken, None
    if taken.before == 0 and author.user_id and not writer.scope.startswith("user:"):
        grant(writer.sql, author.user_id, writer.scope, "owner", at.at)
    return taken, _hint(parts, writer, taken)


def _hint(parts: Parts, reader: ScopeReader, taken: Taken) -> Hint:
    """`building.change`, with its rows where they are small."""
    scope, before, head = reader.scope, taken.before, taken.head.sequence
    if len(taken.touched) > limits.LIVE_ROWS_BYTES_MAX // 64:
        return Hint(scope, before, head)
    cursor = Cursor(parts.epoch, parts.catalogue.schema, before, reader.salt(before) or "")
    wish = Wish(write_cursor(cursor), parts.catalogue.schema, rows=True)
    pulled = pull(reader, parts.catalogue, parts.epoch, wish)
    rows = msgspec.json.encode(pulled.rows)
    if pulled.state != "ok" or pulled.more or len(rows) > limits.LIVE_ROWS_BYTES_MAX:
        return Hint(scope, before, head)
    return Hint(scope, before, head, msgspec.Raw(rows), pulled.cursor)


def role_to_push(reader: ScopeReader, person: Person | None, transactions: list[Transaction], at: str) -> str | None:
    """The role the author has; whoever brings a new building is its owner from the first change on."""
    role = role_in(reader, person, at)
    if role is None and person is not None and _is_new_building(reader, transactions):
        return "owner"
    return role


def _is_new_building(reader: ScopeReader, transactions: list[Transaction]) -> bool:
    if not transactions or not transactions[0].changes or reader.scope.startswith("user:"):
        return False
    first = transactions[0].changes[0]
    return first.table == "building" and first.op == "insert" and first.id == reader.scope and reader.head().sequence == 0


# ---------------------------------------------------------------- writers that are no devices


def write(
    parts: Parts, person: Person, scope: str, changes: list[Change], origin: str, reason: str | None = None
) -> tuple[Pushed, Receipt]:
    """One transaction by a device of its own. Raises Problem `not_found` where the scope is none of theirs."""
    device = new_id()
    transaction = Transaction(1, new_nonce(), new_stamp(), changes, reason)
    with parts.store.write(scope) as writer:
        at = arrival()
        role = role_to_push(writer, person, [transaction], at.at)
        if role is None:
            raise Problem("not_found", scope)
        author = Author(person.id, device, role, person.name, origin)
        taken, hint = take(parts, writer, author, None, [transaction], at)
    return Pushed(taken, role, hint), taken.receipts[0]


def write_all(
    parts: Parts, person: Person, scope: str, changes: Iterable[Change], origin: str, reason: str | None = None
) -> Iterator[Receipt]:
    """A file's changes in as many transactions as they need, all by one device; a receipt each."""
    device, prior = new_id(), None
    changes = iter(changes)
    while some := list(islice(changes, limits.CHANGES_PER_TRANSACTION_MAX)):
        n = (prior.n if prior else 0) + 1
        transaction = Transaction(n, new_nonce(), new_stamp(), some, reason)
        with parts.store.write(scope) as writer:
            at = arrival()
            role = role_to_push(writer, person, [transaction], at.at)
            if role is None:
                raise Problem("not_found", scope)
            author = Author(person.id, device, role, person.name, origin)
            taken, hint = take(parts, writer, author, prior, [transaction], at)
        prior = taken.known
        if hint is not None:
            parts.bus.announce_apart(hint)
        yield taken.receipts[0]


def wire_set(parts: Parts, table: str, values: dict[str, Any]) -> dict[str, Any]:
    """Inner values as JSON carries them."""
    return to_wire(parts.catalogue.tables[table], values, False)
