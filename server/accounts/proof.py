"""Showing once more who one is, before a login is changed or given up: the password (and a code), or a passkey."""

from __future__ import annotations

from typing import Annotated, Any

import anyio.to_thread
import msgspec

from arxos_sync.problems import Problem, Unreadable

from ..parts import Parts
from .passwords import CHARS_MAX, CHARS_MIN
from .people import Person, reading
from .refused import counted

Password = Annotated[str, msgspec.Meta(max_length=CHARS_MAX)]


class Proof(msgspec.Struct, frozen=True):
    """`passkey`: what the browser answered to the options of `POST /api/v1/me/passkeys/proof`."""

    password: Password = ""
    code: Annotated[str, msgspec.Meta(max_length=40)] = ""
    passkey: dict[str, Any] | None = None


async def prove(parts: Parts, person: Person, proof: Proof) -> None:
    """Raises Problem `not_proven`, `too_many_requests`."""
    attempt = await counted(parts, person.id, "proof", person.id)
    if not await _fits(parts, person, proof):
        await attempt.wrong("passkey" if proof.passkey is not None else "password or code", person.id)
        raise Problem("not_proven", "What was given does not fit.")
    await attempt.right()


async def _fits(parts: Parts, person: Person, proof: Proof) -> bool:
    from . import passkeys, second

    if proof.passkey is not None:
        owner = await anyio.to_thread.run_sync(passkeys.answered, parts, proof.passkey, f"proof/{person.id}")
        return owner == person.id
    stored = await anyio.to_thread.run_sync(_stored, parts, person.id)
    if not await parts.passwords.fits(stored, proof.password):
        return False
    if not await anyio.to_thread.run_sync(second.wants_code, parts, person.id):
        return True
    return bool(proof.code) and await anyio.to_thread.run_sync(second.spend, parts, person.id, proof.code)


def _stored(parts: Parts, user_id: str) -> str | None:
    with reading(parts.store) as sql:
        found = sql.rows('select password_hash from "user" where id = :id', id=user_id)
    return found[0]["password_hash"] if found else None


def check_password(password: str) -> None:
    """Is it one to be had? Raises Problem `invalid`."""
    if not CHARS_MIN <= len(password) <= CHARS_MAX:
        raise Unreadable([("$.password", f"a password has {CHARS_MIN} to {CHARS_MAX} characters")])
