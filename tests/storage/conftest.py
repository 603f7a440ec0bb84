"""The stores under test: both adapters over real databases, prepared to answer the same questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import schemas
from arxos_sync.storage import postgis, spatialite_server
from arxos_sync.store import ServerStore
from tests.engine.memory_store import MemoryScope
from tests.engine.world import EPOCH


class MemoryStore:
    """The engine tests' scope in memory, as many as are asked for: it owes the same answers."""

    def __init__(self) -> None:
        self._scopes: dict[str, MemoryScope] = {}

    def _scope(self, name: str) -> MemoryScope:
        return self._scopes.setdefault(name, MemoryScope(schemas.catalogue(), name))

    @contextmanager
    def read(self, scope: str) -> Iterator[MemoryScope]:
        yield self._scope(scope)

    def write(self, scope: str) -> Any:
        return self._scope(scope).transaction()

    def heads(self, scopes: list[str]) -> dict[str, int]:
        return {s: self._scopes[s].head().sequence for s in scopes if s in self._scopes}


@pytest.fixture(params=["spatialite", "postgis"])
def opens(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., ServerStore]]:
    """Opens the test's one store, as often as wanted; all are closed at the end."""
    opened: list[Any] = []
    url = request.getfixturevalue("postgis_url") if request.param == "postgis" else None

    def open_one(epoch: str = EPOCH) -> ServerStore:
        if url:
            store = postgis.open_store(url, schemas.catalogue(), epoch=epoch, pool_size=10)
        else:
            store = spatialite_server.open_store(tmp_path / "store", schemas.catalogue(), epoch=epoch)
        opened.append(store)
        return store

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(opens: Callable[..., ServerStore]) -> ServerStore:
    return opens()


@pytest.fixture(params=["spatialite", "postgis", "memory"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    if request.param == "memory":
        yield MemoryStore()
        return
    if request.param == "postgis":
        url = request.getfixturevalue("postgis_url")
        made: Any = postgis.open_store(url, schemas.catalogue(), epoch=EPOCH, pool_size=4)
    else:
        made = spatialite_server.open_store(tmp_path / "store", schemas.catalogue(), epoch=EPOCH)
    yield made
    made.close()
