"""`arxos admin restore` and `restore-drill`: a backup becomes a server again.

A restored server begins a new life (PROTOCOL §7): a new epoch, so that no device takes it for the one it knew, and each
offers what it holds of the lost time. Nothing is written before the whole file has been verified. What stands at the
target is replaced only where it is named.
"""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import msgspec
import zstandard

from arxos_sync.problems import Problem
from arxos_sync.store import Sql

from ..attachments import files
from ..attachments.lying import Lying
from ..parts import Parts, new_id, now
from ..settings import Settings
from . import backup
from .verify import Verified, scopes_of, verify


class Restored(msgspec.Struct, frozen=True):
    file: str
    made_at: str
    epoch: str
    former_epoch: str
    attachments: int
    counts: dict[str, int]
    kept_aside: list[str]

    def line(self) -> str:
        lines = [
            f"{self.file} of {self.made_at} is the store now: {self.counts['change_log']} transactions, "
            f"{self.attachments} files. It begins epoch {self.epoch}; devices will bring what came after.",
            "Logins and grants are as they were then: what was revoked since must be revoked again "
            "(--end-sessions ends every login).",
        ]
        return "\n".join(lines + [f"What stood there before is at {place}" for place in self.kept_aside])


def restore(settings: Settings, lying: Lying, file: Path, replace: str | None, end_sessions: bool) -> Restored:
    """`replace`: the name of a target that holds something, the data folder's or the database's. Raises Problem."""
    manifest = backup.verify_file(file)
    ours = "postgis" if settings.database_url else "spatialite"
    if manifest.store != ours:
        raise Problem("invalid", f"{file.name} is of a {manifest.store} store; the settings name a {ours} one.")
    aside = _make_room(settings, replace)
    with backup.opened_backup(file) as (tar, _):
        _bring_database(settings, tar)
        _bring_keys(settings, tar, aside)
        count = _bring_attachments(settings, lying, tar)
    epoch = _new_life(settings, end_sessions)
    return Restored(str(file), manifest.made_at, epoch, manifest.epoch, count, manifest.counts, aside)


# ---------------------------------------------------------------- the target


def _make_room(settings: Settings, replace: str | None) -> list[str]:
    """Raises Problem where something is there that was not named."""
    if settings.database_url is None:
        return _room_on_disk(settings, replace)
    import psycopg

    from arxos_sync.storage.postgis_walls import ensure_roles

    name = urlsplit(settings.owner_url).path.strip("/")
    with psycopg.connect(settings.owner_url, autocommit=True) as connection:
        ensure_roles(connection)  # which the dump's policies name
        held = connection.execute(
            "select 1 from pg_tables where schemaname = 'public' and tablename <> 'spatial_ref_sys' limit 1"
        ).fetchone()
        if held is not None:
            _demand_named(name, replace)
            connection.execute("drop schema public cascade")
            connection.execute("create schema public")
    return []


def _room_on_disk(settings: Settings, replace: str | None) -> list[str]:
    from arxos_sync.storage.spatialite_server import FILE

    store = settings.data_dir / FILE
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if not store.exists():
        return []
    _demand_named(settings.data_dir.resolve().name, replace)
    aside = []
    for end in ("", "-wal", "-shm"):
        one = store.with_name(FILE + end)
        if one.exists():
            aside.append(_put_aside(one))
    return aside


def _demand_named(name: str, replace: str | None) -> None:
    if replace != name:
        raise Problem(
            "invalid", f"{name} holds a store already.", hint=f"Stop its server, then name it: --replace {name}"
        )


def _put_aside(file: Path) -> str:
    aside = file.with_name(f"{file.name}.before-{now().replace(':', '').replace('.', '')}")
    file.rename(aside)
    return str(aside)


# ---------------------------------------------------------------- what is brought


def _bring_database(settings: Settings, tar: tarfile.TarFile) -> None:
    if settings.database_url is None:
        from arxos_sync.storage.spatialite_server import FILE

        content = tar.extractfile(backup.SQLITE)
        assert content is not None
        draft = settings.data_dir / f".{FILE}.{os.getpid()}"
        with open(draft, "wb") as out:
            zstandard.ZstdDecompressor().copy_stream(content, out)
            out.flush()
            os.fsync(out.fileno())
        draft.rename(settings.data_dir / FILE)
        return
    with tempfile.TemporaryDirectory(prefix="arxos-restore-") as scratch:
        content, dump = tar.extractfile(backup.POSTGRES), Path(scratch, "dump")
        assert content is not None
        with dump.open("wb") as out:
            shutil.copyfileobj(content, out)
        bring_dump(dump, settings.owner_url)


def bring_dump(file: Path, url: str) -> None:
    backup.run(
        [backup.tool("pg_restore"), "--no-owner", "--no-acl", "--exit-on-error", "--single-transaction",
         f"--dbname={url}", str(file)]
    )  # fmt: skip


def _bring_keys(settings: Settings, tar: tarfile.TarFile, aside: list[str]) -> None:
    """What was sealed and signed with them can be read again."""
    for name, file in backup.key_files(settings).items():
        content = tar.extractfile(name)
        assert content is not None
        key = content.read()
        if file.exists() and file.read_bytes() == key:
            continue
        if file.exists():
            aside.append(_put_aside(file))
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out:
            out.write(key)


def _bring_attachments(settings: Settings, lying: Lying, tar: tarfile.TarFile) -> int:
    count, draft = 0, settings.data_dir / "uploads" / f".restored.{os.getpid()}"
    draft.parent.mkdir(parents=True, exist_ok=True)
    for entry in tar:
        if not files.HASH.match(Path(entry.name).name) or lying.size(entry.name) == entry.size:
            continue
        content = tar.extractfile(entry)
        assert content is not None
        with open(draft, "wb") as out:
            shutil.copyfileobj(content, out)
            out.flush()
            os.fsync(out.fileno())
        lying.give(entry.name, draft)
        count += 1
    return count


def _new_life(settings: Settings, end_sessions: bool) -> str:
    from ..app import open_store

    store, epoch = open_store(settings), new_id()
    try:
        with store.tables() as sql:
            sql.run("update meta set value = :epoch where key = 'epoch'", epoch=epoch)
            sql.run("update job set state = 'failed', problem = 'restored' where state in ('waiting', 'running')")
            if end_sessions:
                sql.run("update session set revoked_at = :now where revoked_at is null", now=now())
    finally:
        store.close()
    return epoch


# ---------------------------------------------------------------- the drill


class Drilled(msgspec.Struct, frozen=True):
    file: str
    made_at: str
    members: int
    counts: dict[str, int]
    verified: list[Verified]
    differing: list[str]

    @property
    def ok(self) -> bool:
        return not self.differing and all(one.ok for one in self.verified)

    def line(self) -> str:
        lines = [f"{self.file} of {self.made_at}: {self.members} members, restored apart, verified and removed."]
        lines += [one.line() for one in self.verified]
        return "\n".join(lines + [f"differs: {one}" for one in self.differing])


def drill(settings: Settings, file: Path) -> Drilled:
    """Restore into a scratch place, verify every digest there, compare with the manifest, remove it."""
    manifest = backup.verify_file(file)
    if manifest.store != ("postgis" if settings.database_url else "spatialite"):
        raise Problem("invalid", f"{file.name} is of a {manifest.store} store; the settings name another.")
    with tempfile.TemporaryDirectory(prefix="arxos-drill-") as folder, _scratch(settings, Path(folder)) as place:
        from ..app import open_attachments, open_parts

        alone = msgspec.structs.replace(place, redis_url=None, attachments_url=None, database_replica_url=None)
        restore(alone, open_attachments(alone), file, None, end_sessions=True)
        parts = open_parts(alone)
        try:
            verified = [verify(parts, scope) for scope in scopes_of(parts)]
            differing = _differing(parts, manifest)
        finally:
            parts.store.close()
    return Drilled(str(file), manifest.made_at, len(manifest.members), manifest.counts, verified, differing)


@contextmanager
def _scratch(settings: Settings, folder: Path) -> Iterator[Settings]:
    place = msgspec.structs.replace(settings, data_dir=folder, secret_key_file=None)
    if settings.database_url is None:
        yield place
        return
    import psycopg

    name = f"arxos_drill_{new_id().replace('-', '')}"
    with psycopg.connect(settings.owner_url, autocommit=True) as connection:
        connection.execute(f'create database "{name}" template template0')
    try:
        urls = {
            word: urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
            for word in ("database_url", "database_owner_url")
            if (url := getattr(settings, word)) is not None
        }
        yield msgspec.structs.replace(place, **urls)
    finally:
        with psycopg.connect(settings.owner_url, autocommit=True) as connection:
            connection.execute(f'drop database if exists "{name}" with (force)')


def _differing(parts: Parts, manifest: backup.Manifest) -> list[str]:
    with parts.store.across() as sql:
        counted = {table: _count(sql, table) for table in manifest.counts}
        heads = {row["scope"]: int(row["sequence"]) for row in sql.rows("select scope, sequence from scope_head")}
    rows = [f"{t}: {counted[t]} rows, not {said}" for t, said in manifest.counts.items() if counted[t] != said]
    return rows + [f"{s}: head {heads.get(s)}, not {h}" for s, h in manifest.heads.items() if heads.get(s) != h]


def _count(sql: Sql, table: str) -> int:
    assert table.isidentifier()
    return int(sql.rows(f'select count(*) as count from "{table}"')[0]["count"])  # type: ignore[arg-type]
