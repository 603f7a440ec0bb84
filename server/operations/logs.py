"""Whatever opens something is blotted out of the log on its way.

The last processor before a line is written: nobody need remember at a hundred calls what must not be logged. What has
a secret's name goes whole; in any other text what looks like a token, a password in an address or in JSON does.
"""

from __future__ import annotations

import re
from typing import Any

BLOT = "[redacted]"
_NAMED = re.compile(
    r"pass(word|phrase|wd)?|secret|token|authorization|cookie|csrf|api_?key|private_?key|refresh|totp|otp"
    r"|recovery|credential|signature",
    re.IGNORECASE,
)
_NAME = r"[\w-]*(?:pass(?:word|phrase|wd)|secret|token|authorization|cookie|csrf|api_?key|totp|code)[\w-]*"
_TEXT = (
    (re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]+"), BLOT),  # a JWT
    (re.compile(r"\b[0-9a-f-]{36}\.\d{1,9}\.[0-9a-f]{64}\b"), BLOT),  # a refresh token
    (re.compile(r"\b(?:whsec_|sk-)[\w+/=-]{8,}"), BLOT),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.+/=~-]{8,}"), rf"\1 {BLOT}"),
    (re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]+@"), rf"\1:{BLOT}@"),
    (re.compile(rf"""(?i)(["']{_NAME}["']\s*:\s*)(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""), rf'\1"{BLOT}"'),
    (re.compile(rf"(?i)\b({_NAME})=[^\s&;,'\"]+"), rf"\1={BLOT}"),
)  # fmt: skip
_DEPTH_MAX = 6


def redacted(_: Any, __: str, event: Any) -> Any:
    """A processor of structlog's."""
    return {name: _value(name, value, 0) for name, value in event.items()}


def _value(name: str, value: Any, depth: int) -> Any:
    if isinstance(value, bool | int | float | None):
        return value
    if _NAMED.search(name):
        return BLOT
    if depth > _DEPTH_MAX:
        return "…"
    match value:
        case dict():
            return {str(n): _value(str(n), v, depth + 1) for n, v in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_value("", one, depth + 1) for one in value]
        case bytes():
            return clean(value.decode("latin-1"))
    return clean(str(value))


def clean(text: str) -> str:
    for pattern, instead in _TEXT:
        text = pattern.sub(instead, text)
    return text
