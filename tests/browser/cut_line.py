"""A line to a server on which answers to chosen requests stop after so many bytes, and fall when told to."""

from __future__ import annotations

import contextlib
import socket
import threading

READ_BYTES = 65_536
WAIT_S_MAX = 30.0


class CutLine:
    """Every connection carries one request; `wanted` in its first line makes it one that is cut, `cuts` times."""

    def __init__(self, url: str, wanted: bytes, cut_after: int, cuts: int):
        self.port, self.wanted, self.cut_after, self.cuts = int(url.rpartition(":")[2]), wanted, cut_after, cuts
        self._halted: set[socket.socket] = set()
        self._changed = threading.Condition()
        self.ranges: list[str | None] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        """Let every line fall that has carried all it may; there is one, or there will be."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._halted, WAIT_S_MAX), "no line was cut"
            self._halted.clear()
            self._changed.notify_all()

    def close(self) -> None:
        self.listener.close()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with contextlib.suppress(OSError), near, socket.create_connection(("127.0.0.1", self.port)) as far:
            asked = b""
            while b"\r\n\r\n" not in asked:
                chunk = near.recv(READ_BYTES)
                if not chunk:
                    return
                asked += chunk
            far.sendall(asked.replace(b"Connection: keep-alive", b"Connection: close"))
            threading.Thread(target=_pump, args=(near, far), daemon=True).start()
            left = self._bytes_of(asked)
            _pump(far, near, left)
            if left is not None:
                self._halt(near)
            near.shutdown(socket.SHUT_RDWR)  # also wakes the thread that reads from it

    def _halt(self, near: socket.socket) -> None:
        with self._changed:
            self._halted.add(near)
            self._changed.notify_all()
            self._changed.wait_for(lambda: near not in self._halted)

    def _bytes_of(self, asked: bytes) -> int | None:
        """How many bytes of the answer go through; None for all."""
        first, *headers = asked.split(b"\r\n")
        if self.wanted not in first:
            return None
        found = [line.partition(b": ")[2].decode() for line in headers if line.lower().startswith(b"range:")]
        self.ranges.append(found[0] if found else None)
        return self.cut_after if len(self.ranges) <= self.cuts else None


def _pump(source: socket.socket, sink: socket.socket, left: int | None = None) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(READ_BYTES):
            sink.sendall(chunk[: left if left is not None else None])
            if left is not None and (left := left - len(chunk)) <= 0:
                break
