"""Whole bytes as an answer, from the disk or from afar."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
import anyio.to_thread
from litestar import Request
from litestar.response.base import ASGIResponse

from ..operations.files import send, send_file
from .lying import Lying


async def send_lying(
    request: Request[Any, Any, Any], lying: Lying, name: str, tag: str, media_type: str, headers: dict[str, str]
) -> ASGIResponse | None:
    """200, 206, 304 or 416; None where there is nothing of that name."""
    path = lying.path(name)
    if path is not None:
        return send_file(request, path, tag, media_type, headers) if await anyio.Path(path).is_file() else None
    size = await anyio.to_thread.run_sync(lying.size, name)
    if size is None:
        return None

    async def read(first: int, length: int) -> AsyncIterator[bytes]:
        chunks = lying.read(name, first, length)
        while (chunk := await anyio.to_thread.run_sync(next, chunks, None)) is not None:
            yield chunk

    return send(request, size, read, tag, media_type, headers)
