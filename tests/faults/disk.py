"""A disk whose power can be cut: `python -m tests.faults.disk MOUNTPOINT BYTES CONTROL`.

What a power cut leaves is decided below the file system: a block that was written but not flushed may be there or
not, and blocks written between two flushes come in any order. Copying a mounted image shows none of that, and
device mapper's dm-log-writes is not in every kernel. So this is a disk in user space: one file served through
/dev/fuse, by the kernel's protocol of that name (include/uapi/linux/fuse.h), on which a loop device is set up and
an ext4 made. The loop driver turns the file system's flushes (its journal's commits, fsync) into FUSE_FSYNC, so
that this process knows for every block whether it was made durable.

`image` is what the file system reads back; `durable` what was flushed. At a cut the copy that is written holds
`durable`, and of each 4 KiB written since (sectors torn out of larger writes too) what the dice let through: none,
all, or each by a coin, by turns. One thread serves one request at a time, so a cut falls between two of them and
no write is under way. The disk itself goes on: one run can be cut many times.

Control: a line `cut PATH SEED` on the unix socket, answered by a line of what was let through. Between moments of rest
a disk mostly has nothing unflushed; so the cut falls right after one of the next writes, before what follows it, and
only where none comes for a while, at rest.
"""

from __future__ import annotations

import ctypes
import os
import random
import selectors
import socket
import stat
import struct
import sys
from enum import IntEnum
from pathlib import Path

SECTOR = 4096
CHUNK = 64 * 1024
REQUEST_BYTES_MAX = 256 * 1024
_IN = struct.Struct("<IIQQIIIHH")
_OUT = struct.Struct("<IiQ")
_ATTRIBUTES = struct.Struct("<QII QQQ QQQ III IIIIIII")
_WRITE = struct.Struct("<QQIIQII")
WRITES_TO_WAIT_MAX = 4
REST_S = 0.3
_BIG_WRITES, _MAX_PAGES = 1 << 5, 1 << 22
_NOSYS = 38


class Code(IntEnum):
    """What the kernel asks for, of what is answered otherwise than with ENOSYS."""

    FORGET = 2
    GETATTR = 3
    SETATTR = 4
    OPEN = 14
    READ = 15
    WRITE = 16
    RELEASE = 18
    FSYNC = 20
    FLUSH = 25
    INIT = 26
    INTERRUPT = 36
    DESTROY = 38


class Disk:
    def __init__(self, size: int) -> None:
        self.image, self.durable = bytearray(size), bytearray(size)
        self.unflushed: list[tuple[int, int]] = []  # offset and length; the bytes stand in `writes`
        self.writes: list[bytes] = []
        self.touched: set[int] = set()  # chunks ever written
        self.flushes = self.written = 0

    def write(self, offset: int, content: bytes) -> None:
        end = offset + len(content)
        self.image[offset:end] = content
        self.unflushed.append((offset, len(content)))
        self.writes.append(content)
        self.written += 1
        self.touched.update(range(offset // CHUNK, (end - 1) // CHUNK + 1))

    def flush(self) -> None:
        for (offset, length), content in zip(self.unflushed, self.writes, strict=True):
            self.durable[offset : offset + length] = content
        self.unflushed.clear()
        self.writes.clear()
        self.flushes += 1

    def cut(self, path: Path, seed: int) -> str:
        """Write what the power cut leaves to `path`."""
        dice = random.Random(seed)
        chance = (0.0, 1.0, 0.5, 0.1, 0.9)[seed % 5]
        left, kept, lost = bytearray(self.durable), 0, 0
        for (offset, length), content in zip(self.unflushed, self.writes, strict=True):
            for at in range(0, length, SECTOR):
                if dice.random() < chance:
                    piece = content[at : at + SECTOR]
                    left[offset + at : offset + at + len(piece)] = piece
                    kept += 1
                else:
                    lost += 1
        with open(path, "wb") as file:
            file.truncate(len(left))
            for chunk in sorted(self.touched):
                file.seek(chunk * CHUNK)
                file.write(memoryview(left)[chunk * CHUNK : (chunk + 1) * CHUNK])
        return f"{kept} {lost} {self.flushes}"


# ---------------------------------------------------------------- the kernel's protocol


class Served:
    """The file through which the kernel sees the disk: the root of the mount is that file."""

    def __init__(self, disk: Disk, mountpoint: Path) -> None:
        self.disk, self.gone = disk, False
        self.device = os.open("/dev/fuse", os.O_RDWR)
        options = f"fd={self.device},rootmode={stat.S_IFREG | 0o600:o},user_id=0,group_id=0"
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b"arxos-disk", str(mountpoint).encode(), b"fuse", 0, options.encode()):
            raise OSError(ctypes.get_errno(), f"mounting {mountpoint} by /dev/fuse")

    def serve_one(self) -> None:
        try:
            request = os.read(self.device, REQUEST_BYTES_MAX + 4096)
        except OSError:  # unmounted
            self.gone = True
            return
        _, code, unique, *_ = _IN.unpack_from(request)
        if code in (Code.FORGET, Code.INTERRUPT):
            return
        error, answer = self._answer(code, memoryview(request)[_IN.size :])
        os.writev(self.device, [_OUT.pack(_OUT.size + len(answer), -error, unique), answer])
        self.gone = code == Code.DESTROY

    def _answer(self, code: int, given: memoryview) -> tuple[int, bytes | memoryview]:
        match code:
            case Code.INIT:
                major, minor, ahead, flags = struct.unpack_from("<IIII", given)
                wanted = flags & (_BIG_WRITES | _MAX_PAGES)
                most = REQUEST_BYTES_MAX
                head = struct.pack("<IIIIHHIIHH", 7, min(minor, 31), ahead, wanted, 16, 12, most, 1, most // 4096, 0)
                return 0, head.ljust(64, b"\0")
            case Code.GETATTR | Code.SETATTR:
                return 0, self._attributes()
            case Code.OPEN:
                return 0, struct.pack("<QII", 1, 0, 0)
            case Code.READ:
                _, offset, size = struct.unpack_from("<QQI", given)
                return 0, bytes(memoryview(self.disk.image)[offset : offset + size])
            case Code.WRITE:
                _, offset, size, *_ = _WRITE.unpack_from(given)
                self.disk.write(offset, bytes(given[_WRITE.size : _WRITE.size + size]))
                return 0, struct.pack("<II", size, 0)
            case Code.FSYNC:
                self.disk.flush()
                return 0, b""
            case Code.RELEASE | Code.FLUSH | Code.DESTROY:
                return 0, b""
        return _NOSYS, b""

    def _attributes(self) -> bytes:
        size = len(self.disk.image)
        return _ATTRIBUTES.pack(3600, 0, 0, 1, size, size // 512, 0, 0, 0, 0, 0, 0,
                                stat.S_IFREG | 0o600, 1, 0, 0, 0, 4096, 0)  # fmt: skip


class Outage:
    """A cut that was asked for and waits for its moment."""

    def __init__(self, connection: socket.socket, disk: Disk) -> None:
        self.lines, self.disk = connection.makefile("rw"), disk
        word, path, seed = self.lines.readline().split()
        assert word == "cut", word
        self.path, self.seed = Path(path), int(seed)
        self.after = disk.written + 1 + self.seed % WRITES_TO_WAIT_MAX

    def strike(self) -> None:
        with self.lines:
            self.lines.write(self.disk.cut(self.path, self.seed) + "\n")


def main(mountpoint: str, size: str, control: str) -> None:
    disk = Disk(int(size))
    served = Served(disk, Path(mountpoint))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(control)
    listener.listen()
    outage: Outage | None = None
    with selectors.DefaultSelector() as selector:
        selector.register(served.device, selectors.EVENT_READ)
        selector.register(listener, selectors.EVENT_READ)
        while not served.gone:
            ready = [key.fileobj for key, _ in selector.select(REST_S if outage else None)]
            if served.device in ready:
                served.serve_one()
            if outage and (disk.written >= outage.after or not ready):
                outage.strike()
                outage = None
            if listener in ready:
                connection, _ = listener.accept()
                with connection:
                    outage = Outage(connection, disk)


if __name__ == "__main__":
    main(*sys.argv[1:])
