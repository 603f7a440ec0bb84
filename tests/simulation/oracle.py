"""What must hold when the network is whole again and everybody has synced. Shares no code with the engine.

It reads the servers' and the devices' tables by plain SQL and MessagePack by its own eyes, and compares them with the
journal of what people saw and typed:

 1. Every acknowledged edit is where a person can find it: as the value that stands, in a conflict, in a refused
    transaction on its device, or replaced by somebody who had seen it (or by its own author). Merely being in the
    change log is enough only where a server lost its memory.
 2. No transaction was taken twice; counters are the sum of what was taken.
 3. Rows that are only ever written together agree on every replica.
 4. What was deleted by somebody who had seen all of it is gone.
 5. Every replica of a scope holds the server's rows, and its digest; nothing of a scope its person may not read.
 6. Every queue is empty.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from tests.simulation.people import NEWER, TEXTS, Entry

if TYPE_CHECKING:
    from tests.simulation.devices import Device
    from tests.simulation.world import World


TABLES = ["element", "annotation", "comment", "conflict", "storey", "building"]


class Wrong(AssertionError):
    """A promise was broken."""


class Seen:
    """A scope on the server as plain values."""

    def __init__(self, world: World, scope: str):
        ask = world.ask
        self.scope = scope
        self.rows: dict[tuple[str, str], dict[str, Any]] = {}
        self.sequences: dict[tuple[str, str], int] = {}
        self.tables = [*TABLES, "sensor"] if world.servers.newest.schema == 2 else TABLES
        for table in self.tables:
            for row in ask(f'select * from "{table}" where building_id = ? and deleted is null', scope):
                self.rows[table, str(row["id"])] = row
                self.sequences[table, str(row["id"])] = row["sequence"]
        self.taken: dict[str, list[str]] = {}  # the entry's name → devices whose transaction was taken
        for row in ask("select device, content from change_log where scope = ? order by sequence", scope):
            told = msgspec.msgpack.decode(bytes(row["content"]))
            if told["reason"]:
                self.taken.setdefault(told["reason"], []).append(row["device"])
        self.conflicts = [_texts(row) for (table, _), row in self.rows.items() if table == "conflict"]
        self.quarantined = " ".join(
            str(row["content"]) for row in ask("select content from quarantine where scope = ?", scope)
        )


def _texts(row: dict[str, Any]) -> str:
    return " ".join(json.dumps(_plain(row[name])) for name in ("base", "kept", "other") if row[name] is not None)


def _plain(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) and value[:1] in "[{" else value


class Oracle:
    def __init__(self, world: World):
        self.world = world
        self.servers = {scope: Seen(world, scope) for scope in world.scopes}
        self.refused = {name for device in world.devices for name in _refused(device)}
        self.entries = [e for e in world.journal.entries if not e.undone or self._came_back(e)]
        self.by_field: dict[tuple[str, tuple[str, str, str]], list[Entry]] = {}
        for entry in self.entries:
            for field in {*entry.typed, *entry.saw}:
                self.by_field.setdefault((entry.scope, field), []).append(entry)

    def check(self) -> None:
        for entry in self.entries:
            self._exactly_once(entry)
            if self._must_be_there(entry):
                self._found(entry)
        for scope in self.world.scopes:
            self._counters(scope)
            self._deletes(scope)
        for device in self.world.devices:
            for scope in self.world.scopes:
                self._replica(device, scope)

    # ------------------------------------------------------------ edits

    def _came_back(self, entry: Entry) -> bool:
        """Undone on a disk, and sent by a copy of it that was made before."""
        return self.world.copied(entry) and entry.name in self.servers[entry.scope].taken

    def _must_be_there(self, entry: Entry) -> bool:
        """What a disk lost before it was sent nobody can bring back; nor what a server forgot meanwhile."""
        device = self.world.device(entry.device)
        if device.life == entry.life:
            return True
        return not self.world.forgot and entry.name in self.servers[entry.scope].taken

    def _found(self, entry: Entry) -> None:
        server = self.servers[entry.scope]
        if entry.name in self.refused or entry.name in server.quarantined:
            return
        if entry.name not in server.taken and not self._cancelled(entry) and not self._waits_at_home(entry):
            raise Wrong(f"{entry.name} of {entry.device} was acknowledged and is nowhere: {entry}")
        if self.world.forgot:
            return
        for (table, id, field), value in entry.typed.items():
            if isinstance(value, str) and not self._stands(server, table, id, field, value):
                self._replaced(entry, server, (table, id, field), value)

    def _waits_at_home(self, entry: Entry) -> bool:
        """A server forgot it, and who could bring it back may not write there any more: their device keeps it."""
        device = self.world.device(entry.device)
        if not self.world.forgot or self.world.role(device.person, entry.scope) or not device.has(entry.scope):
            return False
        connection = device.home.replica(entry.scope).connection
        return bool(connection.execute("select 1 from arxos_change_log where reason = ?", (entry.name,)).fetchone())

    def _cancelled(self, entry: Entry) -> bool:
        """Came and went before it was sent: its own author deleted what it made, or what that hung on."""
        ids = {(table, id) for table, id, _ in entry.typed} | set(entry.deleted)
        mine = [e for e in self.entries if e.device == entry.device and ids & set(e.deleted)]
        along = any(ids & set(e.deleted[1:]) for e in mine)
        return bool(mine) and (along or all(e.name not in self.servers[entry.scope].taken for e in mine))

    def _stands(self, server: Seen, table: str, id: str, field: str, value: str) -> bool:
        row = server.rows.get((table, id))
        if row is not None:
            name, _, key = field.partition(".")
            now = _plain(row[name])
            if value == ((now or {}).get(key) if key else now) or (isinstance(now, list) and value in now):
                return True
        return any(value in text for text in server.conflicts)

    def _replaced(self, entry: Entry, server: Seen, field: tuple[str, str, str], value: str) -> None:
        """Somebody who saw it, or its author, also on a copy of their disk, typed over it or deleted it."""
        at = self.entries.index(entry)
        for other in self.by_field[entry.scope, field]:
            later = other is not entry and self.entries.index(other) > at
            same = other.device == entry.device or self._ids(server, other) & self._ids(server, entry)
            if later and (other.saw.get(field) == value or (same and field in other.typed)):
                return
        if field[2] == "systems" and any((field[0], field[1]) in e.deleted for e in self.entries):
            return
        raise Wrong(f"{value} of {entry.device} at {field} was taken, stands nowhere, and nobody who saw it wrote over")

    def _ids(self, server: Seen, entry: Entry) -> set[str]:
        return set(server.taken.get(entry.name, ()))

    def _exactly_once(self, entry: Entry) -> None:
        taken = self.servers[entry.scope].taken.get(entry.name, [])
        if len(taken) > 1 and not self.world.forgot:
            raise Wrong(f"{entry.name} of {entry.device} was taken {len(taken)} times")

    def _counters(self, scope: str) -> None:
        server, sums = self.servers[scope], {}
        for entry in self.entries:
            for (_, id, field), amount in entry.typed.items():
                if field == "visit_count" and entry.scope == scope and not self.world.forgot:
                    sums[id] = sums.get(id, 0) + amount * len(server.taken.get(entry.name, []))
        for id, amount in sums.items():
            row = server.rows.get(("element", id))
            if row is not None and (row["visit_count"] or 0) != amount:
                raise Wrong(f"element {id} was counted {row['visit_count']} times, {amount} were typed")

    def _deletes(self, scope: str) -> None:
        server = self.servers[scope]
        if self.world.forgot:
            return
        for entry in self.entries:
            for table, id in entry.deleted:
                if entry.scope != scope or entry.name not in server.taken or (table, id) not in server.rows:
                    continue
                at, whole = self.entries.index(entry), set(entry.deleted)  # it stands or falls with all that hung on it
                others = [e for e in self.entries if e is not entry and any(k[:2] in whole for k in e.typed)]
                unseen = [e for e in others if self.entries.index(e) > at or not self._saw_all(entry, e)]
                if not unseen and entry.kind == "delete":
                    raise Wrong(f"{table} {id} was deleted by {entry.name} of {entry.device}, and is back")

    def _saw_all(self, deleting: Entry, other: Entry) -> bool:
        if (other.device, other.life) == (deleting.device, deleting.life):
            return True
        return all(deleting.saw.get(field) == value for field, value in other.typed.items())

    # ------------------------------------------------------------ replicas

    def _replica(self, device: Device, scope: str) -> None:
        allowed = self.world.role(device.person, scope) is not None
        if not device.has(scope):
            if allowed and scope in device.home.device().scopes:
                raise Wrong(f"{device.name} subscribes to {scope} and holds nothing of it")
            return
        if not allowed and scope not in device.home.device().scopes:
            raise Wrong(f"{device.name} still holds a file of {scope}, which it may not read")
        if not allowed:
            return
        connection = device.home.replica(scope).connection
        (waiting,) = connection.execute(
            "select count(*) from arxos_change_log where state in ('pending', 'sent')"
        ).fetchone()
        if waiting:
            raise Wrong(f"{device.name} still has {waiting} transactions of {scope} to send")
        held = {
            (table, id): sequence
            for table in self.servers[scope].tables
            for id, sequence in connection.execute(f'select id, sequence from "{table}"')
        }
        server = self.servers[scope]
        if held != server.sequences:
            odd = sorted(set(held.items()) ^ set(server.sequences.items()))
            raise Wrong(f"{device.name} and the server hold other rows of {scope}: {odd[:6]}")
        self._same_values(device, connection, server)
        for table, told in connection.execute("select table_name, sum from arxos_digest"):
            rows = {id: sequence for (name, id), sequence in held.items() if name == table}
            if table in ("element", "annotation", "comment") and told != _digest(table, rows):
                raise Wrong(f"{device.name} keeps a digest of {table} that its rows do not have")
        foreign = [id for table, id in held if table == "element" and not self.world.belongs(id, scope)]
        if foreign:
            raise Wrong(f"{device.name} holds rows of another building: {foreign}")

    def _same_values(self, device: Device, connection: Any, server: Seen) -> None:
        names = [*TEXTS, "properties", "systems", "visit_count", "storey_id"]
        names += [*NEWER, "maker_data"] if "sensor" in server.tables else []
        for id, *values in connection.execute(f"select id, {', '.join(names)} from element"):
            row = server.rows["element", id]
            for name, value in zip(names, values, strict=True):
                mine, theirs = _plain(value) or None, _plain(row[name]) or None
                if str(mine) != str(theirs) and mine != theirs:
                    raise Wrong(f"{device.name} shows {name} of {id} as {mine!r}, the server has {theirs!r}")

    def pairs_agree(self, device: Device, scope: str) -> None:
        """At any moment, not only in the end."""
        held = device.home._replicas.get(scope)
        raw = device.home.left_open.get(scope) if held is None else held.connection.raw
        if raw is None:
            return
        rows = raw.execute("select id, name from element").fetchall()
        names = {name for id, name in rows if id in self.world.pairs}
        if len(names) > 1:
            raise Wrong(f"{device.name} shows half of a transaction: {names}")


def check_pairs(world: World, device: Device) -> None:
    checker = Oracle.__new__(Oracle)
    checker.world = world
    for scope in world.scopes:
        checker.pairs_agree(device, scope)


def _refused(device: Device) -> Iterator[str]:
    """The reasons of what this device kept of refused or unsendable work, in its files or set aside."""
    for scope in device.world.scopes:
        if device.has(scope):
            connection = device.home.replica(scope).connection
            for (reason,) in connection.execute("select reason from arxos_change_log where state = 'rejected'"):
                yield reason
    for file in (device.folder / "quarantine").glob("*.json"):
        for transaction in json.loads(file.read_text())["transactions"]:
            yield transaction["reason"]


def _digest(table: str, rows: dict[str, int]) -> str:
    total = 0
    for id, sequence in rows.items():
        total += int.from_bytes(hashlib.sha256(f"{table}/{id}/{sequence}".encode()).digest()[:8], "big")
    return f"{total % 2**64:016x}"
