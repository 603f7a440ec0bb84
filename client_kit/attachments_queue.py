"""Carrying the bytes of attachments: a queue of its own beside that of the changes.

Up goes what is here and not on the server, from the byte where it stands there; down come small pictures, then the
originals that are wanted, from the byte where they stand here. What fails is told and noted, and the next one goes on;
only a server that cannot be reached, is busy, or knows nobody here, ends the turn. New downloads stop where the disk is
nearly full; what was made here never does.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec

from arxos_sync import session
from arxos_sync.problems import Problem, kind

from . import attachments
from .attachments import Photo
from .http import Server
from .replica import Home
from .sync import Loop

ROOT = "/api/v1/attachments"
THUMBNAIL_PX = 256
TOLD_EVERY_BYTES = 1024 * 1024
TRIES_MAX = 3  # of one file in one turn, where another sender came between
FREE_BYTES_MIN = 256 * 1024 * 1024  # left on this disk by downloads
Tell = Callable[[str, dict[str, Any]], None]


class _Announced(msgspec.Struct, frozen=True):
    offset: int
    chunk_bytes: int
    url: str


class Carried(msgspec.Struct):
    """What one turn did. `problem`: what ended it."""

    sent: int = 0
    fetched: int = 0
    failed: int = 0
    problem: Problem | None = None

    def facts(self) -> dict[str, int]:
        return {"photos_sent": self.sent, "photos_fetched": self.fetched, "photos_failed": self.failed}


def carry(loop: Loop, originals: bool = False) -> Carried:
    """A turn after a loop's own work, and where something went up the news of it."""
    if loop.problem is not None or loop.needs_login:
        return Carried()
    carried = Carrier(loop.home, loop.server, loop.tell, originals).run()
    if carried.sent:
        loop.hear(session.SyncAsked())
    return carried


class Carrier:
    """`tell(what, facts)` hears `sending`, `sent`, `fetching`, `fetched`, `photo_problem`, `disk_full`."""

    def __init__(
        self,
        home: Home,
        server: Server,
        tell: Tell,
        originals: bool = False,
        free_bytes_min: int = FREE_BYTES_MIN,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self.home, self.server, self.tell = home, server, tell
        self.originals, self.free_bytes_min, self.stopped = originals, free_bytes_min, stopped
        self.done = Carried()
        self._failed: set[tuple[str, str]] = set()

    def run(self) -> Carried:
        """One turn over everything that waits. Raises nothing that a person could mend."""
        try:
            self._send_all()
            self._fetch_all()
        except _TurnEnded as ended:
            self.done.problem = ended.problem
        return self.done

    def _each(self, scope: str, photo: Photo, file: Path, work: Callable[[str, Photo, Path], None]) -> bool:
        """One file: what goes wrong with it is its own affair, unless it would go wrong with all."""
        try:
            self._go_on()
            work(scope, photo, file)
            attachments.note_trouble(file, None)
            return True
        except FileNotFoundError:
            return False  # its building was taken away meanwhile; what is unsent of it was put aside
        except Problem as problem:
            facts = {"scope": scope, "sha256": photo.sha256, "name": photo.name}
            said = {"code": problem.code, "detail": problem.detail, "hint": problem.hint}
            self.tell("photo_problem", facts | said)
            if problem.code == "unauthenticated" or (kind(problem.code).retry and problem.code != "storage_full"):
                raise _TurnEnded(problem) from problem
            self.done.failed += 1
            self._failed.add((scope, photo.sha256))
            attachments.note_trouble(file, problem)
            return False

    def _go_on(self) -> None:
        if self.stopped():
            raise _TurnEnded(None)

    # ------------------------------------------------------------ up

    def _send_all(self) -> None:
        for folder in attachments.set_aside_folders(self.home):
            scope = attachments.scope_of(folder)
            for photo in (one for one in attachments.set_aside(folder) if (scope, one.sha256) not in self._failed):
                file = folder / photo.sha256
                if self._each(scope, photo, file, self._send):
                    file.unlink()
        for scope in self.home.buildings():
            waiting = attachments.to_send(self.home, scope)
            for photo in (one for one in waiting if (scope, one.sha256) not in self._failed):
                self._each(scope, photo, attachments.file_of(self.home, scope, photo.sha256), self._send)

    def _send(self, scope: str, photo: Photo, file: Path) -> None:
        for tried in range(TRIES_MAX):
            try:
                self._send_from(scope, photo, file, self._announced(scope, photo, file))
                break
            except Problem as problem:
                again = problem.code in ("wrong_offset", "not_found") or self._is_sound(problem, photo, file)
                if not again or tried == TRIES_MAX - 1:
                    raise
        self.done.sent += 1
        self.tell("sent", {"scope": scope, "sha256": photo.sha256, "name": photo.name})

    def _announced(self, scope: str, photo: Photo, file: Path) -> _Announced:
        facts = {"scope": scope, "sha256": photo.sha256, "byte_size": file.stat().st_size}
        answer = self.server.ask("POST", ROOT, json=facts | {"media_type": photo.media_type, "name": photo.name})
        try:
            return msgspec.json.decode(answer.content, type=_Announced)
        except msgspec.MsgspecError as error:
            raise _foreign(answer) from error

    def _send_from(self, scope: str, photo: Photo, file: Path, said: _Announced) -> None:
        offset, size = said.offset, file.stat().st_size
        with open(file, "rb") as content:
            while offset < size:
                self._go_on()
                content.seek(offset)
                headers = {
                    "Tus-Resumable": "1.0.0",
                    "Content-Type": "application/offset+octet-stream",
                    "Upload-Offset": str(offset),
                }
                answer = self.server.ask("PATCH", said.url, content=content.read(said.chunk_bytes), headers=headers)
                if "Upload-Offset" not in answer.headers:
                    raise _foreign(answer)
                offset = int(answer.headers["Upload-Offset"])
                facts = {"scope": scope, "sha256": photo.sha256, "name": photo.name}
                self.tell("sending", facts | {"done": offset, "total": size})

    def _is_sound(self, problem: Problem, photo: Photo, file: Path) -> bool:
        """Of a wrong hash: are the bytes here right, so that it was the way that spoiled them?"""
        if problem.code != "wrong_hash":
            return False
        with open(file, "rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() == photo.sha256:
                return True
        hint = "The file on this device was damaged: attach the photo again from where it came."
        raise Problem("wrong_hash", f"{photo.name or photo.sha256} is not what was attached", hint=hint)

    # ------------------------------------------------------------ down

    def _fetch_all(self) -> None:
        for scope in self.home.buildings():
            if not self._fetch_thumbnails(scope):
                return
        for scope in self.home.buildings():
            if not self._fetch_originals(scope):
                return

    def _fetch_thumbnails(self, scope: str) -> bool:
        """Answers whether there is room for more."""
        for photo in attachments.to_fetch(self.home, scope):
            file = attachments.thumbnail_of(self.home, scope, photo.sha256)
            if file.exists() or not _may_have_thumbnail(photo):
                continue
            if not self._has_room(file, 0):
                return False
            self._each(scope, photo, file, self._fetch_thumbnail)
        return True

    def _fetch_thumbnail(self, scope: str, photo: Photo, file: Path) -> None:
        try:
            answer = self.server.ask("GET", f"{ROOT}/{scope}/{photo.sha256}", params={"size": THUMBNAIL_PX})
            if answer.headers.get("Content-Type") != "image/webp":
                raise _foreign(answer)
            content = answer.content
        except Problem as problem:
            if problem.code != "no_picture":
                raise
            content = b""
        draft = file.with_suffix(".part")
        draft.write_bytes(content)
        draft.replace(file)

    def _fetch_originals(self, scope: str) -> bool:
        for photo in attachments.to_fetch(self.home, scope):
            file = attachments.file_of(self.home, scope, photo.sha256)
            if not self.originals and not file.with_suffix(".wanted").exists():
                continue
            if not self._has_room(file, photo.byte_size or 0):
                return False
            self._each(scope, photo, file, self._fetch)
            self._send_all()  # what was made here meanwhile does not wait for the downloads
        return True

    def _fetch(self, scope: str, photo: Photo, file: Path) -> None:
        part, facts = file.with_suffix(".part"), {"scope": scope, "sha256": photo.sha256, "name": photo.name}
        told = 0

        def heard(done: int, total: int) -> None:
            nonlocal told
            self._go_on()
            if done - told >= TOLD_EVERY_BYTES or done == total:
                told = done
                self.tell("fetching", facts | {"done": done, "total": total})

        self.server.fetch(f"{ROOT}/{scope}/{photo.sha256}", part, f'"{photo.sha256}"', heard)
        with open(part, "rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != photo.sha256:
                part.unlink()
                raise Problem("wrong_hash", "What came is not what was attached.", hint="It is fetched anew next time.")
        part.replace(file)
        attachments.settle(file.parent)
        file.with_suffix(".wanted").unlink(missing_ok=True)
        self.done.fetched += 1
        self.tell("fetched", facts)

    def _has_room(self, file: Path, byte_size: int) -> bool:
        file.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(file.parent).free
        if free - byte_size >= self.free_bytes_min:
            return True
        self.tell("disk_full", {"free": free, "wanted": byte_size})
        return False


class _TurnEnded(Exception):
    def __init__(self, problem: Problem | None) -> None:
        super().__init__(str(problem))
        self.problem = problem


def _foreign(answer: httpx.Response) -> Problem:
    """Somebody between us and the server answered, as a hotel's login page does."""
    return Problem("unavailable", f"{answer.url}: something other than the server answered")


def _may_have_thumbnail(photo: Photo) -> bool:
    return (photo.media_type or "").startswith("image/") or photo.media_type == "application/pdf"
