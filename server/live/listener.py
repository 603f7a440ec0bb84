"""One open socket as the bus sees it: what it wants to hear, and a queue with an end.

Most sockets are silent most of the time, so that nothing waits for their next frame: `wake` is called with the first
one that is queued, and whoever is woken sends until the queue is empty.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from ..parts import new_id
from .bus import SLOW

QUEUE_FRAMES_MAX = 256


class Listener:
    __slots__ = (
        "user_id", "session_id", "peer", "scopes", "schemas", "shown", "queue", "look_again", "code", "wake", "close",
    )  # fmt: skip

    def __init__(
        self,
        user_id: str | None,
        session_id: str | None,
        wake: Callable[[], None] = lambda: None,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.user_id, self.session_id = user_id, session_id
        self.peer = new_id()  # its name to the others: a person may have several sockets
        self.scopes: dict[str, str] = {}  # scope → role
        self.schemas: dict[str, int] = {}  # scope → the schema of the cursor it came with
        self.shown: dict[str, str] = {}  # scope → the frame by which it last showed itself
        self.queue: deque[str] = deque()
        self.look_again = False  # at their roles: their rights changed
        self.code: int | None = None  # why it has to end, where it has to
        self.wake, self.close = wake, close

    def offer(self, frame: str) -> None:
        """Queue a frame; a reader too slow for its queue is let go."""
        if len(self.queue) >= QUEUE_FRAMES_MAX:
            self.end(SLOW)
        elif self.code is None:
            self.queue.append(frame)
            self.wake()

    def end(self, code: int) -> None:
        if self.code is None:
            self.code = code
            self.close()
