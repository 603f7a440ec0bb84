"""A maintenance system that is spoken to by plain REST: what it must offer, and how it is asked.

    GET    {url}/work-orders?since=CURSOR&limit=100   {"items": [record …], "next": "CURSOR", "more": true}
    GET    {url}/work-orders?external_id=ID           the same, with what was made from our row ID
    POST   {url}/work-orders                          201 record; `external_id`: our row's id; `Idempotency-Key`
    PATCH  {url}/work-orders/{id}                     200 record; `If-Match: "version"`, else 412
    DELETE {url}/work-orders/{id}                     204; likewise

A record is a flat JSON object: `id`, `version` (another one at each change), `external_id`, and its own fields; one
that was deleted is listed with `"deleted": true`. `next` is the cursor after what was listed, also at the end. The
secret goes as a bearer token. 429 and 503 with `Retry-After` are heeded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from arxos_sync.problems import Problem

from ..outbound import Allowed, Answer, Resolve, pinned, resolve, send
from .courier import retry_after
from .mapping import Record

PAGE = 100
WAIT_S_MAX = 10.0
PAGE_BYTES_MAX = 4 * 1024 * 1024
ID_CHARS_MAX = 200
_WORD = re.compile(rf"[ !#-~]{{1,{ID_CHARS_MAX}}}\Z")
BUSY_S = 60  # where they ask for rest and do not say how long


class Changed(Exception):
    """They have another version of it by now."""


class Gone(Exception):
    """They have it no more."""


class Refusal(Exception):
    """They do not take it as it is; what they answered."""


class Page(msgspec.Struct, frozen=True):
    """`problems`: of what was listed and is no record."""

    records: list[Record]
    problems: list[str]
    next: str | None
    more: bool


class RestSystem:
    """Raises Problem `unreachable` where they do not answer, or not as they should."""

    def __init__(
        self, url: str, secret: str | None, allowed: Allowed, clock: Callable[[], int], resolver: Resolve = resolve
    ) -> None:
        self._url, self._secret, self._allowed, self._clock = url.rstrip("/"), secret, allowed, clock
        self._resolver = resolver

    def changed(self, cursor: str | None) -> Page:
        asked = {"limit": str(PAGE)} | ({"since": cursor} if cursor else {})
        return self._page(asked)

    def made_from(self, row_id: str) -> Record | None:
        """What was made there from a row of ours, before we could write down that it was."""
        found = [r for r in self._page({"external_id": row_id}).records if r.external_id == row_id and not r.deleted]
        return found[0] if found else None

    def create(self, row_id: str, key: str, fields: dict[str, Any]) -> Record:
        """Raises Refusal. The same key makes the same record."""
        answer = self._ask("POST", "", {"Idempotency-Key": key}, {"external_id": row_id, **fields})
        return self._record(answer, (200, 201))

    def update(self, id: str, version: str, fields: dict[str, Any]) -> Record:
        """Raises Changed, Gone, Refusal."""
        answer = self._ask("PATCH", "/" + quote(id, safe=""), {"If-Match": f'"{version}"'}, fields)
        if answer.status in (404, 410):
            raise Gone
        if answer.status == 412:
            raise Changed
        return self._record(answer, (200,))

    def delete(self, id: str, version: str) -> None:
        """Raises Changed, Refusal."""
        answer = self._ask("DELETE", "/" + quote(id, safe=""), {"If-Match": f'"{version}"'})
        if answer.status == 412:
            raise Changed
        if answer.status not in (200, 202, 204, 404, 410):
            raise Refusal(_told(answer))

    def _page(self, asked: dict[str, str]) -> Page:
        answer = self._ask("GET", f"?{urlencode(asked)}")
        try:
            if answer.status != 200:
                raise ValueError(_told(answer))
            body = msgspec.json.decode(answer.body, type=dict[str, Any])
            listed, following = body["items"], body.get("next")
            records, problems = _read_all(listed)
            return Page(records, problems, None if following is None else str(following), body.get("more") is True)
        except (ValueError, KeyError, TypeError, msgspec.DecodeError) as error:
            raise Problem("unreachable", f"what it lists cannot be read: {error}") from error

    def _record(self, answer: Answer, good: tuple[int, ...]) -> Record:
        if answer.status not in good:
            raise Refusal(_told(answer))
        try:
            return read(msgspec.json.decode(answer.body))
        except (ValueError, KeyError, TypeError, msgspec.DecodeError) as error:
            raise Problem("unreachable", f"its answer is no record: {error}") from error

    def _ask(self, method: str, path: str, headers: dict[str, str] | None = None, body: Any = None) -> Answer:
        given = {"Accept": "application/json", "User-Agent": "ARXOS-cmms/1", **(headers or {})}
        if self._secret:
            given["Authorization"] = f"Bearer {self._secret}"
        if body is not None:
            given["Content-Type"] = "application/json"
        content = b"" if body is None else msgspec.json.encode(body)
        target = pinned(f"{self._url}/work-orders{path}", self._allowed, self._resolver)
        answer = send(method, target, given, content, wait_s_max=WAIT_S_MAX, answer_bytes_max=PAGE_BYTES_MAX)
        if answer.status in (429, 503):
            wait_s = retry_after(answer, self._clock())
            raise Problem("unreachable", _told(answer), retry_after_s=int(wait_s or BUSY_S))
        if answer.status in (401, 403):
            raise Problem("unreachable", f"it does not let us in: {_told(answer)}", hint="Give the secret anew.")
        if answer.status >= 500:
            raise Problem("unreachable", _told(answer))
        if answer.cut:
            raise Problem("unreachable", f"it answers more than {PAGE_BYTES_MAX} bytes at once")
        return answer


def _read_all(listed: list[Any]) -> tuple[list[Record], list[str]]:
    records, problems = [], []
    for raw in listed:
        try:
            records.append(read(raw))
        except ValueError as error:
            problems.append(f"{error}: {str(raw)[:200]}")
    return records, problems


def read(raw: Any) -> Record:
    """Raises ValueError."""
    if not isinstance(raw, dict) or "id" not in raw or "version" not in raw:
        raise ValueError("a record has an id and a version")
    id, version = str(raw["id"]), str(raw["version"])
    if not _WORD.match(id) or not _WORD.match(version):
        raise ValueError(f"ids and versions are 1 to {ID_CHARS_MAX} characters of ASCII without quotes")
    external = raw.get("external_id")
    fields = {n: v for n, v in raw.items() if n not in ("id", "version", "external_id", "deleted")}
    return Record(id, version, fields, None if external is None else str(external), raw.get("deleted") is True)


def _told(answer: Answer) -> str:
    return f"{answer.status} {answer.body[:300].decode('utf-8', 'replace')}".strip()
