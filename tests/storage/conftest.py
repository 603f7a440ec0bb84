"""The stores under test: both adapters over real databases, prepared to answer the same questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import schemas
from arxos_sync.storage import postgis, spatialite_server
from arxos_sync.store import ServerStore
from tests.engine.world import EPOCH

ADAPTERS = ("spatialite", "postgis")


@pytest.fixture(params=ADAPTERS)
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
