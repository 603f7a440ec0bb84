"""Attachments on this device: which bytes are here, which are on the server, and what must still travel.

    files/attachments/<scope>/<sha256>            the bytes, whole and verified
                              <sha256>.part       a download under way
                              <sha256>.problem    why the server did not take it last time, as JSON
                              <sha256>.wanted     somebody asked for the original
    files/thumbnails/<scope>/<sha256>             a small picture; empty: the server can make none
    quarantine/<scope>-<ms>-attachments/          unsent bytes of a scope that was taken away, with `photos.json`

Nothing else is kept of the queues: what waits follows from these files and from the rows, so that no list can disagree
with them, whatever is killed when. `attachments_queue.py` carries it.
"""

from __future__ import annotations

import hashlib
import io
import mimetypes
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from arxos_sync import limits
from arxos_sync.messages import Change
from arxos_sync.problems import Problem
from arxos_sync.status import Waiting

from .formats import FormatError, photo
from .replica import Home, new_id, now_ms

COPY_BYTES = 1024 * 1024
HERE = "here"


class Photo(msgspec.Struct, frozen=True):
    """What the rows of a scope say of one hash. `on_server`: its bytes are there, verified."""

    sha256: str
    byte_size: int | None
    media_type: str | None
    name: str | None
    on_server: bool


class Trouble(msgspec.Struct, frozen=True):
    code: str
    detail: str
    hint: str


def folder_of(home: Home, scope: str) -> Path:
    return home.folder / "files" / "attachments" / scope


def file_of(home: Home, scope: str, sha256: str) -> Path:
    return folder_of(home, scope) / sha256


def thumbnail_of(home: Home, scope: str, sha256: str) -> Path:
    return home.folder / "files" / "thumbnails" / scope / sha256


# ---------------------------------------------------------------- new ones


def attachment(home: Home, scope: str, file: Path, to: str | None) -> Change:
    """Copy the bytes into the directory, durably, a photo without what it must not tell, and answer the row's insert.

    Raises Problem.
    """
    target = _target(home, scope, to)
    size = file.stat().st_size
    if not 0 < size <= limits.ATTACHMENT_BYTES_MAX:
        raise Problem("too_large", f"{file.name} has {size} bytes; 1 to {limits.ATTACHMENT_BYTES_MAX} can be attached")
    digest, told = _kept(home, scope, file)
    values: dict[str, Any] = {
        "sha256": digest,
        "name": file.name,
        "byte_size": file_of(home, scope, digest).stat().st_size,
        "media_type": mimetypes.guess_type(file.name)[0] or "application/octet-stream",
        "origin": "field",
    }
    return Change(table="attachment", id=new_id(), op="insert", set=values | told | target)


def _kept(home: Home, scope: str, file: Path) -> tuple[str, dict[str, Any]]:
    """The hash of what was copied, for the file may change meanwhile; and what a photo says of itself."""
    with open(file, "rb") as source:
        if photo.kind_of(source.read(photo.HEAD_BYTES)) is None:
            source.seek(0)
            return _copied(home, scope, source), {}
        source.seek(0)
        content = source.read()
    tell = home.device().photos
    try:
        clean = photo.cleaned(content, tell)
    except FormatError as error:
        raise Problem("photo_tells", f"{file.name}: {error.detail}", hint=error.hint) from error
    building = home.replica(scope).row("building", scope) or {}
    return _copied(home, scope, io.BytesIO(clean)), photo.facts(clean, tell, building.get("timezone"))


def _copied(home: Home, scope: str, source: BinaryIO) -> str:
    folder = folder_of(home, scope)
    folder.mkdir(parents=True, exist_ok=True)
    draft, digest = folder / f".{new_id()}", hashlib.sha256()
    with open(draft, "wb") as copy:
        while content := source.read(COPY_BYTES):
            digest.update(content)
            copy.write(content)
        copy.flush()
        os.fsync(copy.fileno())
    draft.replace(folder / digest.hexdigest())
    settle(folder)
    return digest.hexdigest()


def settle(folder: Path) -> None:
    """Make the names in a folder durable."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _target(home: Home, scope: str, to: str | None) -> dict[str, str]:
    if to is None:
        return {}
    table, _, id = to.partition("/")
    if home.replica(scope).row(table, id) is None:
        raise Problem("not_found", f"no {table} {id} on this device")
    return {"target_table": table, "target_id": id}


# ---------------------------------------------------------------- what waits


def photos(home: Home, scope: str) -> list[Photo]:
    """A hash once, however many rows name it."""
    if not home.path(scope).exists():
        return []
    connection = home.connect(home.path(scope), spatialite=False)
    try:
        found = connection.execute(
            """
            select sha256, max(byte_size), max(media_type), max(name), max(upload_state is 'here')
            from attachment
            where sha256 is not null
            group by sha256
            order by min(id)
            """
        ).fetchall()
    finally:
        connection.close()
    return [Photo(*row[:4], bool(row[4])) for row in found]


def here(home: Home, scope: str) -> set[str]:
    """The hashes whose bytes are on this device."""
    folder = folder_of(home, scope)
    return {f.name for f in folder.iterdir() if len(f.name) == 64} if folder.is_dir() else set()


def to_send(home: Home, scope: str) -> list[Photo]:
    held = here(home, scope)
    return [one for one in photos(home, scope) if not one.on_server and one.sha256 in held]


def to_fetch(home: Home, scope: str) -> list[Photo]:
    """On the server and not here."""
    held = here(home, scope)
    return [one for one in photos(home, scope) if one.on_server and one.sha256 not in held]


def waiting(home: Home) -> Waiting:
    up, down, size = 0, 0, 0
    for scope in home.buildings():
        sending = to_send(home, scope)
        up += len(sending)
        size += sum(file_of(home, scope, one.sha256).stat().st_size for one in sending)
        down += len(to_fetch(home, scope))
    for folder in set_aside_folders(home):
        left = [folder / one.sha256 for one in set_aside(folder)]
        up += len(left)
        size += sum(file.stat().st_size for file in left)
    return Waiting(waiting_up=up, waiting_down=down, bytes_up=size)


def want(home: Home, scope: str, sha256: str) -> None:
    """Ask for the original; it comes with the next sync."""
    mark = file_of(home, scope, sha256).with_suffix(".wanted")
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()


# ---------------------------------------------------------------- troubles


def trouble(home: Home, scope: str, sha256: str) -> Trouble | None:
    try:
        return msgspec.json.decode(file_of(home, scope, sha256).with_suffix(".problem").read_bytes(), type=Trouble)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def note_trouble(file: Path, problem: Problem | None) -> None:
    """Written for the person to read; what stands there decides nothing."""
    note = file.with_suffix(".problem")
    if problem is None:
        note.unlink(missing_ok=True)
    else:
        note.write_bytes(msgspec.json.encode(Trouble(problem.code, problem.detail, problem.hint)))


# ---------------------------------------------------------------- in words


def described(home: Home, scope: str, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of `attachment` with `bytes`, where their bytes are, and `file`, the path of what is here."""
    held, names = here(home, scope), _names(home, scope)
    return [row | _where(home, scope, row, held, names) for row in rows]


def _where(home: Home, scope: str, row: dict[str, Any], held: set[str], names: dict[str, str]) -> dict[str, Any]:
    is_here, on_server = row["sha256"] in held, row.get("upload_state") == HERE
    if is_here:
        words = "here" if on_server else "here, not yet on the server"
        refused = None if on_server else trouble(home, scope, row["sha256"])
        words += f" ({refused.detail})" if refused else ""
        return {"bytes": words, "file": str(file_of(home, scope, row["sha256"]))}
    if on_server:
        return {"bytes": "on the server", "file": None}
    author = row.get("created_by")
    if author is None or author == home.device().user:
        return {"bytes": "not here yet, on another device of yours", "file": None}
    return {"bytes": f"not here yet, on {names.get(author, 'another person')}'s device", "file": None}


def _names(home: Home, scope: str) -> dict[str, str]:
    found = home.replica(scope).connection.execute("select user_id, name from member where name is not null")
    return dict(found.fetchall())


# ---------------------------------------------------------------- a scope that was taken away


def put_aside(home: Home, scope: str) -> int:
    """The scope's bytes leave the device, but for those the server is not known to have; answers how many these are.

    The row of a refused edit is gone already: its bytes are kept all the same.
    """
    known = {one.sha256: one for one in photos(home, scope)}
    held = [known.get(sha256, Photo(sha256, None, None, None, False)) for sha256 in sorted(here(home, scope))]
    unsent = [one for one in held if not one.on_server]
    folder = home.folder / "quarantine" / f"{scope}-{now_ms()}-attachments"
    if unsent:
        folder.mkdir(parents=True)
        (folder / "photos.json").write_bytes(msgspec.json.encode({"scope": scope, "photos": unsent}))
        for one in unsent:
            file_of(home, scope, one.sha256).replace(folder / one.sha256)
        settle(folder)
    for kind in ("attachments", "thumbnails"):
        shutil.rmtree(home.folder / "files" / kind / scope, ignore_errors=True)
    return len(unsent)


def set_aside_folders(home: Home) -> list[Path]:
    return sorted(note.parent for note in (home.folder / "quarantine").glob("*-attachments/photos.json"))


class _Aside(msgspec.Struct, frozen=True):
    scope: str
    photos: list[Photo]


def set_aside(folder: Path) -> list[Photo]:
    """What of it is still to be sent."""
    noted = msgspec.json.decode((folder / "photos.json").read_bytes(), type=_Aside)
    return [one for one in noted.photos if (folder / one.sha256).exists()]


def scope_of(folder: Path) -> str:
    return msgspec.json.decode((folder / "photos.json").read_bytes(), type=_Aside).scope
