"""`/api/v1/webhooks…`: endpoints, their secrets, and what was delivered to them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import Router, delete, get, patch, post
from litestar.params import QueryParameter

from arxos_sync.change import is_uuid
from arxos_sync.problems import Problem, Unreadable

from ..accounts.callers import demand_person
from ..accounts.people import Person, reading
from ..buildings import asked
from ..given import Caller, Given, Wanted
from ..parts import Parts
from ..told import told
from . import deliveries, endpoints
from .deliveries import Delivery, Try
from .endpoints import Endpoint, Filter

State = Literal["waiting", "delivered", "given_up"]
InState = Annotated[State | None, QueryParameter(name="state")]
_ID = "0190a000-0000-7000-8000-000000000001"
_ENDPOINT = {
    "id": _ID, "building_id": None, "url": "https://hooks.example.org/arxos", "name": "Helpdesk",
    "filter": {"tables": ["element"], "events": ["*.updated"]}, "created_by": _ID, "disabled_at": None,
    "created_at": "2026-01-31T08:30:00.000Z", "disabled_because": None, "resting_until": None,
    "former_secret_until": None,
}  # fmt: skip
_WITH_SECRET = {"endpoint": _ENDPOINT, "secret": "whsec_…"}
_DELIVERY = {
    "id": _ID, "endpoint_id": _ID, "event": "element.updated", "building_id": _ID, "sequence": 12, "state": "delivered",
    "content": {
        "type": "element.updated", "timestamp": "2026-01-31T08:30:00.000Z",
        "data": {
            "building": _ID, "table": "element", "id": _ID, "sequence": 12, "who": _ID,
            "when": "2026-01-31T08:30:00.000Z", "diff": {"status": {"old": "ok", "new": "faulty"}},
        },
    },
    "tries": 1, "created_at": "2026-01-31T08:30:00.000Z", "next_try_at": None, "given_up_at": None,
    "delivered_at": "2026-01-31T08:30:01.000Z", "last_status": 204, "last_error": None,
}  # fmt: skip
_TRY = {"number": 1, "at": "2026-01-31T08:30:01.000Z", "status": 204, "took_ms": 30, "answer": ""}


class NewEndpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`building_id` null: all buildings, which is for administrators."""

    url: str
    building_id: str | None = None
    name: str | None = None
    filter: Filter = msgspec.field(default_factory=Filter)


class EndpointEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: str | msgspec.UnsetType = msgspec.UNSET
    name: str | None | msgspec.UnsetType = msgspec.UNSET
    filter: Filter | msgspec.UnsetType = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET


class WithSecret(msgspec.Struct, frozen=True):
    """The secret is told this once."""

    endpoint: Endpoint
    secret: str


class EndpointPage(msgspec.Struct, frozen=True):
    items: list[Endpoint]
    next: str | None
    total: int


class DeliveryPage(msgspec.Struct, frozen=True):
    items: list[Delivery]
    next: str | None
    total: int


class TryPage(msgspec.Struct, frozen=True):
    items: list[Try]
    next: str | None
    total: int


class Since(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    since: str


class Replayed(msgspec.Struct, frozen=True):
    count: int


class Queued(msgspec.Struct, frozen=True):
    id: str


@get(
    "/api/v1/webhooks", sync_to_thread=True, summary="Webhooks of the buildings one manages",
    **told("person", "invalid", answered={"items": [_ENDPOINT], "next": None, "total": 1}),
)  # fmt: skip
def list_endpoints(parts: Given, person: Caller, wanted: Wanted, building: str | None = None) -> EndpointPage:
    author = demand_person(person)
    with reading(parts.store) as sql:
        return EndpointPage(*endpoints.listed(sql, author, building, wanted))


@post(
    "/api/v1/webhooks", status_code=201, sync_to_thread=True, summary="A new webhook; its secret is told this once",
    **told("manager", "not_found", "forbidden", "invalid", "address_refused", "unreachable",
           sent={"url": "https://hooks.example.org/arxos", "building_id": _ID, "filter": {"tables": ["element"]}},
           answered=_WITH_SECRET),
)  # fmt: skip
def add_endpoint(parts: Given, person: Caller, data: NewEndpoint) -> WithSecret:
    author = demand_person(person)
    if data.building_id is not None and not is_uuid(data.building_id):
        raise Problem("not_found", data.building_id)
    made = endpoints.create(parts, author, data.building_id, data.url, data.name, data.filter)
    return WithSecret(*made)


@get(
    "/api/v1/webhooks/{id:str}", sync_to_thread=True, summary="One webhook",
    **told("manager", "not_found", answered=_ENDPOINT),
)  # fmt: skip
def get_endpoint(parts: Given, person: Caller, id: str) -> Endpoint:
    return _theirs(parts, person, id)[1]


@patch(
    "/api/v1/webhooks/{id:str}", sync_to_thread=True, summary="Change a webhook, turn it off or on",
    **told("manager", "not_found", "invalid", "address_refused", "unreachable", sent={"enabled": True},
           answered=_ENDPOINT),
)  # fmt: skip
def change_endpoint(parts: Given, person: Caller, id: str, data: EndpointEdit) -> Endpoint:
    author, _ = _theirs(parts, person, id)
    changed = {n: v for n, v in msgspec.structs.asdict(data).items() if v is not msgspec.UNSET}
    if "filter" in changed:
        endpoints.check_filter(parts.catalogue, changed["filter"])
        changed["filter"] = msgspec.to_builtins(changed["filter"])
    endpoints.check_name(changed.get("name"))
    return endpoints.change(parts, author, id, changed)


@delete(
    "/api/v1/webhooks/{id:str}", status_code=204, sync_to_thread=True, summary="Delete a webhook and its deliveries",
    **told("manager", "not_found"),
)  # fmt: skip
def delete_endpoint(parts: Given, person: Caller, id: str) -> None:
    author, _ = _theirs(parts, person, id)
    with parts.store.tables() as sql:
        endpoints.remove(sql, author, id)


@post(
    "/api/v1/webhooks/{id:str}/secret", status_code=200, sync_to_thread=True,
    summary="A new secret; for a day the former one signs as well",
    **told("manager", "not_found", answered=_WITH_SECRET),
)  # fmt: skip
def rotate_secret(parts: Given, person: Caller, id: str) -> WithSecret:
    author, _ = _theirs(parts, person, id)
    return WithSecret(*endpoints.rotate(parts, author, id))


@post(
    "/api/v1/webhooks/{id:str}/test", status_code=202, sync_to_thread=True, summary="Send an event `webhook.test`",
    **told("manager", "not_found", answered={"id": _ID}),
)  # fmt: skip
def send_test(parts: Given, person: Caller, id: str) -> Queued:
    author, endpoint = _theirs(parts, person, id)
    with parts.store.tables() as sql:
        return Queued(deliveries.queue_test(sql, endpoint, author.id))


@get(
    "/api/v1/webhooks/{id:str}/deliveries", sync_to_thread=True, summary="What was delivered, the latest first",
    **told("manager", "not_found", "invalid", answered={"items": [_DELIVERY], "next": None, "total": 1}),
)  # fmt: skip
def list_deliveries(
    parts: Given, person: Caller, wanted: Wanted, id: str, in_state: InState = None, event: str | None = None
) -> DeliveryPage:
    _theirs(parts, person, id)
    with reading(parts.store) as sql:
        return DeliveryPage(*deliveries.listed(sql, id, in_state, event, wanted))


@get(
    "/api/v1/webhooks/{id:str}/deliveries/{delivery:str}/tries", sync_to_thread=True, summary="The tries of a delivery",
    **told("manager", "not_found", "invalid", answered={"items": [_TRY], "next": None, "total": 1}),
)  # fmt: skip
def list_tries(parts: Given, person: Caller, wanted: Wanted, id: str, delivery: str) -> TryPage:
    _theirs(parts, person, id)
    with reading(parts.store) as sql:
        deliveries.one(sql, id, delivery)
        return TryPage(*deliveries.tries_of(sql, delivery, wanted))


@post(
    "/api/v1/webhooks/{id:str}/deliveries/{delivery:str}/replay", status_code=202, sync_to_thread=True,
    summary="Deliver an event again, under its id", **told("manager", "not_found", answered=_DELIVERY),
)  # fmt: skip
def replay_one(parts: Given, person: Caller, id: str, delivery: str) -> Delivery:
    _theirs(parts, person, id)
    with parts.store.tables() as sql:
        deliveries.one(sql, id, delivery)
        deliveries.replay(sql, id, delivery)
        return deliveries.one(sql, id, delivery)


@post(
    "/api/v1/webhooks/{id:str}/replay", status_code=202, sync_to_thread=True,
    summary="Deliver all that happened since a moment, again or for the first time",
    **told("manager", "not_found", "invalid", "too_large", sent={"since": "2026-01-31T08:30:00Z"},
           answered={"count": 3}),
)  # fmt: skip
def replay_since(parts: Given, person: Caller, id: str, data: Since) -> Replayed:
    _, endpoint = _theirs(parts, person, id)
    since = asked.moment("since", data.since)
    if since is None:
        raise Unreadable([("$.since", "an instant as 2026-01-31T08:30:00Z")])
    return Replayed(deliveries.replay_since(parts, endpoint, since))


def _theirs(parts: Parts, person: Person | None, id: str) -> tuple[Person, Endpoint]:
    """Raises Problem `not_found` where the webhook is of nothing they manage."""
    author = demand_person(person)
    with reading(parts.store) as sql:
        endpoint = endpoints.one(sql, id)
    endpoints.demand_known(parts, author, endpoint.building_id, f"webhook {id}")
    return author, endpoint


router = Router(
    "/",
    route_handlers=[
        list_endpoints, add_endpoint, get_endpoint, change_endpoint, delete_endpoint, rotate_secret, send_test,
        list_deliveries, list_tries, replay_one, replay_since,
    ],
    tags=["webhooks"],
)  # fmt: skip
