"""The catalogue as values: what tables and columns there are and how each merges.

`schemas/catalogue.toml` is written by people. `load` turns its text into frozen structs and adds the columns
that every synced table has, so that nobody else needs to know which those are. A *field* is what merges as
one: a column, a group of columns, or one key of a map (written `column.key`).
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from functools import cached_property
from typing import Any

import msgspec

TYPES = frozenset(
    ["text", "integer", "real", "boolean", "date", "instant", "uuid"]
    + ["map", "set", "counter", "json", "bytes", "geometry"]
)
RULES = frozenset(["latest", "atomic", "geometry", "append", "workflow", "counter", "set", "map", "text", "server"])
ROLES = ("anonymous", "viewer", "reporter", "technician", "reviewer", "manager", "owner")
SERVER = "server"
ORIGINS = ("field", "office", "import", "ar", "ai", "cmms")

_COMMON: dict[str, dict[str, Any]] = {
    "id": {"type": "uuid", "rule": SERVER, "help": "UUIDv7 made where the row was made."},
    "sequence": {"type": "integer", "rule": SERVER, "help": "The server's last change of the row."},
    "created_at": {"type": "instant", "rule": SERVER},
    "created_by": {"type": "uuid", "rule": SERVER},
    "updated_at": {"type": "instant", "rule": SERVER},
    "updated_by": {"type": "uuid", "rule": SERVER},
    "origin": {"type": "text", "rule": SERVER, "values": list(ORIGINS), "help": "May be set at insert."},
}


class Column(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    type: str
    rule: str = "latest"
    group: str | None = None
    unit: str | None = None
    values: tuple[str, ...] | None = None
    required: bool = False
    references: str | None = None  # a table, or "*" with `pair` naming the column that names it
    pair: str | None = None
    on_delete: str | None = None
    write: str | None = None
    steps: tuple[str, ...] = ()
    initial: str | None = None
    kinds: tuple[str, ...] = ()
    dimensions: int = 0
    srid: int = 0
    ifc: str | None = None
    help: str = ""

    @property
    def field(self) -> str:
        """The name under which the column merges: its group's, or its own."""
        return self.group or self.name


class Table(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    name: str
    scope: str
    columns: dict[str, Column]
    help: str = ""
    ifc: str | None = None
    cobie: str | None = None
    insert: str = SERVER
    update: str = SERVER
    delete: str = SERVER
    key: tuple[str, ...] = ("id",)
    unique: tuple[tuple[str, ...], ...] = ()
    index: tuple[tuple[str, ...], ...] = ()

    @cached_property
    def data(self) -> dict[str, Column]:
        """The columns of the table's own: all but the common ones."""
        return {n: c for n, c in self.columns.items() if n not in _COMMON}

    @cached_property
    def groups(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for column in self.columns.values():
            if column.group:
                found.setdefault(column.group, []).append(column.name)
        return {name: tuple(columns) for name, columns in found.items()}

    @cached_property
    def geometries(self) -> tuple[Column, ...]:
        return tuple(c for c in self.columns.values() if c.type == "geometry")

    @cached_property
    def references(self) -> tuple[Column, ...]:
        return tuple(c for c in self.columns.values() if c.references)

    def columns_of(self, field: str) -> tuple[str, ...]:
        """The columns that move with `field` (a column's or a group's name)."""
        return self.groups.get(field, (field,))


class Catalogue(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    schema: int
    tables: dict[str, Table]

    def synced(self, scope: str | None = None) -> dict[str, Table]:
        """Tables that replicas hold: of `building`, of `user`, or both."""
        return {
            n: t for n, t in self.tables.items() if t.scope != SERVER and (scope is None or t.scope == scope)
        }

    @cached_property
    def children(self) -> dict[str, tuple[tuple[Table, Column], ...]]:
        """Per table, the (table, column) pairs that may refer to it."""
        found: dict[str, list[tuple[Table, Column]]] = {n: [] for n in self.synced()}
        for table in self.synced().values():
            for column in table.references:
                targets = [column.references] if column.references != "*" else self.synced(table.scope)
                for target in targets:
                    found[target].append((table, column))
        return {name: tuple(pairs) for name, pairs in found.items()}

    @cached_property
    def hash(self) -> str:
        """A hash of all that the wire depends on: when it changes, `schema` must."""
        wire = {
            name: {c.name: _published(c, t) for c in t.columns.values()} | {"": [t.scope, t.delete]}
            for name, t in self.synced().items()
        }
        return hashlib.sha256(json.dumps(wire, sort_keys=True).encode()).hexdigest()[:32]


def published(catalogue: Catalogue) -> dict[str, Any]:
    """What `GET /api/v1/sync/catalogue` answers (PROTOCOL §11)."""
    return {
        "schema": catalogue.schema,
        "tables": {
            name: {"columns": {c.name: _published(c, table) for c in table.columns.values()}}
            for name, table in catalogue.synced().items()
        },
    }


def _published(column: Column, table: Table) -> dict[str, Any]:
    return {
        "type": column.type,
        "rule": column.rule,
        "group": column.group,
        "required": column.required,
        "values": list(column.values) if column.values else None,
        "references": column.references,
        "on_delete": column.on_delete,
        "write": SERVER if column.rule == SERVER else (column.write or table.update),
    }


def load(text: str) -> Catalogue:
    """Parse the catalogue's TOML. Raises ValueError naming the table and column that is wrong."""
    raw = tomllib.loads(text)
    schema = raw.pop("schema")
    tables = {name: _table(name, body) for name, body in raw.items()}
    _check_references(tables)
    return Catalogue(schema=schema, tables=tables)


def _table(name: str, body: dict[str, Any]) -> Table:
    written = body.pop("columns")
    synced = body["scope"] != SERVER
    columns = (_COMMON if synced else {}) | written
    try:
        return msgspec.convert(
            body | {"name": name, "columns": {n: _column(n, c) for n, c in columns.items()}}, Table
        )
    except (msgspec.ValidationError, ValueError) as error:
        raise ValueError(f"catalogue, table {name}: {error}") from error


def _column(name: str, body: dict[str, Any]) -> dict[str, Any]:
    if body["type"] not in TYPES or body.get("rule", "latest") not in RULES:
        raise ValueError(f"column {name}: unknown type or rule")
    return body | {"name": name}


def _check_references(tables: dict[str, Table]) -> None:
    for table in tables.values():
        for column in table.columns.values():
            if column.references and column.references != "*" and column.references not in tables:
                raise ValueError(f"catalogue, {table.name}.{column.name}: no table {column.references}")
            if column.references and column.on_delete not in ("cascade", "clear", "restrict"):
                raise ValueError(f"catalogue, {table.name}.{column.name}: on_delete is missing")
