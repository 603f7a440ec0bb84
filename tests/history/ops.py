"""A history: what processes asked of a system and what they were told, in the order of one clock.

    invoke   the process asks
    ok       it was done                     fail   it was surely not done
    info     nobody knows (killed, cut off): it may have been done, then or later

An operation is an `invoke` with what ended it. A process does one thing at a time; what it left open when the
history ends is `info`. `f` is what was asked; `value` what it was asked with, or what a read gave. An `f` of
"final" is a read after everything has come to rest: by then all must be there.

On paper (`tests/history/made/*.txt`) a line is an event and the line number its time:

    A > add 1          A invokes add with the JSON value 1
    A ok               and was told that it is done (a value may follow: what a read gave)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

Outcome = Literal["ok", "fail", "info"]


class Event(msgspec.Struct, frozen=True):
    process: str
    type: Literal["invoke", "ok", "fail", "info"]
    time: int
    f: str = ""
    value: Any = None


class Op(msgspec.Struct, frozen=True):
    """`ended` is None where nothing was heard any more."""

    process: str
    f: str
    value: Any
    outcome: Outcome
    began: int
    ended: int | None

    def before(self, other: Op) -> bool:
        return self.ended is not None and self.ended < other.began


class Anomaly(msgspec.Struct, frozen=True):
    """`name` is the kind, `what` for a person who has to find it in the history."""

    name: str
    what: str


class Unsound(Exception):
    """The history itself is not one, or proves nothing; no anomaly of the system."""


def ops_of(events: Iterable[Event]) -> list[Op]:
    """Pair what began with what ended it, in order of beginning."""
    open_: dict[str, Event] = {}
    done: list[Op] = []
    for event in sorted(events, key=lambda one: one.time):
        if event.type == "invoke":
            if event.process in open_:
                raise Unsound(f"{event.process} began {event.f} at {event.time} with something open")
            open_[event.process] = event
            continue
        begun = open_.pop(event.process, None)
        if begun is None:
            raise Unsound(f"{event.process} ended at {event.time} what it never began")
        value = begun.value if event.value is None else event.value
        done.append(Op(event.process, begun.f, value, event.type, begun.time, event.time))
    done += [Op(e.process, e.f, e.value, "info", e.time, None) for e in open_.values()]
    return sorted(done, key=lambda op: op.began)


def final_reads(ops: list[Op]) -> list[Op]:
    found = [op for op in ops if op.f == "final" and op.outcome == "ok"]
    if not found:
        raise Unsound("no final read: nothing is proven")
    return found


def successful(ops: Iterable[Op], *wanted: str) -> list[Op]:
    return [op for op in ops if op.f in wanted and op.outcome == "ok"]


# ---------------------------------------------------------------- on paper and on disk


class Made(msgspec.Struct, frozen=True):
    """A history made by hand: its name, the anomalies it has (none: a good one), and itself."""

    name: str
    anomalies: frozenset[str]
    ops: list[Op]
    facts: dict[str, Any]


def read_made(path: Path) -> Iterator[Made]:
    """Sections begin `== good: NAME` or `== bad ANOMALY…: NAME`; `= {…}` gives facts to the checker."""
    for section in path.read_text("utf-8").split("\n== ")[1:]:
        heading, _, body = section.partition("\n")
        kind, _, name = heading.partition(": ")
        verdict, *anomalies = kind.split()
        if (verdict == "good") == bool(anomalies) or verdict not in ("good", "bad"):
            raise Unsound(f"{path.name}: {heading}: what is expected?")
        lines = [line for line in body.splitlines() if line and not line.startswith("#")]
        facts = [json.loads(line[1:]) for line in lines if line.startswith("=")]
        events = [_event(line, time) for time, line in enumerate(lines) if not line.startswith("=")]
        yield Made(name, frozenset(anomalies), ops_of(events), facts[0] if facts else {})


def _event(line: str, time: int) -> Event:
    process, word, *rest = line.split(" ", 2)
    if word == ">":
        f, _, value = rest[0].partition(" ")
        return Event(process, "invoke", time, f, json.loads(value) if value else None)
    return Event(process, word, time, "", json.loads(rest[0]) if rest else None)  # type: ignore[arg-type]
