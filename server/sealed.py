"""Secrets that the server must be able to say again: kept sealed with the key that signs (decision 0017)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arxos_sync.problems import Problem

from .accounts.tokens import Tokens

if TYPE_CHECKING:
    from .parts import Parts

_ABOUT = "outbound"
_PLACES = (("webhook_endpoint", "secret"), ("webhook_endpoint", "former_secret"), ("cmms_connection", "secret"))


def seal(tokens: Tokens, secret: str) -> str:
    return tokens.keys.seal(secret, _ABOUT)


def unseal(tokens: Tokens, sealed: str) -> str:
    """Raises Problem `unavailable` where it was sealed with another server's key."""
    try:
        return tokens.keys.unseal(sealed, _ABOUT)
    except ValueError as error:
        detail = "the secret was kept under another key than this server's"
        raise Problem("unavailable", detail, hint="Give the secret anew, or put the former secret.key back.") from error


def reseal(parts: Parts) -> None:
    """With the key that signs now, so that former ones may go."""
    with parts.store.tables() as sql:
        for table, column in _PLACES:
            for row in sql.rows(f"select id, {column} as sealed from {table} where {column} is not null"):
                again = seal(parts.tokens, unseal(parts.tokens, row["sealed"]))
                sql.run(f"update {table} set {column} = :again where id = :id", again=again, id=row["id"])
