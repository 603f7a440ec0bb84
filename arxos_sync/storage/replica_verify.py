"""Proving that a replica holds the values the server has, and what becomes of a row that differs without an edit.

Capture is by triggers in the file, so an edit that no log entry tells of should not be; a file copied about, a tool
that drops triggers or a bad disk make one all the same. Nobody can see whether a person typed it or a disk lost it, so
nothing is thrown away: the row is put back as the server has it, and what stood here is recorded over it as an edit of
the person's, with the base 0, that is, in ignorance of everybody. What somebody else wrote there becomes a conflict
with both values in it; what only this device wrote is simply set. Columns that are set once go in a transaction of
their own, which the server rejects, in plain sight. What only the server writes is the server's, and a row that is
missing comes back: a delete is an edit only where it was logged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from .. import content, digest, stamp
from ..catalogue import SERVER, Table
from ..messages import RowOut
from . import replica_lay, replica_log
from .replica_rows import Key, marks_of, names_of, server_rows, shown_rows
from .replica_values import to_native
from .spatialite import Replica

REASON = "found by verify: it differed without an edit"


class Mended(msgspec.Struct, frozen=True):
    rows: int = 0  # fetched anew
    recorded: int = 0  # rows whose values became edits


def content_leaves(replica: Replica, table: str) -> list[int]:
    """The sums over the server's values, as far as this replica has heard of them."""
    return content.leaves(replica.tables[table], _held(replica, table))


def differing(replica: Replica, table: str, theirs: list[str]) -> list[int]:
    mine = content_leaves(replica, table)
    return [leaf for leaf, sum in enumerate(theirs) if digest.to_hex(mine[leaf]) != sum]


def strays(replica: Replica, table: str) -> list[str]:
    """Rows that neither the server gave nor any edit tells of."""
    found = replica.connection.execute(f'select id from "{table}" where sequence is null and id is not null')
    return sorted({id for (id,) in found} - _edited(replica, table))


def mend(replica: Replica, table: str, leaves: Iterable[int], rows: list[RowOut], now_ms: int) -> Mended:
    """Take in the server's live rows of those leaves; what differs here without an edit becomes one."""
    known, wanted = replica.tables[table], set(leaves)
    alone = strays(replica, table)
    with replica.transaction(capture=False):
        theirs = replica_lay.incoming(replica, rows, whole=False, complete=True)
        mine = _clean(replica, table, wanted)
        kept = {id: _kept(known, mine[id], theirs[table, id]) for id in mine if (table, id) in theirs}
        kept |= shown_rows(replica, known, alone)
        for id, _ in list(replica.server_keys(table)):
            if digest.leaf_of(id) in wanted:
                theirs.setdefault((table, id), (0, None))
        replica_lay.lay(replica, theirs)
        replica.connection.executemany(f'delete from "{table}" where id = ?', [(id,) for id in alone])
        recorded = [_record(replica, known, id, values, id in alone, now_ms) for id, values in sorted(kept.items())]
        replica.set_state(repairs=str(int(replica.state("repairs") or 0) + 1))
    return Mended(rows=len(rows), recorded=sum(recorded))


def _edited(replica: Replica, table: str) -> set[str]:
    found = replica.connection.execute(
        f"""
        select distinct l.id from "arxos_log_{table}" l
        join arxos_change_log h on h.key = l.transaction_key where {replica_log.OPEN}
        """
    )
    return {id for (id,) in found}


def _held(replica: Replica, table: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each row as the server holds it, as far as heard."""
    yield from _clean(replica, table, None).items()
    keys: set[Key] = {(table, id) for id in _edited(replica, table)}
    for (_, id), row in server_rows(replica, keys).items():
        if row is not None and row.get("sequence"):
            yield id, row


def _clean(replica: Replica, table: str, leaves: set[int] | None) -> dict[str, dict[str, Any]]:
    """The rows of those leaves, or all, that the server gave and no open edit touches."""
    edited = _edited(replica, table)
    found = replica.connection.execute(f'select id from "{table}" where sequence is not null')
    ids = [id for (id,) in found if id not in edited and (leaves is None or digest.leaf_of(id) in leaves)]
    return shown_rows(replica, replica.tables[table], ids)


def _kept(table: Table, mine: dict[str, Any], theirs: tuple[int, dict[str, Any] | None]) -> dict[str, Any]:
    """What stands here and differs, of columns that people write; nothing where the server's row is another one."""
    sequence, values = theirs
    if values is None or sequence != mine["sequence"]:
        return {}
    return {
        column.name: mine[column.name]
        for column in table.data.values()
        if column.rule != SERVER and content.form(mine[column.name]) != content.form(values.get(column.name))
    }


def _record(replica: Replica, table: Table, id: str, values: dict[str, Any], stray: bool, now_ms: int) -> bool:
    """Write them over the row with capture on. Answers whether there was anything that a person may write."""
    if (table.insert if stray else table.update) == SERVER or not values:
        return False
    columns = [table.columns[n] for n in values if n in table.data and table.columns[n].rule != SERVER]
    if stray:
        given = {c.name: values[c.name] for c in columns if values[c.name] is not None}
        names = ["id", *given]
        natives = [id, *(to_native(table.columns[n], v) for n, v in given.items())]
        insert = f'insert into "{table.name}" ({names_of(names)}) values ({marks_of(names)})'
        _captured(replica, now_ms, insert, natives)
        return True
    for once in (False, True):
        some = [c for c in columns if (c.rule == "append") == once]
        if some:
            sets = ", ".join(f'"{c.name}" = ?' for c in some)
            natives = [*(to_native(c, values[c.name]) for c in some), id]
            _captured(replica, now_ms, f'update "{table.name}" set {sets} where id = ?', natives)
    return True


def _captured(replica: Replica, now_ms: int, statement: str, values: list[Any]) -> None:
    """One transaction of the log, within the database transaction at hand."""
    ms, counter = replica.connection.execute("select ms, counter from arxos_writing").fetchone()
    mark = stamp.following(stamp.form(ms, counter, replica.device) if ms else None, now_ms, replica.device)
    key = replica.connection.execute(
        "insert into arxos_change_log (stamp, base, reason) values (?, 0, ?)", (mark, REASON)
    ).lastrowid
    replica.connection.execute(
        "update arxos_writing set capture = 1, transaction_key = ?, ms = ?, counter = ?",
        (key, stamp.milliseconds(mark), stamp.counter(mark)),
    )
    replica.connection.execute(statement, values)
    replica.connection.execute("update arxos_writing set capture = 0, transaction_key = null")
