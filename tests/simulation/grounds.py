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
from server.parts import new_id
from tests import services
from tests.simulation.shelf import Shelf, empty_log, make_like

_open = spatialite_server._open
CLUSTER: Path | None = None  # the folder of its socket; None: the one of this process


class _Pool:
    """The connections of a dead process pass to the next one, which spares SQLite reading its schema again. What was
    not committed is not there, and all that the process knew is gone, as if the file had been opened anew.
    """

    def __init__(self, raws: list[Any]) -> None:
        self.free: list[Any] = [_Kept(self, raw) for raw in raws]

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
    """The store's files in a folder, which begin as those of `template` where there is one."""

    def __init__(self, folder: Path, template: Path | None = None, shelf: Shelf | None = None):
        self.folder, self._template, self._shelf = folder, template, shelf
        self._aside = folder.with_name(f"{folder.name}-backup")
        self._file = folder / spatialite_server.FILE
        folder.mkdir(parents=True, exist_ok=True)
        self._pool = _Pool([])
        if template and shelf:
            self._pool = _Pool(shelf.take(self._file, template / spatialite_server.FILE, "server"))
            self._copy(template, folder, but=spatialite_server.FILE if self._pool.free else "")

    def open(self, catalogue: Catalogue) -> Any:
        spatialite_server._open = self._pool.open  # type: ignore[assignment]
        try:
            store = spatialite_server.open_store(self.folder, catalogue, epoch=new_id())
        finally:
            spatialite_server._open = _open
        store._readers.get()
        store._readers.put(self._pool.open(self._file))
        return store

    def ask(self, statement: str, values: tuple[Any, ...]) -> list[dict[str, Any]]:
        connection = self._pool.open(self._file)
        found = connection.execute(statement, values)
        rows = [dict(zip([name for name, *_ in found.description], row, strict=True)) for row in found]
        connection.close()
        return rows

    def let_go(self) -> None:
        self._pool.let_go()

    def back_up(self) -> None:
        shutil.rmtree(self._aside, ignore_errors=True)
        self._aside.mkdir()
        empty_log(self._pool.free[0].raw)
        self._copy(self.folder, self._aside)

    def put_back(self) -> None:
        for file in self.folder.iterdir():
            if file.is_file() and not file.name.startswith(spatialite_server.FILE):
                file.unlink()
        self._copy(self._aside, self.folder, but=spatialite_server.FILE)
        if not make_like(self._file, self._aside / spatialite_server.FILE, self._pool.free[0].raw):
            self.let_go()

    def _copy(self, source: Path, target: Path, but: str = "") -> None:
        for file in source.iterdir():
            if file.is_file() and file.name != but and not file.name.endswith(("-wal", "-shm")):
                shutil.copyfile(file, target / file.name)

    def remove(self, kept: bool) -> None:
        """The world's folder goes as a whole. `kept`: another one may have its open files."""
        open_ones = [one.raw for one in self._pool.free]
        template = self._template / spatialite_server.FILE if self._template and kept else None
        if template and self._shelf and self._shelf.put(self._file, template, "server", open_ones):
            self._pool.free.clear()
        self.let_go()


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
        self.let_go()
        _copy(self._aside, self.name)

    def put_back(self) -> None:
        self.let_go()
        _copy(self.name, self._aside)

    def remove(self, kept: bool) -> None:
        self.let_go()
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
