"""A small maintenance system of its own, with its own words: what `server/cmms/rest_system.py` asks of one, over HTTP.

It keeps records with versions and a journal of changes, lists them a page at a time, takes an `Idempotency-Key`, checks
`If-Match`. It shares no code with the server. A test can make it be away, ask for rest, lose its answers, list twice.
"""

from __future__ import annotations

import json
import threading
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.server.receiving import Receiver, Reply, Sent

SECRET = "open-sesame"
STATUSES = ("NEW", "PLANNED", "WIP", "FINISHED", "ARCHIVED", "VOID")


class Cmms(Receiver):
    def __init__(self, page: int = 100) -> None:
        super().__init__(self._reply)
        self.page = page
        self.records: dict[str, dict[str, Any]] = {}
        self._journal: dict[str, int] = {}  # id → the number of its last change
        self._keys: dict[str, str] = {}  # Idempotency-Key → id
        self._count = 0
        self._lock = threading.RLock()
        self.lose_answers = 0  # so many are worked on, and never answered
        self.rest_s: int | None = None  # 429 until a test lifts it
        self.fails = False
        self.repeats = False  # each page lists its records twice
        self.refuses: dict[str, Any] = {}  # a field with this value is not taken

    # ------------------------------------------------------------ its own people

    def add(self, **fields: Any) -> str:
        with self._lock:
            self._count += 1
            id = f"WO-{self._count}"
            self.records[id] = {"id": id, "external_id": None, "deleted": False, **fields}
            self._touch(id)
            return id

    def edit(self, id: str, **fields: Any) -> None:
        with self._lock:
            self.records[id] |= fields
            self._touch(id)

    def delete(self, id: str) -> None:
        self.edit(id, deleted=True)

    def forget(self, id: str) -> None:
        """As if it had never been, and no journal tells of it."""
        with self._lock:
            del self.records[id], self._journal[id]

    def live(self) -> list[dict[str, Any]]:
        with self._lock:
            return [record for record in self.records.values() if not record["deleted"]]

    def calls(self, method: str) -> int:
        return sum(1 for sent in self.sent if sent.method == method)

    def _touch(self, id: str) -> None:
        self._count += 1
        self._journal[id] = self._count
        self.records[id]["version"] = f"v{self._count}"

    # ------------------------------------------------------------ over HTTP

    def _reply(self, sent: Sent) -> Reply | None:
        if self.rest_s is not None:
            return 429, {"Retry-After": str(self.rest_s)}, b"slower"
        if self.fails:
            return 500, {}, b"we are being repaired"
        if sent.headers.get("authorization") != f"Bearer {SECRET}":
            return 401, {}, b"who are you"
        with self._lock:
            replied = self._work(sent)
        if self.lose_answers and sent.method != "GET":
            self.lose_answers -= 1
            return None
        return replied

    def _work(self, sent: Sent) -> Reply:
        split = urlsplit(sent.path)
        path = split.path.removeprefix("/api/work-orders").strip("/")
        asked = {name: values[0] for name, values in parse_qs(split.query).items()}
        match sent.method:
            case "GET":
                return self._list(asked)
            case "POST":
                return self._create(sent)
            case "PATCH" | "DELETE":
                return self._change(sent, unquote(path))
        return 405, {}, b""

    def _list(self, asked: dict[str, str]) -> Reply:
        if "external_id" in asked:
            found = [r for r in self.records.values() if r["external_id"] == asked["external_id"]]
            return _json(200, {"items": found, "next": None, "more": False})
        since = int(asked.get("since", 0))
        changed = sorted((at, id) for id, at in self._journal.items() if at > since)
        some = changed[: min(self.page, int(asked.get("limit", 100)))]
        items = [self.records[id] for _, id in some] * (2 if self.repeats else 1)
        following = str(some[-1][0]) if some else asked.get("since", "0")
        return _json(200, {"items": items, "next": following, "more": len(some) < len(changed)})

    def _create(self, sent: Sent) -> Reply:
        key, given = sent.headers["idempotency-key"], json.loads(sent.body)
        if wrong := self._wrong(given):
            return 422, {}, wrong
        if key not in self._keys:
            self._keys[key] = self.add(**given)
        return _json(201, self.records[self._keys[key]])

    def _change(self, sent: Sent, id: str) -> Reply:
        record = self.records.get(id)
        if record is None or record["deleted"]:
            return 404, {}, b""
        if sent.headers.get("if-match") != f'"{record["version"]}"':
            return 412, {}, b"somebody was here"
        if sent.method == "DELETE":
            self.delete(id)
            return 204, {}, b""
        given = json.loads(sent.body)
        if wrong := self._wrong(given):
            return 422, {}, wrong
        self.edit(id, **given)
        return _json(200, record)

    def _wrong(self, given: dict[str, Any]) -> bytes:
        wrong = [name for name, value in self.refuses.items() if given.get(name) == value]
        if given.get("status", "NEW") not in STATUSES:
            wrong.append("status")
        return f"cannot take {', '.join(wrong)}".encode() if wrong else b""


def _json(status: int, body: Any) -> Reply:
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()
