"""`/api/v1/cmms…`: connections to maintenance systems, what went to and fro, and work orders as files."""

from __future__ import annotations

from typing import Any, Literal

import anyio.to_thread
import msgspec
from litestar import Request, Response, Router, delete, get, patch, post

from arxos_sync.change import is_uuid
from arxos_sync.problems import Problem

from ..accounts.callers import demand_person
from ..accounts.people import Person, reading
from ..buildings import asked
from ..buildings.rows import check_building
from ..given import Caller, Given, Wanted
from ..parts import Parts
from ..sync.routes import demand_reader
from ..told import told
from . import batch, connections
from .batch import Taken
from .connections import Connection, LogLine
from .endpoints import demand_known, demand_manager
from .mapping import TABLE, Mapping
from .tie import Figures
from .turn import Turned, ask, take_turn

Format = Literal["csv", "json"]
_ID = "0190a000-0000-7000-8000-000000000001"
_CONNECTION = {
    "id": _ID, "building_id": _ID, "kind": "rest", "url": "https://cmms.example.org/api", "name": "Works",
    "has_secret": True, "created_by": _ID, "created_at": "2026-01-31T08:30:00.000Z", "paused_at": None, "tries": 0,
    "next_turn_at": "2026-01-31T08:31:00.000Z", "problem": None, "sent_to": 12, "heard_to": "77",
    "mappings": [{"ours": "state", "theirs": "status", "direction": "both", "words": {"in_progress": "WIP"}}],
}  # fmt: skip
_LINE = {
    "id": _ID, "at": "2026-01-31T08:30:00.000Z", "direction": "in", "outcome": "conflict",
    "detail": {"row": _ID, "theirs": "4711", "fields": ["title"], "conflicts": [_ID], "sequence": 12, "problem": None},
}  # fmt: skip
_FILED = {
    "id": _ID, "at": "2026-01-31T08:30:00.000Z", "direction": "in", "outcome": "imported",
    "detail": {"who": _ID, "added": 2, "changed": 1, "unchanged": 0, "conflicts": 0, "wrong": 0, "problems": []},
}
_FIGURES = {"received": 2, "conflicts": 0, "rejected": 0, "sent": 1, "refused": 0, "waiting": 0}
_TURNED = {"state": "done", "figures": _FIGURES, "problem": None}
_TAKEN = {
    "dry_run": True, "added": 2, "changed": 1, "unchanged": 0, "conflicts": 0,
    "problems": [{"line": 5, "code": "invalid_value", "detail": "priority: 'high' is no whole number",
                  "field": "priority"}],
}  # fmt: skip


class NewConnection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without `mappings`, fields of the same name correspond."""

    building_id: str
    url: str
    kind: str = "rest"
    name: str | None = None
    secret: str | None = None
    mappings: list[Mapping] | None = None


class ConnectionEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: str | msgspec.UnsetType = msgspec.UNSET
    name: str | None | msgspec.UnsetType = msgspec.UNSET
    secret: str | None | msgspec.UnsetType = msgspec.UNSET
    mappings: list[Mapping] | msgspec.UnsetType = msgspec.UNSET
    paused: bool | msgspec.UnsetType = msgspec.UNSET


class ConnectionPage(msgspec.Struct, frozen=True):
    items: list[Connection]
    next: str | None
    total: int


class LogPage(msgspec.Struct, frozen=True):
    items: list[LogLine]
    next: str | None
    total: int


class Asked(msgspec.Struct, frozen=True):
    answers: bool
    problem: str | None


@get(
    "/api/v1/cmms/connections", sync_to_thread=True, summary="Connections of the buildings one manages",
    **told("person", "invalid", answered={"items": [_CONNECTION], "next": None, "total": 1}),
)  # fmt: skip
def list_connections(parts: Given, person: Caller, wanted: Wanted, building: str | None = None) -> ConnectionPage:
    author = demand_person(person)
    with reading(parts.store) as sql:
        return ConnectionPage(*connections.listed(sql, author, building, wanted))


@post(
    "/api/v1/cmms/connections", status_code=201, sync_to_thread=True, summary="Tie a building to a maintenance system",
    **told("manager", "not_found", "forbidden", "invalid", "address_refused", "unreachable",
           sent={"building_id": _ID, "url": "https://cmms.example.org/api", "secret": "…"}, answered=_CONNECTION),
)  # fmt: skip
def add_connection(parts: Given, person: Caller, data: NewConnection) -> Connection:
    author = demand_person(person)
    if not is_uuid(data.building_id):
        raise Problem("not_found", data.building_id)
    return connections.create(
        parts, author, data.building_id, data.kind, data.url, data.name, data.secret, data.mappings
    )


@get(
    "/api/v1/cmms/connections/{id:str}", sync_to_thread=True, summary="One connection",
    **told("manager", "not_found", answered=_CONNECTION),
)  # fmt: skip
def get_connection(parts: Given, person: Caller, id: str) -> Connection:
    return _theirs(parts, person, id)[1]


@patch(
    "/api/v1/cmms/connections/{id:str}", sync_to_thread=True, summary="Change a connection, pause it or let it go on",
    **told("manager", "not_found", "invalid", "address_refused", "unreachable", sent={"paused": True},
           answered=_CONNECTION),
)  # fmt: skip
def change_connection(parts: Given, person: Caller, id: str, data: ConnectionEdit) -> Connection:
    author, _ = _theirs(parts, person, id)
    changed = {n: v for n, v in msgspec.structs.asdict(data).items() if v is not msgspec.UNSET}
    return connections.change(parts, author, id, changed)


@delete(
    "/api/v1/cmms/connections/{id:str}", status_code=204, sync_to_thread=True,
    summary="Untie a building; the work orders stay on both sides", **told("manager", "not_found"),
)  # fmt: skip
def delete_connection(parts: Given, person: Caller, id: str) -> None:
    author, _ = _theirs(parts, person, id)
    with parts.store.tables() as sql:
        connections.remove(sql, author, id)


@post(
    "/api/v1/cmms/connections/{id:str}/test", status_code=200, sync_to_thread=True,
    summary="Whether the other side answers",
    **told("manager", "not_found", answered={"answers": True, "problem": None}),
)  # fmt: skip
def test_connection(parts: Given, person: Caller, id: str) -> Asked:
    _theirs(parts, person, id)
    with reading(parts.store) as sql:
        (row,) = sql.rows("select * from cmms_connection where id = :id", id=id)
    try:
        ask(parts, row)
    except Problem as problem:
        return Asked(False, f"{problem.code}: {problem.detail}")
    return Asked(True, None)


@post(
    "/api/v1/cmms/connections/{id:str}/sync", status_code=200, sync_to_thread=True, summary="Synchronise now",
    **told("manager", "not_found", answered=_TURNED),
)  # fmt: skip
def sync_now(parts: Given, person: Caller, id: str) -> Turned:
    """`state`: done, failed, busy (a server process is at it already) or paused."""
    _, connection = _theirs(parts, person, id)
    return take_turn(parts, id) if connection.paused_at is None else Turned("paused", Figures(), connection.problem)


@get(
    "/api/v1/cmms/connections/{id:str}/log", sync_to_thread=True, summary="What went to and fro, the latest first",
    **told("manager", "not_found", "invalid", answered={"items": [_LINE], "next": None, "total": 1}),
)  # fmt: skip
def list_log(parts: Given, person: Caller, wanted: Wanted, id: str, outcome: str | None = None) -> LogPage:
    _theirs(parts, person, id)
    with reading(parts.store) as sql:
        return LogPage(*connections.log_page(sql, id, outcome, wanted))


@get(
    "/api/v1/cmms/buildings/{building:str}/work-orders", sync_to_thread=True, summary="Work orders as a file",
    **told("anonymous", "not_found", "unauthenticated", "invalid", media="text/csv",
           answered="id,number,title,kind\r\n"),
)  # fmt: skip
def export_work_orders(
    request: Request[Any, Any, Any], parts: Given, person: Caller, building: str, format: Format = "csv"
) -> Response[bytes]:
    """A query parameter named like a column keeps the work orders that have its value."""
    check_building(building)
    wanted = {n: v for n, v in request.query_params.items() if n != "format"}
    equal = asked.equal(parts.catalogue.tables[TABLE], wanted)
    with parts.store.read(building) as reader:
        demand_reader(reader, person)
    rows = list(batch.rows_of(parts, building, equal))
    if person is not None:
        with parts.store.tables() as sql:
            batch.log_export(sql, building, person.id, format, len(rows))
    if format == "csv":
        content, kind = batch.as_csv(rows), "text/csv; charset=utf-8"
    else:
        content, kind = msgspec.json.encode({"items": batch.as_items(rows)}), "application/json"
    name = f'attachment; filename="work-orders.{format}"'
    return Response(content, media_type=kind, headers={"Content-Disposition": name, "Cache-Control": "no-store"})


@post(
    "/api/v1/cmms/buildings/{building:str}/work-orders", status_code=200, summary="Work orders from a file",
    request_max_body_size=batch.BYTES_MAX,
    **told("technician", "not_found", "forbidden", "invalid", "too_large", answered=_TAKEN),
)  # fmt: skip
async def import_work_orders(
    request: Request[Any, Any, Any], parts: Given, person: Caller, building: str, format: Format = "csv",
    dry_run: bool = False,
) -> Taken:  # fmt: skip
    """CSV with a first line that names columns, or a JSON list of objects. With `dry_run` nothing is kept."""
    author = demand_person(person)
    check_building(building)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > batch.BYTES_MAX:
            raise Problem("too_large", f"{batch.BYTES_MAX} bytes at once")
    return await anyio.to_thread.run_sync(_import, parts, author, building, bytes(body), format, dry_run)


def _import(parts: Parts, person: Person, building: str, body: bytes, format: Format, dry_run: bool) -> Taken:
    lines = batch.read_csv(body) if format == "csv" else batch.read_json(body)
    return batch.take_lines(parts, person, building, lines, dry_run)


@get(
    "/api/v1/cmms/buildings/{building:str}/log", sync_to_thread=True,
    summary="What came and went as files, the latest first",
    **told("manager", "not_found", "forbidden", "invalid",
           answered={"items": [_FILED], "next": None, "total": 1}),
)  # fmt: skip
def list_files(
    parts: Given, person: Caller, wanted: Wanted, building: str, outcome: str | None = None
) -> LogPage:
    """`outcome`: `imported` or `exported`. Trials are not in it."""
    author = demand_person(person)
    check_building(building)
    demand_manager(parts, author, building)
    with reading(parts.store) as sql:
        return LogPage(*connections.log_page(sql, building, outcome, wanted))


def _theirs(parts: Parts, person: Person | None, id: str) -> tuple[Person, Connection]:
    author = demand_person(person)
    with reading(parts.store) as sql:
        connection = connections.one(sql, id)
    demand_known(parts, author, connection.building_id, f"connection {id}")
    return author, connection


router = Router(
    "/",
    route_handlers=[
        list_connections, add_connection, get_connection, change_connection, delete_connection, test_connection,
        sync_now, list_log, export_work_orders, import_work_orders, list_files,
    ],
    tags=["cmms"],
)  # fmt: skip
