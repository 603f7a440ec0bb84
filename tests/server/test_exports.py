"""A building as a file: asked for, made by a job, told as it goes, fetched by who may, and gone after a week."""

from __future__ import annotations

import csv
import io
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from arxos_sync import limits
from client_kit.formats.map_projection import from_utm
from server.exports import activity as activities
from server.exports.job import keep_house, name_of
from server.jobs import work
from server.operations.prune import prune
from server.parts import Parts, new_id, now
from tests.server.mailbox import rows, run
from tests.server.running import Person, Running, wait_for
from tests.server.test_features import ULM, add, furnish, square
from tests.server.test_live import hear, socket
from tests.services import tool

FAR = "2000-01-01T00:00:00.000Z"


@pytest.fixture
def placed(owner: Person) -> tuple[str, str]:
    """A georeferenced building and its storey with three pumps and a fan."""
    building = owner.building("Alte Mühle", footprint=square(9.9995, 47.9995), **ULM)
    return building, furnish(owner, building)


def ask(person: Person, building: str, format: str = "geojson", key: str = "", **body: Any) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return person.http.post(f"/api/v1/export/{format}", json={"building_id": building, **body}, headers=headers)


def done(person: Person, id: str) -> dict[str, Any]:
    def ended() -> Any:
        job = person.http.get(f"/api/v1/jobs/{id}").json()
        return job["state"] not in ("waiting", "running") and job

    return dict(wait_for(ended, 60))


def made(person: Person, building: str, format: str = "geojson", **body: Any) -> str:
    asked = ask(person, building, format, **body)
    assert asked.status_code == 202, asked.text
    job = done(person, asked.json()["id"])
    assert job["state"] == "done", job
    return str(job["id"])


def fetch(person: Person, building: str, id: str, **headers: str) -> httpx.Response:
    return person.http.get(f"/api/v1/buildings/{building}/exports/{id}", headers=headers)


def activity(person: Person, building: str, id: str) -> dict[str, Any] | None:
    found = [row for row in person.sync(building)["rows"] if row["table"] == "export_activity" and row["id"] == id]
    return dict(found[0]["set"]) if found else None


# ---------------------------------------------------------------- what is in it


def test_an_export_is_asked_for_told_as_it_goes_and_fetched(url: str, owner: Person, placed: tuple[str, str]):
    building, storey = placed
    with socket(url, owner) as live:
        asked = ask(owner, building)
        id = asked.json()["id"]
        assert (asked.status_code, asked.headers["Location"]) == (202, f"/api/v1/jobs/{id}")
        heard = [hear(live, "job.progress")]
        while heard[-1]["state"] in ("waiting", "running"):
            heard.append(hear(live, "job.progress"))
    states = [one["state"] for one in heard]
    assert states[0] == "waiting" and "running" in states and states[-1] == "done"
    shares = [one["progress"] for one in heard]
    assert shares == sorted(shares) and shares[-1] == 1.0
    so_far = [one["result"] for one in heard if one["state"] == "running" and one["result"]]
    assert so_far and all(0 < one["rows"] <= one["of"] for one in so_far)
    result = done(owner, id)["result"]
    assert heard[-1]["result"] == result and heard[-1]["building_id"] == building
    assert result["rows"] == result["of"] == 6, "the building, a storey, four elements"

    answer = fetch(owner, building, id)
    assert (answer.status_code, len(answer.content)) == (200, result["bytes"])
    assert answer.headers["Content-Type"] == "application/geo+json"
    name = f'attachment; filename="Alte-M-hle-{result["sequence"]}.geojson"'
    assert answer.headers["Content-Disposition"] == name
    told = answer.json()
    assert told["arxos"] == {
        "building": building, "name": "Alte Mühle", "sequence": result["sequence"], "coordinates": "wgs84",
        "placed": "georeference", "storeys": None,
    }  # fmt: skip
    pumps = [one for one in told["features"] if one["properties"].get("ifc_class") == "IfcPump"]
    assert len(pumps) == 3 and {one["properties"]["storey_id"] for one in pumps} == {storey}
    longitude, latitude, height = min(pumps, key=lambda one: one["properties"]["name"])["geometry"]["coordinates"]
    west = from_utm(25832, ULM["eastings"] - 5, ULM["northings"])  # x is north here, and y west
    assert (longitude, latitude) == pytest.approx(west, abs=1e-8) and height == 481.0
    row = activity(owner, building, id)
    assert row is not None and (row["state"], row["format"], row["byte_size"]) == ("done", "geojson", result["bytes"])
    assert (row["created_by"], row["sequence_exported"]) == (owner.id, result["sequence"]) and row["expires_at"] > now()


def test_a_building_that_nothing_puts_on_the_earth_is_told_in_its_metres_and_says_so(owner: Person):
    building = owner.building()
    furnish(owner, building)
    told = fetch(owner, building, made(owner, building)).json()
    assert (told["arxos"]["coordinates"], told["arxos"]["placed"]) == ("building", None)
    assert [10.0, 5.0, 1.0] in [one["geometry"]["coordinates"] for one in told["features"] if one["geometry"]]


def test_a_geopackage_from_the_server_is_read_by_gdal(owner: Person, placed: tuple[str, str], tmp_path: Path):
    building, _ = placed
    id = made(owner, building, "gpkg")
    (tmp_path / "x.gpkg").write_bytes(fetch(owner, building, id).content)
    command = [tool("ogrinfo"), "-ro", "-q", str(tmp_path / "x.gpkg"), "-sql",
               "select count(*) as n, count(geom) as placed from element"]  # fmt: skip
    told = subprocess.run(command, text=True, capture_output=True, check=True).stdout
    assert "n (Integer) = 4" in told and "placed (Integer) = 3" in told


def test_csv_has_the_tables_that_were_asked_for_and_nobodys_name(owner: Person, placed: tuple[str, str]):
    building, _ = placed
    whole = zipfile.ZipFile(io.BytesIO(fetch(owner, building, made(owner, building, "csv")).content))
    names = set(whole.namelist())
    assert {"building.csv", "element.csv", "attachment.csv", "README.txt"} <= names
    assert not names & {"member.csv", "conflict.csv", "export_activity.csv"}
    assert not any(b"Owner" in whole.read(name) for name in names)
    some = fetch(owner, building, made(owner, building, "csv", tables=["element", "storey"])).content
    packed = zipfile.ZipFile(io.BytesIO(some))
    assert set(packed.namelist()) == {"element.csv", "storey.csv", "README.txt"}
    elements = list(csv.DictReader(io.StringIO(packed.read("element.csv").decode("utf-8-sig"))))
    assert "POINT Z (10.0 5.0 1.0)" in {one["geometry"] for one in elements}, "metres, as the tables hold them"


def test_of_a_storey_there_is_what_hangs_on_it_and_what_that_names(owner: Person):
    building = owner.building()
    ids: dict[str, str] = {}
    for word in ("below", "above"):
        storey = ids[word] = add(owner, building, "storey", name=word)
        space = ids[f"{word} space"] = add(owner, building, "space", storey_id=storey, number="1")
        pump = ids[f"{word} pump"] = add(owner, building, "element", space_id=space, ifc_class="IfcPump")
        target = {"target_table": "element", "target_id": pump}
        ids[f"{word} task"] = task = add(owner, building, "task", kind="visual", **target)
        ids[f"{word} finding"] = add(owner, building, "validation", task_id=task, outcome="confirmed", **target)
        ids[f"{word} remark"] = remark = add(owner, building, "annotation", title="Leak", **target)
        ids[f"{word} answer"] = add(owner, building, "comment", annotation_id=remark, text="Seen")
    file = ids["file"] = add(owner, building, "attachment", sha256="0" * 64, name="plans.pdf")
    for word in ("below", "above"):
        plan = {"storey_id": ids[word], "attachment_id": file, "page": 1}
        ids[f"{word} plan"] = add(owner, building, "floor_plan", **plan)
        seen = {"validation_id": ids[f"{word} finding"], "attachment_id": file, "provider": "photo"}
        ids[f"{word} capture"] = add(owner, building, "ar_capture", **seen)
    misplaced = {"storey_id": ids["above"], "space_id": ids["below space"], "ifc_class": "IfcFan"}
    ids["above fan"] = add(owner, building, "element", **misplaced)
    ids["air"] = add(owner, building, "system", kind="hvac", name="Air")
    told = fetch(owner, building, made(owner, building, storeys=[ids["below"]])).json()
    wanted = {building, ids["file"], ids["air"]} | {id for word, id in ids.items() if word.startswith("below")}
    assert {one["id"] for one in told["features"]} == wanted
    assert told["arxos"]["storeys"] == [ids["below"]]


@pytest.mark.parametrize(
    ("format", "body"),
    [
        ("dwg", {}), ("csv", {"tables": ["member"]}), ("csv", {"tables": ["user"]}), ("csv", {"tables": []}),
        ("csv", {"storeys": [new_id()]}), ("csv", {"storeys": []}), ("csv", {"storeys": ["'; drop table"]}),
    ],
)  # fmt: skip
def test_what_cannot_be_exported_is_refused_and_nothing_is_asked_for(
    owner: Person, building: str, format: str, body: dict[str, Any]
):
    before = owner.http.get("/api/v1/jobs?kind=export").json()["total"]
    answer = ask(owner, building, format, **body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text
    assert owner.http.get("/api/v1/jobs?kind=export").json()["total"] == before


# ---------------------------------------------------------------- who may


def test_only_who_may_read_the_building_now_asks_and_fetches_and_all_else_looks_the_same(
    owner: Person, stranger: Person, nobody: Person, running: Running, url: str
):
    building, viewer = owner.building(), Person(url, "viewer")
    running.command("admin", "grant", "viewer@demo.arxos", building, "viewer")
    id = made(viewer, building)
    assert fetch(owner, building, id).status_code == fetch(viewer, building, id).status_code == 200
    hidden = fetch(stranger, building, id), fetch(stranger, new_id(), new_id())
    assert {one.status_code for one in hidden} == {404} and len({one.json()["code"] for one in hidden}) == 1
    assert fetch(nobody, building, id).status_code == 401
    assert fetch(owner, building, new_id()).status_code == fetch(owner, building, "x").status_code == 404
    other = owner.building()
    assert fetch(owner, other, id).status_code == 404, "of another building"
    refused = ask(stranger, building), ask(stranger, new_id()), ask(stranger, "x")
    assert [one.status_code for one in refused] == [404, 404, 404]
    assert ask(nobody, building).status_code == 401
    running.command("admin", "grant", "viewer@demo.arxos", building, "none")
    assert fetch(viewer, building, id).status_code == 404, "the role is asked at the moment of the download"


def test_an_export_is_not_asked_for_as_any_job(owner: Person, building: str):
    answer = owner.http.post("/api/v1/jobs", json={"kind": "export", "building_id": building})
    said = answer.json()["detail"]
    assert answer.status_code == 422 and "snapshot" in said and "export" not in said


def test_asking_is_in_the_audit_log_and_fetching_in_the_access_log(owner: Person, building: str, running: Running):
    id = made(owner, building, "csv")
    written = rows(running, "select user_id, detail from audit_log where action = 'ask for export'")
    told = [one for one in written if id in str(one["detail"])]
    assert [str(one["user_id"]) for one in told] == [owner.id]
    fetch(owner, building, id)
    read = rows(running, "select user_id from access_log where building_id = :building", building=building)
    assert [str(one["user_id"]) for one in read] == [owner.id]


# ---------------------------------------------------------------- asking again, and too often


def test_the_same_key_is_the_same_export(owner: Person, stranger: Person, building: str):
    first, again = (ask(owner, building, "csv", key="tablet-7") for _ in range(2))
    assert first.status_code == again.status_code == 202 and first.json()["id"] == again.json()["id"]
    other = ask(owner, building, "gpkg", key="tablet-7")
    assert other.status_code == 422 and "Idempotency-Key" in other.json()["detail"]
    assert ask(owner, owner.building(), "csv", key="tablet-7").json()["id"] != first.json()["id"]
    assert ask(owner, building, "csv", key="with space").status_code == 422
    assert ask(stranger, building, "csv", key="tablet-7").status_code == 404


def test_who_asks_for_too_many_is_told_to_wait(stranger: Person, parts: Parts):
    building, held = stranger.building(), "2999-01-01T00:00:00.000Z"  # by a process that does not end
    with parts.store.tables() as sql:
        for _ in range(limits.EXPORTS_AT_ONCE_MAX):
            id = work.ask(sql, "export", user_id=stranger.id, building_id=building, arguments={"format": "csv"})
            sql.run("update job set state = 'running', held_until = :held where id = :id", id=id, held=held)
    refused = ask(stranger, building)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert int(refused.headers["Retry-After"]) > 0
    with parts.store.tables() as sql:
        sql.run("update job set state = 'done', finished_at = :now where held_until = :held", held=held, now=now())
    assert ask(stranger, building).status_code == 202
    with parts.store.tables() as sql:
        for _ in range(limits.EXPORTS_PER_HOUR_MAX):
            id = work.ask(sql, "export", user_id=stranger.id, building_id=building, arguments={"format": "csv"})
            sql.run("update job set state = 'done', finished_at = :now where id = :id", id=id, now=now())
    assert ask(stranger, building).status_code == 429


# ---------------------------------------------------------------- fetching


def test_a_download_goes_on_where_it_was_cut_and_is_counted_once(owner: Person, building: str, parts: Parts):
    id = made(owner, building, "csv")
    whole = fetch(owner, building, id)
    tag = whole.headers["ETag"]
    first = fetch(owner, building, id, Range="bytes=0-99", **{"If-Range": tag})
    rest = fetch(owner, building, id, Range="bytes=100-", **{"If-Range": tag})
    assert (first.status_code, rest.status_code) == (206, 206)
    assert first.content + rest.content == whole.content
    assert fetch(owner, building, id, **{"If-None-Match": tag}).status_code == 304
    assert fetch(owner, building, id, Range="bytes=99999999-").status_code == 416
    keep_house(parts)
    row = activity(owner, building, id)
    assert row is not None and row["download_count"] == 2, "one whole, one in two pieces"
    head = owner.sync(building)["head"]
    keep_house(parts)
    assert owner.sync(building)["head"] == head, "what is told is told once"


def test_after_a_week_file_and_row_are_gone(owner: Person, building: str, parts: Parts, running: Running):
    id = made(owner, building, "csv")
    assert parts.attachments.size(name_of(building, id))
    activities.tell(parts, building, id, expires_at=FAR)
    assert fetch(owner, building, id).status_code == 404, "at once, whenever the house is kept"
    keep_house(parts)
    assert parts.attachments.size(name_of(building, id)) is None
    assert activity(owner, building, id) is None


def test_the_file_of_a_deleted_building_goes_too(owner: Person, parts: Parts, running: Running):
    building = owner.building()
    id = made(owner, building, "csv")
    assert owner.http.delete(f"/api/v1/buildings/{building}").status_code == 204
    assert fetch(owner, building, id).status_code == 404
    run(running, "update job set finished_at = :far where id = :id", far=FAR, id=id)
    prune(parts)
    assert rows(running, "select 1 from job where id = :id", id=id), "the job is how the file is found"
    keep_house(parts)
    assert parts.attachments.size(name_of(building, id)) is None
    prune(parts)
    assert rows(running, "select 1 from job where id = :id", id=id) == []
