"""What is refused before a route is looked for, and the headers that every answer has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from server.operations.demo import PASSWORD
from server.operations.limits import kind_of
from server.settings import LIMITS, SettingError, read_settings
from tests.server.running import Person, Running

LOGIN = {"email": "owner@demo.arxos", "password": PASSWORD}


@pytest.fixture(scope="module")
def fronted(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Running]:
    """A server as it stands behind a proxy at 127.0.0.1, with Redis and few requests a minute."""
    from tests import services

    environment = {
        "ARXOS_DATA_DIR": str(tmp_path_factory.mktemp("fronted")),
        "ARXOS_REDIS_URL": services.redis_server_url(),
        "ARXOS_PUBLIC_URL": "https://arxos.example",
        "ARXOS_ALLOWED_HOSTS": "other.example",
        "ARXOS_TRUSTED_PROXIES": "127.0.0.1",
        "ARXOS_RATE_LIMITS": "login=5 read=30 sockets=3",
        "ARXOS_LOG": "error",
    }
    server = Running(environment)
    server.make_people()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def behind(fronted: Running) -> str:
    return fronted.start()


def from_address(url: str, address: str, **headers: str) -> httpx.Client:
    given = {"X-Forwarded-For": address, "X-Forwarded-Proto": "https", "Host": "arxos.example", **headers}
    return httpx.Client(base_url=url, headers=given, trust_env=False)


# ---------------------------------------------------------------- headers


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/api/v1/buildings", "/api/v1/nothing", "/no.js", "/schema/openapi.json"]
)
def test_every_answer_has_the_headers_that_keep_a_browser_safe(url: str, path: str) -> None:
    headers = httpx.get(url + path).headers
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    for word in ("camera=(self)", "geolocation=(self)", "xr-spatial-tracking=(self)", "microphone=(self)"):
        assert word in headers["permissions-policy"]
    policy = headers["content-security-policy"]
    assert "unsafe-inline" not in policy and "'unsafe-eval'" not in policy and "frame-ancestors 'none'" in policy
    assert "strict-transport-security" not in headers and headers.get_list("content-security-policy") == [policy]
    if path == "/":
        assert "require-trusted-types-for 'script'" in policy and "script-src 'self' 'wasm-unsafe-eval'" in policy
    else:
        assert policy.startswith("default-src 'none'")


def test_over_tls_browsers_are_told_to_stay_there(behind: str) -> None:
    answer = from_address(behind, "203.0.113.1").get("/healthz")
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")


# ---------------------------------------------------------------- who asks, and whom


def test_a_host_that_is_not_this_servers_is_refused(behind: str) -> None:
    for host, status in (
        ("arxos.example", 200), ("other.example:8443", 200), ("localhost", 200), ("evil.example", 421), ("[", 421),
    ):  # fmt: skip
        answer = from_address(behind, "203.0.113.2", Host=host).get("/-/versions")
        assert answer.status_code == status, host
        if status == 421:
            assert answer.json()["code"] == "wrong_host" and "x-content-type-options" in answer.headers
    assert from_address(behind, "203.0.113.2", Host="10.0.0.7").get("/healthz").status_code == 200


def test_a_page_of_another_site_can_do_nothing_even_with_all_our_cookies(url: str) -> None:
    browser = httpx.Client(base_url=url, trust_env=False)
    opened = browser.post("/api/v1/auth/login", json=LOGIN)
    given = {"X-CSRF-Token": browser.cookies["arxos_csrf"]}
    new = {"set": {"name": "House"}}
    for origin in ("https://evil.example", "null", "http://localhost:1", url.replace("127.0.0.1", "127.0.0.2"), "x://["):
        for headers in (given, {"Authorization": f"Bearer {opened.json()['access_token']}"}, {}):
            answer = browser.post("/api/v1/buildings", json=new, headers=headers | {"Origin": origin})
            assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin"), origin
    assert browser.post("/api/v1/auth/login", json=LOGIN, headers={"Origin": "https://evil.example"}).status_code == 403
    assert browser.post("/api/v1/buildings", json=new).json()["code"] == "forbidden"  # no CSRF header
    assert browser.post("/api/v1/buildings", json=new, headers=given | {"Origin": url}).status_code == 201


def test_sockets_of_another_sites_page_are_refused(url: str, owner: Person) -> None:
    for origin in ("https://evil.example", "null"):
        headers = {"Authorization": f"Bearer {owner.token}", "Origin": origin}
        with pytest.raises(InvalidStatus) as refused:
            connect(url.replace("http", "ws") + "/ws", additional_headers=headers, proxy=None)
        assert refused.value.response.status_code == 403


def test_a_token_signed_otherwise_is_nobodys(running: Running, url: str, owner: Person) -> None:
    """`alg` swapped: none, another hash, a public-key algorithm's name, and a key of one's own."""
    claims = jwt.decode(owner.token, options={"verify_signature": False})
    key = bytes.fromhex((Path(running.environment["ARXOS_DATA_DIR"]) / "secret.key").read_text())
    forged = [
        jwt.encode(claims, None, algorithm="none"),
        jwt.encode(claims, key, algorithm="HS512"),
        jwt.encode(claims, b"a key of one's own, long enough!", algorithm="HS256"),
        jwt.encode({**claims, "iss": "other"}, key, algorithm="HS256"),
        jwt.encode({n: v for n, v in claims.items() if n != "exp"}, key, algorithm="HS256"),
        owner.token.rpartition(".")[0] + ".",
    ]
    head = {"alg": "RS256", "typ": "JWT"}
    forged.append(".".join((_b64(head), *owner.token.split(".")[1:])))
    for token in forged:
        answer = httpx.get(f"{url}/api/v1/me", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def _b64(value: Any) -> str:
    import base64

    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


# ---------------------------------------------------------------- how often, and how much


def asked(client: httpx.Client, path: str, times: int) -> list[int]:
    return [client.get(path).status_code for _ in range(times)]


def test_logins_are_bounded_by_address_and_other_addresses_are_not_held_up(behind: str) -> None:
    one, other = from_address(behind, "203.0.113.3"), from_address(behind, "203.0.113.4")
    answers = [one.post("/api/v1/auth/login", json=LOGIN) for _ in range(7)]
    assert [a.status_code for a in answers][:5] == [200] * 5
    last = answers[-1]
    assert last.status_code == 429 and last.json()["code"] == "too_many_requests"
    assert 1 <= int(last.headers["retry-after"]) <= 60
    assert other.post("/api/v1/auth/login", json=LOGIN).status_code == 200


def test_a_person_is_bounded_over_all_their_addresses_and_server_processes(fronted: Running, behind: str) -> None:
    second = fronted.start()
    token = from_address(behind, "203.0.113.5").post("/api/v1/auth/login", json=LOGIN | {"email": "viewer@demo.arxos"})
    bearer = {"Authorization": f"Bearer {token.json()['access_token']}"}
    here = from_address(behind, "203.0.113.6", **bearer)
    there = from_address(second, "203.0.113.7", **bearer)
    statuses = asked(here, "/api/v1/me", 20) + asked(there, "/api/v1/me", 20)
    assert statuses[:20] == [200] * 20 and 429 in statuses[20:] and statuses.count(200) <= 32
    assert from_address(behind, "203.0.113.6").get("/-/versions").status_code == 200


def test_a_proxy_that_was_not_named_is_not_believed(url: str) -> None:
    """Else anybody could be anybody's address: here all of these are one, this machine's own."""
    answers = [
        httpx.get(f"{url}/healthz", headers={"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"})
        for _ in range(3)
    ]
    assert all("strict-transport-security" not in one.headers for one in answers)


def test_bodies_are_bounded_on_every_route(url: str, owner: Person, building: str) -> None:
    large = json.dumps({"set": {"title": "x" * 5_000_000}})
    headers = {"Content-Type": "application/json"}
    answer = owner.http.post(f"/api/v1/buildings/{building}/annotation", content=large, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    chunked = owner.http.post(
        f"/api/v1/buildings/{building}/annotation", content=iter([large.encode()]), headers=headers
    )
    assert chunked.status_code == 413
    report = httpx.post(f"{url}/api/v1/csp-reports", content=b"x" * 20_000)
    assert report.status_code == 413


def test_a_report_of_a_breach_is_taken_and_nonsense_is_not(url: str) -> None:
    good = {"csp-report": {"effective-directive": "script-src", "blocked-uri": "inline", "line-number": 7}}
    headers = {"Content-Type": "application/csp-report"}
    assert httpx.post(f"{url}/api/v1/csp-reports", content=json.dumps(good), headers=headers).status_code == 204
    for nonsense in (b"", b"[1]", b"\xff", b'{"csp-report": 3}'):
        answer = httpx.post(f"{url}/api/v1/csp-reports", content=nonsense, headers=headers)
        assert answer.status_code in (204, 422), nonsense


def test_one_person_has_so_many_sockets_and_no_more(behind: str) -> None:
    client = from_address(behind, "203.0.113.8")
    tokens = [
        client.post("/api/v1/auth/login", json=LOGIN | {"email": f"{word}@demo.arxos"}).json()["access_token"]
        for word in ("technician", "stranger")
    ]

    def socket(token: str) -> ClientConnection:
        headers = {"Authorization": f"Bearer {token}", "Host": "localhost"}
        live = connect(behind.replace("http", "ws") + "/ws", additional_headers=headers, proxy=None)
        live.send(json.dumps({"event": "ping", "data": {}}))
        return live

    opened = [socket(tokens[0]) for _ in range(3)]
    try:
        assert all(json.loads(live.recv(timeout=10))["event"] == "pong" for live in opened)
        with pytest.raises(ConnectionClosed) as full:
            socket(tokens[0]).recv(timeout=10)
        assert full.value.rcvd is not None and full.value.rcvd.code == 4429
        assert json.loads(socket(tokens[1]).recv(timeout=10))["event"] == "pong"
    finally:
        for live in opened:
            live.close()


def test_every_kind_of_request_has_a_rate() -> None:
    for method, path, kind in (
        ("POST", "/api/v1/auth/login", "login"), ("POST", "/api/v1/auth/refresh", "sync"),
        ("POST", "/api/v1/sync", "sync"), ("GET", "/api/v1/sync/snapshot/x", "sync"), ("GET", "/ws", "sync"),
        ("PATCH", "/api/v1/attachments/uploads/x", "upload"), ("GET", "/api/v1/attachments/x/y", "read"),
        ("GET", "/", "read"), ("DELETE", "/api/v1/buildings/x", "write"),
    ):  # fmt: skip
        assert kind_of(method, path) == kind and LIMITS[kind] > 0


def test_a_setting_that_cannot_be_meant_is_named(tmp_path: Path) -> None:
    for name, value in (
        ("ARXOS_RATE_LIMITS", "login=many"), ("ARXOS_RATE_LIMITS", "tea=5"), ("ARXOS_TRUSTED_PROXIES", "proxy.example"),
        ("ARXOS_DATABASE_OWNER_URL", "sqlite://x"),
    ):  # fmt: skip
        with pytest.raises(SettingError, match=name):
            read_settings({name: value}, tmp_path)
    settings = read_settings({"ARXOS_RATE_LIMITS": "login=1 sync=0", "ARXOS_ALLOWED_HOSTS": "A.example, b"}, tmp_path)
    assert [settings.limit(name) for name in ("login", "sync", "read")] == [1, 0, LIMITS["read"]]
    assert settings.hosts == {"a.example", "b"}
