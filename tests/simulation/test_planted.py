"""Each planted bug is found, by the profile that suits it, within 2,000 seeds; the same seed without it is quiet.

A third of them in each run, turning with the day; all of them in `make test-long`.
"""

from __future__ import annotations

import os
import time

import pytest

from tests.simulation import planted_devices
from tests.simulation.many import one
from tests.simulation.planted import PLANTED

SEEDS_MAX = 2000
THIRD = int(os.environ.get("ARXOS_SIM_THIRD") or time.strftime("%j")) % 3
NAMES = sorted(PLANTED)
assert len(NAMES) == planted_devices.LISTED


def _found(name: str) -> int:
    """The first seed that shows the bug; the world of that seed keeps its promises without it."""
    profile = PLANTED[name].profile
    for seed in range(1, SEEDS_MAX + 1):
        if one(seed, profile, name).failed:
            sound = one(seed, profile)
            assert sound.failed is None, sound.failed
            return seed
    pytest.fail(f"{name} was not found in {SEEDS_MAX} seeds of {profile}")


@pytest.mark.parametrize("name", [name for place, name in enumerate(NAMES) if place % 3 == THIRD])
def test_a_planted_bug_is_found(name: str):
    print(f"{name}: found by seed {_found(name)}; third {THIRD}")


@pytest.mark.long
@pytest.mark.parametrize("name", [name for place, name in enumerate(NAMES) if place % 3 != THIRD])
def test_every_other_planted_bug_is_found_too(name: str):
    print(f"{name}: found by seed {_found(name)}")
