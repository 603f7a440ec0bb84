"""Sessions, devices and tokens are listed and ended, in force on every server process, whatever becomes of Redis."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import redis

from server.operations.demo import PASSWORD
from server.parts import instant, new_id, now_ms
from tests import services
from tests.server.mailbox import run
from tests.server.running import Person, Running, wait_for
from tests.server.test_accounts import code

ME = "/api/v1/me"
SESSIONS, DEVICES, TOKENS = f"{ME}/sessions", f"{ME}/devices", f"{ME}/tokens"
WITHIN_S = 2.0  # what an end takes to be in force everywhere


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Two server processes over one PostGIS and one Redis."""
    folder = tmp_path_factory.mktemp("two")
    name = f"two_{folder.name.replace('-', '_')}"
    server = Running({
        "ARXOS_DATA_DIR": str(folder), "ARXOS_LOG": "error", "ARXOS_DATABASE_URL": services.create_database(name),
        "ARXOS_REDIS_URL": services.redis_server_url(),
    })  # fmt: skip
    server.make_people()
    yield server.start(), server.start()
    server.stop()
    services.drop_database(name)


def session_of(person: Person) -> str:
    (current,) = [one["id"] for one in person.http.get(SESSIONS).json()["items"] if one["current"]]
    return str(current)


def at(person: Person, url: str) -> int:
    """What the other server says to this one's token."""
    headers = {"Authorization": f"Bearer {person.token}"}
    return httpx.get(url + ME, headers=headers).status_code


def refused_in_time(person: Person, urls: tuple[str, ...]) -> None:
    """Asked all the while, so that whoever may believe does; two seconds after its end every process refuses it."""
    ended = time.monotonic()
    while time.monotonic() < ended + WITHIN_S:
        assert {at(person, url) for url in urls} <= {200, 401}
    assert [at(person, url) for url in urls] == [401] * len(urls)


@pytest.mark.parametrize("wiped", [False, True], ids=["redis as it is", "redis wiped"])
def test_a_session_that_was_ended_is_refused_by_every_process(two: tuple[str, str], wiped: bool) -> None:
    lost, here = Person(two[1], "owner"), Person(two[0], "owner")
    assert at(lost, two[0]) == at(lost, two[1]) == 200, "both believe in it now, and Redis does"
    assert here.http.delete(f"{SESSIONS}/{session_of(lost)}").status_code == 204
    if wiped:
        with redis.Redis.from_url(services.redis_server_url()) as client:
            client.flushall()
    refused_in_time(lost, two)
    again = httpx.post(f"{two[1]}/api/v1/auth/refresh", json={"refresh_token": lost.refresh_token})
    assert again.status_code == 401
    assert at(here, two[0]) == at(here, two[1]) == 200


def test_a_refresh_token_used_again_ends_its_family_on_every_process(two: tuple[str, str]) -> None:
    person = Person(two[0], "technician")
    first = person.refresh_token
    second = httpx.post(f"{two[1]}/api/v1/auth/refresh", json={"refresh_token": first}).json()["refresh_token"]
    third = httpx.post(f"{two[0]}/api/v1/auth/refresh", json={"refresh_token": second}).json()["refresh_token"]
    stolen = httpx.post(f"{two[1]}/api/v1/auth/refresh", json={"refresh_token": first})
    assert stolen.status_code == 401 and code(stolen) == "unauthenticated"
    assert httpx.post(f"{two[0]}/api/v1/auth/refresh", json={"refresh_token": third}).status_code == 401
    refused_in_time(person, two)


def test_two_tabs_that_refresh_at_once_get_the_same_successor(two: tuple[str, str]) -> None:
    import concurrent.futures

    for _ in range(5):
        person = Person(two[0], "viewer")
        with concurrent.futures.ThreadPoolExecutor(4) as tabs:
            body = {"refresh_token": person.refresh_token}
            asked = [tabs.submit(httpx.post, f"{url}/api/v1/auth/refresh", json=body) for url in two * 2]
            answers = [one.result() for one in asked]
        assert [answer.status_code for answer in answers] == [200] * 4
        assert len({answer.json()["refresh_token"] for answer in answers}) == 1


# ---------------------------------------------------------------- over both stores


def test_sessions_are_listed_with_where_they_are_and_one_or_all_others_end(url: str) -> None:
    here, there, elsewhere = (Person(url, "admin") for _ in range(3))
    listed = here.http.get(SESSIONS).json()
    assert listed["total"] == 3 and [one["current"] for one in listed["items"]] == [True, False, False]
    assert {one["address"] for one in listed["items"]} == {"127.0.0.1"}
    assert all(one["client"].startswith("python-httpx") and one["seen_at"] for one in listed["items"])
    page = here.http.get(f"{SESSIONS}?limit=2").json()
    assert len(here.http.get(SESSIONS, params={"next": page["next"]}).json()["items"]) == 1
    assert here.http.get(SESSIONS, params={"next": "nonsense"}).status_code == 422
    assert Person(url, "viewer").http.delete(f"{SESSIONS}/{session_of(there)}").status_code == 404
    assert here.http.delete(f"{SESSIONS}/{session_of(there)}").status_code == 204
    wait_for(lambda: there.http.get(ME).status_code == 401, 5)
    assert elsewhere.http.get(ME).status_code == 200
    assert here.http.delete(SESSIONS).json() == {"sessions": 1}
    wait_for(lambda: elsewhere.http.get(ME).status_code == 401, 5)
    assert here.http.get(SESSIONS).json()["total"] == 1


def test_a_device_is_known_by_name_and_by_the_session_it_synchronises_under(url: str) -> None:
    person = Person(url, "technician")
    building = person.building()
    person.sync(building)
    (device,) = [one for one in person.http.get(DEVICES).json()["items"] if one["id"] == person.device]
    assert device["current"] and device["client"].startswith("python-httpx") and device["address"] == "127.0.0.1"
    assert person.http.patch(f"{DEVICES}/{person.device}", json={"name": "Tablet 3"}).status_code == 204
    assert Person(url, "viewer").http.patch(f"{DEVICES}/{person.device}", json={"name": "x"}).status_code == 404
    devices = person.http.get(DEVICES).json()["items"]
    assert {one["id"]: one["name"] for one in devices}[person.device] == "Tablet 3"
    (session,) = [one for one in person.http.get(SESSIONS).json()["items"] if one["current"]]
    assert session["device_id"] == person.device


def test_a_device_that_was_given_up_ends_and_its_unsent_work_is_kept_apart(url: str) -> None:
    tablet, desk = Person(url, "technician"), Person(url, "technician")
    building = desk.building()
    pulled = tablet.sync(building)
    assert tablet.http.delete(f"{DEVICES}/{new_id()}").status_code == 404
    assert desk.http.delete(f"{DEVICES}/{tablet.device}").json() == {"sessions": 1}
    wait_for(lambda: tablet.http.get(ME).status_code == 401, 5)
    assert desk.http.get(ME).status_code == 200
    assert tablet.device not in [one["id"] for one in desk.http.get(DEVICES).json()["items"]]

    tablet.login("technician")  # it was found again, and its person logs in
    storey = {"table": "storey", "id": new_id(), "op": "insert", "set": {"name": "Typed before"}}
    body = tablet.request(building, pulled["cursor"], tablet.transaction(storey))
    answer = tablet.post(body).json()
    assert building in answer["revoked"] and answer["scopes"][0]["state"] == "gone"
    assert answer["scopes"][0]["receipts"][0]["problem"]["code"] == "forbidden" and not answer["scopes"][0]["rows"]
    kept = Person(url, "admin").http.get("/api/v1/admin/quarantine?limit=1000").json()["items"]
    assert "Typed before" in [c["set"]["name"] for k in kept if k["transaction"] for c in k["transaction"]["changes"]]
    anew = tablet.post(tablet.request(building))
    assert anew.status_code == 403 and code(anew) == "device_taken", "it goes on as another"
    tablet.device = new_id()
    assert tablet.sync(building)["state"] == "ok"


def test_a_token_for_a_program_is_made_listed_and_ended(running: Running, url: str) -> None:
    person = Person(url, "owner")
    made = person.http.post(TOKENS, json={"name": "QGIS", "expires_in_days": 30}).json()
    forever = person.http.post(TOKENS, json={"name": "Nightly"}).json()
    program = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {made['token']}"}, trust_env=False)
    assert program.get(ME).json()["id"] == person.id
    building = program.post("/api/v1/buildings", json={"set": {"name": "By program"}})
    assert building.status_code == 201
    assert program.get(f"{url}/ogc/collections", auth=("any", forever["token"])).status_code == 200
    for refused in (program.post(TOKENS, json={"name": "Another"}), program.delete(SESSIONS),
                    program.put(f"{ME}/password", json={"password": PASSWORD, "new_password": PASSWORD}),
                    program.get(f"{ME}/export")):  # fmt: skip
        assert refused.status_code == 403 and code(refused) == "forbidden"
    listed = person.http.get(TOKENS).json()
    assert {one["name"] for one in listed["items"]} == {"QGIS", "Nightly"} and "token" not in listed["items"][0]
    assert person.http.delete(f"{TOKENS}/{made['id']}").status_code == 204
    assert person.http.delete(f"{TOKENS}/{made['id']}").status_code == 404
    ended = program.get(ME)
    assert ended.status_code == 401 and code(ended) == "unauthenticated"
    run(running, "update api_token set expires_at = :past where id = :id", past=instant(now_ms() - 1), id=forever["id"])
    assert program.get(ME, headers={"Authorization": f"Bearer {forever['token']}"}).status_code == 401
    assert person.http.get(TOKENS).json()["total"] == 0
    assert person.http.post(TOKENS, json={"name": "x", "expires_in_days": 0}).status_code == 422


def test_a_socket_is_not_held_by_a_token(url: str) -> None:
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    token = Person(url, "owner").http.post(TOKENS, json={"name": "Listener"}).json()["token"]
    with connect(f"{url.replace('http', 'ws')}/ws", additional_headers={"Authorization": f"Bearer {token}"}) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(10)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 4401


def test_a_wrong_registration_setting_is_named(tmp_path: Path) -> None:
    server = Running({"ARXOS_DATA_DIR": str(tmp_path), "ARXOS_REGISTRATION": "maybe"})
    done = server.command("admin", "verify")
    assert done.returncode == 2 and "ARXOS_REGISTRATION" in done.stderr and "invited" in done.stderr
