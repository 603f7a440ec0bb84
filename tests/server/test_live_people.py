"""Who is in a building, seen from several processes; the four events with Redis, without it, and with an empty one."""

from __future__ import annotations

import asyncio
import json
import socket as sockets
import subprocess
from pathlib import Path
from typing import Any

import redis
from websockets.sync.client import ClientConnection

from server.accounts.people import colour_of
from server.live.bus import Bus
from server.live.listener import QUEUE_FRAMES_MAX, Listener
from server.live.presence import Presence
from server.parts import new_id
from tests import services
from tests.server.running import Person, wait_for
from tests.server.test_live import hear, own_redis, pair, say, socket, subscribe  # noqa: F401

SHOWN = {"storey": None, "cursor": [1.5, 2], "selection": ["a"], "editing": "door"}


def show(live: ClientConnection, scope: str, **more: Any) -> None:
    say(live, "collaboration.sync", {"scope": scope, **SHOWN, **more})


def test_people_see_each_other_with_name_and_colour_and_see_them_leave(
    url: str, owner: Person, building: str
) -> None:
    with socket(url, owner) as other:
        subscribe(other, building)
        with socket(url, owner) as mine:
            subscribe(mine, building)
            show(mine, building, name="Mallory", colour="red", user="somebody")
            seen = hear(other, "collaboration.sync")
            assert seen["user"] == owner.id and seen["name"] == "Owner" and seen["colour"] == colour_of(owner.id)
            assert {key: seen[key] for key in SHOWN} == SHOWN
        left = hear(other, "collaboration.sync")
        assert left == {"scope": building, "user": owner.id, "peer": seen["peer"], "left": True}


def test_who_comes_later_sees_who_is_there(url: str, owner: Person, building: str) -> None:
    with socket(url, owner) as mine:
        subscribe(mine, building)
        show(mine, building, cursor=[1, 1])
        show(mine, building, cursor=[2, 2])
        say(mine, "ping", {})
        hear(mine, "pong")
        with socket(url, owner) as late:
            subscribe(late, building)
            assert hear(late, "collaboration.sync")["cursor"] == [2, 2], "where they are now, once"
            say(mine, "unsubscribe", {"scopes": [{"scope": building}]})
            assert hear(late, "collaboration.sync")["left"]
        with socket(url, owner) as last:
            subscribe(last, building)
            say(last, "ping", {})
            assert json.loads(last.recv(timeout=10))["event"] == "pong", "nobody is there"


def test_nobody_is_shown_where_they_are_not(url: str, owner: Person, building: str, stranger: Person) -> None:
    with socket(url, owner) as mine, socket(url, stranger) as other:
        subscribe(mine, building)
        assert subscribe(other, building) == []
        show(other, building)
        show(mine, building)
        for live in (mine, other):
            say(live, "ping", {})
            assert json.loads(live.recv(timeout=10))["event"] == "pong"


# ---------------------------------------------------------------- several processes


def four_events(
    one: Person, other: Person, scope: str, via: Bus, live: ClientConnection, mine: ClientConnection
) -> None:
    """What somebody at one process does is heard at the other, of each kind."""
    one.http.post(f"/api/v1/buildings/{scope}/storey", json={"set": {"name": "EG"}})
    assert hear(live, "building.change")["scope"] == scope
    for event in ("wallet.update", "notification.push"):
        told = {"id": new_id()}
        asyncio.run(via.announce_person(other.id, event, told))
        assert hear(live, event) == told
    show(mine, scope)
    assert hear(live, "collaboration.sync")["user"] == one.id


def test_four_events_cross_processes_also_after_redis_died_and_came_back_empty(
    pair: tuple[str, str],  # noqa: F811
    own_redis: tuple[str, subprocess.Popen[bytes]],  # noqa: F811
    tmp_path: Path,
) -> None:
    one, other = Person(pair[0], "owner"), Person(pair[1], "owner")
    scope, own = one.building("Shared"), f"user:{other.id}"
    via = Bus(None, redis.Redis.from_url(own_redis[0]), own_redis[0])  # a third process, as a worker is
    ready(one, other)
    wait_for(lambda: any(row["set"].get("building") == scope for row in other.sync(own)["rows"]))
    with socket(pair[0], one) as mine, socket(pair[1], other) as live:
        subscribe(mine, scope)
        say(live, "subscribe", {"scopes": [{"scope": scope}, {"scope": own}]})
        four_events(one, other, scope, via, live, mine)
        own_redis[1].kill()
        own_redis[1].wait(10)
        wait_for(lambda: all(p.http.get("/readyz").json()["redis"] == "away" for p in (one, other)))
        one.http.post(f"/api/v1/buildings/{scope}/storey", json={"set": {"name": "1. OG"}})
        assert hear(live, "building.change")["scope"] == scope
        one.http.put(  # what is the person's own moves their scope, which is polled too
            "/api/v1/notifications/preferences", json={"digest_frequency": "weekly", "timezone": "UTC", "hour": 7}
        )
        assert hear(live, "building.change")["scope"] == own
        with again(own_redis[0], tmp_path):
            ready(one, other)
            via = Bus(None, redis.Redis.from_url(own_redis[0]), own_redis[0])
            four_events(one, other, scope, via, live, mine)


def ready(*people: Person) -> None:
    wait_for(lambda: all(p.http.get("/readyz").json()["status"] == "ok" for p in people), 30)


class again:  # noqa: N801
    """A new Redis at the address of the old one, which remembers nothing."""

    def __init__(self, url: str, folder: Path) -> None:
        self.port, self.folder = url.rpartition(":")[2].partition("/")[0], folder

    def __enter__(self) -> None:
        command = [services.tool("redis-server"), "--port", self.port, "--bind", "127.0.0.1", "--save", ""]
        self.process = subprocess.Popen([*command, "--dir", str(self.folder)], stdout=subprocess.DEVNULL)

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(10)


def test_people_at_another_process_are_there_when_one_comes_and_gone_when_they_go(
    pair: tuple[str, str],  # noqa: F811
) -> None:
    one, other = Person(pair[0], "owner"), Person(pair[1], "owner")
    scope = one.building("Shared")
    ready(one, other)
    with socket(pair[1], other) as late:
        with socket(pair[0], one) as mine:
            subscribe(mine, scope)
            show(mine, scope)
            say(mine, "ping", {})
            hear(mine, "pong")
            subscribe(late, scope)
            seen = hear(late, "collaboration.sync")
            assert seen["user"] == one.id and seen["selection"] == ["a"]
        assert hear(late, "collaboration.sync") == {"scope": scope, "user": one.id, "peer": seen["peer"], "left": True}


def test_one_who_does_not_read_is_let_go_with_4408_and_harms_nobody(
    pair: tuple[str, str],  # noqa: F811
    own_redis: tuple[str, Any],  # noqa: F811
) -> None:
    """Frames heap up in the network and in the server until the queue is full."""
    slow, quick = Person(pair[0], "owner"), Person(pair[0], "viewer")
    ready(slow)
    raw = deaf_socket(pair[0], slow)
    via = Bus(None, redis.Redis.from_url(own_redis[0]), own_redis[0])
    with socket(pair[0], quick) as live:
        say(live, "ping", {})
        hear(live, "pong")
        asyncio.run(flood(via, slow.id))
        asyncio.run(via.announce_person(quick.id, "notification.push", {"id": "last"}))
        assert hear(live, "notification.push") == {"id": "last"}
    assert ended_with(raw) == 4408


async def flood(via: Bus, user_id: str) -> None:
    for n in range(QUEUE_FRAMES_MAX * 4):
        await via.announce_person(user_id, "notification.push", {"id": str(n), "body": "x" * 16_000})


def deaf_socket(url: str, person: Person) -> sockets.socket:
    """Open, and not read any more; what the network holds for it is little."""
    host, _, port = url.removeprefix("http://").partition(":")
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    raw.connect((host, int(port)))
    raw.sendall(
        f"GET /ws HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {person.token}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    raw.settimeout(20)
    head = b""
    while b"\r\n\r\n" not in head:
        head += raw.recv(1)
    assert b" 101 " in head
    return raw


def ended_with(raw: sockets.socket) -> int:
    """The code of the close frame at the end of all that came."""
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 1 << 20)
    held = b""
    while some := raw.recv(65536):
        held = (held + some)[-65536:]
        if (at := held.rfind(b"\x88\x02")) >= 0 and len(held) >= at + 4:
            return int.from_bytes(held[at + 2 : at + 4], "big")
    raise AssertionError("it was hung up without a word")


# ---------------------------------------------------------------- within a process


def test_a_full_queue_ends_its_socket_and_takes_no_more() -> None:
    woken, closed = [], []
    listener = Listener("u", "s", lambda: woken.append(1), lambda: closed.append(1))
    for n in range(QUEUE_FRAMES_MAX + 5):
        listener.offer(str(n))
    assert listener.code == 4408 and closed == [1] and len(listener.queue) == QUEUE_FRAMES_MAX
    listener.end(4401)
    assert listener.code == 4408, "the first reason stands"


def test_a_bus_that_everybody_left_holds_nothing() -> None:
    async def come_and_go() -> Bus:
        bus = Bus(None, None, None)
        listeners = [Listener(f"user {n % 3}", None) for n in range(9)]
        for n, one in enumerate(listeners):
            bus.join(one)
            bus.follow(one, f"scope {n % 2}", "viewer")
            await bus.show(one, f"scope {n % 2}", {"n": n})
        for one in listeners:
            await bus.leave(one)
        return bus

    bus = asyncio.run(come_and_go())
    assert not bus.listeners and not bus._in_scope and not bus._of_user


def test_presence_is_bounded_a_person_and_not_a_socket() -> None:
    presence = Presence()
    assert sum(presence.may_show("somebody") for _ in range(50)) == 10
    presence.forget("somebody")
    assert not presence.may_show("somebody"), "going and coming back gains nothing"
    assert presence.may_show("another")
