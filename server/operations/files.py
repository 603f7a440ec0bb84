"""A file as an answer: strong ETag, `Range` and `If-Range`, streamed."""

from __future__ import annotations

import functools
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import anyio
from litestar import Request
from litestar.response.base import ASGIResponse
from litestar.response.streaming import ASGIStreamingResponse

Read = Callable[[int, int], AsyncIterator[bytes]]  # first, length
CHUNK_BYTES = 256 * 1024
_RANGE = re.compile(r"bytes=(\d*)-(\d*)\Z")


def send_file(
    request: Request[Any, Any, Any], file: Path, tag: str, media_type: str, headers: dict[str, str]
) -> ASGIResponse:
    """200, 206 with one range, 304 or 416. `tag` is quoted."""
    return send(request, file.stat().st_size, functools.partial(_chunks, file), tag, media_type, headers)


def send(
    request: Request[Any, Any, Any], size: int, read: Read, tag: str, media_type: str, headers: dict[str, str]
) -> ASGIResponse:
    """As `send_file`, of bytes that `read` brings from wherever they are."""
    headers = headers | {"ETag": tag, "Accept-Ranges": "bytes"}
    if matches(request.headers.get("if-none-match"), tag):
        return ASGIResponse(status_code=304, headers=headers)
    wanted = request.headers.get("range")
    if wanted is None or request.headers.get("if-range", tag) != tag:
        return _stream(read, 0, size, 200, media_type, headers)
    span = _span(wanted, size)
    if span is None:
        return ASGIResponse(status_code=416, headers=headers | {"Content-Range": f"bytes */{size}"})
    first, last = span
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return _stream(read, first, last - first + 1, 206, media_type, headers)


def matches(given: str | None, tag: str) -> bool:
    """`If-None-Match` against one tag, weak or strong."""
    if given is None:
        return False
    tags = {part.strip().removeprefix("W/") for part in given.split(",")}
    return "*" in tags or tag.removeprefix("W/") in tags


def _span(text: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a single range; None where it cannot be served."""
    found = _RANGE.match(text.strip())
    if found is None or found[1] == found[2] == "" or size == 0:
        return None
    if found[1] == "":
        length = min(int(found[2]), size)
        return (size - length, size - 1) if length else None
    first = int(found[1])
    last = min(int(found[2]), size - 1) if found[2] else size - 1
    return (first, last) if first <= last else None


def _stream(read: Read, first: int, length: int, status: int, media_type: str, headers: dict[str, str]) -> ASGIResponse:
    return ASGIStreamingResponse(
        iterator=read(first, length),
        status_code=status,
        media_type=media_type,
        headers=headers | {"Content-Length": str(length)},
    )


async def _chunks(file: Path, first: int, length: int) -> AsyncIterator[bytes]:
    async with await anyio.open_file(file, "rb") as content:
        await content.seek(first)
        while length:
            chunk = await content.read(min(CHUNK_BYTES, length))
            if not chunk:
                return
            length -= len(chunk)
            yield chunk
