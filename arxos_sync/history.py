"""What the fields of some rows were at an earlier sequence, out of the scope's change log.

The log is read once a push, from the lowest sequence asked for, and kept by row: a thousand contested fields cost one
reading of what changed since their authors were last here, not one each.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from .sheet import Key, Sheet
from .store import LogEntry, ScopeWriter

_BEFORE = msgspec.msgpack.Decoder(list[tuple[str, str, dict[str, Any]]])


class History:
    """Of the rows on a push's sheet. `add` what the push itself writes, as it is accepted."""

    def __init__(self, writer: ScopeWriter, sheet: Sheet):
        self._writer, self._sheet = writer, sheet
        self._after: int | None = None  # what is above it has been read
        self._of_row: dict[Key, list[tuple[int, dict[str, Any]]]] = {}  # ascending: (sequence, values before it)
        self._own: list[LogEntry] = []

    def add(self, entry: LogEntry) -> None:
        self._own.append(entry)
        if self._after is not None:
            self._index([entry])

    def value(self, key: Key, column: str, after: int) -> Any:
        """The value of a column at sequence `after`: what its first change since then found."""
        if self._after is None or after < self._after:
            self._after, self._of_row = after, {}
            self._index(self._writer.log(after))
            self._index(self._own)
        for sequence, values in self._of_row.get(key, ()):
            if sequence > after and column in values:
                return values[column]
        row = self._sheet.before(key)
        return None if row is None else row.values.get(column)

    def _index(self, entries: Iterable[LogEntry]) -> None:
        for entry in entries:
            for table, id, values in _BEFORE.decode(entry.before):
                if self._sheet.before((table, id)) is not None:
                    self._of_row.setdefault((table, id), []).append((entry.sequence, values))
