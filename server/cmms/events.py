"""From the change log to events: what became of each row in each transaction, with what it said before and after.

The log keeps what was sent and what stood before; what stood *after* an entry is what stood before the next one that
touched the row, or what stands now. So entries are walked backwards from the head, with the rows as they stand there.
That is exact whatever merging made of a change, and rows that the server added or took along are told as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from arxos_sync.catalogue import Catalogue
from arxos_sync.change import to_wire
from arxos_sync.messages import Transaction
from arxos_sync.store import LogEntry, Row

from ..parts import derived_id

KINDS = ("created", "updated", "deleted", "restored")
CONTENT_BYTES_MAX = 64 * 1024  # beyond it an event comes without its diff
_BOOKKEEPING = frozenset(("id", "sequence", "created_at", "created_by", "updated_at", "updated_by", "origin"))
_WHOLE = frozenset(("created_at", "origin"))  # what no edit changes: all that stood before is told
Key = tuple[str, str]


class Event(msgspec.Struct, frozen=True):
    """`diff`: field → {"old", "new"}, as values travel."""

    building: str
    table: str
    id: str
    kind: str
    sequence: int
    who: str | None
    when: str
    diff: dict[str, dict[str, Any]]

    @property
    def name(self) -> str:
        return f"{self.table}.{self.kind}"

    def content(self) -> str:
        """The body of a delivery, the same bytes at every try."""
        data = {
            "building": self.building, "table": self.table, "id": self.id, "sequence": self.sequence,
            "who": self.who, "when": self.when, "diff": self.diff,
        }  # fmt: skip
        body = msgspec.json.encode({"type": self.name, "timestamp": self.when, "data": data})
        if len(body) > CONTENT_BYTES_MAX:
            data |= {"diff": None, "fields": sorted(self.diff)}
            body = msgspec.json.encode({"type": self.name, "timestamp": self.when, "data": data})
        return body.decode()

    def id_for(self, endpoint: str) -> str:
        """The same for the same event, whoever derives it and whenever."""
        return derived_id(endpoint, self.building, str(self.sequence), self.table, self.id)


def events_of(catalogue: Catalogue, building: str, entries: Sequence[LogEntry], rows: Sequence[Row]) -> list[Event]:
    """The events of entries that reach to the head; `rows`: all that changed since the first, as they stand there."""
    past = _Past(catalogue, building, rows)
    found: list[Event] = []
    for entry in reversed(entries):
        found += reversed(past.step_back(entry))
    return found[::-1]


def changed_in(
    catalogue: Catalogue, building: str, entries: Sequence[LogEntry], rows: Sequence[Row]
) -> set[tuple[int, Key]]:
    """(sequence, row) of all that those entries made or changed; `rows`: all that changed in them or since."""
    past = _Past(catalogue, building, rows)
    found = set[tuple[int, Key]]()
    for entry in entries:
        told = {key: was for key, was in _stood_before(entry).items() if was.keys() - _BOOKKEEPING}
        found |= {(entry.sequence, key) for key in past.keys(entry, told)}
    return found


def _stood_before(entry: LogEntry) -> dict[Key, dict[str, Any]]:
    return {(table, id): values for table, id, values in msgspec.msgpack.decode(entry.before)}


class _Standing(msgspec.Struct):
    """A row as it stood after the entry that is looked at."""

    row: Row
    values: dict[str, Any]
    alive: bool


class _Past:
    def __init__(self, catalogue: Catalogue, building: str, rows: Sequence[Row]) -> None:
        self._catalogue, self._building = catalogue, building
        self._rows = {row.key: _Standing(row, dict(row.values), row.deleted is None) for row in rows}
        self._born: dict[int, list[Key]] = {}
        for row in rows:
            self._born.setdefault(row.born, []).append(row.key)

    def step_back(self, entry: LogEntry) -> list[Event]:
        before = _stood_before(entry)
        made = [self._event(entry, key, before.get(key)) for key in self.keys(entry, before) if key in self._rows]
        return [event for event in made if event is not None]

    def keys(self, entry: LogEntry, before: Mapping[Key, Any]) -> dict[Key, None]:
        """The rows that it made or changed."""
        sent = msgspec.msgpack.decode(entry.content, type=Transaction)
        # a row that was born again since is known as new here by what was sent alone
        born = [(c.table, c.id) for c in sent.changes if c.op == "insert"]
        born = [key for key in born if key in self._rows and self._rows[key].row.born > entry.sequence]
        return dict.fromkeys([*born, *self._born.get(entry.sequence, ()), *before])

    def _event(self, entry: LogEntry, key: Key, before: dict[str, Any] | None) -> Event | None:
        one = self._rows[key]
        now = one.values
        if before is None:
            kind, old, new = "created", {}, now
            one.alive = False
        elif before.keys() >= _WHOLE or one.row.deleted == entry.sequence:  # it died or came back
            kind = "restored" if one.alive else "deleted"
            one.values, one.alive = now | before, not one.alive
            old, new = ({}, now) if kind == "restored" else (one.values, {})
        else:
            kind, old, new = "updated", before, {name: now[name] for name in before}
            one.values = now | before
        diff = self._diff(key[0], old, new)
        if kind == "updated" and not diff:
            return None
        return Event(self._building, *key, kind, entry.sequence, entry.user_id, entry.received_at, diff)

    def _diff(self, table: str, old: dict[str, Any], new: dict[str, Any]) -> dict[str, dict[str, Any]]:
        columns = self._catalogue.tables[table]
        old, new = to_wire(columns, old, False), to_wire(columns, new, False)
        names = [name for name in columns.columns if name not in _BOOKKEEPING and (name in old or name in new)]
        return {
            name: {"old": old.get(name), "new": new.get(name)} for name in names if old.get(name) != new.get(name)
        }
