"""The inbox: rows of `notification` in a person's own scope, so that every device of theirs has them, offline too.

The server writes them, and that they were read, through intake like everybody. With the row, in the same database
transaction, stands what else is to be done with it: the next letter, a browser's push. A building that is muted leaves
the row alone: it is quiet, and hides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from arxos_sync import limits
from arxos_sync.intake import Author
from arxos_sync.messages import Change
from arxos_sync.store import RowQuery, ScopeWriter, Sql

from ..accounts import cleansing
from ..accounts.people import Person
from ..jobs.following import Followed
from ..live.bus import Hint
from ..parts import Parts, now
from ..sync.own import bare_hint, write_own
from ..sync.push import hint_of
from .german import in_german
from .house import House
from .notices import Notice
from .preferences import muted_by, wishes_of
from .reasons import notices_of

TABLE = "notification"


class Inbox:
    """The follower that fills it."""

    name = "notifications"
    from_start = False

    def take(self, parts: Parts, followed: Followed) -> None:
        if followed.scope.startswith("user:"):
            return
        with parts.store.read(followed.scope) as reader:
            house = House(reader, followed.rows)
            found = notices_of(house, followed)
        deliver(parts, found)
        if found:
            _unname_who_left(parts, followed.scope, house.named)


def deliver(parts: Parts, notices: Sequence[Notice]) -> None:
    """Put each into its person's inbox, once however often it is given."""
    for user_id in sorted({one.user_id for one in notices}):
        _deliver_to(parts, user_id, [one for one in notices if one.user_id == user_id])


def _unname_who_left(parts: Parts, building: str, names: dict[str, str]) -> None:
    """Somebody may have deleted themselves between the reading of their name and the delivery of what it stands in."""
    with parts.store.tables() as sql:
        gone = [one for id in names for one in sql.rows(_LEFT, id=id)]
    for one in gone:
        if names[str(one["id"])] == one["name"]:
            continue  # they had left before
        person = Person(str(one["id"]), one["email"], names[str(one["id"])], False)
        for hint in cleansing.take_name_out(parts, person, one["name"], [building]):
            parts.bus.announce_apart(hint)


def _deliver_to(parts: Parts, user_id: str, notices: list[Notice]) -> None:
    with parts.store.write(f"user:{user_id}") as writer:
        known = {row.id for row in writer.rows({TABLE: [one.id for one in notices]})}
        fresh = [one for one in notices if one.id not in known]
        if not fresh:
            return
        taken = write_own(parts, writer, [Change(TABLE, one.id, "insert", 0, _values(one)) for one in fresh])
        hint = hint_of(parts, writer, taken)
        loud = [one for one in fresh if one.building_id not in muted_by(writer.sql, user_id)]
        _line_up(writer, user_id, loud)
    parts.bus.announce_apart(hint)
    for one in loud:
        told = {"id": one.id, "title": one.title, "body": one.body, "link": one.link}
        parts.bus.announce_person_apart(user_id, "notification.push", told)


def _values(one: Notice) -> dict[str, str]:
    return {"title": one.title, "body": one.body, "link": one.link, "kind": one.kind, "building_id": one.building_id}


def _line_up(writer: ScopeWriter, user_id: str, notices: list[Notice]) -> None:
    """What the rounds will do, in the person's language: the letter, and the push to each browser."""
    wishes = wishes_of(writer)
    for one in map(in_german, notices) if wishes.language == "de" else notices:
        values = {
            "user_id": user_id, "id": one.id, "building_id": one.building_id,
            "title": one.title, "body": one.body, "link": one.link, "now": now(),
        }  # fmt: skip
        writer.sql.run(_TO_PUSH, **values)
        if wishes.frequency != "never":
            writer.sql.run(_TO_MAIL, building_name=one.building_name, **values)


_LEFT = """
    select id, email, name
    from "user"
    where id = :id and left_at is not null
    """
_TO_MAIL = """
    insert into notification_letter
        (user_id, notification_id, building_id, building_name, title, body, link, created_at)
    values (:user_id, :id, :building_id, :building_name, :title, :body, :link, :now)
    on conflict (user_id, notification_id) do nothing
    """
_TO_PUSH = """
    insert into notification_push
        (subscription_id, notification_id, user_id, building_id, title, body, link, created_at, next_try_at, tries)
    select id, :id, user_id, :building_id, :title, :body, :link, :now, :now, 0
    from push_subscription
    where user_id = :user_id and gone_at is null
    on conflict (subscription_id, notification_id) do nothing
    """


# ---------------------------------------------------------------- reading


def mark_read(
    parts: Parts, person: Person, id: str | None = None, building: str | None = None
) -> tuple[int, Hint | None]:
    """One notice, all of a building, or all: how many were unread until now, and the hint for after the commit."""
    wanted = {"read_at": None} | ({"id": id} if id else {}) | ({"building_id": building} if building else {})
    with parts.store.write(f"user:{person.id}") as writer:
        rows, _ = writer.listed(RowQuery(TABLE, wanted, limit=limits.CHANGES_PER_TRANSACTION_MAX))
        if not rows:
            return 0, None
        base, at = writer.head().sequence, now()
        changes = [Change(TABLE, row.id, "update", base, {"read_at": at}) for row in rows]
        taken = write_own(parts, writer, changes, Author(person.id, "", "owner", person.name))
        for row in rows:
            forget(writer.sql, person.id, row.id)
        return len(rows), bare_hint(writer.scope, taken)


def forget(sql: Sql, user_id: str, id: str) -> None:
    """It was read: nobody need be written to of it."""
    sql.run(
        "delete from notification_letter where user_id = :user_id and notification_id = :id",
        user_id=user_id, id=id,
    )  # fmt: skip
    sql.run(
        "delete from notification_push where user_id = :user_id and notification_id = :id",
        user_id=user_id, id=id,
    )  # fmt: skip
