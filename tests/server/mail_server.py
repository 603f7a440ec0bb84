"""A mail server in this process (aiosmtpd), that keeps what it takes and says no where it is told to."""

from __future__ import annotations

import email
import email.policy
import ssl
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from tests import services


class Post:
    """`answers`: address → what is said to it as a recipient, in the place of 250."""

    def __init__(self, port: int | None = None, tls: ssl.SSLContext | None = None, login: str = "") -> None:
        self.letters: list[EmailMessage] = []
        self.from_addresses: list[str] = []
        self.answers: dict[str, str] = {}
        self.data_answer = "250 taken"
        self.logins: list[str] = []
        self._login, self._stopped = login.encode(), False
        self.port = port or services.free_port()
        self._controller = Controller(
            self, hostname="127.0.0.1", port=self.port, tls_context=tls, authenticator=self._check if login else None,
            auth_required=bool(login), auth_require_tls=False,
        )  # fmt: skip
        self._controller.start()

    def _check(self, server: Any, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and data.login + b":" + data.password == self._login
        self.logins.append(mechanism)
        return AuthResult(success=good, handled=False)

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.data_answer.startswith("250"):
            raw = envelope.original_content or b""
            self.letters.append(email.message_from_bytes(raw, policy=email.policy.default))  # type: ignore[arg-type]
            self.from_addresses.append(str(envelope.mail_from))
        return self.data_answer

    def stop(self) -> None:
        """Twice does no harm."""
        if not self._stopped:
            self._stopped = True
            self._controller.stop()
