"""Speaking to the server: login, exchange, snapshot, repair. Synchronous; every answer is checked for shape.

A request that cannot reach the server raises `Unreachable`; one that the server refuses raises `Problem` with
the server's code. An access token that has run out is refreshed once; if that fails the code is
`unauthenticated`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec
import zstandard

from arxos_sync import stamp
from arxos_sync.messages import RowOut, SyncAnswer, SyncRequest
from arxos_sync.problems import Problem

from .replica import Credentials, Home, now_ms

CONNECT_S_MAX = 10.0
READ_S_MAX = 120.0
COMPRESS_BYTES_MIN = 1024
COMPRESS_LEVEL = 12  # a tenth less than the default of 3, for about 20 µs a change
_MSGPACK = "application/msgpack"
T = TypeVar("T")


class Unreachable(Problem):
    """The server could not be reached; unsent work is kept."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            "unavailable", detail, hint="Your work is kept here; sync again when there is a network."
        )


class _User(msgspec.Struct, frozen=True):
    id: str
    email: str
    name: str


class _Login(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: int
    refresh_token: str
    user: _User


class _Leaves(msgspec.Struct, frozen=True):
    head: int
    cursor: str
    leaves: list[str]


class _Healing(msgspec.Struct, frozen=True):
    mark: int
    cursor: str


class _Repaired(msgspec.Struct, frozen=True):
    cursor: str
    rows: list[RowOut]


class Server:
    def __init__(self, home: Home) -> None:
        self.home = home
        self.url = home.device().server
        self.client = httpx.Client(
            base_url=self.url,
            timeout=httpx.Timeout(READ_S_MAX, connect=CONNECT_S_MAX),
            headers={"User-Agent": "arxos-device", "Accept-Encoding": "zstd, gzip"},
        )

    def close(self) -> None:
        self.client.close()

    # ------------------------------------------------------------ who

    def login(self, email: str, password: str, code: str = "") -> _User:
        """Raises Problem `second_factor_wanted` where `code` is missing or does not fit."""
        body = {"email": email, "password": password, "code": code}
        answer = self._send("POST", "/api/v1/auth/login", json=body)
        return self._logged_in(answer)

    def logout(self) -> None:
        """End the session on the server; one that has ended already is no matter."""
        held = self.home.credentials()
        if held is None:
            return
        try:
            self._send("POST", "/api/v1/auth/logout", headers={"Authorization": f"Bearer {held.access_token}"})
        except Problem as problem:
            if isinstance(problem, Unreachable):
                raise

    def _logged_in(self, answer: httpx.Response) -> _User:
        login = _decoded(answer, _Login)
        expires = now_ms() + login.expires_in * 1000
        self.home.save_credentials(Credentials(login.access_token, login.refresh_token, expires))
        return login.user

    def token(self) -> str | None:
        """An access token that still holds, refreshed where it is about to run out."""
        held = self.home.credentials()
        if held is None:
            return None
        if held.expires_at_ms - now_ms() < 30_000:
            self._refresh(held)
            held = self.home.credentials()
        return held.access_token if held else None

    def _refresh(self, held: Credentials) -> None:
        answer = self._send("POST", "/api/v1/auth/refresh", json={"refresh_token": held.refresh_token})
        self._logged_in(answer)

    def ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Any other request, by who is logged in here."""
        return self._authorized(method, path, **given)

    def fetch(self, path: str, part: Path, tag: str, heard: Callable[[int, int], None]) -> None:
        """Bytes to a file, going on where a try before was cut; `tag` is their strong ETag, quotes and all."""
        have = part.stat().st_size if part.exists() else 0
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers |= {"Range": f"bytes={have}-", "If-Range": tag}
        token = self.token()
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            with self.client.stream("GET", path, headers=headers) as answer:
                if answer.status_code == 416:  # all of it was here
                    return
                if answer.status_code >= 400:
                    answer.read()
                    raise _problem(answer)
                have = have if answer.status_code == 206 else 0
                _write(part, _heard(answer, have, heard), append=have > 0)
        except httpx.TransportError as error:
            raise Unreachable(f"{self.url}: {error or type(error).__name__}") from error

    def _authorized(self, method: str, path: str, **given: Any) -> httpx.Response:
        headers = given.pop("headers", {})
        token = self.token()
        if token is None:
            return self._send(method, path, headers=headers, **given)
        try:
            return self._send(method, path, headers=headers | {"Authorization": f"Bearer {token}"}, **given)
        except Problem as problem:
            held = self.home.credentials()
            if problem.code != "unauthenticated" or held is None:
                raise
            self._refresh(held)
            token = self.token()
            return self._send(method, path, headers=headers | {"Authorization": f"Bearer {token}"}, **given)

    def _send(self, method: str, path: str, **given: Any) -> httpx.Response:
        try:
            answer = self.client.request(method, path, **given)
        except httpx.TransportError as error:
            raise Unreachable(f"{self.url}: {error or type(error).__name__}") from error
        if answer.status_code >= 400:
            raise _problem(answer)
        return answer

    # ------------------------------------------------------------ sync

    def exchange(self, request: SyncRequest) -> SyncAnswer:
        """One round trip. `sent_at` and device stand in the request already."""
        body = msgspec.msgpack.encode(request)
        headers = {"Content-Type": _MSGPACK, "Accept": _MSGPACK}
        if len(body) > COMPRESS_BYTES_MIN:
            body, headers["Content-Encoding"] = zstandard.compress(body, COMPRESS_LEVEL), "zstd"
        answer = self._authorized("POST", "/api/v1/sync", content=body, headers=headers)
        self._heed_photos(answer.headers.get("ARXOS-Photos"))
        return _decoded(answer, SyncAnswer, binary=True)

    def _heed_photos(self, tell: str | None) -> None:
        """Kept, for photos are attached without a network; a word that this device does not know changes nothing."""
        device = self.home.device()
        if tell in ("keep", "place", "all") and tell != device.photos:
            device.photos = tell
            self.home.save(device)

    def snapshot(self, scope: str, path: Path) -> None:
        """Fetch a scope's file to `path`, packed on the way, going on where a try before was cut."""
        part, tag_file = path.with_suffix(".part"), path.with_suffix(".tag")
        have = part.stat().st_size if part.exists() and tag_file.exists() else 0
        headers, told = {"Accept-Encoding": "zstd"}, {"schema": self.home.catalogue.schema}
        if have:
            headers |= {"Range": f"bytes={have}-", "If-Range": tag_file.read_text("ascii")}
        token = self.token()
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            with self.client.stream("GET", f"/api/v1/sync/snapshot/{scope}", params=told, headers=headers) as answer:
                if answer.status_code >= 400:
                    answer.read()
                    raise _problem(answer)
                tag_file.write_text(answer.headers["ETag"], "ascii")
                _write(part, answer.iter_raw(), append=answer.status_code == 206)
                packed = answer.headers.get("Content-Encoding") == "zstd"
        except httpx.TransportError as error:
            raise Unreachable(f"{self.url}: {error or type(error).__name__}") from error
        tag_file.unlink()
        if packed:
            _unpack(part)
        part.replace(path)

    def heal(self, scope: str, marks: list[tuple[int, str]]) -> _Healing:
        given = {"scope": scope, "marks": marks}
        return _decoded(self._authorized("POST", "/api/v1/sync/heal", json=given), _Healing)

    def leaves(self, scope: str, table: str, *, content: bool = False) -> _Leaves:
        asked: dict[str, Any] = {"table": table}
        if content:
            asked |= {"content": "true", "schema": self.home.catalogue.schema}
        return _decoded(self._authorized("GET", f"/api/v1/sync/digest/{scope}", params=asked), _Leaves)

    def repair(self, scope: str, table: str, leaves: list[int]) -> _Repaired:
        given = {"scope": scope, "table": table, "leaves": leaves}
        headers = {"Content-Type": _MSGPACK, "Accept": _MSGPACK}
        answer = self._authorized(
            "POST", "/api/v1/sync/repair", content=msgspec.msgpack.encode(given), headers=headers
        )
        return _decoded(answer, _Repaired, binary=True)

    def buildings(self) -> Iterator[dict[str, Any]]:
        following: str | None = None
        while True:
            params = {"next": following} if following else {}
            page = self._authorized("GET", "/api/v1/buildings", params=params).json()
            yield from page["items"]
            following = page["next"]
            if following is None:
                return


def _heard(answer: httpx.Response, have: int, heard: Callable[[int, int], None]) -> Iterator[bytes]:
    total = have + int(answer.headers.get("Content-Length", 0))
    for chunk in answer.iter_bytes():
        have += len(chunk)
        yield chunk
        heard(have, total)


def _write(path: Path, chunks: Iterator[bytes], append: bool) -> None:
    with open(path, "ab" if append else "wb") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _unpack(path: Path) -> None:
    whole = path.with_suffix(".unpacked")
    try:
        with open(path, "rb") as packed, open(whole, "wb") as file:
            zstandard.ZstdDecompressor().copy_stream(packed, file)
            file.flush()
            os.fsync(file.fileno())
    except zstandard.ZstdError as error:
        raise Problem("unavailable", f"the snapshot came broken: {error}", retry_after_s=1) from error
    whole.replace(path)


def _decoded(answer: httpx.Response, type: type[T], *, binary: bool = False) -> T:
    try:
        return (msgspec.msgpack if binary else msgspec.json).decode(answer.content, type=type)
    except msgspec.MsgspecError as error:
        raise Problem("unavailable", f"the server's answer is not understood: {error}") from error


def _problem(answer: httpx.Response) -> Problem:
    """The server's problem; something between us and the server may answer other than in JSON."""
    after = answer.headers.get("Retry-After", "")
    retry_after_s = int(after) if after.isdigit() else None
    try:
        said = answer.json()
        return Problem(
            said["code"], said.get("detail") or "", hint=said.get("hint"), retry_after_s=retry_after_s
        )
    except (ValueError, KeyError, TypeError):
        code = {
            401: "unauthenticated",
            403: "forbidden",
            404: "not_found",
            413: "too_large",
            429: "too_many_requests",
        }
        return Problem(
            code.get(answer.status_code, "unavailable"),
            f"HTTP {answer.status_code}",
            retry_after_s=retry_after_s,
        )


def sent_at(device: str) -> str:
    return stamp.form(now_ms(), 0, device)
