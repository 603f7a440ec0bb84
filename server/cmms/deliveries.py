"""What is to be delivered and what became of it: a row an event and endpoint, and a row a try.

`Hooks` follows the change log. An event's delivery has an id that follows from the event, so a piece of the log that is
given twice makes nothing twice; and every try of it, a replay too, carries that id.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, LiteralString

import msgspec

from arxos_sync.problems import Problem
from arxos_sync.store import LogEntry, Row, Sql

from ..accounts.people import reading
from ..jobs.following import ENTRIES_AT_ONCE, Followed
from ..listing import Listing, PageAsked, page_of
from ..parts import Parts, instant, new_id, now, now_ms
from .endpoints import Endpoint, shown
from .events import Event, events_of

KEPT_DAYS = 30  # after it was delivered or given up
LOT_SIZE = 50
REPLAYED_MAX = 5_000  # transactions
_ALL = 1_000_000_000


class Delivery(msgspec.Struct, frozen=True):
    """`content` is what is posted."""

    id: str
    endpoint_id: str
    event: str
    building_id: str | None
    sequence: int | None
    content: Any
    state: str
    tries: int
    created_at: str | None
    next_try_at: str | None
    delivered_at: str | None
    given_up_at: str | None
    last_status: int | None
    last_error: str | None


class Try(msgspec.Struct, frozen=True):
    number: int
    at: str
    status: int | None
    took_ms: int | None
    answer: str | None


class Hooks:
    """The follower. From the start: an endpoint hears what happened since it was made, in new buildings too."""

    name = "webhooks"
    from_start = True

    def take(self, parts: Parts, followed: Followed) -> None:
        if followed.scope.startswith("user:"):
            return
        with reading(parts.store) as sql:
            endpoints = [shown(row) for row in sql.rows(_LISTENING, building=followed.scope)]
        if not any(entry.received_at >= one.created_at for one in endpoints for entry in followed.entries):
            return
        events = events_of(parts.catalogue, followed.scope, *_to_head(parts, followed))
        last = followed.entries[-1].sequence
        wanted = [
            (one, event)
            for one in endpoints
            for event in events
            if event.sequence <= last and event.when >= one.created_at and one.filter.wants(event)
        ]
        with parts.store.tables() as sql:
            queue(sql, wanted)


def _to_head(parts: Parts, followed: Followed) -> tuple[list[LogEntry], list[Row]]:
    """The piece, and where more came after it that too: what stood then is told backwards from the head."""
    if len(followed.entries) < ENTRIES_AT_ONCE:
        return followed.entries, followed.rows
    after = followed.entries[0].sequence - 1
    with parts.store.read(followed.scope) as reader:
        return list(reader.log(after)), reader.changed(after, None, after, _ALL)


def queue(sql: Sql, wanted: list[tuple[Endpoint, Event]]) -> None:
    """A delivery each, due at once; one that is there already is left as it is."""
    at = now()
    for begin in range(0, len(wanted), LOT_SIZE):
        some = wanted[begin : begin + LOT_SIZE]
        filled = some + [some[-1]] * (LOT_SIZE - len(some))  # the same once more alters nothing
        values: dict[str, Any] = {"at": at}
        for place, (endpoint, event) in enumerate(filled):
            values |= {
                f"id{place}": event.id_for(endpoint.id), f"to{place}": endpoint.id, f"event{place}": event.name,
                f"content{place}": event.content(), f"building{place}": event.building,
                f"sequence{place}": event.sequence,
            }  # fmt: skip
        sql.run(_QUEUE, **values)


def queue_test(sql: Sql, endpoint: Endpoint, who: str) -> str:
    """An event that tells of nothing; answers its id."""
    id, at = new_id(), now()
    data = {"building": endpoint.building_id, "who": who, "when": at}
    sql.run(
        """
        insert into webhook_delivery
            (id, endpoint_id, event, content, building_id, tries, next_try_at, created_at)
        values (:id, :to, 'webhook.test', :content, :building, 0, :at, :at)
        """,
        id=id, to=endpoint.id, building=endpoint.building_id, at=at,
        content=msgspec.json.encode({"type": "webhook.test", "timestamp": at, "data": data}).decode(),
    )  # fmt: skip
    return id


def one(sql: Sql, endpoint: str, id: str) -> Delivery:
    """Raises Problem `not_found`."""
    found = sql.rows("select * from webhook_delivery where id = :id and endpoint_id = :endpoint", id=id,
                     endpoint=endpoint)  # fmt: skip
    if not found:
        raise Problem("not_found", f"delivery {id}")
    return _delivery(found[0])


def _delivery(row: dict[str, Any]) -> Delivery:
    state = "delivered" if row["delivered_at"] else "given_up" if row["given_up_at"] else "waiting"
    named = {name: row[name] for name in Delivery.__struct_fields__ if name not in ("content", "state")}
    return Delivery(content=msgspec.json.decode(row["content"]), state=state, **named)


def listed(
    sql: Sql, endpoint: str, state: str | None, event: str | None, wanted: PageAsked
) -> tuple[list[Delivery], str | None, int]:
    """The latest first, unless another order is wanted; where the next page begins, and how many there are."""
    whose = {"endpoint": endpoint, "event": event or "", "state": state or ""}
    found, more, total = page_of(sql, _LISTED, wanted, **whose)
    return [_delivery(row) for row in found], more, total


_LISTED = Listing(
    """
    select * from webhook_delivery
    where endpoint_id = :endpoint and (:event = '' or event = :event)
      and (:state = '' or :state = case
        when delivered_at is not null then 'delivered' when given_up_at is not null then 'given_up' else 'waiting'
      end)
    """,
    sorts=("-created_at", "next_try_at", "delivered_at", "event"), searched=("event", "last_error"),
    page=50, page_max=200,
)  # fmt: skip


def tries_of(sql: Sql, id: str, wanted: PageAsked) -> tuple[list[Try], str | None, int]:
    found, more, total = page_of(sql, _TRIES, wanted, delivery=id)
    return [Try(*(row[name] for name in Try.__struct_fields__)) for row in found], more, total


_TRIES = Listing(
    """
    select delivery_id || cast(number as text) as id, number, at, status, took_ms, answer
    from webhook_try
    where delivery_id = :delivery
    """,
    sorts=("at",), searched=("status", "answer"),
)  # fmt: skip


def replay(sql: Sql, endpoint: str, id: str) -> None:
    """Deliver it again, under its id, with a schedule from the start."""
    sql.run(_AGAIN + " and id = :id", endpoint=endpoint, id=id, now=now())
    sql.run(_REST_OVER, endpoint=endpoint)


def replay_since(parts: Parts, endpoint: Endpoint, since: str) -> int:
    """Deliver all that happened since, again or for the first time: also what came while the endpoint was off, or
    before it was there. Answers how many. Raises Problem `too_large`.
    """
    wanted = [(endpoint, event) for event in _happened(parts, endpoint, since) if endpoint.filter.wants(event)]
    with parts.store.tables() as sql:
        queue(sql, wanted)
        count = sql.run(_AGAIN + " and created_at >= :since", endpoint=endpoint.id, since=since, now=now())
        sql.run(_REST_OVER, endpoint=endpoint.id)
    return count


def _happened(parts: Parts, endpoint: Endpoint, since: str) -> Iterator[Event]:
    left = REPLAYED_MAX
    for scope in _buildings(parts) if endpoint.building_id is None else [endpoint.building_id]:
        with parts.store.read(scope) as reader:
            (found,) = reader.sql.rows(_SINCE, scope=scope, since=since)
            left -= found["entries"]
            if left < 0:
                raise Problem("too_large", f"over {REPLAYED_MAX} transactions since {since}", hint="Begin later.")
            if not found["entries"]:
                continue
            after = int(found["first"]) - 1
            entries, rows = list(reader.log(after)), reader.changed(after, None, after, _ALL)
        yield from events_of(parts.catalogue, scope, entries, rows)


def _buildings(parts: Parts) -> list[str]:
    with reading(parts.store) as sql:
        found = sql.rows("select scope from scope_head order by scope")
    return [one["scope"] for one in found if not one["scope"].startswith("user:")]


def forget_old(parts: Parts) -> None:
    """A round: what is over and long past."""
    before = instant(now_ms() - KEPT_DAYS * 86_400_000)
    with reading(parts.store) as sql:
        if not sql.rows(_OLD + " limit 1", before=before):
            return
    with parts.store.tables() as sql:
        sql.run(f"delete from webhook_try where delivery_id in ({_OLD})", before=before)
        sql.run(f"delete from webhook_delivery where id in ({_OLD})", before=before)


_LISTENING = """
    select * from webhook_endpoint
    where disabled_at is null and (building_id is null or building_id = :building)
    """
_ROWS: LiteralString = ", ".join(
    f"(:id{n}, :to{n}, :event{n}, :content{n}, :building{n}, :sequence{n}, 0, :at, :at)" for n in range(LOT_SIZE)
)
_QUEUE: LiteralString = f"""
    insert into webhook_delivery
        (id, endpoint_id, event, content, building_id, sequence, tries, next_try_at, created_at)
    values {_ROWS}
    on conflict (id) do nothing
    """
_AGAIN = """
    update webhook_delivery
    set next_try_at = :now, tries = 0, first_try_at = null, delivered_at = null, given_up_at = null
    where endpoint_id = :endpoint
    """
_SINCE = """
    select min(sequence) as first, count(*) as entries
    from change_log
    where scope = :scope and received_at >= :since
    """
_REST_OVER = "update webhook_endpoint set resting_until = null where id = :endpoint"
_OLD = "select id from webhook_delivery where delivered_at < :before or given_up_at < :before"
