"""Random histories of one scope, as one of its devices lives through them: for a replica in another language.

A history is a list of steps: `record` (changes at a time, with the code where they are refused), `exchange` (what must
be pending, and the server's answers page by page; `lost` where no answer arrives). Other devices push straight to the
server in between. It ends when nothing is pending, with the rows, the digests and the sum over all values that must
stand there. Everything comes from one seed.
"""

from __future__ import annotations

import random
import struct
from typing import Any

import msgspec

from arxos_sync import content, digest, geometry
from arxos_sync.change import to_wire
from arxos_sync.messages import Change, ScopeAnswer
from arxos_sync.problems import Refused
from arxos_sync.pull import Wish, pull
from arxos_sync.storage.spatialite import Replica
from tests.engine.world import EPOCH, START_MS, World, uid

LETTER = "A"
TABLES = ("element", "annotation", "storey", "space", "work_order", "building")
WORDS = ("", "red", "blau", "Tür \U0001f6aa", "ﬁ", "a\nb\nc", "a\nB\nc", "\U00010000")
NUMBERS = (0.0, 1.0, 0.1 + 0.2, -1e-310, 1e300, 2.5)


class History:
    def __init__(self, seed: str, replica: Replica) -> None:
        self.dice = random.Random(seed)
        self.replica, self.world = replica, World(salt="5a")
        self.ids = [uid(0xE000 + self.dice.randrange(1 << 16)) for _ in range(4)]
        self.now_ms, self.steps = START_MS, []

    def play(self) -> dict[str, Any]:
        self._exchange()
        for _ in range(self.dice.randrange(3, 8)):
            self.dice.choices([self._record, self._others, self._exchange, self._lost], [4, 3, 2, 1])[0]()
        while True:
            self._exchange()
            if not self.replica.pending_count() and self.replica.sequence == self.world.head:
                break
        shown = {table: {id: self._shown(table, id) for id in self._ids(table)} for table in self.replica.tables}
        rows = {table: found for table, found in shown.items() if found}
        held = {(t, id) for t, found in rows.items() for id in found}
        assert held == {row.key for row in self.world.store.live_rows()}
        return {"steps": self.steps, "rows": rows, "digests": self.replica.digests(), "content": self._content()}

    def _content(self) -> str:
        """The sum over the values of every row that the server holds."""
        tables, live = self.world.catalogue.tables, self.world.store.live_rows()
        return digest.to_hex(sum(content.row_hash(tables[row.table], row.id, row.values) for row in live))

    # ------------------------------------------------------------ what happens

    def _record(self) -> None:
        self.now_ms += self.dice.randrange(0, 5000)
        changes = [self._change(self._ids, own=True) for _ in range(self.dice.randrange(1, 4))]
        step: dict[str, Any] = {"do": "record", "now": self.now_ms, "changes": [self._wire(c) for c in changes]}
        try:
            self.replica.record(changes, self.now_ms)
        except Refused as refused:
            step["refused"] = refused.code
        self.steps.append(step)

    def _others(self) -> None:
        base = self.dice.randrange(0, self.world.head + 1)
        change = self._change(lambda table: [k[1] for k, r in self.world.store.kept.items() if k[0] == table])
        change = msgspec.structs.replace(change, base=base)
        at_ms = START_MS + self.dice.randrange(-5000, 20_000)
        self.world.push(self.dice.choice("BC"), [change], at_ms=at_ms)

    def _lost(self) -> None:
        """The push arrives; its answer does not."""
        self._exchange(lost=True)

    def _exchange(self, lost: bool = False) -> None:
        sent = self.replica.pending()
        self.steps.append({"do": "exchange", "lost": lost, "answers": [], "pending": [self._sent(t) for t in sent]})
        receipts = self.world.send(LETTER, self.replica.prior(), sent).receipts if sent else []
        if lost:
            return
        rows_max = self.dice.choices([1, 4, 500], [1, 3, 3])[0]
        for page in range(10_000):
            cursor = self.replica.cursor()
            wish = Wish(cursor, 1, rows=True, rows_max=rows_max, verify=True)
            told = pull(self.world.store, self.world.catalogue, EPOCH, wish)
            answer = ScopeAnswer(
                scope=self.world.store.scope, state="ok", known=None, receipts=[] if page else receipts, rows=told.rows,
                more=told.more, cursor=told.cursor, head=told.head, salt=told.salt, digest=told.digest,
            )  # fmt: skip
            self.steps[-1]["answers"].append(
                {"answer": msgspec.to_builtins(answer), "from_nothing": cursor is None}
            )
            done = self.replica.apply_answer(answer, from_nothing=cursor is None)
            assert done.suspect == ()
            if not told.more:
                return

    # ------------------------------------------------------------ what is changed

    def _change(self, known: Any, own: bool = False) -> Change:
        table = self.dice.choices(TABLES, [6, 3, 2, 2, 1, 1])[0]
        ids = sorted(known(table))
        op = self.dice.choices(["insert", "update", "delete"], [3, 6, 2])[0]
        if table == "building":
            op = "update"
        if op == "insert" or not ids:
            fresh = self.dice.choice(self.ids) if self.dice.random() < 0.3 else uid(self.dice.randrange(1 << 40))
            return Change(table, fresh, "insert", 0, self._values(table, "insert"))
        id = self.dice.choice(ids)
        return Change(table, id, op, 0, None if op == "delete" else self._values(table, op))

    def _values(self, table: str, op: str) -> dict[str, Any]:
        dice, values = self.dice, dict[str, Any]()
        word = lambda: dice.choice(WORDS)  # noqa: E731
        options: dict[str, Any] = {
            "element": {
                "name": word, "tag": word, "status": lambda: dice.choice(["ok", "faulty", None]),
                "systems": lambda: self._set(op), "visit_count": lambda: self._counter(op),
                "properties": lambda: self._map(op), "installed_on": lambda: dice.choice(["2026-01-31", None]),
            },
            "annotation": {
                "text": word, "labels": lambda: self._set(op), "priority": lambda: dice.choice(["low", "high", None]),
                "viewpoint": lambda: dice.choice([None, [1, {"b": None, "a": 0.1}], "x", True]),
                "location": self._point,
            },
            "storey": {"level": lambda: dice.randrange(-3, 9)},
            "space": {"usage": word, "area_m2": lambda: dice.choice(NUMBERS), "properties": lambda: self._map(op)},
            "work_order": {"title": word, "external_ids": lambda: self._map(op)},
            "building": {"description": word, "code": word, "gross_area_m2": lambda: dice.choice(NUMBERS)},
        }  # fmt: skip
        for name, make in options[table].items():
            if dice.random() < 0.4:
                values[name] = make()
        if table == "element" and dice.random() < 0.3:
            values |= {"heading_deg": dice.choice(NUMBERS), "geometry": self._point()}
        if table == "storey" and dice.random() < 0.5:
            values |= {"elevation_m": dice.choice(NUMBERS), "height_m": dice.choice([None, 2.75])}
        if op == "insert":
            values |= self._needed(table)
        return values or self._needed(table)

    def _needed(self, table: str) -> dict[str, Any]:
        dice = self.dice
        match table:
            case "element":
                storeys = [None, self.world.storey, *self._ids("storey")]
                return {"ifc_class": dice.choice(["IfcDoor", "IfcLamp"]), "storey_id": dice.choice(storeys)}
            case "annotation":
                return {"title": dice.choice(WORDS)}
            case "space":
                storeys = [self.world.storey, *self._ids("storey")]
                return {"number": dice.choice(WORDS), "storey_id": dice.choice(storeys)}
            case "work_order":
                return {"number": dice.choice(WORDS), "kind": "corrective"}
        return {"name": dice.choice(WORDS)}

    def _set(self, op: str) -> Any:
        some = sorted(self.dice.sample(["hvac", "fire", "\U0001f6aa", "ﬁ", "it"], self.dice.randrange(1, 3)))
        return some if op == "insert" else {self.dice.choice(["add", "remove"]): some}

    def _counter(self, op: str) -> Any:
        return self.dice.randrange(1, 9) if op == "insert" else {"add": self.dice.choice([1, 2, -1, 0.5])}

    def _map(self, op: str) -> Any:
        values = [1, 0.1 + 0.2, "x", None, [1, 2], {"z": 1, "a": True}, False]
        return {key: self.dice.choice(values) for key in self.dice.sample(["width", "__proto__", "k.l", "ä"], 2)}

    def _point(self) -> bytes | None:
        if self.dice.random() < 0.2:
            return None
        return geometry.point(*struct.unpack("<3d", struct.pack("<3d", *(self.dice.uniform(-9, 9) for _ in range(3)))))

    # ------------------------------------------------------------ told in JSON

    def _ids(self, table: str) -> list[str]:
        return [id for (id,) in self.replica.connection.execute(f'select id from "{table}"')]

    def _shown(self, table: str, id: str) -> dict[str, Any]:
        return to_wire(self.world.catalogue.tables[table], self.replica.row(table, id) or {}, False)

    def _wire(self, change: Change) -> dict[str, Any]:
        told = {"table": change.table, "id": change.id, "op": change.op, "base": change.base}
        for name in ("set", "was"):
            values = getattr(change, name)
            if values is not None:
                told[name] = to_wire(self.world.catalogue.tables[change.table], values, False)
        return told

    def _sent(self, transaction: Any) -> dict[str, Any]:
        return {
            "n": transaction.n,
            "stamp": transaction.stamp,
            "changes": [self._wire(change) for change in transaction.changes],
        }
