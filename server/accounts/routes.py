"""`/api/v1/auth/…` and `/api/v1/me` (PROTOCOL §9)."""

from __future__ import annotations

from typing import Any

import anyio.to_thread
import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import Cookie

from arxos_sync.problems import Problem, Unreadable

from ..given import Caller, Given
from ..operations.answers import of_problem
from ..parts import Parts, now_ms
from ..told import told
from . import callers, people
from .people import Person
from .sessions import LASTS_MS
from .throttle import Throttle
from .tokens import ACCESS_S


class Login(msgspec.Struct, frozen=True):
    email: str
    password: str


class RefreshRequest(msgspec.Struct, frozen=True):
    refresh_token: str


class User(msgspec.Struct, frozen=True):
    id: str
    email: str
    name: str
    admin: bool
    accounts: list[dict[str, Any]]


class Opened(msgspec.Struct, frozen=True):
    access_token: str
    refresh_token: str
    user: User
    token_type: str = "bearer"
    expires_in: int = ACCESS_S


_failures = Throttle()


@post(
    "/api/v1/auth/login", status_code=200, summary="Log in",
    **told("anonymous", "unauthenticated", "invalid", sent={"email": "ana@example.org", "password": "correct horse"}),
)  # fmt: skip
async def login(request: Request[Any, Any, Any], parts: Given, data: Login) -> Response[Opened]:
    key = f"{data.email.strip().lower()}/{request.client.host if request.client else ''}"
    _failures.demand(key, now_ms())
    row = await anyio.to_thread.run_sync(_find, parts, data.email)
    if not await parts.passwords.fits(row and row["password_hash"], data.password):
        _failures.count(key, now_ms())
        raise Problem("unauthenticated", "E-mail and password do not belong together.")
    assert row is not None
    _failures.clear(key)
    client = request.headers.get("user-agent", "")
    session_id, token = await anyio.to_thread.run_sync(parts.sessions.open, row["id"], client)
    return await _opened(parts, people.person_of(row, session_id), token)


def _find(parts: Parts, email: str) -> dict[str, Any] | None:
    with people.reading(parts.store) as sql:
        return people.find_by_email(sql, email)


@post(
    "/api/v1/auth/refresh", status_code=200, summary="Exchange a refresh token for its successor",
    **told("anonymous", "unauthenticated", "forbidden", "invalid", sent={"refresh_token": "…"}),
)  # fmt: skip
async def refresh(request: Request[Any, Any, Any], parts: Given) -> Response[Any]:
    token = await _refresh_token(request, parts)
    try:
        person, following = await anyio.to_thread.run_sync(parts.sessions.rotate, token)
    except Problem as problem:
        refused = of_problem(problem)  # and the browser forgets the session that is over
        refused.cookies = _cookies(parts, None, "", "")
        return refused
    return await _opened(parts, person, following)


async def _refresh_token(request: Request[Any, Any, Any], parts: Parts) -> str:
    body = await request.body()
    if body.strip() not in (b"", b"{}"):
        try:
            return msgspec.json.decode(body, type=RefreshRequest).refresh_token
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Unreadable([("$", str(error))]) from error
    token = request.cookies.get(callers.REFRESH_COOKIE)
    read = parts.tokens.read_refresh(token) if token else None
    if token is None or read is None:
        raise Problem("unauthenticated", "No refresh token came along.")
    callers.check_csrf(request, parts, read.session_id)
    return token


@post(
    "/api/v1/auth/logout", status_code=204, summary="End this session",
    **told("anonymous", "unauthenticated", "forbidden"),
)  # fmt: skip
async def logout(request: Request[Any, Any, Any], parts: Given) -> Response[None]:
    session_id = await _session_of(request, parts)
    if session_id is not None:
        await anyio.to_thread.run_sync(parts.sessions.end, session_id)
        await parts.bus.end_session(session_id)
    return Response(None, status_code=204, cookies=_cookies(parts, None, "", ""))


async def _session_of(request: Request[Any, Any, Any], parts: Parts) -> str | None:
    """The caller's session; a browser may leave it after its access token has expired."""
    try:
        person = await callers.caller_of(request, parts)
        return person and person.session_id
    except Problem as problem:
        token = request.cookies.get(callers.REFRESH_COOKIE)
        read = parts.tokens.read_refresh(token) if token else None
        if problem.code != "unauthenticated" or read is None or "authorization" in request.headers:
            raise
        callers.check_csrf(request, parts, read.session_id)
        return read.session_id


@get("/api/v1/me", summary="Who is calling", **told("person"))
async def me(parts: Given, person: Caller) -> User:
    return await anyio.to_thread.run_sync(_user, parts, callers.demand_person(person))


def _user(parts: Parts, person: Person) -> User:
    with people.reading(parts.store) as sql:
        accounts = people.accounts_of(sql, person.id)
    return User(person.id, person.email, person.name, person.is_admin, accounts)


async def _opened(parts: Parts, person: Person, refresh_token: str) -> Response[Opened]:
    access_token = parts.tokens.access(person.id, person.session_id, now_ms() // 1000)
    user = await anyio.to_thread.run_sync(_user, parts, person)
    body = Opened(access_token, refresh_token, user)
    cookies = _cookies(parts, person.session_id, access_token, refresh_token)
    return Response(body, headers={"Cache-Control": "no-store"}, cookies=cookies)


def _cookies(parts: Parts, session_id: str | None, access: str, refresh: str) -> list[Cookie]:
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


router = Router("/", route_handlers=[login, refresh, logout, me], tags=["accounts"])
