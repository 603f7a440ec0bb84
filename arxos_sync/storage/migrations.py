"""Bringing a server's store up to date: forward only, all that is missing in one transaction with its record.

First the schemas of the catalogue that the store lacks (`server_ddl.step`), each adding to the one before; then, in the
order of their numbers, the steps that bring tables and columns of the server's own (`server_ddl.own_steps`) and the
files `sql/<number>_<name>.<postgis|spatialite>.sql`, for what the catalogue does not tell, run on a store of the newest
schema whatever it came from. Several processes may start at once: the first holds a lock while the others
wait and then find nothing left to do. A store of a newer schema than this server knows is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from ..catalogue import Catalogue, Column, Table
from ..problems import Problem
from . import server_ddl

SQL = Path(__file__).parent / "sql"
_RECORD = "create table if not exists schema_migration (number bigint primary key, name text not null)"
_META = "create table if not exists meta (key text primary key, value text not null)"
POSTGIS_LOCK = 0x4152584F53  # "ARXOS"


def steps(catalogue: Catalogue, kind: str) -> Iterator[tuple[int, str, str]]:
    """(number, name, SQL) of every numbered step for `postgis` or `spatialite`, in order: tables, then the file."""
    own, files = server_ddl.own_steps(catalogue), _files(kind)
    for number in sorted(own.keys() | files.keys()):
        name, text = files.get(number, ("tables", ""))
        yield number, name, own.get(number, "") + "\n" + text


@cache
def _files(kind: str) -> dict[int, tuple[str, str]]:
    found = {}
    for path in SQL.glob(f"[0-9]*_*.{kind}.sql"):
        number, _, name = path.name.removesuffix(f".{kind}.sql").partition("_")
        found[int(number)] = (name, path.read_text("utf-8"))
    return found


def missing(catalogue: Catalogue, done: dict[int, str], recorded: str | None) -> range:
    """The schemas whose steps a store lacks. Raises Problem where it is ahead of this server."""
    held = int(recorded or (1 if 1 in done else 0))  # the first stores recorded their first step alone
    if held > catalogue.schema:
        raise Problem(
            "unavailable",
            f"the store is of schema {held}; this server knows {catalogue.schema}",
            hint="Start the server that upgraded it, or a newer one; this one would lose what it does not know.",
        )
    return range(held + 1, catalogue.schema + 1)


def prepare_spatialite(connection: Any, catalogue: Catalogue, epoch: str) -> None:
    """Bring a SpatiaLite store up to date over a connection in autocommit mode."""
    connection.execute("begin immediate")
    try:
        connection.execute(_RECORD)
        connection.execute(_META)
        done = dict(connection.execute("select number, name from schema_migration"))
        recorded = connection.execute("select value from meta where key = 'schema'").fetchone()
        for schema in missing(catalogue, done, recorded and recorded[0]):
            _step_spatialite(connection, catalogue, schema)
        for number, name, text in steps(catalogue, "spatialite"):
            if number not in done:
                for statement in statements(text):
                    connection.execute(statement)
                connection.execute("insert into schema_migration (number, name) values (?, ?)", (number, name))
        connection.execute("insert into meta (key, value) values ('epoch', ?) on conflict do nothing", (epoch,))
        connection.execute("insert or replace into meta (key, value) values ('schema', ?)", (str(catalogue.schema),))
        connection.execute("commit")
    finally:
        if connection.in_transaction:
            connection.execute("rollback")


def _step_spatialite(connection: Any, catalogue: Catalogue, schema: int) -> None:
    if schema == 1:
        connection.execute("select InitSpatialMetadata(0, 'NONE')")
        connection.execute("select InsertEpsgSrid(4326)")
        connection.execute("insert into schema_migration (number, name) values (1, 'tables')")
    for statement in statements(server_ddl.step(catalogue, "spatialite", schema)):
        connection.execute(statement)
    for table in catalogue.at(schema).synced().values():
        _add_geometries(connection, table, server_ddl.came_with(table, schema))
    if schema == 1:
        connection.execute("select CreateSpatialIndex('building', 'footprint')")


def statements(text: str) -> Iterator[str]:
    """The statements of generated DDL, none of which holds a semicolon within."""
    for part in text.split(";\n"):
        lines = [line for line in part.splitlines() if not line.startswith("--")]
        if "".join(lines).strip():
            yield "\n".join(lines)


def _add_geometries(connection: Any, table: Table, columns: list[Column]) -> None:
    """Geometry columns as SpatiaLite knows them."""
    for column in (c for c in columns if c.type == "geometry"):
        kind = column.kinds[0].upper() if len(column.kinds) == 1 else "GEOMETRY"
        dimensions = "XYZ" if column.dimensions == 3 else "XY"
        made = connection.execute(
            "select AddGeometryColumn(?, ?, ?, ?, ?)",
            (table.name, column.name, column.srid or -1, kind, dimensions),
        ).fetchone()
        if made != (1,):
            raise RuntimeError(f"SpatiaLite refused the column {table.name}.{column.name}")


def prepare_postgis(connection: Any, catalogue: Catalogue, epoch: str) -> None:
    """Bring a PostGIS store up to date over a psycopg connection."""
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", (POSTGIS_LOCK,))
        connection.execute("create extension if not exists postgis")
        connection.execute(_RECORD)
        connection.execute(_META)
        done = dict(connection.execute("select number, name from schema_migration"))
        recorded = connection.execute("select value from meta where key = 'schema'").fetchone()
        for schema in missing(catalogue, done, recorded and recorded[0]):
            connection.execute(server_ddl.step(catalogue, "postgis", schema))
            if schema == 1:
                connection.execute("insert into schema_migration values (1, 'tables')")
        for number, name, text in steps(catalogue, "postgis"):
            if number not in done:
                connection.execute(text)
                connection.execute("insert into schema_migration values (%s, %s)", (number, name))
        connection.execute("insert into meta values ('epoch', %s) on conflict do nothing", (epoch,))
        connection.execute(
            "insert into meta values ('schema', %s) on conflict (key) do update set value = excluded.value",
            (str(catalogue.schema),),
        )
