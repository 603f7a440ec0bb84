"""Open files that former worlds left, made like new under their connections.

For every connection SQLite reads a file's schema and compiles each statement anew, which takes longer than the day
that is simulated. So what is still open when a world ends waits here, and where a later world of this process makes a
file of the same template at the same place, its pages are laid there by SQLite's own backup. The template's number of
the schema comes along, by which a connection finds that what it compiled holds. A file whose schema is not the
template's any more is let go.
"""

from __future__ import annotations

import itertools
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

from arxos_sync.storage.driver import sqlite

FILES = ("", "-wal", "-shm", "-journal")
ENDS_NOWHERE = 1_073_741_823  # pages that a file may have


class Shelf:
    """`folder` is where its files wait: beside the worlds, on the same disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()
        self._waiting: dict[tuple[Path, Path, str], tuple[Path, list[Any]]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, path: Path, template: Path, kind: str, connections: list[Any]) -> bool:
        """Keep the file at `path` with all its connections, which nobody uses; False where it cannot be kept."""
        key = path, template, kind
        if key in self._waiting or not all(_idle(one) for one in connections):
            return False
        if _schema(connections[0]) != _schema_of(template):
            return False
        aside = self._folder / f"{next(self._numbers)}-{path.name}"
        _move(path, aside)
        self._waiting[key] = aside, connections
        return True

    def take(self, path: Path, template: Path, kind: str) -> list[Any]:
        """The file is at `path`, like the template, and these are its connections; none where none waits."""
        aside, connections = self._waiting.pop((path, template, kind), (None, []))
        if aside is not None:
            _move(aside, path)
            if not make_like(path, template, connections[0]):
                raise AssertionError(f"{path} could not be made like {template}")
        return connections


def make_like(path: Path, source: Path, connection: Any) -> bool:
    """Lay the pages of `source` into the file at `path`, whose connections, `connection` among them, are idle. Does its
    schema have the number it had, so that what they compiled holds?
    """
    with closing(sqlite.connect(path, isolation_level=None)) as under, closing(sqlite.connect(source)) as over:
        number = over.execute("pragma schema_version").fetchone()[0]
        same = under.execute("pragma schema_version").fetchone()[0] == number
        over.backup(under)
        under.execute(f"pragma schema_version = {number}")
    empty_log(connection)
    return same


def empty_log(connection: Any) -> None:
    """All is in the file itself, and nothing in its WAL."""
    busy, *_ = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
    assert not busy, "somebody still reads"


def _idle(connection: Any) -> bool:
    connection.execute(f"pragma max_page_count = {ENDS_NOWHERE}")
    return not connection.in_transaction


def _schema(connection: Any) -> tuple[Any, ...]:
    number = connection.execute("pragma schema_version").fetchone()
    return *number, *connection.execute("select name, rootpage, sql from sqlite_master").fetchall()


_schemas: dict[Path, tuple[Any, ...]] = {}


def _schema_of(template: Path) -> tuple[Any, ...]:
    if template not in _schemas:
        with closing(sqlite.connect(template)) as connection:
            _schemas[template] = _schema(connection)
    return _schemas[template]


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    for end in FILES:
        if Path(f"{source}{end}").exists():
            shutil.move(f"{source}{end}", f"{target}{end}")
