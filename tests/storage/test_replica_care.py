"""What is cared for without a person's asking: the log that is pruned, and rows that differ without an edit.

Each story is told twice, to Python's replica and to JavaScript's: both answer the same and leave the same on the disk.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

import schemas
from arxos_sync import content, digest
from arxos_sync.messages import Change, RowOut, ScopeAnswer
from arxos_sync.storage import replica_care, replica_file, replica_rows, replica_verify
from arxos_sync.storage.driver import connect
from arxos_sync.storage.spatialite import Replica
from tests.storage.test_replica_heal import NOW, B, answer, door, receipt, record

CATALOGUE = schemas.catalogue()
ELEMENT = CATALOGUE.tables["element"]
DEVICE = "0192f3a0-0000-7000-8000-0000000000dd"
DAY_MS = 86_400_000
POINT = "01e9030000000000000000f03f333333333333d33f0000000000000040"
DOOR = {"ifc_class": "IfcDoor", "name": "D", "systems": ["hvac", "\U0001f6aa"], "properties": {"b": [None, True, 0.3]},
        "heading_deg": 0.30000000000000004, "geometry": POINT, "visit_count": 2}  # fmt: skip
NOTE = {"annotation_id": door(0), "text": "said"}


def row(number: int, sequence: int = 5, table: str = "element", **values: Any) -> dict[str, Any]:
    given = (DOOR if table == "element" else NOTE) | values
    return {"table": table, "id": door(number), "sequence": sequence, "deleted": False, "set": given}


ROWS = [row(n) for n in range(4)] + [row(8, table="comment"), row(0, table="annotation", title="Leak")]
del ROWS[-1]["set"]["annotation_id"], ROWS[-1]["set"]["text"]


def bootstrap() -> dict[str, Any]:
    told = answer(5, whole=True)
    told["answer"]["rows"] = ROWS
    return told


def unlogged(sql: str, *values: Any) -> dict[str, Any]:
    return {"do": "unlogged", "sql": sql, "values": list(values)}


def proved(rows: list[dict[str, Any]], table: str = "element", now: int = NOW) -> list[dict[str, Any]]:
    """What a verify does where the server holds these rows of the table."""
    live = [(one["id"], {**one["set"], **_bytes(one["set"])}) for one in rows]
    theirs = [digest.to_hex(sum) for sum in content.leaves(CATALOGUE.tables[table], live)]
    return [
        {"do": "differing", "table": table, "theirs": theirs}, {"do": "strays", "table": table},
        {"do": "mend", "table": table, "leaves": list(range(256)), "rows": rows, "now": now},
        {"do": "differing", "table": table, "theirs": theirs}, {"do": "pending"},
    ]  # fmt: skip


def _bytes(values: dict[str, Any]) -> dict[str, Any]:
    return {"geometry": bytes.fromhex(values["geometry"])} if "geometry" in values else {}


DOORS = ROWS[:4]
MANY = 2_100  # more than REST_ROWS_MIN: the triggers rest


def many(head: int, rows: list[dict[str, Any]], whole: bool = False) -> dict[str, Any]:
    told = answer(head, whole=whole)
    told["answer"]["rows"] = rows
    return told


def changed(number: int) -> dict[str, Any]:
    """As others change rows: some gone, some moved, some emptied of their place, some new, of many shapes."""
    place = f"01e9030000000000000000{number % 256:02x}40" + POINT[26:]
    match number % 7:
        case 0:
            return {"table": "element", "id": door(number), "sequence": 6, "deleted": True}
        case 1:
            return row(number, 6) | {"set": {"geometry": place, "heading_deg": float(number)}}
        case 2:
            return row(number, 6) | {"set": {"geometry": None, "heading_deg": None}}
        case 3:
            return row(number, 6) | {"set": {"properties": {"n": number}, "tag": f"T{number}"}}
        case shape:
            names = ("serial_number", "manufacturer", "model", "asset_tag", "condition")[: shape - 2]
            return row(number, 6) | {"set": {name: "good" for name in names if name in ELEMENT.columns}}


STORIES = {
    "nothing differs": [bootstrap(), *proved(DOORS)],
    "nothing differs under edits that wait": [
        bootstrap(), record(1, name="typed"), record(9, "insert", name="new"), *proved(DOORS),
    ],
    "a value without an edit": [
        bootstrap(), unlogged("update element set name = 'typed in QGIS' where id = ?", door(1)), *proved(DOORS),
    ],
    "a value of a group": [bootstrap(), unlogged("update element set heading_deg = 90 where id = ?", door(1)),
                           *proved(DOORS)],
    "an unlogged value in a row with an edit": [
        bootstrap(), record(1, name="typed"), unlogged("update element set tag = 'by the way' where id = ?", door(1)),
        *proved(DOORS),
    ],
    "a row nobody recorded": [
        bootstrap(),
        unlogged("insert into element (id, ifc_class, name) values (?, 'IfcDoor', 'stray')", door(11)),
        *proved(DOORS),
    ],
    "a row that was lost": [bootstrap(), unlogged("delete from element where id = ?", door(2)), *proved(DOORS)],
    "a row the server does not have": [bootstrap(), *proved(DOORS[:3])],
    "a row the server has moved on from": [
        bootstrap(), unlogged("update element set name = 'stale' where id = ?", door(2)),
        *proved([*DOORS[:2], row(2, 6, tag="newer"), DOORS[3]]),
    ],
    "what is the server's": [
        bootstrap(), unlogged("update element set updated_by = 'nobody' where id = ?", door(2)), *proved(DOORS),
    ],
    "a column set once": [
        bootstrap(), unlogged("update comment set text = 'never said' where id = ?", door(8)),
        *proved([ROWS[4]], "comment"),
    ],
    "no value at all": [bootstrap(), unlogged("update element set name = null where id = ?", door(1)), *proved(DOORS)],
    "sums that are off": [bootstrap(), unlogged("update arxos_digest set sum = 'ff'"), {"do": "recount"}],
    "many rows at once": [
        many(5, [row(n) for n in range(MANY)], whole=True), record(1, name="typed"), record(7, name="typed"),
        record(11, tag="typed"), {"do": "pending"},
        many(6, [changed(n) for n in range(MANY)] + [row(n, 6) for n in range(MANY, MANY + 50)]),
        many(9, [row(n, 9, tag="last") for n in range(3, 40, 4)]),
    ],
    "a log of 30 days": [
        bootstrap(), record(1, name="old"), record(2, name="older"), record(2, name="oldest"), {"do": "pending"},
        answer(7, receipt(1, 6), receipt(2, 7)), record(3, name="waits"), {"do": "prune", "now": NOW + 29 * DAY_MS},
        {"do": "prune", "now": NOW + 31 * DAY_MS}, answer(9, receipt(3, 8)),
        {"do": "prune", "now": NOW + 31 * DAY_MS}, {"do": "pending"},
    ],
    "what the cursor has not passed is kept": [
        bootstrap(), record(1, name="old"), {"do": "pending"}, answer(None, receipt(1, 6)),
        {"do": "prune", "now": NOW + 99 * DAY_MS}, answer(6), {"do": "prune", "now": NOW + 99 * DAY_MS},
    ],
    "a receipt that the cursor has passed": [
        bootstrap(), record(1, name="typed"), record(2, "delete"), record(9, "insert", name="new"), {"do": "pending"},
        answer(9), answer(9, receipt(1, 6), receipt(2, 7), receipt(3, 8)), *proved(DOORS),
    ],
    "marks of three thousands": [bootstrap(), *(answer(head) for head in range(900, 3200, 17))],
    "what was refused is kept": [
        bootstrap(), record(1, name="old"), {"do": "pending"}, answer(6, receipt(1, None, "forbidden")),
        {"do": "prune", "now": NOW + 99 * DAY_MS},
    ],
}  # fmt: skip


class Told:
    """Python's replica, told the same steps."""

    def __init__(self, path: Path):
        self.replica = Replica(connect(path), CATALOGUE, bytes)

    def do(self, step: dict[str, Any]) -> dict[str, Any]:
        return {"answered": plain(self.answered(step)), **plain(self.held())}

    def answered(self, step: dict[str, Any]) -> Any:
        replica = self.replica
        match step["do"]:
            case "record":
                replica.record(msgspec.convert(step["changes"], list[Change]), step["now"])
            case "pending":
                return [{"n": t.n, "reason": t.reason, "changes": t.changes} for t in replica.pending()]
            case "answer":
                replica.apply_answer(msgspec.convert(step["answer"], ScopeAnswer), from_nothing=step["from_nothing"])
            case "unlogged":
                replica.connection.execute("update arxos_writing set capture = 0")
                replica.connection.execute(step["sql"], step["values"])
                replica.connection.execute("update arxos_writing set capture = 1")
            case "prune":
                return replica_care.prune(replica, step["now"])
            case "recount":
                return replica_care.recount(replica)
            case "differing":
                return replica_verify.differing(replica, step["table"], step["theirs"])
            case "strays":
                return replica_verify.strays(replica, step["table"])
            case "mend":
                rows = msgspec.convert(step["rows"], list[RowOut])
                return replica_verify.mend(replica, step["table"], step["leaves"], rows, step["now"])

    def held(self) -> dict[str, Any]:
        replica, values = self.replica, lambda sql: [list(one) for one in self.replica.connection.execute(sql)]
        rows = {}
        for name, table in replica.tables.items():
            ids = [id for (id,) in values(f'select id from "{name}"')]
            if ids:
                rows[name] = sorted(replica_rows.shown_rows(replica, table, ids).items())
        counts = [replica.one(f'select count(*) from "arxos_log_{name}"') for name in replica.tables]
        return {
            "rows": rows,
            "log": values("select key, state, n, sequence, stamp, base, reason from arxos_change_log order by key"),
            "entries": sum(counts),
            "receipts": [key for (key,) in values("select transaction_key from arxos_receipt order by 1")],
            "digests": replica.digests(),
            "repairs": replica.state("repairs"),
            "marks": [mark for (mark,) in values("select sequence from arxos_mark order by 1")],
            "boxes": values(
                """
                select e.id, round(xmin, 4), round(xmax, 4), round(ymin, 4), round(ymax, 4)
                from idx_element_geometry join element e on pk = pkid order by 1
                """
            ),
            "made": values("select name, sql from sqlite_master order by 1"),
        }


def plain(value: Any) -> Any:
    """As JSON would have it, bytes as hex; what is None or absent in a change is the same."""
    match value:
        case bytes():
            return value.hex()
        case msgspec.Struct():
            kept = {f: getattr(value, f) for f in value.__struct_fields__}
            return plain({f: v for f, v in kept.items() if v is not None})
        case dict():
            return {key: plain(one) for key, one in value.items()}
        case list() | tuple():
            return [plain(one) for one in value]
        case frozenset() | set():
            return sorted(value)
        case _:
            return value


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "replica.sqlite"
    connection = replica_file.create_replica(path, CATALOGUE, B, journal="delete")
    replica_file.adopt(connection, DEVICE)
    connection.close()
    return path


def told(path: Path, story: str) -> list[dict[str, Any]]:
    """What JavaScript answers and holds after each step."""
    script = Path(__file__).with_name("care_alike.mjs")
    given = json.dumps(STORIES[story])
    done = subprocess.run(["node", str(script), str(path)], input=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("story", STORIES)
def test_both_clients_care_for_a_replica_alike(path: Path, story: str):
    theirs, mine = told(path, story), Told(path)
    for step, held in zip(STORIES[story], theirs, strict=True):
        assert held == mine.do(step), step
    mine.replica.close()


def test_the_last_hundred_marks_are_kept_and_the_last_of_each_thousand(path: Path):
    mine, heads = Told(path), [5, *range(900, 3200, 17)]
    for step in STORIES["marks of three thousands"]:
        held = mine.do(step)
    kept = {max(one for one in heads if one // 1000 == thousand) for thousand in range(4)} | set(heads[-100:])
    assert held["marks"] == sorted(kept)
    mine.replica.close()


def test_what_stood_in_a_row_without_an_edit_is_kept_by_the_browser_as_an_edit(path: Path):
    *_, before, mended, after, sent = told(path, "a value without an edit")
    assert mended["answered"] == {"rows": 4, "recorded": 1} and after["answered"] == []
    (change,) = sent["answered"][0]["changes"]
    assert change == {"table": "element", "id": door(1), "op": "update", "base": 0,
                      "set": {"name": "typed in QGIS"}, "was": {"name": "D"}}  # fmt: skip
    assert sent["answered"][0]["reason"] == replica_verify.REASON
    shown = dict(after["rows"]["element"])[door(1)]["name"]
    assert shown == "typed in QGIS" and len(before["answered"]) == 0


def test_the_browser_forgets_what_the_server_has_had_for_30_days(path: Path):
    held = told(path, "a log of 30 days")
    young, old, later = (held[n]["answered"] for n in (7, 8, 10))
    assert (young, old, later) == (0, 2, 1)
    assert [one[1] for one in held[-1]["log"]] == ["sent"] and held[-1]["receipts"] == []
