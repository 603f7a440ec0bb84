"""What can go wrong, as one tree.

    Problem                    code, title, hint, status, whether trying again can help
    ├── Refused                one change of a transaction; its place comes along
    └── Unreadable             a request that is not as PROTOCOL.md has it, with the path of each bad value

Codes are never renamed; `schemas/problems.json` holds their titles and hints and is handed in by `define`,
so that the engine itself opens no file.
"""

from __future__ import annotations

import msgspec


class Kind(msgspec.Struct, frozen=True):
    status: int
    title: str
    hint: str
    retry: bool = False


_kinds: dict[str, Kind] = {}


def define(kinds: dict[str, Kind]) -> None:
    """Take in the codes of `schemas/problems.json` (done once, by `schemas`)."""
    _kinds.update(kinds)


def kind(code: str) -> Kind:
    return _kinds.get(code) or Kind(500, code, "")


class Problem(Exception):
    """`code` is stable; `detail` says what happened here; `hint` what the person can do."""

    def __init__(self, code: str, detail: str = "", *, hint: str | None = None, retry_after_s: int | None = None):
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.hint = hint if hint is not None else kind(code).hint
        self.retry_after_s = retry_after_s


class Unreadable(Problem):
    """A request of the wrong shape (422 `invalid`). `errors` pairs each path with what is wrong there."""

    def __init__(self, errors: list[tuple[str, str]], code: str = "invalid"):
        super().__init__(code, "; ".join(f"{path}: {what}" for path, what in errors))
        self.errors = errors


class Refused(Problem):
    """One change cannot be taken; the transaction it is in is rejected as a whole."""

    def __init__(self, code: str, detail: str = "", *, field: str | None = None, change: int = 0):
        super().__init__(code, detail)
        self.field = field
        self.change = change

    def at(self, change: int) -> Refused:
        self.change = change
        return self
