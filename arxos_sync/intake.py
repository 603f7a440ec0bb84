"""The only way in: what becomes of a push (PROTOCOL.md §3, Push).

`take_in` checks what the server knows of the device, loads every row the new transactions may touch in a number
of statements that does not grow with them, has `merge` judge each transaction alone, and saves the outcome with
its receipts in the database transaction that the writer is. Importers, REST, AI and CMMS come in here as devices do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from . import digest, limits, stamp
from .catalogue import SERVER, Catalogue
from .change import Edit, read_transaction
from .history import History
from .merge import Case, gravest, merge
from .messages import ChangeOutcome, ChangeProblem, Logged, Mark, Receipt, Transaction
from .problems import Refused, kind
from .rules import Writer
from .sheet import Key, Sheet, references
from .store import Batch, Head, LogEntry, MergeState, Row, ScopeWriter, StoredReceipt
from .store import FieldMark as _FieldMark


class Author(msgspec.Struct, frozen=True):
    """Who sends. `role` is the one in this scope at this moment, None where there is none.

    `server`: the server does it itself, on their behalf; it may write the tables and columns that only it does.
    `schema`: what their replica has been told of (0: all there is). `organisation`: what they do this for, if any.
    """

    user_id: str | None
    device: str
    role: str | None
    name: str = ""
    origin: str = "field"
    server: bool = False
    schema: int = 0
    organisation: str | None = None


class Arrival(msgspec.Struct, frozen=True):
    """When the request arrived by the server's clock: ms since 1970, and the same as an instant."""

    ms: int
    at: str


class Dice(msgspec.Struct, frozen=True):
    new_id: Callable[[], str]  # UUIDv7
    new_salt: Callable[[], str]


class Taken(msgspec.Struct, frozen=True):
    """`state` is ok, out_of_order or forked; `touched` are the rows written, as they stand now."""

    state: str
    known: Mark | None
    receipts: list[Receipt]
    head: Head
    before: int  # the head's sequence when the push arrived
    touched: list[Row]


def take_in(
    writer: ScopeWriter,
    catalogue: Catalogue,
    author: Author,
    prior: Mark | None,
    transactions: list[Transaction],
    arrival: Arrival,
    dice: Dice,
    common: int = 0,
) -> Taken:
    """Take a scope's transactions. Their shape has been checked (`change.read_request`).

    `common`: the sequence of the cursor they came with, above which what heals a restored server means former numbers.
    """
    head, known = writer.head(), writer.known(author.device)
    state, repeats = _place(writer, author.device, known, prior, transactions)
    if state != "ok":
        return Taken(state, known, [], head, head.sequence, [])
    fresh = transactions[len(repeats) :]
    if not fresh:
        return Taken("ok", known, repeats, head, head.sequence, [])
    push = _Push(writer, catalogue, author, arrival, dice, head, common)
    receipts = push.judge(fresh)
    push.batch.rows = push.sheet.written()
    writer.save(push.batch)
    last = fresh[-1]
    known, receipts = Mark(last.n, last.nonce), repeats + receipts
    touched = [row for row in push.batch.rows if row.sequence > head.sequence]
    return Taken("ok", known, receipts, push.batch.head, head.sequence, touched)


def _place(
    writer: ScopeWriter,
    device: str,
    known: Mark | None,
    prior: Mark | None,
    transactions: list[Transaction],
) -> tuple[str, list[Receipt]]:
    """Where a push continues what is known of its device: the state, and the receipts of repeats."""
    last = known.n if known else 0
    if prior is not None and prior.n > last:
        return "out_of_order", []
    asked = ([prior] if prior else []) + [Mark(t.n, t.nonce) for t in transactions if t.n <= last]
    if not asked or (prior is not None and prior == known):
        return "ok", []
    stored = writer.receipts(device, asked[0].n, asked[-1].n)
    if any(mark.n not in stored or stored[mark.n].nonce != mark.nonce for mark in asked):
        return "forked", []
    return "ok", [stored[mark.n].receipt for mark in asked if prior is None or mark.n > prior.n]


class _Push:
    """One push under way: the sheet, and the batch that gathers what it leaves behind."""

    def __init__(
        self,
        writer: ScopeWriter,
        catalogue: Catalogue,
        author: Author,
        arrival: Arrival,
        dice: Dice,
        head: Head,
        common: int,
    ):
        self.writer, self.catalogue, self.author = writer, catalogue, author
        self.arrival, self.dice, self.common = arrival, dice, min(common, head.sequence)
        self.kind = "user" if writer.scope.startswith("user:") else "building"
        self.sheet = Sheet(catalogue)
        self.batch = Batch(device=author.device, head=head)
        self.history = History(writer, self.sheet)
        self._number: int | None = None

    def judge(self, transactions: list[Transaction]) -> list[Receipt]:
        read = [self._read(transaction) for transaction in transactions]
        gather(self.writer, self.sheet, [e for edits in read if isinstance(edits, list) for e in edits])
        receipts, repeated = [], self._repeated(transactions)
        for transaction, edits in zip(transactions, read, strict=True):
            receipt = repeated.get(transaction.n) or self._judge_one(transaction, edits)
            receipts.append(receipt)
            self.batch.receipts.append(StoredReceipt(transaction.n, transaction.nonce, receipt))
        return receipts

    def _repeated(self, transactions: list[Transaction]) -> dict[int, Receipt]:
        """What was taken before under another name: from a disk that was copied since, or offered to heal and offered
        again after the device became another one or the scope was lost meanwhile. By number, the receipt it got.

        What a copy of a disk has seen since may have taken changes off it that alter nothing any more.
        """
        told = self.writer.told(self.author.user_id, {transaction.stamp for transaction in transactions})
        before = [(one, msgspec.msgpack.decode(one.content, type=Transaction)) for one in told]
        return {
            transaction.n: _part_of(one.receipt, former, transaction)
            for transaction in transactions
            for one, former in before
            if (one.device != self.author.device or transaction.formerly)
            and former.stamp == transaction.stamp
            and _is_part(transaction, former)
        }

    def _read(self, transaction: Transaction) -> list[Edit] | Refused:
        if len(transaction.changes) > limits.CHANGES_PER_TRANSACTION_MAX:
            return Refused("too_large", f"{len(transaction.changes)} changes in one transaction")
        try:
            # a base may name what this very push brings about, never more than that
            return read_transaction(
                self.catalogue, self.kind, transaction, self.batch.head.sequence, self.common, self.author.server
            )
        except Refused as refused:
            return refused

    def _judge_one(self, transaction: Transaction, edits: list[Edit] | Refused) -> Receipt:
        try:
            if isinstance(edits, Refused):
                raise edits
            case = self._case(transaction)
            outcomes = merge(case, edits)
            self._add_member(case, edits)
        except Refused as refused:
            self.sheet.drop()
            self.sheet.rejected |= {c.id for c in transaction.changes if c.op == "insert"}
            return _rejection(transaction.n, refused)
        return self._accept(transaction, case.writer, outcomes)

    def _case(self, transaction: Transaction) -> Case:
        clamped = stamp.clamped(transaction.stamp, self.arrival.ms, limits.CLOCK_AHEAD_MS_MAX)
        return Case(
            catalogue=self.catalogue,
            sheet=self.sheet,
            writer=Writer(
                user_id=self.author.user_id,
                device=self.author.device,
                role=SERVER if self.author.server else self.author.role,
                stamp=clamped,
                sequence=self.batch.head.sequence + 1,
                at=self.arrival.at,
                formerly=transaction.formerly or 0,
                common=self.common,
                schema=self.author.schema,
            ),
            scope=self.writer.scope,
            new_id=self.dice.new_id,
            history=self.history.value,
            next_number=self._next_number,
            origin=self.author.origin,
        )

    def _accept(self, transaction: Transaction, writer: Writer, outcomes: list[ChangeOutcome]) -> Receipt:
        before = [(row.key, self.sheet.before(row.key), row) for row in self.sheet.draft()]
        for (table, id), former, row in before:
            was = digest.row_hash(table, id, former.sequence) if former and former.deleted is None else 0
            now = digest.row_hash(table, id, row.sequence) if row.deleted is None else 0
            if was != now:
                self.batch.digest[table] = (self.batch.digest.get(table, 0) + now - was) % digest.MODULUS
        salt, old = self.dice.new_salt(), self.batch.head
        unclamped = max(old.stamp, transaction.stamp if writer.stamp == transaction.stamp else "")
        self.batch.head = Head(writer.sequence, salt, unclamped)
        entry = LogEntry(
            sequence=writer.sequence,
            salt=salt,
            device=self.author.device,
            n=transaction.n,
            user_id=self.author.user_id,
            stamp=transaction.stamp,
            received_at=self.arrival.at,
            content=msgspec.msgpack.encode(self._told(transaction, writer)),
            before=msgspec.msgpack.encode(
                [[*key, _changed(former, row)] for key, former, row in before if former is not None]
            ),
        )
        self.batch.log.append(entry)
        self.sheet.keep()
        self.history.add(entry)
        return Receipt(transaction.n, gravest(outcomes), writer.sequence, outcomes)

    def _told(self, transaction: Transaction, writer: Writer) -> Logged:
        """The transaction as the log keeps it: of restored rows only those that were taken."""
        kept = Logged(**msgspec.structs.asdict(transaction), origin=self.author.origin)
        if all(change.op != "restore" for change in transaction.changes):
            return kept
        taken = {row.key for row in self.sheet.draft() if row.sequence == writer.sequence}
        changes = [c for c in transaction.changes if c.op != "restore" or (c.table, c.id) in taken]
        return msgspec.structs.replace(kept, changes=changes)

    def _add_member(self, case: Case, edits: list[Edit]) -> None:
        """Whoever brings a new building into being is its owner, and so its first member."""
        born = [e for e in edits if e.table.name == "building" and e.op == "insert"]
        if not born or case.sheet.before(("building", born[0].id)) is not None:
            return
        add_member(case, self.author, "owner")

    def _next_number(self) -> int:
        if self._number is None:
            found = self.writer.sql.rows(
                "select max(number) as number from annotation where building_id = :scope",
                scope=self.writer.scope,
            )
            self._number = found[0]["number"] or 0
        self._number += 1
        return self._number


def _said(transaction: Transaction) -> list[tuple[Any, ...]]:
    """What it says, whatever its author had seen."""
    return [(change.table, change.id, change.op, change.set) for change in transaction.changes]


def _is_part(transaction: Transaction, former: Transaction) -> bool:
    """Was all that it says said before, for the same reason?"""
    said = _said(former)
    return transaction.reason == former.reason and all(one in said for one in _said(transaction))


def _part_of(receipt: Receipt, former: Transaction, transaction: Transaction) -> Receipt:
    """The former's receipt, with the outcomes of those changes that were sent again."""
    outcomes = receipt.changes
    if len(outcomes) == len(former.changes):
        said = _said(former)
        outcomes = [outcomes[said.index(one)] for one in _said(transaction)]
    return msgspec.structs.replace(receipt, n=transaction.n, changes=outcomes)


def add_member(case: Case, author: Author, role: str) -> None:
    """The row that names its author to the building's replicas, in the transaction at hand."""
    writer = case.writer
    table = case.catalogue.tables["member"]
    values: dict[str, Any] = dict.fromkeys(n for n in table.columns if n not in ("id", "sequence"))
    values |= {"user_id": writer.user_id, "name": author.name, "role": role, "organisation": author.organisation}
    values |= {"created_at": writer.at, "created_by": writer.user_id}
    values |= {"updated_at": writer.at, "updated_by": writer.user_id}
    birth = _FieldMark(writer.sequence, writer.device, writer.stamp, writer.user_id)
    case.sheet.add(
        Row("member", case.new_id(), values, writer.sequence, writer.sequence, None, MergeState(birth))
    )


def _changed(former: Row, row: Row) -> dict[str, Any]:
    changed = {n: v for n, v in former.values.items() if row.values[n] != v}
    return changed if former.deleted == row.deleted else former.values


def _rejection(n: int, refused: Refused) -> Receipt:
    problem = ChangeProblem(
        code=refused.code,
        detail=refused.detail or kind(refused.code).title,
        hint=refused.hint,
        change=refused.change,
        field=refused.field,
    )
    return Receipt(n, "rejected", None, [], problem)


# ---------------------------------------------------------------- what a push may touch


def gather(writer: ScopeWriter, sheet: Sheet, edits: Iterable[Edit]) -> None:
    """Load into the sheet the rows that judging `edits` can ask for.

    These are the rows named, what they refer to, below every delete all that hangs on it, and around what is
    already deleted what went with it and its ancestors. The rounds are bounded by the depth of the catalogue's
    references, and each is a statement a table.
    """
    edits = list(edits)
    wanted, below = _first_wishes(edits)
    asked: set[Key] = set()
    descended: set[Key] = set()
    while wanted or below:
        found = writer.rows(_by_table(wanted - asked)) if wanted - asked else []
        asked |= wanted
        if below - descended:
            found += writer.children(_by_table(below - descended))
        descended |= below
        wanted, below = _wishes(sheet, found, below, asked, descended)
    missing = [e.id for e in edits if e.op in ("insert", "restore") and sheet.get((e.table.name, e.id)) is None]
    if missing:
        sheet.tables |= writer.tables_of(missing)
    touched = {row_id for _, row_id in asked}
    for conflict in writer.open_conflicts(touched | {id for _, id in descended}):
        sheet.load(conflict)


def _first_wishes(edits: list[Edit]) -> tuple[set[Key], set[Key]]:
    wanted: set[Key] = set()
    below: set[Key] = set()
    for edit in edits:
        wanted.add((edit.table.name, edit.id))
        wanted |= {target for _, target in references(edit.table, edit.set)}
        if edit.op == "delete":
            below.add((edit.table.name, edit.id))
    return wanted, below


def _wishes(
    sheet: Sheet, found: list[Row], above: set[Key], asked: set[Key], descended: set[Key]
) -> tuple[set[Key], set[Key]]:
    """What the rows just found make one ask for next."""
    wanted: set[Key] = set()
    below: set[Key] = set()
    for row in found:
        sheet.load(row)
        parents = list(sheet.parents(row))
        if row.deleted is not None and row.merge.grave is not None:
            root = (row.merge.grave.root_table, row.merge.grave.root_id)
            wanted |= {root, *(target for _, target in parents)}
            below |= {row.key, root}
        elif any(target in above and column.on_delete == "cascade" for column, target in parents):
            below.add(row.key)
    return {key for key in wanted - asked if key[0] in sheet.catalogue.synced()}, below - descended


def _by_table(keys: Iterable[Key]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for table, id in keys:
        found.setdefault(table, set()).add(id)
    return found
