"""`/ogc`: OGC API Features, part 1 (core, GeoJSON) and part 2 (reference systems by reference), to be read.

Whoever calls sees what they may read: public buildings without a login. Rights, pages, filters and ETags are those of
the REST lists. Problems are told as everywhere (RFC 9457, so a parameter that cannot be read is 422).
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import Response, Router, get
from litestar.di import Provide
from litestar.params import QueryParameter

from ..buildings import asked
from ..buildings.answering import AnyRequest, is_held, packed, tag_of, tagged, unchanged
from ..given import Caller, Given
from ..parts import Parts, now
from ..told import told
from . import items
from .callers import caller
from .collections import ALL, Collection, asking, every_building, find, of_building, told_of
from .frames import CRS84

BUILDINGS_PER_PAGE = 200  # whose collections are told at once
_ROOT = "/ogc"
_CLASSES = [
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
]
_OPENAPI = "application/vnd.oai.openapi+json;version=3.1"
_COLLECTION = {
    "id": ALL, "title": "Buildings", "itemType": "feature", "crs": [CRS84], "storageCrs": CRS84,
    "links": [{"href": "https://arxos.example/ogc/collections/buildings/items", "rel": "items"}],
}  # fmt: skip
_FEATURE = {
    "type": "Feature", "id": "0190a000-0000-7000-8000-000000000001",
    "geometry": {"type": "Point", "coordinates": [9.99, 48.4]}, "properties": {"name": "Old mill"},
}  # fmt: skip
_FEATURES = {"type": "FeatureCollection", "features": [_FEATURE], "numberMatched": 1, "numberReturned": 1, "links": []}


@get(_ROOT, sync_to_thread=False, summary="Where features begin", **told("anonymous", answered={"links": []}))
def landing(request: AnyRequest, parts: Given) -> dict[str, Any]:
    root = root_of(request, parts)
    return {
        "title": "ARXOS",
        "description": "Buildings, and what stands in them, as features.",
        "links": [
            _link(root, "self", "application/json", "This page"),
            _link(f"{root.removesuffix(_ROOT)}/schema/openapi.json", "service-desc", _OPENAPI, "The API"),
            _link(f"{root}/conformance", "conformance", "application/json", "Conformance"),
            _link(f"{root}/collections", "data", "application/json", "Collections"),
        ],
    }


@get(
    f"{_ROOT}/conformance", sync_to_thread=False, summary="What of OGC API Features is kept",
    **told("anonymous", answered={"conformsTo": _CLASSES}),
)  # fmt: skip
def conformance() -> dict[str, Any]:
    return {"conformsTo": _CLASSES}


@get(
    f"{_ROOT}/collections", sync_to_thread=True, summary="Collections the caller may read",
    **told("anonymous", "invalid", answered={"collections": [_COLLECTION], "links": []}),
)  # fmt: skip
def collections(
    request: AnyRequest,
    parts: Given,
    person: Caller,
    next_page: Annotated[str | None, QueryParameter(name="next")] = None,
) -> Response[dict[str, Any]]:
    """First `buildings`, then those of each building, by name; `next` among the links where there are more."""
    root = root_of(request, parts)
    tag = tag_of(parts.epoch, parts.store.readable(asking(person)), str(request.url))
    if is_held(request, tag):
        return unchanged(tag)
    table = parts.catalogue.tables["building"]
    after = asked.checked_place(table, "name", asked.place(next_page))
    found, _ = parts.store.buildings(asking(person, after=after, limit=BUILDINGS_PER_PAGE + 1))
    listed = [] if after else [every_building()]
    for one in found[:BUILDINGS_PER_PAGE]:
        listed += of_building(parts, one.row)
    links = [_link(f"{root}/collections", "self", "application/json", "Collections")]
    if len(found) > BUILDINGS_PER_PAGE:
        last = found[BUILDINGS_PER_PAGE - 1].row
        place = urlencode({"next": asked.place_text(last.values["name"], last.id)})
        links.append(_link(f"{root}/collections?{place}", "next", "application/json", "More"))
    return tagged({"collections": [told_of(c, root) for c in listed], "links": links}, tag)


@get(
    f"{_ROOT}/collections/{{collection:str}}", sync_to_thread=True, summary="One collection",
    **told("anonymous", "not_found", answered=_COLLECTION),
)  # fmt: skip
def one_collection(request: AnyRequest, parts: Given, person: Caller, collection: str) -> dict[str, Any]:
    return told_of(find(parts, person, collection), root_of(request, parts))


@get(
    f"{_ROOT}/collections/{{collection:str}}/items", sync_to_thread=True, summary="Features of a collection",
    **told("anonymous", "not_found", "invalid", answered=_FEATURES),
)  # fmt: skip
def collection_items(
    request: AnyRequest,
    parts: Given,
    person: Caller,
    collection: str,
    bbox: str | None = None,
    bbox_crs: Annotated[str | None, QueryParameter(name="bbox-crs")] = None,
    crs: str | None = None,
    datetime: str | None = None,
    limit: int = items.PAGE,
    next_page: Annotated[str | None, QueryParameter(name="next")] = None,
) -> Response[dict[str, Any]]:
    """`bbox` in `bbox-crs` (CRS84 unless told), which the geometry meets; `datetime` of the last change; a parameter
    named like a column keeps the features with its value.
    """
    asked_for = find(parts, person, collection)
    tag = _tag(request, parts, person, asked_for)
    if is_held(request, tag):
        return unchanged(tag)
    given = {name: str(value) for name, value in request.query_params.items()}
    wanted = items.read_wanted(parts, asked_for, given, limit)
    found = items.find(parts, person, asked_for, wanted)
    features, told_in = items.features(parts, asked_for, found.rows, crs)
    at = f"{root_of(request, parts)}/collections/{collection}/items"
    links = [_link(at + (f"?{urlencode(given)}" if given else ""), "self", items.GEO_JSON, "These features")]
    if found.more:
        links.append(_link(f"{at}?{urlencode(given | {'next': found.more})}", "next", items.GEO_JSON, "More"))
    body = {
        "type": "FeatureCollection", "features": features, "numberMatched": found.total,
        "numberReturned": len(features), "timeStamp": now(), "links": links,
    }  # fmt: skip
    return tagged(body, tag, items.GEO_JSON, **{"Content-Crs": f"<{told_in}>"})


@get(
    f"{_ROOT}/collections/{{collection:str}}/items/{{id:str}}", sync_to_thread=True, summary="One feature",
    **told("anonymous", "not_found", "invalid", answered=_FEATURE),
)  # fmt: skip
def one_item(
    request: AnyRequest, parts: Given, person: Caller, collection: str, id: str, crs: str | None = None
) -> Response[dict[str, Any]]:
    asked_for = find(parts, person, collection)
    row = items.find_one(parts, person, asked_for, id)
    tag = _tag(request, parts, person, asked_for)
    if is_held(request, tag):
        return unchanged(tag)
    (feature,), told_in = items.features(parts, asked_for, [row], crs)
    at = f"{root_of(request, parts)}/collections/{collection}"
    feature["links"] = [
        _link(f"{at}/items/{id}", "self", items.GEO_JSON, "This feature"),
        _link(at, "collection", "application/json", asked_for.title),
    ]
    return tagged(feature, tag, items.GEO_JSON, **{"Content-Crs": f"<{told_in}>"})


def _tag(request: AnyRequest, parts: Parts, person: Caller, collection: Collection) -> str:
    """Of what the answer hangs on: the readable buildings, or one building's head."""
    if collection.building is None:
        return tag_of(parts.epoch, parts.store.readable(asking(person)), str(request.url))
    id = collection.building.id
    return tag_of(parts.epoch, parts.store.heads([id]), str(request.url))


def root_of(request: AnyRequest, parts: Parts) -> str:
    return (parts.settings.public_url or str(request.base_url)).rstrip("/") + _ROOT


def _link(href: str, rel: str, type: str, title: str) -> dict[str, str]:
    return {"href": href, "rel": rel, "type": type, "title": title}


router = Router(
    "/",
    route_handlers=[landing, conformance, collections, one_collection, collection_items, one_item],
    dependencies={"person": Provide(caller)},
    middleware=[packed],
    tags=["features"],
)
