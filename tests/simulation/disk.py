"""A device's disk: real SQLite files behind a connection that can die at any statement, or find the disk full.

What died says nothing more: every later statement dies too, until the process is started again. SQLite then finds the
file as a killed process leaves it. Most worlds open files as a browser does, without SpatiaLite but with the two
functions its triggers ask for, since loading the library takes longer than the day that is simulated.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from arxos_sync.catalogue import Catalogue
from arxos_sync.storage import replica_file
from arxos_sync.storage.driver import connect, sqlite
from arxos_sync.storage.spatialite import Replica
from client_kit.replica import Home
from tests.simulation.shelf import ENDS_NOWHERE, FILES, Shelf, make_like


class Killed(BaseException):
    """The process ended here. No code of its own runs afterwards. `device`: whose, where it is not whoever acts."""

    def __init__(self, device: Any = None) -> None:
        super().__init__()
        self.device = device


class Fuse:
    """Burns a statement at a time; at nought the process is dead. None: it does not burn."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.dead = False

    def burn(self) -> None:
        if self.dead:
            raise Killed
        if self.left is not None:
            self.left -= 1
            if self.left <= 0:
                self.dead = True
                raise Killed


class Connection:
    """A connection that asks its fuse before every statement."""

    def __init__(self, raw: Any, fuse: Fuse):
        self.raw, self._fuse = raw, fuse

    def execute(self, *given: Any) -> Any:
        self._fuse.burn()
        return self.raw.execute(*given)

    def executemany(self, *given: Any) -> Any:
        self._fuse.burn()
        return self.raw.executemany(*given)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)


def open_file(path: Path, *, spatialite: bool) -> Any:
    raw = connect(path, spatialite=spatialite)
    if not spatialite:
        raw.create_function("GeometryConstraints", -1, lambda *given: 1)
        raw.create_function("RTreeAlign", 3, lambda *given: 1)
    return raw


class SimulatedHome(Home):
    """A person's directory whose new files are copies of a template, and whose every write can be the last."""

    def __init__(
        self,
        folder: Path,
        catalogue: Catalogue,
        template: Callable[[str, Catalogue], Path],
        spatialite: bool,
        shelf: Shelf,
    ):
        super().__init__(folder)
        self._catalogue, self._template, self._spatialite, self._shelf = catalogue, template, spatialite, shelf
        self.fuse = Fuse()
        self.left_open: dict[str, Any] = {}

    @property
    def catalogue(self) -> Catalogue:
        return self._catalogue

    def write(self, name: str, content: bytes, mode: int) -> None:
        self.fuse.burn()
        super().write(name, content, mode)

    def replica(self, scope: str) -> Replica:
        if scope not in self._replicas:
            import os

            path, device = self.path(scope), self.device()
            if not path.exists():
                self._make(scope, path)
            raw = self.left_open.pop(scope, None) or open_file(path, spatialite=self._spatialite)
            connection = Connection(raw, self.fuse)
            if replica_file.state(connection, "device") is None:
                replica_file.adopt(connection, device.device)
            self._replicas[scope] = Replica(connection, self._catalogue, lambda count: os.urandom(count))
            self._go_on(scope, device)
        return self._replicas[scope]

    def _make(self, scope: str, path: Path) -> None:
        template = self._template(scope, self._catalogue)
        waiting = self._shelf.take(path, template, self._kind)
        if waiting:
            (self.left_open[scope],) = waiting
            return
        new = path.with_suffix(".new")
        shutil.copyfile(template, new)
        new.replace(path)

    @property
    def _kind(self) -> str:
        return "spatialite" if self._spatialite else "plain"

    def shelve(self) -> None:
        """The world ends: what is open waits for another one."""
        self.crash(keep=True)
        for scope, raw in list(self.left_open.items()):
            if self._shelf.put(self.path(scope), self._template(scope, self._catalogue), self._kind, [raw]):
                del self.left_open[scope]

    def _go_on(self, scope: str, device: Any) -> None:
        from arxos_sync.storage import replica_care

        replica = self._replicas[scope]
        if scope in device.past and replica.state("n") is None:
            replica_care.go_on_after(replica, device.past[scope])

    def crash(self, keep: bool = False) -> None:
        """What was not committed is not there. `keep`: the next process takes over the open files as they are, which
        spares SQLite reading its schema again; all that the former process knew is gone all the same.
        """
        for scope, replica in self._replicas.items():
            raw = replica.connection.raw
            if raw.in_transaction:
                raw.execute("rollback")
            if keep:
                self.left_open[scope] = raw
            else:
                raw.close()
        self._replicas.clear()
        if not keep:
            self.let_go()

    def lose_power(self) -> None:
        """A commit that was not forced to the disk is not there: with less than `synchronous = full` a WAL holds such
        commits until the next checkpoint, so all of it goes.
        """
        unforced = []
        for scope, replica in self._replicas.items():
            if replica.connection.raw.execute("pragma synchronous").fetchone()[0] < 2:
                aside = self.path(scope).with_suffix(".forced")
                shutil.copyfile(self.path(scope), aside)
                unforced.append((scope, aside))
        self.crash()
        for scope, aside in unforced:
            for end in FILES[1:]:
                Path(f"{self.path(scope)}{end}").unlink(missing_ok=True)
            aside.replace(self.path(scope))

    def become_like(self, source: Path) -> None:
        """The disk holds what `source` does: files that are open get its pages, others take their place."""
        for scope, raw in list(self.left_open.items()):
            former = source / self.path(scope).relative_to(self.folder)
            if not (former.exists() and make_like(self.path(scope), former, raw)):
                self.left_open.pop(scope).close()
        still_open = {f"{self.path(scope)}{end}" for scope in self.left_open for end in FILES}
        for file in [*self.folder.rglob("*")]:
            if file.is_file() and str(file) not in still_open:
                file.unlink()
        for file in [*source.rglob("*")]:
            target = self.folder / file.relative_to(source)
            if file.is_file() and str(target) not in still_open:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, target)

    def let_go(self) -> None:
        while self.left_open:
            self.left_open.popitem()[1].close()

    def remove_file(self, scope: str) -> None:
        raw = self.left_open.pop(scope, None)
        if raw is not None:
            raw.close()
        super().remove_file(scope)

    def fill_disk(self, full: bool) -> None:
        """No file may grow any more, or all may again."""
        for raw in [*(replica.connection.raw for replica in self._replicas.values()), *self.left_open.values()]:
            pages = raw.execute("pragma page_count").fetchone()[0]
            raw.execute(f"pragma max_page_count = {pages if full else ENDS_NOWHERE}")


def is_full(error: BaseException) -> bool:
    return isinstance(error, sqlite.OperationalError) and "full" in str(error)
