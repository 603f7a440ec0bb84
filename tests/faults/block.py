"""An ext4 on a disk whose power can be cut (disk.py), and the images that such cuts leave, mounted again."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.server.running import ROOT, wait_for


class Cut(msgspec.Struct, frozen=True):
    """`kept` and `lost`: 4 KiB pieces written since the last flush that came through, or did not."""

    image: Path
    seed: int
    kept: int
    lost: int
    flushes: int


class PowerDisk:
    """Mounted at `self.mount` from entering until leaving."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.bytes = folder, megabytes << 20
        self.file, self.control, self.mount = folder / "disk", folder / "control", folder / "ext4"
        self._undo = contextlib.ExitStack()

    def __enter__(self) -> PowerDisk:
        with self._undo:
            self.file.touch()
            self.mount.mkdir()
            words = [sys.executable, "-m", "tests.faults.disk", str(self.file), str(self.bytes), str(self.control)]
            process = subprocess.Popen(words, cwd=ROOT)
            self._undo.callback(process.wait, 20)
            self._undo.callback(run, "umount", str(self.file), may_fail=True)
            wait_for(lambda: self.control.exists() or process.poll() is not None)
            assert process.poll() is None, "the disk did not start"
            loop = attach(self.file)
            self._undo.callback(run, "losetup", "-d", loop)
            run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard", "-m", "0", loop)
            run("mount", "-t", "ext4", loop, str(self.mount))
            self._undo.callback(run, "umount", "-l", str(self.mount))
            self._undo = self._undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def cut(self, image: Path, seed: int) -> Cut:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.control))
            with connection.makefile("rw") as lines:
                lines.write(f"cut {image} {seed}\n")
                lines.flush()
                kept, lost, flushes = map(int, lines.readline().split())
        return Cut(image, seed, kept, lost, flushes)


@contextlib.contextmanager
def after_the_cut(cut: Cut, folder: Path) -> Iterator[Path]:
    """The image as a machine finds it when the power is back: journal replayed, checked, mounted."""
    folder.mkdir(exist_ok=True)
    with contextlib.ExitStack() as undo:
        loop = attach(cut.image)
        undo.callback(run, "losetup", "-d", loop)
        checked = subprocess.run(["e2fsck", "-p", loop], capture_output=True, text=True)
        assert checked.returncode in (0, 1), f"ext4 itself is broken after cut {cut.seed}: {checked.stdout}"
        run("mount", "-t", "ext4", loop, str(folder))
        undo.callback(run, "umount", str(folder))
        yield folder


def attach(file: Path) -> str:
    return run("losetup", "--find", "--show", str(file)).strip()


def run(*words: str, may_fail: bool = False) -> str:
    done = subprocess.run(words, capture_output=True, text=True)
    assert may_fail or done.returncode == 0, f"{' '.join(words)}: {done.stderr}"
    return done.stdout
