"""Deleting oneself: what the person did stays, and nobody can tell any more who it was.

`user` keeps the id under a pseudonym, without address, password or second factor. In every building the row of `member`
is called by the pseudonym too, the rows that were deleted included; log, conflicts and ledger hold ids alone, and so
say no more; what others were told in their inboxes is told of the pseudonym (`cleansing.py`). Roles, sessions, devices,
tokens, passkeys and letters go, and with them the person's own scope: their inbox, wallet and preferences. The
buildings come first and the person last: whoever was cut off in between deletes themselves once more.
"""

from __future__ import annotations

import hashlib
from typing import Any, LiteralString

import anyio.to_thread
import structlog
from litestar import Router, post
from litestar.response import Stream

from arxos_sync.problems import Problem
from arxos_sync.store import Sql

from ..given import Caller, Given
from ..live.bus import Hint
from ..notifications.letters import write_letter
from ..notifications.preferences import wishes_of
from ..operations.audit import audited
from ..parts import Parts, now
from ..told import told
from . import callers, cleansing, grants, letters, members, organisations, revoking, second
from .export import TYPE, made, sent
from .people import NOBODY, Person, reading
from .proof import Proof, prove

_log = structlog.get_logger("arxos.accounts")
_THEIRS: tuple[LiteralString, ...] = (
    "delete from account_grant where account_id in (select id from account where user_id = :id)",
    'delete from "grant" where user_id = :id',
    "delete from session where user_id = :id",
    "delete from api_token where user_id = :id",
    "delete from passkey where user_id = :id",
    "delete from mailed_link where user_id = :id",
    "delete from push_subscription where user_id = :id",
    "delete from notification_mute where user_id = :id",
    "delete from notification_hour where user_id = :id",
    "delete from notification_letter where user_id = :id",
    "delete from notification_push where user_id = :id",
    "delete from notification_digest where user_id = :id",
    "update account set ended_at = :now where user_id = :id and ended_at is null",
    "update invitation set revoked_at = :now where invited_by = :id and accepted_at is null and revoked_at is null",
)
_OWN_SCOPE: tuple[LiteralString, ...] = (
    "delete from wallet_entry where cast(user_id as text) = :id",
    "delete from notification where cast(user_id as text) = :id",
    "delete from membership where cast(user_id as text) = :id",
    "delete from preference where cast(user_id as text) = :id",
    "delete from change_log where scope = :scope",
    "delete from receipt where scope = :scope",
    "delete from scope_digest where scope = :scope",
    "delete from scope_head where scope = :scope",
    "delete from follower where scope = :scope",
    "delete from quarantine where scope = :scope",
)


def pseudonym_of(user_id: str) -> str:
    return f"Former member {hashlib.sha256(user_id.encode()).hexdigest()[:4]}"


@post(
    "/api/v1/me/delete", status_code=200, summary="Delete oneself; the answer is the export of what there was",
    **told("self", "forbidden", "not_proven", "sole_owner", "invalid", sent={"password": "…"}, media=TYPE,
           answered="PK…"),
)  # fmt: skip
async def delete_me(parts: Given, person: Caller, data: Proof) -> Stream:
    someone = callers.demand_session(person)
    await anyio.to_thread.run_sync(_demand_may_leave, parts, someone)
    await prove(parts, someone, data)
    out = await anyio.to_thread.run_sync(made, parts, someone)
    sessions, hints = await anyio.to_thread.run_sync(leave, parts, someone)
    for hint in hints:
        await parts.bus.announce(hint)
    await revoking.tell_ended(parts, sessions)
    await parts.bus.rights_changed(someone.id)
    return sent(out)


def _demand_may_leave(parts: Parts, person: Person) -> None:
    """Raises Problem `sole_owner` where somebody or something would be left alone."""
    with reading(parts.store) as sql:
        orphans = grants.solely_owned(parts.store, sql, person.id, now())
        if orphans:
            hint = "Make another person an owner first, or delete the building."
            raise Problem("sole_owner", f"Nobody else owns {', '.join(orphans)}.", hint=hint)
        organisations.demand_may_leave(sql, person.id)


def leave(parts: Parts, person: Person) -> tuple[list[str], list[Hint]]:
    """Answers the sessions that have ended and what the buildings should hear."""
    name = pseudonym_of(person.id)
    buildings = members.buildings_of(parts, person.id)
    hints = cleansing.take_name_out(parts, person, name, buildings)
    renamed = members.rename_gone(parts, person.id, name)
    for hint in renamed:
        parts.snapshots.drop(hint.scope)
    with parts.store.write(f"user:{person.id}") as writer:
        found = writer.sql.rows("select id from session where user_id = :id", id=person.id)
        language = wishes_of(writer).language
        _forget(writer.sql, person, name)
        write_letter(writer.sql, person.email, *letters.left(language))
    hints += cleansing.take_name_out(parts, person, name, buildings)  # what was told while this went on
    parts.snapshots.drop(f"user:{person.id}")
    _log.info("a person has left", user=person.id)
    return [row["id"] for row in found], hints + renamed


def _forget(sql: Sql, person: Person, name: str) -> None:
    given: dict[str, Any] = {"id": person.id, "now": now(), "scope": f"user:{person.id}"}
    for statement in (*_THEIRS, *_OWN_SCOPE):
        sql.run(statement, **{key: value for key, value in given.items() if f":{key}" in statement})
    second.forget_in(sql, person.id)
    sql.run("update invitation set email = null where email = :email", email=person.email)
    sql.run("delete from mail where to_address = :email", email=person.email)
    sql.run(
        "update device set user_id = :nobody, name = null, granted = '{}' where user_id = :id",
        nobody=NOBODY, id=person.id,
    )  # fmt: skip
    sql.run(
        """
        update "user"
        set name = :name, email = :none, password_hash = null, is_admin = 0, confirmed_at = null,
          disabled_at = :now, left_at = :now
        where id = :id
        """,
        name=name, none=person.id, now=given["now"], id=person.id,
    )  # fmt: skip
    audited(sql, person.id, "delete person", {"person": person.id})


router = Router("/", route_handlers=[delete_me])
