"""A person's directory on a device: who they are, which server, and one replica file per scope.

    device.json        server, device id, person's id, scopes subscribed to
    credentials.json   tokens (mode 600)
    told.json          what a person should still hear of (telling.py)
    files/<scope>.sqlite   user.sqlite for the person's own scope
    files/attachments, files/thumbnails   photos (attachments.py)
    vault.sqlite       of an encrypted directory (vault.py): then the files below it are SQLCipher's
    quarantine/        unsent work of scopes that were taken away, as JSON; unsent photos

Nothing here speaks to a server. Time and dice are read here and handed to the engine.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

import schemas
from arxos_sync.catalogue import Catalogue
from arxos_sync.messages import Mark
from arxos_sync.problems import Problem
from arxos_sync.storage import replica_care, replica_file
from arxos_sync.storage.driver import connect
from arxos_sync.storage.spatialite import Replica

from . import vault

DEFAULT_FOLDER = "arxos-device"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def new_id(ms: int | None = None) -> str:
    """A UUIDv7 (RFC 9562 §5.7)."""
    value = ((ms or now_ms()) & 0xFFFF_FFFF_FFFF) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class Device(msgspec.Struct):
    server: str
    device: str
    user: str | None = None
    email: str | None = None
    name: str | None = None
    scopes: list[str] = msgspec.field(default_factory=list)
    past: dict[str, Mark] = msgspec.field(default_factory=dict)  # scopes let go: this device's last transaction there
    encrypted: str | None = None  # where the secret is: keyring or passphrase
    vault: str | None = None  # its name in the keyring
    photos: str = "place"  # what its server wants taken out of them, as it said last


class Credentials(msgspec.Struct):
    access_token: str
    refresh_token: str
    expires_at_ms: int


class Home:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._replicas: dict[str, Replica] = {}
        self._vault: vault.Vault | None = None

    # ------------------------------------------------------------ who

    def create(self, server: str, encrypt: bool = False) -> Device:
        if (self.folder / "device.json").exists():
            raise Problem("invalid", f"{self.folder} is in use already", hint="Choose another --dir.")
        (self.folder / "files").mkdir(parents=True, exist_ok=True)
        device = Device(server=server.rstrip("/"), device=new_id())
        if encrypt:
            device.encrypted, device.vault = vault.way_to_keep(), new_id()
            vault.create(self.folder, device.vault, device.encrypted)
        self.save(device)
        return device

    def device(self) -> Device:
        try:
            return msgspec.json.decode((self.folder / "device.json").read_bytes(), type=Device)
        except FileNotFoundError as error:
            hint = "Run arxos-device --dir DIR init --server URL first."
            raise Problem("invalid", f"no device in {self.folder}", hint=hint) from error

    def save(self, device: Device) -> None:
        self.write("device.json", msgspec.json.format(msgspec.json.encode(device)), 0o644)

    def credentials(self) -> Credentials | None:
        try:
            return msgspec.json.decode((self.folder / "credentials.json").read_bytes(), type=Credentials)
        except FileNotFoundError:
            return None

    def save_credentials(self, credentials: Credentials | None) -> None:
        if credentials is None:
            (self.folder / "credentials.json").unlink(missing_ok=True)
        else:
            self.write("credentials.json", msgspec.json.encode(credentials), 0o600)

    def write(self, name: str, content: bytes, mode: int) -> None:
        """Whole or not at all, also when the power goes."""
        new = self.folder / f".{name}.new"
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.folder / name)

    @contextlib.contextmanager
    def syncing(self) -> Iterator[None]:
        """One process at a time syncs a directory; others go on editing. Raises Problem `unavailable`."""
        with open(self.folder / ".syncing", "w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                hint = (
                    "Another arxos-device (perhaps `watch`) is syncing this directory: leave it to that one."
                )
                raise Problem("unavailable", "syncing already", hint=hint) from error
            yield

    # ------------------------------------------------------------ under a key

    @property
    def encrypted(self) -> bool:
        return self.device().encrypted is not None

    def vault(self) -> vault.Vault:
        """Of an encrypted directory; its person is asked once."""
        if self._vault is None:
            device = self.device()
            assert device.encrypted is not None and device.vault is not None
            self._vault = vault.open_vault(self.folder, device.vault, device.encrypted)
        return self._vault

    def key(self) -> str | None:
        return self.vault().key if self.encrypted else None

    def connect(self, path: Path, *, spatialite: bool = True) -> Any:
        """One of this directory's replica files."""
        return connect(path, spatialite=spatialite, key=self.key())

    # ------------------------------------------------------------ files

    @property
    def catalogue(self) -> Catalogue:
        return schemas.catalogue()

    def path(self, scope: str) -> Path:
        name = "user" if scope.startswith("user:") else scope
        return self.folder / "files" / f"{name}.sqlite"

    def replica(self, scope: str) -> Replica:
        """The replica of a scope; its file is made where there is none."""
        if scope not in self._replicas:
            path, device = self.path(scope), self.device()
            if path.exists():
                connection = self.connect(path)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                connection = _created(path, self.catalogue, scope, self.key())
            if replica_file.state(connection, "device") is None:
                replica_file.adopt(connection, device.device)
            replica = Replica(connection, self.catalogue, os.urandom)
            if scope in device.past and replica.state("n") is None:
                replica_care.go_on_after(replica, device.past[scope])
            self._replicas[scope] = replica
        return self._replicas[scope]

    def remember(self, scope: str, known: Mark | None) -> None:
        """Keep the number of this device's last transaction of a scope beyond its file."""
        if known is not None:
            device = self.device()
            device.past[scope] = known
            self.save(device)

    def put_file(self, scope: str, arrived: Path) -> Replica:
        """Take a snapshot's file in place of an untouched replica. What that one heard of clocks stays known."""
        heard = self.replica(scope).connection.execute("select ms, counter from arxos_writing").fetchone()
        offset = self.replica(scope).state("clock_offset_ms")
        connection = connect(arrived)
        replica_file.finish_snapshot(connection)
        replica_file.adopt(connection, self.device().device)
        connection.execute("update arxos_writing set ms = ?, counter = ?", heard)
        replica_file.set_state(connection, {"clock_offset_ms": offset})
        connection.execute("pragma journal_mode = wal")
        connection.close()
        self.remove_file(scope)
        arrived.replace(self.path(scope))
        return self.replica(scope)

    def buildings(self) -> list[str]:
        """The buildings subscribed to."""
        return [scope for scope in self.device().scopes if not scope.startswith("user:")]

    def scope_of(self, table: str, building: str | None) -> str:
        """The scope that holds a table: the person's own, or the building named or the only one there is."""
        device = self.device()
        if table not in self.catalogue.synced():
            raise Problem("unknown_table", table)
        if self.catalogue.tables[table].scope == "user":
            if device.user is None:
                raise Problem("unauthenticated", "nobody is logged in here")
            return f"user:{device.user}"
        scopes = self.buildings()
        if building is not None:
            found = [s for s in scopes if s.startswith(building)]
            if len(found) != 1:
                raise Problem("not_found", f"building {building} is not subscribed to")
            return found[0]
        if len(scopes) != 1:
            hint = "Name one with --building." if scopes else "Run arxos-device subscribe BUILDING."
            raise Problem("invalid", f"{len(scopes)} buildings are subscribed to", hint=hint)
        return scopes[0]

    def drop(self, scope: str, unsent: list[dict[str, Any]]) -> Path | None:
        """Remove a scope's file; what is unsent is written to the quarantine first. Answers where."""
        from .attachments import put_aside

        written = None
        folder = self.folder / "quarantine"
        folder.mkdir(exist_ok=True)
        name = f"{self.path(scope).stem}-{now_ms()}"
        if unsent and self.encrypted:
            written = self.folder / "vault.sqlite"
            self.vault().put(name, {"scope": scope, "transactions": unsent})
        elif unsent:
            written = folder / f"{name}.json"
            export(written, scope, unsent)
        self.remember(scope, self.replica(scope).prior())
        put_aside(self, scope)
        self.remove_file(scope)
        device = self.device()
        device.scopes = [s for s in device.scopes if s != scope]
        self.save(device)
        return written

    def remove_file(self, scope: str) -> None:
        if scope in self._replicas:
            self._replicas.pop(scope).close()
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(f"{self.path(scope)}{suffix}").unlink(missing_ok=True)

    def close(self) -> None:
        while self._replicas:
            self._replicas.popitem()[1].close()
        if self._vault is not None:
            self._vault.close()
            self._vault = None


def _created(path: Path, catalogue: Catalogue, scope: str, key: str | None) -> Any:
    """A file that another process sees whole or not at all."""
    new = path.with_suffix(f".{os.getpid()}.new")
    new.unlink(missing_ok=True)
    replica_file.create_replica(new, catalogue, scope, journal="delete", key=key).close()
    try:
        os.link(new, path)
    except FileExistsError:
        pass  # another process was quicker
    finally:
        new.unlink()
    connection = connect(path, key=key)
    connection.execute("pragma journal_mode = wal")
    return connection


def export(path: Path, scope: str, transactions: list[dict[str, Any]]) -> None:
    """Unsent work as JSON that a person can read and a program can take in; bytes as hex."""
    content = {"scope": scope, "transactions": transactions}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1, default=lambda value: value.hex())
        file.flush()
        os.fsync(file.fileno())
