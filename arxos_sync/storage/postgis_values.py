"""Values of the PostGIS store: what psycopg loads as the engine's own forms, and what COPY takes."""

from __future__ import annotations

from typing import Any

import msgspec
import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader

from ..catalogue import Column
from .server_rows import whole

_AS_JSON = frozenset({"map", "set", "json"})


class _UuidText(Loader):
    def load(self, data: Buffer) -> str:
        return bytes(data).decode()


class _DateText(_UuidText):
    pass


class _InstantText(Loader):
    """`2026-01-31 08:30:00.5+00` as `2026-01-31T08:30:00.500Z`."""

    def load(self, data: Buffer) -> str:
        text = bytes(data).decode().removesuffix("+00")
        whole_seconds, _, part = text.partition(".")
        return f"{whole_seconds.replace(' ', 'T')}.{part[:3].ljust(3, '0')}Z"


class _JsonText(Loader):
    def load(self, data: Buffer) -> Any:
        return msgspec.json.decode(bytes(data))


def configure(connection: psycopg.Connection[Any]) -> None:
    for name, loader in (
        ("uuid", _UuidText),
        ("date", _DateText),
        ("timestamptz", _InstantText),
        ("json", _JsonText),
        ("jsonb", _JsonText),
    ):
        connection.adapters.register_loader(name, loader)


def native(column: Column, value: Any) -> Any:
    """As COPY takes it; geometries stay WKB until the upsert."""
    if value is not None and column.type in _AS_JSON:
        return msgspec.json.encode(value).decode()
    return value


def inner_value(column: Column, value: Any) -> Any:
    return whole(value) if column.type == "counter" else value


def selected(column: Column, prefix: str = "") -> str:
    """A geometry comes as ISO WKB, little-endian; the rest as it is."""
    name = f'{prefix}"{column.name}"'
    return f"ST_AsBinary({name}, 'NDR')" if column.type == "geometry" else name
