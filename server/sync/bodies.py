"""Bodies in and out: bounded, compressed or not, JSON or msgpack."""

from __future__ import annotations

import zlib
from typing import Any

import msgspec
import zstandard
from litestar import Request

from arxos_sync import limits
from arxos_sync.problems import Problem, Unreadable

JSON = "application/json"
MSGPACK = "application/msgpack"
SMALL_BYTES_MAX = 1024  # not worth compressing
_READ_ON_BYTES_MAX = 4 * limits.REQUEST_BYTES_MAX  # read and thrown away, so that the client hears why
_WINDOW_BYTES_MAX = 8 * 1024 * 1024


async def read_body(request: Request[Any, Any, Any], bytes_max: int = limits.REQUEST_BYTES_MAX) -> bytes:
    """The body as it came. Raises Problem `too_large`."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= bytes_max:
            chunks.append(chunk)
        elif size > _READ_ON_BYTES_MAX:
            break
    if size > bytes_max:
        raise Problem("too_large", f"The body is over {bytes_max} bytes.")
    return b"".join(chunks)


def unpack(body: bytes, encoding: str, bytes_max: int = limits.REQUEST_BYTES_MAX) -> bytes:
    """Undo `Content-Encoding`; never more than `bytes_max` come out. Raises Problem."""
    try:
        match encoding.strip().lower():
            case "" | "identity":
                out = body
            case "gzip":
                out = zlib.decompressobj(wbits=31).decompress(body, bytes_max + 1)
            case "zstd":
                reader = zstandard.ZstdDecompressor(max_window_size=_WINDOW_BYTES_MAX).stream_reader(body)
                out = reader.read(bytes_max + 1)
            case other:
                raise Unreadable([("$", f"Content-Encoding {other} is not known; gzip and zstd are")])
    except (zlib.error, zstandard.ZstdError) as error:
        raise Unreadable([("$", f"not readable as {encoding}: {error}")]) from error
    if len(out) > bytes_max:
        raise Problem("too_large", f"The body unpacks to over {bytes_max} bytes.")
    return out


def wants_msgpack(request: Request[Any, Any, Any]) -> bool:
    accept = request.headers.get("accept", "")
    if "msgpack" in accept:
        return True
    return JSON not in accept and "msgpack" in request.headers.get("content-type", "")


def pack(value: Any, binary: bool, accepted: str) -> tuple[bytes, dict[str, str]]:
    """The answer's body and its headers."""
    body = msgspec.msgpack.encode(value) if binary else msgspec.json.encode(value)
    headers = {"Content-Type": MSGPACK if binary else JSON, "Vary": "Accept, Accept-Encoding"}
    encoding = best_encoding(accepted)
    if encoding is None or len(body) <= SMALL_BYTES_MAX:
        return body, headers
    headers["Content-Encoding"] = encoding
    return compress(body, encoding), headers


def compress(body: bytes, encoding: str) -> bytes:
    if encoding == "zstd":
        return zstandard.ZstdCompressor(level=3).compress(body)
    packer = zlib.compressobj(level=5, wbits=31)
    return packer.compress(body) + packer.flush()


def best_encoding(accepted: str) -> str | None:
    """zstd before gzip, of what `Accept-Encoding` allows."""
    offered = set()
    for part in accepted.lower().split(","):
        name, _, parameters = part.partition(";")
        if parameters.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            offered.add(name.strip())
    return next((name for name in ("zstd", "gzip") if name in offered), None)
