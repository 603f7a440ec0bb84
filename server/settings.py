"""Settings, from the environment (`ARXOS_…`) or from `arxos.toml` in the working directory.

The environment wins. A wrong setting stops the start with its name and its remedy.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from .outbound import read_allowed

REGISTRATIONS = ("open", "invited", "closed")
# Requests a minute of one person (logins: of an address), and their open sockets in a server process.
LIMITS = {"login": 60, "sync": 6_000, "read": 6_000, "write": 3_000, "upload": 6_000, "sockets": 100}
PHOTOS = ("keep", "place", "all")
LOG_LEVELS = ("debug", "info", "warning", "error")
PAGES = Path(__file__).parent.parent / "pwa"


class SettingError(Exception):
    """One line that names the setting and says how to mend it."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    database_url: str | None = None  # PostgreSQL with PostGIS; SpatiaLite files in `data_dir` without it
    redis_url: str | None = None
    data_dir: Path = Path("var")
    secret_key_file: Path | None = None  # None: `data_dir`/secret.key
    public_url: str | None = None
    smtp_url: str | None = None  # smtp:// (TLS where it is offered), smtp+starttls:// or smtps://, with user:password@
    smtp_from: str | None = None  # the address letters come from
    attachments_url: str | None = None  # s3://bucket/prefix; the disk below `data_dir` without it
    backup_dir: Path | None = None  # a backup a day into it
    backup_keep_days: int = 14
    keep_days: int = 30  # what has ended: sessions, letters, deliveries, jobs
    access_log_keep_days: int = 365
    database_replica_url: str | None = None  # a streaming replica of `database_url`, for lists
    pool_size: int = 8  # connections of a process to PostgreSQL, and as many to the replica
    jobs: Literal["serve", "worker"] = "serve"  # where jobs are done: by the server, or by `arxos worker` alone
    log: str = "info"
    registration: str = "open"  # who may make a login: anybody, who holds an invitation, nobody
    outbound_allow: str = ""  # hosts and networks beyond the public ones that may be called: outbound.py
    database_owner_url: str | None = None  # the login that has the tables, where that of `database_url` is to have none
    allowed_hosts: str | None = None  # beside `public_url`'s, with commas
    trusted_proxies: str | None = None  # addresses or networks, with commas, whose X-Forwarded-… count
    service_worker: Literal["on", "off"] = "on"  # off: browsers are told to put away the app they keep
    photos: Literal["keep", "place", "all"] = "place"  # what is taken out of them before they leave a device
    rate_limits: str | None = None  # "login=60 sync=6000", in place of those in LIMITS

    @property
    def key_file(self) -> Path:
        return self.secret_key_file or self.data_dir / "secret.key"

    @property
    def owner_url(self) -> str:
        """Of PostgreSQL, where it is the store: by the login that has the tables."""
        return self.database_owner_url or self.database_url or ""

    @property
    def hosts(self) -> frozenset[str]:
        """What `Host` may name, lower case and without a port; none: anything."""
        ours = urlsplit(self.public_url or "").hostname
        return frozenset(listed(self.allowed_hosts)) | ({ours} if ours else set())

    @property
    def proxies(self) -> list[str]:
        return listed(self.trusted_proxies)

    def limit(self, name: str) -> int:
        """One of LIMITS as it is set; 0: no bound."""
        given = dict(one.split("=") for one in _words(self.rate_limits))
        return int(given.get(name, LIMITS[name]))

    @property
    def secure(self) -> bool:
        """Do browsers reach this server over TLS?"""
        return (self.public_url or "").startswith("https:")


def read_settings(environment: Mapping[str, str] = os.environ, folder: Path = Path()) -> Settings:
    """The settings in force. Raises SettingError."""
    given = _from_file(folder / "arxos.toml")
    for name in Settings.__struct_fields__:
        text = environment.get(f"ARXOS_{name.upper()}", "")
        if text:
            given[name] = text
    _check(given)
    try:
        return msgspec.convert(given, Settings, dec_hook=_path, strict=False)
    except msgspec.ValidationError as error:
        raise SettingError(f"arxos.toml: {error}") from error


def _path(kind: type, value: object) -> Path:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(kind)


def _from_file(file: Path) -> dict[str, object]:
    if not file.exists():
        return {}
    try:
        given = tomllib.loads(file.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{file} is not TOML: {error}") from error
    unknown = given.keys() - set(Settings.__struct_fields__)
    if unknown:
        known = ", ".join(Settings.__struct_fields__)
        raise SettingError(f"{file}: no setting is called {', '.join(sorted(unknown))}; there are {known}")
    return given


def _check(given: Mapping[str, object]) -> None:
    _check_url(given, "database_url", ("postgresql", "postgres"), "postgresql://user@host/arxos")
    _check_url(given, "database_replica_url", ("postgresql", "postgres"), "postgresql://reader@replica/arxos")
    _check_url(given, "attachments_url", ("s3",), "s3://bucket/prefix")
    _check_url(given, "redis_url", ("redis", "rediss", "unix"), "redis://127.0.0.1:6379/0")
    _check_url(given, "public_url", ("http", "https"), "https://arxos.example.org")
    _check_url(given, "smtp_url", ("smtp", "smtps", "smtp+starttls"), "smtps://user:password@mail.example.org")
    if not re.fullmatch(r"[^@\s<>,]+@[^@\s<>,]+", str(given.get("smtp_from", "arxos@example.org"))):
        raise SettingError(f"ARXOS_SMTP_FROM is {given['smtp_from']!r}; it should look like arxos@example.org")
    _check_url(given, "database_owner_url", ("postgresql", "postgres"), "postgresql://owner@host/arxos")
    _check_rates(given)
    _check_proxies(given)
    if given.get("log", "info") not in LOG_LEVELS:
        raise SettingError(f"ARXOS_LOG is {given['log']!r}; it can be {', '.join(LOG_LEVELS)}")
    if given.get("photos", "place") not in PHOTOS:
        raise SettingError(f"ARXOS_PHOTOS is {given['photos']!r}; it can be {', '.join(PHOTOS)}")
    registration = given.get("registration", "open")
    if registration not in REGISTRATIONS:
        raise SettingError(f"ARXOS_REGISTRATION is {registration!r}; it can be {', '.join(REGISTRATIONS)}")
    try:
        read_allowed(str(given.get("outbound_allow", "")))
    except ValueError as error:
        raise SettingError(f"ARXOS_OUTBOUND_ALLOW: {error}; it should look like cmms.intranet, 10.1.0.0/16") from error


def _check_url(given: Mapping[str, object], name: str, schemes: tuple[str, ...], example: str) -> None:
    value = given.get(name)
    if value is not None and urlsplit(str(value)).scheme not in schemes:
        raise SettingError(f"ARXOS_{name.upper()} is {value!r}; it should look like {example}")


def _check_rates(given: Mapping[str, object]) -> None:
    for word in _words(given.get("rate_limits")):
        name, _, number = word.partition("=")
        if name not in LIMITS or not (number.isascii() and number.isdigit()):
            known = " ".join(f"{rate}={most}" for rate, most in LIMITS.items())
            raise SettingError(f"ARXOS_RATE_LIMITS has {word!r}; it should look like: {known}")


def _check_proxies(given: Mapping[str, object]) -> None:
    for one in listed(given.get("trusted_proxies")):
        try:
            ip_network(one)
        except ValueError as error:
            raise SettingError(f"ARXOS_TRUSTED_PROXIES has {one!r}; addresses or networks like 10.0.0.0/8") from error


def listed(text: object) -> list[str]:
    return [part.strip().lower() for part in str(text or "").split(",") if part.strip()]


def _words(text: object) -> list[str]:
    return str(text or "").replace(",", " ").split()
