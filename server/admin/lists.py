"""The lists of an administrator, newest first, page by page. What is in them is read from the database each time."""

from __future__ import annotations

from typing import Any

import msgspec

from arxos_sync.change import is_uuid
from arxos_sync.problems import Problem
from arxos_sync.store import Sql

from ..accounts.people import NOBODY, reading
from ..listing import Listing, PageAsked, page_of
from ..parts import Parts, now

PAGE, PAGE_MAX = 50, 500


class ListedPage(msgspec.Struct, frozen=True):
    items: list[dict[str, Any]]
    next: str | None
    total: int


LISTINGS: dict[str, Listing] = {
    "devices": Listing(
        """
        select device.id, device.name, device.created_at, device.user_id, "user".email,
          (select max(at) from device_scope where device_scope.device = device.id) as synced_at,
          (select count(*) from device_scope where device_scope.device = device.id) as scopes,
          (
            select sum(scope_head.sequence - device_scope.sequence)
            from device_scope join scope_head on scope_head.scope = device_scope.scope
            where device_scope.device = device.id
          ) as lag
        from device
        left join "user" on "user".id = device.user_id
        """,
        ("-id", "created_at", "synced_at", "name", "email"), ("name", "email"), PAGE, PAGE_MAX,
    ),
    "users": Listing(
        """
        select "user".id, "user".email, "user".name, "user".is_admin, "user".created_at, "user".disabled_at,
          (select count(*) from "grant" where "grant".user_id = "user".id) as buildings,
          (select count(*) from device where device.user_id = "user".id) as devices,
          (select max(session.seen_at) from session where session.user_id = "user".id) as seen_at
        from "user"
        """,
        ("-id", "created_at", "seen_at", "name", "email"), ("name", "email"), PAGE, PAGE_MAX,
    ),
    "sessions": Listing(
        """
        select session.id, session.user_id, "user".email, session.client, session.created_at, session.seen_at,
          session.expires_at
        from session
        join "user" on "user".id = session.user_id
        where session.revoked_at is null and session.expires_at > :now
        """,
        ("-id", "created_at", "seen_at", "expires_at", "email"), ("email", "client"), PAGE, PAGE_MAX,
    ),
    "webhooks": Listing(
        """
        select webhook_delivery.id, webhook_delivery.event, webhook_endpoint.url, webhook_delivery.tries,
          webhook_delivery.created_at, webhook_delivery.next_try_at, webhook_delivery.delivered_at,
          webhook_delivery.given_up_at, webhook_delivery.last_status, webhook_delivery.last_error
        from webhook_delivery
        left join webhook_endpoint on webhook_endpoint.id = webhook_delivery.endpoint_id
        """,
        ("-id", "created_at", "next_try_at", "delivered_at", "event", "url"), ("event", "url", "last_error"),
        PAGE, PAGE_MAX,
    ),
}


def listed(parts: Parts, name: str, wanted: PageAsked) -> ListedPage:
    """Raises Problem `invalid` where there is no such order or place."""
    with reading(parts.store) as sql:
        found, more, total = page_of(sql, LISTINGS[name], wanted, now=now())
    return ListedPage([_plain(name, row) for row in found], more, total)


def one(parts: Parts, name: str, id: str) -> dict[str, Any]:
    """As it stands in its list. Raises Problem `not_found`."""
    if not is_uuid(id):
        raise Problem("not_found", id)
    with reading(parts.store) as sql:
        found = sql.rows(f"select * from ({LISTINGS[name].rows}) listed where id = :id", id=id, now=now())
    if not found:
        raise Problem("not_found", f"There is no {name.removesuffix('s')} {id}.")
    return _plain(name, found[0])


def _plain(name: str, row: dict[str, Any]) -> dict[str, Any]:
    times = {n: str(v) for n, v in row.items() if n.endswith("_at") and v is not None}
    ids = {n: str(v) for n, v in row.items() if n in ("id", "user_id") and v is not None}
    plain = row | times | ids
    match name:
        case "devices":
            lag = plain.pop("lag")
            plain |= {"revoked": plain["user_id"] == NOBODY, "lag": None if lag is None else int(lag)}
        case "users":
            plain["is_admin"] = bool(plain["is_admin"])
    return plain


def figures(sql: Sql) -> dict[str, int]:
    """How many there are of what."""
    found = sql.rows(
        """
        select 'buildings' as what, count(*) as many from building where deleted is null
        union all select 'people', count(*) from "user" where disabled_at is null
        union all select 'devices', count(*) from device
        union all select 'transactions', count(*) from change_log
        union all select 'in quarantine', count(*) from quarantine
        union all select 'open conflicts', count(*) from conflict where state = 'open' and deleted is null
        """
    )
    return {row["what"]: int(row["many"]) for row in found}
