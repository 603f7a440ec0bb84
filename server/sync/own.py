"""What the server itself writes into a scope: through intake like everybody, as a device of its own each time.

It may set the columns that only the server writes. The work is somebody's where it follows from what they did.
"""

from __future__ import annotations

from arxos_sync.intake import Arrival, Author, Taken, take_in
from arxos_sync.messages import Change, Transaction
from arxos_sync.store import ScopeWriter

from ..live.bus import Hint
from ..parts import DICE, Parts, arrival, new_id, new_nonce, new_stamp


def write_own(
    parts: Parts,
    writer: ScopeWriter,
    changes: list[Change],
    author: Author | None = None,
    reason: str | None = None,
    at: Arrival | None = None,
) -> Taken:
    """One transaction. A refusal is a mistake of the server's."""
    doer = author or Author(None, "", "owner")
    doer = Author(doer.user_id, new_id(), "owner", doer.name, doer.origin, server=True)
    transaction = Transaction(1, new_nonce(), new_stamp(), changes, reason)
    taken = take_in(writer, parts.catalogue, doer, None, [transaction], at or arrival(), DICE)
    assert taken.receipts[0].problem is None, taken.receipts[0].problem
    return taken


def bare_hint(scope: str, taken: Taken) -> Hint:
    """`building.change` without rows: whoever listens pulls."""
    return Hint(scope, taken.before, taken.head.sequence)
