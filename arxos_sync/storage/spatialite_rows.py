"""Lists of a scope's rows on SpatiaLite: filtered, sorted and cut into pages by the database.

Read it beside postgis_rows.py. Pages go by (what it is sorted by, id), rows without a value last.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..store import Row, RowQuery
from .listing import free_text, words
from .replica_values import Conversion, reader
from .server_rows import Layout, whole


def row_of(layout: Layout, found: tuple[Any, ...]) -> Row:
    """A row from what was selected in the order of the layout's names."""
    inner = list(found)
    for place, read in _readers(layout):
        value = inner[place]
        if value is not None:
            inner[place] = read(value)
    return layout.row(inner)


def _readers(layout: Layout) -> list[tuple[int, Conversion]]:
    """By place, of the columns that need one. Worked out once a layout."""
    kept = vars(layout)
    if "_spatialite_readers" not in kept:
        found = [(place, whole if c.type == "counter" else reader(c)) for place, c in enumerate(layout.columns, 1)]
        kept["_spatialite_readers"] = [(place, read) for place, read in found if read is not None]
    return kept["_spatialite_readers"]


def listed(ask: Callable[..., list[Any]], layout: Layout, owner: str, query: RowQuery) -> tuple[list[Row], int]:
    conditions, values = _wanted(layout, query)
    values["owner"] = owner
    where = f'from "{layout.name}" where {layout.owner} = :owner and deleted is null' + conditions
    ((total,),) = ask(f"select count(*) {where}", values)
    key = f'"{query.sort}"'
    following, place = following_of(key, query.after, query.descending)
    names = ", ".join(f'"{name}"' for name in layout.names)
    down = "desc" if query.descending else ""
    found = ask(
        f"select {names} {where} {following} order by {key} {down} nulls last, id limit :limit + 0",
        values | place | {"limit": query.limit},
    )
    return [row_of(layout, one) for one in found], total


def following_of(key: str, after: tuple[Any, str] | None, descending: bool) -> tuple[str, dict[str, Any]]:
    """The condition on what comes after a place."""
    if after is None:
        return "", {}
    value, id = after
    if value is None:
        return f"and {key} is null and id > :after_id", {"after_id": id}
    beyond = f"{key} {'<' if descending else '>'} :after"
    condition = f"and ({beyond} or {key} = :after and id > :after_id or {key} is null)"
    return condition, {"after": value, "after_id": id}


def _wanted(layout: Layout, query: RowQuery) -> tuple[str, dict[str, Any]]:
    values: dict[str, Any] = {}
    conditions = []
    for number, (name, value) in enumerate(query.equal.items()):
        conditions.append(_equal(layout, name, value, f"equal{number}"))
        values[f"equal{number}"] = value
    if query.since is not None:
        conditions.append("updated_at >= :since")
    if query.until is not None:
        conditions.append("updated_at <= :until")
    if query.located:
        conditions.append(f'"{layout.table.geometries[0].name}" is not null')
    if query.area is not None:
        place = layout.table.geometries[0]
        conditions.append(f'ST_Intersects("{place.name}", GeomFromWKB(:area, {place.srid or -1})) = 1')
    if query.text:
        given = " || ' ' || ".join(f"coalesce(\"{name}\", '')" for name in free_text(layout))
        found, sought = containing(given or "''", query.text)
        conditions += found
        values |= sought
    values |= {"since": query.since, "until": query.until, "area": query.area}
    return "".join(f" and {c}" for c in conditions), values


def _equal(layout: Layout, name: str, value: Any, given: str) -> str:
    if value is None:
        return f'"{name}" is null'
    if layout.table.columns[name].type == "set":
        return f'exists (select 1 from json_each("{name}") where value = :{given})'
    return f'"{name}" = :{given}'


def containing(expression: str, text: str) -> tuple[list[str], dict[str, Any]]:
    """One condition a word; no wildcards, so nothing needs escaping."""
    sought = {f"word{number}": word for number, word in enumerate(words(text))}
    return [f"instr(folded({expression}), :{name}) > 0" for name in sought], sought
