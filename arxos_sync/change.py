"""From the wire to values and back: what a change may hold, checked against the catalogue.

`read_request` judges the shape of a whole request (Unreadable, 422, nothing taken). `read_change` judges one
change (Refused, its transaction alone is rejected). Inside, geometries and bytes are bytes, sets are sorted
lists, reals are floats.
"""

from __future__ import annotations

import datetime
import math
import re
from typing import Any

import msgspec

from . import limits, stamp
from .catalogue import SERVER, Catalogue, Column, Table
from .geometry import GeometryError, check_wkb
from .heal import CLAIMED
from .messages import PROTOCOL, Change, ScopeRequest, SyncRequest, Transaction
from .problems import Problem, Refused, Unreadable

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")
_HEX = re.compile(r"(?:[0-9a-f]{2})*\Z")
_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z")
_AT = re.compile(r"(.*) - at `(.*)`\Z", re.DOTALL)
_JSON = msgspec.json.Decoder(SyncRequest)
_MSGPACK = msgspec.msgpack.Decoder(SyncRequest)
_DEPTH_MAX = 32


class Edit(msgspec.Struct, frozen=True):
    """A change that has been read: `set` holds inner values, keyed by column."""

    index: int
    table: Table
    id: str
    op: str
    base: int
    set: dict[str, Any]
    was: dict[str, Any]
    knew: int = 0  # the base as it was sent; `base` of a healing change is not above what both lives share
    formerly: int = 0  # of a restored row


def is_uuid(value: object) -> bool:
    return isinstance(value, str) and _UUID.match(value) is not None


def is_scope(value: str) -> bool:
    return is_uuid(value.removeprefix("user:"))


# ---------------------------------------------------------------- requests


def read_request(body: bytes, content_type: str = "application/json") -> SyncRequest:
    """A request as PROTOCOL §3 has it. Raises Unreadable (`invalid`, `upgrade_required`) or Problem `too_large`."""
    decoder = _MSGPACK if "msgpack" in content_type else _JSON
    try:
        request = decoder.decode(body)
    except msgspec.ValidationError as error:
        found = _AT.match(str(error))
        place, what = (found[2], found[1]) if found else ("$", str(error))
        raise Unreadable([(place, what)]) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable([("$", f"not readable as {content_type}: {error}")]) from error
    _check_request(request)
    return request


def _check_request(request: SyncRequest) -> None:
    if request.protocol != PROTOCOL:
        raise Unreadable([("$.protocol", f"this server speaks {PROTOCOL}")], "upgrade_required")
    errors: list[tuple[str, str]] = []
    if not is_uuid(request.device):
        errors.append(("$.device", "not a lower-case UUID"))
    if request.sent_at is not None and not stamp.is_stamp(request.sent_at):
        errors.append(("$.sent_at", "not a stamp"))
    if request.max_rows is not None and request.max_rows < 1:
        errors.append(("$.max_rows", "must be at least 1"))
    if len({s.scope for s in request.scopes}) != len(request.scopes):
        errors.append(("$.scopes", "a scope stands twice"))
    for index, scope in enumerate(request.scopes):
        _check_scope(scope, f"$.scopes[{index}]", errors)
    if errors:
        raise Unreadable(errors)
    transactions = sum(len(s.transactions) for s in request.scopes)
    changes = sum(len(t.changes) for s in request.scopes for t in s.transactions)
    if transactions > limits.TRANSACTIONS_PER_REQUEST_MAX or changes > limits.CHANGES_PER_REQUEST_MAX:
        raise Problem("too_large", f"{transactions} transactions with {changes} changes in one request")
    if len(request.scopes) > limits.SCOPES_PER_REQUEST_MAX:
        raise Problem("too_large", f"{len(request.scopes)} scopes in one request")


def _check_scope(scope: ScopeRequest, place: str, errors: list[tuple[str, str]]) -> None:
    if not is_scope(scope.scope):
        errors.append((f"{place}.scope", "neither a building's id nor user:<id>"))
    expected = (scope.prior.n if scope.prior else 0) + 1
    if scope.prior is not None and scope.prior.n < 1:
        errors.append((f"{place}.prior.n", "must be at least 1; null before the first"))
    for index, transaction in enumerate(scope.transactions):
        at = f"{place}.transactions[{index}]"
        if transaction.n != expected + index:
            errors.append((f"{at}.n", f"{expected + index} was expected: ascending, no gaps, after prior"))
        if not limits.NONCE_CHARS_MIN <= len(transaction.nonce) <= limits.NONCE_CHARS_MAX:
            errors.append((f"{at}.nonce", "16 to 64 characters"))
        if not stamp.is_stamp(transaction.stamp):
            errors.append((f"{at}.stamp", "not a stamp"))
        if not transaction.changes:
            errors.append((f"{at}.changes", "at least one"))
        if transaction.reason is not None and len(transaction.reason) > limits.REASON_CHARS_MAX:
            errors.append((f"{at}.reason", f"over {limits.REASON_CHARS_MAX} characters"))


# ---------------------------------------------------------------- changes


def read_transaction(
    catalogue: Catalogue, kind: str, transaction: Transaction, head: int, common: int = 0, by_server: bool = False
) -> list[Edit]:
    """The edits of a transaction in a scope of `kind` (`building`, `user`). Raises Refused.

    `common`: for what heals a restored server, the highest sequence that its former life shares with this one.
    `by_server`: it is the server's own, which may set the columns that only it writes.
    """
    healing = transaction.formerly is not None
    if healing and not 0 < transaction.formerly <= limits.INTEGER_MAX:
        raise Refused("invalid_value", f"formerly {transaction.formerly} is no sequence", field="formerly")
    edits = []
    for index, change in enumerate(transaction.changes):
        try:
            edit = read_change(catalogue, kind, change, index, limits.INTEGER_MAX if healing else head, by_server)
            edits.append(msgspec.structs.replace(edit, base=min(edit.base, common)) if healing else edit)
        except Refused as refused:
            raise refused.at(index) from None
    return edits


def read_change(
    catalogue: Catalogue, kind: str, change: Change, index: int, head: int, by_server: bool = False
) -> Edit:
    table = catalogue.tables.get(change.table)
    if table is None or table.scope != kind:
        raise Refused("unknown_table", change.table)
    if not is_uuid(change.id):
        raise Refused("invalid_value", "the id is not a lower-case UUID", field="id")
    if not 0 <= change.base <= head:
        raise Refused("invalid_value", f"base {change.base} is not between 0 and the head, {head}", field="base")
    if (change.set is None) != (change.op == "delete"):
        raise Refused("invalid_value", f"`set` does not fit a change of op {change.op}", field="set")
    given = change.set or {}
    _check_size(table, given)
    if change.was:
        _packed_bytes(change.was)
    if change.op == "restore":
        return _read_restore(table, change, index, given)
    inner = {name: read_value(_column(table, name, change.op, by_server), change.op, v) for name, v in given.items()}
    _check_groups(table, inner)
    if change.op == "insert":
        _check_required(table, inner)
    return Edit(index, table, change.id, change.op, change.base, inner, _read_was(table, change.was), change.base)


def _read_restore(table: Table, change: Change, index: int, given: dict[str, Any]) -> Edit:
    """A whole row, with who is said to have written it; whatever else the server writes is left out."""
    if change.formerly is None or not 0 < change.formerly <= limits.INTEGER_MAX:
        raise Refused("invalid_value", "a restored row names its former sequence", field="formerly")
    inner = {}
    for name, value in given.items():
        column = table.columns.get(name)
        if column is None:
            raise Refused("unknown_column", f"{table.name}.{name}", field=name)
        if column.rule != SERVER or name in CLAIMED or table.name == "conflict":
            inner[name] = read_value(column, "insert", value)
    for name in ("id", "sequence"):
        inner.pop(name, None)
    _check_groups(table, inner)
    _check_required(table, inner)
    return Edit(index, table, change.id, "restore", 0, inner, {}, 0, change.formerly)


def _column(table: Table, name: str, op: str, by_server: bool) -> Column:
    column = table.columns.get(name)
    if column is None:
        raise Refused("unknown_column", f"{table.name}.{name}", field=name)
    if column.rule == SERVER and not by_server and not (name == "origin" and op == "insert"):
        raise Refused("server_column", f"{table.name}.{name}", field=name)
    return column


def _check_size(table: Table, given: dict[str, Any]) -> None:
    geometries = {column.name for column in table.geometries}
    plain = {n: v for n, v in given.items() if n not in geometries}
    size = _packed_bytes(plain)
    if size > limits.CHANGE_BYTES_MAX:
        raise Refused("too_large", f"{size} bytes beside the geometry; {limits.CHANGE_BYTES_MAX} at most")


def _packed_bytes(plain: dict[str, Any]) -> int:
    try:
        return len(msgspec.msgpack.encode(plain))
    except OverflowError as error:  # JSON has whole numbers of any length; the log and the stores have not
        raise Refused("invalid_value", "a whole number beyond 64 bits") from error


def _check_groups(table: Table, given: dict[str, Any]) -> None:
    missing = table.left_out(given)
    if missing:
        group = table.columns[missing[0]].group
        raise Refused("invalid_value", f"{group} moves as one: {', '.join(missing)} is missing", field=missing[0])


def _check_required(table: Table, given: dict[str, Any]) -> None:
    for column in table.columns.values():
        if column.required and given.get(column.name) is None:
            raise Refused("invalid_value", f"{column.name} is required", field=column.name)


def _read_was(table: Table, was: dict[str, Any] | None) -> dict[str, Any]:
    """What the author saw before; only a help for people and for text, so what does not fit is left out."""
    read: dict[str, Any] = {}
    for name, value in (was or {}).items():
        column = table.columns.get(name)
        if column is None:
            continue
        try:
            read[name] = None if value is None else _READ[column.type](column, value)
        except (Refused, ValueError, TypeError):
            continue
    return read


# ---------------------------------------------------------------- values


def read_value(column: Column, op: str, value: Any) -> Any:
    """One value from the wire. Sets, maps and counters are deltas but at insert. Raises Refused."""
    try:
        if value is None:
            if column.required:
                raise ValueError("cannot be empty")
            return None
        if op == "update" and column.type in ("set", "counter"):
            return _read_delta(column, value)
        return _READ[column.type](column, value)
    except GeometryError as error:
        code = "too_large" if error.code == "too_large" else "invalid_value"
        raise Refused(code, f"{column.name}: {error.detail}", field=column.name) from error
    except (ValueError, TypeError, RecursionError) as error:
        raise Refused("invalid_value", f"{column.name}: {error}", field=column.name) from error


def _read_delta(column: Column, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not value or not value.keys() <= {"add", "remove"}:
        raise ValueError('a delta is wanted, as {"add": …}')
    if column.type == "counter":
        if value.keys() != {"add"}:
            raise ValueError('a delta is wanted, as {"add": 2}')
        return {"add": _number(column, value["add"])}
    return {key: _set(column, items) for key, items in value.items()}


def _text(column: Column, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"text is wanted, not {type(value).__name__}")
    if "\0" in value:
        raise ValueError("holds a NUL character")
    value.encode("utf-8")
    if column.values and value not in column.values:
        raise ValueError(f"{value!r} is none of {', '.join(column.values)}")
    return value


def _integer(column: Column, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"a whole number is wanted, not {type(value).__name__}")
    if not limits.INTEGER_MIN <= value <= limits.INTEGER_MAX:
        raise ValueError("beyond 2^53")
    return value


def _real(column: Column, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"a number is wanted, not {type(value).__name__}")
    try:
        number = float(value)
    except OverflowError as error:
        raise ValueError("too large") from error
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number + 0.0  # SQLite keeps no sign of zero, so nobody does


def _number(column: Column, value: Any) -> int | float:
    return _integer(column, value) if isinstance(value, int) else _real(column, value)


def _boolean(column: Column, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false is wanted")
    return value


def _date(column: Column, value: Any) -> str:
    if not isinstance(value, str) or not _DATE.match(value):
        raise ValueError("a date as 2026-01-31 is wanted")
    datetime.date.fromisoformat(value)
    return value


def _instant(column: Column, value: Any) -> str:
    if not isinstance(value, str) or not _INSTANT.match(value):
        raise ValueError("an instant as 2026-01-31T08:30:00.000Z is wanted")
    datetime.datetime.fromisoformat(value)
    return value


def _uuid(column: Column, value: Any) -> str:
    if not is_uuid(value):
        raise ValueError("a lower-case UUID is wanted")
    return value


def _set(column: Column, value: Any) -> list[str]:
    if not isinstance(value, list):
        raise ValueError("a list of texts is wanted")
    return sorted({_text(column, item) for item in value})


def _map(column: Column, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("an object is wanted")
    return _json(column, value)


def _json(column: Column, value: Any, depth: int = 0) -> Any:
    if depth > _DEPTH_MAX:
        raise ValueError(f"nested deeper than {_DEPTH_MAX}")
    match value:
        case None | bool():
            return value
        case str():
            if "\0" in value:
                raise ValueError("holds a NUL character")
            return value
        case int():
            return _integer(column, value)
        case float():
            return _real(column, value)
        case list():
            return [_json(column, item, depth + 1) for item in value]
        case dict():
            return {_key(k): _json(column, v, depth + 1) for k, v in value.items()}
    raise ValueError(f"{type(value).__name__} is not JSON")


def _key(key: Any) -> str:
    if not isinstance(key, str) or "\0" in key:
        raise ValueError("keys are texts")
    return key


def _bytes(column: Column, value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str) or not _HEX.match(value):
        raise ValueError("lower-case hex is wanted")
    return bytes.fromhex(value)


def _geometry(column: Column, value: Any) -> bytes:
    wkb = _bytes(column, value)
    check_wkb(
        wkb,
        kinds=frozenset(column.kinds),
        dimensions=column.dimensions,
        vertices_max=limits.GEOMETRY_VERTICES_MAX,
    )
    return wkb


_READ = {
    "text": _text,
    "integer": _integer,
    "real": _real,
    "boolean": _boolean,
    "date": _date,
    "instant": _instant,
    "uuid": _uuid,
    "map": _map,
    "set": _set,
    "counter": _number,
    "json": _json,
    "bytes": _bytes,
    "geometry": _geometry,
}


def to_wire(table: Table, values: dict[str, Any], binary: bool) -> dict[str, Any]:
    """Inner values as they travel: bytes are hex in JSON."""
    if binary:
        return values
    return {
        name: value.hex() if isinstance(value, bytes) else value for name, value in values.items()
    }


def from_row_out(catalogue: Catalogue, table: str, values: dict[str, Any]) -> dict[str, Any]:
    """The `set` of a pulled row as inner values; columns this catalogue does not know stay out."""
    one = catalogue.tables[table]
    known = one.columns
    found = values.copy() if values.keys() <= known.keys() else {n: v for n, v in values.items() if n in known}
    for column in one.converted:
        value = found.get(column.name)
        if value is not None:
            found[column.name] = float(value) if column.type == "real" else _bytes(column, value)
    return found
