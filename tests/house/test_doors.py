"""Which room may import from which (docs/architecture.md), and what the engine may not touch at all.

Every rule is shown able to fail: a small tree with one planted violation is scanned by the same function.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("arxos_sync", "client_kit", "server", "schemas", "tests")
FORMAT_LIBRARIES = set(
    [
        "PIL",
        "acadsharp",
        "defusedxml",
        "ezdxf",
        "ifcopenshell",
        "msgspec",
        "numpy",
        "openpyxl",
        "pymupdf",
        "pyogrio",
        "pyproj",
        "reportlab",
        "shapely",
    ]
)
# What the standard library has that reads no clock, dice, disk, socket or other process.
PURE = set(
    [
        "__future__",
        "abc",
        "base64",
        "bisect",
        "collections",
        "contextlib",
        "copy",
        "dataclasses",
        "datetime",
        "decimal",
        "difflib",
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "heapq",
        "itertools",
        "json",
        "math",
        "operator",
        "re",
        "string",
        "struct",
        "textwrap",
        "tomllib",
        "types",
        "typing",
        "unicodedata",
        "zlib",
    ]
)
CLOCKS = ("now", "utcnow", "today", "fromtimestamp")


class Room(msgspec.Struct, frozen=True):
    """`inner`: prefixes of our own modules; `outer`: libraries, None for any; `pure`: no stdlib but PURE."""

    inner: tuple[str, ...]
    outer: set[str] | None = None
    pure: bool = False


# The first prefix that fits a file's place is its room.
DOORS = {
    "arxos_sync/storage": Room(("arxos_sync",), {"msgspec", "pysqlite3", "sqlcipher3", "psycopg", "psycopg_pool"}),
    "arxos_sync": Room(("arxos_sync",), {"msgspec"}, pure=True),
    "client_kit/formats": Room(("arxos_sync", "client_kit.formats", "schemas"), FORMAT_LIBRARIES),
    "client_kit": Room(("arxos_sync", "client_kit", "schemas")),
    "server": Room(("arxos_sync", "server", "schemas", "client_kit.formats")),
    "schemas": Room(("arxos_sync", "schemas"), {"msgspec"}),
}
NOT_BEYOND = {"arxos_sync": "arxos_sync.storage", "client_kit/formats": "arxos_sync.storage"}


class Import(msgspec.Struct, frozen=True):
    module: str
    line: int


def imports(path: Path, root: Path) -> Iterator[Import]:
    """Every module a file names in an import, relative ones resolved; wherever in the file it stands."""
    package = path.relative_to(root).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (start, node.module) if part)
            for alias in node.names:
                yield Import(f"{module}.{alias.name}", node.lineno)


def violations(root: Path) -> list[str]:
    found = []
    for path in sorted(p for room in ROOMS if room != "tests" for p in (root / room).rglob("*.py")):
        place = path.relative_to(root).as_posix()
        name = next(prefix for prefix in DOORS if place.startswith(prefix + "/"))
        for imported in imports(path, root):
            if wrong := _wrong(name, imported.module):
                found.append(f"{place}:{imported.line}: {name} may not import {imported.module}: {wrong}")
        if DOORS[name].pure:
            found += [f"{place}:{line}: the engine reads no clock: {call}" for call, line in clock_calls(path)]
    return found


def _wrong(name: str, module: str) -> str | None:
    room, top = DOORS[name], module.partition(".")[0]
    if top == "tests":
        return "nothing imports tests"
    if top in ROOMS:
        beyond = NOT_BEYOND.get(name)
        if beyond and _within(module, beyond):
            return "storage is not for this room"
        return None if any(_within(module, inner) for inner in room.inner) else "no door leads there"
    if top in sys.stdlib_module_names:
        return "not a pure module of the standard library" if room.pure and top not in PURE else None
    return None if room.outer is None or top in room.outer else "a library of another room"


def _within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def clock_calls(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Attribute) or node.attr not in CLOCKS:
            continue
        if ast.unparse(node.value).rpartition(".")[2] in ("datetime", "date", "dt"):
            yield ast.unparse(node), node.lineno


def test_every_import_goes_through_a_door():
    assert violations(ROOT) == []


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("arxos_sync/merge.py", "import time"),
        ("arxos_sync/merge.py", "from random import choice"),
        ("arxos_sync/merge.py", "import os.path"),
        ("arxos_sync/merge.py", "from pathlib import Path"),
        ("arxos_sync/merge.py", "import sqlite3"),
        ("arxos_sync/merge.py", "import secrets, uuid, socket"),
        ("arxos_sync/merge.py", "from .storage import postgis"),
        ("arxos_sync/merge.py", "import schemas"),
        ("arxos_sync/merge.py", "import httpx"),
        ("arxos_sync/merge.py", "from datetime import datetime\nnow = datetime.now()"),
        ("arxos_sync/merge.py", "import datetime\nday = datetime.date.today()"),
        ("arxos_sync/merge.py", "def late():\n    import subprocess"),
        ("arxos_sync/storage/postgis.py", "import server.settings"),
        ("arxos_sync/storage/postgis.py", "import litestar"),
        ("client_kit/sync.py", "from server.app import create"),
        ("client_kit/formats/ifc.py", "from arxos_sync.storage import spatialite"),
        ("client_kit/formats/ifc.py", "from ..replica import open_replica"),
        ("client_kit/formats/ifc.py", "import httpx"),
        ("server/app.py", "from client_kit import sync"),
        ("server/app.py", "from tests import services"),
        ("schemas/make.py", "import server"),
    ],
)
def test_a_planted_violation_is_found(tmp_path: Path, place: str, line: str):
    target = tmp_path / place
    target.parent.mkdir(parents=True)
    target.write_text("import json\nfrom arxos_sync import change\n")
    assert violations(tmp_path) == [], "sound before"
    target.write_text(f'"""Planted."""\n{line}\n')
    assert violations(tmp_path), line
    assert violations(tmp_path)[0].startswith(f"{place}:")
