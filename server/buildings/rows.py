"""`/api/v1/buildings/{building}/{table}[/{id}]`: a building's rows, one at a time or as a list."""

from __future__ import annotations

import re
from typing import Annotated, Any

import anyio.to_thread
import msgspec
from litestar import Request, Response, Router, delete, get, patch, post
from litestar.params import HeaderParameter, QueryParameter

from arxos_sync.change import is_uuid
from arxos_sync.digest import LEAVES, leaf_of
from arxos_sync.messages import Change, ChangeProblem, RowOut
from arxos_sync.problems import Problem, Refused, Unreadable
from arxos_sync.pull import row_out
from arxos_sync.store import Row

from ..accounts.callers import demand_person
from ..accounts.people import Person
from ..given import Caller, Given
from ..parts import Parts, new_id
from ..sync.push import Job
from ..sync.routes import demand_reader

PAGE = 100
PAGE_MAX = 1_000
ORIGIN = "office"
_TAG = re.compile(r'\s*(?:W/)?"(\d{1,15})"\s*\Z')
_OWN = frozenset(("limit", "next"))

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


@get("/api/v1/buildings/{building:str}/{table:str}", sync_to_thread=True, summary="Rows of a table, by id")
def list_rows(
    request: Request[Any, Any, Any],
    parts: Given,
    person: Caller,
    building: str,
    table: str,
    limit: int = PAGE,
    next_page: Annotated[str | None, QueryParameter(name="next")] = None,
) -> RowPage:
    """Beside `limit` and `next`, a query parameter named like a column keeps the rows that have its value."""
    wanted = {n: v for n, v in request.query_params.items() if n not in _OWN}
    _check(parts, building, table, wanted)
    with parts.store.read(building) as reader:
        demand_reader(reader, person)
        found = [row for row in reader.leaf_rows(table, range(LEAVES)) if _fits(row, wanted)]
    found.sort(key=lambda row: row.id)
    limit = max(1, min(limit, PAGE_MAX))
    page = [row for row in found if next_page is None or row.id > next_page][: limit + 1]
    more = page[limit - 1].id if len(page) > limit else None
    return RowPage([row_out(parts.catalogue, row, None, False) for row in page[:limit]], more, len(found))


@get("/api/v1/buildings/{building:str}/{table:str}/{id:str}", sync_to_thread=True, summary="One row")
def get_row(parts: Given, person: Caller, building: str, table: str, id: str) -> Response[RowOut]:
    row, _, _ = one_row(parts, person, building, table, id)
    return Response(row_out(parts.catalogue, row, None, False), headers={"ETag": f'"{row.sequence}"'})


@post("/api/v1/buildings/{building:str}/{table:str}", status_code=201, summary="A new row")
async def add_row(parts: Given, person: Caller, building: str, table: str, data: NewRow) -> Response[Written]:
    author = demand_person(person)
    _check(parts, building, table, {})
    id = data.id or new_id()
    written = await write_change(parts, author, building, Change(table, id, "insert", 0, data.set))
    headers = {
        "Location": f"/api/v1/buildings/{building}/{table}/{id}",
        "ETag": f'"{written.row.sequence}"',
    }
    return Response(written, status_code=201, headers=headers)


@patch("/api/v1/buildings/{building:str}/{table:str}/{id:str}", summary="Change fields of a row")
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


@delete("/api/v1/buildings/{building:str}/{table:str}/{id:str}", status_code=204, summary="Delete a row")
async def delete_row(
    parts: Given, person: Caller, building: str, table: str, id: str, if_match: IfMatch = None
) -> Response[None]:
    author = demand_person(person)
    base = await base_of(parts, author, building, table, id, if_match)
    await write_change(parts, author, building, Change(table, id, "delete", base))
    return Response(None, status_code=204)


# ---------------------------------------------------------------- what the routes share


def one_row(parts: Parts, person: Person | None, building: str, table: str, id: str) -> tuple[Row, str, int]:
    """The live row, the caller's role and the head. Raises Problem `not_found`."""
    _check(parts, building, table, {})
    if not is_uuid(id):
        raise Problem("not_found", f"{table} {id}")
    with parts.store.read(building) as reader:
        role = demand_reader(reader, person)
        for row in reader.leaf_rows(table, [leaf_of(id)]):
            if row.id == id:
                return row, role, reader.head().sequence
    raise Problem("not_found", f"{table} {id}")


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
    written = await write_change(parts, author, building, Change(table, id, "update", base, given, was))
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


def _check(parts: Parts, building: str, table: str, columns: dict[str, str]) -> None:
    if not is_uuid(building):
        raise Problem("not_found", building)
    if table not in parts.catalogue.synced("building"):
        raise Problem("not_found", f"There is no table {table}")
    known = parts.catalogue.tables[table].columns
    unknown = [name for name in columns if name not in known]
    if unknown:
        raise Unreadable([(f"$.{name}", f"{table} has no such column") for name in unknown])


def _fits(row: Row, wanted: dict[str, str]) -> bool:
    return all(_text(row.id if n == "id" else row.values.get(n)) == v for n, v in wanted.items())


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


router = Router("/", route_handlers=[list_rows, get_row, add_row, patch_row, delete_row], tags=["rows"])
