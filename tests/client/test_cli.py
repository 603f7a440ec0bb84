"""`arxos-device` as people and scripts use it."""

import io
import json
import os
import stat
import subprocess
import sys
import threading
import time

import pytest

from client_kit import show
from tests.client.conftest import Tablet

NOWHERE = "http://127.0.0.1:9"
B = "0192f3a0-0000-7000-8000-00000000000b"


@pytest.fixture
def offline(tmp_path):
    """A tablet that has never reached its server."""
    tablet = Tablet(tmp_path / "offline", NOWHERE)
    tablet.run("init", "--server", NOWHERE)
    tablet.run("subscribe", B, code=3)
    return tablet


def test_edits_are_recorded_without_a_network_and_kept_when_sync_cannot_reach_it(offline):
    values = ["name=D1", "systems+=hvac", "properties.width=1.5", "visit_count+=2", "heading_deg=90"]
    door = offline.json("add", "element", "ifc_class=IfcDoor", *values, "geometry=POINT Z (1 2.5 0.1)")["id"]
    deltas = ["systems+=fire", "systems-=hvac", "properties.colour=red", "visit_count+=1"]
    offline.run("edit", "element", door, "status=faulty", *deltas)
    row = offline.json("get", "element", door)
    assert row["geometry"] == {"type": "Point", "coordinates": [1.0, 2.5, 0.1]}
    assert (row["status"], row["systems"], row["visit_count"]) == ("faulty", ["fire"], 3)
    assert row["properties"] == {"width": 1.5, "colour": "red"}
    offline.run("sync", code=3)
    assert offline.scope(B)["pending"] == 2
    assert [one["op"] for one in offline.json("log", "element", door)] == ["insert", "update"]


def test_scenario_4_nothing_says_all_is_saved_after_a_network_error(offline):
    offline.run("add", "storey", "name=Ground")
    told = offline.json("sync", code=3)
    assert (told["badge"], told["pending"]) == ("trouble", 1)
    assert told["events"][0]["hint"] == "Your work is kept here; sync again when there is a network."
    assert "saved on the server" not in offline.run("sync", code=3)


def test_scenario_10_undo_takes_back_what_was_not_sent(offline):
    storey = offline.json("add", "storey", "name=Ground")["id"]
    assert offline.json("undo")["pending"] == 0
    assert offline.json("get", "storey", storey, code=1)["problem"]["code"] == "not_found"
    assert offline.json("undo", code=1)["problem"]["code"] == "forbidden"


def test_refusals_end_with_1_and_their_code_and_wrong_usage_with_2(offline):
    for words, code in [
        (("add", "nothing", "a=b"), "unknown_table"),
        (("add", "element", "name=x"), "invalid_value"),
        (("add", "storey", "name=x", "colour=red"), "unknown_column"),
        (("add", "storey", "name=x", "sequence=1"), "server_column"),
        (("add", "storey", "name=x", "outline=POINT (1 2)"), "invalid_value"),
        (("edit", "storey", B, "name=y"), "row_unknown"),
        (("delete", "storey", B), "row_unknown"),
    ]:
        assert offline.json(*words, code=1)["problem"]["code"] == code, words
    offline.run("frobnicate", code=2)
    offline.run("list", "storey", "--bbox", "1,2", code=2)
    assert offline.scope(B)["pending"] == 0


def test_export_unsent_writes_what_the_server_has_not_taken(offline, tmp_path):
    offline.run("add", "element", "ifc_class=IfcDoor", "geometry=POINT Z (1 2 3)", "--reason", "seen")
    file = tmp_path / "unsent.json"
    assert offline.json("export-unsent", str(file))["transactions"] == 1
    (transaction,) = json.loads(file.read_text())["scopes"][B]
    assert transaction["reason"] == "seen" and transaction["changes"][0]["set"]["geometry"].startswith(
        "01e903"
    )
    assert offline.json("unsubscribe", B, code=1)["problem"]["code"] == "forbidden"


def test_attach_keeps_the_bytes_and_says_where_they_are(offline, tmp_path):
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"not quite a photo")
    row = offline.json("get", "attachment", offline.json("attach", str(photo))["id"])
    assert row["bytes"] == "here, not yet on the server"
    assert (row["name"], row["byte_size"], row["media_type"]) == ("photo.jpg", 17, "image/jpeg")
    kept = offline.folder / "files" / "attachments" / B / row["sha256"]
    assert kept.read_bytes() == photo.read_bytes()


def test_list_filters_by_sql_and_by_box(offline):
    for x in (1, 5, 9):
        offline.run("add", "element", "ifc_class=IfcDoor", f"tag=T{x}", f"geometry=POINT Z ({x} {x} 0)")
    tags = lambda *words: [row["tag"] for row in offline.json("list", "element", *words)]  # noqa: E731
    assert tags("--bbox", "4,4,9,9") == ["T5", "T9"]
    assert tags("--where", "tag <> 'T5'") == ["T1", "T9"]
    assert tags("--limit", "2") == ["T1", "T5"]


def test_status_loads_nothing_it_does_not_need(offline):
    """It answers in under 300 ms on the machines we have seen because it leaves these alone."""
    heavy = {"httpx", "websockets", "rich", "sqlite_utils", "shapely", "pymupdf", "ezdxf", "ifcopenshell", "openai"}
    command = [sys.executable, "-X", "importtime", *offline.command("status")[1:]]
    told = subprocess.run(command, capture_output=True, text=True)
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in told.stderr.splitlines()}
    assert told.returncode == 0 and "client_kit" in loaded and not loaded & heavy


def test_doctor_names_each_finding_with_its_remedy(offline):
    found = {one["what"]: one for one in offline.json("doctor", code=1)}
    assert found["SpatiaLite"]["ok"] and found[f"file of {B}"]["found"] == "ok"
    assert not found["login"]["ok"] and "login EMAIL" in found["login"]["remedy"]


# ---------------------------------------------------------------- with a server


def test_credentials_are_for_their_person_alone(tablet):
    mode = os.stat(tablet("a").folder / "credentials.json").st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_two_tablets_and_a_conflict_from_end_to_end(tablet, building):
    a, b = tablet("a", building), tablet("b", building)
    values = ["name=D", "status=ok", "heading_deg=0.30000000000000004", "geometry=POINT Z (1 2 3)"]
    door = a.json("add", "element", "ifc_class=IfcDoor", *values)["id"]
    assert a.json("sync")["badge"] == "saved"
    b.run("sync")
    assert b.json("get", "element", door)["heading_deg"] == 0.1 + 0.2
    a.run("edit", "element", door, "status=faulty", "tag=A")
    b.run("edit", "element", door, "status=missing", "name=E")
    a.run("sync")
    assert b.json("sync")["conflicts"] == 1
    a.run("sync")
    one, other = a.json("get", "element", door), b.json("get", "element", door)
    assert one == other and (one["status"], one["name"], one["tag"]) == ("missing", "E", "A")
    (conflict,) = a.json("conflicts")
    assert (conflict["kept"], conflict["other"]) == ({"status": "missing"}, {"status": "faulty"})
    assert b.scope(building)["conflicts"] == 1
    a.run("resolve", conflict["id"], "--take", "mine")
    a.run("sync")
    b.run("sync")
    assert b.json("get", "element", door)["status"] == "faulty"
    assert a.json("conflicts") == b.json("conflicts") == []
    assert a.json("verify")["badge"] == "saved"
    assert a.scope(building)["suspect"] == [] and a.scope(building)["verified_at"]


def test_scenario_5_two_people_set_the_same_value_without_a_conflict(tablet, building):
    a, b = tablet("a", building), tablet("b", building)
    storey = a.json("add", "storey", "name=Ground")["id"]
    a.run("sync"), b.run("sync")
    for one in (a, b):
        one.run("edit", "storey", storey, "name=Erdgeschoss")
    assert a.json("sync")["conflicts"] == b.json("sync")["conflicts"] == 0
    assert b.json("conflicts") == []


def test_another_programs_edits_of_the_file_are_synced(tablet, building):
    a, b = tablet("a", building), tablet("b", building)
    storey = a.json("add", "storey", "name=Ground")["id"]
    a.run("sync")
    file = a.folder / "files" / f"{building}.sqlite"
    subprocess.run(["sqlite3", file, "update storey set name = 'By hand'"], check=True)
    polygon = "GeomFromText('POLYGON((0 0, 1 0, 1 1, 0 0))', -1)"
    subprocess.run(["ogrinfo", "-q", file, "-sql", f"update storey set outline = {polygon}"], check=True)
    assert a.json("sync")["receipts"] == 2
    b.run("sync")
    row = b.json("get", "storey", storey)
    assert row["name"] == "By hand" and row["outline"]["coordinates"][0][2] == [1.0, 1.0]


def test_a_refused_edit_leaves_the_row_and_does_not_hold_up_the_others(tablet, building):
    a = tablet("a", building)
    storey = a.json("add", "storey", "name=Ground")["id"]
    measured = a.json(
        "add", "measurement", "kind=length", "value=1.5", "target_table=storey", f"target_id={storey}"
    )["id"]
    a.run("sync")
    file = a.folder / "files" / f"{building}.sqlite"
    subprocess.run(["sqlite3", file, "update measurement set value = 9"], check=True)
    a.run("edit", "storey", storey, "name=First")
    assert a.json("sync", code=1)["rejected"] == 1
    assert a.json("get", "measurement", measured)["value"] == 1.5
    assert a.json("get", "storey", storey)["sequence"] > 0
    assert (a.scope(building)["rejected"], a.scope(building)["pending"]) == (1, 0)
    (refused,) = a.json("conflicts")
    assert (refused["problem"]["code"], refused["row_id"]) == ("append_only", measured)
    again = a.json("resolve", refused["id"], "--take", "mine", code=1)
    assert again["problem"]["code"] == "append_only", "what is known to be refused is not sent again"
    a.run("resolve", refused["id"], "--take", "theirs")
    assert a.json("conflicts") == [] and a.json("sync")["badge"] == "saved"
    b = tablet("b", building)
    assert b.json("get", "storey", storey)["name"] == "First"


def test_scenario_18_a_cloned_tablet_is_noticed_and_both_keep_their_work(tablet, building, tmp_path):
    a = tablet("a", building)
    a.run("add", "storey", "name=Ground")
    a.run("sync")
    subprocess.run(["cp", "-r", a.folder, tmp_path / "clone"], check=True)
    clone = Tablet(tmp_path / "clone", a.url)
    a.run("add", "storey", "name=From A")
    clone.run("add", "storey", "name=From the clone")
    a.run("sync")
    told = clone.json("sync")
    assert [one["pending"] for one in told["events"] if one["what"] == "fork"] == [1]
    assert told["badge"] == "saved"
    a.run("sync")
    names = {row["name"] for row in a.json("list", "storey")}
    assert names == {"Ground", "From A", "From the clone"}
    assert clone.json("status")["device"] != a.json("status")["device"]


def test_a_scope_that_nobody_may_read_leaves_the_tablet_and_unsent_work_is_kept(tablet, tmp_path):
    stranger = tablet("a")
    absent = "0192f3a0-0000-7000-8000-0000000abcde"
    stranger.run("subscribe", absent)
    assert not (stranger.folder / "files" / f"{absent}.sqlite").exists()
    assert all(one["scope"] != absent for one in stranger.json("status")["scopes"])


def test_buildings_lists_what_may_be_read_and_what_is_here(tablet, building):
    a = tablet("a", building)
    listed = {row["id"]: row for row in a.json("buildings")}
    assert listed[building]["subscribed"] is True and listed[building]["role"] == "owner"


def test_lines_of_several_threads_are_whole():
    """Each write lets the others run, as one to a terminal or a pipe may."""

    class Slow(io.StringIO):
        def write(self, text: str) -> int:
            count = super().write(text)
            time.sleep(0.001)
            return count

    out = Slow()

    def speak(number: int) -> None:
        for _ in range(20):
            show.whole_line(json.dumps({"n": number}), out)

    say = [threading.Thread(target=speak, args=[number]) for number in range(6)]
    for thread in say:
        thread.start()
    for thread in say:
        thread.join(30)
    assert sorted(json.loads(line)["n"] for line in out.getvalue().splitlines()) == sorted(list(range(6)) * 20)
