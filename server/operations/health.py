"""`/healthz` (the process answers), `/readyz` (so do the parts it needs), `/-/versions`."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import anyio.to_thread
from litestar import Request, Response, Router, get

from arxos_sync.messages import PROTOCOL
from arxos_sync.problems import Problem

from ..accounts.callers import demand_person
from ..accounts.people import reading
from ..given import Caller, Given
from ..jobs.kinds import last_backup
from ..notifications.letters import standing
from ..parts import Parts
from ..told import told
from . import drain
from . import metrics as figures

_LOOPBACK = frozenset(("127.0.0.1", "::1"))
_FORWARDING = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
_SHOWN = ("litestar", "uvicorn", "msgspec", "psycopg", "pysqlite3-binary", "redis")


@get("/healthz", summary="Is the process alive?", **told("anonymous", answered={"status": "ok"}))
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@get(
    "/readyz", summary="Can it serve?",
    **told("anonymous", answered={"status": "ok", "store": "ok", "redis": "ok", "mail": "ok", "backup": "ok"}),
)  # fmt: skip
async def readyz(parts: Given) -> Response[dict[str, Any]]:
    """200 `ok`, 200 `degraded` (Redis is away: live hints are polled; the last backup failed), 503 `down` (no store)
    or `stopping`.
    """
    store, mail = await anyio.to_thread.run_sync(_store, parts)
    redis = "unused" if parts.settings.redis_url is None else "away" if parts.bus.degraded else "ok"
    body = {"store": store, "redis": redis, "mail": mail}
    if parts.settings.backup_dir is not None and store == "ok":
        last = await anyio.to_thread.run_sync(last_backup, parts)
        body["backup"] = "none yet" if last is None else "ok" if last["state"] == "done" else "failed"
    status = "degraded" if redis == "away" or body.get("backup") == "failed" else "ok"
    status = "stopping" if drain.begun() else "down" if store != "ok" else status
    return Response({"status": status} | body, status_code=503 if status in ("down", "stopping") else 200)


@get(
    "/metrics", sync_to_thread=True, summary="For Prometheus", media_type="text/plain",
    **told("admin", "forbidden", answered="arxos_sockets 2.0"),
)  # fmt: skip
def metrics(request: Request[Any, Any, Any], parts: Given, person: Caller) -> Response[bytes]:
    """An administrator reads it, or who asks from this machine itself, not through a proxy on it."""
    if not (_is_from_here(request) or demand_person(person).is_admin):
        raise Problem("forbidden", "Only an administrator reads the metrics.")
    return Response(figures.page(parts), headers={"Content-Type": figures.CONTENT_TYPE, "Cache-Control": "no-store"})


def _is_from_here(request: Request[Any, Any, Any]) -> bool:
    client = request.client.host if request.client else ""
    return client in _LOOPBACK and not any(request.headers.get(name) for name in _FORWARDING)


def _store(parts: Parts) -> tuple[str, str]:
    """Whether it answers, and how its letters fare."""
    try:
        with reading(parts.store) as sql:
            return "ok", standing(sql, parts.settings)
    except Problem as problem:
        return problem.detail or problem.code, "unknown"


@get(
    "/-/versions", summary="What is running",
    **told("anonymous", answered={
        "protocol": 1, "schema": 2, "epoch": "0190a000-0000-7000-8000-0000000000e0", "store": "postgis",
        "python": "3.12.4", "packages": {"litestar": "2.25.0"},
    }),
)  # fmt: skip
async def versions(parts: Given) -> dict[str, Any]:
    return {
        "protocol": PROTOCOL,
        "schema": parts.catalogue.schema,
        "epoch": parts.epoch,
        "store": "postgis" if parts.settings.database_url else "spatialite",
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _SHOWN},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


router = Router("/", route_handlers=[healthz, readyz, metrics, versions], tags=["operations"])
