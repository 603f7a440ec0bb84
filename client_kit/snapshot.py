"""A snapshot's file read as a pull: for a replica that has data of its own to lay the rows under."""

from __future__ import annotations

import json
from typing import Any

from arxos_sync.messages import RowOut, ScopeAnswer
from arxos_sync.storage import replica_file
from arxos_sync.storage.replica_values import to_inner
from arxos_sync.storage.spatialite import Replica


def rows_of(snapshot: Any, replica: Replica) -> ScopeAnswer:
    """Every row of the file, as the answer to a pull from nothing."""
    digest = replica_file.state(snapshot, "digest")
    return ScopeAnswer(
        scope=replica.scope,
        state="ok",
        known=None,
        receipts=[],
        rows=[row for table in replica.tables.values() for row in _rows(snapshot, table)],
        more=False,
        cursor=replica_file.state(snapshot, "cursor"),
        head=int(replica_file.state(snapshot, "head") or 0),
        digest=json.loads(digest) if digest else None,
    )


def _rows(snapshot: Any, table: Any) -> list[RowOut]:
    there = {row[1] for row in snapshot.execute(f'pragma table_info("{table.name}")')}
    if not there:  # the file is of a former schema: what it lacks is pulled afterwards
        return []
    columns = [c for c in table.columns.values() if c.name in there and c.name not in ("id", "sequence")]
    names = "".join(f', "{c.name}"' for c in columns)
    return [
        RowOut(
            table=table.name,
            id=id,
            sequence=sequence,
            deleted=False,
            set={c.name: to_inner(c, v) for c, v in zip(columns, values, strict=True)},
        )
        for id, sequence, *values in snapshot.execute(f'select id, sequence{names} from "{table.name}"')
    ]
