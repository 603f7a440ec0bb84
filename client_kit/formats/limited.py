"""Reading untrusted files in a process of its own, which may crash, stall or swell without harm to ours.

The child bounds itself before it imports the reader (address space, CPU time, no core, no file written), is
given no environment but what Python needs, and answers one msgpack message through a pipe: `{"value": …}` or
`{"error": …}`.
"""

from __future__ import annotations

import importlib
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from . import FormatError

MEMORY_BYTES_MAX = 4 * 1024**3
CPU_S_MAX = 300
WAIT_S_MAX = 600

T = TypeVar("T")


class _Error(msgspec.Struct, frozen=True):
    code: str
    detail: str
    hint: str


class _Answer(msgspec.Struct, frozen=True):
    value: msgspec.Raw = msgspec.Raw(b"\xc0")
    error: _Error | None = None


def read_limited(
    reader: str, path: Path, answer: type[T], *given: int, memory_bytes: int = MEMORY_BYTES_MAX, cpu_s: int = CPU_S_MAX
) -> T:
    """What `reader` ("module:function") answers for `path` and `given`. Raises FormatError, also where it dies."""
    bounds = (memory_bytes, cpu_s)
    command = [sys.executable, "-B", "-m", __name__, reader, str(path), *map(str, bounds + given)]
    environment = {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    environment["OMP_NUM_THREADS"] = "1"
    try:
        child = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=WAIT_S_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _too_slow(path) from error
    if child.returncode != 0:
        raise _death(path, child.returncode, child.stderr)
    message = msgspec.msgpack.decode(child.stdout, type=_Answer)
    if message.error is not None:
        raise FormatError(message.error.code, message.error.detail, message.error.hint)
    return msgspec.msgpack.decode(message.value, type=answer)


def _death(path: Path, code: int, said: bytes) -> FormatError:
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return _too_slow(path)
    if b"MemoryError" in said or b"bad_alloc" in said:
        return FormatError(
            "too_large", f"{path.name} needs more memory than a reader may take", "Split the model."
        )
    last = said.decode("utf-8", "replace").strip().splitlines()[-1:] or [f"status {code}"]
    return FormatError(
        "reader_crashed",
        f"The reader died on {path.name}: {last[0]}",
        "Save it anew from the program that made it.",
    )


def _too_slow(path: Path) -> FormatError:
    return FormatError("too_slow", f"{path.name} took longer to read than a reader may", "Split the model.")


# ---------------------------------------------------------------- in the child


def _bound(memory_bytes: int, cpu_s: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":  # macOS refuses a bound on the address space
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def _main(reader: str, path: str, memory_bytes: str, cpu_s: str, *given: str) -> None:
    _bound(int(memory_bytes), int(cpu_s))
    answer_fd = os.dup(1)
    os.dup2(2, 1)  # what C++ libraries print must not come between
    module, function = reader.split(":")
    answer: dict[str, Any]
    try:
        answer = {"value": getattr(importlib.import_module(module), function)(Path(path), *map(int, given))}
    except FormatError as error:
        answer = {"error": _Error(error.code, error.detail, error.hint)}
    with os.fdopen(answer_fd, "wb") as pipe:
        pipe.write(msgspec.msgpack.encode(answer))


if __name__ == "__main__":
    _main(*sys.argv[1:])
