"""`/api/v1/admin/…`: what an administrator looks at and does, as JSON."""

from __future__ import annotations

from typing import Any, Literal

import anyio.to_thread
from litestar import Router, get, post

from arxos_sync.problems import Problem

from ..accounts.callers import demand_person
from ..accounts.people import Person
from ..buildings.answering import packed
from ..given import Caller, Given, Wanted
from ..parts import Parts
from ..told import told
from . import acts, lists, storage

Name = Literal["devices", "users", "sessions", "webhooks"]
_ID = "0190a000-0000-7000-8000-000000000001"

_OVERVIEW = {
    "counts": {"buildings": 3}, "storage": {"database": 1048576, "free": 10737418240}, "queues": {"jobs": 0},
    "backup": {"state": "done", "finished_at": "2026-01-31T03:00:00.000Z", "problem": None},
    "answers": [{"route": "POST /api/v1/sync", "count": 7, "p50": 0.01, "p95": 0.05, "p99": 0.1}],
    "redis_away": False, "sockets": 2,
}  # fmt: skip


def demand_admin(person: Person | None) -> Person:
    caller = demand_person(person)
    if not caller.is_admin:
        raise Problem("forbidden", "Only an administrator may.")
    return caller


@get(
    "/api/v1/admin/{name:str}", sync_to_thread=True, summary="Devices, users, sessions or webhook deliveries",
    **told("admin", "forbidden", "not_found", "invalid", answered={"items": [{"id": _ID}], "next": None, "total": 1}),
)  # fmt: skip
def list_some(parts: Given, person: Caller, wanted: Wanted, name: str) -> lists.ListedPage:
    """`lag` of a device: how many sequences its scopes have gone on since it last synchronised."""
    demand_admin(person)
    if name not in lists.LISTINGS:
        raise Problem("not_found", f"There is no list of {name}.")
    return lists.listed(parts, name, wanted)


@get(
    "/api/v1/admin/overview", sync_to_thread=True, summary="Counts, storage in bytes, queues, the last backup",
    **told("admin", "forbidden", answered=_OVERVIEW),
)  # fmt: skip
def overview(parts: Given, person: Caller) -> dict[str, Any]:
    demand_admin(person)
    return storage.overview(parts)


@post(
    "/api/v1/admin/{name:str}/{id:str}/{act:str}", status_code=200, summary="Do something about one of them",
    **told("admin", "forbidden", "not_found", "invalid", answered={"id": _ID}),
)  # fmt: skip
async def act(parts: Given, person: Caller, name: str, id: str, act: str) -> dict[str, Any]:
    """`devices/…/revoke`, `users/…/disable` and `enable`, `sessions/…/end`, `webhooks/…/retry`."""
    return await do(parts, demand_admin(person), name, id, act)


async def do(parts: Parts, admin: Person, name: str, id: str, act: str) -> dict[str, Any]:
    """Answers the one it was done to, as it is now."""
    ended = await anyio.to_thread.run_sync(_do, parts, admin, name, id, act)
    for session in ended:
        parts.sessions.forget(session)
        await parts.bus.end_session(session)
    if act == "end":
        return {"id": id}
    return await anyio.to_thread.run_sync(lists.one, parts, name, id)


def _do(parts: Parts, admin: Person, name: str, id: str, act: str) -> list[str]:
    match name, act:
        case "devices", "revoke":
            acts.revoke_device(parts, admin, id)
            return []
        case "users", "disable" | "enable":
            return acts.set_disabled(parts, admin, id, act == "disable")
        case "sessions", "end":
            return acts.end_session(parts, admin, id)
        case "webhooks", "retry":
            acts.try_again(parts, admin, id)
            return []
    raise Problem("not_found", f"{name} have no {act}.")


router = Router("/", route_handlers=[list_some, overview, act], middleware=[packed], tags=["administration"])
