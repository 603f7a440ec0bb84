"""When one person's replicas sync: a state machine that performs nothing.

`step(session, event)` answers the next session and what the shell must do. Each event changes facts and
nothing else (`_EVENTS`, a function an event); `_decide` looks at the facts alone and says what follows. All
is plain data, so that `schemas/vectors/session.json` holds the same traces for Python and JavaScript. Times
are ms since 1970, given in; `jitter` is a number from 0 up to 1, given in.

Instructions, and what the shell owes for each:
  exchange {scopes}      build the push, send, apply what comes, then tell `answered` or `failed`
  fetch_snapshot {scope} fetch the file, take it in under edits, then tell `snapshot_taken` or `failed`
  apply_hint {scope}     apply the rows that came with the hint just told
  start_over {scope}     forget the cursor, keep pending edits; done before the next event
  fork {}                take a new device id, re-record what is pending under it; done before the next event
  drop_scope {scope}     write out what is unsent, then remove the scope's file; done before the next event
  need_login {}          ask the person to log in; tell `logged_in` afterwards
  wait {until}           tell `tick` at that time; replaces any wait before
  show {badge}           draw the badge

Invariants, checked before and after each step:
 1. One exchange or snapshot is under way at a time; scopes are asked for only by it.
 2. Nothing is sent while offline, logged out or waiting after a failure.
 3. The badge says `saved` only where nothing is pending, every scope is current, and nothing failed since.
 4. A scope that became due while an exchange ran is due after it.
 5. A scope that was dropped is not asked for again; only one that the server names as revoked is dropped. One that is
    gone without a word of that (`absent`: a server put back to before it was there) is kept, and asked for again.
 6. A wait after a failure is never longer than RETRY_MS_MAX.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

RETRY_MS_MIN = 2_000
RETRY_MS_MAX = 15 * 60_000
POLL_MS = 60_000  # hints may be lost: ask at least so often
SCOPES_PER_EXCHANGE_MAX = 50

Phase = Literal["new", "behind", "current", "snapshot", "absent", "lost"]


class Scope(msgspec.Struct, frozen=True):
    phase: Phase = "new"
    sequence: int = 0  # applied
    pending: int = 0  # transactions without a receipt
    rejected: int = 0  # rejected ones that nobody has dealt with
    due: bool = True  # there is something to ask or to send


class Badge(msgspec.Struct, frozen=True):
    """`state`: saved, waiting, syncing, rejected, trouble, offline, login."""

    state: str
    pending: int = 0
    rejected: int = 0
    problem: str | None = None


class Session(msgspec.Struct, frozen=True):
    online: bool = True
    login: bool = True
    busy: Literal["", "exchange", "snapshot"] = ""
    asked: tuple[str, ...] = ()  # the scopes of what is under way
    failures: int = 0
    retry_at: int | None = None
    poll_at: int | None = None
    problem: str | None = None
    scopes: dict[str, Scope] = msgspec.field(default_factory=dict)
    shown: Badge | None = None
    waiting: int | None = None


# ---------------------------------------------------------------- events


class _Event(msgspec.Struct, frozen=True, tag_field="event"):
    pass


class ScopeFacts(msgspec.Struct, frozen=True):
    """What a replica knows of itself at start."""

    has_cursor: bool
    sequence: int = 0
    pending: int = 0
    rejected: int = 0


class ScopeResult(msgspec.Struct, frozen=True):
    """What became of a scope in an exchange, after it was applied. `pending` counts what is still
    unreceipted.
    """

    scope: str
    state: Literal["ok", "out_of_order", "forked", "diverged", "snapshot", "gone"]
    sequence: int = 0
    more: bool = False
    receipts: int = 0
    pending: int = 0
    rejected: int = 0


class Started(_Event, frozen=True, tag="started"):
    scopes: dict[str, ScopeFacts]


class Subscribed(_Event, frozen=True, tag="subscribed"):
    scope: str


class Unsubscribed(_Event, frozen=True, tag="unsubscribed"):
    scope: str


class Edited(_Event, frozen=True, tag="edited"):
    scope: str
    pending: int
    rejected: int = 0


class Tick(_Event, frozen=True, tag="tick"):
    now: int


class Online(_Event, frozen=True, tag="online"):
    pass


class Offline(_Event, frozen=True, tag="offline"):
    pass


class SyncAsked(_Event, frozen=True, tag="sync_asked"):
    """The person pressed the button."""


class LoggedIn(_Event, frozen=True, tag="logged_in"):
    pass


class Answered(_Event, frozen=True, tag="answered"):
    now: int
    scopes: list[ScopeResult]
    revoked: tuple[str, ...] = ()


class SnapshotTaken(_Event, frozen=True, tag="snapshot_taken"):
    scope: str
    sequence: int


class Failed(_Event, frozen=True, tag="failed"):
    """`kind`: network, server, busy (with `retry_after_ms`), login, upgrade, refused, device_taken, gone."""

    now: int
    kind: str
    jitter: float
    retry_after_ms: int | None = None


class Hinted(_Event, frozen=True, tag="hinted"):
    """`building.change`: the server went from sequence `from_` to `to`; `rows`: did they come along?"""

    scope: str
    from_: int = msgspec.field(name="from")
    to: int
    rows: bool = False


Event = (
    Started | Subscribed | Unsubscribed | Edited | Tick | Online | Offline | SyncAsked | LoggedIn | Answered
    | SnapshotTaken | Failed | Hinted
)  # fmt: skip
Instruction = dict[str, Any]


def step(session: Session, event: Event) -> tuple[Session, list[Instruction]]:
    """Take in one event. Answers the next session and what the shell must do, in order."""
    check(session)
    session, instructions = _EVENTS[type(event)](session, event)
    session, further = _decide(session)
    check(session)
    return session, instructions + further


def check(session: Session) -> None:
    assert bool(session.busy) == bool(session.asked), "invariant 1"
    assert session.busy != "snapshot" or len(session.asked) == 1, "invariant 1"
    assert session.shown is None or session.shown.state != "saved" or _all_saved(session), "invariant 3"


# ---------------------------------------------------------------- facts


def _started(session: Session, event: Started) -> tuple[Session, list[Instruction]]:
    scopes = {
        name: Scope("behind" if facts.has_cursor else "new", facts.sequence, facts.pending, facts.rejected)
        for name, facts in event.scopes.items()
    }
    return msgspec.structs.replace(session, scopes=scopes), []


def _subscribed(session: Session, event: Subscribed) -> tuple[Session, list[Instruction]]:
    if event.scope in session.scopes:
        return _with(session, event.scope, due=True), []
    return msgspec.structs.replace(session, scopes=session.scopes | {event.scope: Scope()}), []


def _unsubscribed(session: Session, event: Unsubscribed) -> tuple[Session, list[Instruction]]:
    return _drop(session, event.scope)


def _edited(session: Session, event: Edited) -> tuple[Session, list[Instruction]]:
    return _with(session, event.scope, pending=event.pending, rejected=event.rejected, due=True), []


def _tick(session: Session, event: Tick) -> tuple[Session, list[Instruction]]:
    if session.retry_at is not None and event.now >= session.retry_at:
        session = msgspec.structs.replace(session, retry_at=None)
    if session.poll_at is not None and event.now >= session.poll_at:
        session = _all_due(msgspec.structs.replace(session, poll_at=None))
    return session, []


def _online(session: Session, event: Online) -> tuple[Session, list[Instruction]]:
    return _all_due(msgspec.structs.replace(session, online=True, retry_at=None)), []


def _offline(session: Session, event: Offline) -> tuple[Session, list[Instruction]]:
    return msgspec.structs.replace(session, online=False), []


def _sync_asked(session: Session, event: SyncAsked) -> tuple[Session, list[Instruction]]:
    return _all_due(msgspec.structs.replace(session, retry_at=None)), []


def _logged_in(session: Session, event: LoggedIn) -> tuple[Session, list[Instruction]]:
    return _all_due(msgspec.structs.replace(session, login=True, problem=None, retry_at=None)), []


def _answered(session: Session, event: Answered) -> tuple[Session, list[Instruction]]:
    instructions: list[Instruction] = []
    session = _at_rest(session, failures=0, problem=None, poll_at=event.now + POLL_MS)
    if any(result.state == "forked" for result in event.scopes):
        instructions.append({"do": "fork"})
        session = _all_due(session)
    for result in event.scopes:
        session, more = _one_answer(session, result)
        instructions += more
    for scope in event.revoked:
        session, more = _lost(session, scope)
        instructions += more
    return session, instructions


def _one_answer(session: Session, result: ScopeResult) -> tuple[Session, list[Instruction]]:
    before = session.scopes.get(result.scope)
    if before is None:
        return session, []
    counts = {"pending": result.pending, "rejected": result.rejected}
    match result.state:
        case "gone" if before.phase == "lost":
            return _lost(_with(session, result.scope, **counts), result.scope, before)
        case "gone":
            return _with(session, result.scope, phase="absent", **counts), []
        case "diverged":
            return (
                _with(session, result.scope, phase="new", sequence=0, due=True, **counts),
                [{"do": "start_over", "scope": result.scope}],
            )
        case "snapshot":
            return _with(session, result.scope, phase="snapshot", due=True, **counts), []
        case _:
            due = before.due or result.more or (result.pending > 0 and result.receipts > 0)
            phase = "behind" if result.more or result.state != "ok" else "current"
            due = due or result.state != "ok"
            return _with(session, result.scope, phase=phase, sequence=result.sequence, due=due, **counts), []


def _lost(session: Session, name: str, before: Scope | None = None) -> tuple[Session, list[Instruction]]:
    """What is pending is sent once; when no more of it can go, the scope leaves."""
    scope = session.scopes.get(name)
    if scope is None:
        return session, []
    stuck = before is not None and before.phase == "lost" and scope.pending >= before.pending
    if scope.pending == 0 or stuck:
        return _drop(session, name)
    return _with(session, name, phase="lost", due=True), []


def _snapshot_taken(session: Session, event: SnapshotTaken) -> tuple[Session, list[Instruction]]:
    session = _at_rest(session, failures=0, problem=None)
    if event.scope not in session.scopes:
        return session, []
    return _with(session, event.scope, phase="behind", sequence=event.sequence, due=True), []


def _failed(session: Session, event: Failed) -> tuple[Session, list[Instruction]]:
    asked, failures, was = session.asked, session.failures + 1, session.busy
    session = _at_rest(session, failures=failures, problem=event.kind)
    for scope in asked:
        session = _with(session, scope, due=True)
    match event.kind:
        case "login":
            return msgspec.structs.replace(session, login=False), [{"do": "need_login"}]
        case "device_taken":
            instructions: list[Instruction] = [{"do": "fork"}]
        case "gone" if was == "snapshot":
            return _drop(session, asked[0])
        case _:
            instructions = []
    wait = max(backoff_ms(failures, event.jitter), event.retry_after_ms or 0)
    return msgspec.structs.replace(session, retry_at=event.now + min(wait, RETRY_MS_MAX)), instructions


def backoff_ms(failures: int, jitter: float) -> int:
    """Doubling from RETRY_MS_MIN to RETRY_MS_MAX, of which half is up to the dice."""
    full = min(RETRY_MS_MAX, RETRY_MS_MIN << min(failures - 1, 16))
    return full // 2 + int(full // 2 * jitter)


def _hinted(session: Session, event: Hinted) -> tuple[Session, list[Instruction]]:
    scope = session.scopes.get(event.scope)
    if scope is None or event.to <= scope.sequence:
        return session, []
    fits = event.rows and scope.phase == "current" and event.from_ == scope.sequence
    if fits and event.scope not in session.asked:
        return _with(session, event.scope, sequence=event.to), [{"do": "apply_hint", "scope": event.scope}]
    return _with(session, event.scope, due=True), []


_EVENTS: dict[type, Any] = {
    Started: _started,
    Subscribed: _subscribed,
    Unsubscribed: _unsubscribed,
    Edited: _edited,
    Tick: _tick,
    Online: _online,
    Offline: _offline,
    SyncAsked: _sync_asked,
    LoggedIn: _logged_in,
    Answered: _answered,
    SnapshotTaken: _snapshot_taken,
    Failed: _failed,
    Hinted: _hinted,
}


# ---------------------------------------------------------------- what follows


def _decide(session: Session) -> tuple[Session, list[Instruction]]:
    instructions: list[Instruction] = []
    if _may_send(session):
        session, instructions = _send(session)
    until = session.retry_at if session.retry_at is not None else session.poll_at
    if until != session.waiting and until is not None and not session.busy and session.login:
        instructions.append({"do": "wait", "until": until})
        session = msgspec.structs.replace(session, waiting=until)
    badge = _badge(session)
    if badge != session.shown:
        instructions.append({"do": "show", "badge": msgspec.to_builtins(badge)})
        session = msgspec.structs.replace(session, shown=badge)
    return session, instructions


def _may_send(session: Session) -> bool:
    return session.online and session.login and not session.busy and session.retry_at is None


def _send(session: Session) -> tuple[Session, list[Instruction]]:
    due = sorted(name for name, scope in session.scopes.items() if scope.due)
    asked = tuple(n for n in due if session.scopes[n].phase != "snapshot")[:SCOPES_PER_EXCHANGE_MAX]
    if asked:
        for name in asked:
            session = _with(session, name, due=False)
        session = msgspec.structs.replace(session, busy="exchange", asked=asked)
        return session, [{"do": "exchange", "scopes": list(asked)}]
    if due:
        session = _with(session, due[0], due=False)
        session = msgspec.structs.replace(session, busy="snapshot", asked=(due[0],))
        return session, [{"do": "fetch_snapshot", "scope": due[0]}]
    return session, []


def _badge(session: Session) -> Badge:
    scopes = session.scopes.values()
    pending, rejected = sum(s.pending for s in scopes), sum(s.rejected for s in scopes)
    if not session.login:
        state = "login"
    elif not session.online:
        state = "offline"
    elif session.problem is not None:
        state = "trouble"
    elif _all_saved(session):
        state = "rejected" if rejected else "saved"
    else:
        state = "syncing" if session.busy else "waiting"
    return Badge(state, pending, rejected, session.problem)


def _all_saved(session: Session) -> bool:
    current = all(s.phase == "current" and s.pending == 0 for s in session.scopes.values())
    return current and session.problem is None


def _with(session: Session, name: str, **facts: Any) -> Session:
    if name not in session.scopes:
        return session
    scope = msgspec.structs.replace(session.scopes[name], **facts)
    return msgspec.structs.replace(session, scopes=session.scopes | {name: scope})


def _all_due(session: Session) -> Session:
    scopes = {name: msgspec.structs.replace(scope, due=True) for name, scope in session.scopes.items()}
    return msgspec.structs.replace(session, scopes=scopes)


def _at_rest(session: Session, **facts: Any) -> Session:
    return msgspec.structs.replace(session, busy="", asked=(), **facts)


def _drop(session: Session, name: str) -> tuple[Session, list[Instruction]]:
    if name not in session.scopes:
        return session, []
    scopes = {n: s for n, s in session.scopes.items() if n != name}
    return msgspec.structs.replace(session, scopes=scopes), [{"do": "drop_scope", "scope": name}]
