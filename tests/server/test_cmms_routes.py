"""`/api/v1/cmms`, by HTTP, over running servers: connections, their log, and work orders as files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.server.reference_cmms import SECRET, Cmms
from tests.server.running import Person, Running, wait_for


@pytest.fixture(scope="module")
def url(running: Running) -> Iterator[str]:
    running.environment["ARXOS_OUTBOUND_ALLOW"] = "127.0.0.0/8"
    yield running.start()


@pytest.fixture
def cmms() -> Iterator[Cmms]:
    with Cmms() as made:
        yield made


MAPPINGS = [
    {"ours": "number", "theirs": "code"}, {"ours": "title", "theirs": "summary"},
    {"ours": "state", "theirs": "status", "words": {"open": "NEW", "in_progress": "WIP", "done": "FINISHED"}},
]  # fmt: skip


def tie(who: Person, building: str, cmms: Cmms, **given: Any) -> str:
    body = {"building_id": building, "url": f"{cmms.url}/api", "secret": SECRET, "mappings": MAPPINGS, **given}
    answer = who.http.post("/api/v1/cmms/connections", json=body)
    assert answer.status_code == 201, answer.text
    assert SECRET not in answer.text and answer.json()["has_secret"]
    return f"/api/v1/cmms/connections/{answer.json()['id']}"


def orders(who: Person, building: str) -> list[dict[str, Any]]:
    return list(who.http.get(f"/api/v1/cmms/buildings/{building}/work-orders?format=json").json()["items"])


def test_a_connection_synchronises_by_itself_and_when_asked_and_keeps_a_log(
    owner: Person, building: str, cmms: Cmms
):
    cmms.add(code="B-1", summary="Filter", status="WIP")
    path = tie(owner, building, cmms, name="Works")
    assert owner.http.post(f"{path}/test").json() == {"answers": True, "problem": None}
    wait_for(lambda: len(orders(owner, building)) == 1, 30)
    (order,) = orders(owner, building)
    assert (order["number"], order["title"], order["state"]) == ("B-1", "Filter", "in_progress")
    change = owner.http.patch(
        f"/api/v1/buildings/{building}/work_order/{order['id']}", json={"set": {"title": "Two filters"}}
    )
    assert change.status_code == 200, change.text

    def sent() -> bool:
        answer = owner.http.post(f"{path}/sync").json()
        assert answer["state"] in ("done", "busy"), answer
        return cmms.live()[0]["summary"] == "Two filters"

    wait_for(sent, 30)
    first = owner.http.get(f"{path}/log?limit=1").json()
    assert first["total"] >= 2 and first["items"][0]["outcome"] == "updated" and first["next"]
    rest = owner.http.get(f"{path}/log", params={"next": first["next"]}).json()
    assert rest["items"] and rest["items"][-1]["detail"]["theirs"] == "WO-1"
    assert owner.http.get(f"{path}/log?outcome=updated").json()["total"] == 1
    assert owner.http.patch(path, json={"paused": True}).json()["paused_at"]
    assert owner.http.post(f"{path}/sync").json()["state"] == "paused"
    listed = owner.http.get("/api/v1/cmms/connections", params={"building": building})
    assert listed.json()["total"] == 1 and SECRET not in listed.text and "gAAAA" not in listed.text
    assert owner.http.delete(path).status_code == 204
    assert owner.http.get(path).json()["code"] == "not_found"
    assert len(orders(owner, building)) == 1, "the work orders stay"


def test_a_system_that_does_not_answer_as_it_should_is_told(owner: Person, building: str, cmms: Cmms):
    cmms.fails = True
    path = tie(owner, building, cmms)
    answer = owner.http.post(f"{path}/test").json()
    assert not answer["answers"] and "500 we are being repaired" in answer["problem"]
    wait_for(lambda: owner.http.get(path).json()["problem"], 30)
    cmms.fails = False
    owner.http.patch(path, json={"secret": "wrong"})
    assert "does not let us in" in owner.http.post(f"{path}/test").json()["problem"]


def test_only_managers_of_the_building_come_near_its_connections(
    owner: Person, stranger: Person, nobody: Person, building: str, cmms: Cmms
):
    path = tie(owner, building, cmms)
    for answer in (stranger.http.get(path), stranger.http.post(f"{path}/sync"), stranger.http.delete(path)):
        assert answer.json()["code"] == "not_found"
    body = {"building_id": building, "url": f"{cmms.url}/api"}
    assert stranger.http.post("/api/v1/cmms/connections", json=body).json()["code"] == "not_found"
    assert nobody.http.get("/api/v1/cmms/connections").status_code == 401
    assert stranger.http.get("/api/v1/cmms/connections").json()["items"] == []


def test_what_cannot_be_a_connection_is_refused_by_name(owner: Person, building: str, cmms: Cmms):
    mapped = {"ours": "title", "theirs": "x"}
    for given, code in [
        ({"url": "https://192.168.0.1/"}, "address_refused"), ({"kind": "soap"}, "invalid"),
        ({"secret": "two\nlines"}, "invalid"), ({"mappings": [{"ours": "sequence", "theirs": "x"}]}, "invalid"),
        ({"mappings": [mapped | {"theirs": "id"}]}, "invalid"), ({"name": "x" * 300}, "invalid"),
        ({"mappings": [{"ours": "state", "theirs": "x", "words": {"sleeping": "Z"}}]}, "invalid"),
        ({"mappings": [mapped, mapped | {"theirs": "y"}]}, "invalid"), ({"else": 1}, "invalid"),
        ({"mappings": [mapped | {"direction": "up"}]}, "invalid"), ({"building_id": "x"}, "not_found"),
    ]:  # fmt: skip
        body = {"building_id": building, "url": f"{cmms.url}/api", **given}
        answer = owner.http.post("/api/v1/cmms/connections", json=body)
        assert answer.json()["code"] == code, answer.text
    assert owner.http.get("/api/v1/cmms/connections", params={"building": building}).json()["total"] == 0


# ---------------------------------------------------------------- files


def send(who: Person, building: str, text: str | bytes, **asked: Any) -> dict[str, Any]:
    content = text.encode() if isinstance(text, str) else text
    answer = who.http.post(f"/api/v1/cmms/buildings/{building}/work-orders", content=content, params=asked)
    return dict(answer.json())


GOOD = (
    "number;title;kind;state;priority;due_on\r\n"
    "W-1;Leak;corrective;in_progress;2;2026-03-01\r\n"
    "W-2;;preventive;;;\r\n"
)


def test_a_file_is_tried_first_and_then_taken_and_taken_again_changes_nothing(owner: Person, building: str):
    tried = send(owner, building, GOOD, dry_run=True)
    assert (tried["dry_run"], tried["added"], tried["problems"]) == (True, 2, [])
    assert orders(owner, building) == [], "a trial keeps nothing"
    assert send(owner, building, GOOD)["added"] == 2
    one, two = orders(owner, building)
    assert (one["state"], one["priority"], one["due_on"], two["title"]) == ("in_progress", 2, "2026-03-01", None)
    again = send(owner, building, GOOD)
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, 2)
    changed = send(owner, building, "number,state,title\nW-1,done,Leak\nW-2,open,Filter\n")
    assert (changed["changed"], changed["problems"]) == (2, [])
    assert [(o["state"], o["title"]) for o in orders(owner, building)] == [("done", "Leak"), ("open", "Filter")]


def test_a_bad_line_is_told_with_its_place_and_the_good_ones_stand(owner: Person, building: str):
    told = send(
        owner, building,
        "number,title,kind,state,priority\n"
        'G-1,"two\nlines",corrective,,1\n'
        "B-1,x,corrective,,high\n"
        "B-2,x,someday,,\n"
        ",x,corrective,,\n"
        "G-1,x,corrective,,\n"
        "B-3,x,,,\n"
        "B-4,x,corrective,,,and more\n"
        "\n"
        "G-2,x,corrective,closed,\n",
    )  # fmt: skip
    assert told["added"] == 2
    assert [(p["line"], p["code"], p["field"]) for p in told["problems"]] == [
        (4, "invalid_value", "priority"), (5, "invalid_value", "kind"), (6, "invalid_value", "number"),
        (7, "invalid_value", "number"), (8, "invalid_value", "kind"), (9, "unknown_column", ""),
    ]  # fmt: skip
    assert [(o["number"], o["title"], o["state"]) for o in orders(owner, building)] == [
        ("G-1", "two\nlines", "open"), ("G-2", "x", "closed"),
    ]  # fmt: skip


def test_json_goes_in_and_out_alike(owner: Person, building: str):
    sent = [{"number": "J-1", "kind": "emergency", "priority": 1}, {"number": "J-2"}, 7]
    told = send(owner, building, json.dumps({"items": sent}), format="json")
    assert told["added"] == 1 and [p["line"] for p in told["problems"]] == [2, 3]
    path = f"/api/v1/cmms/buildings/{building}/work-orders"
    items = owner.http.get(path, params={"format": "json"})
    assert send(owner, building, items.content, format="json")["unchanged"] == 1
    assert owner.http.get(path, params={"format": "json", "kind": "corrective"}).json() == {"items": []}
    assert owner.http.get(path, params={"format": "json", "kind": "nonsense"}).json()["code"] == "invalid"


def test_a_text_that_a_spreadsheet_takes_for_a_formula_goes_out_as_text_and_comes_back_as_it_was(
    owner: Person, building: str
):
    titles = ["=cmd|' /C calc'!A0", "+1", "-1", "@sum", "\tx", "'=1", "plain", 'a "quoted", one\nof two lines']
    items = [{"number": f"F-{n}", "kind": "corrective", "title": title} for n, title in enumerate(titles)]
    assert send(owner, building, json.dumps(items), format="json")["added"] == len(titles)
    answer = owner.http.get(f"/api/v1/cmms/buildings/{building}/work-orders")
    assert answer.headers["content-type"].startswith("text/csv") and "work-orders.csv" in answer.headers[
        "content-disposition"
    ]
    cells = [row["title"] for row in csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))]
    assert not [cell for cell in cells if cell[:1] in "=+-@\t"]
    assert send(owner, building, answer.content) == {
        "dry_run": False, "added": 0, "changed": 0, "unchanged": len(titles), "conflicts": 0, "problems": [],
    }  # fmt: skip


def test_what_other_systems_call_a_work_order_goes_in_and_out_and_stays_where_a_file_does_not_name_it(
    owner: Person, building: str
):
    """In a cell of CSV as in JSON."""
    given = {"number": "X-1", "kind": "corrective", "external_ids": {"Works": "4711"}}
    assert send(owner, building, json.dumps([given]), format="json")["added"] == 1
    cells = 'number,kind,external_ids\nX-1,corrective,"{""Desk"": ""D-7""}"\nX-2,corrective,not JSON\n'
    told = send(owner, building, cells)
    assert told["changed"] == 1 and [(p["line"], p["field"]) for p in told["problems"]] == [(3, "external_ids")]
    assert send(owner, building, "number,external_ids\nX-1,\n")["unchanged"] == 1
    path = f"/api/v1/cmms/buildings/{building}/work-orders"
    (item,) = owner.http.get(path, params={"format": "json"}).json()["items"]
    assert item["external_ids"] == {"Works": "4711", "Desk": "D-7"}
    (row,) = csv.DictReader(io.StringIO(owner.http.get(path).content.decode("utf-8-sig"), newline=""))
    assert json.loads(row["external_ids"]) == item["external_ids"]
    assert send(owner, building, owner.http.get(path).content)["unchanged"] == 1


def test_files_that_came_and_went_stand_in_a_log_and_trials_do_not(
    running: Running, owner: Person, stranger: Person, building: str
):
    send(owner, building, GOOD, dry_run=True)
    send(owner, building, "number,kind\nL-1,corrective\nL-2,someday\n")
    owner.http.get(f"/api/v1/cmms/buildings/{building}/work-orders")
    path = f"/api/v1/cmms/buildings/{building}/log"
    went, came = owner.http.get(path).json()["items"]
    assert (went["direction"], went["outcome"], went["detail"]["work_orders"]) == ("out", "exported", 1)
    assert (came["direction"], came["outcome"], came["detail"]["who"]) == ("in", "imported", owner.id)
    assert (came["detail"]["added"], came["detail"]["wrong"]) == (1, 1)
    assert [problem["line"] for problem in came["detail"]["problems"]] == [3]
    first = owner.http.get(path, params={"limit": 1}).json()
    assert first["total"] == 2 and owner.http.get(path, params={"next": first["next"]}).json()["items"] == [came]
    assert stranger.http.get(path).json()["code"] == "not_found"
    with_role(running, "technician", building)
    assert Person(owner.url, "technician").http.get(path).json()["code"] == "forbidden"


def with_role(running: Running, word: str, building: str) -> None:
    done = running.command("admin", "grant", f"{word}@demo.arxos", building, word)
    assert done.returncode == 0, done.stderr


def test_what_is_no_table_of_work_orders_is_refused_whole(owner: Person, building: str):
    for content, asked in [
        (b"\xff\xfe", {}), (b"", {}), (b"number,wrong\n", {}), (b"number,number\n", {}), (b"{", {"format": "json"}),
        (b'{"items": 3}', {"format": "json"}), (b"number\n", {"format": "xml"}),
    ]:  # fmt: skip
        assert send(owner, building, content, **asked)["code"] == "invalid", content


def test_who_may_not_see_the_building_sends_and_gets_nothing(stranger: Person, building: str):
    assert send(stranger, building, GOOD)["code"] == "not_found"
    assert stranger.http.get(f"/api/v1/cmms/buildings/{building}/work-orders").json()["code"] == "not_found"
