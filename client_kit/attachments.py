"""Attaching a file: a row that names its bytes by their hash, and the bytes kept beside the replica."""

from __future__ import annotations

import hashlib
import mimetypes
import shutil
from pathlib import Path
from typing import Any

from arxos_sync.messages import Change
from arxos_sync.problems import Problem

from .replica import Home, new_id


def attachment(home: Home, scope: str, file: Path, to: str | None) -> Change:
    """Copy the bytes into the directory and answer the row's insert."""
    with open(file, "rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    kept = home.folder / "files" / "attachments" / scope / digest
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(".part")
        shutil.copyfile(file, part)
        part.replace(kept)
    values: dict[str, Any] = {
        "sha256": digest,
        "name": file.name,
        "byte_size": file.stat().st_size,
        "media_type": mimetypes.guess_type(file.name)[0] or "application/octet-stream",
        "origin": "field",
    }
    return Change(table="attachment", id=new_id(), op="insert", set=values | _target(home, scope, to))


def _target(home: Home, scope: str, to: str | None) -> dict[str, str]:
    if to is None:
        return {}
    table, _, id = to.partition("/")
    if home.replica(scope).row(table, id) is None:
        raise Problem("not_found", f"no {table} {id} on this device")
    return {"target_table": table, "target_id": id}
