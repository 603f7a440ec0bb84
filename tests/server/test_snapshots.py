"""Snapshots: made beside the requests, served whole or in parts, ready to be opened."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from pathlib import Path

import httpx
import pytest
import zstandard

from arxos_sync import limits
from arxos_sync.messages import Change
from arxos_sync.storage import driver
from server.accounts import people
from server.accounts.people import Person as Author
from server.app import open_parts
from server.parts import new_id, now
from server.settings import Settings
from server.sync.push import Job
from tests.server.running import SCHEMA, Person, wait_for
from tests.server.test_sync import annotation


def path_of(scope: str) -> str:
    return f"/api/v1/sync/snapshot/{scope}"


def fetch(person: Person, scope: str, schema: int = SCHEMA, **headers: str) -> httpx.Response:
    given = {"Accept-Encoding": "identity", **headers}

    def ready() -> httpx.Response | None:
        answer = person.http.get(path_of(scope), params={"schema": schema}, headers=given)
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) >= 1 and answer.json()["code"] == "unavailable"
            return None
        return answer

    return wait_for(ready)


def test_a_snapshot_holds_rows_cursor_and_digest(owner: Person, building: str, tmp_path: Path) -> None:
    change = annotation()
    told = owner.sync(building, None, owner.transaction(change))
    answer = fetch(owner, building)
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/vnd.sqlite3"
    assert answer.headers["arxos-cursor"] == told["cursor"]
    file = tmp_path / "snapshot.sqlite"
    file.write_bytes(answer.content)
    connection = driver.connect(file)
    state = dict(connection.execute("select key, value from arxos_state").fetchall())
    rows = connection.execute("select id, sequence from annotation").fetchall()
    connection.close()
    assert state["cursor"] == told["cursor"] and state["head"] == str(told["head"])
    assert [tuple(row) for row in rows] == [(change["id"], told["head"])]
    later = owner.sync(building, answer.headers["arxos-cursor"])
    assert later["state"] == "ok" and not later["rows"]
    former = fetch(owner, building, SCHEMA - 1)
    assert former.headers["arxos-cursor"] != told["cursor"], "it says of which schema it is"
    assert owner.sync(building, former.headers["arxos-cursor"])["state"] == "ok"


def test_a_broken_download_is_resumed_by_range(owner: Person, building: str) -> None:
    whole = fetch(owner, building)
    tag, half = whole.headers["etag"], len(whole.content) // 2
    assert tag.startswith('"') and whole.headers["accept-ranges"] == "bytes"
    rest = fetch(owner, building, Range=f"bytes={half}-", **{"If-Range": tag})
    assert rest.status_code == 206 and whole.content[:half] + rest.content == whole.content
    assert rest.headers["content-range"] == f"bytes {half}-{len(whole.content) - 1}/{len(whole.content)}"
    tail = fetch(owner, building, Range="bytes=-10")
    assert tail.status_code == 206 and tail.content == whole.content[-10:]
    other = fetch(owner, building, Range=f"bytes={half}-", **{"If-Range": '"another"'})
    assert other.status_code == 200 and other.content == whole.content
    assert fetch(owner, building, Range=f"bytes={len(whole.content)}-").status_code == 416
    assert fetch(owner, building, **{"If-None-Match": tag}).status_code == 304


def test_packed_snapshots_unpack_to_the_same_file(owner: Person, building: str) -> None:
    plain = fetch(owner, building)
    for encoding, unpack in (("gzip", gzip.decompress), ("zstd", _unzstd)):
        with owner.http.stream(
            "GET", path_of(building), params={"schema": SCHEMA}, headers={"Accept-Encoding": encoding}
        ) as answer:
            raw = b"".join(answer.iter_raw())
        assert answer.headers["content-encoding"] == encoding
        assert answer.headers["etag"] != plain.headers["etag"]
        assert hashlib.sha256(unpack(raw)).digest() == hashlib.sha256(plain.content).digest()


def _unzstd(raw: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(raw)


def test_a_snapshot_is_for_those_who_may_read_the_scope(
    owner: Person, building: str, stranger: Person, nobody: Person
) -> None:
    path = path_of(building)
    assert stranger.http.get(path).status_code == 404
    assert nobody.http.get(path).status_code == 401
    assert owner.http.get("/api/v1/sync/snapshot/..%2f..%2fetc").status_code == 404


def test_a_snapshot_serves_until_it_is_too_far_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it serves, a new one is made from half of the way on; the last two of a scope are kept."""
    monkeypatch.setattr(limits, "SNAPSHOT_BEHIND_MAX", 6)
    parts = open_parts(Settings(data_dir=tmp_path))
    with parts.store.tables() as sql:
        person = Author(
            people.create(sql, "o@demo.arxos", "O", None, False, now()), "o@demo.arxos", "O", False
        )
    scope = new_id()
    job = Job(parts, person, scope, "office")
    job.write([Change("building", scope, "insert", 0, {"name": "House"})])

    def grow(by: int) -> None:
        for _ in range(by):
            job.write([Change("annotation", new_id(), "insert", 0, {"title": "x"})])

    async def story() -> None:
        shots = parts.snapshots
        assert await shots.find(scope, 1) is None
        await shots.settled()
        first = await shots.find(scope, 1)
        assert first is not None and first.sequence == 1
        grow(3)
        assert await shots.find(scope, 1) == first and not shots.busy
        grow(1)
        assert await shots.find(scope, 1) == first and shots.busy
        await shots.settled()
        second = await shots.find(scope, 1)
        assert second is not None and second.sequence == 5
        grow(7)
        assert await shots.find(scope, 1) is None
        await shots.settled()
        third = await shots.find(scope, 1)
        assert third is not None and third.sequence == 12
        assert not first.file.exists() and second.file.exists() and third.file.exists()

    asyncio.run(story())
    parts.store.close()
