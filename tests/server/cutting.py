"""A way to a server that can be cut: bytes pass until so many have, then the sockets close mid-body."""

from __future__ import annotations

import socket
import threading
from urllib.parse import urlsplit

WAIT_S_MAX = 20.0


class CuttingProxy:
    """`up`, `down`: how many more bytes pass towards the server and back before the cut; None: all."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._target = (address.hostname, address.port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.up: int | None = None
        self.down: int | None = None
        self.passed = {"up": 0, "down": 0}
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(WAIT_S_MAX)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            for one, other, way in ((client, server, "up"), (server, client, "down")):
                threading.Thread(target=self._pass, args=(one, other, way), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket, way: str) -> None:
        try:
            while content := one.recv(65_536):
                let = self._let(way, len(content))
                other.sendall(content[:let])
                if let < len(content):
                    return
        except OSError:
            return
        finally:
            for end in (one, other):
                _shut(end)

    def _let(self, way: str, size: int) -> int:
        """How many of so many bytes may pass."""
        with self._lock:
            left = getattr(self, way)
            let = size if left is None else min(size, left)
            if left is not None:
                setattr(self, way, left - let)
            self.passed[way] += let
            return let


def _shut(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other direction was quicker
