"""Rows of a replica for `list` and `get`, read with sqlite-utils over our own connection."""

from __future__ import annotations

from typing import Any

import sqlite_utils
import typer

from arxos_sync.catalogue import Table
from arxos_sync.problems import Problem
from arxos_sync.storage.replica_values import to_inner
from arxos_sync.storage.spatialite import Replica

from .values import plain

Box = tuple[float, float, float, float]
_SHORT = ("name", "number", "title", "kind", "ifc_class", "status", "state", "sequence")


def box(text: str | None) -> Box | None:
    if text is None:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise typer.BadParameter("xmin,ymin,xmax,ymax are wanted", param_hint="--bbox") from error
    return west, south, east, north


def rows(
    replica: Replica, table: str, where: str | None, window: Box | None, limit: int
) -> list[dict[str, Any]]:
    """Rows that match, in order of id; `window` by the table's first geometry column and its R*Tree."""
    known = replica.table(table)
    conditions, parameters = [f"({where})"] if where else [], []
    if window is not None:
        if not known.geometries:
            raise Problem("invalid", f"{table} has no geometry", hint="Leave --bbox out.")
        conditions.append(
            f'pk in (select pkid from "idx_{table}_{known.geometries[0].name}" '
            "where xmax >= ? and ymax >= ? and xmin <= ? and ymin <= ?)"
        )
        parameters = list(window)
    database = sqlite_utils.Database(replica.connection)
    found = database[table].rows_where(
        " and ".join(conditions) or None, parameters, order_by="id", limit=limit
    )
    return [_row(known, one) for one in found]


def one(replica: Replica, table: str, id: str) -> dict[str, Any]:
    known = replica.table(table)
    database = sqlite_utils.Database(replica.connection)
    for found in database[table].rows_where("id = ?", [id], limit=1):
        return _row(known, found)
    raise Problem("not_found", f"no {table} {id} on this device")


def _row(table: Table, found: dict[str, Any]) -> dict[str, Any]:
    values = {n: to_inner(table.columns[n], v) for n, v in found.items() if n in table.columns}
    return plain(table, values)


def headings(table: Table) -> list[str]:
    return ["id", *(name for name in _SHORT if name in table.columns)]
