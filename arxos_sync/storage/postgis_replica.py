"""A store that reads its lists from a streaming replica of its database, where that has come far enough.

Who may see what, heads and single rows are always asked of the primary; so is everything that writes. A list is read
from the replica only where the replica holds at least the head that the primary has just told (of buildings: the same
readable ones with the same heads and roles, which is also what a list's ETag is made of). So no answer is behind what
its reader, or anybody else, had committed when it was asked for, at whichever server process, and nothing has to be
remembered of who wrote what (docs/decisions/0020). A replica that is behind, away or cancels the query costs a look and
the primary answers; one that is away is left alone for `LEFT_ALONE_S`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from psycopg.conninfo import make_conninfo

from ..catalogue import Catalogue
from ..problems import Problem
from ..store import BuildingQuery, ListedBuilding, Row, RowQuery
from .postgis import PostgisScope, PostgisStore

LEFT_ALONE_S = 5.0
WAIT_S_MAX = 1.0  # for a connection to the replica
CONNECT_S_MAX = 2
T = TypeVar("T")


class ReplicatedStore:
    """`PostgisStore`, with lists from elsewhere. `told` counts where lists came from: replica, behind, away."""

    def __init__(self, primary: PostgisStore, url: str, catalogue: Catalogue, pool_size: int) -> None:
        self._primary, self._url, self._catalogue, self._pool_size = primary, url, catalogue, pool_size
        self._replica: PostgisStore | None = None
        self._away_until = 0.0
        self._opening = threading.Lock()
        self.told = {"replica": 0, "behind": 0, "away": 0}

    def __getattr__(self, name: str) -> Any:
        """All else is the primary's."""
        return getattr(self._primary, name)

    @contextmanager
    def read(self, scope: str) -> Iterator[Any]:
        with self._primary.read(scope) as reader:
            yield _Reader(reader, self)

    def buildings(self, query: BuildingQuery) -> tuple[list[ListedBuilding], int]:
        reach = BuildingQuery(user_id=query.user_id, everything=query.everything, now=query.now)
        stands = self._primary.readable(reach)

        def ask(replica: PostgisStore) -> tuple[list[ListedBuilding], int] | None:
            return replica.buildings(query) if replica.readable(reach) == stands else None

        found = self.asked(ask)
        return self._primary.buildings(query) if found is None else found

    def pools(self) -> dict[str, dict[str, int]]:
        one, other = self._primary.pools(), self._replica
        return one | ({"replica": other.pools()["primary"]} if other is not None else {})

    def close(self) -> None:
        if self._replica is not None:
            self._replica.close()
        self._primary.close()

    # ------------------------------------------------------------ the replica

    def asked(self, ask: Callable[[PostgisStore], T | None]) -> T | None:
        """What the replica answers; None where the primary must."""
        if time.monotonic() < self._away_until:
            return None
        try:
            found = ask(self._opened())
        except Problem as problem:
            if problem.code not in ("unavailable", "internal"):
                raise
            self._away_until = time.monotonic() + LEFT_ALONE_S
            self.told["away"] += 1
            return None
        self.told["behind" if found is None else "replica"] += 1
        return found

    def _opened(self) -> PostgisStore:
        with self._opening:
            if self._replica is None:
                url = make_conninfo(self._url, connect_timeout=CONNECT_S_MAX)
                opened = PostgisStore(url, self._catalogue, self._pool_size, wait_s=WAIT_S_MAX)
                if opened.epoch() != self._primary.epoch():
                    opened.close()
                    raise Problem("unavailable", "The replica is of another life than its primary.")
                self._replica = opened
            return self._replica


class _Reader:
    """The primary's reader, whose lists may come from the replica."""

    def __init__(self, reader: PostgisScope, store: ReplicatedStore) -> None:
        self._reader, self._store = reader, store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def listed(self, query: RowQuery) -> tuple[list[Row], int]:
        head = self._reader.head().sequence

        def ask(replica: PostgisStore) -> tuple[list[Row], int] | None:
            with replica.read(self._reader.scope) as there:
                return there.listed(query) if there.head().sequence >= head else None

        found = self._store.asked(ask)
        return self._reader.listed(query) if found is None else found
