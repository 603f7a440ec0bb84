"""`POST /api/v1/export/{format}`: a building as a file, made by a job; and its download, for who may read the building.

Jobs tell how far it is and are cancelled at `/api/v1/jobs`; the building's replicas know its exports by the rows of
`export_activity`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import anyio.to_thread
import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import HeaderParameter
from litestar.response.base import ASGIResponse

from arxos_sync import limits
from arxos_sync.change import is_uuid
from arxos_sync.intake import Author
from arxos_sync.problems import Problem, Unreadable
from arxos_sync.store import Sql

from ..accounts.callers import demand_person
from ..accounts.people import Person
from ..attachments.sending import send_lying
from ..given import Caller, Given
from ..jobs import work
from ..operations.audit import audited
from ..parts import Parts, derived_id, instant, new_id, now, now_ms
from ..sync.routes import demand_reader
from ..told import told
from . import activity
from .job import action_of, name_of
from .making import ENDINGS, FORMATS, Filter, checked, the_building

_ID = "0190a000-0000-7000-8000-000000000001"
_ASKED = {"building_id": _ID, "tables": ["space", "element"]}
_JOB = {
    "id": _ID, "kind": "export", "state": "waiting", "user_id": _ID, "building_id": _ID, "progress": 0.0,
    "arguments": {"format": "gpkg", "storeys": None, "tables": ["space", "element"]}, "result": None,
    "created_at": "2026-01-31T08:30:00.000Z", "started_at": None, "finished_at": None, "problem": None,
}  # fmt: skip
_KEY = re.compile(r"[\x21-\x7e]{1,200}\Z")
Format = Literal["csv", "geojson", "gpkg"]
Key = Annotated[str | None, HeaderParameter(name="Idempotency-Key")]


class WantedExport(msgspec.Struct, frozen=True):
    """`storeys` by their ids, `tables` by their names; without them the whole building."""

    building_id: str
    storeys: list[str] | None = None
    tables: list[str] | None = None


@post(
    "/api/v1/export/{format:str}", sync_to_thread=True, status_code=202, summary="Ask for a building as a file",
    **told("person", "not_found", "invalid", sent=_ASKED, answered=_JOB),
)  # fmt: skip
def ask(
    parts: Given, person: Caller, format: Format, data: WantedExport, idempotency_key: Key = None
) -> Response[work.Job]:
    """The same `Idempotency-Key` for the same building answers the job that was asked for first. The file is kept for
    seven days at `GET /api/v1/buildings/{building}/exports/{id}`, the id being the job's.
    """
    caller = demand_person(person)
    if not is_uuid(data.building_id):
        raise Problem("not_found", data.building_id)
    id = _id_of(caller, data.building_id, idempotency_key)
    with parts.store.write(data.building_id) as writer:
        demand_reader(writer, caller)
        wanted = checked(parts, writer, Filter(data.storeys, data.tables))
        arguments = {"format": format, "storeys": wanted.storeys, "tables": wanted.tables}
        former, hint = work.find(writer.sql, id), None
        if former is None:
            _demand_patience(writer.sql, caller)
            work.ask(writer.sql, "export", user_id=caller.id, building_id=data.building_id, arguments=arguments, id=id)
            filter = {name: value for name, value in arguments.items() if name != "format" and value is not None}
            hint = activity.begin(parts, writer, id, Author(caller.id, "", "owner", caller.name), format, filter)
            audited(writer.sql, caller.id, "ask for export",
                    {"job": id, "building": data.building_id, "format": format})  # fmt: skip
        elif former.arguments != arguments:
            raise Unreadable([("$.headers.Idempotency-Key", "it was used for another export")])
        job = work.find(writer.sql, id)
    assert job is not None
    if hint is not None:
        parts.bus.announce_apart(hint)
        work.tell(parts, job)
    return Response(job, status_code=202, headers={"Location": f"/api/v1/jobs/{id}"})


def _id_of(caller: Person, building: str, key: str | None) -> str:
    if key is None:
        return new_id()
    if not _KEY.match(key):
        raise Unreadable([("$.headers.Idempotency-Key", "1 to 200 characters of ASCII, none of them a space")])
    return derived_id("export", caller.id, building, key)


def _demand_patience(sql: Sql, caller: Person) -> None:
    """A person's exports come a few at a time."""
    hour_ago = instant(now_ms() - 3_600_000)
    found = sql.rows(
        """
        select count(*) as lately, sum(case when state in ('waiting', 'running') then 1 else 0 end) as open
        from job
        where kind = 'export' and user_id = :user_id and (created_at > :hour_ago or finished_at is null)
        """,
        user_id=caller.id, hour_ago=hour_ago,
    )[0]  # fmt: skip
    if int(found["open"] or 0) >= limits.EXPORTS_AT_ONCE_MAX:
        raise Problem("too_many_requests", f"{limits.EXPORTS_AT_ONCE_MAX} exports are on their way.", retry_after_s=10)
    if int(found["lately"]) >= limits.EXPORTS_PER_HOUR_MAX:
        raise Problem("too_many_requests", f"{limits.EXPORTS_PER_HOUR_MAX} exports in an hour.", retry_after_s=600)


@get(
    "/api/v1/buildings/{building:str}/exports/{id:str}", summary="The file of an export",
    **told("anonymous", "unauthenticated", "not_found"),
)  # fmt: skip
async def download(
    request: Request[Any, Any, Any], parts: Given, person: Caller, building: str, id: str
) -> ASGIResponse:
    """For whoever may read the building now, whoever asked for it. Serves `Range`."""
    format, called = await anyio.to_thread.run_sync(_ready, parts, person, building, id)
    headers = {
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f'attachment; filename="{called}.{ENDINGS[format]}"',
        "X-Content-Type-Options": "nosniff",
    }
    media_type = FORMATS[format].MEDIA_TYPE
    sent = await send_lying(request, parts.attachments, name_of(building, id), f'"{id}"', media_type, headers)
    if sent is None:
        raise Problem("not_found", id)
    if _begins(request, sent.status_code):
        await anyio.to_thread.run_sync(_count, parts, person, building, id)
    return sent


def _ready(parts: Parts, person: Person | None, building: str, id: str) -> tuple[str, str]:
    """Format and a name for the file. Raises Problem: not permitted, not there and over look the same."""
    if not is_uuid(building):
        raise Problem("not_found", building)
    with parts.store.read(building) as reader:
        demand_reader(reader, person)
        row = activity.find(reader, id) if is_uuid(id) else None
        if row is None or row.values["state"] != "done" or row.values["expires_at"] < now():
            raise Problem("not_found", id)
        name = the_building(reader).values["name"]
    said = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:60] or "building"
    return row.values["format"], f"{said}-{row.values['sequence_exported']}"


def _begins(request: Request[Any, Any, Any], status: int) -> bool:
    """One download is one, in however many ranges it is fetched."""
    return status == 200 or (status == 206 and request.headers.get("range", "").replace(" ", "").startswith("bytes=0-"))


def _count(parts: Parts, person: Person | None, building: str, id: str) -> None:
    with parts.store.tables() as sql:
        sql.run(
            """
            insert into access_log (id, at, user_id, building_id, action)
            values (:id, :at, :user_id, :building, :action)
            """,
            id=new_id(), at=now(), user_id=person and person.id, building=building, action=action_of(id),
        )  # fmt: skip


router = Router("/", route_handlers=[ask, download], tags=["exports"])
