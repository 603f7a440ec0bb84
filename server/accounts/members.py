"""The row of `member` by which a building's replicas know a person offline: name, role, organisation, colour.

It follows the person's grant. The log says that a member changed, not to what: a name stands in rows alone, so that it
can be taken out of them when the person leaves.
"""

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
from ..parts import Parts, instant, new_id, new_nonce, new_salt, new_stamp, now, now_ms
from . import grants
from .people import colour_of

LOGGED = ("role", "organisation")


def set_role(parts: Parts, user_id: str, name: str, building: str, role: str | None, by: str | None = None) -> None:
    """Give a role, change it, or take it away (None). Raises Problem `not_found` for no such building."""
    at = now()
    with parts.store.write(building) as writer:
        if writer.head().sequence == 0:
            raise Problem("not_found", f"There is no building {building}")
        account = grants.account_in(writer.sql, user_id, building)
        grants.ungrant(writer.sql, user_id, building)
        if role is not None:
            assert at_least(role, "viewer")
            grants.grant(writer.sql, user_id, building, role, at, by, account)
        hint = follow(parts, writer, user_id, name)
        audited(writer.sql, by, "set role", {"person": user_id, "building": building, "role": role})
    if hint is not None:
        parts.bus.announce_apart(hint)
    parts.bus.rights_changed_apart(user_id)


def follow(parts: Parts, writer: ScopeWriter, user_id: str, name: str) -> Hint | None:
    """Make the row what the person's accounts have in this building; the hint is for after the commit."""
    granted = grants.settle(writer.sql, user_id, writer.scope, now())
    if granted is None:
        return _write(parts, writer, user_id, None)
    return _write(parts, writer, user_id, {"name": name, "role": granted.role, "organisation": granted.organisation})


def follow_all(parts: Parts, user_id: str, name: str, buildings: list[str]) -> list[Hint]:
    hints = []
    for building in buildings:
        with parts.store.write(building) as writer:
            hints.append(follow(parts, writer, user_id, name))
    return [hint for hint in hints if hint is not None]


def rename_gone(parts: Parts, user_id: str, pseudonym: str) -> list[Hint]:
    """Wherever the person is or was a member: what they did stays, by somebody who has that name and no role."""
    hints = []
    for building in buildings_of(parts, user_id):
        with parts.store.write(building) as writer:
            _rename_graves(writer, user_id, pseudonym)
            grants.ungrant(writer.sql, user_id, building)
            hints.append(_write(parts, writer, user_id, {"name": pseudonym, "role": None, "organisation": None}, False))
    return [hint for hint in hints if hint is not None]


def buildings_of(parts: Parts, user_id: str) -> list[str]:
    """Where there is or was a row for the person."""
    with parts.store.across() as sql:
        found = sql.rows(
            """
            select distinct building_id
            from member
            where cast(user_id as text) = :user_id
            """,
            user_id=user_id,
        )  # fmt: skip
    return sorted(str(row["building_id"]) for row in found)


# ---------------------------------------------------------------- one transaction of the server's own


def _write(
    parts: Parts, writer: ScopeWriter, user_id: str, wanted: dict[str, Any] | None, born: bool = True
) -> Hint | None:
    """The row as wanted, None: gone. A colour is given at the first. `born`: one that is not there is made."""
    at = instant(now_ms())
    old = next((row for row in writer.leaf_rows("member", range(LEAVES)) if row.values["user_id"] == user_id), None)
    head, device, stamp = writer.head(), new_id(), new_stamp()
    mark = FieldMark(head.sequence + 1, device, stamp)
    if old is None:
        if wanted is None or not born:
            return None
        row = _born(parts, user_id, wanted, mark, at)
    elif wanted is None:
        row = _buried(old, mark)
    else:
        row = _changed(old, wanted, mark, at)
    if row is None:
        return None
    before = digest.row_hash("member", row.id, old.sequence) if old else 0
    after = 0 if row.deleted else digest.row_hash("member", row.id, row.sequence)
    was = [["member", row.id, {name: old.values[name] for name in LOGGED}]] if old else []
    entry = LogEntry(
        sequence=mark.sequence, salt=new_salt(), device=device, n=1, user_id=None, stamp=stamp, received_at=at,
        content=msgspec.msgpack.encode(Transaction(1, new_nonce(), stamp, [], "member")),
        before=msgspec.msgpack.encode(was),
    )  # fmt: skip
    change = {"member": (after - before) % digest.MODULUS}
    writer.save(Batch(device, Head(mark.sequence, entry.salt, head.stamp), [row], [entry], [], change))
    return Hint(writer.scope, head.sequence, mark.sequence)


def _born(parts: Parts, user_id: str, wanted: dict[str, Any], mark: FieldMark, at: str) -> Row:
    columns = parts.catalogue.tables["member"].columns
    values: dict[str, Any] = dict.fromkeys(n for n in columns if n not in ("id", "sequence"))
    values |= {"user_id": user_id, "colour": colour_of(user_id), "created_at": at, "updated_at": at, **wanted}
    return Row("member", new_id(), values, mark.sequence, mark.sequence, None, MergeState(mark))


def _changed(old: Row, wanted: dict[str, Any], mark: FieldMark, at: str) -> Row | None:
    new = {name: value for name, value in wanted.items() if old.values[name] != value}
    if not new:
        return None
    merge = msgspec.structs.replace(old.merge, fields=old.merge.fields | dict.fromkeys(new, mark))
    values = old.values | new | {"updated_at": at}
    return msgspec.structs.replace(old, values=values, sequence=mark.sequence, merge=merge)


def _buried(old: Row, mark: FieldMark) -> Row:
    merge = msgspec.structs.replace(old.merge, grave=Grave(mark.device, mark.stamp, None, "member", old.id))
    return msgspec.structs.replace(old, deleted=mark.sequence, sequence=mark.sequence, merge=merge)


def _rename_graves(writer: ScopeWriter, user_id: str, pseudonym: str) -> None:
    """Rows that no replica has any more; so without a sequence of its own."""
    graves = [
        msgspec.structs.replace(row, values=row.values | {"name": pseudonym, "organisation": None})
        for row in _graves(writer, user_id)
    ]
    if graves:
        writer.save(Batch(new_id(), writer.head(), graves))


def _graves(writer: ScopeWriter, user_id: str) -> list[Row]:
    found = writer.sql.rows(
        """
        select id
        from member
        where cast(building_id as text) = :building and cast(user_id as text) = :user_id and deleted is not null
        """,
        building=writer.scope, user_id=user_id,
    )  # fmt: skip
    return writer.rows({"member": [str(row["id"]) for row in found]}) if found else []
