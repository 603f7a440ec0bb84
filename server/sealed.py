"""Secrets that the server must be able to say again: kept sealed with a key derived from its own (decision 0017)."""

from __future__ import annotations

import base64
from typing import Any

from arxos_sync.problems import Problem

from .accounts.tokens import Tokens

_PURPOSE = "sealed"


def seal(tokens: Tokens, secret: str) -> str:
    return _fernet(tokens).encrypt(secret.encode()).decode()


def unseal(tokens: Tokens, sealed: str) -> str:
    """Raises Problem `unavailable` where it was sealed with another server's key."""
    from cryptography.fernet import InvalidToken

    try:
        return _fernet(tokens).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        detail = "the secret was kept under another key than this server's"
        raise Problem("unavailable", detail, hint="Give the secret anew, or put the former secret.key back.") from error


def _fernet(tokens: Tokens) -> Any:
    from cryptography.fernet import Fernet

    return Fernet(base64.urlsafe_b64encode(tokens.key_for(_PURPOSE)))
