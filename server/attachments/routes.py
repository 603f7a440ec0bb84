"""`/api/v1/attachments…`: announcing an upload, its bytes by tus 1.0, and reading what is here (PROTOCOL.md §8)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Annotated, Any

import anyio
import anyio.to_thread
from litestar import Request, Response, Router, get, head, patch, post, route
from litestar.exceptions import InternalServerException
from litestar.params import HeaderParameter
from litestar.response.base import ASGIResponse

from arxos_sync import limits
from arxos_sync.change import is_scope
from arxos_sync.problems import Problem, Unreadable

from ..accounts.callers import demand_person
from ..accounts.people import Person
from ..given import Caller, Given
from ..operations.answers import of_problem
from ..operations.files import send_file
from ..parts import Parts
from ..sync.routes import demand_reader
from ..told import told
from . import arrived, files, receive, thumbnails
from .sending import send_lying
from .uploads import Upload, Wanted

WRITERS_MAX = 4
PIECE_BYTES = 256 * 1024  # written at once
DRAINED_BYTES_MAX = 4 * limits.ATTACHMENT_CHUNK_BYTES  # read and thrown away, so that the sender hears why
CONTENT_TYPE = "application/offset+octet-stream"
TUS = {"Tus-Resumable": "1.0.0", "Cache-Control": "no-store"}
_WANTED = {
    "scope": "0190a000-0000-7000-8000-000000000001", "sha256": "0" * 64, "byte_size": 4, "name": "photo.jpg",
    "media_type": "image/jpeg",
}  # fmt: skip
_OFFSET = re.compile(r"\d{1,15}\Z")
_SHOWN = frozenset(("image/png", "image/jpeg", "image/webp", "application/pdf"))
_AnyRequest = Request[Any, Any, Any]
_writing = anyio.CapacityLimiter(WRITERS_MAX)  # so that rows never wait for threads that write photos
TusVersion = Annotated[str | None, HeaderParameter(name="Tus-Resumable")]


# ---------------------------------------------------------------- up


@post(
    "/api/v1/attachments", status_code=200, summary="Announce bytes: whereto, and from which offset",
    **told("reporter", "not_found", "forbidden", "invalid", "too_large", "storage_full", sent=_WANTED,
           answered={"offset": 0, "chunk_bytes": 1048576, "url": "/api/v1/attachments/uploads/0a1b2c3d4e5f6071"}),
)  # fmt: skip
async def announce(parts: Given, person: Caller, data: Wanted) -> Response[receive.Announced]:
    sender = demand_person(person)
    announced, hint = await anyio.to_thread.run_sync(receive.announce, parts, sender, data)
    if hint is not None:
        await parts.bus.announce(hint)
    return Response(announced, status_code=200, headers={"Location": announced.url, "Cache-Control": "no-store"})


@route(
    ["/api/v1/attachments", "/api/v1/attachments/uploads/{id:str}"],
    http_method="OPTIONS", status_code=204, include_in_schema=False, sync_to_thread=False,
)  # fmt: skip
def offered() -> Response[None]:
    most = str(limits.ATTACHMENT_BYTES_MAX)
    return Response(None, status_code=204, headers=TUS | {"Tus-Version": "1.0.0", "Tus-Max-Size": most})


@head(
    "/api/v1/attachments/uploads/{id:str}", summary="How far an upload has come",
    **told("self", "not_found", "forbidden", "precondition_failed"),
)  # fmt: skip
async def how_far(parts: Given, person: Caller, id: str, tus: TusVersion = None) -> Response[None]:
    if tus not in (None, "1.0.0"):
        return _other_version(tus)
    upload = await anyio.to_thread.run_sync(receive.opened, parts, demand_person(person), id)
    offset = await anyio.to_thread.run_sync(receive.uploads_of(parts).offset, upload)
    facts = {"Upload-Offset": str(offset), "Upload-Length": str(upload.wanted.byte_size)}
    return Response(None, headers=TUS | facts)


@patch(
    "/api/v1/attachments/uploads/{id:str}", status_code=204, summary="More bytes of an upload, at its offset",
    request_max_body_size=None, **told("self", "not_found", "forbidden", "precondition_failed", "invalid",
                                       "wrong_offset", "wrong_hash", "unsupported_media_type", "storage_full"),
)  # fmt: skip
async def go_on(
    request: _AnyRequest, parts: Given, person: Caller, id: str, tus: TusVersion = None
) -> Response[None]:
    """`Upload-Offset` says where the body belongs. A body may be cut anywhere: what came of it counts."""
    if tus not in (None, "1.0.0"):
        return _other_version(tus)
    sender = demand_person(person)
    body = _body(request)
    try:
        upload = await anyio.to_thread.run_sync(receive.opened, parts, sender, id)
        offset, whole = await _take(request, parts, sender, upload, body)
    except Problem:
        await _drain(body)
        raise
    headers = TUS | {"Upload-Offset": str(offset)}
    if whole:
        headers["Location"] = f"/api/v1/attachments/{upload.wanted.scope}/{upload.wanted.sha256}"
    return Response(None, status_code=204, headers=headers)


async def _take(
    request: _AnyRequest, parts: Parts, sender: Person, upload: Upload, body: AsyncIterator[bytes]
) -> tuple[int, bool]:
    """Write the body, piece by piece; answers the offset after it and whether all is here now."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != CONTENT_TYPE:
        raise Problem("unsupported_media_type", f"The body of a PATCH is {CONTENT_TYPE}.")
    given = request.headers.get("upload-offset", "")
    if not _OFFSET.match(given):
        raise Unreadable([("$.headers.Upload-Offset", "a number of bytes")])
    uploads, offset = receive.uploads_of(parts), int(given)
    stands = await anyio.to_thread.run_sync(uploads.offset, upload)
    if stands != offset:
        raise Problem("wrong_offset", f"The upload stands at {stands}, not at {offset}.")
    async for piece in _pieces(body):
        offset = await anyio.to_thread.run_sync(uploads.append, upload, offset, piece, limiter=_writing)
    whole, hint = await anyio.to_thread.run_sync(receive.settle, parts, sender, upload, limiter=_writing)
    if hint is not None:
        await parts.bus.announce(hint)
    return offset, whole


async def _pieces(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    held = bytearray()
    async for chunk in body:
        held += chunk
        if len(held) >= PIECE_BYTES:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


async def _body(request: _AnyRequest) -> AsyncIterator[bytes]:
    """What comes; it ends where the sender breaks off or falls silent, for what came of it counts."""
    stream = aiter(request.stream())
    while True:
        try:
            with anyio.fail_after(limits.ATTACHMENT_WAIT_S_MAX):
                chunk = await anext(stream)
        except (StopAsyncIteration, InternalServerException, TimeoutError):
            return
        yield chunk


async def _drain(body: AsyncIterator[bytes]) -> None:
    size = 0
    async for chunk in body:
        size += len(chunk)
        if size > DRAINED_BYTES_MAX:
            return


def _other_version(given: str) -> Response[Any]:
    answer = of_problem(Problem("precondition_failed", f"This is tus 1.0.0, not {given}.", hint="Speak tus 1.0.0."))
    answer.headers |= {"Tus-Version": "1.0.0"}
    return answer


# ---------------------------------------------------------------- down


@get(
    "/api/v1/attachments/{scope_id:str}/{sha256:str}", summary="The bytes of an attachment",
    **told("anonymous", "unauthenticated", "not_found", "no_picture"),
)  # fmt: skip
async def attachment(
    request: _AnyRequest, parts: Given, person: Caller, scope_id: str, sha256: str,
    size: int | None = None, page: int | None = None,
) -> ASGIResponse:  # fmt: skip
    """With `size`, 256 or 1024, a small picture that fits a square of so many pixels.

    With `page`, a picture of that page from 1, to be laid beneath a plan: at most 4096 pixels long, and EXIF's
    XResolution says how many of them are 72 points of a PDF, or 72 pixels of a photo.
    """
    media_type, promised = await anyio.to_thread.run_sync(_said_of, parts, person, scope_id, sha256)
    shown = media_type in _SHOWN
    headers = {
        "Cache-Control": "private, max-age=31536000, immutable",
        "Content-Disposition": "inline" if shown else "attachment",
        "X-Content-Type-Options": "nosniff",
    }
    name, kind = files.name_of(scope_id, sha256), media_type if shown else "application/octet-stream"
    sent = await send_lying(request, parts.attachments, name, f'"{sha256}"', kind, headers)
    if sent is None:
        hint = await anyio.to_thread.run_sync(receive.lost, parts, scope_id, sha256) if promised else None
        if hint is not None:
            await parts.bus.announce(hint)
        raise Problem("not_found", "The bytes are not here yet.")
    asked = (parts.attachments, parts.settings.data_dir, scope_id, sha256)
    if page is not None:
        file = await thumbnails.find_page(*asked, page)
    elif size is not None:
        file = await thumbnails.find(*asked, size)
    else:
        return sent
    headers["Content-Disposition"] = "inline"
    return send_file(request, file, f'"{file.name}"', thumbnails.MEDIA_TYPE, headers)


def _said_of(parts: Parts, person: Person | None, scope: str, sha256: str) -> tuple[str, bool]:
    """What the scope says these bytes are, and whether it says that they are here.

    Raises Problem: knowing a hash opens nothing.
    """
    if not is_scope(scope) or scope.startswith("user:") or not files.HASH.match(sha256):
        raise Problem("not_found", sha256)
    with parts.store.read(scope) as reader:
        demand_reader(reader, person)
        found = reader.sql.rows(
            """
            select media_type, upload_state
            from attachment
            where building_id = :scope and sha256 = :hash and deleted is null
            order by upload_state desc, id
            limit 1
            """,
            scope=scope, hash=sha256,
        )  # fmt: skip
    if not found:
        raise Problem("not_found", sha256)
    return found[0]["media_type"] or "application/octet-stream", found[0]["upload_state"] == arrived.HERE


router = Router("/", route_handlers=[offered, announce, how_far, go_on, attachment], tags=["attachments"])
