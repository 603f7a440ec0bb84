"""What W2, W3, W5 and W6 take as more is stored, the same work each time: it should be the same for a house and a town.

A tenth of W2's edits and a few live replicas, so that a million elements fit on a disk and the difference between sizes
is not lost in the work itself.
"""

from __future__ import annotations

import gc
import random
import statistics

from tests.bench import work
from tests.bench.bed import Tablet, bed
from tests.bench.figures import Figure
from tests.bench.live import Crowd, heard_and_seen

EDITS = 1_000
PER_TRANSACTION = 10
LIVE = 20  # edits seen by live replicas, of which the median counts
REPLICAS = 4
IDLE = 30
BOOTSTRAP_S_MAX = 900.0


def growth(size: int, edits: int = EDITS, live: int = LIVE, replicas: int = REPLICAS) -> list[Figure]:
    with bed(size) as at:
        mine, other = (at.tablet(name).bootstrap(BOOTSTRAP_S_MAX) for name in ("mine", "other"))
        changes = list(work.edits(random.Random(size + 1), at.store.rows, edits + live, 0.0, 0.0))
        gc.freeze()  # what the bench holds is not the tablet's to look through
        idle, waited, weight = _idle(mine)
        mine.record(changes[:edits], PER_TRANSACTION)
        pushed, pulled = mine.sync(), other.sync()
        assert mine.pending() == 0 and other.replica.digests() == mine.replica.digests()
        crowd = Crowd(at, replicas)
        told = [heard_and_seen(mine, crowd, change) for change in changes[edits:]]
        crowd.close(), mine.close(), other.close()
    seen = statistics.median(seen for _, seen in filter(None, told))
    return [
        Figure("growth", f"W2: {edits:,} edits by {PER_TRANSACTION}, to durable, all receipts here", size, pushed, "s"),
        Figure("growth", "W3: pulled and applied by another", size, pulled, "s"),
        Figure("growth", f"W5: an edit to {replicas} live replicas, p50", size, seen * 1000, "ms"),
        Figure("growth", "W6: nothing new, the exchange", size, waited * 1000, "ms"),
        Figure("growth", "W6: nothing new, with the replica's own work", size, idle * 1000, "ms"),
        Figure("growth", "W6: nothing new, bodies both ways", size, weight, "bytes"),
    ]


def _idle(tablet: Tablet) -> tuple[float, float, int]:
    """The medians of the whole and of the waiting for the server, in seconds; the bytes of one."""
    took = [(tablet.sync(), tablet.waited_s) for _ in range(IDLE + 3)][3:]
    whole, waited = zip(*took, strict=True)
    return statistics.median(whole), statistics.median(waited), tablet.sent + tablet.received
