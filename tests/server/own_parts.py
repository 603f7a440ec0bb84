"""The server's parts without a process that serves: for what a test plays in time of its own."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from arxos_sync.messages import Change, Receipt
from server.accounts import people
from server.accounts.people import Person
from server.app import open_parts
from server.parts import Parts, new_id, now_ms
from server.settings import read_settings
from server.sync.push import Job
from tests import services
from tests.server.running import Running


class Clock:
    """The time that it is, and what a test lets pass beside."""

    def __init__(self) -> None:
        self._passed_ms = 0

    def __call__(self) -> int:
        return now_ms() + self._passed_ms

    def pass_s(self, seconds: float) -> None:
        self._passed_ms += int(seconds * 1000)

    def pass_until(self, at: str) -> None:
        """An instant; one that is over leaves the clock as it is."""
        until = int(datetime.datetime.fromisoformat(at).timestamp() * 1000)
        self._passed_ms += max(0, until + 1 - self())


@contextmanager
def opened(kind: str, folder: Path, **settings: str) -> Iterator[Parts]:
    """Over a new store of a kind, with the people of `running.PEOPLE` in it."""
    environment = {"ARXOS_DATA_DIR": str(folder), "ARXOS_LOG": "error", **settings}
    name = f"parts_{folder.name.replace('-', '_')}"
    if kind == "postgis":
        environment["ARXOS_DATABASE_URL"] = services.create_database(name)
    Running(environment).make_people()
    parts = open_parts(read_settings(environment, Path("/nonexistent")))
    yield parts
    parts.store.close()
    if kind == "postgis":
        services.drop_database(name)


def person(parts: Parts, word: str) -> Person:
    with people.reading(parts.store) as sql:
        found = people.find_by_email(sql, f"{word}@demo.arxos")
    assert found is not None
    return people.person_of(found)


def write(parts: Parts, who: Person, building: str, *changes: Change) -> Receipt:
    """As a REST request: a device of its own."""
    receipt, _ = Job(parts, who, building, "office").write(list(changes))
    assert receipt.problem is None, receipt.problem
    return receipt


def new_building(parts: Parts, who: Person, name: str = "House") -> str:
    building = new_id()
    write(parts, who, building, Change("building", building, "insert", 0, {"name": name}))
    return building


def head(parts: Parts, building: str) -> int:
    return parts.store.heads([building])[building]


def rows(parts: Parts, statement: Any, **values: Any) -> list[dict[str, Any]]:
    with people.reading(parts.store) as sql:
        return sql.rows(statement, **values)
