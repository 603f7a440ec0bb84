"""Invitations: a role in a building, a place in an organisation, or both, for whoever opens the link first.

By link, by letter or by QR code: it is the same secret, kept as a hash, good once and until it runs out or is taken
back. It gives no more than the one who invites has, then and when it is taken. Whoever takes it is not asked for the
address it was sent to: people log in by another one than the one they are written to.
"""

from __future__ import annotations

import secrets
from typing import Annotated, Any, Literal

import anyio.to_thread
import msgspec
from litestar import Response, Router, delete, get, post

from arxos_sync.catalogue import ROLES
from arxos_sync.change import is_uuid
from arxos_sync.problems import Problem
from arxos_sync.rights import at_least
from arxos_sync.store import Sql

from ..given import Caller, Given, Wanted
from ..listing import Listing, PageAsked, page_of
from ..live.bus import Hint
from ..notifications.letters import write_letter
from ..notifications.preferences import language_of
from ..operations.audit import audited
from ..parts import Parts, instant, new_id, now, now_ms
from ..told import told
from . import callers, grants, letters, links, members, organisations
from .people import NOBODY, Person, granted_role, reading, role_in
from .second import qr_svg
from .tokens import hash_of

INVITES = "manager"  # and above
DAYS = 14
DAYS_MAX = 90
DAY_MS = 24 * 3600 * 1000
BuildingRole = Literal["viewer", "reporter", "technician", "reviewer", "manager", "owner"]
Days = Annotated[int, msgspec.Meta(ge=1, le=DAYS_MAX)]
_EXAMPLE = {
    "id": "0190a000-0000-7000-8000-000000000001", "building": "0190a000-0000-7000-8000-000000000002",
    "organisation_id": None, "role": "technician", "email": None, "invited_by": "0190a000-0000-7000-8000-000000000003",
    "created_at": "2026-01-01T00:00:00.000Z", "expires_at": "2026-01-15T00:00:00.000Z", "state": "open",
    "accepted_by": None,
}  # fmt: skip


class NewInvitation(msgspec.Struct, frozen=True):
    """`email`: a letter goes there. `organisation_id`: one that the caller looks after; who accepts works for it."""

    role: BuildingRole
    email: Annotated[str, msgspec.Meta(max_length=254)] | None = None
    expires_in_days: Days = DAYS
    organisation_id: str | None = None


class NewColleague(msgspec.Struct, frozen=True):
    role: Literal["member", "admin"] = "member"
    email: Annotated[str, msgspec.Meta(max_length=254)] | None = None
    expires_in_days: Days = DAYS


class Invitation(msgspec.Struct, frozen=True, omit_defaults=True):
    """`link` and `qr_svg` are shown once, when it is made: what is kept of them is a hash."""

    id: str
    building: str | None
    organisation_id: str | None
    role: str
    email: str | None
    invited_by: str
    created_at: str
    expires_at: str
    state: str  # open, accepted, revoked, expired
    accepted_by: str | None
    link: str | None = None
    qr_svg: str | None = None


class InvitationPage(msgspec.Struct, frozen=True):
    items: list[Invitation]
    next: str | None
    total: int


class Secret(msgspec.Struct, frozen=True):
    token: Annotated[str, msgspec.Meta(max_length=200)]


class Shown(msgspec.Struct, frozen=True):
    """What somebody who holds the link is told before they take it."""

    building_name: str | None
    organisation: str | None
    role: str
    invited_by: str
    expires_at: str


class Accepted(msgspec.Struct, frozen=True):
    building: str | None
    organisation_id: str | None
    role: str  # what they have now


# ---------------------------------------------------------------- of a building


@post(
    "/api/v1/buildings/{building:str}/invitations", status_code=201, summary="Invite somebody to a building",
    **told("manager", "not_found", "forbidden", "invalid", sent={"role": "technician", "email": "ben@example.org"},
           answered=_EXAMPLE | {"link": "https://arxos.example.org/account/invitation#…", "qr_svg": "<svg …>"}),
)  # fmt: skip
async def invite(parts: Given, person: Caller, building: str, data: NewInvitation) -> Response[Invitation]:
    someone = callers.demand_person(person)
    made = await anyio.to_thread.run_sync(_invite, parts, someone, building, data)
    return Response(made, status_code=201, headers={"Cache-Control": "no-store"})


def _invite(parts: Parts, person: Person, building: str, wanted_: NewInvitation) -> Invitation:
    role, name = _demand_inviter(parts, person, building)
    if not at_least(role, wanted_.role):
        raise Problem("forbidden", f"A {role} does not make a {wanted_.role}.", hint="Ask an owner of the building.")
    with parts.store.tables() as sql:
        if wanted_.organisation_id is not None:
            organisations.demand_admin(sql, person, wanted_.organisation_id)
        return _make(
            parts, sql, person, building, wanted_.organisation_id, wanted_.role, wanted_.email,
            wanted_.expires_in_days, name or "a building",
        )  # fmt: skip


def _demand_inviter(parts: Parts, person: Person, building: str) -> tuple[str, str | None]:
    """The caller's role and the building's name. Raises Problem `not_found`, `forbidden`."""
    if not is_uuid(building):
        raise Problem("not_found", building)
    with parts.store.read(building) as reader:
        role = role_in(reader, person, now())
        if role is None:
            raise Problem("not_found", building)
        if not at_least(role, INVITES):
            raise Problem("forbidden", f"Inviting takes a {INVITES}.")
        return role, _name_of(reader.sql, building)


def _name_of(sql: Sql, building: str) -> str | None:
    found = sql.rows(
        """
        select name
        from building
        where cast(building_id as text) = :building and cast(id as text) = :building
        """,
        building=building,
    )  # fmt: skip
    return found[0]["name"] if found else None


def _make(
    parts: Parts, sql: Sql, person: Person, building: str | None, organisation_id: str | None, role: str,
    email: str | None, days: int, to: str,
) -> Invitation:  # fmt: skip
    address = None if email is None else links.checked(email)
    ms, token, id = now_ms(), secrets.token_urlsafe(32), new_id()
    until = instant(ms + days * DAY_MS)
    sql.run(
        """
        insert into invitation (id, building_id, organisation_id, role, email, token_hash, invited_by, created_at,
          expires_at)
        values (:id, :building, :organisation_id, :role, :email, :hash, :by, :now, :until)
        """,
        id=id, building=building or NOBODY, organisation_id=organisation_id, role=role, email=address,
        hash=hash_of(token), by=person.id, now=instant(ms), until=until,
    )  # fmt: skip
    if address is not None:
        language = language_of(parts, person.id)
        write_letter(sql, address, *letters.invitation(parts, person.name, to, role, token, until, language))
    about = {"invitation": id, "building": building, "organisation": organisation_id, "role": role}
    audited(sql, person.id, "invite", about)
    link = links.address(parts, "account/invitation", token)
    return Invitation(
        id, building, organisation_id, role, address, person.id, instant(ms), until, "open", None, link, qr_svg(link)
    )


@get(
    "/api/v1/buildings/{building:str}/invitations", sync_to_thread=True, summary="A building's invitations",
    **told("manager", "not_found", "forbidden", "invalid", answered={"items": [_EXAMPLE], "next": None, "total": 1}),
)  # fmt: skip
def list_invitations(parts: Given, person: Caller, wanted: Wanted, building: str) -> InvitationPage:
    _demand_inviter(parts, callers.demand_person(person), building)
    return _page(parts, building, None, wanted)


def _page(parts: Parts, building: str, organisation_id: str | None, wanted: PageAsked) -> InvitationPage:
    """Of a building, or those of an organisation that are for no building."""
    with reading(parts.store) as sql:
        found, more, total = page_of(
            sql, _INVITATIONS, wanted, building=building, organisation_id=organisation_id or ""
        )  # fmt: skip
    return InvitationPage([_shown(row) for row in found], more, total)


_INVITATIONS = Listing(
    """
    select id, building_id, organisation_id, role, email, invited_by, created_at, expires_at, accepted_at,
      accepted_by, revoked_at
    from invitation
    where building_id = :building and (:organisation_id = '' or organisation_id = :organisation_id)
    """,
    sorts=("created_at", "expires_at", "email", "role"), searched=("email", "role"),
)  # fmt: skip


def _shown(row: dict[str, Any]) -> Invitation:
    building = None if row["building_id"] == NOBODY else row["building_id"]
    return Invitation(
        row["id"], building, row["organisation_id"], row["role"], row["email"], row["invited_by"],
        row["created_at"], row["expires_at"], _state(row), row["accepted_by"],
    )  # fmt: skip


def _state(row: dict[str, Any]) -> str:
    if row["accepted_at"] is not None:
        return "accepted"
    if row["revoked_at"] is not None:
        return "revoked"
    return "open" if row["expires_at"] > now() else "expired"


@delete(
    "/api/v1/buildings/{building:str}/invitations/{id:str}", status_code=204, summary="Take an invitation back",
    **told("manager", "not_found", "forbidden"),
)  # fmt: skip
async def revoke_invitation(parts: Given, person: Caller, building: str, id: str) -> None:
    someone = callers.demand_person(person)
    await anyio.to_thread.run_sync(_demand_inviter, parts, someone, building)
    await anyio.to_thread.run_sync(_revoke, parts, someone.id, id, building, None)


def _revoke(parts: Parts, by: str, id: str, building: str, organisation_id: str | None) -> None:
    with parts.store.tables() as sql:
        ended = sql.run(
            """
            update invitation
            set revoked_at = :now
            where id = :id and building_id = :building
              and (:organisation_id = '' or organisation_id = :organisation_id)
              and accepted_at is null and revoked_at is null
            """,
            id=id, building=building, organisation_id=organisation_id or "", now=now(),
        )  # fmt: skip
        if not ended:
            raise Problem("not_found", id)
        audited(sql, by, "revoke invitation", {"invitation": id})


# ---------------------------------------------------------------- of an organisation


@post(
    "/api/v1/organisations/{id:str}/invitations", status_code=201, summary="Invite somebody to an organisation",
    **told("self", "not_found", "forbidden", "invalid", sent={"role": "member", "email": "ben@example.org"},
           answered=_EXAMPLE | {"building": None, "role": "member", "link": "https://…", "qr_svg": "<svg …>"}),
)  # fmt: skip
async def invite_colleague(parts: Given, person: Caller, id: str, data: NewColleague) -> Response[Invitation]:
    someone = callers.demand_person(person)
    made = await anyio.to_thread.run_sync(_invite_colleague, parts, someone, id, data)
    return Response(made, status_code=201, headers={"Cache-Control": "no-store"})


def _invite_colleague(parts: Parts, person: Person, id: str, wanted_: NewColleague) -> Invitation:
    with parts.store.tables() as sql:
        name = organisations.demand_admin(sql, person, id)
        return _make(parts, sql, person, None, id, wanted_.role, wanted_.email, wanted_.expires_in_days, name)


@get(
    "/api/v1/organisations/{id:str}/invitations", sync_to_thread=True, summary="An organisation's invitations",
    **told("self", "not_found", "forbidden", "invalid",
           answered={"items": [_EXAMPLE | {"building": None, "role": "member"}], "next": None, "total": 1}),
)  # fmt: skip
def list_colleagues_invited(parts: Given, person: Caller, wanted: Wanted, id: str) -> InvitationPage:
    with reading(parts.store) as sql:
        organisations.demand_admin(sql, callers.demand_person(person), id)
    return _page(parts, NOBODY, id, wanted)


@delete(
    "/api/v1/organisations/{id:str}/invitations/{invitation:str}", status_code=204, summary="Take an invitation back",
    **told("self", "not_found", "forbidden"),
)  # fmt: skip
async def revoke_colleague(parts: Given, person: Caller, id: str, invitation: str) -> None:
    await anyio.to_thread.run_sync(_revoke_colleague, parts, callers.demand_person(person), id, invitation)


def _revoke_colleague(parts: Parts, person: Person, id: str, invitation: str) -> None:
    with reading(parts.store) as sql:
        organisations.demand_admin(sql, person, id)
    _revoke(parts, person.id, invitation, NOBODY, id)


# ---------------------------------------------------------------- taken


def is_good(sql: Sql, token: str) -> bool:
    """Is there an open invitation with this secret?"""
    found = _find(sql, token)
    return found is not None and _state(found) == "open"


def _find(sql: Sql, token: str) -> dict[str, Any] | None:
    found = sql.rows(
        """
        select invitation.id, invitation.building_id, invitation.organisation_id, invitation.role, invitation.email,
          invitation.invited_by, invitation.expires_at, invitation.accepted_at, invitation.accepted_by,
          invitation.revoked_at, "user".name as inviter, "user".is_admin as inviter_is_admin,
          organisation.name as organisation
        from invitation
        join "user" on "user".id = invitation.invited_by and "user".disabled_at is null
        left join organisation on organisation.id = invitation.organisation_id
        where invitation.token_hash = :hash
        """,
        hash=hash_of(token),
    )  # fmt: skip
    return found[0] if token and found else None


@post(
    "/api/v1/invitations/read", status_code=200, sync_to_thread=True, summary="What an invitation's link is for",
    **told("anonymous", "link_spent", "invalid", sent={"token": "…"},
           answered={"building_name": "Harbour House", "organisation": None, "role": "technician",
                     "invited_by": "Ana", "expires_at": "2026-01-15T00:00:00.000Z"}),
)  # fmt: skip
def read_invitation(parts: Given, data: Secret) -> Shown:
    with reading(parts.store) as sql:
        found = _find(sql, data.token)
        if found is None or _state(found) != "open":
            raise Problem("link_spent", "Unknown, used, taken back or too old.")
    name = None
    if found["building_id"] != NOBODY:
        with parts.store.read(found["building_id"]) as reader:
            name = _name_of(reader.sql, found["building_id"])
    return Shown(name, found["organisation"], found["role"], found["inviter"], found["expires_at"])


@post(
    "/api/v1/invitations/accept", status_code=200, summary="Take an invitation",
    **told("person", "link_spent", "invalid", sent={"token": "…"},
           answered={"building": "0190a000-0000-7000-8000-000000000002", "organisation_id": None,
                     "role": "technician"}),
)  # fmt: skip
async def accept(parts: Given, person: Caller, data: Secret) -> Accepted:
    someone = callers.demand_person(person)
    accepted, hint = await anyio.to_thread.run_sync(_accept, parts, someone, data.token)
    if hint is not None:
        await parts.bus.announce(hint)
    await parts.bus.rights_changed(someone.id)
    return accepted


def _accept(parts: Parts, person: Person, token: str) -> tuple[Accepted, Hint | None]:
    with reading(parts.store) as sql:
        found = _find(sql, token)
    if found is None:
        raise Problem("link_spent", "Unknown, used, taken back or too old.")
    if found["building_id"] == NOBODY:
        with parts.store.tables() as sql:
            claimed = _claim(sql, found, person, _still_admin(sql, found))
            organisations.join(sql, person.id, found["organisation_id"], found["role"])
            _tell(sql, found, person, claimed)
        return Accepted(None, found["organisation_id"], found["role"]), None
    with parts.store.write(found["building_id"]) as writer:
        sql = writer.sql
        claimed = _claim(sql, found, person, _may_still_give(sql, found))
        if claimed:
            _give(sql, found, person)
        hint = members.follow(parts, writer, person.id, person.name)
        role = granted_role(sql, person.id, found["building_id"], now())
        _tell(sql, found, person, claimed)
    if role is None:
        raise Problem("link_spent", "What it gave was taken away since.")
    return Accepted(found["building_id"], found["organisation_id"], role), hint


def _claim(sql: Sql, found: dict[str, Any], person: Person, given: bool) -> bool:
    """Take it for this person; False where they took it before. Raises Problem `link_spent`."""
    claimed = given and sql.run(
        """
        update invitation
        set accepted_at = :now, accepted_by = :by
        where id = :id and accepted_at is null and revoked_at is null and expires_at > :now
        """,
        id=found["id"], by=person.id, now=now(),
    )  # fmt: skip
    if claimed:
        return True
    if not sql.rows("select 1 from invitation where id = :id and accepted_by = :by", id=found["id"], by=person.id):
        raise Problem("link_spent", "Unknown, used, taken back or too old.")
    return False


def _tell(sql: Sql, found: dict[str, Any], person: Person, claimed: bool) -> None:
    if claimed:
        audited(sql, person.id, "accept invitation", {"invitation": found["id"], "role": found["role"]})


def _may_still_give(sql: Sql, found: dict[str, Any]) -> bool:
    """Has the one who invited still what it takes?"""
    role = granted_role(sql, found["invited_by"], found["building_id"], now())
    role = "owner" if found["inviter_is_admin"] else role
    enough = at_least(role, INVITES) and at_least(role, found["role"])
    return enough and (found["organisation_id"] is None or _still_admin(sql, found))


def _still_admin(sql: Sql, found: dict[str, Any]) -> bool:
    return organisations.role_at(sql, found["invited_by"], found["organisation_id"]) == "admin"


def _give(sql: Sql, found: dict[str, Any], person: Person) -> None:
    """To the account at its organisation, else to the one they act as. Never less than they had."""
    account = person.account_id or grants.personal_account(sql, person.id)
    if found["organisation_id"] is not None:
        account = organisations.join(sql, person.id, found["organisation_id"], "member")
    had = grants.role_of(sql, account, found["building_id"])
    role = max((one for one in (had, found["role"]) if one), key=ROLES.index)
    grants.grant(sql, person.id, found["building_id"], role, now(), found["invited_by"], account)


router = Router(
    "/",
    route_handlers=[
        invite, list_invitations, revoke_invitation, invite_colleague, list_colleagues_invited, revoke_colleague,
        read_invitation, accept,
    ],
)  # fmt: skip
