"""How a person wants to be told: how often by letter, at which hour, and of which buildings not at all.

How often is the synced table `preference`, which devices write; hour and zone are the server's own. Somebody who never
said anything is written to once a day.
"""

from __future__ import annotations

import datetime
import zoneinfo

import msgspec

from arxos_sync.messages import Change
from arxos_sync.store import Row, RowQuery, ScopeReader, Sql

from ..accounts.people import Person
from ..live.bus import Hint
from ..parts import Parts, new_id, now
from ..sync.push import Job

DEFAULT = "daily"
HOUR = 7
ZONE = "UTC"
LANGUAGE = "en"
WEEKDAY = 0  # Monday


class Wishes(msgspec.Struct, frozen=True):
    """`preference`: the row that says how often, where there is one. `language`: of letters, `en` or `de`."""

    frequency: str
    timezone: str
    hour: int
    preference: str | None = None
    language: str = LANGUAGE


def wishes_of(reader: ScopeReader) -> Wishes:
    """Read in the person's own scope. Of several rows, one a device perhaps, the one that was changed last counts."""
    rows = _rows(reader)
    said = next((row for row in rows if row.values["digest_frequency"]), rows[0] if rows else None)
    hours = reader.sql.rows(
        "select timezone, hour from notification_hour where user_id = :user_id",
        user_id=reader.scope.removeprefix("user:"),
    )
    return Wishes(
        frequency=(said and said.values["digest_frequency"]) or DEFAULT,
        timezone=hours[0]["timezone"] if hours else ZONE,
        hour=int(hours[0]["hour"]) if hours else HOUR,
        preference=said and said.id,
        language=spoken(_language(rows)),
    )


def _language(rows: list[Row], otherwise: str = LANGUAGE) -> str:
    return next((row.values["language"] for row in rows if row.values["language"]), otherwise)


def spoken(language: str) -> str:
    """Of those that letters are written in, the one that is nearest to what a person or a browser asks for."""
    return "de" if language.lower().startswith("de") else LANGUAGE


def language_of(parts: Parts, user_id: str, otherwise: str = LANGUAGE) -> str:
    """What the person has chosen, else what `otherwise` is nearest to."""
    with parts.store.read(f"user:{user_id}") as reader:
        return spoken(_language(_rows(reader), otherwise))


def _rows(reader: ScopeReader) -> list[Row]:
    return reader.listed(RowQuery("preference", sort="updated_at", descending=True, limit=20))[0]


def is_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def last_due(wishes: Wishes, at: datetime.datetime) -> datetime.datetime:
    """The last moment up to `at` when a daily or weekly letter was due, by the clock where they live."""
    zone = zoneinfo.ZoneInfo(wishes.timezone if is_zone(wishes.timezone) else ZONE)
    local = at.astimezone(zone)
    day = local.date()
    if wishes.frequency == "weekly":
        day -= datetime.timedelta(days=(day.weekday() - WEEKDAY) % 7)
    step = datetime.timedelta(days=7 if wishes.frequency == "weekly" else 1)
    due = datetime.datetime.combine(day, datetime.time(wishes.hour), zone)
    return due if due <= local else datetime.datetime.combine(day - step, datetime.time(wishes.hour), zone)


def set_frequency(parts: Parts, person: Person, frequency: str) -> Hint | None:
    """As the person's own edit of their preference."""
    with parts.store.read(f"user:{person.id}") as reader:
        wishes, head = wishes_of(reader), reader.head().sequence
    given = {"digest_frequency": frequency}
    if wishes.preference is None:
        change = Change("preference", new_id(), "insert", 0, given)
    else:
        change = Change("preference", wishes.preference, "update", head, given)
    receipt, hint = Job(parts, person, f"user:{person.id}", "office").write([change])
    assert receipt.problem is None, receipt.problem
    return hint


def set_hour(sql: Sql, user_id: str, timezone: str, hour: int) -> None:
    sql.run(
        """
        insert into notification_hour (user_id, timezone, hour)
        values (:user_id, :timezone, :hour)
        on conflict (user_id)
        do update set timezone = excluded.timezone, hour = excluded.hour
        """,
        user_id=user_id, timezone=timezone, hour=hour,
    )  # fmt: skip


# ---------------------------------------------------------------- muted buildings


def muted_by(sql: Sql, user_id: str) -> list[str]:
    found = sql.rows(
        """
        select building_id
        from notification_mute
        where user_id = :user_id
        order by building_id
        """,
        user_id=user_id,
    )
    return [str(one["building_id"]) for one in found]


def mute(sql: Sql, user_id: str, building: str) -> None:
    """From now on, and of what was about to be sent."""
    sql.run(
        """
        insert into notification_mute (user_id, building_id, created_at)
        values (:user_id, :building, :now)
        on conflict (user_id, building_id) do nothing
        """,
        user_id=user_id, building=building, now=now(),
    )  # fmt: skip
    sql.run(
        "delete from notification_letter where user_id = :user_id and building_id = :building",
        user_id=user_id, building=building,
    )  # fmt: skip
    sql.run(
        "delete from notification_push where user_id = :user_id and building_id = :building",
        user_id=user_id, building=building,
    )  # fmt: skip


def unmute(sql: Sql, user_id: str, building: str) -> None:
    sql.run(
        "delete from notification_mute where user_id = :user_id and building_id = :building",
        user_id=user_id, building=building,
    )  # fmt: skip
