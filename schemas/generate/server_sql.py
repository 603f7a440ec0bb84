"""The servers' DDL: the synced tables for PostGIS and for SpatiaLite, and the tables only a server has.

Synced tables are keyed (building_id, id), or (user_id, id) in a person's own scope. Beside the catalogue's columns each
has what merging needs: `born`, `deleted` and `merge_state`. The server-only tables are written once, in the SQL that
both databases share; their instants are RFC 3339 text.
"""

from __future__ import annotations

from arxos_sync.catalogue import Catalogue, Column, Table

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
_NOTE = "-- Made from schemas/catalogue.toml by `make schemas`; not to be edited.\n\n"

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


def files(catalogue: Catalogue) -> dict[str, str]:
    folder = "arxos_sync/storage/sql"
    synced = catalogue.synced().values()
    only = [t for t in catalogue.tables.values() if t not in synced]
    return {
        f"{folder}/postgis.sql": _NOTE + _BESIDE.format(bytes="bytea") + "\n".join(map(_postgis, synced)),
        f"{folder}/spatialite_server.sql": _NOTE + _BESIDE.format(bytes="blob") + "\n".join(map(_sqlite, synced)),
        f"{folder}/server_tables.sql": _NOTE + "\n".join(map(_shared, only)),
    }


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
    for column in table.references:
        found.append(
            f'create index {name}_by_{column.name} on "{name}" ({whose}, {column.name}) '
            f"where {column.name} is not null;"
        )
    if name == "conflict":
        found.append("create index conflict_open on conflict (building_id, row_id) where state = 'open';")
    return found


# ---------------------------------------------------------------- PostGIS


def _postgis(table: Table) -> str:
    columns = [f"{owner(table)} uuid not null"]
    columns += [f'"{c.name}" {postgis_type(c)}{_not_null(c)}' for c in table.columns.values()]
    made = [_table(table, columns, "json"), *_indexes(table)]
    made += [
        f'create index {table.name}_by_{c.name}_place on "{table.name}" using gist ("{c.name}");'
        for c in table.geometries
    ]
    if table.name == "building":
        made.append('create index building_by_name on building (name collate "C", id) where deleted is null;')
    return "\n".join(made) + "\n"


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


# ---------------------------------------------------------------- server only


def _shared(table: Table) -> str:
    columns = [
        f'"{c.name}" {_SHARED.get(c.type, "text")}{" not null" if c.required else ""}'
        for c in table.columns.values()
    ]
    columns.append(f"primary key ({', '.join(table.key)})")
    columns += [f"unique ({', '.join(names)})" for names in table.unique]
    made = [f'create table "{table.name}" (\n    ' + ",\n    ".join(columns) + "\n);"]
    for names in table.index:
        called = f"{table.name}_by_{'_'.join(names)}"
        made.append(f'create index {called} on "{table.name}" ({", ".join(names)});')
    return "\n".join(made) + "\n"
