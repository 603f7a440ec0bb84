"""What a replica offers to a server that was restored to an earlier moment (PROTOCOL.md §7).

`begin` writes down everything to offer, in one transaction: the person's own acknowledged work under its old numbers,
then every row held above the mark, parents first. `following` hands it out in pushes, `take` hears the receipts, and
`finish` lets the scope be fetched anew. All of it stands in `arxos_heal`, so that a device that dies goes on where it
was. The log and the rows a person sees are not touched meanwhile.

What the server could not take because a row or a parent has not come back yet is *owed*: it is offered again as long as
others bring something, and after that whenever the scope has moved (`try_owed`). A number whose transaction is not to
be offered (refused or given up in the former life, or forgotten) is sent as a change of a row that never was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from .. import heal, limits, stamp
from ..catalogue import SERVER, Table
from ..messages import Change, Mark, Receipt, Transaction
from ..rights import at_least
from . import replica_lay, replica_log, replica_rows
from .spatialite import NONCE_BYTES, Replica

ROWS_PER_OFFER = 500
NOT_BACK_YET = frozenset(["row_unknown", "parent_unknown", "parent_rejected"])
NEVER = -1  # no sequence: whatever was pulled is news
NEVER_WAS = "00000000-0000-7000-8000-000000000000"
_OWN = "select transaction_key from arxos_heal where kind = 'own'"


class Healing(msgspec.Struct, frozen=True):
    """Under way: from which cursor, above which mark, and the last number a receipt came for."""

    mark: int
    cursor: str | None
    prior: Mark | None
    anew: bool = True  # the scope is fetched anew afterwards; else only what is owed is offered again
    taken: int = 0  # offers taken so far
    tried: int = 0  # offers taken when what is owed was last tried


def marks(replica: Replica) -> list[tuple[int, str]]:
    return replica.connection.execute("select sequence, salt from arxos_mark order by sequence").fetchall()


def under_way(replica: Replica) -> Healing | None:
    return _read(replica.state("healing"))


def _read(text: str | None) -> Healing | None:
    return msgspec.json.decode(text, type=Healing) if text else None


def _text(value: Healing | Mark | None) -> str | None:
    return msgspec.json.encode(value).decode() if value is not None else None


# ---------------------------------------------------------------- begin


def begin(replica: Replica, mark: int, cursor: str, known: Mark | None, role: str | None, now_ms: int) -> bool:
    """Write down what to offer. False where the server knows this device otherwise than it knows itself: fork first."""
    connection, healing = replica.connection, under_way(replica)
    if healing is not None and healing.anew and healing.cursor == cursor and _follows(healing, known):
        return True
    last = known.n if known else 0
    if last > int(replica.state("n") or 0) or known not in (None, _numbered_as(replica, last) or known):
        return False
    with replica.transaction(capture=True):
        none = f"select key from arxos_change_log where sequence = 0 and key in ({_OWN})"
        laid = [key for (key,) in connection.execute(none)]
        refused = "select transaction_key from arxos_heal where kind = 'own' and state = 'owed'"
        owed = [key for (key,) in connection.execute(refused)]
        connection.execute(
            f"""
            update arxos_change_log set sequence = (
              select formerly from arxos_heal where transaction_key = key and kind = 'own')
            where key in ({_OWN})
            """
        )
        connection.execute("delete from arxos_heal where kind <> 'row' or state <> 'owed'")
        connection.execute("update arxos_heal set state = 'waiting', n = null, nonce = null")
        prior = _send_again(replica, known)
        _unnumber(replica, last)
        _offer_own(replica, last, mark, owed)
        _offer_rows(replica, mark, role, now_ms)
        _close(replica, mark, laid)
        connection.execute(
            "update arxos_change_log set base = min(base, ?) where state in ('pending', 'sent')", (mark,)
        )
        connection.execute("update arxos_writing set sequence = min(sequence, ?)", (mark,))
        replica.set_state(healing=_text(Healing(mark, cursor, prior)), known=_text(prior))
    return True


def _close(replica: Replica, mark: int, laid: list[int]) -> None:
    """What the rows hold already (`laid`: since a healing before) is no open edit while the cursor is back at the mark.
    What the server still knows needs no offer.
    """
    held = """state = 'acknowledged' and (
          key in (select value from json_each(:laid))
          or sequence > :mark and sequence <= (select sequence from arxos_writing))"""
    given = {"mark": mark, "laid": replica_log.json_list(laid)}
    replica.connection.execute(
        f"""
        insert into arxos_heal (kind, state, transaction_key, stamp, formerly, sequence, content)
        select 'own', 'taken', key, stamp, sequence, sequence, x'90'
        from arxos_change_log
        where {held} and key not in ({_OWN})
        """,
        given,
    )
    replica.connection.execute(f"update arxos_change_log set sequence = 0 where {held}", given)


def _numbered_as(replica: Replica, n: int) -> Mark | None:
    nonce = replica.one("select nonce from arxos_change_log where n = ?", n)
    return Mark(n, nonce) if nonce else None


def _follows(healing: Healing, known: Mark | None) -> bool:
    """Does the server still know what it took of this healing?"""
    return (known.n if known else 0) >= (healing.prior.n if healing.prior else 0)


def _send_again(replica: Replica, known: Mark | None) -> Mark | None:
    """What the server took and could not answer is sent again for its receipt. Answers what the offers follow."""
    headers = replica.connection.execute(
        "select key, n, nonce, stamp from arxos_change_log where state = 'sent' and n <= ? order by n",
        (known.n if known else 0,),
    ).fetchall()
    if not headers:
        return known
    made = replica_log.assemble(replica.connection, replica.catalogue, replica.kind, sorted(k for k, *_ in headers))
    for key, n, nonce, written in headers:
        _put(replica, "again", made[key], n=n, nonce=nonce, stamp=written, key=key)
    before, heard = headers[0][1] - 1, replica.prior()
    return heard if heard and heard.n == before else _numbered_as(replica, before)  # an offer has no number in the log


def _unnumber(replica: Replica, last: int) -> None:
    """Work that has no receipt is numbered after everything that is offered."""
    replica.connection.execute(
        "update arxos_change_log set state = 'pending', n = null, nonce = null where state = 'sent' and n > ?", (last,)
    )
    given = replica.one("select max(n) from arxos_heal") or 0
    settled = replica.one("select max(n) from arxos_change_log") or 0
    replica.set_state(n=str(max(last, given, settled)))


def _offer_own(replica: Replica, last: int, mark: int, owed: list[int]) -> None:
    """`owed`: what a healing before could not bring back. A number the server knows of it is that of its refusal."""
    given = {"last": last, "mark": mark, "owed": replica_log.json_list(owed)}
    replica.connection.execute(
        """
        update arxos_change_log set n = null, nonce = null
        where n <= :last and key in (select value from json_each(:owed))
        """,
        given,
    )
    headers = {
        n: (key, nonce, written, sequence)
        for key, n, nonce, written, sequence in replica.connection.execute(
            """
            select key, n, nonce, stamp, sequence from arxos_change_log
            where n > ? and state = 'acknowledged' and sequence > 0 order by n
            """,
            (last,),
        )
    }
    keys = sorted(key for key, *_ in headers.values())
    made = replica_log.assemble(replica.connection, replica.catalogue, replica.kind, keys) if keys else {}
    nothing = [Change("element" if replica.kind == "building" else "preference", NEVER_WAS, "update", 0, {"name": ""})]
    for n in range(last + 1, int(replica.state("n") or 0) + 1):
        key, nonce, written, sequence = headers.get(n, (None, None, None, None))
        if key is not None and made[key]:
            _put(replica, "own", made[key], n=n, nonce=nonce, stamp=written, formerly=sequence, key=key)
        else:
            nonce = replica.one("select nonce from arxos_change_log where n = ?", n) or _nonce(replica)
            _put(replica, "nothing", nothing, n=n, nonce=nonce, stamp=stamp.form(0, 0, replica.device))
    unnumbered = replica.connection.execute(
        """
        select key, stamp, sequence from arxos_change_log
        where n is null and state = 'acknowledged'
          and (sequence > :mark or key in (select value from json_each(:owed)))
        order by key
        """,
        given,
    )
    _offer_acknowledged(replica, unnumbered.fetchall())  # sent before this was another device


def _offer_rows(replica: Replica, mark: int, role: str | None, now_ms: int) -> None:
    written = stamp.form(now_ms, 0, replica.device)
    for table in replica.catalogue.parents_first(replica.kind):
        if not at_least(role, table.update) or (table.insert == SERVER and table.name != "conflict"):
            continue
        ids = sorted(id for id, sequence in replica_rows.server_keys(replica, table.name) if sequence > mark)
        for at in range(0, len(ids), ROWS_PER_OFFER):
            rows = replica_rows.server_rows(replica, {(table.name, id) for id in ids[at : at + ROWS_PER_OFFER]})
            changes = [_restored(table, id, row) for (_, id), row in sorted(rows.items()) if row is not None]
            changes = [one for one in changes if table.name != "conflict" or one.set and one.set["state"] == "open"]
            if changes:
                _put(replica, "row", changes, stamp=written)


def _restored(table: Table, id: str, row: dict[str, Any]) -> Change:
    told = table.name == "conflict"
    given = {
        name: row[name]
        for name, column in table.columns.items()
        if row.get(name) is not None
        and name not in ("id", "sequence")
        and (told or column.rule != SERVER or name in heal.CLAIMED)
    }
    for names in table.groups.values():
        if any(name in given for name in names):
            given |= {name: row.get(name) for name in names}
    return Change(table.name, id, "restore", set=given, formerly=row["sequence"])


def lost_again(replica: Replica, known: Mark | None) -> bool:
    """Did the server lose what healed it, before the scope was fetched anew? The rows are still held, to be offered."""
    healing = under_way(replica)
    if replica.cursor() is not None or healing is not None:
        return replica.cursor() is None and healing is not None and healing.anew  # found before, and cut
    last = known.n if known else 0
    return bool(replica.one("select 1 from arxos_heal where state = 'taken' and n > ?", last))


def set_aside(replica: Replica) -> None:
    """The scope is out of reach, or needs no healing any more: what was not taken is owed."""
    if under_way(replica) is not None:
        with replica.transaction(capture=True):
            _set_aside(replica)


def _set_aside(replica: Replica) -> None:
    connection, healing = replica.connection, under_way(replica)
    connection.execute("delete from arxos_heal where kind in ('again', 'nothing')")
    if healing is not None and healing.anew:  # the rows are still held, and offered from there
        connection.execute("delete from arxos_heal where kind = 'row' and state in ('waiting', 'sent')")
    connection.execute(
        "update arxos_heal set state = 'owed', n = null, nonce = null where state in ('waiting', 'sent')"
    )
    if healing is not None:
        owed = replica.one("select 1 from arxos_heal where state = 'owed'")
        replica.set_state(healing=None, owing=_text(healing) if owed else None, owing_at=str(NEVER))
        _number_on(replica, healing.prior.n if healing.prior else 0)


def _number_on(replica: Replica, last: int) -> None:
    """What has no receipt yet is numbered after what the server was heard to have."""
    replica.connection.execute(
        "update arxos_change_log set n = null, nonce = null where n > ? and state <> 'sent'", (last,)
    )
    sent = replica.one("select max(n) from arxos_change_log where state = 'sent'")
    replica.set_state(n=str(max(last, sent or 0)))


def fork(replica: Replica) -> None:
    """Another device goes on. It owes too what a server acknowledged and what has not come back yet: where the server
    has it all the same, it knows it by its stamp.
    """
    _set_aside(replica)
    headers = replica.connection.execute(
        """
        select key, stamp, sequence from arxos_change_log
        where state = 'acknowledged' and sequence > ?
          and key not in (select transaction_key from arxos_heal where kind = 'own')
        order by key
        """,
        (replica.sequence,),
    ).fetchall()
    if headers:
        _offer_acknowledged(replica, headers, "owed")
        owing = _read(replica.state("owing")) or Healing(replica.sequence, replica.state("cursor"), None)
        replica.set_state(owing=_text(owing), owing_at=str(NEVER))


def _offer_acknowledged(replica: Replica, headers: list[tuple[int, str, int]], state: str = "waiting") -> None:
    """Own work (key, stamp, former sequence) that has no number under this device's id."""
    keys = [key for key, *_ in headers]
    made = replica_log.assemble(replica.connection, replica.catalogue, replica.kind, keys) if keys else {}
    for key, written, sequence in headers:
        if made[key]:
            _put(replica, "own", made[key], stamp=written, formerly=sequence, key=key, state=state)


def _put(
    replica: Replica,
    kind: str,
    changes: list[Change],
    *,
    stamp: str,
    n: int | None = None,
    nonce: str | None = None,
    formerly: int | None = None,
    key: int | None = None,
    state: str = "waiting",
) -> None:
    replica.connection.execute(
        """
        insert into arxos_heal (kind, state, transaction_key, n, nonce, stamp, formerly, content)
        values (?, ?, ?, ?, ?, ?, ?, ?)
        """,
        (kind, state, key, n, nonce, stamp, formerly, msgspec.msgpack.encode(changes)),
    )


def _nonce(replica: Replica) -> str:
    return replica.dice(NONCE_BYTES).hex()


# ---------------------------------------------------------------- offer


def following(replica: Replica) -> tuple[Healing, list[Transaction]]:
    """The next push, numbered for good; none when all is offered that can be taken now."""
    with replica.transaction(capture=True):
        healing = under_way(replica)
        assert healing is not None
        if not replica.one("select count(*) from arxos_heal where state in ('waiting', 'sent')"):
            healing = _once_more(replica, healing)
        return healing, list(_numbered(replica, healing))


def _once_more(replica: Replica, healing: Healing) -> Healing:
    """What is owed is worth another try after something else was taken."""
    if healing.taken > healing.tried:
        _await_owed(replica)
        healing = msgspec.structs.replace(healing, tried=healing.taken)
        replica.set_state(healing=_text(healing))
    return healing


def _await_owed(replica: Replica) -> None:
    replica.connection.execute(
        "update arxos_heal set state = 'waiting', n = null, nonce = null where state = 'owed'"
    )


def _numbered(replica: Replica, healing: Healing) -> Iterator[Transaction]:
    rows = replica.connection.execute(
        """
        select o.place, o.n, o.nonce, o.stamp, o.formerly, o.content, h.reason from arxos_heal o
        left join arxos_change_log h on h.key = o.transaction_key
        where o.state in ('waiting', 'sent') order by o.n is null, o.n, o.place limit ? + 0
        """,
        (limits.TRANSACTIONS_PER_REQUEST_MAX,),
    ).fetchall()
    last, count, size = max(int(replica.state("n") or 0), healing.prior.n if healing.prior else 0), 0, 0
    for place, n, nonce, written, formerly, content, reason in rows:
        changes = msgspec.msgpack.decode(content, type=list[Change])
        count, size, first = count + len(changes), size + len(content), count == 0
        if not first and (count > limits.CHANGES_PER_REQUEST_MAX or size > limits.REQUEST_BYTES_MAX // 2):
            break
        if n is None:
            last, n, nonce = last + 1, last + 1, _nonce(replica)
        replica.connection.execute(
            "update arxos_heal set state = 'sent', n = ?, nonce = ? where place = ?", (n, nonce, place)
        )
        yield Transaction(n=n, nonce=nonce, stamp=written, changes=changes, reason=reason, formerly=formerly)
    replica.set_state(n=str(last))


def take(replica: Replica, receipts: list[Receipt]) -> None:
    """What became of a push."""
    with replica.transaction(capture=False):
        healing = under_way(replica)
        assert healing is not None
        for receipt in receipts:
            found = replica.connection.execute(
                "select place, kind, nonce, transaction_key, content, stamp from arxos_heal where n = ?", (receipt.n,)
            ).fetchone()
            if found is None:
                continue
            place, kind, nonce, own, content, written = found
            healing = msgspec.structs.replace(healing, prior=Mark(receipt.n, nonce))
            if kind == "again":
                replica.take_receipts([receipt])
                replica.connection.execute("delete from arxos_heal where place = ?", (place,))
            elif receipt.problem is None:
                healing = msgspec.structs.replace(healing, taken=healing.taken + 1)
                replica.connection.execute(
                    "update arxos_heal set state = 'taken', sequence = ? where place = ?", (receipt.sequence, place)
                )
            else:
                _refused(replica, place, kind, own, receipt, content, written)
        replica.set_state(healing=_text(healing), known=_text(healing.prior))


def _refused(
    replica: Replica, place: int, kind: str, own: int | None, receipt: Receipt, content: bytes, written: str
) -> None:
    assert receipt.problem is not None
    changes = msgspec.msgpack.decode(content, type=list[Change])
    if kind == "row" and len(changes) > 1:  # find the ones that cannot be taken
        middle = len(changes) // 2
        for part in (changes[:middle], changes[middle:]):
            _put(replica, "row", part, stamp=written)
    elif kind != "nothing" and receipt.problem.code in NOT_BACK_YET:
        replica.connection.execute("update arxos_heal set state = 'owed' where place = ?", (place,))
        return
    elif kind == "own":
        replica_lay.settle_all(replica, [own], "rejected")
        replica.connection.execute(
            "insert or replace into arxos_receipt (transaction_key, device, n, receipt) values (?, ?, ?, ?)",
            (own, replica.device, receipt.n, msgspec.json.encode(receipt).decode()),
        )
    replica.connection.execute("update arxos_heal set state = 'taken', sequence = null where place = ?", (place,))


# ---------------------------------------------------------------- finish


def finish(replica: Replica) -> int:
    """All is offered: the scope may be fetched anew. Answers how many offers are owed."""
    with replica.transaction(capture=False):
        healing = under_way(replica)
        assert healing is not None
        connection = replica.connection
        connection.execute("delete from arxos_heal where state = 'taken' and sequence is null")
        connection.execute("update arxos_heal set content = x'90' where state = 'taken'")
        _number(replica, "sequence > 0")  # what is still laid over the rows stays there until the cursor passes it
        owed = replica.one("select count(*) from arxos_heal where state <> 'taken'")
        replica.set_state(healing=None, owing=_text(healing) if owed else None, owing_at=str(replica.sequence))
        if healing.anew:
            connection.execute("delete from arxos_mark where sequence > ?", (healing.mark,))
            connection.execute("delete from arxos_held")
            replica.set_state(cursor=None, cursor_paging=None, paging=None)
    return owed


def settle(replica: Replica) -> None:
    """The scope was fetched: own work gets the numbers it has in this life."""
    if replica.one("select 1 from arxos_heal where state = 'taken'") and under_way(replica) is None:
        with replica.transaction(capture=False):
            _number(replica, "sequence = 0")
            replica.connection.execute(
                f"""
                update arxos_change_log set sequence = min(sequence, (select sequence from arxos_writing))
                where key in ({_OWN} and state = 'taken')
                """
            )  # what a server still knew may have come to it after all, under another number than it had
            replica.connection.execute("delete from arxos_heal where state = 'taken'")


def _number(replica: Replica, which: str) -> None:
    replica.connection.execute(
        f"""
        update arxos_change_log
        set sequence = (select h.sequence from arxos_heal h where h.transaction_key = key and h.state = 'taken')
        where {which} and state = 'acknowledged' and key in (
          select transaction_key from arxos_heal where kind = 'own' and state = 'taken')
        """
    )


def try_owed(replica: Replica) -> bool:
    """Offer again what is owed, now that the scope moved? Then `following` hands it out."""
    owing = _read(replica.state("owing"))
    busy = owing is None or replica.sequence <= int(replica.state("owing_at") or 0)
    if busy or replica.one("select count(*) from arxos_change_log where state = 'sent'"):
        return False
    with replica.transaction(capture=True):
        _await_owed(replica)
        healing = Healing(owing.mark, owing.cursor, replica.prior(), anew=False)
        replica.set_state(healing=_text(healing), owing=None)
    return True
