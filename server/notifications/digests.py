"""The round that writes letters of what is new in people's inboxes: now, daily, weekly, or never.

`now` waits a moment, so that what is read on a screen at once is not written of, and a burst is one letter. Whoever
moves a person's `notification_digest` writes their letter; another process that had the same in mind finds it moved.
"""

from __future__ import annotations

import datetime
from itertools import groupby
from typing import Any

from arxos_sync.store import Sql

from ..jobs.rounds import Round
from ..parts import Parts, instant, new_nonce, now_ms
from .letters import write_letter
from .preferences import Wishes, last_due, wishes_of
from .unsubscribing import address_of

LOOK_S = 5.0
NOW_AFTER_S = 60
NOTICES_MAX = 100  # in one letter; of the others it says how many they are
_WORDS = {
    "en": {
        "now": "at once", "daily": "once a day", "weekly": "once a week",
        "subject": "{count} news from {where}", "buildings": "{count} buildings",
        "hello": "Hello {name},", "new": "this is new in your ARXOS inbox.", "more": "And {count} more.",
        "foot": "You are written to {when}. ARXOS, under Notifications, changes that.",
        "no_more": "No more such letters:",
    },
    "de": {
        "now": "sofort", "daily": "einmal am Tag", "weekly": "einmal in der Woche",
        "subject": "{count} Neuigkeiten aus {where}", "buildings": "{count} Gebäuden",
        "hello": "Guten Tag {name},", "new": "das ist neu in Ihrem Posteingang bei ARXOS.",
        "more": "Und {count} weitere.",
        "foot": "Sie erhalten diese E-Mails {when}. In ARXOS, unter Benachrichtigungen, lässt sich das ändern.",
        "no_more": "Keine solchen E-Mails mehr:",
    },
}  # fmt: skip


def write_digests(parts: Parts, at_ms: int | None = None) -> None:
    at_ms = at_ms or now_ms()
    with parts.store.tables() as sql:
        waiting = sql.rows(_WAITING)
    for one in waiting:
        with parts.store.read(f"user:{one['user_id']}") as reader:
            wishes = wishes_of(reader)
        if wishes.frequency == "never":
            with parts.store.tables() as sql:
                sql.run("delete from notification_letter where user_id = :user_id", user_id=one["user_id"])
        elif before := _due(wishes, one, at_ms):
            _write(parts, one, wishes, before, at_ms)


DIGESTS = Round("digests", LOOK_S, write_digests)


def _due(wishes: Wishes, waiting: dict[str, Any], at_ms: int) -> str | None:
    """The letter is of what came up to then; None where it is not time yet."""
    if wishes.frequency == "now":
        since = instant(at_ms - NOW_AFTER_S * 1000)
        return instant(at_ms) if waiting["oldest"] <= since else None
    at = datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC)
    due = instant(int(last_due(wishes, at).timestamp() * 1000))
    return due if waiting["oldest"] <= due else None


def _write(parts: Parts, waiting: dict[str, Any], wishes: Wishes, before: str, at_ms: int) -> None:
    user_id = str(waiting["user_id"])
    with parts.store.tables() as sql:
        if not _is_ours(sql, user_id, waiting["mailed_at"], instant(at_ms)):
            return
        people = sql.rows(_PERSON, id=user_id)
        notices = sql.rows(_NOTICES, user_id=user_id, before=before)
        sql.run(_DONE, user_id=user_id, before=before)
        if notices and people:
            link = address_of(parts, people[0]["unsubscribe"])
            body = body_of(people[0]["name"], notices, wishes, parts.settings.public_url, link)
            write_letter(sql, people[0]["email"], subject_of(notices, wishes.language), body, link)


def _is_ours(sql: Sql, user_id: str, former: str | None, now: str) -> bool:
    if former is None:
        return bool(sql.run(_BEGIN, user_id=user_id, now=now, token=new_nonce()))
    return bool(sql.run(_MOVE, user_id=user_id, now=now, former=former, token=new_nonce()))


_WAITING = """
    select notification_letter.user_id, min(notification_letter.created_at) as oldest,
           max(notification_digest.mailed_at) as mailed_at
    from notification_letter
    left join notification_digest on notification_digest.user_id = notification_letter.user_id
    group by notification_letter.user_id
    order by notification_letter.user_id
    """
_BEGIN = """
    insert into notification_digest (user_id, mailed_at, unsubscribe)
    values (:user_id, :now, :token)
    on conflict (user_id) do nothing
    """
_MOVE = """
    update notification_digest
    set mailed_at = :now, unsubscribe = coalesce(unsubscribe, :token)
    where user_id = :user_id and mailed_at = :former
    """
_PERSON = """
    select "user".name, "user".email, notification_digest.unsubscribe
    from "user"
    join notification_digest on notification_digest.user_id = "user".id
    where "user".id = :id and "user".disabled_at is null
    """
_NOTICES = """
    select building_id, building_name, title, body, link
    from notification_letter
    where user_id = :user_id and created_at <= :before
    order by building_name, building_id, created_at, notification_id
    """
_DONE = """
    delete from notification_letter
    where user_id = :user_id and created_at <= :before
    """


# ---------------------------------------------------------------- how it reads


def subject_of(notices: list[dict[str, Any]], language: str) -> str:
    if len(notices) == 1:
        return f"{notices[0]['title']} · {notices[0]['building_name']}"
    buildings, words = sorted({one["building_name"] for one in notices}), _WORDS[language]
    where = buildings[0] if len(buildings) == 1 else words["buildings"].format(count=len(buildings))
    return words["subject"].format(count=len(notices), where=where)


def body_of(
    name: str, notices: list[dict[str, Any]], wishes: Wishes, public_url: str | None, unsubscribe: str | None
) -> str:
    words = _WORDS[wishes.language]
    lines = [words["hello"].format(name=name), "", words["new"]]
    shown = notices[:NOTICES_MAX]
    for _, some in groupby(shown, key=lambda one: (one["building_name"], one["building_id"])):
        of_building = list(some)
        lines += ["", str(of_building[0]["building_name"])]
        for one in of_building:
            lines.append(f"- {one['title']}")
            said = one["body"].removeprefix(one["building_name"]).removeprefix(" · ")
            lines += [f"  {said}"] if said else []
            lines += [f"  {public_url.rstrip('/')}{one['link']}"] if public_url else []
    if len(notices) > len(shown):
        lines += ["", words["more"].format(count=len(notices) - len(shown))]
    lines += ["", "-- ", words["foot"].format(when=words[wishes.frequency])]
    if unsubscribe:
        lines += [words["no_more"], unsubscribe]
    return "\n".join(lines) + "\n"
