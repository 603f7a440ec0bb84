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
from ..parts import Parts
from ..told import told

_SHOWN = ("litestar", "uvicorn", "msgspec", "psycopg", "pysqlite3-binary", "redis")


@get("/healthz", summary="Is the process alive?", **told("anonymous"))
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@get("/readyz", summary="Can it serve?", **told("anonymous"))
async def readyz(parts: Given) -> Response[dict[str, Any]]:
    """200 `ok`, 200 `degraded` (Redis is away: live hints are polled), 503 `down` (no store)."""
    store = await anyio.to_thread.run_sync(_store, parts)
    redis = "unused" if parts.settings.redis_url is None else "away" if parts.bus.degraded else "ok"
    status = "down" if store != "ok" else "degraded" if redis == "away" else "ok"
    body = {"status": status, "store": store, "redis": redis}
    return Response(body, status_code=503 if status == "down" else 200)


def _store(parts: Parts) -> str:
    try:
        with reading(parts.store) as sql:
            sql.rows("select 1 as one")
    except Problem as problem:
        return problem.detail or problem.code
    return "ok"


@get("/-/versions", summary="What is running", **told("anonymous"))
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
