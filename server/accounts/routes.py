"""`/api/v1/auth/…` and `/api/v1/me` (PROTOCOL §9), and the door to all else of this room."""

from __future__ import annotations

from typing import Annotated, Any

import anyio.to_thread
import msgspec
from litestar import Response, Router, get, patch, post

from arxos_sync.problems import Problem, Unreadable

from ..given import Caller, Given
from ..operations.answers import of_problem
from ..parts import Parts
from ..told import told
from . import (
    api_tokens,
    callers,
    export,
    invitations,
    leaving,
    members,
    organisations,
    passkeys,
    people,
    registering,
    revoking,
    second,
)
from .opening import (
    OPENED_EXAMPLE,
    USER_EXAMPLE,
    AnyRequest,
    Opened,
    User,
    cookies_of,
    open_session,
    opened,
    place_of,
    user_of,
)
from .people import Person
from .refused import counted
from .shown import Name


class Login(msgspec.Struct, frozen=True):
    """`code`: of the second factor, where the answer without it was `second_factor_wanted`."""

    email: str
    password: str
    code: Annotated[str, msgspec.Meta(max_length=40)] = ""


class RefreshRequest(msgspec.Struct, frozen=True):
    refresh_token: str


class Profile(msgspec.Struct, frozen=True):
    name: Name


class Acting(msgspec.Struct, frozen=True):
    account_id: str


@post(
    "/api/v1/auth/login", status_code=200, summary="Log in",
    **told("anonymous", "unauthenticated", "second_factor_wanted", "invalid",
           sent={"email": "ana@example.org", "password": "…"}, answered=OPENED_EXAMPLE),
)  # fmt: skip
async def login(request: AnyRequest, parts: Given, data: Login) -> Response[Opened]:
    """A browser and a device go on alike from `second_factor_wanted`: the same once more, with `code`."""
    attempt = await counted(parts, f"{data.email.strip().lower()}/{place_of(request)}", "login")
    row = await anyio.to_thread.run_sync(_find, parts, data.email)
    if not await parts.passwords.fits(row and row["password_hash"], data.password):
        await attempt.wrong("password" if row else "address", row and row["id"])
        raise Problem("unauthenticated", "E-mail and password do not belong together.")
    assert row is not None
    if row["totp_at"] is not None:
        if not data.code.strip():
            await attempt.take_back()
            raise Problem("second_factor_wanted", "The password is right; a code is missing.")
        if not await anyio.to_thread.run_sync(second.spend, parts, row["id"], data.code):
            await attempt.wrong("code", row["id"])
            raise Problem("second_factor_wanted", "The code does not fit, or was used.")
    await attempt.right()
    return await open_session(request, parts, people.person_of(row))


def _find(parts: Parts, email: str) -> dict[str, Any] | None:
    with people.reading(parts.store) as sql:
        return people.find_by_email(sql, email)


@post(
    "/api/v1/auth/refresh", status_code=200, summary="Exchange a refresh token for its successor",
    **told("anonymous", "unauthenticated", "forbidden", "invalid", sent={"refresh_token": "…"},
           answered=OPENED_EXAMPLE),
)  # fmt: skip
async def refresh(request: AnyRequest, parts: Given) -> Response[Any]:
    token = await _refresh_token(request, parts)
    try:
        person, following = await anyio.to_thread.run_sync(parts.sessions.rotate, token, place_of(request))
    except Problem as problem:
        refused = of_problem(problem)  # and the browser forgets the session that is over
        refused.cookies = cookies_of(parts, None, "", "")
        return refused
    return await opened(parts, person, following)


async def _refresh_token(request: AnyRequest, parts: Parts) -> str:
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
async def logout(request: AnyRequest, parts: Given) -> Response[None]:
    session_id = await _session_of(request, parts)
    if session_id:
        await anyio.to_thread.run_sync(parts.sessions.end, session_id)
        await parts.bus.end_session(session_id)
    return Response(None, status_code=204, cookies=cookies_of(parts, None, "", ""))


async def _session_of(request: AnyRequest, parts: Parts) -> str | None:
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


@get("/api/v1/me", summary="Who is calling", **told("person", answered=USER_EXAMPLE))
async def me(parts: Given, person: Caller) -> User:
    return await anyio.to_thread.run_sync(user_of, parts, callers.demand_person(person))


@patch(
    "/api/v1/me", summary="What one is called", **told("self", "invalid", sent={"name": "Ana"}, answered=USER_EXAMPLE)
)  # fmt: skip
async def rename(parts: Given, person: Caller, data: Profile) -> User:
    someone = msgspec.structs.replace(callers.demand_session(person), name=data.name.strip())
    for hint in await anyio.to_thread.run_sync(_rename, parts, someone):
        await parts.bus.announce(hint)
    parts.sessions.forget(someone.session_id)
    return await anyio.to_thread.run_sync(user_of, parts, someone)


def _rename(parts: Parts, person: Person) -> list[members.Hint]:
    with parts.store.tables() as sql:
        sql.run('update "user" set name = :name where id = :id', name=person.name, id=person.id)
    return members.follow_all(parts, person.id, person.name, members.buildings_of(parts, person.id))


@post(
    "/api/v1/me/account", status_code=200, summary="Act as another of one's accounts, in this session",
    **told("self", "forbidden", "not_found", "invalid", answered=USER_EXAMPLE,
           sent={"account_id": "0190a000-0000-7000-8000-000000000002"}),
)  # fmt: skip
async def switch_account(parts: Given, person: Caller, data: Acting) -> User:
    someone = callers.demand_session(person)
    return await anyio.to_thread.run_sync(_switch, parts, someone, data.account_id)


def _switch(parts: Parts, person: Person, account_id: str) -> User:
    with parts.store.tables() as sql:
        account = next((one for one in people.accounts_of(sql, person.id) if one["id"] == account_id), None)
        if account is None:
            raise Problem("not_found", account_id)
        acting = account_id if account["kind"] == "professional" else None
        sql.run("update session set account_id = :account where id = :id", account=acting, id=person.session_id)
    parts.sessions.forget(person.session_id)
    return user_of(parts, msgspec.structs.replace(person, account_id=acting or ""))


router = Router(
    "/",
    route_handlers=[
        login, refresh, logout, me, rename, switch_account, registering.router, passkeys.router, second.router,
        revoking.router, api_tokens.router, organisations.router, invitations.router, export.router, leaving.router,
    ],
    tags=["accounts"],
)  # fmt: skip
