"""`/api/v1/webhooks`, by HTTP, over running servers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.server.receiving import Receiver
from tests.server.running import Person, Running, wait_for


@pytest.fixture(scope="module")
def url(running: Running) -> Iterator[str]:
    running.environment["ARXOS_OUTBOUND_ALLOW"] = "127.0.0.0/8"
    yield running.start()


def made(who: Person, building: str | None, url: str, **given: Any) -> dict[str, Any]:
    answer = who.http.post("/api/v1/webhooks", json={"url": url, "building_id": building, **given})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_what_happens_in_a_building_is_told_and_every_delivery_can_be_looked_at(owner: Person, building: str):
    with Receiver() as receiver:
        opened = made(owner, building, receiver.url, filter={"tables": ["storey"]}, name="Desk")
        path = f"/api/v1/webhooks/{opened['endpoint']['id']}"
        given = {"set": {"name": "Ground"}}
        storey = owner.http.post(f"/api/v1/buildings/{building}/storey", json=given).json()["row"]["id"]
        owner.http.patch(f"/api/v1/buildings/{building}/storey/{storey}", json={"set": {"level": 3}})
        wait_for(lambda: len(receiver.sent) == 2, 30)
        for sent in receiver.sent:
            Webhook(opened["secret"]).verify(sent.body, dict(sent.headers))
        bodies = {json.loads(sent.body)["type"]: json.loads(sent.body)["data"] for sent in receiver.sent}
        assert bodies["storey.updated"]["diff"] == {"level": {"old": None, "new": 3}}
        assert bodies["storey.updated"]["who"] == owner.id and bodies["storey.created"]["id"] == storey
        wait_for(lambda: owner.http.get(f"{path}/deliveries?state=delivered").json()["total"] == 2)
        first = owner.http.get(f"{path}/deliveries?limit=1").json()
        second = owner.http.get(f"{path}/deliveries", params={"limit": 1, "next": first["next"]}).json()
        assert first["total"] == second["total"] == 2 and second["next"] is None
        (one,) = owner.http.get(f"{path}/deliveries?event=storey.updated").json()["items"]
        assert one["content"]["data"] == bodies["storey.updated"] and one["state"] == "delivered"
        tries = owner.http.get(f"{path}/deliveries/{one['id']}/tries").json()
        assert [t["status"] for t in tries["items"]] == [204] and tries["total"] == 1
        again = owner.http.post(f"{path}/deliveries/{one['id']}/replay")
        assert (again.status_code, again.json()["state"]) == (202, "waiting")
        wait_for(lambda: len(receiver.sent) == 3, 30)
        assert receiver.sent[2].headers["webhook-id"] == one["id"]
        assert owner.http.post(f"{path}/test").status_code == 202
        wait_for(lambda: len(receiver.sent) == 4, 30)
        assert json.loads(receiver.sent[3].body)["type"] == "webhook.test"
        assert owner.http.post(f"{path}/replay", json={"since": "2000-01-01T00:00:00Z"}).json() == {"count": 3}
        wait_for(lambda: len(receiver.sent) == 7, 30)


def test_a_secret_is_told_once_and_changed_by_rotation(owner: Person, building: str):
    with Receiver() as receiver:
        opened = made(owner, building, receiver.url)
        path = f"/api/v1/webhooks/{opened['endpoint']['id']}"
        for answer in (owner.http.get(path), owner.http.get("/api/v1/webhooks")):
            assert opened["secret"] not in answer.text and "gAAAA" not in answer.text
        rotated = owner.http.post(f"{path}/secret").json()
        assert rotated["secret"] != opened["secret"] and rotated["endpoint"]["former_secret_until"]


def test_endpoints_are_changed_turned_off_listed_and_deleted(owner: Person, building: str):
    with Receiver() as receiver:
        path = f"/api/v1/webhooks/{made(owner, building, receiver.url)['endpoint']['id']}"
        made(owner, building, receiver.url)
        changed = owner.http.patch(path, json={"name": "New", "filter": {"events": ["task.*"]}, "enabled": False})
        assert changed.json()["name"] == "New" and changed.json()["disabled_because"] == "turned off by hand"
        assert changed.json()["filter"] == {"events": ["task.*"]}
        assert owner.http.patch(path, json={"enabled": True}).json()["disabled_at"] is None
        first = owner.http.get("/api/v1/webhooks", params={"building": building, "limit": 1}).json()
        asked = {"building": building, "next": first["next"]}
        rest = owner.http.get("/api/v1/webhooks", params=asked).json()
        assert first["total"] == 2 and len(rest["items"]) == 1 and rest["items"][0] != first["items"][0]
        assert owner.http.delete(path).status_code == 204
        assert owner.http.get(path).json()["code"] == "not_found"


def test_only_managers_of_a_building_and_administrators_come_near_its_webhooks(
    owner: Person, stranger: Person, url: str, building: str, nobody: Person
):
    admin = Person(url, "admin")
    with Receiver() as receiver:
        path = f"/api/v1/webhooks/{made(owner, building, receiver.url)['endpoint']['id']}"
        everywhere = f"/api/v1/webhooks/{made(admin, None, receiver.url)['endpoint']['id']}"
        for who, where in ((stranger, path), (stranger, everywhere), (owner, everywhere)):
            assert who.http.get(where).json()["code"] == "not_found"
            assert who.http.delete(where).json()["code"] == "not_found"
            assert who.http.post(f"{where}/secret").json()["code"] == "not_found"
        given = {"url": receiver.url, "building_id": building}
        assert stranger.http.post("/api/v1/webhooks", json=given).json()["code"] == "not_found"
        assert owner.http.post("/api/v1/webhooks", json=given | {"building_id": None}).json()["code"] == "forbidden"
        assert nobody.http.get("/api/v1/webhooks").status_code == 401
        assert stranger.http.get("/api/v1/webhooks").json()["items"] == []
        assert admin.http.get(path).status_code == 200
        admin.http.delete(everywhere)


def test_what_cannot_be_an_endpoint_is_refused_by_name(owner: Person, building: str):
    fine = {"url": "http://127.0.0.1/"}
    for given, code in [
        ({"url": "https://169.254.169.254/a"}, "address_refused"), ({"url": "http://10.0.0.1/"}, "address_refused"),
        ({"url": "http://[::1]:8000/"}, "address_refused"), ({"url": "no address"}, "address_refused"),
        ({"url": 7}, "invalid"), ({}, "invalid"), ({"url": "https://a.invalid/"}, "unreachable"),
        (fine | {"filter": {"tables": ["user"]}}, "invalid"), (fine | {"filter": {"events": ["a.*.x"]}}, "invalid"),
        (fine | {"filter": {"fields": ["password_hash"]}}, "invalid"), (fine | {"name": "x" * 300}, "invalid"),
        (fine | {"secret": "mine"}, "invalid"), (fine | {"building_id": "x"}, "not_found"),
    ]:  # fmt: skip
        answer = owner.http.post("/api/v1/webhooks", json={"building_id": building, **given})
        assert answer.json()["code"] == code and answer.json()["hint"], answer.text
    assert owner.http.get("/api/v1/webhooks", params={"building": building}).json()["total"] == 0
