"""What a replica offers to a restored server, and what becomes of it when the device is copied or locked out meanwhile.

Each story is told twice, to Python's replica and to JavaScript's, and leaves the same on the disk after every step.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

import schemas
from arxos_sync.messages import Change, Mark, Receipt, ScopeAnswer
from arxos_sync.storage import replica_care, replica_file, replica_heal
from arxos_sync.storage.driver import connect
from arxos_sync.storage.spatialite import Replica

CATALOGUE = schemas.catalogue()
B = "0192f3a0-0000-7000-8000-00000000000b"
DEVICE, OTHER = (f"0192f3a0-0000-7000-8000-0000000000{end}" for end in ("dd", "ee"))
NOW = 1_700_000_000_000
NONCE = "0" * 24


def door(number: int) -> str:
    return f"0192f3a0-0000-7000-8000-0000000e{number:04x}"


def record(number: int, op: str = "update", **values: Any) -> dict[str, Any]:
    values |= {"ifc_class": "IfcDoor"} if op == "insert" else {}
    change = {"table": "element", "id": door(number), "op": op, "base": 0, "set": values}
    return {"do": "record", "changes": [change], "now": NOW}


def receipt(n: int, sequence: int | None, code: str | None = None) -> dict[str, Any]:
    if code is not None:
        problem = {"code": code, "detail": "", "hint": "", "change": 0, "field": None}
        return {"n": n, "outcome": "rejected", "sequence": None, "changes": [], "problem": problem}
    return {"n": n, "outcome": "applied", "sequence": sequence, "changes": [{"outcome": "applied"}]}


def answer(
    head: int | None,
    *receipts: dict[str, Any],
    state: str = "ok",
    rows: int = 0,
    whole: bool = False,
    typed: tuple[dict[str, str], ...] = (),
) -> dict[str, Any]:
    """Without a head there is neither cursor nor row: the scope is gone. `typed`: what the first rows hold besides."""
    known = {"n": receipts[-1]["n"], "nonce": NONCE} if receipts else None
    told = {"scope": B, "state": state, "known": known, "receipts": list(receipts), "rows": [], "more": False}
    if head is not None:
        told |= {"cursor": f"cursor {head}", "head": head, "salt": f"{head:02x}"}
        held = [{"ifc_class": "IfcDoor"} | (typed[n] if n < len(typed) else {}) for n in range(rows)]
        told["rows"] = [
            {"table": "element", "id": door(n), "sequence": head, "deleted": False, "set": values}
            for n, values in enumerate(held)
        ]
    return {"do": "answer", "answer": told, "from_nothing": whole}


BOOTSTRAP = answer(5, rows=4, whole=True)
BEGIN = {"do": "begin", "mark": 5, "cursor": "cursor 5 anew", "known": None, "role": "technician", "now": NOW}
# two acknowledged and pulled, one acknowledged and not pulled, one on its way, one not sent
LIVED = [
    BOOTSTRAP,
    record(0, name="first"), record(1, tag="second"), {"do": "pending"},
    answer(7, receipt(1, 6), receipt(2, 7), rows=2, typed=({"name": "first"}, {"tag": "second"})),
    record(9, "insert", name="third"), {"do": "pending"}, answer(7, receipt(3, 8)),
    record(2, name="fourth"), {"do": "pending"}, record(3, name="fifth"),
]  # fmt: skip
OFFER = {"do": "following"}
HEAL = [OFFER, {"do": "take", "receipts": [receipt(n, n + 5) for n in (1, 2, 3)]},
        OFFER, {"do": "take", "receipts": [receipt(4, 9)]}, OFFER, {"do": "finish"}]  # fmt: skip
STORIES = {
    "healed": [*LIVED, BEGIN, *HEAL, answer(9, rows=4, whole=True), {"do": "settle"}],
    "healed, lost again, and healed": [*LIVED, BEGIN, *HEAL, BEGIN | {"cursor": "cursor 5 again"}, *HEAL,
               answer(9, rows=4, whole=True), {"do": "settle"}],
    "a parent that is not back is owed": [*LIVED, BEGIN, OFFER,
               {"do": "take", "receipts": [receipt(1, 6), receipt(2, None, "row_unknown"), receipt(3, 7),
                                           receipt(4, 8)]},
               OFFER, {"do": "take", "receipts": [receipt(5, None, "row_unknown")]},
               {"do": "finish"}, answer(8, rows=4, whole=True), {"do": "settle"}, answer(9), {"do": "try_owed"}, OFFER],
    "owed, and the server restored once more": [*LIVED, BEGIN, OFFER,
               {"do": "take", "receipts": [receipt(1, 6), receipt(2, None, "row_unknown"), receipt(3, 7),
                                           receipt(4, 8)]},
               BEGIN | {"mark": 8, "cursor": "cursor 8", "known": {"n": 4, "nonce": NONCE}}, OFFER],
    "copied": [*LIVED, {"do": "fork", "device": OTHER}, {"do": "pending"}],
    "copied, and the server restored": [*LIVED, {"do": "fork", "device": OTHER}, BEGIN, OFFER],
    "copied in the midst of it": [*LIVED, BEGIN, OFFER, {"do": "fork", "device": OTHER}, BEGIN, OFFER],
    "locked out in the midst of it": [*LIVED, BEGIN, OFFER, {"do": "take", "receipts": [receipt(1, 6)]},
               {"do": "set_aside"}, {"do": "pending"},
               answer(None, receipt(2, None, "forbidden"), receipt(3, None, "forbidden"), state="gone"),
               BEGIN | {"known": {"n": 1, "nonce": NONCE}}, OFFER],
    "locked out while something was owed": [*LIVED, {"do": "fork", "device": OTHER}, answer(8),
               {"do": "try_owed"}, OFFER, {"do": "set_aside"}, {"do": "pending"}],
}  # fmt: skip


class Told:
    """Python's replica, told the same steps."""

    def __init__(self, path: Path):
        self.replica = Replica(connect(path), CATALOGUE, bytes)

    def do(self, step: dict[str, Any]) -> dict[str, Any]:
        what, replica = step["do"], self.replica
        match what:
            case "record":
                replica.record(msgspec.convert(step["changes"], list[Change]), step["now"])
            case "pending":
                replica.pending()
            case "answer":
                replica.apply_answer(msgspec.convert(step["answer"], ScopeAnswer), from_nothing=step["from_nothing"])
            case "begin":
                known = msgspec.convert(step["known"], Mark | None)
                replica_heal.begin(replica, step["mark"], step["cursor"], known, step["role"], step["now"])
            case "take":
                replica_heal.take(replica, msgspec.convert(step["receipts"], list[Receipt]))
            case "fork":
                replica_care.fork(replica, step["device"])
            case _:
                getattr(replica_heal, what)(replica)
        return self.held()

    def held(self) -> dict[str, Any]:
        rows = self.replica.connection.execute(
            "select kind, state, transaction_key, n, stamp, formerly, sequence, content from arxos_heal order by place"
        ).fetchall()
        names = ("kind", "state", "transaction_key", "n", "stamp", "formerly", "sequence")
        offers = [
            dict(zip(names, row, strict=False)) | {"content": _wire(msgspec.msgpack.decode(row[7]))} for row in rows
        ]
        log = self.replica.connection.execute(
            "select key, state, n, nonce, sequence, stamp from arxos_change_log order by key"
        ).fetchall()
        state = {key: self.replica.state(key) for key in ("n", "known", "healing", "owing", "owing_at")}
        return {
            "state": state,
            "offers": offers,
            "log": [dict(zip(("key", "state", "n", "nonce", "sequence", "stamp"), row, strict=True)) for row in log],
        }


def _wire(changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"base": 0} | change for change in changes]


def _alike(held: dict[str, Any]) -> dict[str, Any]:
    """Without what the two write differently and mean the same by."""
    state = {key: str(value) for key, value in held["state"].items() if key in ("n", "owing_at") and value is not None}
    for key in ("known", "healing", "owing"):
        told = json.loads(held["state"][key]) if held["state"][key] else None
        state[key] = told and {name: told.get(name) for name in ("n", "mark", "cursor", "prior") if name in told}
    offers = [one | {"content": _wire(one["content"])} for one in held["offers"]]
    return {"state": state, "offers": offers, "log": held["log"]}


def _offered(held: dict[str, Any]) -> list[tuple[str, int | None, int | None]]:
    return [(one["kind"], one["n"], one["formerly"]) for one in held["offers"] if one["state"] == "sent"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "replica.sqlite"
    connection = replica_file.create_replica(path, CATALOGUE, B, journal="delete")
    replica_file.adopt(connection, DEVICE)
    connection.close()
    return path


@pytest.mark.parametrize("story", STORIES)
def test_both_clients_offer_the_same_and_remember_the_same(path: Path, story: str):
    script = Path(__file__).with_name("heal_alike.mjs")
    told = subprocess.run(
        ["node", str(script), str(path)], input=json.dumps(STORIES[story]), capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr
    theirs = [json.loads(line) for line in told.stdout.splitlines()]
    mine = Told(path)
    for step, held in zip(STORIES[story], theirs, strict=True):
        assert _alike(mine.do(step)) == _alike(held), step


def _last(path: Path, story: str) -> dict[str, Any]:
    mine = Told(path)
    return [mine.do(step) for step in STORIES[story]][-1]


def test_what_a_copied_device_had_acknowledged_is_offered_under_its_new_name(path: Path):
    assert _offered(_last(path, "copied, and the server restored")) == [
        ("own", 1, 6), ("own", 2, 7), ("own", 3, 8), ("row", 4, None),
    ]  # fmt: skip


def test_what_was_acknowledged_and_has_not_come_back_is_owed_by_a_copy(path: Path):
    held = _last(path, "copied")
    assert [(one["kind"], one["state"], one["formerly"]) for one in held["offers"]] == [("own", "owed", 8)]
    assert [one["n"] for one in held["log"] if one["state"] == "sent"] == [1, 2], "the fourth and the fifth"


def test_what_was_refused_while_rows_were_missing_is_offered_to_the_next_life_too(path: Path):
    held = _last(path, "owed, and the server restored once more")
    assert _offered(held) == [("own", 5, 7)], "the server knows its former number as that of a refusal"


def test_who_is_locked_out_while_healing_sends_what_waits_and_offers_the_rest_later(path: Path):
    mine = Told(path)
    story = STORIES["locked out in the midst of it"]
    told = [mine.do(step) for step in story]
    sent = [one["n"] for one in told[-4]["log"] if one["state"] == "sent"]
    assert sent == [2, 3], "after the one the server was heard to have"
    assert [one["state"] for one in told[-3]["log"]][-2:] == ["rejected", "rejected"]
    assert _offered(told[-1]) == [
        ("nothing", 2, None), ("nothing", 3, None), ("own", 4, 7), ("own", 5, 8), ("row", 6, None),
    ]  # fmt: skip


def test_what_a_server_lost_before_the_scope_was_fetched_anew_is_offered_again(path: Path):
    told = Told(path)
    for step in [*LIVED, BEGIN, *HEAL]:
        told.do(step)
    assert replica_heal.lost_again(told.replica, Mark(3, NONCE)), "it took four"
    assert not replica_heal.lost_again(told.replica, Mark(4, NONCE))
    offered = _offered(told.do(BEGIN | {"cursor": "cursor 5 again"}) and told.do(OFFER))
    assert replica_heal.lost_again(told.replica, None), "it was cut, and the exchange that follows says nothing of it"
    assert offered == [("own", 1, 6), ("own", 2, 7), ("own", 3, 8), ("row", 4, None)]
    assert told.replica.row("element", door(0))["name"] == "first", "what was typed stays on the screen"
