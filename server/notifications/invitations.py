"""The round that puts invitations into the inbox of who has that address here already.

An invitation is no row of a building, so that no follower sees it. What accepts it is the link in the letter: the token
is known to nobody else, not even here.
"""

from __future__ import annotations

from typing import Any

from ..jobs.rounds import Round
from ..parts import Parts, instant, now_ms
from .house import House
from .inbox import deliver
from .notices import Subject, notice

LOOK_S = 5.0


def tell_invited(parts: Parts) -> None:
    now = instant(now_ms())
    with parts.store.tables() as sql:
        found = sql.rows(_UNTOLD, now=now)
    for one in found:
        _tell(parts, one)
        with parts.store.tables() as sql:
            sql.run("update invitation set told_at = :now where id = :id", now=now, id=one["id"])


INVITATIONS = Round("invitations", LOOK_S, tell_invited)


def _tell(parts: Parts, one: dict[str, Any]) -> None:
    building = str(one["building_id"])
    with parts.store.read(building) as reader:
        house = House(reader, [])
        doer = house.name_of_person(str(one["invited_by"]))
    subject = Subject(str(one["user_id"]), "invited", f"{one['role']} of {house.name}", "/", "the letter has the link")
    deliver(parts, [notice(building, house.name, [subject], doer, one["created_at"], one["id"])])


_UNTOLD = """
    select invitation.id, invitation.building_id, invitation.role, invitation.invited_by, invitation.created_at,
           "user".id as user_id
    from invitation
    join "user" on "user".email = lower(invitation.email)
    where invitation.told_at is null and invitation.created_at is not null
      and invitation.accepted_at is null and invitation.revoked_at is null and invitation.expires_at > :now
      and "user".disabled_at is null and "user".id <> invitation.invited_by
    order by invitation.created_at, invitation.id
    """
