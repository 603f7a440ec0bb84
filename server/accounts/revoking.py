"""`/api/v1/me/sessions` and `/api/v1/me/devices`: where one is logged in, and what ends it.

An end is a date in the database, so it is in force on every server process as soon as that asks again, and no cache
that is lost brings anybody back. A device that was given up loses its scopes at its next exchange: what it had not sent
is kept in quarantine (server/sync/exchange.py), and it goes on as a new device.
"""

from __future__ import annotations

import anyio.to_thread
import msgspec
from litestar import Router, delete, get, patch

from arxos_sync.problems import Problem

from ..given import Caller, Given, Wanted
from ..listing import Listing, page_of
from ..operations.audit import audited
from ..parts import Parts, now
from ..told import told
from . import callers
from .people import Person, reading
from .shown import Name

_SESSION = {
    "id": "0190a000-0000-7000-8000-000000000001", "client": "Mozilla/5.0 …", "address": "192.0.2.7",
    "created_at": "2026-01-01T00:00:00.000Z", "seen_at": "2026-01-02T00:00:00.000Z", "device_id": None,
    "current": True,
}  # fmt: skip
_DEVICE = {
    "id": "0190a000-0000-7000-8000-000000000002", "name": "Tablet 3", "client": "arxos-device",
    "address": "192.0.2.7", "created_at": "2026-01-01T00:00:00.000Z", "seen_at": "2026-01-02T00:00:00.000Z",
    "current": False,
}  # fmt: skip


class Session(msgspec.Struct, frozen=True):
    """`seen_at` and `address`: of its last refresh, which comes at least every quarter of an hour."""

    id: str
    client: str | None
    address: str | None
    created_at: str
    seen_at: str
    device_id: str | None
    current: bool


class SessionPage(msgspec.Struct, frozen=True):
    items: list[Session]
    next: str | None
    total: int


class Device(msgspec.Struct, frozen=True):
    """`client` and `address`: of the session it synchronised under last."""

    id: str
    name: str | None
    client: str | None
    address: str | None
    created_at: str
    seen_at: str
    current: bool


class DevicePage(msgspec.Struct, frozen=True):
    items: list[Device]
    next: str | None
    total: int


class Ended(msgspec.Struct, frozen=True):
    sessions: int


class Naming(msgspec.Struct, frozen=True):
    name: Name


# ---------------------------------------------------------------- sessions


@get(
    "/api/v1/me/sessions", sync_to_thread=True, summary="Where one is logged in",
    **told("self", "invalid", answered={"items": [_SESSION], "next": None, "total": 1}),
)  # fmt: skip
def list_sessions(parts: Given, person: Caller, wanted: Wanted) -> SessionPage:
    someone = callers.demand_person(person)
    with reading(parts.store) as sql:
        found, more, total = page_of(sql, _SESSIONS, wanted, user_id=someone.id, now=now())
    return SessionPage([Session(**row, current=row["id"] == someone.session_id) for row in found], more, total)


_SESSIONS = Listing(
    """
    select id, client, address, created_at, seen_at, device_id
    from session
    where user_id = :user_id and revoked_at is null and expires_at > :now
    """,
    sorts=("created_at", "seen_at", "client"), searched=("client", "address"),
)  # fmt: skip


@delete(
    "/api/v1/me/sessions/{id:str}", status_code=204, summary="End a session",
    **told("self", "forbidden", "not_found"),
)  # fmt: skip
async def end_session(parts: Given, person: Caller, id: str) -> None:
    await anyio.to_thread.run_sync(_demand_own, parts, callers.demand_session(person), id)
    await anyio.to_thread.run_sync(parts.sessions.end, id)
    await parts.bus.end_session(id)


def _demand_own(parts: Parts, person: Person, id: str) -> None:
    with reading(parts.store) as sql:
        if not sql.rows(
            "select 1 from session where id = :id and user_id = :user_id and revoked_at is null",
            id=id, user_id=person.id,
        ):  # fmt: skip
            raise Problem("not_found", id)


@delete(
    "/api/v1/me/sessions", status_code=200, summary="End all one's sessions but this one",
    **told("self", "forbidden", answered={"sessions": 2}),
)  # fmt: skip
async def end_others(parts: Given, person: Caller) -> Ended:
    someone = callers.demand_session(person)
    ended = await anyio.to_thread.run_sync(_end_others, parts, someone)
    return await tell_ended(parts, ended)


def _end_others(parts: Parts, person: Person) -> list[str]:
    with parts.store.tables() as sql:
        ended = parts.sessions.end_all(sql, person.id, but=person.session_id)
        audited(sql, person.id, "end sessions", {"person": person.id, "sessions": ended})
        return ended


async def tell_ended(parts: Parts, ended: list[str]) -> Ended:
    """Sessions that have ended in the database: nothing here believes in them, and their sockets close."""
    for session in ended:
        parts.sessions.forget(session)
        await parts.bus.end_session(session)
    return Ended(len(ended))


# ---------------------------------------------------------------- devices


@get(
    "/api/v1/me/devices", sync_to_thread=True, summary="One's devices",
    **told("self", "invalid", answered={"items": [_DEVICE], "next": None, "total": 1}),
)  # fmt: skip
def list_devices(parts: Given, person: Caller, wanted: Wanted) -> DevicePage:
    someone = callers.demand_person(person)
    with reading(parts.store) as sql:
        found, more, total = page_of(sql, _DEVICES, wanted, user_id=someone.id)
    return DevicePage([_device(row, someone) for row in found], more, total)


_DEVICES = Listing(
    """
    select device.id, device.name, latest.client, latest.address, device.created_at, device.seen_at,
      latest.id as session_id
    from device
    left join session latest on latest.id = (
      select id
      from session
      where session.device_id = device.id
      order by session.seen_at desc, session.id desc
      limit 1
    )
    where device.user_id = :user_id and device.revoked_at is null
    """,
    sorts=("created_at", "seen_at", "name"), searched=("name", "client", "address"),
)  # fmt: skip


def _device(row: dict[str, str], person: Person) -> Device:
    here = row["session_id"] is not None and row["session_id"] == person.session_id
    return Device(
        row["id"], row["name"], row["client"], row["address"], row["created_at"], row["seen_at"], here
    )  # fmt: skip


@patch(
    "/api/v1/me/devices/{id:str}", status_code=204, sync_to_thread=True, summary="Give a device a name",
    **told("self", "not_found", "invalid", sent={"name": "Tablet 3"}),
)  # fmt: skip
def name_device(parts: Given, person: Caller, id: str, data: Naming) -> None:
    with parts.store.tables() as sql:
        named = sql.run(
            "update device set name = :name where id = :id and user_id = :user_id and revoked_at is null",
            name=data.name.strip(), id=id, user_id=callers.demand_person(person).id,
        )  # fmt: skip
    if not named:
        raise Problem("not_found", id)


@delete(
    "/api/v1/me/devices/{id:str}", status_code=200, summary="Give a device up: its sessions end",
    **told("self", "forbidden", "not_found", answered={"sessions": 1}),
)  # fmt: skip
async def give_up_device(parts: Given, person: Caller, id: str) -> Ended:
    ended = await anyio.to_thread.run_sync(_give_up, parts, callers.demand_session(person), id)
    return await tell_ended(parts, ended)


def _give_up(parts: Parts, person: Person, id: str) -> list[str]:
    with parts.store.tables() as sql:
        given_up = sql.run(
            "update device set revoked_at = :now where id = :id and user_id = :user_id and revoked_at is null",
            now=now(), id=id, user_id=person.id,
        )  # fmt: skip
        if not given_up:
            raise Problem("not_found", id)
        found = sql.rows(
            "select id from session where device_id = :id and user_id = :user_id and revoked_at is null",
            id=id, user_id=person.id,
        )  # fmt: skip
        sql.run(
            """
            update session
            set revoked_at = :now
            where device_id = :id and user_id = :user_id and revoked_at is null
            """,
            now=now(), id=id, user_id=person.id,
        )  # fmt: skip
        ended = [str(row["id"]) for row in found]
        audited(sql, person.id, "give up device", {"device": id, "sessions": ended})
    return ended


router = Router(
    "/", route_handlers=[list_sessions, end_session, end_others, list_devices, name_device, give_up_device]
)
