"""What the lists of both server adapters share: how text is folded for searching, and where it is looked for.

A search takes no regard of case or of the accents on Latin letters. Both stores fold by the same table, because
PostgreSQL's `unaccent` may not be installed and SQLite knows ASCII alone: PostgreSQL by `translate(lower(…))`, SQLite
by `folded` below. Letters of other scripts are found without regard to case where the database's locale knows them.
"""

from __future__ import annotations

import re
import unicodedata

from .server_rows import Layout

_MORE = {"ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "đ": "d", "Đ": "d", "ı": "i"}
_FIRST_AXIS = re.compile(r'AXIS\["[^"]*",(NORTH|SOUTH|EAST|WEST)')


def _plain() -> dict[str, str]:
    """Latin-1 and Latin Extended-A letters that are an ASCII letter with a mark."""
    found = {}
    for letter in map(chr, range(0xC0, 0x180)):
        parts = unicodedata.normalize("NFD", letter)
        if len(parts) > 1 and parts[0].isascii():
            found[letter] = parts[0].lower()
    return found | _MORE


ACCENTED, PLAIN = ("".join(part) for part in zip(*_plain().items(), strict=True))
_TABLE = str.maketrans(ACCENTED, PLAIN)


def folded(text: str) -> str:
    return text.translate(_TABLE).lower()


def words(text: str) -> list[str]:
    return folded(text).split()


def free_text(layout: Layout) -> list[str]:
    """The columns a text search looks into: those in which a person writes what they like."""
    texts = (c for c in layout.columns if c.type == "text" and not c.values)
    return [c.name for c in texts if c.name not in ("origin", "ifc_guid")]


def axes_of(srtext: str | None) -> str | None:
    """`ne` where the first axis points north: all geographic systems of EPSG, and some grids."""
    if not srtext or srtext == "Undefined":
        return None
    first = _FIRST_AXIS.search(srtext)
    if first is not None:
        return "ne" if first[1] in ("NORTH", "SOUTH") else "en"
    return "ne" if srtext.startswith("GEOGCS") else "en"
