"""Photos between tablets: kept before their row is, carried by a queue of their own, resumed wherever they were cut."""

from __future__ import annotations

import io
import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from arxos_sync.messages import Change
from arxos_sync.problems import Problem
from client_kit import attachments, reading, statuses
from client_kit.attachments_queue import Carried, Carrier, carry
from client_kit.http import Server
from client_kit.replica import Home, new_id, now_ms
from client_kit.sync import Loop
from server.attachments import files
from server.operations.demo import PASSWORD
from tests.client.conftest import Tablet
from tests.server.cutting import CuttingProxy
from tests.server.running import Person, Running, wait_for


def photo(file: Path, seed: int, size_px: int = 1200) -> Path:
    """A photo as large as its noise: about two thirds of a byte a pixel."""
    noise = random.Random(seed).randbytes(size_px * size_px * 3)
    out = io.BytesIO()
    Image.frombytes("RGB", (size_px, size_px), noise).save(out, "JPEG", quality=60)
    file.write_bytes(out.getvalue())
    return file


class Told(list[tuple[str, dict[str, Any]]]):
    def __call__(self, what: str, facts: dict[str, Any]) -> None:
        self.append((what, facts))

    def of(self, what: str) -> list[dict[str, Any]]:
        return [facts for told, facts in self if told == what]


class Pad:
    """A tablet in this process, for speed; `cli` is the same directory by commands."""

    def __init__(self, folder: Path, url: str, word: str, building: str) -> None:
        self.home, self.url, self.building, self.cli = Home(folder), url, building, Tablet(folder, url, word)
        device = self.home.create(url)
        device.user, device.scopes = Server(self.home).login(f"{word}@demo.arxos", PASSWORD).id, [building]
        self.home.save(device)
        self.sync()

    def attach(self, file: Path) -> None:
        change = attachments.attachment(self.home, self.building, file, None)
        self.home.replica(self.building).record([change], now_ms(), None)

    def sync(self, photos: bool = False, told: Told | None = None) -> Carried:
        loop = Loop(self.home, Server(self.home), told if told is not None else Told())
        loop.start()
        assert loop.problem is None, loop.problem
        return carry(loop, photos)

    def turn(self, told: Told, **more: Any) -> Carried:
        """The queue's turn alone."""
        return Carrier(self.home, Server(self.home), told, **more).run()

    def at(self, url: str) -> None:
        """Reach the server by this address from now on."""
        self.home.save(msgspec.structs.replace(self.home.device(), server=url))

    def rows(self) -> list[dict[str, Any]]:
        found = reading.rows(self.home.replica(self.building), "attachment", None, None, 100)
        return attachments.described(self.home, self.building, found)

    def row(self, name: str) -> dict[str, Any]:
        (found,) = [one for one in self.rows() if one["name"] == name]
        return found

    def words(self) -> dict[str, str]:
        return {row["name"]: row["bytes"] for row in self.rows()}

    def waiting(self) -> tuple[int, int, int]:
        found = statuses.of(self.home).attachments
        return found.waiting_up, found.waiting_down, found.bytes_up


@pytest.fixture
def proxy(url: str) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(url)
    yield proxy
    proxy.close()


@pytest.fixture
def pair(tmp_path: Path, url: str, running: Running, owner: Person) -> Iterator[tuple[Pad, Pad, str]]:
    """The owner's tablet and a technician's."""
    building = owner.building()
    assert running.command("admin", "grant", "technician@demo.arxos", building, "technician").returncode == 0
    a, b = Pad(tmp_path / "a", url, "owner", building), Pad(tmp_path / "b", url, "technician", building)
    yield a, b, building
    a.home.close()
    b.home.close()


def test_scenario_11_a_photo_is_said_to_be_on_anothers_device_until_it_is_there(
    pair: tuple[Pad, Pad, str], tmp_path: Path, proxy: CuttingProxy
):
    a, b, building = pair
    content = photo(tmp_path / "leak.jpg", 1).read_bytes()
    assert len(content) > 300_000
    a.cli.run("attach", str(tmp_path / "leak.jpg"))
    waiting = a.cli.json("status")["attachments"]
    assert waiting == {"waiting_up": 1, "waiting_down": 0, "bytes_up": len(content)}
    a.at(proxy.url)
    proxy.up = 100_000  # the row goes through, the photo does not
    assert a.cli.json("sync", code=3)["photos_sent"] == 0
    assert a.words() == {"leak.jpg": "here, not yet on the server"}
    b.sync()
    assert b.words() == {"leak.jpg": "not here yet, on Owner's device"}
    proxy.up = None
    told = a.cli.json("sync")
    assert (told["photos_sent"], told["badge"]) == (1, "saved")
    assert a.words() == {"leak.jpg": "here"} and a.waiting() == (0, 0, 0)
    b.sync()
    (listed,) = b.cli.json("list", "attachment")
    assert listed["bytes"] == "on the server"
    assert max(Image.open(attachments.thumbnail_of(b.home, building, listed["sha256"])).size) == 256
    assert b.waiting() == (0, 1, 0)
    assert "1 down" in b.cli.run("sync", "--photos")
    assert Path(b.row("leak.jpg")["file"]).read_bytes() == content
    assert b.waiting() == (0, 0, 0)


def test_scenario_12_a_cut_upload_and_a_cut_download_go_on_where_they_were_cut(
    pair: tuple[Pad, Pad, str], tmp_path: Path, proxy: CuttingProxy
):
    a, b, building = pair
    content = photo(tmp_path / "long.jpg", 2, 2400).read_bytes()
    size = len(content)
    assert size > 1_500_000, "more than one piece"
    a.attach(tmp_path / "long.jpg")
    a.at(proxy.url)
    told = Told()
    proxy.up = size * 6 // 10
    assert a.turn(told).problem is not None
    proxy.up, before = None, proxy.passed["up"]
    assert a.turn(told).sent == 1
    assert proxy.passed["up"] - before < size * 0.45, "what had come was not sent again"
    assert told.of("sending")[-1]["done"] == size
    a.sync()
    b.sync()
    b.at(proxy.url)
    proxy.down = size * 6 // 10
    assert b.turn(told, originals=True).problem is not None
    proxy.down, before = None, proxy.passed["down"]
    assert b.turn(told, originals=True).fetched == 1
    assert proxy.passed["down"] - before < size * 0.45, "nor fetched"
    b.at(a.url)
    assert Path(b.row("long.jpg")["file"]).read_bytes() == content


def test_a_photo_that_fails_stops_neither_the_others_nor_the_rows(pair: tuple[Pad, Pad, str], tmp_path: Path):
    a, b, building = pair
    for number, name in enumerate(("first.jpg", "second.jpg", "third.jpg")):
        a.attach(photo(tmp_path / name, 10 + number, 200))
    damaged = Path(a.row("first.jpg")["file"])
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    storey = new_id()
    a.home.replica(building).record([Change("storey", storey, "insert", set={"name": "Ground"})], now_ms(), None)
    told = Told()
    done = a.sync(told=told)
    assert (done.sent, done.failed, done.problem) == (2, 1, None)
    assert [one["code"] for one in told.of("photo_problem")] == ["wrong_hash"]
    assert a.words()["first.jpg"].startswith("here, not yet on the server (first.jpg is not what was attached")
    b.sync()
    assert (b.home.replica(building).row("storey", storey) or {})["name"] == "Ground"
    assert b.words()["second.jpg"] == b.words()["third.jpg"] == "on the server"
    damaged.write_bytes((tmp_path / "first.jpg").read_bytes())
    assert a.sync().sent == 1
    assert a.words()["first.jpg"] == "here"


def test_one_photo_alone_is_fetched_whole_when_it_is_asked_for(pair: tuple[Pad, Pad, str], tmp_path: Path):
    a, b, _ = pair
    for number, name in enumerate(("wanted.jpg", "other.jpg")):
        a.attach(photo(tmp_path / name, 20 + number, 200))
    a.sync()
    b.sync()
    b.cli.run("get", "attachment", b.row("wanted.jpg")["id"], "--photo")
    assert b.sync().fetched == 1
    assert b.words() == {"wanted.jpg": "here", "other.jpg": "on the server"}


def test_what_came_spoiled_is_thrown_away_and_fetched_anew(pair: tuple[Pad, Pad, str], tmp_path: Path):
    a, b, building = pair
    a.attach(photo(tmp_path / "photo.jpg", 30, 300))
    a.sync()
    b.sync()
    part = attachments.file_of(b.home, building, b.row("photo.jpg")["sha256"]).with_suffix(".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    part.write_bytes(b"of another photo")
    told = Told()
    assert b.sync(photos=True, told=told).failed == 1
    assert [one["code"] for one in told.of("photo_problem")] == ["wrong_hash"]
    assert not part.exists()
    assert b.sync(photos=True).fetched == 1
    assert Path(b.row("photo.jpg")["file"]).read_bytes() == (tmp_path / "photo.jpg").read_bytes()


def test_scenario_23_a_nearly_full_disk_refuses_photos_of_others_and_never_new_ones(
    pair: tuple[Pad, Pad, str], tmp_path: Path
):
    a, b, _ = pair
    a.attach(photo(tmp_path / "theirs.jpg", 40, 200))
    a.sync()
    b.sync()
    b.attach(photo(tmp_path / "mine.jpg", 41, 200))
    told = Told()
    done = b.turn(told, originals=True, free_bytes_min=2**62)
    assert (done.sent, done.fetched, done.problem) == (1, 0, None)
    assert told.of("disk_full") and b.row("theirs.jpg")["file"] is None


def test_a_photo_attached_twice_travels_once(pair: tuple[Pad, Pad, str], tmp_path: Path):
    a, b, _ = pair
    content = photo(tmp_path / "same.jpg", 50, 200)
    a.attach(content)
    a.attach(content)
    assert a.waiting()[0] == 1
    assert a.sync().sent == 1
    assert [one["bytes"] for one in a.rows()] == ["here", "here"]


def test_an_attached_file_that_changes_or_is_empty(pair: tuple[Pad, Pad, str], tmp_path: Path):
    a, _, _ = pair
    (tmp_path / "empty").touch()
    with pytest.raises(Problem) as caught:
        a.attach(tmp_path / "empty")
    assert caught.value.code == "too_large"
    file = photo(tmp_path / "photo.jpg", 60, 100)
    a.attach(file)
    kept = Path(a.row("photo.jpg")["file"])
    file.write_bytes(b"something else")
    assert kept.read_bytes() != b"something else"
    told = a.cli.json("unsubscribe", code=1)["problem"]
    assert told["code"] == "forbidden" and "1 photos" in told["detail"]


def test_scenario_26_unsent_photos_of_a_lost_building_go_to_the_quarantine_and_the_rest_leaves(
    pair: tuple[Pad, Pad, str], tmp_path: Path, running: Running
):
    a, b, building = pair
    a.attach(photo(tmp_path / "theirs.jpg", 70, 200))
    a.sync()
    b.sync(photos=True)
    theirs = Path(b.row("theirs.jpg")["file"])
    content = photo(tmp_path / "unsent.jpg", 71, 200).read_bytes()
    b.attach(tmp_path / "unsent.jpg")
    assert running.command("admin", "grant", "technician@demo.arxos", building, "none").returncode == 0
    assert b.sync().sent == 1
    assert not theirs.exists() and not (b.home.folder / "files" / "attachments" / building).exists()
    assert not (b.home.folder / "files" / "thumbnails" / building).exists()
    assert b.waiting() == (0, 0, 0)
    admin = Person(b.url, "admin").http
    kept = [one for one in admin.get("/api/v1/admin/quarantine").json()["items"] if one["scope"] == building]
    assert [admin.get(one["bytes"]).content for one in kept if one["bytes"]] == [content]


def test_photos_taken_from_a_lost_building_wait_on_the_device_while_there_is_no_network(
    pair: tuple[Pad, Pad, str], tmp_path: Path
):
    a, b, building = pair
    b.attach(photo(tmp_path / "unsent.jpg", 80, 200))
    assert attachments.put_aside(b.home, building) == 1
    assert b.waiting()[0] == 1
    (folder,) = attachments.set_aside_folders(b.home)
    assert [one.name for one in attachments.set_aside(folder)] == ["unsent.jpg"]


def test_watch_carries_photos_as_they_come_to_be(pair: tuple[Pad, Pad, str], tmp_path: Path):
    a, _, _ = pair
    command = a.cli.command("watch", "--json")
    watching = subprocess.Popen(command, env=a.cli.environment, stdout=subprocess.PIPE, text=True)
    try:
        a.attach(photo(tmp_path / "photo.jpg", 90, 200))
        assert watching.stdout is not None
        told = (json.loads(line) for line in watching.stdout)
        assert next(one["name"] for one in told if one["what"] == "sent") == "photo.jpg"
        wait_for(lambda: a.words() == {"photo.jpg": "here"})
    finally:
        watching.terminate()
        watching.wait(10)


def test_what_the_server_has_lost_is_sent_again_by_whoever_has_it(
    pair: tuple[Pad, Pad, str], tmp_path: Path, running: Running
):
    a, b, building = pair
    a.attach(photo(tmp_path / "photo.jpg", 100, 200))
    a.sync()
    b.sync(photos=True)
    sha256 = b.row("photo.jpg")["sha256"]
    files.file_of(Path(running.environment["ARXOS_DATA_DIR"]), building, sha256).unlink()
    assert Person(a.url, "owner").http.get(f"/api/v1/attachments/{building}/{sha256}").status_code == 404
    b.sync()  # which hears of it, and has a copy
    assert b.words() == {"photo.jpg": "here"}
    assert Person(a.url, "owner").http.get(f"/api/v1/attachments/{building}/{sha256}").status_code == 200
