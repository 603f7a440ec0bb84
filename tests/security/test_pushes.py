"""What a device may not push, whoever made its program: foreign scopes, moved rows, forged columns and cursors.

Of every refusal the building is looked at afterwards: nothing has changed in it.
"""

from __future__ import annotations

import base64
import itertools
from typing import Any

import pytest

import schemas
from server.parts import new_id
from tests.server.running import Person, Running

CATALOGUE = schemas.catalogue()
SERVER_COLUMNS = [
    (table.name, column.name)
    for table in CATALOGUE.synced("building").values()
    for column in table.columns.values()
    if column.rule == "server" and column.name not in ("id",)
]
_VALUES: dict[str, Any] = {
    "integer": 99, "uuid": "0190a000-0000-7000-8000-000000000bad", "instant": "2020-01-01T00:00:00.000Z", "text": "x",
    "real": 1.0, "json": {}, "date": "2020-01-01", "boolean": True, "counter": 5,
}  # fmt: skip


def insert(table: str, id: str | None = None, /, **values: Any) -> dict[str, Any]:
    return {"table": table, "id": id or new_id(), "op": "insert", "set": values}


def update(table: str, id: str, /, **values: Any) -> dict[str, Any]:
    return {"table": table, "id": id, "op": "update", "base": 1, "set": values}


def delete(table: str, id: str) -> dict[str, Any]:
    return {"table": table, "id": id, "op": "delete", "base": 1}


def refused(answered: dict[str, Any]) -> str:
    """The code by which the one transaction was refused."""
    (receipt,) = answered["receipts"]
    assert receipt["outcome"] == "rejected", receipt
    return str(receipt["problem"]["code"])


def pushed(person: Person, scope: str, *changes: dict[str, Any]) -> dict[str, Any]:
    """By a device of its own each time, so that one push never hinders the next."""
    person.device, person.n, person.nonce = new_id(), 0, ""
    return person.sync(scope, None, person.transaction(*changes))


def all_of(owner: Person, building: str) -> Any:
    told = owner.sync(building)
    return told["head"], told["digest"], sorted((r["table"], r["id"], r["sequence"]) for r in told["rows"])


# ---------------------------------------------------------------- foreign scopes


@pytest.mark.parametrize("change", [
    lambda b, row: insert("storey", name="Mine now"),
    lambda b, row: update("building", b, name="Mine now"),
    lambda b, row: update("annotation", row, title="Mine now"),
    lambda b, row: delete("annotation", row),
    lambda b, row: delete("building", b),
    lambda b, row: insert("building", b, name="Mine now"),
    lambda b, row: insert("member", user_id=new_id(), name="x", role="owner"),
])  # fmt: skip
def test_a_stranger_pushes_into_a_building_as_into_none(
    owner: Person, stranger: Person, building: str, change: Any
) -> None:
    row = new_id()
    owner.sync(building, None, owner.transaction(insert("annotation", row, title="Leak")))
    before = all_of(owner, building)
    told = pushed(stranger, building, change(building, row))
    nowhere = new_id()
    beside = pushed(stranger, nowhere, change(new_id(), row))
    for answered, scope in ((told, building), (beside, nowhere)):
        assert answered["state"] == "gone" and refused(answered) == "forbidden" and answered["scope"] == scope
        assert not answered["rows"] and answered.get("digest") is None and not answered.get("cursor")
    strip = [{n: v for n, v in one.items() if n not in ("scope", "receipts")} for one in (told, beside)]
    assert strip[0] == strip[1], "not permitted and not existing can be told apart"
    assert all_of(owner, building) == before


def test_a_persons_own_scope_is_nobody_elses(owner: Person, stranger: Person, url: str) -> None:
    admin = Person(url, "admin")
    for other in (stranger, admin):
        told = pushed(other, f"user:{owner.id}", insert("preference", language="xx"))
        assert told["state"] == "gone" and refused(told) == "forbidden"
        assert other.sync(f"user:{owner.id}")["state"] == "gone"
    told_of_oneself = insert("membership", building=new_id(), role="owner")
    for forged in (insert("notification", kind="x", title="forged"), told_of_oneself):
        told = pushed(stranger, f"user:{stranger.id}", forged)
        assert refused(told) in ("forbidden", "server_column", "invalid_value")
    assert {row["table"] for row in stranger.sync(f"user:{stranger.id}")["rows"]} <= {"preference"}


def test_one_scope_of_a_request_opens_no_other(owner: Person, stranger: Person, building: str) -> None:
    """A building of one's own in the same request, and its role, say nothing of the next."""
    mine = stranger.building("Of the stranger")
    request = stranger.request(mine)
    request["scopes"].append(
        {"scope": building, "cursor": None, "prior": None,
         "transactions": [stranger.transaction(insert("storey", name="x"))]}
    )  # fmt: skip
    answered = stranger.post(request).json()["scopes"]
    assert [one["state"] for one in answered] == ["ok", "gone"]


# ---------------------------------------------------------------- rows moved in or out


def test_a_row_cannot_be_moved_out_of_a_building_or_into_one(owner: Person, stranger: Person, building: str) -> None:
    """An id of another building's row is a row of its own here, and a reference across buildings leads nowhere."""
    row, storey, mine = new_id(), new_id(), stranger.building("Of the stranger")
    owner.sync(building, None, owner.transaction(
        insert("annotation", row, title="Leak"), insert("storey", storey, name="Ground")
    ))  # fmt: skip
    before = all_of(owner, building)
    assert refused(pushed(stranger, mine, update("annotation", row, title="Mine"))) == "row_unknown"
    assert refused(pushed(stranger, mine, delete("annotation", row))) == "row_unknown"
    inside = insert("space", storey_id=storey, name="Hall", number="1")
    assert refused(pushed(stranger, mine, inside)) == "parent_unknown"
    assert refused(pushed(stranger, mine, insert("annotation", row, title="x", building_id=building))) in (
        "unknown_column", "server_column",
    )  # fmt: skip
    own = pushed(stranger, mine, insert("annotation", row, title="The same id"))
    assert own["receipts"][0]["outcome"] == "applied"
    assert all_of(owner, building) == before


def test_a_viewer_and_a_reporter_stay_within_their_rung(
    running: Running, url: str, owner: Person, building: str
) -> None:
    viewer, technician = Person(url, "viewer"), Person(url, "technician")
    assert running.command("admin", "grant", "viewer@demo.arxos", building, "viewer").returncode == 0
    assert running.command("admin", "grant", "technician@demo.arxos", building, "reporter").returncode == 0
    row = new_id()
    owner.sync(building, None, owner.transaction(insert("annotation", row, title="Leak")))
    before = all_of(owner, building)
    for changes in (insert("annotation", title="x"), update("annotation", row, title="x"), delete("annotation", row)):
        assert refused(pushed(viewer, building, changes)) == "forbidden"
    for changes in (update("annotation", row, title="x"), delete("annotation", row), insert("storey", name="x")):
        assert refused(pushed(technician, building, changes)) == "forbidden"
    both = pushed(technician, building, insert("annotation", title="good"), insert("storey", name="bad"))
    assert refused(both) == "forbidden", "a transaction is taken whole or not at all"
    assert all_of(owner, building)[2] == before[2]


# ---------------------------------------------------------------- forged columns, devices, cursors


def test_columns_that_only_the_server_writes_are_refused_from_devices(owner: Person, building: str) -> None:
    row = new_id()
    owner.sync(building, None, owner.transaction(insert("annotation", row, title="Leak")))
    before = all_of(owner, building)
    for table, column in SERVER_COLUMNS:
        value = _VALUES.get(CATALOGUE.tables[table].columns[column].type, "x")
        for change in (insert(table, **{column: value}), update(table, row, **{column: value})):
            assert refused(pushed(owner, building, change)) in (
                "server_column", "forbidden", "row_unknown", "invalid_value", "unknown_column",
            ), (table, column)  # fmt: skip
    for name in ("sequence", "born", "deleted", "merge_state", "building_id", "created_by", "created_at", "updated_by"):
        assert refused(pushed(owner, building, insert("annotation", title="x", **{name: 1}))) in (
            "server_column", "unknown_column", "invalid_value",
        ), name  # fmt: skip
    assert all_of(owner, building) == before and len(SERVER_COLUMNS) > 5


def test_another_persons_device_is_refused_in_every_scope(owner: Person, stranger: Person, building: str) -> None:
    owner.sync(building)
    mine = stranger.building("Of the stranger")
    stranger.device = owner.device
    for scope in (building, mine, new_id(), f"user:{stranger.id}"):
        stranger.n = 0
        answer = stranger.post(stranger.request(scope, None, stranger.transaction(insert("storey", name="x"))))
        assert (answer.status_code, answer.json()["code"]) == (403, "device_taken")
    assert not [r for r in owner.sync(building)["rows"] if r["table"] == "storey"]


def test_an_edited_cursor_opens_nothing_and_never_ends_in_a_mistake(
    owner: Person, stranger: Person, building: str
) -> None:
    cursor, mine = owner.sync(building)["cursor"], stranger.building("Of the stranger")
    assert stranger.sync(building, cursor)["state"] == "gone"
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    edited = [
        base64.urlsafe_b64encode(raw[:at] + bytes([raw[at] ^ 0x41]) + raw[at + 1 :]).decode().rstrip("=")
        for at in range(len(raw))
    ]
    told = [stranger.post(stranger.request(mine, one)) for one in [cursor, "", "x", "é", *edited]]
    assert {one.status_code for one in told} <= {200, 422}
    for answer in told:
        if answer.status_code == 200:
            rows = answer.json()["scopes"][0].get("rows") or []
            assert all(row["id"] != building for row in rows)


def test_numbers_that_no_store_can_hold_are_refused_wherever_they_stand(owner: Person, building: str) -> None:
    row, huge = new_id(), 2**70
    owner.sync(building, None, owner.transaction(insert("element", row, ifc_class="IfcPump", properties={"n": 1})))
    before = all_of(owner, building)
    for change in (
        insert("element", ifc_class="IfcPump", properties={"n": huge}),
        insert("element", ifc_class="IfcPump", visit_count=huge),
        update("element", row, properties={"n": [{"deep": -huge}]}),
        update("element", row, name="x") | {"was": {"properties": {"n": huge}}},
        insert("element", ifc_class="IfcPump", nothing=huge),
    ):
        assert refused(pushed(owner, building, change)) == "invalid_value", change
    answer = owner.http.post("/api/v1/buildings", json={"set": {"name": "House", "properties": {"n": huge}}})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_value")
    assert all_of(owner, building) == before


def test_a_push_with_nobodys_login_writes_nothing_even_in_public(owner: Person, nobody: Person) -> None:
    public = owner.building("Open", visibility="public")
    before = all_of(owner, public)
    for change in (insert("annotation", title="x"), update("building", public, name="x")):
        nobody.n = 0
        answer = nobody.post(nobody.request(public, None, nobody.transaction(change)))
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert all_of(owner, public) == before


def test_who_is_told_of_a_push_can_not_be_chosen_by_it(owner: Person, building: str) -> None:
    """Authors come from the login, whatever the transaction says of itself."""
    row = new_id()
    forged = owner.transaction(insert("annotation", row, title="Leak")) | {"user_id": new_id(), "by": new_id()}
    answer = owner.post(owner.request(building, None, forged))
    if answer.status_code == 200:
        found = next(r for r in answer.json()["scopes"][0]["rows"] if r["id"] == row)
        assert found["set"]["created_by"] == owner.id
    else:
        assert answer.status_code == 422


def test_the_forged_columns_are_all_that_the_catalogue_has() -> None:
    named = {name for name, _ in itertools.groupby(SERVER_COLUMNS, key=lambda pair: pair[0])}
    assert "annotation" in named and ("annotation", "number") in SERVER_COLUMNS
