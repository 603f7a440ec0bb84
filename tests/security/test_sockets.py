"""Sockets: what is heard and shown is bounded by the same roles, and so is their number."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from server.parts import new_id
from tests.server.running import Person, Running
from tests.server.test_live import hear, say, socket, subscribe
from tests.server.test_sync import annotation


def heard_until_pong(live: ClientConnection) -> list[dict[str, Any]]:
    """All that was sent before the answer to a ping of ours."""
    say(live, "ping", {})
    found: list[dict[str, Any]] = []
    while not found or found[-1]["event"] != "pong":
        found.append(json.loads(live.recv(timeout=10)))
    return found[:-1]


def test_foreign_scopes_are_left_out_of_a_subscription_like_such_that_are_not(
    owner: Person, stranger: Person, url: str, building: str
) -> None:
    with socket(url, stranger) as live:
        foreign = [building, f"user:{owner.id}", new_id(), "user:x", "x", ""]
        say(live, "subscribe", {"scopes": [{"scope": one} for one in foreign]})
        assert hear(live, "subscribed")["scopes"] == []
        owner.sync(building, None, owner.transaction(annotation("unheard")))
        assert heard_until_pong(live) == []


def test_presence_is_shown_in_scopes_of_ones_own_alone(
    owner: Person, stranger: Person, url: str, building: str
) -> None:
    with socket(url, owner) as watching, socket(url, stranger) as live:
        subscribe(watching, building)
        for scope in (building, None, 7, f"user:{owner.id}"):
            say(live, "collaboration.sync", {"scope": scope, "cursor": [1, 2], "user": owner.id, "name": "Forged"})
        heard_until_pong(live)
        assert [one for one in heard_until_pong(watching) if "collaboration" in one["event"]] == []


def test_presence_is_under_ones_own_name(owner: Person, running: Running, url: str, building: str) -> None:
    assert running.command("admin", "grant", "viewer@demo.arxos", building, "viewer").returncode == 0
    viewer = Person(url, "viewer")
    with socket(url, owner) as watching, socket(url, viewer) as live:
        subscribe(watching, building)
        subscribe(live, building)
        say(live, "collaboration.sync", {"scope": building, "cursor": [1, 2], "user": owner.id, "name": "Forged"})
        shown = hear(watching, "collaboration.sync")
    assert shown["user"] == viewer.id and shown["name"] == "Viewer"


def test_nobody_subscribes_to_public_buildings_alone(owner: Person, nobody: Person, url: str, building: str) -> None:
    public = owner.building("Open", visibility="public")
    with socket(url) as live:
        assert subscribe(live, building) == [] and subscribe(live, public) == [public]


@pytest.mark.parametrize("spoil", [
    lambda token: token[:-4] + "AAAA", lambda token: "x", lambda token: token.rpartition(".")[0],
])  # fmt: skip
def test_a_token_that_is_not_good_opens_no_socket(owner: Person, url: str, spoil: Any) -> None:
    forged = Person(url, None)
    forged.token = spoil(owner.token)
    with pytest.raises(ConnectionClosed) as ended, socket(url, forged) as live:
        live.recv(timeout=10)
    assert ended.value.rcvd is not None and ended.value.rcvd.code == 4401


def test_another_persons_session_ends_their_socket_and_not_ones_own(owner: Person, url: str, building: str) -> None:
    again = Person(url, "owner")
    with socket(url, owner) as mine, socket(url, again) as ended:
        subscribe(mine, building)
        assert again.http.post("/api/v1/auth/logout").status_code == 204
        with pytest.raises(ConnectionClosed) as closed:
            ended.recv(timeout=10)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 4401
        assert heard_until_pong(mine) == []

