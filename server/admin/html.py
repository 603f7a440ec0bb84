"""HTML whose texts are escaped: `fill('<td>{name}</td>', name=…)`. Only what `fill` made goes in as HTML."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any, LiteralString


class Html(str):
    """Made by `fill` or `joined`, and by nothing else."""


def fill(template: LiteralString, /, **values: Any) -> Html:
    return Html(template.format_map({name: _safe(value) for name, value in values.items()}))


def joined(parts: Iterable[Html]) -> Html:
    return Html("".join(parts))


def _safe(value: Any) -> str:
    return value if isinstance(value, Html) else escape("" if value is None else str(value), quote=True)
