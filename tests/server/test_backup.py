"""Backups over both stores: made while people work, verified, drilled, restored elsewhere into a new life; pruning."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest

from arxos_sync.problems import Problem
from server.app import open_attachments, open_parts
from server.operations import backup, prune, restore
from server.parts import Parts, instant, now, now_ms
from server.settings import Settings, read_settings
from tests import services
from tests.server.running import Person, Running
from tests.server.test_attachments import add_row, bytes_of, upload

DAY_MS = 86_400_000


def settings_of(running: Running) -> Settings:
    return read_settings(running.environment, Path("/nonexistent"))


@pytest.fixture
def parts(running: Running) -> Iterator[Parts]:
    opened = open_parts(settings_of(running))
    yield opened
    opened.store.close()


@pytest.fixture
def elsewhere(running: Running, tmp_path: Path) -> Iterator[Settings]:
    """An empty place of the same kind."""
    place = msgspec.structs.replace(settings_of(running), data_dir=tmp_path / "elsewhere", backup_dir=None)
    if place.database_url is None:
        yield place
        return
    name = f"elsewhere_{os.getpid()}_{tmp_path.name.lower()[:20]}"
    yield msgspec.structs.replace(place, database_url=services.create_database(name))
    services.drop_database(name)


@pytest.fixture
def made(parts: Parts, owner: Person, building: str, tmp_path: Path) -> Path:
    """A backup of a building with one photo."""
    photo = bytes_of(7, 10_000)
    add_row(owner, building, photo)
    upload(owner, building, photo)
    return Path(backup.back_up(parts, tmp_path).file)


def environment_of(running: Running, place: Settings) -> dict[str, str]:
    more = {"ARXOS_DATA_DIR": str(place.data_dir)}
    return running.environment | more | ({"ARXOS_DATABASE_URL": place.database_url} if place.database_url else {})


def command(environment: dict[str, str], running: Running, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(running._command(*words), env=environment, text=True, capture_output=True)


# ---------------------------------------------------------------- backup and restore


def test_a_backup_is_restored_elsewhere_and_a_device_that_knows_more_brings_it_back(
    running: Running, owner: Person, building: str, made: Path, elsewhere: Settings
):
    before = owner.sync(building)
    owner.http.patch(f"/api/v1/buildings/{building}", json={"set": {"name": "Later"}})
    ahead = owner.sync(building, before["cursor"])
    environment = environment_of(running, elsewhere)
    done = command(environment, running, "admin", "restore", str(made), "--yes", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["attachments"] == 1 and told["epoch"] != told["former_epoch"]
    there = Running({**environment})
    try:
        url = there.start()
        token = {"Authorization": f"Bearer {owner.token}"}  # signed by the key that came with it
        photo = httpx.get(f"{url}/api/v1/attachments/{building}/{hash_in(made)}", headers=token)
        assert photo.content == bytes_of(7, 10_000)
        again = Person(url, "owner")
        again.device = owner.device
        assert again.sync(building, ahead["cursor"])["state"] == "diverged", "it is another life"
        marks = [[one["head"], one["salt"]] for one in (before, ahead)]
        found = again.http.post("/api/v1/sync/heal", json={"scope": building, "marks": marks}).json()
        assert found["mark"] == before["head"], "both remember the moment of the backup"
        assert httpx.get(f"{url}/api/v1/buildings/{building}", headers=token).json()["name"] == "House"
    finally:
        there.stop()


def hash_in(file: Path) -> str:
    with backup.opened_backup(file) as (_, manifest):
        return next(Path(name).name for name in manifest.members if name.startswith("attachments/"))


def test_a_backup_holds_photos_database_and_key_and_only_its_owner_reads_it(made: Path, parts: Parts):
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    manifest = backup.verify_file(made)
    assert {Path(name).name for name in manifest.members} >= {"secret.key", "vapid.pem", hash_in(made)}
    assert manifest.epoch == parts.epoch and manifest.counts["attachment"] >= 1
    with tarfile.open(made) as tar:
        key = tar.extractfile("secret.key")
        assert key is not None and key.read() == parts.settings.key_file.read_bytes()


def test_a_damaged_backup_is_refused_before_anything_is_written(made: Path, elsewhere: Settings):
    with tarfile.open(made) as tar:
        photo = tar.getmember(next(name for name in tar.getnames() if name.startswith("attachments/")))
    with open(made, "r+b") as file:
        file.seek(photo.offset_data + 5_000)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 1]))
    with pytest.raises(Problem, match="damaged"):
        restore.restore(elsewhere, open_attachments(elsewhere), made, None, False)
    assert not elsewhere.data_dir.exists()
    made.write_bytes(made.read_bytes()[:3_000])
    with pytest.raises(Problem, match="no whole backup"):
        backup.verify_file(made)


def test_a_store_that_is_there_is_replaced_only_where_it_is_named(
    made: Path, elsewhere: Settings, running: Running
):
    lying = open_attachments(elsewhere)
    first = restore.restore(elsewhere, lying, made, None, False)
    with pytest.raises(Problem, match="holds a store already"):
        restore.restore(elsewhere, lying, made, None, False)
    with pytest.raises(Problem, match="holds a store already"):
        restore.restore(elsewhere, lying, made, "another", False)
    name = urlsplit(elsewhere.database_url or "").path.strip("/") or elsewhere.data_dir.name
    second = restore.restore(elsewhere, lying, made, name, True)
    assert second.epoch != first.epoch
    parts = open_parts(elsewhere)
    try:
        assert parts.epoch == second.epoch
        with parts.store.tables() as sql:
            assert not sql.rows("select id from session where revoked_at is null"), "every login was ended"
    finally:
        parts.store.close()


def test_a_drill_verifies_every_building_and_leaves_nothing(made: Path, running: Running, building: str):
    settings = settings_of(running)
    databases = databases_there(settings)
    drilled = restore.drill(settings, made)
    assert drilled.ok and building in {one.scope for one in drilled.verified}
    assert databases_there(settings) == databases


def databases_there(settings: Settings) -> list[Any]:
    if settings.database_url is None:
        return []
    import psycopg

    with psycopg.connect(settings.database_url) as connection:
        return connection.execute("select datname from pg_database where datname like 'arxos_drill%'").fetchall()


def test_a_drill_tells_what_the_manifest_has_and_the_store_has_not(
    made: Path, running: Running, monkeypatch: pytest.MonkeyPatch
):
    manifest = backup.verify_file(made)
    more = {name: count + 1 for name, count in manifest.counts.items()}
    spoiled = msgspec.structs.replace(manifest, counts=more)
    monkeypatch.setattr(backup, "verify_file", lambda file: spoiled)
    drilled = restore.drill(settings_of(running), made)
    assert not drilled.ok and len(drilled.differing) == len(more)


def test_a_backup_that_could_not_be_finished_leaves_nothing(parts: Parts, tmp_path: Path):
    def went(share: float) -> None:
        raise RuntimeError("the lights went out")

    folder = tmp_path / "out"
    with pytest.raises(RuntimeError):
        backup.back_up(parts, folder, went if parts.settings.database_url is None else went)
    assert list(folder.iterdir()) == []


# ---------------------------------------------------------------- migrate, prune


def test_several_processes_may_bring_one_store_up_to_date(running: Running, elsewhere: Settings):
    environment = environment_of(running, elsewhere)
    check = command(environment, running, "admin", "migrate", "--check", "--json")
    assert check.returncode == 1 and "schema 1" in json.loads(check.stdout)["missing"]
    processes = [
        subprocess.Popen(running._command("admin", "migrate"), env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], said
    assert command(environment, running, "admin", "migrate", "--check").returncode == 0


def test_what_is_old_goes_and_what_is_needed_stays(parts: Parts, owner: Person, building: str):
    old = instant(now_ms() - 400 * DAY_MS)
    with parts.store.tables() as sql:
        for number, at in enumerate((old, now())):
            id = f"00000000-0000-4000-8000-00000000000{number}"
            sql.run("delete from job where id = :id", id=id)
            sql.run(
                """
                insert into job (id, kind, state, created_at, finished_at)
                values (:id, 'verify', 'done', :at, :at)
                """,
                id=id, at=at,
            )  # fmt: skip
            sql.run("delete from access_log where id = :id", id=id)
            sql.run("insert into access_log (id, at, action) values (:id, :at, 'read')", id=id, at=at)
    left = parts.settings.data_dir / "uploads" / "ab" / "ab.part"
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(b"half")
    os.utime(left, (0, 0))
    dry = prune.prune(parts, dry=True)
    assert (dry.rows["job"], dry.rows["access_log"], dry.files["uploads"], dry.bytes) == (1, 1, 1, 4)
    assert left.exists()
    before = counted(parts)
    gone = prune.prune(parts)
    assert (gone.rows, gone.files) == (dry.rows, dry.files) and not left.exists()
    assert counted(parts) == before, "nothing that a device may ask for has gone"
    assert prune.prune(parts).rows == dict.fromkeys(gone.rows, 0)
    assert owner.sync(building)["state"] == "ok"


def counted(parts: Parts) -> list[int]:
    with parts.store.tables() as sql:
        return [
            int(sql.rows(f"select count(*) as count from {name}")[0]["count"])
            for name in ("change_log", "receipt", "quarantine", "conflict")
        ]


def test_old_backups_go_and_the_newest_always_stays(parts: Parts, tmp_path: Path):
    files = [tmp_path / f"arxos-2020-01-0{day}-x.tar" for day in (1, 2, 3)]
    for file in files:
        file.write_bytes(b"x")
        os.utime(file, (0, 0))
    kept = msgspec.structs.replace(parts, settings=msgspec.structs.replace(parts.settings, backup_dir=tmp_path))
    assert prune.old_backups(kept) == files[:2]
