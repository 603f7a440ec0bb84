"""The PWA's files, served as they are, under the policy that keeps a browser safe.

Everything is revalidated by ETag: the service worker decides what is kept. A page address that names no file
is answered with `index.html`, whose script reads the address; nothing below `/api` is.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import anyio.to_thread
import msgspec
from litestar import Request, Response, Router, get

from arxos_sync.problems import Problem

from ..given import Given
from ..settings import PAGES
from ..sync.bodies import best_encoding, compress
from .files import matches
from .headers import PAGE_POLICY

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".webmanifest": "application/manifest+json",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
_PACKED = frozenset((".html", ".js", ".mjs", ".css", ".json", ".map", ".sql", ".webmanifest", ".wasm", ".svg", ".txt"))
_HIDDEN = frozenset(("node_modules", "package.json", "package-lock.json"))
_NOT_KEPT = re.compile(
    r"(sw|retire)\.js|desk/.*|vendor/(htmx/.*|manifest\.json|axe-core/.*|sqlite-wasm/(node|sqlite3-worker1)\.mjs"
    r"|sqlite-wasm/sqlite3-opfs-async-proxy\.js)"
)
_NOT_PAGES = ("api/", "schema", "-/", "ws", "healthz", "readyz", "metrics")
HEADERS = {"Content-Security-Policy": PAGE_POLICY}


class _Page(msgspec.Struct, frozen=True):
    content: bytes
    gzip: bytes | None
    tag: str
    media_type: str


@get(["/", "/{path:path}"], include_in_schema=False)
async def page(request: Request[Any, Any, Any], parts: Given, path: str = "") -> Response[bytes]:
    wanted = path.strip("/")
    if wanted == "sw.js" and parts.settings.service_worker == "off":
        wanted = "retire.js"
    if wanted.startswith(_NOT_PAGES):
        raise Problem("not_found", request.url.path)
    found = await anyio.to_thread.run_sync(_find, wanted)
    if found is None:
        raise Problem("not_found", request.url.path)
    headers = HEADERS | {"ETag": found.tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if wanted in ("sw.js", "retire.js"):
        headers["Service-Worker-Allowed"] = "/"
    if matches(request.headers.get("if-none-match"), found.tag):
        return Response(b"", status_code=304, headers=headers)
    content = found.content
    offers = "gzip" in request.headers.get("accept-encoding", "")
    if found.gzip is not None and offers and best_encoding(request.headers["accept-encoding"]):
        content, headers["Content-Encoding"] = found.gzip, "gzip"
    return Response(content, media_type=found.media_type, headers=headers)


class Kept(msgspec.Struct, frozen=True):
    """A file that the service worker keeps: its address, and the hash of its bytes."""

    url: str
    hash: str


@get("/precache.json", include_in_schema=False)
async def precache(parts: Given) -> Response[list[Kept]]:
    kept = [] if parts.settings.service_worker == "off" else await anyio.to_thread.run_sync(_kept)
    return Response(kept, headers={"Cache-Control": "no-store"})


def _kept() -> list[Kept]:
    root = PAGES.resolve()
    found = []
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if not _NOT_KEPT.fullmatch(name) and _file(name) is not None:
            page = _find(name)
            assert page is not None
            found.append(Kept(f"/{name}", page.tag.removeprefix("W/").strip('"')))
    return found


def _find(wanted: str) -> _Page | None:
    file = _file(wanted)
    if file is None and _is_address(wanted):
        file = _file("index.html")
    if file is None:
        return None
    stat = file.stat()
    return _load(file, stat.st_mtime_ns, stat.st_size)


def _is_address(wanted: str) -> bool:
    """Could that be a page's address? Files have a suffix, and nobody's page begins with a dot."""
    parts = wanted.split("/")
    return not Path(wanted).suffix and not any(part.startswith(".") for part in parts)


def _file(wanted: str) -> Path | None:
    root = PAGES.resolve()
    file = (root / (wanted or "index.html")).resolve()
    inside = file.is_relative_to(root) and not _HIDDEN & set(file.relative_to(root).parts)
    hidden = inside and any(part.startswith(".") for part in file.relative_to(root).parts)
    return file if inside and not hidden and file.is_file() else None


@lru_cache(512)
def _load(file: Path, mtime_ns: int, size: int) -> _Page:
    content = file.read_bytes()
    packed = compress(content, "gzip") if file.suffix in _PACKED and size > 1024 else None
    tag = f'W/"{hashlib.sha256(content).hexdigest()[:24]}"'
    return _Page(content, packed, tag, _TYPES.get(file.suffix, "application/octet-stream"))


router = Router("/", route_handlers=[precache, page])
