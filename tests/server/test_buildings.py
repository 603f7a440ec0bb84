"""Buildings and their rows over plain HTTP: the same intake, the same conflicts."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from arxos_sync import geometry
from server.attachments.files import keep
from server.parts import new_id
from tests.server.running import Person, Running
from tests.server.test_accounts import code

LIST = "/api/v1/buildings"


def square(west: float, south: float, side: float = 0.001) -> str:
    east, north = west + side, south + side
    ring = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return geometry.multipolygon([[ring]]).hex()


def test_a_building_is_made_read_changed_and_deleted(owner: Person) -> None:
    answer = owner.http.post(LIST, json={"set": {"name": "Old mill", "city": "Ulm", "street": "Am Fluss"}})
    assert answer.status_code == 201
    path = answer.headers["location"]
    read = owner.http.get(path)
    assert read.headers["etag"] == '"1"' and read.json()["address"] == "Am Fluss, Ulm"
    assert read.json()["role"] == "owner" and read.json()["head"] == 1
    changed = owner.http.patch(path, json={"set": {"name": "New mill"}}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200 and changed.json()["outcome"] == "applied"
    assert owner.http.get(path).json()["name"] == "New mill"
    assert owner.http.delete(path).status_code == 204
    gone = owner.http.get(path)
    assert gone.status_code == 404 and code(gone) == "not_found"


def test_two_stale_forms_conflict_like_two_tablets(owner: Person, building: str) -> None:
    rows = f"{LIST}/{building}/storey"
    made = owner.http.post(rows, json={"set": {"name": "Ground"}})
    tag, path = made.headers["etag"], made.headers["location"]
    first = owner.http.patch(path, json={"set": {"name": "EG"}}, headers={"If-Match": tag})
    other_field = owner.http.patch(path, json={"set": {"level": 0}}, headers={"If-Match": tag})
    second = owner.http.patch(path, json={"set": {"name": "Parterre"}}, headers={"If-Match": tag})
    assert first.json()["outcome"] == "applied" and other_field.json()["outcome"] == "merged"
    assert second.status_code == 200 and second.json()["outcome"] == "conflict"
    (conflict,) = owner.http.get(f"{LIST}/{building}/conflict").json()["items"]
    assert conflict["id"] == second.json()["conflicts"][0]
    told = conflict["set"]
    assert (told["base"], told["kept"], told["other"]) == (
        {"name": "Ground"},
        {"name": "Parterre"},
        {"name": "EG"},
    )
    assert told["state"] == "open" and told["field"] == "name"
    fresh = owner.http.patch(
        path, json={"set": {"name": "Erdgeschoss"}}, headers={"If-Match": second.headers["etag"]}
    )
    assert fresh.json()["outcome"] in ("applied", "merged")


def test_a_form_without_if_match_has_seen_what_stands(owner: Person, building: str) -> None:
    path = owner.http.post(f"{LIST}/{building}/storey", json={"set": {"name": "A"}}).headers["location"]
    for name in ("B", "C"):
        assert owner.http.patch(path, json={"set": {"name": name}}).json()["outcome"] == "applied"
    future = owner.http.patch(path, json={"set": {"name": "D"}}, headers={"If-Match": '"999"'})
    assert future.status_code == 412 and code(future) == "precondition_failed"


def test_the_list_filters_by_text_and_place_and_goes_on_page_by_page(owner: Person) -> None:
    mark = new_id()[-12:]
    for number in range(5):
        owner.building(f"{mark} no. {number}", footprint=square(10.0 + number, 50.0))
    pages, following = [], None
    while True:
        page = owner.http.get(
            LIST, params={"q": mark, "limit": 2, **({"next": following} if following else {})}
        ).json()
        pages.append([item["name"] for item in page["items"]])
        assert page["total"] == 5
        following = page["next"]
        if following is None:
            break
    assert [name for page in pages for name in page] == [f"{mark} no. {n}" for n in range(5)]
    near = owner.http.get(LIST, params={"q": mark, "bbox": "11.9,49.9,13.1,50.1"}).json()
    assert [item["name"] for item in near["items"]] == [f"{mark} no. 2", f"{mark} no. 3"]
    x, y = near["items"][0]["centroid"]["coordinates"]
    assert abs(x - 12.0005) < 1e-9 and abs(y - 50.0005) < 1e-9
    assert near["items"][0]["footprint"]["type"] == "MultiPolygon"
    for bad in ("1,2,3", "a,b,c,d", "0,90,0,-90"):
        refused = owner.http.get(LIST, params={"bbox": bad})
        assert refused.status_code == 422 and code(refused) == "invalid"
    assert owner.http.get(LIST, params={"next": "%%%"}).status_code == 422


def test_nobody_sees_a_private_building_of_others(
    owner: Person, building: str, stranger: Person, nobody: Person
) -> None:
    assert building in {item["id"] for item in owner.http.get(LIST, params={"limit": 500}).json()["items"]}
    for person in (stranger, nobody):
        listed = person.http.get(LIST, params={"limit": 500}).json()["items"]
        assert building not in {item["id"] for item in listed}
    there = stranger.http.get(f"{LIST}/{building}")
    absent = stranger.http.get(f"{LIST}/{new_id()}")
    assert there.status_code == absent.status_code == 404 and code(there) == code(absent)
    assert nobody.http.get(f"{LIST}/{building}").status_code == 401
    written = stranger.http.post(f"{LIST}/{building}/storey", json={"set": {"name": "x"}})
    assert written.status_code == 404


def test_an_administrator_enters_as_owner(url: str, building: str) -> None:
    admin = Person(url, "admin")
    assert admin.http.get(f"{LIST}/{building}").json()["role"] == "owner"
    assert admin.sync(building)["role"] == "owner"


def test_roles_bound_what_may_be_written(running: Running, url: str, owner: Person, building: str) -> None:
    assert running.command("admin", "grant", "viewer@demo.arxos", building, "viewer").returncode == 0
    viewer = Person(url, "viewer")
    refused = viewer.http.post(f"{LIST}/{building}/storey", json={"set": {"name": "x"}})
    assert refused.status_code == 403 and code(refused) == "forbidden"
    assert viewer.http.get(f"{LIST}/{building}/storey").status_code == 200
    assert running.command("admin", "grant", "viewer@demo.arxos", building, "technician").returncode == 0
    assert viewer.http.post(f"{LIST}/{building}/storey", json={"set": {"name": "x"}}).status_code == 201
    refused = viewer.http.patch(f"{LIST}/{building}", json={"set": {"name": "mine now"}})
    assert refused.status_code == 403 and code(refused) == "forbidden"


def test_rows_are_listed_by_column_and_page(owner: Person, building: str) -> None:
    storey = owner.http.post(f"{LIST}/{building}/storey", json={"set": {"name": "EG"}}).json()["row"]["id"]
    body: dict[str, Any] = {"storey_id": storey, "usage": "office"}
    for number in range(5):
        owner.http.post(f"{LIST}/{building}/space", json={"set": body | {"number": str(number)}})
    page = owner.http.get(f"{LIST}/{building}/space", params={"storey_id": storey, "limit": 3}).json()
    rest = owner.http.get(f"{LIST}/{building}/space", params={"limit": 3, "next": page["next"]}).json()
    assert page["total"] == 5 and len(page["items"]) == 3 and len(rest["items"]) == 2 and rest["next"] is None
    assert owner.http.get(f"{LIST}/{building}/space", params={"storey_id": new_id()}).json()["total"] == 0
    assert owner.http.get(f"{LIST}/{building}/space", params={"colour": "red"}).status_code == 422
    assert owner.http.get(f"{LIST}/{building}/ghost").status_code == 404


def test_a_bad_row_says_which_field_and_why(owner: Person, building: str) -> None:
    refused = owner.http.post(f"{LIST}/{building}/storey", json={"set": {"name": 7}})
    assert (
        refused.status_code == 422 and code(refused) == "invalid_value" and refused.json()["field"] == "name"
    )
    unknown = owner.http.post(f"{LIST}/{building}/storey", json={"set": {"name": "x", "colour": "red"}})
    assert unknown.status_code == 422 and code(unknown) == "unknown_column"
    missing = owner.http.patch(f"{LIST}/{building}/storey/{new_id()}", json={"set": {"name": "x"}})
    assert missing.status_code == 404
    assert owner.http.post(LIST, json={"set": {"name": "x"}, "id": "not-an-id"}).status_code == 422


def test_attachments_are_read_by_those_who_may_read_the_building(
    running: Running, owner: Person, building: str, stranger: Person
) -> None:
    content = b"%PDF-1.4 a plan"
    sha256 = keep(Path(running.environment["ARXOS_DATA_DIR"]), building, content)
    assert sha256 == hashlib.sha256(content).hexdigest()
    path = f"/api/v1/attachments/{building}/{sha256}"
    assert owner.http.get(path).status_code == 404  # no row speaks of it: knowing a hash opens nothing
    row = {"sha256": sha256, "media_type": "application/pdf", "byte_size": len(content)}
    owner.http.post(f"{LIST}/{building}/attachment", json={"set": row})
    answer = owner.http.get(path)
    assert answer.content == content and answer.headers["content-type"] == "application/pdf"
    assert owner.http.get(path, headers={"Range": "bytes=0-3"}).content == b"%PDF"
    assert stranger.http.get(path).status_code == 404
