"""`arxos admin migrate`: what the store lacks of what this server knows, and bringing it.

The bringing is `arxos_sync/storage/migrations.py`, as at every start: one transaction behind a lock, so several
processes may begin at once.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

import schemas
from arxos_sync.problems import Problem
from arxos_sync.storage import migrations

from ..settings import Settings

BUSY_S_MAX = 30


class Standing(msgspec.Struct, frozen=True):
    store: str
    schema: int | None  # None: there is no store yet
    missing: list[str]
    done: list[str] = []

    def line(self) -> str:
        here = f"{self.store}, schema {self.schema}" if self.schema else f"{self.store}, not made yet"
        if self.missing:
            return f"{here}; missing: {', '.join(self.missing)}. Run: arxos admin migrate"
        return f"{here}; brought: {', '.join(self.done)}." if self.done else f"{here}; nothing is missing."


def look(settings: Settings) -> Standing:
    """What stands and what is missing; nothing is changed. Raises Problem."""
    kind = "postgis" if settings.database_url else "spatialite"
    done, recorded = _postgis(settings.owner_url) if settings.database_url else _spatialite(settings)
    lacking = migrations.missing(schemas.catalogue(), done, recorded)
    names = [f"schema {number}" for number in lacking]
    names += [f"{n}_{name}" for n, name, _ in migrations.steps(schemas.catalogue(), kind) if n not in done]
    return Standing(kind, int(recorded or 0) or None, names)


def bring_up_to_date(settings: Settings) -> Standing:
    """Raises Problem."""
    from ..app import open_store

    before = look(settings)
    open_store(settings).close()
    return msgspec.structs.replace(look(settings), done=before.missing)


def _postgis(url: str) -> tuple[dict[int, str], str | None]:
    import psycopg

    from arxos_sync.storage.postgis_sql import translated

    with translated(), psycopg.connect(url) as connection:
        if connection.execute("select to_regclass('schema_migration') is null").fetchone() == (True,):
            return {}, None
        return _read(
            connection.execute("select number, name from schema_migration"),
            connection.execute("select value from meta where key = 'schema'").fetchone(),
        )


def _spatialite(settings: Settings) -> tuple[dict[int, str], str | None]:
    from arxos_sync.storage.driver import sqlite
    from arxos_sync.storage.spatialite_server import FILE

    file = settings.data_dir / FILE
    if not file.exists():
        return {}, None
    connection = sqlite.connect(f"file:{file}?mode=ro", uri=True, timeout=BUSY_S_MAX)
    try:
        if not connection.execute("select 1 from sqlite_schema where name = 'schema_migration'").fetchone():
            return {}, None  # another process is about to make it
        return _read(
            connection.execute("select number, name from schema_migration"),
            connection.execute("select value from meta where key = 'schema'").fetchone(),
        )
    except sqlite.Error as error:
        raise Problem("unavailable", f"{file}: {error}") from error
    finally:
        connection.close()


def _read(numbers: Iterable[tuple[int, str]], schema: tuple[str] | None) -> tuple[dict[int, str], str | None]:
    return dict(numbers), schema and schema[0]
