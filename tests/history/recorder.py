"""Writes what a process does into a history as it does it, so that being killed costs nothing of it.

A line is an event, written by one `write` to a file opened for appending and synced before the process goes on:
what is acknowledged in the file was acknowledged, whatever happens to the process next. Each process has a file of
its own; the clock is the machine's monotonic one, which all processes share. A process that was killed and started
again goes on in its file, and first ends what is `left_open`: `ok` or `fail` where it can know, else `info`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from .ops import Event


class Recorder:
    def __init__(self, path: Path) -> None:
        self.process = path.stem
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        before = read_events(path)
        self.written = len(before)
        self.left_open = before[-1] if before and before[-1].type == "invoke" else None
        _cut_half_a_line(path)

    def close(self) -> None:
        os.close(self._file)

    def invoke(self, f: str, value: Any = None) -> None:
        self._write("invoke", f, value)

    def ok(self, value: Any = None) -> None:
        self._write("ok", "", value)

    def fail(self) -> None:
        self._write("fail", "", None)

    def info(self) -> None:
        self._write("info", "", None)

    def _write(self, type: Any, f: str, value: Any) -> None:
        event = Event(self.process, type, time.monotonic_ns(), f, value)
        self.left_open = event if type == "invoke" else None
        self.written += 1
        os.write(self._file, msgspec.json.encode(event) + b"\n")
        os.fsync(self._file)


def read_events(path: Path) -> list[Event]:
    """What a file tells; a last line that was cut while it was written says nothing."""
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    return [msgspec.json.decode(line, type=Event) for line in whole.split(b"\n") if line]


def read_all(paths: Iterable[Path]) -> list[Event]:
    return sorted((event for path in paths for event in read_events(path)), key=lambda event: event.time)


def _cut_half_a_line(path: Path) -> None:
    content = path.read_bytes()
    if not content.endswith(b"\n"):
        os.truncate(path, content.rfind(b"\n") + 1)


def acknowledged(events: Iterable[Event]) -> Iterator[Event]:
    """The invocations that ended with ok."""
    open_: dict[str, Event] = {}
    for event in events:
        if event.type == "invoke":
            open_[event.process] = event
        elif event.type == "ok":
            yield open_[event.process]
