"""Letters wait in the table `mail` until a mail server has taken them: they are written with what they tell of.

A round hands them over (`posting.py`). Without `ARXOS_SMTP_URL` they wait.
"""

from __future__ import annotations

from arxos_sync.store import Sql

from ..parts import instant, new_id, now, now_ms
from ..settings import Settings

LATE_S = 15 * 60


def write_letter(sql: Sql, to_address: str, subject: str, body: str, unsubscribe: str | None = None) -> str:
    """Put a letter in the queue, in the transaction of `sql`; answers its id. Plain text, lines as they should read.

    `unsubscribe`: the address where a POST ends letters like this one.
    """
    letter, at = new_id(), now()
    sql.run(
        """
        insert into mail (id, to_address, subject, body, created_at, next_try_at, tries, unsubscribe)
        values (:id, :to_address, :subject, :body, :at, :at, 0, :unsubscribe)
        """,
        id=letter, to_address=to_address, subject=subject, body=body, at=at, unsubscribe=unsubscribe,
    )  # fmt: skip
    return letter


def standing(sql: Sql, settings: Settings) -> str:
    """How letters fare: `ok`, `N wait, no mail server is set`, or `N late: <why>`."""
    found = sql.rows(_LATE, before=instant(now_ms() - LATE_S * 1000))[0]
    if settings.smtp_url is None:
        waiting = sql.rows("select count(*) as letters from mail where next_try_at is not null")[0]["letters"]
        return f"{waiting} wait: no mail server is set"
    return f"{found['letters']} late: {found['problem'] or 'nobody tried'}" if found["letters"] else "ok"


_LATE = """
    select count(*) as letters, max(problem) as problem
    from mail
    where next_try_at is not null and created_at < :before
    """
