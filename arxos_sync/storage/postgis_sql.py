"""The SQL that both server adapters share, on PostgreSQL: `:name` as psycopg has it, and its errors as problems."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, LiteralString

import msgspec
import psycopg

from ..problems import Problem

_NAMED = re.compile(r"(?<!:):([a-z_][a-z0-9_]*)")


@contextmanager
def translated() -> Iterator[None]:
    try:
        yield
    except psycopg.OperationalError as error:
        raise Problem("unavailable", f"the database does not answer: {error}", retry_after_s=2) from error
    except psycopg.Error as error:
        raise Problem("internal", f"the database refused: {error}") from error


class SharedSql:
    def __init__(self, connection: psycopg.Connection[Any]):
        self._connection = connection

    def rows(self, statement: LiteralString, /, **values: Any) -> list[dict[str, Any]]:
        with translated():
            found = self._connection.execute(_psycopg(statement), _as_text(values))
            names = [d.name for d in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found]

    def run(self, statement: LiteralString, /, **values: Any) -> int:
        with translated():
            return self._connection.execute(_psycopg(statement), _as_text(values)).rowcount

    def run_each(self, statement: LiteralString, values: Iterable[dict[str, Any]], /) -> None:
        with translated(), self._connection.cursor() as cursor:
            cursor.executemany(_psycopg(statement), [_as_text(one) for one in values])


def _psycopg(statement: str) -> str:
    return _NAMED.sub(r"%(\1)s", statement.replace("%", "%%"))


def _as_text(values: dict[str, Any]) -> dict[str, Any]:
    return {
        n: msgspec.json.encode(v).decode() if isinstance(v, (dict, list)) else v for n, v in values.items()
    }
