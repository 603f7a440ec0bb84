"""The cases of schemas/vectors/content.json: the binary form of values and rows, put together by hand."""

from __future__ import annotations

import hashlib
import struct
from typing import Any

ROW = "0192f3a0-0000-7000-8000-0000000e0001"
POINT = bytes.fromhex("01e9030000") + struct.pack("<3d", 1.5, -2.25, 3.0)


def _s(text: str) -> bytes:
    return b"s" + len(text.encode()).to_bytes(4, "big") + text.encode()


def _d(hex: str) -> bytes:
    return b"d" + bytes.fromhex(hex)


def _o(*parts: bytes) -> bytes:
    return b"o" + (len(parts) // 2).to_bytes(4, "big") + b"".join(parts)


def _l(*parts: bytes) -> bytes:
    return b"l" + len(parts).to_bytes(4, "big") + b"".join(parts)


_VALUES: list[tuple[Any, bytes]] = [
    (None, b"n"),
    (False, b"f"),
    (True, b"t"),
    (0, _d("0000000000000000")),
    (1, _d("3ff0000000000000")),
    (-3, _d("c008000000000000")),
    (0.1, _d("3fb999999999999a")),
    (0.1 + 0.2, _d("3fd3333333333334")),
    (1e300, _d("7e37e43c8800759c")),
    (-1e-310, _d("800012688b70e62b")),
    (2**53 - 1, _d("433fffffffffffff")),
    ("", b"s\0\0\0\0"),
    ("D-01", b"s\0\0\0\x04D-01"),
    ("Tür \U0001f6aa", b"s\0\0\0\x09T\xc3\xbcr \xf0\x9f\x9a\xaa"),
    ([], b"l\0\0\0\0"),
    (["fire", "hvac"], _l(_s("fire"), _s("hvac"))),
    ([1, [None, True]], _l(_d("3ff0000000000000"), _l(b"n", b"t"))),
    ({}, b"o\0\0\0\0"),
    ({"b": 1, "a": "x"}, _o(_s("a"), _s("x"), _s("b"), _d("3ff0000000000000"))),
    ({"\U0001f6aa": 1, "ﬁ": 2, "Z": None}, _o(
        _s("Z"), b"n", _s("ﬁ"), _d("4000000000000000"), _s("\U0001f6aa"), _d("3ff0000000000000"))),
    ({"__proto__": {"x": False}}, _o(_s("__proto__"), _o(_s("x"), b"f"))),
]  # fmt: skip

_GEOMETRY = b"b" + len(POINT).to_bytes(4, "big") + POINT
_ROWS: list[tuple[str, str, dict[str, Any], bytes]] = [
    ("storey", ROW, {}, _o()),
    ("storey", ROW, {"name": "Ground", "level": 0, "sequence": 7, "ifc_guid": None, "of tomorrow": 1},
     _o(_s("level"), _d("0000000000000000"), _s("name"), _s("Ground"))),
    ("element", ROW, {"visit_count": 2.5, "geometry": POINT.hex(), "systems": ["hvac"], "id": ROW,
                      "properties": {"width": 0.1}, "created_at": "2026-01-31T08:30:00.000Z"},
     _o(_s("created_at"), _s("2026-01-31T08:30:00.000Z"), _s("geometry"), _GEOMETRY,
        _s("properties"), _o(_s("width"), _d("3fb999999999999a")),
        _s("systems"), _l(_s("hvac")), _s("visit_count"), _d("4004000000000000"))),
]  # fmt: skip


def vectors() -> dict[str, Any]:
    return {
        "about": "A row's values in one binary form, put together by hand: arxos_sync/content.py and "
        "pwa/core/content.js. `values` are as JSON carries them (a geometry in hex), `hash` the first 8 bytes of "
        "SHA-256 of the form.",
        "values": [{"value": value, "form": form.hex()} for value, form in _VALUES],
        "rows": [_row(*case) for case in _ROWS],
    }


def _row(table: str, id: str, values: dict[str, Any], held: bytes) -> dict[str, Any]:
    form = _l(_s(table), _s(id), held)
    return {
        "table": table,
        "id": id,
        "values": values,
        "form": form.hex(),
        "hash": hashlib.sha256(form).hexdigest()[:16],
    }
