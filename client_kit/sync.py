"""The sync loop: it performs what `session.step` instructs, one thing at a time, and tells it what came of
it."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from arxos_sync import limits, session, stamp
from arxos_sync.messages import PROTOCOL, Grant, RowOut, ScopeAnswer, ScopeRequest, SyncAnswer, SyncRequest
from arxos_sync.problems import Problem
from arxos_sync.storage import replica_care, replica_heal, replica_verify
from arxos_sync.storage.driver import connect
from arxos_sync.storage.replica_lay import Applied
from arxos_sync.storage.spatialite import Replica

from . import healing, telling
from .http import Server, Unreachable, sent_at
from .replica import Home, new_id, now_ms
from .snapshot import rows_of

_SLOW = ("exchange", "fetch_snapshot")  # performed last, so that the badge says `syncing` meanwhile
Tell = Callable[[str, dict[str, Any]], None]


class Hint(msgspec.Struct, frozen=True):
    """What `building.change` says; what it brought along waits until the session says to apply it."""

    scope: str
    since: int = msgspec.field(name="from")
    to: int
    rows: list[RowOut] | None = None
    cursor: str | None = None
    after: str = ""
    salt: str = ""


class Loop:
    """`tell(what, facts)` hears of everything a person may want to see."""

    def __init__(self, home: Home, server: Server, tell: Tell, verify: bool = False) -> None:
        self.home, self.server, self.tell = home, server, telling.remembering(home, tell)
        self.verify = verify
        self.session = session.Session()
        self.hint: Hint | None = None
        self.wait_until: int | None = None
        self.problem: Problem | None = None
        self.needs_login = False
        self.evicted = False  # a file was lost, and that was said: it becomes another device without more words
        self.revoked: list[str] = []  # heard of, not yet told to the session
        self.totals = {"rows": 0, "deleted": 0, "receipts": 0, "rejected": 0, "conflicts": 0, "exchanges": 0}

    def start(self) -> None:
        facts = {}
        for scope in self.home.device().scopes:
            replica = self.home.replica(scope)
            replica_care.prune(replica, now_ms())
            status = replica_care.status(replica, now_ms())
            facts[scope] = session.ScopeFacts(status.subscribed, status.sequence, status.pending, status.rejected)
        self.hear(session.Started(facts))

    def edited(self) -> None:
        """Tell the session of edits that other programs made to the files."""
        for scope in list(self.session.scopes):
            known = self.session.scopes.get(scope)
            if known is None:
                continue  # lost while another was told of
            status = replica_care.status(self.home.replica(scope), now_ms())
            if (status.pending, status.rejected) != (known.pending, known.rejected):
                self.hear(session.Edited(scope, status.pending, status.rejected))

    def hear(self, event: session.Event) -> None:
        """Take in an event and perform what follows, until nothing more follows."""
        waiting = deque([event])
        while waiting:
            self.session, instructions = session.step(self.session, waiting.popleft())
            for instruction in sorted(instructions, key=lambda one: one["do"] in _SLOW):
                answer = self._perform(instruction)
                if answer is not None:
                    waiting.append(answer)

    def _perform(self, instruction: session.Instruction) -> session.Event | None:
        match instruction["do"]:
            case "exchange":
                return self._tried(lambda: self._exchange(instruction["scopes"]))
            case "fetch_snapshot":
                return self._tried(lambda: self._fetch_snapshot(instruction["scope"]))
            case "apply_hint":
                self._apply_hint(instruction["scope"])
            case "start_over":
                replica_care.start_over(self.home.replica(instruction["scope"]))
                self.tell("start_over", instruction)
            case "fork":
                self._fork()
            case "drop_scope":
                self._drop(instruction["scope"])
            case "need_login":
                self.needs_login = True
                self.tell("need_login", {})
            case "wait":
                self.wait_until = instruction["until"]
            case "show":
                self.tell("badge", instruction["badge"])
        return None

    def _tried(self, work: Callable[[], session.Event]) -> session.Event:
        try:
            event = work()
            self.problem = None
            return event
        except Problem as problem:
            self.problem = problem
            after = problem.retry_after_s
            self.tell("problem", {"code": problem.code, "detail": problem.detail, "hint": problem.hint})
            return session.Failed(
                now_ms(), _kind(problem), random.random(), after * 1000 if after is not None else None
            )

    # ------------------------------------------------------------ exchange

    def _exchange(self, scopes: list[str]) -> session.Event:
        device = self.home.device().device
        asked, budget = {}, limits.CHANGES_PER_REQUEST_MAX
        for scope in scopes:
            healing.go_on(self.server, self.home.replica(scope), self._told)
            asked[scope] = self._request(self.home.replica(scope), budget)
            budget -= sum(len(t.changes) for t in asked[scope].transactions)
        request = SyncRequest(
            protocol=PROTOCOL,
            schema=self.home.catalogue.schema,
            device=device,
            sent_at=sent_at(device),
            scopes=list(asked.values()),
        )
        sent = now_ms()
        answer = self.server.exchange(request)
        self.totals["exchanges"] += 1
        offset = stamp.milliseconds(answer.received_at) - (sent + now_ms()) // 2
        return self._take(answer, asked, offset)

    def _request(self, replica: Replica, budget: int) -> ScopeRequest:
        heals = replica_heal.under_way(replica) is not None  # numbers go to what is offered first
        transactions = replica.pending(changes_max=budget) if budget > 0 and not heals else []
        return ScopeRequest(
            scope=replica.scope,
            cursor=replica.cursor(),
            prior=None if heals else replica.prior(),
            transactions=transactions,
            verify=self.verify,
            rows=self.home.encrypted,  # a snapshot would lie on the disk in plain sight
        )

    def _take(self, answer: SyncAnswer, asked: dict[str, ScopeRequest], offset: int) -> session.Event:
        taken, results = [one for one in answer.scopes if one.scope in self.session.scopes], []
        for one in taken:  # before what it is the clock of: a device that dies, or fails at another scope, heard it
            self.home.replica(one.scope).learn(answer.received_at, offset)
        for one in taken:
            results.append(self._take_scope(one, asked[one.scope]))
        self._told(answer.granted, answer.revoked)
        if not answer.revoked and any(one.state == "ok" and one.cursor is None for one in answer.scopes):
            raise Problem("upgrade_required", "What was pushed is judged; rows come to a newer version only.")
        revoked, self.revoked = tuple(self.revoked), []
        return session.Answered(now_ms(), results, revoked)

    def _told(self, granted: list[Grant], revoked: list[str]) -> None:
        for grant in granted:
            self.tell("granted", {"scope": grant.scope, "role": grant.role})
        self.revoked += revoked

    def _take_scope(self, one: ScopeAnswer, asked: ScopeRequest) -> session.ScopeResult:
        replica = self.home.replica(one.scope)
        if lost := replica_care.forgotten(replica, one.known):
            self.tell("evicted", {"scope": one.scope, "known": lost})
            self.evicted = True
        done = Applied()
        lost_again = one.state in ("ok", "out_of_order") and replica_heal.lost_again(replica, one.known)
        if one.state == "ok" and not lost_again:
            replica_heal.set_aside(replica)  # the server has come back to the life it was healed of: it was in vain
        if one.state in ("ok", "out_of_order", "forked", "gone") and not lost_again:
            done = replica.apply_answer(one, from_nothing=asked.cursor is None)
        if one.state == "out_of_order" and not lost_again:
            replica_care.rewind(replica, one.known)
        if one.role != replica.state("role"):
            replica.set_state(role=one.role)
        state = "diverged" if lost_again else "forked" if lost and one.state == "ok" else one.state
        if state == "gone":
            replica_heal.set_aside(replica)  # what waits is sent, and kept by the server for whoever may read it
        if state == "gone" and replica_care.is_empty(replica):
            self.revoked.append(one.scope)  # nothing was ever here: there is nothing to keep
        if state == "diverged":
            state = self._heal(replica, one)
        if done.suspect:
            self._repair(replica, done.suspect)
        elif one.digest is not None and not one.more:
            replica.set_state(verified_at=telling.instant())
            healing.try_owed(self.server, replica, self._told)
        self._count(one, done)
        status = replica_care.status(replica, now_ms())
        return session.ScopeResult(
            scope=one.scope,
            state=state,  # type: ignore[arg-type]
            sequence=status.sequence,
            more=one.more,
            receipts=done.receipts,
            pending=status.pending,
            rejected=status.rejected,
        )

    def _count(self, one: ScopeAnswer, done: Applied) -> None:
        for name in ("rows", "deleted", "receipts", "rejected", "conflicts"):
            self.totals[name] += getattr(done, name)
        facts = {"state": one.state, "head": one.head, "more": one.more} | msgspec.to_builtins(done)
        self.tell("applied", {"scope": one.scope} | facts)

    # ------------------------------------------------------------ the rest

    def _repair(self, replica: Replica, tables: tuple[str, ...]) -> None:
        """Fetch what differs. Done at once, in the exchange that noticed."""
        replica_care.recount(replica)
        for table in tables:
            theirs = self.server.leaves(replica.scope, table)
            wrong = replica_care.differing_leaves(replica, table, theirs.leaves)
            if wrong:
                rows = self.server.repair(replica.scope, table, wrong).rows
                done = replica_verify.mend(replica, table, wrong, rows, now_ms())
                facts = {"table": table, "leaves": len(wrong), "rows": done.rows, "recorded": done.recorded}
                self.tell("repaired", facts)
        replica.set_state(suspect="[]")

    def _heal(self, replica: Replica, one: ScopeAnswer) -> str:
        """The server was restored; afterwards the scope is fetched anew. Answers what that means to the session."""
        done = healing.heal(self.server, replica, one.known, one.role, self._told)
        if done is None:
            return "forked"
        self.tell("healed", done)
        return "diverged"

    def _fetch_snapshot(self, scope: str) -> session.Event:
        arrived = self.home.folder / "files" / f".{self.home.path(scope).stem}.snapshot"
        self.tell("snapshot", {"scope": scope})
        self.server.snapshot(scope, arrived)
        replica = self._take_snapshot(scope, arrived)
        return session.SnapshotTaken(scope, replica.sequence)

    def _take_snapshot(self, scope: str, arrived: Path) -> Replica:
        """A replica without anything of its own becomes the file; else rows go under what it holds."""
        replica = self.home.replica(scope)
        if replica.is_untouched():
            return self.home.put_file(scope, arrived)
        connection = connect(arrived, readonly=True)
        try:
            replica.apply_answer(rows_of(connection, replica), from_nothing=True)
        finally:
            connection.close()
        arrived.unlink()
        return replica

    def hinted(self, hint: Hint) -> None:
        """The socket says that a scope moved. Rows that go on from another cursor than the replica's are left."""
        known = hint.scope in self.session.scopes
        if known and hint.rows is not None and hint.cursor and hint.after:
            self.hint = hint if self.home.replica(hint.scope).cursor() == hint.after else None
        self.hear(session.Hinted(hint.scope, hint.since, hint.to, self.hint is not None))
        self.hint = None

    def _apply_hint(self, scope: str) -> None:
        hint, self.hint = self.hint, None
        assert hint is not None and hint.scope == scope, "the hint just told"
        assert hint.rows is not None and hint.cursor
        replica = self.home.replica(scope)
        if replica.cursor() != hint.after or replica.sequence != hint.since:
            return  # the file is about to be fetched anew: the next exchange brings these rows too
        done = replica.apply_hint(hint.rows, hint.cursor, hint.to, hint.salt)
        self.tell("applied", {"scope": scope, "state": "live", "head": hint.to} | msgspec.to_builtins(done))

    def _fork(self) -> None:
        device = self.home.device()
        device.device, device.past = new_id(), {}
        count = sum(replica_care.fork(self.home.replica(s), device.device) for s in device.scopes)
        self.home.save(device)
        if not self.evicted:
            self.tell("fork", {"device": device.device, "pending": count})
        self.evicted = False

    def _drop(self, scope: str) -> None:
        replica = self.home.replica(scope)
        unsent, name = replica_care.unsent(replica), replica_care.name(replica)
        written = self.home.drop(scope, unsent)
        facts = {"scope": scope, "name": name, "unsent": len(unsent)}
        self.tell("dropped", facts | {"kept_in": str(written) if written else None})


def _kind(problem: Problem) -> str:
    if isinstance(problem, Unreachable):
        return "network"
    kinds = {
        "unauthenticated": "login",
        "upgrade_required": "upgrade",
        "device_taken": "device_taken",
        "not_found": "gone",
        "too_many_requests": "busy",
        "unavailable": "busy" if problem.retry_after_s is not None else "server",
    }
    return kinds.get(problem.code, "refused")
