"""Snapshots: a scope as a file, built off the request path and kept under its content.

A snapshot serves until it is `SNAPSHOT_BEHIND_MAX` sequences behind; from half of that on a new one is made
while the old one still serves. The last two of a scope stay, so that a broken download can be resumed.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import anyio.to_thread
import msgspec
import structlog
import zstandard

from arxos_sync import digest, limits
from arxos_sync.catalogue import Catalogue
from arxos_sync.problems import Problem
from arxos_sync.pull import settled_cursor
from arxos_sync.store import ServerStore

from . import bodies

BUILD_RETRY_S = 1
KEPT = 2
AT_ONCE_MAX = 1
ENCODINGS = {"zstd": ".zst", "gzip": ".gz"}
PACK_LEVEL = 12
PACK_WINDOW_LOG = 25  # 32 MiB to unpack with: rows of one table that are alike lie far apart
_log = structlog.get_logger("arxos.snapshots")


class Snapshot(msgspec.Struct, frozen=True):
    file: Path
    tag: str  # strong: the hash of the bytes
    cursor: str
    sequence: int

    @property
    def packed(self) -> dict[str, Path]:
        return {name: self.file.with_name(self.file.name + end) for name, end in ENCODINGS.items()}


class _Note(msgspec.Struct, frozen=True):
    """What stands beside a snapshot's file."""

    epoch: str
    schema: int
    sequence: int
    salt: str
    cursor: str
    tag: str


class Snapshots:
    def __init__(self, store: ServerStore, catalogue: Catalogue, epoch: str, folder: Path) -> None:
        self._store, self._catalogue, self._epoch, self._folder = store, catalogue, epoch, folder
        self._building: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._limiter: anyio.CapacityLimiter | None = None

    async def find(self, scope: str, schema: int) -> Snapshot | None:
        """The newest snapshot of a schema that may serve; None while the first is being made."""
        found, head = await anyio.to_thread.run_sync(self._newest, scope, schema)
        behind = None if found is None else head - found.sequence
        if behind is None or behind > limits.SNAPSHOT_BEHIND_MAX // 2:
            self._start(scope, schema)
        return found if behind is not None and behind <= limits.SNAPSHOT_BEHIND_MAX else None

    @property
    def busy(self) -> bool:
        return bool(self._building)

    async def settled(self) -> None:
        """Wait until nothing is being made."""
        await asyncio.gather(*self._building.values())

    async def stop(self) -> None:
        for task in self._building.values():
            task.cancel()
        await asyncio.gather(*self._building.values(), return_exceptions=True)

    def _start(self, scope: str, schema: int) -> None:
        if (scope, schema) in self._building:
            return
        task = asyncio.create_task(self._build_apart(scope, schema), name=f"snapshot {scope}")
        self._building[scope, schema] = task
        task.add_done_callback(lambda _: self._building.pop((scope, schema), None))

    async def _build_apart(self, scope: str, schema: int) -> None:
        self._limiter = self._limiter or anyio.CapacityLimiter(AT_ONCE_MAX)
        try:
            await anyio.to_thread.run_sync(self.build, scope, schema, limiter=self._limiter)
        except (Problem, OSError, ValueError) as error:
            _log.error("the snapshot could not be made", scope=scope, exc_info=error)

    # -------------------------------------------------------- files

    def build(self, scope: str, schema: int) -> Snapshot:
        """Make a snapshot now, with what replicas of `schema` know."""
        from arxos_sync.storage.replica_file import build_snapshot

        folder, told = self._folder_of(scope, schema), self._catalogue.at(schema)
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f".draft.{os.getpid()}.{threading.get_ident()}"  # a job may build beside a request
        draft.unlink(missing_ok=True)
        with self._store.read(scope) as reader:
            head = reader.head()
            cursor = settled_cursor(reader, told, self._epoch)
            sums = {table: digest.to_hex(total) for table, total in reader.digests().items() if table in told.tables}
            build_snapshot(
                draft,
                told,
                (row for row in reader.live_rows() if row.table in told.tables),
                scope=scope,
                cursor=cursor,
                head=head.sequence,
                digest=sums,
            )
        tag = _hash(draft)
        note = _Note(self._epoch, schema, head.sequence, head.salt, cursor, tag)
        return self._keep(folder, draft, note)

    def drop(self, scope: str) -> None:
        """Away with a scope's files: they hold what is to be held no longer. Whoever asks next has one made."""
        shutil.rmtree(self._folder / scope.replace(":", "-"), ignore_errors=True)

    def _keep(self, folder: Path, draft: Path, note: _Note) -> Snapshot:
        file = folder / f"{note.sequence:012d}-{note.tag[:16]}.sqlite"
        raw = draft.read_bytes()
        for encoding, end in ENCODINGS.items():
            _write(file.with_name(file.name + end), lambda e=encoding: _packed(raw, e))
        draft.rename(file)
        _write(file.with_suffix(".json"), lambda: msgspec.json.encode(note))
        others = sorted(path for path in folder.glob("*.json") if path.stem != file.stem)  # of a former life, maybe
        for old in others[: max(0, len(others) + 1 - KEPT)]:
            for part in folder.glob(f"{old.stem}.*"):
                part.unlink(missing_ok=True)
        return Snapshot(file, note.tag, note.cursor, note.sequence)

    def _newest(self, scope: str, schema: int) -> tuple[Snapshot | None, int]:
        """The newest usable file of this epoch and schema, and the head."""
        with self._store.read(scope) as reader:
            head = reader.head().sequence
            for path in sorted(self._folder_of(scope, schema).glob("*.json"), reverse=True):
                note = msgspec.json.decode(path.read_bytes(), type=_Note)
                ours = (note.epoch, note.schema) == (self._epoch, schema)
                if ours and reader.salt(note.sequence) == note.salt:
                    return Snapshot(path.with_suffix(".sqlite"), note.tag, note.cursor, note.sequence), head
        return None, head

    def _folder_of(self, scope: str, schema: int) -> Path:
        return self._folder / scope.replace(":", "-") / str(schema)


def _packed(raw: bytes, encoding: str) -> bytes:
    """Packed once and fetched by many: smaller is worth the time."""
    if encoding != "zstd":
        return bodies.compress(raw, encoding)
    parameters = zstandard.ZstdCompressionParameters.from_level(PACK_LEVEL, enable_ldm=True, window_log=PACK_WINDOW_LOG)
    return zstandard.ZstdCompressor(compression_params=parameters).compress(raw)


def _hash(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()[:32]


def _write(file: Path, make: Callable[[], bytes]) -> None:
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_bytes(make())
    draft.rename(file)
