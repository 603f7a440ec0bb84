"""Review by another person, and one finding offered to what is like it.

`POST …/validations/review` accepts or rejects some validations, all or none: the merge refuses who is no reviewer, and
whoever found it themselves. The same step may come by sync. `…/validations/{id}/similar` proposes a finding for the
other elements of its task's `similar_group`, or of the same type where there is no such group; each is a submitted
validation of its own, to be reviewed like any.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Router, get, post

from arxos_sync.change import is_uuid
from arxos_sync.messages import Change, RowOut
from arxos_sync.problems import Problem, Refused
from arxos_sync.pull import row_out
from arxos_sync.rights import at_least
from arxos_sync.store import Row, ScopeReader

from ..accounts.callers import demand_person
from ..accounts.people import Person
from ..buildings.rows import REFUSALS, check_building
from ..given import Caller, Given
from ..parts import Parts, derived_id, now
from ..sync.push import Job
from ..sync.routes import demand_reader
from ..told import told
from ..wallet.rewards import SIMILAR
from .consequences import follow
from .impact import (
    EARNING_EXAMPLE,
    IMPACT_EXAMPLE,
    Earning,
    Impact,
    Sureness,
    earning_of,
    impact_of,
    row_example,
    sureness_of,
)

AT_ONCE_MAX = 500
ORIGIN = "office"
_VALIDATION = row_example("validation", "0190a000-0000-7000-8000-000000000002", {"state": "submitted"})
_LIKE = {
    "element": "0190a000-0000-7000-8000-000000000005", "name": "Door 3", "storey_id": None, "task": None,
    "proposed": None,
}  # fmt: skip
_OFFERED = ("confirmed", "corrected")
_OWN = frozenset(  # what each thing has for itself
    ("name", "tag", "serial_number", "barcode", "geometry", "heading_deg", "placement", "storey_id", "space_id")
)


class Review(msgspec.Struct, frozen=True):
    """A rejection says why; the reason is added to the note, for its author to read."""

    ids: Annotated[list[str], msgspec.Meta(min_length=1, max_length=AT_ONCE_MAX)]
    decision: Literal["accepted", "rejected"]
    reason: Annotated[str, msgspec.Meta(max_length=2_000)] | None = None


class Reviewed(msgspec.Struct, frozen=True):
    """A validation as it stands now, and the confidence of its element before and after the review."""

    validation: RowOut
    before: Sureness | None
    after: Sureness | None


class ReviewedAll(msgspec.Struct, frozen=True):
    items: list[Reviewed]


class Foreseen(msgspec.Struct, frozen=True):
    """What accepting it would do."""

    impact: Impact | None
    earns: Earning | None


class Likeness(msgspec.Struct, frozen=True):
    """An element that a finding may be offered to; `proposed`: the validation that did so, if any."""

    element: str
    name: str | None
    storey_id: str | None
    task: str | None
    proposed: str | None


class LikenessPage(msgspec.Struct, frozen=True):
    items: list[Likeness]
    next: str | None
    total: int


class Offer(msgspec.Struct, frozen=True):
    """To some of the similar elements; to all without it."""

    elements: Annotated[list[str], msgspec.Meta(max_length=AT_ONCE_MAX)] | None = None


class Offered(msgspec.Struct, frozen=True):
    """The validations that were proposed, now or before."""

    items: list[RowOut]


@post(
    "/api/v1/buildings/{building:str}/validations/review", sync_to_thread=True, status_code=200,
    summary="Accept or reject findings of others, all or none",
    **told("reviewer", "not_found", "invalid", *REFUSALS,
           sent={"ids": ["0190a000-0000-7000-8000-000000000002"], "decision": "rejected", "reason": "The wrong door."},
           answered={"items": [{"validation": _VALIDATION, "before": None, "after": None}]}),
)  # fmt: skip
def review(parts: Given, person: Caller, building: str, data: Review) -> ReviewedAll:
    me, ids = demand_person(person), list(dict.fromkeys(data.ids))
    if data.decision == "rejected" and not (data.reason or "").strip():
        raise Problem("invalid", "$.reason: a rejection says why")
    with parts.store.read(_checked(building, ids)) as reader:
        demand_reader(reader, me)
        rows = _live(reader, ids)
        before = {row.id: _sureness(reader, row) for row in rows}
    _write(parts, me, building, [_step(row, data) for row in rows], data.reason)
    follow(parts, building, validation=ids)
    with parts.store.read(building) as reader:
        items = [
            Reviewed(row_out(parts.catalogue, row, None, False), before[row.id], _sureness(reader, row))
            for row in _live(reader, ids)
        ]
    return ReviewedAll(items)


def _step(row: Row, data: Review) -> Change:
    told: dict[str, Any] = {"state": data.decision}
    was: dict[str, Any] = {}
    if data.reason:
        note = row.values["note"]
        was = {"note": note} if note is not None else {}
        told["note"] = f"{note}\n{data.reason}" if note else data.reason
    return Change("validation", row.id, "update", row.sequence, told, was or None)


def _sureness(reader: ScopeReader, row: Row) -> Sureness | None:
    return sureness_of(reader, row.values["target_id"]) if row.values["target_table"] == "element" else None


@get(
    "/api/v1/buildings/{building:str}/validations/{id:str}/impact", sync_to_thread=True,
    summary="What accepting a finding would do",
    **told("anonymous", "not_found", "unauthenticated", answered={"impact": IMPACT_EXAMPLE, "earns": EARNING_EXAMPLE}),
)  # fmt: skip
def foresee(parts: Given, person: Caller, building: str, id: str) -> Foreseen:
    with parts.store.read(_checked(building, [id])) as reader:
        demand_reader(reader, person)
        (row,) = _live(reader, [id])
        if row.values["state"] != "submitted":
            return Foreseen(None, None)
        return Foreseen(impact_of(reader, row), earning_of(reader, row, now()))


# ---------------------------------------------------------------- what is like it


@get(
    "/api/v1/buildings/{building:str}/validations/{id:str}/similar", sync_to_thread=True,
    summary="The elements that a finding may be offered to",
    **told("anonymous", "not_found", "unauthenticated", answered={"items": [_LIKE], "next": None, "total": 1}),
)  # fmt: skip
def list_similar(parts: Given, person: Caller, building: str, id: str) -> LikenessPage:
    """At most 500, those of its task's group before those of its type."""
    with parts.store.read(_checked(building, [id])) as reader:
        demand_reader(reader, person)
        found = _similar(reader, _live(reader, [id])[0])
    return LikenessPage(found, None, len(found))


@post(
    "/api/v1/buildings/{building:str}/validations/{id:str}/similar", sync_to_thread=True, status_code=201,
    summary="Propose a finding for what is like it",
    **told("technician", "not_found", "invalid", *REFUSALS,
           sent={"elements": ["0190a000-0000-7000-8000-000000000005"]}, answered={"items": [_VALIDATION]}),
)  # fmt: skip
def offer(parts: Given, person: Caller, building: str, id: str, data: Offer) -> Offered:
    """Nothing is applied: each proposal waits for its review. Proposed again it is the same one."""
    me = demand_person(person)
    with parts.store.read(_checked(building, [id])) as reader:
        if not at_least(demand_reader(reader, me), parts.catalogue.tables["validation"].insert):
            raise Problem("forbidden", "Who may find nothing offers nothing.")
        (source,) = _live(reader, [id])
        if source.values["outcome"] not in _OFFERED or source.values["state"] == "rejected":
            raise Problem("invalid", "Only what was confirmed or corrected, and not rejected, is offered to others.")
        if source.values["field"] in _OWN:
            raise Problem("invalid", f"{source.values['field']} is each thing's own.")
        there = {one.element: one for one in _similar(reader, source)}
    wanted = data.elements if data.elements is not None else list(there)
    if strangers := [element for element in wanted if element not in there]:
        raise Problem("invalid", f"$.elements: not similar: {', '.join(strangers[:5])}")
    changes = [_proposal(source, there[element]) for element in wanted if there[element].proposed is None]
    if changes:
        _write(parts, me, building, changes, None)
        follow(parts, building, validation=[change.id for change in changes])
    with parts.store.read(building) as reader:
        rows = reader.rows({"validation": [_proposal_id(source, element) for element in wanted]})
    return Offered([row_out(parts.catalogue, row, None, False) for row in rows])


def _proposal_id(source: Row, element: str) -> str:
    return derived_id("similar", source.id, element)


def _proposal(source: Row, like: Likeness) -> Change:
    copied = {name: source.values[name] for name in ("field", "claimed_value", "outcome", "captured_at")}
    told = {name: value for name, value in copied.items() if value is not None}
    told |= {"target_table": "element", "target_id": like.element, "method": SIMILAR, "note": f"As {source.id}"}
    told |= {"task_id": like.task} if like.task else {}
    return Change("validation", _proposal_id(source, like.element), "insert", 0, told)


def _similar(reader: ScopeReader, source: Row) -> list[Likeness]:
    if source.values["target_table"] != "element":
        return []
    asked = {"building": reader.scope, "element": source.values["target_id"], "most": AT_ONCE_MAX}
    found = reader.sql.rows(_BY_GROUP, task=source.values["task_id"], **asked) if source.values["task_id"] else []
    if not found:
        found = reader.sql.rows(_BY_TYPE, **asked)
    by_element = {str(row["id"]): row for row in reversed(found)}  # of several tasks of one element the first
    ids = {element: _proposal_id(source, element) for element in sorted(by_element)}
    proposed = {row.id for row in reader.rows({"validation": ids.values()})} if ids else set()
    return [
        Likeness(
            element,
            by_element[element]["name"],
            _text(by_element[element]["storey_id"]),
            _text(by_element[element]["task"]),
            id if id in proposed else None,
        )
        for element, id in ids.items()
    ]


def _text(id: Any) -> str | None:
    return None if id is None else str(id)


_BY_GROUP = """
    select e.id, e.name, e.storey_id, other.id as task
    from task mine
    join task other on other.building_id = :building and other.similar_group = mine.similar_group
        and other.kind = mine.kind and other.target_table = 'element' and other.deleted is null
    join element e on e.building_id = :building and e.id = other.target_id and e.deleted is null
    where mine.building_id = :building and mine.id = :task and e.id <> :element and other.state <> 'accepted'
    order by e.id, other.id
    limit :most
    """
_BY_TYPE = """
    select e.id, e.name, e.storey_id, null as task
    from element one
    join element e on e.building_id = :building and e.ifc_class = one.ifc_class and e.model = one.model
        and coalesce(e.predefined_type, '') = coalesce(one.predefined_type, '')
        and coalesce(e.manufacturer, '') = coalesce(one.manufacturer, '') and e.deleted is null
    where one.building_id = :building and one.id = :element and e.id <> one.id
    order by e.id
    limit :most
    """


# ---------------------------------------------------------------- what the routes share


def _checked(building: str, ids: list[str]) -> str:
    check_building(building)
    for id in ids:
        if not is_uuid(id):
            raise Problem("not_found", f"validation {id}")
    return building


def _live(reader: ScopeReader, ids: list[str]) -> list[Row]:
    """In the order asked for. Raises Problem `not_found`."""
    found = {row.id: row for row in reader.rows({"validation": ids}) if row.deleted is None}
    for id in ids:
        if id not in found:
            raise Problem("not_found", f"validation {id}")
    return [found[id] for id in ids]


def _write(parts: Parts, person: Person, building: str, changes: list[Change], reason: str | None) -> None:
    receipt, hint = Job(parts, person, building, ORIGIN, reason).write(changes)
    if (problem := receipt.problem) is not None:
        raise Refused(problem.code, f"{changes[problem.change].id}: {problem.detail}", field=problem.field)
    if hint is not None:
        parts.bus.announce_apart(hint)


router = Router("/", route_handlers=[review, foresee, list_similar, offer], tags=["validation"])
