"""Bringing back to a restored server what this device holds of the time it lost (PROTOCOL.md §7).

Done at once, in the exchange that noticed. Where it is cut, the next exchange finds the same state and goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from arxos_sync.messages import PROTOCOL, Grant, Mark, ScopeRequest, SyncRequest
from arxos_sync.problems import Problem
from arxos_sync.storage import replica_heal
from arxos_sync.storage.spatialite import Replica

from .http import Server, sent_at
from .replica import now_ms

Told = Callable[[list[Grant], list[str]], None]  # hears what the answers say of scopes gained and lost


class _OutOfReach(Problem):
    """The scope cannot be healed now: the server said `state`."""

    def __init__(self, state: str) -> None:
        super().__init__("unavailable", f"the server said {state} while it was healed", retry_after_s=1)
        self.state = state


def heal(server: Server, replica: Replica, known: Mark | None, role: str | None, told: Told) -> dict[str, Any] | None:
    """Offer everything, and let the scope be fetched anew. None where this device must become another one first."""
    common = server.heal(replica.scope, replica_heal.marks(replica))
    if not replica_heal.begin(replica, common.mark, common.cursor, known, role, now_ms()):
        return None
    try:
        offered = _offer(server, replica, told)
    except _OutOfReach as problem:
        if problem.state != "forked":
            raise
        return None
    return {"scope": replica.scope, "mark": common.mark, "offered": offered, "owed": replica_heal.finish(replica)}


def go_on(server: Server, replica: Replica, told: Told) -> None:
    """Finish offering what was owed, where that was cut."""
    healing = replica_heal.under_way(replica)
    if healing is not None and not healing.anew:
        try:
            _offer(server, replica, told)
        except _OutOfReach:  # the exchange that follows finds out why
            replica_heal.set_aside(replica)
        else:
            replica_heal.finish(replica)


def try_owed(server: Server, replica: Replica, told: Told) -> None:
    """After a whole pull: offer what was not taken so far, since the scope moved."""
    replica_heal.settle(replica)
    if replica_heal.try_owed(replica):
        go_on(server, replica, told)


def _offer(server: Server, replica: Replica, told: Told) -> int:
    offered = 0
    while True:
        healing, transactions = replica_heal.following(replica)
        if not transactions:
            return offered
        scope = ScopeRequest(replica.scope, healing.cursor, healing.prior, transactions, rows=True)
        device = replica.device
        request = SyncRequest(PROTOCOL, device, [scope], replica.catalogue.schema, sent_at(device), max_rows=1)
        answer = server.exchange(request)
        told(answer.granted, answer.revoked)
        one = answer.scopes[0]
        if one.state != "ok":
            raise _OutOfReach(one.state)
        replica_heal.take(replica, one.receipts)
        offered += len(one.receipts)
