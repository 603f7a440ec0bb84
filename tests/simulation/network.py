"""The way between a device and the servers: it drops, repeats, delays for days, cuts short, and answers for the server.

`Line` has the methods of `client_kit.http.Server` that the sync loop calls. Every fault is counted where it happens.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from arxos_sync.messages import SyncAnswer, SyncRequest
from arxos_sync.problems import Problem
from client_kit import http
from client_kit.http import Unreachable
from tests.simulation.servers import Died, answered

if TYPE_CHECKING:
    from tests.simulation.devices import Device
    from tests.simulation.world import World

PORTAL = b"<!doctype html><title>Welcome to the guest network</title>"
DAY_MS = 86_400_000


class Line:
    def __init__(self, world: World, device: Device):
        self.world, self.device, self._exchanges = world, device, 0

    def close(self) -> None:
        pass

    def exchange(self, request: SyncRequest) -> SyncAnswer:
        body = msgspec.msgpack.encode(request)
        pushes = any(scope.transactions for scope in request.scopes)
        self.world.look(self.device)
        self._before(body, pushes)
        self.world.meanwhile(self.device)
        content = self._carried(body)
        if self._strikes("duplicate"):
            self._carried(body)
        if pushes and self._strikes("answer_lost"):
            raise Unreachable("the answer was lost after the commit")
        self.world.meanwhile(self.device)
        answer: SyncAnswer = answered(self._after(content), SyncAnswer)
        if request.max_rows is None:  # what heals a server teaches no clock
            self.device.answers |= {one.scope: (answer.received_at, one.cursor) for one in answer.scopes}
        return answer

    def _before(self, body: bytes, pushes: bool) -> None:
        world, fate = self.world, self.world.fate
        if self._strikes("drop"):
            raise Unreachable("lost on the way")
        if self._strikes("delay"):
            late = fate.choose.choice([60_000, 3_600_000, DAY_MS, 5 * DAY_MS])
            before = self._exchanges
            world.later(late, lambda: self._arrives_late(body, before))
            raise Unreachable("timed out; it will arrive one day")
        if self._strikes("truncate"):
            self._cut(body)
        if self._strikes("token_expired"):  # also between two requests of one push, and after the last
            raise Problem("unauthenticated", "the token ran out")

    def _cut(self, body: bytes) -> None:
        """The server gets a beginning: it must refuse it whole."""
        try:
            self._served(body[: self.world.fate.choose.randrange(len(body))])
        except Problem as problem:
            assert problem.code == "invalid", problem
        else:
            raise AssertionError("a request that was cut short was taken")
        raise Unreachable("cut short")

    def _arrives_late(self, body: bytes, before: int) -> None:
        if self._exchanges > before:
            self.world.count("reorder")
        with suppress(Problem, Died):  # nobody hears the answer
            self._served(body)

    def _carried(self, body: bytes) -> bytes:
        servers = self.world.servers
        servers.turn()
        servers.store.dies = self._strikes("server_killed_before_commit")
        try:
            return self._served(body)
        except Died:
            servers.restart()
            raise Unreachable("the server ended") from None
        finally:
            servers.store.dies = False

    def _served(self, body: bytes) -> bytes:
        with self.world.fate.acting(0):
            content = self.world.servers.exchange(self.device.person, body)
        if self._strikes("server_killed_after_commit"):
            self.world.servers.restart()
            raise Unreachable("the server ended after its commit")
        self._exchanges += 1
        self.world.carry_hints()
        return content

    def _after(self, content: bytes) -> bytes:
        if self._strikes("portal"):
            return PORTAL
        if self._strikes("answer_cut"):
            return content[: self.world.fate.choose.randrange(len(content))]
        return content

    def _strikes(self, fault: str) -> bool:
        return self.world.strikes(fault)

    # ------------------------------------------------------------ the other requests

    def heal(self, scope: str, marks: list[tuple[int, str]]) -> Any:
        return self._asked(http._Healing, lambda s, p: s.heal(p, scope, marks))

    def leaves(self, scope: str, table: str) -> Any:
        return self._asked(http._Leaves, lambda s, p: s.leaves(p, scope, table))

    def repair(self, scope: str, table: str, leaves: list[int]) -> Any:
        self.world.count_repair()
        return self._asked(http._Repaired, lambda s, p: s.repair(p, scope, table, leaves))

    def snapshot(self, scope: str, path: Path) -> None:
        if self._strikes("drop"):
            raise Unreachable("lost on the way")
        with self.world.fate.acting(0):
            self.world.servers.snapshot(self.device.person, scope, self.device.catalogue.schema, path)
        self.world.count("snapshot")

    def _asked(self, type_: Any, ask: Callable[[Any, Any], dict[str, Any]]) -> Any:
        if self._strikes("drop"):
            raise Unreachable("lost on the way")
        with self.world.fate.acting(0):
            content = msgspec.msgpack.encode(ask(self.world.servers, self.device.person))
        return answered(self._after(content), type_)
