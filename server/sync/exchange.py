"""`POST /api/v1/sync`: one round trip, scope by scope, each committed before the next (PROTOCOL §3).

A scope with nothing to push is read; one with a push is written, and its pull read in the same database
transaction. All of it runs in a worker thread.
"""

from __future__ import annotations

from arxos_sync import limits, stamp
from arxos_sync.intake import Arrival, Author
from arxos_sync.messages import (
    PROTOCOL,
    ChangeProblem,
    Mark,
    Receipt,
    ScopeAnswer,
    ScopeRequest,
    SyncAnswer,
    SyncRequest,
    read_cursor,
)
from arxos_sync.problems import Problem, kind
from arxos_sync.pull import Wish, check_cursor, place_of, pull, too_old
from arxos_sync.store import ScopeReader, ScopeWriter

from ..accounts.people import Person, role_in
from ..live.bus import Hint
from ..operations import metrics, telling
from ..parts import CLOCK_ID, Parts, arrival, now, now_ms
from . import devices, seen
from .push import role_to_push, take


class Exchange:
    """One request being answered."""

    def __init__(self, parts: Parts, person: Person | None, request: SyncRequest, binary: bool) -> None:
        self.parts, self.person, self.request, self.binary = parts, person, request, binary
        self.hints: list[Hint] = []
        self._accepted = ""  # the highest stamp the scopes of this exchange have accepted
        self._shut_out = False  # the device was given up by its person

    def answer(self) -> SyncAnswer:
        telling.learnt(device=self.request.device)
        pushes = any(scope.transactions for scope in self.request.scopes)
        with metrics.exchanges.labels("push" if pushes else "pull").time():
            answered = self._answer()
        if self.person is not None:
            seen.note(self.parts, self.request.device, answered.scopes)
        return answered

    def _answer(self) -> SyncAnswer:
        told, scopes = self._at_once() or (None, [])
        if told is None:
            told = devices.registered(self.parts, self.person, self.request.device)
            self._look_whether_given_up(told)
            scopes = [self._scope(wanted, told.scopes) for wanted in self.request.scopes]
        granted, revoked = devices.tell(
            self.parts, self.person, told, [s.scope for s in self.request.scopes], again=bool(self.hints)
        )
        return SyncAnswer(
            protocol=PROTOCOL,
            epoch=self.parts.epoch,
            received_at=stamp.following(self._accepted or None, now_ms(), CLOCK_ID),
            scopes=scopes,
            granted=granted,
            revoked=revoked,
        )

    def _at_once(self) -> tuple[devices.Told, list[ScopeAnswer]] | None:
        """What most exchanges are, nothing to push and one scope to look at: in one database transaction."""
        if len(self.request.scopes) != 1 or self.request.scopes[0].transactions:
            return None
        (wanted,) = self.request.scopes
        with self.parts.store.read(wanted.scope) as reader:
            told = devices.found(reader.sql, self.person, self.request.device, now())
            if told is None:
                return None
            self._look_whether_given_up(told)
            return told, [self._read(reader, wanted, arrival())]

    def _look_whether_given_up(self, told: devices.Told) -> None:
        """A device that was given up has lost every scope; one that holds nothing any more begins as another."""
        self._shut_out = told.revoked
        if told.revoked and all(one.cursor is None and not one.transactions for one in self.request.scopes):
            raise Problem("device_taken", "This device was given up.")

    def _scope(self, wanted: ScopeRequest, told: frozenset[str]) -> ScopeAnswer:
        at = arrival()
        if self.person is None and wanted.transactions:
            raise Problem("unauthenticated", "Writing needs a login.")
        if not wanted.transactions:
            with self.parts.store.read(wanted.scope) as reader:
                return self._read(reader, wanted, at)
        with self.parts.store.write(wanted.scope) as writer:
            answered, hint = self._write(writer, wanted, at, told)
        if hint is not None:
            self.hints.append(hint)
        return answered

    def _read(self, reader: ScopeReader, wanted: ScopeRequest, at: Arrival) -> ScopeAnswer:
        self._foresee(reader, wanted)
        role = None if self._shut_out else role_in(reader, self.person, at.at)
        if role is None and self.person is None:
            raise Problem("unauthenticated", "Only public buildings are read without a login.")
        if role is None:
            return _gone(wanted)
        known = reader.known(self.request.device)
        state = _standing(reader, wanted.prior, known)
        return self._pulled(reader, wanted, role, state, known, [])

    def _write(
        self, writer: ScopeWriter, wanted: ScopeRequest, at: Arrival, told: frozenset[str]
    ) -> tuple[ScopeAnswer, Hint | None]:
        self._foresee(writer, wanted)
        role = None if self._shut_out else role_to_push(writer, self.person, wanted.transactions, at.at)
        if role in (None, "anonymous") and self.person is not None and wanted.scope in told:
            devices.quarantine(writer.sql, self.request.device, self.person.id, wanted, at.at)
        if role is None:
            return _gone(wanted), None
        known = writer.known(self.request.device)
        hindrance = self._hindrance(writer, wanted)
        if hindrance is not None:
            return self._pulled(writer, wanted, role, "ok", known, []), None
        person = self.person
        cursor = read_cursor(wanted.cursor) if wanted.cursor else None
        author = Author(
            user_id=person.id if person else None,
            device=self.request.device,
            role=role,
            name=person.name if person else "",
            schema=min(self.request.schema, cursor.schema if cursor else self.request.schema),
        )
        common = cursor.sequence if cursor else 0
        account_id = person.account_id if person else ""
        taken, hint = take(
            self.parts, writer, author, wanted.prior, wanted.transactions, at, common, account_id=account_id
        )
        return self._pulled(writer, wanted, role, taken.state, taken.known, taken.receipts), hint

    def _foresee(self, reader: ScopeReader, wanted: ScopeRequest) -> None:
        cursor = read_cursor(wanted.cursor) if wanted.cursor else None
        reader.foresee(self.request.device, place_of(cursor) if cursor else 0)

    def _hindrance(self, reader: ScopeReader, wanted: ScopeRequest) -> str | None:
        """The state in which a push is not taken, if the cursor puts the scope in one."""
        if check_cursor(reader, self.parts.epoch, wanted.cursor) == "diverged":
            return "diverged"
        if too_old(self.parts.catalogue, self.request.schema):
            return None
        many = limits.SNAPSHOT_INSTEAD_OF_ROWS
        if wanted.cursor is None and not wanted.rows and reader.count_changed(0, many) >= many:
            return "snapshot"
        return None

    def _pulled(
        self,
        reader: ScopeReader,
        wanted: ScopeRequest,
        role: str,
        state: str,
        known: Mark | None,
        receipts: list[Receipt],
    ) -> ScopeAnswer:
        wish = Wish(
            cursor=wanted.cursor,
            schema=self.request.schema,
            rows_max=self.request.max_rows,
            rows=wanted.rows,
            verify=wanted.verify,
            binary=self.binary,
        )
        pulled = pull(reader, self.parts.catalogue, self.parts.epoch, wish)
        self._accepted = max(self._accepted, reader.head().stamp)
        return ScopeAnswer(
            scope=wanted.scope,
            state=state if pulled.state == "ok" else pulled.state,
            known=known,
            receipts=receipts,
            rows=pulled.rows,
            more=pulled.more,
            role=role,
            cursor=pulled.cursor,
            head=pulled.head,
            salt=pulled.salt,
            digest=pulled.digest,
        )


def _standing(reader: ScopeReader, prior: Mark | None, known: Mark | None) -> str:
    """What `prior` says of a device that sends nothing: does the server remember it the same way?"""
    if prior is None or prior == known:
        return "ok"
    if known is None or prior.n > known.n:
        return "out_of_order"
    return "forked" if prior.n == known.n else "ok"


def _gone(wanted: ScopeRequest) -> ScopeAnswer:
    """Not readable and not existing look the same."""
    problem = ChangeProblem("forbidden", "No such scope for this caller.", kind("forbidden").hint)
    receipts = [Receipt(t.n, "rejected", None, [], problem) for t in wanted.transactions]
    return ScopeAnswer(wanted.scope, "gone", None, receipts, [], False)
