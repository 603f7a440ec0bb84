"""A world from one seed: servers, devices, people, a bad network, bad disks and bad clocks, on one virtual clock.

`World.run` lets some weeks pass, mends everything, lets everybody sync, and asks the oracle. No threads: what happens
"meanwhile" happens between the two halves of somebody's exchange.
"""

from __future__ import annotations

import atexit
import hashlib
import heapq
import itertools
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from arxos_sync import limits
from arxos_sync.catalogue import Catalogue
from arxos_sync.messages import Change
from arxos_sync.storage import replica_file
from server.accounts import people as accounts
from server.accounts.people import Person as Account
from server.parts import now
from server.sync import snapshots
from server.sync.push import Job
from tests.simulation import promises
from tests.simulation.devices import Device
from tests.simulation.dice import Fate
from tests.simulation.grounds import Embedded, Postgis, new_database
from tests.simulation.oracle import Oracle, check_pairs
from tests.simulation.people import Journal, Person
from tests.simulation.profiles import FAULTS, Profile
from tests.simulation.schema import SMALL, WHOLE, Schemas
from tests.simulation.servers import Servers
from tests.simulation.shelf import Shelf

SCOPES = ("01920000-0000-7000-8000-00000000b001", "01920000-0000-7000-8000-00000000b002")
DAY_MS = 86_400_000
ROUNDS_MAX = 14
SNAPSHOT_ROWS = 20
WHOLE_EVERY = 16  # worlds have all the tables there are
MEANWHILE_DEPTH_MAX = 2
ROOT = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(tempfile.gettempdir())


class World:
    def __init__(self, seed: int, profile: Profile, on_postgis: bool = False):
        self.seed, self.profile, self.fate = seed, profile, Fate(seed)
        self.fate.coarse_ms = profile.coarse_ms
        self.folder, self.shelf = place(), shelf()
        self.faults: Counter[str] = Counter()
        self.journal, self.scopes = Journal(), SCOPES
        self.schemas = SMALL if seed % WHOLE_EVERY else WHOLE
        self._start = postgis_template(self.schemas) if on_postgis else template(self.schemas)
        self.accounts, self.pairs = self._start.accounts, self._start.pairs
        self.forgot = False  # a server was put back to an earlier moment
        self._copied: set[str] = set()  # devices whose disk was cloned or put back
        self._trace = hashlib.sha256()
        self._queue: list[tuple[int, int, Callable[[], Any]]] = []
        self._ties, self._ids = itertools.count(), itertools.count(1)
        self._depth, self._calm = 0, False
        self._backed_up = False
        self._rises = False  # does a second schema come?
        self.devices: list[Device] = []

    # ------------------------------------------------------------ what others ask of the world

    def strikes(self, fault: str) -> bool:
        """Does this fault happen now? Counted where it does."""
        struck = not self._calm and self.fate.chance(self.profile.odds.get(fault, 0))
        if struck:
            self.count(fault)
        return struck

    def count(self, fault: str) -> None:
        self.faults[fault] += 1
        self.trace("fault", fault)

    def count_repair(self) -> None:
        self.faults["repairs"] += 1

    def trace(self, *what: Any) -> None:
        self._trace.update(repr((self.fate.now_ms, *what)).encode())
        if self.profile.talk:
            print(self.fate.now_ms, *what)

    def later(self, wait_ms: int, work: Callable[[], Any]) -> None:
        heapq.heappush(self._queue, (self.fate.now_ms + wait_ms, next(self._ties), work))

    def meanwhile(self, busy: Device) -> None:
        """Others act while an exchange is on its way; its own person types on."""
        if self._calm or self._depth >= MEANWHILE_DEPTH_MAX or not self.fate.chance(0.15):
            return
        self._depth += 1
        try:
            other = self.fate.choose.choice(self.devices)
            Person(self, other).act()
            if not other.busy and self.fate.chance(0.5):
                self._sync(other)
        finally:
            self._depth -= 1

    def look(self, device: Device) -> None:
        """Its person looks at the screen between two pages."""
        check_pairs(self, device)

    def new_id(self, scope: str) -> str:
        return f"01930000-0000-7{scope[-3:]}-8000-{next(self._ids):012x}"

    def belongs(self, id: str, scope: str) -> bool:
        return id[15:18] == scope[-3:]

    def role(self, person: Account, scope: str) -> str | None:
        found = self.ask('select role from "grant" where user_id = ? and building_id = ?', person.id, scope)
        return found[0]["role"] if found else None

    def ask(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """Plain SQL over the server's store, by a connection of the oracle's own."""
        return self.servers.ground.ask(statement, values)

    def device(self, name: str) -> Device:
        return next(device for device in self.devices if device.name == name)

    def copied(self, entry: Any) -> bool:
        return entry.device in self._copied or self.forgot

    def new_file(self, scope: str, catalogue: Catalogue) -> Path:
        return self._start.replicas[scope, catalogue.schema]

    def carry_hints(self) -> None:
        """What the servers announce reaches the devices whose process runs, or is lost."""
        hints, self.servers.bus.hints = self.servers.bus.hints, []
        for hint in hints:
            for device in self.devices:
                heard = hint.scope in device.wanted and device.loop is not None and self.fate.chance(0.4)
                if heard and not self.strikes("hint_lost"):
                    self.later(self.fate.choose.choice([1, 50, 2000]), lambda d=device, h=hint: self._hinted(d, h))

    def _hinted(self, device: Device, hint: Any) -> None:
        if self.role(device.person, hint.scope):
            device.hint(hint)

    # ------------------------------------------------------------ the course of it

    def run(self) -> None:
        kept = False
        with self.fate.in_force(), self._bounds():
            try:
                self._begin()
                for _ in range(self.profile.steps):
                    self._step()
                self._mend()
                Oracle(self).check()
                promises.check_world(self)
                kept = True
            finally:
                for device in self.devices:
                    device.end(kept)
                self.servers.stop()
                self.servers.ground.remove(kept)
                shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def _bounds(self) -> Iterator[None]:
        """In some worlds a building of two dozen rows comes as a snapshot."""
        former = (limits.SNAPSHOT_INSTEAD_OF_ROWS, snapshots.ENCODINGS)
        if self.fate.chance(0.12):
            limits.SNAPSHOT_INSTEAD_OF_ROWS = SNAPSHOT_ROWS
        snapshots.ENCODINGS = {}
        try:
            yield
        finally:
            limits.SNAPSHOT_INSTEAD_OF_ROWS, snapshots.ENCODINGS = former

    def edits(self) -> int:
        return sum(entry.changes for entry in self.journal.entries)

    def hash(self) -> str:
        return self._trace.hexdigest()

    def _begin(self) -> None:
        data = self.folder / "server"
        data.mkdir(parents=True)
        choose, database = self.fate.choose, self._start.database
        self._rises = choose.random() < 0.4
        ground = Postgis(database) if database else Embedded(data, self._start.data, self.shelf)
        self.servers = Servers(data, self.schemas.one, ground, choose.randrange)
        for number in range(choose.choice([4, 4, 5, 6])):
            person = self.accounts[number % len(self.accounts)]
            scopes = list(SCOPES) if number % 3 else list(SCOPES[: 1 + number % 2])
            days = choose.choice([0, 0, 0, 1, -3, 400, -400])
            if days:
                self.count("clock_wrong")
            spatialite = self.profile.spatialite and choose.random() < 0.5
            self.devices.append(Device(self, f"device{number}", person, scopes, days * DAY_MS, spatialite))

    def _step(self) -> None:
        self.fate.now_ms += self.fate.choose.choice([100, 1000, 5000, 60_000, 60_000, 3_600_000, DAY_MS // 3])
        while self._queue and self._queue[0][0] <= self.fate.now_ms:
            heapq.heappop(self._queue)[2]()
        device = self.fate.choose.choice(self.devices)
        for _ in range(self.fate.choose.choice([1, 2, 3, 5, 8])):
            self._maybe_fuse(device)
            Person(self, device).act()
        if self.fate.chance(0.55):
            self._maybe_fuse(device)
            self._sync(device)
        self._happen()

    def _maybe_fuse(self, device: Device) -> None:
        if self.strikes("fuse"):
            device.home.fuse.left = self.fate.choose.choice([1, 3, 10, 30, 100, 200])
        if self.strikes("disk_fills"):
            device.home.fill_disk(True)
            self.later(3_600_000, lambda: device.home.fill_disk(False))

    def _sync(self, device: Device) -> None:
        promises.check_stamps(device)
        went = device.sync()
        check_pairs(self, device)
        if went:
            promises.check_device(self, device)
            promises.heard(device)
            self.trace("synced", device.name, *device.sequences())

    def _happen(self) -> None:
        """What befalls devices and servers."""
        choose, device = self.fate.choose, self.fate.choose.choice(self.devices)
        if self.strikes("restart"):
            device.stop(keep=self.fate.chance(0.9))
        if self.strikes("power_cut"):
            device.lose_power()
        if self.strikes("disk_copied"):
            device.copy_disk(self._aside(device))
        if self._aside(device).exists() and self.strikes("disk_put_back"):
            device.replace_disk(self._aside(device))
            self._copied.add(device.name)
        if len(self.devices) < 7 and self.strikes("cloned"):
            self._clone(device)
        if self.strikes("evicted"):
            device.lose_disk()
        if self.strikes("role_changed"):
            person, role = choose.choice(self.accounts[1:]), choose.choice(["technician", "viewer", None, "reviewer"])
            self.servers.set_role(person, choose.choice(SCOPES), role)
        if self._rises and not device.is_new and self.strikes("app_updated"):
            device.update_app()
        if self._rises and self.servers.newest.schema == 1 and self.strikes("server_updated"):
            self._update_servers()
        self._happen_to_the_server()

    def _update_servers(self) -> None:
        """One process after the other: the last one goes on with the former program until it ends."""
        self.servers.newest = self.schemas.two
        self.servers.turn()
        self.servers.restart()

    def _happen_to_the_server(self) -> None:
        if self.strikes("server_backed_up"):
            self.servers.back_up()
            self._backed_up = True
        for fault, epoch in (("server_put_back_with_epoch", True), ("server_put_back", False)):
            if self._backed_up and self.strikes(fault):
                self.servers.put_back(epoch)
                self.forgot = True

    def _aside(self, device: Device) -> Path:
        return self.folder / f"{device.name}-aside"

    def _clone(self, device: Device) -> None:
        name = f"device{len(self.devices)}"
        clone = Device(self, name, device.person, device.wanted, device.skew_ms, device.spatialite)
        clone.catalogue = device.catalogue
        device.stop()
        clone.stop()
        shutil.rmtree(clone.folder)
        shutil.copytree(device.folder, clone.folder)
        clone.life = device.life
        self.devices.append(clone)
        self._copied |= {device.name, clone.name}
        for key, entry in list(self.journal.keys.items()):
            if key[0] == device.name:
                self.journal.keys[clone.name, *key[1:]] = entry

    def _mend(self) -> None:
        """The network is whole, the disks are empty, everybody may do what they could; sync until nothing moves."""
        self._calm = True
        while self._queue:
            at, _, work = heapq.heappop(self._queue)
            self.fate.now_ms = max(self.fate.now_ms, at)
            work()
        if any(device.is_new for device in self.devices):
            self.servers.newest = self.schemas.two
        self.servers.stop()
        self.servers.start()
        for device in self.devices:
            device.stop(keep=True)
            device.home.fill_disk(False)
            if self.servers.newest.schema == 2 and not device.is_new:
                device.update_app()
        last = None
        for _ in range(ROUNDS_MAX):
            for device in self.devices:
                self.fate.now_ms += 20 * 60_000
                assert device.sync(), "nothing kills any more"
            now_at = self._standing()
            if now_at == last:
                return
            last = now_at
        raise AssertionError(f"no rest after {ROUNDS_MAX} rounds: {last}")

    def _standing(self) -> list[Any]:
        heads = [row["sequence"] for row in self.ask("select sequence from scope_head order by scope")]
        held = [
            (device.name, scope, replica.sequence, replica.pending_count())
            for device in self.devices
            for scope, replica in sorted(device.home._replicas.items())
        ]
        return [heads, held]


# ---------------------------------------------------------------- where every world begins


class Template(msgspec.Struct, frozen=True):
    data: Path
    accounts: list[Account]
    pairs: frozenset[str]
    replicas: dict[tuple[str, int], Path]
    database: str = ""  # where the data is in a real PostGIS


def _made_for_good() -> Path:
    """A folder that goes with the process."""
    folder = Path(tempfile.mkdtemp(prefix="arxos-worlds-", dir=ROOT))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def place() -> Path:
    """Where the worlds of this process are, one after the other."""
    return _made_for_good() / "world"


@cache
def shelf() -> Shelf:
    return Shelf(place().with_name("shelf"))


@cache
def template(schemas: Schemas = SMALL) -> Template:
    """A store with two buildings and five people, and empty replicas; made once a process."""
    fate = Fate(0)
    folder = _made_for_good()
    with fate.in_force():
        servers = Servers(folder / "server", schemas.one, Embedded(folder / "server"))
        persons = fill(servers)
        servers.let_go()
        replicas = {
            (scope, catalogue.schema): _empty_file(folder, scope, catalogue)
            for scope in SCOPES
            for catalogue in (schemas.one, schemas.two)
        }
    return Template(folder / "server", persons, frozenset(pairs()), replicas)


def _empty_file(folder: Path, scope: str, catalogue: Catalogue) -> Path:
    path = folder / f"{scope}-{catalogue.schema}.sqlite"
    connection = replica_file.create_replica(path, catalogue, scope, journal="wal")
    for name in _triggers_of_spatialite(connection):
        connection.execute(f'drop trigger "{name}"')
    connection.execute("pragma wal_checkpoint(truncate)")
    connection.close()
    return path


def _triggers_of_spatialite(connection: Any) -> list[str]:
    """Those that guard its own tables, which nobody writes to here, and a quarter of what there is to read."""
    found = connection.execute(
        "select name from sqlite_master where type = 'trigger' and tbl_name glob '*geometry_columns*'"
    )
    return [name for (name,) in found]


@cache
def postgis_template(schemas: Schemas) -> Template:
    """The same, with the store in a database that each world copies."""
    name = new_database(len(schemas.one.tables))
    with Fate(0).in_force():
        folder = _made_for_good()
        ground = Postgis(name)
        servers = Servers(folder, schemas.one, ground)
        persons = fill(servers)
        servers.let_go()
    return msgspec.structs.replace(template(schemas), data=folder, accounts=persons, database=ground.name)


def pairs() -> list[str]:
    return [f"01930000-0000-7{scope[-3:]}-8000-0000000fff{n:02x}" for scope in SCOPES for n in (1, 2)]


def fill(servers: Servers) -> list[Account]:
    """Two buildings with two storeys, eight elements and a pair each; an owner, three technicians, a reviewer."""
    with servers.store.tables() as sql:
        persons = [
            Account(accounts.create(sql, f"p{n}@demo.arxos", f"Person {n}", None, False, now()), "", f"P{n}", False)
            for n in range(5)
        ]
    for scope in SCOPES:
        changes = [Change("building", scope, "insert", set={"name": "House"})]
        made = [f"01930000-0000-7{scope[-3:]}-8000-0000000eee{n:02x}" for n in range(18)]
        changes += [Change("storey", id, "insert", set={"name": f"Level {id[-1]}"}) for id in made[:2]]
        for id in made[2:]:
            values = {"ifc_class": "IfcDoor", "name": "n", "storey_id": made[0]}
            changes.append(Change("element", id, "insert", set=values))
        mine = [id for id in pairs() if id[15:18] == scope[-3:]]
        changes += [Change("element", id, "insert", set={"ifc_class": "IfcDoor", "name": "pair"}) for id in mine]
        receipt, _ = Job(servers.parts, persons[0], scope, "import").write(changes)
        assert receipt.outcome == "applied", receipt
        for number, person in enumerate(persons[1:]):
            servers.set_role(person, scope, "reviewer" if number == 3 else "technician")
    servers.bus.hints.clear()
    return persons


def run(seed: int, profile: Profile, on_postgis: bool = False) -> World:
    world = World(seed, profile, on_postgis)
    world.run()
    return world


assert FAULTS
