"""What a tablet takes out of photos before it keeps them, as its server wants it, and what rows say of them then."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from arxos_sync.problems import Problem
from client_kit import attachments
from client_kit.formats import photo
from client_kit.replica import Home
from server.settings import SettingError, read_settings
from tests.client.conftest import Tablet
from tests.formats import photo_files as made
from tests.server.running import Person, Running


@pytest.fixture(scope="module", params=["keep", "all", None])
def tell(request: pytest.FixtureRequest) -> str | None:
    return request.param


@pytest.fixture(scope="module")
def running(tell: str | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("server")
    more = {"ARXOS_PHOTOS": tell} if tell else {}
    running = Running({"ARXOS_DATA_DIR": str(folder), "ARXOS_LOG": "error"} | more)
    running.make_people()
    yield running
    running.stop()


def test_a_photo_leaves_the_tablet_as_its_server_wants_it_and_arrives_as_it_was_kept(
    tell: str | None, url: str, owner: Person, tmp_path: Path
):
    building = owner.building()
    tablet = Tablet(tmp_path / "tablet", url).set_up(building)
    tablet.run("sync")
    content = made.jpeg(exif=made.told())
    (tmp_path / "leak.jpg").write_bytes(content)
    tablet.run("attach", str(tmp_path / "leak.jpg"))
    tablet.run("sync")
    wanted = photo.cleaned(content, tell or "place")
    assert (wanted == content) == (tell == "keep")
    (row,) = tablet.json("list", "attachment")
    assert row["sha256"] == hashlib.sha256(wanted).hexdigest() and row["byte_size"] == len(wanted)
    assert owner.http.get(f"/api/v1/attachments/{building}/{row['sha256']}").content == wanted
    assert (row["width"], row["height"]) == (made.SIZE[1], made.SIZE[0]), "as it is looked at"
    assert row.get("taken_at") == (None if tell == "all" else made.LOCAL)
    (tmp_path / "raw.raf").write_bytes(made.files()["raw"])
    said = tablet.run("attach", str(tmp_path / "raw.raf"), "--json", code=0 if tell == "keep" else 1)
    assert ("photo_tells" in said) == (tell != "keep")


def attached(tablet: Path, building: str, name: str, content: bytes) -> dict[str, Any]:
    (tablet.parent / name).write_bytes(content)
    home = Home(tablet)
    try:
        return attachments.attachment(home, building, tablet.parent / name, None).set or {}
    finally:
        home.close()


@pytest.mark.parametrize("tell", [None], indirect=True, scope="module")
def test_only_what_a_photo_says_and_what_a_tablet_knows_is_told(
    tell: str | None, url: str, owner: Person, tmp_path: Path
):
    """Without an offset by the building's zone, without a zone not at all; documents are let be, odd photos kept."""
    building, there = owner.building(), owner.building(timezone="Europe/Berlin")
    tablet = Tablet(tmp_path / "tablet", url).set_up(building)
    tablet.run("subscribe", there)
    content = made.saved("JPEG", exif=made.told(offset=None))
    assert "taken_at" not in attached(tablet.folder, building, "photo.jpg", content)
    assert attached(tablet.folder, there, "photo.jpg", content)["taken_at"] == made.LOCAL
    plan = made.files()["no picture"]
    assert attached(tablet.folder, building, "plan.pdf", plan)["sha256"] == hashlib.sha256(plan).hexdigest()
    cut = made.jpeg(exif=made.told())[:700]
    assert attached(tablet.folder, building, "cut.jpg", cut)["byte_size"] > 0
    with pytest.raises(Problem, match="raw.raf"):
        attached(tablet.folder, building, "raw.raf", made.files()["raw"])


def test_a_setting_that_is_none_is_named_at_the_start():
    with pytest.raises(SettingError, match="ARXOS_PHOTOS is 'some'; it can be keep, place, all"):
        read_settings({"ARXOS_PHOTOS": "some"}, Path("/nonexistent"))
