"""Mailed links: random, kept as hashes, good once and for a while. What they are for stands in `purpose`.

The secret stands behind the `#` of the address, so that no server between and no log sees it.
"""

from __future__ import annotations

import re
import secrets
from typing import Any, Literal

from arxos_sync.problems import Problem, Unreadable
from arxos_sync.store import Sql

from ..parts import Parts, instant, new_id, now_ms
from .tokens import hash_of

Purpose = Literal["confirm", "reset", "change"]
HOUR_MS = 3600 * 1000
GOOD_FOR_MS = {"confirm": 72 * HOUR_MS, "reset": HOUR_MS, "change": 24 * HOUR_MS}
PER_HOUR_MAX = 5  # letters to one person
HERE = "http://127.0.0.1:8000"  # where `arxos serve` is when nothing else is said
_ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]\\]+@[^@\s<>,;:\"()\[\]\\]+\Z")


def checked(email: str) -> str:
    """An e-mail address as it is kept. Raises Problem `invalid`."""
    address = email.strip().lower()
    if not _ADDRESS.match(address):
        raise Unreadable([("$.email", "it is no e-mail address")])
    return address


def address(parts: Parts, page: str, token: str) -> str:
    return f"{(parts.settings.public_url or HERE).rstrip('/')}/{page}#{token}"


def make(sql: Sql, user_id: str, purpose: Purpose, email: str) -> str | None:
    """A new secret; None where the person was written to too often of late."""
    ms, token = now_ms(), secrets.token_urlsafe(32)
    forget_old(sql)
    recent = sql.rows(
        "select count(*) as links from mailed_link where user_id = :user_id and created_at > :since",
        user_id=user_id, since=instant(ms - HOUR_MS),
    )  # fmt: skip
    if recent[0]["links"] >= PER_HOUR_MAX:
        return None
    sql.run(
        """
        insert into mailed_link (id, user_id, purpose, email, token_hash, created_at, expires_at)
        values (:id, :user_id, :purpose, :email, :hash, :now, :until)
        """,
        id=new_id(), user_id=user_id, purpose=purpose, email=email, hash=hash_of(token),
        now=instant(ms), until=instant(ms + GOOD_FOR_MS[purpose]),
    )  # fmt: skip
    return token


def use(sql: Sql, token: str, purpose: Purpose) -> dict[str, Any]:
    """Whose link it is and where it was sent; it and its like count no more. Raises Problem `link_spent`."""
    at = instant(now_ms())
    taken = sql.run(
        """
        update mailed_link
        set used_at = :now
        where token_hash = :hash and purpose = :purpose and used_at is null and expires_at > :now
        """,
        hash=hash_of(token), purpose=purpose, now=at,
    )  # fmt: skip
    if not taken:
        raise Problem("link_spent", "Unknown, used or too old.")
    found = sql.rows("select user_id, email from mailed_link where token_hash = :hash", hash=hash_of(token))[0]
    end(sql, found["user_id"], purpose)
    return found


def end(sql: Sql, user_id: str, purpose: Purpose) -> None:
    sql.run(
        """
        update mailed_link
        set used_at = :now
        where user_id = :user_id and purpose = :purpose and used_at is null
        """,
        user_id=user_id, purpose=purpose, now=instant(now_ms()),
    )  # fmt: skip


def forget_old(sql: Sql) -> None:
    """Links that ran out an hour ago."""
    sql.run("delete from mailed_link where expires_at < :past", past=instant(now_ms() - HOUR_MS))


def forget_strays(sql: Sql) -> None:
    """People who never opened their link and were given nothing: an address somebody typed is not kept for good."""
    strays = sql.rows(
        """
        select id
        from "user"
        where password_hash is null and confirmed_at is null and left_at is null and created_at < :past
          and not exists (select 1 from mailed_link where mailed_link.user_id = "user".id)
          and not exists (select 1 from "grant" where "grant".user_id = "user".id)
        """,
        past=instant(now_ms() - GOOD_FOR_MS["confirm"]),
    )  # fmt: skip
    for row in strays:
        sql.run("delete from account where user_id = :id", id=row["id"])
        sql.run('delete from "user" where id = :id', id=row["id"])
