"""Who may do what: one ladder of roles, asked in the merge for every change (DOMAIN.md, Roles).

`admin` is no rung: an administrator enters a building as its owner. Neither is `server`, which no grant can give: it is
the server itself (`Author.server`), and may write what only it writes. Not permitted and not existing look the same
outside of the building; inside it, a refusal says which role is wanted.
"""

from __future__ import annotations

from .catalogue import ROLES, SERVER, Column, Table
from .problems import Refused

_RANK = {role: rank for rank, role in enumerate(ROLES)}
READERS = frozenset(ROLES)


def at_least(role: str | None, wanted: str) -> bool:
    if role == SERVER:
        return True
    return role is not None and wanted != SERVER and _RANK[role] >= _RANK[wanted]


def demand(role: str | None, wanted: str, table: Table, column: Column | None = None) -> None:
    """Raise Refused `forbidden` where `role` is below `wanted`."""
    if not at_least(role, wanted):
        what = f"{table.name}.{column.name}" if column else table.name
        who = "only the server writes it" if wanted == SERVER else f"that takes a {wanted}"
        raise Refused("forbidden", f"{what}: {who}", field=column.name if column else None)


def demand_write(role: str | None, table: Table, columns: list[Column]) -> None:
    """May `role` write these columns of an existing row?"""
    demand(role, table.update, table)
    for column in columns:
        if column.write:
            demand(role, column.write, table, column)
