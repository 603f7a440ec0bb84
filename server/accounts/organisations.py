"""`/api/v1/organisations`: companies and bodies that people work for, by a professional account each.

A person acts as one of their accounts; a building they make or are invited to is theirs through it. What came through
an organisation goes when the account there ends: the person leaves, or an administrator of the organisation ends it.
"""

from __future__ import annotations

from typing import Literal

import anyio.to_thread
import msgspec
from litestar import Router, delete, get, patch, post

from arxos_sync.problems import Problem
from arxos_sync.store import Sql

from ..given import Caller, Given, Wanted
from ..listing import Listing, page_of
from ..live.bus import Hint
from ..operations.audit import audited
from ..parts import Parts, new_id, now
from ..told import told
from . import callers, grants, members
from .people import Person, reading
from .shown import Name

AtWork = Literal["member", "admin"]
_EXAMPLE = {
    "id": "0190a000-0000-7000-8000-000000000001", "name": "Harbour Facility Services", "role": "admin",
    "account_id": "0190a000-0000-7000-8000-000000000002", "created_at": "2026-01-01T00:00:00.000Z",
}  # fmt: skip
_COLLEAGUE = {
    "account_id": "0190a000-0000-7000-8000-000000000002", "user_id": "0190a000-0000-7000-8000-000000000003",
    "name": "Ana", "role": "admin", "created_at": "2026-01-01T00:00:00.000Z",
}  # fmt: skip


class Named(msgspec.Struct, frozen=True):
    name: Name


class Organisation(msgspec.Struct, frozen=True):
    """With the caller's role and account there."""

    id: str
    name: str
    role: str
    account_id: str
    created_at: str


class OrganisationPage(msgspec.Struct, frozen=True):
    items: list[Organisation]
    next: str | None
    total: int


class Colleague(msgspec.Struct, frozen=True):
    account_id: str
    user_id: str
    name: str
    role: str
    created_at: str


class ColleaguePage(msgspec.Struct, frozen=True):
    items: list[Colleague]
    next: str | None
    total: int


class Place(msgspec.Struct, frozen=True):
    role: AtWork


# ---------------------------------------------------------------- what others ask here


def role_at(sql: Sql, user_id: str, organisation_id: str) -> str | None:
    account = _account(sql, user_id, organisation_id)
    return account[1] if account else None


def demand_admin(sql: Sql, person: Person, organisation_id: str) -> str:
    """The organisation's name. Raises Problem `not_found`, `forbidden`."""
    role = role_at(sql, person.id, organisation_id)
    if role is None:
        raise Problem("not_found", organisation_id)
    if role != "admin":
        raise Problem("forbidden", "That takes an administrator of the organisation.", hint="Ask one of them.")
    return _name(sql, organisation_id)


def join(sql: Sql, user_id: str, organisation_id: str, role: str) -> str:
    """The person's account there, made where there is none; a role is never lowered by joining again."""
    account = _account(sql, user_id, organisation_id)
    if account is None:
        id = new_id()
        sql.run(
            """
            insert into account (id, user_id, kind, organisation_id, role, created_at)
            values (:id, :user_id, 'professional', :organisation_id, :role, :now)
            """,
            id=id, user_id=user_id, organisation_id=organisation_id, role=role, now=now(),
        )  # fmt: skip
        return id
    if role == "admin" and account[1] != "admin":
        sql.run("update account set role = 'admin' where id = :id", id=account[0])
    return account[0]


def _account(sql: Sql, user_id: str, organisation_id: str) -> tuple[str, str] | None:
    found = sql.rows(
        """
        select id, role
        from account
        where user_id = :user_id and organisation_id = :organisation_id and ended_at is null
        """,
        user_id=user_id, organisation_id=organisation_id,
    )  # fmt: skip
    return (found[0]["id"], found[0]["role"] or "member") if found else None


def _name(sql: Sql, organisation_id: str) -> str:
    return str(sql.rows("select name from organisation where id = :id", id=organisation_id)[0]["name"])


# ---------------------------------------------------------------- the organisation


@post(
    "/api/v1/organisations", status_code=201, sync_to_thread=True, summary="Found an organisation",
    **told("person", "invalid", sent={"name": "Harbour Facility Services"}, answered=_EXAMPLE),
)  # fmt: skip
def found_organisation(parts: Given, person: Caller, data: Named) -> Organisation:
    someone, id = callers.demand_person(person), new_id()
    with parts.store.tables() as sql:
        sql.run(
            "insert into organisation (id, name, created_at) values (:id, :name, :now)",
            id=id, name=data.name.strip(), now=now(),
        )  # fmt: skip
        join(sql, someone.id, id, "admin")
        audited(sql, someone.id, "found organisation", {"organisation": id})
        return _mine(sql, someone, id)


def _mine(sql: Sql, person: Person, id: str) -> Organisation:
    found = sql.rows(
        """
        select organisation.id, organisation.name, account.role, account.id as account_id, organisation.created_at
        from organisation
        join account on account.organisation_id = organisation.id
        where organisation.id = :id and account.user_id = :user_id and account.ended_at is null
        """,
        id=id, user_id=person.id,
    )  # fmt: skip
    if not found:
        raise Problem("not_found", id)
    return Organisation(**found[0])


@get(
    "/api/v1/organisations", sync_to_thread=True, summary="The organisations one works for",
    **told("person", "invalid", answered={"items": [_EXAMPLE], "next": None, "total": 1}),
)  # fmt: skip
def list_organisations(parts: Given, person: Caller, wanted: Wanted) -> OrganisationPage:
    someone = callers.demand_person(person)
    with reading(parts.store) as sql:
        found, more, total = page_of(sql, _ORGANISATIONS, wanted, user_id=someone.id)
    return OrganisationPage([Organisation(**row) for row in found], more, total)


_ORGANISATIONS = Listing(
    """
    select organisation.id, organisation.name, account.role, account.id as account_id, organisation.created_at
    from organisation
    join account on account.organisation_id = organisation.id
    where account.user_id = :user_id and account.ended_at is null
    """,
    sorts=("created_at", "name", "role"), searched=("name",),
)  # fmt: skip


@get(
    "/api/v1/organisations/{id:str}", sync_to_thread=True, summary="An organisation one works for",
    **told("person", "not_found", answered=_EXAMPLE),
)  # fmt: skip
def get_organisation(parts: Given, person: Caller, id: str) -> Organisation:
    with reading(parts.store) as sql:
        return _mine(sql, callers.demand_person(person), id)


@patch(
    "/api/v1/organisations/{id:str}", summary="Call an organisation otherwise",
    **told("self", "not_found", "forbidden", "invalid", sent={"name": "Harbour Services"}, answered=_EXAMPLE),
)  # fmt: skip
async def rename_organisation(parts: Given, person: Caller, id: str, data: Named) -> Organisation:
    someone = callers.demand_person(person)
    renamed, hints = await anyio.to_thread.run_sync(_rename, parts, someone, id, data.name.strip())
    for hint in hints:
        await parts.bus.announce(hint)
    return renamed


def _rename(parts: Parts, person: Person, id: str, name: str) -> tuple[Organisation, list[Hint]]:
    with parts.store.tables() as sql:
        demand_admin(sql, person, id)
        sql.run("update organisation set name = :name where id = :id", name=name, id=id)
        renamed = _mine(sql, person, id)
        shown = sql.rows(
            """
            select account_grant.building_id, account.user_id, "user".name
            from account_grant
            join account on account.id = account_grant.account_id
            join "user" on "user".id = account.user_id
            where account.organisation_id = :id and account.ended_at is null
            """,
            id=id,
        )
        audited(sql, person.id, "rename organisation", {"organisation": id})
    hints = [h for row in shown for h in members.follow_all(parts, row["user_id"], row["name"], [row["building_id"]])]
    return renamed, hints


# ---------------------------------------------------------------- who works there


@get(
    "/api/v1/organisations/{id:str}/members", sync_to_thread=True, summary="Who works for an organisation",
    **told("person", "not_found", "invalid", answered={"items": [_COLLEAGUE], "next": None, "total": 1}),
)  # fmt: skip
def list_members(parts: Given, person: Caller, wanted: Wanted, id: str) -> ColleaguePage:
    someone = callers.demand_person(person)
    with reading(parts.store) as sql:
        _mine(sql, someone, id)
        found, more, total = page_of(sql, _COLLEAGUES, wanted, organisation=id)
    shown = [Colleague(r["id"], r["user_id"], r["name"], r["role"], r["created_at"]) for r in found]
    return ColleaguePage(shown, more, total)


_COLLEAGUES = Listing(
    """
    select account.id, account.user_id, "user".name, account.role, account.created_at
    from account
    join "user" on "user".id = account.user_id
    where account.organisation_id = :organisation and account.ended_at is null
    """,
    sorts=("created_at", "name", "role"), searched=("name", "role"),
)  # fmt: skip


@patch(
    "/api/v1/organisations/{id:str}/members/{account_id:str}", sync_to_thread=True,
    summary="Make somebody member or administrator",
    **told("self", "not_found", "forbidden", "sole_owner", "invalid", sent={"role": "admin"}, answered=_COLLEAGUE),
)  # fmt: skip
def place_member(parts: Given, person: Caller, id: str, account_id: str, data: Place) -> Colleague:
    someone = callers.demand_person(person)
    with parts.store.tables() as sql:
        demand_admin(sql, someone, id)
        member = _member(sql, id, account_id)
        if data.role == "member":
            _demand_other_admin(sql, id, account_id, alone_too=True)
        sql.run("update account set role = :role where id = :id", role=data.role, id=account_id)
        told_ = {"organisation": id, "person": member.user_id, "role": data.role}
        audited(sql, someone.id, "place member", told_)
    return msgspec.structs.replace(member, role=data.role)


def _member(sql: Sql, id: str, account_id: str) -> Colleague:
    found = sql.rows(
        """
        select account.id as account_id, account.user_id, "user".name, account.role, account.created_at
        from account
        join "user" on "user".id = account.user_id
        where account.id = :account_id and account.organisation_id = :id and account.ended_at is null
        """,
        account_id=account_id, id=id,
    )  # fmt: skip
    if not found:
        raise Problem("not_found", account_id)
    return Colleague(**found[0])


def _demand_other_admin(sql: Sql, id: str, account_id: str, alone_too: bool = False) -> None:
    """Raises Problem `sole_owner` where others would be left without one (`alone_too`: where nobody would be one)."""
    others = sql.rows(
        """
        select role
        from account
        where organisation_id = :id and ended_at is null and id <> :account_id
        """,
        id=id, account_id=account_id,
    )  # fmt: skip
    if (others or alone_too) and not any(row["role"] == "admin" for row in others):
        raise Problem("sole_owner", f"{_name(sql, id)} has no other administrator.")


@delete(
    "/api/v1/organisations/{id:str}/members/{account_id:str}", status_code=204,
    summary="Leave an organisation, or let somebody go", **told("person", "not_found", "forbidden", "sole_owner"),
)  # fmt: skip
async def end_member(parts: Given, person: Caller, id: str, account_id: str) -> None:
    someone = callers.demand_person(person)
    user_id, hints = await anyio.to_thread.run_sync(_end, parts, someone, id, account_id)
    for hint in hints:
        await parts.bus.announce(hint)
    await parts.bus.rights_changed(user_id)


def _end(parts: Parts, person: Person, id: str, account_id: str) -> tuple[str, list[Hint]]:
    with parts.store.tables() as sql:
        _mine(sql, person, id)
        leaving = _member(sql, id, account_id)
        if leaving.user_id != person.id:
            demand_admin(sql, person, id)
        _demand_other_admin(sql, id, account_id)
        orphans = grants.solely_owned(parts.store, sql, leaving.user_id, now(), account_id)
        if orphans:
            raise Problem("sole_owner", f"Nobody else owns {', '.join(orphans)}.")
        buildings = end_account(sql, leaving.user_id, account_id)
        audited(sql, person.id, "end member", {"organisation": id, "person": leaving.user_id, "buildings": buildings})
    return leaving.user_id, members.follow_all(parts, leaving.user_id, leaving.name, buildings)


def end_account(sql: Sql, user_id: str, account_id: str) -> list[str]:
    """End it with the roles that came through it; answers the buildings they were in."""
    held = sql.rows("select building_id from account_grant where account_id = :id", id=account_id)
    sql.run("update account set ended_at = :now where id = :id", id=account_id, now=now())
    sql.run("delete from account_grant where account_id = :id", id=account_id)
    buildings = [str(row["building_id"]) for row in held]
    for building in buildings:
        grants.settle(sql, user_id, building, now())
    return buildings


def demand_may_leave(sql: Sql, user_id: str) -> None:
    """Raises Problem `sole_owner` where an organisation's other people had no administrator without this one."""
    for row in sql.rows(
        """
        select id, organisation_id
        from account
        where user_id = :user_id and kind = 'professional' and ended_at is null and role = 'admin'
        """,
        user_id=user_id,
    ):
        _demand_other_admin(sql, row["organisation_id"], row["id"])


router = Router(
    "/",
    route_handlers=[
        found_organisation, list_organisations, get_organisation, rename_organisation, list_members, place_member,
        end_member,
    ],
)  # fmt: skip
