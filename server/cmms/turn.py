"""A turn of a connection: first what changed there comes in, then what changed here goes out; each has its share of the
time, so that much of the one does not hold up the other.

One process is at a connection at a time. What a turn did is written with it, so one that was killed, or ended because
the other side is away, is gone on with. A turn that failed is tried again later and later, or when they say; `problem`
tells people why.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import msgspec
import structlog

from arxos_sync.problems import Problem

from ..accounts.people import person_of, reading
from ..outbound import Resolve, read_allowed, resolve
from ..parts import Parts, instant, new_id, now_ms
from ..sealed import unseal
from .connections import mappings_of, pause, write_log
from .inward import receive
from .outward import tell
from .rest_system import RestSystem
from .tie import Figures, NotTheirs, Tie, demand_standing

TURN_EVERY_S = 60
AGAIN_S = 10  # where something was changed on both sides
RETRY_S = (30, 2 * 60, 10 * 60, 30 * 60, 3600)
JITTER = 0.2
IN_S_MAX = 6  # of a turn
TURN_S_MAX = 10  # what is left is for the next turn, at once
HELD_S = 300  # a turn and the longest wait after its time was over
EVERY_S = 5.0
TURNERS = 2
_log = structlog.get_logger("arxos.cmms")


class Turned(msgspec.Struct, frozen=True):
    """`state`: done, failed, or busy (another process is at it)."""

    state: str
    figures: Figures
    problem: str | None = None


def take_turn(
    parts: Parts, id: str, clock: Callable[[], int] = now_ms, resolver: Resolve = resolve
) -> Turned:
    process = new_id()
    row = _hold(parts, id, process, clock())
    if row is None:
        return Turned("busy", Figures())
    figures = Figures()
    problem, wait_s = "the server made a mistake; its log says which", float(RETRY_S[0])
    try:
        whole = _run(parts, row, figures, clock, resolver)
        problem, wait_s = "", (AGAIN_S if figures.waiting else TURN_EVERY_S) if whole else 0
    except NotTheirs:
        problem = "who stands for it may not write in the building any more"
        with parts.store.tables() as sql:
            pause(sql, id, problem)
    except Problem as error:
        problem = f"{error.code}: {error.detail}"
        wait_s = _wait_s(row["tries"] or 0, error.retry_after_s)
    finally:
        _let_go(parts, id, process, problem, instant(clock() + int(wait_s * 1000)))
    return Turned("failed" if problem else "done", figures, problem or None)


def _wait_s(tries: int, asked_s: int | None) -> float:
    wait_s = RETRY_S[min(tries, len(RETRY_S) - 1)] * (1 + JITTER * (2 * random.random() - 1))
    return max(wait_s, asked_s or 0)


def _run(parts: Parts, row: dict[str, Any], figures: Figures, clock: Callable[[], int], resolver: Resolve) -> bool:
    """Answers whether it came to the end of both ways."""
    began = clock()
    tie = _tie(parts, row, figures, clock, resolver, lambda: clock() >= began + IN_S_MAX * 1000)
    came = receive(tie, row["heard_to"])
    tie = msgspec.structs.replace(tie, over=lambda: clock() >= began + TURN_S_MAX * 1000)
    return tell(tie, row["sent_to"] or 0) and came


def _tie(
    parts: Parts,
    row: dict[str, Any],
    figures: Figures,
    clock: Callable[[], int],
    resolver: Resolve,
    over: Callable[[], bool],
) -> Tie:
    with reading(parts.store) as sql:
        found = sql.rows(
            """select id, email, name, is_admin from "user" where id = :id and disabled_at is null""",
            id=row["created_by"],
        )
        mappings = mappings_of(sql, row["id"])
    person = demand_standing(person_of(found[0]) if found else None)
    secret = unseal(parts.tokens, row["secret"]) if row["secret"] else None
    system = RestSystem(row["url"], secret, read_allowed(parts.settings.outbound_allow), clock, resolver)
    name = row["name"] or row["id"]
    return Tie(parts, row["id"], name, row["building_id"], person, mappings, system, over, figures)


def sync_due(parts: Parts) -> None:
    """A round: the connections whose turn it is, for a while."""
    until = time.monotonic() + TURN_S_MAX
    while time.monotonic() < until and (id := due(parts)) is not None:
        turned = take_turn(parts, id)
        if turned.state == "failed":
            _log.warning("a turn failed", connection=id, problem=turned.problem)


def due(parts: Parts) -> str | None:
    with reading(parts.store) as sql:
        found = sql.rows(_DUE, now=instant(now_ms()))
    return str(found[0]["id"]) if found else None


def ask(parts: Parts, row: dict[str, Any]) -> None:
    """Whether they answer as they should; nothing is taken. Raises Problem."""
    _tie(parts, row, Figures(), now_ms, resolve, lambda: True).system.changed(None)


def _hold(parts: Parts, id: str, process: str, ms: int) -> dict[str, Any] | None:
    with parts.store.tables() as sql:
        held = sql.run(_HOLD, id=id, process=process, now=instant(ms), until=instant(ms + HELD_S * 1000))
        return sql.rows("select * from cmms_connection where id = :id", id=id)[0] if held else None


def _let_go(parts: Parts, id: str, process: str, problem: str, again: str) -> None:
    with parts.store.tables() as sql:
        if problem:
            write_log(sql, id, "both", "failed", problem=problem)
        sql.run(_WENT_WRONG if problem else _WENT_WELL, id=id, process=process, again=again, problem=problem or None)


_DUE = """
    select id from cmms_connection
    where paused_at is null
      and (next_turn_at is null or next_turn_at <= :now)
      and (held_until is null or held_until <= :now)
    order by coalesce(next_turn_at, ''), id
    limit 1
    """
_HOLD = """
    update cmms_connection
    set held_by = :process, held_until = :until
    where id = :id and (held_until is null or held_until <= :now)
    """
_WENT_WELL = """
    update cmms_connection
    set held_by = null, held_until = null, next_turn_at = :again, tries = 0, problem = :problem
    where id = :id and held_by = :process
    """
_WENT_WRONG = """
    update cmms_connection
    set held_by = null, held_until = null, next_turn_at = :again, tries = coalesce(tries, 0) + 1, problem = :problem
    where id = :id and held_by = :process
    """
