"""Making replica files: empty ones on a device, and snapshots on a server.

A replica is one SpatiaLite file per scope, made by the SQL of `replica_ddl` (where its sections are
told). A snapshot is the same file with rows in it and a header without WAL (OPFS refuses WAL);
its R*Trees are there but empty, and the indexes of tables with rows are left out, for fewer bytes. What must be done on
arrival, in any language:

1. Run each statement of arxos_state 'indexes' (a JSON list), and empty it. Fill each R*Tree (`finish_snapshot` does
   both); in the browser, per geometry column of `geometry_columns`,
     insert into idx_<table>_<column> (pkid, xmin, xmax, ymin, ymax)
     select pk, MbrMinX(<column>), MbrMaxX(<column>), MbrMinY(<column>), MbrMaxY(<column>)
     from <table> where <column> is not null;
   with the four functions registered (doubles at bytes 6, 14, 22, 30 of the BLOB: min x, min y, max x, max y;
   byte 1 is the byte order, 1 = little-endian). Then arxos_state 'index' becomes 'built'.
2. Set `tail` of arxos_writing to the last 8 characters of the device id (`adopt`).
Until 1 is done the file shows rows, but windows into it show too few.

`arxos_state` of a snapshot: scope, kind (building or user), schema (the catalogue's number), made (the
fingerprint of the SQL that made it; see replica_upgrade.py), cursor, head,
digest (JSON: table to hex), index (empty or built), indexes (JSON: statements). `arxos_writing.sequence` is the head.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..catalogue import Catalogue, Table
from ..store import Row
from . import replica_ddl
from .driver import connect
from .replica_values import natives

_ROWS_PER_STATEMENT = 2_000
_ARRIVAL_CACHE_KIB = 65_536  # R*Trees are filled in memory


def kind_of(scope: str) -> str:
    return "user" if scope.startswith("user:") else "building"


def sections(text: str) -> Iterator[tuple[list[str], str]]:
    """The file's sections: the words of the heading line, and the SQL."""
    for part in text.split("\n--: ")[1:]:
        heading, _, body = part.partition("\n")
        yield heading.split(), body


def create_replica(
    path: str | Path, catalogue: Catalogue, scope: str, *, journal: str = "wal", key: str | None = None
) -> Any:
    """A new, empty replica file of a scope, encrypted where a key is given. Answers its connection."""
    connection = connect(path, key=key)
    connection.execute(f"pragma journal_mode = {journal}")
    connection.execute("pragma synchronous = full")
    connection.execute("select InitSpatialMetadata(1, 'NONE')")
    connection.execute("select InsertEpsgSrid(4326)")
    kind = kind_of(scope)
    connection.execute("begin")
    for heading, body in sections(replica_ddl.sql(catalogue)):
        if heading[0] == "beside" or catalogue.tables[heading[1]].scope == kind:
            run_section(connection, heading, body)
    state = {"scope": scope, "kind": kind, "schema": str(catalogue.schema), "index": "built"}
    state["made"] = replica_ddl.fingerprint(catalogue)
    connection.executemany("insert into arxos_state (key, value) values (?, ?)", state.items())
    connection.execute("commit")
    return connection


def run_section(connection: Any, heading: list[str], body: str) -> None:
    for statement in _statements(body):
        answers = connection.execute(statement).fetchall()
        if heading[0] == "geometry" and answers != [(1,)]:
            raise RuntimeError(f"SpatiaLite refused: {statement.strip()}")


def _statements(body: str) -> Iterator[str]:
    """Split at semicolons at a line's end, but keep a trigger whole."""
    kept: list[str] = []
    for line in body.splitlines():
        kept.append(line)
        inside = any(part.startswith("create trigger") for part in kept)
        if line == "end;" or (line.endswith(";") and not inside):
            yield "\n".join(kept)
            kept = []
        elif not line.strip():
            kept = kept if inside else [part for part in kept if part.strip()]


# ---------------------------------------------------------------- snapshots


def build_snapshot(
    path: str | Path,
    catalogue: Catalogue,
    rows: Iterable[Row],
    *,
    scope: str,
    cursor: str,
    head: int,
    digest: dict[str, str],
) -> None:
    """Write a snapshot of a scope's live rows, of any order, to a new file; `digest` is table to hex."""
    connection = create_replica(path, catalogue, scope, journal="delete")
    try:
        connection.execute("begin")
        connection.execute("update arxos_writing set capture = 0, sequence = ?", (head,))
        tables = catalogue.synced(kind_of(scope))
        triggers = _taken_off(connection, "trigger", tables)
        _insert(connection, catalogue, rows)
        for statement in triggers:
            connection.execute(statement)
        filled = [table for table in tables if connection.execute(f'select 1 from "{table}" limit 1').fetchone()]
        indexes = json.dumps(_taken_off(connection, "index", filled))
        state = {"cursor": cursor, "head": str(head), "digest": json.dumps(digest), "index": "empty"}
        set_state(connection, state | {"indexes": indexes})
        connection.executemany("insert into arxos_digest (table_name, sum) values (?, ?)", digest.items())
        connection.execute("update arxos_writing set capture = 1")
        connection.execute("commit")
        connection.execute("vacuum")
    finally:
        connection.close()


def _taken_off(connection: Any, kind: str, tables: Iterable[str]) -> list[str]:
    """Drop what those tables have of a kind; answers the SQL that makes it, in order."""
    found = connection.execute(
        """
        select name, sql from sqlite_master
        where type = ? and sql is not null and tbl_name in (select value from json_each(?)) order by rowid
        """,
        (kind, json.dumps(list(tables))),
    ).fetchall()
    for name, _ in found:
        connection.execute(f'drop {kind} "{name}"')
    return [statement for _, statement in found]


def _insert(connection: Any, catalogue: Catalogue, rows: Iterable[Row]) -> None:
    held: dict[str, list[Row]] = {}
    for row in rows:
        some = held.setdefault(row.table, [])
        some.append(row)
        if len(some) == _ROWS_PER_STATEMENT:
            _insert_some(connection, catalogue.tables[row.table], some)
            some.clear()
    for name, some in held.items():
        _insert_some(connection, catalogue.tables[name], some)


def _insert_some(connection: Any, table: Table, rows: list[Row]) -> None:
    """Of what the server holds of a row, the columns of this table: an older replica's has fewer."""
    names = [name for name in table.columns if name not in ("id", "sequence")]
    columns = "".join(f', "{name}"' for name in names)
    known = ({name: row.values.get(name) for name in names} for row in rows)
    values = [(row.id, row.sequence, *natives(table, one).values()) for row, one in zip(rows, known, strict=True)]
    connection.executemany(
        f'insert into "{table.name}" (id, sequence{columns}) values (?, ?{", ?" * len(names)})', values
    )


def finish_snapshot(connection: Any) -> None:
    """Make the indexes of a snapshot that has arrived. Does nothing where they are made."""
    if state(connection, "index") != "empty":
        return
    connection.execute(f"pragma cache_size = -{_ARRIVAL_CACHE_KIB}")
    columns = connection.execute(
        "select f_table_name, f_geometry_column from geometry_columns where spatial_index_enabled = 1"
    ).fetchall()
    connection.execute("begin immediate")
    for statement in json.loads(state(connection, "indexes") or "[]"):
        connection.execute(statement)
    for table, column in columns:
        connection.execute(
            f"""
            insert into "idx_{table}_{column}" (pkid, xmin, xmax, ymin, ymax)
            select pk, MbrMinX("{column}"), MbrMaxX("{column}"), MbrMinY("{column}"), MbrMaxY("{column}")
            from "{table}" where "{column}" is not null
            """
        )
    set_state(connection, {"index": "built", "indexes": None})
    connection.execute("commit")


def adopt(connection: Any, device: str) -> None:
    """Make the file this device's: stamps made by triggers end in its id."""
    set_state(connection, {"device": device})
    connection.execute("update arxos_writing set tail = ?", (device[-8:],))


# ---------------------------------------------------------------- state


def state(connection: Any, key: str) -> str | None:
    found = connection.execute("select value from arxos_state where key = ?", (key,)).fetchone()
    return found[0] if found else None


def states(connection: Any) -> dict[str, str | None]:
    """All of it: some twenty short values, but for a snapshot's."""
    return dict(connection.execute("select key, value from arxos_state").fetchall())


def set_state(connection: Any, values: dict[str, str | None]) -> None:
    connection.executemany(
        """
        insert into arxos_state (key, value) values (?, ?)
        on conflict (key) do update set value = excluded.value
        """,
        values.items(),
    )
