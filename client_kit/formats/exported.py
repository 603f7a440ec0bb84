"""What every writer of an export is given: the building's tables, a row at a time, and what is to be said of them all.

Geometries come as GeoJSON geometries, since whoever hands the rows over has moved them to where they are told: to
longitude and latitude, or left in the building's own metres. Columns of bytes are no part of an export.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Literal, TypeVar

import msgspec

from arxos_sync.catalogue import Column, Table

T = TypeVar("T")
Rows = Iterable[tuple[Table, Iterable[dict[str, Any]]]]  # each table once, its rows in one go


class About(msgspec.Struct, frozen=True):
    """`placed`: what put the geometries on the earth; None where nothing does, and they are metres of the building.

    `storeys`: the ids of those that were asked for; None for the whole building. `sequence`: the building's, of which
    the rows are.
    """

    building: str
    name: str
    sequence: int
    placed: Literal["georeference", "footprint"] | None
    storeys: list[str] | None = None


def told(table: Table) -> list[Column]:
    """The columns that an export has, in the catalogue's order, geometries left out."""
    return [column for column in table.columns.values() if column.type not in ("geometry", "bytes")]


def lots(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """The rows in their order, so many at a time."""
    coming = iter(rows)
    while lot := list(islice(coming, size)):
        yield lot
