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
from server.accounts import members
from server.accounts.people import Person
from server.attachments.lying import OnDisk
from server.live.bus import Hint
from server.parts import Parts, new_id, now
from server.settings import Settings
from server.sync.exchange import Exchange
from server.sync.routes import demand_reader
from server.sync.snapshots import Snapshots

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
            tries=None,
            bus=servers.bus,
            snapshots=Snapshots(self.store, servers.newest, epoch, servers.folder / "snapshots"),
            attachments=OnDisk(servers.folder),
        )


class Servers:
    """`pick(count)` says which process takes the next request. `newest`: the catalogue of the installed program,
    with which a process goes on until it ends.
    """

    def __init__(
        self, folder: Path, catalogue: Catalogue, ground: Any, pick: Callable[[int], int] = lambda count: 0
    ):
        self.folder, self.newest, self._pick, self.ground = folder, catalogue, pick, ground
        self.bus = _Bus()
        self.roles_given: list[tuple[str, str, str, str | None]] = []
        self.start()

    def start(self) -> None:
        """The processes start over what is on disk."""
        self._processes = [Process(self.ground.open(self.newest), self) for _ in range(PROCESSES)]
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
        self._processes[self._at] = Process(self.ground.open(self.newest), self)

    def stop(self) -> None:
        for process in self._processes:
            process.store.close()

    def let_go(self) -> None:
        """Stop, and close every file."""
        self.stop()
        self.ground.let_go()

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

    def snapshot(self, person: Person, scope: str, schema: int, path: Path) -> None:
        """The newest there is, and else one made now; not packed, which is the way of HTTP."""
        with self.store.read(scope) as reader:
            demand_reader(reader, person)
        wanted, files = min(schema, self.parts.catalogue.schema), self.parts.snapshots
        found, _ = files._newest(scope, wanted)
        shutil.copyfile((found or files.build(scope, wanted)).file, path)

    def set_role(self, person: Person, scope: str, role: str | None) -> None:
        self.roles_given.append((now(), person.id, scope, role))
        members.set_role(self.parts, person.id, person.name, scope, role)

    # ------------------------------------------------------------ backups

    def back_up(self) -> None:
        """Everything as it is now."""
        self.stop()
        self.ground.back_up()
        self.start()

    def put_back(self, new_epoch: bool) -> None:
        self.stop()
        self.ground.put_back()
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
