"""One scope's replica: a person's edits, what is pushed of them, and the server's rows under them.

`Replica` owns the connection to one file. Promises it keeps, all within single database transactions:

1. An edit is on disk with its log entry before `record` answers (WAL, synchronous = full).
2. A transaction's number and nonce are on disk before `pending` hands it out.
3. Pages are held in the file until the last has come, then applied at once with cursor, digest and receipts.
4. A field with an open edit shows the person's value; what the server holds there is kept beside it
   (arxos_shadow).
5. A rejected transaction leaves the rows at once and stays in the log until it is retried or discarded.

Time and dice are handed in. What a change may hold is checked as the server will, so that little is rejected.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from .. import digest, limits, stamp
from ..catalogue import Catalogue, Table
from ..messages import Change, Mark, Receipt, RowOut, ScopeAnswer, Transaction
from ..problems import Refused
from . import replica_file, replica_lay, replica_log, replica_record, replica_rows, replica_upgrade
from .replica_lay import Applied

NONCE_BYTES = 12  # sent in hex, as ids are: what packs the one packs the other
_ENCODER = msgspec.msgpack.Encoder()


class Replica:
    def __init__(self, connection: Any, catalogue: Catalogue, dice: Callable[[int], bytes]) -> None:
        self.connection = connection
        self.catalogue = catalogue
        replica_upgrade.bring_up_to_date(connection, catalogue)
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
        with self.transaction(capture=True):
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
                replica_record.record_one(self, changes[at : at + size], now_ms, reason)
                for at in range(0, len(changes), size)
            ]

    # ------------------------------------------------------------ read

    def row(self, table: str, id: str) -> dict[str, Any] | None:
        """The row as it is shown: every column but `id`, as inner values."""
        return replica_rows.shown_rows(self, self.table(table), [id]).get(id)

    def server_row(self, table: str, id: str) -> dict[str, Any] | None:
        """The row as the server holds it, as far as this replica has heard."""
        return replica_rows.server_rows(self, {(table, id)})[table, id]

    # ------------------------------------------------------------ push

    def pending_count(self) -> int:
        return replica_log.waiting(self.connection, self.catalogue, self.kind)[0]

    def prior(self) -> Mark | None:
        known = self.state("known")
        return msgspec.json.decode(known, type=Mark) if known else None

    def pending(
        self,
        transactions_max: int = limits.TRANSACTIONS_PER_REQUEST_MAX,
        changes_max: int = limits.CHANGES_PER_REQUEST_MAX,
        bytes_max: int = limits.REQUEST_BYTES_MAX // 2,
    ) -> list[Transaction]:
        """What to push after `prior`, oldest first, numbered for good; the same again until receipts come."""
        with self.transaction(capture=True):
            replica_log.cancel_unsent_pairs(self.connection, self.catalogue, self.kind)
            headers = self.connection.execute(
                """
                select key, stamp, reason, n, nonce from arxos_change_log h
                where state in ('pending', 'sent') order by n is null, n, key limit ? + 0
                """,
                (transactions_max,),
            ).fetchall()
            headers = self._fitting(headers, changes_max)
            made = self._assembled([key for key, *_ in headers])
            return self._numbered(headers, made, changes_max, bytes_max)

    def _fitting(self, headers: list[Any], changes_max: int) -> list[Any]:
        """Without what is too much for one request anyway, so that it is not put together in vain."""
        sizes = replica_log.entries_of(self.connection, self.catalogue, self.kind, [key for key, *_ in headers])
        count, found = 0, []
        for header in headers:
            count += sizes[header[0]]
            if found and count > changes_max:
                break
            found.append(header)
        return found

    def _assembled(self, keys: list[int]) -> dict[int, list[Change]]:
        if not keys:
            return {}
        return replica_log.assemble(self.connection, self.catalogue, self.kind, sorted(keys))

    def _numbered(
        self, headers: list[Any], made: dict[int, list[Change]], changes_max: int, bytes_max: int
    ) -> list[Transaction]:
        """As many as fit, and always the first: what is too large alone is for the server to refuse."""
        last, count, size = int(self.state("n") or 0), 0, 0
        found, numbers, empty = [], [], []
        for key, mark, reason, n, nonce in headers:
            count, before = count + len(made[key]), count
            size += len(_ENCODER.encode(made[key]))
            if before and (count > changes_max or size > bytes_max):
                break
            if not made[key]:
                empty.append(key)
                continue
            if n is None:
                last, n, nonce = last + 1, last + 1, self.dice(NONCE_BYTES).hex()
                numbers.append((n, nonce, key))
            found.append(Transaction(n=n, nonce=nonce, stamp=mark, changes=made[key], reason=reason))
        replica_lay.settle_all(self, empty, "discarded")
        self.connection.executemany(
            "update arxos_change_log set state = 'sent', n = ?, nonce = ? where key = ?", numbers
        )
        if numbers:
            self.set_state(n=str(last))
        return found

    # ------------------------------------------------------------ apply

    def apply_answer(self, answer: ScopeAnswer, *, from_nothing: bool = False) -> Applied:
        """Take in a scope's part of an answer, receipts at once, rows when the last page has come.

        `from_nothing`: the request's cursor was null, so what does not come is not there any more.
        """
        with self.transaction(capture=False):
            if from_nothing:
                self.connection.execute("delete from arxos_held")
                self.set_state(paging="whole")
            done = self.take_receipts(answer.receipts)
            if answer.cursor is None:
                return done
            if answer.more:
                self._hold(answer.rows)
                self.set_state(cursor_paging=answer.cursor)
                return done
            rows = [*self._held(), *answer.rows]
            whole = self.state("paging") == "whole"
            done = replica_lay.lay(self, replica_lay.incoming(self, rows, whole), head=answer.head, done=done)
            self.set_state(paging=None, cursor_paging=None, cursor=answer.cursor, head=str(answer.head))
            self._mark(answer.head or 0, answer.salt)
            suspect = self.compare(answer.digest)
            return msgspec.structs.replace(done, suspect=suspect)

    def cursor(self) -> str | None:
        """What the next request names: the last page's cursor while pages are held."""
        return self.state("cursor_paging") or self.state("cursor")

    def apply_hint(self, rows: list[RowOut], cursor: str, head: int, salt: str) -> Applied:
        """Rows that came with a live hint whose `after` is the cursor here."""
        with self.transaction(capture=False):
            done = replica_lay.lay(self, replica_lay.incoming(self, rows, False), head=head, done=Applied())
            self.set_state(cursor=cursor, head=str(head))
            self._mark(head, salt)
            return done

    def _hold(self, rows: list[RowOut]) -> None:
        self.connection.execute(
            "insert into arxos_held (content) values (?)", (msgspec.msgpack.encode(rows),)
        )

    def _held(self) -> Iterator[RowOut]:
        pages = self.connection.execute("select content from arxos_held order by place").fetchall()
        self.connection.execute("delete from arxos_held")
        for (content,) in pages:
            yield from msgspec.msgpack.decode(content, type=list[RowOut])

    def take_receipts(self, receipts: list[Receipt]) -> Applied:
        """Within the caller's transaction."""
        taken = self._awaited(receipts)
        if not taken:
            return Applied(receipts=len(receipts))
        applied = self.sequence
        rejected = [key for receipt, _, key in taken if receipt.outcome == "rejected"]
        late = [key for r, _, key in taken if r.outcome != "rejected" and (r.sequence or 0) <= applied]
        if rejected or late:  # of late ones the cursor has passed the receipt: what they did is in the rows already
            replica_lay.lay(self, {}, settle=[*rejected, *late])
        self._keep_receipts(taken)
        last, nonce, _ = taken[-1]
        self.set_state(known=msgspec.json.encode(Mark(last.n, nonce)).decode())
        conflicts = sum(receipt.outcome == "conflict" for receipt, _, _ in taken)
        return Applied(receipts=len(receipts), rejected=len(rejected), conflicts=conflicts)

    def _awaited(self, receipts: list[Receipt]) -> list[tuple[Receipt, str, int]]:
        """Those of transactions that wait for one, each with its nonce and key."""
        sent = {
            n: (nonce, key)
            for n, nonce, key in self.connection.execute(
                """
                select n, nonce, key from arxos_change_log
                where state = 'sent' and n in (select value from json_each(?))
                """,
                (replica_log.json_list(receipt.n for receipt in receipts),),
            )
        }
        return [(receipt, *sent.pop(receipt.n)) for receipt in receipts if receipt.n in sent]

    def _keep_receipts(self, taken: list[tuple[Receipt, str, int]]) -> None:
        device, last = self.device, self.one("select max(key) from arxos_change_log")
        self.connection.executemany(
            """
            update arxos_change_log set state = 'acknowledged', outcome = ?, sequence = ?, settled_after = ?
            where key = ?
            """,
            [(r.outcome, r.sequence or 0, last, key) for r, _, key in taken if r.outcome != "rejected"],
        )
        self.connection.executemany(
            "insert or replace into arxos_receipt (transaction_key, device, n, receipt) values (?, ?, ?, ?)",
            [(key, device, r.n, msgspec.json.encode(r).decode()) for r, _, key in taken],
        )

    def _mark(self, sequence: int, salt: str | None) -> None:
        """Keep the last ones, and the last of each thousand: so the only one that may go is the one that ceases to be
        among the last.
        """
        if not salt:
            return
        self.connection.execute(
            "insert or replace into arxos_mark (sequence, salt) values (?, ?)", (sequence, salt)
        )
        self.connection.execute(
            """
            delete from arxos_mark as m
            where sequence = (select sequence from arxos_mark order by sequence desc limit 1 offset :recent)
              and exists (select 1 from arxos_mark n
                          where n.sequence > m.sequence and n.sequence < (m.sequence / :every + 1) * :every)
            """,
            {"every": limits.MARKS_EVERY, "recent": limits.MARKS_RECENT},
        )

    def settle(self, key: int, state: str) -> None:
        """Take a transaction's edits off the rows; it stays in the log as `state`."""
        with self.transaction(capture=False):
            replica_lay.lay(self, {}, settle=[key], settle_as=state)

    # ------------------------------------------------------------ digest

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
        return replica_rows.server_keys(self, table)
