"""Grants, with the row of `member` by which a building's replicas know its people offline."""

from __future__ import annotations

from typing import Any

import msgspec

from arxos_sync import digest
from arxos_sync.digest import LEAVES
from arxos_sync.messages import Transaction
from arxos_sync.problems import Problem
from arxos_sync.rights import at_least
from arxos_sync.store import Batch, FieldMark, Grave, Head, LogEntry, MergeState, Row, ScopeWriter

from ..live.bus import Hint
from ..operations.audit import audited
from ..parts import Parts, instant, new_id, new_nonce, new_salt, new_stamp, now_ms
from .people import colour_of, grant, ungrant


def set_role(parts: Parts, user_id: str, name: str, building: str, role: str | None, by: str | None = None) -> None:
    """Give a role, change it, or take it away (None). Raises Problem `not_found` for no such building."""
    at = instant(now_ms())
    with parts.store.write(building) as writer:
        if writer.head().sequence == 0:
            raise Problem("not_found", f"There is no building {building}")
        if role is None:
            ungrant(writer.sql, user_id, building)
        else:
            assert at_least(role, "viewer")
            grant(writer.sql, user_id, building, role, at, by)
        audited(writer.sql, by, "set role", {"person": user_id, "building": building, "role": role})
        hint = _write_member(parts, writer, user_id, name, role, at)
    if hint is not None:
        parts.bus.announce_apart(hint)
    parts.bus.rights_changed_apart(user_id)


def _write_member(parts: Parts, writer: ScopeWriter, user_id: str, name: str, role: str | None, at: str) -> Hint | None:
    """One transaction of the server's own. A colour is given at the first."""
    old = next((r for r in writer.leaf_rows("member", range(LEAVES)) if r.values["user_id"] == user_id), None)
    head, device, stamp = writer.head(), new_id(), new_stamp()
    mark = FieldMark(head.sequence + 1, device, stamp)
    if old is None and role is None:
        return None
    if old is None:
        row = _born(parts, user_id, name, str(role), mark, at)
    elif role is None:
        grave = Grave(device, stamp, None, "member", old.id)
        merge = msgspec.structs.replace(old.merge, grave=grave)
        row = msgspec.structs.replace(old, deleted=mark.sequence, sequence=mark.sequence, merge=merge)
    else:
        row = _moved(old, role, mark, at)
    before = digest.row_hash("member", old.id, old.sequence) if old else 0
    after = 0 if row.deleted else digest.row_hash("member", row.id, row.sequence)
    salt = new_salt()
    entry = LogEntry(
        sequence=mark.sequence, salt=salt, device=device, n=1, user_id=None, stamp=stamp, received_at=at,
        content=msgspec.msgpack.encode(Transaction(1, new_nonce(), stamp, [], "member")),
        before=msgspec.msgpack.encode([["member", old.id, {"role": old.values["role"]}]] if old else []),
    )  # fmt: skip
    change = (after - before) % digest.MODULUS
    writer.save(Batch(device, Head(mark.sequence, salt, head.stamp), [row], [entry], [], {"member": change}))
    return Hint(writer.scope, head.sequence, mark.sequence)


def _born(parts: Parts, user_id: str, name: str, role: str, mark: FieldMark, at: str) -> Row:
    columns = parts.catalogue.tables["member"].columns
    values: dict[str, Any] = dict.fromkeys(n for n in columns if n not in ("id", "sequence"))
    values |= {"user_id": user_id, "name": name, "role": role, "colour": colour_of(user_id)}
    values |= {"created_at": at, "updated_at": at}
    return Row("member", new_id(), values, mark.sequence, mark.sequence, None, MergeState(mark))


def _moved(old: Row, role: str, mark: FieldMark, at: str) -> Row:
    merge = msgspec.structs.replace(old.merge, fields=old.merge.fields | {"role": mark})
    values = old.values | {"role": role, "updated_at": at}
    return msgspec.structs.replace(old, values=values, sequence=mark.sequence, merge=merge)
