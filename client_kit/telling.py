"""What a device remembers of its syncs for its person: when all was saved, why the last exchange failed, and what
happened that they have not put away yet (`arxos-device notices --clear` does).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from arxos_sync.status import LastProblem, Notice

from .replica import Home

NOTICES_MAX = 20
Tell = Callable[[str, dict[str, Any]], None]


class Told(msgspec.Struct, frozen=True):
    saved_at: str | None = None
    problem: LastProblem | None = None
    notices: tuple[Notice, ...] = ()


def instant() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read(home: Home) -> Told:
    try:
        return msgspec.json.decode((home.folder / "told.json").read_bytes(), type=Told)
    except FileNotFoundError:
        return Told()


def clear(home: Home) -> tuple[Notice, ...]:
    """Put the notices away; answers them."""
    told = read(home)
    _write(home, msgspec.structs.replace(told, notices=()))
    return told.notices


def remembering(home: Home, tell: Tell) -> Tell:
    """`tell`, with what matters later written down first."""

    def heard(what: str, facts: dict[str, Any]) -> None:
        before = read(home)
        after = _after(before, what, facts)
        if after != before:
            _write(home, after)
        tell(what, facts)

    return heard


def _after(told: Told, what: str, facts: dict[str, Any]) -> Told:
    match what:
        case "badge" if facts["state"] == "saved":
            return msgspec.structs.replace(told, saved_at=instant(), problem=None)
        case "problem":
            problem = LastProblem(facts["code"], facts["detail"], facts["hint"])
            return msgspec.structs.replace(told, problem=problem)
        case "applied" if facts["state"] != "live":
            return msgspec.structs.replace(told, problem=None)
        case "fork":
            return _noted(told, "forked", facts["pending"])
        case "dropped":
            return _noted(told, "revoked", facts["unsent"], facts["scope"], facts.get("name"))
        case "evicted":
            return _noted(told, "evicted", facts["known"], facts["scope"])
    return told


def _noted(
    told: Told,
    what: Literal["forked", "revoked", "evicted"],
    count: int,
    scope: str | None = None,
    name: str | None = None,
) -> Told:
    notice = Notice(what, instant(), scope, name, count)
    return msgspec.structs.replace(told, notices=(*told.notices, notice)[-NOTICES_MAX:])


def _write(home: Home, told: Told) -> None:
    home.write("told.json", msgspec.json.format(msgspec.json.encode(told)), 0o644)
