"""`python -m tests.simulation SEED [--profile NAME] [--postgis] [--trace]`: one world again, as it was."""

from __future__ import annotations

import argparse
import time

import msgspec

from tests.simulation.planted import planting
from tests.simulation.profiles import PROFILES
from tests.simulation.world import run


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int)
    parser.add_argument("--to", type=int, help="run all seeds up to this one")
    parser.add_argument("--profile", default="everything", choices=PROFILES)
    parser.add_argument("--bug", help="with a planted bug (planted.py)")
    parser.add_argument("--postgis", action="store_true", help="over a real PostGIS")
    parser.add_argument("--trace", action="store_true")
    given = parser.parse_args()
    profile = msgspec.structs.replace(PROFILES[given.profile], talk=given.trace)
    for seed in range(given.seed, (given.to or given.seed) + 1):
        begun = time.process_time()
        try:
            with planting(given.bug):
                world = run(seed, profile, given.postgis)
        except AssertionError as wrong:
            print(f"seed {seed}: {wrong}")
            raise
        took = time.process_time() - begun
        print(seed, world.hash()[:16], f"{took:.2f} s of CPU", world.edits(), "edits", dict(world.faults))


if __name__ == "__main__":
    main()
