"""The job that makes an export, and the round that keeps what was made for a week.

The file is written beside its name and given it whole. A job that is taken up again after its process died begins anew,
with the building as it is then: half a file of one moment and half of another would be of none.
"""

from __future__ import annotations

from typing import Any

import msgspec

from arxos_sync import limits
from arxos_sync.problems import Problem
from arxos_sync.store import Row, Sql

from ..accounts.people import person_of, reading, role_in
from ..jobs import work
from ..jobs.rounds import Round
from ..parts import Parts, instant, new_id, now, now_ms
from . import activity
from .making import Filter, Made, make

LOOK_S = 20.0
_DAY_MS = 86_400_000


class Arguments(msgspec.Struct, frozen=True):
    format: str
    storeys: list[str] | None = None
    tables: list[str] | None = None


def name_of(building: str, id: str) -> str:
    """Of the file, where attachments lie."""
    return f"exports/{building}/{id}"


def action_of(id: str) -> str:
    """By which the access log counts downloads."""
    return f"download export {id}"


def run(parts: Parts, working: work.Working) -> dict[str, Any]:
    job = working.job
    assert job.building_id is not None
    before = _made_before(parts, job)
    if before is not None:
        return before
    activity.tell(parts, job.building_id, job.id, state="running")
    try:
        made = _make(parts, working, msgspec.convert(job.arguments, Arguments))
    except work.Stopped as stopped:
        if not stopped.again:
            activity.drop(parts, job.building_id, job.id)
        raise
    except Exception:
        activity.tell(parts, job.building_id, job.id, state="failed", expires_at=_in_a_week())
        raise
    activity.tell(
        parts, job.building_id, job.id, state="done", byte_size=made.bytes, processing_ms=made.processing_ms,
        sequence_exported=made.sequence, expires_at=_in_a_week(),
    )  # fmt: skip
    return _result(made.rows, made.bytes, made.sequence)


def _make(parts: Parts, working: work.Working, asked: Arguments) -> Made:
    job, folder = working.job, parts.settings.data_dir / "exports"
    assert job.building_id is not None
    _demand_reader(parts, job)
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".draft-{new_id()}"

    def went(done: int, total: int) -> None:
        working.went(done / total, {"rows": done, "of": total})

    try:
        made = make(parts, job.building_id, asked.format, Filter(asked.storeys, asked.tables), draft, went)
        parts.attachments.give(name_of(job.building_id, job.id), draft)
    finally:
        draft.unlink(missing_ok=True)
    return made


def _demand_reader(parts: Parts, job: work.Job) -> None:
    """Whoever asked may have lost the building since."""
    assert job.building_id is not None and job.user_id is not None
    with parts.store.read(job.building_id) as reader:
        found = reader.sql.rows('select id, email, name, is_admin from "user" where id = :id and disabled_at is null',
                                id=job.user_id)  # fmt: skip
        if not found or role_in(reader, person_of(found[0]), now()) is None:
            raise Problem("not_found", job.building_id)


def _made_before(parts: Parts, job: work.Job) -> dict[str, Any] | None:
    """The process that was at it died after the last step."""
    assert job.building_id is not None
    with parts.store.read(job.building_id) as reader:
        row = activity.find(reader, job.id)
    if row is None or row.values["state"] != "done":
        return None
    return _result(None, row.values["byte_size"], row.values["sequence_exported"])


def _result(rows: int | None, size: int, sequence: int) -> dict[str, Any]:
    return {"rows": rows, "of": rows, "bytes": size, "sequence": sequence}


def _in_a_week() -> str:
    return instant(now_ms() + limits.EXPORT_KEPT_DAYS * _DAY_MS)


# ---------------------------------------------------------------- what is kept, and how long


def keep_house(parts: Parts) -> None:
    """Rows follow their jobs and say how often their file was fetched; what is over goes, the file first."""
    _forget_files(parts)
    with parts.store.across() as sql:
        buildings = [row["building"] for row in sql.rows(_BUILDINGS)]
    for building in buildings:
        with parts.store.read(building) as reader:
            rows = list(reader.live_rows(activity.TABLE))
        for row in rows:
            _settle(parts, building, row)


def _settle(parts: Parts, building: str, row: Row) -> None:
    with reading(parts.store) as sql:
        job, fetched = work.find(sql, row.id), _fetched(sql, building, row.id)
    state, over = row.values["state"], row.values["expires_at"]
    if over is not None and over < now():
        parts.attachments.remove(name_of(building, row.id))
        activity.drop(parts, building, row.id)
    elif state in ("waiting", "running") and (job is None or job.state == "cancelled"):
        activity.drop(parts, building, row.id)
    elif state in ("waiting", "running") and job is not None and job.state == "failed":
        activity.tell(parts, building, row.id, state="failed", expires_at=_in_a_week())
    else:
        activity.tell(parts, building, row.id, download_count=fetched)


def _fetched(sql: Sql, building: str, id: str) -> int:
    found = sql.rows(
        "select count(*) as fetched from access_log where building_id = :building and action = :action",
        building=building, action=action_of(id),
    )  # fmt: skip
    return int(found[0]["fetched"])


def _forget_files(parts: Parts) -> None:
    """By their jobs, since a building that is deleted takes its rows along, but not the files."""
    before = instant(now_ms() - limits.EXPORT_KEPT_DAYS * _DAY_MS)
    with reading(parts.store) as sql:
        old = sql.rows(
            """
            select id, building_id
            from job
            where kind = 'export' and result is not null and finished_at < :before
            """,
            before=before,
        )
    for row in old:
        parts.attachments.remove(name_of(str(row["building_id"]), str(row["id"])))
        with parts.store.tables() as sql:
            sql.run("update job set result = null where id = :id", id=str(row["id"]))


_BUILDINGS = """
    select distinct cast(building_id as text) as building
    from export_activity
    where deleted is null
    order by building
    """
ROUND = Round("exports", LOOK_S, keep_house)
