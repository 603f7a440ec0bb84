"""Who asks for features: as everywhere, or by HTTP Basic with an API token as the password, since QGIS speaks Basic."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

import anyio.to_thread
from litestar import Request

from arxos_sync.problems import Problem

from ..accounts.callers import caller_of
from ..accounts.people import Person, person_of, reading
from ..given import Given
from ..parts import Parts, now


async def caller(request: Request[Any, Any, Any], parts: Given) -> Person | None:
    person = await _caller(request, parts)
    if person is not None:
        await request.app.state.limits.demand_person(person.id, "read")
    return person


async def _caller(request: Request[Any, Any, Any], parts: Parts) -> Person | None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return await caller_of(request, parts)
    try:
        _, _, token = base64.b64decode(given.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Problem("unauthenticated", "Basic: a name, a colon and an API token, in base 64") from error
    person = await anyio.to_thread.run_sync(by_token, parts, token)
    if person is None:
        raise Problem("unauthenticated", "The password is no API token that holds.")
    return person


def by_token(parts: Parts, token: str) -> Person | None:
    with reading(parts.store) as sql:
        found = sql.rows(
            """
            select u.id, u.email, u.name, u.is_admin
            from api_token t join "user" u on u.id = t.user_id
            where t.token_hash = :hash and t.revoked_at is null and (t.expires_at is null or t.expires_at > :now)
              and u.disabled_at is null
            """,
            hash=hashlib.sha256(token.encode()).hexdigest(),
            now=now(),
        )
    return person_of(found[0]) if found else None
