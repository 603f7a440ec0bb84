"""The key by which push services know this server (VAPID, RFC 8292): made on the first start, beside the secret key."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..settings import Settings

FILE = "vapid.pem"
LASTS_S = 12 * 3600


def key_file(settings: Settings) -> Path:
    return settings.key_file.with_name(FILE)


def make_key(settings: Settings) -> None:
    """Where there is none; readable by its owner alone."""
    file = key_file(settings)
    if file.exists():
        return
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    file.parent.mkdir(parents=True, exist_ok=True)
    text = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(text)
    try:
        os.link(draft, file)  # whoever comes second keeps what the first one wrote
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def public_key(settings: Settings) -> str:
    """As a browser wants it for `applicationServerKey`: the uncompressed point, base64url."""
    from cryptography.hazmat.primitives import serialization

    point = _key(settings).public_key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return base64.urlsafe_b64encode(point).decode().rstrip("=")


def headers_for(settings: Settings, origin: str, now_s: int) -> dict[str, str]:
    """Who we are, for the push service at `origin`."""
    claims = {"aud": origin, "exp": now_s + LASTS_S, "sub": _contact(settings)}
    return {str(name): str(value) for name, value in _key(settings).sign(claims).items()}


def _contact(settings: Settings) -> str:
    """Where whoever runs the push service finds whoever runs this one."""
    if settings.smtp_from:
        return f"mailto:{settings.smtp_from}"
    host = urlsplit(settings.public_url or "").hostname
    return f"mailto:arxos@{host or 'localhost'}"


def _key(settings: Settings) -> Any:
    from py_vapid import Vapid02

    make_key(settings)
    return Vapid02.from_pem(key_file(settings).read_bytes())
