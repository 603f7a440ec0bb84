"""Which of their records is which of our rows, and what both said when they were last equal."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from arxos_sync.store import Sql

from .mapping import TABLE


class Link(msgspec.Struct, frozen=True):
    """`sequence`: of our row up to which they know it. `equal`: our words by column."""

    row_id: str
    their_id: str
    their_version: str
    sequence: int
    equal: dict[str, Any]


def by_theirs(sql: Sql, connection: str, their_id: str) -> Link | None:
    found = sql.rows(
        f"{_SELECT} and their_id = :id", connection=connection, table=TABLE, id=their_id
    )  # fmt: skip
    return _link(found)


def by_ours(sql: Sql, connection: str, row_id: str) -> Link | None:
    return _link(sql.rows(f"{_SELECT} and row_id = :id", connection=connection, table=TABLE, id=row_id))


def _link(found: list[dict[str, Any]]) -> Link | None:
    if not found:
        return None
    row = found[0]
    equal = msgspec.json.decode(row["equal"] or "{}")
    return Link(row["row_id"], row["their_id"], row["their_version"] or "", row["sequence"] or 0, equal)


def keep(sql: Sql, connection: str, link: Link) -> None:
    sql.run(
        """
        insert into cmms_link (connection_id, table_name, row_id, their_id, their_version, sequence, equal)
        values (:connection, :table, :row, :theirs, :version, :sequence, :equal)
        on conflict (connection_id, table_name, row_id) do update
        set their_id = excluded.their_id, their_version = excluded.their_version, sequence = excluded.sequence,
            equal = excluded.equal
        """,
        connection=connection, table=TABLE, row=link.row_id, theirs=link.their_id, version=link.their_version,
        sequence=link.sequence, equal=link.equal,
    )  # fmt: skip


def drop(sql: Sql, connection: str, row_id: str) -> None:
    sql.run(
        "delete from cmms_link where connection_id = :connection and table_name = :table and row_id = :row",
        connection=connection, table=TABLE, row=row_id,
    )  # fmt: skip


def derived_id(*words: str) -> str:
    """A UUID of version 8 that follows from words: who makes it twice makes the same."""
    raw = bytearray(hashlib.sha256("/".join(words).encode()).digest()[:16])
    raw[6], raw[8] = 0x80 | raw[6] & 0x0F, 0x80 | raw[8] & 0x3F
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


_SELECT = "select * from cmms_link where connection_id = :connection and table_name = :table"
