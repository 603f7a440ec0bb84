"""`/api/v1/buildings/{building}/{table}[/{id}]`: a building's rows, one at a time or as a list.

A list's filters, order and pages are the database's work. What a list answers hangs on the building's head alone, so
its ETag is told before a row is read; a row's ETag is its sequence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import anyio.to_thread
import msgspec
from litestar import Response, Router, delete, get, patch, post
from litestar.params import HeaderParameter, QueryParameter

from arxos_sync.change import is_uuid
from arxos_sync.messages import Change, ChangeProblem, RowOut
from arxos_sync.problems import Problem, Refused
from arxos_sync.pull import row_out
from arxos_sync.store import Row, RowQuery, ScopeReader

from ..accounts.callers import demand_person
from ..accounts.people import Person
from ..given import Caller, Given
from ..parts import Parts, new_id
from ..sync.push import Job
from ..sync.routes import demand_reader
from ..told import told
from . import asked
from .answering import AnyRequest, is_held, packed, tag_of, tagged, unchanged
from .shapes import Form, row_shown, taken

PAGE = 100
PAGE_MAX = 1_000
ORIGIN = "office"
_TAG = re.compile(r'\s*(?:W/)?"(\d{1,15})"\s*\Z')
_OWN = frozenset(("limit", "next", "q", "bbox", "updated_since", "sort", "geometry"))
REFUSALS = (
    "forbidden", "invalid_value", "unknown_column", "server_column", "append_only", "parent_unknown", "restricted",
)  # fmt: skip
_ROW = {
    "table": "storey", "id": "0190a000-0000-7000-8000-000000000002", "sequence": 2, "deleted": False,
    "set": {"name": "Ground", "level": 0, "elevation_m": 0.0, "outline": None},
}  # fmt: skip
_WRITTEN = {"outcome": "applied", "conflicts": [], "row": _ROW}

IfMatch = Annotated[str | None, HeaderParameter(name="If-Match")]


class Written(msgspec.Struct, frozen=True):
    """What became of a write, and the row as it stands now."""

    outcome: str
    conflicts: list[str]
    row: RowOut


class RowPage(msgspec.Struct, frozen=True):
    items: list[RowOut]
    next: str | None
    total: int


class NewRow(msgspec.Struct, frozen=True):
    set: dict[str, Any]
    id: str | None = None


class Edit(msgspec.Struct, frozen=True):
    set: dict[str, Any]
    was: dict[str, Any] | None = None


@get(
    "/api/v1/buildings/{building:str}/{table:str}", sync_to_thread=True, summary="Rows of a table, a page at a time",
    **told("anonymous", "not_found", "unauthenticated", "invalid",
           answered={"items": [_ROW], "next": None, "total": 1}),
)  # fmt: skip
def list_rows(
    request: AnyRequest,
    parts: Given,
    person: Caller,
    building: str,
    table: str,
    q: str = "",
    bbox: str | None = None,
    updated_since: str | None = None,
    sort: str = "id",
    geometry: Form = "wkb",
    limit: int = PAGE,
    next_page: Annotated[str | None, QueryParameter(name="next")] = None,
) -> Response[RowPage]:
    """Beside these, a query parameter named like a column keeps the rows that have its value: of a set, a member.

    `q`: each word stands in a column of free text, without regard to case and accents. `bbox`: min x, min y, max x, max
    y in the building's metres (of a building itself in degrees), which the geometry meets. `sort`: a column, or
    `-column`. An empty value asks for rows where the column is unset.
    """
    check_table(parts, building, table)
    columns = parts.catalogue.tables[table]
    column, descending = asked.sorting(columns, sort)
    query = RowQuery(
        table=table,
        equal=asked.equal(columns, {n: v for n, v in request.query_params.items() if n not in _OWN}),
        since=asked.moment("updated_since", updated_since),
        area=asked.metres_area(columns, bbox),
        text=q.strip(),
        sort=column,
        descending=descending,
        after=asked.checked_place(columns, column, asked.place(next_page)),
        limit=max(1, min(limit, PAGE_MAX)) + 1,
    )
    with parts.store.read(building) as reader:
        demand_reader(reader, person)
        head = reader.head()
        tag = tag_of(parts.epoch, head.sequence, head.salt, str(request.url.query), PAGE)
        if is_held(request, tag):
            return unchanged(tag)
        found, total = reader.listed(query)
    more = place_after(found[query.limit - 2], column) if len(found) == query.limit else None
    items = [row_shown(columns, row_out(parts.catalogue, r, None, False), geometry) for r in found[: query.limit - 1]]
    return tagged(RowPage(items, more, total), tag)


def place_after(row: Row, column: str) -> str:
    match column:
        case "id":
            return asked.place_text(row.id, row.id)
        case "sequence":
            return asked.place_text(row.sequence, row.id)
    return asked.place_text(row.values[column], row.id)


@get(
    "/api/v1/buildings/{building:str}/{table:str}/{id:str}", sync_to_thread=True, summary="One row",
    **told("anonymous", "not_found", "unauthenticated", answered=_ROW),
)  # fmt: skip
def get_row(
    request: AnyRequest, parts: Given, person: Caller, building: str, table: str, id: str, geometry: Form = "wkb"
) -> Response[RowOut]:
    row, _, _ = one_row(parts, person, building, table, id)
    tag = f'"{row.sequence}"'
    if is_held(request, tag):
        return unchanged(tag)
    return tagged(row_shown(parts.catalogue.tables[table], row_out(parts.catalogue, row, None, False), geometry), tag)


@post(
    "/api/v1/buildings/{building:str}/{table:str}", status_code=201, summary="A new row",
    **told("reporter", "not_found", "invalid", *REFUSALS, sent={"set": {"name": "Ground"}}, answered=_WRITTEN),
)  # fmt: skip
async def add_row(parts: Given, person: Caller, building: str, table: str, data: NewRow) -> Response[Written]:
    author = demand_person(person)
    check_table(parts, building, table)
    id = data.id or new_id()
    given = taken(parts.catalogue.tables[table], data.set)
    written = await write_change(parts, author, building, Change(table, id, "insert", 0, given))
    headers = {
        "Location": f"/api/v1/buildings/{building}/{table}/{id}",
        "ETag": f'"{written.row.sequence}"',
    }
    return Response(written, status_code=201, headers=headers)


@patch(
    "/api/v1/buildings/{building:str}/{table:str}/{id:str}", summary="Change fields of a row",
    **told("technician", "not_found", "precondition_failed", "invalid", *REFUSALS, sent={"set": {"name": "Ground"}},
           answered=_WRITTEN),
)  # fmt: skip
async def patch_row(
    parts: Given,
    person: Caller,
    building: str,
    table: str,
    id: str,
    data: Edit,
    if_match: IfMatch = None,
) -> Response[Written]:
    return await change_row(parts, person, building, table, id, data.set, data.was, if_match)


@delete(
    "/api/v1/buildings/{building:str}/{table:str}/{id:str}", status_code=204, summary="Delete a row",
    **told("technician", "not_found", "precondition_failed", *REFUSALS),
)  # fmt: skip
async def delete_row(
    parts: Given, person: Caller, building: str, table: str, id: str, if_match: IfMatch = None
) -> Response[None]:
    author = demand_person(person)
    base = await base_of(parts, author, building, table, id, if_match)
    await write_change(parts, author, building, Change(table, id, "delete", base))
    return Response(None, status_code=204)


# ---------------------------------------------------------------- what the routes share


@contextmanager
def demand_row(
    parts: Parts, person: Person | None, building: str, table: str, id: str
) -> Iterator[tuple[ScopeReader, Row, str]]:
    """A reader, the live row and the caller's role. Raises Problem `not_found`."""
    check_table(parts, building, table)
    if not is_uuid(id):
        raise Problem("not_found", f"{table} {id}")
    with parts.store.read(building) as reader:
        role = demand_reader(reader, person)
        found, _ = reader.listed(RowQuery(table, {"id": id}, limit=1))
        if not found:
            raise Problem("not_found", f"{table} {id}")
        yield reader, found[0], role


def one_row(parts: Parts, person: Person | None, building: str, table: str, id: str) -> tuple[Row, str, int]:
    """The live row, the caller's role and the head. Raises Problem `not_found`."""
    with demand_row(parts, person, building, table, id) as (reader, row, role):
        return row, role, reader.head().sequence


async def change_row(
    parts: Parts,
    person: Person | None,
    building: str,
    table: str,
    id: str,
    given: dict[str, Any],
    was: dict[str, Any] | None,
    if_match: str | None,
) -> Response[Written]:
    author = demand_person(person)
    base = await base_of(parts, author, building, table, id, if_match)
    columns = parts.catalogue.tables[table]
    change = Change(table, id, "update", base, taken(columns, given), taken(columns, was, "was"))
    written = await write_change(parts, author, building, change)
    return Response(written, headers={"ETag": f'"{written.row.sequence}"'})


async def base_of(parts: Parts, person: Person, building: str, table: str, id: str, if_match: str | None) -> int:
    """The sequence the author had seen. Raises Problem `not_found`, `precondition_failed`."""
    row, _, _ = await anyio.to_thread.run_sync(one_row, parts, person, building, table, id)
    if if_match is None or if_match.strip() == "*":
        return row.sequence
    found = _TAG.match(if_match)
    if found is None or int(found[1]) > row.sequence:
        raise Problem("precondition_failed", f"If-Match {if_match} is no sequence of this row")
    return int(found[1])


async def write_change(parts: Parts, person: Person, building: str, change: Change) -> Written:
    """One change through intake. Raises Refused with the change's own code."""
    job = Job(parts, person, building, ORIGIN)
    receipt, hint = await anyio.to_thread.run_sync(job.write, [change])
    if receipt.problem is not None:
        raise _refusal(receipt.problem)
    if hint is not None:
        await parts.bus.announce(hint)
    conflicts = [id for outcome in receipt.changes for id in outcome.conflicts]
    row = await anyio.to_thread.run_sync(_as_it_stands, parts, person, building, change)
    return Written(receipt.outcome, conflicts, row)


def _as_it_stands(parts: Parts, person: Person, building: str, change: Change) -> RowOut:
    try:
        row, _, _ = one_row(parts, person, building, change.table, change.id)
    except Problem:
        return RowOut(change.table, change.id, 0, True)
    return row_out(parts.catalogue, row, None, False)


def _refusal(problem: ChangeProblem) -> Problem:
    if problem.code in ("row_unknown", "row_deleted"):
        return Problem("not_found", problem.detail)
    return Refused(problem.code, problem.detail, field=problem.field)


def check_building(building: str) -> None:
    if not is_uuid(building):
        raise Problem("not_found", building)


def check_table(parts: Parts, building: str, table: str) -> None:
    check_building(building)
    if table not in parts.catalogue.synced("building"):
        raise Problem("not_found", f"There is no table {table}")


router = Router(
    "/", route_handlers=[list_rows, get_row, add_row, patch_row, delete_row], middleware=[packed], tags=["rows"]
)
