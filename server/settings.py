"""Settings, from the environment (`ARXOS_…`) or from `arxos.toml` in the working directory.

The environment wins. A wrong setting stops the start with its name and its remedy.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from .outbound import read_allowed

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
    log: str = "info"
    outbound_allow: str = ""  # hosts and networks beyond the public ones that may be called: outbound.py

    @property
    def key_file(self) -> Path:
        return self.secret_key_file or self.data_dir / "secret.key"

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
        return msgspec.convert(given, Settings, dec_hook=_path)
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
    _check_url(given, "redis_url", ("redis", "rediss", "unix"), "redis://127.0.0.1:6379/0")
    _check_url(given, "public_url", ("http", "https"), "https://arxos.example.org")
    if given.get("log", "info") not in LOG_LEVELS:
        raise SettingError(f"ARXOS_LOG is {given['log']!r}; it can be {', '.join(LOG_LEVELS)}")
    try:
        read_allowed(str(given.get("outbound_allow", "")))
    except ValueError as error:
        raise SettingError(f"ARXOS_OUTBOUND_ALLOW: {error}; it should look like cmms.intranet, 10.1.0.0/16") from error


def _check_url(given: Mapping[str, object], name: str, schemes: tuple[str, ...], example: str) -> None:
    value = given.get(name)
    if value is not None and urlsplit(str(value)).scheme not in schemes:
        raise SettingError(f"ARXOS_{name.upper()} is {value!r}; it should look like {example}")
