"""Bringing a replica's file up to the schema and the triggers of this program, in place.

The file is compared with what `replica_ddl` would make today: tables, columns, indexes and geometry columns that are
missing are added, our triggers are made anew, nothing is ever taken away. All of it is one database transaction, so
that a device that dies in the middle finds the file as it was, and does it again. Edits that wait stay as they are in
the log, whose tables gain the new columns too. Pulling what the new columns hold is the server's part: the cursor names
the schema it was made with (PROTOCOL.md §3, Schema). The browser does the same from the same SQL
(pwa/replica/migrate.js).

A file of a newer schema is refused and left as it is: this program would not see, and might lose, what it holds.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ..catalogue import Catalogue
from ..problems import Problem
from . import replica_ddl
from .driver import sqlite
from .replica_file import kind_of, run_section, sections, set_state, state


class _Wanted(msgspec.Struct, frozen=True):
    """What a file made today would hold, by name: SQL, and of tables the columns with what follows their names."""

    tables: dict[str, str]
    columns: dict[str, dict[str, str]]
    indexes: dict[str, str]
    triggers: dict[str, str]
    geometries: list[tuple[list[str], str]]


_worked_out: dict[tuple[str, str], _Wanted] = {}  # by fingerprint and kind: a person has many files of a kind


def bring_up_to_date(connection: Any, catalogue: Catalogue) -> bool:
    """Answers whether there was anything to do. Raises Problem `upgrade_required` where the file is newer."""
    made = replica_ddl.fingerprint(catalogue)
    if _is_current(connection, catalogue, made):
        return False
    kind = kind_of(state(connection, "scope") or "")
    wanted = _worked_out.get((made, kind)) or _worked_out.setdefault((made, kind), _wanted(catalogue, kind))
    connection.execute("begin immediate")
    try:
        if not _is_current(connection, catalogue, made):  # another process may have been quicker
            _add(connection, wanted)
            set_state(connection, {"schema": str(catalogue.schema), "made": made})
        connection.execute("commit")
    finally:
        if connection.in_transaction:
            connection.execute("rollback")
    return True


def _is_current(connection: Any, catalogue: Catalogue, made: str) -> bool:
    held = int(state(connection, "schema") or 1)
    if held > catalogue.schema:
        raise Problem("upgrade_required", f"the file is of schema {held}; this program knows {catalogue.schema}")
    return held == catalogue.schema and state(connection, "made") == made


def _add(connection: Any, wanted: _Wanted) -> None:
    for name in _names(connection, "trigger"):
        if name.startswith("arxos_"):
            connection.execute(f'drop trigger "{name}"')
    held = _names(connection, "table")
    for table, create in wanted.tables.items():
        if table not in held:
            connection.execute(create)
            continue
        there = {row[1] for row in connection.execute(f'pragma table_info("{table}")')}
        for column, definition in wanted.columns[table].items():
            if column not in there:
                connection.execute(f'alter table "{table}" add column "{column}" {definition}')
    registered = set(connection.execute("select f_table_name, f_geometry_column from geometry_columns").fetchall())
    for heading, body in wanted.geometries:
        if (heading[1], heading[2]) not in registered:
            run_section(connection, heading, body)
    held = _names(connection, "index")
    for create in [sql for name, sql in wanted.indexes.items() if name not in held] + list(wanted.triggers.values()):
        connection.execute(create)


def _names(connection: Any, type: str) -> set[str]:
    return {name for (name,) in connection.execute("select name from sqlite_master where type = ?", (type,))}


def _wanted(catalogue: Catalogue, kind: str) -> _Wanted:
    """What plain SQLite makes of the sections, in memory; geometry columns are SpatiaLite's to register."""
    geometries = []
    memory = sqlite.connect(":memory:", isolation_level=None)
    try:
        for heading, body in sections(replica_ddl.sql(catalogue)):
            if heading[0] != "beside" and catalogue.tables[heading[1]].scope != kind:
                continue
            if heading[0] == "geometry":
                geometries.append((heading, body))
            else:
                run_section(memory, heading, body)
        found: dict[str, dict[str, str]] = {"table": {}, "index": {}, "trigger": {}}
        for type, name, sql in memory.execute("select type, name, sql from sqlite_master where sql is not null"):
            found[type][name] = sql
        columns = {
            table: {row[1]: _definition(row) for row in memory.execute(f'pragma table_info("{table}")')}
            for table in found["table"]
        }
    finally:
        memory.close()
    found["table"].pop("sqlite_sequence", None)
    return _Wanted(found["table"], columns, found["index"], found["trigger"], geometries)


def _definition(row: tuple[Any, ...]) -> str:
    """Type, `not null` and default of a column, from `pragma table_info`."""
    _, _, type, not_null, default, _ = row
    return " ".join([type, *(["not null"] if not_null else []), *([f"default {default}"] if default else [])])
