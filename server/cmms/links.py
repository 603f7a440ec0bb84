"""Which of their records is which of our rows, and what both said when they were last equal."""

from __future__ import annotations

from typing import Any

import msgspec

from arxos_sync.store import Sql

from .mapping import TABLE

PENDING = '"'  # begins no id of theirs


class Link(msgspec.Struct, frozen=True):
    """`sequence`: of our row up to which they know it. `equal`: our words by column.

    A link is there before their record is, so that nobody has to guess what was told to them: it is `pending` then, and
    has in place of their id the key under which the record is made.
    """

    row_id: str
    their_id: str
    their_version: str
    sequence: int
    equal: dict[str, Any]

    @property
    def pending(self) -> bool:
        return self.their_id.startswith(PENDING)

    @property
    def key(self) -> str:
        return self.their_id.removeprefix(PENDING)


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


_SELECT = "select * from cmms_link where connection_id = :connection and table_name = :table"
