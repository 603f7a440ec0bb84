"""Writing many server rows of one table with few statements.

A statement that writes a table is compiled with all of the table's triggers, which takes as long as writing a hundred
rows with it: rows that set the same columns share one, and so do the few rows each of many such shapes. Columns that
carry an index are only named for rows that set them, so that the index rests for the others.

From REST_ROWS_MIN rows on the table's triggers rest as well: our own would find capture off each time, and SpatiaLite's
keep the R*Tree row by row. They are dropped, and made again from their own SQL, within the caller's transaction: nobody
else sees the table without them. Foreign triggers stay.

Values are those of the file. All within the caller's transaction, with capture off.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..catalogue import Table
from . import replica_log
from .replica_rows import marks_of, names_of

if TYPE_CHECKING:
    from .spatialite import Replica

REST_ROWS_MIN = 2000
SHAPE_ROWS_MIN = 100  # so many rows that set the same columns are worth a statement of their own
SHAPE_ROWS_MIN_AT_REST = 5
COLUMNS_MAX = 60  # of a statement for several shapes: each is a bit of one integer
_BOX = struct.Struct("<4d")  # min x, min y, max x, max y in a SpatiaLite BLOB
_BOX_AT = 6

Values = dict[str, Any]
Rows = list[tuple[str, Values]]
Shaped = dict[tuple[str, ...], Rows]


def write(replica: Replica, table: Table, *, updates: Rows, inserts: Rows, gone: list[str]) -> None:
    """By id: of rows that are there the columns named, rows that are not there, and rows to be deleted."""
    if len(updates) + len(inserts) + len(gone) < REST_ROWS_MIN:
        _update(replica, table, updates, SHAPE_ROWS_MIN)
        _insert(replica, table, inserts)
        _delete(replica, table, gone)
        return
    triggers = _rest(replica, table)
    _unindex(replica, table, gone)
    _update(replica, table, updates, SHAPE_ROWS_MIN_AT_REST)
    _insert(replica, table, inserts)
    _delete(replica, table, gone)
    for name in (column.name for column in table.geometries):
        _index(replica, table, name, {id: row[name] for id, row in (*updates, *inserts) if name in row})
    for statement in triggers:
        replica.connection.execute(statement)


# ---------------------------------------------------------------- statements


def _insert(replica: Replica, table: Table, rows: Rows) -> None:
    if not rows:
        return
    given = set().union(*(values for _, values in rows))
    names = [name for name in table.columns if name in given]
    replica.connection.executemany(
        f'insert into "{table.name}" ("id", {names_of(names)}) values (?, {marks_of(names)})',
        [[id, *map(values.get, names)] for id, values in rows],
    )


def _update(replica: Replica, table: Table, rows: Rows, shape_rows_min: int) -> None:
    shapes: Shaped = {}
    for id, values in rows:
        if values:
            shapes.setdefault(tuple(sorted(values)), []).append((id, values))
    indexed = frozenset(column.name for column in (*table.geometries, *table.references))
    mixed: dict[frozenset[str], Shaped] = {}
    for names, some in shapes.items():
        if len(some) >= shape_rows_min:
            _alike(replica, table, names, some)
        else:
            mixed.setdefault(indexed.intersection(names), {})[names] = some
    for some_shapes in mixed.values():
        _mixed(replica, table, some_shapes)


def _alike(replica: Replica, table: Table, names: tuple[str, ...], rows: Rows) -> None:
    sets = ", ".join(f'"{name}" = ?' for name in names)
    replica.connection.executemany(
        f'update "{table.name}" set {sets} where id = ?', [(*map(values.get, names), id) for id, values in rows]
    )


def _mixed(replica: Replica, table: Table, shapes: Shaped) -> None:
    """One statement for all shapes: a row's first parameter has the bits of the columns that it sets."""
    given = set().union(*shapes)
    if len(shapes) == 1 or len(given) > COLUMNS_MAX:
        for names, rows in shapes.items():
            _alike(replica, table, names, rows)
        return
    names = [name for name in table.columns if name in given]
    sets = ", ".join(f'"{name}" = iif(?1 & {1 << at}, ?{at + 3}, "{name}")' for at, name in enumerate(names))
    parameters = []
    for shape, rows in shapes.items():
        bits = sum(1 << at for at, name in enumerate(names) if name in shape)
        parameters += [(bits, id, *map(values.get, names)) for id, values in rows]
    replica.connection.executemany(f'update "{table.name}" set {sets} where id = ?2', parameters)


def _delete(replica: Replica, table: Table, ids: list[str]) -> None:
    if ids:
        replica.connection.execute(
            f'delete from "{table.name}" where id in (select value from json_each(?))', (replica_log.json_list(ids),)
        )


# ---------------------------------------------------------------- while triggers rest


def _rest(replica: Replica, table: Table) -> list[str]:
    """Drop the table's own triggers; answers the SQL that makes them."""
    theirs = {
        f"{kind}_{table.name}_{column.name}"
        for column in table.geometries
        for kind in ("ggi", "ggu", "gii", "giu", "gid", "tmi", "tmu", "tmd")
    }
    found = replica.connection.execute(
        "select name, sql from sqlite_master where type = 'trigger' and tbl_name = ?", (table.name,)
    ).fetchall()
    triggers = {name: sql for name, sql in found if name in theirs or name.startswith("arxos_")}
    for name in triggers:
        replica.connection.execute(f'drop trigger "{name}"')
    return list(triggers.values())


def _unindex(replica: Replica, table: Table, ids: Iterable[str]) -> None:
    wanted = replica_log.json_list(ids)
    for column in table.geometries if wanted != "[]" else ():
        replica.connection.execute(
            f"""
            delete from "idx_{table.name}_{column.name}"
            where pkid in (select pk from "{table.name}" where id in (select value from json_each(?)))
            """,
            (wanted,),
        )


def _index(replica: Replica, table: Table, column: str, blobs: dict[str, bytes | None]) -> None:
    """What SpatiaLite's triggers would have done: the boxes in the R*Tree, and the moment noted."""
    connection, index = replica.connection, f"idx_{table.name}_{column}"
    found = connection.execute(
        f'select pk, id from "{table.name}" where id in (select value from json_each(?))',
        (replica_log.json_list(blobs),),
    ).fetchall()
    boxes = [(pk, *_BOX.unpack_from(blob, _BOX_AT)) for pk, id in found if (blob := blobs[id]) is not None]
    empty = [(pk,) for pk, id in found if blobs[id] is None]
    connection.executemany(f'delete from "{index}" where pkid = ?', empty)
    connection.executemany(
        f'insert or replace into "{index}" (pkid, xmin, ymin, xmax, ymax) values (?, ?, ?, ?, ?)', boxes
    )
    connection.execute(
        """
        update geometry_columns_time
        set (last_insert, last_update, last_delete) = (select now, now, now from (
          select strftime('%Y-%m-%dT%H:%M:%fZ', 'now') as now))
        where f_table_name = ? and f_geometry_column = ?
        """,
        (table.name, column),
    )
