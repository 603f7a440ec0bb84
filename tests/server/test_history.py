"""A row's past as its sheet tells it: every change once, what each field was, by whom and by which way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from arxos_sync.messages import Change
from arxos_sync.problems import Problem
from server.accounts.leaving import leave, pseudonym_of
from server.accounts.members import set_role
from server.accounts.people import Person
from server.buildings.history import Changes, Past, page_of
from server.jobs.following import Followed, Following
from server.parts import Parts, new_id
from server.sync.push import Job
from tests.server.own_parts import head, new_building, opened, person, rows, write


@pytest.fixture(params=["spatialite", "postgis"], scope="module")
def parts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    with opened(request.param, tmp_path_factory.mktemp("history")) as made:
        yield made


@pytest.fixture
def owner(parts: Parts) -> Person:
    return person(parts, "owner")


@pytest.fixture
def building(parts: Parts, owner: Person) -> str:
    return new_building(parts, owner)


def follow(parts: Parts) -> None:
    Following(parts, [Changes()]).catch_up()


def past(parts: Parts, who: Person | None, building: str, table: str, id: str, many: int = 20) -> list[Past]:
    """Every page, and whether the total is right."""
    found: list[Past] = []
    below = None
    while True:
        page = page_of(parts, who, (building, table, id), many, below)
        found += page.items
        if page.next is None:
            assert page.total == len(found)
            return found
        below = int(page.next)


def told(items: list[Past]) -> list[tuple[str, dict[str, tuple[Any, Any]]]]:
    return [(one.kind, {name: (was["old"], was["new"]) for name, was in one.fields.items()}) for one in items]


def element(parts: Parts, owner: Person, building: str, **set: Any) -> str:
    id = new_id()
    write(parts, owner, building, Change("element", id, "insert", 0, {"ifc_class": "IfcDoor", **set}))
    return id


@pytest.mark.parametrize("listed", ["none of it", "half of it", "all of it"])
def test_each_change_is_told_once_with_what_was_before_however_far_the_list_is(
    parts: Parts, owner: Person, building: str, listed: str
) -> None:
    door = element(parts, owner, building, name="Door", status="ok")
    write(parts, owner, building, Change("element", door, "update", head(parts, building), {"status": "faulty"}))
    if listed == "half of it":
        follow(parts)
    element(parts, owner, building, name="Another")
    edit = {"name": "Gate", "tag": "T"}
    write(parts, owner, building, Change("element", door, "update", head(parts, building), edit))
    if listed == "all of it":
        follow(parts)
    for many in (1, 2, 20):
        found = past(parts, owner, building, "element", door, many)
        assert told(found[:2]) == [
            ("updated", {"name": ("Door", "Gate"), "tag": (None, "T")}),
            ("updated", {"status": ("ok", "faulty")}),
        ]
        assert found[2].kind == "created" and found[2].fields["name"] == {"old": None, "new": "Door"}
        assert not {"updated_at", "created_by", "sequence"} & {name for one in found for name in one.fields}
        assert [one.sequence for one in found] == sorted((one.sequence for one in found), reverse=True)
        assert {(one.user_id, one.origin) for one in found} == {(owner.id, "office")} and found[0].name
    write(parts, owner, building, Change("element", door, "update", head(parts, building), {"name": "Gate"}))
    assert len(past(parts, owner, building, "element", door)) == 3, "what changes nothing is no change"


def test_what_came_by_another_way_says_so(parts: Parts, owner: Person, building: str) -> None:
    door = element(parts, owner, building, name="Door")
    base = head(parts, building)
    write(parts, owner, building, Change("element", door, "update", base, {"name": "New"}))
    Job(parts, owner, building, "import").write([Change("element", door, "update", base, {"model": "X"})])
    found = past(parts, owner, building, "element", door)
    assert [one.origin for one in found] == ["import", "office", "office"]


def test_the_list_is_written_once_and_for_each_row_of_a_transaction(parts: Parts, owner: Person, building: str) -> None:
    ids = [new_id() for _ in range(3)]
    write(parts, owner, building, *(Change("storey", id, "insert", 0, {"name": "Level"}) for id in ids))
    follow(parts)
    Changes().take(parts, _whole(parts, building))
    found = rows(parts, "select row_id, sequence from row_change where scope = :scope", scope=building)
    at = head(parts, building)
    assert sorted(one["row_id"] for one in found if one["sequence"] == at) == sorted(ids)
    assert len(found) == len({(one["row_id"], one["sequence"]) for one in found})


def _whole(parts: Parts, building: str) -> Followed:
    with parts.store.read(building) as reader:
        return Followed(building, list(reader.log(0)), reader.changed(0, None, 0, 1_000))


def test_a_row_that_died_and_came_back_tells_its_former_life(parts: Parts, owner: Person, building: str) -> None:
    door = element(parts, owner, building, name="Door")
    write(parts, owner, building, Change("element", door, "delete", head(parts, building)))
    with pytest.raises(Problem) as gone:
        past(parts, owner, building, "element", door)
    assert gone.value.code == "not_found"
    again = {"ifc_class": "IfcDoor", "name": "Door again"}
    write(parts, owner, building, Change("element", door, "insert", head(parts, building), again))
    for _ in range(2):
        assert [one.kind for one in past(parts, owner, building, "element", door)] == ["restored", "deleted", "created"]
        follow(parts)


def test_of_a_public_building_a_stranger_reads_no_name_that_its_rows_do_not_show(
    parts: Parts, owner: Person, building: str
) -> None:
    guest = person(parts, "technician")
    set_role(parts, guest.id, guest.name, building, "technician")
    door = element(parts, owner, building)
    write(parts, guest, building, Change("element", door, "update", head(parts, building), {"name": "Gate"}))
    for who in (None, person(parts, "viewer")):
        with pytest.raises(Problem) as refused:
            past(parts, who, building, "element", door)
        assert refused.value.code == ("unauthenticated" if who is None else "not_found")
    public = {"visibility": "public"}
    write(parts, owner, building, Change("building", building, "update", head(parts, building), public))
    assert [one.name for one in past(parts, None, building, "element", door)] == [guest.name, owner.name]
    set_role(parts, guest.id, guest.name, building, None)
    assert [one.name for one in past(parts, None, building, "element", door)] == [None, owner.name]
    assert [one.name for one in past(parts, owner, building, "element", door)] == [guest.name, owner.name]


def test_who_left_is_a_pseudonym_in_what_they_did(parts: Parts, owner: Person, building: str) -> None:
    guest = person(parts, "viewer")
    set_role(parts, guest.id, guest.name, building, "reviewer")
    door = element(parts, owner, building)
    write(parts, guest, building, Change("element", door, "update", head(parts, building), {"name": "Gate"}))
    assert past(parts, owner, building, "element", door)[0].name == guest.name
    leave(parts, guest)
    assert past(parts, owner, building, "element", door)[0].name == pseudonym_of(guest.id)
