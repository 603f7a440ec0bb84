"""The cases of schemas/vectors/session.json: golden traces of `arxos_sync.session.step`.

The events are written here; the instructions and the session that is left are the engine's, read and kept.
"""

from __future__ import annotations

from typing import Any

import msgspec

from arxos_sync.session import Event, Session, step

B, C = "0192f3a0-0000-7000-8000-00000000000b", "0192f3a0-0000-7000-8000-00000000000c"
U = "user:0192f3a0-0000-7000-8000-0000000000aa"
NOON = 1_700_000_000_000
START = {"event": "started", "scopes": {B: {"has_cursor": True, "sequence": 7}}}


def ok(scope: str = B, **said: Any) -> dict[str, Any]:
    return {"scope": scope, "state": "ok", **said}


def answered(now: int, *scopes: dict[str, Any], **said: Any) -> dict[str, Any]:
    return {"event": "answered", "now": now, "scopes": list(scopes), **said}


def failed(now: int, kind: str, jitter: float = 0.5, **said: Any) -> dict[str, Any]:
    return {"event": "failed", "now": now, "kind": kind, "jitter": jitter, **said}


TRACES: dict[str, list[Any]] = {
    "a first subscription pages to the head and is saved": [
        {"event": "started", "scopes": {}},
        {"event": "subscribed", "scope": B},
        answered(NOON, ok(sequence=0, more=True)),
        answered(NOON + 10, ok(sequence=12)),
    ],
    "an edit during an exchange leads to another exchange": [
        START,
        {"event": "edited", "scope": B, "pending": 1},
        answered(NOON, ok(sequence=8, receipts=0, pending=1)),
        answered(NOON + 50, ok(sequence=9, receipts=1, pending=0)),
    ],
    "after a network error the badge is not green, and the wait grows to its bound": [
        START,
        answered(NOON, ok(sequence=7)),
        {"event": "edited", "scope": B, "pending": 1},
    ]
    + [
        e
        for i in range(11)
        for e in (failed(NOON + i * 2_000_000, "network"), {"event": "tick", "now": NOON + i * 2_000_000 + 900_000})
    ]
    + [answered(NOON + 90_000_000, ok(sequence=8, receipts=1))],
    "retry-after is kept, up to the bound": [
        START,
        failed(NOON, "busy", 0.0, retry_after_ms=30000),
        {"event": "tick", "now": NOON + 29999},
        {"event": "tick", "now": NOON + 30000},
        failed(NOON + 40000, "server", 0.999, retry_after_ms=99999999),
    ],
    "the button does not wait": [
        START,
        failed(NOON, "network", 0.0),
        {"event": "sync_asked"},
        answered(NOON + 5, ok(sequence=7)),
    ],
    "offline edits wait and go when the network returns": [
        START,
        answered(NOON, ok(sequence=7)),
        {"event": "offline"},
        {"event": "edited", "scope": B, "pending": 1},
        {"event": "edited", "scope": B, "pending": 2},
        {"event": "online"},
        answered(NOON + 9000, ok(sequence=9, receipts=2)),
    ],
    "a rejected transaction does not hold up the others and stays in sight": [
        START,
        {"event": "edited", "scope": B, "pending": 3},
        answered(NOON, ok(sequence=7, pending=3)),
        {"event": "edited", "scope": B, "pending": 3},
        answered(NOON + 1, ok(sequence=9, receipts=3, pending=0, rejected=1)),
        {"event": "edited", "scope": B, "pending": 0, "rejected": 0},
        answered(NOON + 2, ok(sequence=9)),
    ],
    "a large scope comes as a snapshot, then as rows": [
        {"event": "started", "scopes": {B: {"has_cursor": False}}},
        answered(NOON, {"scope": B, "state": "snapshot"}),
        failed(NOON + 1, "busy", 0.0, retry_after_ms=1000),
        {"event": "tick", "now": NOON + 2000},
        {"event": "snapshot_taken", "scope": B, "sequence": 40},
        answered(NOON + 3000, ok(sequence=41)),
    ],
    "two scopes are asked for together": [
        {
            "event": "started",
            "scopes": {B: {"has_cursor": True, "sequence": 7}, U: {"has_cursor": True, "sequence": 1}},
        },
        answered(NOON, ok(sequence=7), ok(U, sequence=2)),
        {"event": "edited", "scope": U, "pending": 1},
        answered(NOON + 1, ok(U, sequence=3, receipts=1)),
    ],
    "a restored server makes the replica start over under its pending edits": [
        START,
        answered(NOON, {"scope": B, "state": "diverged", "pending": 2}),
        answered(NOON + 1, ok(sequence=5, pending=2)),
        {"event": "sync_asked"},
        answered(NOON + 2, ok(sequence=7, receipts=2)),
    ],
    "a cloned device takes a new id once for all scopes": [
        {
            "event": "started",
            "scopes": {B: {"has_cursor": True, "sequence": 7, "pending": 1}, U: {"has_cursor": True, "sequence": 1}},
        },
        answered(
            NOON,
            {"scope": B, "state": "forked", "sequence": 9, "pending": 1},
            {"scope": U, "state": "forked", "sequence": 1},
        ),
        answered(NOON + 1, ok(sequence=10, receipts=1), ok(U, sequence=1)),
    ],
    "a device id of another person is replaced": [
        START,
        failed(NOON, "device_taken", 0.0),
        {"event": "tick", "now": NOON + 1000},
        answered(NOON + 2000, ok(sequence=7)),
    ],
    "a lost scope sends its pending work once and leaves": [
        {"event": "started", "scopes": {B: {"has_cursor": True, "sequence": 7, "pending": 2}}},
        answered(NOON, {"scope": B, "state": "gone", "pending": 2}, revoked=[B]),
        answered(NOON + 1, {"scope": B, "state": "gone", "pending": 0, "receipts": 2, "rejected": 2}),
        {"event": "sync_asked"},
    ],
    "a lost scope whose work cannot go leaves all the same": [
        {"event": "started", "scopes": {B: {"has_cursor": True, "sequence": 7, "pending": 1}}},
        answered(NOON, ok(sequence=7, pending=1), revoked=[B]),
        answered(NOON + 1, {"scope": B, "state": "gone", "pending": 1}),
    ],
    "a login that ran out asks the person and loses nothing": [
        START,
        {"event": "edited", "scope": B, "pending": 1},
        failed(NOON, "login"),
        {"event": "edited", "scope": B, "pending": 2},
        {"event": "sync_asked"},
        {"event": "logged_in"},
        answered(NOON + 1, ok(sequence=9, receipts=2)),
    ],
    "hints with fitting rows are applied, others lead to a pull": [
        START,
        answered(NOON, ok(sequence=7)),
        {"event": "hinted", "scope": B, "from": 7, "to": 8, "rows": True},
        {"event": "hinted", "scope": B, "from": 6, "to": 7, "rows": True},
        {"event": "hinted", "scope": C, "from": 0, "to": 1, "rows": True},
        {"event": "hinted", "scope": B, "from": 9, "to": 10, "rows": True},
        answered(NOON + 1, ok(sequence=10)),
        {"event": "hinted", "scope": B, "from": 10, "to": 11},
    ],
    "a hint during an exchange leads to a pull after it": [
        START,
        {"event": "hinted", "scope": B, "from": 7, "to": 8, "rows": True},
        answered(NOON, ok(sequence=7)),
        answered(NOON + 1, ok(sequence=8)),
    ],
    "without a hint a pull comes every minute": [
        START,
        answered(NOON, ok(sequence=7)),
        {"event": "tick", "now": NOON + 59999},
        {"event": "tick", "now": NOON + 60000},
        answered(NOON + 60100, ok(sequence=7)),
    ],
    "unsubscribing during an exchange forgets the scope": [
        START,
        {"event": "unsubscribed", "scope": B},
        answered(NOON, ok(sequence=8)),
        {"event": "tick", "now": NOON + 60000},
    ],
    "an outdated app keeps its work and says so": [
        START,
        {"event": "edited", "scope": B, "pending": 1},
        failed(NOON, "upgrade", 0.0),
        {"event": "tick", "now": NOON + 1000},
    ],
    "a hint of what is held already asks for nothing": [
        START,
        answered(NOON, ok(sequence=7)),
        {"event": "hinted", "scope": B, "from": 6, "to": 7},
        {"event": "hinted", "scope": B, "from": 5, "to": 6},
    ],
    "a hint while another scope is asked for is applied, while its own is asked for it is not": [
        {"event": "started", "scopes": {B: {"has_cursor": True, "sequence": 7}, U: {"has_cursor": True}}},
        answered(NOON, ok(sequence=7), ok(U)),
        {"event": "edited", "scope": U, "pending": 1},
        {"event": "hinted", "scope": B, "from": 7, "to": 8, "rows": True},
        {"event": "hinted", "scope": U, "from": 0, "to": 1, "rows": True},
        answered(NOON + 1, ok(U, sequence=2, receipts=1)),
    ],
    "a building that is gone while its snapshot is fetched leaves": [
        {"event": "started", "scopes": {B: {"has_cursor": False}}},
        answered(NOON, {"scope": B, "state": "snapshot"}),
        failed(NOON + 1, "gone"),
    ],
    "what is gone while it was asked for stays, for a server can be put back to before it was there": [
        {"event": "started", "scopes": {B: {"has_cursor": True}, U: {"has_cursor": True}}},
        failed(NOON, "gone"),
        {"event": "tick", "now": NOON + 3000},
        answered(NOON + 3001, {"scope": B, "state": "gone", "pending": 0}, ok(U)),
        {"event": "tick", "now": NOON + 63_002},
        answered(NOON + 63_003, ok(sequence=9), ok(U)),
    ],
    "what is absent leaves when the server says that it was revoked": [
        {"event": "started", "scopes": {B: {"has_cursor": True, "sequence": 7}}},
        answered(NOON, {"scope": B, "state": "gone", "pending": 0}),
        {"event": "sync_asked"},
        answered(NOON + 1, {"scope": B, "state": "gone", "pending": 0}, revoked=[B]),
    ],
    "more scopes than an exchange holds are asked for in two": [
        {"event": "started", "scopes": {f"{B[:-2]}{n:02x}": {"has_cursor": True} for n in range(52)}},
        answered(NOON, *(ok(f"{B[:-2]}{n:02x}") for n in range(50))),
        answered(NOON + 1),
    ],
    "nobody waits while the login is gone": [
        START,
        answered(NOON, ok(sequence=7, more=True)),
        failed(NOON + 90_000, "login"),
        {"event": "tick", "now": NOON + 200_000},
        {"event": "logged_in"},
        answered(NOON + 300_000, ok(sequence=7)),
    ],
    "what was rejected is red until somebody has dealt with it": [
        {"event": "started", "scopes": {B: {"has_cursor": True, "sequence": 7, "rejected": 1}}},
        answered(NOON, ok(sequence=7, rejected=1)),
        {"event": "edited", "scope": B, "pending": 0},
        answered(NOON + 1, ok(sequence=7)),
    ],
}


def vectors() -> dict[str, Any]:
    return {
        "about": "Golden traces of arxos_sync/session.py: from an empty session, each event answers these "
        "instructions; `session` is what is left.",
        "traces": [_played(name, events) for name, events in TRACES.items()],
    }


def _played(name: str, events: list[Any]) -> dict[str, Any]:
    session, steps = Session(), []
    for event in events:
        session, instructions = step(session, msgspec.convert(event, Event))
        steps.append({"event": event, "instructions": instructions})
    return {"name": name, "steps": steps, "session": msgspec.to_builtins(session)}
