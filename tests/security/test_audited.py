"""Every act of administration or ownership that succeeds is in the audit log, and so is a login that was refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from server.operations.demo import PASSWORD
from tests.server.authenticator import Authenticator
from tests.server.mailbox import newest_token, rows, run
from tests.server.receiving import Receiver
from tests.server.reference_cmms import SECRET, Cmms
from tests.server.running import Person, Running
from tests.server.test_accounts_registering import newcomer
from tests.server.test_accounts_second import FACTOR, PASSKEYS, App, registered

from .acts import UNWRITTEN, WRITTEN
from .operations import SAFE, operations

ME, AUTH = "/api/v1/me", "/api/v1/auth"
NEW = "a new and better password"


@pytest.fixture(scope="module")
def url(running: Running) -> Iterator[str]:
    running.environment["ARXOS_OUTBOUND_ALLOW"] = "127.0.0.0/8"
    yield running.start()


class Log:
    """The audit log from here on."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._number = 0
        self.proven: set[tuple[str, str]] = set()
        self.fresh()

    def fresh(self) -> list[dict[str, Any]]:
        """What was written since the last look."""
        found = rows(
            self._running,
            "select number, user_id, action, detail from audit_log where number > :number order by number",
            number=self._number,
        )
        self._number = found[-1]["number"] if found else self._number
        told = [row["detail"] for row in found]
        details = [json.loads(one) if isinstance(one, str) else one for one in told]
        return [row | {"detail": detail} for row, detail in zip(found, details, strict=True)]

    def holds(self, operation: str, action: str, by: Person, answer: httpx.Response) -> Any:
        """That the operation succeeded and left one entry, by that person; answers the body."""
        assert answer.is_success, f"{operation}: {answer.text}"
        written = [(row["action"], str(row["user_id"])) for row in self.fresh()]
        assert written == [(action, by.id)], operation
        self.proven.add((operation, action))
        return answer.json() if answer.content and "json" in answer.headers["content-type"] else None


@pytest.fixture
def log(running: Running) -> Log:
    return Log(running)


def test_of_every_operation_it_is_said_what_it_writes_or_why_it_writes_nothing(url: str) -> None:
    described = httpx.get(f"{url}/schema/openapi.json").json()
    offered = {str(one) for one in operations(described)[0] if one.method not in SAFE}
    excused = [operation for some in UNWRITTEN.values() for operation in some]
    assert len(excused) == len(set(excused)) and not set(excused) & set(WRITTEN)
    assert offered - set(excused) - set(WRITTEN) == set(), "say in tests/security/acts.py what these leave behind"
    assert {*excused, *WRITTEN} - offered == set(), "these are not offered any more"


def test_every_act_that_succeeds_leaves_an_entry_by_who_did_it(running: Running, url: str, log: Log) -> None:
    owner = Person(url, "owner")
    admin = Person(url, "admin")
    log.fresh()
    person = _comes_in(running, url, log)
    _lets_in(running, url, log, person)
    _buildings(url, log, owner, person)
    _organisations(log, owner, person)
    _connects(log, owner)
    _administers(running, url, log, admin)
    _sessions(url, log, person)
    leaving = person.http.post(f"{ME}/delete", json={"password": NEW})
    log.holds("POST /api/v1/me/delete", "delete person", person, leaving)
    expected = {(operation, action) for operation, actions in WRITTEN.items() for action in actions}
    assert expected - log.proven == set()
    done = running.command("admin", "verify")
    assert done.returncode == 0 and "the chain holds" in done.stdout


def _comes_in(running: Running, url: str, log: Log) -> Person:
    email, person = "acting@demo.arxos", Person(url, None)
    person.http.post(f"{AUTH}/register", json={"email": email, "name": "Acting"})
    opened = person.http.post(f"{AUTH}/confirm", json={"token": newest_token(running, email), "password": PASSWORD})
    person.id = opened.json()["user"]["id"]
    log.holds("POST /api/v1/auth/confirm", "confirm person", person, opened)
    person.http.cookies.clear()
    person.login("acting")
    export = person.http.get(f"{ME}/export")
    log.holds("GET /api/v1/me/export", "export person", person, export)
    return person


def _lets_in(running: Running, url: str, log: Log, person: Person) -> None:
    """A second factor, passkeys, tokens, an address, passwords."""
    app = App(person)
    confirmed = person.http.post(f"{FACTOR}/confirm", json={"code": app.code()})
    codes = log.holds("POST /api/v1/me/second-factor/confirm", "add second factor", person, confirmed)["recovery_codes"]
    proof = {"password": PASSWORD, "code": codes[0]}
    renewed = person.http.post(f"{FACTOR}/recovery-codes", json=proof)
    name = "POST /api/v1/me/second-factor/recovery-codes"
    codes = log.holds(name, "renew recovery codes", person, renewed)["recovery_codes"]
    removed = person.http.post(f"{FACTOR}/remove", json=proof | {"code": codes[0]})
    log.holds("POST /api/v1/me/second-factor/remove", "remove second factor", person, removed)
    passkey = log.holds("POST /api/v1/me/passkeys", "add passkey", person, registered(person, Authenticator()))
    gone = person.http.delete(f"{PASSKEYS}/{passkey['id']}")
    log.holds("DELETE /api/v1/me/passkeys/{id}", "remove passkey", person, gone)
    made = person.http.post(f"{ME}/tokens", json={"name": "QGIS"})
    token = log.holds("POST /api/v1/me/tokens", "make token", person, made)
    gone = person.http.delete(f"{ME}/tokens/{token['id']}")
    log.holds("DELETE /api/v1/me/tokens/{id}", "revoke token", person, gone)
    changed = person.http.put(f"{ME}/password", json={"password": PASSWORD, "new_password": NEW})
    log.holds("PUT /api/v1/me/password", "change password", person, changed)
    person.http.post(f"{ME}/email", json={"password": NEW, "email": "acted@demo.arxos"})
    opened = person.http.post(f"{AUTH}/email", json={"token": newest_token(running, "acted@demo.arxos")})
    log.holds("POST /api/v1/auth/email", "change address", person, opened)
    httpx.post(f"{url}{AUTH}/reset", json={"email": "acted@demo.arxos"})
    told = {"token": newest_token(running, "acted@demo.arxos"), "password": NEW}
    reset = httpx.post(f"{url}{AUTH}/reset/confirm", json=told)
    log.holds("POST /api/v1/auth/reset/confirm", "reset password", person, reset)
    _again(url, person)


def _again(url: str, person: Person) -> None:
    opened = httpx.post(f"{url}{AUTH}/login", json={"email": "acted@demo.arxos", "password": NEW}).json()
    person.token = opened["access_token"]
    person.http.headers["Authorization"] = f"Bearer {person.token}"


def _two_invited(log: Log, owner: Person, operation: str, path: str, role: str) -> tuple[Any, Any]:
    one, other = (log.holds(operation, "invite", owner, owner.http.post(path, json={"role": role})) for _ in range(2))
    return one, other


def _buildings(url: str, log: Log, owner: Person, person: Person) -> None:
    made = owner.http.post("/api/v1/buildings", json={"set": {"name": "House"}})
    building = log.holds("POST /api/v1/buildings", "make building", owner, made)["row"]["id"]
    path = f"/api/v1/buildings/{building}"
    invite, take = "POST /api/v1/buildings/{building}/invitations", "POST /api/v1/invitations/accept"
    kept, back = _two_invited(log, owner, invite, f"{path}/invitations", "viewer")
    gone = owner.http.delete(f"{path}/invitations/{back['id']}")
    log.holds("DELETE /api/v1/buildings/{building}/invitations/{id}", "revoke invitation", owner, gone)
    secret = {"token": kept["link"].partition("#")[2]}
    log.holds(take, "accept invitation", person, person.http.post("/api/v1/invitations/accept", json=secret))
    assert person.http.post("/api/v1/invitations/accept", json=secret).is_success and log.fresh() == [], "taken before"
    asked = owner.http.post("/api/v1/export/csv", json={"building_id": building})
    log.holds("POST /api/v1/export/{format}", "ask for export", owner, asked)
    log.holds("DELETE /api/v1/buildings/{building}", "delete building", owner, owner.http.delete(path))


def _organisations(log: Log, owner: Person, person: Person) -> None:
    founded = owner.http.post("/api/v1/organisations", json={"name": "Harbour"})
    organisation = log.holds("POST /api/v1/organisations", "found organisation", owner, founded)
    path = f"/api/v1/organisations/{organisation['id']}"
    renamed = owner.http.patch(path, json={"name": "Harbour Services"})
    log.holds("PATCH /api/v1/organisations/{id}", "rename organisation", owner, renamed)
    invite = "POST /api/v1/organisations/{id}/invitations"
    kept, back = _two_invited(log, owner, invite, f"{path}/invitations", "member")
    gone = owner.http.delete(f"{path}/invitations/{back['id']}")
    log.holds("DELETE /api/v1/organisations/{id}/invitations/{invitation}", "revoke invitation", owner, gone)
    secret = {"token": kept["link"].partition("#")[2]}
    accepted = person.http.post("/api/v1/invitations/accept", json=secret)
    log.holds("POST /api/v1/invitations/accept", "accept invitation", person, accepted)
    listed = owner.http.get(f"{path}/members").json()["items"]
    account = next(one["account_id"] for one in listed if one["user_id"] == person.id)
    placed = owner.http.patch(f"{path}/members/{account}", json={"role": "admin"})
    log.holds("PATCH /api/v1/organisations/{id}/members/{account_id}", "place member", owner, placed)
    ended = owner.http.delete(f"{path}/members/{account}")
    log.holds("DELETE /api/v1/organisations/{id}/members/{account_id}", "end member", owner, ended)


def _connects(log: Log, owner: Person) -> None:
    building = owner.building()
    log.fresh()
    with Cmms() as cmms, Receiver() as receiver:
        body = {"building_id": building, "url": f"{cmms.url}/api", "secret": SECRET}
        added = owner.http.post("/api/v1/cmms/connections", json=body)
        path = f"/api/v1/cmms/connections/{log.holds(f'POST {added.url.path}', 'add connection', owner, added)['id']}"
        paused = owner.http.patch(path, json={"paused": True})
        log.holds("PATCH /api/v1/cmms/connections/{id}", "change connection", owner, paused)
        log.holds("DELETE /api/v1/cmms/connections/{id}", "remove connection", owner, owner.http.delete(path))
        added = owner.http.post("/api/v1/webhooks", json={"url": receiver.url, "building_id": building})
        hook = log.holds("POST /api/v1/webhooks", "add webhook", owner, added)["endpoint"]["id"]
        path = f"/api/v1/webhooks/{hook}"
        rotated = owner.http.post(f"{path}/secret")
        log.holds("POST /api/v1/webhooks/{id}/secret", "rotate webhook secret", owner, rotated)
        off = owner.http.patch(path, json={"enabled": False})
        log.holds("PATCH /api/v1/webhooks/{id}", "change webhook", owner, off)
        log.holds("DELETE /api/v1/webhooks/{id}", "remove webhook", owner, owner.http.delete(path))


def _administers(running: Running, url: str, log: Log, admin: Person) -> None:
    rule = {"name": "validation.confirmed", "points": 12}
    log.holds("POST /api/v1/admin/wallet/rules", "add reward rule", admin,
              admin.http.post("/api/v1/admin/wallet/rules", json=rule))  # fmt: skip
    job = log.holds("POST /api/v1/jobs", "ask for job", admin, admin.http.post("/api/v1/jobs", json={"kind": "verify"}))
    log.holds("DELETE /api/v1/jobs/{job}", "cancel job", admin, admin.http.delete(f"/api/v1/jobs/{job['id']}"))
    operation = "POST /api/v1/admin/{name}/{id}/{act}"

    def act(path: str, action: str) -> None:
        log.holds(operation, action, admin, admin.http.post(f"/api/v1/admin/{path}"))

    other = newcomer(running, url, "administered@demo.arxos")
    other.sync(f"user:{other.id}")
    session = other.http.get(f"{ME}/sessions").json()["items"][0]["id"]
    log.fresh()
    act(f"sessions/{session}/end", "end session")
    act(f"devices/{other.device}/revoke", "revoke device")
    act(f"users/{other.id}/disable", "disable person")
    act(f"users/{other.id}/enable", "enable person")
    act(f"webhooks/{_undelivered(running)}/retry", "retry delivery")


def _undelivered(running: Running) -> str:
    id = "0190a000-0000-7000-8000-0000000000aa"
    run(
        running,
        """
        insert into webhook_delivery (id, endpoint_id, event, content, tries, created_at, given_up_at)
        values (:id, :id, 'webhook.test', '{}', 1, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z')
        """,
        id=id,
    )
    return id


def _sessions(url: str, log: Log, person: Person) -> None:
    person.sync(f"user:{person.id}")
    given_up = person.http.delete(f"{ME}/devices/{person.device}")
    log.holds("DELETE /api/v1/me/devices/{id}", "give up device", person, given_up)
    _again(url, person)
    here = next(one["id"] for one in person.http.get(f"{ME}/sessions").json()["items"] if one["current"])
    _again(url, person)
    log.holds("DELETE /api/v1/me/sessions/{id}", "end session", person, person.http.delete(f"{ME}/sessions/{here}"))
    log.holds("DELETE /api/v1/me/sessions", "end sessions", person, person.http.delete(f"{ME}/sessions"))
    log.holds("POST /api/v1/auth/logout", "end session", person, person.http.post(f"{AUTH}/logout"))
    _again(url, person)


# ---------------------------------------------------------------- refused


def test_a_refused_login_is_written_with_its_reason_and_without_what_was_typed(
    running: Running, url: str, log: Log
) -> None:
    person = newcomer(running, url, "refused@demo.arxos")
    App(person)
    log.fresh()
    wrong = {"email": "refused@demo.arxos", "password": "wrong-and-secret"}
    answers = [
        httpx.post(f"{url}{AUTH}/login", json=wrong, headers={"X-Request-Id": "the-first"}),
        httpx.post(f"{url}{AUTH}/login", json=wrong | {"email": "no-such@demo.arxos"}),
        httpx.post(f"{url}{AUTH}/passkey", json={"credential": {"id": "x", "response": {}}}),
        person.http.post(FACTOR, json={"password": "wrong-and-secret"}),
    ]
    assert [one.status_code for one in answers] == [401, 401, 401, 403]
    found = log.fresh()
    assert [(row["action"], row["detail"]["reason"], row["detail"]["person"]) for row in found] == [
        ("refuse login", "password", person.id), ("refuse login", "address", None),
        ("refuse login", "passkey", None), ("refuse proof", "password or code", person.id),
    ]  # fmt: skip
    assert found[0]["detail"]["request"] == "the-first" and {row["user_id"] for row in found} == {None}
    told = json.dumps(found)
    assert "demo.arxos" not in told and "secret" not in told


def test_a_wrong_code_and_too_many_tries_are_written(running: Running, url: str, log: Log) -> None:
    person = newcomer(running, url, "coded@demo.arxos")
    assert person.http.post(f"{FACTOR}/confirm", json={"code": App(person).code()}).is_success
    log.fresh()
    words = {"email": "coded@demo.arxos", "password": PASSWORD}
    assert httpx.post(f"{url}{AUTH}/login", json=words).status_code == 401
    assert log.fresh() == [], "a code is asked for: nobody was refused"
    for _ in range(10):
        httpx.post(f"{url}{AUTH}/login", json=words | {"code": "000000"})
    assert httpx.post(f"{url}{AUTH}/login", json=words | {"code": "000000"}).status_code == 429
    reasons = [row["detail"]["reason"] for row in log.fresh()]
    assert reasons == ["code"] * 10 + ["too many tries"]


def test_a_refresh_token_that_comes_twice_is_written(running: Running, url: str, log: Log) -> None:
    person = Person(url, "stranger")
    once = {"refresh_token": person.refresh_token}
    assert httpx.post(f"{url}{AUTH}/refresh", json=once).is_success
    run(
        running, "update session set seen_at = '2026-01-01T00:00:00.000Z' where user_id = :id", id=person.id
    )  # long after a lost answer would be asked for again
    log.fresh()
    assert httpx.post(f"{url}{AUTH}/refresh", json=once).status_code == 401
    (entry,) = log.fresh()
    assert (entry["action"], entry["detail"]["reason"]) == ("end session", "refresh token used again")
    assert entry["detail"]["person"] == person.id


def test_a_building_deleted_by_a_tablet_is_written_and_one_that_changes_is_not(owner: Person, log: Log) -> None:
    building = owner.building()
    log.fresh()
    change = {"table": "building", "id": building, "op": "update", "base": 1, "set": {"name": "Other"}}
    sent = owner.transaction(change)
    assert owner.sync(building, None, sent)["receipts"][0]["outcome"] == "applied" and log.fresh() == []
    gone = owner.transaction({"table": "building", "id": building, "op": "delete", "base": 2})
    prior = {"n": sent["n"], "nonce": sent["nonce"]}
    assert owner.sync(building, None, gone, prior=prior)["receipts"][0]["outcome"] == "applied"
    assert [(row["action"], row["detail"]) for row in log.fresh()] == [("delete building", {"building": building})]
