"""Bringing a server's store up to date: numbered steps, forward only, each in one transaction with its record.

Step 1 is the generated DDL. A later step is a file `sql/<number>_<name>.<postgis|spatialite>.sql`. Several processes
may start at once: the first holds a lock while the others wait and then find nothing left to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..catalogue import Catalogue

SQL = Path(__file__).parent / "sql"
_RECORD = "create table if not exists schema_migration (number bigint primary key, name text not null)"
_META = "create table if not exists meta (key text primary key, value text not null)"
POSTGIS_LOCK = 0x4152584F53  # "ARXOS"


def steps(kind: str) -> Iterator[tuple[int, str, str]]:
    """(number, name, SQL) of every step for `postgis` or `spatialite`, in order."""
    first = "postgis.sql" if kind == "postgis" else "spatialite_server.sql"
    yield 1, "tables", (SQL / first).read_text("utf-8") + (SQL / "server_tables.sql").read_text("utf-8")
    for path in sorted(SQL.glob(f"[0-9]*_*.{kind}.sql")):
        number, _, name = path.name.removesuffix(f".{kind}.sql").partition("_")
        yield int(number), name, path.read_text("utf-8")


def prepare_spatialite(connection: Any, catalogue: Catalogue, epoch: str) -> None:
    """Bring a SpatiaLite store up to date over a connection in autocommit mode."""
    connection.execute("begin immediate")
    try:
        connection.execute(_RECORD)
        connection.execute(_META)
        done = {number for (number,) in connection.execute("select number from schema_migration")}
        for number, name, text in steps("spatialite"):
            if number in done:
                continue
            if number == 1:
                connection.execute("select InitSpatialMetadata(0, 'NONE')")
                connection.execute("select InsertEpsgSrid(4326)")
            for statement in statements(text):
                connection.execute(statement)
            if number == 1:
                _add_geometries(connection, catalogue)
            connection.execute("insert into schema_migration (number, name) values (?, ?)", (number, name))
        connection.execute("insert into meta (key, value) values ('epoch', ?) on conflict do nothing", (epoch,))
        connection.execute("commit")
    finally:
        if connection.in_transaction:
            connection.execute("rollback")


def statements(text: str) -> Iterator[str]:
    """The statements of generated DDL, none of which holds a semicolon within."""
    for part in text.split(";\n"):
        lines = [line for line in part.splitlines() if not line.startswith("--")]
        if "".join(lines).strip():
            yield "\n".join(lines)


def _add_geometries(connection: Any, catalogue: Catalogue) -> None:
    """Geometry columns as SpatiaLite knows them; the one that lists are searched by has an R*Tree."""
    for table in catalogue.synced().values():
        for column in table.geometries:
            kind = column.kinds[0].upper() if len(column.kinds) == 1 else "GEOMETRY"
            dimensions = "XYZ" if column.dimensions == 3 else "XY"
            connection.execute(
                "select AddGeometryColumn(?, ?, ?, ?, ?)",
                (table.name, column.name, column.srid or -1, kind, dimensions),
            )
    connection.execute("select CreateSpatialIndex('building', 'footprint')")


def prepare_postgis(connection: Any, epoch: str) -> None:
    """Bring a PostGIS store up to date over a psycopg connection."""
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", (POSTGIS_LOCK,))
        connection.execute("create extension if not exists postgis")
        connection.execute(_RECORD)
        connection.execute(_META)
        done = {number for (number,) in connection.execute("select number from schema_migration")}
        for number, name, text in steps("postgis"):
            if number not in done:
                connection.execute(text)
                connection.execute("insert into schema_migration values (%s, %s)", (number, name))
        connection.execute("insert into meta values ('epoch', %s) on conflict do nothing", (epoch,))
