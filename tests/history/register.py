"""A register in which the greatest write wins, with the guarantees a session has.

A `write` is [stamp, value]: the stamp is the author's, stamps sort, values are unique. A `read` or `final` gives a
value, or null before the first.

    not_the_greatest    at rest, the value is not that of the greatest stamp among the acknowledged writes
    diverged            at rest, replicas differ
    own_write_unread    a process does not see its own write, nor a greater one
    reads_go_back       a process sees a lesser value than it saw before
    write_under_read    a write after a read has a lesser stamp than what was read
    writes_go_back      a process's later write has a lesser stamp
    phantom             read, but not (yet) written by anybody
    undead              read, though its write had failed
"""

from __future__ import annotations

from typing import Any

from .ops import Anomaly, Op, final_reads, successful

NOTHING = ""  # sorts before every stamp


def check(ops: list[Op]) -> list[Anomaly]:
    writes = {op.value[1]: op for op in ops if op.f == "write"}
    found = _unwritten(ops, writes)
    if found:
        return found
    for process in sorted({op.process for op in ops}):
        found += _session(process, [op for op in ops if op.process == process], writes)
    return found + _at_rest(ops, writes)


def _stamp(writes: dict[Any, Op], value: Any) -> Any:
    return NOTHING if value is None else writes[value].value[0]


def _unwritten(ops: list[Op], writes: dict[Any, Op]) -> list[Anomaly]:
    found = []
    for op in successful(ops, "read", "final"):
        if op.value is None:
            continue
        source = writes.get(op.value)
        if source is None or (op.ended or 0) < source.began:
            found.append(Anomaly("phantom", f"{op.process} read {op.value!r}, which nobody had written"))
        elif source.outcome == "fail":
            found.append(Anomaly("undead", f"{op.process} read {op.value!r}, whose write failed"))
    return found


def _session(process: str, mine: list[Op], writes: dict[Any, Op]) -> list[Anomaly]:
    found: list[Anomaly] = []
    wrote = read = NOTHING
    for op in mine:
        if op.outcome != "ok":
            continue
        if op.f == "write":
            stamp, value = op.value
            if stamp <= wrote:
                found.append(Anomaly("writes_go_back", f"{process} wrote {value!r} below its own former write"))
            if stamp <= read:
                found.append(Anomaly("write_under_read", f"{process} wrote {value!r} below what it had read"))
            wrote = max(wrote, stamp)
        else:
            seen = _stamp(writes, op.value)
            if seen < wrote:
                found.append(Anomaly("own_write_unread", f"{process} read {op.value!r} after its own later write"))
            if seen < read:
                found.append(Anomaly("reads_go_back", f"{process} read {op.value!r} after a later value"))
            read = max(read, seen)
    return found


def _at_rest(ops: list[Op], writes: dict[Any, Op]) -> list[Anomaly]:
    last = {op.value for op in final_reads(ops)}
    if len(last) > 1:
        return [Anomaly("diverged", f"at rest some read {sorted(map(str, last))}")]
    (value,) = last
    promised = [op.value[0] for op in writes.values() if op.outcome == "ok"]
    if _stamp(writes, value) < max(promised, default=NOTHING):
        return [Anomaly("not_the_greatest", f"at rest {value!r}, though a later write was acknowledged")]
    return []
