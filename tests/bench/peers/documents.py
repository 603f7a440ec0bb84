"""The building as a document of pycrdt and of loro: a map of rows by id, each a map of its fields.

So each field is a register of its own, which two devices may set without hurting a third one's; `properties` is one
value. A change is a transaction, as in W2. Neither has tables, rights, receipts or a list of conflicts.
"""

from __future__ import annotations

import importlib.metadata
import random
from collections.abc import Iterable
from typing import Any, Protocol

import loro
import pycrdt

from arxos_sync.messages import Change

_ROWS = "rows"


class Document(Protocol):
    name: str

    def __init__(self, dice: random.Random) -> None:
        """Its own number among those who write comes from the dice: it travels with what it wrote."""

    def record(self, changes: Iterable[Change]) -> None: ...

    def whole(self) -> bytes:
        """What a fresh replica takes."""

    def version(self) -> bytes:
        """What is here already, told to the other side."""

    def since(self, version: bytes) -> bytes:
        """What the other side lacks."""

    def take(self, update: bytes) -> None: ...

    def rows(self) -> dict[str, dict[str, Any]]:
        """All of them as plain values, by id."""


class Pycrdt:
    name = "pycrdt"

    def __init__(self, dice: random.Random) -> None:
        self._document = pycrdt.Doc(client_id=dice.getrandbits(53))
        self._rows = self._document.get(_ROWS, type=pycrdt.Map)

    def record(self, changes: Iterable[Change]) -> None:
        for change in changes:
            with self._document.transaction():
                self._lay(change)

    def _lay(self, change: Change) -> None:
        match change.op:
            case "insert":
                self._rows[change.id] = pycrdt.Map(change.set)
            case "update":
                self._rows[change.id].update(change.set)
            case "delete":
                del self._rows[change.id]

    def whole(self) -> bytes:
        return self._document.get_update()

    def version(self) -> bytes:
        return self._document.get_state()

    def since(self, version: bytes) -> bytes:
        return self._document.get_update(version)

    def take(self, update: bytes) -> None:
        self._document.apply_update(update)

    def rows(self) -> dict[str, dict[str, Any]]:
        return self._rows.to_py()


class Loro:
    """A fresh replica takes a shallow snapshot: the state without its history, which is the least loro can send."""

    name = "loro"

    def __init__(self, dice: random.Random) -> None:
        self._document = loro.LoroDoc()
        self._document.peer_id = dice.getrandbits(63)
        self._rows = self._document.get_map(_ROWS)

    def record(self, changes: Iterable[Change]) -> None:
        for change in changes:
            self._lay(change)
            self._document.commit()

    def _lay(self, change: Change) -> None:
        if change.op == "delete":
            self._rows.delete(change.id)
            return
        row = self._rows.get_or_create_container(change.id, loro.LoroMap())
        for name, value in change.set.items():
            row.insert(name, value)

    def whole(self) -> bytes:
        return self._document.export(loro.ExportMode.ShallowSnapshot(self._document.oplog_frontiers))

    def version(self) -> bytes:
        return self._document.oplog_vv.encode()

    def since(self, version: bytes) -> bytes:
        return self._document.export(loro.ExportMode.Updates(loro.VersionVector.decode(version)))

    def take(self, update: bytes) -> None:
        self._document.import_(update)

    def rows(self) -> dict[str, dict[str, Any]]:
        return self._document.get_deep_value()[_ROWS]


KINDS: tuple[type[Document], ...] = (Pycrdt, Loro)


def label(kind: type[Document]) -> str:
    return f"peer {kind.name} {importlib.metadata.version(kind.name)}"
