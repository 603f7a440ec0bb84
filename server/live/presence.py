"""Who is in a building just now: shown to the others of it, and kept nowhere but with the sockets themselves.

Each open socket that shows itself is a `peer`, so that two windows of one person are two. A socket that subscribes asks
who is there, over the bus, and the processes whose sockets they are answer; one that goes says `left`. A process that
is killed says nothing, so whoever was not heard of for `FADES_S` is gone: clients say where they are at least every
half of that.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from arxos_sync import limits

if TYPE_CHECKING:
    from .listener import Listener

FADES_S = 60
SAID = ("storey", "cursor", "selection", "editing")  # what a client may say of itself
EVENT = "collaboration.sync"


class Presence:
    """How often each person was shown of late, in this process."""

    def __init__(self) -> None:
        self._shown_at: dict[str, list[float]] = {}

    def may_show(self, user_id: str) -> bool:
        """At most ten times a second; what a person says beyond that is dropped."""
        recent = [at for at in self._shown_at.get(user_id, ()) if at > time.monotonic() - 1.0]
        if len(recent) >= limits.PRESENCE_PER_S_MAX:
            return False
        self._shown_at[user_id] = [*recent, time.monotonic()]
        return True

    def forget(self, user_id: str | None) -> None:
        """Nobody of theirs is here any more, and was not for a second."""
        recent = self._shown_at.get(str(user_id), [0.0])
        if recent[-1] < time.monotonic() - 1.0:
            self._shown_at.pop(str(user_id), None)


def shown(scope: str, listener: Listener, name: str, colour: str, said: dict[str, Any]) -> dict[str, Any]:
    told = {key: said[key] for key in SAID if key in said}
    return {"scope": scope, "user": listener.user_id, "name": name, "colour": colour, "peer": listener.peer, **told}


def gone(scope: str, listener: Listener) -> dict[str, Any]:
    return {"scope": scope, "user": listener.user_id, "peer": listener.peer, "left": True}


def who_is_there(listeners: Iterable[Listener], scope: str, asker: str) -> list[str]:
    return [one.shown[scope] for one in listeners if scope in one.shown and one.peer != asker]
