"""Keys that sign: several at once, one in front; what the others signed holds until it runs out."""

from __future__ import annotations

import json
import stat
import time
from pathlib import Path

import httpx
import jwt
import pytest
from cryptography.exceptions import InvalidTag

from server.accounts import keys
from server.accounts.callers import CSRF_COOKIE, CSRF_HEADER
from server.accounts.keys import Keys, keys_from
from server.accounts.tokens import Tokens
from server.operations.demo import PASSWORD
from server.parts import instant, now, now_ms
from server.settings import read_settings
from tests.server.running import Person, Running

LOGIN, REFRESH, ME = "/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/me"


def file_of(running: Running) -> Path:
    return read_settings(running.environment, Path("/nonexistent")).key_file


def rotate(running: Running) -> str:
    done = running.command("admin", "rotate-key", "--json")
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["kid"])


def kid_of(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


def test_after_a_rotation_the_new_key_signs_and_old_tokens_of_all_kinds_hold(running: Running, url: str) -> None:
    bearer = Person(url, "owner")
    browser = httpx.Client(base_url=url, timeout=30, trust_env=False)
    assert browser.post(LOGIN, json={"email": "owner@demo.arxos", "password": PASSWORD}).status_code == 200
    csrf = {CSRF_HEADER: browser.cookies[CSRF_COOKIE]}
    kid = rotate(running)
    assert kid_of(bearer.token) != kid
    assert bearer.http.get(ME).status_code == 200, "the access token of before"
    assert browser.post("/api/v1/buildings", json={"set": {"name": "x"}}, headers=csrf).status_code == 201
    renewed = httpx.post(url + REFRESH, json={"refresh_token": bearer.refresh_token})
    assert renewed.status_code == 200 and kid_of(renewed.json()["access_token"]) == kid, "no restart was needed"
    again = browser.post(REFRESH, headers=csrf)
    assert again.status_code == 200 and browser.cookies[CSRF_COOKIE] != csrf[CSRF_HEADER]
    assert kid_of(Person(url, "owner").token) == kid


def test_a_lost_answer_to_a_refresh_is_found_again_over_a_rotation(running: Running, url: str) -> None:
    person = Person(url, "owner")
    first = httpx.post(url + REFRESH, json={"refresh_token": person.refresh_token}).json()
    keys.put_in_front(file_of(running), now())
    again = httpx.post(url + REFRESH, json={"refresh_token": person.refresh_token})
    assert again.status_code == 200 and again.json()["refresh_token"] == first["refresh_token"]


def test_tokens_of_other_algorithms_and_of_keys_that_are_not_there_are_refused(running: Running, url: str) -> None:
    person = Person(url, "owner")
    held = keys_from(file_of(running)).current()
    claims = jwt.decode(person.token, held.secret, algorithms=["HS256"])

    def made(secret: bytes | None, algorithm: str, **headers: str) -> str:
        return jwt.encode(claims, secret, algorithm=algorithm, headers=headers)

    assert person.http.get(ME, headers=bearing(made(held.secret, "HS256", kid=held.kid))).status_code == 200
    for token in (
        made(None, "none", kid=held.kid),
        made(held.secret * 2, "HS512", kid=held.kid),
        made(held.secret, "HS256", kid="no such key"),
        made(held.secret, "HS256"),
        made(b"0" * 32, "HS256", kid=held.kid),
    ):
        assert httpx.get(url + ME, headers=bearing(token)).status_code == 401


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_key_is_dropped_once_nothing_it_signed_can_count(tmp_path: Path) -> None:
    file = tmp_path / "var" / "secret.key"
    held = keys_from(file)
    first = held.current()
    token = Tokens(held).access("u", "s", int(time.time()))
    second = keys.put_in_front(file, now())
    third = keys.put_in_front(file, now())
    assert [key.kid for key in held.all()] == [third.kid, second.kid, first.kid], "read anew, without a restart"
    assert Tokens(held).read_access(token).session_id == "s"
    assert keys.forget(file, instant(now_ms() - 60_000)) == 0
    assert keys.forget(file, instant(now_ms() + 60_000)) == 2
    assert [key.kid for key in held.all()] == [third.kid] and stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_key_file_that_is_no_key_file_is_refused_and_one_that_vanishes_leaves_what_was_read(tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    file.write_text("ff" * 16)
    with pytest.raises(ValueError, match="32 bytes"):
        Keys(file)
    file.write_text("ff" * 32)
    held = Keys(file)
    file.unlink()
    assert held.current().secret == b"\xff" * 32


def test_what_is_sealed_opens_for_what_it_is_about_alone_and_after_a_rotation(tmp_path: Path) -> None:
    held = keys_from(tmp_path / "secret.key")
    sealed = held.seal("JBSWY3DP", "totp/a")
    keys.put_in_front(held.file, now())
    assert "JBSWY3DP" not in sealed and held.unseal(sealed, "totp/a") == "JBSWY3DP"
    with pytest.raises(InvalidTag):
        held.unseal(sealed, "totp/b")
