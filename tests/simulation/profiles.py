"""Which faults strike how often. A profile suits a kind of mistake that might be in the code."""

from __future__ import annotations

import msgspec

FAULTS: dict[str, float] = {
    "drop": 0.05,
    "duplicate": 0.05,
    "delay": 0.04,
    "truncate": 0.03,
    "answer_lost": 0.06,
    "answer_cut": 0.02,
    "portal": 0.03,
    "token_expired": 0.03,
    "hint_lost": 0.3,
    "server_killed_before_commit": 0.02,
    "server_killed_after_commit": 0.02,
    "fuse": 0.04,
    "disk_fills": 0.01,
    "restart": 0.08,
    "power_cut": 0.03,
    "disk_copied": 0.03,
    "disk_put_back": 0.06,
    "cloned": 0.008,
    "evicted": 0.008,
    "role_changed": 0.02,
    "app_updated": 0.03,
    "server_updated": 0.03,
    "server_backed_up": 0.02,
    "server_put_back": 0.015,
    "server_put_back_with_epoch": 0.015,
}


class Profile(msgspec.Struct, frozen=True):
    name: str
    odds: dict[str, float]
    steps: int = 40
    spatialite: bool = False
    coarse_ms: int = 1  # how coarse all clocks are
    talk: bool = False


def everything(steps: int = 40) -> Profile:
    return Profile("everything", FAULTS, steps)


def without(*faults: str, name: str) -> Profile:
    return Profile(name, {fault: odds for fault, odds in FAULTS.items() if fault not in faults})


QUIET = Profile("quiet", {"hint_lost": 0.3})
KEEPING_SERVERS = without(
    "server_put_back", "server_put_back_with_epoch", "server_backed_up", name="keeping-servers"
)
PROFILES = {p.name: p for p in (everything(), QUIET, KEEPING_SERVERS)}


def _suited(name: str, **odds: float) -> Profile:
    """Mostly quiet, with more of what brings a certain mistake to light."""
    return Profile(name, {"hint_lost": 0.3, "drop": 0.03, "restart": 0.05} | odds)


_SUITED = (
    _suited("server-dies", server_killed_before_commit=0.15),
    _suited("answers-lost", answer_lost=0.25, server_killed_after_commit=0.15, duplicate=0.1),
    _suited("busy", duplicate=0.05),
    msgspec.structs.replace(_suited("same-moment", hint_lost=1.0), coarse_ms=86_400_000),
    _suited("paging", drop=0.2, fuse=0.1),
    _suited("roles", role_changed=0.15),
    _suited("servers-put-back", server_backed_up=0.05, server_put_back=0.06, server_put_back_with_epoch=0.02),
    _suited("clones", cloned=0.03, disk_copied=0.04, disk_put_back=0.1),
    _suited("devices-die", fuse=0.25),
    _suited("clocks", delay=0.03),
    _suited("hints", hint_lost=0.1, drop=0.1),
    _suited("power-cuts", power_cut=0.12),
    _suited("skew", app_updated=0.08, server_updated=0.03),
)
PROFILES |= {profile.name: profile for profile in _SUITED}
