"""A store filled with the demo building, with its servers; copied as a whole where a day is played twice."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

import psycopg

from server.app import FOLLOWERS, open_parts
from server.operations.demo import fill
from server.parts import Parts
from server.settings import read_settings
from tests import services
from tests.server.running import Running

_PLACES = "select name, sequence from follower where scope = :building"


class Site:
    """A store with its servers: filled once, copied for each course of the day."""

    def __init__(self, kind: str, folder: Path, name: str):
        self.kind, self.folder, self.name = kind, folder, name
        self._beside: Parts | None = None  # another process, to look into the store
        environment = {"ARXOS_DATA_DIR": str(folder / "data"), "ARXOS_LOG": "error"}
        if kind == "postgis":
            environment |= {
                "ARXOS_DATABASE_URL": services.database_url(name),
                "ARXOS_REDIS_URL": services.redis_server_url(),
            }
        self.running = Running(environment)

    @classmethod
    def new(cls, kind: str, folder: Path) -> Site:
        """A copy of one that was filled once in this process, since filling takes longer than many a test."""
        return _filled(kind).copied(folder)

    def copied(self, folder: Path) -> Site:
        """Everything as it is now, under another name; no server runs meanwhile."""
        shutil.copytree(self.folder / "data", folder / "data")
        name = f"site_{folder.name.replace('-', '_')}"
        if self.kind == "postgis":
            with psycopg.connect(services.database_url("postgres"), autocommit=True) as connection:
                connection.execute(f'create database "{name}" template "{self.name}"')
        return Site(self.kind, folder, name)

    def start(self) -> list[str]:
        """Two processes where the store allows it; the address each person goes to."""
        urls = [self.running.start() for _ in range(2 if self.kind == "postgis" else 1)]
        return [urls[0], urls[-1]]

    def rests(self, building: str) -> bool:
        """Has all that follows from the building's work been done?"""
        self._beside = self._beside or open_parts(read_settings(self.running.environment, self.folder))
        with self._beside.store.tables() as sql:
            found = sql.rows(_PLACES, building=building)
        (head,) = self._beside.store.heads([building]).values()
        places = {one["name"]: one["sequence"] for one in found}
        return all(places.get(follower.name) == head for follower in FOLLOWERS)

    def stop(self) -> None:
        if self._beside is not None:
            self._beside.store.close()
            self._beside = None
        self.running.stop()
        self.running.processes.clear()

    def remove(self) -> None:
        """Its pictures, named by what they show, are left to the next: making one takes a process of its own."""
        self.stop()
        if (made := self.folder / "data" / "thumbnails").is_dir():
            shutil.copytree(made, _filled(self.kind).folder / "data" / "thumbnails", dirs_exist_ok=True)
        if self.kind == "postgis":
            services.drop_database(self.name)


@cache
def _filled(kind: str) -> Site:
    folder = Path(tempfile.mkdtemp(prefix="arxos-site-"))
    site = Site(kind, folder, f"filled_{os.getpid()}")
    if kind == "postgis":
        services.create_database(site.name)
    parts = open_parts(read_settings(site.running.environment, folder))
    fill(parts, say=lambda line: None)
    parts.store.close()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return site
