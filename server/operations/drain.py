"""A server that is told to stop: it says so, finishes what it is at, and is gone within ten seconds.

SIGTERM → `/readyz` answers 503 for `NOTICE_S`, while everything is served as before: whoever balances load sends the
next ones elsewhere. Then the listening socket closes, open requests have `GRACE_S` to end, sockets are closed with
1012 (come back), and the parts are shut. What has not ended by `ALL_S` is left where it is: nothing that was answered
for lives in memory alone, and a job that is cut is taken up by another process.
"""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType

import structlog

NOTICE_S = 0.5
GRACE_S = 6
ALL_S = 9.5
_begun = threading.Event()
_log = structlog.get_logger("arxos")


def begun() -> bool:
    return _begun.is_set()


def begin() -> None:
    """For a worker process, whose loop looks at `begun`."""
    if not _begun.is_set():
        _begun.set()
        _after(ALL_S, _leave)


def watch() -> None:
    """Take SIGTERM before the HTTP server does. Only a process's main thread hears signals."""
    if threading.current_thread() is not threading.main_thread():
        return
    former = signal.getsignal(signal.SIGTERM)
    if not callable(former):
        return

    def heard(number: int, frame: FrameType | None) -> None:
        if _begun.is_set():
            return
        begin()
        signal.signal(signal.SIGALRM, lambda *_: former(number, frame))
        signal.setitimer(signal.ITIMER_REAL, NOTICE_S)

    signal.signal(signal.SIGTERM, heard)


def _after(wait_s: float, do: object) -> None:
    timer = threading.Timer(wait_s, do)  # type: ignore[arg-type]
    timer.daemon = True
    timer.start()


def _leave() -> None:
    _log.warning("not everything had ended in time", wait_s=ALL_S)
    os._exit(0)
