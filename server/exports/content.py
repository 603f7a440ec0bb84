"""What goes into an export: the tables of a building that people fill, all of it or what belongs to some storeys.

Of people there are ids and no names: a file that was fetched cannot be made to forget who has left. So `member` is no
part of it, nor are conflicts and the exports themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from arxos_sync.catalogue import Catalogue, Table
from arxos_sync.geometry import to_geojson
from arxos_sync.store import Row, RowQuery, ScopeReader, ServerStore
from client_kit.formats.exported import lots

from ..features.frames import Frame, placed

LEFT_OUT = ("conflict", "export_activity", "member")
OF_THE_WHOLE = ("building", "system")  # on no storey, and in every export
FILE = "attachment_id"  # by which a row names a file without hanging on it
ROWS_AT_ONCE = 500
Place = Callable[[list[dict[str, Any]]], list[Any]]


def offered(catalogue: Catalogue) -> list[str]:
    return [name for name, table in catalogue.tables.items() if table.scope == "building" and name not in LEFT_OUT]


def count(reader: ScopeReader, tables: list[str]) -> int:
    return sum(reader.listed(RowQuery(table, limit=1))[1] for table in tables)


def content(
    reader: ScopeReader, tables: list[Table], kept: set[str] | None, place: Place, read: Callable[[int], None]
) -> Iterator[tuple[Table, Iterator[dict[str, Any]]]]:
    """Table by table, its rows with geometries as `place` puts them. `read` hears of every lot how many were read."""
    for table in tables:
        yield table, _rows(reader, table, kept, place, read)


def placing(store: ServerStore, frame: Frame | None) -> Place:
    """Geometries in metres to degrees by the building's frame; as they are where there is none."""
    return (lambda shapes: shapes) if frame is None else (lambda shapes: placed(store, frame, shapes, 4326, False))


def _rows(
    reader: ScopeReader, table: Table, kept: set[str] | None, place: Place, read: Callable[[int], None]
) -> Iterator[dict[str, Any]]:
    for lot in lots(reader.live_rows(table.name), ROWS_AT_ONCE):
        read(len(lot))
        wanted = [row for row in lot if kept is None or table.name in OF_THE_WHOLE or row.id in kept]
        yield from _moved(table, wanted, place)


def _moved(table: Table, rows: list[Row], place: Place) -> list[dict[str, Any]]:
    """The rows as they are told, all geometries of a column at once."""
    told = [{"id": row.id, "sequence": row.sequence} | row.values for row in rows]
    for column in table.geometries:
        there = [row for row in told if row[column.name] is not None]
        shapes = [to_geojson(row[column.name]) for row in there]
        for row, shape in zip(there, shapes if column.srid == 4326 else place(shapes), strict=True):
            row[column.name] = shape
    return told


def belonging(reader: ScopeReader, catalogue: Catalogue, storeys: list[str]) -> set[str]:
    """The ids of what belongs to the storeys: rows that name one, what hangs on those, and the files they name.

    A row that says its storey hangs on that alone, and none on the file it names: a drawing that two storeys share
    brings no other storey along.
    """
    hanging, files = defaultdict[str | None, list[str]](list), dict[str, str]()
    for table in (catalogue.tables[name] for name in offered(catalogue)):
        parents = [column.name for column in table.references if column.name != FILE]
        for row in reader.live_rows(table.name):
            said = row.values.get("storey_id")
            for parent in [said] if said else [row.values[name] for name in parents]:
                hanging[parent].append(row.id)
            if row.values.get(FILE):
                files[row.id] = row.values[FILE]
    kept, waiting = set[str](), list(storeys)
    while waiting:
        id = waiting.pop()
        if id not in kept:
            kept.add(id)
            waiting += hanging[id] + ([files[id]] if id in files else [])
    return kept
