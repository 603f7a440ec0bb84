"""What waits for a decision, and what deciding it changes.

A conflict is a row: deciding sets its state, and the field where another value is to stand. A refused
transaction waits in the log of this device alone; it is named `refused-<key>`.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from arxos_sync import apply
from arxos_sync.catalogue import Table
from arxos_sync.messages import Change
from arxos_sync.problems import Problem
from arxos_sync.storage import replica_care
from arxos_sync.storage.spatialite import Replica

from . import reading, values
from .replica import Device, Home

REFUSED = "refused-"
_MANY = 10_000


def waiting(replica: Replica) -> list[dict[str, Any]]:
    """Open conflicts as rows, then refused transactions with the server's problem."""
    refused = [
        {
            "id": f"{REFUSED}{key}",
            "kind": "refused",
            "table": changes[0].table,
            "row_id": changes[0].id,
            "field": receipt.problem.field if receipt.problem else None,
            "problem": msgspec.to_builtins(receipt.problem),
            "changes": [msgspec.to_builtins(one, builtin_types=(bytes,)) for one in changes],
        }
        for key, receipt, changes in replica_care.rejected(replica)
    ]
    return reading.rows(replica, "conflict", "state = 'open'", None, _MANY) + refused


def resolve(home: Home, replica: Replica, id: str, take: str, now_ms: int) -> list[int] | None:
    """Record what was decided. Answers the keys of the transactions; None where it does not wait here."""
    if id.startswith(REFUSED):
        return _resolve_refused(home, replica, id, take, now_ms)
    if replica.row("conflict", id) is None:
        return None
    return replica.record(resolution(home, replica, id, take), now_ms, f"resolves conflict {id}")


def _resolve_refused(home: Home, replica: Replica, id: str, take: str, now_ms: int) -> list[int] | None:
    """`mine` sends it again, `theirs` gives it up, `field=value` sends it again with that field set so."""
    waits = {f"{REFUSED}{key}": (key, receipt, changes) for key, receipt, changes in replica_care.rejected(replica)}
    if id not in waits:
        return None
    key, receipt, changes = waits[id]
    match take:
        case "mine":
            return replica_care.retry(replica, key, now_ms)
        case "theirs":
            replica_care.discard(replica, key)
            return []
        case _ if "=" in take:
            place = (receipt.problem.change if receipt.problem else None) or 0
            wrong = changes[place]
            read = values.read(home.catalogue.tables[wrong.table], [take], insert=wrong.op == "insert")
            return replica_care.retry(replica, key, now_ms, {place: read})
    hint = "mine sends it again, theirs gives it up, field=value sends it again with that field set so."
    raise Problem("invalid", f"a refused edit is not decided by {take}", hint=hint)


def resolution(home: Home, replica: Replica, id: str, take: str) -> list[Change]:
    """The changes of one transaction. `kept` of the conflict is what stands, `other` what lost."""
    conflict = replica.row("conflict", id)
    assert conflict is not None, "looked up by the caller"
    if conflict["state"] != "open":
        raise Problem("forbidden", f"conflict {id} is resolved already")
    chosen = _chosen(home, conflict, replica.table(conflict["table"]), take)
    decided = Change(
        table="conflict", id=id, op="update", set={"state": "resolved", "resolution": _jsonable(chosen)}
    )
    return [*_rows(replica, conflict, chosen), decided]


def _chosen(home: Home, conflict: dict[str, Any], table: Table, take: str) -> Any:
    """The values that are to stand, field to value; "delete" where a row is to go."""
    if take in ("mine", "theirs"):
        kept = _mine_is_kept(home.device(), conflict) == (take == "mine")
        if conflict["kind"] == "delete":
            return conflict["kept"] if kept else "delete"
        return conflict["kept"] if kept else conflict["other"]
    if conflict["kind"] == "delete":
        raise Problem("invalid", "a delete is decided by mine or theirs")
    column, _, key = conflict["field"].partition(".")
    if column in table.groups:
        return json.loads(take)
    read = values.read(table, [f"{conflict['field']}={take}"], insert=False)[column]
    return {conflict["field"]: read[key] if key else read}


def _mine_is_kept(me: Device, conflict: dict[str, Any]) -> bool:
    """By device; by person where neither value came from this device."""
    if me.device in (conflict["kept_device"], conflict["other_device"]):
        return conflict["kept_device"] == me.device
    return conflict["kept_by"] == me.user


def _rows(replica: Replica, conflict: dict[str, Any], chosen: Any) -> list[Change]:
    """The change of the row itself, if what is chosen does not stand there yet."""
    name, id = conflict["table"], conflict["row_id"]
    table, row = replica.table(name), replica.row(name, id)
    if row is None:
        return []
    if chosen == "delete":
        return [Change(table=name, id=id, op="delete")]
    wanted: dict[str, Any] = {}
    for field, value in (chosen or {}).items():
        column, _, key = field.partition(".")
        known = table.columns[column]
        if isinstance(value, str) and known.type in ("geometry", "bytes"):
            value = bytes.fromhex(value)
        if key:
            if not apply.same((row[column] or {}).get(key), value):
                wanted.setdefault(column, {})[key] = value
        elif not apply.same(row[column], value):
            wanted[column] = (
                value if known.type not in ("set", "counter") else apply.delta(known, row[column], value)
            )
    return [Change(table=name, id=id, op="update", set=wanted)] if wanted else []


def _jsonable(chosen: Any) -> Any:
    return json.loads(json.dumps(chosen, default=lambda value: value.hex()))
