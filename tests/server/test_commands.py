"""`arxos`: what a person types, and what it answers."""

from __future__ import annotations

import json
import signal
import stat
import time
from pathlib import Path

import httpx
import pytest

from server.operations.demo import PASSWORD
from server.settings import SettingError, read_settings
from tests.server.running import Person, Running

FZK, DUPLEX = "AC20-FZK-Haus.ifc", "Duplex_A_20110907_georeferenced.ifc"


@pytest.fixture
def fresh(tmp_path: Path) -> Running:
    return Running({"ARXOS_DATA_DIR": str(tmp_path / "var"), "ARXOS_LOG": "error"})


def test_a_fresh_server_answers_within_seconds_and_keeps_its_key_to_itself(
    fresh: Running, tmp_path: Path
) -> None:
    begun = time.monotonic()
    url = fresh.start()
    took_s = time.monotonic() - begun
    assert httpx.get(f"{url}/readyz").json()["status"] == "ok"
    key = tmp_path / "var" / "secret.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600 and len(key.read_text()) == 64
    fresh.stop()
    assert fresh.processes[0].returncode in (0, -signal.SIGTERM) and took_s < 10
    kept = key.read_text()
    fresh.processes.clear()
    fresh.start()
    fresh.stop()
    assert key.read_text() == kept


def test_more_workers_than_one_are_refused_on_the_embedded_default(fresh: Running) -> None:
    done = fresh.command("serve", "--workers", "2")
    assert (
        done.returncode == 2 and "ARXOS_DATABASE_URL" in done.stderr and "one writing process" in done.stderr
    )


def test_several_workers_serve_one_postgis(fresh: Running, postgis_url: str) -> None:
    fresh.environment["ARXOS_DATABASE_URL"] = postgis_url
    fresh.make_people()
    url = fresh.start("--workers", "2")
    owner = Person(url, "owner")
    scopes = [owner.building(f"House {number}") for number in range(8)]
    for scope in scopes:  # a connection each, so that both workers answer
        assert Person(url, "owner").sync(scope)["head"] == 1
    fresh.stop()


def test_a_database_that_is_not_there_is_said_in_a_line(fresh: Running) -> None:
    fresh.environment["ARXOS_DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/arxos"
    done = fresh.command("serve")
    assert done.returncode == 1 and "unavailable" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(("name", "value"), [
    ("ARXOS_DATABASE_URL", "mysql://host/arxos"),
    ("ARXOS_REDIS_URL", "localhost:6379"),
    ("ARXOS_PUBLIC_URL", "arxos.example.org"),
    ("ARXOS_LOG", "loud"),
])  # fmt: skip
def test_a_wrong_setting_is_named_with_its_remedy(fresh: Running, name: str, value: str) -> None:
    fresh.environment[name] = value
    done = fresh.command("serve")
    assert done.returncode == 2 and name in done.stderr and value in done.stderr


def test_settings_come_from_a_file_and_the_environment_wins(tmp_path: Path) -> None:
    (tmp_path / "arxos.toml").write_text('data_dir = "there"\nlog = "debug"\n')
    settings = read_settings({"ARXOS_LOG": "warning"}, tmp_path)
    assert settings.data_dir == Path("there") and settings.log == "warning"
    (tmp_path / "arxos.toml").write_text('colour = "red"\n')
    with pytest.raises(SettingError, match="colour"):
        read_settings({}, tmp_path)


def test_the_demo_fills_an_empty_store_once(fresh: Running) -> None:
    url = fresh.start("--demo")
    technician = Person(url, "technician")
    (item,) = technician.http.get("/api/v1/buildings").json()["items"]
    assert item["name"] == "Harbour House" and item["role"] == "technician" and item["footprint"]
    rows = f"/api/v1/buildings/{item['id']}"
    assert technician.http.get(f"{rows}/storey").json()["total"] == 12
    assert technician.http.get(f"{rows}/element?limit=1").json()["total"] >= 3000
    people = technician.http.get(f"{rows}/member").json()["items"]
    assert {m["set"]["role"] for m in people} == {"owner", "technician", "reviewer", "viewer"}
    plans = technician.http.get(f"{rows}/attachment").json()["items"]
    assert len(plans) == 12
    for plan in plans:
        answer = technician.http.get(f"/api/v1/attachments/{item['id']}/{plan['set']['sha256']}")
        assert answer.status_code == 200 and answer.content.startswith(b"%PDF")
    assert Person(url, "admin").http.get("/api/v1/me").json()["admin"] is True
    assert fresh.command("admin", "verify").returncode == 0
    head = item["head"]
    fresh.stop()
    fresh.processes.clear()
    again = Person(fresh.start("--demo"), "owner").http.get("/api/v1/buildings").json()
    assert again["total"] == 1 and again["items"][0]["head"] == head
    fresh.stop()


@pytest.mark.parametrize(("name", "storeys", "spaces"), [(DUPLEX, 4, 21), (FZK, 2, 7)])
def test_a_model_imported_twice_is_there_once(
    running: Running, url: str, shared_data: Path, name: str, storeys: int, spaces: int
) -> None:
    file = str(shared_data / "ifc" / name)
    first = json.loads(_done(running, "import", file, "--as", "owner@demo.arxos", "--json"))
    assert first["inserted"]["storey"] == storeys and first["inserted"]["space"] == spaces
    assert first["rejected"] == [] and first["inserted"]["element"] > 0
    second = json.loads(_done(running, "import", file, "--as", "owner@demo.arxos", "--json"))
    assert second["building"] == first["building"] and second["inserted"] == second["changed"] == {}
    owner = Person(url, "owner")
    rows = f"/api/v1/buildings/{first['building']}"
    assert owner.http.get(f"{rows}/storey").json()["total"] == storeys
    head = owner.sync(first["building"])["head"]

    space = owner.http.get(f"{rows}/space").json()["items"][0]
    owner.http.patch(f"{rows}/space/{space['id']}", json={"set": {"number": "renumbered"}})
    third = json.loads(_done(running, "import", file, "--as", "owner@demo.arxos", "--json"))
    assert third["changed"] == {"space": 1} and third["inserted"] == {}
    assert owner.sync(first["building"])["head"] == head + 2
    assert owner.http.get(f"{rows}/space/{space['id']}").json()["set"]["number"] == space["set"]["number"]


def _done(running: Running, *words: str) -> str:
    done = running.command(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_file_that_is_no_model_is_refused_with_a_remedy(running: Running, tmp_path: Path) -> None:
    file = tmp_path / "poem.ifc"
    file.write_text("not a model")
    done = running.command("import", str(file), "--as", "owner@demo.arxos")
    assert done.returncode == 1 and "poem.ifc" in done.stderr


def test_people_are_made_with_a_password_from_standard_input(running: Running, url: str) -> None:
    done = running.command(
        "admin", "create-user", "new@demo.arxos", "--name", "Nora New", given=f"{PASSWORD}\n"
    )
    assert done.returncode == 0, done.stderr
    assert Person(url, "new").http.get("/api/v1/me").json()["name"] == "Nora New"
    again = running.command("admin", "create-user", "NEW@demo.arxos", given=f"{PASSWORD}\n")
    assert again.returncode == 1 and "invalid" in again.stderr
    assert running.command("admin", "create-user", "short@demo.arxos", given="123\n").returncode == 2


def test_doctor_names_what_is_wrong_with_its_remedy(fresh: Running, tmp_path: Path) -> None:
    fresh.environment["ARXOS_REDIS_URL"] = "redis://127.0.0.1:1/0"
    found = {f["what"]: f for f in json.loads(fresh.command("doctor", "--json").stdout)}
    assert found["store"]["ok"] and found["clock"]["ok"]
    assert not found["redis"]["ok"] and "ARXOS_REDIS_URL" in found["redis"]["remedy"]
    key = tmp_path / "var" / "secret.key"
    key.write_text("00" * 32)
    key.chmod(0o644)
    lines = fresh.command("doctor").stdout
    assert f"chmod 600 {key}" in lines


def test_verify_finds_a_row_that_was_changed_behind_the_servers_back(tmp_path: Path) -> None:
    from arxos_sync.storage import driver, spatialite_server

    server = Running({"ARXOS_DATA_DIR": str(tmp_path / "var"), "ARXOS_LOG": "error"})
    server.make_people()
    building = Person(server.start(), "owner").building()
    server.stop()
    assert server.command("admin", "verify", building).returncode == 0
    connection = driver.connect(tmp_path / "var" / spatialite_server.FILE)
    connection.execute("update building set sequence = 99")
    connection.close()
    done = server.command("admin", "verify", building)
    assert done.returncode == 1 and "building" in done.stdout


def test_openapi_lists_the_routes(fresh: Running) -> None:
    described = json.loads(fresh.command("openapi").stdout)
    assert {"/api/v1/sync", "/api/v1/buildings", "/api/v1/auth/login"} <= set(described["paths"])
