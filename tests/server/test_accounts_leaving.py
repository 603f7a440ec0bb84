"""Who deletes themselves takes what was kept of them along, and what they did stays under a pseudonym."""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from arxos_sync.messages import Change
from server.accounts import members, people
from server.accounts.leaving import leave, pseudonym_of
from server.app import open_parts
from server.jobs.following import Followed, Following
from server.notifications import inbox
from server.operations.demo import PASSWORD
from server.parts import Parts, new_id, now
from server.settings import read_settings
from server.sync.push import Job
from tests.server.authenticator import Authenticator
from tests.server.mailbox import letters_to, rows
from tests.server.running import Person, Running, wait_for
from tests.server.test_accounts import code
from tests.server.test_accounts_organisations import ACCEPT, found, invited, joined, secret
from tests.server.test_accounts_organisations import members as members_of
from tests.server.test_accounts_registering import login, newcomer
from tests.server.test_accounts_second import registered

ME = "/api/v1/me"


def delete(person: Person, **proof: Any) -> httpx.Response:
    return person.http.post(f"{ME}/delete", json=proof or {"password": PASSWORD})


def files_of(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/zip", answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name).decode() for name in packed.namelist()}


def let_in(boss: Person, person: Person, building: str, role: str) -> None:
    made = invited(boss, f"/api/v1/buildings/{building}", role=role)
    assert person.http.post(ACCEPT, json=secret(made)).status_code == 200


def everywhere(running: Running, *words: str) -> list[str]:
    """Every place in the whole store, its bytes included, where one of the words stands."""
    settings = read_settings(running.environment)
    if settings.database_url is None:
        return _in_file(settings.data_dir / "arxos.sqlite", words)
    with psycopg.connect(settings.database_url) as connection:
        tables = [t for (t,) in connection.execute(
            "select table_name from information_schema.tables"
            " where table_schema = 'public' and table_type = 'BASE TABLE'"
        )]  # fmt: skip
        found = []
        for table in tables:
            for row in connection.execute(f'select * from "{table}"'):  # type: ignore[arg-type]
                found += [f"{table}: {word}" for word in words if word in _spelled(row)]
        return found


def _in_file(file: Any, words: tuple[str, ...]) -> list[str]:
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    tables = connection.execute("select name from sqlite_master where type = 'table' and sql not like '%virtual%'")
    found = []
    for (table,) in tables.fetchall():
        for row in connection.execute(f'select * from "{table}"'):
            found += [f"{table}: {word}" for word in words if word in _spelled(row)]
    connection.close()
    return found


def _spelled(row: Any) -> str:
    return " ".join(v.decode("latin-1") if isinstance(v, (bytes, memoryview)) else str(v) for v in map(_plain, row))


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def test_the_export_has_what_the_person_is_and_wrote(running: Running, url: str) -> None:
    boss, person = Person(url, "owner"), newcomer(running, url, "exporting@demo.arxos")
    building = boss.building()
    let_in(boss, person, building, "technician")
    joined(boss, person, found(boss, "Exporters")["id"])
    storey, digest = new_id(), "ab" * 32
    path = {"kind": "length", "value": 2.5, "uncertainty_95": 0.01, "target_table": "storey", "target_id": storey,
            "path": "01ea03000002000000" + "00" * 24 + "000000000000f03f" * 3}  # fmt: skip
    pushed = person.sync(building, None, person.transaction(
        {"table": "storey", "id": storey, "op": "insert", "set": {"name": "Attic"}},
        {"table": "measurement", "id": new_id(), "op": "insert", "set": path},
        {"table": "attachment", "id": new_id(), "op": "insert", "set": {"sha256": digest, "name": "leak.jpg"}},
    ))  # fmt: skip
    assert pushed["receipts"][0]["outcome"] == "applied", pushed["receipts"]
    preference = {"table": "preference", "id": new_id(), "op": "insert", "set": {"theme": "dark"}}
    person.n, person.nonce = 0, ""
    assert person.sync(f"user:{person.id}", None, person.transaction(preference))["receipts"][0]["sequence"]
    files = files_of(person.http.get(f"{ME}/export"))
    profile = json.loads(files["profile.json"])
    assert profile["user"]["email"] == "exporting@demo.arxos" and "password" not in files["profile.json"]
    assert {one["kind"] for one in profile["accounts"]} == {"personal", "professional"}
    assert [(one["building_id"], one["role"]) for one in profile["grants"]] == [(building, "technician")]
    assert [one["id"] for one in profile["devices"]] == [person.device] and profile["sessions"]
    (written,) = [json.loads(line) for line in files[f"transactions/{building}.jsonl"].splitlines()]
    assert [change["table"] for change in written["changes"]] == ["storey", "measurement", "attachment"]
    assert written["changes"][1]["set"]["path"] == path["path"], "geometries as on the wire"
    assert json.loads(files["attachments.jsonl"])["sha256"] == digest
    assert "dark" in files["scope.jsonl"] and json.loads(files["wallet.json"]) == []


def test_a_person_who_leaves_is_a_pseudonym_everywhere(running: Running, url: str) -> None:
    name = "Wilhelmine Quendel"
    boss, person = Person(url, "owner"), newcomer(running, url, "leaving@demo.arxos", name)
    building, former = boss.building("Where they are"), boss.building("Where they were")
    for where in (building, former):
        let_in(boss, person, where, "technician")
    assert running.command("admin", "grant", "leaving@demo.arxos", former, "none").returncode == 0
    storey = {"table": "storey", "id": new_id(), "op": "insert", "set": {"name": "Kept"}}
    remark = {"table": "annotation", "id": new_id(), "op": "insert", "set": {"title": "Leak", "assignee": boss.id}}
    person.sync(building, None, person.transaction(storey, remark))
    wait_for(lambda: name in boss.http.get("/api/v1/notifications?limit=200").text, 30)
    token = person.http.post(f"{ME}/tokens", json={"name": "Mine"}).json()["token"]
    key = Authenticator()
    assert registered(person, key).status_code == 201
    invited(boss, f"/api/v1/buildings/{building}", role="viewer", email="leaving@demo.arxos")
    wait_for(lambda: boss.http.get(f"/api/v1/sync/snapshot/{building}").status_code == 200, 30)
    assert everywhere(running, name), "the search finds what is there"

    wrong = delete(person, password="not it")
    assert wrong.status_code == 403 and code(wrong) == "not_proven" and person.http.get(ME).status_code == 200
    files = files_of(delete(person))
    assert json.loads(files["profile.json"])["user"]["name"] == name
    assert everywhere(running, name) == []
    assert everywhere(running, "leaving@demo.arxos") == ["mail: leaving@demo.arxos"], "the letter that says so"
    assert [one["subject"] for one in letters_to(running, "leaving@demo.arxos")] == ["Your login for ARXOS was deleted"]

    pseudonym = pseudonym_of(person.id)
    assert pseudonym.startswith("Former member ") and len(pseudonym) == 18
    member = members_of(boss, building)[person.id]
    assert (member["name"], member.get("role"), member.get("organisation")) == (pseudonym, None, None)
    assert pseudonym in boss.http.get("/api/v1/notifications?limit=200").text
    (kept,) = boss.http.get(f"/api/v1/buildings/{building}/storey").json()["items"]
    assert kept["set"]["name"] == "Kept" and kept["set"]["created_by"] == person.id
    wait_for(lambda: person.http.get(ME).status_code == 401, 5)
    assert httpx.get(url + ME, headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert login(url, "leaving@demo.arxos", PASSWORD).status_code == 401
    asked = httpx.post(f"{url}/api/v1/auth/passkey/options").json()
    assert httpx.post(f"{url}/api/v1/auth/passkey", json={"credential": key.get(asked)}).status_code == 401
    assert newcomer(running, url, "leaving@demo.arxos", "Somebody new").id != person.id, "the address is free"
    assert running.command("admin", "verify").returncode == 0, "digests and rows agree"


def test_replicas_learn_the_pseudonym_and_snapshots_hold_no_name(running: Running, url: str) -> None:
    name = "Adalbert Schierling"
    boss, person = Person(url, "owner"), newcomer(running, url, "unlearned@demo.arxos", name)
    building = boss.building()
    let_in(boss, person, building, "reporter")
    pulled = boss.sync(building)
    assert name in [row["set"].get("name") for row in pulled["rows"]]
    wait_for(lambda: boss.http.get(f"/api/v1/sync/snapshot/{building}").status_code == 200, 30)
    assert delete(person).status_code == 200
    (row,) = boss.sync(building, pulled["cursor"])["rows"]
    assert row["table"] == "member" and row["set"]["name"] == pseudonym_of(person.id) and row["set"]["role"] is None
    made = wait_for(lambda: (a := boss.http.get(f"/api/v1/sync/snapshot/{building}")).status_code == 200 and a, 30)
    assert name.encode() not in made.content and pseudonym_of(person.id).encode() in made.content


def test_who_others_depend_on_hands_over_first(running: Running, url: str) -> None:
    person, heir = newcomer(running, url, "needed@demo.arxos"), Person(url, "stranger")
    building = person.building("Needed House")
    refused = delete(person)
    assert refused.status_code == 409 and code(refused) == "sole_owner"
    assert "Needed House" in refused.json()["detail"] and "owner" in refused.json()["hint"]
    let_in(person, heir, building, "owner")
    organisation = found(person, "Needed Company")
    account = joined(person, heir, organisation["id"])
    refused = delete(person)
    assert refused.status_code == 409 and "Needed Company" in refused.json()["detail"]
    where = f"/api/v1/organisations/{organisation['id']}/members/{account}"
    assert person.http.patch(where, json={"role": "admin"}).status_code == 200
    assert delete(person).status_code == 200
    assert heir.http.get(f"/api/v1/buildings/{building}").json()["role"] == "owner"
    left = heir.http.get(where.rpartition("/")[0]).json()["items"]
    assert [one["name"] for one in left] == ["Stranger"]


def test_a_deleted_building_holds_nobody_back(running: Running, url: str) -> None:
    person = newcomer(running, url, "alone@demo.arxos")
    building = person.building("Torn down")
    assert delete(person).status_code == 409
    assert person.http.delete(f"/api/v1/buildings/{building}").status_code == 204
    assert delete(person).status_code == 200


@pytest.mark.parametrize("by", ["password", "passkey"])
def test_a_conflict_names_nobody_after_they_left(running: Running, url: str, by: str) -> None:
    name = f"Kunigunde {by.title()}"
    boss, person = Person(url, "owner"), newcomer(running, url, f"disputed-{by}@demo.arxos", name)
    key = Authenticator()
    assert registered(person, key).status_code == 201
    building, storey = boss.building(), new_id()
    let_in(boss, person, building, "technician")
    insert = {"table": "storey", "id": storey, "op": "insert", "set": {"name": "One"}}
    head = boss.sync(building, None, boss.transaction(insert))["head"]
    for one, called in ((boss, "Two"), (person, "Three")):
        edit = {"table": "storey", "id": storey, "op": "update", "base": head, "set": {"name": called}}
        prior = {"n": one.n, "nonce": one.nonce} if one.n else None
        one.sync(building, None, one.transaction(edit), prior=prior)
    (conflict,) = boss.http.get(f"/api/v1/buildings/{building}/conflict").json()["items"]
    assert person.id in (conflict["set"]["kept_by"], conflict["set"]["other_by"])
    options = person.http.post(f"{ME}/passkeys/proof").json()
    proof = {"password": PASSWORD} if by == "password" else {"passkey": key.get(options)}
    assert delete(person, **proof).status_code == 200
    assert everywhere(running, name) == []
    (row,) = rows(running, """select name, email, password_hash from "user" where id = :id""", id=person.id)
    assert row == {"name": pseudonym_of(person.id), "email": person.id, "password_hash": None}


@pytest.mark.parametrize("moment", ["before it is delivered", "after"])
def test_a_notice_under_way_names_nobody_who_left_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    environment = {"ARXOS_DATA_DIR": str(tmp_path), "ARXOS_LOG": "error"}
    parts = open_parts(read_settings(environment, tmp_path))
    boss, person, building = somebody(parts, "Boss"), somebody(parts, "Kunigunde"), new_id()
    Job(parts, boss, building, "import").write([Change("building", building, "insert", set={"name": "House"})])
    members.set_role(parts, person.id, person.name, building, "technician")
    remark = {"title": "Leak", "assignee": boss.id}
    Job(parts, person, building, "import").write([Change("annotation", new_id(), "insert", set=remark)])
    deliver, delivered = inbox.deliver, []

    def deliver_late(parts: Parts, notices: list[Any]) -> None:
        delivered.extend(one.body for one in notices if "Kunigunde" in one.body)
        order = [lambda: leave(parts, person), lambda: deliver(parts, notices)]
        for step in order if moment.startswith("before") else reversed(order):
            step()

    monkeypatch.setattr(inbox, "deliver", deliver_late)
    Following(parts, [Telling()]).catch_up()
    assert delivered, "somebody was to be told"
    with parts.store.across() as sql:
        (told,) = sql.rows("select body from notification where kind = 'annotation_assigned'")
    assert told["body"] == f"House · {pseudonym_of(person.id)}"
    assert _in_file(tmp_path / "arxos.sqlite", ("Kunigunde",)) == []
    parts.store.close()


class Telling(inbox.Inbox):
    from_start = True

    def take(self, parts: Parts, followed: Followed) -> None:
        if any(row.table == "annotation" for row in followed.rows):
            super().take(parts, followed)


def somebody(parts: Parts, name: str) -> people.Person:
    with parts.store.tables() as sql:
        id = people.create(sql, f"{name.lower()}@demo.arxos", name, None, False, now())
    return people.Person(id, f"{name.lower()}@demo.arxos", name, False)
