"""Devices: whose they are, which scopes they were told of, and work that came too late.

`granted` and `revoked` say what changed since a device's last exchange, so what it was told is kept with it.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from arxos_sync.messages import Grant, ScopeRequest
from arxos_sync.problems import Problem
from arxos_sync.store import Sql

from ..accounts.people import Person, granted_to, reading
from ..parts import Parts, instant, now, now_ms

SEEN_EVERY_MS = 10 * 60 * 1000


class Told(msgspec.Struct, frozen=True):
    """`roles` as the device was told of them last ("": that it lost the scope), and as they are `now`.

    `revoked`: its person gave it up, so it has none. `due`: it is to be written down that it was here.
    """

    device: str
    roles: dict[str, str]
    now: dict[str, str]
    revoked: bool = False
    due: bool = False

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(self.roles)


def registered(parts: Parts, person: Person | None, device: str) -> Told:
    """What the device was told so far; a new one is registered to its person. Raises `device_taken`."""
    with reading(parts.store) as sql:
        told = found(sql, person, device, now())
    if told is not None:
        return told
    assert person is not None
    _register(parts, person, device)
    with reading(parts.store) as sql:
        told = found(sql, person, device, now())
    assert told is not None
    return told


def found(sql: Sql, person: Person | None, device: str, at: str) -> Told | None:
    """As `registered`; None where the device is new."""
    if person is None:
        return Told(device, {}, {})
    rows = sql.rows(
        """
        select device.user_id, device.granted, device.revoked_at, device.seen_at, session.device_id,
          "grant".building_id, "grant".role
        from device
        left join session on session.id = :session_id
        left join "grant"
          on "grant".user_id = :user_id and ("grant".until is null or "grant".until > :now)
        where device.id = :id
        """,
        id=device, user_id=person.id, now=at, session_id=person.session_id,
    )  # fmt: skip
    if not rows:
        return None
    first, revoked = rows[0], rows[0]["revoked_at"] is not None
    if str(first["user_id"]) != person.id:
        raise Problem("device_taken", device)
    roles = {str(row["building_id"]): row["role"] for row in rows if row["role"] is not None and not revoked}
    tied = not person.session_id or first["device_id"] == device
    due = not tied or first["seen_at"] < instant(now_ms() - SEEN_EVERY_MS)
    return Told(device, as_json(first["granted"]) or {}, roles, revoked, due)


def _register(parts: Parts, person: Person, device: str) -> None:
    with parts.store.tables() as sql:
        sql.run(
            """
            insert into device (id, user_id, created_at, seen_at, granted)
            values (:id, :user_id, :now, :now, :granted)
            on conflict (id) do nothing
            """,
            id=device, user_id=person.id, now=now(), granted="{}",
        )  # fmt: skip


def tell(
    parts: Parts, person: Person | None, told: Told, asked: list[str], again: bool
) -> tuple[list[Grant], list[str]]:
    """What to tell the device now; it is written down as told. `again`: grants may have changed meanwhile.

    A scope that was lost is told of once more when it is asked for: the answer that said so may not have arrived.
    """
    lost = [scope for scope in asked if told.roles.get(scope) == "" and scope not in told.now]
    held = {scope: role for scope, role in told.roles.items() if role}
    if person is None or (told.now == held and not again and not lost and not told.due):
        return [], []
    at = now()
    with parts.store.tables() as sql:
        if told.due:
            _seen(sql, person, told.device, at)
        roles = granted_to(sql, person.id, at) if again else told.now
        if roles != held:
            sql.run(
                """
                update device
                set granted = :granted, seen_at = :now
                where id = :id
                """,
                id=told.device, granted=msgspec.json.encode(dict.fromkeys(told.roles, "") | roles).decode(), now=at,
            )  # fmt: skip
    granted = [Grant(scope, role) for scope, role in sorted(roles.items()) if told.roles.get(scope) != role]
    return granted, sorted({*lost, *held} - roles.keys())


def _seen(sql: Sql, person: Person, device: str, at: str) -> None:
    """The device was here, under this session."""
    sql.run("update device set seen_at = :now where id = :id", now=at, id=device)
    sql.run(
        "update session set device_id = :device where id = :id and user_id = :user_id",
        device=device, id=person.session_id, user_id=person.id,
    )  # fmt: skip


def quarantine(sql: Sql, device: str, user_id: str, wanted: ScopeRequest, at: str) -> None:
    """Keep what a person typed before they lost the scope; a repeat is kept once."""
    for transaction in wanted.transactions:
        named = hashlib.sha256(f"{device}/{wanted.scope}/{transaction.n}/{transaction.nonce}".encode()).hexdigest()
        sql.run(
            """
            insert into quarantine (id, scope, device, user_id, received_at, content)
            values (:id, :scope, :device, :user_id, :at, :content)
            on conflict (id) do nothing
            """,
            id=f"{named[:8]}-{named[8:12]}-{named[12:16]}-{named[16:20]}-{named[20:32]}",
            scope=wanted.scope, device=device, user_id=user_id, at=at,
            content=msgspec.json.encode(transaction).decode(),
        )  # fmt: skip


def as_json(value: Any) -> Any:
    """A JSON column, whichever way the adapter hands it over."""
    return msgspec.json.decode(value) if isinstance(value, (str, bytes)) else value
