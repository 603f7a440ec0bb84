"""`/healthz` (the process answers), `/readyz` (so do the parts it needs), `/-/versions`."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import anyio.to_thread
from litestar import Response, Router, get

from arxos_sync.messages import PROTOCOL
from arxos_sync.problems import Problem

from ..accounts.people import reading
from ..given import Given
from ..notifications.letters import standing
from ..parts import Parts

_SHOWN = ("litestar", "uvicorn", "msgspec", "psycopg", "pysqlite3-binary", "redis")


@get("/healthz", summary="Is the process alive?")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@get("/readyz", summary="Can it serve?")
async def readyz(parts: Given) -> Response[dict[str, Any]]:
    """200 `ok`, 200 `degraded` (Redis is away: live hints are polled), 503 `down` (no store)."""
    store, mail = await anyio.to_thread.run_sync(_store, parts)
    redis = "unused" if parts.settings.redis_url is None else "away" if parts.bus.degraded else "ok"
    status = "down" if store != "ok" else "degraded" if redis == "away" else "ok"
    body = {"status": status, "store": store, "redis": redis, "mail": mail}
    return Response(body, status_code=503 if status == "down" else 200)


def _store(parts: Parts) -> tuple[str, str]:
    """Whether it answers, and how its letters fare."""
    try:
        with reading(parts.store) as sql:
            return "ok", standing(sql, parts.settings)
    except Problem as problem:
        return problem.detail or problem.code, "unknown"


@get("/-/versions", summary="What is running")
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


router = Router("/", route_handlers=[healthz, readyz, versions], tags=["operations"])
