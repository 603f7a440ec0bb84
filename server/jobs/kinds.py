"""The kinds of jobs there are, and the rounds that do them: every second what waits, every day a backup and a tidying.

The daily ones are jobs as well, with an id that follows from the day: of all processes that ask, one makes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from arxos_sync.problems import Problem

from ..accounts.people import reading
from ..parts import Parts, derived_id, now
from .rounds import Round
from .work import LOOK_S, Kind, Working, work

LOOK_FOR_DAY_S = 300.0


def _back_up(parts: Parts, working: Working) -> Any:
    from ..operations.backup import back_up

    return msgspec.to_builtins(back_up(parts, _backup_dir(parts), working.went))


def _drill(parts: Parts, working: Working) -> Any:
    from ..operations.backup import newest
    from ..operations.restore import drill

    file = newest(_backup_dir(parts))
    if file is None:
        raise Problem("not_found", "There is no backup yet.")
    drilled = drill(parts.settings, file)
    if not drilled.ok:
        raise Problem("internal", drilled.line())
    return {"file": drilled.file, "counts": drilled.counts, "buildings": len(drilled.verified)}


def _prune(parts: Parts, working: Working) -> Any:
    from ..operations.prune import prune

    return msgspec.to_builtins(prune(parts))


def _verify(parts: Parts, working: Working) -> Any:
    from ..operations.verify import scopes_of, verify

    scopes = [working.job.building_id] if working.job.building_id else list(scopes_of(parts))
    differing: dict[str, list[str]] = {}
    for done, scope in enumerate(scopes):
        found = verify(parts, scope)
        differing |= {} if found.ok else {scope: found.differing}
        working.went((done + 1) / len(scopes))
    if differing:
        raise Problem("internal", f"Digests differ: {differing}")
    return {"buildings": len(scopes)}


def _snapshot(parts: Parts, working: Working) -> Any:
    assert working.job.building_id is not None
    made = parts.snapshots.build(working.job.building_id, parts.catalogue.schema)
    try:
        size = made.file.stat().st_size
    except FileNotFoundError:  # newer ones have taken its place already
        size = None
    return {"sequence": made.sequence, "bytes": size}


def _export(parts: Parts, working: Working) -> Any:
    from ..exports.job import run

    return run(parts, working)


def _backup_dir(parts: Parts) -> Any:
    return parts.settings.backup_dir or parts.settings.data_dir / "backups"


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("backup", "admin", _back_up),
        Kind("restore-drill", "admin", _drill),
        Kind("prune", "admin", _prune),
        Kind("verify", "admin", _verify),
        Kind("snapshot", "viewer", _snapshot),
        Kind("export", "own", _export),
    )
}


def do_what_waits(parts: Parts) -> None:
    if parts.settings.jobs == "serve":
        work(parts, KINDS)


def ask_for_the_day(parts: Parts) -> None:
    """Today's backup and tidying, where nobody has asked yet."""
    if parts.settings.backup_dir is None:
        return
    today = now()[:10]
    wanted = {derived_id("job", kind, today): kind for kind in ("backup", "prune")}
    with reading(parts.store) as sql:
        known = {id for id in wanted if sql.rows("select id from job where id = :id", id=id)}
    for id, kind in wanted.items():
        if id not in known:
            with parts.store.tables() as sql:
                sql.run(
                    """
                    insert into job (id, kind, state, arguments, progress, created_at, tries)
                    values (:id, :kind, 'waiting', :arguments, 0, :now, 0)
                    on conflict (id) do nothing
                    """,
                    id=id, kind=kind, arguments={"day": today}, now=now(),
                )  # fmt: skip


def last_backup(parts: Parts) -> dict[str, Any] | None:
    """State, time and problem of the last one that has ended."""
    with reading(parts.store) as sql:
        found = sql.rows(
            """
            select state, finished_at, problem
            from job
            where kind = 'backup' and finished_at is not null and state <> 'cancelled'
            order by finished_at desc
            limit 1
            """
        )
    return {**found[0], "finished_at": str(found[0]["finished_at"])} if found else None


ROUNDS = (Round("jobs", LOOK_S, do_what_waits), Round("the day's jobs", LOOK_FOR_DAY_S, ask_for_the_day))
