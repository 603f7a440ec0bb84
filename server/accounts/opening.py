"""What a login answers, however it came about: tokens in the body, and for a browser its cookies."""

from __future__ import annotations

from typing import Any

import anyio.to_thread
import msgspec
from litestar import Request, Response
from litestar.datastructures import Cookie

from ..parts import Parts, now_ms
from . import callers, people
from .people import Person
from .sessions import LASTS_MS
from .tokens import ACCESS_S

AnyRequest = Request[Any, Any, Any]

USER_EXAMPLE = {
    "id": "0190a000-0000-7000-8000-000000000001", "email": "ana@example.org", "name": "Ana", "admin": False,
    "accounts": [{"id": "0190a000-0000-7000-8000-000000000002", "kind": "personal", "role": None,
                  "organisation_id": None, "organisation": None}],
    "account_id": "0190a000-0000-7000-8000-000000000002",
}  # fmt: skip
OPENED_EXAMPLE = {
    "access_token": "…", "refresh_token": "…", "user": USER_EXAMPLE, "token_type": "bearer", "expires_in": ACCESS_S,
}  # fmt: skip


class User(msgspec.Struct, frozen=True):
    """A person with their accounts; `account_id` is the one they act as."""

    id: str
    email: str
    name: str
    admin: bool
    accounts: list[dict[str, Any]]
    account_id: str = ""


class Opened(msgspec.Struct, frozen=True):
    access_token: str
    refresh_token: str
    user: User
    token_type: str = "bearer"
    expires_in: int = ACCESS_S


def place_of(request: AnyRequest) -> str:
    """The network address somebody calls from."""
    return request.client.host if request.client else ""


async def open_session(request: AnyRequest, parts: Parts, person: Person) -> Response[Opened]:
    """A new session for somebody who has shown who they are."""
    client = request.headers.get("user-agent", "")
    session_id, token = await anyio.to_thread.run_sync(parts.sessions.open, person.id, client, place_of(request))
    return await opened(parts, msgspec.structs.replace(person, session_id=session_id), token)


async def opened(parts: Parts, person: Person, refresh_token: str) -> Response[Opened]:
    access_token = parts.tokens.access(person.id, person.session_id, now_ms() // 1000)
    user = await anyio.to_thread.run_sync(user_of, parts, person)
    body = Opened(access_token, refresh_token, user)
    cookies = cookies_of(parts, person.session_id, access_token, refresh_token)
    return Response(body, status_code=200, headers={"Cache-Control": "no-store"}, cookies=cookies)


def user_of(parts: Parts, person: Person) -> User:
    with people.reading(parts.store) as sql:
        accounts = people.accounts_of(sql, person.id)
    personal = next((one["id"] for one in accounts if one["kind"] == "personal"), "")
    acting = next((one["id"] for one in accounts if one["id"] == person.account_id), personal)
    return User(person.id, person.email, person.name, person.is_admin, accounts, acting)


def cookies_of(parts: Parts, session_id: str | None, access: str, refresh: str) -> list[Cookie]:
    """The browser's three: the login and its refresh (scripts cannot read them), and what scripts repeat.

    The first is kept beyond its token's end, so that who comes back hears 401 and refreshes, and is not
    taken for a stranger.
    """
    secure = parts.settings.secure
    gone = session_id is None
    csrf = "" if session_id is None else parts.tokens.csrf(session_id)
    kept_s = 0 if gone else LASTS_MS // 1000
    return [
        Cookie(callers.SESSION_COOKIE, value=access, max_age=kept_s, httponly=True,
               secure=secure, samesite="lax"),
        Cookie(callers.REFRESH_COOKIE, value=refresh, path="/api/v1/auth", max_age=kept_s, httponly=True,
               secure=secure, samesite="strict"),
        Cookie(callers.CSRF_COOKIE, value=csrf, max_age=kept_s, secure=secure, samesite="lax"),
    ]  # fmt: skip
