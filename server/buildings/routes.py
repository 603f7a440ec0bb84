"""`/api/v1/buildings`: the list, and a building as a resource.

Every write is a transaction through intake by a device of its own, its `base` from `If-Match` (a row's ETag
is its sequence), so two stale forms conflict like two tablets. Without `If-Match` the author is taken to have
seen what stands.
"""

from __future__ import annotations

import base64
from typing import Annotated, Any

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
from ..parts import new_id, now
from . import places
from .rows import Edit, IfMatch, NewRow, Written, base_of, change_row, one_row, write_change

PAGE = 50
PAGE_MAX = 500


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


class Page(msgspec.Struct, frozen=True):
    items: list[Item]
    next: str | None
    total: int


class Building(Item, frozen=True):
    set: dict[str, Any]  # every column, geometries as WKB in hex


@get("/api/v1/buildings", sync_to_thread=True, summary="Buildings the caller may read")
def list_buildings(
    parts: Given,
    person: Caller,
    q: str = "",
    bbox: str | None = None,
    limit: int = PAGE,
    next_page: Annotated[str | None, QueryParameter(name="next")] = None,
) -> Page:
    query = BuildingQuery(
        user_id=person and person.id,
        everything=person is not None and person.is_admin,
        now=now(),
        text=q.strip(),
        bbox=_read_bbox(bbox),
        after=_read_place(next_page),
        limit=max(1, min(limit, PAGE_MAX)),
    )
    found, total = parts.store.buildings(query)
    more = None
    if len(found) == query.limit:
        last = found[-1].row
        more = base64.urlsafe_b64encode(msgspec.json.encode([last.values["name"], last.id])).decode()
    return Page([_item(one, person) for one in found], more, total)


@get("/api/v1/buildings/{building:str}", sync_to_thread=True, summary="One building")
def one_building(parts: Given, person: Caller, building: str) -> Response[Building]:
    row, role, head = one_row(parts, person, building, "building", building)
    item = msgspec.structs.asdict(_item(ListedBuilding(row, head, role), person))
    table = parts.catalogue.tables["building"]
    body = Building(**item, set=to_wire(table, row.values, False))
    return Response(body, headers={"ETag": f'"{row.sequence}"'})


@post("/api/v1/buildings", status_code=201, summary="A new building; its author becomes owner")
async def add_building(parts: Given, person: Caller, data: NewRow) -> Response[Written]:
    author = demand_person(person)
    id = data.id or new_id()
    if not is_uuid(id):
        raise Unreadable([("$.id", "not a lower-case UUID")])
    change = Change("building", id, "insert", 0, data.set)
    written = await write_change(parts, author, id, change)
    headers = {"Location": f"/api/v1/buildings/{id}", "ETag": f'"{written.row.sequence}"'}
    return Response(written, status_code=201, headers=headers)


@patch("/api/v1/buildings/{building:str}", summary="Change fields of a building")
async def change_building(
    parts: Given, person: Caller, building: str, data: Edit, if_match: IfMatch = None
) -> Response[Written]:
    return await change_row(parts, person, building, "building", building, data.set, data.was, if_match)


@delete("/api/v1/buildings/{building:str}", status_code=204, summary="Delete a building")
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
    )


def _address(values: dict[str, Any]) -> str:
    street = " ".join(filter(None, (values.get("street"), values.get("house_number"))))
    city = " ".join(filter(None, (values.get("postal_code"), values.get("city"))))
    return ", ".join(filter(None, (street, city, values.get("region"), values.get("country"))))


def _read_bbox(text: str | None) -> tuple[float, float, float, float] | None:
    if not text:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise Unreadable([("$.bbox", "west,south,east,north in degrees")]) from error
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise Unreadable([("$.bbox", "west,south,east,north in degrees")])
    return west, south, east, north


def _read_place(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text), type=tuple[str, str])
    except (ValueError, msgspec.DecodeError) as error:
        raise Unreadable([("$.next", "not a place in this list")]) from error


router = Router(
    "/",
    route_handlers=[list_buildings, one_building, add_building, change_building, delete_building],
    tags=["buildings"],
)
