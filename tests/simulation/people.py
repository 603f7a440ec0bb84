"""What people do on their devices, and the journal the oracle keeps of it: what each saw, and what each typed.

Every value typed is unlike any other (`e17`), so that where it is found later nobody has to guess whose it was. The
journal has an entry only for what the device acknowledged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from arxos_sync.messages import Change
from arxos_sync.problems import Problem, Refused
from arxos_sync.storage import replica_undo

if TYPE_CHECKING:
    from tests.simulation.devices import Device
    from tests.simulation.world import World

TEXTS = ("name", "tag", "serial_number", "model", "manufacturer")
NEWER = ("colour",)


class Entry(msgspec.Struct):
    """One acknowledged transaction. `typed` and `saw` are per (table, id, field); deletes saw the whole row."""

    name: str  # e17: in the transaction's reason, and in each value
    device: str
    life: int
    scope: str
    kind: str
    typed: dict[tuple[str, str, str], Any] = msgspec.field(default_factory=dict)
    saw: dict[tuple[str, str, str], Any] = msgspec.field(default_factory=dict)
    deleted: list[tuple[str, str]] = msgspec.field(default_factory=list)
    undone: bool = False
    changes: int = 0


class Journal:
    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.keys: dict[tuple[str, str, int, int], Entry] = {}  # device, scope, life, transaction key
        self.count = 0

    def name(self) -> str:
        self.count += 1
        return f"e{self.count}."

    def write(self, entry: Entry, key: int) -> None:
        self.entries.append(entry)
        self.keys[entry.device, entry.scope, entry.life, key] = entry


class Person:
    """The hands on one device."""

    def __init__(self, world: World, device: Device):
        self.world, self.device = world, device

    def act(self) -> None:
        """One thing done in one of the buildings on this device."""
        scopes = [s for s in self.device.wanted if self.device.has(s)]
        if not scopes:
            return
        scope = self.world.fate.choose.choice(scopes)
        choices = {
            self._text: 6, self._round: 6, self._key: 3, self._count: 3, self._tags: 2, self._insert: 3, self._pair: 2,
            self._move: 1, self._delete: 2, self._resolve: 2, self._undo: 1, self._comment: 1, self._sensor: 1,
        }  # fmt: skip
        work = self.world.fate.choose.choices(list(choices), list(choices.values()))[0]
        entry = Entry(self.world.journal.name(), self.device.name, self.device.life, scope, work.__name__[1:])
        self.device.guarded(lambda: self._do(work, scope, entry))

    def _do(self, work: Any, scope: str, entry: Entry) -> None:
        changes = work(scope, entry)
        if not changes:
            return
        replica = self.device.home.replica(scope)
        try:
            (key,) = replica.record(changes, self.world.fate.time_ns() // 1_000_000, entry.name)
        except (Refused, Problem):
            return  # the person is told at once, and nothing was kept
        entry.changes = len(changes)
        self.world.journal.write(entry, key)
        self.world.trace("typed", self.device.name, entry.name, entry.kind)

    # ------------------------------------------------------------ what there is

    def _rows(self, scope: str, table: str) -> list[str]:
        found = self.device.home.replica(scope).connection.execute(f'select id from "{table}" order by id')
        return [id for (id,) in found]

    def _texts(self) -> tuple[str, ...]:
        return TEXTS + NEWER if self.device.is_new else TEXTS

    def _maps(self) -> tuple[str, ...]:
        return ("properties", "maker_data") if self.device.is_new else ("properties",)

    def _one(self, scope: str, table: str = "element") -> str | None:
        ids = [id for id in self._rows(scope, table) if id not in self.world.pairs]
        return self.world.fate.choose.choice(ids) if ids else None

    def _row(self, scope: str, table: str, id: str) -> dict[str, Any]:
        return self.device.home.replica(scope).row(table, id) or {}

    def _note(self, entry: Entry, table: str, id: str, field: str, typed: Any, saw: Any) -> None:
        entry.typed[table, id, field], entry.saw[table, id, field] = typed, saw

    # ------------------------------------------------------------ what is done

    def _text(self, scope: str, entry: Entry) -> list[Change]:
        id = self._one(scope)
        if id is None:
            return []
        choose, row = self.world.fate.choose, self._row(scope, "element", id)
        names = choose.sample(self._texts(), choose.choice([1, 1, 2]))
        for name in names:
            self._note(entry, "element", id, name, entry.name, row.get(name))
        return [Change("element", id, "update", set=dict.fromkeys(names, entry.name))]

    def _round(self, scope: str, entry: Entry) -> list[Change]:
        """An inspection of several things, saved together."""
        name, choose = self.world.fate.choose.choice(TEXTS), self.world.fate.choose
        rows = self.device.home.replica(scope).connection.execute(f'select id, "{name}" from element order by id')
        found = [(id, saw) for id, saw in rows if id not in self.world.pairs]
        some = choose.sample(found, min(len(found), choose.choice([6, 10, 14])))
        for id, saw in some:
            self._note(entry, "element", id, name, entry.name, saw)
        return [Change("element", id, "update", set={name: entry.name}) for id, _ in some]

    def _key(self, scope: str, entry: Entry) -> list[Change]:
        choose = self.world.fate.choose
        id, key, column = self._one(scope), choose.choice("abc"), choose.choice(self._maps())
        if id is None:
            return []
        saw = (self._row(scope, "element", id).get(column) or {}).get(key)
        self._note(entry, "element", id, f"{column}.{key}", entry.name, saw)
        return [Change("element", id, "update", set={column: {key: entry.name}})]

    def _count(self, scope: str, entry: Entry) -> list[Change]:
        id, amount = self._one(scope), self.world.fate.choose.randrange(1, 9)
        if id is None:
            return []
        entry.typed["element", id, "visit_count"] = amount
        return [Change("element", id, "update", set={"visit_count": {"add": amount}})]

    def _tags(self, scope: str, entry: Entry) -> list[Change]:
        id = self._one(scope)
        if id is None:
            return []
        entry.typed["element", id, "systems"] = entry.name
        return [Change("element", id, "update", set={"systems": {"add": [entry.name]}})]

    def _insert(self, scope: str, entry: Entry) -> list[Change]:
        id, storey = self.world.new_id(scope), self._one(scope, "storey")
        values = {"ifc_class": "IfcDoor", "name": entry.name}
        self._note(entry, "element", id, "name", entry.name, None)
        return [Change("element", id, "insert", set=values | ({"storey_id": storey} if storey else {}))]

    def _pair(self, scope: str, entry: Entry) -> list[Change]:
        """Two rows that are only ever written together."""
        ids = [id for id in self._rows(scope, "element") if id in self.world.pairs]
        if len(ids) != 2:
            return []
        for id in ids:
            self._note(entry, "element", id, "name", entry.name, self._row(scope, "element", id).get("name"))
        return [Change("element", id, "update", set={"name": entry.name}) for id in ids]

    def _move(self, scope: str, entry: Entry) -> list[Change]:
        id, storey = self._one(scope), self._one(scope, "storey")
        if id is None or storey is None or self._row(scope, "element", id).get("storey_id") == storey:
            return []
        self.world.count("moved_between_parents")
        entry.typed["element", id, "storey_id"] = (storey,)
        return [Change("element", id, "update", set={"storey_id": storey})]

    def _delete(self, scope: str, entry: Entry) -> list[Change]:
        id = self._one(scope)
        if id is None or self.world.fate.chance(0.3):
            return []
        row = self._row(scope, "element", id)
        entry.deleted.append(("element", id))
        entry.saw["element", id, "storey_id"] = (row.get("storey_id"),)
        for name in self._texts():
            entry.saw["element", id, name] = row.get(name)
        for column in self._maps():
            for key, value in (row.get(column) or {}).items():
                entry.saw["element", id, f"{column}.{key}"] = value
        for sensor, name in self._sensors(scope, id):
            entry.deleted.append(("sensor", sensor))
            entry.saw["sensor", sensor, "name"] = name
        return [Change("element", id, "delete")]

    def _sensors(self, scope: str, element: str) -> list[tuple[str, str]]:
        if not self.device.is_new:
            return []
        connection = self.device.home.replica(scope).connection
        return connection.execute("select id, name from sensor where element_id = ? order by id", (element,)).fetchall()

    def _sensor(self, scope: str, entry: Entry) -> list[Change]:
        """A row of a table that came with the second schema, under one of the first."""
        element = self._one(scope)
        if element is None or not self.device.is_new:
            return []
        id = self.world.new_id(scope)
        self._note(entry, "sensor", id, "name", entry.name, None)
        return [Change("sensor", id, "insert", set={"element_id": element, "name": entry.name})]

    def _comment(self, scope: str, entry: Entry) -> list[Change]:
        """A finding with a remark, in one transaction."""
        finding, remark = self.world.new_id(scope), self.world.new_id(scope)
        self._note(entry, "annotation", finding, "title", entry.name, None)
        self._note(entry, "comment", remark, "text", entry.name, None)
        return [
            Change("annotation", finding, "insert", set={"title": entry.name}),
            Change("comment", remark, "insert", set={"annotation_id": finding, "text": entry.name}),
        ]

    def _resolve(self, scope: str, entry: Entry) -> list[Change]:
        """Decide an open conflict on one text of a row for what lost."""
        found = self.device.home.replica(scope).connection.execute(
            """select id, row_id, field from conflict
               where state = 'open' and kind = 'field' and "table" = 'element' order by id"""
        )
        for id, row_id, field in found.fetchall():
            row = self._row(scope, "element", row_id)
            if row and field in TEXTS and row_id not in self.world.pairs:
                self._note(entry, "element", row_id, field, entry.name, row.get(field))
                return [
                    Change("conflict", id, "update", set={"state": "resolved"}),
                    Change("element", row_id, "update", set={field: entry.name}),
                ]
        return []

    def _undo(self, scope: str, entry: Entry) -> list[Change]:
        """Take back the last thing that was not sent."""
        replica = self.device.home.replica(scope)
        try:
            done = replica_undo.undo(replica, self.world.fate.time_ns() // 1_000_000)
        except Refused:
            return []
        if done is not None:
            undone = self.world.journal.keys.get((entry.device, scope, entry.life, done.key))
            if undone is not None and not done.keys:
                undone.undone = True
                self.world.trace("undone", self.device.name, undone.name)
        return []
