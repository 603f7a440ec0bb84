"""Worlds from seeds: fresh ones from a printed base, all kept ones, twenty of them twice and some over PostGIS.

`ARXOS_SIM_BASE` names the first fresh seed (today's date otherwise); `ARXOS_SIM_SEEDS` says how many there are in the
long run. What fails says the one command that shows it again.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.simulation.many import Ran, many, one, summary

KEPT = Path(__file__).with_name("kept_seeds.txt")
SEEDS = int(os.environ.get("ARXOS_SIM_SEEDS", "30000"))
FRESH = 2000
BASE = int(os.environ.get("ARXOS_SIM_BASE") or time.strftime("%Y%m%d")) * 1000
REPLAYED = 20
OVER_POSTGIS = 20
FAULTS = {
    "answer_cut", "answer_lost", "app_updated", "clock_wrong", "cloned", "delay",
    "device_killed", "disk_full", "disk_put_back", "drop", "duplicate",
    "evicted", "hint_lost", "moved_between_parents", "portal", "power_cut", "reorder",
    "restart", "role_changed", "server_killed_after_commit", "server_killed_before_commit", "server_put_back",
    "server_put_back_with_epoch", "server_updated", "snapshot", "token_expired", "truncate",
}  # fmt: skip


def _ran(seeds: list[int], on_postgis: bool = False) -> list[Ran]:
    begun = time.perf_counter()
    ran = list(many(seeds, on_postgis=on_postgis))
    print(summary(ran, time.perf_counter() - begun))
    failed = [r.failed for r in ran if r.failed]
    assert not failed, "\n\n".join([f"{len(failed)} of {len(ran)} seeds failed", *failed[:5]])
    return ran


def test_every_kept_seed_keeps_its_promises():
    _ran([int(line.split()[0]) for line in KEPT.read_text("utf-8").splitlines() if line.split("#")[0].strip()])


def test_fresh_seeds_keep_every_promise_and_no_fault_is_missing():
    ran = _ran(list(range(BASE, BASE + FRESH)))
    missing = FAULTS - {fault for r in ran for fault, count in r.faults.items() if count}
    assert not missing, f"faults that never struck from seed {BASE} on: {sorted(missing)}"


@pytest.mark.long
def test_many_more_fresh_seeds_keep_every_promise():
    _ran(list(range(BASE + FRESH, BASE + SEEDS)))


def test_a_seed_is_the_same_world_each_time():
    first, again = (list(many(range(1, REPLAYED + 1), "keeping-servers")) for _ in "ab")
    assert [r.failed for r in first] == [None] * REPLAYED
    assert [r.hash for r in first] == [r.hash for r in again]
    assert len({r.hash for r in first}) == REPLAYED


def test_a_seed_is_the_same_world_over_postgis():
    _alike(range(BASE, BASE + OVER_POSTGIS))


@pytest.mark.long
def test_two_hundred_seeds_are_the_same_worlds_over_postgis():
    _alike(range(BASE + OVER_POSTGIS, BASE + 200))


def _alike(seeds: range) -> None:
    embedded, postgis = list(many(seeds)), _ran(list(seeds), on_postgis=True)
    assert [r.hash for r in postgis] == [r.hash for r in embedded]


def test_a_failing_seed_names_the_command_that_shows_it(monkeypatch: pytest.MonkeyPatch):
    from tests.simulation import oracle

    def wrong(self: oracle.Oracle) -> None:
        raise oracle.Wrong("made up")

    monkeypatch.setattr(oracle.Oracle, "check", wrong)
    failed = one(1).failed
    assert failed is not None and "python -m tests.simulation 1\n" in failed and "made up" in failed
