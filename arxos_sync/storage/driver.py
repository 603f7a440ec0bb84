"""The one SQLite driver of a process, and SpatiaLite loaded into it.

`pysqlite3` where it is installed (sqlite-utils picks the same), else the standard library's `sqlite3` when it can
load extensions. Never both: two SQLite libraries on one file in one process break each other's locks.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ..problems import Problem

try:
    import pysqlite3 as sqlite
except ImportError:  # no wheel for this system
    import sqlite3 as sqlite

BUSY_WAIT_MS_MAX = 10_000
_LIBRARIES = ("mod_spatialite", "mod_spatialite.so", "mod_spatialite.dylib")
_HINT = (
    "Install SpatiaLite: brew install libspatialite"
    if sys.platform == "darwin"
    else "Install SpatiaLite: sudo apt-get install libsqlite3-mod-spatialite"
)


def connect(path: Path | str, *, spatialite: bool = True, readonly: bool = False) -> sqlite.Connection:
    """A connection in autocommit mode, durable at each commit. Raises Problem `unavailable` with what to install."""
    target = f"{Path(path).absolute().as_uri()}?mode=ro" if readonly else str(path)
    try:
        connection = sqlite.connect(
            target, uri=readonly, isolation_level=None, check_same_thread=False, cached_statements=512
        )
    except sqlite.OperationalError as error:
        raise Problem("unavailable", f"{path} cannot be opened: {error}") from error
    connection.execute(f"pragma busy_timeout = {BUSY_WAIT_MS_MAX}")
    connection.execute("pragma synchronous = full")
    connection.execute("pragma foreign_keys = off")
    if spatialite:
        _load(connection)
    return connection


def _load(connection: sqlite.Connection) -> None:
    if not hasattr(connection, "enable_load_extension"):
        raise Problem("unavailable", "this Python's SQLite loads no extensions", hint="Install pysqlite3-binary.")
    connection.enable_load_extension(True)
    last: Exception | None = None
    for name in _LIBRARIES:
        try:
            connection.load_extension(name)
            break
        except sqlite.OperationalError as error:
            last = error
    else:
        raise Problem("unavailable", "SpatiaLite is not installed", hint=_HINT) from last
    connection.enable_load_extension(False)
