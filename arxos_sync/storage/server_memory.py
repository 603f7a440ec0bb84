"""What a database transaction over a scope has read of it or saved, so that it asks nothing twice.

A reader's snapshot does not move, and a writer holds the scope's lock: what was true at the first asking is true until
this very transaction saves. What it saves is all that changed since it began.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

from ..messages import Mark
from ..store import Batch, Head, Row


class Remembering:
    """Both adapters' scopes are this; they read by the methods named `_read_…`."""

    _read_head: Any
    _read_salt: Any
    _read_known: Any
    _read_digests: Any

    def __init__(self) -> None:
        self._head: Head | None = None
        self._salts: dict[int, str | None] = {0: ""}
        self._known: dict[str, Mark | None] = {}
        self._digests: dict[str, int] | None = None
        self._saved: dict[tuple[str, str], Row] = {}
        self._began: int | None = None  # the head when this transaction first saved

    def foresee(self, device: str, sequence: int) -> None:
        """An exchange will ask for the head, what is known of `device` and the salt of `sequence`. Where every question
        is a way there and back, an adapter asks them at once.
        """

    def head(self) -> Head:
        if self._head is None:
            self._head = self._read_head()
        return self._head

    def salt(self, sequence: int) -> str | None:
        if sequence not in self._salts:
            self._salts[sequence] = self._read_salt(sequence)
        return self._salts[sequence]

    def known(self, device: str) -> Mark | None:
        if device not in self._known:
            self._known[device] = self._read_known(device)
        return self._known[device]

    def digests(self) -> dict[str, int]:
        if self._digests is None:
            self._digests = self._read_digests()
        return self._digests

    def remember(self, batch: Batch, digests: dict[str, int]) -> None:
        """It was saved; `digests` are the sums now."""
        if self._began is None:
            self._began = self.head().sequence
        self._saved |= {row.key: row for row in batch.rows}
        self._head, self._digests = batch.head, digests
        self._salts |= {entry.sequence: entry.salt for entry in batch.log}
        if batch.receipts:
            last = batch.receipts[-1]
            self._known[batch.device] = Mark(last.n, last.nonce)

    def saved_since(
        self, after: int, place: tuple[str, str] | None, tombstones_after: int, limit: int
    ) -> list[Row] | None:
        """As `changed`, out of what was saved; None where rows of before it may be among them."""
        if self._began is None or after < self._began or (after == self._began and place is not None):
            return None
        above = (after, *(place or ("\x7f", "")))
        some: Iterable[Row] = (
            row
            for row in self._saved.values()
            if (row.sequence, *row.key) > above and (row.deleted is None or row.sequence > tombstones_after)
        )
        return sorted(some, key=operator.attrgetter("sequence", "table", "id"))[:limit]
