"""The working set of a push: the rows it touches, as they stand while its transactions are judged.

A transaction writes to a draft over the sheet; `keep` lets it stand, `drop` forgets it. References are indexed
both ways, so that a delete finds its children and a revival its ancestors without asking the store.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .catalogue import Catalogue, Column, Table
from .store import MergeState, Row

Key = tuple[str, str]


class Sheet:
    def __init__(self, catalogue: Catalogue):
        self.catalogue = catalogue
        self.tables: dict[str, str] = {}  # id → table, of every id the scope is known to have
        self.rejected: set[str] = set()  # ids that a rejected transaction of this push would have inserted
        self._rows: dict[Key, Row] = {}
        self._draft: dict[Key, Row] = {}
        self._children: dict[Key, set[Key]] = {}
        self._conflicts: dict[Key, set[Key]] = {}
        self.stored: set[Key] = set()
        self.changed: set[Key] = set()

    def load(self, row: Row) -> None:
        """Take in a row as the store has it."""
        if row.key in self._rows:
            return
        self._rows[row.key] = row
        self.stored.add(row.key)
        self._index(row)

    def get(self, key: Key) -> Row | None:
        return self._draft.get(key) or self._rows.get(key)

    def before(self, key: Key) -> Row | None:
        """The row as it was before the transaction at hand."""
        return self._rows.get(key)

    def edit(self, key: Key) -> Row:
        """The row, to be written in by the transaction at hand."""
        if key not in self._draft:
            self._draft[key] = _copy(self._rows[key])
        return self._draft[key]

    def add(self, row: Row) -> Row:
        self._draft[row.key] = row
        self._index(row)
        return row

    def reindex(self, row: Row) -> None:
        """After a reference of `row` was set."""
        self._index(row)

    def children(self, key: Key) -> Iterator[tuple[Row, Column]]:
        """The rows, live or deleted, that refer to `key` now, with the column that does."""
        for child_key in sorted(self._children.get(key, ())):
            child = self.get(child_key)
            if child is None:
                continue
            for column, target in references(self.catalogue.tables[child.table], child.values):
                if target == key:
                    yield child, column

    def parents(self, row: Row) -> Iterator[tuple[Column, Key]]:
        yield from references(self.catalogue.tables[row.table], row.values)

    def open_conflicts(self, key: Key) -> list[Row]:
        """The open conflicts on a row."""
        found = (self.get(conflict) for conflict in sorted(self._conflicts.get(key, ())))
        return [row for row in found if row and row.deleted is None and row.values["state"] == "open"]

    def keep(self) -> list[Row]:
        """Let the draft stand; answers its rows."""
        rows = list(self._draft.values())
        self._rows |= self._draft
        self.changed |= self._draft.keys()
        self.tables |= {row.id: row.table for row in rows}
        self._draft = {}
        return rows

    def drop(self) -> None:
        self._draft = {}

    def draft(self) -> list[Row]:
        return list(self._draft.values())

    def written(self) -> list[Row]:
        """Every row that a kept transaction wrote, as it stands."""
        return [self._rows[key] for key in sorted(self.changed)]

    def _index(self, row: Row) -> None:
        self.tables.setdefault(row.id, row.table) if row.key in self._rows else None
        for _, target in references(self.catalogue.tables[row.table], row.values):
            self._children.setdefault(target, set()).add(row.key)
        if row.table == "conflict":
            about = (row.values["table"], row.values["row_id"])
            self._conflicts.setdefault(about, set()).add(row.key)


def references(table: Table, values: dict[str, Any]) -> Iterator[tuple[Column, Key]]:
    """The rows that `values` refer to, each with its column."""
    for column in table.references:
        id = values.get(column.name)
        target = values.get(column.pair) if column.pair else column.references
        if id is not None and target is not None:
            yield column, (target, id)


def _copy(row: Row) -> Row:
    merge = row.merge
    return Row(
        table=row.table,
        id=row.id,
        values=dict(row.values),
        sequence=row.sequence,
        born=row.born,
        deleted=row.deleted,
        merge=MergeState(
            birth=merge.birth,
            fields=dict(merge.fields),
            items=dict(merge.items),
            sums={name: dict(sums) for name, sums in merge.sums.items()},
            grave=merge.grave,
            healed=dict(merge.healed),
            healed_adds={name: list(adds) for name, adds in merge.healed_adds.items()},
        ),
    )
