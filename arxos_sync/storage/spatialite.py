"""One scope's replica: a person's edits, what is pushed of them, and the server's rows under them.

`Replica` owns the connection to one file. Promises it keeps, all within single database transactions:

1. An edit is on disk with its log entry before `record` answers (WAL, synchronous = full).
2. A transaction's number and nonce are on disk before `pending` hands it out.
3. Pages are held in the file until the last has come, then applied at once with cursor, digest and receipts.
4. A field with an open edit shows the person's value; what the server holds there is kept beside it (arxos_shadow).
5. A rejected transaction leaves the rows at once and stays in the log until it is retried or discarded.

Time and dice are handed in. What a change may hold is checked as the server will, so that little is rejected.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from .. import apply, change, digest, limits, stamp
from ..apply import Entry
from ..catalogue import SERVER, Catalogue, Table
from ..messages import Change, Mark, Receipt, RowOut, ScopeAnswer, Transaction
from ..problems import Refused
from . import replica_file, replica_log
from .replica_values import to_inner, to_native

NONCE_BYTES = 12
Key = tuple[str, str]


class Applied(msgspec.Struct, frozen=True):
    """What an answer did here."""

    rows: int = 0
    deleted: int = 0
    receipts: int = 0
    rejected: int = 0
    conflicts: int = 0
    suspect: tuple[str, ...] = ()  # tables whose digest differs from the server's


class Replica:
    def __init__(self, connection: Any, catalogue: Catalogue, dice: Callable[[int], bytes]) -> None:
        self.connection = connection
        self.catalogue = catalogue
        self.dice = dice
        self.scope = self.state("scope") or ""
        self.kind = replica_file.kind_of(self.scope)
        self.tables = catalogue.synced(self.kind)
        connection.execute("pragma synchronous = full")

    def close(self) -> None:
        self.connection.close()

    def state(self, key: str) -> str | None:
        return replica_file.state(self.connection, key)

    def set_state(self, **values: str | None) -> None:
        replica_file.set_state(self.connection, values)

    @property
    def device(self) -> str:
        return self.state("device") or ""

    @property
    def sequence(self) -> int:
        return self.one("select sequence from arxos_writing")

    @contextmanager
    def transaction(self, capture: bool) -> Iterator[None]:
        """All or nothing. Without `capture` what is written is the server's, not the person's."""
        self.connection.execute("begin immediate")
        try:
            if not capture:
                self.connection.execute("update arxos_writing set capture = 0")
            yield
            if not capture:
                self.connection.execute("update arxos_writing set capture = 1")
            self.connection.execute("commit")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("rollback")
            raise

    def one(self, statement: str, *parameters: Any) -> Any:
        found = self.connection.execute(statement, parameters).fetchone()
        return found[0] if found else None

    def table(self, name: str) -> Table:
        if name not in self.tables:
            raise Refused("unknown_table", name)
        return self.tables[name]

    def is_untouched(self) -> bool:
        """Nothing was ever pulled into it nor recorded in it: a snapshot may take its place."""
        return self.state("cursor") is None and not self.one("select count(*) from arxos_change_log")

    def learn(self, received_at: str, offset_ms: int) -> None:
        """The author's clock never goes behind what it heard."""
        ms, counter = self.connection.execute("select ms, counter from arxos_writing").fetchone()
        mine = stamp.form(ms, counter, self.device) if ms else None
        heard = stamp.learned(mine, received_at, self.device)
        self.connection.execute(
            "update arxos_writing set ms = ?, counter = ?", (stamp.milliseconds(heard), stamp.counter(heard))
        )
        self.set_state(clock_offset_ms=str(offset_ms))

    # ------------------------------------------------------------ record

    def record(self, changes: list[Change], now_ms: int, reason: str | None = None) -> list[int]:
        """Write edits as one transaction; as several where it is larger than one may be. Answers their keys.

        `set` holds inner values; of an update's sets, maps and counters the deltas. Raises Refused, and then
        nothing is written.
        """
        size = limits.CHANGES_PER_TRANSACTION_MAX
        with self.transaction(capture=True):
            return [
                self._record(changes[at : at + size], now_ms, reason) for at in range(0, len(changes), size)
            ]

    def _record(self, changes: list[Change], now_ms: int, reason: str | None) -> int:
        ms, counter = self.connection.execute("select ms, counter from arxos_writing").fetchone()
        mark = stamp.following(stamp.form(ms, counter, self.device) if ms else None, now_ms, self.device)
        key = self.connection.execute(
            "insert into arxos_change_log (stamp, base, reason) values (?, ?, ?)", (mark, self.sequence, reason)
        ).lastrowid
        self.connection.execute(
            "update arxos_writing set transaction_key = ?, ms = ?, counter = ?",
            (key, stamp.milliseconds(mark), stamp.counter(mark)),
        )
        for index, one in enumerate(changes):
            try:
                self._write(one)
            except Refused as refused:
                raise refused.at(index) from None
        self.connection.execute("update arxos_writing set transaction_key = null")
        return key

    def _write(self, one: Change) -> None:
        table = self.table(one.table)
        if getattr(table, one.op if one.op in ("insert", "update", "delete") else "insert") == SERVER:
            raise Refused("forbidden", f"only the server writes this to {table.name}")
        match one.op:
            case "insert":
                self._insert(table, one)
            case "update":
                self._update(table, one)
            case _:
                if not self.connection.execute(
                    f'delete from "{table.name}" where id = ?', (one.id,)
                ).rowcount:
                    raise Refused("row_unknown", f"{table.name} {one.id}")

    def _insert(self, table: Table, one: Change) -> None:
        values = self._checked(table, "insert", one.set or {})
        for column in table.columns.values():
            if column.required and values.get(column.name) is None:
                raise Refused("invalid_value", f"{column.name} is required", field=column.name)
        if not change.is_uuid(one.id):
            raise Refused("invalid_value", "the id is not a lower-case UUID", field="id")
        if self.one(f'select 1 from "{table.name}" where id = ?', one.id):
            raise Refused("id_taken", f"{table.name} {one.id} is there already")
        names = ["id", *values]
        natives = [one.id, *(to_native(table.columns[n], v) for n, v in values.items())]
        self.connection.execute(
            f'insert into "{table.name}" ({_names(names)}) values ({_marks(names)})', natives
        )

    def _update(self, table: Table, one: Change) -> None:
        deltas = self._checked(table, "update", one.set or {})
        row = self.row(table.name, one.id)
        if row is None:
            raise Refused("row_unknown", f"{table.name} {one.id}")
        for name in deltas:
            if table.columns[name].rule == "append":
                raise Refused("append_only", f"{table.name}.{name}", field=name)
        values = {n: apply.with_delta(table.columns[n], row.get(n), d) for n, d in deltas.items()}
        sets = ", ".join(f'"{n}" = ?' for n in values)
        natives = [to_native(table.columns[n], v) for n, v in values.items()]
        self.connection.execute(f'update "{table.name}" set {sets} where id = ?', [*natives, one.id])

    def _checked(self, table: Table, op: str, given: dict[str, Any]) -> dict[str, Any]:
        checked = {}
        for name, value in given.items():
            column = table.columns.get(name)
            if column is None:
                raise Refused("unknown_column", f"{table.name}.{name}", field=name)
            if column.rule == SERVER and not (name == "origin" and op == "insert"):
                raise Refused("server_column", f"{table.name}.{name}", field=name)
            checked[name] = change.read_value(column, op, value)
        if not checked and op == "update":
            raise Refused("invalid_value", "nothing to set")
        return checked

    # ------------------------------------------------------------ read

    def row(self, table: str, id: str) -> dict[str, Any] | None:
        """The row as it is shown: every column but `id`, as inner values."""
        return self._rows(self.table(table), [id]).get(id)

    def _rows(self, table: Table, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        names = [name for name in table.columns if name != "id"]
        found = self.connection.execute(
            f'select id, {_names(names)} from "{table.name}" where id in (select value from json_each(?))',
            (replica_log.json_list(ids),),
        )
        return {
            id: {n: to_inner(table.columns[n], v) for n, v in zip(names, values, strict=True)}
            for id, *values in found
        }

    def server_row(self, table: str, id: str) -> dict[str, Any] | None:
        """The row as the server holds it, as far as this replica has heard."""
        return self._server_rows({(table, id)})[table, id]

    def _server_rows(self, keys: set[Key]) -> dict[Key, dict[str, Any] | None]:
        found: dict[Key, dict[str, Any] | None] = {}
        for table, ids in _by_table(keys):
            shown = self._rows(self.tables[table], ids)
            entries = replica_log.open_entries(self.connection, self.tables[table], ids)
            shadows = self._shadows(self.tables[table], ids)
            for id in ids:
                if id in shadows:
                    found[table, id] = shadows[id]
                else:
                    found[table, id] = apply.server_row(shown.get(id), entries.get(id, []))
        return found

    def _shadows(self, table: Table, ids: Iterable[str]) -> dict[str, dict[str, Any] | None]:
        rows = self.connection.execute(
            """
            select id, column_name, value from arxos_shadow
            where table_name = ? and id in (select value from json_each(?))
            """,
            (table.name, replica_log.json_list(ids)),
        ).fetchall()
        found: dict[str, dict[str, Any] | None] = {
            id: {} if value else None for id, name, value in rows if name == ""
        }
        for id, name, value in rows:
            if name and found[id] is not None and name in table.columns:
                found[id][name] = to_inner(table.columns[name], value)  # type: ignore[index]
        return found

    # ------------------------------------------------------------ push

    def pending_count(self) -> int:
        replica_log.cancel_unsent_pairs(self.connection, self.catalogue, self.kind)
        return self.one("select count(*) from arxos_change_log h where h.state in ('pending', 'sent')")

    def prior(self) -> Mark | None:
        known = self.state("known")
        return msgspec.json.decode(known, type=Mark) if known else None

    def pending(
        self,
        transactions_max: int = limits.TRANSACTIONS_PER_REQUEST_MAX,
        changes_max: int = limits.CHANGES_PER_REQUEST_MAX,
    ) -> list[Transaction]:
        """What to push after `prior`, oldest first, numbered for good; the same again until receipts come."""
        with self.transaction(capture=True):
            replica_log.cancel_unsent_pairs(self.connection, self.catalogue, self.kind)
            headers = self.connection.execute(
                """
                select key, stamp, reason, n, nonce from arxos_change_log h
                where state in ('pending', 'sent') order by n is null, n, key limit ?
                """,
                (transactions_max,),
            ).fetchall()
            made = self._assembled([key for key, *_ in headers])
            return list(self._numbered(headers, made, changes_max))

    def _assembled(self, keys: list[int]) -> dict[int, list[Change]]:
        if not keys:
            return {}
        return replica_log.assemble(self.connection, self.catalogue, self.kind, sorted(keys))

    def _numbered(
        self, headers: list[Any], made: dict[int, list[Change]], changes_max: int
    ) -> Iterator[Transaction]:
        last, count = int(self.state("n") or 0), 0
        for key, mark, reason, n, nonce in headers:
            count += len(made[key])
            if count > changes_max and count > len(made[key]):
                break
            if not made[key]:
                self._settle([key], "discarded")
                continue
            if n is None:
                last, n, nonce = last + 1, last + 1, base64.urlsafe_b64encode(self.dice(NONCE_BYTES)).decode()
            self.connection.execute(
                "update arxos_change_log set state = 'sent', n = ?, nonce = ? where key = ?", (n, nonce, key)
            )
            yield Transaction(n=n, nonce=nonce, stamp=mark, changes=made[key], reason=reason)
        self.set_state(n=str(last))

    # ------------------------------------------------------------ apply

    def apply_answer(self, answer: ScopeAnswer, *, from_nothing: bool = False) -> Applied:
        """Take in a scope's part of an answer, receipts at once, rows when the last page has come.

        `from_nothing`: the request's cursor was null, so what does not come is not there any more.
        """
        with self.transaction(capture=False):
            if from_nothing:
                self.connection.execute("delete from arxos_held")
                self.set_state(paging="whole")
            done = self._take_receipts(answer)
            if answer.cursor is None:
                return done
            if answer.more:
                self._hold(answer.rows)
                self.set_state(cursor_paging=answer.cursor)
                return done
            rows = [*self._held(), *answer.rows]
            whole = self.state("paging") == "whole"
            done = self.lay(self.incoming(rows, whole), head=answer.head, done=done)
            self.set_state(paging=None, cursor_paging=None, cursor=answer.cursor, head=str(answer.head))
            self._mark(answer.head or 0, answer.salt)
            suspect = self.compare(answer.digest)
            return msgspec.structs.replace(done, suspect=suspect)

    def cursor(self) -> str | None:
        """What the next request names: the last page's cursor while pages are held."""
        return self.state("cursor_paging") or self.state("cursor")

    def apply_hint(self, rows: list[RowOut], cursor: str, head: int) -> Applied:
        """Rows that came with a live hint whose `from` is the sequence applied."""
        with self.transaction(capture=False):
            done = self.lay(self.incoming(rows, False), head=head, done=Applied())
            self.set_state(cursor=cursor, head=str(head))
            return done

    def _hold(self, rows: list[RowOut]) -> None:
        self.connection.execute("insert into arxos_held (content) values (?)", (msgspec.msgpack.encode(rows),))

    def _held(self) -> Iterator[RowOut]:
        pages = self.connection.execute("select content from arxos_held order by place").fetchall()
        self.connection.execute("delete from arxos_held")
        for (content,) in pages:
            yield from msgspec.msgpack.decode(content, type=list[RowOut])

    def incoming(self, rows: Iterable[RowOut], whole: bool) -> dict[Key, tuple[int, dict[str, Any] | None]]:
        """Per row its sequence and values, None for a deleted one. Tables this catalogue lacks stay out."""
        found: dict[Key, tuple[int, dict[str, Any] | None]] = {}
        for row in rows:
            if row.table in self.tables:
                values = None
                if not row.deleted:
                    values = change.from_row_out(self.catalogue, row.table, row.set or {})
                    values.pop("id", None)
                    former = found.get((row.table, row.id), (0, None))[1]
                    values = (former or {}) | values
                found[row.table, row.id] = (row.sequence, values)
        if whole:
            for table in self.tables:
                for id, _ in self.server_keys(table):
                    found.setdefault((table, id), (0, None))
        return found

    def _take_receipts(self, answer: ScopeAnswer) -> Applied:
        rejected: list[int] = []
        idle: list[int] = []  # receipts that the cursor has passed already
        conflicts = 0
        known = self.prior()
        for receipt in answer.receipts:
            key = self.one("select key from arxos_change_log where n = ? and state = 'sent'", receipt.n)
            if key is None:
                continue
            known = Mark(receipt.n, self.one("select nonce from arxos_change_log where key = ?", key))
            self._keep_receipt(key, receipt)
            conflicts += receipt.outcome == "conflict"
            if receipt.outcome == "rejected":
                rejected.append(key)
            elif (receipt.sequence or 0) <= self.sequence:
                idle.append(key)
        if known is not None:
            self.set_state(known=msgspec.json.encode(known).decode())
        self.lay({}, settle=rejected, also=idle)
        return Applied(receipts=len(answer.receipts), rejected=len(rejected), conflicts=conflicts)

    def _keep_receipt(self, key: int, receipt: Receipt) -> None:
        self.connection.execute(
            """
            update arxos_change_log set state = 'acknowledged', outcome = ?, sequence = coalesce(?, 0),
              settled_after = (select max(key) from arxos_change_log)
            where key = ? and ? <> 'rejected'
            """,
            (receipt.outcome, receipt.sequence, key, receipt.outcome),
        )
        self.connection.execute(
            "insert or replace into arxos_receipt (transaction_key, device, n, receipt) values (?, ?, ?, ?)",
            (key, self.device, receipt.n, msgspec.json.encode(receipt).decode()),
        )

    def _settle(self, keys: list[int], state: str) -> None:
        self.connection.execute(
            """
            update arxos_change_log set state = ?, settled_after = (select max(key) from arxos_change_log)
            where key in (select value from json_each(?))
            """,
            (state, replica_log.json_list(keys)),
        )

    def lay(
        self,
        incoming: dict[Key, tuple[int, dict[str, Any] | None]],
        *,
        head: int | None = None,
        settle: Iterable[int] = (),
        settle_as: str = "rejected",
        also: Iterable[int] = (),
        done: Applied | None = None,
    ) -> Applied:
        """Put server rows under open edits, and take settled edits off. The heart of applying."""
        done, settle = done or Applied(), list(settle)
        passed = self.connection.execute(
            "select key from arxos_change_log where state = 'acknowledged' and sequence > ? and sequence <= ?",
            (self.sequence, head if head is not None else self.sequence),
        ).fetchall()
        edited = replica_log.touched(self.connection, self.catalogue, self.kind, [*(k for (k,) in passed), *settle, *also])
        edited |= self._under_edits(incoming)
        server = self._server_rows(edited)
        self._settle(settle, settle_as)
        if head is not None:
            self.connection.execute("update arxos_writing set sequence = ?", (head,))
        clean = {key: value for key, value in incoming.items() if key not in edited}
        self._lay_clean(clean)
        self._lay_edited(edited, server, incoming)
        gone = sum(values is None for _, values in incoming.values())
        return msgspec.structs.replace(done, rows=done.rows + len(incoming) - gone, deleted=done.deleted + gone)

    def _under_edits(self, incoming: dict[Key, Any]) -> set[Key]:
        found: set[Key] = set()
        for table, ids in _by_table(incoming):
            rows = self.connection.execute(
                f"""
                select distinct l.id from "arxos_log_{table}" l
                join arxos_change_log h on h.key = l.transaction_key
                where {replica_log.OPEN}
                """
            )
            found |= {(table, id) for (id,) in rows} & {(table, id) for id in ids}
        return found

    def _lay_clean(self, incoming: dict[Key, tuple[int, dict[str, Any] | None]]) -> None:
        for name, ids in _by_table(incoming):
            table = self.tables[name]
            before = dict(
                self.connection.execute(
                    f'select id, sequence from "{name}" where id in (select value from json_each(?))',
                    (replica_log.json_list(ids),),
                )
            )
            shapes: dict[tuple[str, ...], list[list[Any]]] = {}
            gone, moves = [], []
            for id in ids:
                sequence, values = incoming[name, id]
                moves.append((id, before.get(id), None if values is None else sequence))
                if values is None:
                    gone.append((id,))
                    continue
                values = values | {"sequence": sequence}
                natives = [id, *(to_native(table.columns[n], v) for n, v in values.items())]
                shapes.setdefault(("id", *values), []).append(natives)
            for names, rows in shapes.items():
                self._upsert(name, list(names), rows)
            self.connection.executemany(f'delete from "{name}" where id = ?', gone)
            self._count(name, moves)

    def _upsert(self, table: str, names: list[str], rows: list[list[Any]]) -> None:
        sets = ", ".join(f'"{n}" = excluded."{n}"' for n in names if n != "id")
        self.connection.executemany(
            f'insert into "{table}" ({_names(names)}) values ({_marks(names)}) on conflict (id) do update set {sets}',
            rows,
        )

    def _lay_edited(self, edited: set[Key], server: dict[Key, Any], incoming: dict[Key, Any]) -> None:
        for name, ids in _by_table(edited):
            table = self.tables[name]
            entries = replica_log.open_entries(self.connection, table, ids)
            shown = self._rows(table, ids)
            moves = []
            for id in ids:
                before = now = server[name, id]
                if (name, id) in incoming:
                    sequence, values = incoming[name, id]
                    now = None if values is None else (before or {}) | values | {"sequence": sequence}
                moves.append((id, before and before.get("sequence"), now and now.get("sequence")))
                rest = entries.get(id, [])
                self._show(table, id, apply.shown_row(table, now, rest, shown.get(id)))
                self._shade(table, id, now, bool(rest))
            self._count(name, moves)

    def _show(self, table: Table, id: str, row: dict[str, Any] | None) -> None:
        if row is None:
            self.connection.execute(f'delete from "{table.name}" where id = ?', (id,))
            return
        names = [name for name in table.columns if name != "id"]
        natives = [to_native(table.columns[n], row.get(n)) for n in names]
        self._upsert(table.name, ["id", *names], [[id, *natives]])

    def _shade(self, table: Table, id: str, row: dict[str, Any] | None, wanted: bool) -> None:
        self.connection.execute("delete from arxos_shadow where table_name = ? and id = ?", (table.name, id))
        if not wanted:
            return
        values = {} if row is None else {n: v for n, v in row.items() if v is not None}
        natives = [(table.name, id, n, to_native(table.columns[n], v)) for n, v in values.items()]
        self.connection.executemany(
            "insert into arxos_shadow (table_name, id, column_name, value) values (?, ?, ?, ?)",
            [(table.name, id, "", int(row is not None)), *natives],
        )

    def _mark(self, sequence: int, salt: str | None) -> None:
        if not salt:
            return
        self.connection.execute(
            "insert or replace into arxos_mark (sequence, salt) values (?, ?)", (sequence, salt)
        )
        self.connection.execute(
            """
            delete from arxos_mark where sequence % ? <> 0 and sequence not in (
              select sequence from arxos_mark order by sequence desc limit ?)
            """,
            (limits.MARKS_EVERY, limits.MARKS_RECENT),
        )

    def settle(self, key: int, state: str) -> None:
        """Take a transaction's edits off the rows; it stays in the log as `state`."""
        with self.transaction(capture=False):
            self.lay({}, settle=[key], settle_as=state)

    # ------------------------------------------------------------ digest

    def _count(self, table: str, moves: list[tuple[str, int | None, int | None]]) -> None:
        """Keep the table's digest: per row, its sequence on the server before and now."""
        change_by = 0
        for id, before, now in moves:
            change_by -= digest.row_hash(table, id, before) if before else 0
            change_by += digest.row_hash(table, id, now) if now else 0
        if change_by:
            total = int(self.one("select sum from arxos_digest where table_name = ?", table) or "0", 16)
            self.connection.execute(
                """
                insert into arxos_digest (table_name, sum) values (?, ?)
                on conflict (table_name) do update set sum = excluded.sum
                """,
                (table, digest.to_hex(total + change_by)),
            )

    def digests(self) -> dict[str, str]:
        return dict(self.connection.execute("select table_name, sum from arxos_digest"))

    def compare(self, theirs: dict[str, str] | None) -> tuple[str, ...]:
        """The tables whose digest differs from the server's at the same cursor; remembered as `suspect`."""
        if theirs is None:
            return ()
        mine, none = self.digests(), digest.to_hex(0)
        wrong = tuple(t for t in self.tables if mine.get(t, none) != theirs.get(t, none))
        self.set_state(suspect=json.dumps(wrong))
        return wrong

    def server_keys(self, table: str) -> Iterator[tuple[str, int]]:
        """(id, sequence) of every row of the table that the server holds, as far as heard."""
        edited = {
            id
            for (id,) in self.connection.execute(
                f"""
                select distinct l.id from "arxos_log_{table}" l
                join arxos_change_log h on h.key = l.transaction_key where {replica_log.OPEN}
                """
            )
        }
        for id, sequence in self.connection.execute(
            f'select id, sequence from "{table}" where sequence is not null'
        ).fetchall():
            if id not in edited:
                yield id, sequence
        for (_, id), row in self._server_rows({(table, id) for id in edited}).items():
            if row is not None and row.get("sequence"):
                yield id, row["sequence"]


def _names(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _marks(names: list[str]) -> str:
    return ", ".join("?" * len(names))


def _by_table(keys: Iterable[Key]) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for table, id in keys:
        found.setdefault(table, []).append(id)
    return [(table, sorted(ids)) for table, ids in sorted(found.items())]
