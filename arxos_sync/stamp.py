"""Hybrid logical clock stamps (Kulkarni et al. 2014, "Logical Physical Clocks").

A stamp is text, `<12 hex ms>-<4 hex counter>-<last 8 hex of the device id>`, lower case, so that it sorts as
text. Ties are broken by the whole device id. Time comes in as an argument, in ms since 1970 UTC.
"""

from __future__ import annotations

import re

COUNTER_MAX = 0xFFFF
MS_MAX = 0xFFFF_FFFF_FFFF
_FORM = re.compile(r"[0-9a-f]{12}-[0-9a-f]{4}-[0-9a-f]{8}\Z")


def is_stamp(text: object) -> bool:
    return isinstance(text, str) and _FORM.match(text) is not None


def form(ms: int, counter: int, device: str) -> str:
    """Write a stamp; a full counter carries into the milliseconds."""
    carry, counter = divmod(counter, COUNTER_MAX + 1)
    return f"{min(ms + carry, MS_MAX):012x}-{counter:04x}-{device[-8:]}"


def milliseconds(stamp: str) -> int:
    return int(stamp[:12], 16)


def counter(stamp: str) -> int:
    return int(stamp[13:17], 16)


def following(last: str | None, now_ms: int, device: str) -> str:
    """The author's next stamp: above its last one, and at its wall clock where that is ahead."""
    if last is None or now_ms > milliseconds(last):
        return form(now_ms, 0, device)
    return form(milliseconds(last), counter(last) + 1, device)


def learned(last: str | None, received_at: str, device: str) -> str:
    """The author's clock after an exchange: never behind the server's `received_at`.

    Only the milliseconds and the counter are taken over; the tail stays the device's own.
    """
    heard = form(milliseconds(received_at), counter(received_at), device)
    return heard if last is None else max(last, heard)


def clamped(stamp: str, received_ms: int, ahead_ms_max: int) -> str:
    """The stamp as it counts in a merge: not further ahead than `ahead_ms_max` of its arrival."""
    limit = received_ms + ahead_ms_max
    return stamp if milliseconds(stamp) <= limit else form(limit, 0, stamp[18:])


def beats(stamp: str, device: str, other_stamp: str, other_device: str) -> bool:
    """Is (stamp, device) the later of two authors' stamps?"""
    return (stamp, device) > (other_stamp, other_device)
