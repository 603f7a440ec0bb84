"""Somebody else's HTTP server: what it is sent it keeps, what it answers a test says. Real sockets, on this machine."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from tests import services


class Sent(NamedTuple):
    method: str
    path: str
    headers: Mapping[str, str]  # by lower-case name
    body: bytes
    port: int = 0  # of whoever sent it


Reply = tuple[int, Mapping[str, str], bytes]
Answer = Callable[[Sent], Reply | None]  # None: hang up without a word


def ok(sent: Sent) -> Reply:
    return 204, {}, b""


class Receiver:
    """Away until it is started; where it is does not change."""

    def __init__(self, answer: Answer = ok, tls: ssl.SSLContext | None = None) -> None:
        self.answer, self.tls = answer, tls
        self.port = services.free_port()
        self.sent: list[Sent] = []
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Receiver:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        self._server.daemon_threads = True
        if self.tls is not None:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Taking(BaseHTTPRequestHandler):
        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            sent = Sent(self.command, self.path, headers, body, self.client_address[1])
            receiver.sent.append(sent)
            replied = receiver.answer(sent)
            if replied is None:
                self.close_connection = True
                return
            status, told, content = replied
            self.send_response(status)
            for name, value in told.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _take  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Taking
