"""Lists and figures of buildings and rows: filters, order, pages, nearness, GeoJSON, what is kept and what is sent."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import zstandard

from arxos_sync import geometry
from arxos_sync.messages import Change
from client_kit.formats.map_projection import metres_per_degree
from server.accounts import people
from server.app import create_app, open_parts
from server.parts import new_id
from server.settings import Settings, read_settings
from server.sync.push import Job
from tests.server.running import Person, Running
from tests.server.test_accounts import code
from tests.server.test_features import add, square

LIST = "/api/v1/buildings"


def listed(person: Person, path: str = LIST, **given: Any) -> list[dict[str, Any]]:
    """Every page of a list, and whether its total is right."""
    items: list[dict[str, Any]] = []
    while True:
        page = person.http.get(path, params=given).json()
        items += page["items"]
        if page["next"] is None:
            assert page["total"] == len(items)
            return items
        given["next"] = page["next"]


def names(items: list[dict[str, Any]]) -> list[str]:
    return [item["name"] if "name" in item else item["set"]["name"] for item in items]


# ---------------------------------------------------------------- buildings


def test_buildings_are_listed_nearest_first_with_their_distance(owner: Person) -> None:
    mark = new_id()[-12:]
    for number in range(5):
        owner.building(f"{mark} {number}", footprint=square(20.0 + 0.01 * number, 60.0))
    owner.building(f"{mark} nowhere")
    found = listed(owner, q=mark, near="20.0425,60.0005", limit=2)
    assert names(found) == [f"{mark} {n}" for n in (4, 3, 2, 1, 0)]
    across, _ = metres_per_degree(60.0005)
    far = [item["distance_m"] for item in found]
    assert far[0] == pytest.approx(0.0, abs=200) and far == sorted(far)
    assert far[1] == pytest.approx((20.0425 - 20.031) * across, rel=1e-4)
    inside = listed(owner, q=mark, near="20.0005,60.0005", within_m=50)
    assert names(inside) == [f"{mark} 0"] and inside[0]["distance_m"] == 0.0
    assert names(listed(owner, q=mark, near="20.0005,60.0005", within_m=600)) == [f"{mark} 0", f"{mark} 1"]
    assert names(listed(owner, q=mark, near="20,60", sort="-name"))[0] == f"{mark} 4"
    assert {item["distance_m"] for item in listed(owner, q=mark)} == {None}
    for bad in ({"near": "1"}, {"near": "200,0"}, {"near": "a,b"}, {"sort": "near"}, {"within_m": 5}):
        assert owner.http.get(LIST, params=bad).status_code == 422, bad


def test_a_diagonal_distance_is_measured_to_the_nearest_point_of_the_footprint(owner: Person) -> None:
    mark = new_id()[-12:]
    owner.building(mark, footprint=square(20.0, 60.0, 0.01))
    across, along = metres_per_degree(60.0)
    (found,) = listed(owner, q=mark, near="19.99,59.99")
    assert found["distance_m"] == pytest.approx(math.hypot(0.01 * across, 0.01 * along), rel=2e-3)


def test_buildings_are_sorted_and_filtered(owner: Person) -> None:
    mark = new_id()[-12:]
    first = owner.building(f"{mark} b", city="Köln", status="in_use")
    owner.building(f"{mark} a", city="Bonn", visibility="public")
    owner.building(f"{mark} c", city="Bonn")
    assert names(listed(owner, q=mark, limit=1)) == [f"{mark} {n}" for n in "abc"]
    assert names(listed(owner, q=mark, sort="-name", limit=2)) == [f"{mark} {n}" for n in "cba"]
    owner.http.patch(f"{LIST}/{first}", json={"set": {"code": "K"}})
    assert names(listed(owner, q=mark, sort="updated", limit=1)) == [f"{mark} {n}" for n in "acb"]
    assert names(listed(owner, q=mark, sort="-updated", limit=1)) == [f"{mark} {n}" for n in "bca"]
    assert names(listed(owner, q=mark, city="Bonn")) == [f"{mark} a", f"{mark} c"]
    assert names(listed(owner, q=mark, visibility="public")) == [f"{mark} a"]
    assert names(listed(owner, q=mark, status="in_use", role="owner")) == [f"{mark} b"]
    assert listed(owner, q=mark, role="viewer") == []
    assert names(listed(owner, q=f"{mark} koln")) == names(listed(owner, q=f"{mark} KÖLN")) == [f"{mark} b"]
    assert owner.http.get(LIST, params={"sort": "colour"}).status_code == 422


def test_a_place_of_another_list_is_refused(owner: Person, building: str) -> None:
    for number in range(2):
        add(owner, building, "storey", name=f"S{number}", level=number)
    place = owner.http.get(f"{LIST}/{building}/storey", params={"sort": "level", "limit": 1}).json()["next"]
    refused = owner.http.get(f"{LIST}/{building}/storey", params={"sort": "name", "next": place})
    assert refused.status_code == 422 and code(refused) == "invalid"


# ---------------------------------------------------------------- rows


def test_rows_are_sorted_by_any_plain_column_the_unset_last(owner: Person, building: str) -> None:
    for name, level in (("b", 2), ("a", None), ("c", -1), ("d", 2)):
        add(owner, building, "storey", name=name, level=level)
    path = f"{LIST}/{building}/storey"
    assert names(listed(owner, path, sort="level", limit=1)) == ["c", "b", "d", "a"]
    assert names(listed(owner, path, sort="-level", limit=1)) == ["b", "d", "c", "a"]
    assert names(listed(owner, path, sort="-name", limit=3)) == ["d", "c", "b", "a"]
    assert names(listed(owner, path, sort="-sequence", limit=1)) == ["d", "c", "a", "b"]
    assert names(listed(owner, path, sort="created_at", limit=1)) == ["b", "a", "c", "d"]
    for bad in ("outline", "ghost"):
        assert owner.http.get(path, params={"sort": bad}).status_code == 422


def test_rows_are_filtered_by_value_text_time_and_place(owner: Person, building: str) -> None:
    storey = add(owner, building, "storey", name="Ground")
    for x, name, systems in ((0, "Pümpe", ["hvac"]), (10, "fan 100%", ["hvac", "fire"]), (20, "valve", [])):
        place = {"geometry": geometry.point(float(x), 0.0, 0.0).hex(), "heading_deg": None}
        add(owner, building, "element", storey_id=storey, ifc_class="IfcPump", name=name, systems=systems, **place)
    path = f"{LIST}/{building}/element"
    assert set(names(listed(owner, path, systems="hvac"))) == {"Pümpe", "fan 100%"}
    assert names(listed(owner, path, name="valve", storey_id=storey)) == ["valve"]
    assert len(listed(owner, path, serial_number="")) == 3
    assert names(listed(owner, path, q="PUMPE")) == ["Pümpe"] and names(listed(owner, path, q="0%")) == ["fan 100%"]
    assert names(listed(owner, path, bbox="5,-1,15,1")) == ["fan 100%"]
    head = owner.http.get(path, params={"name": "valve"}).json()["items"][0]["set"]["updated_at"]
    assert "valve" in names(listed(owner, path, updated_since=head))
    assert listed(owner, path, updated_since="2999-01-01") == []
    bad = [{"bbox": "1,2"}, {"updated_since": "soon"}, {"visit_count": "x"}, {"properties": "{}"}, {"storey_id": "x"}]
    for given in bad:
        refused = owner.http.get(path, params=given)
        assert refused.status_code == 422 and code(refused) == "invalid", given
    assert owner.http.get(f"{LIST}/{building}/task", params={"bbox": "0,0,1,1"}).status_code == 200
    assert owner.http.get(f"{LIST}/{building}/comment", params={"bbox": "0,0,1,1"}).status_code == 422


def test_a_geometry_is_given_and_told_as_geojson(owner: Person) -> None:
    ring = [[10.0, 50.0], [10.001, 50.0], [10.001, 50.001], [10.0, 50.0]]
    building = owner.building("Shaped", footprint={"type": "Polygon", "coordinates": [ring]})
    read = owner.http.get(f"{LIST}/{building}", params={"geometry": "geojson"}).json()
    assert read["set"]["footprint"] == {"type": "MultiPolygon", "coordinates": [[ring]]}
    assert isinstance(owner.http.get(f"{LIST}/{building}").json()["set"]["footprint"], str)
    rows = f"{LIST}/{building}/storey"
    metres = [[0.0, 0.0], [9.0, 0.0], [9.0, 9.0], [0.0, 0.0]]
    made = owner.http.post(rows, json={"set": {"name": "G", "outline": {"type": "Polygon", "coordinates": [metres]}}})
    path = made.headers["location"]
    metres[1] = [8.0, 0.0]
    owner.http.patch(path, json={"set": {"outline": {"type": "Polygon", "coordinates": [metres]}}})
    (row,) = owner.http.get(rows, params={"geometry": "geojson"}).json()["items"]
    assert row["set"]["outline"]["coordinates"] == [metres]
    assert owner.http.get(path, params={"geometry": "geojson"}).json()["set"]["outline"]["coordinates"] == [metres]
    few, far = [[[0, 0], [1, 1]]], [0, 0]
    bad = [{"type": "Polygon", "coordinates": few}, {"type": "Circle"}, {}, {"type": "Point", "coordinates": far}]
    for shape in bad:
        refused = owner.http.patch(path, json={"set": {"outline": shape}})
        assert refused.status_code == 422 and code(refused) == "invalid_value", shape
        assert "outline" in refused.json()["field"]
    assert owner.http.get(path).json()["sequence"] == 3


# ---------------------------------------------------------------- figures


def test_figures_count_what_stands_and_are_right_at_once_after_a_change(
    running: Running, owner: Person, building: str
) -> None:
    path = f"{LIST}/{building}/figures"
    empty = owner.http.get(path).json()
    assert empty["elements"] == 0 and empty["completeness"]["percent"] is None
    storey = add(owner, building, "storey", name="Ground", level=0)
    group = ("classification", "position", "properties", "relationships")

    def element(value: float | None, **more: Any) -> str:
        confidence = {f"confidence_{part}": value for part in group}
        return add(owner, building, "element", **{"ifc_class": "IfcPump", "storey_id": storey} | confidence | more)

    whole = {"geometry": geometry.point(0.0, 0.0, 0.0).hex(), "heading_deg": None, "properties": {"a": 1}}
    best = element(90.0, **whole)
    photo = {"sha256": "0" * 64, "media_type": "image/jpeg", "target_table": "element", "target_id": best}
    add(owner, building, "attachment", **photo)
    element(85.0), element(60.0), element(59.0)
    element(None, ifc_class="IfcBuildingElementProxy", storey_id=None)
    for kind, at in (("dimension", storey), ("dimension", storey), ("visual", None)):
        target = {"target_table": "storey", "target_id": at} if at else {}
        add(owner, building, "task", kind=kind, **target)
    told = owner.http.get(path).json()
    assert told["counts"]["element"] == 5 and told["counts"]["storey"] == 1
    assert told["confidence"] == {"mean": 73.5, "blue": 0, "green": 1, "yellow": 2, "red": 1, "unknown": 1}
    assert told["completeness"] == {
        "percent": 44.0, "classified": 4, "positioned": 1, "storeyed": 4, "described": 1, "photographed": 1,
    }  # fmt: skip
    assert told["tasks"] == [
        {"kind": "dimension", "state": "open", "count": 2}, {"kind": "visual", "state": "open", "count": 1},
    ]  # fmt: skip
    ground, loose = told["storeys"]
    assert (ground["name"], ground["elements"], loose["storey"], loose["elements"]) == ("Ground", 4, None, 1)
    assert ground["tasks"] == told["tasks"][:1] and loose["confidence"]["unknown"] == 1
    seen = add(owner, building, "validation", outcome="confirmed", target_table="element", target_id=best)
    assert owner.http.get(path).json()["confidence"]["blue"] == 0  # not yet accepted
    assert running.command("admin", "grant", "technician@demo.arxos", building, "reviewer").returncode == 0
    accepted = Person(owner.url, "technician").http.patch(
        f"{LIST}/{building}/validation/{seen}", json={"set": {"state": "accepted"}}
    )
    assert accepted.status_code == 200, accepted.text
    told = owner.http.get(path).json()
    assert (told["confidence"]["blue"], told["confidence"]["green"]) == (1, 0)


# ---------------------------------------------------------------- what is kept, what is sent


def test_a_list_that_is_held_is_not_sent_again_until_another_process_writes(
    running: Running, owner: Person, building: str, stranger: Person
) -> None:
    add(owner, building, "storey", name="Ground")
    paths = [LIST, f"{LIST}/{building}/storey", f"{LIST}/{building}/figures"]
    tags = {path: owner.http.get(path).headers["etag"] for path in paths}
    for path, tag in tags.items():
        held = owner.http.get(path, headers={"If-None-Match": tag})
        assert held.status_code == 304 and held.content == b"" and held.headers["etag"] == tag
    before = stranger.http.get(LIST)
    write_from_this_process(running, owner, building)
    for path, tag in tags.items():
        answer = owner.http.get(path, headers={"If-None-Match": tag})
        assert answer.status_code == 200 and answer.headers["etag"] != tag, path
    assert len(owner.http.get(paths[1]).json()["items"]) == 2
    assert owner.http.get(paths[2]).json()["counts"]["storey"] == 2
    assert stranger.http.get(LIST, headers={"If-None-Match": before.headers["etag"]}).status_code == 304
    assert running.command("admin", "grant", "stranger@demo.arxos", building, "viewer").returncode == 0
    after = stranger.http.get(LIST, headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200 and building in {item["id"] for item in after.json()["items"]}


def write_from_this_process(running: Running, owner: Person, building: str) -> None:
    """Another storey, of which the server's process is told nothing."""
    parts = open_parts(read_settings(running.environment))
    author = people.Person(owner.id, "owner@demo.arxos", "Owner", False)
    change = Change("storey", new_id(), "insert", 0, {"name": "First"})
    receipt, _ = Job(parts, author, building, "office").write([change])
    parts.store.close()
    assert receipt.problem is None


def test_one_row_is_held_by_its_sequence(owner: Person, building: str) -> None:
    path = f"{LIST}/{building}/storey/{add(owner, building, 'storey', name='Ground')}"
    tag = owner.http.get(path).headers["etag"]
    assert tag == '"2"' and owner.http.get(path, headers={"If-None-Match": tag}).status_code == 304
    owner.http.patch(path, json={"set": {"name": "First"}}, headers={"If-Match": tag})
    assert owner.http.get(path, headers={"If-None-Match": tag}).json()["set"]["name"] == "First"
    at = f"{LIST}/{building}"  # its answer tells the head, which has moved on
    assert owner.http.get(at, headers={"If-None-Match": '"1"'}).json()["head"] == 3


def test_answers_over_a_kilobyte_are_packed_as_asked(owner: Person, building: str) -> None:
    for number in range(8):
        add(owner, building, "storey", name=f"Storey number {number}")
    path = f"{LIST}/{building}/storey"
    plain = raw(owner, path, "identity")
    for encoding, unpack in (("gzip", gzip.decompress), ("zstd", unpack_zstd)):
        headers, body = raw(owner, path, encoding)
        assert headers["content-encoding"] == encoding and unpack(body) == plain[1]
        assert int(headers["content-length"]) == len(body) < len(plain[1])
        assert "accept-encoding" in headers["vary"].lower()
    assert "content-encoding" not in plain[0] and "accept-encoding" in plain[0]["vary"].lower()
    assert "content-encoding" not in raw(owner, f"{path}?limit=1&name=x", "gzip")[0]


def raw(person: Person, path: str, encoding: str) -> tuple[Any, bytes]:
    with person.http.stream("GET", path, headers={"Accept-Encoding": encoding}) as answer:
        return answer.headers, b"".join(answer.iter_raw())


def unpack_zstd(body: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(body)


def test_every_route_tells_its_role_its_problems_and_an_example_that_fits() -> None:
    described = create_app(Settings()).openapi_schema.to_schema()
    assert described["openapi"].startswith("3.1") and len(described["paths"]) > 100
    wrong: list[str] = []
    for schema in described["components"]["schemas"].values():  # of examples the page leaves out what is null
        members = schema.get("properties", {})
        schema["required"] = [name for name in schema.get("required", []) if not _may_be_null(members[name])]
    for path, item in described["paths"].items():
        for method in METHODS & item.keys():
            wrong += [f"{method} {path}: {what}" for what in _lacking(item[method], described)]
    assert wrong == []


METHODS = {"get", "post", "put", "patch", "delete"}


def _may_be_null(schema: dict[str, Any]) -> bool:
    return not schema or {"type": "null"} in schema.get("oneOf", []) or "null" in schema.get("type", ())


def _lacking(operation: dict[str, Any], described: dict[str, Any]) -> Iterator[str]:
    if not operation.get("x-role"):
        yield "no role"
    if "urn:arxos:problem:" not in json.dumps(operation["responses"]):
        yield "no problem codes"
    bodies = [("sent", content) for content in operation.get("requestBody", {}).get("content", {}).values()]
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            bodies += [("answered", content) for content in answer.get("content", {}).values()]
    for which, content in bodies:
        if "example" not in content:
            yield f"no example of what is {which}"
            continue
        schema = content.get("schema", {}) | {"components": described["components"]}
        for error in jsonschema.Draft202012Validator(schema).iter_errors(content["example"]):
            yield f"the example of what is {which} is none: {error.json_path} {error.message}"
