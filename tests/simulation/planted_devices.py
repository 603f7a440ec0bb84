"""Bugs planted in the client and in its replica (planted.py says how)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from arxos_sync import session
from arxos_sync.catalogue import Catalogue
from arxos_sync.storage import replica_lay
from arxos_sync.storage.spatialite import Replica
from client_kit.sync import Loop
from tests.simulation.planted import PLANTED, bug, replaced, small_pages

_apply = Replica.apply_answer


@bug("cursor saved before the rows", "devices-die")
def _cursor_first() -> Iterator[None]:
    def applying(self: Any, answer: Any, *, from_nothing: bool = False) -> Any:
        if answer.cursor is not None and not answer.more:
            self.set_state(cursor=answer.cursor, head=str(answer.head))
        return _apply(self, answer, from_nothing=from_nothing)

    with replaced((Replica, "apply_answer", applying)):
        yield


@bug("a transaction split over pages", "paging")
def _split() -> Iterator[None]:
    def applying(self: Any, answer: Any, *, from_nothing: bool = False) -> Any:
        if answer.cursor is not None and answer.more and not from_nothing and self.state("paging") != "whole":
            with self.transaction(capture=False):
                replica_lay.lay(self, replica_lay.incoming(self, answer.rows, False))
        return _apply(self, answer, from_nothing=from_nothing)

    with small_pages(), replaced((Replica, "apply_answer", applying)):
        yield


@bug("clock not advanced on receive", "clocks")
def _deaf() -> Iterator[None]:
    def learning(self: Any, received_at: str, offset_ms: int) -> None:
        self.set_state(clock_offset_ms=str(offset_ms))

    with replaced((Replica, "learn", learning)):
        yield


@bug("a hint taken for truth", "hints")
def _trusting() -> Iterator[None]:
    def hinted(now: Any, event: Any) -> Any:
        scope = now.scopes.get(event.scope)
        if scope is None or not event.rows or event.to <= scope.sequence or event.scope in now.asked:
            return now, []
        return session._with(now, event.scope, sequence=event.to), [{"do": "apply_hint", "scope": event.scope}]

    def hearing(self: Any, hint: Any) -> None:
        self.hint = hint if hint.rows is not None and hint.cursor else None
        self.hear(session.Hinted(hint.scope, hint.since, hint.to, self.hint is not None))
        self.hint = None

    def applying(self: Any, scope: str) -> None:
        hint = self.hint
        self.home.replica(scope).apply_hint(hint.rows, hint.cursor, hint.to, hint.salt)

    events = session._EVENTS | {session.Hinted: hinted}
    with replaced((session, "_EVENTS", events), (Loop, "hinted", hearing), (Loop, "_apply_hint", applying)):
        yield


@bug("a hint known by its number alone", "servers-put-back")
def _numbered() -> Iterator[None]:
    hearing = Loop.hinted

    def hinted(self: Any, hint: Any) -> None:
        replica = self.home.replica(hint.scope) if hint.scope in self.session.scopes else None
        same = replica is not None and replica.sequence == hint.since
        hearing(self, msgspec.structs.replace(hint, after=replica.cursor()) if same else hint)

    with replaced((Loop, "hinted", hinted)):
        yield


@bug("an upgrade fetches nothing that it missed", "skew")
def _ungained() -> Iterator[None]:
    def gained(self: Any, scope: str, former: int, schema: int) -> dict[str, Any]:
        return {}

    with replaced((Catalogue, "gained", gained)):
        yield


@bug("a rejected change dropped", "roles")
def _dropped() -> Iterator[None]:
    settle = replica_lay.settle_all

    def settling(replica: Any, keys: list[int], state: str) -> None:
        settle(replica, keys, "discarded" if state == "rejected" else state)

    with replaced((replica_lay, "settle_all", settling)):
        yield


@bug("synchronous = normal", "power-cuts")
def _normal() -> Iterator[None]:
    made = Replica.__init__

    def making(self: Any, *given: Any) -> None:
        made(self, *given)
        self.connection.execute("pragma synchronous = normal")

    with replaced((Replica, "__init__", making)):
        yield


@bug("a pending field overwritten by a pull", "busy")
def _overwritten() -> Iterator[None]:
    def none(replica: Any, incoming: Any) -> set[Any]:
        return set()

    with replaced((replica_lay, "_under_edits", none)):
        yield


LISTED = len(PLANTED)
assert msgspec
