"""A device that was lost: its id is nobody's any more, and its person's logins end."""

from __future__ import annotations

from arxos_sync.problems import Problem

from ..operations.audit import audited
from ..parts import Parts, now
from .people import NOBODY


def revoke(parts: Parts, device: str, by: str | None = None) -> int:
    """Answers how many logins ended. `by`: None at the command line. Raises Problem `not_found`."""
    with parts.store.tables() as sql:
        found = sql.rows("select user_id from device where id = :id", id=device)
        if not found:
            raise Problem("not_found", f"There is no device {device}")
        user_id = str(found[0]["user_id"])
        sql.run("update device set user_id = :nobody where id = :id", nobody=NOBODY, id=device)
        ended = sql.run(
            """
            update session
            set revoked_at = :now
            where user_id = :user_id and revoked_at is null
            """,
            now=now(), user_id=user_id,
        )  # fmt: skip
        audited(sql, by, "revoke device", {"device": device, "person": user_id, "logins_ended": ended})
    parts.bus.rights_changed_apart(user_id)
    return ended
