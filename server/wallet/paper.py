"""A statement on paper, set by MuPDF: it brings along faces for most scripts of the world, shapes them, and runs each
in its own direction.

A reader for `limited.read_limited`, since MuPDF is for one thread alone. The document's title has the name letter by
letter: what is read off a page may not, where a script joins letters (Arabic, Devanagari).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import msgspec

from .statement import Line, Statement

LINES_AT_ONCE = 300  # laying out one table takes time with the square of its lines
_MARGIN_PT = 42
_TEXT_PT = 7
_STYLE = """
    body { font-family: sans-serif; font-size: 7pt }
    h1 { font-size: 13pt }
    table { width: 100%; border-collapse: collapse }
    th, td { border-bottom: 0.25pt solid gray; padding: 2pt 8pt 2pt 0; text-align: left; vertical-align: top }
    """
_SHOWN = ("When (UTC)", "What", "Why", "Rule", "Pending", "Posted", "Balance")
_LIGATURE = re.compile("f(?=[fil])")  # in one piece a search for the word would not find it


def set_statement(path: Path) -> bytes:
    """The PDF of a Statement that lies there as JSON."""
    from client_kit.formats.mupdf import pymupdf

    statement = msgspec.json.decode(path.read_bytes(), type=Statement)
    paper, written, heads = pymupdf.paper_rect("a4-l"), io.BytesIO(), list[dict[str, Any]]()
    room = paper + (_MARGIN_PT, _MARGIN_PT, -_MARGIN_PT, -_MARGIN_PT)
    writer = pymupdf.DocumentWriter(written)
    for part in _parts(statement):
        story, more, places = pymupdf.Story(part, user_css=_STYLE), True, dict[str, Any]()
        while more:
            more, _ = story.place(room)
            story.element_positions(_noting(places))
            story.draw(writer.begin_page(paper))
            writer.end_page()
            heads.append(places)
    writer.close()
    with pymupdf.open(stream=written.getvalue()) as document:
        document.set_metadata({"title": f"BILT points of {statement.name}", "author": "ARXOS"})
        for number, places in enumerate(heads):
            goes_on = number > 0 and places is heads[number - 1]
            _frame(document[number], room, places if goes_on else {})
        document.subset_fonts()
        return bytes(document.tobytes(garbage=3, deflate=True))


def _parts(statement: Statement) -> Iterator[str]:
    """As HTML, each to begin on a page of its own."""
    since = statement.first.isoformat() if statement.first else "the beginning"
    told = f"""
        <h1>{_told(f"BILT points of {statement.name}")}</h1>
        <p>From {since} to {statement.last.isoformat()}, days in UTC</p>
        <p>Posted before: {statement.opening} &#160; Posted after: {statement.closing}</p>
        """
    heads = "".join(f'<th id="{place}">{_told(word)}</th>' for place, word in enumerate(_SHOWN))
    for begin in range(0, max(1, len(statement.lines)), LINES_AT_ONCE):
        some = (_cells(line) for line in statement.lines[begin : begin + LINES_AT_ONCE])
        rows = "".join(f"<tr>{''.join(f'<td>{_told(cell)}</td>' for cell in cells)}</tr>" for cells in some)
        yield f"{told if begin == 0 else ''}<table><tr>{heads}</tr>{rows}</table>"


def _cells(line: Line) -> tuple[str, ...]:
    return (
        line.at[:16].replace("T", "\N{NO-BREAK SPACE}"), line.what, line.reason, f"{line.rule}, version {line.version}",
        f"{line.pending:+d}", f"{line.posted:+d}", str(line.balance),
    )  # fmt: skip


def _told(text: str) -> str:
    return _LIGATURE.sub("f<b></b>", escape(text))


def _noting(places: dict[str, Any]) -> Any:
    def note(at: Any) -> None:
        if at.id:
            places.setdefault(at.id, at.rect)

    return note


def _frame(page: Any, room: Any, heads: dict[str, Any]) -> None:
    """Its number, and the headings again above a table that goes on."""
    page.insert_text((room.x1 - 30, room.y1 + 18), f"page {page.number + 1}", fontsize=_TEXT_PT)
    for id, place in heads.items():
        page.insert_text((place[0], room.y0 - 6), _SHOWN[int(id)], fontsize=_TEXT_PT, fontname="hebo")
