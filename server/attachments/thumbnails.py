"""Pictures of attachments, small ones and pages for beneath a plan, made when first asked for and kept as files."""

from __future__ import annotations

from pathlib import Path

import anyio
import anyio.to_thread

from arxos_sync.problems import Problem, Unreadable
from client_kit.formats import FormatError

from . import files
from .lying import Lying

SIZES_PX = (256, 1024)
PAGES_MAX = 500
MEDIA_TYPE = "image/webp"
AT_ONCE_MAX = 2
MEMORY_BYTES_MAX = 1024**3
CPU_S_MAX = 20
_READERS = "client_kit.formats.thumbnail"
_making = anyio.CapacityLimiter(AT_ONCE_MAX)


async def find(lying: Lying, data_dir: Path, scope: str, sha256: str, size_px: int) -> Path:
    """The file of a small picture. Raises Problem `no_picture` where none can be made of what this is."""
    if size_px not in SIZES_PX:
        raise Unreadable([("$.size", f"one of {', '.join(map(str, SIZES_PX))}")])
    made = files.thumbnail_of(data_dir, scope, sha256, str(size_px))
    return await _found(lying, files.name_of(scope, sha256), made, f"{_READERS}:fit", size_px)


async def find_page(lying: Lying, data_dir: Path, scope: str, sha256: str, page: int) -> Path:
    """The file of a page's picture; the same."""
    if not 1 <= page <= PAGES_MAX:
        raise Unreadable([("$.page", f"1 to {PAGES_MAX}")])
    made = files.thumbnail_of(data_dir, scope, sha256, f"page-{page}")
    return await _found(lying, files.name_of(scope, sha256), made, f"{_READERS}:page", page)


async def _found(lying: Lying, name: str, made: Path, reader: str, given: int) -> Path:
    if not await anyio.Path(made).is_file():
        await anyio.to_thread.run_sync(_make, lying, name, made, reader, given, limiter=_making)
    if (await anyio.Path(made).stat()).st_size == 0:
        raise Problem("no_picture", name)
    return made


def _make(lying: Lying, name: str, made: Path, reader: str, given: int) -> None:
    """In a process of its own, for pictures come from anywhere. What cannot be read is not tried again."""
    from client_kit.formats.limited import read_limited

    if made.is_file():
        return
    try:
        with lying.borrowed(name) as original:
            content = read_limited(reader, original, bytes, given, memory_bytes=MEMORY_BYTES_MAX, cpu_s=CPU_S_MAX)
    except FormatError:
        content = b""
    files.write_whole(made, content)
