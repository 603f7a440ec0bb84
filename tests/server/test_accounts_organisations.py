"""Personal and professional accounts, organisations, and invitations by link, letter and QR code."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from server.parts import instant, new_id, now_ms
from tests.server.mailbox import letters_to, newest_token, run
from tests.server.running import Person, Running
from tests.server.test_accounts import code

ORGANISATIONS, ME, ACCEPT = "/api/v1/organisations", "/api/v1/me", "/api/v1/invitations/accept"


@pytest.fixture
def boss(url: str) -> Person:
    return Person(url, "owner")


@pytest.fixture
def worker(url: str) -> Person:
    return Person(url, "technician")


def found(person: Person, name: str = "Harbour Services") -> dict[str, Any]:
    made = person.http.post(ORGANISATIONS, json={"name": name})
    assert made.status_code == 201, made.text
    return dict(made.json())


def invited(person: Person, where: str, **wanted: Any) -> dict[str, Any]:
    made = person.http.post(f"{where}/invitations", json=wanted)
    assert made.status_code == 201, made.text
    return dict(made.json())


def secret(invitation: dict[str, Any]) -> dict[str, str]:
    return {"token": invitation["link"].partition("#")[2]}


def joined(boss: Person, worker: Person, organisation: str) -> str:
    """The account that the worker has there now."""
    answer = worker.http.post(ACCEPT, json=secret(invited(boss, f"{ORGANISATIONS}/{organisation}")))
    assert answer.status_code == 200, answer.text
    accounts = worker.http.get(ME).json()["accounts"]
    return str(next(one["id"] for one in accounts if one["organisation_id"] == organisation))


def acting(person: Person, account: str) -> None:
    assert person.http.post(f"{ME}/account", json={"account_id": account}).json()["account_id"] == account


def role(person: Person, building: str) -> str | None:
    answer = person.http.get(f"/api/v1/buildings/{building}")
    return answer.json()["role"] if answer.status_code == 200 else None


def members(person: Person, building: str) -> dict[str, dict[str, Any]]:
    """By user."""
    items = person.http.get(f"/api/v1/buildings/{building}/member").json()["items"]
    return {one["set"]["user_id"]: one["set"] for one in items}


# ---------------------------------------------------------------- invitations to a building


def test_an_invitation_gives_its_role_once_and_the_building_knows_the_person(
    boss: Person, worker: Person, stranger: Person
) -> None:
    building = boss.building("Harbour House")
    made = invited(boss, f"/api/v1/buildings/{building}", role="technician")
    assert made["qr_svg"].startswith("<svg") and made["link"].startswith("http") and made["state"] == "open"
    told = httpx.post(f"{boss.url}/api/v1/invitations/read", json=secret(made)).json()
    assert told["building_name"] == "Harbour House" and told["role"] == "technician" and told["invited_by"] == "Owner"
    assert role(worker, building) is None
    assert httpx.post(boss.url + ACCEPT, json=secret(made)).status_code == 401, "one logs in first"
    for _ in range(2):  # the same person may ask again, as after a lost answer
        answer = worker.http.post(ACCEPT, json=secret(made))
        assert answer.status_code == 200 and answer.json()["role"] == "technician"
    assert role(worker, building) == "technician"
    assert members(worker, building)[worker.id]["name"] == "Technician"
    second = stranger.http.post(ACCEPT, json=secret(made))
    assert second.status_code == 410 and code(second) == "link_spent" and role(stranger, building) is None
    (listed,) = boss.http.get(f"/api/v1/buildings/{building}/invitations").json()["items"]
    assert listed["state"] == "accepted" and listed["accepted_by"] == worker.id and "link" not in listed


def test_a_device_hears_of_the_building_it_was_let_into(boss: Person, worker: Person) -> None:
    building = boss.building()
    scope = f"user:{worker.id}"
    assert worker.post(worker.request(scope)).status_code == 200
    made = invited(boss, f"/api/v1/buildings/{building}", role="reporter")
    assert worker.http.post(ACCEPT, json=secret(made)).status_code == 200
    granted = worker.post(worker.request(scope)).json()["granted"]
    assert {"scope": building, "role": "reporter"} in granted
    assert worker.sync(building)["role"] == "reporter"


def test_a_letter_brings_the_link_to_whoever_it_is_for(running: Running, boss: Person, worker: Person) -> None:
    building = boss.building("Mill")
    made = invited(boss, f"/api/v1/buildings/{building}", role="viewer", email=" Guest@Demo.arxos ")
    letter = letters_to(running, "guest@demo.arxos")[-1]
    assert letter["subject"] == "Owner invites you to Mill" and "as viewer" in letter["body"]
    assert newest_token(running, "guest@demo.arxos") == secret(made)["token"]
    assert worker.http.post(ACCEPT, json=secret(made)).status_code == 200, "people log in by another address"
    refused = boss.http.post(f"/api/v1/buildings/{building}/invitations", json={"role": "viewer", "email": "none"})
    assert refused.status_code == 422


def test_nobody_gives_more_than_they_have_and_few_may_invite(
    running: Running, boss: Person, worker: Person, stranger: Person
) -> None:
    building = boss.building()
    where = f"/api/v1/buildings/{building}"
    assert stranger.http.post(f"{where}/invitations", json={"role": "viewer"}).status_code == 404
    assert stranger.http.post(f"/api/v1/buildings/{new_id()}/invitations", json={"role": "viewer"}).status_code == 404
    worker.http.post(ACCEPT, json=secret(invited(boss, where, role="technician")))
    for asked in (worker.http.post(f"{where}/invitations", json={"role": "viewer"}),
                  worker.http.get(f"{where}/invitations")):  # fmt: skip
        assert asked.status_code == 403 and code(asked) == "forbidden"
    worker.http.post(ACCEPT, json=secret(invited(boss, where, role="manager")))
    assert role(worker, building) == "manager"
    above = worker.http.post(f"{where}/invitations", json={"role": "owner"})
    assert above.status_code == 403 and code(above) == "forbidden"
    assert worker.http.post(f"{where}/invitations", json={"role": "admin"}).status_code == 422
    made = invited(worker, where, role="manager")
    done = running.command("admin", "grant", "technician@demo.arxos", building, "technician")
    assert done.returncode == 0, done.stderr
    late = stranger.http.post(ACCEPT, json=secret(made))
    assert late.status_code == 410 and code(late) == "link_spent", "who invited has not that role any more"


def test_an_invitation_never_takes_away(boss: Person, worker: Person) -> None:
    building = boss.building()
    where = f"/api/v1/buildings/{building}"
    worker.http.post(ACCEPT, json=secret(invited(boss, where, role="reviewer")))
    answer = worker.http.post(ACCEPT, json=secret(invited(boss, where, role="viewer")))
    assert answer.status_code == 200 and answer.json()["role"] == "reviewer" == role(worker, building)


def test_an_invitation_is_taken_back_or_runs_out(running: Running, boss: Person, worker: Person) -> None:
    building = boss.building()
    where = f"/api/v1/buildings/{building}"
    taken_back, too_old, good = (invited(boss, where, role="viewer") for _ in range(3))
    assert boss.http.delete(f"{where}/invitations/{taken_back['id']}").status_code == 204
    assert boss.http.delete(f"{where}/invitations/{taken_back['id']}").status_code == 404
    past = instant(now_ms() - 1)
    run(running, "update invitation set expires_at = :past where id = :id", past=past, id=too_old["id"])
    for spent in (taken_back, too_old, {"link": "#made up"}, {"link": "#"}):
        for path in (ACCEPT, "/api/v1/invitations/read"):
            answer = worker.http.post(path, json=secret(spent))
            assert answer.status_code == 410 and code(answer) == "link_spent"
    assert role(worker, building) is None
    page = boss.http.get(f"{where}/invitations?limit=2").json()
    rest = boss.http.get(f"{where}/invitations", params={"next": page["next"]}).json()
    states = {one["id"]: one["state"] for one in page["items"] + rest["items"]}
    assert page["total"] == 3 and rest["next"] is None
    assert states == {taken_back["id"]: "revoked", too_old["id"]: "expired", good["id"]: "open"}


# ---------------------------------------------------------------- organisations


def test_an_organisation_is_founded_named_and_joined(boss: Person, worker: Person, stranger: Person) -> None:
    made = found(boss)
    where = f"{ORGANISATIONS}/{made['id']}"
    assert made["role"] == "admin" and boss.http.get(where).json() == made
    assert stranger.http.get(where).status_code == 404
    assert stranger.http.post(f"{where}/invitations", json={}).status_code == 404
    joined(boss, worker, made["id"])
    assert worker.http.patch(where, json={"name": "Mine"}).status_code == 403
    assert worker.http.post(f"{where}/invitations", json={}).status_code == 403
    assert boss.http.patch(where, json={"name": "Harbour Works"}).json()["name"] == "Harbour Works"
    colleagues = worker.http.get(f"{where}/members").json()
    assert {(one["name"], one["role"]) for one in colleagues["items"]} == {("Owner", "admin"), ("Technician", "member")}
    assert colleagues["total"] == 2
    mine = worker.http.get(ORGANISATIONS).json()["items"]
    assert ("Harbour Works", "member") in {(one["name"], one["role"]) for one in mine}


def test_a_person_switches_between_accounts_and_what_they_make_is_the_accounts(boss: Person, worker: Person) -> None:
    organisation = found(boss, "Lift Company")["id"]
    account = joined(boss, worker, organisation)
    personal = next(one["id"] for one in worker.http.get(ME).json()["accounts"] if one["kind"] == "personal")
    own = worker.building("My flat")
    acting(worker, account)
    at_work = worker.building("A customer's")
    assert members(worker, at_work)[worker.id]["role"] == "owner"
    acting(worker, personal)
    listed = {one["id"] for one in worker.http.get("/api/v1/buildings?limit=500").json()["items"]}
    assert {own, at_work} <= listed, "readable is what any of the accounts may read"
    assert worker.http.post(f"{ME}/account", json={"account_id": new_id()}).status_code == 404
    theirs = boss.http.get(ME).json()["accounts"][0]["id"]
    assert worker.http.post(f"{ME}/account", json={"account_id": theirs}).status_code == 404
    leaving = worker.http.delete(f"{ORGANISATIONS}/{organisation}/members/{account}")
    assert leaving.status_code == 409 and code(leaving) == "sole_owner" and "A customer's" in leaving.json()["detail"]


def test_who_leaves_an_organisation_loses_what_came_through_it_and_nothing_else(boss: Person, worker: Person) -> None:
    organisation = found(boss, "Cleaners")["id"]
    only_work, both = boss.building("Only work"), boss.building("Both")
    worker.http.post(ACCEPT, json=secret(invited(boss, f"/api/v1/buildings/{both}", role="viewer")))
    for building in (only_work, both):
        made = invited(boss, f"/api/v1/buildings/{building}", role="technician", organisation_id=organisation)
        assert worker.http.post(ACCEPT, json=secret(made)).json()["organisation_id"] == organisation
        assert role(worker, building) == "technician"
        assert members(boss, building)[worker.id]["organisation"] == "Cleaners"
    boss.http.patch(f"{ORGANISATIONS}/{organisation}", json={"name": "Shine"})
    assert members(boss, both)[worker.id]["organisation"] == "Shine"
    worker.sync(only_work), worker.sync(both)
    accounts = worker.http.get(ME).json()["accounts"]
    account = next(one["id"] for one in accounts if one["organisation_id"] == organisation)
    acting(worker, account)
    assert worker.http.delete(f"{ORGANISATIONS}/{organisation}/members/{account}").status_code == 204
    assert role(worker, only_work) is None and role(worker, both) == "viewer"
    assert worker.id not in members(boss, only_work)
    member = members(boss, both)[worker.id]
    assert member["role"] == "viewer" and not member.get("organisation")
    answer = worker.post(worker.request(f"user:{worker.id}")).json()
    assert answer["revoked"] == [only_work] and {"scope": both, "role": "viewer"} in answer["granted"]
    left = worker.http.get(ME).json()
    assert account not in [one["id"] for one in left["accounts"]] and left["account_id"] != account
    assert role(worker, worker.building("Made at once")) == "owner", "in the moment that the session is still believed"


def test_an_organisation_keeps_an_administrator_while_there_are_others(boss: Person, worker: Person) -> None:
    made = found(boss, "Guarded")
    where = f"{ORGANISATIONS}/{made['id']}/members"
    account = joined(boss, worker, made["id"])
    for refused in (boss.http.delete(f"{where}/{made['account_id']}"),
                    boss.http.patch(f"{where}/{made['account_id']}", json={"role": "member"})):  # fmt: skip
        assert refused.status_code == 409 and code(refused) == "sole_owner"
    assert worker.http.patch(f"{where}/{account}", json={"role": "admin"}).status_code == 403
    assert worker.http.delete(f"{where}/{made['account_id']}").status_code == 403
    assert boss.http.patch(f"{where}/{account}", json={"role": "admin"}).json()["role"] == "admin"
    assert boss.http.delete(f"{where}/{made['account_id']}").status_code == 204
    assert boss.http.get(f"{ORGANISATIONS}/{made['id']}").status_code == 404
    assert worker.http.delete(f"{where}/{account}").status_code == 204, "the last one closes the door"


def test_an_administrator_lets_somebody_go(boss: Person, worker: Person) -> None:
    organisation = found(boss, "Movers")["id"]
    building = boss.building()
    made = invited(boss, f"/api/v1/buildings/{building}", role="reporter", organisation_id=organisation)
    worker.http.post(ACCEPT, json=secret(made))
    items = boss.http.get(f"{ORGANISATIONS}/{organisation}/members").json()["items"]
    account = next(one["account_id"] for one in items if one["user_id"] == worker.id)
    assert boss.http.delete(f"{ORGANISATIONS}/{organisation}/members/{account}").status_code == 204
    assert role(worker, building) is None
    assert boss.http.delete(f"{ORGANISATIONS}/{organisation}/members/{account}").status_code == 404
    answer = worker.http.post(ACCEPT, json=secret(made))
    assert answer.status_code == 410, "an invitation that was taken does not bring back what was lost"


def test_an_invitation_for_an_organisation_takes_its_administrator(boss: Person, worker: Person) -> None:
    theirs = found(worker, "Not the boss's")["id"]
    building = boss.building()
    refused = boss.http.post(
        f"/api/v1/buildings/{building}/invitations", json={"role": "viewer", "organisation_id": theirs}
    )
    assert refused.status_code == 404
    assert boss.http.post(f"{ORGANISATIONS}/{theirs}/invitations", json={}).status_code == 404
    made = invited(worker, f"{ORGANISATIONS}/{theirs}", role="admin")
    assert worker.http.delete(f"{ORGANISATIONS}/{theirs}/invitations/{made['id']}").status_code == 204
    assert boss.http.post(ACCEPT, json=secret(made)).status_code == 410
    (listed,) = worker.http.get(f"{ORGANISATIONS}/{theirs}/invitations").json()["items"]
    assert listed["state"] == "revoked" and listed["building"] is None
