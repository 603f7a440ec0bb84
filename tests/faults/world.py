"""PostgreSQL, Redis and servers of a test's own, made to be killed: each a process one can end and start again."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import psycopg
import redis

from server.accounts import people
from server.app import open_parts
from server.operations.demo import PASSWORD
from server.parts import now
from server.settings import read_settings
from tests.server.running import ROOT, wait_for
from tests.services import free_port, tool

from .proxy import Proxy

START_WAIT_S_MAX = 60.0
POSTGRES_USER = "postgres"
OWNER = "owner@demo.arxos"


class Process:
    """A program that can be started, killed without a word, frozen, thawed, and started again."""

    def __init__(self, words: list[str], ready: Callable[[], Any], not_yet: tuple[type[Exception], ...], **how: Any):
        self.words, self.ready, self.not_yet, self.how = words, ready, not_yet, how
        self.running: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Process:
        self.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kill()

    def start(self) -> None:
        start_all([self])

    def launch(self) -> None:
        """One that ended at once is tried again: what it replaces may not be quite gone."""
        if not self.alive():
            self.running = subprocess.Popen(self.words, stdin=subprocess.DEVNULL, **self.how)

    def answers(self) -> bool:
        try:
            self.ready()
        except self.not_yet:
            return False
        return self.alive()

    def kill(self) -> None:
        """SIGKILL, to its children too."""
        if self.running is not None and self.alive():
            family = [self.running.pid, *_children(self.running.pid)]
            for pid in family:
                _signal(pid, signal.SIGKILL)
            self.running.wait()
            wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in family[1:]))

    def alive(self) -> bool:
        return self.running is not None and self.running.poll() is None

    def freeze(self) -> None:
        assert self.running is not None
        _signal(self.running.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.running is not None
        _signal(self.running.pid, signal.SIGCONT)

    def end(self) -> None:
        """As an administrator does."""
        if self.running is not None and self.alive():
            self.running.send_signal(signal.SIGTERM)
            self.running.wait(30)


def start_all(processes: list[Process]) -> None:
    """Together, until each answers."""
    deadline = time.monotonic() + START_WAIT_S_MAX
    waiting = list(processes)
    while waiting:
        for process in waiting:
            process.launch()
        time.sleep(0.02)
        waiting = [process for process in waiting if not process.answers()]
        assert time.monotonic() < deadline, f"{waiting[0].words[0]} did not start"


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


class Postgres(Process):
    """A cluster in `data`, durable as it comes out of the box; its socket in `folder`."""

    def __init__(self, folder: Path, data: Path | None = None, **settings: str) -> None:
        self.folder, self.data = folder, data or folder / "data"
        folder.mkdir(parents=True, exist_ok=True)
        _belongs_to_postgres(folder)
        words = [tool("postgres"), "-D", str(self.data)]
        given = {"listen_addresses": "", "unix_socket_directories": str(folder), "shared_buffers": "32MB"} | settings
        for name, value in given.items():
            words += ["-c", f"{name}={value}"]
        log = open(folder / "postgres.log", "ab")  # noqa: SIM115 - the process holds it
        super().__init__(words, self._reached, (psycopg.OperationalError,),
                         user=POSTGRES_USER, cwd=folder, stdout=log, stderr=log)  # fmt: skip

    def _reached(self) -> None:
        psycopg.connect(self.url("postgres"), connect_timeout=2).close()

    def url(self, name: str = "arxos") -> str:
        return f"postgresql://arxos@/{name}?host={self.folder}"

    def make(self, *words: str) -> None:
        """initdb, then a database with PostGIS."""
        self.data.mkdir(exist_ok=True)
        _belongs_to_postgres(self.data)
        self.data.chmod(0o700)
        as_postgres([tool("initdb"), "-D", str(self.data), "-U", "arxos", "-A", "trust", "-E", "UTF8", *words])
        with self:
            for name, statement in (("postgres", "create database arxos"), ("arxos", "create extension postgis")):
                with psycopg.connect(self.url(name), autocommit=True) as connection:
                    connection.execute(statement)
            self.end()


def as_postgres(words: list[str]) -> None:
    done = subprocess.run(words, user=POSTGRES_USER, cwd="/", capture_output=True, text=True)
    assert done.returncode == 0, f"{words[0]}: {done.stderr}"


def _belongs_to_postgres(folder: Path) -> None:
    """The folder, and a way to it for that account."""
    account = pwd.getpwnam(POSTGRES_USER)
    shutil.chown(folder, account.pw_uid, account.pw_gid)


class Redis(Process):
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        words = [tool("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        super().__init__(words, self._ping, (redis.RedisError,), cwd=folder, stdout=subprocess.DEVNULL)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def _ping(self) -> None:
        with redis.Redis.from_url(self.url, socket_timeout=1) as client:
            client.ping()


class ServerProcess(Process):
    """`arxos serve` at an address that stays the same however often it dies. `before`: words to run it with."""

    def __init__(self, environment: dict[str, str], host: str = "127.0.0.1", before: tuple[str, ...] = ()) -> None:
        self.port = free_port()
        self.address = f"http://{host}:{self.port}"
        words = [*before, sys.executable, "-m", "server.cli", "serve", "--host", host, "--port", str(self.port)]
        super().__init__(words, self._healthy, (httpx.TransportError, AssertionError), env=environment, cwd=ROOT,
                         stdout=subprocess.DEVNULL)  # fmt: skip

    def _healthy(self) -> None:
        assert httpx.get(f"{self.address}/healthz", timeout=1, trust_env=False).status_code == 200


def server_environment(data: Path, **settings: str) -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ARXOS_")}
    return clean | {"ARXOS_DATA_DIR": str(data), "ARXOS_LOG": "error", "PYTHONPATH": str(ROOT)} | settings


def make_owner(environment: dict[str, str]) -> None:
    """The tables, and one person: all tablets are theirs."""
    parts = open_parts(read_settings(environment, Path("/nonexistent")))
    with parts.store.tables() as sql:
        people.create(sql, OWNER, "Olga Owner", parts.passwords.hash(PASSWORD), False, now())
    parts.store.close()


class World:
    """PostgreSQL, Redis, two servers, and a proxy before them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.postgres, self.redis = Postgres(folder / "pg"), Redis(folder / "redis")
        self.postgres.make()
        given = {"ARXOS_DATABASE_URL": self.postgres.url(), "ARXOS_REDIS_URL": self.redis.url}
        self.environment = server_environment(folder / "server", **given)
        self.servers = [ServerProcess(self.environment) for _ in range(2)]
        self.proxy = Proxy([server.port for server in self.servers], seed)

    def __enter__(self) -> World:
        self.proxy.start()
        self.postgres.start()
        make_owner(self.environment)
        return self

    def __exit__(self, *_: object) -> None:
        self.proxy.stop()
        for process in (*self.servers, self.redis, self.postgres):
            process.kill()

    def whole(self) -> None:
        """Everything runs and nothing is amiss, whatever a test before has left."""
        self.proxy.chance = 0.0
        processes = [self.postgres, self.redis, *self.servers]
        for process in processes:
            if process.alive():
                process.thaw()
        start_all(processes)
