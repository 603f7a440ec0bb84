"""One open socket as the bus sees it: what it wants to hear, and a queue with an end."""

from __future__ import annotations

import asyncio

from .bus import SLOW

QUEUE_FRAMES_MAX = 256


class Listener:
    def __init__(self, user_id: str | None, session_id: str | None) -> None:
        self.user_id, self.session_id = user_id, session_id
        self.scopes: dict[str, str] = {}  # scope → role
        self.schemas: dict[str, int] = {}  # scope → the schema of the cursor it came with
        self.queue: asyncio.Queue[str] = asyncio.Queue(QUEUE_FRAMES_MAX)
        self.look_again = False  # at their roles: their rights changed
        self.ended = asyncio.Event()
        self.code = 1000

    def offer(self, frame: str) -> None:
        """Queue a frame; a reader too slow for its queue is let go."""
        try:
            self.queue.put_nowait(frame)
        except asyncio.QueueFull:
            self.end(SLOW)

    def end(self, code: int) -> None:
        if not self.ended.is_set():
            self.code = code
            self.ended.set()
