"""The row of `export_activity` by which a building's people see that somebody exports it, and what became of it.

Row, job and file have one id. The row is written by the server, through intake like everything; the job is the truth
while it lasts, and `settle` brings rows after it that a killed process left behind.
"""

from __future__ import annotations

from typing import Any

from arxos_sync.intake import Author
from arxos_sync.messages import Change
from arxos_sync.store import Row, ScopeReader, ScopeWriter

from ..live.bus import Hint
from ..parts import Parts
from ..sync.own import bare_hint, write_own

TABLE = "export_activity"


def find(reader: ScopeReader, id: str) -> Row | None:
    return next((row for row in reader.rows({TABLE: [id]}) if row.deleted is None), None)


def begin(parts: Parts, writer: ScopeWriter, id: str, author: Author, format: str, filter: Any) -> Hint:
    said = {"format": format, "filter": filter, "state": "waiting", "download_count": 0}
    taken = write_own(parts, writer, [Change(TABLE, id, "insert", 0, said)], author)
    return bare_hint(writer.scope, taken)


def tell(parts: Parts, building: str, id: str, **said: Any) -> None:
    """Set what differs, where the row is still there."""
    with parts.store.write(building) as writer:
        row = find(writer, id)
        news = {name: value for name, value in said.items() if row is not None and row.values[name] != value}
        if row is None or not news:
            return
        taken = write_own(parts, writer, [Change(TABLE, id, "update", writer.head().sequence, news)])
    parts.bus.announce_apart(bare_hint(building, taken))


def drop(parts: Parts, building: str, id: str) -> None:
    with parts.store.write(building) as writer:
        if find(writer, id) is None:
            return
        taken = write_own(parts, writer, [Change(TABLE, id, "delete", writer.head().sequence)])
    parts.bus.announce_apart(bare_hint(building, taken))
