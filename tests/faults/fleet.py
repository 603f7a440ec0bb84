"""Tablets as processes over one building: started, killed, brought to rest, and judged by their histories."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import httpx

from arxos_sync.storage.driver import connect
from client_kit.replica import Home
from server.operations.demo import PASSWORD
from tests.history.ops import Event
from tests.history.recorder import Recorder, read_all
from tests.server.running import ROOT, wait_for
from tests.site_day import Office, Tablet

from . import stage as stages
from .world import OWNER

ROUNDS_TO_REST_MAX = 10
END_S_MAX, WORK_S_MAX = 60, 60


class Fleet:
    def __init__(self, folder: Path, url: str, count: int, seed: int, folders: dict[str, Path] | None = None) -> None:
        """`folders`: where a tablet's folder shall lie elsewhere (a small disk, one whose power is cut)."""
        self.folder, self.url, self.seed = folder, url, seed
        self.names = [f"T{n}" for n in range(count)]
        self.folders = {name: (folders or {}).get(name, folder) / name for name in self.names}
        self.histories = folder / "histories"
        self.histories.mkdir(parents=True)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.before: dict[str, tuple[str, ...]] = {}
        self._read: dict[Path, int] = {}
        self._steps = 0
        self.building = _building(url)
        self._prepare()

    def _prepare(self) -> None:
        first = Tablet.new(self.folders["T0"], self.url, OWNER)
        first.subscribe(self.building)
        self.stage = stages.set_the_stage(first, self.building, self.names)
        self.stage.write(self.folder / "stage.json")
        first.sync()
        first.home.close()
        for name in self.names[1:]:
            tablet = Tablet.new(self.folders[name], self.url, OWNER)
            tablet.subscribe(self.building)
            tablet.sync()
            tablet.home.close()

    def start(self, *names: str, more: tuple[str, ...] = ()) -> None:
        for name in names or self.names:
            words = [*self.before.get(name, ()), sys.executable, "-m", "tests.faults.tablet", str(self.folders[name]),
                     str(self.folder / "stage.json"), str(self.histories), str(self.seed)]  # fmt: skip
            self.processes[name] = subprocess.Popen([*words, *more], cwd=ROOT)

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes.pop(name).wait()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Nobody works meanwhile, so that who examines something has the machine to themselves."""
        for process in self.processes.values():
            process.send_signal(signal.SIGSTOP)
        yield
        for process in self.processes.values():
            process.send_signal(signal.SIGCONT)

    def finish(self) -> None:
        """Wait for those that end by themselves."""
        codes = {name: process.wait(WORK_S_MAX) for name, process in self.processes.items()}
        self.processes.clear()
        assert set(codes.values()) <= {0}, codes

    def end(self) -> None:
        """Ask every process to end; each must end well."""
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        codes = {name: process.wait(END_S_MAX) for name, process in self.processes.items()}
        self.processes.clear()
        assert set(codes.values()) <= {0}, codes

    def __enter__(self) -> Fleet:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()

    # ------------------------------------------------------------ progress

    def events(self) -> list[Event]:
        return read_all(self.histories.glob("*.history"))

    def steps(self) -> int:
        """How many things were done so far; what waits for work to go on asks this, often."""
        for path in self.histories.glob("*.history"):
            with open(path, "rb") as file:
                file.seek(self._read.get(path, 0))
                more = file.read()
            self._read[path] = self._read.get(path, 0) + len(more)
            self._steps += more.count(b"\n")
        return self._steps

    def goes_on(self, steps: int = 60) -> None:
        """Wait until a good deal more was done."""
        goal = self.steps() + steps
        wait_for(lambda: self.steps() >= goal, WORK_S_MAX)

    def confirms(self) -> None:
        """Wait until the server has taken something more of anybody."""
        before = self.head()
        wait_for(lambda: self.head() > before, WORK_S_MAX)

    def confirms_each(self, *names: str) -> None:
        """Wait until the server has taken something more of each of them."""
        before = {name: self.receipts(name) for name in names}
        wait_for(lambda: all(self.receipts(name) > before[name] for name in names), WORK_S_MAX)

    def head(self) -> int:
        """How far any tablet has come with what the server has taken."""
        return max(self._asked(name, "select sequence from arxos_writing") for name in self.names)

    def receipts(self, name: str) -> int:
        return self._asked(name, "select count(*) from arxos_change_log where state = 'acknowledged'")

    def _asked(self, name: str, statement: str) -> int:
        path = Home(self.folders[name]).path(self.building)
        with contextlib.closing(connect(path, spatialite=False, readonly=True)) as file:
            return int(file.execute(statement).fetchone()[0])

    def told(self, name: str = "*") -> list[dict[str, Any]]:
        """What they told beside their work."""
        lines = [line for path in self.histories.glob(f"{name}.told") for line in path.read_text("utf-8").splitlines()]
        return [json.loads(line) for line in lines]

    def count(self, name: str, what: str) -> int:
        return sum(one["what"] == what for one in self.told(name))

    def troubles(self, name: str) -> int:
        """How often the server was out of reach or refused."""
        return self.count(name, "problem")

    # ------------------------------------------------------------ rest

    def rest(self, url: str | None = None) -> dict[str, Any]:
        """All is well again: every tablet syncs until nothing waits, and looks a last time. Answers figures."""
        self.end()
        tablets = {name: Tablet(folder) for name, folder in self.folders.items()}
        for tablet in tablets.values():
            device = tablet.home.device()
            device.server = url or self.url
            tablet.home.save(device)
        rounds = 0
        while rounds < ROUNDS_TO_REST_MAX and not (rounds and self._at_rest(tablets)):
            rounds += 1
            for tablet in tablets.values():
                tablet.sync()
        assert self._at_rest(tablets), {name: t.pending(self.building) for name, t in tablets.items()}
        self._look_a_last_time(tablets)
        rows, digests = Office(url or self.url, OWNER).pull(self.building)
        for name, tablet in tablets.items():
            assert tablet.digests(self.building) == digests, f"{name} holds other rows than the server"
            tablet.home.close()
        return {"rounds": rounds, "rows": len(rows), "conflicts": sum(t == "conflict" for t, _ in rows)}

    def _at_rest(self, tablets: dict[str, Tablet]) -> bool:
        heads = {tablet.home.replica(self.building).sequence for tablet in tablets.values()}
        return len(heads) == 1 and not any(tablet.pending(self.building) for tablet in tablets.values())

    def _look_a_last_time(self, tablets: dict[str, Tablet]) -> None:
        for name, tablet in tablets.items():
            recorder, replica = Recorder(self.histories / f"{name}.history"), tablet.home.replica(self.building)
            stages.settle(recorder, replica)
            stages.Actor(self.stage, replica, recorder, Random(0)).look("final")
            recorder.close()

    def verdict(self, report: dict[str, Any], restored: bool = False) -> None:
        """The checkers over everything; then nothing may have been told that speaks of loss."""
        events = self.events()
        found = stages.check(self.stage, events, restored)
        done = sum(event.type == "ok" for event in events)
        print(f"seed {self.seed}: {done} operations, {report}")
        assert not found, found
        grave = [one for one in self.told() if one["what"] in ("fork", "start_over", "dropped", "repaired", "healed")]
        assert not grave, grave


def _building(url: str) -> str:
    answer = httpx.post(f"{url}/api/v1/auth/login", json={"email": OWNER, "password": PASSWORD}, timeout=30)
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    made = httpx.post(f"{url}/api/v1/buildings", json={"set": {"name": "House"}}, headers=headers, timeout=30)
    assert made.status_code == 201, made.text
    return str(made.json()["row"]["id"])
