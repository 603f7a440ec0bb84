"""What an administrator does, and what follows at once: sockets that close, sessions that end."""

from __future__ import annotations

from arxos_sync.problems import Problem

from ..accounts.lost import revoke
from ..accounts.people import Person
from ..operations.audit import audited
from ..parts import Parts, now
from . import lists


def revoke_device(parts: Parts, admin: Person, id: str) -> None:
    """As `arxos admin revoke-device`. Raises Problem `not_found`."""
    lists.one(parts, "devices", id)
    revoke(parts, id, admin.id)


def set_disabled(parts: Parts, admin: Person, id: str, disabled: bool) -> list[str]:
    """Somebody may come in no more, or again; answers the sessions that ended. Raises Problem."""
    if id == admin.id:
        raise Problem("invalid", "Nobody shuts themselves out.", hint="Ask another administrator.")
    lists.one(parts, "users", id)
    at = now()
    with parts.store.tables() as sql:
        if not disabled:
            sql.run('update "user" set disabled_at = null where id = :id and left_at is null', id=id)
            audited(sql, admin.id, "enable person", {"person": id})
            return []
        sql.run('update "user" set disabled_at = :at where id = :id and disabled_at is null', id=id, at=at)
        ended = sql.rows("select id from session where user_id = :id and revoked_at is null", id=id)
        sql.run("update session set revoked_at = :at where user_id = :id and revoked_at is null", id=id, at=at)
        sessions = [str(row["id"]) for row in ended]
        audited(sql, admin.id, "disable person", {"person": id, "sessions": sessions})
    return sessions


def end_session(parts: Parts, admin: Person, id: str) -> list[str]:
    """Raises Problem `not_found`."""
    lists.one(parts, "sessions", id)
    parts.sessions.end(id, admin.id)
    return [id]


def try_again(parts: Parts, admin: Person, id: str) -> None:
    """A delivery that was given up, or waits, is tried at once. Raises Problem."""
    delivery = lists.one(parts, "webhooks", id)
    if delivery.get("delivered_at"):
        raise Problem("invalid", "It was delivered.", hint="There is nothing to try again.")
    with parts.store.tables() as sql:
        sql.run("update webhook_delivery set next_try_at = :at, given_up_at = null where id = :id", id=id, at=now())
        audited(sql, admin.id, "retry delivery", {"delivery": id})
