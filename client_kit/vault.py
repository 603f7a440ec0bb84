"""Encrypted at rest: what of a directory lies on the disk under a key.

`vault.sqlite` is opened by a secret: random, in the system's keyring, or a passphrase that its person types (or
ARXOS_PASSPHRASE). SQLCipher stretches a passphrase itself (PBKDF2-HMAC-SHA512, 256,000 rounds). Inside lies the random
key of the replicas' files, and unsent work of scopes that were taken away. Attached files, names of scopes, device.json
and tokens are not encrypted: for those the system's disk encryption is the remedy.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from arxos_sync.problems import Problem
from arxos_sync.storage.driver import RawKey, connect

KEYRING_NAME = "arxos-device"
KEY_BYTES = 32
WAYS = ("keyring", "passphrase")


class Vault:
    """An opened vault. `key` opens the replicas' files."""

    def __init__(self, path: Path, secret: str | RawKey) -> None:
        self.connection = connect(path, spatialite=False, key=secret)
        found = self.connection.execute("select content from kept where name = 'key'").fetchone()
        self.key = RawKey(found[0])

    def close(self) -> None:
        self.connection.close()

    def put(self, name: str, content: dict[str, Any]) -> None:
        text = json.dumps(content, default=lambda value: value.hex())
        self.connection.execute("insert into kept (name, content) values (?, ?)", (name, text))

    def aside(self) -> list[dict[str, Any]]:
        found = self.connection.execute("select content from kept where name <> 'key' order by name").fetchall()
        return [json.loads(content) for (content,) in found]


def create(folder: Path, name: str, way: str) -> None:
    """A new vault. `name` tells this directory's secret from others in the keyring. Raises Problem."""
    secret = _new_secret(name) if way == "keyring" else passphrase()
    connection = connect(folder / "vault.sqlite", spatialite=False, key=secret)
    connection.execute("create table kept (name text primary key, content text not null)")
    connection.execute("insert into kept (name, content) values ('key', ?)", (os.urandom(KEY_BYTES).hex(),))
    connection.close()


def open_vault(folder: Path, name: str, way: str) -> Vault:
    return Vault(folder / "vault.sqlite", _kept_secret(name) if way == "keyring" else passphrase())


def passphrase() -> str:
    given = os.environ.get("ARXOS_PASSPHRASE")
    if given is None and sys.stdin.isatty():
        import typer

        given = typer.prompt("Passphrase", hide_input=True)
    if not given:
        raise Problem("forbidden", "this directory is encrypted, and no passphrase was given",
                      hint="Set ARXOS_PASSPHRASE, or run it in a terminal.")  # fmt: skip
    return given


def way_to_keep() -> str:
    """The keyring, where this system has one and no passphrase was set."""
    if os.environ.get("ARXOS_PASSPHRASE"):
        return "passphrase"
    import keyring
    from keyring.backends import fail

    if not isinstance(keyring.get_keyring(), fail.Keyring):
        return "keyring"
    if sys.stdin.isatty():
        return "passphrase"
    raise Problem("unavailable", "this system has no keyring", hint="Set ARXOS_PASSPHRASE to use a passphrase instead.")


def _new_secret(name: str) -> RawKey:
    import keyring

    secret = os.urandom(KEY_BYTES).hex()
    keyring.set_password(KEYRING_NAME, name, secret)
    return RawKey(secret)


def _kept_secret(name: str) -> RawKey:
    import keyring

    secret = keyring.get_password(KEYRING_NAME, name)
    if secret is None:
        raise Problem("forbidden", "the keyring does not hold the key of this directory",
                      hint="Log in to the system as the person who made it.")  # fmt: skip
    return RawKey(secret)
