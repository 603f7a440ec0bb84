"""Rows of `membership` in each person's own scope: where they have a role, which one, and until when, offline too.

They are what `grant` says. A role that is given, changed or taken away changes a building's rows of `member`, and a
building that is renamed or deleted its own, so a follower of the log hears of both; that the time of a role is over
nobody writes anywhere, so a round looks. Either writes what differs from `grant` as it stands then: told twice is told
once, and what came in between is told by whoever comes next.
"""

from __future__ import annotations

from typing import Any

from arxos_sync.messages import Change
from arxos_sync.store import ScopeReader, ScopeWriter

from ..jobs.following import Followed
from ..jobs.rounds import Round
from ..parts import Parts, derived_id, now
from ..sync.own import write_own
from ..sync.push import hint_of
from .people import reading

TABLE = "membership"
LOOK_S = 5.0


class Memberships:
    """The follower. From the start, so that those who had roles before it was there know of them too."""

    name = "memberships"
    from_start = True

    def take(self, parts: Parts, followed: Followed) -> None:
        if followed.scope.startswith("user:"):
            return
        people = {row.values["user_id"] for row in followed.rows if row.table == "member"}
        if any(row.table == "building" for row in followed.rows):
            people |= _people_of(parts, followed.scope)
        for user_id in sorted(people):
            tell(parts, user_id, followed.scope)


def tell(parts: Parts, user_id: str, building: str) -> None:
    """Make the person's row of this building what they have there."""
    with parts.store.read(building) as reader:
        name = _name_of(reader)
    with parts.store.write(f"user:{user_id}") as writer:
        change = _change(writer, user_id, building, name)
        if change is None:
            return
        hint = hint_of(parts, writer, write_own(parts, writer, [change], reason=TABLE))
    parts.bus.announce_apart(hint)


def _name_of(reader: ScopeReader) -> str | None:
    """None where the building is not there any more."""
    found = next((row for row in reader.rows({"building": [reader.scope]}) if row.deleted is None), None)
    return found and str(found.values["name"] or "")


def _change(writer: ScopeWriter, user_id: str, building: str, name: str | None) -> Change | None:
    id, base = derived_id(TABLE, user_id, building), writer.head().sequence
    row = next((one for one in writer.rows({TABLE: [id]}) if one.deleted is None), None)
    wanted = None if name is None else _wanted(writer, user_id, building, name)
    if wanted is None:
        return None if row is None else Change(TABLE, id, "delete", base)
    if row is None:
        return Change(TABLE, id, "insert", base, wanted)
    differ = {column: value for column, value in wanted.items() if row.values[column] != value}
    return Change(TABLE, id, "update", base, differ) if differ else None


def _wanted(writer: ScopeWriter, user_id: str, building: str, name: str) -> dict[str, Any] | None:
    found = writer.sql.rows(
        """
        select "grant".role, "grant".invited_by, "grant".until
        from "grant"
        join "user" on "user".id = "grant".user_id and "user".left_at is null
        where "grant".user_id = :user_id and "grant".building_id = :building
          and ("grant".until is null or "grant".until > :now)
        """,
        user_id=user_id, building=building, now=now(),
    )  # fmt: skip
    return {"building": building, "building_name": name, **found[0]} if found else None


def _people_of(parts: Parts, building: str) -> set[str]:
    with reading(parts.store) as sql:
        found = sql.rows('select user_id from "grant" where building_id = :building', building=building)
    return {str(row["user_id"]) for row in found}


# ---------------------------------------------------------------- whose time is over


def tell_expired(parts: Parts) -> None:
    with parts.store.across() as sql:
        found = sql.rows(
            """
            select "grant".user_id, "grant".building_id
            from "grant"
            join membership
              on cast(membership.user_id as text) = "grant".user_id
              and cast(membership.building as text) = "grant".building_id
            where "grant".until <= :now and membership.deleted is null
            """,
            now=now(),
        )  # fmt: skip
    for row in found:
        tell(parts, str(row["user_id"]), str(row["building_id"]))


EXPIRED = Round("memberships", LOOK_S, tell_expired)
