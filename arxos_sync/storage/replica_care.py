"""What a person or the server asks of a replica beside edits and pages: retry, forks, starting over, proof.

Each function is one database transaction over a `Replica`; nothing here speaks to a server.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from .. import digest, limits, stamp
from ..messages import Change, Mark, Receipt, RowOut
from ..problems import Refused
from ..status import ScopeStatus
from . import replica_file, replica_heal, replica_lay, replica_log, replica_rows
from .replica_lay import Applied
from .spatialite import Replica


def status(replica: Replica, now_ms: int) -> ScopeStatus:
    one = replica.one
    pending, oldest = replica_log.waiting(replica.connection, replica.catalogue, replica.kind)
    state = replica_file.states(replica.connection).get
    offset = state("clock_offset_ms")
    return ScopeStatus(
        scope=replica.scope,
        role=state("role"),
        pending=pending,
        oldest_pending_ms=max(0, now_ms - stamp.milliseconds(oldest)) if oldest else None,
        rejected=one("select count(*) from arxos_change_log where state = 'rejected'"),
        conflicts=one("select count(*) from conflict where state = 'open'") if replica.kind == "building" else 0,
        cursor=state("cursor"),
        sequence=replica.sequence,
        head=int(state("head") or 0),
        verified_at=state("verified_at"),
        clock_offset_ms=int(offset) if offset else None,
        suspect=tuple(json.loads(state("suspect") or "[]")),
        repairs=int(state("repairs") or 0),
    )


def name(replica: Replica) -> str | None:
    """What people call a building; None where it has no name here."""
    if replica.kind != "building":
        return None
    return replica.one("select name from building where id = ?", replica.scope)


# ---------------------------------------------------------------- the person


def discard(replica: Replica, key: int) -> None:
    """Give up a rejected transaction. Raises Refused where it is not one."""
    _rejected(replica, key)
    replica.settle(key, "discarded")


def retry(
    replica: Replica, key: int, now_ms: int, corrections: dict[int, dict[str, Any]] | None = None
) -> list[int]:
    """Record a rejected transaction's changes anew, under a new number; `corrections` are what the person set
    otherwise in the change of that place. Raises Refused, and then nothing changes.
    """
    _rejected(replica, key)
    made = replica_log.assemble(replica.connection, replica.catalogue, replica.kind, [key])[key]
    for place, values in (corrections or {}).items():
        made[place] = msgspec.structs.replace(made[place], set=(made[place].set or {}) | values)
    keys = replica.record(made, now_ms, replica.one("select reason from arxos_change_log where key = ?", key))
    replica.settle(key, "discarded")
    return keys


def _rejected(replica: Replica, key: int) -> None:
    if replica.one("select state from arxos_change_log where key = ?", key) != "rejected":
        raise Refused("invalid_value", f"transaction {key} is not a rejected one")


def rejected(replica: Replica) -> list[tuple[int, Receipt, list[Change]]]:
    """The rejected transactions nobody has dealt with: key, receipt, changes."""
    rows = replica.connection.execute(
        """
        select h.key, r.receipt from arxos_change_log h
        join arxos_receipt r on r.transaction_key = h.key
        where h.state = 'rejected' order by h.key
        """
    ).fetchall()
    made = (
        replica_log.assemble(replica.connection, replica.catalogue, replica.kind, [k for k, _ in rows])
        if rows
        else {}
    )
    return [(key, msgspec.json.decode(text, type=Receipt), made[key]) for key, text in rows]


def unsent(replica: Replica) -> list[dict[str, Any]]:
    """Every transaction the server has not taken (pending, sent, rejected) with its changes, plain."""
    headers = replica.connection.execute(
        """
        select h.key, h.state, h.stamp, h.reason, h.n, r.receipt from arxos_change_log h
        left join arxos_receipt r on r.transaction_key = h.key
        where h.state in ('pending', 'sent', 'rejected') order by h.key
        """
    ).fetchall()
    if not headers:
        return []
    made = replica_log.assemble(
        replica.connection, replica.catalogue, replica.kind, [key for key, *_ in headers]
    )
    return [
        {
            "key": key,
            "state": state,
            "stamp": mark,
            "reason": reason,
            "n": n,
            "receipt": json.loads(receipt) if receipt else None,
            "changes": [msgspec.to_builtins(one, builtin_types=(bytes,)) for one in made[key]],
        }
        for key, state, mark, reason, n, receipt in headers
    ]


def history(replica: Replica, table: str, id: str) -> list[dict[str, Any]]:
    """The life of one row as this device knows it: every captured edit with what became of it."""
    entries = replica_log.read(replica.connection, replica.table(table), "l.id = ?", (id,))
    headers = {
        row[0]: row[1:]
        for row in replica.connection.execute(
            "select key, state, stamp, reason, n, outcome, sequence from arxos_change_log"
        )
    }
    names = ("state", "stamp", "reason", "n", "outcome", "sequence")
    return [
        {"key": e.key, "op": e.op, "base": e.base, "old": e.old, "new": e.new}
        | dict(zip(names, headers[e.key], strict=True))
        for e in entries
    ]


# ---------------------------------------------------------------- the server


def start_over(replica: Replica) -> None:
    """Forget the cursor; the next pull brings everything anew, under pending edits."""
    with replica.transaction(capture=False):
        replica.connection.execute("delete from arxos_held")
        replica.set_state(cursor=None, cursor_paging=None, paging=None)


def fork(replica: Replica, device: str) -> int:
    """Become another device: what is unsettled is pending again, unnumbered. Answers how much that is."""
    with replica.transaction(capture=True):
        replica_heal.fork(replica)
        replica.connection.execute(
            "update arxos_change_log set n = null, nonce = null where state not in ('pending', 'sent')"
        )
        count = replica.connection.execute(
            """
            update arxos_change_log set state = 'pending', n = null, nonce = null
            where state in ('pending', 'sent')
            """
        ).rowcount
        replica.set_state(device=device, n="0", known=None)
        replica.connection.execute("update arxos_writing set tail = ?", (device[-8:],))
    return count


def is_empty(replica: Replica) -> bool:
    """No row was ever pulled into it nor recorded in it."""
    return replica.is_untouched() and not any(
        replica.one(f'select 1 from "{table}" limit 1') for table in replica.tables
    )


def rewind(replica: Replica, known: Mark | None) -> None:
    """The server knows less of this device than it acknowledged: send again from there.

    Numbers stay where they go on without a gap. Where some are gone (refused, given up, or in a file that was let go),
    what waits is numbered anew: the server knows none of them.
    """
    last = known.n if known else 0
    with replica.transaction(capture=False):
        connection = replica.connection
        again = connection.execute(
            "select key from arxos_change_log where n > ? and state = 'acknowledged'", (last,)
        ).fetchall()
        rows = replica_log.touched(connection, replica.catalogue, replica.kind, [key for (key,) in again])
        server = replica_rows.server_rows(replica, rows)
        connection.execute(
            "update arxos_change_log set state = 'sent' where n > ? and state = 'acknowledged'", (last,)
        )
        replica_lay.lay_again(replica, server)
        sent = connection.execute(
            "select n from arxos_change_log where n > ? and state = 'sent' order by n", (last,)
        )
        numbers = [n for (n,) in sent]
        if numbers != list(range(last + 1, last + 1 + len(numbers))):
            connection.execute(
                "update arxos_change_log set state = 'pending' where n > ? and state = 'sent'", (last,)
            )
            connection.execute("update arxos_change_log set n = null, nonce = null where n > ?", (last,))
            numbers = []
        connection.execute(
            """
            update arxos_change_log set n = null, nonce = null
            where n > ? and state in ('rejected', 'discarded')
            """,
            (last,),
        )
        replica.set_state(known=msgspec.json.encode(known).decode() if known else None, n=str(last + len(numbers)))


def forgotten(replica: Replica, known: Mark | None) -> int:
    """How many transactions the server has of this device in a replica that remembers none. 0 in health.

    Its file was lost, or it is an early copy of a device that works on: either way it becomes another device.
    """
    strange = known is not None and replica.prior() is None and not int(replica.state("n") or 0)
    return known.n if known is not None and strange else 0


def go_on_after(replica: Replica, known: Mark) -> None:
    """The device's last transaction of this scope, told to a file that does not have it."""
    replica.set_state(n=str(known.n), known=msgspec.json.encode(known).decode())


def prune(replica: Replica, now_ms: int) -> int:
    """Forget acknowledged and discarded transactions older than LOG_KEPT_DAYS. Answers how many."""
    before = stamp.form(max(0, now_ms - limits.LOG_KEPT_DAYS * 86_400_000), 0, replica.device)
    old = """(
          select key from arxos_change_log
          where state in ('acknowledged', 'discarded') and stamp < ?
            and coalesce(sequence, 0) <= (select sequence from arxos_writing))"""
    with replica.transaction(capture=False):
        for table in replica.tables:
            replica.connection.execute(
                f'delete from "arxos_log_{table}" where transaction_key in {old}', (before,)
            )
        replica.connection.execute(f"delete from arxos_receipt where transaction_key in {old}", (before,))
        return replica.connection.execute(
            f"delete from arxos_change_log where key in {old}", (before,)
        ).rowcount


# ---------------------------------------------------------------- proof


def recount(replica: Replica) -> dict[str, str]:
    """The digests worked out afresh from the rows; kept, and answered."""
    with replica.transaction(capture=False):
        sums = {t: digest.to_hex(digest.total(t, replica.server_keys(t))) for t in replica.tables}
        replica.connection.execute("delete from arxos_digest")
        replica.connection.executemany(
            "insert into arxos_digest (table_name, sum) values (?, ?)", sums.items()
        )
    return sums


def differing_leaves(replica: Replica, table: str, theirs: list[str]) -> list[int]:
    mine = digest.leaves(table, replica.server_keys(table))
    return [leaf for leaf, sum in enumerate(theirs) if digest.to_hex(mine[leaf]) != sum]


def repair(replica: Replica, table: str, leaves: list[int], rows: list[RowOut]) -> Applied:
    """Take in the server's live rows of those leaves; what is held there beyond them goes. Edits stay."""
    wanted = set(leaves)
    with replica.transaction(capture=False):
        incoming = replica_lay.incoming(replica, rows, whole=False, complete=True)
        for id, _ in list(replica.server_keys(table)):
            if digest.leaf_of(id) in wanted:
                incoming.setdefault((table, id), (0, None))
        done = replica_lay.lay(replica, incoming)
        count = int(replica.state("repairs") or 0) + 1
        replica.set_state(repairs=str(count))
    return done
