"""Who asks for features: as everywhere, or by HTTP Basic with an API token as the password, since QGIS speaks Basic."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import anyio.to_thread
from litestar import Request

from arxos_sync.problems import Problem

from ..accounts.api_tokens import by_token
from ..accounts.callers import caller_of
from ..accounts.people import Person
from ..given import Given
from ..parts import Parts


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
