"""A running server over each store, with a person for each role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.app import open_parts
from server.parts import Parts
from server.settings import read_settings
from tests.server.running import Person, Running


@pytest.fixture(params=["spatialite", "postgis"], scope="module")
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("server")
    environment = {"ARXOS_DATA_DIR": str(folder), "ARXOS_LOG": "error"}
    name = f"server_{folder.name.replace('-', '_')}"
    if request.param == "postgis":
        from tests import services

        environment["ARXOS_DATABASE_URL"] = services.create_database(name)
    server = Running(environment)
    server.make_people()
    yield server
    server.stop()
    if request.param == "postgis":
        services.drop_database(name)


@pytest.fixture(scope="module")
def url(running: Running) -> str:
    return running.start()


@pytest.fixture
def parts(running: Running) -> Iterator[Parts]:
    """Another process beside the servers, to look into the store."""
    opened = open_parts(read_settings(running.environment, Path("/nonexistent")))
    yield opened
    opened.store.close()


@pytest.fixture
def owner(url: str) -> Person:
    return Person(url, "owner")


@pytest.fixture
def building(owner: Person) -> str:
    return owner.building()


@pytest.fixture
def stranger(url: str) -> Person:
    return Person(url, "stranger")


@pytest.fixture
def nobody(url: str) -> Person:
    return Person(url, None)
