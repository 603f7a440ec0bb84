"""A zip of CSV files, one a table (RFC 4180, UTF-8 with the mark by which spreadsheets know it).

Geometries are WKT in the metres in which the tables hold them, a building's footprint in degrees; sets and maps are
JSON; nothing is an empty cell. A cell of text that a spreadsheet would run as a formula gets an apostrophe before it
(OWASP, "CSV Injection"); cells of numbers are numbers, so a negative one stays what it is. README.txt tells of it.
"""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import msgspec

from arxos_sync.catalogue import Column

from .exported import About, Rows, told

MEDIA_TYPE = "application/zip"
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the last four as typed in East Asia  # noqa: RUF001
_NUMBERS = ("integer", "real", "counter", "boolean")
_README = """{name}
Building {building}, as it was at its sequence {sequence}; {what}.

Each file is a table: UTF-8, commas, a head line, an empty cell where nothing is said.
Geometries are WKT, in metres of the building's own frame; a building's footprint is in degrees (longitude, latitude).
Sets and maps are JSON. Times are UTC. A text that a spreadsheet would take for a formula has an apostrophe before it.
"""


def write(file: Path, about: About, rows: Rows) -> None:
    what = "the whole building" if about.storeys is None else f"the storeys {', '.join(about.storeys)}"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(_entry("README.txt"), _README.format(
            name=about.name, building=about.building, sequence=about.sequence, what=what))  # fmt: skip
        for table, those in rows:
            columns, places = told(table), [column.name for column in table.geometries]
            with (
                packed.open(_entry(f"{table.name}.csv"), "w", force_zip64=True) as raw,
                io.TextIOWrapper(raw, "utf-8-sig", newline="") as text,
            ):
                lines = csv.writer(text)
                lines.writerow([*(column.name for column in columns), *places])
                for row in those:
                    lines.writerow([*(cell(one, row[one.name]) for one in columns), *(wkt(row[n]) for n in places)])


def _entry(name: str) -> zipfile.ZipInfo:
    """Of no time: the same rows are the same file."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def cell(column: Column, value: Any) -> str:
    if value is None:
        return ""
    if column.type in _NUMBERS:
        return str(value).lower() if isinstance(value, bool) else repr(value)
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return f"'{text}" if text.startswith(_RUNS) else text


def wkt(geometry: dict[str, Any] | None) -> str:
    """OGC 06-103r4, with Z where there are heights."""
    if geometry is None:
        return ""
    kind, coordinates = geometry["type"], geometry["coordinates"]
    flat = _flat(coordinates)
    word = "POINT" if kind == "Point" else kind.upper()
    return f"{word}{' Z' if len(flat) == 3 else ''} {_text(coordinates, kind == 'Point')}"


def _flat(coordinates: list[Any]) -> list[float]:
    while coordinates and isinstance(coordinates[0], (list, tuple)):
        coordinates = coordinates[0]
    return coordinates


def _text(coordinates: list[Any], alone: bool = False) -> str:
    if not isinstance(coordinates[0], (list, tuple)):
        position = " ".join(repr(number) for number in coordinates)
        return f"({position})" if alone else position
    return f"({', '.join(_text(part) for part in coordinates)})"
