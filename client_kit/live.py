"""Staying in sync: live hints in, edits of any program out.

A thread reads the socket and puts events into a queue; the one loop takes them, so that replicas are touched
by a single thread. A lost socket is no harm: the loop polls, and the socket is opened again with a growing
wait.
"""

from __future__ import annotations

import contextlib
import json
import queue
import random
import threading
from typing import Any

import msgspec
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, connect

from arxos_sync import session
from arxos_sync.problems import Problem

from .attachments_queue import Carrier
from .http import Server
from .replica import Home, now_ms
from .sync import Hint, Loop, Tell

PHOTOS_LOOK_S = 1.0  # how often the files are looked at for photos to carry
PHOTOS_RETRY_S = 60.0  # after trouble; at once when the network is back
LOOK_S = 0.5  # how often the files are looked at for edits of other programs
QUEUE_MAX = 1_000
OPEN_S_MAX = 10.0


class Watch:
    def __init__(self, home: Home, tell: Tell) -> None:
        self.home, self.tell = home, tell
        self.server = Server(home)
        self.loop = Loop(home, self.server, tell)
        self.frames: queue.Queue[dict[str, Any]] = queue.Queue(QUEUE_MAX)
        self.stop, self.photos_due = threading.Event(), threading.Event()
        self.socket: ClientConnection | None = None

    def run(self, seconds: float | None = None) -> None:
        """Until interrupted, or for so long."""
        end = now_ms() + seconds * 1000 if seconds is not None else None
        self.loop.start()
        threads = [
            threading.Thread(target=self._listen, name="arxos live", daemon=True),
            threading.Thread(target=self._carry, name="arxos photos", daemon=True),
        ]
        for thread in threads:
            thread.start()
        try:
            while not self.loop.needs_login and (end is None or now_ms() < end):
                self._turn()
        except KeyboardInterrupt:
            pass
        finally:
            self.stop.set()
            self.photos_due.set()
            if self.socket is not None:
                self.socket.close()
            for thread in threads:
                thread.join(OPEN_S_MAX)

    def _turn(self) -> None:
        with contextlib.suppress(queue.Empty):
            self._hear(self.frames.get(timeout=LOOK_S))
        self.loop.edited()
        if self.loop.wait_until is not None and now_ms() >= self.loop.wait_until:
            self.loop.wait_until = None
            self.loop.hear(session.Tick(now_ms()))

    def _hear(self, frame: dict[str, Any]) -> None:
        data = frame.get("data") or {}
        match frame.get("event"):
            case "building.change":
                self.loop.hinted(msgspec.convert(data, Hint))
            case "opened":
                self.loop.hear(session.Online())
                self.photos_due.set()
            case "subscribed" | "pong":
                pass
            case event:
                self.tell(str(event), data)

    # ------------------------------------------------------------ the threads

    def _carry(self) -> None:
        """Photos have a queue, files and a connection of their own: rows never wait for them."""
        home = Home(self.home.folder)
        server = Server(home)
        while not self.stop.is_set():
            carried = Carrier(home, server, self.tell, stopped=self.stop.is_set).run()
            self.photos_due.wait(PHOTOS_RETRY_S if carried.problem or carried.failed else PHOTOS_LOOK_S)
            self.photos_due.clear()
        server.close()
        home.close()

    def _listen(self) -> None:
        failures = 0
        while not self.stop.is_set():
            try:
                self._converse()
                failures = 0
            except (OSError, WebSocketException, Problem, TimeoutError):
                failures += 1
            self.stop.wait(session.backoff_ms(max(1, failures), random.random()) / 1000)

    def _converse(self) -> None:
        token = self.server.token()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = self.server.url.replace("http", "ws", 1) + "/ws"
        with connect(
            url, additional_headers=headers, open_timeout=OPEN_S_MAX, user_agent_header="arxos-device"
        ) as socket:
            self.socket = socket
            schema = self.home.catalogue.schema  # rows that come along are applied only where that is pulled
            scopes = [{"scope": s, "cursor": None, "schema": schema} for s in self.home.device().scopes]
            socket.send(json.dumps({"event": "subscribe", "data": {"scopes": scopes}}))
            self._put({"event": "opened"})
            with contextlib.suppress(ConnectionClosed):
                for text in socket:
                    self._put(json.loads(text))

    def _put(self, frame: dict[str, Any]) -> None:
        """A full queue drops the frame: a hint may be lost without harm."""
        with contextlib.suppress(queue.Full):
            self.frames.put_nowait(frame)
