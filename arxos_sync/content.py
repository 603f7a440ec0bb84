"""A row's values in one binary form, so that their hash is the same on a replica and on every server (PROTOCOL §5).

The digest of sequences proves that two stores were told the same; this one proves that they hold it. Sums and leaves
are those of `digest.py`, over the first 8 bytes of SHA-256 of a row's form. `schemas/vectors/content.json` holds the
form for other languages. A value is a letter and what follows; numbers of bytes or items are 4 bytes, big-endian:

  n               nothing                      f  t            false, true
  d <8 bytes>     a number, whole or not, as an IEEE 754 double, big-endian; zero has no sign
  s <count> …     a text in UTF-8              b <count> …     bytes, a geometry (ISO WKB) among them
  l <count> …     a list of values             o <count> …     an object: keys (as texts) and values, by code point

A row is the list of its table, its id, and an object of the columns that have a value; `id` and `sequence` are left
out, and of a replica of an older schema what that schema lacks.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from typing import Any

from . import digest
from .catalogue import Table

_NOT_COUNTED = ("id", "sequence")
_DOUBLE = struct.Struct(">cd")
_COUNT = struct.Struct(">cI")


def form(value: Any) -> bytes:
    """The binary form of a value of a row (see store.py for what those are)."""
    match value:
        case None:
            return b"n"
        case bool():
            return b"t" if value else b"f"
        case int() | float():
            return _DOUBLE.pack(b"d", float(value) + 0.0)
        case str():
            text = value.encode()
            return _COUNT.pack(b"s", len(text)) + text
        case bytes():
            return _COUNT.pack(b"b", len(value)) + value
        case list():
            return _COUNT.pack(b"l", len(value)) + b"".join(map(form, value))
        case dict():
            items = b"".join(form(key) + form(value[key]) for key in sorted(value))
            return _COUNT.pack(b"o", len(value)) + items
    raise TypeError(f"{type(value).__name__} is no value of a row")


def row_form(table: Table, id: str, values: dict[str, Any]) -> bytes:
    """The form of a row; of `values` only the columns that `table` has."""
    held = {n: v for n, v in values.items() if v is not None and n in table.columns and n not in _NOT_COUNTED}
    return form([table.name, id, held])


def row_hash(table: Table, id: str, values: dict[str, Any]) -> int:
    return int.from_bytes(hashlib.sha256(row_form(table, id, values)).digest()[:8], "big")


def leaves(table: Table, rows: Iterable[tuple[str, dict[str, Any]]]) -> list[int]:
    """The sums over the live rows' values, a leaf each (by the last byte of the id)."""
    sums = [0] * digest.LEAVES
    for id, values in rows:
        leaf = digest.leaf_of(id)
        sums[leaf] = (sums[leaf] + row_hash(table, id, values)) % digest.MODULUS
    return sums


def same(table: Table, one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Do two rows of one id hold the same values, as the digest has it?"""
    return row_form(table, "", one) == row_form(table, "", other)
