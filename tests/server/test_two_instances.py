"""Two instances behind nginx, over one PostGIS and one Redis, as a site runs them."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.operations.demo import PASSWORD
from server.parts import new_id
from tests import services
from tests.server.own_redis import OwnRedis
from tests.server.running import ROOT, Person, Running, wait_for

NAME = "two_instances"
REFUSED_S_MAX = 2.0
NGINX = """
{user}daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  {site}
}}
"""


class Site:
    def __init__(self, folder: Path) -> None:
        self.redis = OwnRedis()
        self.servers = Running({
            "ARXOS_DATA_DIR": str(folder / "data"), "ARXOS_LOG": "error", "ARXOS_REDIS_URL": self.redis.url,
            "ARXOS_DATABASE_URL": services.create_database(NAME),
        })  # fmt: skip
        self.servers.make_people()
        self.one, self.other = self.servers.start(), self.servers.start()
        port = services.free_port()
        self.url = f"http://127.0.0.1:{port}"
        config = folder / "nginx.conf"
        config.write_text(NGINX.format(
            user="user root;\n" if os.geteuid() == 0 else "", folder=folder,
            site=documented(self.one, self.other, port),
        ))  # fmt: skip
        program = "/usr/sbin/nginx" if Path("/usr/sbin/nginx").exists() else services.tool("nginx")
        self._nginx = subprocess.Popen([program, "-p", str(folder), "-c", str(config), "-e", str(folder / "error.log")])
        wait_for(self._answers)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def end(self) -> None:
        self._nginx.terminate()
        self._nginx.wait(10)
        self.servers.stop()
        self.redis.kill()
        services.drop_database(NAME)

    def ready(self) -> list[str]:
        return [httpx.get(f"{url}/readyz").json()["status"] for url in (self.one, self.other)]


def documented(one: str, other: str, port: int) -> str:
    """The configuration that docs/operations.md tells, at these addresses."""
    text = (ROOT / "docs/operations.md").read_text("utf-8").partition("```nginx\n")[2].partition("```")[0]
    for told, ours in (("127.0.0.1:8000", one), ("127.0.0.1:8001", other), ("listen 80", f"listen 127.0.0.1:{port}")):
        assert told in text
        text = text.replace(told, ours.removeprefix("http://"))
    return text


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("site"))
    yield made
    made.end()


def me(url: str, token: str) -> int:
    return httpx.get(f"{url}/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code


def storey(name: str) -> dict[str, Any]:
    return {"table": "storey", "id": new_id(), "op": "insert", "base": 0, "set": {"name": name}}


def test_a_session_ended_at_one_instance_is_refused_at_the_other_within_two_seconds(site: Site):
    person = Person(site.url, "technician")
    assert [me(site.one, person.token), me(site.other, person.token)] == [200, 200]
    gone = httpx.post(f"{site.one}/api/v1/auth/logout", headers={"Authorization": f"Bearer {person.token}"})
    assert gone.status_code == 204
    wait_for(lambda: me(site.other, person.token) == 401, REFUSED_S_MAX)
    assert me(site.url, person.token) == 401, "and so it is before nginx"


def test_a_person_shut_out_at_one_instance_is_refused_at_the_other(site: Site):
    admin, person = Person(site.one, "admin"), Person(site.other, "stranger")
    assert me(site.other, person.token) == 200
    shut = admin.http.post(f"/api/v1/admin/users/{person.id}/disable")
    assert shut.status_code == 200 and shut.json()["disabled_at"], shut.text
    wait_for(lambda: me(site.other, person.token) == 401, REFUSED_S_MAX)
    words = {"email": "stranger@demo.arxos", "password": PASSWORD}
    again = httpx.post(f"{site.other}/api/v1/auth/login", json=words)
    assert again.status_code == 401
    assert admin.http.post(f"/api/v1/admin/users/{person.id}/enable").json()["disabled_at"] is None
    assert me(site.other, person.token) == 401, "an ended login does not come back"
    assert Person(site.other, "stranger").id == person.id


def test_what_comes_through_nginx_is_no_neighbour(site: Site):
    assert httpx.get(f"{site.url}/metrics").status_code == 404
    forwarded = {"X-Forwarded-For": "203.0.113.9"}
    assert httpx.get(f"{site.one}/metrics", headers=forwarded).status_code == 401


def test_one_of_several_processes_tells_the_figures_of_all(site: Site):
    url = site.servers.start("--workers", "2")

    def counted() -> float:
        with httpx.Client(trust_env=False) as fresh:
            lines = fresh.get(f"{url}/metrics").text.splitlines()
        wanted = [line for line in lines if line.startswith("arxos_request_seconds_count") and "/api/v1/me" in line]
        return sum(float(line.rpartition(" ")[2]) for line in wanted)

    for _ in range(30):
        with httpx.Client(trust_env=False) as fresh:
            assert fresh.get(f"{url}/api/v1/me").status_code == 401
    assert {counted() for _ in range(10)} == {30.0}, "whichever is asked"


def test_redis_is_killed_and_wiped_while_people_work_and_nothing_opens_and_all_goes_on(site: Site):
    wait_for(lambda: site.ready() == ["ok", "ok"])
    owner, gone, viewer = (Person(site.url, word) for word in ("owner", "technician", "viewer"))
    building = owner.building("Works")
    worker = Working(site.url, building)
    assert me(site.other, gone.token) == 200
    worker.start()
    wait_for(lambda: worker.taken > 3, 60)

    site.redis.kill()
    wait_for(lambda: site.ready() == ["degraded", "degraded"])
    before = worker.taken
    wait_for(lambda: worker.taken > before + 3, 60)
    httpx.post(f"{site.one}/api/v1/auth/logout", headers={"Authorization": f"Bearer {gone.token}"})
    wait_for(lambda: me(site.other, gone.token) == 401, REFUSED_S_MAX)

    site.redis.start()
    wait_for(lambda: site.ready() == ["ok", "ok"], 30)
    before = worker.taken
    wait_for(lambda: worker.taken > before + 3, 60)
    worker.stop()
    assert [me(url, gone.token) for url in (site.one, site.other)] == [401, 401], "a wiped cache opens nothing"
    assert viewer.http.get(f"/api/v1/buildings/{building}").status_code == 404
    assert building not in {one["id"] for one in viewer.http.get("/api/v1/buildings").json()["items"]}
    found = owner.http.get(f"/api/v1/buildings/{building}/storey?limit=1").json()
    assert found["total"] == worker.taken and worker.others == [], "all that was taken is there, once"


class Working(threading.Thread):
    """Somebody whose tablet synchronises again and again, at whichever instance nginx picks."""

    def __init__(self, url: str, building: str) -> None:
        super().__init__(daemon=True)
        self._person, self._building = Person(url, "owner"), building
        self._over = threading.Event()
        self.taken, self.others = 0, list[Any]()

    def run(self) -> None:
        cursor, prior = None, None
        while not self._over.is_set():
            sent = self._person.transaction(storey(f"S{self.taken}"))
            answer = self._person.sync(self._building, cursor, sent, prior=prior)
            cursor, prior = answer["cursor"], {"n": sent["n"], "nonce": sent["nonce"]}
            outcomes = [one["outcome"] for one in answer["receipts"]]
            self.taken += outcomes == ["applied"]
            self.others += [one for one in outcomes if one != "applied"]

    def stop(self) -> None:
        self._over.set()
        self.join(30)
        assert not self.is_alive()
