"""Jobs: pieces of work that outlast a request, kept in the database, done by whichever process is free.

The table is the queue (docs/decisions/0021), so a job that was taken is not lost with Redis or a process. Whoever works
at one holds it for `HELD_S` and says so again meanwhile; where the holder died the job is taken up anew, `TRIES_MAX`
times in all, so what a kind does must be harmless done twice.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, LiteralString

import msgspec
import structlog

from arxos_sync.problems import Problem
from arxos_sync.store import Sql

from ..accounts.people import LOT, in_lots, reading
from ..operations import drain, telling
from ..parts import instant, new_id, now, now_ms
from ..sync.devices import as_json

if TYPE_CHECKING:
    from ..parts import Parts

HELD_S = 60
TRIES_MAX = 3
LOOK_S = 1.0
_PROCESS = new_id()
_log = structlog.get_logger("arxos.jobs")


class Kind(msgspec.Struct, frozen=True):
    """`who` may ask for one: an administrator, or who may read the building it is about; `own`: by a route of its own
    alone. `run` answers the result.
    """

    name: str
    who: Literal["admin", "viewer", "own"]
    run: Callable[[Parts, Working], Any]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    kind: str
    state: str
    user_id: str | None = None
    building_id: str | None = None
    arguments: Any = None
    progress: float | None = None
    result: Any = None
    created_at: str
    started_at: str | None = None
    finished_at: str | None = None
    problem: str | None = None


class Stopped(Exception):
    """The job is to end: somebody cancelled it, or the process is being stopped (`again`: another takes it up)."""

    def __init__(self, again: bool) -> None:
        super().__init__("to be taken up again" if again else "cancelled")
        self.again = again


class Working:
    """A job as its kind sees it. `went(0.4)` says how far it has come and raises Stopped where it should end.

    What it has so far is the result until there is one.
    """

    def __init__(self, parts: Parts, job: Job) -> None:
        self.job, self._parts = job, parts
        self._said, self._at = 0.0, 0.0

    def went(self, share: float, so_far: Any = None) -> None:
        if drain.begun():
            raise Stopped(again=True)
        if time.monotonic() < self._at + 0.5 and share < 1.0:
            return
        self._said, self._at = max(self._said, min(share, 1.0)), time.monotonic()
        if not self.held(self._said):
            raise Stopped(again=False)
        if so_far is not None:
            with self._parts.store.tables() as sql:
                sql.run(_SO_FAR, id=self.job.id, process=_PROCESS, so_far=msgspec.json.encode(so_far).decode())
        tell(self._parts, msgspec.structs.replace(self.job, progress=self._said, result=so_far))

    def held(self, share: float | None = None) -> bool:
        """Hold it longer; whether it is still this process's and nobody has cancelled it."""
        with self._parts.store.tables() as sql:
            return bool(
                sql.run(
                    """
                    update job
                    set held_until = :until, progress = coalesce(:share, progress)
                    where id = :id and held_by = :process and state = 'running' and cancel_at is null
                    """,
                    id=self.job.id, process=_PROCESS, until=instant(now_ms() + HELD_S * 1000), share=share,
                )
            )  # fmt: skip


# ---------------------------------------------------------------- asking


def ask(
    sql: Sql,
    kind: str,
    *,
    user_id: str | None = None,
    building_id: str | None = None,
    arguments: Any = None,
    id: str | None = None,
) -> str:
    """One more job; answers its id."""
    id = id or new_id()
    sql.run(
        """
        insert into job (id, kind, state, user_id, building_id, arguments, progress, created_at, tries)
        values (:id, :kind, 'waiting', :user_id, :building_id, :arguments, 0, :now, 0)
        """,
        id=id, kind=kind, user_id=user_id, building_id=building_id,
        arguments=msgspec.json.encode(arguments or {}).decode(), now=now(),
    )  # fmt: skip
    return id


def find(sql: Sql, id: str) -> Job | None:
    found = sql.rows(
        """
        select id, kind, state, user_id, building_id, arguments, progress, result, created_at, started_at,
               finished_at, problem
        from job
        where id = :id
        """,
        id=id,
    )
    return job_of(found[0]) if found else None


def job_of(row: Mapping[str, Any]) -> Job:
    ids = {name: str(row[name]) if row[name] else None for name in ("user_id", "building_id")}
    json = {name: as_json(row[name]) for name in ("arguments", "result")}
    times = {name: row[name] and str(row[name]) for name in ("created_at", "started_at", "finished_at")}
    return msgspec.convert({**row, "id": str(row["id"]), **ids, **json, **times}, Job)


def cancel(sql: Sql, id: str) -> None:
    """One that waits ends now; one that runs where it next says how far it is."""
    at = now()
    sql.run(
        """
        update job
        set state = 'cancelled', cancel_at = :at, finished_at = :at
        where id = :id and state = 'waiting'
        """,
        id=id, at=at,
    )  # fmt: skip
    sql.run("update job set cancel_at = :at where id = :id and state = 'running' and cancel_at is null", id=id, at=at)


def tell(parts: Parts, job: Job | None) -> None:
    """Whoever asked for it hears how it stands, on their sockets. A hint: what is true stands in the row."""
    if job is not None and job.user_id is not None:
        said = {
            "id": job.id, "kind": job.kind, "building_id": job.building_id, "state": job.state,
            "progress": job.progress, "result": job.result, "problem": job.problem,
        }  # fmt: skip
        parts.bus.announce_person_apart(job.user_id, "job.progress", said)


# ---------------------------------------------------------------- doing


def work(parts: Parts, kinds: Mapping[str, Kind]) -> int:
    """Do what waits, one after the other; answers how many were done."""
    done = 0
    while not drain.begun() and (job := _take(parts, kinds)) is not None:
        do(parts, kinds, job)
        done += 1
    return done


def do(parts: Parts, kinds: Mapping[str, Kind], job: Job) -> None:
    working = Working(parts, job)
    tell(parts, job)
    with telling.about(job=job.id), _holding(working):
        try:
            result = kinds[job.kind].run(parts, working)
        except Stopped as stopped:
            _end(parts, job, "waiting" if stopped.again else "cancelled")
        except Exception as error:
            _log.error("a job failed", kind=job.kind, exc_info=error)
            said = f"{error.code}: {error.detail}" if isinstance(error, Problem) else f"{type(error).__name__}: {error}"
            _end(parts, job, "failed", problem=said[:500])
        else:
            _log.info("a job is done", kind=job.kind)
            _end(parts, job, "done", result=result)


@contextlib.contextmanager
def _holding(working: Working) -> Iterator[None]:
    """Say again and again that somebody is at it, however long a step takes."""
    over = threading.Event()

    def say() -> None:
        while not over.wait(HELD_S / 3):
            with contextlib.suppress(Problem):
                working.held()

    thread = threading.Thread(target=say, name="holding a job", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _take(parts: Parts, kinds: Mapping[str, Kind]) -> Job | None:
    """The oldest of a kind that is known here and that nobody is at, if this process gets it."""
    at = now()
    with reading(parts.store) as sql:
        waiting = [row for some in in_lots(kinds) for row in sql.rows(_FREE, now=at, **some)]
    if not waiting:
        return None
    until = instant(now_ms() + HELD_S * 1000)
    with parts.store.tables() as sql:
        sql.run(_GIVE_UP, now=at, most=TRIES_MAX)
        sql.run(_END_CANCELLED, now=at)
        for row in waiting:
            if sql.run(_TAKE, id=str(row["id"]), process=_PROCESS, until=until, now=at, most=TRIES_MAX):
                return find(sql, str(row["id"]))
    return None


def _end(parts: Parts, job: Job, state: str, result: Any = None, problem: str | None = None) -> None:
    with parts.store.tables() as sql:
        sql.run(
            """
            update job
            set state = :state, result = :result, problem = :problem, finished_at = :finished,
                progress = case when :state = 'done' then 1 else progress end,
                tries = case when :state = 'waiting' then tries - 1 else tries end,
                held_by = null, held_until = null
            where id = :id and held_by = :process
            """,
            id=job.id, process=_PROCESS, state=state, problem=problem,
            result=None if result is None else msgspec.json.encode(result).decode(),
            finished=None if state == "waiting" else now(),
        )  # fmt: skip
        ended = find(sql, job.id)
    tell(parts, ended)


_SO_FAR = """
    update job
    set result = :so_far
    where id = :id and held_by = :process and state = 'running'
    """
_FREE: LiteralString = f"""
    select id
    from job
    where kind in ({LOT}) and (state = 'waiting' or (state = 'running' and held_until <= :now))
    order by created_at, id
    limit 20
    """
_TAKE = """
    update job
    set state = 'running', held_by = :process, held_until = :until, tries = tries + 1,
        started_at = coalesce(started_at, :now)
    where id = :id and tries < :most
      and (state = 'waiting' or (state = 'running' and held_until <= :now))
    """
_GIVE_UP = """
    update job
    set state = 'failed', finished_at = :now, problem = 'the process that was at it ended, each time',
        held_by = null, held_until = null
    where state = 'running' and held_until <= :now and tries >= :most
    """
_END_CANCELLED = """
    update job
    set state = 'cancelled', finished_at = :now, held_by = null, held_until = null
    where state = 'running' and held_until <= :now and cancel_at is not null
    """
