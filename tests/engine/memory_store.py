"""A scope kept in memory, fulfilling ScopeWriter: for laws that want many small worlds, and to prove the contract."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from arxos_sync import digest
from arxos_sync.catalogue import Catalogue
from arxos_sync.messages import Mark
from arxos_sync.sheet import references
from arxos_sync.store import Batch, Head, LogEntry, Row, StoredReceipt, Told


class _MemorySql:
    """The one shared statement the engine itself runs: the highest annotation number."""

    def __init__(self, scope: MemoryScope):
        self._scope = scope

    def rows(self, statement: str, /, **values):
        assert "max(number)" in statement
        numbers = [r.values["number"] for r in self._scope.kept.values() if r.table == "annotation"]
        return [{"number": max(numbers, default=None)}]


def _unheard(row: Row, gained) -> bool:
    if not gained:
        return True
    columns = gained.get(row.table)
    return columns is not None and (not columns or any(row.values[name] is not None for name in columns))


class MemoryScope:
    def __init__(self, catalogue: Catalogue, scope: str):
        self.catalogue, self.scope = catalogue, scope
        self.kept: dict[tuple[str, str], Row] = {}
        self.entries: list[LogEntry] = []
        self.stored: dict[str, dict[int, StoredReceipt]] = {}
        self.sums: dict[str, int] = {}
        self.at = Head(0, "")
        self.sql = _MemorySql(self)

    @contextmanager
    def transaction(self) -> Iterator[MemoryScope]:
        saved = copy.deepcopy((self.kept, self.entries, self.stored, self.sums, self.at))
        try:
            yield self
        except BaseException:
            self.kept, self.entries, self.stored, self.sums, self.at = saved
            raise

    def head(self) -> Head:
        return self.at

    def salt(self, sequence: int) -> str | None:
        if sequence == 0:
            return ""
        return self.entries[sequence - 1].salt if sequence <= len(self.entries) else None

    def known(self, device: str) -> Mark | None:
        mine = self.stored.get(device)
        if not mine:
            return None
        last = mine[max(mine)]
        return Mark(last.n, last.nonce)

    def digests(self) -> dict[str, int]:
        return dict(self.sums)

    def changed(self, after, place, tombstones_after, limit, gained=None) -> list[Row]:
        floor = (after, *(place or ("\x7f", "")))
        rows = [
            r
            for r in self.kept.values()
            if (r.sequence, r.table, r.id) > floor
            and (r.sequence > tombstones_after or (r.deleted is None and _unheard(r, gained)))
        ]
        rows.sort(key=lambda r: (r.sequence, r.table, r.id))
        return [copy.deepcopy(r) for r in rows[:limit]]

    def count_changed(self, after: int, limit: int) -> int:
        return min(limit, sum(r.sequence > after and r.deleted is None for r in self.kept.values()))

    def live_rows(self, table: str | None = None) -> Iterator[Row]:
        live = (k for k in sorted(self.kept) if self.kept[k].deleted is None and table in (None, k[0]))
        return (copy.deepcopy(self.kept[k]) for k in live)

    def leaves(self, table: str) -> list[int]:
        return digest.leaves(table, ((r.id, r.sequence) for r in self.live_rows() if r.table == table))

    def leaf_rows(self, table: str, leaves: Iterable[int]) -> list[Row]:
        wanted = set(leaves)
        return [r for r in self.live_rows() if r.table == table and digest.leaf_of(r.id) in wanted]

    def receipts(self, device: str, first: int, last: int) -> dict[int, StoredReceipt]:
        return {n: r for n, r in self.stored.get(device, {}).items() if first <= n <= last}

    def told(self, user_id: str | None, stamps: Iterable[str]) -> list[Told]:
        wanted = set(stamps)
        return [
            Told(entry.device, entry.content, self.stored[entry.device][entry.n].receipt)
            for entry in self.entries
            if entry.user_id == user_id and entry.stamp in wanted
        ]

    def rows(self, wanted: Mapping[str, Iterable[str]]) -> list[Row]:
        keys = [(table, id) for table, ids in wanted.items() for id in ids]
        return [copy.deepcopy(self.kept[key]) for key in keys if key in self.kept]

    def tables_of(self, ids: Iterable[str]) -> dict[str, str]:
        wanted = set(ids)
        return {id: table for table, id in self.kept if id in wanted}

    def children(self, parents: Mapping[str, Iterable[str]]) -> list[Row]:
        keys = {(table, id) for table, ids in parents.items() for id in ids}
        return [
            copy.deepcopy(row)
            for row in self.kept.values()
            if any(t in keys for _, t in references(self.catalogue.tables[row.table], row.values))
        ]

    def open_conflicts(self, row_ids: Iterable[str]) -> list[Row]:
        wanted = set(row_ids)
        return [
            copy.deepcopy(r)
            for r in self.kept.values()
            if r.table == "conflict" and r.values["state"] == "open" and r.values["row_id"] in wanted
        ]

    def log(self, after: int) -> Iterator[LogEntry]:
        return iter(self.entries[after:])

    def save(self, batch: Batch) -> None:
        self.kept |= {row.key: copy.deepcopy(row) for row in batch.rows}
        self.entries += batch.log
        mine = self.stored.setdefault(batch.device, {})
        mine |= {r.n: r for r in batch.receipts}
        for table, delta in batch.digest.items():
            self.sums[table] = (self.sums.get(table, 0) + delta) % digest.MODULUS
        self.at = batch.head
