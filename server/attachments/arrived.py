"""`upload_state`: rows learn that their bytes are here, by the same way in as everything else.

Row and bytes come in either order, over different processes. Bytes get their name before their rows are looked for; a
row looks for its bytes in the database transaction that brings it, while it holds the scope. So whichever comes
second sees the other.
"""

from __future__ import annotations

import msgspec

from arxos_sync.intake import Arrival, Author, Taken
from arxos_sync.messages import Change
from arxos_sync.store import Row, ScopeReader, ScopeWriter

from ..parts import Parts, arrival
from ..sync.own import write_own
from . import files

HERE, AWAITED = "here", "awaited"


def tell_rows(parts: Parts, writer: ScopeWriter, sha256: str, user_id: str, name: str) -> Taken | None:
    """The bytes are here: so say the rows of the scope that speak of them. None where all of them know."""
    found = writer.sql.rows(_FIND, scope=writer.scope, hash=sha256, here=HERE)
    if not found:
        return None
    author = Author(user_id, "", "owner", name)
    return _set(parts, writer, author, HERE, [str(row["id"]) for row in found], arrival())


def mourn(parts: Parts, writer: ScopeWriter, sha256: str) -> Taken | None:
    """Bytes that were here are gone (a store restored without them): whoever still has them sends them again."""
    found = writer.sql.rows(_FIND_HERE, scope=writer.scope, hash=sha256, here=HERE)
    if not found:
        return None
    return _set(parts, writer, Author(None, "", "owner"), AWAITED, [str(row["id"]) for row in found], arrival())


def are_awaiting(reader: ScopeReader, sha256: str) -> bool:
    return bool(reader.sql.rows(_FIND, scope=reader.scope, hash=sha256, here=HERE))


def with_bytes_found(parts: Parts, writer: ScopeWriter, author: Author, taken: Taken, at: Arrival) -> Taken:
    """A push that has just been taken in, and after it the news that bytes of its rows were here before them."""
    early = _early(parts, writer.scope, taken.touched)
    if not early:
        return taken
    more = _set(parts, writer, author, HERE, early, at)
    moved = {row.key for row in more.touched}
    touched = [row for row in taken.touched if row.key not in moved] + more.touched
    return msgspec.structs.replace(taken, head=more.head, touched=touched)


_FIND = """
    select id
    from attachment
    where building_id = :scope and sha256 = :hash and deleted is null
      and (upload_state is null or upload_state <> :here)
"""
_FIND_HERE = """
    select id
    from attachment
    where building_id = :scope and sha256 = :hash and deleted is null and upload_state = :here
"""


def _early(parts: Parts, scope: str, rows: list[Row]) -> list[str]:
    names = {
        row.id: files.name_of(scope, row.values["sha256"])
        for row in rows
        if row.table == "attachment" and row.deleted is None and row.values["upload_state"] != HERE
        if files.HASH.match(row.values["sha256"])
    }
    here = parts.attachments.among(set(names.values())) if names else set()
    return [id for id, name in names.items() if name in here]


def _set(parts: Parts, writer: ScopeWriter, author: Author, state: str, ids: list[str], at: Arrival) -> Taken:
    base = writer.head().sequence
    changes = [Change("attachment", id, "update", base, {"upload_state": state}) for id in ids]
    return write_own(parts, writer, changes, author, at=at)
