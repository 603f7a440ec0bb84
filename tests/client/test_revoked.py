"""A role is lost while offline; a building is taken away; two people on one tablet (scenarios 15 and 26)."""

import json

import pytest

from tests.client.conftest import Tablet


@pytest.fixture
def technician(tmp_path, url, running, building):
    """A technician's tablet with the building, and a way to change their role."""

    def grant(role):
        assert running.command("admin", "grant", "technician@demo.arxos", building, role).returncode == 0

    grant("technician")
    return Tablet(tmp_path / "technician", url, "technician").set_up(building), grant


def storeys(tablet, *names):
    for name in names:
        tablet.run("add", "storey", f"name={name}")


def test_scenario_15_work_of_a_lost_role_is_refused_one_by_one_kept_and_exportable(technician, building, tmp_path):
    tablet, grant = technician
    tablet.run("sync")
    storeys(tablet, "One", "Two", "Three")
    grant("viewer")
    told = tablet.json("sync", code=1)
    assert (told["rejected"], told["receipts"], told["badge"]) == (3, 3, "rejected")
    assert tablet.json("list", "storey") == []
    waiting = tablet.json("conflicts")
    assert [one["problem"]["code"] for one in waiting] == ["forbidden"] * 3
    assert tablet.json("export-unsent", str(tmp_path / "kept.json"))["transactions"] == 3
    kept = json.loads((tmp_path / "kept.json").read_text())["scopes"][building]
    sent = [transaction["changes"][0]["set"]["name"] for transaction in kept]
    assert sent == ["One", "Two", "Three"]
    assert tablet.json("sync")["receipts"] == 0, "what was refused is not sent again by itself"
    grant("technician")
    tablet.run("resolve", waiting[0]["id"], "--take", "mine")
    tablet.run("resolve", waiting[1]["id"], "--take", "name=Two, mended")
    tablet.run("resolve", waiting[2]["id"], "--take", "theirs")
    assert tablet.json("sync")["badge"] == "saved"
    assert {row["name"] for row in tablet.json("list", "storey")} == {"One", "Two, mended"}


def test_scenario_26_a_building_taken_away_leaves_and_its_work_is_kept_here_and_for_administrators(
    technician, building, running, tmp_path
):
    tablet, grant = technician
    tablet.run("sync")
    storeys(tablet, "Unsent one", "Unsent two")
    grant("none")
    said = tablet.run("sync", code=1)
    assert "Now: " in said
    assert not (tablet.folder / "files" / f"{building}.sqlite").exists()
    status = tablet.json("status")
    assert building not in [one["scope"] for one in status["scopes"]]
    (notice,) = status["notices"]
    assert (notice["what"], notice["scope"], notice["count"], status["kept_aside"]) == ("revoked", building, 2, 2)
    words = "you may not read House any more; its file is gone from here. 2 unsent edits are kept"
    assert words in tablet.run("status")
    assert tablet.json("export-unsent", str(tmp_path / "kept.json"))["transactions"] == 2
    (aside,) = json.loads((tmp_path / "kept.json").read_text())["kept_aside"]
    assert [t["receipt"]["problem"]["code"] for t in aside["transactions"]] == ["forbidden", "forbidden"]
    listed = json.loads(running.command("admin", "quarantine", building, "--json").stdout)
    names = [one["transaction"]["changes"][0]["set"]["name"] for one in listed]
    assert sorted(names) == ["Unsent one", "Unsent two"]
    assert running.command("admin", "quarantine", building).stdout.count("insert storey") == 2
    assert len(tablet.json("notices", "--clear")["notices"]) == 1 and tablet.json("status")["notices"] == []


def test_two_people_never_share_a_directory_and_logging_out_keeps_unsent_work(technician, building):
    tablet, _ = technician
    tablet.run("sync")
    storeys(tablet, "Mine")
    other = Tablet(tablet.folder, tablet.url, "owner")
    assert other.json("login", "owner@demo.arxos", code=1)["problem"]["code"] == "forbidden"
    assert tablet.json("sync")["receipts"] == 1, "who was logged in still is"
    storeys(tablet, "Mine too")
    assert "1 unsent edit is kept here and goes out after the next login" in tablet.run("logout")
    assert tablet.json("status")["state"] == "login"
    assert tablet.json("sync", code=1)["pending"] == 1
    assert other.json("login", "owner@demo.arxos", code=1)["problem"]["code"] == "forbidden"
    tablet.run("login", "technician@demo.arxos")
    assert tablet.json("sync")["receipts"] == 1
