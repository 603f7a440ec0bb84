"""Letters wait in the table `mail` until a mail server has taken them: they are written with what they tell of."""

from __future__ import annotations

from arxos_sync.store import Sql

from ..parts import new_id, now


def write_letter(sql: Sql, to_address: str, subject: str, body: str) -> str:
    """Put a letter in the queue, in the transaction of `sql`; answers its id. Plain text, lines as they should read."""
    letter, at = new_id(), now()
    sql.run(
        """
        insert into mail (id, to_address, subject, body, created_at, next_try_at, tries)
        values (:id, :to_address, :subject, :body, :at, :at, 0)
        """,
        id=letter, to_address=to_address, subject=subject, body=body, at=at,
    )  # fmt: skip
    return letter
