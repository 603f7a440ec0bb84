"""The letters a server would send, read where they wait; and the links in them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from arxos_sync.store import ServerStore
from server.app import open_store
from server.settings import Settings, read_settings
from tests.server.running import Running


@cache
def _store(database_url: str | None, data_dir: Path) -> ServerStore:
    """Open for as long as the tests run, beside the servers'."""
    return open_store(Settings(database_url=database_url, data_dir=data_dir))


def _store_of(running: Running) -> ServerStore:
    settings = read_settings(running.environment, Path("/nonexistent"))
    return _store(settings.database_url, settings.data_dir)


def rows(running: Running, statement: str, **values: Any) -> list[dict[str, Any]]:
    """What the server's own tables hold."""
    with _store_of(running).tables() as sql:
        return sql.rows(statement, **values)


def run(running: Running, statement: str, **values: Any) -> int:
    with _store_of(running).tables() as sql:
        return sql.run(statement, **values)


def letters_to(running: Running, address: str) -> list[dict[str, Any]]:
    """The oldest first."""
    found = "select subject, body from mail where to_address = :address order by created_at, id"
    return rows(running, found, address=address)


def token_in(letter: dict[str, Any]) -> str:
    """The secret behind the # of the link."""
    return str(next(line for line in letter["body"].splitlines() if "#" in line).partition("#")[2])


def newest_token(running: Running, address: str) -> str:
    return token_in(letters_to(running, address)[-1])
