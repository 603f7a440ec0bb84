"""EXIF, read and written anew: what a photo says of itself, by tags (EXIF 3.0, in TIFF 6.0's shape).

What stays is a list of what may, so a tag that nobody here has heard of goes. `anew` writes a block that holds these
and nothing else: no maker's notes, no small picture, no gap in which something could lie. A value or a directory that
points out of the block counts as not there; nothing raises. Mirrored by `pwa/core/exif.js`.
"""

from __future__ import annotations

import datetime
import re
import zoneinfo

Entries = dict[int, tuple[int, int, bytes]]  # tag → type, count, value as it stands

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}  # bytes of a value, by TIFF's type
VALUE_BYTES_MAX = 1024
YEAR_MIN = 1900
SHORT, LONG, ASCII = 3, 4, 2
ORIENTATION, EXIF_DIRECTORY, TAKEN, OFFSET = 0x0112, 0x8769, 0x9003, 0x9011
# Camera, fineness, software, date.
KEPT = frozenset([0x010F, 0x0110, ORIENTATION, 0x011A, 0x011B, 0x0128, 0x0131, 0x0132])
# How it was exposed, when, with which kind of lens; not whose camera (0xA430), which one (0xA431, 0xA435), or notes.
KEPT_EXIF = frozenset(
    [0x829A, 0x829D, 0x8822, 0x8827, 0x8830, 0x9000, TAKEN, 0x9004, 0x9010, OFFSET, 0x9012, 0x9201, 0x9202, 0x9203]
    + [0x9204, 0x9205, 0x9206, 0x9207, 0x9208, 0x9209, 0x920A, 0x9290, 0x9291, 0x9292, 0xA001, 0xA002, 0xA003]
    + [0xA20E, 0xA20F, 0xA210, 0xA217, 0xA402, 0xA403, 0xA404, 0xA405, 0xA406, 0xA407, 0xA408, 0xA409, 0xA40A]
    + [0xA40C, 0xA432, 0xA433, 0xA434]
)
_TAKEN = re.compile(rb"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)\0*\Z")
_OFFSET = re.compile(rb"([+-])(\d\d):(\d\d)\0*\Z")


def anew(tiff: bytes, tell: str) -> bytes:
    """The block with what may stay, in its own byte order: `place` by the lists above, `all` the orientation alone."""
    order = _order(tiff)
    if order is None:
        return b""
    first, exif = _directories(tiff, order)
    if tell == "all":
        first, exif = _only(first, frozenset([ORIENTATION])), {}
    else:
        first, exif = _only(first, KEPT), _only(exif, KEPT_EXIF)
    if _orientation(first, order) is None:
        first.pop(ORIENTATION, None)
    return _written(first, exif, order) if first or exif else b""


def taken_at(tiff: bytes, zone: str | None) -> str | None:
    """The instant of DateTimeOriginal, as 2026-01-31T08:30:00.000Z: by its own offset, else in the IANA zone.

    None where the block does not say, where neither tells the offset, and of the hour in which clocks are turned.
    """
    order = _order(tiff)
    if order is None:
        return None
    _, exif = _directories(tiff, order)
    day = _TAKEN.match(exif.get(TAKEN, (0, 0, b""))[2])
    offset = _OFFSET.match(exif.get(OFFSET, (0, 0, b""))[2])
    if day is None:
        return None
    try:
        local = datetime.datetime(*(int(part) for part in day.groups()), tzinfo=datetime.UTC)  # type: ignore[arg-type]
        ahead = _minutes(offset) if offset else _ahead(local, zone)
        return f"{local - ahead:%Y-%m-%dT%H:%M:%S}.000Z" if ahead is not None and local.year >= YEAR_MIN else None
    except (ValueError, OverflowError):
        return None


def turned(tiff: bytes) -> bool:
    """Do width and height change places when it is looked at?"""
    order = _order(tiff)
    orientation = _orientation(_directories(tiff, order)[0], order) if order else None
    return orientation is not None and orientation >= 5


def directories(tiff: bytes) -> list[Entries]:
    """Every directory of a TIFF file's own chain of pages; those that are not there end it."""
    order, found, seen = _order(tiff), list[Entries](), set[int]()
    at = _number(tiff, 4, 4, order) if order else 0
    while order and at and at not in seen and at + 2 <= len(tiff):
        seen.add(at)
        found.append(_entries(tiff, at, order, any_size=True))
        after = at + 2 + 12 * _number(tiff, at, 2, order)
        at = _number(tiff, after, 4, order) if after + 4 <= len(tiff) else 0
    return found


# ---------------------------------------------------------------- reading


def _order(tiff: bytes) -> str | None:
    return {b"II*\0": "little", b"MM\0*": "big"}.get(tiff[:4]) if len(tiff) >= 8 else None


def _number(tiff: bytes, at: int, size: int, order: str) -> int:
    return int.from_bytes(tiff[at : at + size], order)  # type: ignore[arg-type]


def _directories(tiff: bytes, order: str) -> tuple[Entries, Entries]:
    first = _entries(tiff, _number(tiff, 4, 4, order), order)
    kind, _, value = first.get(EXIF_DIRECTORY, (0, 0, b""))
    at = _number(value, 0, 4, order) if kind == LONG else 0
    return first, _entries(tiff, at, order) if at else {}


def _entries(tiff: bytes, at: int, order: str, any_size: bool = False) -> Entries:
    """Tags of the directory there, the first of each; `any_size`: also those whose value is long, without it."""
    found: Entries = {}
    if at + 2 > len(tiff):
        return found
    for place in range(at + 2, at + 2 + 12 * _number(tiff, at, 2, order), 12):
        if place + 12 > len(tiff):
            break
        tag, kind, count = (_number(tiff, place + a, n, order) for a, n in ((0, 2), (2, 2), (4, 4)))
        size = SIZES.get(kind, 0) * count
        where = place + 8 if size <= 4 else _number(tiff, place + 8, 4, order)
        fits = 0 < size <= VALUE_BYTES_MAX and where + size <= len(tiff)
        if tag not in found and (fits or any_size):
            found[tag] = (kind, count, tiff[where : where + size] if fits else b"")
    return found


def _only(entries: Entries, tags: frozenset[int]) -> Entries:
    return {tag: entry for tag, entry in entries.items() if tag in tags}


def _orientation(entries: Entries, order: str) -> int | None:
    kind, count, value = entries.get(ORIENTATION, (0, 0, b""))
    number = _number(value, 0, 2, order)
    return number if (kind, count) == (SHORT, 1) and 1 <= number <= 8 else None


def _minutes(offset: re.Match[bytes]) -> datetime.timedelta | None:
    sign, hours, minutes = offset[1], int(offset[2]), int(offset[3])
    if hours > 23 or minutes > 59:
        return None
    return datetime.timedelta(minutes=(hours * 60 + minutes) * (-1 if sign == b"-" else 1))


def _ahead(local: datetime.datetime, zone: str | None) -> datetime.timedelta | None:
    try:
        there = local.replace(tzinfo=zoneinfo.ZoneInfo(zone or ""))
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return None
    one, other = there.utcoffset(), there.replace(fold=1).utcoffset()
    return one if one == other else None


# ---------------------------------------------------------------- writing


def _written(first: Entries, exif: Entries, order: str) -> bytes:
    if exif:
        size = _size({**first, EXIF_DIRECTORY: (LONG, 1, bytes(4))})
        first = {**first, EXIF_DIRECTORY: (LONG, 1, (8 + size).to_bytes(4, order))}  # type: ignore[arg-type]
    head = (b"II*\0" if order == "little" else b"MM\0*") + (8).to_bytes(4, order)  # type: ignore[arg-type]
    return head + _directory(first, 8, order) + (_directory(exif, 8 + _size(first), order) if exif else b"")


def _size(entries: Entries) -> int:
    long = sum(len(value) + len(value) % 2 for _, _, value in entries.values() if len(value) > 4)
    return 2 + 12 * len(entries) + 4 + long


def _directory(entries: Entries, at: int, order: str) -> bytes:
    """By rising tags, and after them the values that do not fit in four bytes."""

    def number(value: int, size: int) -> bytes:
        return value.to_bytes(size, order)  # type: ignore[arg-type]

    rows, values, place = [number(len(entries), 2)], list[bytes](), at + 2 + 12 * len(entries) + 4
    for tag, (kind, count, value) in sorted(entries.items()):
        rows.append(number(tag, 2) + number(kind, 2) + number(count, 4))
        if len(value) <= 4:
            rows.append(value.ljust(4, b"\0"))
        else:
            rows.append(number(place, 4))
            values.append(value + b"\0" * (len(value) % 2))
            place += len(values[-1])
    return b"".join([*rows, bytes(4), *values])
