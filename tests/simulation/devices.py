"""A device of a world: its disk, its process, and the person who types. The sync loop is the real one."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from arxos_sync import session
from client_kit.replica import Device as Identity
from client_kit.sync import Hint, Loop
from server.accounts.people import Person
from server.live.bus import Hint as Announced
from tests.simulation.disk import FILES, Killed, SimulatedHome, is_full
from tests.simulation.network import Line

if TYPE_CHECKING:
    from tests.simulation.world import World


class Device:
    def __init__(self, world: World, name: str, person: Person, scopes: list[str], skew_ms: int, spatialite: bool):
        self.world, self.name, self.person, self.skew_ms, self.spatialite = world, name, person, skew_ms, spatialite
        self.folder = world.folder / name
        self.catalogue = world.schemas.one
        self.wanted = list(scopes)
        self.life = 0  # grows when the disk loses something
        self.dropped: list[str] = []
        self.home: SimulatedHome = self._home()
        self.loop: Loop | None = None
        self.busy = False
        self.acting = False
        self.answers: dict[str, tuple[str, str | None]] = {}  # per scope the last answer heard: its stamp and cursor
        self.heard: dict[str, tuple[int, int, str]] = {}  # per scope: log's last key, life, last answer
        (self.folder / "files").mkdir(parents=True)
        self._install()

    def _home(self) -> SimulatedHome:
        world = self.world
        return SimulatedHome(self.folder, self.catalogue, world.new_file, self.spatialite, world.shelf)

    def _install(self) -> None:
        from client_kit.replica import new_id

        with self.world.fate.acting(self.skew_ms):
            scopes = list(self.wanted)
            identity = Identity(server="http://simulated", device=new_id(), user=self.person.id, scopes=scopes)
            self.home.save(identity)

    # ------------------------------------------------------------ the process

    def running(self) -> Loop:
        if self.loop is None:
            self.loop = Loop(self.home, Line(self.world, self), self._told)  # type: ignore[arg-type]
            self.loop.start()
        return self.loop

    def stop(self, keep: bool = False) -> None:
        """The process ends, in whatever it was doing. `keep`: its open files pass to the next one (disk.py)."""
        self.answers.clear()  # whether the last one was taken in nobody can say from outside
        self.home.crash(keep)
        left = self.home.left_open
        self.home, self.loop = self._home(), None
        self.home.left_open = left

    def end(self, kept: bool) -> None:
        """The world is over. `kept`: another one may have its open files."""
        if kept:
            self.home.shelve()
        self.stop()

    def lose_power(self) -> None:
        """All at once, and without what was never forced to the disk (disk.py)."""
        self.home.lose_power()
        self.home, self.loop = self._home(), None

    @property
    def is_new(self) -> bool:
        return self.catalogue.schema == 2

    def update_app(self) -> None:
        """The next version of the program finds the files as they are."""
        self.stop()
        self.catalogue = self.world.schemas.two
        self.home = self._home()

    def _told(self, what: str, facts: dict[str, Any]) -> None:
        if what == "dropped":
            self.dropped.append(facts["scope"])
            self.life += 1
            self.world.trace("dropped", self.name, facts["scope"][-4:], facts["unsent"])
        elif what in ("fork", "healed", "repaired", "start_over"):
            self.world.trace(what, self.name, str(sorted(facts.items())))

    def guarded(self, work: Any) -> bool:
        """Do something as this device; False where its process died of it. An exchange that was under way meanwhile
        dies with it.
        """
        nested, self.acting = self.acting, True
        with self.world.fate.acting(self.skew_ms):
            try:
                work()
                return True
            except Killed as killed:
                died = killed.device or self
                if killed.device is None:
                    self.world.count("device_killed")
            except Exception as error:
                if not is_full(error):
                    raise
                self.world.count("disk_full")
                died = self
            finally:
                self.acting = nested
        self.stop(keep=self.world.fate.chance(0.9))
        if nested or died is not self:
            raise Killed(died)
        return False

    # ------------------------------------------------------------ syncing

    def sync(self) -> bool:
        """Press the button, and go on until the loop rests. False where the process died of it."""
        assert not self.busy, "a device does one thing at a time"
        self.busy = True
        try:
            return self.guarded(self._sync)
        finally:
            self.busy = False

    def _sync(self) -> None:
        loop = self.running()
        if loop.needs_login:
            loop.needs_login = False
            loop.hear(session.LoggedIn())
        self._resubscribe(loop)
        loop.edited()
        loop.hear(session.SyncAsked())

    def _resubscribe(self, loop: Loop) -> None:
        """A person who was let in again asks for the building again."""
        identity = self.home.device()
        for scope in self.wanted:
            if scope not in identity.scopes and self.world.role(self.person, scope):
                identity.scopes.append(scope)
                self.home.save(identity)
                loop.hear(session.Subscribed(scope))

    def hint(self, announced: Announced) -> None:
        """What the socket brings."""
        loop = self.loop
        if loop is None or loop.needs_login or self.busy:
            return
        self.busy = True
        try:
            self.guarded(lambda: self._take(loop, announced))
        finally:
            self.busy = False

    def _take(self, loop: Loop, announced: Announced) -> None:
        loop.hinted(msgspec.convert(msgspec.json.decode(announced.frame())["data"], Hint))

    # ------------------------------------------------------------ what happens to its disk

    def copy_disk(self, target: Path) -> None:
        self.stop(keep=True)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.folder, target)

    def replace_disk(self, source: Path) -> None:
        self.stop(keep=True)
        self.home.become_like(source)
        self.life += 1

    def lose_disk(self) -> None:
        """The browser cleared the site's storage."""
        self.stop()
        shutil.rmtree(self.folder)
        (self.folder / "files").mkdir(parents=True)
        self.life += 1
        self._install()

    def sequences(self) -> list[int]:
        """What each open replica has applied, read past the fuse."""
        opened = sorted(self.home._replicas.items())
        return [r.connection.raw.execute("select sequence from arxos_writing").fetchone()[0] for _, r in opened]

    def has(self, scope: str) -> bool:
        return any(Path(f"{self.home.path(scope)}{end}").exists() for end in FILES[:1])
