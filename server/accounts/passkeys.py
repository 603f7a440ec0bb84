"""Passkeys (WebAuthn): registered by who is logged in, then let in without a password or a second factor.

They are asked to live on the device (so that no address is typed, and none can be probed) and to verify their person.
A challenge carries its own proof that it was given out here, for what and when, so that giving one out writes nothing;
one that was answered is written down until it would have run out, and counts no second time.
"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import anyio.to_thread
import msgspec
from litestar import Response, Router, delete, get, post

from arxos_sync.problems import Problem

from ..given import Caller, Given, Wanted
from ..listing import Listing, page_of
from ..operations.audit import audited
from ..parts import Parts, instant, new_nonce, now_ms
from ..told import told
from . import callers
from .opening import OPENED_EXAMPLE, AnyRequest, Opened, open_session
from .people import Person, person_of, reading
from .proof import Proof, prove
from .refused import refused
from .shown import Name
from .tokens import hash_of

GOOD_FOR_MS = 5 * 60 * 1000
NAME = "ARXOS"
PASSKEYS_MAX = 20
HERE = "http://localhost:8000"
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, msgspec.MsgspecError)
_EXAMPLE = {
    "id": "q83vEjRWeJA", "name": "Phone", "created_at": "2026-01-01T00:00:00.000Z", "used_at": None,
}  # fmt: skip


class Made(msgspec.Struct, frozen=True):
    """What `navigator.credentials.create()` gave, in its JSON form."""

    name: Name
    credential: dict[str, Any]


class Answer(msgspec.Struct, frozen=True):
    """What `navigator.credentials.get()` gave, in its JSON form."""

    credential: dict[str, Any]


class Passkey(msgspec.Struct, frozen=True):
    id: str
    name: str
    created_at: str
    used_at: str | None = None


class PasskeyPage(msgspec.Struct, frozen=True):
    items: list[Passkey]
    next: str | None
    total: int


# ---------------------------------------------------------------- challenges


def challenge_for(parts: Parts, purpose: str) -> bytes:
    stem = f"{now_ms()}.{new_nonce()}"
    return f"{stem}.{parts.tokens.keys.current().mac(f'challenge/{purpose}/{stem}')}".encode()


def _demand_ours(parts: Parts, challenge: bytes, purpose: str) -> None:
    stem, _, mac = challenge.decode("ascii").rpartition(".")
    if not parts.tokens.keys.is_mac(f"challenge/{purpose}/{stem}", mac):
        raise ValueError("the challenge is not of this server, or for something else")
    if int(stem.partition(".")[0]) < now_ms() - GOOD_FOR_MS:
        raise ValueError("the challenge is too old")


def _spend(parts: Parts, challenge: bytes) -> None:
    ms = now_ms()
    with parts.store.tables() as sql:
        sql.run("delete from spent_challenge where until < :now", now=instant(ms))
        taken = sql.run(
            "insert into spent_challenge (id, until) values (:id, :until) on conflict (id) do nothing",
            id=hash_of(challenge.decode("ascii")), until=instant(ms + GOOD_FOR_MS),
        )  # fmt: skip
    if not taken:
        raise ValueError("the challenge was answered before")


def _challenge_in(credential: dict[str, Any]) -> bytes:
    told_ = msgspec.json.decode(_bytes(credential["response"]["clientDataJSON"]))
    return _bytes(told_["challenge"])


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _party(parts: Parts) -> tuple[str, list[str]]:
    """The host that passkeys are bound to, and the origins of its pages."""
    if parts.settings.public_url is not None:
        url = urlsplit(parts.settings.public_url)
        return url.hostname or "", [f"{url.scheme}://{url.netloc}"]
    return "localhost", [HERE]


# ---------------------------------------------------------------- registered


def registered(parts: Parts, person: Person, made: Made) -> Passkey:
    """Raises Problem `not_proven` where it is no credential made for this."""
    from webauthn import verify_registration_response
    from webauthn.helpers.exceptions import WebAuthnException

    host, origins = _party(parts)
    try:
        challenge = _challenge_in(made.credential)
        _demand_ours(parts, challenge, f"create/{person.id}")
        found = verify_registration_response(
            credential=made.credential, expected_challenge=challenge, expected_rp_id=host, expected_origin=origins,
            require_user_verification=True,
        )  # fmt: skip
        _spend(parts, challenge)
    except (WebAuthnException, *_UNREADABLE) as error:
        raise Problem("not_proven", f"No passkey that can be taken: {error}", hint="Begin again.") from error
    return _keep(parts, person, made.name.strip(), found)


def _keep(parts: Parts, person: Person, name: str, found: Any) -> Passkey:
    kept = Passkey(_text(found.credential_id), name, instant(now_ms()))
    with parts.store.tables() as sql:
        taken = sql.run(
            """
            insert into passkey (id, user_id, name, public_key, sign_count, created_at)
            values (:id, :user_id, :name, :key, :count, :now)
            on conflict (id) do nothing
            """,
            id=kept.id, user_id=person.id, name=name, key=_text(found.credential_public_key),
            count=found.sign_count, now=kept.created_at,
        )  # fmt: skip
        if not taken:
            raise Problem("not_proven", "This passkey is registered already.", hint="Use another.")
        audited(sql, person.id, "add passkey", {"passkey": kept.id})
    return kept


# ---------------------------------------------------------------- answered


def answered(parts: Parts, credential: dict[str, Any], purpose: str) -> str | None:
    """Whose passkey answered a challenge given out for `purpose`; None where none did."""
    from webauthn import verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    host, origins = _party(parts)
    try:
        challenge = _challenge_in(credential)
        _demand_ours(parts, challenge, purpose)
        known = _known(parts, _text(_bytes(credential["rawId"])))
        if known is None:
            return None
        found = verify_authentication_response(
            credential=credential, expected_challenge=challenge, expected_rp_id=host, expected_origin=origins,
            credential_public_key=_bytes(known["public_key"]), credential_current_sign_count=known["sign_count"],
            require_user_verification=True,
        )  # fmt: skip
        _spend(parts, challenge)
    except (WebAuthnException, *_UNREADABLE):
        return None
    return str(known["user_id"]) if _count(parts, known["id"], found.new_sign_count) else None


def _known(parts: Parts, id: str) -> dict[str, Any] | None:
    with reading(parts.store) as sql:
        found = sql.rows("select id, user_id, public_key, sign_count from passkey where id = :id", id=id)
    return found[0] if found else None


def _count(parts: Parts, id: str, count: int) -> bool:
    """Write down its count of signatures; a count that went no further is a copy's. Those that do not count say 0."""
    with parts.store.tables() as sql:
        counted = sql.run(
            """
            update passkey
            set sign_count = :count, used_at = :now
            where id = :id and (sign_count < :count or (sign_count = 0 and :count = 0))
            """,
            id=id, count=count, now=instant(now_ms()),
        )  # fmt: skip
    return counted == 1


# ---------------------------------------------------------------- routes


@post(
    "/api/v1/auth/passkey/options", status_code=200, summary="What a browser asks a passkey, to log in",
    **told("anonymous", answered={"challenge": "…", "rpId": "arxos.example.org", "userVerification": "required"}),
)  # fmt: skip
async def login_options(parts: Given) -> Response[dict[str, Any]]:
    return _fresh(_asking(parts, "login"))


@post(
    "/api/v1/auth/passkey", status_code=200, summary="Log in by a passkey",
    **told("anonymous", "unauthenticated", "invalid", sent={"credential": {"id": "…", "response": {}}},
           answered=OPENED_EXAMPLE),
)  # fmt: skip
async def login(request: AnyRequest, parts: Given, data: Answer) -> Response[Opened]:
    user_id = await anyio.to_thread.run_sync(answered, parts, data.credential, "login")
    person = user_id and await anyio.to_thread.run_sync(_enabled, parts, user_id)
    if not person:
        await refused(parts, "login", "passkey", user_id)
        raise Problem("unauthenticated", "This passkey does not let anybody in.")
    return await open_session(request, parts, person)


def _enabled(parts: Parts, user_id: str) -> Person | None:
    with reading(parts.store) as sql:
        found = sql.rows(
            'select id, email, name, is_admin from "user" where id = :id and disabled_at is null', id=user_id
        )  # fmt: skip
    return person_of(found[0]) if found else None


@post(
    "/api/v1/me/passkeys/options", status_code=200, summary="What a browser makes a new passkey with",
    **told("self", "forbidden", "not_proven", "invalid", sent={"password": "…"},
           answered={"challenge": "…", "rp": {"id": "arxos.example.org", "name": NAME}}),
)  # fmt: skip
async def create_options(parts: Given, person: Caller, data: Proof) -> Response[dict[str, Any]]:
    someone = callers.demand_session(person)
    await prove(parts, someone, data)
    held = await anyio.to_thread.run_sync(_ids, parts, someone.id)
    if len(held) >= PASSKEYS_MAX:
        raise Problem("forbidden", f"{PASSKEYS_MAX} passkeys are as many as one may have.", hint="Remove one first.")
    return _fresh(_creating(parts, someone, held))


@post(
    "/api/v1/me/passkeys", status_code=201, summary="Register a passkey",
    **told("self", "forbidden", "not_proven", "invalid", sent={"name": "Phone", "credential": {"id": "…"}},
           answered=_EXAMPLE),
)  # fmt: skip
async def register(parts: Given, person: Caller, data: Made) -> Passkey:
    return await anyio.to_thread.run_sync(registered, parts, callers.demand_session(person), data)


@post(
    "/api/v1/me/passkeys/proof", status_code=200, summary="What a browser asks a passkey, to show who one is",
    **told("self", "forbidden", answered={"challenge": "…", "rpId": "arxos.example.org"}),
)  # fmt: skip
async def proof_options(parts: Given, person: Caller) -> Response[dict[str, Any]]:
    someone = callers.demand_session(person)
    held = await anyio.to_thread.run_sync(_ids, parts, someone.id)
    return _fresh(_asking(parts, f"proof/{someone.id}", held))


@get(
    "/api/v1/me/passkeys", summary="One's passkeys", sync_to_thread=True,
    **told("self", "invalid", answered={"items": [_EXAMPLE], "next": None, "total": 1}),
)  # fmt: skip
def list_passkeys(parts: Given, person: Caller, wanted: Wanted) -> PasskeyPage:
    someone = callers.demand_person(person)
    with reading(parts.store) as sql:
        found, more, total = page_of(sql, _PASSKEYS, wanted, user_id=someone.id)
    return PasskeyPage([Passkey(**row) for row in found], more, total)


_PASSKEYS = Listing(
    "select id, name, created_at, used_at from passkey where user_id = :user_id",
    sorts=("created_at", "name", "used_at"), searched=("name",),
)  # fmt: skip


@delete(
    "/api/v1/me/passkeys/{id:str}", status_code=204, summary="Forget a passkey",
    **told("self", "forbidden", "not_found"),
)  # fmt: skip
async def forget_passkey(parts: Given, person: Caller, id: str) -> None:
    await anyio.to_thread.run_sync(_forget, parts, callers.demand_session(person).id, id)


def _forget(parts: Parts, user_id: str, id: str) -> None:
    with parts.store.tables() as sql:
        if not sql.run("delete from passkey where id = :id and user_id = :user_id", id=id, user_id=user_id):
            raise Problem("not_found", id)
        audited(sql, user_id, "remove passkey", {"passkey": id})


def _ids(parts: Parts, user_id: str) -> list[str]:
    with reading(parts.store) as sql:
        return [row["id"] for row in sql.rows("select id from passkey where user_id = :id", id=user_id)]


def _asking(parts: Parts, purpose: str, ids: list[str] | None = None) -> dict[str, Any]:
    from webauthn import generate_authentication_options
    from webauthn.helpers import options_to_json_dict
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor, UserVerificationRequirement

    options = generate_authentication_options(
        rp_id=_party(parts)[0], challenge=challenge_for(parts, purpose), timeout=GOOD_FOR_MS,
        user_verification=UserVerificationRequirement.REQUIRED,
        allow_credentials=[PublicKeyCredentialDescriptor(id=_bytes(id)) for id in ids or ()],
    )  # fmt: skip
    return options_to_json_dict(options)


def _creating(parts: Parts, person: Person, held: list[str]) -> dict[str, Any]:
    from webauthn import generate_registration_options
    from webauthn.helpers import options_to_json_dict
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    options = generate_registration_options(
        rp_id=_party(parts)[0], rp_name=NAME, user_id=UUID(person.id).bytes, user_name=person.email,
        user_display_name=person.name, challenge=challenge_for(parts, f"create/{person.id}"), timeout=GOOD_FOR_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=_bytes(id)) for id in held],
    )  # fmt: skip
    return options_to_json_dict(options)


def _fresh(body: dict[str, Any]) -> Response[dict[str, Any]]:
    return Response(body, status_code=200, headers={"Cache-Control": "no-store"})


router = Router(
    "/",
    route_handlers=[login_options, login, create_options, register, proof_options, list_passkeys, forget_passkey],
)
