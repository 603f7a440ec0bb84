"""The server's store on PostgreSQL with PostGIS: typed columns, GiST, any number of server processes.

`write` locks its scope for the length of the database transaction, so what the second of two writers reads includes
what the first committed, and the sequence taken inside follows the order of commit. A batch is a COPY and an upsert a
table, whatever its size. Read it beside spatialite_server.py: the same methods in the same order.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool

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
from . import migrations, postgis_buildings, postgis_rows, postgis_walls
from .listing import axes_of
from .postgis_sql import SharedSql, translated
from .postgis_values import configure, natives, row_of, selected
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

POOL_WAIT_S_MAX = 30.0
ROWS_PER_FETCH = 2_000
FEW = 8  # rows that are quicker sent one by one than by COPY
_OPTIONS = "-c timezone=UTC -c datestyle=ISO -c extra_float_digits=1"
_READING = "begin isolation level repeatable read read only"
_WRITING = "begin isolation level read committed"
_LOCKED = "select pg_advisory_xact_lock(hashtextextended({}, 0))"
_LOG = {
    "scope": "text", "sequence": "bigint", "salt": "text", "device": "text", "n": "bigint", "user_id": "text",
    "stamp": "text", "received_at": "text", "content": "bytea", "before": "bytea",
}  # fmt: skip
_RECEIPT = {"scope": "text", "device": "text", "n": "bigint", "nonce": "text", "content": "bytea"}
_CURSORS = itertools.count()
_NO_ID = "00000000-0000-0000-0000-000000000000"


def prepare(url: str, catalogue: Catalogue, epoch: str) -> None:
    """Make or bring up to date the tables of a database. `epoch` is the life of a store that is new."""
    with translated(), psycopg.connect(url) as connection:
        migrations.prepare_postgis(connection, catalogue, epoch)
        postgis_walls.raise_walls(connection, catalogue)


def open_store(
    url: str, catalogue: Catalogue, *, epoch: str, pool_size: int = 8, owner_url: str | None = None
) -> PostgisStore:
    """`owner_url`: the login that has the tables, where the one of `url` is to have nothing."""
    prepare(owner_url or url, catalogue, epoch)
    if owner_url is not None:
        with translated(), psycopg.connect(owner_url) as connection, psycopg.connect(url) as entering:
            postgis_walls.admit(connection, entering.info.user)
    return PostgisStore(url, catalogue, pool_size)


class PostgisScope(Remembering):
    """Reader and writer of one scope, over a connection whose transaction has begun."""

    def __init__(self, connection: psycopg.Connection[Any], catalogue: Catalogue, tables: Tables, scope: str):
        super().__init__()
        self.scope, self._catalogue, self._connection = scope, catalogue, connection
        kind, self._owner = split_scope(scope)
        self._layouts = tables[kind]
        self.sql = SharedSql(connection)

    # ------------------------------------------------------------ reading

    def _read_head(self) -> Head:
        found = self._one("select sequence, salt, stamp from scope_head where scope = %s", self.scope)
        return Head(*found) if found else Head(0, "")

    def _read_salt(self, sequence: int) -> str | None:
        found = self._one("select salt from change_log where scope = %s and sequence = %s", self.scope, sequence)
        return found[0] if found else None

    def _read_known(self, device: str) -> Mark | None:
        found = self._one(
            "select n, nonce from receipt where scope = %s and device = %s order by n desc limit 1",
            self.scope,
            device,
        )
        return Mark(*found) if found else None

    def foresee(self, device: str, sequence: int) -> None:
        found = self._one(
            """
            select h.sequence, h.salt, h.stamp, l.salt, r.n, r.nonce
            from (select 1) one
            left join scope_head h on h.scope = %(scope)s
            left join change_log l on l.scope = %(scope)s and l.sequence = %(sequence)s
            left join lateral (
              select n, nonce from receipt where scope = %(scope)s and device = %(device)s order by n desc limit 1
            ) r on true
            """,
            {"scope": self.scope, "device": device, "sequence": sequence},
        )
        *head, salt, n, nonce = found
        self._head = Head(*head) if head[0] is not None else Head(0, "")
        self._known[device] = Mark(n, nonce) if n is not None else None
        if sequence > 0:
            self._salts[sequence] = salt

    def _read_digests(self) -> dict[str, int]:
        found = self._all("select table_name, sum from scope_digest where scope = %s", self.scope)
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
        table, id = place or ("\x7f", _NO_ID)
        parts = [
            f"""
            (select sequence, '{layout.name}' collate "C" as name, id from "{layout.name}"
            where {layout.owner} = %(owner)s and sequence >= %(after)s
              and (sequence > %(after)s or ('{layout.name}' collate "C", id) > (%(table)s, %(id)s::uuid))
              and {wanted_since(layout, gained, "sequence > %(tombstones)s")}
            order by sequence, id limit %(limit)s)"""
            for layout in self._layouts.values()
        ]
        statement = " union all ".join(parts) + " order by sequence, name, id limit %(limit)s"
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
            f'(select 1 from "{layout.name}" where {layout.owner} = %(owner)s and sequence > %(after)s '
            "and deleted is null limit %(limit)s)"
            for layout in self._layouts.values()
        ]
        statement = f"select count(*) from ({' union all '.join(parts)}) as found"
        (count,) = self._one(statement, {"owner": self._owner, "after": after, "limit": limit})
        return min(count, limit)

    def leaves(self, table: str) -> list[int]:
        layout = self._layout(table)
        return digest.leaves(
            table,
            self._each(
                f'select id, sequence from "{table}" where {layout.owner} = %s and deleted is null', self._owner
            ),
        )

    def leaf_rows(self, table: str, leaves: Iterable[int]) -> list[Row]:
        layout = self._layout(table)
        condition = "deleted is null and right(id::text, 2) = any(%s)"
        return list(self._select(layout, condition, [f"{leaf:02x}" for leaf in leaves]))

    def live_rows(self, table: str | None = None) -> Iterator[Row]:
        for layout in [self._layout(table)] if table else self._layouts.values():
            yield from self._select(layout, "deleted is null", streamed=True)

    # ------------------------------------------------------------ what a push needs

    def receipts(self, device: str, first: int, last: int) -> dict[int, StoredReceipt]:
        found = self._all(
            "select n, nonce, content from receipt where scope = %s and device = %s and n between %s and %s",
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
            where l.scope = %s and l.user_id is not distinct from %s and l.stamp = any(%s)
            order by l.sequence
            """,
            self.scope,
            user_id,
            sorted(stamps),
        )
        return [Told(device, bytes(content), read_receipt(receipt)) for device, content, receipt in found]

    def rows(self, wanted: Mapping[str, Iterable[str]]) -> list[Row]:
        found: list[Row] = []
        for table, ids in wanted.items():
            found += self._select(self._layout(table), "id = any(%s::uuid[])", sorted(ids))
        return found

    def tables_of(self, ids: Iterable[str]) -> dict[str, str]:
        parts = [
            f"select id, '{layout.name}' from \"{layout.name}\" "
            f"where {layout.owner} = %(owner)s and id = any(%(ids)s::uuid[])"
            for layout in self._layouts.values()
        ]
        return dict(self._all(" union all ".join(parts), {"owner": self._owner, "ids": sorted(ids)}))

    def children(self, parents: Mapping[str, Iterable[str]]) -> list[Row]:
        wanted: dict[str, list[tuple[Column, str, list[str]]]] = {}
        for parent, ids in parents.items():
            listed = sorted(ids)
            for table, column in self._catalogue.children[parent]:
                wanted.setdefault(table.name, []).append((column, parent, listed))
        found: list[Row] = []
        for name, references in wanted.items():
            conditions, values = [], []
            for column, parent, listed in references:
                pair = f" and {column.pair} = %s" if column.pair else ""
                conditions.append(f"({column.name} = any(%s::uuid[]){pair})")
                values += [listed, parent] if column.pair else [listed]
            found += self._select(self._layouts[name], f"({' or '.join(conditions)})", *values)
        return found

    def open_conflicts(self, row_ids: Iterable[str]) -> list[Row]:
        if "conflict" not in self._layouts:
            return []
        condition = "state = 'open' and row_id = any(%s::uuid[])"
        return list(self._select(self._layouts["conflict"], condition, sorted(row_ids)))

    def listed(self, query: RowQuery) -> tuple[list[Row], int]:
        return postgis_rows.listed(self._all, self._layout(query.table), self._owner, query)

    def log(self, after: int) -> Iterator[LogEntry]:
        found = self._streamed(
            """
            select sequence, salt, device, n, user_id, stamp, received_at, content, before
            from change_log where scope = %s and sequence > %s order by sequence
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
        self._add(
            "change_log", _LOG,
            [
                (self.scope, e.sequence, e.salt, e.device, e.n, e.user_id, e.stamp, e.received_at, e.content, e.before)
                for e in batch.log
            ],
        )  # fmt: skip
        self._add(
            "receipt", _RECEIPT,
            [(self.scope, batch.device, r.n, r.nonce, receipt_bytes(r.receipt)) for r in batch.receipts],
        )  # fmt: skip
        sums = self._add_to_digest(batch.digest)
        self._run(
            """
            insert into scope_head (scope, sequence, salt, stamp) values (%s, %s, %s, %s)
            on conflict (scope) do update
            set sequence = excluded.sequence, salt = excluded.salt, stamp = excluded.stamp
            """,
            (self.scope, batch.head.sequence, batch.head.salt, batch.head.stamp),
        )
        self.remember(batch, sums)

    def _upsert(self, layout: Layout, rows: list[Row]) -> None:
        """A few as they are; many by COPY into a table of the session's own, then one upsert out of it."""
        arriving = f'"arriving_{layout.name}"'
        names = [layout.owner, *layout.names]
        geometries = {c.name: c.srid for c in layout.table.geometries}
        read = natives(layout)
        values = [
            (self._owner, row.id, *read(row.values), row.sequence, row.born, row.deleted, merge_text(row))
            for row in rows
        ]
        changes = ", ".join(f'"{name}" = excluded."{name}"' for name in layout.names[1:])
        into = f'insert into "{layout.name}" ({", ".join(_quoted(names))})'
        merged = f"on conflict ({layout.owner}, id) do update set {changes}"
        if len(rows) <= FEW:
            marks = [f"ST_GeomFromWKB(%s, {geometries[n]})" if n in geometries else "%s" for n in names]
            self._each_of(f"{into} values ({', '.join(marks)}) {merged}", values)
            return
        self._run(
            f'create temporary table if not exists {arriving} on commit delete rows as select '
            + ", ".join(f'{"null::bytea as " if n in geometries else ""}"{n}"' for n in names)
            + f' from "{layout.name}" with no data'
        )
        self._copy(f"{arriving} ({', '.join(_quoted(names))})", values)
        taken = [f'ST_GeomFromWKB("{n}", {geometries[n]})' if n in geometries else f'"{n}"' for n in names]
        self._run(f"{into} select {', '.join(taken)} from {arriving} {merged}")
        self._run(f"delete from {arriving}")

    def _add_to_digest(self, deltas: dict[str, int]) -> dict[str, int]:
        sums = self.digests()
        sums = sums | {name: (sums.get(name, 0) + delta) % digest.MODULUS for name, delta in deltas.items()}
        now = {name: digest.to_hex(sums[name]) for name in deltas}
        self._run(
            """
            insert into scope_digest (scope, table_name, sum)
            select %s, name, sum from unnest(%s::text[], %s::text[]) as arriving (name, sum)
            on conflict (scope, table_name) do update set sum = excluded.sum
            """,
            (self.scope, list(now), list(now.values())),
        )
        return sums

    # ------------------------------------------------------------ statements

    def _layout(self, table: str) -> Layout:
        if table not in self._layouts:
            raise Problem("not_found", f"{self.scope} has no table {table}")
        return self._layouts[table]

    def _select(self, layout: Layout, condition: str, *values: Any, streamed: bool = False) -> Iterator[Row]:
        names = ", ".join(["id", *map(selected, layout.columns), "sequence, born, deleted, merge_state::text"])
        statement = f'select {names} from "{layout.name}" where {layout.owner} = %s and {condition}'
        asked = self._streamed if streamed else self._all
        return (row_of(layout, found) for found in asked(statement, self._owner, *values))

    def _each(self, statement: str, *values: Any) -> Iterator[Any]:
        with translated():
            yield from self._connection.execute(statement, _given(values))

    def _streamed(self, statement: str, *values: Any) -> Iterator[Any]:
        """Rows by a cursor of the database's, `ROWS_PER_FETCH` at a time."""
        with translated(), self._connection.cursor(name=f"streamed_{next(_CURSORS)}") as cursor:
            cursor.itersize = ROWS_PER_FETCH
            yield from cursor.execute(statement, _given(values))

    def _all(self, statement: str, *values: Any) -> list[Any]:
        with translated():
            return self._connection.execute(statement, _given(values)).fetchall()

    def _one(self, statement: str, *values: Any) -> Any:
        with translated():
            return self._connection.execute(statement, _given(values)).fetchone()

    def _run(self, statement: str, values: Iterable[Any] | None = None) -> None:
        with translated():
            self._connection.execute(statement, values)

    def _each_of(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        with translated(), self._connection.cursor() as cursor:
            cursor.executemany(statement, rows)

    def _add(self, table: str, columns: dict[str, str], rows: list[tuple[Any, ...]]) -> None:
        """New rows; many by one statement, an array a column: COPY is not for tables behind a wall."""
        if len(rows) <= FEW:
            marks = ", ".join(["%s"] * len(columns))
            self._each_of(f"insert into {table} ({', '.join(columns)}) values ({marks})", rows)
        else:
            arrays = ", ".join(f"%b::{type}[]" for type in columns.values())
            names = ", ".join(columns)
            values = [list(column) for column in zip(*rows, strict=True)]
            self._run(f"insert into {table} ({names}) select * from unnest({arrays})", values)

    def _copy(self, target: str, rows: list[tuple[Any, ...]]) -> None:
        with translated(), self._connection.cursor().copy(f"copy {target} from stdin") as copy:
            for row in rows:
                copy.write_row(row)


def _given(values: tuple[Any, ...]) -> Any:
    return values[0] if len(values) == 1 and isinstance(values[0], dict) else values


def _quoted(names: Iterable[str]) -> list[str]:
    return [f'"{name}"' for name in names]


class PostgisStore:
    def __init__(self, url: str, catalogue: Catalogue, pool_size: int, wait_s: float = POOL_WAIT_S_MAX):
        self._catalogue, self._layouts = catalogue, layouts(catalogue)
        self.walled = True  # row-level security stands behind the checks of roles
        self._pool = ConnectionPool(
            url,
            min_size=1,
            max_size=pool_size,
            timeout=wait_s,
            kwargs={"autocommit": True, "options": _OPTIONS},
            configure=self._enter,
            check=ConnectionPool.check_connection,
            open=True,
        )
        try:
            with self._connection() as connection:
                found = connection.execute("select value from meta where key = 'epoch'").fetchone()
        except Problem:
            self._pool.close()
            raise
        assert found is not None
        self._epoch = found[0]

    def epoch(self) -> str:
        return self._epoch

    def _enter(self, connection: psycopg.Connection[Any]) -> None:
        configure(connection)
        self.walled = postgis_walls.enter(connection)

    @contextmanager
    def read(self, scope: str) -> Iterator[PostgisScope]:
        with self._within(_READING, postgis_walls.about(scope)) as connection:
            yield PostgisScope(connection, self._catalogue, self._layouts, scope)

    @contextmanager
    def write(self, scope: str) -> Iterator[PostgisScope]:
        with self._within(_WRITING, postgis_walls.about(scope), _LOCKED) as connection:
            yield PostgisScope(connection, self._catalogue, self._layouts, scope)

    @contextmanager
    def tables(self) -> Iterator[SharedSql]:
        with self._within(_WRITING, {}) as connection:
            yield SharedSql(connection)

    @contextmanager
    def across(self) -> Iterator[SharedSql]:
        with self._within(_READING, {}, f"set local role {postgis_walls.ACROSS}" if self.walled else "") as connection:
            yield SharedSql(connection)

    @contextmanager
    def _within(self, begin: str, about: dict[str, str], then: str = "") -> Iterator[psycopg.Connection[Any]]:
        with self._connection() as connection, postgis_walls.within(connection, begin, about, then):
            yield connection

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[Any]]:
        with translated(), self._pool.connection() as connection:
            yield connection

    def heads(self, scopes: Iterable[str]) -> dict[str, int]:
        with self._connection() as connection:
            found = connection.execute(
                "select scope, sequence from scope_head where scope = any(%s)", (list(scopes),)
            )
            return dict(found.fetchall())

    def buildings(self, query: BuildingQuery) -> tuple[list[ListedBuilding], int]:
        with self._within(_READING, postgis_walls.asked_by(query)) as connection:
            return postgis_buildings.buildings(connection, self._layouts["building"]["building"], query)

    def readable(self, query: BuildingQuery) -> str:
        with self._within(_READING, postgis_walls.asked_by(query)) as connection:
            return postgis_buildings.readable(connection, query)

    def axes(self, epsg: int) -> str | None:
        with self._connection() as connection:
            found = connection.execute("select srtext from spatial_ref_sys where srid = %s", (epsg,)).fetchone()
        return axes_of(found and found[0])

    def transformed(self, points: Sequence[Point], source: int, target: int) -> list[Point]:
        with self._connection() as connection:
            return postgis_buildings.transformed(connection, points, source, target)

    def pools(self) -> dict[str, dict[str, int]]:
        """Figures of the pool of connections, for who watches the server."""
        return {"primary": self._pool.get_stats()}

    def close(self) -> None:
        self._pool.close()
