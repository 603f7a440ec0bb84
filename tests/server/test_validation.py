"""Findings, their review by another person, and what follows: by AR, by REST and by sync alike."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from server.parts import new_id
from server.validation.consequences import follow
from tests.server.house import House, width
from tests.server.running import Running, wait_for
from tests.server.test_accounts import code

UNSURE = {
    "confidence_classification": 60.0, "confidence_position": 40.0, "confidence_properties": None,
    "confidence_relationships": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def house(running: Running, url: str) -> Iterator[House]:
    made = House(running, url)
    yield made
    made.close()


def confidence(house: House, element: str) -> list[float | None]:
    row = house.get("element", element)
    return [row.get(name) for name in UNSURE]


# ---------------------------------------------------------------- measurements


def test_a_width_of_half_the_plans_is_flagged_and_never_applied(house: House):
    door = house.door()
    before, measured = house.get("element", door), width(0.45)
    told = house.validate(door, measurements=[measured], capture={"id": new_id(), "provider": "webxr"})
    (compared,) = told["compared"]
    assert compared["disagrees"] and compared["measured"] == 0.45 and compared["expected"] == 0.9
    flag = house.get("annotation", compared["annotation"])
    assert flag["title"] == "Width measured 0.45 m, the plan says 0.9 m" and flag["target_id"] == door
    assert flag["labels"] == ["disagrees"] and flag["status"] == "open" and flag["kind"] == "issue"
    assert house.get("element", door) == before


def test_a_width_within_both_uncertainties_is_not_flagged(house: House):
    door = house.door()
    answer = house.post(house.finder, "/api/v1/ar/measure", {
        "building": house.building, "target_table": "element", "target_id": door, "measurements": [width(0.93)],
    })  # fmt: skip
    assert answer.status_code == 201
    (compared,) = answer.json()["compared"]
    assert not compared["disagrees"] and compared["annotation"] is None
    assert house.rows("annotation", target_id=door) == []


def test_the_rms_error_of_the_storeys_plan_is_the_plans_uncertainty(house: House):
    exact = house.add("storey", name="Surveyed")
    affine = {f"affine_{letter}": 1.0 for letter in "abcdef"} | {"rms_error_m": 0.005}
    house.add("floor_plan", storey_id=exact, **affine)
    door = house.door(storey_id=exact)
    told = house.validate(door, measurements=[width(0.93, 0.01)])
    assert told["compared"][0]["disagrees"] and told["compared"][0]["allowed"] == pytest.approx(0.014, abs=1e-3)


def test_a_measurement_that_came_by_sync_is_flagged_once_however_often_it_is_looked_at(house: House):
    door = house.door()
    told = width(0.45) | {"target_table": "element", "target_id": door}
    id = told.pop("id")
    receipt = house.by_sync(house.finder, {"table": "measurement", "id": id, "op": "insert", "set": told})
    assert receipt["outcome"] == "applied"
    (flag,) = wait_for(lambda: house.rows("annotation", target_id=door))
    assert house.get("annotation", flag["id"])["title"].startswith("Width measured")
    head = house.head()
    follow(house.parts, house.building, measurement=[id])
    assert house.head() == head and len(house.rows("annotation", target_id=door)) == 1


def test_a_request_sent_again_is_the_same_request(house: House):
    door = house.door()
    body = {
        "building": house.building, "validation": house.finding(door), "measurements": [width(0.45)],
        "capture": {"id": new_id(), "provider": "marker"},
    }  # fmt: skip
    first, again = (house.post(house.finder, "/api/v1/ar/validate", body) for _ in range(2))
    assert first.status_code == again.status_code == 201
    assert again.json()["validation"]["id"] == first.json()["validation"]["id"]
    assert len(house.rows("measurement", target_id=door)) == len(house.rows("validation", target_id=door)) == 1
    assert len(house.rows("annotation", target_id=door)) == 1
    other = body | {"measurements": [body["measurements"][0] | {"value": 0.5}]}
    assert code(house.post(house.finder, "/api/v1/ar/validate", other)) == "append_only"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"target_id": "0190a000-0000-7000-8000-0000000000ff"}, "parent_unknown"),
        ({"outcome": "perhaps"}, "invalid_value"),
        ({"state": "accepted"}, "invalid_value"),
        ({"reviewer": "0190a000-0000-7000-8000-0000000000ff"}, "server_column"),
        ({"colour": "red"}, "unknown_column"),
        ({"id": "seven"}, "invalid"),
        ({"id": 7}, "invalid"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_its_code_and_changes_nothing(house: House, change: dict, said: str):
    door = house.door()
    head = house.head()
    body = {"building": house.building, "validation": house.finding(door) | change, "measurements": [width(0.9)]}
    answer = house.post(house.finder, "/api/v1/ar/validate", body)
    assert answer.status_code == 422 and code(answer) == said
    assert house.head() == head


def test_who_may_not_enter_is_told_that_there_is_nothing(house: House):
    body = {"building": house.building, "validation": house.finding(house.door())}
    assert code(house.post(house.stranger, "/api/v1/ar/validate", body)) == "not_found"
    assert code(house.post(house.finder, "/api/v1/ar/validate", body | {"building": new_id()})) == "not_found"
    assert code(house.review(house.stranger, new_id())) == "not_found"
    assert house.stranger.http.get(f"{house.path}/tasks/ranked").status_code == 404


# ---------------------------------------------------------------- review


def test_another_person_accepts_and_the_task_the_confidence_and_the_building_move(house: House):
    door = house.door(**UNSURE)
    task = house.task(door)
    told = house.validate(door, task_id=task)
    id, foreseen = told["validation"]["id"], told["impact"]
    assert house.get("task", task)["state"] == "submitted"
    assert told["earns"] == {"reward_rule": "validation.confirmed", "version": 1, "points": 10}
    for person in (house.finder, house.stranger):
        assert house.review(person, id).status_code in (403, 404)
    assert house.get("validation", id)["state"] == "submitted"
    item = house.review(house.owner, id).json()["items"][0]
    assert item["before"] == foreseen["before"] and item["after"] == foreseen["after"]
    assert (item["before"]["overall"], item["after"]["overall"]) == (33.0, 58.5)
    assert item["after"]["building"] > item["before"]["building"]
    assert item["after"]["building"] == house.owner.http.get(f"{house.path}/figures").json()["confidence"]["mean"]
    assert confidence(house, door) == [90.0, 90.0, None, None]
    assert house.get("task", task)["state"] == "accepted"
    row = house.get("validation", id)
    assert (row["author"], row["reviewer"]) == (house.finder.id, house.owner.id)


def test_nobody_reviews_their_own_finding_whatever_their_role(house: House):
    id = house.validate(house.door(), person=house.owner)["validation"]["id"]
    head = house.head()
    answer = house.review(house.owner, id)
    assert answer.status_code == 403 and code(answer) == "forbidden" and house.head() == head
    assert house.review(house.second, id).status_code == 200


def test_all_of_a_review_is_taken_or_none(house: House):
    theirs, own = (house.validate(house.door(), person=p)["validation"]["id"] for p in (house.finder, house.owner))
    assert house.review(house.owner, theirs, own).status_code == 403
    assert house.get("validation", theirs)["state"] == "submitted"
    assert house.review(house.second, theirs, own).status_code == 200


def test_the_same_by_sync_ends_in_the_same(house: House):
    """One door by AR and REST, another by two tablets."""
    by_rest, by_sync = house.door(**UNSURE), house.door(**UNSURE)
    house.accepted(by_rest, task_id=(task := house.task(by_rest)))
    told = house.finding(by_sync, task_id=house.task(by_sync))
    id, other_task = told.pop("id"), told["task_id"]
    house.by_sync(house.finder, {"table": "validation", "id": id, "op": "insert", "set": told})
    wait_for(lambda: house.get("task", other_task)["state"] == "submitted")
    step = {"table": "validation", "id": id, "op": "update", "base": house.head(), "set": {"state": "accepted"}}
    assert house.by_sync(house.finder, step)["problem"]["code"] == "forbidden"
    assert house.by_sync(house.owner, step)["outcome"] != "rejected"
    wait_for(lambda: house.get("task", other_task)["state"] == house.get("task", task)["state"] == "accepted")
    wait_for(lambda: confidence(house, by_sync) == confidence(house, by_rest) == [90.0, 90.0, None, None])


def test_what_follows_is_done_once_however_often_the_log_is_read(house: House):
    door = house.door(**UNSURE)
    id = house.accepted(door, task_id=house.task(door), measurements=[width(0.4)])["validation"]["id"]
    measured = [row["id"] for row in house.rows("measurement", target_id=door)]
    wait_for(lambda: _caught_up(house))
    head = house.head()
    for _ in range(2):
        follow(house.parts, house.building, [id], measured)
    assert house.head() == head
    with house.parts.store.tables() as sql:
        sql.run("update follower set sequence = 0 where scope = :scope", scope=house.building)
    wait_for(lambda: _caught_up(house), 40)
    assert house.head() == head


def _caught_up(house: House) -> bool:
    with house.parts.store.tables() as sql:
        places = sql.rows("select sequence from follower where scope = :scope", scope=house.building)
    return {int(row["sequence"]) for row in places} == {house.head()}


def test_a_rejection_says_why_and_its_task_may_be_opened_again(house: House):
    door = house.door(**UNSURE)
    task = house.task(door)
    id = house.validate(door, task_id=task, note="It is green")["validation"]["id"]
    assert code(house.review(house.owner, id, decision="rejected")) == "invalid"
    assert house.review(house.owner, id, decision="rejected", reason="The wrong door").status_code == 200
    row = house.get("validation", id)
    assert (row["state"], row["note"]) == ("rejected", "It is green\nThe wrong door")
    assert house.get("task", task)["state"] == "rejected" and confidence(house, door) == list(UNSURE.values())
    answer = house.finder.http.patch(f"{house.path}/task/{task}", json={"set": {"state": "reopened"}})
    assert answer.status_code == 200
    house.accepted(door, task_id=task)
    assert house.get("task", task)["state"] == "accepted"
    assert code(house.review(house.second, id)) == "invalid_value", "what was rejected is not accepted afterwards"


def test_a_second_person_makes_it_surer(house: House):
    door = house.door(**UNSURE)
    house.accepted(door)
    house.accepted(door)
    assert confidence(house, door)[0] == 90.0, "the same person again"
    house.accepted(door, person=house.second)
    assert confidence(house, door)[0] == 95.0


# ---------------------------------------------------------------- outcomes


def test_where_nobody_could_get_in_the_task_is_opened_again(house: House):
    door = house.door(**UNSURE)
    task = house.task(door)
    house.accepted(door, "no_access", task_id=task, note="Locked")
    assert house.get("task", task)["state"] == "reopened" and confidence(house, door) == list(UNSURE.values())


def test_what_was_not_found_is_missing_once_another_person_agrees(house: House):
    door = house.door(name="Side door", status="ok", **UNSURE)
    told = house.validate(door, "not_found")
    assert house.get("element", door)["status"] == "ok"
    assert house.get("annotation", told["annotation"])["title"] == "Not found on site: Side door"
    assert house.review(house.owner, told["validation"]["id"]).status_code == 200
    assert house.get("element", door)["status"] == "missing" and confidence(house, door)[:2] == [10.0, 10.0]


def test_something_unexpected_is_an_annotation_where_it_stands(house: House):
    place = {"type": "Point", "coordinates": [1.0, 2.0, 0.5]}
    finding = {"id": new_id(), "outcome": "unexpected", "note": "A wall that no plan has", "location": place}
    body = {"building": house.building, "validation": finding}
    told = house.post(house.finder, "/api/v1/ar/validate", body).json()
    flag = house.owner.http.get(f"{house.path}/annotation/{told['annotation']}", params={"geometry": "geojson"})
    row = flag.json()["set"]
    assert (row["kind"], row["text"], row["location"]) == ("unexpected", "A wall that no plan has", place)
    assert told["impact"] is None


def test_a_correction_is_applied_once_it_is_accepted_and_not_before(house: House):
    door = house.door(manufacturer="Acme")
    told = house.validate(door, "corrected", field="properties.Width", claimed_value=1.01)
    model = house.validate(door, "corrected", field="model", claimed_value="T30")
    assert house.get("element", door)["properties"] == {"Width": 0.9}
    house.review(house.owner, told["validation"]["id"], model["validation"]["id"])
    row = house.get("element", door)
    assert row["properties"] == {"Width": 1.01} and row["model"] == "T30" and row["confidence_properties"] == 90.0


def test_a_correction_of_what_somebody_changed_meanwhile_is_a_conflict_with_both_kept(house: House):
    door = house.door(model="T30")
    id = house.validate(door, "corrected", field="model", claimed_value="T90")["validation"]["id"]
    house.owner.http.patch(f"{house.path}/element/{door}", json={"set": {"model": "T60"}})
    house.review(house.owner, id)
    (conflict,) = house.rows("conflict", row_id=door)
    assert {conflict["kept"]["model"], conflict["other"]["model"]} == {"T60", "T90"}


def test_a_correction_that_the_column_does_not_take_changes_nothing_else(house: House):
    door = house.door(**UNSURE, status="ok")
    house.accepted(door, "corrected", field="status", claimed_value="purple")
    assert house.get("element", door)["status"] == "ok"


def test_a_correction_gives_no_right_that_its_reviewer_lacks(house: House):
    door = house.door()
    made_by = house.get("element", door)["created_by"]
    named = house.validate(door, "corrected", field="created_by", claimed_value=house.finder.id)["validation"]["id"]
    body = {"id": new_id(), "target_table": "building", "target_id": house.building, "outcome": "corrected"}
    body |= {"field": "visibility", "claimed_value": "public"}
    house.post(house.finder, "/api/v1/ar/validate", {"building": house.building, "validation": body})
    assert house.review(house.second, named, body["id"]).status_code == 200
    assert house.get("element", door)["created_by"] == made_by
    assert house.get("building", house.building).get("visibility") != "public", "that takes an owner"


# ---------------------------------------------------------------- similar


def test_a_finding_is_proposed_for_what_is_like_it_and_each_waits_for_its_review(house: House):
    doors = [house.door(manufacturer="Acme", model="T30 special", **UNSURE) for _ in range(3)]
    house.door(manufacturer="Acme", model="T90 special")
    source = house.accepted(doors[0], "corrected", field="condition", claimed_value="good")["validation"]["id"]
    similar = house.finder.http.get(f"{house.path}/validations/{source}/similar").json()
    assert sorted(one["element"] for one in similar["items"]) == sorted(doors[1:]) and similar["total"] == 2
    path = f"{house.path}/validations/{source}/similar"
    proposed, again = (house.post(house.finder, path, {}).json()["items"] for _ in range(2))
    assert proposed == again and [row["set"]["state"] for row in proposed] == ["submitted"] * 2
    assert [house.get("element", door).get("condition") for door in doors] == ["good", None, None]
    ids = [row["id"] for row in proposed]
    assert house.review(house.finder, *ids).status_code == 403, "nobody reviews their own"
    assert house.review(house.owner, *ids).status_code == 200
    assert [house.get("element", door).get("condition") for door in doors] == ["good"] * 3
    assert confidence(house, doors[1])[2] == 90.0


def test_a_group_of_tasks_is_offered_before_the_type_and_nothing_else_may_be(house: House):
    doors = [house.door(model=f"one of a kind {n} {new_id()}") for n in range(3)]
    group = new_id()
    tasks = [house.task(door, similar_group=group) for door in doors[:2]]
    source = house.validate(doors[0], task_id=tasks[0])["validation"]["id"]
    path = f"{house.path}/validations/{source}/similar"
    (like,) = house.finder.http.get(path).json()["items"]
    assert (like["element"], like["task"], like["proposed"]) == (doors[1], tasks[1], None)
    assert code(house.post(house.finder, path, {"elements": [doors[2]]})) == "invalid"
    (row,) = house.post(house.finder, path, {"elements": [doors[1]]}).json()["items"]
    assert row["set"]["task_id"] == tasks[1] and house.get("task", tasks[1])["state"] == "submitted"
    unseen = house.validate(house.door(), "no_access")["validation"]["id"]
    own = house.validate(house.door(), "corrected", field="tag", claimed_value="D-1")["validation"]["id"]
    for refused in (unseen, own):
        assert code(house.post(house.finder, f"{house.path}/validations/{refused}/similar", {})) == "invalid"


# ---------------------------------------------------------------- ranked


def test_tasks_are_ranked_by_what_a_minute_brings_and_paged(house: House, running: Running, url: str):
    mine = House(running, url)
    elsewhere = mine.add("storey", name="Upper")
    lower, upper = mine.door(), mine.door(storey_id=elsewhere)
    wanted = [
        mine.task(lower, "dimension", impact=90.0, effort_min=5.0),  # 18 a minute
        mine.task(upper, "visual", impact=10.0, effort_min=0.5),  # 10, as if a minute
        mine.task(lower, "count", impact=50.0),  # 5, as if ten minutes
        mine.task(lower, "visual", impact=25.0, effort_min=5.0, priority=1),  # 5 and urgent
        mine.task(lower, "visual", impact=25.0, effort_min=5.0, priority=2, due_on="2026-01-02"),
        mine.task(upper, "north"),  # nothing
    ]
    order = [wanted[n] for n in (0, 1, 3, 4, 2, 5)]

    def listed(**asked: str) -> list[str]:
        answer = mine.finder.http.get(f"{mine.path}/tasks/ranked", params=asked)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        ids = [one["task"]["id"] for one in page["items"]]
        if page["next"]:
            more = listed(**(asked | {"next": page["next"]}))
            assert len(ids) == int(asked["limit"]) and page["total"] == len(order)
            ids += more
        return ids

    assert listed() == listed(limit="1") == listed(limit="4") == order
    assert listed(kind="visual") == [wanted[n] for n in (1, 3, 4)]
    assert listed(storey=elsewhere) == [wanted[1], wanted[5]]
    mine.owner.http.patch(f"{mine.path}/task/{wanted[2]}", json={"set": {"assignee": mine.finder.id}})
    assert listed(assignee="me") == [wanted[2]] and wanted[2] not in listed(assignee="none")
    mine.validate(lower, task_id=wanted[0])
    assert listed() == order[1:] and listed(state="submitted") == [wanted[0]]
    for wrong in ({"state": "lost"}, {"kind": "x"}, {"storey": "x"}, {"next": "x"}, {"next": "WzEsIngiXQ=="}):
        answer = mine.finder.http.get(f"{mine.path}/tasks/ranked", params=wrong)
        assert answer.status_code == 422 and code(answer) == "invalid"
    mine.close()


def test_an_unknown_finding_is_not_found_and_a_decided_one_has_no_more_impact(house: House):
    at = f"{house.path}/validations"
    for id in (new_id(), "x"):
        assert house.owner.http.get(f"{at}/{id}/impact").status_code == 404
        assert house.owner.http.get(f"{at}/{id}/similar").status_code == 404
        assert house.review(house.owner, id).status_code == 404
    id = house.validate(house.door())["validation"]["id"]
    foreseen = house.finder.http.get(f"{at}/{id}/impact").json()
    assert foreseen["impact"]["after"]["classification"] == 90.0 and foreseen["earns"]["points"] == 10
    house.review(house.owner, id)
    assert house.finder.http.get(f"{at}/{id}/impact").json() == {"impact": None, "earns": None}
