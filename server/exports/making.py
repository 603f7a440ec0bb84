"""One export as a file, from a building as it is at one moment; the same for a job and for the command line."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from arxos_sync import limits
from arxos_sync.problems import Problem, Unreadable
from arxos_sync.store import Row, ScopeReader
from client_kit.formats import geojson, geopackage, tables_csv
from client_kit.formats.exported import About

from ..features.frames import Frame, frame_of
from ..operations.prune import free_bytes
from ..parts import Parts
from .content import belonging, content, count, offered, placing

FORMATS: dict[str, Any] = {"csv": tables_csv, "geojson": geojson, "gpkg": geopackage}
ENDINGS = {"csv": "csv.zip", "geojson": "geojson", "gpkg": "gpkg"}
Went = Callable[[int, int], None]  # rows done, of how many


class Filter(msgspec.Struct, frozen=True):
    """What of a building: the storeys by id, the tables by name; None: all."""

    storeys: list[str] | None = None
    tables: list[str] | None = None


class Made(msgspec.Struct, frozen=True):
    """`rows` were read, `sequence` is the building's at that moment."""

    format: str
    sequence: int
    rows: int
    bytes: int
    processing_ms: int

    def line(self) -> str:
        return f"{self.bytes} bytes of {self.format}, of {self.rows} rows at sequence {self.sequence}."


def checked(parts: Parts, reader: ScopeReader, wanted: Filter) -> Filter:
    """The filter, if the building has what it names. Raises Problem `not_found`, Unreadable."""
    the_building(reader)
    tables = offered(parts.catalogue)
    if wrong := [name for name in wanted.tables or () if name not in tables]:
        raise Unreadable([("$.tables", f"{wrong[0]} is none of {', '.join(tables)}")])
    if wanted.tables == [] or wanted.storeys == []:
        raise Unreadable([("$.tables" if wanted.tables == [] else "$.storeys", "none: leave it out for all")])
    if wanted.storeys is not None:
        known = {row.id for row in reader.live_rows("storey")}
        if unknown := [id for id in wanted.storeys if id not in known]:
            raise Unreadable([("$.storeys", f"{unknown[0]} is no storey of this building")])
    return wanted


def the_building(reader: ScopeReader) -> Row:
    row = next((row for row in reader.live_rows("building") if row.id == reader.scope), None)
    if row is None:
        raise Problem("not_found", reader.scope)
    return row


def make(parts: Parts, building: str, format: str, wanted: Filter, file: Path, went: Went) -> Made:
    """Write it to `file`. Raises Problem `not_found`, `too_large`, `storage_full`; whatever `went` raises ends it."""
    began = time.monotonic()
    with parts.store.read(building) as reader:
        row, head = the_building(reader), reader.head().sequence
        tables = [parts.catalogue.tables[name] for name in wanted.tables or offered(parts.catalogue)]
        total = count(reader, [table.name for table in tables])
        if total > limits.EXPORT_ROWS_MAX:
            raise Problem("too_large", f"{total} rows; {limits.EXPORT_ROWS_MAX} at most", hint="Export fewer storeys.")
        frame = frame_of(parts.store, row)
        kept = None if wanted.storeys is None else belonging(reader, parts.catalogue, wanted.storeys)
        done = 0

        def read(rows: int) -> None:
            nonlocal done
            done += rows
            _demand_room(file)
            went(done, total)

        place = placing(parts.store, None if format == "csv" else frame)
        about = About(building, row.values["name"], head, _placed_by(row, frame), wanted.storeys)
        FORMATS[format].write(file, about, content(reader, tables, kept, place, read))
    ms = round((time.monotonic() - began) * 1000)
    return Made(format, head, done, file.stat().st_size, ms)


def _placed_by(row: Row, frame: Frame | None) -> Any:
    if frame is None:
        return None
    return "georeference" if (frame.x0, frame.y0) == (row.values["eastings"], row.values["northings"]) else "footprint"


def _demand_room(file: Path) -> None:
    size = file.stat().st_size if file.exists() else 0
    if size > limits.EXPORT_BYTES_MAX:
        raise Problem("too_large", f"over {limits.EXPORT_BYTES_MAX} bytes", hint="Export fewer storeys or tables.")
    if free_bytes(file.parent) < limits.SERVER_FREE_BYTES_MIN:
        raise Problem("storage_full", "The server's disk has no room for this file.", hint="Tell who runs the server.")
