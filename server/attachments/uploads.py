"""Bytes on their way to a scope: what has come, and the appending of more.

An upload is one person's sending of one hash to one scope; its id follows from these three, so that sending again
goes on where it stood, at whichever server process. Its offset is the length of its `.part` file. Promises:

1. `append` writes at the offset it was told, or not at all: of two writers one is refused (`wrong_offset`).
2. Bytes that are acknowledged, by an answer to PATCH or as an offset, are on disk.
3. Only bytes whose SHA-256 is the one announced get their name below `attachments/`; others are thrown away.

The lock is held while a piece is written, never while one is waited for: a connection that died without saying so
holds up nobody.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

import msgspec

from arxos_sync import limits
from arxos_sync.problems import Problem

from . import files
from .lying import Lying


class Wanted(msgspec.Struct, frozen=True):
    """What somebody means to send. `sha256` is lower-case hex of 64 digits."""

    scope: str
    sha256: str
    byte_size: int
    media_type: str | None = None
    name: str | None = None


class Upload(msgspec.Struct, frozen=True):
    """`late`: of a person who has lost the scope; it ends in the quarantine."""

    id: str
    user_id: str
    wanted: Wanted
    late: bool = False


class Uploads:
    def __init__(self, data_dir: Path, lying: Lying) -> None:
        self.data_dir, self._lying = data_dir, lying

    # ------------------------------------------------------------ begin

    def begin(self, user_id: str, wanted: Wanted, late: bool) -> Upload:
        """Open an upload, or the one that was open. Raises Problem `storage_full`."""
        kind = "late" if late else "ours"
        named = f"{kind}/{wanted.scope}/{wanted.sha256}/{user_id}"
        upload = Upload(hashlib.sha256(named.encode()).hexdigest()[:32], user_id, wanted, late)
        note = self._note(upload.id)
        if note.exists():
            known = self.find(upload.id)
            if known.wanted.byte_size == wanted.byte_size:
                return known
            self._part(upload.id).unlink(missing_ok=True)  # of another size it was not what it said
        self._sweep(note.parent)
        self._demand_space(wanted.byte_size)
        files.write_whole(note, msgspec.json.encode(upload))
        return upload

    def find(self, id: str) -> Upload:
        """Raises Problem `not_found`."""
        try:
            return msgspec.json.decode(self._note(id).read_bytes(), type=Upload)
        except FileNotFoundError:
            raise Problem("not_found", f"There is no upload {id}.", hint="Announce it again.") from None

    def offset(self, upload: Upload) -> int:
        """How many bytes are here, on disk."""
        if self._is_whole(upload):
            return upload.wanted.byte_size
        try:
            with open(self._part(upload.id), "rb") as part:
                os.fsync(part.fileno())
                return os.fstat(part.fileno()).st_size
        except FileNotFoundError:
            return 0

    def _target(self, upload: Upload) -> str:
        name = files.quarantined_name if upload.late else files.name_of
        return name(upload.wanted.scope, upload.wanted.sha256)

    def _is_whole(self, upload: Upload) -> bool:
        return self._lying.size(self._target(upload)) is not None

    # ------------------------------------------------------------ append

    def append(self, upload: Upload, offset: int, piece: bytes) -> int:
        """Write a piece; answers the offset after it. Raises Problem `wrong_offset`, `too_large`, `storage_full`."""
        with self._held(upload) as part:
            size = os.fstat(part.fileno()).st_size
            if size != offset:
                raise Problem("wrong_offset", f"The upload stands at {size}, not at {offset}.")
            if size + len(piece) > upload.wanted.byte_size:
                raise Problem("too_large", f"{upload.wanted.byte_size} bytes were announced.")
            try:
                part.seek(size)
                rest = memoryview(piece)
                while rest:
                    rest = rest[part.write(rest) :]
            except OSError as error:
                os.ftruncate(part.fileno(), size)
                raise _full(error) from error
            return size + len(piece)

    def settle(self, upload: Upload) -> bool:
        """Make what has come durable; once all of it has, verify it and give it its name. Answers whether it is whole.

        Raises Problem `wrong_hash`: nothing is left of it then.
        """
        if self._is_whole(upload):
            self._part(upload.id).unlink(missing_ok=True)
            return True
        with self._held(upload) as part:
            try:
                os.fsync(part.fileno())
            except OSError as error:
                raise _full(error) from error
            if os.fstat(part.fileno()).st_size < upload.wanted.byte_size:
                return False
            part.seek(0)
            if hashlib.file_digest(part, "sha256").hexdigest() != upload.wanted.sha256:
                self._part(upload.id).unlink()
                said = f"{upload.wanted.byte_size} bytes came, not those of {upload.wanted.sha256}."
                raise Problem("wrong_hash", said)
            self._lying.give(self._target(upload), self._part(upload.id))
        return True

    @contextmanager
    def _held(self, upload: Upload) -> Iterator[FileIO]:
        """The part, with its lock. While one waits for it the part may be given its name or be thrown away."""
        path = self._part(upload.id)
        for _ in range(2):
            with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+b", buffering=0) as part:
                fcntl.flock(part, fcntl.LOCK_EX)
                if _is(part, path):
                    yield part
                    return
        raise Problem("wrong_offset", "Another sender has finished or begun it anew meanwhile.")

    # ------------------------------------------------------------ room

    def _demand_space(self, byte_size: int) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.data_dir).free
        if free - byte_size < limits.SERVER_FREE_BYTES_MIN:
            raise Problem("storage_full", f"{free} bytes are free at the server.")

    def _sweep(self, folder: Path) -> None:
        """Uploads in this folder that nobody has gone on with; one folder of 256 at each beginning."""
        oldest = time.time() - limits.UPLOAD_KEPT_DAYS * 86_400
        for note in folder.glob("*.json"):
            part = note.with_suffix(".part")
            touched = max((f.stat().st_mtime for f in (note, part) if f.exists()), default=oldest)
            if touched < oldest:
                part.unlink(missing_ok=True)
                note.unlink(missing_ok=True)

    def _note(self, id: str) -> Path:
        return self.data_dir / "uploads" / id[:2] / f"{id}.json"

    def _part(self, id: str) -> Path:
        return self._note(id).with_suffix(".part")


def _is(opened: FileIO, path: Path) -> bool:
    """Does the name still lead to the file that is open?"""
    try:
        return os.path.samestat(os.fstat(opened.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _full(error: OSError) -> Problem:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Problem("storage_full", "The server's disk is full.")
    return Problem("unavailable", str(error))
