"""W2 and W3: many offline edits come home, and another tablet takes them in. W6: an exchange with nothing new."""

from __future__ import annotations

import gc
import random
import statistics

from tests.bench import bounds, work
from tests.bench.bed import Bed, Tablet, bed
from tests.bench.figures import Figure

EDITS = 10_000
EXCHANGES = 30


def w2_w3(size: int, count: int = EDITS, per_transaction: int = 1) -> list[Figure]:
    with bed(size) as at:
        mine, other = at.tablet("mine").bootstrap(), at.tablet("other").bootstrap()
        before = mine.replica.sequence
        changes = list(work.edits(random.Random(size + 1), at.store.rows, count))
        mine.record(changes, per_transaction)
        gc.freeze()  # what the bench holds is not the tablet's to look through
        pushed = mine.sync()
        assert mine.pending() == 0
        figures = _pushed(at, mine, changes, pushed, before, per_transaction)
        other_s = other.sync()
        assert other.replica.digests() == mine.replica.digests()
        rows = bounds.rows_s(at.folder / "plain.sqlite", at.store.rows, changes)
        mine.close(), other.close()
    return [*figures, *_pulled(size, other, other_s, rows, len(changes))]


def _pushed(
    at: Bed, mine: Tablet, changes: list, pushed: float, before: int, per_transaction: int
) -> list[Figure]:
    size, work_ = at.store.size, "W2" if per_transaction == 1 else f"W2 by {per_transaction}"
    rows = bounds.rows_s(at.folder / "bound.sqlite", at.store.rows, changes)
    copy = bounds.copy_s(at.database_url, "element", before)
    return [
        Figure(work_, "to durable, all receipts here", size, pushed, "s"),
        Figure(work_, "of it waiting for the server", size, mine.waited_s, "s"),
        Figure(work_, "bound: copy + rows", size, copy + rows, "s"),
        Figure(work_, "ratio to copy + rows", size, pushed / (copy + rows), "×", 2),
        Figure(work_, "sent a change", size, mine.sent / len(changes), "bytes", 45),
        Figure(work_, "received a change", size, mine.received / len(changes), "bytes"),
        Figure(work_, "peak memory of the server", size, at.server_peak_mb(), "MB"),
    ]


def _pulled(size: int, other: Tablet, took: float, rows: float, count: int) -> list[Figure]:
    return [
        Figure("W3", "pulled and applied", size, took, "s"),
        Figure("W3", "of it waiting for the server", size, other.waited_s, "s"),
        Figure("W3", "bound: rows", size, rows, "s"),
        Figure("W3", "ratio to rows", size, took / rows, "×", 2),
        Figure("W3", "received a change", size, other.received / count, "bytes"),
    ]


def w6(size: int, count: int = EXCHANGES) -> list[Figure]:
    with bed(size) as at:
        tablet = at.tablet("idle").bootstrap()
        took = [(tablet.sync(), tablet.waited_s) for _ in range(count + 3)][3:]
        whole, waited = (statistics.median(one) for one in zip(*took, strict=True))
        one_scope = tablet.sent + tablet.received
        tablet.follow_own_scope()
        a_scope = tablet.sent + tablet.received - one_scope
        tablet.close()
    return [
        Figure("W6", "nothing new: the exchange", size, waited * 1000, "ms", 5),
        Figure("W6", "nothing new: with the replica's own work", size, whole * 1000, "ms"),
        Figure("W6", "nothing new: bodies both ways", size, one_scope, "bytes", 500),
        Figure("W6", "nothing new: of it a scope", size, a_scope, "bytes", 300),
    ]
