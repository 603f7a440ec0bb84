"""Bad networks between tablets and servers: torn, slow, silent, lying, and cut off altogether."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from tests.server.running import wait_for

from .block import run
from .fleet import Fleet
from .proxy import FAULTS
from .world import ServerProcess, World, make_owner, server_environment

EACH_MIN = 3
CHANCE = 0.6
NETWORK_S_MAX = 120


def test_whatever_befalls_a_connection_nothing_is_lost_or_done_twice(world: World, folder: Path, seed: int):
    with Fleet(folder / "fleet", world.proxy.url, 5, seed) as fleet:
        world.proxy.counts.clear()
        world.proxy.chance = CHANCE
        fleet.start()
        wait_for(lambda: all(world.proxy.counts[fault] >= EACH_MIN for fault in FAULTS), NETWORK_S_MAX)
        fleet.end()
        world.proxy.chance = 0.0
        fleet.verdict(fleet.rest() | dict(world.proxy.counts))


# ---------------------------------------------------------------- a network of its own


class Link(msgspec.Struct):
    """A network namespace at the end of a cable. `here` and `there` are its ends, on both sides."""

    namespace: str
    near: str
    far: str
    here: str
    there: str

    def inside(self) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.namespace)


@pytest.fixture
def link() -> Iterator[Link]:
    number = os.getpid() % 10_000
    made = Link(f"arxos-{number}", f"ax{number}a", f"ax{number}b", "10.231.77.1", "10.231.77.2")
    with contextlib.ExitStack() as undo:
        run("ip", "netns", "add", made.namespace)
        undo.callback(run, "ip", "netns", "delete", made.namespace)
        run("ip", "link", "add", made.near, "type", "veth", "peer", "name", made.far, "netns", made.namespace)
        run("ip", "address", "add", f"{made.here}/30", "dev", made.near)
        run("ip", "link", "set", made.near, "up")
        run(*made.inside(), "ip", "address", "add", f"{made.there}/30", "dev", made.far)
        run(*made.inside(), "ip", "link", "set", made.far, "up")
        run(*made.inside(), "ip", "link", "set", "lo", "up")
        yield made


@contextlib.contextmanager
def unplugged(link: Link) -> Iterator[None]:
    run("ip", "link", "set", link.near, "down")
    yield
    run("ip", "link", "set", link.near, "up")


@contextlib.contextmanager
def answers_vanish(link: Link) -> Iterator[None]:
    """What the tablets send arrives; what comes back goes to a card that is not there."""
    yield from _astray((), link.there, link.near)


@contextlib.contextmanager
def requests_vanish(link: Link) -> Iterator[None]:
    yield from _astray(link.inside(), link.here, link.far)


def _astray(where: tuple[str, ...], address: str, device: str) -> Iterator[None]:
    neighbour = ("neigh", "replace", address, "dev", device, "nud", "permanent", "lladdr", "02:00:00:00:00:99")
    run(*where, "ip", *neighbour)
    yield
    run(*where, "ip", "neigh", "del", address, "dev", device)


@pytest.mark.parametrize("parted", [unplugged, answers_vanish, requests_vanish], ids=lambda one: one.__name__)
def test_tablets_cut_off_by_a_partition_work_on_and_lose_nothing(
    link: Link, folder: Path, seed: int, parted: Callable[[Link], contextlib.AbstractContextManager[None]]
):
    environment = server_environment(folder / "server")
    make_owner(environment)
    with ServerProcess(environment, host=link.here) as server:
        with Fleet(folder / "fleet", server.address, 4, seed) as fleet:
            fleet.before = {name: link.inside() for name in ("T0", "T1")}  # the others stay with the server
            fleet.start()
            for _ in range(2):
                fleet.confirms_each("T0", "T1")
                with parted(link):
                    fleet.goes_on()
                    cut_off = fleet.troubles("T0")
                    wait_for(lambda was=cut_off: fleet.troubles("T0") > was, 30)
                    fleet.confirms_each("T2", "T3")
                fleet.confirms_each("T0", "T1")
            fleet.verdict(fleet.rest())
