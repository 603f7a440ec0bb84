"""The catalogue as values: what tables and columns there are and how each merges.

`schemas/catalogue.toml` is written by people. `load` turns its text into frozen structs and adds the columns
that every synced table has, so that nobody else needs to know which those are. A *field* is what merges as
one: a column, a group of columns, or one key of a map (written `column.key`).

What a schema has published stays: tables, columns and words only come on top, each with the schema it came with
(`since`, `later`), so that `Catalogue.at` tells what a replica of an older schema knows. Tables and columns of the
server's own are no part of that: they say which numbered step of the store brought them (`step`; 0: the first schema).
A column that comes later is never required: the rows made before it have none.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Collection
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
SCHEMAS_SERVED = 3  # the current one and the two before (PROTOCOL §11)
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
    since: int = 1  # the schema it came with
    step: int = 0  # of a table of the server's own: the numbered step it came with
    later: dict[str, int] = msgspec.field(default_factory=dict)  # words of `values` that came with a later schema

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
    since: int = 1
    step: int = 0

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
    def converted(self) -> tuple[Column, ...]:
        """The columns whose values may travel otherwise than the engine holds them."""
        return tuple(c for c in self.columns.values() if c.type in ("geometry", "bytes", "real"))

    @cached_property
    def references(self) -> tuple[Column, ...]:
        return tuple(c for c in self.columns.values() if c.references)

    def columns_of(self, field: str) -> tuple[str, ...]:
        """The columns that move with `field` (a column's or a group's name)."""
        return self.groups.get(field, (field,))

    def left_out(self, given: Collection[str]) -> list[str]:
        """Columns missing from groups of which `given` has a part.

        A device of an older schema does not know a newer member: what is newer than all it gives is not missed.
        """
        found = []
        for columns in self.groups.values():
            there = [self.columns[c].since for c in columns if c in given]
            if there:
                found += [c for c in columns if c not in given and self.columns[c].since <= max(there)]
        return found

    def at(self, schema: int) -> Table:
        """The table as `schema` had it."""
        known = {n: _column_at(c, schema) for n, c in self.columns.items() if c.since <= schema}
        return msgspec.structs.replace(self, columns=known)


class Catalogue(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    schema: int
    tables: dict[str, Table]

    def synced(self, scope: str | None = None) -> dict[str, Table]:
        """Tables that replicas hold: of `building`, of `user`, or both. Worked out once a catalogue."""
        kept = vars(self).setdefault("_synced", {})
        if scope not in kept:
            kept[scope] = {
                n: t for n, t in self.tables.items() if t.scope != SERVER and (scope is None or t.scope == scope)
            }
        return kept[scope]

    def parents_first(self, scope: str) -> list[Table]:
        """The scope's tables, each after those its rows refer to; who may refer to any table comes last."""
        tables, found = self.synced(scope), {}

        def visit(table: Table, above: frozenset[str]) -> None:
            named = {c.references for c in table.references} & tables.keys()
            if any(c.references == "*" for c in table.references):
                named |= {t.name for t in tables.values() if all(c.references != "*" for c in t.references)}
            for name in sorted(named - above - found.keys()):
                visit(tables[name], above | {name})
            found[table.name] = table

        for name, table in tables.items():
            if name not in found:
                visit(table, frozenset([name]))
        return list(found.values())

    @property
    def oldest(self) -> int:
        """The oldest schema whose replicas are still given rows."""
        return max(1, self.schema - SCHEMAS_SERVED + 1)

    def at(self, schema: int) -> Catalogue:
        """What a replica of that schema knows; of a schema yet to come, what is known here."""
        if schema >= self.schema:
            return self
        if schema not in self._formers:
            tables = {n: t.at(schema) for n, t in self.tables.items() if t.since <= schema}
            self._formers[schema] = Catalogue(schema=schema, tables=tables)
        return self._formers[schema]

    @cached_property
    def _formers(self) -> dict[int, Catalogue]:
        return {}

    def gained(self, scope: str, former: int, schema: int) -> dict[str, tuple[str, ...]]:
        """What a replica that goes from one schema to another has not been told: table → its new columns.

        A table that is new as a whole has none named. Columns of the server's count like any.
        """
        found: dict[str, tuple[str, ...]] = {}
        if former >= schema:
            return found
        for table in self.at(schema).synced(scope).values():
            columns = tuple(c.name for c in table.columns.values() if c.since > former)
            if table.since > former:
                found[table.name] = ()
            elif columns:
                found[table.name] = columns
        return found

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
    return _made(raw.pop("schema"), raw)


def _made(schema: int, raw: dict[str, Any]) -> Catalogue:
    tables = {name: _table(name, body) for name, body in raw.items()}
    _check_references(tables)
    _check_since(schema, tables)
    return Catalogue(schema=schema, tables=tables)


def overlaid(text: str, further: str) -> Catalogue:
    """The catalogue of `text` with what a later schema adds to it: `further` names only that.

    Raises ValueError as `load` does.
    """
    raw, more = tomllib.loads(text), tomllib.loads(further)
    schema = more.pop("schema")
    for name, body in more.items():
        columns = body.pop("columns", {})
        raw.setdefault(name, {"columns": {}}).update(body)
        for column, said in columns.items():
            raw[name]["columns"][column] = raw[name]["columns"].get(column, {}) | said
    raw.pop("schema")
    return _made(schema, raw)


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


def _column_at(column: Column, schema: int) -> Column:
    if not column.values or all(column.later.get(word, 1) <= schema for word in column.values):
        return column
    known = tuple(word for word in column.values if column.later.get(word, 1) <= schema)
    return msgspec.structs.replace(column, values=known)


def _check_references(tables: dict[str, Table]) -> None:
    for table in tables.values():
        for column in table.columns.values():
            if column.references and column.references != "*" and column.references not in tables:
                raise ValueError(f"catalogue, {table.name}.{column.name}: no table {column.references}")
            if column.references and column.on_delete not in ("cascade", "clear", "restrict"):
                raise ValueError(f"catalogue, {table.name}.{column.name}: on_delete is missing")


def _check_since(schema: int, tables: dict[str, Table]) -> None:
    for table in tables.values():
        for column in table.columns.values():
            came = [table.since, column.since, *column.later.values()]
            if min(came) < 1 or max(came) > schema:
                raise ValueError(f"catalogue, {table.name}.{column.name}: `since` is not of 1 to {schema}")
            if table.scope == SERVER and column.since > 1 or table.scope != SERVER and column.step:
                raise ValueError(f"catalogue, {table.name}.{column.name}: `step` is for the server's own, `since` not")
            if column.required and (column.since > table.since or column.step > table.step):
                raise ValueError(f"catalogue, {table.name}.{column.name}: what comes later is never required")
