"""The servers' DDL: the synced tables for PostGIS and for SpatiaLite, and the tables only a server has.

Synced tables are keyed (building_id, id), or (user_id, id) in a person's own scope. Beside the catalogue's columns each
has what merging needs: `born`, `deleted` and `merge_state`. The server-only tables are written once, in the SQL that
both databases share; their instants are RFC 3339 text.

`step` is what a schema adds to the one before it: the first makes all, a later one its tables and columns; `own_steps`
are what numbered steps add to the server's own tables. A store is brought up to date by the steps it lacks, so what
was published is never written anew.
"""

from __future__ import annotations

from ..catalogue import SERVER, Catalogue, Column, Table

_POSTGIS = {
    "text": "text",
    "integer": "bigint",
    "real": "double precision",
    "boolean": "boolean",
    "date": "date",
    "instant": "timestamptz",
    "uuid": "uuid",
    "map": "json",
    "set": "json",
    "json": "json",
    "counter": "double precision",
    "bytes": "bytea",
}
_SQLITE = {
    "integer": "integer",
    "real": "double",
    "boolean": "integer",
    "counter": "numeric",
    "bytes": "blob",
}
_SHARED = {"integer": "bigint", "real": "double precision"}

_BESIDE = """create table scope_head (
    scope text primary key,
    sequence bigint not null,
    salt text not null,
    stamp text not null
);

create table scope_digest (
    scope text not null,
    table_name text not null,
    sum text not null,
    primary key (scope, table_name)
);

create table change_log (
    scope text not null,
    sequence bigint not null,
    salt text not null,
    device text not null,
    n bigint not null,
    user_id text,
    stamp text not null,
    received_at text not null,
    content {bytes} not null,
    before {bytes} not null,
    primary key (scope, sequence)
);

create table receipt (
    scope text not null,
    device text not null,
    n bigint not null,
    nonce text not null,
    content {bytes} not null,
    primary key (scope, device, n)
);

"""


def step(catalogue: Catalogue, kind: str, schema: int) -> str:
    """The SQL by which a store of `kind` (postgis, spatialite) goes from the schema before to `schema`."""
    known = catalogue.at(schema)
    synced, only = known.synced(), [t for t in known.tables.values() if t.name not in known.synced()]
    make, grow = (_postgis, _postgis_growth) if kind == "postgis" else (_sqlite, _sqlite_growth)
    parts = [_BESIDE.format(bytes="bytea" if kind == "postgis" else "blob")] if schema == 1 else []
    for table in synced.values():
        parts.append(make(table) if table.since == schema else grow(table, came_with(table, schema)))
    if schema == 1:
        parts += [_shared(table, 0) for table in only if table.step == 0]
    return "\n".join(part for part in parts if part)


def own_steps(catalogue: Catalogue) -> dict[int, str]:
    """Number → SQL, for either store, of the steps that brought tables and columns of the server's own. Worked out once
    a catalogue.
    """
    kept = vars(catalogue)
    if "_own_steps" not in kept:
        kept["_own_steps"] = _own_steps(catalogue)
    return kept["_own_steps"]


def _own_steps(catalogue: Catalogue) -> dict[int, str]:
    own = [t for t in catalogue.tables.values() if t.scope == SERVER]
    numbers = {max(c.step, t.step) for t in own for c in t.columns.values()} - {0}
    return {number: "\n".join(part for t in own if (part := _own_step(t, number))) for number in sorted(numbers)}


def _own_step(table: Table, number: int) -> str:
    if table.step == number:
        return _shared(table, number)
    return _shared_growth(table, [c for c in table.columns.values() if c.step == number and c.step > table.step])


def came_with(table: Table, schema: int) -> list[Column]:
    """The columns of a table that `schema` added: all of them where the whole table came with it."""
    return [c for c in table.columns.values() if max(c.since, table.since) == schema]


def owner(table: Table) -> str:
    """The column that says whose a row is."""
    return "user_id" if table.scope == "user" else "building_id"


def _table(table: Table, columns: list[str], merge_state: str) -> str:
    body = [*columns, "born bigint not null", "deleted bigint", f"merge_state {merge_state} not null"]
    body.append(f"primary key ({owner(table)}, id)")
    return f'create table "{table.name}" (\n    ' + ",\n    ".join(body) + "\n);\n"


def _indexes(table: Table) -> list[str]:
    whose, name = owner(table), table.name
    found = [f'create index {name}_by_sequence on "{name}" ({whose}, sequence);']
    found += [_reference_index(table, column) for column in table.references]
    if name == "conflict":
        found.append("create index conflict_open on conflict (building_id, row_id) where state = 'open';")
    return found


def _reference_index(table: Table, column: Column) -> str:
    return (
        f'create index {table.name}_by_{column.name} on "{table.name}" ({owner(table)}, {column.name}) '
        f"where {column.name} is not null;"
    )


def _added(table: Table, column: Column, type: str) -> str:
    return f'alter table "{table.name}" add column "{column.name}" {type};\n'


# ---------------------------------------------------------------- PostGIS


def _postgis(table: Table) -> str:
    columns = [f"{owner(table)} uuid not null"]
    columns += [f'"{c.name}" {postgis_type(c)}{_not_null(c)}' for c in table.columns.values()]
    made = [_table(table, columns, "json"), *_indexes(table)]
    made += [_place_index(table, column) for column in table.geometries]
    if table.name == "building":
        made.append('create index building_by_name on building (name collate "C", id) where deleted is null;')
    return "\n".join(made) + "\n"


def _postgis_growth(table: Table, columns: list[Column]) -> str:
    made = [_added(table, column, postgis_type(column)) for column in columns]
    made += [f"{_reference_index(table, column)}\n" for column in columns if column.references]
    made += [f"{_place_index(table, column)}\n" for column in columns if column.type == "geometry"]
    return "".join(made)


def _place_index(table: Table, column: Column) -> str:
    return f'create index {table.name}_by_{column.name}_place on "{table.name}" using gist ("{column.name}");'


def postgis_type(column: Column) -> str:
    if column.type != "geometry":
        return _POSTGIS[column.type]
    kind = column.kinds[0] if len(column.kinds) == 1 else "Geometry"
    return f"geometry({kind}{'Z' if column.dimensions == 3 else ''}, {column.srid})"


def _not_null(column: Column) -> str:
    return " not null" if column.name in ("id", "sequence") else ""


# ---------------------------------------------------------------- SpatiaLite


def _sqlite(table: Table) -> str:
    """Geometry columns are added by SpatiaLite itself afterwards, so that it knows them."""
    columns = [f"{owner(table)} text not null"]
    columns += [
        f'"{c.name}" {_SQLITE.get(c.type, "text")}{_not_null(c)}'
        for c in table.columns.values()
        if c.type != "geometry"
    ]
    made = [_table(table, columns, "text"), *_indexes(table)]
    if table.name == "building":
        made.append("create index building_by_name on building (name, id) where deleted is null;")
    return "\n".join(made) + "\n"


def _sqlite_growth(table: Table, columns: list[Column]) -> str:
    made = [_added(table, c, _SQLITE.get(c.type, "text")) for c in columns if c.type != "geometry"]
    made += [f"{_reference_index(table, column)}\n" for column in columns if column.references]
    return "".join(made)


# ---------------------------------------------------------------- server only


def _shared(table: Table, number: int) -> str:
    columns = [
        f'"{c.name}" {_SHARED.get(c.type, "text")}{" not null" if c.required else ""}'
        for c in table.columns.values()
        if c.step <= number
    ]
    columns.append(f"primary key ({', '.join(table.key)})")
    columns += [f"unique ({', '.join(names)})" for names in table.unique]
    made = [f'create table "{table.name}" (\n    ' + ",\n    ".join(columns) + "\n);"]
    for names in table.index:
        called = f"{table.name}_by_{'_'.join(names)}"
        made.append(f'create index {called} on "{table.name}" ({", ".join(names)});')
    return "\n".join(made) + "\n"


def _shared_growth(table: Table, columns: list[Column]) -> str:
    return "".join(_added(table, column, _SHARED.get(column.type, "text")) for column in columns)
