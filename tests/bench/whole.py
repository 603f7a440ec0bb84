"""W1: a fresh tablet to its first query by place. W4: tablets that edit the same rows. W8: proof, and mending."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor

from arxos_sync.storage import replica_care
from tests.bench import bounds, work
from tests.bench.bed import Bed, Tablet, bed
from tests.bench.figures import Figure
from tests.server.running import wait_for

TABLETS = 10
BAD_ROWS = 10


def w1(size: int) -> list[Figure]:
    """The snapshot lies ready, as it does for all but the first tablet. It travels as it is, for Range."""
    with bed(size) as at:
        first = at.tablet("first").bootstrap()
        snapshot_is_ready(first)
        fresh = at.tablet("fresh")
        begun = time.perf_counter()
        fresh.bootstrap()
        found = _near(fresh)
        took = time.perf_counter() - begun
        assert found > 0
        came = fresh.snapshot.num_bytes_downloaded if fresh.snapshot else fresh.received  # a small scope comes as rows
        file = next((at.folder / "data" / "snapshots").rglob("*.sqlite"))
        sent = bounds.file_s(file, at.folder / "by-http")
        figures = [
            Figure("W1", "fresh tablet to its first query by place", size, took, "s", 1.5),
            Figure("W1", "bound: the file by HTTP", size, sent, "s"),
            Figure("W1", "what travels: the file, packed", size, came / 1e6, "MB", 8),
            Figure("W1", "the file unpacked", size, file.stat().st_size / 1e6, "MB"),
        ]
        first.close(), fresh.close()
    return figures


def snapshot_is_ready(tablet: Tablet) -> None:
    path = f"/api/v1/sync/snapshot/{tablet.building}"
    wait_for(lambda: tablet.server.client.get(path, headers=_bearer(tablet)).status_code == 200, 120)


def _bearer(tablet: Tablet) -> dict[str, str]:
    return {"Authorization": f"Bearer {tablet.server.token()}"}


def _near(tablet: Tablet) -> int:
    """What stands in half of the building, by SpatiaLite's index."""
    return tablet.replica.one(
        """
        select count(*) from element where rowid in (
          select rowid from SpatialIndex
          where f_table_name = 'element' and f_geometry_column = 'geometry' and search_frame = BuildMbr(0, 0, 40, 40))
        """
    )


def w4(size: int, tablets: int = TABLETS, count: int = 1_000) -> list[Figure]:
    with bed(size) as at:
        devices = [at.tablet(f"{n}").bootstrap() for n in range(tablets)]
        some = [row for row in at.store.rows if row.table != "element"]
        some += [row for row in at.store.rows if row.table == "element"][:count]
        for number, device in enumerate(devices):
            device.record(list(work.edits(random.Random(number), some, count, 0.0, 0.0)))
        begun = time.perf_counter()
        with ThreadPoolExecutor(tablets) as pool:
            list(pool.map(lambda one: one.sync(), devices))  # everything of their own out
            list(pool.map(lambda one: one.sync(), devices))  # and what the later ones said
        took = time.perf_counter() - begun
        assert all(device.replica.digests() == devices[0].replica.digests() for device in devices)
        assert not any(device.pending() for device in devices)
        kept = devices[0].replica.one("select count(*) from conflict")
        for device in devices:
            device.close()
    name = f"{tablets} tablets × {count:,} overlapping edits, until all are equal"
    return [
        Figure("W4", name, size, took, "s", 2.5),
        Figure("W4", "conflicts kept", size, kept, "rows"),
    ]


def w8(size: int) -> list[Figure]:
    with bed(size) as at:
        tablet = at.tablet("mended").bootstrap()
        same = _verified(tablet)
        compared = Figure("W8", "compare: digests with the exchange", size, tablet.sent + tablet.received, "bytes")
        _spoil(at, tablet)
        mended = _verified(tablet)
        weight = (tablet.sent + tablet.received) / 1000
        assert tablet.replica.state("suspect") == "[]"
        tablet.close()
    return [
        compared,
        Figure("W8", "verify, nothing wrong", size, same, "s"),
        Figure("W8", f"verify and mend {BAD_ROWS} rows", size, mended, "s", 1),
        Figure("W8", "bytes to mend them", size, weight, "kB", 200),
    ]


def _verified(tablet: Tablet) -> float:
    begun = time.perf_counter()
    replica_care.recount(tablet.replica)
    tablet.sync(verify=True)
    return time.perf_counter() - begun


def _spoil(at: Bed, tablet: Tablet) -> None:
    """Rows that are not what the server holds: some gone, some of a sequence it never gave."""
    ids = [row.id for row in at.store.rows if row.table == "element"][:BAD_ROWS]
    with tablet.replica.transaction(capture=False):
        for number, id in enumerate(ids):
            if number % 2:
                tablet.replica.connection.execute("delete from element where id = ?", (id,))
            else:
                tablet.replica.connection.execute("update element set sequence = 1000000 where id = ?", (id,))
