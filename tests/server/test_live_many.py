"""Two hundred sockets, idle and then told: the bench at a size for every day. What it takes is not judged here."""

from __future__ import annotations

import resource
from pathlib import Path

from tests.bench.sockets import ALL, OWN, crowd
from tests.server.running import Person
from tests.server.test_live import hear, say, socket

SOCKETS, TOGETHER = 200, 50


def test_many_idle_sockets_all_hear_of_their_own_building_and_of_no_other() -> None:
    with crowd(SOCKETS, TOGETHER) as made:
        made.open()
        heard, by_all = made.delivered(OWN, 6), made.delivered(ALL, 2)
        assert len(heard) == 6 * TOGETHER and len(by_all) == 2 * SOCKETS and heard[0] > 0
        for place, building in enumerate(made.buildings):
            head = made.owner.http.get(f"/api/v1/buildings/{building}").json()["head"]
            told = made.shared.reached[OWN][place * TOGETHER : (place + 1) * TOGETHER]
            assert set(told) == {head}, "each heard of its own, and of nothing beyond"
        for url in made.urls:
            with socket(url, Person(url, "owner")) as live:
                say(live, "ping", {})
                hear(live, "pong")
        assert {_files_max(process.pid) for process in made.running.processes} == {
            resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        }, "a socket is a file: as many as the system allows"


def _files_max(pid: int) -> int:
    bounds = Path(f"/proc/{pid}/limits").read_text("ascii")
    (line,) = [line for line in bounds.splitlines() if line.startswith("Max open files")]
    return int(line.split()[3])
