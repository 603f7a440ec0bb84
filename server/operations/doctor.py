"""`arxos doctor`: what a server needs, looked at one by one, each with its remedy."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from arxos_sync.problems import Problem
from arxos_sync.store import ServerStore

from ..parts import now_ms
from ..settings import PAGES, SettingError, Settings, read_settings

FREE_BYTES_MIN = 1024**3
EARLIEST_MS = 1_767_225_600_000  # 2026-01-01: a clock before it was never set


class Finding(msgspec.Struct, frozen=True):
    what: str
    ok: bool
    detail: str
    remedy: str = ""

    def line(self) -> str:
        mark = "ok  " if self.ok else "NOT "
        return f"{mark}{self.what}: {self.detail}" + (f"\n     → {self.remedy}" if not self.ok else "")


def examine() -> list[Finding]:
    try:
        settings = read_settings()
    except SettingError as error:
        return [Finding("settings", False, str(error), "Set it as the line says and run doctor again.")]
    checks: list[Callable[[Settings], Iterator[Finding]]] = [_data_dir, _key, _store, _redis, _mail, _clock, _pages]
    found = [Finding("settings", True, "every setting can be read")]
    return found + [finding for check in checks for finding in check(settings)]


def _data_dir(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        yield Finding("data folder", False, str(error), "Give ARXOS_DATA_DIR a folder that can be written.")
        return
    writable = os.access(folder, os.W_OK)
    detail = f"{folder.resolve()}, {free // 2**20} MiB free"
    yield Finding(
        "data folder", writable and free >= FREE_BYTES_MIN, detail, "Make it writable, or free a GiB of disk."
    )


def _key(settings: Settings) -> Iterator[Finding]:
    file = settings.key_file
    if not file.exists():
        yield Finding("secret key", True, f"{file} will be made on the first start")
        return
    mode = stat.S_IMODE(file.stat().st_mode)
    yield Finding("secret key", mode & 0o077 == 0, f"{file}, mode {mode:o}", f"chmod 600 {file}")


def _store(settings: Settings) -> Iterator[Finding]:
    from ..app import open_store

    kind = "PostGIS" if settings.database_url else "SpatiaLite"
    remedy = (
        "Is PostgreSQL up, with PostGIS, at ARXOS_DATABASE_URL?"
        if settings.database_url
        else "Install mod_spatialite (Debian: libsqlite3-mod-spatialite, brew: libspatialite)."
    )
    try:
        store = open_store(settings)
        try:
            yield Finding("store", True, f"{kind}, epoch {store.epoch()}")
            if settings.database_url:
                yield _walls(store)
        finally:
            store.close()
    except (Problem, OSError, ImportError) as error:
        yield Finding("store", False, f"{kind}: {error}", remedy)


def _walls(store: ServerStore) -> Finding:
    from arxos_sync.storage.postgis_walls import REMEDY

    walled = bool(getattr(store, "walled", False))
    told = "stands behind the checks of roles" if walled else "off: the application role is not there for this login"
    return Finding("row-level security", walled, told, REMEDY)


def _redis(settings: Settings) -> Iterator[Finding]:
    if settings.redis_url is None:
        yield Finding("redis", True, "not set: this process alone")
        return
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        Redis.from_url(settings.redis_url, socket_timeout=1, socket_connect_timeout=1).ping()
        yield Finding("redis", True, "answers")
    except (RedisError, OSError) as error:
        yield Finding("redis", False, str(error), "Start Redis at ARXOS_REDIS_URL; sync goes on meanwhile.")


def _mail(settings: Settings) -> Iterator[Finding]:
    from ..notifications.posting import mail_server_says

    if settings.smtp_url is None:
        yield Finding("mail", True, "no mail server is set: letters wait; ARXOS_SMTP_URL sends them")
        return
    trouble = mail_server_says(settings)
    yield Finding("mail", trouble is None, trouble or "the mail server takes our login", "Mend ARXOS_SMTP_URL.")


def _clock(settings: Settings) -> Iterator[Finding]:
    ok = now_ms() > EARLIEST_MS
    yield Finding("clock", ok, "set" if ok else "before 2026", "Set the clock, best by NTP.")


def _pages(settings: Settings) -> Iterator[Finding]:
    missing = [name for name in ("index.html", "sw.js", "vendor") if not Path(PAGES, name).exists()]
    detail = "there" if not missing else f"{', '.join(missing)} missing in {PAGES}"
    yield Finding("pages", not missing, detail, "make setup")
