"""What a turn of a connection works with, and how it writes: through intake, in the transaction that keeps its link.

A connection is a device of its own, the same one at each turn: so an edit of its own is never taken for somebody
else's, and what it brings is contested by what people did since both sides were last equal, as between two tablets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from arxos_sync.intake import Author
from arxos_sync.messages import Change, Receipt, Transaction
from arxos_sync.problems import Problem
from arxos_sync.rights import at_least
from arxos_sync.store import Row, ScopeWriter

from ..accounts.people import Person, role_in
from ..live.bus import Hint
from ..parts import Parts, arrival, derived_id, new_nonce, new_stamp, now
from ..sync.push import take
from .connections import write_log
from .mapping import TABLE, Mapping
from .rest_system import RestSystem

ORIGIN = "cmms"
ROLE = "technician"


class Figures(msgspec.Struct):
    """What a turn did. `waiting`: they were changed there meanwhile, and come in first."""

    received: int = 0
    conflicts: int = 0
    rejected: int = 0
    sent: int = 0
    refused: int = 0
    waiting: int = 0


class NotTheirs(Exception):
    """Who stands for the connection may not write in the building any more."""


class Tie(msgspec.Struct, frozen=True):
    parts: Parts
    id: str
    name: str
    building: str
    person: Person
    mappings: list[Mapping]
    system: RestSystem
    over: Callable[[], bool]  # has the turn taken long enough?
    figures: Figures

    @property
    def device(self) -> str:
        return derived_id("cmms", self.id)

    def log(self, sql: Any, direction: str, outcome: str, **detail: Any) -> None:
        write_log(sql, self.id, direction, outcome, **detail)

    def write(self, writer: ScopeWriter, changes: list[Change], reason: str) -> tuple[Receipt, Hint | None]:
        """One transaction, in the one at hand. Raises NotTheirs."""
        role = role_in(writer, self.person, now())
        if not at_least(role, ROLE):
            raise NotTheirs
        author = Author(self.person.id, self.device, role, self.person.name, ORIGIN)
        prior = writer.known(self.device)
        transaction = Transaction((prior.n if prior else 0) + 1, new_nonce(), new_stamp(), changes, reason)
        taken, hint = take(self.parts, writer, author, prior, [transaction], arrival())
        assert taken.state == "ok", taken.state
        return taken.receipts[0], hint

    def tell(self, hint: Hint | None) -> None:
        """After the commit."""
        if hint is not None:
            self.parts.bus.announce_apart(hint)


def row_of(writer: ScopeWriter, id: str) -> Row | None:
    found = writer.rows({TABLE: [id]})
    return found[0] if found else None


def demand_standing(person: Person | None) -> Person:
    if person is None:
        raise Problem("forbidden", "nobody stands for this connection any more")
    return person
