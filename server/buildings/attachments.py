"""`GET /api/v1/attachments/{scope}/{sha256}`: the bytes of a photo or plan, for who may read its scope."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import anyio.to_thread
from litestar import Request, Router, get
from litestar.response.base import ASGIResponse

from arxos_sync.change import is_scope
from arxos_sync.digest import LEAVES
from arxos_sync.problems import Problem

from ..accounts.people import Person
from ..given import Caller, Given
from ..operations.files import send_file
from ..parts import Parts
from ..sync.routes import demand_reader

_HASH = re.compile(r"[0-9a-f]{64}\Z")
_SHOWN = frozenset(("image/png", "image/jpeg", "image/webp", "application/pdf"))


@get("/api/v1/attachments/{scope_id:str}/{sha256:str}", summary="The bytes of an attachment")
async def attachment(
    request: Request[Any, Any, Any], parts: Given, person: Caller, scope_id: str, sha256: str
) -> ASGIResponse:
    media_type = await anyio.to_thread.run_sync(_media_type, parts, person, scope_id, sha256)
    file = file_of(parts.settings.data_dir, scope_id, sha256)
    if not await anyio.Path(file).is_file():
        raise Problem("not_found", "The bytes are not here yet.")
    shown = media_type in _SHOWN
    headers = {
        "Cache-Control": "private, max-age=31536000, immutable",
        "Content-Disposition": "inline" if shown else "attachment",
    }
    return send_file(request, file, f'"{sha256}"', media_type if shown else "application/octet-stream", headers)


def _media_type(parts: Parts, person: Person | None, scope: str, sha256: str) -> str:
    """What the scope says these bytes are. Raises Problem: knowing a hash opens nothing."""
    if not is_scope(scope) or not _HASH.match(sha256):
        raise Problem("not_found", sha256)
    with parts.store.read(scope) as reader:
        demand_reader(reader, person)
        for row in reader.leaf_rows("attachment", range(LEAVES)):
            if row.values.get("sha256") == sha256:
                return row.values.get("media_type") or "application/octet-stream"
    raise Problem("not_found", sha256)


def file_of(data_dir: Path, scope: str, sha256: str) -> Path:
    return data_dir / "attachments" / scope.replace(":", "-") / sha256[:2] / sha256


def keep(data_dir: Path, scope: str, content: bytes) -> str:
    """Store bytes under their hash; answers it."""
    sha256 = hashlib.sha256(content).hexdigest()
    file = file_of(data_dir, scope, sha256)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{sha256}")
    draft.write_bytes(content)
    draft.rename(file)
    return sha256


router = Router("/", route_handlers=[attachment], tags=["attachments"])
