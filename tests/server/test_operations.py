"""Jobs, metrics, lines in the log, health, and how a server stops."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from server.jobs import kinds, work
from server.parts import Parts, new_id, now
from tests.server.running import Person, Running, wait_for


@pytest.fixture
def admin(url: str) -> Person:
    return Person(url, "admin")


def job(person: Person, id: str) -> dict[str, Any]:
    return dict(person.http.get(f"/api/v1/jobs/{id}").json())


# ---------------------------------------------------------------- jobs


def test_a_job_is_asked_for_done_and_told_with_its_result(owner: Person, building: str, stranger: Person):
    asked = owner.http.post("/api/v1/jobs", json={"kind": "snapshot", "building_id": building})
    assert asked.status_code == 202, asked.text
    id = asked.json()["id"]
    assert asked.headers["Location"] == f"/api/v1/jobs/{id}"
    done = wait_for(lambda: (one := job(owner, id))["state"] not in ("waiting", "running") and one, 30)
    assert (done["state"], done["progress"], done["result"]["sequence"]) == ("done", 1.0, 1)
    assert stranger.http.get(f"/api/v1/jobs/{id}").status_code == 404
    assert id in {one["id"] for one in owner.http.get("/api/v1/jobs?state=done").json()["items"]}
    assert stranger.http.get("/api/v1/jobs").json() == {"items": [], "next": None, "total": 0}


def test_who_may_not_ask_is_told_why_and_nothing_waits(owner: Person, building: str, stranger: Person, nobody: Person):
    def asks(person: Person, **body: Any) -> tuple[int, str]:
        answer = person.http.post("/api/v1/jobs", json=body)
        return answer.status_code, answer.json()["code"]

    before = owner.http.get("/api/v1/jobs").json()["total"]
    assert asks(owner, kind="backup") == (403, "forbidden")
    assert asks(owner, kind="dance") == (422, "invalid")
    assert asks(owner, kind="snapshot") == (422, "invalid")
    assert asks(stranger, kind="snapshot", building_id=building) == (404, "not_found")
    assert asks(nobody, kind="snapshot", building_id=building) == (401, "unauthenticated")
    assert owner.http.get("/api/v1/jobs").json()["total"] == before


def test_jobs_come_page_by_page_to_an_administrator(admin: Person, owner: Person, building: str):
    ids = {
        owner.http.post("/api/v1/jobs", json={"kind": "snapshot", "building_id": building}).json()["id"]
        for _ in range(3)
    }
    seen, more = [], ""
    while more is not None:
        page = admin.http.get("/api/v1/jobs", params={"limit": 2, **({"next": more} if more else {})}).json()
        seen += [one["id"] for one in page["items"]]
        more = page["next"]
    assert ids <= set(seen) and len(seen) == len(set(seen)) == page["total"]
    assert admin.http.get("/api/v1/jobs?next=nonsense").status_code == 422


def test_of_two_processes_one_does_a_job(parts: Parts, running: Running):
    ran: list[str] = []
    once = {"once": work.Kind("once", "admin", lambda p, w: ran.append(w.job.id))}
    with parts.store.tables() as sql:
        ids = {work.ask(sql, "once") for _ in range(5)}
    with ThreadPoolExecutor(2) as both:
        list(both.map(lambda _: work.work(parts, once), range(2)))
    assert sorted(ran) == sorted(ids)


def test_jobs_of_kinds_that_nobody_here_knows_block_none(parts: Parts):
    ran: list[str] = []
    with parts.store.tables() as sql:
        strange = [work.ask(sql, "of a later version") for _ in range(30)]
        id = work.ask(sql, "known")
    assert work.work(parts, {"known": work.Kind("known", "admin", lambda p, w: ran.append(w.job.id))}) == 1
    assert ran == [id]
    with parts.store.tables() as sql:
        assert {job.state for one in strange if (job := work.find(sql, one))} == {"waiting"}, "for who knows them"
        for one in strange:
            work.cancel(sql, one)


def test_a_job_whose_process_died_is_taken_up_again_but_not_for_ever(parts: Parts):
    def dies(_: Parts, working: work.Working) -> None:
        with parts.store.tables() as sql:
            sql.run("update job set held_until = :now, held_by = :who where id = :id",
                    id=working.job.id, now=now(), who=new_id())  # fmt: skip

    kind = {"dies": work.Kind("dies", "admin", dies)}
    with parts.store.tables() as sql:
        id = work.ask(sql, "dies")
    assert work.work(parts, kind) == work.TRIES_MAX
    with parts.store.tables() as sql:
        found = work.find(sql, id)
    assert found is not None and found.state == "failed" and "each time" in (found.problem or "")


def test_a_job_that_fails_says_why(parts: Parts):
    def fails(_: Parts, __: work.Working) -> None:
        raise ValueError("no paper left")

    with parts.store.tables() as sql:
        id = work.ask(sql, "fails")
    work.work(parts, {"fails": work.Kind("fails", "admin", fails)})
    with parts.store.tables() as sql:
        found = work.find(sql, id)
    assert found is not None and (found.state, found.problem) == ("failed", "ValueError: no paper left")


def test_a_job_is_cancelled_where_it_waits_and_where_it_runs(parts: Parts, admin: Person):
    begun, over = threading.Event(), threading.Event()

    def slow(_: Parts, working: work.Working) -> None:
        begun.set()
        while not over.wait(0.05):
            working.went(0.5)

    kind = {"slow": work.Kind("slow", "admin", slow)}
    with parts.store.tables() as sql:
        running, waiting = work.ask(sql, "slow"), work.ask(sql, "unknown")
    thread = threading.Thread(target=work.work, args=(parts, kind))
    thread.start()
    assert begun.wait(10)
    assert admin.http.delete(f"/api/v1/jobs/{running}").status_code == 200
    assert admin.http.delete(f"/api/v1/jobs/{waiting}").json()["state"] == "cancelled"
    thread.join(10)
    over.set()
    assert job(admin, running)["state"] == "cancelled"


def test_a_day_has_one_backup_however_many_ask(parts: Parts, tmp_path: Path):
    settings = msgspec.structs.replace(parts.settings, backup_dir=tmp_path)
    one, other = (msgspec.structs.replace(parts, settings=settings) for _ in range(2))
    with parts.store.tables() as sql:
        sql.run("delete from job where kind in ('backup', 'prune')")
    with ThreadPoolExecutor(2) as both:
        list(both.map(kinds.ask_for_the_day, (one, other)))
    work.work(one, kinds.KINDS)
    wait_for(lambda: kinds.last_backup(parts), 30)
    assert len(list(tmp_path.glob("arxos-*.tar"))) <= 1, "the server, who has no such setting, may have done it"
    with parts.store.tables() as sql:
        assert sql.rows("select count(*) as count from job where kind = 'backup'") == [{"count": 1}]


# ---------------------------------------------------------------- what is told


def test_metrics_count_what_was_done_and_are_not_for_everybody(
    url: str, owner: Person, building: str, nobody: Person, admin: Person
):
    def figure(name: str) -> float:
        lines = nobody.http.get("/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))

    before = figure("arxos_merge_total{")
    owner.sync(building, None, owner.transaction(
        {"table": "storey", "id": new_id(), "op": "insert", "base": 0, "set": {"name": "Ground", "position": 0}}))
    assert figure("arxos_merge_total{") == before + 1
    assert figure("arxos_sync_seconds_count") >= 1 and figure("arxos_request_seconds_count") >= 1
    with connect(url.replace("http", "ws") + "/ws", additional_headers={"Authorization": f"Bearer {owner.token}"}):
        wait_for(lambda: figure("arxos_sockets ") == 1)
    forwarded = {"X-Forwarded-For": "203.0.113.9"}
    assert nobody.http.get("/metrics", headers=forwarded).status_code == 401
    assert owner.http.get("/metrics", headers=forwarded).status_code == 403
    assert admin.http.get("/metrics", headers=forwarded).status_code == 200


def test_a_request_keeps_the_id_it_brings_and_strange_ones_are_replaced(nobody: Person):
    def id_of(given: str) -> str:
        return nobody.http.get("/healthz", headers={"X-Request-Id": given}).headers["X-Request-Id"]

    assert id_of("trace-7.a") == "trace-7.a"
    assert id_of('x" injected') != 'x" injected' and len(id_of("y" * 200)) == 36


def test_lines_of_the_log_name_request_person_and_device_and_no_secret(running: Running, tmp_path: Path):
    apart = Running(running.environment | {"ARXOS_LOG": "info"})
    log = tmp_path / "log"
    port_url, process = start_logged(apart, log)
    try:
        person = Person(port_url, "owner")
        building = person.building()
        person.post(person.request(building), **{"X-Request-Id": "look-here"})
        lines = [json.loads(line) for line in wait_for(lambda: whole_lines(log, "look-here"))]
    finally:
        process.terminate()
        process.wait(20)
    (line,) = [one for one in lines if one.get("request") == "look-here"]
    assert (line["user"], line["device"], line["route"], line["status"]) == (
        person.id, person.device, "/api/v1/sync", 200)  # fmt: skip
    assert line["ms"] > 0 and line["level"] == "info"
    assert person.token not in log.read_text() and person.refresh_token not in log.read_text()


def start_logged(running: Running, log: Path) -> tuple[str, subprocess.Popen[bytes]]:
    from tests import services

    port = services.free_port()
    with open(log, "wb") as out:
        process = subprocess.Popen(running._command("serve", "--port", str(port)), env=running.environment, stderr=out)
    url = f"http://127.0.0.1:{port}"
    wait_for(lambda: answers(url), 60)
    return url, process


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def whole_lines(log: Path, word: str) -> list[str]:
    lines = log.read_text().splitlines()
    return lines if any(word in line and line.endswith("}") for line in lines) else []


# ---------------------------------------------------------------- stopping


def test_a_server_told_to_stop_says_so_answers_what_it_took_and_is_gone_in_ten_seconds(running: Running):
    apart = Running(running.environment)
    url = apart.start()
    (process,) = apart.processes
    person = Person(url, "owner")
    building = person.building()
    over, broken, answered = threading.Event(), [], []

    def edit(number: int) -> None:
        with httpx.Client(base_url=url, headers=dict(person.http.headers), timeout=20, trust_env=False) as http:
            while not over.is_set():
                try:
                    answer = http.patch(f"/api/v1/buildings/{building}", json={"set": {"code": f"{number}"}})
                    answered.append(answer.status_code)
                except (httpx.ConnectError, httpx.RemoteProtocolError, httpx.ReadError) as error:
                    broken.append(error)
                    return

    bearer = {"Authorization": f"Bearer {person.token}"}
    address = url.replace("http", "ws") + "/ws"
    with connect(address, additional_headers=bearer) as socket, ThreadPoolExecutor(4) as crowd:
        for number in range(4):
            crowd.submit(edit, number)
        wait_for(lambda: len(answered) > 8, 60)
        process.send_signal(signal.SIGTERM)
        wait_for(lambda: person.http.get("/readyz").status_code == 503)
        process.wait(10)
        over.set()
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(5)
    assert set(answered) == {200}, "what was taken was answered"
    assert closed.value.rcvd is not None and closed.value.rcvd.code in (1012, 1001)
    assert process.returncode in (0, -signal.SIGTERM)


def test_a_worker_does_jobs_where_servers_do_not_and_a_backup_that_fails_is_told(tmp_path: Path):
    nowhere = tmp_path / "file" / "beneath"
    nowhere.parent.write_text("no folder")
    apart = Running({
        "ARXOS_DATA_DIR": str(tmp_path), "ARXOS_LOG": "error", "ARXOS_JOBS": "worker",
        "ARXOS_BACKUP_DIR": str(nowhere),
    })  # fmt: skip
    apart.make_people()
    process = None
    try:
        person = Person(apart.start(), "owner")
        asked = person.http.post("/api/v1/jobs", json={"kind": "snapshot", "building_id": person.building()})
        assert job(person, asked.json()["id"])["state"] == "waiting"
        process = subprocess.Popen(apart._command("worker"), env=apart.environment, stdout=subprocess.PIPE)
        done = wait_for(lambda: (one := job(person, asked.json()["id"]))["finished_at"] and one, 60)
        assert done["state"] == "done"
        told = wait_for(lambda: (one := person.http.get("/readyz")).json()["backup"] == "failed" and one, 60)
        assert (told.status_code, told.json()["status"]) == (200, "degraded")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        apart.stop()
        if process is not None:
            process.kill()
