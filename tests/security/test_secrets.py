"""Secrets are never logged: not by what we log, nor by what goes wrong, with the log as loud as it gets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import structlog

from server.operations.demo import PASSWORD
from server.operations.logs import BLOT, clean, redacted
from tests import services
from tests.server.running import Running, wait_for

SECRET = "s3cret-of-a-webhook-0123456789"


class Loud(Running):
    """A server whose standard error is kept in a file."""

    def __init__(self, environment: dict[str, str], said: Path) -> None:
        super().__init__(environment)
        self.said = said

    def start_loud(self) -> str:
        import subprocess

        port = services.free_port()
        with self.said.open("wb") as out:
            command = self._command("serve", "--port", str(port))
            process = subprocess.Popen(command, env=self.environment, stdout=out, stderr=subprocess.STDOUT)
        self.processes.append(process)
        url = f"http://127.0.0.1:{port}"

        def answers() -> bool:
            assert process.poll() is None, self.said.read_text()
            try:
                return httpx.get(f"{url}/healthz").status_code == 200
            except httpx.TransportError:
                return False

        wait_for(answers, 60)
        return url


@pytest.fixture
def loud(tmp_path: Path) -> Iterator[Loud]:
    environment = {
        "ARXOS_DATA_DIR": str(tmp_path / "data"), "ARXOS_LOG": "debug",
        "ARXOS_REDIS_URL": f"redis://someone:{SECRET}-redis@127.0.0.1:1/0",
    }  # fmt: skip
    server = Loud(environment, tmp_path / "said")
    server.make_people()
    yield server
    server.stop()


def test_nothing_that_opens_anything_is_in_the_log(loud: Loud) -> None:
    url = loud.start_loud()
    http = httpx.Client(base_url=url, trust_env=False)
    opened = http.post("/api/v1/auth/login", json={"email": "owner@demo.arxos", "password": PASSWORD}).json()
    csrf, cookies = http.cookies["arxos_csrf"], dict(http.cookies)
    following = http.post("/api/v1/auth/refresh", json={"refresh_token": opened["refresh_token"]}).json()
    http.post("/api/v1/auth/login", json={"email": "owner@demo.arxos", "password": f"{SECRET}-wrong"})
    http.post("/api/v1/auth/login", content=f'{{"password": "{SECRET}-cut')
    http.post("/api/v1/auth/refresh", json={"refresh_token": f"{SECRET}.1.x"})
    http.get("/api/v1/me", headers={"Authorization": f"Bearer {SECRET}-bearer"})
    http.get(f"/api/v1/nothing?token={SECRET}-query")
    http.get("/ogc/collections", headers={"Authorization": f"Basic {SECRET}"})
    body = {"url": f"https://u:{SECRET}-url@hooks.example", "secret": f"{SECRET}-hook"}
    http.post("/api/v1/webhooks", json=body, headers={"X-CSRF-Token": csrf})
    report = {"csp-report": {"blocked-uri": f"https://x.example/?token={SECRET}-report", "document-uri": url}}
    assert http.post("/api/v1/csp-reports", json=report).status_code == 204
    loud.stop()
    said = loud.said.read_text("utf-8", errors="replace")
    assert "redis is away" in said and "a page was kept from something" in said, "it does say something"
    key = (Path(loud.environment["ARXOS_DATA_DIR"]) / "secret.key").read_text().strip()
    secrets = [
        PASSWORD, SECRET, key, csrf, *cookies.values(),
        *(one[name] for one in (opened, following) for name in ("access_token", "refresh_token")),
    ]  # fmt: skip
    assert [secret for secret in secrets if secret and secret in said] == []


@pytest.mark.parametrize("text", [
    "Bearer abcdefghijklmnop", "authorization=abcdefghijklmnop", "postgresql://arxos:abcdefghijklmnop@host/x",
    '{"password": "abcdefghijklmnop"}', "{'refresh_token': 'abcdefghijklmnop'}", "whsec_abcdefghijklmnop",
    "?token=abcdefghijklmnop&x=1", '{"client_secret":"a\\"abcdefghijklmnop"}', "sk-abcdefghijklmnop",
])  # fmt: skip
def test_what_looks_like_a_secret_is_blotted_out_of_any_text(text: str) -> None:
    assert "abcdefghijklmnop" not in clean(f"before {text} after")
    assert clean(text) != text and "before" in clean(f"before {text}")


@pytest.mark.parametrize("text", [
    "the store is of schema 2", "scope 0190a000-0000-7000-8000-000000000001 moved to 5", "bearer of news",
    "Traceback (most recent call last):", "https://arxos.example/buildings/1", "",
])  # fmt: skip
def test_other_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


def test_what_has_a_secrets_name_goes_whole_however_deep_it_lies() -> None:
    event = {
        "event": "x", "password": "p", "headers": {"Cookie": "c", "Accept": "a"}, "tries": [{"secret": b"s"}],
        "tokens": 5, "n": 1, "at": None, "user": "u",
    }  # fmt: skip
    told = redacted(None, "", event)
    assert told["password"] == told["headers"]["Cookie"] == told["tries"][0]["secret"] == BLOT
    assert (told["headers"]["Accept"], told["n"], told["tokens"], told["user"]) == ("a", 1, 5, "u")


def test_a_traceback_that_holds_a_password_is_logged_without_it() -> None:
    try:
        raise ValueError("cannot connect to redis://me:abcdefghijklmnop@host")
    except ValueError as error:
        event = structlog.processors.format_exc_info(None, "", {"event": "it failed", "exc_info": error})
    told = redacted(None, "", event)
    assert "Traceback" in told["exception"] and "redis://me:" in told["exception"]
    assert "abcdefghijklmnop" not in str(told)
