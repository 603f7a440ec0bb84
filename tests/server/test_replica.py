"""Lists come from a streaming replica, a real one, and are never behind what was committed when they were asked for."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import httpx
import psycopg
import pytest

from tests import services
from tests.server.running import Person, Running, wait_for

NAME = "replicated"


class Pair:
    """A primary and a standby that streams from it."""

    def __init__(self) -> None:
        self.url = services.create_database(NAME)
        primary, self._folder = services.postgres_socket(), services.cluster_folder()
        services.as_postgres(
            self._folder, "pg_basebackup", "-h", str(primary), "-U", "arxos", "-c", "fast", "-X", "stream", "-R",
            "-D", f"{self._folder}/data",
        )  # fmt: skip
        self.standby_url = f"postgresql://arxos@/{NAME}?host={self._folder}"
        self.start()

    def start(self) -> None:
        self._standby = services.start_cluster(self._folder)

    def stop(self) -> None:
        self._standby.send_signal(signal.SIGINT)
        self._standby.wait(30)

    def replays(self, on: bool) -> None:
        with psycopg.connect(self.standby_url, autocommit=True) as connection:
            connection.execute(f"select pg_wal_replay_{'resume' if on else 'pause'}()")
            wait_for(lambda: connection.execute("select pg_is_wal_replay_paused()").fetchone() == (not on,))


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.stop()
    services.drop_database(NAME)


@pytest.fixture(scope="module")
def running(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    server = Running({
        "ARXOS_DATA_DIR": str(tmp_path_factory.mktemp("data")), "ARXOS_LOG": "error",
        "ARXOS_DATABASE_URL": pair.url, "ARXOS_DATABASE_REPLICA_URL": pair.standby_url,
    })  # fmt: skip
    server.make_people()
    yield server
    server.stop()


def lists_from(url: str) -> dict[str, float]:
    lines = [line for line in httpx.get(f"{url}/metrics").text.splitlines() if line.startswith("arxos_lists{")]
    return {line.split('"')[1]: float(line.rpartition(" ")[2]) for line in lines}


def names(person: Person) -> set[str]:
    return {one["name"] for one in person.http.get("/api/v1/buildings?limit=500").json()["items"]}


def test_who_writes_reads_it_in_the_next_list_and_lists_do_come_from_the_replica(url: str, owner: Person):
    building = owner.building("Tower")
    for number in range(20):
        assert f"Tower {number}" not in names(owner)
        answer = owner.http.patch(f"/api/v1/buildings/{building}", json={"set": {"name": f"Tower {number}"}})
        assert answer.status_code == 200
        assert f"Tower {number}" in names(owner), "own writes are never missed"
    rows = f"/api/v1/buildings/{building}/storey"
    for number in range(20):
        assert owner.http.post(rows, json={"set": {"name": f"S{number}"}}).status_code == 201
        assert owner.http.get(rows).json()["total"] == number + 1
    before = lists_from(url)["replica"]

    def asked() -> bool:
        owner.http.get(rows, params={"limit": 3})
        return lists_from(url)["replica"] > before

    wait_for(asked, 30)


def test_a_replica_that_is_behind_is_passed_over_until_it_has_caught_up(url: str, owner: Person, pair: Pair):
    building = owner.building("Bridge")
    rows = f"/api/v1/buildings/{building}/storey"
    pair.replays(False)
    try:
        before = lists_from(url)
        owner.http.post(rows, json={"set": {"name": "Deck"}})
        assert [one["set"]["name"] for one in owner.http.get(rows).json()["items"]] == ["Deck"]
        owner.building("Quay")
        assert "Quay" in names(owner)
        after = lists_from(url)
        assert after["behind"] >= before["behind"] + 2 and after["replica"] == before["replica"]
    finally:
        pair.replays(True)

    def asked() -> bool:
        owner.http.get(rows, params={"sort": "-id"})
        return lists_from(url)["replica"] > after["replica"]

    wait_for(asked, 30)


def test_who_lost_a_building_does_not_find_it_in_a_replica_that_still_grants_it(
    url: str, owner: Person, running: Running, pair: Pair
):
    building = owner.building("Vault")
    grant = running.command("admin", "grant", "viewer@demo.arxos", building, "viewer")
    assert grant.returncode == 0, grant.stderr
    viewer = Person(url, "viewer")
    wait_for(lambda: "Vault" in names(viewer))
    pair.replays(False)
    try:
        assert running.command("admin", "grant", "viewer@demo.arxos", building, "none").returncode == 0
        assert "Vault" not in names(viewer)
        assert viewer.http.get(f"/api/v1/buildings/{building}/storey").status_code == 404
    finally:
        pair.replays(True)


def test_without_its_replica_the_server_goes_on_and_finds_it_again(url: str, owner: Person, pair: Pair):
    building = owner.building("Pier")
    pair.stop()
    rows = f"/api/v1/buildings/{building}/storey"
    owner.http.post(rows, json={"set": {"name": "Plank"}})
    assert owner.http.get(rows).json()["total"] == 1
    assert "Pier" in names(owner)
    away = lists_from(url)
    assert away["away"] >= 1
    pair.start()

    def back() -> bool:
        owner.http.get(rows, params={"limit": 7})
        return lists_from(url)["replica"] > away["replica"]

    wait_for(back, 60)
