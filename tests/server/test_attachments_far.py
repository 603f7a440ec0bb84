"""Attachments at an S3-compatible store: a real server that speaks S3, spoken to over HTTP."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import httpx
import pytest
from PIL import Image

from server.app import open_parts
from server.exports import activity
from server.settings import read_settings
from tests import services
from tests.server.running import Person, Running, wait_for
from tests.server.test_attachments import ROOT, TUS, add_row, announce, bytes_of, get, row_of, send, upload
from tests.server.test_exports import fetch, made

BUCKET = "photos"
KEYS = {"AWS_ACCESS_KEY_ID": "arxos", "AWS_SECRET_ACCESS_KEY": "arxos", "AWS_DEFAULT_REGION": "us-east-1"}


class Far:
    """moto's server, in a process of its own."""

    def __init__(self) -> None:
        self.port = services.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        words = [sys.executable, "-m", "moto.server", "-p", str(self.port), "-H", "127.0.0.1"]
        self._process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self._answers, 60)
        self.client = boto3.client(
            "s3", endpoint_url=self.url, aws_access_key_id="arxos", aws_secret_access_key="arxos",
            region_name="us-east-1",
        )  # fmt: skip
        self.client.create_bucket(Bucket=BUCKET)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/moto-api/data.json").status_code == 200
        except httpx.TransportError:
            return False

    def names(self) -> set[str]:
        return {one["Key"] for one in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])}

    def end(self) -> None:
        self._process.kill()
        self._process.wait(10)


@pytest.fixture(scope="module")
def far() -> Iterator[Far]:
    made = Far()
    yield made
    made.end()


@pytest.fixture(scope="module")
def running(far: Far, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    server = Running({
        "ARXOS_DATA_DIR": str(tmp_path_factory.mktemp("far")), "ARXOS_LOG": "error",
        "ARXOS_ATTACHMENTS_URL": f"s3://{BUCKET}/site", "AWS_ENDPOINT_URL": far.url, **KEYS,
    })  # fmt: skip
    server.make_people()
    yield server
    server.stop()


def local(running: Running) -> list[Path]:
    folder = Path(running.environment["ARXOS_DATA_DIR"])
    return [*folder.glob("attachments/**/*"), *folder.glob("uploads/*/*.part")]


def test_bytes_come_in_pieces_are_verified_and_lie_far_away(far: Far, running: Running, owner: Person, building: str):
    content = bytes_of(1, 700_001)
    id = add_row(owner, building, content)
    said = announce(owner, building, content)
    send(owner, said["url"], 0, content[:300_000])
    assert announce(owner, building, content)["offset"] == 300_000, "an upload goes on where it stood"
    assert get(owner, building, content).status_code == 404
    assert send(owner, said["url"], 300_000, content[300_000:]).status_code == 204
    sha256 = hashlib.sha256(content).hexdigest()
    assert f"site/attachments/{building}/{sha256[:2]}/{sha256}" in far.names()
    assert [path for path in local(running) if path.is_file()] == [], "nothing is left on the server's disk"
    assert row_of(owner, building, id)["upload_state"] == "here"
    assert get(owner, building, content).content == content
    assert announce(owner, building, content)["offset"] == len(content)


def test_parts_of_large_bytes_are_read_by_range(owner: Person, building: str):
    content = bytes_of(2, 9_000_001)
    add_row(owner, building, content)
    upload(owner, building, content)
    answer = get(owner, building, content, Range="bytes=4194000-4195000")
    assert (answer.status_code, answer.content) == (206, content[4194000:4195001])
    assert answer.headers["Content-Range"] == f"bytes 4194000-4195000/{len(content)}"
    assert get(owner, building, content, Range="bytes=-5").content == content[-5:]
    assert get(owner, building, content).content == content, "more than one piece of theirs"
    tag = answer.headers["ETag"]
    assert get(owner, building, content, **{"If-None-Match": tag}).status_code == 304
    assert get(owner, building, content, Range="bytes=9000001-").status_code == 416


def test_bytes_that_are_not_what_they_said_never_get_there(far: Far, owner: Person, building: str):
    content = bytes_of(3, 5_000)
    add_row(owner, building, content)
    before, said = far.names(), announce(owner, building, content)
    answer = owner.http.patch(said["url"], content=bytes_of(4, 5_000), headers=TUS | {"Upload-Offset": "0"})
    assert answer.json()["code"] == "wrong_hash"
    assert far.names() == before


def test_a_row_that_comes_after_its_bytes_finds_them_there(owner: Person, building: str):
    content = bytes_of(5, 2_000)
    upload(owner, building, content)
    assert row_of(owner, building, add_row(owner, building, content))["upload_state"] == "here"


def test_small_pictures_are_made_of_what_lies_far_away(owner: Person, building: str):
    made = io.BytesIO()
    Image.new("RGB", (900, 600), "teal").save(made, "JPEG")
    content = made.getvalue()
    add_row(owner, building, content)
    upload(owner, building, content)
    answer = owner.http.get(f"{ROOT}/{building}/{hashlib.sha256(content).hexdigest()}?size=256")
    assert answer.headers["Content-Type"] == "image/webp"
    assert Image.open(io.BytesIO(answer.content)).size == (256, 171)


def test_late_bytes_are_kept_apart_far_away_too(far: Far, running: Running, owner: Person, building: str, url: str):
    running.command("admin", "grant", "viewer@demo.arxos", building, "technician")
    late, admin, content = Person(url, "viewer"), Person(url, "admin"), bytes_of(6, 3_000)
    add_row(late, building, content)
    running.command("admin", "grant", "viewer@demo.arxos", building, "none")
    assert upload(late, building, content).status_code == 204
    sha256 = hashlib.sha256(content).hexdigest()
    assert f"site/quarantine/{building}/{sha256}" in far.names()
    path = f"/api/v1/admin/quarantine/{building}/{sha256}"
    assert admin.http.get(path).content == content and owner.http.get(path).status_code == 403


def test_a_backup_brings_them_home_and_a_drill_reads_them(
    running: Running, owner: Person, building: str, tmp_path: Path
):
    content = bytes_of(8, 4_000)
    add_row(owner, building, content)
    upload(owner, building, content)
    done = running.command("admin", "backup", "-o", str(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    drilled = running.command("admin", "restore-drill", json.loads(done.stdout)["file"], "--json")
    assert drilled.returncode == 0, drilled.stderr


def test_an_export_lies_far_away_too_and_goes_when_its_time_is_over(
    far: Far, running: Running, owner: Person, building: str
):
    id = made(owner, building, "gpkg")
    name = f"site/exports/{building}/{id}"
    assert name in far.names()
    assert not list(Path(running.environment["ARXOS_DATA_DIR"]).glob("exports/**/*")), "nothing stays on the disk"
    whole = fetch(owner, building, id)
    assert whole.content.startswith(b"SQLite format 3")
    assert fetch(owner, building, id, Range="bytes=16-99").content == whole.content[16:100]
    parts = open_parts(read_settings({"ARXOS_DATA_DIR": running.environment["ARXOS_DATA_DIR"]}, Path("/nonexistent")))
    activity.tell(parts, building, id, expires_at="2026-01-01T00:00:00.000Z")
    parts.store.close()
    assert fetch(owner, building, id).status_code == 404
    wait_for(lambda: name not in far.names(), 60)


def test_a_store_that_is_away_is_told_and_what_came_is_not_lost(far: Far, tmp_path: Path):
    apart = Running({
        "ARXOS_DATA_DIR": str(tmp_path), "ARXOS_LOG": "error", "ARXOS_ATTACHMENTS_URL": f"s3://{BUCKET}/apart",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{services.free_port()}", "AWS_MAX_ATTEMPTS": "1", **KEYS,
    })  # fmt: skip
    apart.make_people()
    try:
        person = Person(apart.start(), "owner")
        building = person.building()
        content = bytes_of(9, 1_000)
        answer = person.http.post(ROOT, json={"scope": building, "sha256": hashlib.sha256(content).hexdigest(),
                                              "byte_size": 1_000})  # fmt: skip
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert person.http.get("/readyz").status_code == 200, "rows go on"
    finally:
        apart.stop()
