"""Coming in and coming back: `/api/v1/auth/{register,confirm,reset,…}`, and a new password or address.

Nobody is told whether an address has a person: registering and resetting answer the same, and what there is to say goes
to the address by letter. A password is chosen where the mailed link is opened, so nobody sits in an account that they
made for somebody else's address.
"""

from __future__ import annotations

from typing import Annotated

import anyio.to_thread
import msgspec
from litestar import Response, Router, post, put

from arxos_sync.problems import Problem

from ..given import Caller, Given
from ..notifications.letters import write_letter
from ..notifications.preferences import LANGUAGE, language_of, spoken
from ..operations.audit import audited
from ..parts import Parts, now
from ..told import told
from . import callers, invitations, letters, links, people, revoking
from .opening import OPENED_EXAMPLE, AnyRequest, Opened, open_session
from .people import Person
from .proof import Password, Proof, check_password, prove
from .shown import Name

Address = Annotated[str, msgspec.Meta(max_length=254)]
Secret = Annotated[str, msgspec.Meta(max_length=200)]


class Registration(msgspec.Struct, frozen=True):
    """`invitation`: the secret of an invitation's link, where the server asks for one."""

    email: Address
    name: Name
    invitation: Secret = ""


class Sent(msgspec.Struct, frozen=True):
    detail: str = "If there is anything to say, a letter is on its way to that address."


class Confirmation(msgspec.Struct, frozen=True):
    token: Secret
    password: Password


class Forgotten(msgspec.Struct, frozen=True):
    email: Address


class Opening(msgspec.Struct, frozen=True):
    token: Secret


class NewPassword(Proof, frozen=True, kw_only=True):
    new_password: Password


class NewAddress(Proof, frozen=True, kw_only=True):
    email: Address


_SENT = {"detail": Sent().detail}


# ---------------------------------------------------------------- registering


@post(
    "/api/v1/auth/register", status_code=202, summary="Ask for a login; a letter brings the link that makes it",
    **told("anonymous", "invalid", "registration_closed", sent={"email": "ana@example.org", "name": "Ana"},
           answered=_SENT),
)  # fmt: skip
async def register(request: AnyRequest, parts: Given, data: Registration) -> Sent:
    address, said = links.checked(data.email), request.headers.get("accept-language", "")
    await anyio.to_thread.run_sync(_register, parts, address, data.name.strip(), data.invitation, spoken(said))
    return Sent()


def _language_at(parts: Parts, address: str) -> str | None:
    """Of who has the address already."""
    with people.reading(parts.store) as sql:
        known = people.find_by_email(sql, address)
    return known and language_of(parts, known["id"])


def _register(parts: Parts, address: str, name: str, invitation: str, language: str) -> None:
    theirs = _language_at(parts, address) or language
    with parts.store.tables() as sql:
        _demand_open(parts, invitations.is_good(sql, invitation))
        links.forget_strays(sql)
        known = people.find_by_email(sql, address)
        if known is not None and known["password_hash"] is not None:
            token = links.make(sql, known["id"], "reset", address)
            if token is not None:
                write_letter(sql, address, *letters.known_already(parts, known["name"], token, theirs))
            return
        if known is None and people.is_taken(sql, address):
            return
        id = known["id"] if known else people.create(sql, address, name, None, False, now())
        token = links.make(sql, id, "confirm", address)
        if token is not None:
            sql.run('update "user" set name = :name where id = :id', name=name, id=id)
            write_letter(sql, address, *letters.welcome(parts, token, language))


def _demand_open(parts: Parts, invited: bool) -> None:
    match parts.settings.registration:
        case "closed":
            raise Problem("registration_closed", "Logins are made by its administrator.")
        case "invited" if not invited:
            raise Problem("registration_closed", "A login is made for who was invited.")


@post(
    "/api/v1/auth/confirm", status_code=200, summary="Open the mailed link: choose a password and be logged in",
    **told("anonymous", "invalid", "link_spent", sent={"token": "…", "password": "…"}, answered=OPENED_EXAMPLE),
)  # fmt: skip
async def confirm(request: AnyRequest, parts: Given, data: Confirmation) -> Response[Opened]:
    check_password(data.password)
    hashed = await parts.passwords.made(data.password)
    person = await anyio.to_thread.run_sync(_confirm, parts, data.token, hashed)
    return await open_session(request, parts, person)


def _confirm(parts: Parts, token: str, hashed: str) -> Person:
    with parts.store.tables() as sql:
        link = links.use(sql, token, "confirm")
        sql.run(
            'update "user" set password_hash = :hash, confirmed_at = :now where id = :id',
            hash=hashed, now=now(), id=link["user_id"],
        )  # fmt: skip
        found = people.find_by_email(sql, link["email"])
        if found is None or found["id"] != link["user_id"]:
            raise Problem("link_spent", "The address has changed since.")
        audited(sql, found["id"], "confirm person", {"person": found["id"]})
        return people.person_of(found)


# ---------------------------------------------------------------- a forgotten password


@post(
    "/api/v1/auth/reset", status_code=202, summary="Ask for a letter by which a new password is chosen",
    **told("anonymous", "invalid", sent={"email": "ana@example.org"}, answered=_SENT),
)  # fmt: skip
async def reset(parts: Given, data: Forgotten) -> Sent:
    await anyio.to_thread.run_sync(_reset, parts, links.checked(data.email))
    return Sent()


def _reset(parts: Parts, address: str) -> None:
    language = _language_at(parts, address) or LANGUAGE
    with parts.store.tables() as sql:
        links.forget_old(sql)  # so that there is something to write where nobody is known, too
        known = people.find_by_email(sql, address)
        token = links.make(sql, known["id"], "reset", address) if known else None
        if known is not None and token is not None:
            write_letter(sql, address, *letters.forgotten(parts, known["name"], token, language))


@post(
    "/api/v1/auth/reset/confirm", status_code=204, summary="Open the mailed link: a new password; every session ends",
    **told("anonymous", "invalid", "link_spent", sent={"token": "…", "password": "…"}),
)  # fmt: skip
async def confirm_reset(parts: Given, data: Confirmation) -> None:
    check_password(data.password)
    hashed = await parts.passwords.made(data.password)
    ended = await anyio.to_thread.run_sync(_confirm_reset, parts, data.token, hashed)
    await revoking.tell_ended(parts, ended)


def _confirm_reset(parts: Parts, token: str, hashed: str) -> list[str]:
    with parts.store.tables() as sql:
        link = links.use(sql, token, "reset")
        found = people.find_by_email(sql, link["email"])
        if found is None or found["id"] != link["user_id"]:
            raise Problem("link_spent", "The address has changed since.")
        sql.run(
            'update "user" set confirmed_at = coalesce(confirmed_at, :now) where id = :id', now=now(), id=found["id"]
        )  # fmt: skip
        return _set_password(parts, sql, people.person_of(found), hashed, "reset password")


# ---------------------------------------------------------------- a new password, a new address


@put(
    "/api/v1/me/password", status_code=204, summary="Another password; one's other sessions end",
    **told("self", "forbidden", "not_proven", "invalid", sent={"password": "…", "new_password": "…"}),
)  # fmt: skip
async def change_password(parts: Given, person: Caller, data: NewPassword) -> None:
    someone = callers.demand_session(person)
    check_password(data.new_password)
    await prove(parts, someone, data)
    hashed = await parts.passwords.made(data.new_password)
    ended = await anyio.to_thread.run_sync(_change_password, parts, someone, hashed)
    await revoking.tell_ended(parts, ended)


def _change_password(parts: Parts, person: Person, hashed: str) -> list[str]:
    with parts.store.tables() as sql:
        return _set_password(parts, sql, person, hashed, "change password")


def _set_password(parts: Parts, sql: people.Sql, person: Person, hashed: str, act: str) -> list[str]:
    """Answers the sessions that have ended: all but the one it is done in."""
    sql.run('update "user" set password_hash = :hash where id = :id', hash=hashed, id=person.id)
    links.end(sql, person.id, "reset")
    links.end(sql, person.id, "change")  # asked for by who knew the former one
    write_letter(sql, person.email, *letters.password_changed(person.name, language_of(parts, person.id)))
    ended = parts.sessions.end_all(sql, person.id, but=person.session_id)
    audited(sql, person.id, act, {"person": person.id, "sessions": ended})
    return ended


@post(
    "/api/v1/me/email", status_code=202, summary="Another address; it counts once its mailed link was opened",
    **told("self", "forbidden", "not_proven", "invalid", sent={"password": "…", "email": "ana@example.net"},
           answered=_SENT),
)  # fmt: skip
async def change_address(parts: Given, person: Caller, data: NewAddress) -> Sent:
    someone, address = callers.demand_session(person), links.checked(data.email)
    await prove(parts, someone, data)
    await anyio.to_thread.run_sync(_ask_new_address, parts, someone, address)
    return Sent()


def _ask_new_address(parts: Parts, person: Person, address: str) -> None:
    language, whose = language_of(parts, person.id), _language_at(parts, address) or LANGUAGE
    with parts.store.tables() as sql:
        if people.is_taken(sql, address):
            write_letter(sql, address, *letters.address_taken(whose))
            return
        token = links.make(sql, person.id, "change", address)
        if token is not None:
            write_letter(sql, address, *letters.new_address(parts, person.name, token, language))


@post(
    "/api/v1/auth/email", status_code=204, summary="Open the mailed link: the new address counts",
    **told("anonymous", "invalid", "link_spent", sent={"token": "…"}),
)  # fmt: skip
async def confirm_address(parts: Given, data: Opening) -> None:
    await anyio.to_thread.run_sync(_confirm_address, parts, data.token)


def _confirm_address(parts: Parts, token: str) -> None:
    with parts.store.tables() as sql:
        link = links.use(sql, token, "change")
        if people.is_taken(sql, link["email"]):
            raise Problem("link_spent", "Somebody has that address by now.")
        former = sql.rows('select email, name from "user" where id = :id', id=link["user_id"])[0]
        sql.run(
            'update "user" set email = :email, confirmed_at = :now where id = :id',
            email=link["email"], now=now(), id=link["user_id"],
        )  # fmt: skip
        links.end(sql, link["user_id"], "reset")  # what went to the former address lets nobody in any more
        language = language_of(parts, str(link["user_id"]))
        write_letter(sql, former["email"], *letters.address_changed(former["name"], language))
        audited(sql, link["user_id"], "change address", {"person": link["user_id"]})


router = Router(
    "/",
    route_handlers=[register, confirm, reset, confirm_reset, change_password, change_address, confirm_address],
)
