"""`arxos admin prune`: what nobody needs any more, by the settings' days.

Never the change log, a receipt, a conflict or the quarantine: a repeat must find its receipt however late it comes. Of
the server's own tables rows that have ended go after `ARXOS_KEEP_DAYS`, of the access log after
`ARXOS_ACCESS_LOG_KEEP_DAYS`, backups after `ARXOS_BACKUP_KEEP_DAYS` (the newest always stays).
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import msgspec

from arxos_sync import limits

from ..parts import Parts, instant, now_ms

DAY_MS = 86_400_000
_ENDED: dict[str, LiteralString] = {  # table → what has ended before `:before`
    "session": "expires_at < :before or revoked_at < :before",
    "mailed_link": "expires_at < :before or used_at < :before",
    "invitation": "accepted_at is null and expires_at < :before",
    "mail": "sent_at < :before or (next_try_at is null and created_at < :before)",
    "webhook_try": """delivery_id in (
        select id from webhook_delivery where delivered_at < :before or given_up_at < :before)""",
    "webhook_delivery": "delivered_at < :before or given_up_at < :before",
    "cmms_sync_log": "at < :before",
    "job": "finished_at < :before and (kind <> 'export' or result is null)",  # by which its file is found
    "push_subscription": "gone_at < :before",
}
_DRAFTS = ("snapshots/*/*/.*", "exports/.draft-*", "arxos-backup-*/*")
_LOGGED: LiteralString = "at < :before"


class Pruned(msgspec.Struct, frozen=True):
    """Rows by table, files by folder; `dry`: what would have gone."""

    dry: bool
    rows: dict[str, int]
    files: dict[str, int]
    bytes: int

    def line(self) -> str:
        gone = [f"{count} {name}" for name, count in (self.rows | self.files).items() if count]
        word = "Would go" if self.dry else "Gone"
        return f"{word}: {', '.join(gone) or 'nothing'}; {self.bytes} bytes of files."


def prune(parts: Parts, dry: bool = False) -> Pruned:
    before = instant(now_ms() - parts.settings.keep_days * DAY_MS)
    logged = instant(now_ms() - parts.settings.access_log_keep_days * DAY_MS)
    rows = {table: _rows(parts, table, ended, before, dry) for table, ended in _ENDED.items()}
    rows["access_log"] = _rows(parts, "access_log", _LOGGED, logged, dry)
    files: dict[str, int] = {}
    size = 0
    for word, file in _files(parts):
        files[word] = files.get(word, 0) + 1
        size += file.stat().st_size
        if not dry:
            file.unlink(missing_ok=True)
    return Pruned(dry, rows, files, size)


def _rows(parts: Parts, table: str, ended: LiteralString, before: str, dry: bool) -> int:
    with parts.store.tables() as sql:
        if dry:
            found = sql.rows(f"select count(*) as count from {table} where {ended}", before=before)  # type: ignore[arg-type]
            return int(found[0]["count"])
        return sql.run(f"delete from {table} where {ended}", before=before)  # type: ignore[arg-type]


def _files(parts: Parts) -> Iterator[tuple[str, Path]]:
    folder, now_s = parts.settings.data_dir, time.time()
    oldest_upload = now_s - limits.UPLOAD_KEPT_DAYS * 86_400
    for note in folder.glob("uploads/*/*"):
        pair = [f for f in (note.with_suffix(".json"), note.with_suffix(".part")) if f.exists()]
        if max((f.stat().st_mtime for f in pair), default=now_s) < oldest_upload:
            yield "uploads", note
    for note in folder.glob("snapshots/*/*/*.json"):
        if _is_of_another_life(parts, note):
            yield from (("snapshots", part) for part in note.parent.glob(f"{note.stem}.*"))
    backups = parts.settings.backup_dir or folder / "backups"
    drafts = (draft for place in _DRAFTS for draft in folder.glob(place))
    for draft in (*drafts, *backups.glob(".arxos-*")):
        if draft.stat().st_mtime < now_s - 86_400:  # of a process that was killed
            yield "drafts", draft
    yield from (("backups", file) for file in old_backups(parts))


def _is_of_another_life(parts: Parts, note: Path) -> bool:
    told = msgspec.json.decode(note.read_bytes())
    return told.get("epoch") != parts.epoch or told.get("schema", 0) < parts.catalogue.oldest


def old_backups(parts: Parts) -> list[Path]:
    folder = parts.settings.backup_dir
    if folder is None or not folder.is_dir():
        return []
    oldest = time.time() - parts.settings.backup_keep_days * 86_400
    return [file for file in sorted(folder.glob("arxos-*.tar"))[:-1] if file.stat().st_mtime < oldest]


def free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder if folder.exists() else os.curdir).free
