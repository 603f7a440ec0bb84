"""Where whole and verified bytes lie, by name: on this machine's disk, or at an S3-compatible store.

Both do the same under the same names, of which `attachments/<scope>/<ab>/<sha256>` is one (files.py). A name stands for
bytes that never change, so whoever finds it finds all of them. What is on its way lies on the disk of the server in
either case (uploads.py) and is given over when it is whole: with S3, several server processes share the folder of
uploads, or a balancer sends a device to the same one while it uploads.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from arxos_sync.problems import Problem

from . import files

AREAS = ("attachments", "quarantine")
FAR_CHUNK_BYTES = 4 * 1024 * 1024
ASKED_AT_ONCE_MAX = 16


class Lying(Protocol):
    def size(self, name: str) -> int | None:
        """None where there is nothing of that name."""
        ...

    def among(self, names: Iterable[str]) -> set[str]:
        """Those of them that are here."""
        ...

    def give(self, name: str, draft: Path) -> None:
        """Durable bytes get their name; the draft is gone then."""
        ...

    def path(self, name: str) -> Path | None:
        """The file, where it lies on this disk; it may not be there."""
        ...

    def borrowed(self, name: str) -> contextlib.AbstractContextManager[Path]:
        """A file on this disk with those bytes, for as long as it is held. Raises Problem `not_found`."""
        ...

    def read(self, name: str, first: int, length: int) -> Iterator[bytes]: ...

    def remove(self, name: str) -> None:
        """Of what is made again where it is wanted: an export. It need not be here."""
        ...

    def each(self) -> Iterator[tuple[str, int]]:
        """Names and sizes of all attachments that are here."""
        ...


class OnDisk:
    def __init__(self, data_dir: Path) -> None:
        self._root = data_dir

    def size(self, name: str) -> int | None:
        try:
            return (self._root / name).stat().st_size
        except FileNotFoundError:
            return None

    def among(self, names: Iterable[str]) -> set[str]:
        return {name for name in names if (self._root / name).exists()}

    def give(self, name: str, draft: Path) -> None:
        target = self._root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.rename(target)
        files.settle(target.parent)

    def path(self, name: str) -> Path | None:
        return self._root / name

    @contextlib.contextmanager
    def borrowed(self, name: str) -> Iterator[Path]:
        if not (self._root / name).exists():
            raise Problem("not_found", name)
        yield self._root / name

    def read(self, name: str, first: int, length: int) -> Iterator[bytes]:
        with open(self._root / name, "rb") as opened:
            opened.seek(first)
            while length and (chunk := opened.read(min(length, FAR_CHUNK_BYTES))):
                length -= len(chunk)
                yield chunk

    def remove(self, name: str) -> None:
        (self._root / name).unlink(missing_ok=True)

    def each(self) -> Iterator[tuple[str, int]]:
        for area in AREAS:
            for folder, _, found in os.walk(self._root / area):
                for one in sorted(found):
                    if files.HASH.match(one):
                        path = Path(folder, one)
                        yield path.relative_to(self._root).as_posix(), path.stat().st_size


class FarAway:
    """At `s3://bucket/prefix`. Address and keys of the store come from the AWS variables of the environment."""

    def __init__(self, url: str) -> None:
        from fsspec.core import url_to_fs

        self._far, self._root = url_to_fs(url, use_listings_cache=False)

    def size(self, name: str) -> int | None:
        try:
            with _translated():
                return int(self._far.info(self._place(name))["size"])
        except FileNotFoundError:
            return None

    def among(self, names: Iterable[str]) -> set[str]:
        listed = list(names)
        if not listed:
            return set()
        with ThreadPoolExecutor(min(len(listed), ASKED_AT_ONCE_MAX)) as asking:
            sizes = asking.map(self.size, listed)
            return {name for name, size in zip(listed, sizes, strict=True) if size is not None}

    def give(self, name: str, draft: Path) -> None:
        with _translated():
            self._far.put_file(str(draft), self._place(name))
        if self.size(name) != draft.stat().st_size:
            raise Problem("unavailable", f"The store of attachments has not kept {name} whole.")
        draft.unlink()

    def path(self, name: str) -> Path | None:
        return None

    @contextlib.contextmanager
    def borrowed(self, name: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="arxos-") as folder:
            file = Path(folder, "borrowed")
            try:
                with _translated():
                    self._far.get_file(self._place(name), str(file))
            except FileNotFoundError as error:
                raise Problem("not_found", name) from error
            yield file

    def read(self, name: str, first: int, length: int) -> Iterator[bytes]:
        for begin in range(first, first + length, FAR_CHUNK_BYTES):
            with _translated():
                yield self._far.cat_file(
                    self._place(name), start=begin, end=min(begin + FAR_CHUNK_BYTES, first + length)
                )

    def remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError), _translated():
            self._far.rm_file(self._place(name))

    def each(self) -> Iterator[tuple[str, int]]:
        for area in AREAS:
            with _translated():
                found: dict[str, Any] = self._far.find(f"{self._root}/{area}", detail=True)
            for place, facts in sorted(found.items()):
                yield place.removeprefix(f"{self._root}/"), int(facts["size"])

    def _place(self, name: str) -> str:
        return f"{self._root}/{name}"


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError

    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, BotoCoreError) as error:
        raise Problem("unavailable", f"the store of attachments does not answer: {error}", retry_after_s=2) from error


def keep(lying: Lying, data_dir: Path, scope: str, content: bytes) -> str:
    """Store bytes under their hash, durably; answers it."""
    sha256 = hashlib.sha256(content).hexdigest()
    name = files.name_of(scope, sha256)
    if lying.size(name) is None:
        draft = data_dir / "uploads" / f"{sha256}.{os.getpid()}"
        files.write_whole(draft, content)
        lying.give(name, draft)
    return sha256
