"""Who may come in, for how long, and how a browser is kept safe."""

from __future__ import annotations

import httpx
import jwt
import pytest

from server.accounts.callers import CSRF_COOKIE, CSRF_HEADER, REFRESH_COOKIE, SESSION_COOKIE
from server.accounts.keys import Keys, keys_from
from server.accounts.tokens import Tokens
from server.operations.demo import PASSWORD
from server.settings import read_settings
from tests.server.running import Person, Running, wait_for

LOGIN = "/api/v1/auth/login"
REFRESH = "/api/v1/auth/refresh"
ME = "/api/v1/me"


def browser(url: str) -> httpx.Client:
    client = httpx.Client(base_url=url, timeout=30, trust_env=False)
    answer = client.post(LOGIN, json={"email": "owner@demo.arxos", "password": PASSWORD})
    assert answer.status_code == 200
    return client


def code(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code and problem["title"] and problem["hint"]
    return str(problem["code"])


def test_login_answers_as_the_protocol_has_it(url: str) -> None:
    body = httpx.post(url + LOGIN, json={"email": " Owner@Demo.arxos ", "password": PASSWORD}).json()
    assert body["token_type"] == "bearer" and body["expires_in"] > 0 and body["refresh_token"]
    assert body["user"]["email"] == "owner@demo.arxos" and body["user"]["accounts"][0]["kind"] == "personal"
    told = httpx.get(url + ME, headers={"Authorization": f"Bearer {body['access_token']}"}).json()
    assert told == body["user"]


@pytest.mark.parametrize("email", ["owner@demo.arxos", "who@demo.arxos"])
def test_a_wrong_login_looks_the_same_for_a_known_and_an_unknown_person(url: str, email: str) -> None:
    answer = httpx.post(url + LOGIN, json={"email": email, "password": "wrong"})
    assert answer.status_code == 401 and code(answer) == "unauthenticated"
    assert answer.json()["detail"] == "E-mail and password do not belong together."


def test_guessing_is_slowed_down(url: str) -> None:
    for _ in range(10):
        httpx.post(url + LOGIN, json={"email": "guessed@demo.arxos", "password": "wrong"})
    answer = httpx.post(url + LOGIN, json={"email": "guessed@demo.arxos", "password": "wrong"})
    assert answer.status_code == 429 and code(answer) == "too_many_requests"
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("body", [b"{", b'{"email": 3, "password": "x"}', b"[]", b""])
def test_a_login_that_cannot_be_read_is_422(url: str, body: bytes) -> None:
    answer = httpx.post(url + LOGIN, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422 and code(answer) == "invalid"


def test_without_a_token_there_is_nobody(url: str) -> None:
    answer = httpx.get(url + ME)
    assert answer.status_code == 401 and code(answer) == "unauthenticated"
    assert answer.headers["www-authenticate"].startswith("Bearer")


def keys_of(running: Running) -> Keys:
    return keys_from(read_settings(running.environment).key_file)


def expired(running: Running, token: str) -> str:
    keys = keys_of(running)
    claims = jwt.decode(token, keys.current().secret, algorithms=["HS256"])
    return Tokens(keys).access(claims["sub"], claims["sid"], claims["iat"] - 3600)


def test_an_expired_token_is_refused_and_so_is_a_forged_one(running: Running, owner: Person) -> None:
    key = keys_of(running).current()
    claims, named = jwt.decode(owner.token, key.secret, algorithms=["HS256"]), {"kid": key.kid}
    forged = jwt.encode(claims, b"another key that is long enough to be one", algorithm="HS256", headers=named)
    unsigned = jwt.encode(claims, None, algorithm="none", headers=named)
    for token in (expired(running, owner.token), forged, unsigned, "not.a.token", "x"):
        answer = owner.http.get(ME, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401 and code(answer) == "unauthenticated"
        assert owner.post(owner.request("0"), Authorization=f"Bearer {token}").status_code == 401
    assert owner.http.get(ME).status_code == 200


def test_logout_ends_the_session_at_once(url: str) -> None:
    person = Person(url, "owner")
    assert person.http.get(ME).status_code == 200
    assert person.http.post("/api/v1/auth/logout").status_code == 204
    assert person.http.get(ME).status_code == 401
    assert person.http.post(REFRESH, json={"refresh_token": person.refresh_token}).status_code == 401


def test_refresh_tokens_rotate_and_an_old_one_ends_the_session(url: str) -> None:
    person = Person(url, "owner")
    tokens = [person.refresh_token]
    for _ in range(3):
        answer = httpx.post(url + REFRESH, json={"refresh_token": tokens[-1]})
        assert answer.status_code == 200
        tokens.append(answer.json()["refresh_token"])
    assert len(set(tokens)) == 4
    assert httpx.post(url + REFRESH, json={"refresh_token": tokens[0]}).status_code == 401
    assert httpx.post(url + REFRESH, json={"refresh_token": tokens[-1]}).status_code == 401
    assert person.http.get(ME).status_code == 401


def test_a_lost_answer_to_a_refresh_may_be_asked_for_again(url: str) -> None:
    person = Person(url, "owner")
    first = httpx.post(url + REFRESH, json={"refresh_token": person.refresh_token}).json()
    again = httpx.post(url + REFRESH, json={"refresh_token": person.refresh_token}).json()
    assert again["refresh_token"] == first["refresh_token"]


def test_a_made_up_refresh_token_ends_nobodys_session(url: str) -> None:
    person = Person(url, "owner")
    session = person.refresh_token.split(".")[0]
    for made_up in (f"{session}.1.{'0' * 64}", f"{session}.x.y", "..", "é"):
        assert httpx.post(url + REFRESH, json={"refresh_token": made_up}).status_code == 401
    assert person.http.get(ME).status_code == 200


def test_the_cookies_keep_scripts_and_other_sites_out(url: str) -> None:
    answer = httpx.post(url + LOGIN, json={"email": "owner@demo.arxos", "password": PASSWORD})
    cookies = {line.split("=")[0]: line.lower() for line in answer.headers.get_list("set-cookie")}
    assert "httponly" in cookies[SESSION_COOKIE] and "samesite=lax" in cookies[SESSION_COOKIE]
    assert "httponly" in cookies[REFRESH_COOKIE] and "samesite=strict" in cookies[REFRESH_COOKIE]
    assert "httponly" not in cookies[CSRF_COOKIE]


def test_unsafe_methods_by_cookie_need_the_csrf_header(url: str) -> None:
    client = browser(url)
    assert client.get(ME).status_code == 200
    body = {"set": {"name": "By cookie"}}
    refused = client.post("/api/v1/buildings", json=body)
    assert refused.status_code == 403 and code(refused) == "forbidden"
    assert client.post("/api/v1/buildings", json=body, headers={CSRF_HEADER: "guess"}).status_code == 403
    right = {CSRF_HEADER: client.cookies[CSRF_COOKIE]}
    assert client.post("/api/v1/buildings", json=body, headers=right).status_code == 201


def test_the_csrf_value_of_one_session_does_not_serve_another(url: str) -> None:
    one, other = browser(url), browser(url)
    header = {CSRF_HEADER: other.cookies[CSRF_COOKIE]}
    assert one.post("/api/v1/buildings", json={"set": {"name": "x"}}, headers=header).status_code == 403


def test_a_browser_refreshes_by_cookie_with_its_csrf_header(url: str) -> None:
    client = browser(url)
    assert client.post(REFRESH).status_code == 403
    answer = client.post(REFRESH, headers={CSRF_HEADER: client.cookies[CSRF_COOKIE]})
    assert answer.status_code == 200 and client.get(ME).status_code == 200


def test_a_browser_that_comes_back_late_hears_401_and_refreshes_or_leaves(running: Running, url: str) -> None:
    client = browser(url)
    csrf = {CSRF_HEADER: client.cookies[CSRF_COOKIE]}
    client.cookies.set(
        SESSION_COOKIE, expired(running, client.cookies[SESSION_COOKIE]), domain="127.0.0.1", path="/"
    )
    assert client.get("/api/v1/buildings").status_code == 401
    assert client.post("/api/v1/auth/logout").status_code == 403
    assert client.post("/api/v1/auth/logout", headers=csrf).status_code == 204
    assert not client.cookies and client.get("/api/v1/buildings").status_code == 200


def test_a_refresh_that_is_refused_takes_the_cookies_away(url: str) -> None:
    client = browser(url)
    csrf = {CSRF_HEADER: client.cookies[CSRF_COOKIE]}
    bearer = {"Authorization": f"Bearer {client.cookies[SESSION_COOKIE]}"}
    assert httpx.post(f"{url}/api/v1/auth/logout", headers=bearer).status_code == 204
    refused = client.post(REFRESH, headers=csrf)
    assert refused.status_code == 401 and code(refused) == "unauthenticated"
    assert not client.cookies and client.get("/api/v1/buildings").status_code == 200


def test_a_revoked_device_is_refused_and_its_person_logged_out(running: Running, url: str) -> None:
    person = Person(url, "technician")
    building = person.building("Mine")
    person.sync(building)
    done = running.command("admin", "revoke-device", person.device)
    assert done.returncode == 0, done.stderr
    wait_for(lambda: person.http.get(ME).status_code == 401, 5)
    person.login("technician")
    answer = person.post(person.request(building))
    assert answer.status_code == 403 and code(answer) == "device_taken"
