"""`arxos-device verify --content` against a real server: scenario 3, as a person meets it."""

from __future__ import annotations

from arxos_sync.storage.driver import connect


def unlogged(tablet, building, statement, *values):
    """Write to the file as something does that the triggers do not see."""
    connection = connect(tablet.folder / "files" / f"{building}.sqlite")
    connection.execute("update arxos_writing set capture = 0")
    connection.execute(statement, values)
    connection.execute("update arxos_writing set capture = 1")
    connection.close()


def test_scenario_3_what_differs_without_an_edit_is_noticed_by_verify_and_becomes_one(tablet, building):
    one, other = tablet("one", building), tablet("other", building)
    one.run("sync")
    door = one.json("add", "element", "ifc_class=IfcDoor", "name=Door", "tag=T1")["id"]
    one.run("sync")
    assert "mended" not in {event["what"] for event in one.json("verify", "--content")["events"]}

    unlogged(one, building, "update element set name = 'typed elsewhere' where id = ?", door)
    assert one.json("sync", "--verify")["events"] == [], "the sequences agree"
    (mended,) = [e for e in one.json("verify", "--content")["events"] if e["what"] == "mended"]
    assert (mended["table"], mended["leaves"], mended["recorded"]) == ("element", 1, 1)
    assert one.json("get", "element", door)["name"] == "typed elsewhere"
    other.run("sync")
    assert other.json("get", "element", door)["name"] == "typed elsewhere", "and it was sent at once"
    assert "mended" not in {event["what"] for event in one.json("verify", "--content")["events"]}

    unlogged(other, building, "delete from element where id = ?", door)
    other.run("verify", "--content")
    assert other.json("get", "element", door)["name"] == "typed elsewhere", "a row that was lost is back"
