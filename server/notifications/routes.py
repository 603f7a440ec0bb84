"""`/api/v1/notifications…`: a person's inbox, and how they want to be told."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, Router, delete, get, post, put
from litestar.params import QueryParameter

from arxos_sync.catalogue import Table
from arxos_sync.change import is_uuid
from arxos_sync.problems import Problem, Unreadable
from arxos_sync.store import Row, RowQuery

from ..accounts.callers import demand_person
from ..accounts.people import reading
from ..buildings import asked
from ..buildings.rows import place_after
from ..given import Caller, Given, Wanted
from ..listing import Listing, page_of
from ..parts import Parts, new_id, now
from ..sync.routes import demand_reader
from ..told import told
from . import preferences, pushing, unsubscribing, vapid
from .inbox import TABLE, mark_read
from .preferences import wishes_of

PAGE = 50
PAGE_MAX = 500
KEY_CHARS_MAX = 200
_NOTICE = {
    "id": "0190a000-0000-8000-8000-000000000004", "kind": "task_assigned", "title": "Task for you: Door 3",
    "body": "House · Owner", "link": "/b/0190a000-0000-7000-8000-000000000001",
    "building_id": "0190a000-0000-7000-8000-000000000001", "created_at": "2026-01-31T08:30:00.000Z", "read_at": None,
}  # fmt: skip
_SUBSCRIPTION = {
    "id": "0190a000-0000-7000-8000-000000000005", "endpoint": "https://push.example.org/a1b2",
    "created_at": "2026-01-31T08:30:00.000Z", "gone_at": None,
}  # fmt: skip
_WISHES = {"digest_frequency": "daily", "timezone": "Europe/Vienna", "hour": 7}


class Shown(msgspec.Struct, frozen=True):
    id: str
    kind: str | None
    title: str | None
    body: str | None
    link: str | None
    building_id: str | None
    created_at: str
    read_at: str | None


class Notifications(msgspec.Struct, frozen=True):
    items: list[Shown]
    next: str | None
    total: int


class Read(msgspec.Struct, frozen=True):
    """How many were unread until now."""

    read: int


class Preferences(msgspec.Struct, frozen=True):
    digest_frequency: Literal["now", "daily", "weekly", "never"]
    timezone: str
    hour: Annotated[int, msgspec.Meta(ge=0, le=23)]


class Muted(msgspec.Struct, frozen=True):
    building_id: str


class Mutes(msgspec.Struct, frozen=True):
    items: list[Muted]
    next: str | None
    total: int


class Keys(msgspec.Struct, frozen=True):
    p256dh: Annotated[str, msgspec.Meta(max_length=KEY_CHARS_MAX)]
    auth: Annotated[str, msgspec.Meta(max_length=KEY_CHARS_MAX)]


class Subscribing(msgspec.Struct, frozen=True):
    """As `PushSubscription.toJSON()` has it; what else stands there is left out."""

    endpoint: str
    keys: Keys


class Subscription(msgspec.Struct, frozen=True):
    id: str
    endpoint: str
    created_at: str
    gone_at: str | None


class Subscriptions(msgspec.Struct, frozen=True):
    items: list[Subscription]
    next: str | None
    total: int


class PushKey(msgspec.Struct, frozen=True):
    key: str


# ---------------------------------------------------------------- the inbox


@get(
    "/api/v1/notifications", sync_to_thread=True, summary="The caller's inbox, newest first",
    **told("self", "invalid", answered={"items": [_NOTICE], "next": None, "total": 1}),
)  # fmt: skip
def list_notifications(
    parts: Given,
    person: Caller,
    unread: bool | None = None,
    building: str | None = None,
    kind: str | None = None,
    sort: str = "-created_at",
    limit: int = PAGE,
    next_page: Annotated[str | None, QueryParameter(name="next")] = None,
) -> Notifications:
    """`unread=true`: those alone; how many they are is `total`. `sort`: a column, or `-column`."""
    author = demand_person(person)
    table: Table = parts.catalogue.tables[TABLE]
    column, descending = asked.sorting(table, sort)
    wanted = {"building_id": building, "kind": kind, "read_at": "" if unread else None}
    query = RowQuery(
        table=TABLE,
        equal=asked.equal(table, {name: text for name, text in wanted.items() if text is not None}),
        sort=column,
        descending=descending,
        after=asked.checked_place(table, column, asked.place(next_page)),
        limit=max(1, min(limit, PAGE_MAX)) + 1,
    )
    with parts.store.read(f"user:{author.id}") as reader:
        found, total = reader.listed(query)
    more = place_after(found[query.limit - 2], column) if len(found) == query.limit else None
    return Notifications([_shown(row) for row in found[: query.limit - 1]], more, total)


def _shown(row: Row) -> Shown:
    values = {name: row.values[name] for name in Shown.__struct_fields__ if name != "id"}
    return msgspec.convert({"id": row.id, **values}, Shown)


@post(
    "/api/v1/notifications/{id:str}/read", status_code=200, sync_to_thread=True, summary="One has been read",
    **told("self", "not_found", answered={"read": 1}),
)  # fmt: skip
def read_one(parts: Given, person: Caller, id: str) -> Read:
    author = demand_person(person)
    with parts.store.read(f"user:{author.id}") as reader:
        found, _ = reader.listed(RowQuery(TABLE, {"id": id}, limit=1)) if is_uuid(id) else ([], 0)
    if not found:
        raise Problem("not_found", f"notification {id}")
    return _read(parts, author, id=id)


@post(
    "/api/v1/notifications/read", status_code=200, sync_to_thread=True, summary="All have been read",
    **told("self", "invalid", answered={"read": 12}),
)  # fmt: skip
def read_all(parts: Given, person: Caller, building: str | None = None) -> Read:
    """`building`: those of one building."""
    author = demand_person(person)
    if building is not None and not is_uuid(building):
        raise Unreadable([("$.building", "not a building's id")])
    return _read(parts, author, building=building)


def _read(parts: Parts, author: Any, **which: Any) -> Read:
    count, hint = mark_read(parts, author, **which)
    if hint is not None:
        parts.bus.announce_apart(hint)
    return Read(count)


# ---------------------------------------------------------------- how to be told


@get(
    "/api/v1/notifications/preferences", sync_to_thread=True, summary="How often by letter, and when",
    **told("self", answered=_WISHES),
)  # fmt: skip
def get_preferences(parts: Given, person: Caller) -> Preferences:
    author = demand_person(person)
    with parts.store.read(f"user:{author.id}") as reader:
        wishes = wishes_of(reader)
    return Preferences(wishes.frequency, wishes.timezone, wishes.hour)


@put(
    "/api/v1/notifications/preferences", sync_to_thread=True, summary="Say how often by letter, and when",
    **told("self", "invalid", sent=_WISHES, answered=_WISHES),
)  # fmt: skip
def set_preferences(parts: Given, person: Caller, data: Preferences) -> Preferences:
    """How often is also the column `digest_frequency` of `preference`, which devices write."""
    author = demand_person(person)
    if not preferences.is_zone(data.timezone):
        raise Unreadable([("$.timezone", "a zone as Europe/Vienna")])
    with parts.store.tables() as sql:
        preferences.set_hour(sql, author.id, data.timezone, data.hour)
    hint = preferences.set_frequency(parts, author, data.digest_frequency)
    if hint is not None:
        parts.bus.announce_apart(hint)
    return data


@get(
    "/api/v1/notifications/mutes", sync_to_thread=True, summary="Buildings that are quiet",
    **told("self", "invalid", answered={"items": [{"building_id": _NOTICE["building_id"]}], "next": None, "total": 1}),
)  # fmt: skip
def list_mutes(parts: Given, person: Caller, wanted: Wanted) -> Mutes:
    with reading(parts.store) as sql:
        found, more, total = page_of(sql, _MUTES, wanted, user_id=demand_person(person).id)
    return Mutes([Muted(str(one["building_id"])) for one in found], more, total)


_MUTES = Listing(
    "select building_id as id, building_id from notification_mute where user_id = :user_id",
    sorts=("building_id",), searched=("building_id",), page=PAGE, page_max=PAGE_MAX,
)  # fmt: skip


@put(
    "/api/v1/notifications/mutes/{building:str}", status_code=204, sync_to_thread=True, summary="Quiet, please",
    **told("self", "not_found"),
)  # fmt: skip
def mute(parts: Given, person: Caller, building: str) -> None:
    """No letters, pushes or notes on the screen of it; the inbox still has everything."""
    author = demand_person(person)
    if not is_uuid(building):
        raise Problem("not_found", building)
    with parts.store.read(building) as reader:
        demand_reader(reader, author)
    with parts.store.tables() as sql:
        preferences.mute(sql, author.id, building)


@delete(
    "/api/v1/notifications/mutes/{building:str}", status_code=204, sync_to_thread=True, summary="No longer quiet",
    **told("self"),
)  # fmt: skip
def unmute(parts: Given, person: Caller, building: str) -> None:
    author = demand_person(person)
    with parts.store.tables() as sql:
        preferences.unmute(sql, author.id, building)


# ---------------------------------------------------------------- Web Push


@get(
    "/api/v1/notifications/push/key", sync_to_thread=True, summary="The key a browser subscribes with (VAPID)",
    **told("anonymous", answered={"key": "BPd3…"}),
)  # fmt: skip
def push_key(parts: Given) -> PushKey:
    return PushKey(vapid.public_key(parts.settings))


@get(
    "/api/v1/notifications/push", sync_to_thread=True, summary="The caller's browsers that take pushes",
    **told("self", "invalid", answered={"items": [_SUBSCRIPTION], "next": None, "total": 1}),
)  # fmt: skip
def list_subscriptions(parts: Given, person: Caller, wanted: Wanted) -> Subscriptions:
    with reading(parts.store) as sql:
        found, more, total = page_of(sql, _SUBSCRIPTIONS, wanted, user_id=demand_person(person).id)
    return Subscriptions([msgspec.convert(one, Subscription) for one in found], more, total)


_SUBSCRIPTIONS = Listing(
    "select id, endpoint, created_at, gone_at from push_subscription where user_id = :user_id",
    sorts=("created_at", "endpoint", "gone_at"), searched=("endpoint",), page=PAGE, page_max=PAGE_MAX,
)  # fmt: skip


@post(
    "/api/v1/notifications/push", status_code=201, sync_to_thread=True, summary="A browser takes pushes",
    **told("self", "invalid", sent={"endpoint": _SUBSCRIPTION["endpoint"], "keys": {"p256dh": "BPd3…", "auth": "x1…"}},
           answered=_SUBSCRIPTION),
)  # fmt: skip
def add_subscription(parts: Given, person: Caller, data: Subscribing) -> Subscription:
    author = demand_person(person)
    try:
        pushing.target_of(data.endpoint, parts.settings)
    except Problem as problem:
        if problem.code == "address_refused":
            raise Unreadable([("$.endpoint", problem.detail)]) from problem
    if not pushing.are_keys(data.keys.p256dh, data.keys.auth):
        raise Unreadable([("$.keys", "a point of P-256 and 16 bytes, both base64url")])
    with parts.store.tables() as sql:
        id = pushing.subscribe(sql, author.id, data.endpoint, data.keys.p256dh, data.keys.auth, new_id(), now())
        found = pushing.subscriptions_of(sql, author.id)
    return msgspec.convert(next(one for one in found if one["id"] == id), Subscription)


@delete(
    "/api/v1/notifications/push/{id:str}", status_code=204, sync_to_thread=True, summary="No pushes any more",
    **told("self", "not_found"),
)  # fmt: skip
def remove_subscription(parts: Given, person: Caller, id: str) -> None:
    author = demand_person(person)
    with parts.store.tables() as sql:
        if not pushing.unsubscribe(sql, author.id, id):
            raise Problem("not_found", f"subscription {id}")


# ---------------------------------------------------------------- the link at a letter's foot


@get(
    f"{unsubscribing.PATH}/{{token:str}}", sync_to_thread=True, media_type="text/html",
    summary="Asks whether letters shall end", **told("anonymous", "not_found", answered="<!doctype html>…"),
)  # fmt: skip
def ask_to_unsubscribe(parts: Given, token: str) -> Response[str]:
    return _page(unsubscribing.asking(unsubscribing.person_by(parts, token)))


@post(
    f"{unsubscribing.PATH}/{{token:str}}", status_code=200, sync_to_thread=True, media_type="text/html",
    summary="Letters end (RFC 8058)", **told("anonymous", "not_found", answered="<!doctype html>…"),
)  # fmt: skip
def unsubscribe(parts: Given, token: str) -> Response[str]:
    person = unsubscribing.person_by(parts, token)
    hint = unsubscribing.unsubscribe(parts, token)
    if hint is not None:
        parts.bus.announce_apart(hint)
    return _page(unsubscribing.ended(person))


def _page(text: str) -> Response[str]:
    headers = {
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    return Response(text, media_type="text/html", headers=headers)


router = Router(
    "/",
    route_handlers=[
        list_notifications, read_one, read_all, get_preferences, set_preferences, list_mutes, mute, unmute,
        push_key, list_subscriptions, add_subscription, remove_subscription, ask_to_unsubscribe, unsubscribe,
    ],
    tags=["notifications"],
)  # fmt: skip
