"""Writing many server rows of one table with few statements.

A statement that writes a table is compiled with all of the table's triggers, which takes as long as writing a hundred
rows with it: rows that set the same columns share one, and so do the few rows each of many such shapes. Columns that
carry an index are only named for rows that set them, so that the index rests for the others.

Values are those of the file. All within the caller's transaction, with capture off.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..catalogue import Table
from . import replica_log
from .replica_rows import marks_of, names_of

if TYPE_CHECKING:
    from .spatialite import Replica

SHAPE_ROWS_MIN = 100  # so many rows that set the same columns are worth a statement of their own
COLUMNS_MAX = 60  # of a statement for several shapes: each is a bit of one integer

Values = dict[str, Any]
Shaped = dict[tuple[str, ...], list[tuple[str, Values]]]


def insert(replica: Replica, table: Table, rows: list[tuple[str, Values]]) -> None:
    """Rows that are not there, by id."""
    if not rows:
        return
    given = set().union(*(values for _, values in rows))
    names = [name for name in table.columns if name in given]
    replica.connection.executemany(
        f'insert into "{table.name}" ("id", {names_of(names)}) values (?, {marks_of(names)})',
        [[id, *map(values.get, names)] for id, values in rows],
    )


def update(replica: Replica, table: Table, rows: Iterable[tuple[str, Values]]) -> None:
    """Of rows that are there, by id, the columns named."""
    shapes: Shaped = {}
    for id, values in rows:
        if values:
            shapes.setdefault(tuple(values), []).append((id, values))
    indexed = frozenset(column.name for column in (*table.geometries, *table.references))
    mixed: dict[frozenset[str], Shaped] = {}
    for names, some in shapes.items():
        if len(some) >= SHAPE_ROWS_MIN:
            _alike(replica, table, names, some)
        else:
            mixed.setdefault(indexed.intersection(names), {})[names] = some
    for some_shapes in mixed.values():
        _mixed(replica, table, some_shapes)


def delete(replica: Replica, table: Table, ids: list[str]) -> None:
    if ids:
        replica.connection.execute(
            f'delete from "{table.name}" where id in (select value from json_each(?))', (replica_log.json_list(ids),)
        )


def _alike(replica: Replica, table: Table, names: tuple[str, ...], rows: list[tuple[str, Values]]) -> None:
    sets = ", ".join(f'"{name}" = ?' for name in names)
    replica.connection.executemany(
        f'update "{table.name}" set {sets} where id = ?', [(*values.values(), id) for id, values in rows]
    )


def _mixed(replica: Replica, table: Table, shapes: Shaped) -> None:
    """One statement for all shapes: a row's first parameter has the bits of the columns that it sets."""
    given = set().union(*shapes)
    if len(shapes) == 1 or len(given) > COLUMNS_MAX:
        for names, rows in shapes.items():
            _alike(replica, table, names, rows)
        return
    names = [name for name in table.columns if name in given]
    sets = ", ".join(
        f'"{name}" = iif(?1 & {1 << at}, ?{at + 3}, "{name}")' for at, name in enumerate(names)
    )
    parameters = []
    for shape, rows in shapes.items():
        bits = sum(1 << at for at, name in enumerate(names) if name in shape)
        parameters += [(bits, id, *map(values.get, names)) for id, values in rows]
    replica.connection.executemany(f'update "{table.name}" set {sets} where id = ?2', parameters)
