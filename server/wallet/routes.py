"""`/api/v1/wallet…`: a person's own points. Only the server writes them; a person may dispute what it wrote."""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal, LiteralString

import anyio.to_thread
import msgspec
from litestar import Response, Router, get, post
from litestar.params import QueryParameter

from arxos_sync.change import is_uuid
from arxos_sync.problems import Problem, Unreadable

from ..accounts.callers import demand_person
from ..accounts.people import reading
from ..buildings.asked import moment, place, place_text
from ..given import Caller, Given
from ..parts import now
from ..told import told
from . import statement as statements
from .disputes import EXAMPLE as DISPUTE_EXAMPLE
from .disputes import REASON_CHARS_MAX, Dispute, disputes_of, is_judge, open_dispute
from .ledger import ENTRY, balance_of, entry_of
from .rewards import all_rules, given_on, left_of, rule_at

PAGE = 50
PAGE_MAX = 500
_SORTS: dict[str, LiteralString] = {
    "created_at": "created_at asc, entry_id asc", "-created_at": "created_at desc, entry_id desc",
    "points": "points asc, entry_id asc", "-points": "points desc, entry_id desc",
}  # fmt: skip
_setting = anyio.CapacityLimiter(statements.AT_ONCE_MAX)
_ENTRY = {
    "id": "0190a000-0000-8000-8000-0000000000e1", "points": 10, "state": "pending",
    "reward_rule": "validation.confirmed", "rule_version": 1, "reason": "confirmed, accepted by another person",
    "validation_id": "0190a000-0000-7000-8000-0000000000a1", "building_id": "0190a000-0000-7000-8000-000000000001",
    "day": "2026-01-31", "created_at": "2026-01-31T08:30:00.000Z", "posts_at": "2026-02-03T08:30:00.000Z",
}  # fmt: skip

_STEP = {
    "entry_id": _ENTRY["id"], "state": "pending", "out_of": "issued", "into": "pending", "points": 10,
    "reason": _ENTRY["reason"], "created_at": _ENTRY["created_at"], "hash": "0" * 64,
}  # fmt: skip


class Left(msgspec.Struct, frozen=True):
    """What a rule gives, and how much of today's cap (UTC) is left; `left` null where there is none."""

    rule: str
    version: int
    points: int
    daily_cap: int | None
    given_today: int
    left: int | None


class Wallet(msgspec.Struct, frozen=True):
    """`balance` is posted and stays unless it is taken back; `pending` follows after 72 hours."""

    balance: int
    pending: int
    today: str
    rules: list[Left]


class Credit(msgspec.Struct, frozen=True):
    id: str
    points: int
    state: Literal["pending", "posted", "reversed"]
    reward_rule: str
    rule_version: int
    reason: str | None
    validation_id: str | None
    building_id: str | None
    day: str | None
    created_at: str
    posts_at: str | None


class CreditPage(msgspec.Struct, frozen=True):
    items: list[Credit]
    next: str | None
    total: int


class Step(msgspec.Struct, frozen=True):
    """An entry of the ledger: its points go out of one account and into another."""

    entry_id: str
    state: str
    out_of: str
    into: str
    points: int
    reason: str | None
    created_at: str
    hash: str


class CreditToldWhole(msgspec.Struct, frozen=True):
    credit: Credit
    steps: list[Step]
    disputes: list[Dispute]


class Reason(msgspec.Struct, frozen=True):
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=REASON_CHARS_MAX)]


@get(
    "/api/v1/wallet", sync_to_thread=True, summary="Balance, what is pending, and what is left of today's caps",
    **told("self", answered={
        "balance": 120, "pending": 30, "today": "2026-01-31",
        "rules": [{"rule": "validation.confirmed", "version": 1, "points": 10, "daily_cap": 200, "given_today": 30,
                   "left": 170}]}),
)  # fmt: skip
def wallet(parts: Given, person: Caller) -> Wallet:
    me, at = demand_person(person), now()
    with reading(parts.store) as sql:
        balance, rules, given = balance_of(sql, me.id), all_rules(sql), given_on(sql, me.id, at[:10])
    shown = []
    for name in dict.fromkeys(rule.name for rule in rules):
        if (rule := rule_at(rules, name, at)) is not None:
            today = given.get(name, 0)
            left = None if rule.daily_cap is None else left_of(rule, today)
            shown.append(Left(name, rule.version, rule.points, rule.daily_cap, today, left))
    return Wallet(balance.balance, balance.pending, at[:10], shown)


@get(
    "/api/v1/wallet/entries", sync_to_thread=True, summary="One's credits, a page at a time",
    **told("self", "invalid", answered={"items": [_ENTRY], "next": None, "total": 1}),
)  # fmt: skip
def list_entries(
    parts: Given,
    person: Caller,
    entry_state: Annotated[Literal["pending", "posted", "reversed"] | None, QueryParameter(name="state")] = None,
    building: str | None = None,
    rule: str | None = None,
    since: str | None = None,
    until: str | None = None,
    sort: Literal["created_at", "-created_at", "points", "-points"] = "-created_at",
    limit: int = PAGE,
    next_page: Annotated[str | None, QueryParameter(name="next")] = None,
) -> CreditPage:
    """`since` and `until` bound the moment of the credit, the latter not included."""
    me, limit = demand_person(person), max(1, min(limit, PAGE_MAX))
    asked = {
        "state": entry_state, "building": building, "rule": rule,
        "since": moment("since", since), "until": moment("until", until),
    }  # fmt: skip
    where: LiteralString = " and ".join(["1 = 1", *(_FILTERS[name] for name, value in asked.items() if value)])
    given: dict[str, Any] = {"me": me.id, **{name: value for name, value in asked.items() if value}}
    with reading(parts.store) as sql:
        (counted,) = sql.rows(f"select count(*) as total from ({_MINE}) mine where {where}", **given)
        further: LiteralString = ""
        if (after := place(next_page)) is not None:
            further = " and " + _FURTHER[sort]
            given |= {"value": _checked(sort, after[0]), "id": after[1]}
        statement: LiteralString = f"select * from ({_MINE}) mine where {where}{further} order by {_SORTS[sort]}"
        found = sql.rows(statement + " limit :limit", limit=limit + 1, **given)
    column = sort.removeprefix("-")
    more = place_text(found[limit - 1][column], found[limit - 1]["entry_id"]) if len(found) > limit else None
    return CreditPage([_credit(row) for row in found[:limit]], more, int(counted["total"]))


def _checked(sort: str, value: Any) -> Any:
    if not isinstance(value, int if sort.endswith("points") else str):
        raise Unreadable([("$.next", "not a place in this list")])
    return value


_MINE: LiteralString = ENTRY + " and e.user_id = :me"
_FILTERS: dict[str, LiteralString] = {
    "state": "state = :state", "building": "building_id = :building", "rule": "reward_rule = :rule",
    "since": "created_at >= :since", "until": "created_at < :until",
}  # fmt: skip
_FURTHER: dict[str, LiteralString] = {
    "created_at": "(created_at, entry_id) > (:value, :id)", "-created_at": "(created_at, entry_id) < (:value, :id)",
    "points": "(points, entry_id) > (:value, :id)", "-points": "(points, entry_id) < (:value, :id)",
}  # fmt: skip


def _credit(row: dict[str, Any]) -> Credit:
    return Credit(row["entry_id"], **{name: row[name] for name in Credit.__struct_fields__ if name != "id"})


@get(
    "/api/v1/wallet/entries/{entry:str}", sync_to_thread=True,
    summary="A credit with what became of it and its disputes",
    **told("self", "not_found", answered={"credit": _ENTRY, "steps": [_STEP], "disputes": [DISPUTE_EXAMPLE]}),
)  # fmt: skip
def one_entry(parts: Given, person: Caller, entry: str) -> CreditToldWhole:
    """One's own; administrators see all, reviewers those of their buildings."""
    me = demand_person(person)
    with reading(parts.store) as sql:
        row = entry_of(sql, entry) if is_uuid(entry) else None
        if row is None or not (row["user_id"] == me.id or is_judge(sql, me, row["building_id"])):
            raise Problem("not_found", f"entry {entry}")
        steps = [Step(**step) for step in sql.rows(_STEPS, entry=entry)]
        return CreditToldWhole(_credit(row), steps, disputes_of(sql, entry))


_STEPS = """
    select d.entry_id, d.state, d.account as out_of, c.account as "into", d.points, d.reason, d.created_at, c.hash
    from ledger d
    join ledger c on c.entry_id = d.entry_id and c.side = 'credit'
    where d.side = 'debit' and (d.entry_id = :entry or d.about = :entry)
    order by d.number
    """


@post(
    "/api/v1/wallet/entries/{entry:str}/dispute", sync_to_thread=True, status_code=201, summary="Say that it is wrong",
    **told("self", "not_found", "already_disputed", "invalid", sent={"reason": "I measured both doors."},
           answered=DISPUTE_EXAMPLE),
)  # fmt: skip
def dispute_entry(parts: Given, person: Caller, entry: str, data: Reason) -> Dispute:
    """Until it is decided the entry is not posted."""
    me = demand_person(person)
    if not is_uuid(entry):
        raise Problem("not_found", f"entry {entry}")
    return open_dispute(parts, me, entry, data.reason)


@get(
    "/api/v1/wallet/statement", summary="Every entry of a span of days, as CSV or PDF",
    **told("self", "invalid", media="text/csv", answered=",".join(statements.HEADINGS)),
)  # fmt: skip
async def statement(
    parts: Given,
    person: Caller,
    form: Annotated[Literal["csv", "pdf"], QueryParameter(name="format")] = "csv",
    first: Annotated[datetime.date | None, QueryParameter(name="from")] = None,
    last: Annotated[datetime.date | None, QueryParameter(name="to")] = None,
) -> Response[bytes]:
    """`from` and `to` are days in UTC, both included; without them all there is."""
    me = demand_person(person)
    end = last or datetime.date.fromisoformat(now()[:10])
    if not (first or datetime.date.min) <= end < datetime.date.max:
        raise Unreadable([("$.to", "a day, not before `from`")])

    def found() -> statements.Statement:
        with reading(parts.store) as sql:
            return statements.statement_of(sql, me.id, me.name, first, end)

    stated = await anyio.to_thread.run_sync(found)
    if form == "csv":
        body = await anyio.to_thread.run_sync(statements.as_csv, stated)
    else:
        body = await anyio.to_thread.run_sync(statements.as_pdf, stated, limiter=_setting)
    kind = "text/csv; charset=utf-8" if form == "csv" else "application/pdf"
    headers = {
        "Content-Disposition": f'attachment; filename="bilt-statement.{form}"', "Cache-Control": "private, no-store",
    }  # fmt: skip
    return Response(body, media_type=kind, headers=headers)


router = Router(
    "/", route_handlers=[wallet, list_entries, one_entry, dispute_entry, statement], tags=["wallet"]
)
