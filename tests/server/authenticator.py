"""A passkey in software: makes real attestations and assertions, as an authenticator and its browser do (WebAuthn L3).

Nothing of it is shared with the library that checks them: CBOR is written here, keys and signatures are from
`cryptography`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

USER_PRESENT, USER_VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def text_of(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def bytes_of(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def cbor(value: Any) -> bytes:
    """Of RFC 8949 what is wanted here."""
    match value:
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case bytes():
            return _head(2, len(value)) + value
        case str():
            return _head(3, len(value.encode())) + value.encode()
        case dict():
            return _head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())
    raise TypeError(value)


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    width = 1 if number < 256 else 2
    return bytes([major << 5 | 23 + width]) + number.to_bytes(width, "big")


class Authenticator:
    """One key pair, made when it is asked to create. `origin`: the page it is asked by."""

    def __init__(self, origin: str = "http://localhost:8000", verifies: bool = True) -> None:
        self.origin = origin
        self.flags = USER_PRESENT | (USER_VERIFIED if verifies else 0)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(32)
        self.count = 0
        self.handle = b""

    def create(self, options: dict[str, Any], packed: bool = True) -> dict[str, Any]:
        """`navigator.credentials.create()`, with a packed self-attestation or none."""
        self.handle = bytes_of(options["user"]["id"])
        client = self._client("webauthn.create", options["challenge"])
        data = self._data(options["rp"]["id"], self.flags | ATTESTED) + self._attested()
        statement = {"alg": -7, "sig": self._sign(data + hashlib.sha256(client).digest())} if packed else {}
        attestation = cbor({"fmt": "packed" if packed else "none", "attStmt": statement, "authData": data})
        return self._credential(client, attestationObject=text_of(attestation))

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """`navigator.credentials.get()`."""
        self.count += 1
        client = self._client("webauthn.get", options["challenge"])
        data = self._data(options["rpId"], self.flags)
        return self._credential(
            client,
            authenticatorData=text_of(data),
            signature=text_of(self._sign(data + hashlib.sha256(client).digest())),
            userHandle=text_of(self.handle),
        )

    def _client(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said, separators=(",", ":")).encode()

    def _data(self, host: str, flags: int) -> bytes:
        return hashlib.sha256(host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _attested(self) -> bytes:
        point = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        return bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor(cose)

    def _sign(self, what: bytes) -> bytes:
        return self.key.sign(what, ec.ECDSA(hashes.SHA256()))

    def _credential(self, client: bytes, **response: str) -> dict[str, Any]:
        return {
            "id": text_of(self.id), "rawId": text_of(self.id), "type": "public-key",
            "response": {"clientDataJSON": text_of(client), **response}, "clientExtensionResults": {},
        }  # fmt: skip
