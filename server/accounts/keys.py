"""The server's keys: a file with a key a line, of which the first signs and all are believed.

A line is the key in hex, and behind it, once it signs no more, the moment it was put away. Who holds this file can be
anybody: it is readable by its owner alone. Every process looks at the file's date before it uses a key, so a key that
`arxos admin rotate-key` puts in front is in use at once, and what older ones signed holds until it runs out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

import msgspec

KEY_BYTES = 32
NONCE_BYTES = 12


class Key(msgspec.Struct, frozen=True):
    secret: bytes
    retired_at: str | None = None

    @property
    def kid(self) -> str:
        return hashlib.sha256(b"kid/" + self.secret).hexdigest()[:12]

    def mac(self, text: str) -> str:
        return hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()

    def line(self) -> str:
        return self.secret.hex() + (f" {self.retired_at}" if self.retired_at else "")


class Keys:
    """The keys as the file has them now. One that cannot be read any more leaves those that were."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._held: list[Key] = []
        self._read: tuple[int, int, int] | None = None
        self.all()

    def all(self) -> list[Key]:
        try:
            stat = self.file.stat()
            state = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            if state != self._read:
                self._held, self._read = read(self.file), state
        except (OSError, ValueError):
            if not self._held:
                raise
        return self._held

    def current(self) -> Key:
        return self.all()[0]

    def of(self, kid: object) -> Key | None:
        return next((key for key in self.all() if key.kid == kid), None)

    def is_mac(self, text: str, given: str) -> bool:
        """Did any of them sign it so?"""
        return any(hmac.compare_digest(key.mac(text).encode(), given.encode()) for key in self.all())

    # -------------------------------------------------------- what is kept sealed

    def seal(self, text: str, about: str) -> str:
        """Encrypted with the key that signs now (AES-256-GCM); it opens only for what it is `about`."""
        key, nonce = self.current(), secrets.token_bytes(NONCE_BYTES)
        sealed = nonce + _cipher(key).encrypt(nonce, text.encode(), about.encode())
        return f"{key.kid}.{base64.urlsafe_b64encode(sealed).decode()}"

    def unseal(self, sealed: str, about: str) -> str:
        """Raises ValueError where its key is no longer there."""
        kid, _, text = sealed.partition(".")
        key, raw = self.of(kid), base64.urlsafe_b64decode(text)
        if key is None:
            raise ValueError(f"{self.file} has no key {kid} any more")
        return _cipher(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], about.encode()).decode()


def _cipher(key: Key):  # type: ignore[no-untyped-def]
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(hmac.new(key.secret, b"seal", hashlib.sha256).digest())


# ---------------------------------------------------------------- the file


def keys_from(file: Path) -> Keys:
    """Made on the first start."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = _draft(file, [Key(secrets.token_bytes(KEY_BYTES))])
        try:
            os.link(draft, file)  # whoever comes second keeps what the first one wrote
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return Keys(file)


def put_in_front(file: Path, now: str) -> Key:
    """A new key that signs from now on."""
    former = [msgspec.structs.replace(key, retired_at=key.retired_at or now) for key in read(file)]
    key = Key(secrets.token_bytes(KEY_BYTES))
    os.replace(_draft(file, [key, *former]), file)
    return key


def forget(file: Path, before: str) -> int:
    """Drop the keys put away before that moment: nothing they signed can count any more. Answers how many."""
    held = read(file)
    left = [key for key in held if key.retired_at is None or key.retired_at >= before]
    if len(left) < len(held):
        os.replace(_draft(file, left), file)
    return len(held) - len(left)


def read(file: Path) -> list[Key]:
    found = []
    for line in file.read_text("ascii").splitlines():
        secret, _, retired_at = line.strip().partition(" ")
        if secret:
            found.append(Key(bytes.fromhex(secret), retired_at or None))
    if not found or any(len(key.secret) < KEY_BYTES for key in found):
        raise ValueError(f"{file}: a line of at least {KEY_BYTES} bytes in hex for each key is wanted")
    return found


def _draft(file: Path, keys: list[Key]) -> Path:
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as out:
        out.write("\n".join(key.line() for key in keys))
        out.flush()
        os.fsync(out.fileno())
    if file.exists() and os.geteuid() == 0:  # root rotates the key of another account's server
        owner = file.stat()
        os.chown(draft, owner.st_uid, owner.st_gid)
    return draft
