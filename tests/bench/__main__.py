"""`make bench`: measure, print the table. `ONLY=W2` one kind of work, `SIZE=20000` one size, `TIMES=1` how often."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from arxos_sync.storage import garbage
from tests.bench import browser, fleet, growth, live, plan, pushing, sockets, whole
from tests.bench.figures import Figure, medians, table
from tests.bench.peers import merging, pouch

SIZES = (20_000, 100_000)
GROWTH = (1_000, 10_000, 100_000, 1_000_000)
Measure = Callable[[int], list[Figure]]
WORKS: dict[str, tuple[tuple[int, ...], Measure]] = {
    "W6": (SIZES, pushing.w6),
    "W1": (SIZES, whole.w1),
    "W8": (SIZES, whole.w8),
    "W2x10": (SIZES, lambda size: pushing.w2_w3(size, per_transaction=10)),
    "W2": ((20_000,), pushing.w2_w3),  # and W3; a transaction an edit
    "W5": ((20_000,), live.w5),
    "W4": ((20_000,), whole.w4),
    "W7": ((20_000,), browser.w7),
    "W9": ((20_000,), fleet.w9),
    "sockets": ((1_000, 5_000), sockets.sockets),  # so many, where the table says elements
    "plan": ((50_000,), plan.frames),  # lines drawn, where the table says elements
    "growth": (GROWTH, growth.growth),
    "peers": ((20_000,), lambda size: [*merging.crdts(size), *pouch.pouch(size)]),
}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--only", default="", help="as W2 or W2,W6")
    asked.add_argument("--size", type=int, default=0, help="elements stored")
    asked.add_argument("--times", type=int, default=3, help="of each figure the median of so many")
    given = asked.parse_args()
    garbage.look_rarely()  # as both programs do
    found: list[Figure] = []
    for name, (sizes, measure) in WORKS.items():
        if given.only and name not in given.only.split(","):
            continue
        for size in (given.size,) if given.size else sizes:
            some = medians(lambda size=size, measure=measure: measure(size), given.times)
            found += some
            print(table(some), flush=True)
            print(f"{name} at {size:,} done", file=sys.stderr)
    print(table(found))


if __name__ == "__main__":
    main()
