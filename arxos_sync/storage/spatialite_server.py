"""The server's store on SpatiaLite: one file for all scopes (docs/decisions/0002), for one server process.

`write` takes SQLite's write lock at once, so pushes follow one another and sequence order is commit order. Readers
see the moment their transaction began (WAL). Read it beside postgis.py: the same methods in the same order.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any, LiteralString

from .. import digest
from ..catalogue import Catalogue, Column
from ..messages import Mark
from ..problems import Problem
from ..store import (
    Batch,
    BuildingQuery,
    Gained,
    Head,
    ListedBuilding,
    LogEntry,
    Point,
    Row,
    RowQuery,
    StoredReceipt,
    Told,
)  # fmt: skip
from . import migrations, spatialite_buildings, spatialite_crs, spatialite_rows
from .driver import BUSY_WAIT_MS_MAX, connect, operational_errors, sqlite
from .listing import folded
from .replica_values import natives
from .server_memory import Remembering
from .server_rows import (
    Layout,
    Tables,
    layouts,
    merge_text,
    read_receipt,
    receipt_bytes,
    split_scope,
    wanted_since,
)
from .spatialite_rows import row_of

FILE = "arxos.sqlite"
READERS_MAX = 8
READER_WAIT_S_MAX = 30


def open_store(folder: Path, catalogue: Catalogue, *, epoch: str) -> SpatialiteStore:
    """The store in `folder`, made or brought up to date. `epoch` is the life of a store that is new."""
    folder.mkdir(parents=True, exist_ok=True)
    return SpatialiteStore(folder / FILE, catalogue, epoch)


def _open(path: Path) -> sqlite.Connection:
    """With `folded`, because SQLite's own `lower` and `like` know ASCII alone."""
    connection = connect(path)
    connection.create_function("folded", 1, folded, deterministic=True)
    return connection


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite.OperationalError as error:
        raise Problem("unavailable", f"the store is busy or full: {error}", retry_after_s=2) from error
    except sqlite.Error as error:
        raise Problem("internal", f"the store refused: {error}") from error


class SharedSql:
    def __init__(self, connection: Any):
        self._connection = connection

    def rows(self, statement: LiteralString, /, **values: Any) -> list[dict[str, Any]]:
        with _translated():
            found = self._connection.execute(statement, _as_text(values))
            names = [d[0] for d in found.description]
            return [dict(zip(names, row, strict=True)) for row in found]

    def run(self, statement: LiteralString, /, **values: Any) -> int:
        with _translated():
            return self._connection.execute(statement, _as_text(values)).rowcount

    def run_each(self, statement: LiteralString, values: Iterable[dict[str, Any]], /) -> None:
        with _translated():
            self._connection.executemany(statement, [_as_text(one) for one in values])


def _as_text(values: dict[str, Any]) -> dict[str, Any]:
    return {n: json.dumps(v) if isinstance(v, (dict, list)) else v for n, v in values.items()}


class SpatialiteScope(Remembering):
    """Reader and writer of one scope, over a connection whose transaction has begun."""

    def __init__(self, connection: Any, catalogue: Catalogue, tables: Tables, scope: str):
        super().__init__()
        self.scope, self._catalogue, self._connection = scope, catalogue, connection
        kind, self._owner = split_scope(scope)
        self._layouts = tables[kind]
        self.sql = SharedSql(connection)

    # ------------------------------------------------------------ reading

    def _read_head(self) -> Head:
        found = self._one("select sequence, salt, stamp from scope_head where scope = ?", self.scope)
        return Head(*found) if found else Head(0, "")

    def _read_salt(self, sequence: int) -> str | None:
        found = self._one("select salt from change_log where scope = ? and sequence = ?", self.scope, sequence)
        return found[0] if found else None

    def _read_known(self, device: str) -> Mark | None:
        found = self._one(
            "select n, nonce from receipt where scope = ? and device = ? order by n desc limit 1",
            self.scope,
            device,
        )
        return Mark(*found) if found else None

    def _read_digests(self) -> dict[str, int]:
        found = self._all("select table_name, sum from scope_digest where scope = ?", self.scope)
        return {table: int(text, 16) for table, text in found}

    def changed(
        self,
        after: int,
        place: tuple[str, str] | None,
        tombstones_after: int,
        limit: int,
        gained: Gained | None = None,
    ) -> list[Row]:
        """The keys of the page come by one statement over all tables, the rows by one a table."""
        if not gained and (saved := self.saved_since(after, place, tombstones_after, limit)) is not None:
            return saved
        table, id = place or ("\x7f", "")
        parts = [
            f"""
            select * from (
                select sequence, '{layout.name}' as name, id from "{layout.name}"
                where {layout.owner} = :owner and sequence >= :after
                  and (sequence, '{layout.name}', id) > (:after, :table, :id)
                  and {wanted_since(layout, gained, "sequence > :tombstones")}
                order by sequence, id limit :limit + 0
            )"""
            for layout in self._layouts.values()
        ]
        statement = " union all ".join(parts) + " order by sequence, name, id limit :limit + 0"
        values = {"owner": self._owner, "after": after, "table": table, "id": id}
        keys = self._all(statement, values | {"tombstones": tombstones_after, "limit": limit})
        found, wanted = self._saved.copy(), dict[str, list[str]]()
        for _, name, row_id in keys:
            if (name, row_id) not in found:
                wanted.setdefault(name, []).append(row_id)
        found |= {row.key: row for row in self.rows(wanted)}
        return [found[name, row_id] for _, name, row_id in keys]

    def count_changed(self, after: int, limit: int) -> int:
        parts = [
            f'select * from (select 1 from "{layout.name}" where {layout.owner} = :owner and sequence > :after '
            "and deleted is null limit :limit + 0)"
            for layout in self._layouts.values()
        ]
        statement = f"select count(*) from ({' union all '.join(parts)})"
        (count,) = self._one(statement, {"owner": self._owner, "after": after, "limit": limit})
        return min(count, limit)

    def leaves(self, table: str) -> list[int]:
        layout = self._layout(table)
        return digest.leaves(
            table,
            self._each(
                f'select id, sequence from "{table}" where {layout.owner} = ? and deleted is null', self._owner
            ),
        )

    def leaf_rows(self, table: str, leaves: Iterable[int]) -> list[Row]:
        layout = self._layout(table)
        condition = "deleted is null and substr(id, -2) in (select value from json_each(?))"
        return list(self._select(layout, condition, json.dumps([f"{leaf:02x}" for leaf in leaves])))

    def live_rows(self, table: str | None = None) -> Iterator[Row]:
        for layout in [self._layout(table)] if table else self._layouts.values():
            yield from self._select(layout, "deleted is null")

    # ------------------------------------------------------------ what a push needs

    def receipts(self, device: str, first: int, last: int) -> dict[int, StoredReceipt]:
        found = self._all(
            "select n, nonce, content from receipt where scope = ? and device = ? and n between ? and ?",
            self.scope,
            device,
            first,
            last,
        )
        return {n: StoredReceipt(n, nonce, read_receipt(content)) for n, nonce, content in found}

    def told(self, user_id: str | None, stamps: Iterable[str]) -> list[Told]:
        found = self._all(
            """
            select l.device, l.content, r.content from change_log l join receipt r using (scope, device, n)
            where l.scope = ? and l.user_id is ? and l.stamp in (select value from json_each(?))
            order by l.sequence
            """,
            self.scope,
            user_id,
            json.dumps(sorted(stamps)),
        )
        return [Told(device, bytes(content), read_receipt(receipt)) for device, content, receipt in found]

    def rows(self, wanted: Mapping[str, Iterable[str]]) -> list[Row]:
        found: list[Row] = []
        for table, ids in wanted.items():
            condition = "id in (select value from json_each(?))"
            found += self._select(self._layout(table), condition, json.dumps(sorted(ids)))
        return found

    def tables_of(self, ids: Iterable[str]) -> dict[str, str]:
        parts = [
            f"select id, '{layout.name}' from \"{layout.name}\" "
            f"where {layout.owner} = :owner and id in (select value from json_each(:ids))"
            for layout in self._layouts.values()
        ]
        values = {"owner": self._owner, "ids": json.dumps(sorted(ids))}
        return dict(self._all(" union all ".join(parts), values))

    def children(self, parents: Mapping[str, Iterable[str]]) -> list[Row]:
        wanted: dict[str, list[tuple[Column, str, str]]] = {}
        for parent, ids in parents.items():
            listed = json.dumps(sorted(ids))
            for table, column in self._catalogue.children[parent]:
                wanted.setdefault(table.name, []).append((column, parent, listed))
        found: list[Row] = []
        for name, references in wanted.items():
            conditions, values = [], []
            for column, parent, listed in references:
                pair = f" and {column.pair} = ?" if column.pair else ""
                conditions.append(f"({column.name} in (select value from json_each(?)){pair})")
                values += [listed, parent] if column.pair else [listed]
            found += self._select(self._layouts[name], f"({' or '.join(conditions)})", *values)
        return found

    def open_conflicts(self, row_ids: Iterable[str]) -> list[Row]:
        if "conflict" not in self._layouts:
            return []
        condition = "state = 'open' and row_id in (select value from json_each(?))"
        return list(self._select(self._layouts["conflict"], condition, json.dumps(sorted(row_ids))))

    def listed(self, query: RowQuery) -> tuple[list[Row], int]:
        return spatialite_rows.listed(self._all, self._layout(query.table), self._owner, query)

    def log(self, after: int) -> Iterator[LogEntry]:
        found = self._each(
            """
            select sequence, salt, device, n, user_id, stamp, received_at, content, before
            from change_log where scope = ? and sequence > ? order by sequence
            """,
            self.scope,
            after,
        )
        return (LogEntry(*entry) for entry in found)

    def save(self, batch: Batch) -> None:
        by_table: dict[str, list[Row]] = {}
        for row in batch.rows:
            by_table.setdefault(row.table, []).append(row)
        for name, rows in by_table.items():
            self._upsert(self._layouts[name], rows)
        self._many(
            """
            insert into change_log
                (scope, sequence, salt, device, n, user_id, stamp, received_at, content, before)
            values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                (self.scope, e.sequence, e.salt, e.device, e.n, e.user_id, e.stamp, e.received_at, e.content, e.before)
                for e in batch.log
            ],
        )
        self._many(
            "insert into receipt (scope, device, n, nonce, content) values (?, ?, ?, ?, ?)",
            [(self.scope, batch.device, r.n, r.nonce, receipt_bytes(r.receipt)) for r in batch.receipts],
        )
        sums = self._add_to_digest(batch.digest)
        self._run(
            """
            insert into scope_head (scope, sequence, salt, stamp) values (?, ?, ?, ?)
            on conflict (scope) do update
            set sequence = excluded.sequence, salt = excluded.salt, stamp = excluded.stamp
            """,
            (self.scope, batch.head.sequence, batch.head.salt, batch.head.stamp),
        )
        self.remember(batch, sums)

    def _upsert(self, layout: Layout, rows: list[Row]) -> None:
        names = ", ".join(f'"{name}"' for name in [layout.owner, *layout.names])
        marks = ", ".join("?" * (len(layout.names) + 1))
        changes = ", ".join(f'"{name}" = excluded."{name}"' for name in layout.names[1:])
        chosen = itemgetter(*layout.valued)
        self._many(
            f"""
            insert into "{layout.name}" ({names}) values ({marks})
            on conflict ({layout.owner}, id) do update set {changes}
            """,
            [
                (
                    self._owner,
                    row.id,
                    *chosen(natives(layout.table, row.values)),
                    row.sequence,
                    row.born,
                    row.deleted,
                    merge_text(row),
                )
                for row in rows
            ],
        )

    def _add_to_digest(self, deltas: dict[str, int]) -> dict[str, int]:
        sums = self.digests()
        sums = sums | {name: (sums.get(name, 0) + delta) % digest.MODULUS for name, delta in deltas.items()}
        self._many(
            """
            insert into scope_digest (scope, table_name, sum) values (?, ?, ?)
            on conflict (scope, table_name) do update set sum = excluded.sum
            """,
            [(self.scope, name, digest.to_hex(sums[name])) for name in deltas],
        )
        return sums

    # ------------------------------------------------------------ statements

    def _layout(self, table: str) -> Layout:
        if table not in self._layouts:
            raise Problem("not_found", f"{self.scope} has no table {table}")
        return self._layouts[table]

    def _select(self, layout: Layout, condition: str, *values: Any) -> Iterator[Row]:
        names = ", ".join(f'"{name}"' for name in layout.names)
        statement = f'select {names} from "{layout.name}" where {layout.owner} = ? and {condition}'
        return (row_of(layout, found) for found in self._each(statement, self._owner, *values))

    def _each(self, statement: str, *values: Any) -> Iterator[Any]:
        with _translated():
            yield from self._connection.execute(statement, _given(values))

    def _all(self, statement: str, *values: Any) -> list[Any]:
        return list(self._each(statement, *values))

    def _one(self, statement: str, *values: Any) -> Any:
        return next(self._each(statement, *values), None)

    def _run(self, statement: str, values: Iterable[Any]) -> None:
        with _translated():
            self._connection.execute(statement, values)

    def _many(self, statement: str, values: list[Any]) -> None:
        if values:
            with _translated():
                self._connection.executemany(statement, values)


def _given(values: tuple[Any, ...]) -> Any:
    return values[0] if len(values) == 1 and isinstance(values[0], dict) else values


def _write_ahead(connection: Any) -> None:
    """Two processes that make a store at one moment both want the file alone, and SQLite lets neither wait here."""
    until = time.monotonic() + BUSY_WAIT_MS_MAX / 1000
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
            return
        except operational_errors():
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


class SpatialiteStore:
    def __init__(self, path: Path, catalogue: Catalogue, epoch: str):
        self._path, self._catalogue = path, catalogue
        self._writer = _open(path)
        _write_ahead(self._writer)
        self._lock = threading.Lock()
        self._readers: queue.LifoQueue[Any] = queue.LifoQueue()
        for _ in range(READERS_MAX):
            self._readers.put(None)  # opened when first wanted
        migrations.prepare_spatialite(self._writer, catalogue, epoch)
        self._layouts = layouts(self._catalogue)
        self._epoch = self._writer.execute("select value from meta where key = 'epoch'").fetchone()[0]

    def epoch(self) -> str:
        return self._epoch

    @contextmanager
    def read(self, scope: str) -> Iterator[SpatialiteScope]:
        with self._reader() as connection:
            yield SpatialiteScope(connection, self._catalogue, self._layouts, scope)

    @contextmanager
    def write(self, scope: str) -> Iterator[SpatialiteScope]:
        with self._transaction() as connection:
            yield SpatialiteScope(connection, self._catalogue, self._layouts, scope)

    @contextmanager
    def tables(self) -> Iterator[SharedSql]:
        with self._transaction() as connection:
            yield SharedSql(connection)

    @contextmanager
    def across(self) -> Iterator[SharedSql]:
        with self._reader() as connection:
            yield SharedSql(connection)

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        with self._lock:
            with _translated():
                self._writer.execute("begin immediate")
            try:
                yield self._writer
                with _translated():
                    self._writer.execute("commit")
            finally:
                if self._writer.in_transaction:
                    self._writer.execute("rollback")

    @contextmanager
    def _reader(self) -> Iterator[Any]:
        try:
            connection = self._readers.get(timeout=READER_WAIT_S_MAX)
        except queue.Empty as error:
            raise Problem("unavailable", "too many readers at once", retry_after_s=2) from error
        try:
            connection = connection or _open(self._path)
            with _translated():
                connection.execute("begin")
            yield connection
        finally:
            if connection is not None and connection.in_transaction:
                connection.execute("rollback")
            self._readers.put(connection)

    def heads(self, scopes: Iterable[str]) -> dict[str, int]:
        with self._reader() as connection, _translated():
            found = connection.execute(
                "select scope, sequence from scope_head where scope in (select value from json_each(?))",
                (json.dumps(list(scopes)),),
            )
            return dict(found.fetchall())

    def buildings(self, query: BuildingQuery) -> tuple[list[ListedBuilding], int]:
        with self._reader() as connection, _translated():
            return spatialite_buildings.buildings(connection, self._layouts["building"]["building"], query)

    def readable(self, query: BuildingQuery) -> str:
        with self._reader() as connection, _translated():
            return spatialite_buildings.readable(connection, query)

    def axes(self, epsg: int) -> str | None:
        return spatialite_crs.axes(epsg)

    def transformed(self, points: Sequence[Point], source: int, target: int) -> list[Point]:
        return spatialite_crs.transformed(points, source, target)

    def close(self) -> None:
        while not self._readers.empty():
            connection = self._readers.get()
            if connection is not None:
                connection.close()
        with self._lock:
            self._writer.close()
