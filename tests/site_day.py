"""A day of two tablets on one building, as values: what A and B do, and what must come of it.

A changes 200 elements, adds 20 measurements and deletes 3 other elements. B changes 200: 100 of A's rows, 20 of
those in the same field (5 of these to the same value), the 3 that A deletes, and 97 of its own. So 15 fields are
disagreed on, and 3 deletes. What must come of it is counted here by hand, not asked of the merge.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec

from arxos_sync.messages import Change
from client_kit.http import Server
from client_kit.replica import Home, new_id, now_ms
from client_kit.sync import Loop

CHANGED, COMMON, SAME_FIELD, SAME_VALUE, DELETED, MEASURED = 200, 100, 20, 5, 3, 20
FIELD_CONFLICTS = SAME_FIELD - SAME_VALUE
SERVER_COLUMNS = {"id", "sequence", "created_at", "created_by", "updated_at", "updated_by"}
PASSWORD = "arxos-demo"
Tell = Callable[[str, dict[str, Any]], None]


class Day(msgspec.Struct, frozen=True):
    """The elements the day is about, by id, in a fixed order."""

    building: str
    changed_by_a: list[str]
    changed_by_b: list[str]
    same_field: list[str]
    same_value: list[str]
    deleted: list[str]


def plan(building: str, elements: list[str]) -> Day:
    """Pick the day's elements from those that nothing else hangs on."""
    assert len(elements) >= CHANGED + COMMON + DELETED, "the building is too small for this day"
    by_a = elements[:CHANGED]
    common = by_a[-COMMON:]
    gone = elements[CHANGED : CHANGED + DELETED]
    own = elements[CHANGED + DELETED : CHANGED + DELETED + CHANGED - COMMON - DELETED]
    return Day(building, by_a, common + gone + own, common[:SAME_FIELD], common[:SAME_VALUE], gone)


def work_of_a(day: Day) -> Iterator[list[Change]]:
    """A's transactions, one a thing done."""
    for number, id in enumerate(day.changed_by_a):
        values = {"tag": _tag(day, id, "A")} if id in day.same_field else {"condition": "poor"}
        yield [Change("element", id, "update", set=values)]
        if number < MEASURED:
            yield [Change("measurement", new_id(), "insert", set=_measurement(id, number))]
    for id in day.deleted:
        yield [Change("element", id, "delete")]


def work_of_b(day: Day) -> Iterator[list[Change]]:
    for id in day.changed_by_b:
        values = {"tag": _tag(day, id, "B")} if id in day.same_field else {"status": "faulty"}
        yield [Change("element", id, "update", set=values)]


def _tag(day: Day, id: str, letter: str) -> str:
    return f"SAME-{id[-4:]}" if id in day.same_value else f"{letter}-{id[-4:]}"


def _measurement(id: str, number: int) -> dict[str, Any]:
    return {
        "target_table": "element",
        "target_id": id,
        "kind": "length",
        "name": "Width",
        "value": 0.9 + number / 1000,
        "uncertainty_95": 0.002,
        "basis": "laser",
    }


# ---------------------------------------------------------------- tablets


class Tablet:
    """A device of `client_kit` in a folder, for one person."""

    def __init__(self, folder: Path, tell: Tell = lambda what, facts: None) -> None:
        self.home, self.tell = Home(folder), tell

    @classmethod
    def new(cls, folder: Path, url: str, email: str, tell: Tell = lambda what, facts: None) -> Tablet:
        tablet = cls(folder, tell)
        tablet.home.create(url)
        tablet.server().login(email, PASSWORD)
        return tablet

    def server(self) -> Server:
        return Server(self.home)

    def subscribe(self, scope: str) -> None:
        device = self.home.device()
        device.scopes.append(scope)
        self.home.save(device)

    def moved_to(self, folder: Path, url: str) -> Tablet:
        """The same device in a copy of its folder, for another course of the same day."""
        self.home.close()
        shutil.copytree(self.home.folder, folder)
        tablet = Tablet(folder, self.tell)
        device = tablet.home.device()
        device.server = url
        tablet.home.save(device)
        return tablet

    def record(self, scope: str, transactions: Iterator[list[Change]]) -> int:
        replica, count = self.home.replica(scope), 0
        for changes in transactions:
            replica.record(changes, now_ms())
            count += 1
        return count

    def sync(self) -> dict[str, int]:
        """Exchange until there is nothing left to say. Raises the problem that stood in the way."""
        server = self.server()
        try:
            loop = Loop(self.home, server, self.tell)
            loop.start()
            if loop.problem is not None:
                raise loop.problem
            return loop.totals
        finally:
            server.close()

    def pending(self, scope: str) -> int:
        return self.home.replica(scope).pending_count()

    def digests(self, scope: str) -> dict[str, str]:
        return _without_empty(self.home.replica(scope).digests())

    def rows(self, scope: str) -> dict[tuple[str, str], dict[str, Any]]:
        """Every row as the person sees it, by (table, id), without what is unset."""
        replica, held = self.home.replica(scope), {}
        for table in self.home.catalogue.synced("building"):
            for id, _ in replica.server_keys(table):
                row = replica.row(table, id)
                held[table, id] = {n: v for n, v in (row or {}).items() if v is not None}
        return held


def _without_empty(digests: dict[str, str]) -> dict[str, str]:
    return {table: sum_ for table, sum_ in digests.items() if int(sum_, 16)}


# ---------------------------------------------------------------- the server, asked by a client of its own


class Office:
    """Someone who asks the server over plain HTTP and JSON, with no code of the client kit."""

    def __init__(self, url: str, email: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=60)
        answer = self.http.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})
        answer.raise_for_status()
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        self.http.cookies.clear()
        self.device = new_id()

    def building(self) -> str:
        items = self.http.get("/api/v1/buildings").json()["items"]
        return items[0]["id"]

    def pull(self, scope: str) -> tuple[dict[tuple[str, str], dict[str, Any]], dict[str, str]]:
        """Every live row of a scope as JSON has it, and its digests."""
        held: dict[tuple[str, str], dict[str, Any]] = {}
        cursor, more, digest = None, True, {}
        while more:
            asked = {"scope": scope, "cursor": cursor, "rows": True, "verify": True}
            body = {"protocol": 1, "schema": 1, "device": self.device, "scopes": [asked]}
            answer = self.http.post("/api/v1/sync", json=body)
            answer.raise_for_status()
            (told,) = answer.json()["scopes"]
            assert told["state"] == "ok", told["state"]
            for row in told["rows"]:
                if row["deleted"]:
                    held.pop((row["table"], row["id"]), None)
                else:
                    known = held.get((row["table"], row["id"]), {})
                    held[row["table"], row["id"]] = known | row["set"] | {"sequence": row["sequence"]}
            cursor, more, digest = told["cursor"], told["more"], told.get("digest") or {}
        rows = {key: {n: v for n, v in row.items() if v is not None} for key, row in held.items()}
        return rows, _without_empty(digest)


def as_json(rows: dict[tuple[str, str], dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """A tablet's rows as JSON shows them: bytes as hex."""
    return {
        key: {n: v.hex() if isinstance(v, bytes) else v for n, v in row.items()} for key, row in rows.items()
    }


def comparable(rows: dict[tuple[str, str], dict[str, Any]]) -> list[tuple[str, str, dict[str, Any]]]:
    """Rows without sequences and server columns; conflicts without the ids the server dealt them."""
    shown = [
        (table, "" if table == "conflict" else id, {n: v for n, v in row.items() if n not in SERVER_COLUMNS})
        for (table, id), row in rows.items()
    ]
    return sorted(shown, key=lambda one: (one[0], one[1], msgspec.json.encode(one[2], order="sorted")))


def check_outcome(day: Day, rows: dict[tuple[str, str], dict[str, Any]]) -> None:
    """What must stand at the end of the day, by what A and B typed."""
    open_ones = [r for (t, _), r in rows.items() if t == "conflict" and r["state"] == "open"]
    kinds = sorted(r["kind"] for r in open_ones)
    assert kinds == ["delete"] * DELETED + ["field"] * FIELD_CONFLICTS, kinds
    for conflict in open_ones:
        assert {"base", "kept", "other"} <= conflict.keys()
        row = rows["element", conflict["row_id"]]
        if conflict["kind"] == "field":
            letters = {conflict["kept"]["tag"][0], conflict["other"]["tag"][0]}
            assert letters == {"A", "B"} and row["tag"] == conflict["kept"]["tag"]
            assert conflict["base"]["tag"] not in (conflict["kept"]["tag"], conflict["other"]["tag"])
        else:
            assert conflict["row_id"] in day.deleted and conflict["kept"] == {"status": "faulty"}
            assert conflict["other"] == {} and row["status"] == "faulty"
    for id in day.changed_by_a:
        assert id in day.same_field or rows["element", id]["condition"] == "poor"
    for id in day.changed_by_b:
        assert id in day.same_field or rows["element", id]["status"] == "faulty"
    for id in day.same_value:
        assert rows["element", id]["tag"] == f"SAME-{id[-4:]}"
    assert sum(t == "measurement" for t, _ in rows) == MEASURED


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """The environment of a server process that keeps its data in `folder`."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ARXOS_")}
    return clean | {"ARXOS_DATA_DIR": str(folder)} | settings
