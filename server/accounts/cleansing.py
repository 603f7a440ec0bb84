"""What others were told of a person who has left: notices say who did a thing, so the pseudonym takes the name's place.

A notice's body is `building · who · more` (server/notifications/notices.py). The name goes out of inboxes, out of the
logs they came in by, and out of what waits to be mailed or pushed; of the buildings that the person was in.
"""

from __future__ import annotations

from typing import Any

import msgspec

from arxos_sync.messages import Change
from arxos_sync.store import Batch, Row, ScopeWriter

from ..live.bus import Hint
from ..parts import Parts, new_id
from ..sync.own import bare_hint, write_own
from .people import Person

BETWEEN = " · "
TABLE = "notification"


def take_name_out(parts: Parts, person: Person, pseudonym: str, buildings: list[str]) -> list[Hint]:
    """Answers what those who were told should hear."""
    hints, swap = [], _Swap(" ".join(person.name.split()), pseudonym)  # notices stand on one line
    for user_id in _told(parts, person.id, swap.name, buildings):
        with parts.store.write(f"user:{user_id}") as writer:
            hint = _in_inbox(parts, writer, swap, buildings)
        parts.snapshots.drop(f"user:{user_id}")
        hints += [hint] if hint is not None else []
    _in_what_waits(parts, swap, buildings)
    return hints


class _Swap(msgspec.Struct, frozen=True):
    name: str
    pseudonym: str

    def of(self, value: Any) -> Any:
        """The value with the pseudonym wherever the name stands by itself in a text."""
        match value:
            case str() if self.name in value:
                return BETWEEN.join(self.pseudonym if one == self.name else one for one in value.split(BETWEEN))
            case dict():
                return {name: self.of(one) for name, one in value.items()}
            case list():
                return [self.of(one) for one in value]
        return value

    def of_packed(self, packed: bytes) -> bytes:
        if self.name.encode() not in packed:
            return packed
        return msgspec.msgpack.encode(self.of(msgspec.msgpack.decode(packed)))


def _told(parts: Parts, own_id: str, name: str, buildings: list[str]) -> list[str]:
    """The others in whose inbox the name stands, or stood."""
    with parts.store.across() as sql:
        found = sql.rows(
            """
            select distinct cast(user_id as text) as user_id, cast(building_id as text) as building_id
            from notification
            where body like :named escape '!' and cast(user_id as text) <> :own
            """,
            named=f"%{_literally(name)}%", own=own_id,
        )  # fmt: skip
    return sorted({row["user_id"] for row in found if row["building_id"] in buildings})


def _literally(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _in_inbox(parts: Parts, writer: ScopeWriter, swap: _Swap, buildings: list[str]) -> Hint | None:
    named = [row for row in _rows(writer, swap.name) if row.values["building_id"] in buildings]
    graves = [_without(row, swap) for row in named if row.deleted is not None]
    if graves:
        writer.save(Batch(new_id(), writer.head(), graves))
    base = writer.head().sequence
    changes = [
        Change(TABLE, row.id, "update", base, {"body": swap.of(row.values["body"])})
        for row in named
        if row.deleted is None
    ]
    taken = write_own(parts, writer, changes) if changes else None
    _in_log(writer, swap)
    return bare_hint(writer.scope, taken) if taken is not None else None


def _rows(writer: ScopeWriter, name: str) -> list[Row]:
    """Live and deleted."""
    found = writer.sql.rows(
        """
        select cast(id as text) as id
        from notification
        where cast(user_id as text) = :user_id and body like :named escape '!'
        """,
        user_id=writer.scope.removeprefix("user:"), named=f"%{_literally(name)}%",
    )  # fmt: skip
    return writer.rows({TABLE: [row["id"] for row in found]}) if found else []


def _without(row: Row, swap: _Swap) -> Row:
    return msgspec.structs.replace(row, values=row.values | {"body": swap.of(row.values["body"])})


def _in_log(writer: ScopeWriter, swap: _Swap) -> None:
    for entry in list(writer.log(0)):
        content, before = swap.of_packed(entry.content), swap.of_packed(entry.before)
        if (content, before) != (entry.content, entry.before):
            writer.sql.run(
                """
                update change_log
                set content = :content, before = :before
                where scope = :scope and sequence = :sequence
                """,
                content=content, before=before, scope=writer.scope, sequence=entry.sequence,
            )  # fmt: skip


def _in_what_waits(parts: Parts, swap: _Swap, buildings: list[str]) -> None:
    with parts.store.tables() as sql:
        waiting = sql.rows(
            """
            select 'letter' as way, user_id as whose, notification_id, building_id, body
            from notification_letter
            where body like :named escape '!'
            union all
            select 'push' as way, subscription_id as whose, notification_id, building_id, body
            from notification_push
            where body like :named escape '!'
            """,
            named=f"%{_literally(swap.name)}%",
        )
        for one in waiting:
            if one["building_id"] not in buildings:
                continue
            values = {"body": swap.of(one["body"]), "whose": one["whose"], "id": one["notification_id"]}
            if one["way"] == "letter":
                sql.run(_LETTER, **values)
            else:
                sql.run(_PUSH, **values)


_LETTER = """
    update notification_letter
    set body = :body
    where user_id = :whose and notification_id = :id
    """
_PUSH = """
    update notification_push
    set body = :body
    where subscription_id = :whose and notification_id = :id
    """
