"""What Prometheus reads at `/metrics`.

Counted where it happens; what is a state (queues, pools, sockets) is looked at when it is read. With `--workers` every
process counts into files below `<data>/metrics`, and whichever is asked answers for all of them (prometheus-client's
multiprocess mode); pools and sockets are then as each process saw them at most `SEEN_EVERY_S` ago.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from arxos_sync.messages import Receipt

from ..accounts.people import reading
from ..jobs.rounds import Round

if TYPE_CHECKING:
    from ..parts import Parts

SHARED = "PROMETHEUS_MULTIPROC_DIR"
SEEN_EVERY_S = 5.0
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
QUANTILES = (0.5, 0.95, 0.99)
_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)

disable_created_metrics()
registry = CollectorRegistry()
requests = Histogram(
    "arxos_request_seconds", "Answers, by what was asked.", ("method", "route", "status"), registry=registry,
    buckets=_BUCKETS,
)  # fmt: skip
exchanges = Histogram(
    "arxos_sync_seconds", "Exchanges: push, or pull alone.", ("kind",), registry=registry, buckets=_BUCKETS
)
merged = Counter("arxos_merge_total", "Transactions by outcome, repeats too.", ("outcome",), registry=registry)
conflicts = Counter("arxos_conflicts_total", "Changes that ended in a conflict.", registry=registry)
heals = Counter("arxos_heals_total", "Heals that replicas asked for.", registry=registry)
repairs = Counter("arxos_repairs_total", "Repairs of differing digests that replicas asked for.", registry=registry)
sockets = Gauge("arxos_sockets", "Open WebSockets.", registry=registry, multiprocess_mode="livesum")
redis_away = Gauge("arxos_redis_away", "1 where Redis is set and away.", registry=registry, multiprocess_mode="livemax")
queue = Gauge(
    "arxos_queue", "What waits, by queue.", ("queue",), registry=registry, multiprocess_mode="livemostrecent"
)
pool = Gauge(
    "arxos_pool", "Connections to PostgreSQL, by pool.", ("pool", "what"), registry=registry,
    multiprocess_mode="livesum",
)  # fmt: skip
lists = Gauge(
    "arxos_lists", "Lists read from the replica, or from the primary because it was behind or away.", ("origin",),
    registry=registry, multiprocess_mode="livesum",
)  # fmt: skip
if SHARED not in os.environ:
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)

_WAITING = """
    select 'jobs' as queue, count(*) as waiting from job where state in ('waiting', 'running')
    union all select 'mail', count(*) from mail where sent_at is null and next_try_at is not null
    union all select 'webhooks', count(*) from webhook_delivery where next_try_at is not null
    union all select 'followers', count(*)
    from follower join scope_head on scope_head.scope = follower.scope
    where follower.sequence < scope_head.sequence
    """


def share(data_dir: Path) -> None:
    """Before the processes of one server start: a folder they count into, empty."""
    folder = data_dir.resolve() / "metrics" / str(os.getpid())
    shutil.rmtree(folder.parent, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ[SHARED] = str(folder)


def judged(receipts: list[Receipt]) -> None:
    for receipt in receipts:
        merged.labels(receipt.outcome).inc()
        many = sum(change.outcome == "conflict" for change in receipt.changes)
        if many:
            conflicts.inc(many)


def waiting(parts: Parts) -> dict[str, int]:
    with reading(parts.store) as sql:
        return {row["queue"]: int(row["waiting"]) for row in sql.rows(_WAITING)}


def see(parts: Parts) -> None:
    """What of this process is a state."""
    sockets.set(len(parts.bus.listeners))
    redis_away.set(int(parts.bus.degraded))
    for origin, many in getattr(parts.store, "told", {}).items():
        lists.labels(origin).set(many)
    for name, figures in getattr(parts.store, "pools", dict)().items():
        for what in ("pool_size", "pool_available", "requests_waiting", "requests_errors", "connections_lost"):
            pool.labels(name, what).set(figures.get(what, 0))


def page(parts: Parts) -> bytes:
    see(parts)
    for name, many in waiting(parts).items():
        queue.labels(name).set(many)
    if SHARED not in os.environ:
        return generate_latest(registry)
    everybody = CollectorRegistry()
    MultiProcessCollector(everybody)
    return generate_latest(everybody)


def quantiles() -> list[dict[str, Any]]:
    """Seconds below which half, 95 % and 99 % of the answers of this process were, by route; the upper bucket edge."""
    found = []
    for metric in requests.collect():
        buckets: dict[str, list[tuple[float, float]]] = {}
        for sample in metric.samples:
            if sample.name.endswith("_bucket"):
                route = f"{sample.labels['method']} {sample.labels['route']}"
                buckets.setdefault(route, []).append((float(sample.labels["le"]), sample.value))
        for route, counted in sorted(buckets.items()):
            edges = sorted({edge for edge, _ in counted})
            sums = [sum(value for edge, value in counted if edge == at) for at in edges]
            counts = list(zip(edges, sums, strict=True))
            below = {f"p{q * 100:g}": next(e for e, s in counts if s >= q * sums[-1]) for q in QUANTILES}
            found.append({"route": route, "count": int(sums[-1])} | below)
    return found


ROUND = Round("gauges", SEEN_EVERY_S, see)
