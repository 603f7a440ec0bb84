"""`/api/v1/me/tokens`: bearer tokens for programs, each with a name and an end; only their hashes are kept.

A token does what its person may do, in their personal account, but for what lets a person in: passwords, second
factors, sessions and tokens are touched by a login alone.
"""

from __future__ import annotations

import secrets
from typing import Annotated

import anyio.to_thread
import msgspec
from litestar import Response, Router, delete, get, post

from arxos_sync.problems import Problem

from ..given import Caller, Given, Wanted
from ..listing import Listing, page_of
from ..operations.audit import audited
from ..parts import Parts, instant, new_id, now, now_ms
from ..told import told
from . import callers
from .people import Person, person_of, reading
from .shown import Name
from .tokens import hash_of

PREFIX = "arxos_"
DAYS_MAX = 366
DAY_MS = 24 * 3600 * 1000
_EXAMPLE = {
    "id": "0190a000-0000-7000-8000-000000000001", "name": "QGIS", "created_at": "2026-01-01T00:00:00.000Z",
    "expires_at": "2026-04-01T00:00:00.000Z",
}  # fmt: skip


class NewToken(msgspec.Struct, frozen=True):
    name: Name
    expires_in_days: Annotated[int, msgspec.Meta(ge=1, le=DAYS_MAX)] | None = None


class ApiToken(msgspec.Struct, frozen=True, omit_defaults=True):
    """`token` is shown once, when it is made."""

    id: str
    name: str
    created_at: str
    expires_at: str | None
    token: str | None = None


class TokenPage(msgspec.Struct, frozen=True):
    items: list[ApiToken]
    next: str | None
    total: int


def by_token(parts: Parts, token: str) -> Person | None:
    """Whose token it is, where it holds."""
    with reading(parts.store) as sql:
        found = sql.rows(
            """
            select u.id, u.email, u.name, u.is_admin
            from api_token t join "user" u on u.id = t.user_id
            where t.token_hash = :hash and t.revoked_at is null and (t.expires_at is null or t.expires_at > :now)
              and u.disabled_at is null
            """,
            hash=hash_of(token),
            now=now(),
        )
    return person_of(found[0]) if found else None


@post(
    "/api/v1/me/tokens", status_code=201, summary="A token for a program", sync_to_thread=True,
    **told("self", "forbidden", "invalid", sent={"name": "QGIS", "expires_in_days": 90},
           answered=_EXAMPLE | {"token": "arxos_…"}),
)  # fmt: skip
def create_token(parts: Given, person: Caller, data: NewToken) -> Response[ApiToken]:
    owner = callers.demand_session(person)
    token, ms = PREFIX + secrets.token_urlsafe(32), now_ms()
    until = None if data.expires_in_days is None else instant(ms + data.expires_in_days * DAY_MS)
    made = ApiToken(new_id(), data.name.strip(), instant(ms), until, token)
    with parts.store.tables() as sql:
        sql.run(
            """
            insert into api_token (id, user_id, name, token_hash, created_at, expires_at)
            values (:id, :user_id, :name, :hash, :now, :until)
            """,
            id=made.id, user_id=owner.id, name=made.name, hash=hash_of(token), now=made.created_at, until=until,
        )  # fmt: skip
        audited(sql, owner.id, "make token", {"token": made.id, "until": until})
    return Response(made, status_code=201, headers={"Cache-Control": "no-store"})


@get(
    "/api/v1/me/tokens", summary="One's tokens that hold", sync_to_thread=True,
    **told("self", "invalid", answered={"items": [_EXAMPLE], "next": None, "total": 1}),
)  # fmt: skip
def list_tokens(parts: Given, person: Caller, wanted: Wanted) -> TokenPage:
    owner = callers.demand_person(person)
    with reading(parts.store) as sql:
        found, more, total = page_of(sql, _TOKENS, wanted, user_id=owner.id, now=now())
    return TokenPage([ApiToken(**row) for row in found], more, total)


_TOKENS = Listing(
    """
    select id, name, created_at, expires_at
    from api_token
    where user_id = :user_id and revoked_at is null and (expires_at is null or expires_at > :now)
    """,
    sorts=("created_at", "name", "expires_at"), searched=("name",),
)  # fmt: skip


@delete("/api/v1/me/tokens/{id:str}", status_code=204, summary="End a token", **told("self", "forbidden", "not_found"))
async def revoke_token(parts: Given, person: Caller, id: str) -> None:
    await anyio.to_thread.run_sync(_revoke, parts, callers.demand_session(person).id, id)


def _revoke(parts: Parts, user_id: str, id: str) -> None:
    with parts.store.tables() as sql:
        ended = sql.run(
            """
            update api_token
            set revoked_at = :now
            where id = :id and user_id = :user_id and revoked_at is null
            """,
            now=now(), id=id, user_id=user_id,
        )  # fmt: skip
        if not ended:
            raise Problem("not_found", id)
        audited(sql, user_id, "revoke token", {"token": id})


router = Router("/", route_handlers=[create_token, list_tokens, revoke_token])
