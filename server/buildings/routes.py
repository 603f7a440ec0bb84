"""`/api/v1/buildings`: the list, and a building as a resource.

Every write is a transaction through intake by a device of its own, its `base` from `If-Match` (a row's ETag
is its sequence), so two stale forms conflict like two tablets. Without `If-Match` the author is taken to have
seen what stands.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, Router, delete, get, patch, post
from litestar.params import QueryParameter

from arxos_sync.change import is_uuid, to_wire
from arxos_sync.messages import Change
from arxos_sync.problems import Unreadable
from arxos_sync.store import BuildingQuery, ListedBuilding

from ..accounts.callers import demand_person
from ..accounts.people import Person
from ..given import Caller, Given
from ..parts import Parts, new_id, now
from ..told import told
from . import asked, kept, places
from .answering import AnyRequest, is_held, packed, tag_of, tagged, unchanged
from .rows import REFUSALS, Edit, IfMatch, NewRow, Written, base_of, change_row, one_row, write_change
from .shapes import Form, shown, taken

PAGE = 50
PAGE_MAX = 500
WITHIN_M_MAX = 20_100_000  # half around the earth
Sorting = Literal["name", "-name", "updated", "-updated", "near"]
_COLUMNS = {"name": "name", "updated": "updated_at", "near": "near"}
_ID = "0190a000-0000-7000-8000-000000000001"
_ITEM = {
    "id": _ID, "name": "Old mill", "address": "Am Fluss, Ulm", "role": "owner", "head": 4, "visibility": "private",
    "sequence": 1, "centroid": None, "footprint": None, "status": None, "updated_at": "2026-01-31T08:30:00.000Z",
    "distance_m": None,
}  # fmt: skip
_ROW = {"table": "building", "id": _ID, "sequence": 5, "deleted": False, "set": {"name": "New mill"}}
_WRITTEN = {"outcome": "applied", "conflicts": [], "row": _ROW}


class Item(msgspec.Struct, frozen=True):
    """One building of the list; geometries are GeoJSON in degrees."""

    id: str
    name: str
    address: str
    role: str
    head: int
    visibility: str
    sequence: int
    centroid: dict[str, Any] | None
    footprint: dict[str, Any] | None
    status: str | None = None
    updated_at: str | None = None
    distance_m: float | None = None  # from `near`


class Page(msgspec.Struct, frozen=True):
    items: list[Item]
    next: str | None
    total: int


class Building(Item, frozen=True, kw_only=True):
    set: dict[str, Any]  # every column, geometries as WKB in hex


@get(
    "/api/v1/buildings", sync_to_thread=True, summary="Buildings the caller may read",
    **told("anonymous", "invalid", answered={"items": [_ITEM], "next": None, "total": 1}),
)  # fmt: skip
def list_buildings(
    request: AnyRequest,
    parts: Given,
    person: Caller,
    q: str = "",
    bbox: str | None = None,
    near: str | None = None,
    within_m: float | None = None,
    visibility: str | None = None,
    status: str | None = None,
    city: str | None = None,
    role: str | None = None,
    sort: Sorting | None = None,
    limit: int = PAGE,
    next_page: Annotated[str | None, QueryParameter(name="next")] = None,
) -> Response[Page]:
    """`near=lon,lat` leaves out buildings without a footprint and tells each one's `distance_m` on the ellipsoid,
    nearest first unless sorted otherwise. `q`: each word in the name, the code or a part of the address, without
    regard to case or the accents of Latin letters. `role`: the caller's own. `sort=updated`: the longest unchanged
    first.
    """
    query = BuildingQuery(
        user_id=person and person.id,
        everything=person is not None and person.is_admin,
        now=now(),
        text=q.strip(),
        bbox=asked.degrees_box(bbox),
        equal={n: v for n, v in (("visibility", visibility), ("status", status), ("city", city)) if v is not None},
        role=role,
        near=_read_near(near),
        within_m=within_m,
        limit=max(1, min(limit, PAGE_MAX)) + 1,
    )
    query = _sorted(parts, query, sort, next_page)
    reach = BuildingQuery(user_id=query.user_id, everything=query.everything, now=query.now)
    who = person and (person.id, person.is_admin)
    tag = tag_of(parts.epoch, who, parts.store.readable(reach), str(request.url.query))
    if is_held(request, tag):
        return unchanged(tag)
    body = kept.lists.get(tag)
    if body is None:
        body = msgspec.json.encode(_page(parts, query, person))
        kept.lists.put(tag, body)
    return tagged(body, tag)


def _page(parts: Parts, query: BuildingQuery, person: Person | None) -> Page:
    found, total = parts.store.buildings(query)
    more = None
    if len(found) == query.limit:
        found = found[:-1]
        last = found[-1]
        value = last.distance_m if query.sort == "near" else last.row.values[query.sort]
        more = asked.place_text(value, last.row.id)
    return Page([_item(one, person) for one in found], more, total)


def _sorted(parts: Parts, query: BuildingQuery, sort: str | None, next_page: str | None) -> BuildingQuery:
    word = sort or ("near" if query.near else "name")
    column = _COLUMNS[word.removeprefix("-")]
    after = asked.place(next_page)
    if column == "near":
        if query.near is None:
            raise Unreadable([("$.sort", "sorting by nearness needs near=lon,lat")])
        if after is not None and not isinstance(after[0], (int, float)):
            raise Unreadable([("$.next", "not a place in this list")])
    table = parts.catalogue.tables["building"]
    after = asked.checked_place(table, "gross_area_m2" if column == "near" else column, after)
    if query.within_m is not None and (query.near is None or not 0 <= query.within_m <= WITHIN_M_MAX):
        raise Unreadable([("$.within_m", f"metres from `near`, at most {WITHIN_M_MAX}")])
    return msgspec.structs.replace(query, sort=column, descending=word.startswith("-"), after=after)


@get(
    "/api/v1/buildings/{building:str}", sync_to_thread=True, summary="One building",
    **told("anonymous", "not_found", "unauthenticated", answered=_ITEM | {"set": {"name": "Old mill", "city": "Ulm"}}),
)  # fmt: skip
def one_building(
    request: AnyRequest, parts: Given, person: Caller, building: str, geometry: Form = "wkb"
) -> Response[Building]:
    row, role, head = one_row(parts, person, building, "building", building)
    tag = f'"{row.sequence}"'
    if head == row.sequence and is_held(request, tag):  # the answer holds the head, which the tag does not tell
        return unchanged(tag)
    item = msgspec.structs.asdict(_item(ListedBuilding(row, head, role), person))
    table = parts.catalogue.tables["building"]
    return tagged(Building(**item, set=shown(table, to_wire(table, row.values, False), geometry)), tag)


@post(
    "/api/v1/buildings", status_code=201, summary="A new building; its author becomes owner",
    **told("person", "invalid", *REFUSALS, sent={"set": {"name": "Old mill", "city": "Ulm"}}, answered=_WRITTEN),
)  # fmt: skip
async def add_building(parts: Given, person: Caller, data: NewRow) -> Response[Written]:
    author = demand_person(person)
    id = data.id or new_id()
    if not is_uuid(id):
        raise Unreadable([("$.id", "not a lower-case UUID")])
    change = Change("building", id, "insert", 0, taken(parts.catalogue.tables["building"], data.set))
    written = await write_change(parts, author, id, change)
    headers = {"Location": f"/api/v1/buildings/{id}", "ETag": f'"{written.row.sequence}"'}
    return Response(written, status_code=201, headers=headers)


@patch(
    "/api/v1/buildings/{building:str}", summary="Change fields of a building",
    **told("manager", "not_found", "precondition_failed", "invalid", *REFUSALS, sent={"set": {"name": "New mill"}},
           answered=_WRITTEN),
)  # fmt: skip
async def change_building(
    parts: Given, person: Caller, building: str, data: Edit, if_match: IfMatch = None
) -> Response[Written]:
    return await change_row(parts, person, building, "building", building, data.set, data.was, if_match)


@delete(
    "/api/v1/buildings/{building:str}", status_code=204, summary="Delete a building",
    **told("owner", "not_found", "precondition_failed", *REFUSALS),
)  # fmt: skip
async def delete_building(parts: Given, person: Caller, building: str, if_match: IfMatch = None) -> Response[None]:
    author = demand_person(person)
    base = await base_of(parts, author, building, "building", building, if_match)
    await write_change(parts, author, building, Change("building", building, "delete", base))
    return Response(None, status_code=204)


def _item(one: ListedBuilding, person: Person | None) -> Item:
    values = one.row.values
    footprint = places.footprint(values.get("footprint"))
    return Item(
        id=one.row.id,
        name=values["name"],
        address=_address(values),
        role="owner" if person is not None and person.is_admin else one.role,
        head=one.head,
        visibility=values.get("visibility") or "private",
        sequence=one.row.sequence,
        centroid=places.centroid(footprint),
        footprint=footprint,
        status=values.get("status"),
        updated_at=values.get("updated_at"),
        distance_m=one.distance_m,
    )


def _address(values: dict[str, Any]) -> str:
    street = " ".join(filter(None, (values.get("street"), values.get("house_number"))))
    city = " ".join(filter(None, (values.get("postal_code"), values.get("city"))))
    return ", ".join(filter(None, (street, city, values.get("region"), values.get("country"))))


def _read_near(text: str | None) -> tuple[float, float] | None:
    told = "longitude,latitude in degrees"
    found = asked.numbers("near", text, 2, told)
    if found is None:
        return None
    if abs(found[0]) > 180 or abs(found[1]) > 90:
        raise Unreadable([("$.near", told)])
    return found[0], found[1]


router = Router(
    "/",
    route_handlers=[list_buildings, one_building, add_building, change_building, delete_building],
    middleware=[packed],
    tags=["buildings"],
)
