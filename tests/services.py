"""Real PostGIS, Redis and Chromium for the tests: private ones, started when first asked for.

The cluster lives in a temporary folder and listens on a unix socket alone, so no system cluster is touched.
PostgreSQL refuses to run as root; then the account `postgres` that Debian's package makes runs it.
Each test process (xdist worker) has its own servers. Every process started here is ended at exit.
"""

import atexit
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path

import psycopg
import redis

START_WAIT_S_MAX = 60.0
TEMPLATE = "arxos_template"
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
WEBGL_FLAGS = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]


def postgres_socket() -> Path:
    """Start the private cluster once and give the folder of its socket."""
    return _cluster()


def database_url(name: str) -> str:
    return f"postgresql://arxos@/{name}?host={postgres_socket()}"


@cache
def template_url() -> str:
    with psycopg.connect(database_url("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {TEMPLATE}")
    with psycopg.connect(database_url(TEMPLATE), autocommit=True) as connection:
        connection.execute("create extension postgis")
    return database_url(TEMPLATE)


def create_database(name: str) -> str:
    template_url()
    with psycopg.connect(database_url("postgres"), autocommit=True) as connection:
        connection.execute(f'create database "{name}" template {TEMPLATE}')
    return database_url(name)


def drop_database(name: str) -> None:
    with psycopg.connect(database_url("postgres"), autocommit=True) as connection:
        connection.execute(f'drop database if exists "{name}" with (force)')


@cache
def redis_server_url() -> str:
    program, port = tool("redis-server"), free_port()
    folder = _folder("arxos-redis-")
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = _start(command)
    url = f"redis://127.0.0.1:{port}/0"
    client = redis.Redis.from_url(url)
    _wait_until(lambda: client.ping(), process, redis.ConnectionError)
    return url


def chromium_path() -> str:
    mac = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
    return str(mac) if mac.exists() else tool("chromium")


def firefox_path() -> str:
    mac = Path("/Applications/Firefox.app/Contents/MacOS/firefox")
    return str(mac) if mac.exists() else tool("firefox-esr")


def tool(name: str) -> str:
    """The program's path; fails, never skips, when it is not there."""
    if found := shutil.which(name):
        return found
    versioned = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    if not versioned:
        raise RuntimeError(f"{name} is not installed: `make test` installs it")
    return str(versioned[-1])


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@cache
def _cluster() -> Path:
    folder = cluster_folder()
    as_postgres(folder, "initdb", "-D", f"{folder}/data", "-U", "arxos", "-A", "trust", "-E", "UTF8", "--no-sync")
    start_cluster(folder)
    return folder


def cluster_folder() -> Path:
    folder, user = _folder("arxos-pg-"), _postgres_user()
    if user:
        shutil.chown(folder, user)
    return folder


def as_postgres(folder: Path, name: str, *words: str) -> None:
    """A program of PostgreSQL's, to its end."""
    done = subprocess.run([tool(name), *words], user=_postgres_user(), cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{name} failed: {done.stderr}")


def start_cluster(folder: Path, **more: str) -> subprocess.Popen:
    """The cluster in `folder`/data; its socket is in `folder`."""
    settings = {
        "listen_addresses": "", "unix_socket_directories": str(folder), "fsync": "off",
        "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "100",
    } | more  # fmt: skip
    command = [tool("postgres"), "-D", str(folder / "data")]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    process = _start(command, user=_postgres_user(), cwd=folder)
    url = f"postgresql://arxos@/postgres?host={folder}"
    _wait_until(lambda: psycopg.connect(url).close(), process, psycopg.OperationalError)
    return process


def _postgres_user() -> str | None:
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError as error:
        raise RuntimeError("no account `postgres` to run the cluster: `make test` installs it") from error


def _folder(prefix: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _start(command: list[str], user: str | None = None, cwd: Path | None = None) -> subprocess.Popen:
    process = subprocess.Popen(
        command, user=user, cwd=cwd, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    atexit.register(_end, process)
    return process


def _end(process: subprocess.Popen) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_until(ready, process: subprocess.Popen, not_yet: type[Exception]) -> None:
    deadline = time.monotonic() + START_WAIT_S_MAX
    while True:
        try:
            ready()
            return
        except not_yet as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{process.args[0]} did not start: {error}") from error
            time.sleep(0.02)
