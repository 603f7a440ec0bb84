"""What every request passes before a route is looked for, and every answer on its way out.

Who it comes from (a proxy's word for it counts where the proxy was named), whether it means this server, whether a
page of somebody else's sent it, and whether that address has asked too often. Answers get the headers that keep a
browser safe, also those that the framework gives by itself.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from litestar import Litestar
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from arxos_sync.problems import Problem

from ..settings import Settings
from .answers import as_bytes
from .headers import missing
from .limits import kind_of

_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
_ASKED_BY_ADDRESS = ("/healthz", "/readyz")  # by balancers, which name the machine and not the server
_SAFE = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))


def gated(app: Litestar, settings: Settings) -> ASGIApp:
    """The app behind its gate; X-Forwarded-For and -Proto count from the proxies that were named."""
    gate: Any = Gate(app, settings)
    return ProxyHeadersMiddleware(gate, trusted_hosts=settings.proxies) if settings.proxies else gate


class Gate:
    def __init__(self, app: Litestar, settings: Settings) -> None:
        self._app, self._settings, self._hosts = app, settings, settings.hosts
        self._ours = urlsplit(settings.public_url).netloc.lower() if settings.public_url else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        try:
            await self._demand(scope)
        except Problem as problem:
            await _refuse(problem, scope, receive, self._outward(scope, send))
            return
        await self._app(scope, receive, self._outward(scope, send) if scope["type"] == "http" else send)

    async def _demand(self, scope: Any) -> None:
        given = dict(scope["headers"])
        host = given.get(b"host", b"").decode("latin-1").lower()
        if self._hosts and _name(host) not in self._hosts | _LOOPBACK and scope["path"] not in _ASKED_BY_ADDRESS:
            raise Problem("wrong_host", f"This server is not called {host[:200]}.")
        method = scope.get("method", "GET")
        origin = given.get(b"origin")
        unsafe = method not in _SAFE or scope["type"] == "websocket"
        if origin is not None and unsafe:
            sender = _place(origin.decode("latin-1"))
            if not sender or sender not in (host, self._ours):
                raise Problem("foreign_origin", origin.decode("latin-1")[:200])
        limits = getattr(self._app.state, "limits", None)
        if limits is not None and scope.get("client"):
            await limits.demand_address(scope["client"][0], kind_of(method, scope["path"]))

    def _outward(self, scope: Any, send: Send) -> Send:
        secure = self._settings.secure or scope.get("scheme") == "https"

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", []))
                message["headers"] = [*given, *missing(given, secure)]
            await send(message)

        return with_headers


def _name(host: str) -> str:
    """A host without its port; an IPv6 address without its brackets."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _place(origin: str) -> str:
    """Host and port of an Origin; of `null`, and of what is none, nothing."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


async def _refuse(problem: Problem, scope: Any, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": ""})  # before the upgrade: an answer of 403
        return
    status, headers, body = as_bytes(problem)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
