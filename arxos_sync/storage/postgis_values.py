"""Values of the PostGIS store: what psycopg loads as the engine's own forms, and what COPY takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

import msgspec
import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.types.string import TextLoader

from ..catalogue import Column
from ..store import Row
from .server_rows import Layout, whole

INSTANTS_KEPT = 4096
_AS_JSON = frozenset({"map", "set", "json"})


class _InstantText(Loader):
    """`2026-01-31 08:30:00.5+00` as `2026-01-31T08:30:00.500Z`."""

    def load(self, data: Buffer) -> str:
        return _instant(bytes(data))


@lru_cache(INSTANTS_KEPT)
def _instant(raw: bytes) -> str:
    """The rows that one push wrote share theirs."""
    whole_seconds, _, part = raw.decode().removesuffix("+00").partition(".")
    return f"{whole_seconds.replace(' ', 'T')}.{part[:3].ljust(3, '0')}Z"


class _JsonText(Loader):
    _decoder = msgspec.json.Decoder()

    def load(self, data: Buffer) -> Any:
        return self._decoder.decode(data)


def configure(connection: psycopg.Connection[Any]) -> None:
    for name, loader in (
        ("uuid", TextLoader),
        ("date", TextLoader),
        ("timestamptz", _InstantText),
        ("json", _JsonText),
        ("jsonb", _JsonText),
    ):
        connection.adapters.register_loader(name, loader)


def natives(layout: Layout) -> Callable[[dict[str, Any]], list[Any]]:
    """Reads a row's values in the order of the layout's columns, as COPY takes them; geometries stay WKB."""
    chosen = itemgetter(*(column.name for column in layout.columns))
    as_json = [place for place, column in enumerate(layout.columns) if column.type in _AS_JSON]

    def read(values: dict[str, Any]) -> list[Any]:
        found = list(chosen(values))
        for place in as_json:
            if found[place] is not None:
                found[place] = msgspec.json.encode(found[place]).decode()
        return found

    return read


def row_of(layout: Layout, found: Sequence[Any]) -> Row:
    """A row from what was selected in the order of the layout's names."""
    if not layout.counters:
        return layout.row(found)
    inner = list(found)
    for place in layout.counters:
        inner[place] = whole(inner[place])
    return layout.row(inner)


def selected(column: Column, prefix: str = "") -> str:
    """A geometry comes as ISO WKB, little-endian; the rest as it is."""
    name = f'{prefix}"{column.name}"'
    return f"ST_AsBinary({name}, 'NDR')" if column.type == "geometry" else name
