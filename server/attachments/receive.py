"""Who may send bytes to a scope, and what follows when all of them have come."""

from __future__ import annotations

import msgspec

from arxos_sync import limits
from arxos_sync.change import is_scope
from arxos_sync.problems import Problem, Unreadable
from arxos_sync.rights import at_least
from arxos_sync.store import ScopeReader

from ..accounts.people import Person, role_in
from ..live.bus import Hint
from ..parts import Parts, now
from ..sync.push import hint_of
from . import arrived, files, quarantine
from .uploads import Upload, Uploads, Wanted

LOST = (None, "anonymous")  # a public building is still read by who has lost it


def uploads_of(parts: Parts) -> Uploads:
    return Uploads(parts.settings.data_dir, parts.attachments)


class Announced(msgspec.Struct, frozen=True):
    """From where to send, how much at a time, and whereto. An offset of `byte_size`: the bytes are here already."""

    offset: int
    chunk_bytes: int
    url: str


def announce(parts: Parts, person: Person, wanted: Wanted) -> tuple[Announced, Hint | None]:
    """Begin an upload or go on with it. Raises Problem."""
    _check(wanted)
    late = _demand_sender(parts, person, wanted.scope, wanted.sha256)
    uploads = uploads_of(parts)
    upload = uploads.begin(person.id, wanted, late)
    offset, hint = uploads.offset(upload), None
    if offset == wanted.byte_size:  # all had come, but perhaps nobody was told
        hint = settle(parts, person, upload)[1]
    return Announced(offset, limits.ATTACHMENT_CHUNK_BYTES, f"/api/v1/attachments/uploads/{upload.id}"), hint


def opened(parts: Parts, person: Person, id: str) -> Upload:
    """An upload of this person, who still may. Raises Problem `not_found`, `forbidden`."""
    upload = uploads_of(parts).find(id)
    if upload.user_id != person.id:
        raise Problem("not_found", f"There is no upload {id}.", hint="Announce it again.")  # as of one that is not
    if _demand_sender(parts, person, upload.wanted.scope, upload.wanted.sha256) != upload.late:
        raise Problem("not_found", "Your role has changed since.", hint="Announce it again.")
    return upload


def settle(parts: Parts, person: Person, upload: Upload) -> tuple[bool, Hint | None]:
    """Make durable what has come; when it is whole, the scope's rows learn of it."""
    if not uploads_of(parts).settle(upload):
        return False, None
    wanted = upload.wanted
    if upload.late:
        quarantine.note(parts, upload)
        return True, None
    with parts.store.read(wanted.scope) as reader:
        if not arrived.are_awaiting(reader, wanted.sha256):
            return True, None
    with parts.store.write(wanted.scope) as writer:
        taken = arrived.tell_rows(parts, writer, wanted.sha256, person.id, person.name)
        return True, hint_of(parts, writer, taken) if taken else None


def lost(parts: Parts, scope: str, sha256: str) -> Hint | None:
    """The rows say that bytes are here, and they are not: the rows are told."""
    with parts.store.write(scope) as writer:
        taken = arrived.mourn(parts, writer, sha256)
        return hint_of(parts, writer, taken) if taken else None


def _check(wanted: Wanted) -> None:
    errors = []
    if not is_scope(wanted.scope) or wanted.scope.startswith("user:"):
        errors.append(("$.scope", "a building's id"))
    if not files.HASH.match(wanted.sha256):
        errors.append(("$.sha256", "64 lower-case hex digits"))
    if wanted.byte_size < 1:
        errors.append(("$.byte_size", "at least 1"))
    if errors:
        raise Unreadable(errors)
    if wanted.byte_size > limits.ATTACHMENT_BYTES_MAX:
        raise Problem("too_large", f"{wanted.byte_size} bytes; {limits.ATTACHMENT_BYTES_MAX} at most.")


def _demand_sender(parts: Parts, person: Person, scope: str, sha256: str) -> bool:
    """May they send these bytes? Answers whether as somebody who has lost the scope. Raises Problem.

    A row that was accepted from them, and still waits for its bytes, keeps its promise whatever they are now.
    """
    with parts.store.read(scope) as reader:
        role = role_in(reader, person, now())
        if at_least(role, parts.catalogue.tables["attachment"].insert):
            return False
        promised = _is_promised(reader, person, sha256)
        if role in LOST and (promised or quarantine.is_promised(reader.sql, person.id, scope, sha256)):
            return True
        if role not in LOST and promised:
            return False
    raise Problem("not_found" if role is None else "forbidden", scope)


def _is_promised(reader: ScopeReader, person: Person, sha256: str) -> bool:
    found = reader.sql.rows(
        """
        select 1
        from attachment
        where building_id = :scope and sha256 = :hash and deleted is null
          and created_by = :user_id and upload_state = 'awaited'
        """,
        scope=reader.scope, hash=sha256, user_id=person.id,
    )  # fmt: skip
    return bool(found)
