"""The exchange over real HTTP: what it takes, what it refuses, and what it never loses."""

from __future__ import annotations

import gzip
import struct
import threading
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import zstandard

from arxos_sync import digest, limits
from arxos_sync.storage import driver, spatialite_server
from server.parts import new_id
from tests.server.running import SCHEMA, Person, Running, wait_for
from tests.server.test_accounts import code

EWKB = struct.pack("<BIIddd", 1, 0xA0000001, 4326, 1, 2, 3)
POINT_Z = struct.pack("<BIddd", 1, 1001, 1.1, 2.2, 3.3)


def annotation(title: str = "Leak", **values: Any) -> dict[str, Any]:
    return {"table": "annotation", "id": new_id(), "op": "insert", "set": {"title": title, **values}}


def test_a_push_is_answered_with_its_receipt_and_what_it_did(owner: Person, building: str) -> None:
    first = owner.sync(building)
    change = annotation(location=POINT_Z.hex())
    told = owner.sync(building, first["cursor"], owner.transaction(change))
    assert told["state"] == "ok" and told["role"] == "owner"
    assert told["receipts"][0]["outcome"] == "applied"
    assert told["receipts"][0]["sequence"] == told["head"] == first["head"] + 1
    assert told["known"] == {"n": owner.n, "nonce": owner.nonce}
    row = next(row for row in told["rows"] if row["id"] == change["id"])
    assert row["set"]["title"] == "Leak" and row["set"]["location"] == POINT_Z.hex()
    assert told["digest"]["annotation"] == digest.to_hex(digest.row_hash("annotation", row["id"], row["sequence"]))


def test_a_repeat_gets_the_same_receipt_and_happens_once(owner: Person, building: str) -> None:
    transaction = owner.transaction(annotation())
    once = owner.sync(building, None, transaction)
    again = owner.sync(building, once["cursor"], transaction)
    assert again["receipts"] == once["receipts"] and again["head"] == once["head"] and not again["rows"]


def test_another_nonce_under_an_old_number_is_a_fork(owner: Person, building: str) -> None:
    owner.sync(building, None, owner.transaction(annotation()))
    forged = owner.transaction(annotation()) | {"n": owner.n - 1}
    told = owner.sync(building, None, forged)
    assert told["state"] == "forked" and not told["receipts"]


def test_a_gap_is_out_of_order_and_known_says_where_to_go_on(owner: Person, building: str) -> None:
    owner.n = 4
    told = owner.sync(building, None, owner.transaction(annotation()), prior={"n": 4, "nonce": "x" * 16})
    assert told["state"] == "out_of_order" and told["known"] is None


def test_nothing_new_is_cheap_to_say(owner: Person, building: str) -> None:
    cursor = owner.sync(building)["cursor"]
    answer = owner.post(owner.request(building, cursor))
    assert len(answer.content) < 500
    told = answer.json()["scopes"][0]
    assert told["rows"] == [] and "digest" not in told and told["cursor"] == cursor
    body = owner.request(building, cursor)
    body["scopes"][0]["verify"] = True
    assert owner.post(body).json()["scopes"][0]["digest"]


def test_a_cursor_that_cannot_be_read_is_diverged_and_nothing_is_taken(owner: Person, building: str) -> None:
    told = owner.sync(building, "not-a-cursor", owner.transaction(annotation()))
    assert told["state"] == "diverged" and not told["receipts"] and told["known"] is None


def test_an_unreadable_scope_and_none_at_all_look_the_same(owner: Person, building: str, stranger: Person) -> None:
    there = stranger.sync(building, None, stranger.transaction(annotation()))
    stranger.n = 0
    absent = stranger.sync(new_id(), None, stranger.transaction(annotation()))
    assert {k: v for k, v in there.items() if k != "scope"} == {k: v for k, v in absent.items() if k != "scope"}
    assert there["state"] == "gone" and there["receipts"][0]["problem"]["code"] == "forbidden"
    assert "head" not in there and "cursor" not in there and there["rows"] == []
    assert stranger.sync(f"user:{owner.id}")["state"] == "gone"
    assert stranger.sync(f"user:{stranger.id}")["state"] == "ok"


def test_a_new_building_by_device_makes_its_author_owner_and_member(owner: Person) -> None:
    scope = new_id()
    change = {"table": "building", "id": scope, "op": "insert", "set": {"name": "By device"}}
    answer = owner.post(owner.request(scope, None, owner.transaction(change))).json()
    assert {"scope": scope, "role": "owner"} in answer["granted"]
    members = [row for row in answer["scopes"][0]["rows"] if row["table"] == "member"]
    assert [m["set"]["user_id"] for m in members] == [owner.id]
    assert members[0]["sequence"] == answer["scopes"][0]["receipts"][0]["sequence"]
    assert owner.post(owner.request(scope)).json()["granted"] == []


def test_nothing_enters_a_scope_before_its_building(owner: Person) -> None:
    scope = new_id()
    building = {"table": "building", "id": scope, "op": "insert", "set": {"name": 5}}
    transactions = [owner.transaction(building), owner.transaction(annotation())]
    told = owner.sync(scope, None, *transactions)
    assert [r["problem"]["code"] for r in told["receipts"]] == ["invalid_value", "forbidden"]
    mended = owner.transaction(building | {"set": {"name": "Mended"}})
    told = owner.sync(scope, None, *transactions, mended, owner.transaction(annotation()))
    assert [r["outcome"] for r in told["receipts"]] == ["rejected", "rejected", "applied", "applied"]
    assert told["head"] == 2 and told["role"] == "owner"


def test_a_device_belongs_to_one_person(owner: Person, building: str, stranger: Person) -> None:
    owner.sync(building)
    stranger.device = owner.device
    answer = stranger.post(stranger.request(building))
    assert answer.status_code == 403 and code(answer) == "device_taken"


# ---------------------------------------------------------------- forms


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_bodies_travel_compressed_both_ways(owner: Person, building: str, encoding: str) -> None:
    pack = gzip.compress if encoding == "gzip" else zstandard.ZstdCompressor().compress
    for _ in range(30):
        owner.n = 0
        owner.device = new_id()
        owner.sync(building, None, owner.transaction(annotation("x" * 60)))
    body = pack(msgspec.json.encode(owner.request(building)))
    answer = owner.post(body, **{"Content-Encoding": encoding, "Accept-Encoding": encoding})
    assert answer.status_code == 200
    assert answer.headers["content-encoding"] == encoding or "zstd" not in httpx.Client().headers["accept-encoding"]


def test_msgpack_carries_geometries_as_bytes(owner: Person, building: str) -> None:
    change = annotation(location=POINT_Z)
    body = msgspec.msgpack.encode(owner.request(building, None, owner.transaction(change)))
    answer = owner.post(body, **{"Content-Type": "application/msgpack"})
    assert answer.headers["content-type"] == "application/msgpack"
    told = msgspec.msgpack.decode(answer.content)["scopes"][0]
    assert told["receipts"][0]["outcome"] == "applied"
    assert next(row for row in told["rows"] if row["id"] == change["id"])["set"]["location"] == POINT_Z


# ---------------------------------------------------------------- bad input

BAD_CHANGES = [
    ("unknown_table", {"table": "ghost", "id": new_id(), "op": "insert", "set": {"a": 1}}),
    ("unknown_table", {"table": "user", "id": new_id(), "op": "insert", "set": {"email": "x"}}),
    ("unknown_column", annotation(colour="red")),
    ("invalid_value", annotation(title=5)),
    ("invalid_value", annotation(status="unheard of")),
    ("invalid_value", annotation(location="00")),
    ("invalid_value", annotation(location=POINT_Z[:-3].hex())),
    ("invalid_value", annotation(location=struct.pack("<BIddd", 1, 1001, float("nan"), 0, 0).hex())),
    ("invalid_value", annotation(location=EWKB.hex())),
    ("server_column", annotation(number=7)),
    ("parent_unknown", {"table": "comment", "id": new_id(), "op": "insert",
                        "set": {"annotation_id": new_id(), "text": "to nobody"}}),
    ("row_unknown", {"table": "annotation", "id": new_id(), "op": "update", "set": {"title": "x"}}),
    ("too_large", annotation(text="x" * (limits.CHANGE_BYTES_MAX + 1))),
]  # fmt: skip


@pytest.mark.parametrize(("problem", "change"), BAD_CHANGES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_bad_change_is_rejected_alone_and_the_next_transaction_goes_through(
    owner: Person, building: str, problem: str, change: dict[str, Any]
) -> None:
    before, good = owner.sync(building), annotation("good")
    bad = owner.transaction(annotation("falls with the bad one"), change)
    told = owner.sync(building, before["cursor"], bad, owner.transaction(good))
    refused, taken = told["receipts"]
    assert refused["outcome"] == "rejected" and refused["sequence"] is None
    assert refused["problem"]["code"] == problem and refused["problem"]["change"] == 1
    assert taken["outcome"] == "applied" and told["head"] == before["head"] + 1
    assert [row["id"] for row in told["rows"] if row["table"] == "annotation"] == [good["id"]]


def _without(body: dict[str, Any], name: str) -> dict[str, Any]:
    return {n: v for n, v in body.items() if n != name}


@pytest.mark.parametrize("spoil", [
    lambda body: b"{",
    lambda body: b"\xff\xfe",
    lambda body: msgspec.json.encode(body).replace(b'"Leak"', b"NaN"),
    lambda body: msgspec.json.encode(_without(body, "device")),
    lambda body: msgspec.json.encode(body | {"device": "tablet"}),
    lambda body: msgspec.json.encode(body | {"scopes": "all"}),
    lambda body: msgspec.json.encode(body | {"scopes": body["scopes"] * 2}),
    lambda body: msgspec.json.encode(body | {"scopes": [body["scopes"][0] | {"scope": "../etc"}]}),
], ids=[
    "not json", "not utf-8", "NaN", "no device", "odd device", "wrong shape", "a scope twice", "odd scope",
])  # fmt: skip
def test_a_request_that_cannot_be_read_is_422_and_changes_nothing(owner: Person, building: str, spoil: Any) -> None:
    head = owner.sync(building)["head"]
    body = owner.request(building, None, owner.transaction(annotation()))
    answer = owner.post(spoil(body))
    assert answer.status_code == 422 and code(answer) == "invalid" and answer.json()["errors"]
    owner.n = 0
    assert owner.sync(building)["head"] == head
    assert owner.sync(building, None, owner.transaction(annotation()))["receipts"][0]["outcome"] == "applied"


def test_another_protocol_is_426(owner: Person, building: str) -> None:
    answer = owner.post(owner.request(building) | {"protocol": 2})
    assert answer.status_code == 426 and code(answer) == "upgrade_required"


def test_a_body_of_17_mib_is_413_and_changes_nothing(owner: Person, building: str) -> None:
    head = owner.sync(building)["head"]
    answer = owner.post(b" " * (17 * 1024 * 1024))
    assert answer.status_code == 413 and code(answer) == "too_large"
    assert owner.sync(building)["head"] == head


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_small_body_that_unpacks_to_a_large_one_is_413(owner: Person, encoding: str) -> None:
    pack = gzip.compress if encoding == "gzip" else zstandard.ZstdCompressor().compress
    answer = owner.post(pack(b" " * (64 * 1024 * 1024)), **{"Content-Encoding": encoding})
    assert answer.status_code == 413 and code(answer) == "too_large"


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "br"])
def test_a_body_packed_otherwise_than_it_says_is_422(owner: Person, encoding: str) -> None:
    answer = owner.post(b"plainly not packed", **{"Content-Encoding": encoding})
    assert answer.status_code == 422 and code(answer) == "invalid"


def test_nobody_writes_without_a_token(owner: Person, building: str, nobody: Person) -> None:
    answer = nobody.post(nobody.request(building, None, nobody.transaction(annotation())))
    assert answer.status_code == 401 and code(answer) == "unauthenticated"
    assert nobody.post(nobody.request(building)).status_code == 401


def test_public_buildings_are_read_without_a_login(owner: Person, nobody: Person) -> None:
    scope = owner.building("Town hall", visibility="public")
    told = nobody.sync(scope)
    assert told["role"] == "anonymous" and told["state"] == "ok" and told["rows"]
    assert nobody.http.get(f"/api/v1/buildings/{scope}").json()["name"] == "Town hall"
    assert nobody.http.get("/api/v1/buildings", params={"q": "Town hall"}).json()["total"] >= 1
    refused = nobody.post(nobody.request(scope, None, nobody.transaction(annotation())))
    assert refused.status_code == 401


# ---------------------------------------------------------------- bootstrap and verification


def test_limits_and_catalogue_are_published(nobody: Person) -> None:
    assert nobody.http.get("/api/v1/sync/limits").json()["request_bytes"] == limits.REQUEST_BYTES_MAX
    tables = nobody.http.get("/api/v1/sync/catalogue").json()["tables"]
    assert tables["element"]["columns"]["geometry"]["rule"] == "geometry" and "user" not in tables


def test_leaves_and_repair_bring_back_what_differs(owner: Person, building: str) -> None:
    change = annotation()
    told = owner.sync(building, None, owner.transaction(change))
    asked = {"table": "annotation", "schema": SCHEMA}
    leaves = owner.http.get(f"/api/v1/sync/digest/{building}", params=asked).json()
    leaf = digest.leaf_of(change["id"])
    assert leaves["head"] == told["head"] and leaves["cursor"] == told["cursor"]
    assert int(leaves["leaves"][leaf], 16) == digest.row_hash("annotation", change["id"], told["head"])
    body = {"scope": building, "table": "annotation", "leaves": [leaf]}
    mended = owner.http.post("/api/v1/sync/repair", json=body).json()
    assert [row["id"] for row in mended["rows"]] == [change["id"]]
    onward = owner.sync(building, mended["cursor"])  # the oldest schema's, which any replica may take
    assert onward["state"] == "ok" and not onward["more"]


def test_work_that_comes_after_the_right_was_lost_is_refused_and_kept(
    running: Any, owner: Person, building: str, stranger: Person
) -> None:
    grant = running.command("admin", "grant", "stranger@demo.arxos", building, "technician")
    assert grant.returncode == 0, grant.stderr
    first = stranger.post(stranger.request(building)).json()
    assert {"scope": building, "role": "technician"} in first["granted"]
    assert any(row["table"] == "member" and row["set"]["user_id"] == stranger.id for row in first["scopes"][0]["rows"])
    assert running.command("admin", "grant", "stranger@demo.arxos", building, "none").returncode == 0
    late = stranger.transaction(annotation("typed in the basement"))
    answer = stranger.post(stranger.request(building, first["scopes"][0]["cursor"], late)).json()
    assert building in answer["revoked"]
    assert answer["scopes"][0]["receipts"][0]["problem"]["code"] == "forbidden"
    assert wait_for(lambda: "typed in the basement" in _quarantined(running, building))
    assert running.command("admin", "verify", building).returncode == 0


def _quarantined(running: Any, building: str) -> str:
    from server.app import open_store
    from server.settings import read_settings

    store = open_store(read_settings(running.environment, Path("/nonexistent")))
    try:
        with store.tables() as sql:
            return str(sql.rows("select content from quarantine where scope = :scope", scope=building))
    finally:
        store.close()


def test_a_server_killed_in_mid_push_takes_every_transaction_once(tmp_path: Path) -> None:
    server = Running({"ARXOS_DATA_DIR": str(tmp_path / "var"), "ARXOS_LOG": "error"})
    server.make_people()
    person = Person(server.start(), "owner")
    scope = person.building()
    sent: list[dict[str, Any]] = []
    taken = threading.Semaphore(0)

    def push_until_it_dies() -> None:
        try:
            while True:
                prior = {"n": person.n, "nonce": person.nonce} if person.n else None
                sent.append(person.transaction(*[annotation() for _ in range(20)]))
                person.sync(scope, None, sent[-1], prior=prior)
                taken.release()
        except httpx.TransportError:
            return

    pusher = threading.Thread(target=push_until_it_dies)
    pusher.start()
    for _ in range(5):
        assert taken.acquire(timeout=30)
    server.processes[0].kill()
    pusher.join(30)
    again = Person(server.start(), "owner")
    again.device = person.device
    told = again.sync(scope, None, *sent)
    assert told["known"] == {"n": person.n, "nonce": person.nonce} and told["head"] == 1 + len(sent)
    assert [r["sequence"] for r in told["receipts"]] == list(range(2, 2 + len(sent)))
    listed = again.http.get(f"/api/v1/buildings/{scope}/annotation?limit=1")
    assert listed.json()["total"] == 20 * len(sent)
    server.stop()
    assert server.command("admin", "verify", scope).returncode == 0


def test_downloads_do_not_wait_for_a_writer(tmp_path: Path) -> None:
    """Another process holds SQLite's write lock, as an import does; everything that reads goes on."""
    server = Running({"ARXOS_DATA_DIR": str(tmp_path / "var"), "ARXOS_LOG": "error"})
    server.make_people()
    person = Person(server.start(), "owner")
    scope = person.building()
    person.sync(scope)
    writer = driver.connect(tmp_path / "var" / spatialite_server.FILE)
    writer.execute("begin immediate")
    assert person.sync(scope)["rows"]
    for path in (f"buildings/{scope}", "buildings", "me", f"sync/digest/{scope}?table=member"):
        assert person.http.get(f"/api/v1/{path}").status_code == 200
    assert person.http.get("/readyz").status_code == 200
    writer.execute("rollback")
    writer.close()
    assert person.sync(scope, None, person.transaction(annotation()))["receipts"][0]["outcome"] == "applied"
    server.stop()
