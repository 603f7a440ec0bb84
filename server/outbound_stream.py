"""The connection of `outbound.send`: to one address whatever the name says by now, and over by one moment.

httpcore's time-outs are for each read alone; a peer that sends a byte now and then would hold a thread for hours. So
each read, write and handshake here has what is left of the whole.
"""

from __future__ import annotations

import functools
import ssl
import time
from collections.abc import Iterable, Mapping
from typing import Any

import httpcore

from arxos_sync.problems import Problem

from .outbound import Answer, Target

_FAILURES = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError)


@functools.cache
def _trust() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context(trust_env=False)


def request(
    method: str,
    target: Target,
    headers: Mapping[str, str],
    body: bytes,
    wait_s_max: float,
    answer_bytes_max: int,
    tls: ssl.SSLContext | None,
) -> Answer:
    host = f"[{target.host}]" if ":" in target.host else target.host
    url = f"{target.scheme}://{host}:{target.port}{target.path}"
    backend = _Backend(target.address, time.monotonic() + wait_s_max)
    try:
        with httpcore.ConnectionPool(ssl_context=tls or _trust(), network_backend=backend) as pool:
            with pool.stream(method, url, headers=list(headers.items()), content=body or None) as response:
                read, cut = _bounded(response.iter_stream(), answer_bytes_max)
                found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
                return Answer(response.status, found, read, cut)
    except _FAILURES as error:
        raise Problem("unreachable", f"{target.host}: {type(error).__name__} {error}".strip()) from error


def _bounded(chunks: Iterable[bytes], bytes_max: int) -> tuple[bytes, bool]:
    read = bytearray()
    for chunk in chunks:
        read += chunk
        if len(read) > bytes_max:
            return bytes(read[:bytes_max]), True
    return bytes(read), False


class _Backend(httpcore.NetworkBackend):
    def __init__(self, address: str, until: float) -> None:
        self._address, self._until, self._real = address, until, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        made = self._real.connect_tcp(self._address, port, _left(self._until), local_address, socket_options)
        return _Stream(made, self._until)


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, until: float) -> None:
        self._inner, self._until = inner, until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(self._until))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(self._until))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, _left(self._until)), self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("it took too long")
    return left
