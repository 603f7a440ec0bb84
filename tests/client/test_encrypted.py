"""Replicas encrypted at rest: nothing on the disk without the key, and everything works with it."""

import json
import shutil
import sqlite3
import subprocess

import pytest

from tests.client.conftest import Tablet

SECRET = "correct horse battery staple"
WORDS = [b"Find this name", b"Found by sync", b"CREATE TABLE", b"SQLite format 3"]


def encrypted(folder, url, word="owner", **environment):
    tablet = Tablet(folder, url, word)
    tablet.environment |= environment
    tablet.run("init", "--server", url, "--encrypt")
    return tablet


@pytest.fixture(params=["passphrase", "keyring"])
def unlocked(request, tmp_path):
    """The environment that opens an encrypted directory."""
    if request.param == "passphrase":
        return {"ARXOS_PASSPHRASE": SECRET}
    named = {"PYTHON_KEYRING_BACKEND": "tests.client.file_keyring.FileKeyring"}
    return named | {"ARXOS_TEST_KEYRING": str(tmp_path / "keyring.json")}


def files_of(tablet):
    return [f for f in tablet.folder.rglob("*") if f.is_file() and ".sqlite" in f.name]


def nothing_readable(tablet):
    found = files_of(tablet)
    for file in found:
        content = file.read_bytes()
        assert not [word for word in WORDS if word in content], file.name
        if file.suffix == ".sqlite":
            assert len(set(content[:16])) > 8, "the header looks random"
            with pytest.raises(sqlite3.DatabaseError, match="not a database"):
                sqlite3.connect(file).execute("select count(*) from sqlite_master")
    return len(found)


def test_an_encrypted_tablet_edits_syncs_undoes_and_shows_and_the_disk_tells_nothing(
    tmp_path, url, building, tablet, unlocked
):
    plain = tablet("plain", building)
    mine = encrypted(tmp_path / "mine", url, **unlocked)
    mine.run("login", "owner@demo.arxos")
    mine.run("subscribe", building)
    ground = mine.json("add", "storey", "name=Find this name", "outline=POLYGON ((0 0, 9 0, 9 9, 0 0))")["id"]
    door = mine.json("add", "element", "ifc_class=IfcDoor", "geometry=POINT Z (5 5 0)", f"storey_id={ground}")["id"]
    assert [row["id"] for row in mine.json("list", "element", "--bbox", "4,4,6,6")] == [door], "the R*Tree works"
    mine.run("edit", "element", door, "geometry=POINT Z (50 50 0)")
    assert mine.json("undo")["pending"] == 2
    assert mine.json("sync")["badge"] == "saved"
    plain.run("sync")
    assert plain.json("get", "element", door)["geometry"] == {"type": "Point", "coordinates": [5.0, 5.0, 0.0]}
    plain.run("edit", "storey", ground, "name=Found by sync")
    plain.run("sync")
    assert mine.json("sync", "--verify")["badge"] == "saved"
    assert mine.json("get", "storey", ground)["name"] == "Found by sync"
    status = mine.json("status")
    assert status["storage"]["encrypted"] is True and plain.json("status")["storage"]["encrypted"] is False
    assert {one["found"] for one in mine.json("doctor") if one["what"].startswith("file of")} == {"ok"}
    assert nothing_readable(mine) >= 3


def test_without_the_key_nothing_opens_and_nothing_is_spoilt(tmp_path, url, building):
    mine = encrypted(tmp_path / "mine", url, ARXOS_PASSPHRASE=SECRET)
    mine.run("subscribe", building, code=1)
    mine.run("add", "storey", "name=Find this name")
    before = {file: file.read_bytes() for file in files_of(mine) if file.suffix == ".sqlite"}
    mine.environment["ARXOS_PASSPHRASE"] = "wrong"
    for words in (("status",), ("list", "storey"), ("add", "storey", "name=Other"), ("sync",)):
        problem = mine.json(*words, code=1)["problem"]
        assert problem["code"] == "forbidden" and "the key does not open" in problem["detail"], words
    del mine.environment["ARXOS_PASSPHRASE"]
    assert "no passphrase was given" in mine.json("status", code=1)["problem"]["detail"]
    assert {file: file.read_bytes() for file in before} == before
    mine.environment["ARXOS_PASSPHRASE"] = SECRET
    assert [row["name"] for row in mine.json("list", "storey")] == ["Find this name"]


def test_a_large_building_arrives_encrypted_and_never_as_a_plain_file(tmp_path, url, owner, building):
    id = "0192f3a0-0000-7000-8000-{:012x}".format
    changes = [
        {"table": "storey", "id": id(n), "op": "insert", "set": {"name": f"Found by sync {n}"}} for n in range(3_000)
    ]
    owner.sync(building, None, owner.transaction(*changes))
    mine = encrypted(tmp_path / "mine", url, ARXOS_PASSPHRASE=SECRET)
    mine.run("login", "owner@demo.arxos")
    mine.run("subscribe", building)
    assert mine.scope(building)["suspect"] == []
    assert len(mine.json("list", "storey", "--limit", "5000")) == 3_000
    assert nothing_readable(mine) >= 3
    assert not list(mine.folder.rglob("*.snapshot")) and not list(mine.folder.rglob("*.part"))


def test_what_is_exported_is_plain_and_said_to_be_and_what_is_kept_aside_is_not(tmp_path, url, running, building):
    running.command("admin", "grant", "technician@demo.arxos", building, "technician")
    mine = encrypted(tmp_path / "mine", url, "technician", ARXOS_PASSPHRASE=SECRET)
    mine.run("login", "technician@demo.arxos")
    mine.run("subscribe", building)
    mine.run("add", "storey", "name=Find this name")
    said = subprocess.run(
        mine.command("export-unsent", str(tmp_path / "out.json")), env=mine.environment, capture_output=True, text=True
    )
    assert "the file that is written now is not" in said.stderr
    assert b"Find this name" in (tmp_path / "out.json").read_bytes()
    running.command("admin", "grant", "technician@demo.arxos", building, "none")
    mine.run("sync", code=1)
    assert mine.json("status")["kept_aside"] == 1
    assert nothing_readable(mine) >= 2 and not list((mine.folder / "quarantine").glob("*.json"))
    mine.run("export-unsent", str(tmp_path / "aside.json"))
    (aside,) = json.loads((tmp_path / "aside.json").read_text())["kept_aside"]
    assert aside["transactions"][0]["changes"][0]["set"]["name"] == "Find this name"


def test_a_directory_moved_to_another_machine_opens_with_its_passphrase(tmp_path, url):
    mine = encrypted(tmp_path / "mine", url, ARXOS_PASSPHRASE=SECRET)
    shutil.copytree(mine.folder, tmp_path / "moved")
    moved = Tablet(tmp_path / "moved", url)
    moved.environment["ARXOS_PASSPHRASE"] = SECRET
    assert moved.json("status")["device"] == mine.json("status")["device"]
