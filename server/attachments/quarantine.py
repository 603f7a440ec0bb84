"""What people still sent of a building after they had lost it: kept apart, for an administrator to read.

Their transactions come by the exchange (server/sync/devices.py). Their bytes are taken only where such a transaction,
or a row of theirs that was accepted before, names the hash: nobody else can put anything here. `GET
/api/v1/admin/quarantine` lists both, oldest first.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from litestar import Request, Router, get
from litestar.response.base import ASGIResponse

from arxos_sync.change import is_scope
from arxos_sync.problems import Problem
from arxos_sync.store import Sql

from ..accounts.callers import demand_person
from ..accounts.people import Person, reading
from ..given import Caller, Given, Wanted
from ..listing import Listing, PageAsked, page_of
from ..parts import Parts, now
from ..sync.devices import as_json
from ..told import told
from . import files
from .sending import send_lying
from .uploads import Upload

PAGE = 100
PAGE_MAX = 1_000


_SCOPE = "0190a000-0000-7000-8000-000000000001"
_KEPT = {
    "id": "0190a000-0000-7000-8000-0000000000a1", "scope": _SCOPE, "user_id": "0190a000-0000-7000-8000-000000000003",
    "received_at": "2026-01-31T08:30:00.000Z", "transaction": None,
    "attachment": {"sha256": "0" * 64, "name": "photo.jpg", "byte_size": 4},
    "bytes": f"/api/v1/admin/quarantine/{_SCOPE}/{'0' * 64}",
}  # fmt: skip


class Kept(msgspec.Struct, frozen=True):
    """One transaction as it was sent, or one file; the file is at `bytes`."""

    id: str
    scope: str
    user_id: str | None
    received_at: str
    transaction: Any = None
    attachment: Any = None
    bytes: str | None = None

    def line(self) -> str:
        if self.attachment:
            return f"file {self.attachment['name']}, {self.attachment['byte_size']} bytes"
        changes = [f"{c['op']} {c['table']} {c['id']}" for c in self.transaction["changes"]]
        return f"transaction {self.transaction['n']}: {', '.join(changes)}"


class KeptPage(msgspec.Struct, frozen=True):
    items: list[Kept]
    next: str | None
    total: int


def is_promised(sql: Sql, user_id: str, scope: str, sha256: str) -> bool:
    """Does a quarantined transaction of this person bring a row with this hash?"""
    found = sql.rows(
        """
        select content
        from quarantine
        where scope = :scope and user_id = :user_id
        """,
        scope=scope, user_id=user_id,
    )  # fmt: skip
    changes = [change for row in found for change in as_json(row["content"]).get("changes", [])]
    return any(c["table"] == "attachment" and (c.get("set") or {}).get("sha256") == sha256 for c in changes)


def note(parts: Parts, upload: Upload) -> None:
    """Write down that a file has come; once, however often it is said."""
    wanted = upload.wanted
    named = hashlib.sha256(f"{wanted.scope}/{wanted.sha256}/{upload.user_id}".encode()).hexdigest()
    with parts.store.tables() as sql:
        sql.run(
            """
            insert into quarantine (id, scope, device, user_id, received_at, content)
            values (:id, :scope, :device, :user_id, :at, :content)
            on conflict (id) do nothing
            """,
            id=f"{named[:8]}-{named[8:12]}-{named[12:16]}-{named[16:20]}-{named[20:32]}",
            scope=wanted.scope, device="", user_id=upload.user_id, at=now(),
            content=msgspec.json.encode({"attachment": wanted}).decode(),
        )  # fmt: skip


# ---------------------------------------------------------------- for administrators


def everything(parts: Parts) -> list[Kept]:
    """All of it, oldest first."""
    with parts.store.tables() as sql:
        found = sql.rows("select id, scope, user_id, received_at, content from quarantine order by received_at, id")
    return [_kept(row) for row in found]


@get(
    "/api/v1/admin/quarantine", sync_to_thread=True, summary="What came from people who had lost the scope",
    **told("admin", "forbidden", "invalid", answered={"items": [_KEPT], "next": None, "total": 1}),
)  # fmt: skip
def list_kept(parts: Given, person: Caller, wanted: Wanted) -> KeptPage:
    _demand_admin(person)
    return kept_page(parts, wanted)


def kept_page(parts: Parts, wanted: PageAsked) -> KeptPage:
    with reading(parts.store) as sql:
        found, more, total = page_of(sql, _KEPT_ROWS, wanted)
    return KeptPage([_kept(row) for row in found], more, total)


_KEPT_ROWS = Listing(
    "select id, scope, user_id, received_at, content from quarantine",
    sorts=("received_at", "scope", "user_id"), searched=("scope", "user_id", "content"), page=PAGE, page_max=PAGE_MAX,
)  # fmt: skip


@get(
    "/api/v1/admin/quarantine/{scope_id:str}/{sha256:str}", summary="The bytes of a quarantined file",
    **told("admin", "forbidden", "not_found"),
)  # fmt: skip
async def kept_bytes(
    request: Request[Any, Any, Any], person: Caller, parts: Given, scope_id: str, sha256: str
) -> ASGIResponse:
    _demand_admin(person)
    if not is_scope(scope_id) or not files.HASH.match(sha256):
        raise Problem("not_found", sha256)
    headers = {"Content-Disposition": "attachment", "Cache-Control": "private, no-store"}
    name = files.quarantined_name(scope_id, sha256)
    sent = await send_lying(request, parts.attachments, name, f'"{sha256}"', "application/octet-stream", headers)
    if sent is None:
        raise Problem("not_found", sha256)
    return sent


def _demand_admin(person: Person | None) -> None:
    if not demand_person(person).is_admin:
        raise Problem("forbidden", "Only an administrator reads the quarantine.")


def _kept(row: dict[str, Any]) -> Kept:
    content = as_json(row["content"])
    file = content.get("attachment")
    return Kept(
        id=str(row["id"]),
        scope=row["scope"],
        user_id=row["user_id"],
        received_at=str(row["received_at"]),
        transaction=None if file else content,
        attachment=file,
        bytes=f"/api/v1/admin/quarantine/{row['scope']}/{file['sha256']}" if file else None,
    )


router = Router("/", route_handlers=[list_kept, kept_bytes], tags=["administration"])
