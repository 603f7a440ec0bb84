"""Answers that are not sent when the asker has them, and are packed when they are: ETags, gzip and zstd.

A list's tag is weak, and made of what the list hangs on, before any row is read; a row's is its sequence. `packed` is
the middleware of the routes whose answers are JSON; what is packed already, or small, goes as it is.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.datastructures import MutableScopeHeaders
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from ..sync.bodies import SMALL_BYTES_MAX, best_encoding, compress

AnyRequest = Request[Any, Any, Any]
_PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie, Accept-Encoding"}


def tag_of(*parts: Any) -> str:
    return f'W/"{hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:24]}"'


def is_held(request: AnyRequest, tag: str) -> bool:
    """Whether `If-None-Match` names it (compared weakly, RFC 9110 §13.1.2)."""
    given = request.headers.get("if-none-match")
    if given is None:
        return False
    bare = tag.removeprefix("W/")
    return given.strip() == "*" or any(one.strip().removeprefix("W/") == bare for one in given.split(","))


def unchanged(tag: str) -> Response[Any]:
    return Response(None, status_code=304, headers=_PRIVATE | {"ETag": tag})


def tagged(body: Any, tag: str, media_type: str = "application/json", **headers: str) -> Response[Any]:
    return Response(body, media_type=media_type, headers=_PRIVATE | {"ETag": tag} | headers)


def packed(app: ASGIApp) -> ASGIApp:
    """Packs whole JSON bodies by `Accept-Encoding`."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        accepted = next((v.decode("latin-1") for n, v in scope["headers"] if n == b"accept-encoding"), "")
        begun: list[Message] = []

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                begun.append(message)
            elif message["type"] == "http.response.body" and begun:
                start = begun.pop()
                if not message.get("more_body", False):
                    message = _packed(start, message, accepted)
                await send(start)
                await send(message)
            else:
                await send(message)

        await app(scope, receive, sending)

    return run


def _packed(start: Any, message: Any, accepted: str) -> Any:
    headers = MutableScopeHeaders(start)
    if "json" not in headers.get("content-type", "") or "content-encoding" in headers:
        return message
    varied = headers.get("vary", "")
    if "accept-encoding" not in varied.lower():
        headers["vary"] = f"{varied}, Accept-Encoding" if varied else "Accept-Encoding"
    encoding, body = best_encoding(accepted), message.get("body", b"")
    if encoding is None or len(body) <= SMALL_BYTES_MAX or start["status"] in (204, 206, 304):
        return message
    body = compress(body, encoding)
    headers["content-encoding"], headers["content-length"] = encoding, str(len(body))
    return message | {"body": body}
