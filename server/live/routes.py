"""`GET /ws` (PROTOCOL §6): a socket subscribes to scopes and hears of them."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Literal
from urllib.parse import urlsplit

import anyio.to_thread
import msgspec
from litestar import Router, WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect

from arxos_sync.change import is_scope
from arxos_sync.messages import read_cursor
from arxos_sync.problems import Problem

from ..accounts.callers import caller_of
from ..accounts.people import Person, role_in
from ..given import Given
from ..parts import Parts, now
from .bus import ENDED, LOST, Hint, frame
from .listener import Listener

CLOSE_S_MAX = 5.0
MANY = 4429
SCOPES_MAX = 200
FRAME_CHARS_MAX = 64 * 1024

Socket = WebSocket[Any, Any, Any]


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
        parts.bus.leave(conversation.listener)


def _are_many(parts: Parts, person: Person) -> bool:
    most = parts.settings.limit("sockets")
    return 0 < most <= sum(one.user_id == person.id for one in parts.bus.listeners)


def _is_foreign(socket: Socket, parts: Parts) -> bool:
    origin = socket.headers.get("origin")
    if origin is None:
        return False
    ours = {socket.headers.get("host", "")}
    if parts.settings.public_url:
        ours.add(urlsplit(parts.settings.public_url).netloc)
    return urlsplit(origin).netloc not in ours


class _Conversation:
    """One socket: a reader and a writer, until one of them ends or the watch over its rights ends it."""

    def __init__(self, socket: Socket, parts: Parts, person: Person | None) -> None:
        self.socket, self.parts, self.person = socket, parts, person
        self.listener = Listener(person and person.id, person and person.session_id)

    async def run(self) -> None:
        tasks = [
            asyncio.create_task(work()) for work in (self._read, self._write, self.listener.ended.wait)
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        gone = any(isinstance(outcome, (WebSocketDisconnect, OSError)) for outcome in outcomes)
        if not gone:
            with contextlib.suppress(TimeoutError, WebSocketDisconnect, RuntimeError, OSError):
                await asyncio.wait_for(self.socket.close(code=self.listener.code), CLOSE_S_MAX)

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
        while True:
            await self.socket.send_text(await self.listener.queue.get())

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
                for wanted in msgspec.convert(said.data.get("scopes", []), list[Wanted]):
                    self.listener.scopes.pop(wanted.scope, None)
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
            self.listener.scopes[one.scope] = role
            self.parts.bus.heard_of(one.scope, head)
            cursor = read_cursor(one.cursor) if one.cursor else None
            oldest = self.parts.catalogue.oldest  # a replica that does not say may be of any schema still served
            self.listener.schemas[one.scope] = one.schema or (cursor.schema if cursor is not None else oldest)
            if cursor is not None and cursor.sequence < head:
                behind.append(Hint(one.scope, cursor.sequence, head))
        self.listener.offer(frame("subscribed", {"scopes": list(self.listener.scopes)}))
        for hint in behind:
            self.listener.offer(hint.frame())

    async def _show_presence(self, data: dict[str, Any]) -> None:
        scope = data.get("scope")
        if self.person is None or scope not in self.listener.scopes:
            return
        shown = {name: data.get(name) for name in ("storey", "cursor", "selection", "editing") if name in data}
        shown |= {"scope": scope, "user": self.person.id, "name": self.person.name}
        await self.parts.bus.announce_presence(self.listener, scope, shown)


router = Router("/", route_handlers=[live])
