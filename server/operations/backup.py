"""`arxos admin backup`: all that a server would be missed for, in one file, verified before it has its name.

A tar: the bytes of attachments and of the quarantine; then the database as it is at one moment (SQLite: its backup;
PostgreSQL: `pg_dump` of an exported snapshot); then what attachments came meanwhile, so that no row of it speaks of
bytes that are not there; the keys; last `manifest.json` with the size and SHA-256 of each. Not in it: thumbnails
and snapshots, which are made again, and uploads that had not ended, which devices send again.

**It holds the secret key and everybody's data.** Only its owner may read the file; keep it like the server itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import msgspec
import zstandard

from arxos_sync.problems import Problem

from ..notifications import vapid
from ..parts import Parts, instant, now_ms
from ..settings import Settings
from . import drain

FORMAT = 1
MANIFEST = "manifest.json"
SQLITE, POSTGRES = "arxos.sqlite.zst", "arxos.pgdump"
TABLES_COUNTED = ("user", "device", "grant", "change_log", "receipt", "building", "element", "attachment", "task")
LOOK_S = 0.2
Went = Callable[[float], None]


class Member(msgspec.Struct, frozen=True):
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    format: int
    made_at: str
    store: str  # spatialite or postgis
    schema: int
    epoch: str
    counts: dict[str, int]  # rows a table, in the database that is in the file
    heads: dict[str, int]  # scope → sequence
    members: dict[str, Member]


class BackedUp(msgspec.Struct, frozen=True):
    file: str
    size: int
    members: int
    epoch: str
    counts: dict[str, int]

    def line(self) -> str:
        return (
            f"{self.file}: {self.size} bytes, {self.members} members, each read back and verified.\n"
            "It holds the server's secret key and everybody's data: keep it like the server itself."
        )


def back_up(parts: Parts, folder: Path, went: Went = lambda share: None) -> BackedUp:
    """Raises Problem; nothing is left of what could not be finished."""
    folder.mkdir(parents=True, exist_ok=True)
    at = now_ms()
    name = f"arxos-{instant(at).replace(':', '').replace('.', '')}-{parts.epoch[:8]}.tar"
    draft = folder / f".{name}.{os.getpid()}"
    try:
        with open(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "wb") as opened:
            manifest = _write(parts, opened, instant(at), went)
            opened.flush()
            os.fsync(opened.fileno())
        verify_file(draft)
        draft.rename(folder / name)
    except OSError as error:
        raise Problem("storage_full", f"The backup could not be written: {error}") from error
    finally:
        draft.unlink(missing_ok=True)
    file = folder / name
    return BackedUp(str(file), file.stat().st_size, len(manifest.members), manifest.epoch, manifest.counts)


def _write(parts: Parts, opened: IO[bytes], at: str, went: Went) -> Manifest:
    members: dict[str, Member] = {}
    with tarfile.open(fileobj=opened, mode="w", format=tarfile.PAX_FORMAT) as tar:
        _add_attachments(parts, tar, members, went)
        with tempfile.TemporaryDirectory(prefix="arxos-backup-", dir=_room(parts)) as scratch:
            dumped, facts = dump(parts, Path(scratch), went)
            _add_file(tar, members, dumped.name, dumped)
        _add_attachments(parts, tar, members, lambda share: None)
        for name, file in key_files(parts.settings).items():
            _add_file(tar, members, name, file)
        manifest = Manifest(format=FORMAT, made_at=at, members=members, **facts)
        _add(tar, MANIFEST, len(raw := msgspec.json.format(msgspec.json.encode(manifest))), io.BytesIO(raw))
    went(1.0)
    return manifest


def key_files(settings: Settings) -> dict[str, Path]:
    """What signs logins and seals secrets, and that by which push services know this server."""
    return {"secret.key": settings.key_file, vapid.FILE: vapid.key_file(settings)}


def _room(parts: Parts) -> Path:
    parts.settings.data_dir.mkdir(parents=True, exist_ok=True)
    return parts.settings.data_dir


def _add_attachments(parts: Parts, tar: tarfile.TarFile, members: dict[str, Member], went: Went) -> None:
    wanted = [(name, size) for name, size in parts.attachments.each() if name not in members]
    total, done = sum(size for _, size in wanted) or 1, 0
    for name, size in wanted:
        with parts.attachments.borrowed(name) as file:
            _add_file(tar, members, name, file)
        done += size
        went(0.8 * done / total)


def _add_file(tar: tarfile.TarFile, members: dict[str, Member], name: str, file: Path) -> None:
    with open(file, "rb") as content:
        members[name] = Member(os.fstat(content.fileno()).st_size, hashlib.file_digest(content, "sha256").hexdigest())
        content.seek(0)
        _add(tar, name, members[name].size, content)


def _add(tar: tarfile.TarFile, name: str, size: int, content: IO[bytes]) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, int(time.time())
    tar.addfile(entry, content)


# ---------------------------------------------------------------- the database


def dump(parts: Parts, scratch: Path, went: Went) -> tuple[Path, dict[str, Any]]:
    """The database in one file, and what the manifest says of it."""
    if parts.settings.database_url is None:
        return _dump_spatialite(parts.settings.data_dir, scratch)
    return _dump_postgis(parts.settings.owner_url, scratch, went)


def _dump_spatialite(data_dir: Path, scratch: Path) -> tuple[Path, dict[str, Any]]:
    """A connection of its own reads one moment, whatever others write meanwhile."""
    from arxos_sync.storage.driver import sqlite
    from arxos_sync.storage.spatialite_server import FILE

    copy = scratch / "arxos.sqlite"
    source, target = sqlite.connect(str(data_dir / FILE)), sqlite.connect(str(copy))
    try:
        source.backup(target)
        (whole,) = target.execute("pragma integrity_check").fetchone()
        if whole != "ok":
            raise Problem("internal", f"The database is damaged: {whole}", hint="Restore an earlier backup.")
        facts = _facts("spatialite", lambda statement: target.execute(statement).fetchall())
    finally:
        source.close()
        target.close()
    packed = scratch / SQLITE
    with open(copy, "rb") as raw, open(packed, "wb") as out:
        zstandard.ZstdCompressor(level=3).copy_stream(raw, out)
    copy.unlink()
    return packed, facts


def _dump_postgis(url: str, scratch: Path, went: Went) -> tuple[Path, dict[str, Any]]:
    """What is counted and what is dumped are one snapshot of the database."""
    import psycopg

    file = scratch / POSTGRES
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("begin isolation level repeatable read, read only")
        (snapshot,) = connection.execute("select pg_export_snapshot()").fetchone() or ("",)
        facts = _facts("postgis", lambda statement: connection.execute(statement).fetchall())
        command = [tool("pg_dump"), "--format=custom", "--no-owner", "--no-acl", f"--snapshot={snapshot}",
                   f"--file={file}", f"--dbname={url}"]  # fmt: skip
        run(command, lambda: went(0.85))
    return file, facts


def _facts(store: str, ask: Callable[[str], list[Any]]) -> dict[str, Any]:
    meta = dict(ask("select key, value from meta"))
    counts = {table: int(ask(f'select count(*) from "{table}"')[0][0]) for table in TABLES_COUNTED}
    heads = {scope: int(sequence) for scope, sequence in ask("select scope, sequence from scope_head order by scope")}
    return {"store": store, "schema": int(meta["schema"]), "epoch": meta["epoch"], "counts": counts, "heads": heads}


def run(command: list[str], look: Callable[[], None] = lambda: None) -> None:
    """A program of PostgreSQL's to its end; `look` may raise, then it is ended. Raises Problem with what it said."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                _, said = process.communicate(timeout=LOOK_S)
                break
            look()
    except BaseException:
        process.kill()
        process.communicate()
        raise
    if process.returncode:
        lines = said.decode("utf-8", "replace").strip()[-500:]
        raise Problem("internal", f"{Path(command[0]).name} ended with {process.returncode}: {lines}")


def tool(name: str) -> str:
    """A program of PostgreSQL's, at least as new as the newest installed. Raises Problem."""
    import shutil

    versioned = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda p: int(p.parts[-3]))
    found = str(versioned[-1]) if versioned else shutil.which(name)
    if found is None:
        raise Problem("internal", f"{name} is not installed.", hint="Install PostgreSQL's client programs.")
    return found


# ---------------------------------------------------------------- reading one


def verify_file(file: Path) -> Manifest:
    """Every member has the size and hash that the manifest says, and there is none beside. Raises Problem `invalid`."""
    with opened_backup(file) as (tar, manifest):
        found: dict[str, Member] = {}
        for entry in tar:
            content = tar.extractfile(entry)
            if entry.name == MANIFEST or content is None:
                continue
            found[entry.name] = Member(entry.size, hashlib.file_digest(content, "sha256").hexdigest())
            if drain.begun():
                raise Problem("unavailable", "The server is being stopped.")
        wrong = sorted(n for n in found.keys() | manifest.members.keys() if found.get(n) != manifest.members.get(n))
        if wrong:
            raise Problem("invalid", f"{file.name} is damaged: {', '.join(wrong[:5])}")
    return manifest


@contextlib.contextmanager
def opened_backup(file: Path) -> Iterator[tuple[tarfile.TarFile, Manifest]]:
    """Raises Problem `not_found`, `invalid`."""
    try:
        with tarfile.open(file, "r:") as tar:
            content = tar.extractfile(MANIFEST)
            assert content is not None
            manifest = msgspec.json.decode(content.read(), type=Manifest)
            if manifest.format != FORMAT:
                raise Problem("invalid", f"{file.name} is of format {manifest.format}; this server reads {FORMAT}.")
            yield tar, manifest
    except FileNotFoundError as error:
        raise Problem("not_found", f"There is no file {file}") from error
    except (tarfile.TarError, KeyError, msgspec.DecodeError, EOFError) as error:
        raise Problem("invalid", f"{file.name} is no whole backup: {error}") from error


def newest(folder: Path) -> Path | None:
    return max(folder.glob("arxos-*.tar"), default=None, key=lambda file: file.name)
