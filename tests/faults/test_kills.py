"""kill -9 and SIGSTOP under load: servers, PostgreSQL, Redis, tablets. Nothing acknowledged may be missing after it.

Each test lets some tablets work against two servers, does its harm again and again while work goes on, then brings
everything to rest and puts the histories before the checkers.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import msgspec
import pytest

from .fleet import Fleet
from .world import World, start_all

TABLETS, BLOWS = 4, 2


class Stricken(msgspec.Struct):
    """What a blow falls on."""

    world: World
    fleet: Fleet
    dice: Random


def kill_a_server(on: Stricken) -> None:
    server = on.dice.choice(on.world.servers)
    server.kill()
    on.fleet.goes_on()
    server.start()


def kill_all_servers(on: Stricken) -> None:
    for server in on.world.servers:
        server.kill()
    on.fleet.goes_on()
    start_all(on.world.servers)


def kill_postgres(on: Stricken) -> None:
    on.world.postgres.kill()
    on.fleet.goes_on()
    on.world.postgres.start()


def kill_redis(on: Stricken) -> None:
    on.world.redis.kill()
    on.fleet.confirms()  # sync goes on without it
    on.world.redis.start()


def kill_tablets(on: Stricken) -> None:
    for name in on.dice.sample(on.fleet.names, 2):
        on.fleet.kill(name)
        on.fleet.start(name)


def freeze_a_server(on: Stricken) -> None:
    """It keeps its connections and its locks, and says nothing."""
    server = on.dice.choice(on.world.servers)
    server.freeze()
    on.fleet.goes_on()
    server.thaw()


@pytest.mark.parametrize(
    "blow",
    [kill_a_server, kill_all_servers, kill_postgres, kill_redis, kill_tablets, freeze_a_server],
    ids=lambda blow: blow.__name__,
)
def test_nothing_acknowledged_is_lost_when_processes_die_under_load(
    world: World, folder: Path, seed: int, blow: Callable[[Stricken], None]
):
    with Fleet(folder / "fleet", world.proxy.url, TABLETS, seed) as fleet:
        on = Stricken(world, fleet, Random(seed))
        fleet.start()
        fleet.goes_on()
        for _ in range(BLOWS):
            blow(on)
            fleet.goes_on()
            fleet.confirms()
        fleet.verdict(fleet.rest())
