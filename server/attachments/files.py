"""What the bytes of attachments are called: by scope, under the hash of their content; on disk or at S3 (lying.py).

    attachments/<scope>/<ab>/<sha256>       complete and verified; nothing else ever has such a name
    thumbnails/<scope>/<ab>/<sha256>-<which>  small pictures by their size, and page-<n>; may be removed at any time
    uploads/<ab>/<id>.part, .json           what is on its way (uploads.py)
    quarantine/<scope>/<sha256>             of people who had lost the scope (quarantine.py)

A hash opens nothing by itself: each scope has its own copy, sent by somebody who had it. Several server processes, on
one machine or over one shared file system, work in these folders at once.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from pathlib import Path

HASH = re.compile(r"[0-9a-f]{64}\Z")


def name_of(scope: str, sha256: str) -> str:
    return f"attachments/{_folder(scope)}/{sha256[:2]}/{sha256}"


def quarantined_name(scope: str, sha256: str) -> str:
    return f"quarantine/{_folder(scope)}/{sha256}"


def file_of(data_dir: Path, scope: str, sha256: str) -> Path:
    """Where they lie on disk."""
    return data_dir / name_of(scope, sha256)


def thumbnail_of(data_dir: Path, scope: str, sha256: str, which: str) -> Path:
    return data_dir / "thumbnails" / _folder(scope) / sha256[:2] / f"{sha256}-{which}"


def _folder(scope: str) -> str:
    return scope.replace(":", "-")


def keep(data_dir: Path, scope: str, content: bytes) -> str:
    """Store bytes under their hash, durably; answers it."""
    sha256 = hashlib.sha256(content).hexdigest()
    file = file_of(data_dir, scope, sha256)
    if not file.exists():
        write_whole(file, content)
    return sha256


def write_whole(file: Path, content: bytes) -> None:
    """Whole or not at all, also when the power goes; any number of threads and processes may write one file at once,
    each a draft of its own.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    try:
        with open(draft, "xb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        draft.replace(file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    settle(file.parent)


def settle(folder: Path) -> None:
    """Make the names in a folder durable."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
