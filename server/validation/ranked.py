"""Tasks by what a minute spent on them brings: impact over effort, the most first.

A task without an effort takes `EFFORT_MIN`, one below a minute takes a minute; one without an impact brings nothing.
Of equals the more urgent stands first, then the one due sooner.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, LiteralString

import msgspec
from litestar import Router, get
from litestar.params import QueryParameter

from arxos_sync.change import is_uuid
from arxos_sync.messages import RowOut
from arxos_sync.problems import Unreadable
from arxos_sync.pull import row_out

from ..accounts.callers import demand_person
from ..buildings.asked import place, place_text
from ..buildings.rows import check_building
from ..given import Caller, Given
from ..sync.routes import demand_reader
from ..told import told
from .impact import row_example

PAGE = 50
PAGE_MAX = 500
EFFORT_MIN = 10.0
_TASK = row_example("task", "0190a000-0000-7000-8000-000000000006", {"title": "Width of door 3", "kind": "dimension"})
_OPEN = ("open", "assigned", "in_progress", "reopened")
State = Literal["todo", "open", "assigned", "in_progress", "reopened", "submitted", "accepted", "rejected"]


class Ranked(msgspec.Struct, frozen=True):
    """`worth`: impact a minute. `storey`: of what it is about."""

    worth: float
    storey: str | None
    task: RowOut


class RankedPage(msgspec.Struct, frozen=True):
    items: list[Ranked]
    next: str | None
    total: int


@get(
    "/api/v1/buildings/{building:str}/tasks/ranked", sync_to_thread=True,
    summary="Tasks by impact over effort, a page at a time",
    **told("anonymous", "not_found", "unauthenticated", "invalid",
           answered={"items": [{"worth": 4.0, "storey": None, "task": _TASK}], "next": None, "total": 1}),
)  # fmt: skip
def list_ranked(
    parts: Given,
    person: Caller,
    building: str,
    task_state: Annotated[State, QueryParameter(name="state")] = "todo",
    kind: Literal["dimension", "visual", "count", "scale", "north", "existence"] | None = None,
    assignee: str | None = None,
    storey: str | None = None,
    limit: int = PAGE,
    next_page: Annotated[str | None, QueryParameter(name="next")] = None,
) -> RankedPage:
    """`state`: `todo` is open, assigned, in progress and reopened. `assignee`: a person's id, `me` or `none`."""
    check_building(building)
    limit = max(1, min(limit, PAGE_MAX))
    if assignee == "me":
        assignee = demand_person(person).id
    for name, value in (("assignee", assignee), ("storey", storey)):
        if value not in (None, "none") and not is_uuid(value):
            raise Unreadable([(f"$.{name}", "an id, or none")])
    filters, asked = _filters(task_state, kind, assignee, storey)
    asked |= {"building": building, "effort": EFFORT_MIN}
    at = _place(next_page)
    further: LiteralString = f"where {_AFTER}" if at else ""
    after = dict(zip(("worth", "priority", "due", "id"), at or (), strict=False))
    with parts.store.read(building) as reader:
        demand_reader(reader, person)
        (counted,) = reader.sql.rows(f"select count(*) as total from ({_TASKS} {filters}) told", **asked)
        page = f"select * from ({_TASKS} {filters}) told {further} {_ORDER}"
        found = reader.sql.rows(page, limit=limit + 1, **asked, **after)
        rows = {row.id: row for row in reader.rows({"task": [str(one["id"]) for one in found[:limit]]})}
    items = [_ranked(one, row_out(parts.catalogue, rows[str(one["id"])], None, False)) for one in found[:limit]]
    return RankedPage(items, _place_text(found[limit - 1]) if len(found) > limit else None, int(counted["total"]))


def _ranked(found: dict[str, Any], task: RowOut) -> Ranked:
    return Ranked(float(found["worth"]), found["storey"] and str(found["storey"]), task)


def _place_text(last: dict[str, Any]) -> str:
    return place_text(f"{float(last['worth'])!r} {last['priority']} {last['due']}", str(last["id"]))


def _place(text: str | None) -> tuple[float, int, str, str] | None:
    if (found := place(text)) is None:
        return None
    try:
        worth, priority, due = str(found[0]).split(" ")
        if not is_uuid(found[1]):
            raise ValueError(found[1])
        return float(worth), int(priority), due, found[1]
    except ValueError as error:
        raise Unreadable([("$.next", "not a place in this list")]) from error


def _filters(state: str, kind: str | None, assignee: str | None, storey: str | None) -> tuple[str, dict[str, Any]]:
    """More of the `where`, and its values."""
    states = _OPEN if state == "todo" else (state,)
    parts = ["and coalesce(t.state, 'open') in (" + ", ".join(f":state{n}" for n in range(len(states))) + ")"]
    asked: dict[str, Any] = {f"state{n}": one for n, one in enumerate(states)}
    if kind:
        parts.append("and t.kind = :kind")
        asked["kind"] = kind
    for column, name, value in (("t.assignee", "assignee", assignee), (_STOREY, "storey", storey)):
        if value == "none":
            parts.append(f"and {column} is null")
        elif value:
            parts.append(f"and {column} = :{name}")
            asked[name] = value
    return " ".join(parts), asked


_STOREY: LiteralString = "coalesce(e.storey_id, s.storey_id, f.storey_id, l.id)"
_TASKS: LiteralString = f"""
    select t.id, {_STOREY} as storey, coalesce(t.priority, 1000000) as priority,
        coalesce(cast(t.due_on as text), '9999-12-31') as due,
        coalesce(t.impact, 0.0) / case when coalesce(t.effort_min, :effort) < 1.0 then 1.0
            else coalesce(t.effort_min, :effort) end as worth
    from task t
    left join element e on e.building_id = :building and e.id = t.target_id and t.target_table = 'element'
    left join space s on s.building_id = :building and s.id = t.target_id and t.target_table = 'space'
    left join floor_plan f on f.building_id = :building and f.id = t.target_id and t.target_table = 'floor_plan'
    left join storey l on l.building_id = :building and l.id = t.target_id and t.target_table = 'storey'
    where t.building_id = :building and t.deleted is null
    """
_ORDER: LiteralString = "order by worth desc, priority, due, id limit :limit"
_AFTER: LiteralString = """
    worth < :worth or (worth = :worth and (priority > :priority or (priority = :priority and (due > :due
        or (due = :due and id > :id)))))
    """

router = Router("/", route_handlers=[list_ranked], tags=["validation"])
