"""Credits for work that another person has accepted: who gets how many points for what.

A deed is an accepted validation. Its rule is named by its outcome (`validation.confirmed` …), or `validation.similar`
where it was proposed from another one. The version of a rule is the latest that was in force when the deed was
accepted, so late news of it pays the same. A cap is what a person gets by one rule for one day, in UTC; the day is the
one on which they say they found it, if that is within `CLAIMED_DAYS_MAX` days before it reached the server, else the
day it reached it: a week without a network is seven days' work, and whoever claims other days uses up those days' caps.
Of a credit that the cap does not leave room for the rest is given; an entry of 0 points says that nothing was left.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import LiteralString

import msgspec

from arxos_sync.store import Row, Sql

from ..accounts.people import LOT, in_lots, reading
from ..jobs.following import Followed
from ..parts import Parts, derived_id, instant, now_ms
from .ledger import Entry, append, hold
from .telling import tell

PENDING_H = 72
CLAIMED_DAYS_MAX = 7
SIMILAR = "similar"  # the method of a validation that was proposed from another one


class Rule(msgspec.Struct, frozen=True):
    """`daily_cap`: points a person gets by it for a day; None: no bound."""

    name: str
    version: int
    points: int
    daily_cap: int | None
    valid_from: str


class Deed(msgspec.Struct, frozen=True):
    rule: str
    validation_id: str
    building_id: str
    user_id: str
    accepted_at: str
    day: str

    @property
    def entry_id(self) -> str:
        return derived_id("credit", self.rule, self.validation_id)


class Rewards:
    """Credits what is accepted in a building."""

    name = "wallet"
    from_start = True

    def take(self, parts: Parts, followed: Followed) -> None:
        deeds = [deed for row in followed.rows if (deed := deed_of(followed.scope, row)) is not None]
        if deeds:
            credit(parts, deeds)
            tell(parts)


def deed_of(building: str, row: Row) -> Deed | None:
    if row.table != "validation" or row.deleted is not None or row.values["state"] != "accepted":
        return None
    author, reviewer = row.values["author"], row.values["reviewer"]
    if author is None or reviewer is None or author == reviewer:
        return None
    return Deed(rule_for(row), row.id, building, author, row.values["reviewed_at"], _day(row))


def rule_for(row: Row) -> str:
    return f"validation.{SIMILAR if row.values['method'] == SIMILAR else row.values['outcome']}"


def _day(row: Row) -> str:
    arrived, claimed = row.values["created_at"], row.values["captured_at"]
    if claimed is None or claimed > arrived:
        return arrived[:10]
    earliest = datetime.date.fromisoformat(arrived[:10]) - datetime.timedelta(days=CLAIMED_DAYS_MAX)
    return claimed[:10] if claimed[:10] >= earliest.isoformat() else arrived[:10]


def credit(parts: Parts, deeds: Sequence[Deed]) -> int:
    """Write the credits that are not there yet; answers how many. The same deeds again write nothing."""
    wanted = {deed.entry_id: deed for deed in deeds}
    with reading(parts.store) as sql:
        wanted = _unknown(sql, wanted)
    if not wanted:
        return 0
    with parts.store.tables() as sql:
        held = hold(sql)
        entries = _entries(sql, list(_unknown(sql, wanted).values()), now_ms())
        if entries:
            append(sql, held, entries)
            sql.run(_WAIT, after=held.number)
    return len(entries)


_WAIT = """
    insert into ledger_waiting (entry_id, posts_at)
    select entry_id, posts_at
    from ledger
    where number > :after and side = 'credit' and state = 'pending' and posts_at is not null
    """
_KNOWN: LiteralString = f"""
    select entry_id
    from ledger
    where entry_id in ({LOT})
    """


def _unknown(sql: Sql, wanted: dict[str, Deed]) -> dict[str, Deed]:
    known = {row["entry_id"] for some in in_lots(wanted) for row in sql.rows(_KNOWN, **some)}
    return {id: deed for id, deed in wanted.items() if id not in known}


def _entries(sql: Sql, deeds: list[Deed], ms: int) -> list[Entry]:
    rules, given = all_rules(sql), _given(sql, deeds)
    entries = []
    for deed in deeds:
        rule = rule_at(rules, deed.rule, deed.accepted_at)
        if rule is None:
            continue
        place = (deed.user_id, deed.rule, deed.day)
        points = rule.points if rule.daily_cap is None else left_of(rule, given.get(place, 0), rule.points)
        given[place] = given.get(place, 0) + points
        entries.append(_entry(deed, rule, points, ms))
    return entries


def left_of(rule: Rule, given: int, most: int | None = None) -> int:
    left = max(0, (rule.daily_cap or 0) - given)
    return left if most is None else min(left, most)


def _entry(deed: Deed, rule: Rule, points: int, ms: int) -> Entry:
    reason = f"{deed.rule.removeprefix('validation.').replace('_', ' ')}, accepted by another person"
    if points < rule.points:
        reason += f"; {points} of {rule.points}, the rest is above the cap of {rule.daily_cap} on {deed.day}"
    return Entry(
        id=deed.entry_id,
        state="pending",
        out_of="issued",
        into="pending",
        user_id=deed.user_id,
        points=points,
        reward_rule=rule.name,
        rule_version=rule.version,
        created_at=instant(ms),
        validation_id=deed.validation_id,
        building_id=deed.building_id,
        day=deed.day,
        reason=reason,
        posts_at=instant(ms + PENDING_H * 3_600_000) if points else None,
    )


# ---------------------------------------------------------------- rules and caps


def all_rules(sql: Sql) -> list[Rule]:
    found = sql.rows("select name, version, points, daily_cap, valid_from from reward_rule order by name, version")
    return [Rule(**row) for row in found]


def rule_at(rules: list[Rule], name: str, at: str) -> Rule | None:
    """The version in force; of two from the same moment the later one."""
    there = [rule for rule in rules if rule.name == name and rule.valid_from <= at]
    return max(there, key=lambda rule: (rule.valid_from, rule.version), default=None)


_GIVEN: LiteralString = f"""
    select user_id, reward_rule, day, sum(points) as points
    from ledger
    where user_id in ({LOT}) and day >= :first and day <= :last and side = 'credit' and state = 'pending'
    group by user_id, reward_rule, day
    """


def _given(sql: Sql, deeds: list[Deed]) -> dict[tuple[str, str, str], int]:
    """By (person, rule, day): what they got, whether or not it was taken back since."""
    days = [deed.day for deed in deeds]
    return {
        (row["user_id"], row["reward_rule"], row["day"]): int(row["points"])
        for some in in_lots({deed.user_id for deed in deeds})
        for row in sql.rows(_GIVEN, first=min(days), last=max(days), **some)
    }


def given_on(sql: Sql, user_id: str, day: str) -> dict[str, int]:
    """By rule, what a person got for one day."""
    found = sql.rows(
        """
        select reward_rule, sum(points) as points
        from ledger
        where user_id = :user_id and day = :day and side = 'credit' and state = 'pending'
        group by reward_rule
        """,
        user_id=user_id, day=day,
    )  # fmt: skip
    return {row["reward_rule"]: int(row["points"]) for row in found}
