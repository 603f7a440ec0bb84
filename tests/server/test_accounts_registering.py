"""Coming in by a mailed link, coming back after a forgotten password, and another address."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from server.operations.demo import PASSWORD
from server.parts import instant, now_ms
from tests.server.mailbox import letters_to, newest_token, run, token_in
from tests.server.running import Person, Running, wait_for
from tests.server.test_accounts import code

AUTH, ME = "/api/v1/auth", "/api/v1/me"
NEW = "a new and better password"


def register(url: str, email: str, name: str = "Nora", **more: str) -> httpx.Response:
    return httpx.post(f"{url}{AUTH}/register", json={"email": email, "name": name, **more})


def login(url: str, email: str, password: str) -> httpx.Response:
    return httpx.post(f"{url}{AUTH}/login", json={"email": email, "password": password})


def newcomer(running: Running, url: str, email: str, name: str = "Nora") -> Person:
    """Somebody who has registered, with the password of the demo."""
    assert register(url, email, name).status_code == 202
    body = {"token": newest_token(running, email), "password": PASSWORD}
    assert httpx.post(f"{url}{AUTH}/confirm", json=body).status_code == 200
    return Person(url, email.partition("@")[0])


def test_a_person_registers_by_the_link_in_a_letter_and_is_in(running: Running, url: str) -> None:
    assert register(url, " Nora@Demo.arxos ").status_code == 202
    token = newest_token(running, "nora@demo.arxos")
    assert login(url, "nora@demo.arxos", NEW).status_code == 401, "not before the link was opened"
    opened = httpx.post(f"{url}{AUTH}/confirm", json={"token": token, "password": NEW})
    assert opened.status_code == 200 and opened.json()["user"]["email"] == "nora@demo.arxos"
    assert opened.json()["user"]["accounts"][0]["kind"] == "personal" and "arxos_session" in opened.cookies
    assert login(url, "nora@demo.arxos", NEW).json()["user"]["name"] == "Nora"
    again = httpx.post(f"{url}{AUTH}/confirm", json={"token": token, "password": "another one of these"})
    assert again.status_code == 410 and code(again) == "link_spent"
    assert login(url, "nora@demo.arxos", NEW).status_code == 200


def test_no_answer_tells_whether_an_address_has_a_person(running: Running, url: str) -> None:
    known, unknown = register(url, "viewer@demo.arxos", "Eve"), register(url, "nobody@demo.arxos", "Eve")
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    letter = letters_to(running, "viewer@demo.arxos")[-1]
    assert "There is one" in letter["body"] and "/account/reset#" in letter["body"] and "Eve" not in letter["body"]
    asked = [httpx.post(f"{url}{AUTH}/reset", json={"email": e}) for e in ("viewer@demo.arxos", "no@demo.arxos")]
    assert asked[0].status_code == asked[1].status_code == 202 and asked[0].text == asked[1].text
    assert letters_to(running, "no@demo.arxos") == []
    assert login(url, "viewer@demo.arxos", PASSWORD).json()["user"]["name"] == "Viewer"


@pytest.mark.parametrize("body", [
    {"email": "no address", "name": "x"}, {"email": "a@b, c@d", "name": "x"}, {"email": "x@demo.arxos", "name": " "},
    {"email": "x@demo.arxos"}, {"email": "x@demo.arxos\nBcc: y@demo.arxos", "name": "x"},
])  # fmt: skip
def test_a_registration_that_cannot_be_read_is_422(url: str, body: dict[str, str]) -> None:
    answer = httpx.post(f"{url}{AUTH}/register", json=body)
    assert answer.status_code == 422 and code(answer) == "invalid"


def test_a_password_that_is_too_short_spends_no_link(running: Running, url: str) -> None:
    register(url, "short@demo.arxos")
    token = newest_token(running, "short@demo.arxos")
    refused = httpx.post(f"{url}{AUTH}/confirm", json={"token": token, "password": "1234567"})
    assert refused.status_code == 422 and refused.json()["errors"][0]["path"] == "$.password"
    assert httpx.post(f"{url}{AUTH}/confirm", json={"token": token, "password": NEW}).status_code == 200


def test_a_link_runs_out_and_serves_nothing_else(running: Running, url: str) -> None:
    register(url, "late@demo.arxos")
    token = newest_token(running, "late@demo.arxos")
    for page in ("reset/confirm", "email"):
        refused = httpx.post(f"{url}{AUTH}/{page}", json={"token": token, "password": NEW})
        assert refused.status_code == 410 and code(refused) == "link_spent"
    past = instant(now_ms() - 1)
    run(running, "update mailed_link set expires_at = :past where email = 'late@demo.arxos'", past=past)
    assert httpx.post(f"{url}{AUTH}/confirm", json={"token": token, "password": NEW}).status_code == 410


def test_nobody_is_buried_in_letters(running: Running, url: str) -> None:
    for _ in range(8):
        assert httpx.post(f"{url}{AUTH}/reset", json={"email": "technician@demo.arxos"}).status_code == 202
    assert len(letters_to(running, "technician@demo.arxos")) == 5


def test_an_address_that_never_confirmed_is_forgotten(running: Running, url: str) -> None:
    register(url, "stray@demo.arxos")
    long_ago = instant(now_ms() - 30 * 24 * 3600 * 1000)
    run(running, "update mailed_link set expires_at = :at where email = 'stray@demo.arxos'", at=long_ago)
    run(running, """update "user" set created_at = :at where email = 'stray@demo.arxos'""", at=long_ago)
    register(url, "other@demo.arxos")
    register(url, "other@demo.arxos")
    assert run(running, """delete from "user" where email = 'stray@demo.arxos'""") == 0


def test_a_forgotten_password_is_reset_by_letter_and_every_session_ends(running: Running, url: str) -> None:
    person = newcomer(running, url, "forgetful@demo.arxos")
    for _ in range(2):
        httpx.post(f"{url}{AUTH}/reset", json={"email": "forgetful@demo.arxos"})
    former, latest = (token_in(one) for one in letters_to(running, "forgetful@demo.arxos")[-2:])
    answer = httpx.post(f"{url}{AUTH}/reset/confirm", json={"token": latest, "password": NEW})
    assert answer.status_code == 204
    assert httpx.post(f"{url}{AUTH}/reset/confirm", json={"token": former, "password": NEW}).status_code == 410
    wait_for(lambda: person.http.get(ME).status_code == 401, 2)
    assert httpx.post(f"{url}{AUTH}/refresh", json={"refresh_token": person.refresh_token}).status_code == 401
    assert login(url, "forgetful@demo.arxos", PASSWORD).status_code == 401
    assert login(url, "forgetful@demo.arxos", NEW).status_code == 200
    assert "was changed" in letters_to(running, "forgetful@demo.arxos")[-1]["subject"]


def test_a_changed_password_ends_the_other_sessions_and_not_this_one(running: Running, url: str) -> None:
    here = newcomer(running, url, "changing@demo.arxos")
    there = Person(url, "changing")
    wrong = here.http.put(f"{ME}/password", json={"password": "not it", "new_password": NEW})
    assert wrong.status_code == 403 and code(wrong) == "not_proven"
    assert here.http.put(f"{ME}/password", json={"password": PASSWORD, "new_password": "short"}).status_code == 422
    assert here.http.put(f"{ME}/password", json={"password": PASSWORD, "new_password": NEW}).status_code == 204
    wait_for(lambda: there.http.get(ME).status_code == 401, 2)
    assert here.http.get(ME).status_code == 200 and login(url, "changing@demo.arxos", NEW).status_code == 200


def test_another_address_counts_once_its_link_was_opened(running: Running, url: str) -> None:
    person = newcomer(running, url, "moving@demo.arxos")
    body = {"password": PASSWORD, "email": "moved@demo.arxos"}
    assert person.http.post(f"{ME}/email", json=body | {"password": "x"}).status_code == 403
    assert person.http.post(f"{ME}/email", json=body).status_code == 202
    assert person.http.get(ME).json()["email"] == "moving@demo.arxos"
    token = newest_token(running, "moved@demo.arxos")
    assert httpx.post(f"{url}{AUTH}/email", json={"token": token}).status_code == 204
    assert httpx.post(f"{url}{AUTH}/email", json={"token": token}).status_code == 410
    assert login(url, "moved@demo.arxos", PASSWORD).status_code == 200
    assert login(url, "moving@demo.arxos", PASSWORD).status_code == 401
    assert "your new address" in letters_to(running, "moving@demo.arxos")[-1]["body"]


def test_a_new_password_calls_off_a_move_to_another_address(running: Running, url: str) -> None:
    person = newcomer(running, url, "robbed@demo.arxos")
    person.http.post(f"{ME}/email", json={"password": PASSWORD, "email": "robber@demo.arxos"})
    assert person.http.put(f"{ME}/password", json={"password": PASSWORD, "new_password": NEW}).status_code == 204
    token = newest_token(running, "robber@demo.arxos")
    assert httpx.post(f"{url}{AUTH}/email", json={"token": token}).status_code == 410


def test_an_address_that_has_a_person_is_not_moved_to_and_nobody_is_told(running: Running, url: str) -> None:
    person = newcomer(running, url, "covetous@demo.arxos")
    answer = person.http.post(f"{ME}/email", json={"password": PASSWORD, "email": "admin@demo.arxos"})
    assert answer.status_code == 202
    letter = letters_to(running, "admin@demo.arxos")[-1]
    assert "nothing was changed" in letter["body"] and "#" not in letter["body"]


def test_a_person_is_called_otherwise_in_their_buildings_too(running: Running, url: str) -> None:
    person = newcomer(running, url, "renamed@demo.arxos", "Before")
    building = person.building()
    assert person.http.patch(ME, json={"name": " After "}).json()["name"] == "After"
    (member,) = person.http.get(f"/api/v1/buildings/{building}/member").json()["items"]
    assert member["set"]["name"] == "After" and member["set"]["role"] == "owner"
    assert person.http.get(ME).json()["name"] == "After"


@pytest.mark.parametrize("registration", ["closed", "invited"])
def test_registering_can_be_closed(tmp_path: Path, registration: str) -> None:
    server = Running({
        "ARXOS_DATA_DIR": str(tmp_path), "ARXOS_LOG": "error", "ARXOS_REGISTRATION": registration,
    })  # fmt: skip
    server.make_people()
    url = server.start()
    try:
        for email in ("owner@demo.arxos", "who@demo.arxos"):
            refused = register(url, email)
            assert refused.status_code == 403 and code(refused) == "registration_closed"
        owner = Person(url, "owner")
        invitations = f"/api/v1/buildings/{owner.building()}/invitations"
        made = owner.http.post(invitations, json={"role": "viewer"}).json()
        invited = register(url, "who@demo.arxos", invitation=made["link"].partition("#")[2])
        assert invited.status_code == (202 if registration == "invited" else 403)
        assert register(url, "who@demo.arxos", invitation="made up").status_code == 403
    finally:
        server.stop()
