"""Lists of a scope's rows on PostGIS: filtered, sorted and cut into pages by the database.

Read it beside spatialite_rows.py. Pages go by (what it is sorted by, id), rows without a value last.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..store import Row, RowQuery
from .listing import ACCENTED, PLAIN, free_text, words
from .postgis_values import row_of, selected
from .postgis_walls import placed
from .server_rows import Layout

FOLD = "translate(lower({}), %(accented)s, %(plain)s)"
_CASTS = {"uuid": "uuid", "date": "date", "instant": "timestamptz"}


def listed(ask: Callable[..., list[Any]], layout: Layout, owner: str, query: RowQuery) -> tuple[list[Row], int]:
    conditions, values = _wanted(layout, query)
    values["owner"] = owner
    source = layout.name if query.area is None else placed(layout.name)
    where = f'from "{source}" where {layout.owner} = %(owner)s and deleted is null' + conditions
    ((total,),) = ask(f"select count(*) {where}", values)
    type = layout.table.columns[query.sort].type
    key = f'"{query.sort}"' + (' collate "C"' if type == "text" else "")
    following, place = following_of(key, _CASTS.get(type), query.after, query.descending)
    names = ", ".join(["id", *map(selected, layout.columns), "sequence, born, deleted, merge_state::text"])
    down = "desc" if query.descending else ""
    found = ask(
        f"select {names} {where} {following} order by {key} {down} nulls last, id limit %(limit)s",
        values | place | {"limit": query.limit},
    )
    return [row_of(layout, one) for one in found], total


def following_of(
    key: str, cast: str | None, after: tuple[Any, str] | None, descending: bool
) -> tuple[str, dict[str, Any]]:
    """The condition on what comes after a place."""
    if after is None:
        return "", {}
    value, id = after
    if value is None:
        return f"and {key} is null and id > %(after_id)s::uuid", {"after_id": id}
    given = f"%(after)s::{cast}" if cast else "%(after)s"
    beyond = f"{key} {'<' if descending else '>'} {given}"
    condition = f"and ({beyond} or {key} = {given} and id > %(after_id)s::uuid or {key} is null)"
    return condition, {"after": value, "after_id": id}


def _wanted(layout: Layout, query: RowQuery) -> tuple[str, dict[str, Any]]:
    values: dict[str, Any] = {}
    conditions = []
    for number, (name, value) in enumerate(query.equal.items()):
        conditions.append(_equal(layout, name, value, f"equal{number}"))
        values[f"equal{number}"] = value
    if query.since is not None:
        conditions.append("updated_at >= %(since)s::timestamptz")
    if query.until is not None:
        conditions.append("updated_at <= %(until)s::timestamptz")
    if query.located:
        conditions.append(f'"{layout.table.geometries[0].name}" is not null')
    if query.area is not None:
        place = layout.table.geometries[0]
        conditions.append(f'ST_Intersects("{place.name}", ST_GeomFromWKB(%(area)s, {place.srid}))')
    if query.text:
        given = ", ".join(f'"{name}"' for name in free_text(layout))
        found, sought = containing(f"concat_ws(' ', {given})" if given else "''", query.text)
        conditions += found
        values |= sought
    values |= {"since": query.since, "until": query.until, "area": query.area}
    return "".join(f" and {c}" for c in conditions), values


def _equal(layout: Layout, name: str, value: Any, given: str) -> str:
    if value is None:
        return f'"{name}" is null'
    column = layout.table.columns[name]
    if column.type == "set":
        return f'"{name}"::jsonb ? %({given})s'
    cast = _CASTS.get(column.type)
    return f'"{name}" = %({given})s' + (f"::{cast}" if cast else "")


def containing(expression: str, text: str) -> tuple[list[str], dict[str, Any]]:
    """One condition a word; no wildcards, so nothing needs escaping."""
    sought = {f"word{number}": word for number, word in enumerate(words(text))}
    conditions = [f"strpos({FOLD.format(expression)}, %({name})s) > 0" for name in sought]
    return conditions, sought | {"accented": ACCENTED, "plain": PLAIN}
