"""Files to rows and back: no network, no database.

A reader answers `Row`s in the catalogue's words; the importer gives them ids and sends them
through intake like any other writer. A file that cannot be read is a `FormatError`.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Row(msgspec.Struct, frozen=True):
    """One row to be. `key` is its id, or, where the reader says so, the name it has in its file."""

    table: str
    key: str
    set: dict[str, Any]


class FormatError(Exception):
    """A file that cannot be read. `code` is stable, `detail` says what was found, `hint` what to do."""

    def __init__(self, code: str, detail: str, hint: str) -> None:
        super().__init__(f"{detail}. {hint}")
        self.code = code
        self.detail = detail
        self.hint = hint
