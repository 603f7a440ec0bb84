"""GeoPackage 1.3 (OGC 12-128r17): a layer for each table with a place, an attribute table for each without.

Where the building is on the earth its layers are EPSG 4326, else they are metres of system -1, "undefined Cartesian". A
table has one geometry column here, `geom`: the first of the catalogue's. Sets and maps are JSON in TEXT. No spatial
index is made: QGIS offers to make one, and the triggers that keep it would need functions of whoever reads the file.
What is said of the whole stands as JSON in the table `gpkg_metadata`.
"""

from __future__ import annotations

import sqlite3  # of a file that no other library of SQLite opens
import struct
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from arxos_sync.catalogue import Column, Table
from arxos_sync.geometry import from_geojson

from .exported import About, Rows, lots, told

MEDIA_TYPE = "application/geopackage+sqlite3"
APPLICATION_ID, VERSION = 0x47504B47, 10300  # "GPKG"
ROWS_AT_ONCE = 1_000
_TYPES = {
    "text": "TEXT", "integer": "INTEGER", "real": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE", "instant": "DATETIME",
    "uuid": "TEXT", "map": "TEXT", "set": "TEXT", "counter": "DOUBLE", "json": "TEXT",
}  # fmt: skip
_CARTESIAN = -1
_EARTH = (
    'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],'
    'UNIT["degree",0.0174532925199433],AXIS["Latitude",NORTH],AXIS["Longitude",EAST],AUTHORITY["EPSG","4326"]]'
)
_SYSTEMS = (
    ("WGS 84", 4326, "EPSG", 4326, _EARTH, "longitude and latitude in degrees"),
    ("Undefined Cartesian SRS", -1, "NONE", -1, "undefined", "metres of the building's own frame"),
    ("Undefined geographic SRS", 0, "NONE", 0, "undefined", "undefined geographic coordinates"),
)
_TABLES = """
create table gpkg_spatial_ref_sys (
  srs_name text not null, srs_id integer not null primary key, organization text not null,
  organization_coordsys_id integer not null, definition text not null, description text
);
create table gpkg_contents (
  table_name text not null primary key, data_type text not null, identifier text unique, description text default '',
  last_change datetime not null default (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x double, min_y double, max_x double, max_y double, srs_id integer,
  constraint fk_gc_r_srs_id foreign key (srs_id) references gpkg_spatial_ref_sys(srs_id)
);
create table gpkg_geometry_columns (
  table_name text not null, column_name text not null, geometry_type_name text not null, srs_id integer not null,
  z tinyint not null, m tinyint not null,
  constraint pk_geom_cols primary key (table_name, column_name),
  constraint uk_gc_table_name unique (table_name),
  constraint fk_gc_tn foreign key (table_name) references gpkg_contents(table_name),
  constraint fk_gc_srs foreign key (srs_id) references gpkg_spatial_ref_sys(srs_id)
);
create table gpkg_extensions (
  table_name text, column_name text, extension_name text not null, definition text not null, scope text not null,
  constraint ge_tce unique (table_name, column_name, extension_name)
);
create table gpkg_metadata (
  id integer constraint m_pk primary key asc not null, md_scope text not null default 'dataset',
  md_standard_uri text not null, mime_type text not null default 'text/xml', metadata text not null default ''
);
create table gpkg_metadata_reference (
  reference_scope text not null, table_name text, column_name text, row_id_value integer,
  timestamp datetime not null default (strftime('%Y-%m-%dT%H:%M:%fZ','now')), md_file_id integer not null,
  md_parent_id integer,
  constraint crmr_mfi_fk foreign key (md_file_id) references gpkg_metadata(id),
  constraint crmr_mpi_fk foreign key (md_parent_id) references gpkg_metadata(id)
);
"""


def write(file: Path, about: About, rows: Rows) -> None:
    """Whole or not at all is the caller's: while it is written the file is none that anybody may open."""
    with closing(sqlite3.connect(str(file), isolation_level=None)) as base:
        base.execute(f"pragma application_id = {APPLICATION_ID}")
        base.execute(f"pragma user_version = {VERSION}")
        base.execute("pragma journal_mode = off")
        base.execute("pragma synchronous = off")
        base.execute("begin")
        for statement in _TABLES.split(";\n"):
            base.execute(statement)
        base.executemany("insert into gpkg_spatial_ref_sys values (?, ?, ?, ?, ?, ?)", _SYSTEMS)
        _tell(base, about)
        for table, those in rows:
            _layer(base, table, about, those)
        base.execute("commit")


def _tell(base: Any, about: About) -> None:
    """The metadata extension (annex F.8), of the whole file."""
    said = msgspec.json.encode(about).decode()
    base.execute("insert into gpkg_metadata values (1, 'dataset', 'urn:arxos:export', 'application/json', ?)", (said,))
    base.execute("insert into gpkg_metadata_reference (reference_scope, md_file_id) values ('geopackage', 1)")
    definition = "http://www.geopackage.org/spec130/#extension_metadata"
    for name in ("gpkg_metadata", "gpkg_metadata_reference"):
        base.execute(
            "insert into gpkg_extensions values (?, null, 'gpkg_metadata', ?, 'read-write')", (name, definition)
        )  # fmt: skip


def _layer(base: Any, table: Table, about: About, rows: Iterable[dict[str, Any]]) -> None:
    place, columns = table.geometries[0] if table.geometries else None, told(table)
    srs = None if place is None else 4326 if place.srid == 4326 or about.placed else _CARTESIAN
    geometry = [] if place is None else ['"geom" GEOMETRY']
    made = [*geometry, *(f'"{column.name}" {_TYPES[column.type]}' for column in columns)]
    base.execute(f'create table "{table.name}" (fid integer primary key autoincrement not null, {", ".join(made)})')
    base.execute(
        "insert into gpkg_contents (table_name, data_type, identifier, description, srs_id) values (?, ?, ?, ?, ?)",
        (table.name, "attributes" if place is None else "features", table.name, table.help, srs),
    )
    if place is not None:
        base.execute("insert into gpkg_geometry_columns values (?, 'geom', 'GEOMETRY', ?, ?, 0)",
                     (table.name, srs, int(place.dimensions == 3)))  # fmt: skip
    marks = ", ".join("?" * (len(columns) + len(geometry)))
    named = ", ".join(f'"{name}"' for name in [*(["geom"] if geometry else []), *(column.name for column in columns)])
    insert, box = f'insert into "{table.name}" ({named}) values ({marks})', _Box()
    for lot in lots((_values(row, columns, place, srs, box) for row in rows), ROWS_AT_ONCE):
        base.executemany(insert, lot)
    if box.bounds is not None:
        base.execute(
            "update gpkg_contents set min_x = ?, min_y = ?, max_x = ?, max_y = ? where table_name = ?",
            (*box.bounds, table.name),
        )


def _values(
    row: dict[str, Any], columns: list[Column], place: Column | None, srs: int | None, box: _Box
) -> tuple[Any, ...]:
    said = (_value(column, row[column.name]) for column in columns)
    if place is None:
        return tuple(said)
    geometry = row[place.name]
    if geometry is not None:
        box.take(geometry["coordinates"])
    return (None if geometry is None else blob(from_geojson(geometry, place.dimensions), srs or 0), *said)


def _value(column: Column, value: Any) -> Any:
    if value is None or isinstance(value, (str, int, float)):
        return value
    return msgspec.json.encode(value).decode()


def blob(wkb: bytes, srs: int) -> bytes:
    """StandardGeoPackageBinary (clause 2.1.3): little-endian, no envelope, not empty."""
    return struct.pack("<2sBBi", b"GP", 0, 1, srs) + wkb


class _Box:
    """What the geometries of a layer cover."""

    def __init__(self) -> None:
        self.bounds: tuple[float, float, float, float] | None = None

    def take(self, coordinates: list[Any]) -> None:
        if coordinates and isinstance(coordinates[0], (list, tuple)):
            for part in coordinates:
                self.take(part)
        elif coordinates:
            x, y = coordinates[0], coordinates[1]
            west, south, east, north = self.bounds or (x, y, x, y)
            self.bounds = min(west, x), min(south, y), max(east, x), max(north, y)
