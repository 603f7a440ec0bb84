"""A second factor by an app or a recovery code, and passkeys that need neither."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest

from server.accounts import keys
from server.operations.demo import PASSWORD
from server.parts import now
from server.settings import read_settings
from tests.server.authenticator import Authenticator
from tests.server.mailbox import rows, run
from tests.server.running import ROOT, Person, Running, wait_for
from tests.server.test_accounts import code
from tests.server.test_accounts_registering import newcomer

LOGIN, ME = "/api/v1/auth/login", "/api/v1/me"
FACTOR, PASSKEYS = f"{ME}/second-factor", f"{ME}/passkeys"


def login(url: str, word: str, **more: Any) -> httpx.Response:
    return httpx.post(url + LOGIN, json={"email": f"{word}@demo.arxos", "password": PASSWORD, **more})


class App:
    """The authenticator app of a person: gives each of its codes once."""

    def __init__(self, person: Person) -> None:
        offered = person.http.post(FACTOR, json={"password": PASSWORD}).json()
        assert offered["uri"].startswith("otpauth://totp/ARXOS:") and offered["qr_svg"].startswith("<svg")
        self.totp, self.step = pyotp.TOTP(offered["secret"]), 0

    def code(self) -> str:
        """Of the next step that was not used, as soon as a server takes it (it takes one that is a step ahead)."""
        self.step = max(self.step + 1, int(time.time()) // 30 - 1)
        wait_for(lambda: self.step <= int(time.time()) // 30 + 1, 40)
        return self.totp.generate_otp(self.step)


def with_app(running: Running, url: str, word: str) -> tuple[Person, App, list[str]]:
    person = newcomer(running, url, f"{word}@demo.arxos")
    app = App(person)
    confirmed = person.http.post(f"{FACTOR}/confirm", json={"code": app.code()})
    assert confirmed.status_code == 200
    return person, app, confirmed.json()["recovery_codes"]


def test_a_second_factor_is_in_force_after_a_first_code_and_asked_for_at_login(running: Running, url: str) -> None:
    person = newcomer(running, url, "factor@demo.arxos")
    app = App(person)
    assert login(url, "factor").status_code == 200, "offered is not in force"
    wrong = person.http.post(f"{FACTOR}/confirm", json={"code": "000000"})
    assert wrong.status_code == 403 and code(wrong) == "not_proven"
    assert person.http.post(f"{FACTOR}/confirm", json={"code": app.code()}).status_code == 200
    wanted = login(url, "factor")
    assert wanted.status_code == 401 and code(wanted) == "second_factor_wanted"
    assert "`code`" in wanted.json()["hint"]
    refused = login(url, "factor", code="000000")
    assert refused.status_code == 401 and code(refused) == "second_factor_wanted"
    given = app.code()
    assert login(url, "factor", code=f"{given[:3]} {given[3:]}").status_code == 200
    assert code(login(url, "factor", code=given)) == "second_factor_wanted", "a code counts once"
    hidden = httpx.post(url + LOGIN, json={"email": "factor@demo.arxos", "password": "wrong", "code": given})
    assert code(hidden) == "unauthenticated", "who has not the password is not told of the factor"
    (row,) = rows(running, """select totp_secret from "user" where email = 'factor@demo.arxos'""")
    assert app.totp.secret not in row["totp_secret"]


def test_a_recovery_code_lets_in_once_and_new_ones_take_the_place_of_all(running: Running, url: str) -> None:
    person, app, codes = with_app(running, url, "recovering")
    assert len(set(codes)) == 10
    assert login(url, "recovering", code=codes[0].lower()).status_code == 200
    assert code(login(url, "recovering", code=codes[0])) == "second_factor_wanted"
    assert code(person.http.post(f"{FACTOR}/recovery-codes", json={"password": PASSWORD})) == "not_proven"
    proof = {"password": PASSWORD, "code": codes[1]}
    new = person.http.post(f"{FACTOR}/recovery-codes", json=proof).json()["recovery_codes"]
    assert login(url, "recovering", code=codes[2]).status_code == 401
    assert login(url, "recovering", code=new[0]).status_code == 200
    assert person.http.post(f"{FACTOR}/remove", json={"password": PASSWORD, "code": app.code()}).status_code == 204
    assert login(url, "recovering").status_code == 200


def test_a_second_factor_survives_the_rotation_of_the_key_it_is_sealed_with(running: Running, url: str) -> None:
    _, app, _ = with_app(running, url, "sealed")
    keys.put_in_front(read_settings(running.environment).key_file, now())
    assert login(url, "sealed", code=app.code()).status_code == 200
    sealed = """select totp_secret from "user" where email = 'sealed@demo.arxos'"""
    before = rows(running, sealed)[0]["totp_secret"]
    done = running.command("admin", "rotate-key")
    assert done.returncode == 0, done.stderr
    assert rows(running, sealed)[0]["totp_secret"].partition(".")[0] == done.stdout.split()[0] != before.split(".")[0]
    assert login(url, "sealed", code=app.code()).status_code == 200


def test_an_administrator_helps_who_has_lost_everything(running: Running, url: str) -> None:
    with_app(running, url, "lost")
    assert login(url, "lost").status_code == 401
    assert running.command("admin", "forget-second-factor", "lost@demo.arxos").returncode == 0
    assert login(url, "lost").status_code == 200


def test_a_second_factor_is_not_set_up_over_one_in_force_nor_without_the_password(running: Running, url: str) -> None:
    person, app, _ = with_app(running, url, "careful")
    again = person.http.post(FACTOR, json={"password": PASSWORD, "code": app.code()})
    assert again.status_code == 403 and code(again) == "forbidden"
    assert code(person.http.post(FACTOR, json={"password": "not it"})) == "not_proven"


def test_guessing_at_a_proof_is_slowed_down(running: Running, url: str) -> None:
    person = newcomer(running, url, "guessing@demo.arxos")
    for _ in range(10):
        assert person.http.post(FACTOR, json={"password": "not it"}).status_code == 403
    slowed = person.http.post(FACTOR, json={"password": PASSWORD})
    assert slowed.status_code == 429 and code(slowed) == "too_many_requests"


# ---------------------------------------------------------------- passkeys


def options(person: Person, **proof: Any) -> dict[str, Any]:
    answer = person.http.post(f"{PASSKEYS}/options", json=proof or {"password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def registered(person: Person, key: Authenticator, packed: bool = True, name: str = "Phone") -> httpx.Response:
    return person.http.post(PASSKEYS, json={"name": name, "credential": key.create(options(person), packed)})


def login_options(url: str) -> dict[str, Any]:
    return dict(httpx.post(f"{url}/api/v1/auth/passkey/options").json())


def login_by(url: str, credential: dict[str, Any]) -> httpx.Response:
    return httpx.post(f"{url}/api/v1/auth/passkey", json={"credential": credential})


@pytest.mark.parametrize("packed", [True, False])
def test_a_passkey_is_registered_and_lets_in(running: Running, url: str, packed: bool) -> None:
    person, key = newcomer(running, url, f"passkey{int(packed)}@demo.arxos"), Authenticator()
    asked = options(person)
    assert asked["rp"]["id"] == "localhost" and asked["authenticatorSelection"]["residentKey"] == "required"
    made = registered(person, key, packed)
    assert made.status_code == 201 and made.json()["name"] == "Phone"
    wanted = login_options(url)
    assert wanted["userVerification"] == "required" and not wanted.get("allowCredentials"), "nobody is named"
    opened = login_by(url, key.get(wanted))
    assert opened.status_code == 200 and opened.json()["user"]["id"] == person.id and "arxos_session" in opened.cookies
    (listed,) = person.http.get(PASSKEYS).json()["items"]
    assert listed["used_at"] is not None
    assert person.http.delete(f"{PASSKEYS}/{listed['id']}").status_code == 204
    refused = login_by(url, key.get(login_options(url)))
    assert refused.status_code == 401 and code(refused) == "unauthenticated"


def test_a_passkey_is_both_factors_in_one(running: Running, url: str) -> None:
    person, app, _ = with_app(running, url, "both")
    key = Authenticator()
    asked = options(person, password=PASSWORD, code=app.code())
    assert person.http.post(PASSKEYS, json={"name": "Key", "credential": key.create(asked)}).status_code == 201
    assert login(url, "both").status_code == 401
    assert login_by(url, key.get(login_options(url))).status_code == 200


def test_an_answer_counts_once_and_a_copied_key_is_noticed(running: Running, url: str) -> None:
    person, key = newcomer(running, url, "replayed@demo.arxos"), Authenticator()
    made = key.create(options(person))
    assert person.http.post(PASSKEYS, json={"name": "Key", "credential": made}).status_code == 201
    assert code(person.http.post(PASSKEYS, json={"name": "Key", "credential": made})) == "not_proven"
    answer = key.get(login_options(url))
    assert login_by(url, answer).status_code == 200
    assert login_by(url, answer).status_code == 401, "the challenge was answered"
    key.count -= 1
    assert login_by(url, key.get(login_options(url))).status_code == 401, "the count went no further"
    key.count += 1
    assert login_by(url, key.get(login_options(url))).status_code == 200


def test_what_is_not_a_proper_answer_lets_nobody_in(running: Running, url: str) -> None:
    person, key = newcomer(running, url, "improper@demo.arxos"), Authenticator()
    assert registered(person, key).status_code == 201
    right = key.get(login_options(url))
    for wrong in (
        key.get(login_options(url) | {"rpId": "other.example"}),
        key.get(login_options(url) | {"challenge": "bWFkZSB1cA"}),
        key.get(person.http.post(f"{PASSKEYS}/proof").json()),  # for something else
        right | {"response": right["response"] | {"signature": key.create(options(person))["rawId"]}},
        right | {"rawId": "AAAA", "id": "AAAA"},
        {"id": 1}, {}, {"response": {"clientDataJSON": "!!"}}, {"response": []},
    ):  # fmt: skip
        assert login_by(url, wrong).status_code == 401
    for odd in (Authenticator(origin="http://evil.example"), Authenticator(verifies=False)):
        refused = registered(person, odd)
        assert refused.status_code == 403 and code(refused) == "not_proven"
    assert login_by(url, right).status_code == 200, "none of that changed anything"


def test_a_challenge_of_anothers_is_of_no_use(running: Running, url: str) -> None:
    person, other = newcomer(running, url, "mine@demo.arxos"), newcomer(running, url, "theirs@demo.arxos")
    key = Authenticator()
    stolen = key.create(options(other))
    assert code(person.http.post(PASSKEYS, json={"name": "Key", "credential": stolen})) == "not_proven"
    assert registered(person, key).status_code == 201
    twice = other.http.post(PASSKEYS, json={"name": "Key", "credential": key.create(options(other))})
    assert code(twice) == "not_proven", "a credential has one person"


def test_a_passkey_proves_as_the_password_does(running: Running, url: str) -> None:
    person, key = newcomer(running, url, "proving@demo.arxos"), Authenticator()
    assert registered(person, key).status_code == 201
    run(running, """update "user" set password_hash = null where email = 'proving@demo.arxos'""")
    assert code(person.http.post(FACTOR, json={"password": PASSWORD})) == "not_proven"
    proof = {"passkey": key.get(person.http.post(f"{PASSKEYS}/proof").json())}
    assert person.http.post(FACTOR, json=proof).status_code == 200
    assert code(person.http.post(FACTOR, json=proof)) == "not_proven", "it counts once"


def test_a_device_in_the_terminal_logs_in_with_a_code(running: Running, url: str, tmp_path: Path) -> None:
    _, _, codes = with_app(running, url, "terminal")

    def device(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "client_kit.cli", "--dir", str(tmp_path), *words]
        environment = {**running.environment, "ARXOS_PASSWORD": PASSWORD}
        return subprocess.run(command, env=environment, cwd=ROOT, text=True, capture_output=True)

    assert device("init", "--server", url).returncode == 0
    refused = device("login", "terminal@demo.arxos")
    assert refused.returncode == 1 and "second_factor_wanted" in refused.stderr
    done = device("login", "terminal@demo.arxos", "--code", codes[0])
    assert done.returncode == 0, done.stderr
