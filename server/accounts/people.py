"""People and what they may enter: rows of `user`, `account` and `grant`."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Collection, Iterator
from typing import Any, LiteralString

import msgspec

from arxos_sync.problems import Problem
from arxos_sync.store import ScopeReader, ServerStore, Sql

from ..parts import new_id

NOBODY = "00000000-0000-0000-0000-000000000000"
_COLOURS = ("#0b6e4f", "#8f2d56", "#1d4e89", "#b85c00", "#5f3dc4", "#00707f", "#7a4f01", "#a61e4d")


_LOT_SIZE = 100
LOT: LiteralString = ", ".join(f":one{place}" for place in range(_LOT_SIZE))  # of ids, in a statement


class Person(msgspec.Struct, frozen=True):
    id: str
    email: str
    name: str
    is_admin: bool
    session_id: str = ""  # none of one who came by an API token
    account_id: str = ""  # the professional account they act as; none: the personal one


@contextlib.contextmanager
def reading(store: ServerStore) -> Iterator[Sql]:
    """The server's own tables, to look things up: unlike `store.tables()` it waits for no writer."""
    with store.read(f"user:{NOBODY}") as reader:
        yield reader.sql


def in_lots(ids: Collection[str]) -> Iterator[dict[str, str]]:
    """The parameters of `LOT`, as often as that many ids need; the last lot is filled up with one of its own."""
    listed = sorted(ids)
    for begin in range(0, len(listed), _LOT_SIZE):
        some = listed[begin : begin + _LOT_SIZE]
        yield {f"one{place}": some[min(place, len(some) - 1)] for place in range(_LOT_SIZE)}


def person_of(row: dict[str, Any], session_id: str = "") -> Person:
    account_id = str(row.get("account_id") or "")
    return Person(str(row["id"]), row["email"], row["name"], bool(row["is_admin"]), session_id, account_id)


def colour_of(user_id: str) -> str:
    return _COLOURS[hashlib.sha256(user_id.encode()).digest()[0] % len(_COLOURS)]


def find_by_email(sql: Sql, email: str) -> dict[str, Any] | None:
    found = sql.rows(
        """
        select id, email, name, is_admin, password_hash, confirmed_at, totp_at
        from "user"
        where email = :email and disabled_at is null
        """,
        email=email.strip().lower(),
    )
    return found[0] if found else None


def is_taken(sql: Sql, email: str) -> bool:
    """Has the address a person, be it one who may not log in?"""
    return bool(sql.rows('select 1 from "user" where email = :email', email=email.strip().lower()))


def create(sql: Sql, email: str, name: str, password_hash: str | None, is_admin: bool, now: str) -> str:
    """A new person with their personal account; answers the id. Raises Problem `invalid` (address taken)."""
    if is_taken(sql, email):
        raise Problem("invalid", f"{email} has a person already")
    user_id = new_id()
    sql.run(
        """
        insert into "user" (id, email, name, password_hash, is_admin, colour, created_at)
        values (:id, :email, :name, :password_hash, :is_admin, :colour, :now)
        """,
        id=user_id, email=email.strip().lower(), name=name, password_hash=password_hash,
        is_admin=int(is_admin), colour=colour_of(user_id), now=now,
    )  # fmt: skip
    sql.run(
        """
        insert into account (id, user_id, kind, created_at)
        values (:id, :user_id, 'personal', :now)
        """,
        id=new_id(), user_id=user_id, now=now,
    )  # fmt: skip
    return user_id


def accounts_of(sql: Sql, user_id: str) -> list[dict[str, Any]]:
    return sql.rows(
        """
        select account.id, account.kind, account.role, account.organisation_id, organisation.name as organisation
        from account
        left join organisation on organisation.id = account.organisation_id
        where account.user_id = :user_id and account.ended_at is null
        order by account.created_at, account.id
        """,
        user_id=user_id,
    )


def granted_to(sql: Sql, user_id: str, now: str) -> dict[str, str]:
    """Building → role, of the grants that count now."""
    rows = sql.rows(
        """
        select building_id, role
        from "grant"
        where user_id = :user_id and (until is null or until > :now)
        """,
        user_id=user_id, now=now,
    )  # fmt: skip
    return {str(row["building_id"]): row["role"] for row in rows}


_GRANTED_AMONG: LiteralString = f"""
    select user_id, building_id
    from "grant"
    where user_id in ({LOT}) and (until is null or until > :now)
    """


def granted_among(sql: Sql, user_ids: Collection[str], now: str) -> set[tuple[str, str]]:
    """(person, building) of the grants that count now."""
    return {
        (str(row["user_id"]), str(row["building_id"]))
        for some in in_lots(user_ids)
        for row in sql.rows(_GRANTED_AMONG, now=now, **some)
    }


def granted_role(sql: Sql, user_id: str, building_id: str, now: str) -> str | None:
    rows = sql.rows(
        """
        select role
        from "grant"
        where user_id = :user_id and building_id = :building_id and (until is null or until > :now)
        """,
        user_id=user_id, building_id=building_id, now=now,
    )  # fmt: skip
    return rows[0]["role"] if rows else None


def is_admin(sql: Sql, user_id: str) -> bool:
    return bool(sql.rows('select 1 as found from "user" where id = :id and is_admin = 1', id=user_id))


def role_in(reader: ScopeReader, person: Person | None, now: str) -> str | None:
    """The caller's role in the reader's scope, read in its transaction; None where it is none of theirs."""
    scope = reader.scope
    if scope.startswith("user:"):
        return "owner" if person is not None and scope == f"user:{person.id}" else None
    if person is not None:
        role = granted_role(reader.sql, person.id, scope, now)
        if role or (person.is_admin and reader.head().sequence > 0):
            return "owner" if person.is_admin else role
    return "anonymous" if _is_public(reader) else None


def _is_public(reader: ScopeReader) -> bool:
    if reader.head().sequence == 0:
        return False
    rows = reader.leaf_rows("building", [int(reader.scope[-2:], 16)])
    return any(row.id == reader.scope and row.values.get("visibility") == "public" for row in rows)


def first_admin(sql: Sql) -> dict[str, Any] | None:
    found = sql.rows(
        """
        select id, email, name, is_admin
        from "user"
        where is_admin = 1 and disabled_at is null
        order by created_at, id
        limit 1
        """
    )
    return found[0] if found else None


def count(sql: Sql) -> int:
    return int(sql.rows('select count(*) as people from "user"')[0]["people"])
