"""W5: one edit durable until 50 live replicas have applied it, and how many edits a second they follow.

The replicas are real files; their sockets are read by one thread each, as `arxos-device watch` reads its own.
"""

from __future__ import annotations

import json
import random
import statistics
import threading
import time

import msgspec
from websockets.sync.client import ClientConnection, connect

from arxos_sync.messages import Change, RowOut
from tests.bench import work
from tests.bench.bed import Bed, Tablet, bed
from tests.bench.figures import Figure

REPLICAS = 50
EDITS = 40
RATE_EDITS = 500
HEAR_S_MAX = 30.0


class Follower:
    """A live replica: hears a hint, lays its rows, says how far it is."""

    def __init__(self, at: Bed, number: int) -> None:
        self.tablet = at.tablet(f"live-{number}", url=at.urls[number % len(at.urls)]).bootstrap()
        self.reached, self.moved = self.tablet.replica.sequence, threading.Condition()
        self.socket = self._opened().__enter__()  # left by `close`
        self._subscribe()
        self.thread = threading.Thread(target=self._follow, daemon=True)

    def _opened(self) -> ClientConnection:
        server = self.tablet.server
        headers = {"Authorization": f"Bearer {server.token()}"}
        return connect(server.url.replace("http", "ws", 1) + "/ws", additional_headers=headers, proxy=None)

    def _subscribe(self) -> None:
        wanted = {"scope": self.tablet.building, "cursor": None, "schema": self.tablet.home.catalogue.schema}
        self.socket.send(json.dumps({"event": "subscribe", "data": {"scopes": [wanted]}}))
        while json.loads(self.socket.recv(HEAR_S_MAX))["event"] != "subscribed":
            pass

    def close(self) -> None:
        self.socket.__exit__(None, None, None)
        self.thread.join()
        self.tablet.close()

    def _follow(self) -> None:
        replica = self.tablet.home.replica
        for text in self.socket:
            frame = json.loads(text)
            if frame["event"] != "building.change":
                continue
            data, own = frame["data"], replica(self.tablet.building)
            if data["from"] == self.reached and data.get("rows") is not None:
                rows = msgspec.convert(data["rows"], list[RowOut])
                own.apply_hint(rows, data["cursor"], data["to"], data["salt"])
            elif data["to"] > self.reached:
                self.tablet.sync()
            with self.moved:
                self.reached = own.sequence
                self.moved.notify_all()

    def wait(self, sequence: int) -> None:
        with self.moved:
            assert self.moved.wait_for(lambda: self.reached >= sequence, HEAR_S_MAX), (self.reached, sequence)


def w5(size: int, replicas: int = REPLICAS, edits: int = EDITS, rate_edits: int = RATE_EDITS) -> list[Figure]:
    with bed(size) as at:
        author = at.tablet("author").bootstrap()
        followers = [Follower(at, number) for number in range(replicas)]
        for one in followers:
            one.thread.start()
        changes = list(work.edits(random.Random(size), at.store.rows, edits + rate_edits, 0.0, 0.0))
        seen = [_one(author, followers, change) for change in changes[:edits]]
        rate = _rate(author, followers, changes[edits:])
        for one in followers:
            one.close()
        author.close()
    p99 = sorted(seen)[min(len(seen) - 1, int(len(seen) * 0.99))]
    return [
        Figure("W5", f"an edit to {replicas} live replicas, p50", size, statistics.median(seen) * 1000, "ms", 25),
        Figure("W5", f"an edit to {replicas} live replicas, p99", size, p99 * 1000, "ms", 60),
        Figure("W5", f"edits a second, {replicas} following", size, rate, "/s", 500, at_least=True),
    ]


def _one(author: Tablet, followers: list[Follower], change: Change) -> float:
    """From durable on the author's tablet to applied by the last."""
    author.record([change])
    begun = time.perf_counter()
    author.sync()
    for one in followers:
        one.wait(author.replica.sequence)
    return time.perf_counter() - begun


def _rate(author: Tablet, followers: list[Follower], changes: list[Change]) -> float:
    author.record(changes)
    begun = time.perf_counter()
    author.sync()
    for one in followers:
        one.wait(author.replica.sequence)
    return len(changes) / (time.perf_counter() - begun)
