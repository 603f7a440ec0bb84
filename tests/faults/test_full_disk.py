"""A disk that fills: the tablet's, then the server's. What is refused is said to be, and nothing else is lost."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.running import wait_for

from .block import run
from .fleet import Fleet
from .world import ServerProcess, make_owner, server_environment

ROUNDS = 3


class SmallDisk:
    def __init__(self, mount: Path) -> None:
        self.mount, self._ballast = mount, mount / "ballast"

    def fill(self) -> None:
        with open(self._ballast, "ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"\0" * 4096)

    def free(self) -> None:
        self._ballast.unlink()

    @property
    def room(self) -> int:
        found = os.statvfs(self.mount)
        return found.f_bavail * found.f_frsize


@pytest.fixture
def small(folder: Path) -> Iterator[SmallDisk]:
    mount = folder / "small"
    mount.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(mount))
    yield SmallDisk(mount)
    run("umount", "-l", str(mount))


def test_a_tablet_whose_disk_fills_says_so_and_goes_on_when_there_is_room(small: SmallDisk, folder: Path, seed: int):
    environment = server_environment(folder / "server")
    make_owner(environment)
    with ServerProcess(environment) as server:
        with Fleet(folder / "fleet", server.address, 2, seed, {"T0": small.mount}) as fleet:
            fleet.start()
            for _ in range(ROUNDS):
                fleet.confirms_each("T0", "T1")
                small.fill()
                refused = fleet.count("T0", "trouble")
                wait_for(lambda was=refused: fleet.count("T0", "trouble") > was, 30)
                small.free()
            errors = {one["error"] for one in fleet.told() if one["what"] == "trouble"}
            assert any("full" in error for error in errors), errors
            fleet.confirms_each("T0", "T1")
            fleet.verdict(fleet.rest() | {"times refused": fleet.count("T0", "trouble")})


def test_a_server_whose_disk_fills_refuses_and_takes_everything_when_there_is_room(
    small: SmallDisk, folder: Path, seed: int
):
    environment = server_environment(small.mount / "server")
    make_owner(environment)
    with ServerProcess(environment) as server:
        with Fleet(folder / "fleet", server.address, 3, seed) as fleet:
            fleet.start()
            for _ in range(ROUNDS):
                fleet.confirms_each("T0", "T1", "T2")
                small.fill()
                refused = fleet.troubles("T0")
                wait_for(lambda was=refused: fleet.troubles("T0") > was, 30)
                fleet.goes_on()
                small.free()
            fleet.confirms_each("T0", "T1", "T2")
            fleet.verdict(fleet.rest() | {"times refused": fleet.troubles("T0")})
