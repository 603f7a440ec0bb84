"""What proves that two stores hold the same rows (PROTOCOL §5).

A table's digest is a sum modulo 2^64, so that both sides keep it while rows come and go and the order of
arrival is of no account. A leaf is the part of that sum whose ids end in the same byte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

MODULUS = 1 << 64
LEAVES = 256


def row_hash(table: str, id: str, sequence: int) -> int:
    text = f"{table}/{id}/{sequence}".encode("ascii")
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big")


def leaf_of(id: str) -> int:
    return int(id[-2:], 16)


def total(table: str, rows: Iterable[tuple[str, int]]) -> int:
    """The digest over (id, sequence) of the live rows."""
    return sum(row_hash(table, id, sequence) for id, sequence in rows) % MODULUS


def leaves(table: str, rows: Iterable[tuple[str, int]]) -> list[int]:
    sums = [0] * LEAVES
    for id, sequence in rows:
        leaf = leaf_of(id)
        sums[leaf] = (sums[leaf] + row_hash(table, id, sequence)) % MODULUS
    return sums


def to_hex(value: int) -> str:
    return f"{value % MODULUS:016x}"
