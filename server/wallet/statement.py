"""A person's statement: every entry of theirs in a span of days (UTC), with what they had before and after.

CSV for a spreadsheet: a text that a spreadsheet would take for a formula is given an apostrophe before it (OWASP, CSV
Injection). PDF with its text as text, in a Latin face; letters that it lacks (Greek, Cyrillic, Chinese, Japanese,
Korean) come in one that PyMuPDF brings along.
"""

from __future__ import annotations

import csv
import datetime
import io
from itertools import groupby
from typing import Any
from xml.sax.saxutils import escape

import msgspec

from arxos_sync.store import Sql

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
HEADINGS = (
    "when", "entry", "what", "rule", "version", "building", "validation", "reason", "pending", "posted", "balance",
)  # fmt: skip
_MARGIN_MM = 15
_WIDE = "Droid Sans Fallback"


class Line(msgspec.Struct, frozen=True):
    """`pending` and `posted`: what the entry changed; `balance`: what was posted after it."""

    at: str
    entry_id: str
    what: str
    rule: str
    version: int
    building_id: str | None
    validation_id: str | None
    reason: str
    pending: int
    posted: int
    balance: int


class Statement(msgspec.Struct, frozen=True):
    name: str
    first: datetime.date | None
    last: datetime.date
    opening: int
    closing: int
    lines: list[Line]


def statement_of(
    sql: Sql, user_id: str, name: str, first: datetime.date | None, last: datetime.date
) -> Statement:
    """`first` and `last` are days that belong to it; without `first` it begins with the first entry."""
    end = (last + datetime.timedelta(days=1)).isoformat()
    begin = first.isoformat() if first else ""
    lines, balance, opening = [], 0, 0
    for row in sql.rows(_ENTRIES, user_id=user_id, end=end):
        balance += int(row["posted"])
        if row["created_at"] < begin:
            opening = balance
            continue
        lines.append(
            Line(
                row["created_at"], row["entry_id"], _what(row), row["reward_rule"], int(row["rule_version"]),
                row["building_id"], row["validation_id"], row["reason"] or "", int(row["pending"]),
                int(row["posted"]), balance,
            )
        )  # fmt: skip
    return Statement(name, first, last, opening, balance, lines)


def _what(row: dict[str, Any]) -> str:
    if row["state"] == "reversal":
        return "taken back" if row["pending"] + row["posted"] <= 0 else "given again"
    return "credited" if row["state"] == "pending" else "posted"


_ENTRIES = """
    select entry_id, created_at, state, reward_rule, rule_version, building_id, validation_id, reason,
        sum(case when account <> 'pending' then 0 when side = 'credit' then points else -points end) as pending,
        sum(case when account <> 'posted' then 0 when side = 'credit' then points else -points end) as posted
    from ledger
    where user_id = :user_id and created_at < :end
    group by entry_id, created_at, state, reward_rule, rule_version, building_id, validation_id, reason
    order by min(number)
    """


# ---------------------------------------------------------------- CSV


def as_csv(statement: Statement) -> bytes:
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(HEADINGS)
    for line in statement.lines:
        rows.writerow([_safe(value) for value in msgspec.structs.astuple(line)])
    return b"\xef\xbb\xbf" + written.getvalue().encode()  # the mark by which spreadsheets know UTF-8


def _safe(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


# ---------------------------------------------------------------- PDF


def as_pdf(statement: Statement) -> bytes:
    from reportlab.lib.pagesizes import A4, landscape
    from reportlab.lib.units import mm
    from reportlab.platypus import SimpleDocTemplate, Spacer

    written = io.BytesIO()
    document = SimpleDocTemplate(
        written, pagesize=landscape(A4), title="BILT statement", author="ARXOS", leftMargin=_MARGIN_MM * mm,
        rightMargin=_MARGIN_MM * mm, topMargin=_MARGIN_MM * mm, bottomMargin=_MARGIN_MM * mm,
    )  # fmt: skip
    text, head = _styles()
    since = statement.first.isoformat() if statement.first else "the beginning"
    document.build(
        [
            _paragraph(f"BILT points of {statement.name}", head),
            _paragraph(f"From {since} to {statement.last.isoformat()}, days in UTC", text),
            _paragraph(f"Posted before: {statement.opening}    Posted after: {statement.closing}", text),
            Spacer(1, 4 * mm),
            _table(statement, text),
        ],
        onFirstPage=_number,
        onLaterPages=_number,
    )
    return written.getvalue()


def _styles() -> tuple[Any, Any]:
    """Faces that libraries bring along, so that they are there in every place."""
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    for name in ("Vera", "VeraBd"):
        pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
    text = ParagraphStyle("text", fontName="Vera", fontSize=7, leading=9)
    return text, ParagraphStyle("head", fontName="VeraBd", fontSize=13, leading=18)


def _paragraph(text: str, style: Any) -> Any:
    from reportlab.pdfbase.pdfmetrics import getFont
    from reportlab.platypus import Paragraph

    known = getFont(style.fontName).face.charToGlyph
    runs = [(has, "".join(some)) for has, some in groupby(text, lambda letter: ord(letter) in known)]
    if not all(has for has, _ in runs):
        _wide_face()
    told = (escape(run) if has else f'<font name="{_WIDE}">{escape(run)}</font>' for has, run in runs)
    return Paragraph("".join(told), style)


def _wide_face() -> None:
    import pymupdf
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    if _WIDE not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(_WIDE, io.BytesIO(pymupdf.Font("cjk").buffer)))


def _table(statement: Statement, text: Any) -> Any:
    from reportlab.lib import colors
    from reportlab.platypus import LongTable

    shown = [("When (UTC)", "What", "Why", "Rule", "Pending", "Posted", "Balance")]
    rows: list[Any] = [[_paragraph(word, text) for word in shown[0]]]
    for line in statement.lines:
        cells = (
            line.at[:16].replace("T", " "), line.what, line.reason, f"{line.rule}, version {line.version}",
            f"{line.pending:+d}", f"{line.posted:+d}", str(line.balance),
        )  # fmt: skip
        rows.append([_paragraph(cell, text) for cell in cells])
    table = LongTable(rows, colWidths=[85, 60, 300, 150, 50, 50, 55], repeatRows=1)
    table.setStyle([("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.grey), ("VALIGN", (0, 0), (-1, -1), "TOP")])
    return table


def _number(canvas: Any, document: Any) -> None:
    canvas.setFont("Vera", 7)
    canvas.drawRightString(document.pagesize[0] - 42, 24, f"page {document.page}")
