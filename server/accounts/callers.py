"""Who is calling: a bearer token (a session's or a program's), or the session cookie with its CSRF header, or nobody.

A token that is there but not good is refused: nobody falls back to being a stranger without noticing.
"""

from __future__ import annotations

from typing import Any

import anyio.to_thread
from litestar.connection import ASGIConnection

from arxos_sync.problems import Problem

from ..parts import Parts
from . import api_tokens
from .people import Person

SESSION_COOKIE = "arxos_session"
REFRESH_COOKIE = "arxos_refresh"
CSRF_COOKIE = "arxos_csrf"
CSRF_HEADER = "X-CSRF-Token"
_SAFE = frozenset(("GET", "HEAD", "OPTIONS"))

Connection = ASGIConnection[Any, Any, Any, Any]


async def caller_of(connection: Connection, parts: Parts) -> Person | None:
    """The person behind a request or a socket, None without a token. Raises Problem."""
    token, by_cookie = _token(connection)
    if token is None:
        return None
    if token.startswith(api_tokens.PREFIX) and not by_cookie:
        return await _program(connection, parts, token)
    # a socket outlives access tokens; whether its session does is asked of the database
    access = parts.tokens.read_access(token, even_expired=connection.scope["type"] == "websocket")
    if by_cookie:
        check_csrf(connection, parts, access.session_id)
    return parts.sessions.believed(access) or await anyio.to_thread.run_sync(parts.sessions.person, access)


async def _program(connection: Connection, parts: Parts, token: str) -> Person:
    if connection.scope["type"] == "websocket":
        raise Problem("unauthenticated", "A socket is held by a session; an API token has none.")
    person = await anyio.to_thread.run_sync(api_tokens.by_token, parts, token)
    if person is None:
        raise Problem("unauthenticated", "The API token is none that holds.")
    return person


def _token(connection: Connection) -> tuple[str | None, bool]:
    given = connection.headers.get("authorization")
    if given is not None:
        scheme, _, token = given.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Problem("unauthenticated", "Authorization should read: Bearer <access token>")
        return token.strip(), False
    return connection.cookies.get(SESSION_COOKIE), True


def check_csrf(connection: Connection, parts: Parts, session_id: str) -> None:
    """Unsafe requests by cookie repeat the CSRF cookie in a header. Sockets are kept by their Origin."""
    if connection.scope["type"] == "websocket" or connection.scope["method"] in _SAFE:
        return
    given = connection.headers.get(CSRF_HEADER.lower(), "")
    if not parts.tokens.is_csrf(session_id, given):
        raise Problem("forbidden", f"The header {CSRF_HEADER} does not repeat the cookie {CSRF_COOKIE}.")


def demand_person(person: Person | None) -> Person:
    if person is None:
        raise Problem("unauthenticated", "This needs a login.")
    return person


def demand_session(person: Person | None) -> Person:
    """As `demand_person`, and who came by a login: programs do not touch what lets a person in."""
    someone = demand_person(person)
    if not someone.session_id:
        raise Problem("forbidden", "An API token does not do this.", hint="Log in and do it yourself.")
    return someone
