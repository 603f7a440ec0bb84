"""`/api/v1/buildings/{building}/{table}/{id}/history`: who changed a row, when, by which way, and what each field was.

The change log is the truth. Which of its transactions touched a row stands in `row_change`, which `Changes`, a follower
of the log, writes a moment after them; what it has not come to yet is looked for in the log itself. What a field said
before and after is worked out backwards from the row as it stands (`cmms/events.py`), so a later page goes that way
from the head too.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Router, get
from litestar.params import QueryParameter

from arxos_sync.messages import Logged
from arxos_sync.problems import Unreadable
from arxos_sync.store import LogEntry, Row, ScopeReader

from ..accounts.people import Person
from ..cmms.events import Event, changed_in, events_of
from ..given import Caller, Given
from ..jobs.following import Followed
from ..parts import Parts
from ..told import told
from .answering import packed
from .rows import demand_row

PAGE = 20
PAGE_MAX = 100
FOLLOWER = "row changes"
_AT = "2026-01-31T08:30:00.000Z"
_CHANGE = {
    "sequence": 7, "at": _AT, "user_id": "0190a000-0000-7000-8000-000000000003", "name": "Olga Owner",
    "origin": "field", "kind": "updated", "fields": {"status": {"old": "ok", "new": "faulty"}},
}  # fmt: skip


class Past(msgspec.Struct, frozen=True):
    """One change of a row. `user_id` is null where the server did it by itself; `name` where nobody here has one to
    read; `origin` of what was taken in before it was kept. `fields`: values as they travel.
    """

    sequence: int
    at: str
    user_id: str | None
    name: str | None
    origin: str | None
    kind: str  # created, updated, deleted, restored
    fields: dict[str, dict[str, Any]]


class PastPage(msgspec.Struct, frozen=True):
    items: list[Past]
    next: str | None
    total: int


@get(
    "/api/v1/buildings/{building:str}/{table:str}/{id:str}/history", sync_to_thread=True,
    summary="What became of a row, the last change first",
    **told("anonymous", "not_found", "unauthenticated", "invalid",
           answered={"items": [_CHANGE], "next": None, "total": 1}),
)  # fmt: skip
def history(
    parts: Given,
    person: Caller,
    building: str,
    table: str,
    id: str,
    limit: int = PAGE,
    next_page: Annotated[str | None, QueryParameter(name="next")] = None,
) -> PastPage:
    return page_of(parts, person, (building, table, id), max(1, min(limit, PAGE_MAX)), _place(next_page))


def page_of(parts: Parts, person: Person | None, of: tuple[str, str, str], many: int, below: int | None) -> PastPage:
    """`of`: building, table and id. Raises Problem `not_found`, `unauthenticated`."""
    with demand_row(parts, person, *of) as (reader, row, role):
        recent = _recent(parts, reader, row)
        touched = sorted({*_listed(reader, row), *(entry.sequence for entry in recent)}, reverse=True)
        page = [sequence for sequence in touched if below is None or sequence < below][:many]
        entries = _entries(reader, row, page[-1], recent) if page else []
        names = _names(reader, role != "anonymous")
    ways = {entry.sequence: _way(entry) for entry in entries}
    events = events_of(parts.catalogue, reader.scope, entries, [row])
    items = [_past(event, names, row, ways) for event in reversed(events) if event.sequence in page]
    more = str(page[-1]) if page and page[-1] != touched[-1] else None
    return PastPage(items, more, len(touched))


def _place(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise Unreadable([("$.next", "not a place in this list")])
    return int(text)


def _listed(reader: ScopeReader, row: Row) -> list[int]:
    found = reader.sql.rows(
        "select sequence from row_change where scope = :scope and row_id = :id and sequence <= :last",
        scope=reader.scope, id=row.id, last=row.sequence,
    )  # fmt: skip
    return [int(one["sequence"]) for one in found]


def _recent(parts: Parts, reader: ScopeReader, row: Row) -> list[LogEntry]:
    """What changed it since the list of changes was written last."""
    (place,) = reader.sql.rows(
        "select max(sequence) as sequence from follower where name = :name and scope = :scope",
        name=FOLLOWER, scope=reader.scope,
    )  # fmt: skip
    after = int(place["sequence"] or 0)
    if row.sequence <= after:
        return []
    id = row.id.encode()
    perhaps = [e for e in reader.log(after) if id in e.content or id in e.before or e.sequence == row.born]
    since = {sequence for sequence, key in changed_in(parts.catalogue, reader.scope, perhaps, [row]) if key == row.key}
    return [entry for entry in perhaps if entry.sequence in since]


def _entries(reader: ScopeReader, row: Row, first: int, recent: list[LogEntry]) -> list[LogEntry]:
    """The log's entries from `first` on that changed it."""
    found = reader.sql.rows(
        """
        select l.sequence, salt, device, n, user_id, stamp, received_at, content, before
        from row_change c
        join change_log l on l.scope = c.scope and l.sequence = c.sequence
        where c.scope = :scope and c.row_id = :id and c.sequence between :first and :last
        order by l.sequence
        """,
        scope=reader.scope, id=row.id, first=first, last=row.sequence,
    )  # fmt: skip
    listed = [LogEntry(**one) for one in found]
    known = {entry.sequence for entry in listed}
    return listed + [entry for entry in recent if entry.sequence >= first and entry.sequence not in known]


def _names(reader: ScopeReader, everybody: bool) -> dict[str, str]:
    """As the building's rows have them; to people of the building also of those who are no members any more."""
    found = reader.sql.rows(
        """
        select cast(user_id as text) as user_id, name
        from member
        where cast(building_id as text) = :scope and (deleted is null or :everybody = 1)
        order by case when deleted is null then 1 else 0 end, sequence
        """,
        scope=reader.scope, everybody=int(everybody),
    )  # fmt: skip
    return {one["user_id"]: one["name"] for one in found}


def _way(entry: LogEntry) -> str | None:
    return msgspec.msgpack.decode(entry.content, type=Logged).origin or None


def _past(event: Event, names: dict[str, str], row: Row, ways: dict[int, str | None]) -> Past:
    name = names.get(event.who) if event.who else None
    origin = row.values["origin"] if event.kind == "created" else ways[event.sequence]
    return Past(event.sequence, event.when, event.who, name, origin, event.kind, event.diff)


# ---------------------------------------------------------------- the list of it


class Changes:
    """The follower that writes `row_change`."""

    name = FOLLOWER
    from_start = True

    def take(self, parts: Parts, followed: Followed) -> None:
        if followed.scope.startswith("user:"):
            return
        found = changed_in(parts.catalogue, followed.scope, followed.entries, followed.rows)
        values = ({"scope": followed.scope, "id": id, "sequence": sequence} for sequence, (_, id) in sorted(found))
        with parts.store.tables() as sql:
            sql.run_each(_ADD, values)


_ADD = """
    insert into row_change (scope, row_id, sequence)
    values (:scope, :id, :sequence)
    on conflict (scope, row_id, sequence) do nothing
    """

router = Router("/", route_handlers=[history], middleware=[packed], tags=["rows"])
