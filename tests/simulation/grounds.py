"""What the servers of a world stand on: SpatiaLite files, or a database of a real PostGIS.

Both open stores, answer plain SQL by a connection of the oracle's own, and can be put back to an earlier moment.
"""

from __future__ import annotations

import itertools
import os
import shutil
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from arxos_sync.catalogue import Catalogue
from arxos_sync.storage import postgis, spatialite_server
from arxos_sync.storage.driver import sqlite
from server.parts import new_id
from tests import services

_open = spatialite_server._open
CLUSTER: Path | None = None  # the folder of its socket; None: the one of this process


class _Pool:
    """The connections of a dead process pass to the next one, which spares SQLite reading its schema again. What was
    not committed is not there, and all that the process knew is gone, as if the file had been opened anew.
    """

    def __init__(self) -> None:
        self.free: list[Any] = []

    def open(self, path: Path) -> Any:
        return self.free.pop() if self.free else _Kept(self, _open(path))

    def let_go(self) -> None:
        """The file is about to be copied or replaced."""
        while self.free:
            self.free.pop().raw.close()


class _Kept:
    def __init__(self, pool: _Pool, raw: Any):
        self.pool, self.raw = pool, raw
        self.execute, self.executemany = raw.execute, raw.executemany

    @property
    def in_transaction(self) -> bool:
        return self.raw.in_transaction

    def close(self) -> None:
        if self.raw.in_transaction:
            self.raw.execute("rollback")
        self.pool.free.append(self)


class Embedded:
    """The store's files in a folder."""

    def __init__(self, folder: Path):
        self.folder, self._pool, self._reading = folder, _Pool(), None
        self._aside = folder.with_name(f"{folder.name}-backup")

    def open(self, catalogue: Catalogue) -> Any:
        spatialite_server._open = self._pool.open  # type: ignore[assignment]
        try:
            store = spatialite_server.open_store(self.folder, catalogue, epoch=new_id())
        finally:
            spatialite_server._open = _open
        store._readers.get()
        store._readers.put(self._pool.open(self.folder / spatialite_server.FILE))
        return store

    def ask(self, statement: str, values: tuple[Any, ...]) -> list[dict[str, Any]]:
        if self._reading is None:
            self._reading = sqlite.connect(self.folder / spatialite_server.FILE, isolation_level=None)
            self._reading.row_factory = sqlite.Row
        return [dict(row) for row in self._reading.execute(statement, values)]

    def let_go(self) -> None:
        self._pool.let_go()
        if self._reading is not None:
            self._reading.close()
            self._reading = None

    def back_up(self) -> None:
        shutil.rmtree(self._aside, ignore_errors=True)
        self._aside.mkdir()
        self._copy(self.folder, self._aside)

    def put_back(self) -> None:
        for file in self.folder.iterdir():
            if file.is_file():
                file.unlink()
        self._copy(self._aside, self.folder)

    def _copy(self, source: Path, target: Path) -> None:
        for file in source.iterdir():
            if file.is_file():
                shutil.copyfile(file, target / file.name)

    def remove(self) -> None:
        """The world's folder goes as a whole."""


class Postgis:
    """A database of its own, copied from the one that `template` names."""

    _numbers = itertools.count()

    def __init__(self, template: str):
        self.name = f"world_{os.getpid()}_{next(self._numbers)}"
        self._aside = f"{self.name}_backup"
        self._reading: Any = None
        _copy(self.name, template)

    def open(self, catalogue: Catalogue) -> Any:
        return postgis.open_store(_url(self.name), catalogue, epoch=new_id(), pool_size=2)

    def ask(self, statement: str, values: tuple[Any, ...]) -> list[dict[str, Any]]:
        if self._reading is None:
            self._reading = psycopg.connect(_url(self.name), autocommit=True, row_factory=dict_row)
        rows = self._reading.execute(statement.replace("?", "%s"), values or None).fetchall()
        return [{name: _plain(value) for name, value in row.items()} for row in rows]

    def let_go(self) -> None:
        if self._reading is not None:
            self._reading.close()
            self._reading = None

    def back_up(self) -> None:
        _copy(self._aside, self.name)

    def put_back(self) -> None:
        _copy(self.name, self._aside)

    def remove(self) -> None:
        for name in (self.name, self._aside):
            _maintenance().execute(f'drop database if exists "{name}" with (force)')


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value


def _copy(name: str, source: str) -> None:
    _maintenance().execute(f'drop database if exists "{name}" with (force)')
    _maintenance().execute(f'create database "{name}" template "{source}" strategy file_copy')


def _url(name: str) -> str:
    return f"postgresql://arxos@/{name}?host={CLUSTER}" if CLUSTER else services.database_url(name)


@cache
def _maintenance() -> Any:
    return psycopg.connect(_url("postgres"), autocommit=True)


def new_database(of: int) -> str:
    """An empty database with the extension; answers its name."""
    name = f"worlds_{os.getpid()}_{of}"
    _maintenance().execute(f'create database "{name}"')
    with psycopg.connect(_url(name), autocommit=True) as connection:
        connection.execute("create extension postgis")
    return name
