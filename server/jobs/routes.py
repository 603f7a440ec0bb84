"""`/api/v1/jobs`: work off the request path, asked for, looked at and cancelled."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response, Router, delete, get, post
from litestar.params import QueryParameter

from arxos_sync.change import is_uuid
from arxos_sync.problems import Problem, Unreadable
from arxos_sync.store import Sql

from ..accounts.callers import demand_person
from ..accounts.people import Person, reading, role_in
from ..buildings.answering import packed
from ..given import Caller, Given, Wanted
from ..listing import Listing, PageAsked, page_of
from ..operations.audit import audited
from ..parts import Parts, now
from ..told import told
from . import work
from .kinds import KINDS

PAGE, PAGE_MAX = 50, 500
_ID = "0190a000-0000-7000-8000-000000000001"
_JOB = {
    "id": _ID, "kind": "snapshot", "state": "waiting", "user_id": _ID, "building_id": _ID, "arguments": {},
    "progress": 0.0, "result": None, "created_at": "2026-01-31T08:30:00.000Z", "started_at": None,
    "finished_at": None, "problem": None,
}  # fmt: skip


class Asked(msgspec.Struct, frozen=True):
    kind: str
    building_id: str | None = None
    arguments: dict[str, Any] = {}


class JobPage(msgspec.Struct, frozen=True):
    items: list[work.Job]
    next: str | None
    total: int


@get(
    "/api/v1/jobs", sync_to_thread=True, summary="The caller's jobs, newest first; an administrator sees all",
    **told("person", "invalid", answered={"items": [_JOB], "next": None, "total": 1}),
)  # fmt: skip
def list_jobs(
    parts: Given,
    person: Caller,
    wanted: Wanted,
    in_state: Annotated[str | None, QueryParameter(name="state")] = None,
    kind: str | None = None,
) -> JobPage:
    caller = demand_person(person)
    with reading(parts.store) as sql:
        return page_for(sql, None if caller.is_admin else caller.id, wanted, in_state, kind)


def page_for(
    sql: Sql, user_id: str | None, wanted: PageAsked, state: str | None = None, kind: str | None = None
) -> JobPage:
    whose = {"user_id": user_id or "", "state": state or "", "kind": kind or ""}
    found, more, total = page_of(sql, _JOBS, wanted, **whose)
    return JobPage([work.job_of(row) for row in found], more, total)


_JOBS = Listing(
    """
    select id, kind, state, user_id, building_id, arguments, progress, result, created_at, started_at,
           finished_at, problem
    from job
    where (:user_id = '' or cast(user_id as text) = :user_id)
      and (:state = '' or state = :state) and (:kind = '' or kind = :kind)
    """,
    sorts=("-created_at", "started_at", "finished_at", "kind", "state"), searched=("kind", "problem"),
    page=PAGE, page_max=PAGE_MAX,
)  # fmt: skip


@get(
    "/api/v1/jobs/{job:str}", sync_to_thread=True, summary="One job, and how far it has come",
    **told("self", "not_found", answered=_JOB),
)  # fmt: skip
def one_job(parts: Given, person: Caller, job: str) -> work.Job:
    with reading(parts.store) as sql:
        return _theirs(sql, demand_person(person), job)


@post(
    "/api/v1/jobs", sync_to_thread=True, status_code=202, summary="Ask for a job",
    **told("person", "invalid", "not_found", "forbidden", sent={"kind": "snapshot", "building_id": _ID},
           answered=_JOB),
)  # fmt: skip
def ask(parts: Given, person: Caller, data: Asked) -> Response[work.Job]:
    """`snapshot` needs a building that the caller may read; `backup`, `restore-drill`, `prune`, `verify` an
    administrator.
    """
    caller = demand_person(person)
    kind = KINDS.get(data.kind)
    if kind is None or kind.who == "own":
        raise Unreadable([("$.kind", f"one of {', '.join(one for one in KINDS if KINDS[one].who != 'own')}")])
    if kind.who == "admin" and not caller.is_admin:
        raise Problem("forbidden", f"{data.kind} is for administrators.")
    if data.building_id is not None or kind.who != "admin":
        _demand_building(parts, caller, data.building_id)
    with parts.store.tables() as sql:
        id = work.ask(sql, data.kind, user_id=caller.id, building_id=data.building_id, arguments=data.arguments)
        job = work.find(sql, id)
        if kind.who == "admin":
            audited(sql, caller.id, "ask for job", {"job": id, "kind": data.kind})
    assert job is not None
    return Response(job, status_code=202, headers={"Location": f"/api/v1/jobs/{id}"})


@delete(
    "/api/v1/jobs/{job:str}", sync_to_thread=True, status_code=200, summary="Cancel a job",
    **told("self", "not_found", answered=_JOB | {"state": "cancelled"}),
)  # fmt: skip
def cancel(parts: Given, person: Caller, job: str) -> work.Job:
    """One that runs ends where it next says how far it has come; what has ended stays as it is."""
    caller = demand_person(person)
    with parts.store.tables() as sql:
        theirs = _theirs(sql, caller, job)
        work.cancel(sql, job)
        kind = KINDS.get(theirs.kind)  # none: a job that another version of this program does
        if kind is None or kind.who == "admin" or theirs.user_id != caller.id:
            audited(sql, caller.id, "cancel job", {"job": job, "kind": theirs.kind})
        now_so = _theirs(sql, caller, job)
    work.tell(parts, now_so)
    return now_so


def _theirs(sql: Sql, caller: Person, id: str) -> work.Job:
    job = work.find(sql, id) if is_uuid(id) else None
    if job is None or not (caller.is_admin or job.user_id == caller.id):
        raise Problem("not_found", f"There is no job {id}.")
    return job


def _demand_building(parts: Parts, caller: Person, building: str | None) -> None:
    if building is None or not is_uuid(building):
        raise Unreadable([("$.building_id", "a building's id")])
    with parts.store.read(building) as reader:
        if role_in(reader, caller, now()) is None:
            raise Problem("not_found", building)


router = Router("/", route_handlers=[list_jobs, one_job, ask, cancel], middleware=[packed], tags=["jobs"])
