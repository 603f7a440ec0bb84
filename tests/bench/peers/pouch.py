"""W1, W2, W3, W4 and W6 with PouchDB, by pouch.mjs in a process of its own. Its packages are this folder's lock's.

A row is a document and a point its three coordinates, for a document is JSON. `make bench` installs the packages;
`make test` does not, so nothing there runs this module.
"""

from __future__ import annotations

import json
import random
import struct
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from arxos_sync.messages import Change
from tests import services
from tests.bench import work
from tests.bench.figures import Figure
from tests.bench.peers.merging import DEVICES, overlapping

HERE = Path(__file__).parent
TIMEOUT_S = 1_800


def pouch(size: int, count: int = 10_000, each: int = 1_000) -> list[Figure]:
    package = HERE / "node_modules/pouchdb/package.json"
    if not package.exists():
        raise RuntimeError("PouchDB is not here: `make bench` installs it")
    rows = work.building(random.Random(work.SEED), size)
    with tempfile.TemporaryDirectory() as folder:
        told(Path(folder) / "building.jsonl", map(plain, rows))
        told(Path(folder) / "edits.jsonl", map(plain, work.edits(random.Random(size + 1), rows, count)))
        told(Path(folder) / "overlapping.jsonl", ([plain(c) for c in some] for some in overlapping(rows, each)))
        asked = [services.tool("node"), HERE / "pouch.mjs", folder]
        done = subprocess.run(asked, capture_output=True, text=True, timeout=TIMEOUT_S, cwd=folder)
    if done.returncode:
        raise RuntimeError(f"pouch.mjs: {done.stderr}")
    version = json.loads(package.read_text("utf-8"))["version"]
    return figures(f"peer PouchDB {version}", size, count, each, json.loads(done.stdout))


def told(path: Path, lines: Iterable[Any]) -> None:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")


def plain(change: Change) -> dict[str, Any]:
    given = dict(change.set or {})
    if "geometry" in given:
        given["geometry"] = struct.unpack("<BIddd", given["geometry"])[2:]
    return {"op": change.op, "id": change.id, "set": given}


def figures(name: str, size: int, count: int, each: int, answer: dict[str, Any]) -> list[Figure]:
    w1, w2, w3, w4, w6 = (answer[one] for one in ("w1", "w2", "w3", "w4", "w6"))
    both = {one: answer[one]["sent"] + answer[one]["received"] for one in answer}
    overlap = f"W4: {DEVICES} devices × {each:,} overlapping edits, until all are equal"
    return [
        Figure(name, "W1: replicated to a fresh database", size, w1["took"], "s"),
        Figure(name, "W1: what travels, both ways", size, both["w1"] / 1e6, "MB"),
        Figure(name, f"W2: {count:,} edits replicated to the server's database", size, w2["took"], "s"),
        Figure(name, "W2: sent a change", size, w2["sent"] / count, "bytes"),
        Figure(name, "W3: replicated to another", size, w3["took"], "s"),
        Figure(name, "W3: received a change", size, w3["received"] / count, "bytes"),
        Figure(name, overlap, size, w4["took"], "s"),
        Figure(name, "W4: what travels, all devices", size, both["w4"] / 1e6, "MB"),
        Figure(name, "W4: conflicting revisions kept", size, w4["conflicts"], "revisions"),
        Figure(name, "W6: nothing new, both ways", size, w6["took"] * 1000, "ms"),
        Figure(name, "W6: nothing new, both ways, what travels", size, both["w6"], "bytes"),
        Figure(name, "W6: nothing new, requests", size, w6["requests"], "requests"),
    ]
