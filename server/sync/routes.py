"""`/api/v1/sync…`: the exchange, and what a replica needs to begin and to verify (PROTOCOL §3, §5, §11)."""

from __future__ import annotations

from typing import Any, Literal

import anyio
import anyio.to_thread
import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import Cookie
from litestar.response.base import ASGIResponse

from arxos_sync import content as contents
from arxos_sync import digest, limits
from arxos_sync.catalogue import published
from arxos_sync.change import is_scope, read_request
from arxos_sync.messages import RowOut, SyncAnswer, SyncRequest
from arxos_sync.problems import Problem, Unreadable
from arxos_sync.pull import cursor_at, highest_common, row_out, settled_cursor, too_old
from arxos_sync.store import ScopeReader

from ..accounts.callers import SESSION_COOKIE
from ..accounts.people import Person, role_in
from ..given import Caller, Given
from ..operations import metrics
from ..operations.files import send_file
from ..parts import Parts, now
from ..told import told
from . import bodies
from .exchange import Exchange
from .snapshots import BUILD_RETRY_S

PHOTOS_HEADER = "ARXOS-Photos"  # what devices take out of photos (docs/decisions/0024)
PUSHES_AT_ONCE_MAX = 8
READ_AT_ONCE_BYTES_MAX = 1024  # read in less time than a thread is found for it
DEVICE_KEPT_S = 400 * 86_400  # as long as browsers keep any cookie
_AnyRequest = Request[Any, Any, Any]
_SCOPE = "0190a000-0000-7000-8000-000000000001"
_SENT = {
    "protocol": 1, "schema": 1, "device": "0190a000-0000-7000-8000-0000000000d1",
    "scopes": [{"scope": _SCOPE, "cursor": None, "prior": None, "transactions": []}],
}  # fmt: skip
_CURSOR = "lgEMDMDAwMA"  # opaque
_COLUMN = {"type": "text", "rule": "latest"}
_ROW = {
    "table": "storey", "id": "0190a000-0000-7000-8000-000000000002", "sequence": 12, "deleted": False,
    "set": {"name": "Ground"},
}  # fmt: skip
_ANSWERED = {
    "protocol": 1, "epoch": "0190a000-0000-7000-8000-0000000000e0", "received_at": "2026-01-31T08:30:00.000Z",
    "scopes": [{
        "scope": _SCOPE, "state": "ok", "role": "owner", "known": None, "receipts": [], "rows": [_ROW],
        "cursor": _CURSOR, "head": 12, "more": False,
    }],
    "granted": [], "revoked": [],
}  # fmt: skip
_pushing = anyio.CapacityLimiter(PUSHES_AT_ONCE_MAX)  # so that pulls never wait for threads that push


class Leaves(msgspec.Struct, frozen=True):
    head: int
    cursor: str
    leaves: list[str]


class RepairRequest(msgspec.Struct, frozen=True):
    scope: str
    table: str
    leaves: list[int]


class Repaired(msgspec.Struct, frozen=True):
    cursor: str
    rows: list[RowOut]


class HealRequest(msgspec.Struct, frozen=True):
    scope: str
    marks: list[tuple[int, str]]


class Healing(msgspec.Struct, frozen=True):
    mark: int
    cursor: str


@post(
    "/api/v1/sync", status_code=200, summary="Push and pull, scope by scope",
    request_max_body_size=None, **told("anonymous", "unauthenticated", "device_taken", "invalid", "too_large",
                                       "upgrade_required", sent=_SENT, answered=_ANSWERED, media="application/json"),
)  # fmt: skip
async def exchange(request: _AnyRequest, parts: Given, person: Caller) -> Response[bytes]:
    body = await bodies.read_body(request)
    work = Work(parts, person, request, body)
    wanted = work.read() if work.is_small else await anyio.to_thread.run_sync(work.read)
    pushes = any(scope.transactions for scope in wanted.scopes)
    answer, headers = await anyio.to_thread.run_sync(work.run, wanted, limiter=_pushing if pushes else None)
    headers[PHOTOS_HEADER] = parts.settings.photos
    for hint in work.hints:
        await parts.bus.announce(hint)
    return Response(answer, status_code=200, headers=headers, cookies=_device_cookie(request, parts, person, wanted))


def _device_cookie(request: _AnyRequest, parts: Parts, person: Person | None, wanted: SyncRequest) -> list[Cookie]:
    """A browser may clear its files and keep its cookies: by this one it finds out whom it was, and the server what
    it has promised (scenario 22). Scripts read it; it opens nothing.
    """
    if person is None or SESSION_COOKIE not in request.cookies:
        return []
    name = f"arxos_device_{person.id}"
    if request.cookies.get(name) == wanted.device:
        return []
    return [Cookie(name, value=wanted.device, max_age=DEVICE_KEPT_S, secure=parts.settings.secure, samesite="lax")]


class Work:
    """What of an exchange is done in a thread: unpack, read, judge, write, pack."""

    def __init__(self, parts: Parts, person: Person | None, request: _AnyRequest, body: bytes) -> None:
        self.parts, self.person, self.body = parts, person, body
        self.encoding = request.headers.get("content-encoding", "")
        self.kind = request.headers.get("content-type", bodies.JSON)
        self.accepted = request.headers.get("accept-encoding", "")
        self.binary = bodies.wants_msgpack(request)
        self.hints: list[Any] = []

    @property
    def is_small(self) -> bool:
        return not self.encoding and len(self.body) <= READ_AT_ONCE_BYTES_MAX

    def read(self) -> SyncRequest:
        return read_request(bodies.unpack(self.body, self.encoding), self.kind)

    def run(self, request: SyncRequest) -> tuple[bytes, dict[str, str]]:
        made = Exchange(self.parts, self.person, request, self.binary)
        answer: SyncAnswer = made.answer()
        self.hints = made.hints
        return bodies.pack(answer, self.binary, self.accepted)


@get(
    "/api/v1/sync/limits", summary="The bounds of an exchange",
    **told("anonymous", answered={"transactions": 1000, "changes": 5000, "request_bytes": 16777216}),
)  # fmt: skip
async def bounds() -> dict[str, int]:
    return limits.published()


@get(
    "/api/v1/sync/catalogue", summary="Tables, columns and how they merge",
    **told("anonymous", answered={"schema": 2, "tables": {"storey": {"columns": {"name": _COLUMN}}}}),
)  # fmt: skip
async def catalogue(parts: Given) -> dict[str, Any]:
    return published(parts.catalogue)


@get(
    "/api/v1/sync/digest/{scope_id:str}", sync_to_thread=True, summary="A table's digest, leaf by leaf",
    **told("anonymous", "unauthenticated", "not_found", "unknown_table", "invalid",
           answered={"head": 12, "cursor": _CURSOR, "leaves": ["00000000000000ff"]}),
)  # fmt: skip
def leaves(
    parts: Given, person: Caller, scope_id: str, table: str, content: bool = False, schema: int | None = None
) -> Leaves:
    """The cursor is that of a replica of `schema` (the oldest one served, unless said); with `content`, the sums are
    over the values as it holds them.
    """
    _check_table(parts, table)
    with parts.store.read(_checked(scope_id)) as reader:
        demand_reader(reader, person)
        told = parts.catalogue.at(schema or parts.catalogue.oldest)
        known = told.tables.get(table)
        if content and known is None:
            raise Problem("unknown_table", table)
        rows = ((row.id, row.values) for row in reader.live_rows(table)) if content else ()
        sums = contents.leaves(known, rows) if content and known else reader.leaves(table)
        cursor = settled_cursor(reader, told, parts.epoch)
        return Leaves(reader.head().sequence, cursor, [digest.to_hex(leaf) for leaf in sums])


@post(
    "/api/v1/sync/repair", status_code=200, summary="Every live row of some leaves", request_max_body_size=None,
    **told("anonymous", "unauthenticated", "not_found", "unknown_table", "invalid", "too_large",
           sent={"scope": _SCOPE, "table": "storey", "leaves": [0, 255]},
           answered={"cursor": _CURSOR, "rows": [_ROW]}, media="application/json"),
)  # fmt: skip
async def repair(request: _AnyRequest, parts: Given, person: Caller) -> Response[bytes]:
    body = await bodies.read_body(request)
    binary = bodies.wants_msgpack(request)
    repaired = await anyio.to_thread.run_sync(_repaired, parts, person, request, body, binary)
    packed, headers = bodies.pack(repaired, binary, request.headers.get("accept-encoding", ""))
    return Response(packed, status_code=200, headers=headers)


def _repaired(parts: Parts, person: Person | None, request: _AnyRequest, body: bytes, binary: bool) -> Repaired:
    decode = msgspec.msgpack.decode if "msgpack" in request.headers.get("content-type", "") else msgspec.json.decode
    try:
        wanted = decode(bodies.unpack(body, request.headers.get("content-encoding", "")), type=RepairRequest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unreadable([("$", str(error))]) from error
    _check_table(parts, wanted.table)
    if not all(0 <= leaf < digest.LEAVES for leaf in wanted.leaves):
        raise Unreadable([("$.leaves", f"numbers from 0 to {digest.LEAVES - 1}")])
    with parts.store.read(_checked(wanted.scope)) as reader:
        demand_reader(reader, person)
        metrics.repairs.inc()
        rows = reader.leaf_rows(wanted.table, sorted(set(wanted.leaves)))
        out = [row_out(parts.catalogue, row, None, binary) for row in rows]
        # the oldest schema that is served: any replica may take this cursor
        cursor = settled_cursor(reader, parts.catalogue.at(parts.catalogue.oldest), parts.epoch)
        return Repaired(cursor, out)


@post(
    "/api/v1/sync/heal", status_code=200, sync_to_thread=True, summary="What a restored server still shares",
    **told("anonymous", "unauthenticated", "not_found", "invalid", "too_large",
           sent={"scope": _SCOPE, "marks": [[1, "0a1b2c3d4e5f6071"]]}, answered={"mark": 1, "cursor": _CURSOR}),
)  # fmt: skip
def heal(parts: Given, person: Caller, data: HealRequest) -> Healing:
    if len(data.marks) > limits.MARKS_PER_REQUEST_MAX:
        raise Problem("too_large", f"{len(data.marks)} marks; {limits.MARKS_PER_REQUEST_MAX} at most")
    with parts.store.read(_checked(data.scope)) as reader:
        demand_reader(reader, person)
        metrics.heals.inc()
        mark = highest_common(reader, data.marks)
        return Healing(mark, cursor_at(reader, parts.catalogue, parts.epoch, mark))


@get(
    "/api/v1/sync/snapshot/{scope_id:str}", summary="A scope as a SpatiaLite file",
    **told("anonymous", "unauthenticated", "not_found", "upgrade_required"),
)  # fmt: skip
async def snapshot(
    request: _AnyRequest,
    parts: Given,
    person: Caller,
    scope_id: str,
    schema: int | None = None,
    packed: Literal["gzip"] | None = None,
) -> ASGIResponse:
    """`schema`: the one the replica knows; who does not say gets what any replica still served can take. `packed`: the
    packed file as the content itself, so that a browser can go on with it by `Range`.
    """
    await anyio.to_thread.run_sync(_demand, parts, person, _checked(scope_id))
    wanted = parts.catalogue.oldest if schema is None else min(schema, parts.catalogue.schema)
    if too_old(parts.catalogue, wanted):
        raise Problem("upgrade_required", f"schema {schema} is no longer served")
    encoding = bodies.best_encoding(request.headers.get("accept-encoding", ""))
    found = await parts.snapshots.find(scope_id, wanted)
    if found is None:
        raise Problem("unavailable", "The snapshot is being made.", retry_after_s=BUILD_RETRY_S)
    headers = {"Arxos-Cursor": found.cursor, "Vary": "Accept-Encoding", "Cache-Control": "private, no-cache"}
    file, tag = found.file, found.tag
    if packed is not None:
        return send_file(request, found.packed[packed], f'"{tag}.{packed}"', f"application/{packed}", headers)
    if encoding is not None:
        headers["Content-Encoding"] = encoding
        file, tag = found.packed[encoding], f"{found.tag}-{encoding}"
    return send_file(request, file, f'"{tag}"', "application/vnd.sqlite3", headers)


def _demand(parts: Parts, person: Person | None, scope: str) -> None:
    with parts.store.read(scope) as reader:
        demand_reader(reader, person)


def demand_reader(reader: ScopeReader, person: Person | None) -> str:
    """The caller's role in a scope. Raises Problem: 404 looks the same for private and for absent."""
    role = role_in(reader, person, now())
    if role is None:
        raise Problem("unauthenticated" if person is None else "not_found", reader.scope)
    return role


def _checked(scope: str) -> str:
    if not is_scope(scope):
        raise Problem("not_found", scope)
    return scope


def _check_table(parts: Parts, table: str) -> None:
    if table not in parts.catalogue.synced():
        raise Problem("unknown_table", table)


router = Router("/", route_handlers=[exchange, bounds, catalogue, leaves, repair, heal, snapshot], tags=["sync"])
