"""Set-full, after Jepsen's checker of that name, for replicas that may be behind but never forget.

`add` values are unique. `read` and `final` give every element the process sees.

    never_read   acknowledged, yet no read ever gave it, though a final one was made
    lost         acknowledged or read once, and missing from a final read
    stale        seen or acknowledged by a process, missing from a later read of the same process, back at the end
    phantom      read, but nobody ever added it
    undead       read, though its add had failed
    duplicate    twice in one read
    diverged     final reads differ in what nobody was promised (an `info` add is on one replica, not on another)
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from .ops import Anomaly, Op, final_reads, successful


def check(ops: list[Op]) -> list[Anomaly]:
    adds = {op.value: op for op in ops if op.f == "add"}
    reads = [(op, Counter(op.value)) for op in successful(ops, "read", "final")]
    finals = [Counter(op.value) for op in final_reads(ops)]
    found = [*_in_reads(adds, reads)]
    seen = {element for _, read in reads for element in read}
    promised = {v for v, op in adds.items() if op.outcome == "ok"} | (seen & adds.keys())
    missing = {v for v in promised if any(v not in read for read in finals)}
    for element in sorted(missing, key=str):
        acknowledged = adds[element].outcome == "ok"
        if element not in seen:
            found.append(Anomaly("never_read", f"{element!r} was acknowledged and never seen"))
        elif acknowledged or all(element not in read for read in finals):
            found.append(Anomaly("lost", f"{element!r} was there and is in the end not everywhere"))
        else:
            found.append(Anomaly("diverged", f"{element!r} is on some replicas and not on others"))
    return found + _stale(adds, reads, missing)


def _in_reads(adds: dict[Any, Op], reads: list[tuple[Op, Counter[Any]]]) -> list[Anomaly]:
    found = set()
    for op, read in reads:
        for element, times in read.items():
            if times > 1:
                found.add(Anomaly("duplicate", f"{element!r} is {times} times in a read by {op.process}"))
            if element not in adds or (op.ended or 0) < adds[element].began:
                found.add(Anomaly("phantom", f"{element!r} was read by {op.process} and not yet added by anyone"))
            elif adds[element].outcome == "fail":
                found.add(Anomaly("undead", f"{element!r} was read by {op.process} though its add failed"))
    return sorted(found, key=lambda one: (one.name, one.what))


def _stale(adds: dict[Any, Op], reads: list[tuple[Op, Counter[Any]]], missing: set[Any]) -> list[Anomaly]:
    """Forgotten for a while by the very process that knew."""
    found: list[Anomaly] = []
    for process in sorted({op.process for op, _ in reads}):
        own = [a for a in adds.values() if a.process == process and a.outcome == "ok"]
        known: set[Any] = set()
        for op, read in (one for one in reads if one[0].process == process):
            known |= {a.value for a in own if a.before(op)}
            gone = sorted(known - read.keys() - missing, key=str)
            found += [Anomaly("stale", f"{process} knew {element!r} and did not see it") for element in gone]
            known |= read.keys()
    return found
