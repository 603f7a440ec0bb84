"""W1, W2, W3, W4 and W6 with a document of pycrdt or loro on each side, all in one process and without a network.

What travels is packed with zstd and unpacked again, as the bench's own bodies are. Durable is: the packed update stands
in a file behind an fsync. Nothing else of a server is there, which flatters them.
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterable
from typing import BinaryIO

import msgspec
import zstandard

from arxos_sync.messages import Change
from tests.bench import work
from tests.bench.figures import Figure
from tests.bench.peers.documents import KINDS, Document, label

ZSTD_LEVEL = 3
IDLE = 30  # exchanges with nothing new, of which the median counts
DEVICES = 10


class Took(msgspec.Struct):
    """Bytes that travelled, as they are and as they were packed."""

    plain: int = 0
    packed: int = 0

    def packed_up(self, content: bytes) -> bytes:
        packed = zstandard.ZstdCompressor(ZSTD_LEVEL).compress(content)
        self.plain += len(content)
        self.packed += min(len(packed), len(content))  # the small ones grow by it, and would go as they are
        return packed


def unpacked(packed: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(packed)


def crdts(size: int, count: int = 10_000, each: int = 1_000) -> list[Figure]:
    rows = work.building(random.Random(work.SEED), size)
    found: list[Figure] = []
    for kind in KINDS:
        found += w1(kind, size, rows)
        found += w2_w3_w6(kind, size, rows, count)
        found += w4(kind, size, rows, each)
    return found


def w1(kind: type[Document], size: int, rows: list[Change]) -> list[Figure]:
    dice = random.Random(size)
    server, fresh, wire = stored(kind, dice, rows), kind(dice), Took()
    begun = time.perf_counter()
    packed = wire.packed_up(server.whole())
    encoded = time.perf_counter()
    fresh.take(unpacked(packed))
    held = fresh.rows()
    took = time.perf_counter() - encoded
    assert held == after(rows, ())
    return [
        Figure(label(kind), "W1: taken in, all rows as plain values", size, took, "s"),
        Figure(label(kind), "W1: made for it, no file lies ready", size, encoded - begun, "s"),
        Figure(label(kind), "W1: what travels, packed", size, wire.packed / 1e6, "MB"),
        Figure(label(kind), "W1: before packing", size, wire.plain / 1e6, "MB"),
    ]


def w2_w3_w6(kind: type[Document], size: int, rows: list[Change], count: int) -> list[Figure]:
    dice = random.Random(size)
    server = stored(kind, dice, rows)
    mine, other = (copy(kind, dice, server) for _ in range(2))
    changes = list(work.edits(random.Random(size + 1), rows, count))
    mine.record(changes)
    with tempfile.TemporaryFile() as log:
        out = Took()
        begun = time.perf_counter()
        hand_in(mine, server, log, out)
        handed = time.perf_counter()
        fetched(other, server, Took())
        took = time.perf_counter() - handed
    wanted = after(rows, changes)
    assert mine.rows() == server.rows() == other.rows() == wanted
    return [
        Figure(label(kind), f"W2: {count:,} edits to durable in a file", size, handed - begun, "s"),
        Figure(label(kind), "W2: sent a change, packed", size, out.packed / count, "bytes"),
        Figure(label(kind), "W2: before packing", size, out.plain / count, "bytes"),
        Figure(label(kind), "W3: taken in by another, in memory", size, took, "s"),
        *idle(kind, size, mine, server),
    ]


def idle(kind: type[Document], size: int, mine: Document, server: Document) -> list[Figure]:
    """Each tells what it has and is told what it lacks: nothing."""
    times, wire = [], Took()
    for _ in range(IDLE):
        wire = Took()
        begun = time.perf_counter()
        for one, two in ((mine, server), (server, mine)):
            asked = one.version()
            answer = two.since(asked)
            one.take(answer)
            wire.packed_up(asked), wire.packed_up(answer)
        times.append(time.perf_counter() - begun)
    return [
        Figure(label(kind), "W6: nothing new, both ways", size, statistics.median(times) * 1000, "ms"),
        Figure(label(kind), "W6: nothing new, both ways, what travels", size, wire.packed, "bytes"),
    ]


def w4(kind: type[Document], size: int, rows: list[Change], each: int) -> list[Figure]:
    dice = random.Random(size)
    server = stored(kind, dice, rows)
    devices = [copy(kind, dice, server) for _ in range(DEVICES)]
    for device, changes in zip(devices, overlapping(rows, each), strict=True):
        device.record(changes)
    wire = Took()
    with tempfile.TemporaryFile() as log:
        begun = time.perf_counter()
        for device in devices:
            hand_in(device, server, log, wire)
        for device in devices:
            fetched(device, server, wire)
        took = time.perf_counter() - begun
    wanted = server.rows()
    assert wanted != after(rows, ()) and all(device.rows() == wanted for device in devices)
    told = Took()
    told.packed_up(server.version()), told.packed_up(server.since(server.version()))
    name = f"W4: {DEVICES} devices × {each:,} overlapping edits, until all are equal"
    return [
        Figure(label(kind), name, size, took, "s"),
        Figure(label(kind), "W4: what travels, packed, all devices", size, wire.packed / 1e6, "MB"),
        Figure(label(kind), f"W6: nothing new, one way, after {DEVICES} more have written", size, told.packed, "bytes"),
    ]


def overlapping(rows: list[Change], each: int) -> list[list[Change]]:
    """The edits of each device, as W4 has them: all of the same few elements."""
    some = [row for row in rows if row.table != "element"]
    some += [row for row in rows if row.table == "element"][:each]
    return [list(work.edits(random.Random(number), some, each, 0.0, 0.0)) for number in range(DEVICES)]


def stored(kind: type[Document], dice: random.Random, rows: list[Change]) -> Document:
    server = kind(dice)
    server.record(rows)
    return server


def copy(kind: type[Document], dice: random.Random, server: Document) -> Document:
    fresh = kind(dice)
    fresh.take(server.whole())
    return fresh


def hand_in(device: Document, server: Document, log: BinaryIO, wire: Took) -> None:
    packed = wire.packed_up(device.since(server.version()))
    server.take(unpacked(packed))
    log.write(packed)
    log.flush()
    os.fsync(log.fileno())


def fetched(device: Document, server: Document, wire: Took) -> None:
    device.take(unpacked(wire.packed_up(server.since(device.version()))))


def after(rows: Iterable[Change], changes: Iterable[Change]) -> dict[str, dict]:
    """What must be there, reckoned without any of them."""
    found: dict[str, dict] = {}
    for change in (*rows, *changes):
        if change.op == "delete":
            del found[change.id]
        else:
            found[change.id] = found.get(change.id, {}) | change.set
    return found
