"""`GET /ws` (PROTOCOL §6): a socket subscribes to scopes and hears of them."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Literal
from urllib.parse import urlsplit

import anyio.to_thread
import msgspec
import structlog
from litestar import Router, WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect

from arxos_sync.change import is_scope
from arxos_sync.messages import read_cursor
from arxos_sync.problems import Problem

from ..accounts.callers import caller_of
from ..accounts.people import Person, colour_of, role_in
from ..given import Given
from ..parts import Parts, now
from .bus import ENDED, LOST, Hint, frame
from .listener import Listener
from .presence import shown

CLOSE_S_MAX = 5.0
MANY = 4429
SCOPES_MAX = 200
FRAME_CHARS_MAX = 64 * 1024

Socket = WebSocket[Any, Any, Any]
_log = structlog.get_logger("arxos.live")


class Frame(msgspec.Struct, frozen=True):
    event: Literal["subscribe", "unsubscribe", "collaboration.sync", "ping"]
    data: dict[str, Any] = {}


class Wanted(msgspec.Struct, frozen=True):
    scope: str
    cursor: str | None = None
    schema: int | None = None  # where no cursor tells it


@websocket("/ws")
async def live(socket: Socket, parts: Given) -> None:
    if _is_foreign(socket, parts):
        await socket.close(code=LOST)  # before the upgrade this is an answer of 403
        return
    try:
        person = await caller_of(socket, parts)
    except Problem:
        await socket.accept()
        await socket.close(code=ENDED)
        return
    await socket.accept()
    if person is not None and _are_many(parts, person):
        await socket.close(code=MANY)
        return
    conversation = _Conversation(socket, parts, person)
    parts.bus.join(conversation.listener)
    try:
        await conversation.run()
    finally:
        await parts.bus.leave(conversation.listener)


def _are_many(parts: Parts, person: Person) -> bool:
    most = parts.settings.limit("sockets")
    return 0 < most <= parts.bus.sockets_of(person.id)


def _is_foreign(socket: Socket, parts: Parts) -> bool:
    origin = socket.headers.get("origin")
    if origin is None:
        return False
    ours = {socket.headers.get("host", "")}
    if parts.settings.public_url:
        ours.add(urlsplit(parts.settings.public_url).netloc)
    return urlsplit(origin).netloc not in ours


class _Conversation:
    """One socket: a reader, and a writer whenever there is something to send, until the socket or the bus ends it."""

    def __init__(self, socket: Socket, parts: Parts, person: Person | None) -> None:
        self.socket, self.parts, self.person = socket, parts, person
        self.listener = Listener(person and person.id, person and person.session_id, self._wake, self._stop)
        self._reader: asyncio.Task[None] | None = None
        self._writer: asyncio.Task[None] | None = None

    async def run(self) -> None:
        self._reader = asyncio.create_task(self._read())
        try:
            await asyncio.wait([self._reader])
        finally:
            tasks = [task for task in (self._reader, self._writer) if task is not None]
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        gone = any(isinstance(outcome, (WebSocketDisconnect, OSError)) for outcome in outcomes)
        for outcome in outcomes:
            if isinstance(outcome, Exception) and not gone:
                _log.warning("a socket ended", error=str(outcome), exc_info=outcome)
        if not gone:
            with contextlib.suppress(TimeoutError, WebSocketDisconnect, RuntimeError, OSError):
                await asyncio.wait_for(self.socket.close(code=self.listener.code or 1011), CLOSE_S_MAX)

    def _stop(self) -> None:
        if self._reader is not None:
            self._reader.cancel()

    def _wake(self) -> None:
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())

    async def _read(self) -> None:
        while True:
            text = await self.socket.receive_text()
            try:
                if len(text) > FRAME_CHARS_MAX:
                    raise msgspec.ValidationError("the frame is too long")
                await self._answer(msgspec.json.decode(text, type=Frame))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                self.listener.offer(frame("problem", {"code": "invalid", "detail": str(error)}))

    async def _write(self) -> None:
        try:
            while self.listener.queue:
                await self.socket.send_text(self.listener.queue[0])
                self.listener.queue.popleft()
        except (WebSocketDisconnect, OSError, RuntimeError):
            self._stop()  # they are gone

    def _role(self, scope: str) -> tuple[str | None, int]:
        with self.parts.store.read(scope) as reader:
            return role_in(reader, self.person, now()), reader.head().sequence

    # -------------------------------------------------------- what clients say

    async def _answer(self, said: Frame) -> None:
        match said.event:
            case "ping":
                self.listener.offer(frame("pong", {}))
            case "subscribe":
                await self._subscribe(msgspec.convert(said.data.get("scopes", []), list[Wanted]))
            case "unsubscribe":
                scopes = [one.scope for one in msgspec.convert(said.data.get("scopes", []), list[Wanted])]
                await self.parts.bus.show_gone(self.listener, scopes)
                self.parts.bus.unfollow(self.listener, scopes)
            case "collaboration.sync":
                await self._show_presence(said.data)

    async def _subscribe(self, wanted: list[Wanted]) -> None:
        if len(wanted) + len(self.listener.scopes) > SCOPES_MAX:
            raise msgspec.ValidationError(f"over {SCOPES_MAX} scopes")
        behind: list[Hint] = []
        for one in wanted:
            if not is_scope(one.scope):
                continue
            role, head = await anyio.to_thread.run_sync(self._role, one.scope)
            if role is None:
                continue
            self.parts.bus.follow(self.listener, one.scope, role)
            self.parts.bus.heard_of(one.scope, head)
            cursor = read_cursor(one.cursor) if one.cursor else None
            oldest = self.parts.catalogue.oldest  # a replica that does not say may be of any schema still served
            self.listener.schemas[one.scope] = one.schema or (cursor.schema if cursor is not None else oldest)
            if cursor is not None and cursor.sequence < head:
                behind.append(Hint(one.scope, cursor.sequence, head))
        self.listener.offer(frame("subscribed", {"scopes": list(self.listener.scopes)}))
        for hint in behind:
            self.listener.offer(hint.frame())
        for one in wanted:
            if one.scope in self.listener.scopes and not one.scope.startswith("user:"):
                await self.parts.bus.ask_who_is_there(self.listener, one.scope)

    async def _show_presence(self, data: dict[str, Any]) -> None:
        scope = data.get("scope")
        if self.person is None or scope not in self.listener.scopes:
            return
        colour = colour_of(self.person.id)
        await self.parts.bus.show(self.listener, scope, shown(scope, self.listener, self.person.name, colour, data))


router = Router("/", route_handlers=[live])
