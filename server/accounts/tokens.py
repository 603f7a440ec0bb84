"""Tokens: access tokens that soon end (JWT, HS256), refresh tokens that rotate, a session's CSRF value.

A refresh token is `<session>.<k>.<mac>`: signed, so that a former one is known as ours when it comes back;
only the hash of the one in force is kept.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

import jwt
import msgspec

from arxos_sync.problems import Problem

ACCESS_S = 15 * 60
KEY_BYTES = 32
_ISSUER = "arxos"


class Access(msgspec.Struct, frozen=True):
    user_id: str
    session_id: str


class Refresh(msgspec.Struct, frozen=True):
    session_id: str
    turn: int


class Tokens:
    def __init__(self, key: bytes) -> None:
        assert len(key) >= KEY_BYTES
        self._key = key

    def access(self, user_id: str, session_id: str, now_s: int) -> str:
        claims = {"iss": _ISSUER, "sub": user_id, "sid": session_id, "iat": now_s, "exp": now_s + ACCESS_S}
        return jwt.encode(claims, self._key, algorithm="HS256")

    def read_access(self, token: str, *, even_expired: bool = False) -> Access:
        """Raises Problem `unauthenticated`. `even_expired`: the session alone says whether it still holds."""
        try:
            claims = jwt.decode(
                token, self._key, algorithms=["HS256"], issuer=_ISSUER,
                options={"require": ["exp", "sub", "sid"], "verify_exp": not even_expired},
            )  # fmt: skip
        except jwt.ExpiredSignatureError as error:
            raise Problem("unauthenticated", "The access token has expired; refresh it.") from error
        except jwt.InvalidTokenError as error:
            raise Problem("unauthenticated", "The access token is not one of this server's.") from error
        return Access(str(claims["sub"]), str(claims["sid"]))

    def refresh(self, session_id: str, turn: int) -> str:
        return f"{session_id}.{turn}.{self._mac(f'refresh/{session_id}/{turn}')}"

    def read_refresh(self, token: str) -> Refresh | None:
        """What the token says, where this server signed it."""
        session_id, _, rest = token.partition(".")
        turn, _, _ = rest.partition(".")
        if not (turn.isascii() and turn.isdigit() and len(turn) < 10 and token.isascii()):
            return None
        if not hmac.compare_digest(self.refresh(session_id, int(turn)), token):
            return None
        return Refresh(session_id, int(turn))

    def csrf(self, session_id: str) -> str:
        return self._mac(f"csrf/{session_id}")

    def key_for(self, purpose: str) -> bytes:
        """A key of 32 bytes for something else, from which this one cannot be told."""
        return hmac.new(self._key, f"key/{purpose}".encode(), hashlib.sha256).digest()

    def _mac(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def key_from(file: Path) -> bytes:
    """The server's key; made on the first start, readable by its owner alone."""
    try:
        return _read_key(file)
    except FileNotFoundError:
        file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as out:
        out.write(secrets.token_hex(KEY_BYTES))
    try:
        os.link(draft, file)  # whoever comes second keeps what the first one wrote
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return _read_key(file)


def _read_key(file: Path) -> bytes:
    key = bytes.fromhex(file.read_text("ascii").strip())
    if len(key) < KEY_BYTES:
        raise ValueError(f"{file}: a key of at least {KEY_BYTES} bytes in hex is wanted")
    return key
