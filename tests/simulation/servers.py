"""The servers of a world: one store, two processes over it, which die before or after they commit, and backups.

Requests arrive as bytes and answers leave as bytes, through the same reading and packing as over HTTP.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from arxos_sync import digest
from arxos_sync.catalogue import Catalogue
from arxos_sync.change import read_request
from arxos_sync.problems import Problem
from arxos_sync.pull import cursor_at, highest_common, row_out, settled_cursor
from arxos_sync.storage import spatialite_server
from arxos_sync.storage.driver import sqlite
from server.accounts import members
from server.accounts.people import Person
from server.live.bus import Hint
from server.parts import Parts, new_id, now
from server.settings import Settings
from server.sync.exchange import Exchange
from server.sync.routes import demand_reader
from server.sync.snapshots import Snapshots

_open = spatialite_server._open
PROCESSES = 2


class Died(Exception):
    """A server process ended in the middle of a request."""


class Store:
    """A server's store that may die right before it commits."""

    def __init__(self, store: Any):
        self.store, self.dies = store, False

    @contextmanager
    def write(self, scope: str) -> Iterator[Any]:
        with self.store.write(scope) as writer:
            yield writer
            if self.dies:
                raise Died

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


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


class _Bus:
    """Takes what is announced by other ways in; the world carries it on."""

    def __init__(self) -> None:
        self.hints: list[Hint] = []

    def announce_apart(self, hint: Hint) -> None:
        self.hints.append(hint)

    def rights_changed_apart(self, user_id: str) -> None:
        """Sockets would close; here devices find out at their next exchange."""


class Process:
    """One server process: all that it knows beside the store."""

    def __init__(self, store: Any, servers: Servers):
        self.store = Store(store)
        epoch = self.store.epoch()
        self.parts = Parts(
            settings=Settings(data_dir=servers.folder),
            catalogue=servers.newest,
            store=self.store,
            epoch=epoch,
            tokens=None,
            passwords=None,
            sessions=None,
            bus=servers.bus,
            snapshots=Snapshots(self.store, servers.newest, epoch, servers.folder / "snapshots"),
        )


class Servers:
    """`pick(count)` says which process takes the next request. `newest`: the catalogue of the installed program,
    with which a process goes on until it ends.
    """

    def __init__(
        self, folder: Path, catalogue: Catalogue, open_store: Any = None, pick: Callable[[int], int] = lambda count: 0
    ):
        self.folder, self.newest, self._pick = folder, catalogue, pick
        self._open, self._pool = open_store or self._open_embedded, _Pool()
        self.bus = _Bus()
        self.roles_given: list[tuple[str, str, str, str | None]] = []
        self._reading: Any = None
        self.start()

    def _open_embedded(self) -> Any:
        spatialite_server._open = self._pool.open  # type: ignore[assignment]
        try:
            store = spatialite_server.open_store(self.folder, self.newest, epoch=new_id())
        finally:
            spatialite_server._open = _open
        store._readers.get()
        store._readers.put(self._pool.open(self.folder / spatialite_server.FILE))
        return store

    def start(self) -> None:
        """The processes start over what is on disk."""
        self._processes = [Process(self._open(), self) for _ in range(PROCESSES)]
        self._at = 0

    @property
    def store(self) -> Store:
        return self._processes[self._at].store

    @property
    def parts(self) -> Parts:
        return self._processes[self._at].parts

    def turn(self) -> None:
        """Another process may take what comes next."""
        self._at = self._pick(PROCESSES)

    def restart(self) -> None:
        """The process whose turn it is ended; another takes its place."""
        self.store.close()
        self._processes[self._at] = Process(self._open(), self)

    def stop(self) -> None:
        for process in self._processes:
            process.store.close()

    def let_go(self) -> None:
        """Stop, and close every file."""
        self.stop()
        self._pool.let_go()
        if self._reading is not None:
            self._reading.close()
            self._reading = None

    def reading(self) -> Any:
        """A connection of the oracle's own to the embedded store's file."""
        if self._reading is None:
            self._reading = sqlite.connect(self.folder / spatialite_server.FILE, isolation_level=None)
            self._reading.row_factory = sqlite.Row
        return self._reading

    # ------------------------------------------------------------ what HTTP would carry

    def exchange(self, person: Person, body: bytes) -> bytes:
        work = Exchange(self.parts, person, read_request(body, "application/msgpack"), True)
        answer = work.answer()
        self.bus.hints += work.hints
        return msgspec.msgpack.encode(answer)

    def heal(self, person: Person, scope: str, marks: list[tuple[int, str]]) -> dict[str, Any]:
        with self.store.read(scope) as reader:
            demand_reader(reader, person)
            mark = highest_common(reader, marks)
            return {"mark": mark, "cursor": cursor_at(reader, self.parts.catalogue, self.parts.epoch, mark)}

    def leaves(self, person: Person, scope: str, table: str) -> dict[str, Any]:
        with self.store.read(scope) as reader:
            demand_reader(reader, person)
            sums = [digest.to_hex(leaf) for leaf in reader.leaves(table)]
            return {"head": reader.head().sequence, "cursor": "", "leaves": sums}

    def repair(self, person: Person, scope: str, table: str, leaves: list[int]) -> dict[str, Any]:
        with self.store.read(scope) as reader:
            demand_reader(reader, person)
            rows = [row_out(self.parts.catalogue, row, None, True) for row in reader.leaf_rows(table, leaves)]
            cursor = settled_cursor(reader, self.parts.catalogue, self.parts.epoch)
            return {"cursor": cursor, "rows": [msgspec.to_builtins(row, builtin_types=(bytes,)) for row in rows]}

    def snapshot(self, person: Person, scope: str, path: Path) -> None:
        with self.store.read(scope) as reader:
            demand_reader(reader, person)
        shutil.copyfile(self.parts.snapshots.build(scope, self.parts.catalogue.schema).file, path)

    def set_role(self, person: Person, scope: str, role: str | None) -> None:
        self.roles_given.append((now(), person.id, scope, role))
        members.set_role(self.parts, person.id, person.name, scope, role)

    # ------------------------------------------------------------ backups of the embedded store

    def backup(self) -> Path:
        """Everything as it is now; answers where."""
        target = self.folder.with_name(f"{self.folder.name}-backup")
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        self.let_go()
        for file in self.folder.iterdir():
            if file.is_file():
                shutil.copyfile(file, target / file.name)
        self.start()
        return target

    def put_back(self, backup: Path, new_epoch: bool) -> None:
        self.let_go()
        for file in self.folder.iterdir():
            if file.is_file():
                file.unlink()
        for file in backup.iterdir():
            shutil.copyfile(file, self.folder / file.name)
        self.start()
        if new_epoch:
            with self.store.tables() as sql:
                sql.run("update meta set value = :epoch where key = 'epoch'", epoch=new_id())
            self.stop()
            self.start()


def answered(content: bytes, type_: Any) -> Any:
    """An answer as `client_kit.http` reads it; what is no answer is a problem of the network."""
    try:
        return msgspec.msgpack.decode(content, type=type_)
    except msgspec.MsgspecError as error:
        raise Problem("unavailable", f"the server's answer is not understood: {error}") from error
