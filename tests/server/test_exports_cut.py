"""Exports whose job is cancelled, fails, or dies with its process; and the command that needs no job."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from arxos_sync import limits
from server.exports import job as exports
from server.exports import making
from server.jobs import work
from server.jobs.kinds import KINDS
from server.operations import drain
from server.parts import Parts, new_id, now
from tests.server.mailbox import rows
from tests.server.running import ROOT, Person, Running, wait_for
from tests.server.test_exports import activity, ask, fetch
from tests.server.test_features import furnish

MANY = 12_000  # elements: enough to be caught at it


@pytest.fixture(scope="module")
def url(running: Running) -> Iterator[str]:
    """A server that leaves jobs to others: these tests are the worker."""
    running.environment["ARXOS_JOBS"] = "worker"
    yield running.start()


def asked(person: Person, building: str, format: str = "csv") -> str:
    answer = ask(person, building, format)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def job(person: Person, id: str) -> dict[str, Any]:
    return dict(person.http.get(f"/api/v1/jobs/{id}").json())


def drafts(parts: Parts) -> list[Path]:
    return list((parts.settings.data_dir / "exports").glob(".draft-*"))


def left_nothing(person: Person, building: str, id: str, parts: Parts) -> bool:
    return parts.attachments.size(exports.name_of(building, id)) is None and activity(person, building, id) is None


def own(run: Any) -> dict[str, work.Kind]:
    return {"export": work.Kind("export", "own", run)}


def test_one_that_waits_is_cancelled_and_leaves_nothing(owner: Person, building: str, parts: Parts):
    id = asked(owner, building)
    row = activity(owner, building, id)
    assert row is not None and row["state"] == "waiting" and row["download_count"] == 0
    assert owner.http.delete(f"/api/v1/jobs/{id}").json()["state"] == "cancelled"
    exports.keep_house(parts)
    assert work.work(parts, KINDS) == 0 and left_nothing(owner, building, id, parts)


def test_one_that_is_cancelled_while_it_is_made_leaves_nothing(owner: Person, building: str, parts: Parts):
    id = asked(owner, building)

    def cancelled(parts: Parts, working: work.Working) -> Any:
        assert owner.http.delete(f"/api/v1/jobs/{id}").json()["state"] == "running"
        return exports.run(parts, working)

    assert work.work(parts, own(cancelled)) == 1
    assert job(owner, id)["state"] == "cancelled" and left_nothing(owner, building, id, parts) and not drafts(parts)


def test_one_that_fails_says_why_to_who_asked_and_is_over_after_a_week(
    owner: Person, building: str, parts: Parts, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(limits, "EXPORT_ROWS_MAX", 0)
    id = asked(owner, building)
    work.work(parts, KINDS)
    failed = job(owner, id)
    assert failed["state"] == "failed" and failed["problem"].startswith("too_large: 1 rows")
    row = activity(owner, building, id)
    assert row is not None and row["state"] == "failed" and row["expires_at"] > now()
    assert fetch(owner, building, id).status_code == 404 and not drafts(parts)


@pytest.mark.parametrize(("bound", "value", "code"), [("EXPORT_BYTES_MAX", -1, "too_large"),
                                                      ("SERVER_FREE_BYTES_MIN", 2**62, "storage_full")])  # fmt: skip
def test_a_file_that_grows_too_large_is_not_kept(
    owner: Person, building: str, parts: Parts, monkeypatch: pytest.MonkeyPatch, bound: str, value: int, code: str
):
    monkeypatch.setattr(limits, bound, value)
    id = asked(owner, building)
    work.work(parts, KINDS)
    assert job(owner, id)["problem"].startswith(code) and not drafts(parts)
    assert parts.attachments.size(exports.name_of(building, id)) is None


def test_who_lost_the_building_before_it_was_made_gets_no_file(url: str, owner: Person, parts: Parts, running: Running):
    building, viewer = owner.building(), Person(url, "viewer")
    running.command("admin", "grant", "viewer@demo.arxos", building, "viewer")
    id = asked(viewer, building)
    running.command("admin", "grant", "viewer@demo.arxos", building, "none")
    work.work(parts, KINDS)
    assert job(viewer, id)["problem"].startswith("not_found")
    assert parts.attachments.size(exports.name_of(building, id)) is None


def test_a_process_that_is_told_to_stop_leaves_the_rest_to_another(
    owner: Person, building: str, parts: Parts, monkeypatch: pytest.MonkeyPatch
):
    id = asked(owner, building)

    def stopped(parts: Parts, working: work.Working) -> Any:
        monkeypatch.setattr(drain, "begun", lambda: True)
        return exports.run(parts, working)

    assert work.work(parts, own(stopped)) == 1
    assert job(owner, id)["state"] == "waiting"
    monkeypatch.undo()
    assert work.work(parts, KINDS) == 1
    assert job(owner, id)["state"] == "done" and fetch(owner, building, id).status_code == 200


def test_one_whose_worker_is_killed_is_made_by_the_next(owner: Person, parts: Parts, running: Running):
    building = owner.building()
    storey = furnish(owner, building)
    for first in range(0, MANY, 4_000):
        changes = [
            {"table": "element", "id": new_id(), "op": "insert", "base": 0,
             "set": {"storey_id": storey, "ifc_class": "IfcPump", "name": f"P{first + n}"}}
            for n in range(4_000)
        ]  # fmt: skip
        owner.device, owner.n = new_id(), 0
        assert owner.sync(building, None, owner.transaction(*changes))["receipts"][0]["outcome"] == "applied"
    id = asked(owner, building, "gpkg")
    command = running._command("worker")
    worker = subprocess.Popen(command, env=running.environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    wait_for(lambda: drafts(parts) or worker.poll() is not None, 60)
    worker.send_signal(signal.SIGKILL)
    worker.wait(20)
    assert job(owner, id)["state"] == "running", "it was killed at it"
    assert work.work(parts, KINDS) == 0, "somebody may still be at it"
    with parts.store.tables() as sql:
        sql.run("update job set held_until = :now where id = :id", id=id, now=now())
    assert work.work(parts, KINDS) == 1
    result = job(owner, id)["result"]
    assert result["rows"] == result["of"] == MANY + 6 and len(fetch(owner, building, id).content) == result["bytes"]


def test_what_was_made_before_its_process_died_is_not_made_again(owner: Person, building: str, parts: Parts):
    id = asked(owner, building)

    def dies(parts: Parts, working: work.Working) -> Any:
        """After its last step, before anybody is told that it is done."""
        exports.run(parts, working)
        with parts.store.tables() as sql:
            sql.run("update job set held_until = :now, held_by = :who where id = :id", id=id, now=now(), who=new_id())

    assert work.work(parts, own(dies)) == work.TRIES_MAX
    before = fetch(owner, building, id)
    owner.http.patch(f"/api/v1/buildings/{building}", json={"set": {"name": "Another"}})
    with parts.store.tables() as sql:
        sql.run("update job set state = 'running', tries = 1, held_until = :now where id = :id", id=id, now=now())
    assert work.work(parts, KINDS) == 1
    after = fetch(owner, building, id)
    assert job(owner, id)["state"] == "done" and after.content == before.content


def test_one_that_died_each_time_is_told_as_failed(owner: Person, building: str, parts: Parts):
    id = asked(owner, building)
    with parts.store.tables() as sql:
        sql.run("update job set state = 'failed', finished_at = :now where id = :id", id=id, now=now())
    exports.keep_house(parts)
    row = activity(owner, building, id)
    assert row is not None and row["state"] == "failed"


# ---------------------------------------------------------------- without a server


def test_the_command_writes_the_same_without_a_job(owner: Person, building: str, running: Running, tmp_path: Path):
    storey = furnish(owner, building)
    file = tmp_path / "house.geojson"
    words = ("export", building, "--format", "geojson", "-o", str(file))
    done = running.command(*words, "--storey", storey, "--table", "element", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["bytes"] == file.stat().st_size
    told = json.loads(file.read_text("utf-8"))
    assert len(told["features"]) == 4 and told["arxos"]["storeys"] == [storey]
    assert rows(running, "select 1 from audit_log where action = 'export building'")
    assert sorted(tmp_path.iterdir()) == [file], "nothing else is left there"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("{new}", "--format", "csv", "-o", "{file}"), 1, "not_found"),
        (("{building}", "--format", "dwg", "-o", "{file}"), 2, "csv, geojson, gpkg"),
        (("{building}", "--format", "csv", "--table", "user", "-o", "{file}"), 1, "invalid"),
        (("{building}", "--format", "csv", "-o", "/nonexistent/x.zip"), 1, "/nonexistent"),
    ],
)
def test_the_command_says_what_was_wrong(
    owner: Person, building: str, running: Running, tmp_path: Path, words: tuple[str, ...], code: int, said: str
):
    given = [word.format(new=new_id(), building=building, file=tmp_path / "x") for word in words]
    done = running.command("export", *given)
    assert done.returncode == code and said in done.stderr, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_every_format_has_a_writer_and_an_ending() -> None:
    assert making.FORMATS.keys() == making.ENDINGS.keys()
