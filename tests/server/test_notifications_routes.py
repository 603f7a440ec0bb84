"""The inbox, what people wish for, and browsers that take pushes: over HTTP and sockets, as a client meets them."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from server.accounts.members import set_role
from server.app import open_parts
from server.parts import Parts, new_id
from server.settings import read_settings
from tests.server.mail_server import Post
from tests.server.running import Person, Running, wait_for
from tests.server.test_live import hear, say, socket, subscribe

INBOX = "/api/v1/notifications"


@pytest.fixture(scope="module")
def post() -> Iterator[Post]:
    made = Post()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def url(running: Running, post: Post) -> str:
    running.environment |= {
        "ARXOS_SMTP_URL": f"smtp://127.0.0.1:{post.port}",
        "ARXOS_PUBLIC_URL": "http://arxos.example.org",
    }
    return running.start()


@pytest.fixture(scope="module")
def owner(url: str) -> Person:
    return Person(url, "owner")


@pytest.fixture(scope="module")
def tech(url: str) -> Person:
    return Person(url, "technician")


@pytest.fixture(scope="module")
def stranger(url: str) -> Person:
    return Person(url, "stranger")


@pytest.fixture(scope="module")
def store(running: Running, url: str) -> Iterator[Parts]:
    """The server's own store, from another process."""
    parts = open_parts(read_settings(running.environment, Path("/nonexistent")))
    yield parts
    parts.store.close()


@pytest.fixture
def building(store: Parts, owner: Person, tech: Person) -> str:
    """With a technician who has read that they are one."""
    made = owner.building()
    set_role(store, tech.id, "Technician", made, "technician")
    owner.http.post(f"/api/v1/buildings/{made}/storey", json={"set": {"name": "EG"}})  # the server looks at once
    wait_for(lambda: inbox(tech, building=made)["total"] == 1, 30)
    wait_for(lambda: any(row["set"].get("building") == made for row in tech.sync(f"user:{tech.id}")["rows"]), 30)
    tech.http.post(f"{INBOX}/read")
    return made


def inbox(person: Person, **asked: Any) -> dict[str, Any]:
    answer = person.http.get(INBOX, params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def assign(owner: Person, building: str, tech: Person, title: str = "Door 3") -> None:
    body = {"set": {"kind": "visual", "title": title, "assignee": tech.id}}
    assert owner.http.post(f"/api/v1/buildings/{building}/task", json=body).status_code == 201


def test_what_concerns_a_person_is_on_their_screen_in_their_inbox_and_in_their_replica(
    owner: Person, tech: Person, building: str, url: str
) -> None:
    scope = f"user:{tech.id}"
    cursor = tech.sync(scope)["cursor"]
    with socket(url, tech) as live:
        subscribe(live, scope, cursor)
        assign(owner, building, tech)
        moved = hear(live, "building.change")
        note = hear(live, "notification.push")
    assert note["title"] == "Task for you: Door 3" and note.keys() == {"id", "title", "body", "link"}
    (one,) = inbox(tech, unread=True)["items"]
    assert one["id"] == note["id"] and one["kind"] == "task_assigned" and one["building_id"] == building
    assert [row["id"] for row in moved["rows"]] == [note["id"]], "the row comes with the hint"
    pulled = tech.sync(scope, cursor)["rows"]
    assert [row["set"]["title"] for row in pulled if row["table"] == "notification"] == [one["title"]]


def test_who_was_away_is_told_on_return_that_their_scope_moved(
    owner: Person, tech: Person, building: str, url: str
) -> None:
    scope = f"user:{tech.id}"
    old = tech.sync(scope)
    assign(owner, building, tech)
    wait_for(lambda: inbox(tech, unread=True)["total"] == 1)
    with socket(url, tech) as live:
        say(live, "subscribe", {"scopes": [{"scope": scope, "cursor": old["cursor"]}]})
        heard = hear(live, "building.change")
    assert heard["scope"] == scope and heard["from"] == old["head"]
    tables = [row["table"] for row in tech.sync(scope, old["cursor"])["rows"]]
    assert tables == ["notification"]


def test_the_inbox_is_paged_filtered_and_sorted(owner: Person, tech: Person, building: str) -> None:
    for n in range(5):
        assign(owner, building, tech, f"Door {n}")
    wait_for(lambda: inbox(tech, building=building)["total"] == 6)
    seen, page = [], inbox(tech, building=building, limit=2)
    while True:
        seen += page["items"]
        if page["next"] is None:
            break
        page = inbox(tech, building=building, limit=2, next=page["next"])
    assert len(seen) == page["total"] == 6 and len({one["id"] for one in seen}) == 6
    assert [one["created_at"] for one in seen] == sorted((one["created_at"] for one in seen), reverse=True)
    assert inbox(tech, building=building, kind="role_given")["total"] == 1
    assert inbox(tech, building=building, sort="title")["items"][0]["title"] == "Task for you: Door 0"
    assert inbox(tech, building=new_id())["total"] == 0
    for wrong in ({"sort": "nothing"}, {"next": "x"}, {"building": "x"}, {"limit": "x"}):
        assert tech.http.get(INBOX, params=wrong).status_code == 422


def test_what_was_read_is_read_everywhere(owner: Person, tech: Person, building: str, stranger: Person) -> None:
    for title in ("A", "B", "C"):
        assign(owner, building, tech, title)
    wait_for(lambda: inbox(tech, unread=True)["total"] == 3)
    one = inbox(tech, unread=True)["items"][0]
    assert stranger.http.post(f"{INBOX}/{one['id']}/read").status_code == 404
    assert tech.http.post(f"{INBOX}/{new_id()}/read").status_code == 404
    assert tech.http.post(f"{INBOX}/x/read").status_code == 404
    for read in (1, 0):
        assert tech.http.post(f"{INBOX}/{one['id']}/read").json() == {"read": read}
    assert tech.http.post(f"{INBOX}/read", params={"building": building}).json() == {"read": 2}
    rows = tech.sync(f"user:{tech.id}")["rows"]
    assert all(row["set"].get("read_at") for row in rows if row["table"] == "notification")


def test_a_device_does_not_write_the_inbox(owner: Person, tech: Person, building: str) -> None:
    assign(owner, building, tech)
    wait_for(lambda: inbox(tech, unread=True)["total"] == 1)
    one = inbox(tech, unread=True)["items"][0]
    device, scope = Person(tech.url, "technician"), f"user:{tech.id}"
    change = {"table": "notification", "id": one["id"], "op": "update", "base": 0, "set": {"title": "Mine"}}
    told = device.sync(scope, None, device.transaction(change))
    assert told["receipts"][0]["problem"]["code"] == "server_column"


def test_a_person_says_how_often_and_when_and_devices_say_it_too(url: str) -> None:
    person = Person(url, "viewer")
    path = f"{INBOX}/preferences"
    assert person.http.get(path).json() == {"digest_frequency": "daily", "timezone": "UTC", "hour": 7}
    wish = {"digest_frequency": "weekly", "timezone": "Europe/Vienna", "hour": 18}
    assert person.http.put(path, json=wish).status_code == 200 and person.http.get(path).json() == wish
    (row,) = person.sync(f"user:{person.id}")["rows"]
    assert row["table"] == "preference" and row["set"]["digest_frequency"] == "weekly"
    change = {"table": "preference", "id": row["id"], "op": "update", "base": row["sequence"]}
    person.sync(f"user:{person.id}", None, person.transaction({**change, "set": {"digest_frequency": "now"}}))
    assert person.http.get(path).json() == {**wish, "digest_frequency": "now"}
    for wrong in ({"hour": 24}, {"timezone": "Mars/Base"}, {"timezone": "../etc"}, {"digest_frequency": "hourly"}):
        assert person.http.put(path, json=wish | wrong).status_code == 422
    assert person.http.get(path).json()["hour"] == 18


def test_a_building_is_muted_and_heard_again(owner: Person, tech: Person, building: str, stranger: Person) -> None:
    path = f"{INBOX}/mutes"
    assert tech.http.put(f"{path}/{building}").status_code == 204
    assert tech.http.put(f"{path}/{building}").status_code == 204
    assert building in [one["building_id"] for one in tech.http.get(path).json()["items"]]
    assert stranger.http.put(f"{path}/{building}").status_code == 404
    assert stranger.http.put(f"{path}/{new_id()}").status_code == 404
    with socket(tech.url, tech) as live:
        subscribe(live, f"user:{tech.id}")
        assign(owner, building, tech, "Quiet")
        wait_for(lambda: inbox(tech, unread=True)["total"] == 1)
        assert tech.http.delete(f"{path}/{building}").status_code == 204
        assign(owner, building, tech, "Loud")
        assert hear(live, "notification.push")["title"] == "Task for you: Loud"
    assert inbox(tech, unread=True)["total"] == 2, "the inbox has both"


def browser(endpoint: str) -> dict[str, Any]:
    made = ec.generate_private_key(ec.SECP256R1()).public_key()
    raw = made.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    p256dh, auth = (base64.urlsafe_b64encode(one).decode().rstrip("=") for one in (raw, os.urandom(16)))
    return {"endpoint": endpoint, "expirationTime": None, "keys": {"p256dh": p256dh, "auth": auth}}


def test_a_browser_subscribes_with_the_servers_key_and_unsubscribes(tech: Person, stranger: Person) -> None:
    path = f"{INBOX}/push"
    assert len(tech.http.get(f"{path}/key").json()["key"]) == 87
    made = browser("https://1.1.1.1/push/abc")
    answer = tech.http.post(path, json=made)
    assert answer.status_code == 201 and answer.json()["endpoint"] == made["endpoint"]
    assert tech.http.post(path, json=made).json()["id"] == answer.json()["id"]
    assert tech.http.get(path).json()["total"] == 1 and stranger.http.get(path).json()["total"] == 0
    assert stranger.http.delete(f"{path}/{answer.json()['id']}").status_code == 404
    assert tech.http.delete(f"{path}/{answer.json()['id']}").status_code == 204
    assert tech.http.get(path).json()["items"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": "http://1.1.1.1/x"}, {"endpoint": "https://127.0.0.1/x"}, {"endpoint": "https://localhost/x"},
        {"endpoint": "https://169.254.169.254/latest"}, {"endpoint": 5}, {"keys": {"p256dh": "AAAA", "auth": "AAAA"}},
        {"keys": {"p256dh": "x" * 10_000, "auth": "x"}}, {"keys": {}},
    ],
)  # fmt: skip
def test_a_subscription_that_leads_nowhere_good_is_refused(tech: Person, wrong: dict[str, Any]) -> None:
    answer = tech.http.post(f"{INBOX}/push", json=browser("https://1.1.1.1/x") | wrong)
    assert answer.status_code == 422 and answer.json()["code"] == "invalid"


def test_nobody_has_no_inbox(nobody: Person) -> None:
    for path in ("", "/preferences", "/mutes", "/push"):
        assert nobody.http.get(INBOX + path).status_code == 401
    assert nobody.http.get(f"{INBOX}/unsubscribe/none").status_code == 404


def test_the_server_itself_writes_and_sends_and_the_link_ends_it(
    store: Parts, owner: Person, tech: Person, building: str, post: Post, nobody: Person
) -> None:
    """The rounds of the running process, with `now`'s wait cut short in the database."""
    wish = {"digest_frequency": "now", "timezone": "UTC", "hour": 7}
    tech.http.put(f"{INBOX}/preferences", json=wish)
    assign(owner, building, tech, "By letter")
    wait_for(lambda: inbox(tech, unread=True)["total"] == 1)
    post.letters.clear()
    with store.store.tables() as sql:
        sql.run("update notification_letter set created_at = '2026-01-01T00:00:00.000Z'")
    wait_for(lambda: post.letters, 40)
    got = post.letters[-1]
    assert got["to"] == "technician@demo.arxos" and "Task for you: By letter" in got.get_content()
    link = got["list-unsubscribe"].strip("<>").removeprefix("http://arxos.example.org")
    asking = nobody.http.get(link)
    assert asking.status_code == 200 and "technician@demo.arxos" in asking.text and "<form" in asking.text
    assert tech.http.get(f"{INBOX}/preferences").json()["digest_frequency"] == "now", "looking changes nothing"
    assert nobody.http.post(link, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert tech.http.get(f"{INBOX}/preferences").json()["digest_frequency"] == "never"
    assert tech.http.get("/readyz").json()["mail"] == "ok"
