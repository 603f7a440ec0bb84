"""Many worlds over two processes, and what they came to.

`python -m tests.simulation.many FIRST COUNT [PROFILE] [postgis]`.
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median

import msgspec

from arxos_sync.storage import garbage
from tests import services
from tests.simulation import grounds, planted, world
from tests.simulation.disk import Killed
from tests.simulation.profiles import PROFILES

PROCESSES = 2


class Ran(msgspec.Struct, frozen=True):
    """One seed: what was counted, or why it failed and how to see it again."""

    seed: int
    hash: str
    devices: int
    edits: int
    restarts: int
    faults: dict[str, int]
    cpu_s: float
    failed: str | None = None

    @property
    def kinds(self) -> int:
        return sum(count > 0 for count in self.faults.values())


def one(seed: int, profile: str = "everything", bug: str | None = None, on_postgis: bool = False) -> Ran:
    world.template()
    begun = time.process_time()
    try:
        with planted.planting(bug):
            ran = world.run(seed, PROFILES[profile], on_postgis)
    except (Exception, Killed) as error:  # whatever a world ends with is a finding, and is told with its seed
        told = f"{replay(seed, profile, bug, on_postgis)}\n{error}\n{''.join(traceback.format_exception(error)[-4:])}"
        return Ran(seed, "", 0, 0, 0, {}, time.process_time() - begun, told)
    faults = dict(ran.faults)
    restarts = sum(faults.get(name, 0) for name in ("restart", "device_killed", "disk_full", "power_cut"))
    return Ran(
        seed, ran.hash(), len(ran.devices), ran.edits(), restarts, faults, time.process_time() - begun
    )


def replay(seed: int, profile: str, bug: str | None = None, on_postgis: bool = False) -> str:
    given = f" --profile {profile}" if profile != "everything" else ""
    given += " --postgis" if on_postgis else ""
    return f"python -m tests.simulation {seed}{given}" + (f" --bug '{bug}'" if bug else "")


def _settle(folder: Path, cluster: Path | None) -> None:
    """A process of the pool is ended without a chance to clear up: what it makes lies in a folder of its parent."""
    world.ROOT, grounds.CLUSTER = folder, cluster
    world.template()
    garbage.look_rarely()


def _given(given: tuple[int, str, str | None, bool]) -> Ran:
    return one(*given)


def many(
    seeds: Iterable[int], profile: str = "everything", bug: str | None = None, on_postgis: bool = False
) -> Iterator[Ran]:
    """In the order of the seeds."""
    context = multiprocessing.get_context("spawn")
    cluster = services.postgres_socket() if on_postgis else None
    with (
        tempfile.TemporaryDirectory(prefix="arxos-worlds-", dir=world.ROOT) as folder,
        context.Pool(PROCESSES, _settle, (Path(folder), cluster)) as pool,
    ):
        yield from pool.imap(_given, [(seed, profile, bug, on_postgis) for seed in seeds], chunksize=4)


def summary(ran: list[Ran], took_s: float) -> str:
    whole = [r for r in ran if r.failed is None]
    faults = sum((Counter(r.faults) for r in whole), Counter())
    medians = {
        name: median(getattr(r, name) for r in whole) for name in ("devices", "edits", "restarts", "kinds")
    } if whole else {}  # fmt: skip
    speed = f"{len(ran)} seeds in {took_s:.0f} s ({len(ran) / took_s:.1f} a second, {_cpu(ran):.2f} s of CPU each)"
    return f"{speed}; medians {medians}; faults {dict(sorted(faults.items()))}"


def _cpu(ran: list[Ran]) -> float:
    return sum(r.cpu_s for r in ran) / max(1, len(ran))


def main() -> None:
    first, count, *rest = sys.argv[1:]
    on_postgis, profile = "postgis" in rest, next((name for name in rest if name != "postgis"), "everything")
    begun, ran = time.perf_counter(), []
    for result in many(range(int(first), int(first) + int(count)), profile, on_postgis=on_postgis):
        ran.append(result)
        if result.failed:
            print(result.failed, flush=True)
    print(summary(ran, time.perf_counter() - begun))
    print(sum(r.failed is not None for r in ran), "failed")


if __name__ == "__main__":
    main()
