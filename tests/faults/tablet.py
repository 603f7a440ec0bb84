"""A tablet as a process of its own: `python -m tests.faults.tablet FOLDER STAGE HISTORIES SEED [words]`.

It edits and looks, and meanwhile syncs on connections of its own, as `arxos-device watch` does beside other programs,
so that answers meet edits made while they were under way. It goes on until it is asked to end (SIGTERM) or killed, and
writes all of it into its history. What it tells of beside its work (fork, start_over, repaired, dropped …) stands in
`<name>.told`, a JSON object a line. Words: `--alone`, it never syncs; `--transactions=N`, it ends by itself after so
many. Started again on the same folder it goes on; what was under way when it died is settled first by its log.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from random import Random
from typing import Any

import httpx

from arxos_sync.problems import Problem
from arxos_sync.storage.driver import sqlite
from client_kit.http import Server
from client_kit.replica import Home
from client_kit.sync import Loop
from tests.history.recorder import Recorder

from .stage import Actor, read_stage, settle

STEPS_PER_SYNC = 4
PAUSE_S = 0.04
ANSWER_S_MAX, CONNECT_S_MAX = 3.0, 1.0
NOT_WORTH_TELLING = ("badge", "applied", "granted")

asked_to_end = False


def _end(*_: Any) -> None:
    global asked_to_end
    asked_to_end = True


def main(folder: Path, stage_file: Path, histories: Path, seed: int, alone: bool, most: int | None) -> None:
    signal.signal(signal.SIGTERM, _end)
    stage, home = read_stage(stage_file), Home(folder)
    recorder = Recorder(histories / f"{folder.name}.history")
    tell = teller(histories / f"{folder.name}.told")
    beside = Home(folder)
    while not asked_to_end:
        try:
            actor = Actor(stage, home.replica(stage.building), recorder, Random(f"{seed} {recorder.written}"))
            settle(recorder, actor.replica)
            work(actor, None if alone else (lambda: sync(beside, tell)), most)
            if most is not None:
                return
        except (sqlite.Error, OSError) as error:  # no room left: the person tries again
            tell("trouble", {"error": f"{type(error).__name__}: {error}"})


def work(actor: Actor, sync_now: Callable[[], None] | None, most: int | None) -> None:
    with ThreadPoolExecutor(1) as pool:
        while not asked_to_end and (most is None or actor.transactions < most):
            round_ = pool.submit(sync_now) if sync_now is not None else None
            for _ in range(STEPS_PER_SYNC):
                actor.step()
                if round_ is not None:
                    wait([round_], PAUSE_S)  # so that steps fall before, into and after the request
            if round_ is not None:
                round_.result()


def sync(home: Home, tell: Callable[[str, dict[str, Any]], None]) -> None:
    """One round; a network that fails is no news here."""
    server = Server(home)
    server.client.timeout = httpx.Timeout(ANSWER_S_MAX, connect=CONNECT_S_MAX)
    try:
        loop = Loop(home, server, tell)
        loop.start()
    finally:
        server.close()


def teller(path: Path) -> Callable[[str, dict[str, Any]], None]:
    def tell(what: str, facts: dict[str, Any]) -> None:
        if what not in NOT_WORTH_TELLING:
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps({"what": what} | facts, default=str) + "\n")

    return tell


if __name__ == "__main__":
    try:
        wanted = dict(word.partition("=")[::2] for word in sys.argv[5:])
        most = int(wanted["--transactions"]) if "--transactions" in wanted else None
        main(*map(Path, sys.argv[1:4]), int(sys.argv[4]), "--alone" in wanted, most)
    except Problem as problem:
        sys.exit(f"{problem.code}: {problem.detail}")
