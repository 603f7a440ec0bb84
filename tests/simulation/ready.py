"""Files with connections to them that pass from world to world, so that SQLite need not read a schema and compile every
statement again for each. A world finds what its templates hold, and connections that know nothing of worlds before.

A device's file is a link to a place. To open another file there its bytes are written over it, under another change
counter: SQLite sees that the file has changed, and forgets every page of it, and that its schema has not. Of processes
that are killed one in ten closes its files in earnest. A server's file has several connections, which hold it in WAL:
its rows are deleted and the template's inserted.
"""

from __future__ import annotations

import atexit
import itertools
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from arxos_sync.storage.driver import sqlite

ROOT = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(tempfile.gettempdir())
PAGES_MAX = 1_073_741_823
_COUNTERS = (24, 92)  # where a database's header holds its change counter, and the counter its size is valid for
_SPATIALITE = (
    "idx_", "sqlite_", "geometry_columns", "spatial", "views_", "virts_", "sql_statements_log", "data_licenses",
    "elementarygeometries", "knn",
)  # fmt: skip


def made_for_good() -> Path:
    """A folder that goes with the process."""
    folder = Path(tempfile.mkdtemp(prefix="arxos-worlds-", dir=ROOT))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def folder() -> Path:
    return made_for_good()


# ---------------------------------------------------------------- devices

Kind = tuple[bytes, bytes, bool]  # the template a file began as, the cookie of its schema, and: with SpatiaLite?


class Place:
    """A file and the connection that has it open."""

    def __init__(self, file: Path, raw: Any):
        self.file, self.raw = file, raw


_numbers = itertools.count(1)
_changes = itertools.count(1 << 30, 1 << 12)  # further apart than a world's transactions could count
_free: dict[Kind, list[Place]] = {}
_taken: dict[int, Place] = {}  # by the id of their connection, which they keep alive


def sign(template: Any) -> None:
    """Over a connection: what begins as this file is known by it as long as its schema stays."""
    template.execute(f"pragma user_version = {next(_numbers)}")


def take(source: Path, spatialite: bool, opened: Callable[[Path], Any]) -> Place | None:
    """An open copy of a file that nobody has open; None where it did not begin as a template."""
    assert not Path(f"{source}-wal").exists(), "whoever closed it left nothing beside it"
    kind = _kind(source, spatialite)
    if kind is None:
        return None
    if _free.get(kind):
        place = _free[kind].pop()
        _overwrite(place.file, source)
    else:
        file = folder() / f"{next(_numbers)}.sqlite"
        shutil.copyfile(source, file)
        place = Place(file, opened(file))
    _taken[id(place.raw)] = place
    return place


def _kind(file: Path, spatialite: bool) -> Kind | None:
    with file.open("rb") as opened:
        header = opened.read(100)
    return (header[60:64], header[40:44], spatialite) if any(header[60:64]) else None


def _overwrite(file: Path, source: Path) -> None:
    content = bytearray(source.read_bytes())
    counter = next(_changes).to_bytes(4, "big")
    for at in _COUNTERS:
        content[at : at + 4] = counter
    with file.open("r+b") as opened:
        opened.write(content)
        opened.truncate()


def give_back(raw: Any, spatialite: bool, path: Path | None) -> None:
    """The file is to stay at `path` with nobody having it open; None: it goes."""
    if id(raw) not in _taken or not _at_rest(raw):
        close(raw, path)
        return
    place = _taken.pop(id(raw))
    if path:
        new = path.with_suffix(".new")
        shutil.copyfile(place.file, new)
        new.replace(path)
    kind = _kind(place.file, spatialite)
    assert kind is not None
    _free.setdefault(kind, []).append(place)


def _at_rest(raw: Any) -> bool:
    """As `connect` makes it, and out of the WAL, so that the file holds all of it. False where a statement runs on,
    which a failed world may have left.
    """
    for pragma in ("synchronous = full", f"max_page_count = {PAGES_MAX}", "cache_size = -2000"):
        raw.execute(f"pragma {pragma}")
    try:
        return raw.execute("pragma journal_mode = delete").fetchone() == ("delete",)
    except sqlite.OperationalError:
        return False


def close(raw: Any, path: Path | None) -> None:
    """In earnest."""
    raw.close()
    place = _taken.pop(id(raw), None)
    if place is not None and path:
        shutil.move(place.file, path)
    elif place is not None:
        place.file.unlink()


# ---------------------------------------------------------------- servers


def restore(file: Path, template: Path) -> None:
    """The rows of a server's file become the template's; its schema is the same."""
    connection = sqlite.connect(f"file:{file}", uri=True, isolation_level=None)
    try:
        connection.create_function("RTreeAlign", 3, lambda *given: 1)
        connection.create_function("GeometryConstraints", -1, lambda *given: 1)
        connection.execute("attach ? as template", (f"file:{template}?mode=ro",))
        connection.execute("begin immediate")
        for name in tables(connection):
            connection.execute(f'delete from main."{name}"')
            connection.execute(f'insert into main."{name}" select * from template."{name}"')
        connection.execute("commit")
    finally:
        connection.close()


def tables(connection: Any) -> list[str]:
    """Those that a server writes to."""
    found = connection.execute("select name from main.sqlite_master where type = 'table' order by name").fetchall()
    return [name for (name,) in found if not name.lower().startswith(_SPATIALITE)]
