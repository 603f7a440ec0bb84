"""What others do about wallets: decide disputes, and say what deeds are worth."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import Router, get, post
from litestar.params import QueryParameter

from arxos_sync.change import is_uuid
from arxos_sync.problems import Problem, Unreadable

from ..accounts.callers import demand_person
from ..accounts.people import Person, reading
from ..buildings.asked import moment
from ..given import Caller, Given, Wanted
from ..listing import Listing, page_of
from ..operations.audit import audited
from ..parts import now
from ..told import told
from .disputes import EXAMPLE, REASON_CHARS_MAX, Dispute, Verdict, decide, to_judge
from .ledger import hold
from .rewards import Rule, all_rules

PAGE = 50
PAGE_MAX = 500
POINTS_MAX = 1_000_000
_Points = Annotated[int, msgspec.Meta(ge=0, le=POINTS_MAX)]
_RULE = {
    "name": "validation.confirmed", "version": 2, "points": 12, "daily_cap": 240,
    "valid_from": "2026-01-31T00:00:00.000Z",
}  # fmt: skip


class DisputePage(msgspec.Struct, frozen=True):
    items: list[Dispute]
    next: str | None
    total: int


class RulePage(msgspec.Struct, frozen=True):
    items: list[Rule]
    next: str | None
    total: int


class Decision(msgspec.Struct, frozen=True):
    """`uphold`: the ledger stays as it is; `reverse`: the entry is taken back or, where it was, given again."""

    decision: Verdict
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=REASON_CHARS_MAX)]


class NewRule(msgspec.Struct, frozen=True):
    """`valid_from`: an instant that is not past; now without it. No `daily_cap`: no bound."""

    name: Annotated[str, msgspec.Meta(pattern=r"\Avalidation\.[a-z_]{1,40}\Z")]
    points: _Points
    daily_cap: _Points | None = None
    valid_from: str | None = None


@get(
    "/api/v1/wallet/disputes", sync_to_thread=True, summary="The disputes one may decide, oldest first",
    **told("reviewer", "invalid", answered={"items": [EXAMPLE], "next": None, "total": 1}),
)  # fmt: skip
def list_disputes(
    parts: Given,
    person: Caller,
    wanted: Wanted,
    dispute_state: Annotated[Literal["open", "upheld", "reversed"] | None, QueryParameter(name="state")] = None,
) -> DisputePage:
    """Administrators see all; reviewers those of their buildings; others none."""
    me = demand_person(person)
    with reading(parts.store) as sql:
        return DisputePage(*to_judge(sql, me, dispute_state, wanted))


@post(
    "/api/v1/wallet/disputes/{dispute:str}/decision", sync_to_thread=True, status_code=200, summary="Decide a dispute",
    **told("reviewer", "not_found", "forbidden", "already_decided", "invalid",
           sent={"decision": "uphold", "reason": "The photo shows one door."},
           answered=EXAMPLE | {"state": "upheld", "decision": "The photo shows one door."}),
)  # fmt: skip
def decide_dispute(parts: Given, person: Caller, dispute: str, data: Decision) -> Dispute:
    me = demand_person(person)
    if not is_uuid(dispute):
        raise Problem("not_found", f"dispute {dispute}")
    return decide(parts, me, dispute, data.decision, data.reason)


@get(
    "/api/v1/admin/wallet/rules", sync_to_thread=True, summary="What deeds are worth, every version",
    **told("admin", "forbidden", "invalid", answered={"items": [_RULE], "next": None, "total": 1}),
)  # fmt: skip
def list_rules(parts: Given, person: Caller, wanted: Wanted) -> RulePage:
    _demand_admin(person)
    with reading(parts.store) as sql:
        found, more, total = page_of(sql, _RULES, wanted)
    return RulePage([Rule(*(row[name] for name in Rule.__struct_fields__)) for row in found], more, total)


_RULES = Listing(
    """
    select name || valid_from || cast(version as text) as id, name, version, points, daily_cap, valid_from
    from reward_rule
    """,
    sorts=("name", "valid_from"), searched=("name",), page=PAGE, page_max=PAGE_MAX,
)  # fmt: skip


@post(
    "/api/v1/admin/wallet/rules", sync_to_thread=True, status_code=201, summary="A new version of a rule",
    **told("admin", "forbidden", "invalid", sent={"name": "validation.confirmed", "points": 12, "daily_cap": 240},
           answered=_RULE),
)  # fmt: skip
def add_rule(parts: Given, person: Caller, data: NewRule) -> Rule:
    """What was accepted before it is in force pays as before, whenever the news of it arrives."""
    admin = _demand_admin(person)
    with parts.store.tables() as sql:
        hold(sql)
        at = now()  # under the hold: no credit of a later moment was reckoned without it
        valid_from = moment("valid_from", data.valid_from) or at
        if valid_from < at:
            raise Unreadable([("$.valid_from", "an instant that is not past")])
        version = max((rule.version for rule in all_rules(sql) if rule.name == data.name), default=0) + 1
        rule = Rule(data.name, version, data.points, data.daily_cap, valid_from)
        sql.run(
            """
            insert into reward_rule (name, version, points, daily_cap, valid_from)
            values (:name, :version, :points, :daily_cap, :valid_from)
            """,
            **msgspec.structs.asdict(rule),
        )
        audited(sql, admin.id, "add reward rule", {"name": rule.name, "version": version, "points": rule.points})
    return rule


def _demand_admin(person: Person | None) -> Person:
    admin = demand_person(person)
    if not admin.is_admin:
        raise Problem("forbidden", "Only an administrator says what deeds are worth.")
    return admin


router = Router(
    "/", route_handlers=[list_disputes, decide_dispute, list_rules, add_rule], tags=["wallet"]
)
