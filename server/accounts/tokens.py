"""Tokens: access tokens that soon end (JWT, HS256, `kid` names the key), refresh tokens that rotate, CSRF values.

A refresh token is `<session>.<k>.<mac>`: signed, so that a former one is known as ours when it comes back;
only the hash of the one in force is kept.
"""

from __future__ import annotations

import hashlib

import jwt
import msgspec

from arxos_sync.problems import Problem

from .keys import Key, Keys

ACCESS_S = 15 * 60
_ISSUER = "arxos"


class Access(msgspec.Struct, frozen=True):
    user_id: str
    session_id: str


class Refresh(msgspec.Struct, frozen=True):
    session_id: str
    turn: int


class Tokens:
    def __init__(self, keys: Keys) -> None:
        self.keys = keys

    def access(self, user_id: str, session_id: str, now_s: int) -> str:
        key = self.keys.current()
        claims = {"iss": _ISSUER, "sub": user_id, "sid": session_id, "iat": now_s, "exp": now_s + ACCESS_S}
        return jwt.encode(claims, key.secret, algorithm="HS256", headers={"kid": key.kid})

    def read_access(self, token: str, *, even_expired: bool = False) -> Access:
        """Raises Problem `unauthenticated`. `even_expired`: the session alone says whether it still holds."""
        try:
            key = self.keys.of(jwt.get_unverified_header(token).get("kid"))
            if key is None:
                raise jwt.InvalidKeyError("no key of that name")
            claims = jwt.decode(
                token, key.secret, algorithms=["HS256"], issuer=_ISSUER,
                options={"require": ["exp", "sub", "sid"], "verify_exp": not even_expired},
            )  # fmt: skip
        except jwt.ExpiredSignatureError as error:
            raise Problem("unauthenticated", "The access token has expired; refresh it.") from error
        except jwt.PyJWTError as error:
            raise Problem("unauthenticated", "The access token is not one of this server's.") from error
        return Access(str(claims["sub"]), str(claims["sid"]))

    def refresh(self, session_id: str, turn: int, key: Key | None = None) -> str:
        return f"{session_id}.{turn}.{(key or self.keys.current()).mac(f'refresh/{session_id}/{turn}')}"

    def refreshes(self, session_id: str, turn: int) -> list[str]:
        """That token as each of the keys signs it."""
        return [self.refresh(session_id, turn, key) for key in self.keys.all()]

    def read_refresh(self, token: str) -> Refresh | None:
        """What the token says, where this server signed it."""
        session_id, _, rest = token.partition(".")
        turn, _, mac = rest.partition(".")
        if not (turn.isascii() and turn.isdigit() and len(turn) < 10 and token.isascii()):
            return None
        if not self.keys.is_mac(f"refresh/{session_id}/{int(turn)}", mac) or turn != str(int(turn)):
            return None
        return Refresh(session_id, int(turn))

    def csrf(self, session_id: str) -> str:
        return self.keys.current().mac(f"csrf/{session_id}")

    def is_csrf(self, session_id: str, given: str) -> bool:
        return self.keys.is_mac(f"csrf/{session_id}", given)


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
