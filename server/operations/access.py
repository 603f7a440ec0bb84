"""A line in the log for every request, and its time in the metrics.

The line tells the route, not the address: no query, no token, no body can be in it. A request brings its id
(`X-Request-Id`) or gets one, and finds it in the answer; every line written meanwhile, in whichever thread, has it.
"""

from __future__ import annotations

import re
import time

import structlog
from litestar.datastructures import MutableScopeHeaders
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from ..parts import new_id
from . import metrics, telling

HEADER = "x-request-id"
_GIVEN = re.compile(r"[A-Za-z0-9._:-]{1,128}\Z")
_QUIET = frozenset(("/healthz", "/readyz", "/metrics"))
_log = structlog.get_logger("arxos.access")


def access(app: ASGIApp) -> ASGIApp:
    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await app(scope, receive, send)
            return
        id, begun, status = _id(scope), time.perf_counter(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableScopeHeaders(message)["X-Request-Id"] = id
            elif message["type"] == "websocket.close":
                status = message["code"]
            await send(message)

        with telling.about(request=id) as facts:
            try:
                await app(scope, receive, sending)
            finally:
                _tell(scope, status, time.perf_counter() - begun, facts)

    return run


def _id(scope: Scope) -> str:
    given = next((value.decode("latin-1") for name, value in scope["headers"] if name == HEADER.encode()), "")
    return given if _GIVEN.match(given) else new_id()


def _tell(scope: Scope, status: int, took_s: float, facts: dict[str, str]) -> None:
    route = scope.get("path_template") or "?"
    method = scope["method"] if scope["type"] == "http" else "WEBSOCKET"  # type: ignore[typeddict-item]
    if method != "WEBSOCKET":
        metrics.requests.labels(method, route, str(status)).observe(took_s)
    building = (scope.get("path_params") or {}).get("building")
    if building is not None:
        facts = facts | {"building": str(building)}
    say = _log.debug if route in _QUIET else _log.info
    say("request", method=method, route=route, status=status, ms=round(took_s * 1000, 1), **facts)
