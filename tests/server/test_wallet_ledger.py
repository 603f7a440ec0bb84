"""The ledger under many writers that are killed: what is in the table is counted here by its own arithmetic."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from arxos_sync.problems import Problem
from arxos_sync.storage.driver import connect
from arxos_sync.storage.spatialite_server import FILE
from server.app import open_parts
from server.parts import Parts, derived_id, now
from server.settings import read_settings
from server.wallet.chain import verify_ledger
from server.wallet.ledger import ENTRY, append, hold
from server.wallet.posting import post_due, take_back
from server.wallet.rewards import credit
from tests import services
from tests.server.running import ROOT, wait_for
from tests.server.wallet_writer import deed

WRITERS = 4
POINTS, CAP = 10, 200  # of validation.confirmed, as the store is made
CHAINED = (
    "number", "id", "entry_id", "side", "account", "user_id", "points", "state", "reward_rule", "rule_version",
    "validation_id", "building_id", "day", "reason", "posts_at", "about", "reverses", "created_at", "previous_hash",
)  # fmt: skip


class Writers:
    """Processes that write into one ledger."""

    def __init__(self, environment: dict[str, str], count: int) -> None:
        self.environment = {**os.environ, **environment, "PYTHONPATH": str(ROOT)}
        self.count, self.running = count, dict[int, subprocess.Popen[bytes]]()

    def start(self, seed: int) -> None:
        command = [sys.executable, "-m", "tests.server.wallet_writer", str(seed), str(self.count)]
        self.running[seed] = subprocess.Popen(command, env=self.environment, cwd=ROOT)

    def kill(self, seed: int) -> bool:
        """With SIGKILL; answers whether it was still at work."""
        process = self.running[seed]
        process.kill()
        return process.wait(20) != 0

    def wait(self) -> None:
        for process in self.running.values():
            assert process.wait(900) == 0


@pytest.fixture
def environment(postgis_store_url: str, tmp_path: Path) -> dict[str, str]:
    return {"ARXOS_DATA_DIR": str(tmp_path), "ARXOS_LOG": "error", "ARXOS_DATABASE_URL": postgis_store_url}


def play(environment: dict[str, str], count: int, kills: int) -> int:
    """Several writers, each offering every deed in an order of its own; one after the other is killed and begins anew.

    Answers how many were killed at work.
    """
    writers, killed = Writers(environment, count), 0
    for seed in range(WRITERS):
        writers.start(seed)
    with psycopg.connect(environment["ARXOS_DATABASE_URL"], autocommit=True) as connection:
        for kill in range(kills):
            there = 2 * count * (kill + 1) // (2 * kills + 2)
            wait_for(lambda least=there: _rows(connection) >= least, 900)
            killed += writers.kill(kill % WRITERS)
            writers.start(kill % WRITERS)
    writers.wait()
    return killed


def _rows(connection: psycopg.Connection[Any]) -> int:
    return connection.execute("select count(*) from ledger").fetchone()[0]


def audit(url: str, count: int) -> None:
    """The test's own arithmetic over the table."""
    with psycopg.connect(url, row_factory=psycopg.rows.dict_row) as connection:
        rows = connection.execute("select * from ledger order by number").fetchall()
    assert sum(row["points"] if row["side"] == "credit" else -row["points"] for row in rows) == 0
    credits = [row for row in rows if row["side"] == "credit"]
    assert len(credits) == count == len({row["validation_id"] for row in credits}), "no credit twice, none lost"
    sides = Counter((row["entry_id"], row["side"], row["points"]) for row in rows)
    assert set(sides.values()) == {1} and len(sides) == 2 * count
    assert {(entry, "debit", points) for entry, side, points in sides if side == "credit"} <= sides.keys()
    deeds = [deed(number) for number in range(count)]
    done = Counter((one.user_id, one.day) for one in deeds)
    expected = {place: min(CAP, POINTS * number) for place, number in done.items()}
    given: Counter[tuple[str, str]] = Counter()
    for row in credits:
        given[row["user_id"], row["day"]] += row["points"]
    assert dict(given) == expected, "each person each day up to the cap"
    assert any(points == CAP and done[place] > CAP // POINTS for place, points in expected.items()), "the cap was met"
    follows(rows)


def follows(rows: list[dict[str, Any]]) -> None:
    before = ""
    for number, row in enumerate(rows, 1):
        assert (row["number"], row["previous_hash"]) == (number, before)
        said = json.dumps([row[name] for name in CHAINED], ensure_ascii=False, separators=(",", ":"))
        before = hashlib.sha256(said.encode()).hexdigest()
        assert row["hash"] == before


def test_5_000_credits_by_writers_that_are_killed_are_each_there_once_and_sum_to_nothing(environment: dict[str, str]):
    assert play(environment, 5_000, kills=3) >= 1, "somebody was killed at work"
    audit(environment["ARXOS_DATABASE_URL"], 5_000)


@pytest.mark.long
def test_100_000_credits_by_writers_that_are_killed_are_each_there_once_and_sum_to_nothing(
    environment: dict[str, str],
):
    assert play(environment, 100_000, kills=12) >= 6, "they were killed at work"
    audit(environment["ARXOS_DATABASE_URL"], 100_000)
    parts = open_parts(read_settings(environment, ROOT))
    assert verify_ledger(parts).line() == "ledger: 200000 rows in one chain, every entry balances"
    parts.store.close()


# ---------------------------------------------------------------- both stores


@pytest.fixture(params=["spatialite", "postgis"])
def parts(request: pytest.FixtureRequest, tmp_path: Path):
    environment = {"ARXOS_DATA_DIR": str(tmp_path), "ARXOS_LOG": "error"}
    name = f"ledger_{uuid4().hex}"
    if request.param == "postgis":
        environment["ARXOS_DATABASE_URL"] = services.create_database(name)
    opened = open_parts(read_settings(environment, tmp_path))
    yield opened
    opened.store.close()
    if request.param == "postgis":
        services.drop_database(name)


def everything(parts: Parts) -> list[dict[str, Any]]:
    with parts.store.tables() as sql:
        return sql.rows("select * from ledger order by number")


def of(parts: Parts, number: int) -> dict[str, Any]:
    with parts.store.tables() as sql:
        (found,) = sql.rows(ENTRY + " and e.validation_id = :id", id=deed(number).validation_id)
    return found


def later(parts: Parts) -> None:
    """As if 72 hours had gone by."""
    with parts.store.tables() as sql:
        sql.run("update ledger_waiting set posts_at = :at", at=now())


def test_the_same_deeds_again_write_nothing_whatever_the_batch(parts: Parts):
    assert credit(parts, [deed(1), deed(2), deed(1)]) == 2
    assert credit(parts, [deed(2), deed(3), deed(1)]) == 1
    assert credit(parts, [deed(number) for number in range(4)]) == 1
    rows = everything(parts)
    assert len(rows) == 8
    follows(rows)


@pytest.mark.parametrize(
    "statement",
    [
        "update ledger set points = 1000 where number = 1",
        "update ledger set points = 1000 where number = -1 or side = 'credit'",
        "delete from ledger where number = 2",
        "delete from ledger",
        "insert into ledger select * from ledger",
    ],
)
def test_nobody_updates_or_deletes_a_row_of_the_ledger(parts: Parts, statement: str):
    credit(parts, [deed(1)])
    before = everything(parts)
    with pytest.raises(Problem):
        with parts.store.tables() as sql:
            sql.run(statement)
    assert everything(parts) == before


def test_the_ledger_is_neither_emptied_at_once_nor_written_over(parts: Parts):
    credit(parts, [deed(1)])
    before = everything(parts)
    emptied = "truncate ledger" if parts.settings.database_url else "insert or replace into ledger select * from ledger"
    with pytest.raises(Problem):
        with parts.store.tables() as sql:
            sql.run(emptied)
    assert everything(parts) == before


def test_a_role_without_more_than_everybody_has_may_not_touch_the_ledger(environment: dict[str, str]):
    role = f"somebody_{uuid4().hex[:8]}"
    with psycopg.connect(environment["ARXOS_DATABASE_URL"]) as connection:
        connection.execute(f"create role {role}")
        connection.execute(f"set local role {role}")
        for statement in ("update ledger set points = 1", "delete from ledger", "truncate ledger"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(statement)
        connection.rollback()


def test_a_credit_is_posted_after_its_72_hours_by_an_entry_of_its_own_and_once(parts: Parts):
    credit(parts, [deed(1), deed(2)])
    post_due(parts)
    assert len(everything(parts)) == 4 and of(parts, 1)["state"] == "pending", "it is too early"
    later(parts)
    post_due(parts)
    post_due(parts)
    rows = everything(parts)
    assert [(r["side"], r["account"], r["points"]) for r in rows if r["state"] == "posted"] == [
        ("debit", "pending", POINTS), ("credit", "posted", POINTS),
    ] * 2  # fmt: skip
    assert of(parts, 1)["state"] == of(parts, 2)["state"] == "posted"
    follows(rows)
    assert verify_ledger(parts).ok


@pytest.mark.parametrize("posted", [False, True])
def test_a_credit_that_is_taken_back_and_given_again_leaves_each_account_as_it_was(parts: Parts, posted: bool):
    credit(parts, [deed(1)])
    if posted:
        later(parts)
        post_due(parts)

    def accounts() -> dict[str, int]:
        found: Counter[str] = Counter()
        for row in everything(parts):
            found[row["account"]] += row["points"] if row["side"] == "credit" else -row["points"]
        return {name: points for name, points in found.items() if points}

    before = accounts()
    with parts.store.tables() as sql:
        take_back(sql, of_sql(sql, 1), "a mistake")
    assert accounts() == {} and of(parts, 1)["state"] == "reversed"
    later(parts)
    post_due(parts)
    assert accounts() == {}, "what was taken back is not posted"
    with parts.store.tables() as sql:
        take_back(sql, of_sql(sql, 1), "no mistake after all")
    assert accounts() == before
    with pytest.raises(Problem, match="already_decided"):
        with parts.store.tables() as sql:
            take_back(sql, of_sql(sql, 1), "once more")
    later(parts)
    post_due(parts)
    assert of(parts, 1)["state"] == "posted" and verify_ledger(parts).ok
    follows(everything(parts))


def of_sql(sql: Any, number: int) -> dict[str, Any]:
    (found,) = sql.rows(ENTRY + " and e.validation_id = :id", id=deed(number).validation_id)
    return found


def tamper(parts: Parts, statement: str) -> None:
    """As whoever owns the database can, past the server."""
    url = parts.settings.database_url
    if url is not None:
        with psycopg.connect(url) as connection:
            connection.execute(f"alter table ledger disable trigger user; {statement}")
        return
    connection = connect(parts.settings.data_dir / FILE, spatialite=False)
    connection.executescript(f"drop trigger ledger_is_not_changed; drop trigger ledger_loses_nothing; {statement}")
    connection.close()


@pytest.mark.parametrize(
    ("tampered", "said"),
    [
        ("update ledger set points = 11 where number in (3, 4)", "entry {second} (row 3) is not what was written"),
        ("update ledger set reason = 'other' where number = 4", "entry {second} (row 4) is not what was written"),
        ("delete from ledger where number in (3, 4)", "entry {third} is row 5 where row 3 should be"),
        ("delete from ledger where number in (5, 6)", "the chain ends at row 4; 6 were written"),
    ],
)
def test_verify_names_the_first_entry_that_was_tampered_with(parts: Parts, tampered: str, said: str):
    credit(parts, [deed(1)])
    credit(parts, [deed(2)])
    credit(parts, [deed(3)])
    assert verify_ledger(parts).ok
    tamper(parts, tampered)
    found = verify_ledger(parts)
    second, third = (derived_id("credit", deed(n).rule, deed(n).validation_id) for n in (2, 3))
    assert not found.ok and found.findings[0] == said.format(second=second, third=third)


def test_verify_finds_an_entry_with_one_side_although_the_chain_holds(parts: Parts):
    credit(parts, [deed(1)])
    (row, _) = everything(parts)
    with parts.store.tables() as sql:
        held = hold(sql)
        append(sql, held, [OneSided(row)])
    found = verify_ledger(parts)
    assert found.broken is None and found.findings == [f"entry {derived_id('one side')} does not balance"]


class OneSided:
    """An entry as a mistaken program might write it."""

    def __init__(self, like: dict[str, Any]) -> None:
        self.like = like

    def rows(self) -> list[dict[str, Any]]:
        own = {"id": derived_id("one row"), "entry_id": derived_id("one side"), "validation_id": None}
        return [self.like | own]
