"""Faults in real processes. They mount, cut and unplug, so they need root, and say so rather than skip."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .world import World

NEEDS_ROOT = "The fault tests mount disks and unplug networks. Run them as root, `sudo make test-faults`"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.faults)


def pytest_collection_finish(session: pytest.Session) -> None:
    if os.geteuid() != 0 and any(item.get_closest_marker("faults") for item in session.items):
        pytest.exit(NEEDS_ROOT, returncode=1)


@pytest.fixture
def seed() -> int:
    """Printed where a test fails; ARXOS_SEED=… plays it again, as far as processes can be played again."""
    chosen = int(os.environ.get("ARXOS_SEED", secrets.randbelow(1 << 32)))
    print(f"ARXOS_SEED={chosen}")
    return chosen


@pytest.fixture
def folder() -> Iterator[Path]:
    yield from _folder()


@pytest.fixture(scope="module")
def _world() -> Iterator[World]:
    for folder in _folder():
        with World(folder, secrets.randbelow(1 << 32)) as world:
            yield world


@pytest.fixture
def world(_world: World) -> World:
    """Shared by a module's tests; each finds it whole."""
    _world.whole()
    return _world


def _folder() -> Iterator[Path]:
    """One that PostgreSQL's account can reach, short enough for sockets."""
    made = Path(tempfile.mkdtemp(prefix="arxos-faults-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)
