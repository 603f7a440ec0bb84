"""A server as its people run it: `arxos serve` in a process of its own, spoken to over HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

import schemas
from server.accounts import people
from server.app import open_parts
from server.operations.demo import PASSWORD
from server.parts import new_id, new_nonce, new_stamp, now
from server.settings import read_settings
from tests import services

ROOT = Path(__file__).resolve().parents[2]
START_WAIT_S_MAX = 60.0
SCHEMA = schemas.catalogue().schema
PEOPLE = ("owner", "technician", "viewer", "stranger", "admin")


class Running:
    """Server processes over one store. `environment` is what they are set by."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = {**os.environ, **environment, "PYTHONPATH": str(ROOT)}
        self.processes: list[subprocess.Popen[bytes]] = []

    def make_people(self) -> None:
        parts = open_parts(read_settings(self.environment, Path("/nonexistent")))
        hashed = parts.passwords.hash(PASSWORD)
        with parts.store.tables() as sql:
            for word in PEOPLE:
                people.create(sql, f"{word}@demo.arxos", word.title(), hashed, word == "admin", now())
        parts.store.close()

    def start(self, *words: str, port: int | None = None) -> str:
        """One more server; answers its address."""
        port = port or services.free_port()
        process = subprocess.Popen(
            self._command("serve", "--port", str(port), *words), env=self.environment, cwd=ROOT
        )
        self.processes.append(process)
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: _answers(url, process), START_WAIT_S_MAX)
        return url

    def command(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(*words), env=self.environment, cwd=ROOT, input=given, text=True, capture_output=True
        )

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "server.cli", *words]

    def stop(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(20)


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "the server ended"
    try:
        return httpx.get(f"{url}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def wait_for(true: Callable[[], Any], wait_s_max: float = 30.0) -> Any:
    """Ask until it is so; a look every 20 ms."""
    deadline = time.monotonic() + wait_s_max
    while not (found := true()):
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)
    return found


class Person:
    """Somebody logged in at a server, and their device."""

    def __init__(self, url: str, word: str | None) -> None:
        self.http = httpx.Client(base_url=url, timeout=30, trust_env=False)
        self.url, self.device, self.n, self.nonce = url, new_id(), 0, ""
        self.token = self.id = self.refresh_token = ""
        if word is not None:
            self.login(word)

    def login(self, word: str) -> httpx.Response:
        body = {"email": f"{word}@demo.arxos", "password": PASSWORD}
        answer = self.http.post("/api/v1/auth/login", json=body)
        self.http.cookies.clear()  # this one carries its token by hand
        opened = answer.json()
        self.token, self.id = opened["access_token"], opened["user"]["id"]
        self.refresh_token = opened["refresh_token"]
        self.http.headers["Authorization"] = f"Bearer {self.token}"
        return answer

    def building(self, name: str = "House", **values: Any) -> str:
        answer = self.http.post("/api/v1/buildings", json={"set": {"name": name, **values}})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["row"]["id"])

    def transaction(self, *changes: dict[str, Any]) -> dict[str, Any]:
        self.n, self.nonce = self.n + 1, new_nonce()
        return {
            "n": self.n,
            "nonce": self.nonce,
            "stamp": new_stamp(),
            "reason": None,
            "changes": list(changes),
        }

    def request(
        self, scope: str, cursor: str | None = None, *transactions: Any, prior: Any = None
    ) -> dict[str, Any]:
        wanted = {"scope": scope, "cursor": cursor, "prior": prior, "transactions": list(transactions)}
        return {"protocol": 1, "schema": SCHEMA, "device": self.device, "scopes": [wanted]}

    def post(self, body: Any, **headers: str) -> httpx.Response:
        content = body if isinstance(body, (bytes, str)) else json.dumps(body)
        return self.http.post(
            "/api/v1/sync", content=content, headers={"Content-Type": "application/json", **headers}
        )

    def sync(
        self, scope: str, cursor: str | None = None, *transactions: Any, prior: Any = None
    ) -> dict[str, Any]:
        answer = self.post(self.request(scope, cursor, *transactions, prior=prior))
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["scopes"][0])
