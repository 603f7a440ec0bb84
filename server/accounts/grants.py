"""Roles by account, and the one a person has of them: the highest.

Each account of a person may have a role in a building (`account_grant`). What counts everywhere is their row of
`grant`, which `settle` makes of these, so that the roles that came through an organisation go when the account there
ends.
"""

from __future__ import annotations

from typing import Any

import msgspec

from arxos_sync.catalogue import ROLES
from arxos_sync.store import ServerStore, Sql


class Granted(msgspec.Struct, frozen=True):
    """What a person has in a building, and the organisation it came through."""

    role: str
    organisation: str | None = None


def grant(
    sql: Sql, user_id: str, building_id: str, role: str, now: str, by: str | None = None, account_id: str | None = None
) -> Granted | None:
    """Give an account a role, in place of the one it had; without an account that lives, the personal one."""
    account = account_id if account_id and _lives(sql, user_id, account_id) else personal_account(sql, user_id)
    sql.run(
        """
        insert into account_grant (account_id, building_id, role, invited_by, created_at)
        values (:account_id, :building_id, :role, :by, :now)
        on conflict (account_id, building_id)
        do update set role = excluded.role, until = null
        """,
        account_id=account, building_id=building_id, role=role, by=by, now=now,
    )  # fmt: skip
    return settle(sql, user_id, building_id, now)


def ungrant(sql: Sql, user_id: str, building_id: str) -> None:
    """Take away what all accounts of the person have there."""
    sql.run(
        """
        delete from account_grant
        where building_id = :building_id and account_id in (select id from account where user_id = :user_id)
        """,
        user_id=user_id, building_id=building_id,
    )  # fmt: skip
    _drop(sql, user_id, building_id)


def settle(sql: Sql, user_id: str, building_id: str, now: str) -> Granted | None:
    """Make the person's row of `grant` what their accounts have; answers it."""
    held = held_by(sql, user_id, building_id, now)
    if not held:
        _drop(sql, user_id, building_id)
        return None
    best = max(held, key=lambda row: ROLES.index(row["role"]))
    sql.run(
        """
        insert into "grant" (user_id, building_id, role, invited_by, created_at, until, account_id)
        values (:user_id, :building_id, :role, :by, :at, :until, :account_id)
        on conflict (user_id, building_id)
        do update set role = excluded.role, until = excluded.until, account_id = excluded.account_id
        """,
        user_id=user_id, building_id=building_id, role=best["role"], by=best["invited_by"], at=best["created_at"],
        until=best["until"], account_id=best["account_id"],
    )  # fmt: skip
    return Granted(best["role"], best["organisation"])


def held_by(sql: Sql, user_id: str, building_id: str, now: str) -> list[dict[str, Any]]:
    """The roles that count now, by account; the personal one first."""
    return sql.rows(
        """
        select account_grant.account_id, account_grant.role, account_grant.invited_by, account_grant.created_at,
          account_grant.until, organisation.name as organisation
        from account_grant
        join account on account.id = account_grant.account_id
        left join organisation on organisation.id = account.organisation_id
        where account.user_id = :user_id
          and account.ended_at is null
          and account_grant.building_id = :building_id
          and (account_grant.until is null or account_grant.until > :now)
        order by account.created_at, account.id
        """,
        user_id=user_id, building_id=building_id, now=now,
    )  # fmt: skip


def role_of(sql: Sql, account_id: str, building_id: str) -> str | None:
    found = sql.rows(
        """
        select role
        from account_grant
        where account_id = :account_id and building_id = :building_id
        """,
        account_id=account_id, building_id=building_id,
    )  # fmt: skip
    return found[0]["role"] if found else None


def account_in(sql: Sql, user_id: str, building_id: str) -> str | None:
    """The account through which the person has their role there."""
    found = sql.rows(
        """
        select account_id
        from "grant"
        where user_id = :user_id and building_id = :building_id
        """,
        user_id=user_id, building_id=building_id,
    )  # fmt: skip
    return found[0]["account_id"] if found else None


def organisation_of(sql: Sql, user_id: str, account_id: str) -> str | None:
    """The name of the one that an account of the person is at, while that lives."""
    found = sql.rows(
        """
        select organisation.name
        from account
        join organisation on organisation.id = account.organisation_id
        where account.id = :id and account.user_id = :user_id and account.ended_at is null
        """,
        id=account_id, user_id=user_id,
    )  # fmt: skip
    return found[0]["name"] if found else None


def personal_account(sql: Sql, user_id: str) -> str:
    found = sql.rows("select id from account where user_id = :user_id and kind = 'personal'", user_id=user_id)
    return str(found[0]["id"])


def _lives(sql: Sql, user_id: str, account_id: str) -> bool:
    """A session may be believed to act as an account for a moment after that has ended."""
    return bool(
        sql.rows(
            "select 1 as found from account where id = :id and user_id = :user_id and ended_at is null",
            id=account_id, user_id=user_id,
        )
    )  # fmt: skip


def _drop(sql: Sql, user_id: str, building_id: str) -> None:
    sql.run(
        """
        delete from "grant"
        where user_id = :user_id and building_id = :building_id
        """,
        user_id=user_id, building_id=building_id,
    )  # fmt: skip


# ---------------------------------------------------------------- who else could look after it


_SOLE = """
    select mine.building_id
    from "grant" mine
    where mine.user_id = :user_id
      and mine.role = 'owner'
      and not exists (
        select 1
        from "grant" theirs
        where theirs.building_id = mine.building_id and theirs.role = 'owner' and theirs.user_id <> mine.user_id
          and (theirs.until is null or theirs.until > :now)
      )
    """
_LIVING = """
    select name
    from building
    where cast(building_id as text) = :building and cast(id as text) = :building and deleted is null
    """


def solely_owned(store: ServerStore, sql: Sql, user_id: str, now: str, account_id: str | None = None) -> list[str]:
    """Names of the living buildings that had no owner without this person; or without that account of theirs."""
    sole = [str(row["building_id"]) for row in sql.rows(_SOLE, user_id=user_id, now=now)]
    if account_id is not None:
        sole = [building for building in sole if _owns_by(sql, user_id, building, now) == {account_id}]
    if not sole:
        return []
    with store.across() as everywhere:
        found = [(building, everywhere.rows(_LIVING, building=building)) for building in sole]
    return sorted(rows[0]["name"] or building for building, rows in found if rows)


def _owns_by(sql: Sql, user_id: str, building_id: str, now: str) -> set[str]:
    held = held_by(sql, user_id, building_id, now)
    return {str(row["account_id"]) for row in held if row["role"] == "owner"}
