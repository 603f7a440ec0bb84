"""The one SQLite driver of a process, and SpatiaLite loaded into it.

`pysqlite3` where it is installed (sqlite-utils picks the same), else the standard library's `sqlite3` when it can
load extensions. Never both: two SQLite libraries on one file in one process break each other's locks.

A bound number right behind `limit` is looked at while a statement is compiled, which SQLite does again whenever another
is bound. `limit :n + 0` is compiled once.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any

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


class RawKey(str):
    """A key of 32 bytes in hex, taken as it is; any other text is a passphrase, which the cipher stretches."""


def connect(
    path: Path | str, *, spatialite: bool = True, readonly: bool = False, key: str | None = None
) -> sqlite.Connection:
    """A connection in autocommit mode, durable at each commit. Raises Problem `unavailable` with what to install.

    With a `key` the file is an encrypted one, and SQLCipher opens it; Problem `forbidden` where the key does not fit.
    """
    library = sqlite if key is None else _cipher()
    target = f"{Path(path).absolute().as_uri()}?mode=ro" if readonly else str(path)
    try:
        connection = library.connect(
            target, uri=readonly, isolation_level=None, check_same_thread=False, cached_statements=512
        )
    except library.OperationalError as error:
        raise Problem("unavailable", f"{path} cannot be opened: {error}") from error
    if key is not None:
        _unlock(connection, library, path, key)
    connection.execute(f"pragma busy_timeout = {BUSY_WAIT_MS_MAX}")
    connection.execute("pragma synchronous = full")
    connection.execute("pragma foreign_keys = off")
    if spatialite:
        _load(connection)
    return connection


def _cipher() -> Any:
    """SQLCipher, which is only ever given encrypted files: no file is opened by two libraries."""
    try:
        from sqlcipher3 import dbapi2
    except ImportError as error:
        hint = "Install it: pip install 'arxos[encryption]'"
        raise Problem("unavailable", "this directory is encrypted; SQLCipher is not installed", hint=hint) from error
    return dbapi2


def operational_errors() -> tuple[type[Exception], ...]:
    """What the libraries in use raise when a statement cannot be run."""
    cipher = sys.modules.get("sqlcipher3.dbapi2")
    return (sqlite.OperationalError, *([cipher.OperationalError] if cipher else []))


def _unlock(connection: Any, library: Any, path: Path | str, key: str) -> None:
    written = f"x'{key}'" if isinstance(key, RawKey) else key.replace('"', '""')
    connection.execute(f'pragma key = "{written}"')  # a pragma takes no parameters
    if not connection.execute("pragma cipher_version").fetchall():
        connection.close()
        raise Problem("unavailable", "another SQLite stands where SQLCipher should", hint="Report this as a bug.")
    try:
        connection.execute("select count(*) from sqlite_master")
    except library.DatabaseError as error:
        connection.close()
        hint = "Give the passphrase or the keyring it was made with."
        raise Problem("forbidden", f"the key does not open {Path(path).name}", hint=hint) from error


def _load(connection: sqlite.Connection) -> None:
    if not hasattr(connection, "enable_load_extension"):
        raise Problem("unavailable", "this Python's SQLite loads no extensions", hint="Install pysqlite3-binary.")
    with contextlib.suppress(Problem):
        _cipher()  # now: SpatiaLite brings the system's SQLite along, and a cipher loaded after it would call that one
    connection.enable_load_extension(True)
    errors, last = operational_errors(), None
    for name in _LIBRARIES:
        try:
            connection.load_extension(name)
            break
        except errors as error:
            last = error
    else:
        raise Problem("unavailable", "SpatiaLite is not installed", hint=_HINT) from last
    connection.enable_load_extension(False)
