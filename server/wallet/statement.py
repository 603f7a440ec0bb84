"""A person's statement: every entry of theirs in a span of days (UTC), with what they had before and after.

CSV for a spreadsheet: a text that a spreadsheet would take for a formula is given an apostrophe before it (OWASP, CSV
Injection). PDF with its text as text (`paper.py`).
"""

from __future__ import annotations

import csv
import datetime
import io
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from arxos_sync.problems import Problem
from arxos_sync.store import Sql
from client_kit.formats import FormatError
from client_kit.formats.limited import read_limited

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
HEADINGS = (
    "when", "entry", "what", "rule", "version", "building", "validation", "reason", "pending", "posted", "balance",
)  # fmt: skip
_PAPER = "server.wallet.paper:set_statement"
AT_ONCE_MAX = 2
CPU_S_MAX = 60


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
    """Set in a process of its own (`paper.py`), which MuPDF needs for itself. Raises Problem `unavailable`."""
    with tempfile.NamedTemporaryFile(prefix="arxos-statement-") as given:
        given.write(msgspec.json.encode(statement))
        given.flush()
        try:
            return read_limited(_PAPER, Path(given.name), bytes, cpu_s=CPU_S_MAX)
        except FormatError as error:
            raise Problem("unavailable", f"The statement was not set: {error}") from error
