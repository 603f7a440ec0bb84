"""Makes schemas/vectors/{stamp,digest,change,apply,session}.json: `python -m tests.engine.make_vectors`.

What stands in them is told where the cases are: stamps are spelled out by hand, digests are summed here without
the engine's code, a change's verdict is written beside it and must be the engine's, and what `apply` and `session`
answer is the engine's, read and kept. The script refuses to write a verdict that the engine does not share.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tests.engine import apply_cases, change_cases, content_cases, session_cases

VECTORS = Path(__file__).parents[2] / "schemas" / "vectors"
DEVICE = "0192f3a0-0000-7000-8000-0000c011d2aa"
OTHER = "0192f3a0-0000-7000-8000-0000c011d2ab"
MINUTE_MS = 60_000


def stamp() -> dict[str, Any]:
    """Every stamp is spelled by hand."""
    a, b = "0192f3c4d5e6-0001-c011d2aa", "0192f3c4d5e6-0001-00000001"
    return {
        "about": "Stamps, spelled by hand: arxos_sync/stamp.py and pwa/core/stamp.js.",
        "form": [
            {"ms": 0, "counter": 0, "device": DEVICE, "stamp": "000000000000-0000-c011d2aa"},
            {"ms": 0x0192F3C4D5E6, "counter": 1, "device": DEVICE, "stamp": a},
            {"ms": 10, "counter": 0xFFFF, "device": DEVICE, "stamp": "00000000000a-ffff-c011d2aa"},
            {"ms": 10, "counter": 0x10000, "device": DEVICE, "stamp": "00000000000b-0000-c011d2aa"},
            {"ms": 2**48 - 1, "counter": 3, "device": DEVICE, "stamp": "ffffffffffff-0003-c011d2aa"},
            {"ms": 2**48 + 7, "counter": 3, "device": DEVICE, "stamp": "ffffffffffff-0003-c011d2aa"},
        ],
        "parts": [{"stamp": a, "ms": 0x0192F3C4D5E6, "counter": 1}]
        + [{"stamp": "00000000000f-ffff-00000001", "ms": 15, "counter": 65535}],
        "following": [
            {"last": None, "now_ms": 11, "device": DEVICE, "stamp": "00000000000b-0000-c011d2aa"},
            {"last": a, "now_ms": 0x0192F3C4D5E7, "device": DEVICE, "stamp": "0192f3c4d5e7-0000-c011d2aa"},
            {"last": a, "now_ms": 0x0192F3C4D5E6, "device": DEVICE, "stamp": "0192f3c4d5e6-0002-c011d2aa"},
            {"last": a, "now_ms": 5, "device": DEVICE, "stamp": "0192f3c4d5e6-0002-c011d2aa"},
            {
                "last": "00000000000b-ffff-c011d2aa",
                "now_ms": 5,
                "device": DEVICE,
                "stamp": "00000000000c-0000-c011d2aa",
            },
        ],
        "learned": [
            {"last": None, "received_at": b, "device": DEVICE, "stamp": a},
            {"last": a, "received_at": b, "device": DEVICE, "stamp": a},
            {
                "last": a,
                "received_at": "0192f3c4d5e6-0003-00000001",
                "device": DEVICE,
                "stamp": "0192f3c4d5e6-0003-c011d2aa",
            },
            {"last": a, "received_at": "0192f3c4d5e5-ffff-ffffffff", "device": DEVICE, "stamp": a},
        ],
        "clamped": [
            {"stamp": a, "received_ms": 0x0192F3C4D5E6, "ahead_ms_max": 0, "counts": a},
            {"stamp": a, "received_ms": 0, "ahead_ms_max": 16, "counts": "000000000010-0000-c011d2aa"},
            {"stamp": a, "received_ms": 0x0192F3C4D5E6 - 5 * MINUTE_MS, "ahead_ms_max": 5 * MINUTE_MS, "counts": a},
        ],
        "beats": [
            {"one": [a, DEVICE], "other": [b, OTHER], "beats": True},
            {"one": [a, DEVICE], "other": [a, OTHER], "beats": False},
            {"one": [a, OTHER], "other": [a, DEVICE], "beats": True},
            {"one": [a, DEVICE], "other": [a, DEVICE], "beats": False},
            {"one": ["00000000000a-ffff-ffffffff", OTHER], "other": ["00000000000b-0000-00000000", DEVICE],
             "beats": False},
        ],
        "is_stamp": [{"text": text, "is": True} for text in (a, b)]
        + [
            {"text": text, "is": False}
            for text in ("", None, 7, a.upper(), a[:-1], a + "0", a + "\n", " " + a, a.replace("-", "_"), [a])
        ],
    }  # fmt: skip


def digest() -> dict[str, Any]:
    """Summed here with hashlib alone."""
    sets = [
        ("element", []),
        ("element", [["0192f3a0-0000-7000-8000-00000000000b", 1]]),
        ("storey", [["0192f3a0-0000-7000-8000-00000000000b", 1]]),
        ("element", [["0192f3a0-0000-7000-8000-00000000000b", 2]]),
        ("element", [[f"0192f3a0-0000-7000-8000-{n * 7919:012x}", n * n + 1] for n in range(300)]),
        ("work_order", [[f"0192f3a0-0000-7000-8000-{n:010x}ff", 2**53 - 1 - n] for n in range(40)]),
    ]
    return {
        "about": "Digests, summed by hashlib alone: arxos_sync/digest.py and pwa/core/digest.js. "
        "`leaves` names those that are not nought.",
        "tables": [
            {"table": table, "rows": rows, "digest": _sum(table, rows), "leaves": _leaves(table, rows)}
            for table, rows in sets
        ],
        "hex": [
            {"value": str(value), "hex": text}
            for value, text in (
                (0, "0" * 16),
                (255, "00000000000000ff"),
                (2**64 - 1, "f" * 16),
                (2**64, "0" * 16),
                (-1, "f" * 16),
            )
        ],
    }


def _hash(table: str, id: str, sequence: int) -> int:
    return int(hashlib.sha256(f"{table}/{id}/{sequence}".encode()).hexdigest()[:16], 16)


def _sum(table: str, rows: list[Any]) -> str:
    return format(sum(_hash(table, *row) for row in rows) % 2**64, "016x")


def _leaves(table: str, rows: list[Any]) -> dict[str, str]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(str(int(row[0][-2:], 16)), []).append(row)
    return {leaf: _sum(table, some) for leaf, some in sorted(found.items(), key=lambda one: int(one[0]))}


def text(vectors: dict[str, Any]) -> str:
    """JSON with a case a line, so that a changed case is a changed line."""
    lines = []
    for name, cases in vectors.items():
        if isinstance(cases, list):
            body = ",\n".join("  " + _line(case) for case in cases)
            lines.append(f'"{name}": [\n{body}\n]')
        else:
            lines.append(f'"{name}": {json.dumps(cases)}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _line(case: dict[str, Any]) -> str:
    if "steps" not in case:
        return json.dumps(case)
    steps = ",\n".join("    " + json.dumps(one) for one in case["steps"])
    rest = json.dumps({name: value for name, value in case.items() if name != "steps"})
    return f'{rest[:-1]}, "steps": [\n{steps}\n  ]}}'


def made() -> dict[str, str]:
    """Each file's text by its name."""
    cases = {"change": change_cases, "content": content_cases, "apply": apply_cases, "session": session_cases}
    found = {"stamp": stamp(), "digest": digest()} | {name: some.vectors() for name, some in cases.items()}
    return {f"{name}.json": text(vectors) for name, vectors in found.items()}


if __name__ == "__main__":
    for name, content in made().items():
        (VECTORS / name).write_text(content, "utf-8")
