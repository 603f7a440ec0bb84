"""`upload_state`: rows learn that their bytes are here, by the same way in as everything else.

Row and bytes come in either order, over different processes. Bytes get their name before their rows are looked for; a
row looks for its bytes in the database transaction that brings it, while it holds the scope. So whichever comes
second sees the other.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from arxos_sync.intake import Arrival, Author, Taken, take_in
from arxos_sync.messages import Change, Transaction
from arxos_sync.store import Row, ScopeReader, ScopeWriter

from ..parts import DICE, Parts, arrival, new_id, new_nonce, new_stamp
from . import files

HERE, AWAITED = "here", "awaited"


def tell_rows(parts: Parts, writer: ScopeWriter, sha256: str, user_id: str, name: str) -> Taken | None:
    """The bytes are here: so say the rows of the scope that speak of them. None where all of them know."""
    found = writer.sql.rows(_FIND, scope=writer.scope, hash=sha256, here=HERE)
    if not found:
        return None
    author = Author(user_id, new_id(), "owner", name, server=True)
    return _set(parts, writer, author, HERE, [str(row["id"]) for row in found], arrival())


def mourn(parts: Parts, writer: ScopeWriter, sha256: str) -> Taken | None:
    """Bytes that were here are gone (a store restored without them): whoever still has them sends them again."""
    found = writer.sql.rows(_FIND_HERE, scope=writer.scope, hash=sha256, here=HERE)
    if not found:
        return None
    author = Author(None, new_id(), "owner", server=True)
    return _set(parts, writer, author, AWAITED, [str(row["id"]) for row in found], arrival())


def are_awaiting(reader: ScopeReader, sha256: str) -> bool:
    return bool(reader.sql.rows(_FIND, scope=reader.scope, hash=sha256, here=HERE))


def with_bytes_found(parts: Parts, writer: ScopeWriter, author: Author, taken: Taken, at: Arrival) -> Taken:
    """A push that has just been taken in, and after it the news that bytes of its rows were here before them."""
    early = [row.id for row in taken.touched if _is_early(parts.settings.data_dir, writer.scope, row)]
    if not early:
        return taken
    doer = msgspec.structs.replace(author, device=new_id(), role="owner", server=True)
    more = _set(parts, writer, doer, HERE, early, at)
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


def _is_early(data_dir: Path, scope: str, row: Row) -> bool:
    if row.table != "attachment" or row.deleted is not None or row.values["upload_state"] == HERE:
        return False
    sha256 = row.values["sha256"]
    return bool(files.HASH.match(sha256)) and files.file_of(data_dir, scope, sha256).exists()


def _set(parts: Parts, writer: ScopeWriter, author: Author, state: str, ids: list[str], at: Arrival) -> Taken:
    """One transaction of the server's own, by a device of its own."""
    base = writer.head().sequence
    changes = [Change("attachment", id, "update", base, {"upload_state": state}) for id in ids]
    transaction = Transaction(1, new_nonce(), new_stamp(), changes)
    taken = take_in(writer, parts.catalogue, author, None, [transaction], at, DICE)
    assert taken.receipts[0].problem is None, taken.receipts[0].problem
    return taken
