"""Hints over real sockets, from one server process to another, with Redis and without."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from server.live.bus import Bus
from server.parts import new_id
from tests import services
from tests.server.running import SCHEMA, Person, Running, wait_for
from tests.server.test_sync import annotation

WAIT_S_MAX = 10


def socket(url: str, person: Person | None = None, **headers: str) -> ClientConnection:
    given = dict(headers)
    if person is not None:
        given["Authorization"] = f"Bearer {person.token}"
    return connect(url.replace("http", "ws") + "/ws", additional_headers=given, proxy=None)


def say(live: ClientConnection, event: str, data: Any) -> None:
    live.send(json.dumps({"event": event, "data": data}))


def hear(live: ClientConnection, event: str) -> dict[str, Any]:
    while True:
        frame = json.loads(live.recv(timeout=WAIT_S_MAX))
        if frame["event"] == event:
            return dict(frame["data"])


def subscribe(live: ClientConnection, scope: str, cursor: str | None = None) -> list[str]:
    say(live, "subscribe", {"scopes": [{"scope": scope, "cursor": cursor, "schema": SCHEMA}]})
    return list(hear(live, "subscribed")["scopes"])


def test_a_change_is_heard_with_its_rows_and_cursor(url: str, owner: Person, building: str) -> None:
    cursor = owner.sync(building)["cursor"]
    with socket(url, owner) as live:
        assert subscribe(live, building, cursor) == [building]
        change = annotation("heard")
        told = owner.sync(building, cursor, owner.transaction(change))
        heard = hear(live, "building.change")
    assert heard["scope"] == building and (heard["from"], heard["to"]) == (told["head"] - 1, told["head"])
    assert [row["id"] for row in heard["rows"]] == [change["id"]]
    assert owner.sync(building, heard["cursor"])["rows"] == []


def test_large_changes_are_hinted_without_rows(url: str, owner: Person, building: str) -> None:
    with socket(url, owner) as live:
        subscribe(live, building)
        owner.sync(building, None, owner.transaction(annotation(text="x" * 20_000)))
        heard = hear(live, "building.change")
    assert "rows" not in heard and "cursor" not in heard and heard["to"] > heard["from"]


def test_who_subscribes_with_an_old_cursor_is_told_at_once(url: str, owner: Person, building: str) -> None:
    old = owner.sync(building)
    new = owner.sync(building, old["cursor"], owner.transaction(annotation()))
    with socket(url, owner) as live:
        say(live, "subscribe", {"scopes": [{"scope": building, "cursor": old["cursor"]}]})
        heard = hear(live, "building.change")
    assert (heard["from"], heard["to"]) == (old["head"], new["head"])


def test_rest_writes_and_imports_from_another_process_are_heard(
    running: Running, url: str, owner: Person, building: str
) -> None:
    with socket(url, owner) as live:
        subscribe(live, building)
        owner.http.post(f"/api/v1/buildings/{building}/storey", json={"set": {"name": "EG"}})
        first = hear(live, "building.change")
        assert running.command("admin", "grant", "viewer@demo.arxos", building, "viewer").returncode == 0
        second = hear(live, "building.change")
    assert second["from"] == first["to"] and second["to"] == first["to"] + 1


def test_presence_goes_to_the_others_and_at_most_ten_times_a_second(
    url: str, owner: Person, building: str
) -> None:
    with socket(url, owner) as mine, socket(url, owner) as other:
        subscribe(mine, building)
        subscribe(other, building)
        for number in range(30):
            say(
                mine,
                "collaboration.sync",
                {"scope": building, "cursor": [number, 0], "editing": None, "junk": 1},
            )
        say(mine, "ping", {})
        hear(mine, "pong")
        say(other, "ping", {})
        shown = []
        while (frame := json.loads(other.recv(timeout=WAIT_S_MAX)))["event"] != "pong":
            shown.append(frame)
    assert 1 <= len(shown) <= 10
    assert {frame["event"] for frame in shown} == {"collaboration.sync"}
    assert shown[0]["data"]["user"] == owner.id and "junk" not in shown[0]["data"]


def test_a_foreign_origin_is_refused_before_the_upgrade(url: str, owner: Person) -> None:
    with pytest.raises(InvalidStatus) as refused:
        socket(url, owner, Origin="https://elsewhere.example")
    assert refused.value.response.status_code == 403
    with socket(url, owner, Origin=url) as live:
        say(live, "ping", {})
        hear(live, "pong")


def test_a_session_that_ends_closes_its_socket_with_4401(url: str) -> None:
    person = Person(url, "owner")
    with socket(url, person) as live:
        say(live, "ping", {})
        hear(live, "pong")
        person.http.post("/api/v1/auth/logout")
        assert closed_with(live) == 4401
    with socket(url, person) as live:
        assert closed_with(live) == 4401


def test_a_scope_that_is_lost_closes_the_socket_with_4403(
    running: Running, url: str, building: str, stranger: Person
) -> None:
    assert running.command("admin", "grant", "stranger@demo.arxos", building, "viewer").returncode == 0
    with socket(url, stranger) as live:
        assert subscribe(live, building) == [building]
        assert running.command("admin", "grant", "stranger@demo.arxos", building, "none").returncode == 0
        assert closed_with(live) == 4403


def closed_with(live: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed):
        while True:
            live.recv(timeout=WAIT_S_MAX)
    assert live.close_code is not None
    return live.close_code


def test_nobody_hears_of_a_scope_that_is_not_theirs(
    url: str, owner: Person, building: str, stranger: Person
) -> None:
    public = owner.building("Museum", visibility="public")
    with socket(url, stranger) as live, socket(url) as unknown:
        assert subscribe(live, building) == []
        assert subscribe(unknown, public) == [public]
        owner.sync(building, None, owner.transaction(annotation()))
        say(live, "ping", {})
        assert json.loads(live.recv(timeout=WAIT_S_MAX))["event"] == "pong"


def test_a_frame_that_cannot_be_read_does_not_end_the_conversation(url: str, owner: Person) -> None:
    with socket(url, owner) as live:
        for text in ("{", '{"event": "dance"}', '{"event": "subscribe", "data": {"scopes": 5}}'):
            live.send(text)
            assert hear(live, "problem")["code"] == "invalid"
        say(live, "ping", {})
        hear(live, "pong")


# ---------------------------------------------------------------- several processes


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A Redis that a test may kill."""
    port = services.free_port()
    command = [services.tool("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    process = subprocess.Popen([*command, "--dir", str(tmp_path)], stdout=subprocess.DEVNULL)
    url = f"redis://127.0.0.1:{port}/0"

    def ready() -> bool:
        try:
            return bool(redis.Redis.from_url(url).ping())
        except redis.ConnectionError:
            return False

    wait_for(ready)
    yield url, process
    process.kill()
    process.wait(10)


@pytest.fixture
def pair(tmp_path: Path, own_redis: tuple[str, Any]) -> Iterator[tuple[str, str]]:
    """Two server processes over one PostGIS and one Redis."""
    name = "pair_" + tmp_path.name.replace("-", "_")
    server = Running(
        {
            "ARXOS_DATA_DIR": str(tmp_path / "data"),
            "ARXOS_DATABASE_URL": services.create_database(name),
            "ARXOS_REDIS_URL": own_redis[0],
            "ARXOS_LOG": "error",
        }
    )
    server.make_people()
    yield server.start(), server.start()
    server.stop()
    services.drop_database(name)


def test_two_processes_hear_each_other_and_go_on_when_redis_dies(
    pair: tuple[str, str], own_redis: tuple[str, subprocess.Popen[bytes]]
) -> None:
    one, other = Person(pair[0], "owner"), Person(pair[1], "owner")
    scope = one.building("Shared")
    wait_for(lambda: all(p.http.get("/readyz").json()["status"] == "ok" for p in (one, other)))
    with socket(pair[1], other) as live:
        subscribe(live, scope)
        first = one.sync(scope, None, one.transaction(annotation()))
        assert hear(live, "building.change")["rows"]

        own_redis[1].kill()
        own_redis[1].wait(10)
        wait_for(
            lambda: (one.http.get("/readyz").json().items() >= {"status": "degraded", "redis": "away"}.items())
        )
        prior = {"n": one.n, "nonce": one.nonce}
        second = one.sync(scope, first["cursor"], one.transaction(annotation()), prior=prior)
        assert second["receipts"][0]["outcome"] == "applied"
        heard = hear(live, "building.change")
        assert heard["to"] == second["head"]
    assert Person(pair[1], "viewer").http.get("/api/v1/me").status_code == 200


def test_what_concerns_a_person_reaches_their_sockets_in_every_process(
    pair: tuple[str, str], own_redis: tuple[str, Any]
) -> None:
    people = [Person(pair[0], "owner"), Person(pair[1], "owner"), Person(pair[1], "viewer")]
    wait_for(lambda: all(p.http.get("/readyz").json()["status"] == "ok" for p in people))
    with (
        socket(pair[0], people[0]) as one,
        socket(pair[1], people[1]) as two,
        socket(pair[1], people[2]) as other,
    ):
        for live in (one, two, other):
            say(live, "ping", {})
            hear(live, "pong")
        bus = Bus(None, redis.Redis.from_url(own_redis[0]), own_redis[0])  # a third process, as a worker is
        note = {"id": new_id(), "title": "Task for you", "body": "", "link": "/"}
        asyncio.run(bus.announce_person(people[0].id, "notification.push", note))
        assert hear(one, "notification.push") == hear(two, "notification.push") == note
        say(other, "ping", {})
        assert json.loads(other.recv(timeout=WAIT_S_MAX))["event"] == "pong"


def test_a_logout_at_one_process_is_known_at_the_other_within_two_seconds(pair: tuple[str, str]) -> None:
    one = Person(pair[0], "owner")
    with socket(pair[1], one) as live:
        say(live, "ping", {})
        hear(live, "pong")
        one.http.post("/api/v1/auth/logout")
        assert closed_with(live) == 4401
    elsewhere = httpx.Client(base_url=pair[1], headers={"Authorization": f"Bearer {one.token}"})
    wait_for(lambda: elsewhere.get("/api/v1/me").status_code == 401, 3)
