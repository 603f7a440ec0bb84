"""Which field of theirs is which of ours, and how a value of the one reads as the other.

A work order is compared in our words: what both said when they were last equal is kept so, and a change is what differs
from that. So a field of theirs that cannot be read here is told and left alone, on both sides.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Literal

import msgspec

from arxos_sync.catalogue import Column, Table
from arxos_sync.change import read_value
from arxos_sync.problems import Refused, Unreadable

TABLE = "work_order"
MAPPED = ("number", "title", "kind", "state", "priority", "due_on")
DEFAULT_KIND = "corrective"
FIELD_CHARS_MAX = 100
WORDS_MAX = 100
Direction = Literal["in", "out", "both"]
_RESERVED = frozenset(("id", "version", "deleted", "external_id"))


class Mapping(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """`words`: ours to theirs, where they differ; of two of ours for one of theirs the first is read."""

    ours: str
    theirs: str
    direction: Direction = "both"
    words: dict[str, str | int] = msgspec.field(default_factory=dict)

    @property
    def comes_in(self) -> bool:
        return self.direction != "out"

    @property
    def goes_out(self) -> bool:
        return self.direction != "in"


PLAIN = [Mapping(name, name) for name in MAPPED]


class Record(msgspec.Struct, frozen=True):
    """One of theirs. `external_id`: the row of ours that it was made from."""

    id: str
    version: str
    fields: dict[str, Any] = msgspec.field(default_factory=dict)
    external_id: str | None = None
    deleted: bool = False


def check_mappings(table: Table, mappings: list[Mapping]) -> None:
    """Raises Unreadable."""
    errors = []
    for place, one in enumerate(mappings):
        column = table.columns.get(one.ours)
        at = f"$.mappings[{place}]"
        if column is None or one.ours not in MAPPED:
            errors.append((f"{at}.ours", f"{one.ours!r} is none of {', '.join(MAPPED)}"))
            continue
        if not one.theirs or len(one.theirs) > FIELD_CHARS_MAX or one.theirs in _RESERVED:
            errors.append((f"{at}.theirs", f"a name of a field, and none of {', '.join(sorted(_RESERVED))}"))
        if len(one.words) > WORDS_MAX:
            errors.append((f"{at}.words", f"more than {WORDS_MAX}"))
        for word in one.words:
            if not _is_ours(column, word):
                errors.append((f"{at}.words", f"{word!r} is no {one.ours}"))
    for name in ("ours", "theirs"):
        named = [getattr(one, name) for one in mappings]
        twice = sorted({one for one in named if named.count(one) > 1})
        errors += [(f"$.mappings.{name}", f"{one!r} stands twice") for one in twice]
    if errors:
        raise Unreadable(errors)


def _is_ours(column: Column, word: str) -> bool:
    try:
        _as_ours(column, word)
        return True
    except (Refused, ValueError):
        return False


def read_record(
    table: Table, mappings: list[Mapping], record: Record, equal: dict[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """What a record says in our words, and what of it cannot be read. `equal`: what both said last."""
    said: dict[str, Any] = {}
    problems: list[str] = []
    for one in (m for m in mappings if m.comes_in and m.theirs in record.fields):
        value = record.fields[one.theirs]
        try:
            said[one.ours] = _ours(table.columns[one.ours], one, value, equal.get(one.ours))
        except (Refused, ValueError) as error:
            problems.append(f"{one.theirs} {value!r}: {error}")
    return said, problems


def _ours(column: Column, mapping: Mapping, value: Any, last: Any) -> Any:
    if value is None or value == "":
        return read_value(column, "insert", None)
    if last is not None and _theirs(mapping, last) == value:
        return last  # two words of ours may be one of theirs
    for ours, theirs in mapping.words.items():
        if theirs == value or str(theirs) == str(value):
            return _as_ours(column, ours)
    return _as_ours(column, value)


def _as_ours(column: Column, value: Any) -> Any:
    match column.type:
        case "integer":
            whole = float(str(value))
            if not whole.is_integer():
                raise ValueError("a whole number is wanted")
            return read_value(column, "insert", int(whole))
        case "date":
            return read_value(column, "insert", str(value)[:10])
    if isinstance(value, (dict, list, bool)):
        raise ValueError("text is wanted")
    return read_value(column, "insert", str(value))


def _theirs(mapping: Mapping, value: Any) -> Any:
    return mapping.words.get(str(value), value) if value is not None else None


def to_send(mappings: list[Mapping], values: dict[str, Any], equal: dict[str, Any]) -> dict[str, Any]:
    """In our words, what of a row they are to be told: what differs from what both said last."""
    names = [m.ours for m in mappings if m.goes_out]
    return {name: values.get(name) for name in names if values.get(name) != equal.get(name)}


def in_their_words(mappings: list[Mapping], values: dict[str, Any]) -> dict[str, Any]:
    return {m.theirs: _theirs(m, values[m.ours]) for m in mappings if m.goes_out and m.ours in values}


def steps_to(column: Column, now: str, wanted: str) -> list[str] | None:
    """The states to go through, the last being `wanted`; None where no steps lead there."""
    ways: deque[list[str]] = deque([[now]])
    seen = {now}
    while ways:
        way = ways.popleft()
        if way[-1] == wanted:
            return way[1:]
        for step in column.steps:
            came, _, goes = step.rstrip("!").partition(">")
            if came == way[-1] and goes not in seen:
                seen.add(goes)
                ways.append([*way, goes])
    return None
