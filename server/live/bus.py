"""The bus: who is listening in this process, and how hints reach the other processes.

With Redis, hints travel by publish and subscribe. Without it, or while it is away, the heads of the scopes
that somebody listens to are polled, so that what another process wrote is heard all the same. Nothing here is
the truth: a replica that misses a hint pulls a little later.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import msgspec
import structlog

from arxos_sync.problems import Problem
from arxos_sync.store import ServerStore

from ..parts import new_id
from . import presence
from .presence import Presence

if TYPE_CHECKING:
    from redis import Redis

    from .listener import Listener

CHANNEL = "arxos:live"
POLL_S = 0.5  # without Redis
POLL_BEHIND_REDIS_S = 5.0
RETRY_S = 1.0
ENDED, LOST, SLOW = 4401, 4403, 4408
_log = structlog.get_logger("arxos.live")


class Hint(msgspec.Struct, frozen=True):
    """`building.change`: a scope moved; small changes bring their rows and the cursor after them.

    `schema`: the one that rows and cursors are of; a replica of an older one hears without them, and pulls. `after`:
    the cursor that the rows go on from, since a number alone may be of another life, before the server was restored, or
    of a replica that has not been told all of the schema. `salt`: of `to`.
    """

    scope: str
    since: int
    to: int
    rows: msgspec.Raw | None = None
    cursor: str | None = None
    schema: int = 0
    after: str = ""
    salt: str = ""

    def frame(self) -> str:
        data: dict[str, Any] = {"scope": self.scope, "from": self.since, "to": self.to}
        if self.rows is not None:
            data |= {"rows": self.rows, "cursor": self.cursor, "after": self.after, "salt": self.salt}
        return frame("building.change", data)


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """What travels between processes. `kind`: scope, person, session (it ended), rights (look again); who (is there,
    asks the peer in `frame`), here (they are: frames to the peer in `key`, one a line).
    """

    origin: str
    kind: str
    key: str
    frame: str = ""
    to: int = 0
    since: int = 0
    schema: int = 0  # of the rows in the frame; 0: there are none


def _take_out(sets: dict[Any, set[Listener]], key: Any, listener: Listener) -> bool:
    """Answers whether that was the last one there."""
    there = sets.get(key, set())
    there.discard(listener)
    if not there:
        sets.pop(key, None)
    return not there


def _bare(message: Message) -> str:
    """The frame of a scope that moved, without its rows."""
    return Hint(message.key, message.since, message.to).frame()


def frame(event: str, data: Any) -> str:
    return msgspec.json.encode({"event": event, "data": data}).decode()


class Bus:
    def __init__(self, store: ServerStore, redis: Redis[bytes] | None, redis_url: str | None) -> None:
        self._store, self._redis, self._redis_url = store, redis, redis_url
        self._origin = new_id()
        self.listeners: set[Listener] = set()
        self._in_scope: dict[str, set[Listener]] = {}
        self._of_user: dict[str | None, set[Listener]] = {}
        self._presence = Presence()
        self._loop: asyncio.AbstractEventLoop | None = None  # that of the listeners; None where nobody is served
        self._heads: dict[str, int] = {}  # scope → the highest sequence its listeners were told of
        self._tasks: list[asyncio.Task[None]] = []
        self._away_until = 0.0
        self.hears_redis = False
        self.look_again = asyncio.Event()  # some listener is to be looked at now
        self.scope_moved = asyncio.Event()  # some scope has new work in it

    @property
    def redis(self) -> Redis[bytes] | None:
        """For what may be kept beside the database and be lost."""
        return self._redis

    @property
    def degraded(self) -> bool:
        return self._redis is not None and not self.hears_redis

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._tasks = [asyncio.create_task(self._poll(), name="heads")]
        if self._redis_url is not None:
            self._tasks.append(asyncio.create_task(self._hear(self._redis_url), name="redis"))

    async def stop(self) -> None:
        self._loop = None
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    # -------------------------------------------------------- saying

    async def announce(self, hint: Hint) -> None:
        message = self._moved(hint)
        self._dispatch(message)
        if self._redis is not None:
            await anyio.to_thread.run_sync(self._publish, message)

    async def announce_person(self, user_id: str, event: str, data: Any) -> None:
        """`wallet.update` or `notification.push`, to every socket of one person."""
        await self._say("person", user_id, frame(event, data))

    async def show(self, listener: Listener, scope: str, data: dict[str, Any]) -> None:
        """A person to the others of a scope."""
        if self._presence.may_show(str(listener.user_id)):
            text = listener.shown[scope] = frame(presence.EVENT, data)
            await self._say("scope", scope, text, sender=listener)

    async def show_gone(self, listener: Listener, scopes: Iterable[str]) -> None:
        for scope in [scope for scope in scopes if listener.shown.pop(scope, None)]:
            await self._say("scope", scope, frame(presence.EVENT, presence.gone(scope, listener)), sender=listener)

    async def ask_who_is_there(self, listener: Listener, scope: str) -> None:
        for text in presence.who_is_there(self._in_scope.get(scope, ()), scope, listener.peer):
            listener.offer(text)
        if self._redis is not None:
            await anyio.to_thread.run_sync(self._publish, Message(self._origin, "who", scope, listener.peer))

    async def end_session(self, session_id: str) -> None:
        await self._say("session", session_id)

    async def rights_changed(self, user_id: str) -> None:
        await self._say("rights", user_id)

    def announce_apart(self, hint: Hint) -> None:
        """From outside the loop: a thread of a server, or a process that serves nobody (an import). By Redis to the
        other processes; without it their polls see it.
        """
        self._say_apart(self._moved(hint))

    def announce_person_apart(self, user_id: str, event: str, data: Any) -> None:
        """`announce_person`, from outside the loop."""
        self._say_apart(Message(self._origin, "person", user_id, frame(event, data)))

    def rights_changed_apart(self, user_id: str) -> None:
        self._say_apart(Message(self._origin, "rights", user_id))

    def _say_apart(self, message: Message) -> None:
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just ended, and with it the sockets
                loop.call_soon_threadsafe(self._dispatch, message)
        self._publish(message)

    def _moved(self, hint: Hint) -> Message:
        return Message(self._origin, "scope", hint.scope, hint.frame(), hint.to, hint.since, hint.schema)

    async def _say(self, kind: str, key: str, text: str = "", sender: Listener | None = None) -> None:
        message = Message(self._origin, kind, key, text)
        self._dispatch(message, sender)
        if self._redis is not None:
            await anyio.to_thread.run_sync(self._publish, message)

    def _publish(self, message: Message) -> None:
        if self._redis is None or time.monotonic() < self._away_until:
            return
        from redis.exceptions import RedisError

        try:
            self._redis.publish(CHANNEL, msgspec.json.encode(message))
        except (RedisError, OSError) as error:
            self._away_until = time.monotonic() + RETRY_S
            _log.warning("redis is away; hints wait for the polls", error=str(error))

    # -------------------------------------------------------- hearing

    def join(self, listener: Listener) -> None:
        self.listeners.add(listener)
        self._of_user.setdefault(listener.user_id, set()).add(listener)

    async def leave(self, listener: Listener) -> None:
        shown = list(listener.shown)
        self.listeners.discard(listener)
        self.unfollow(listener, list(listener.scopes))
        if _take_out(self._of_user, listener.user_id, listener):
            self._presence.forget(listener.user_id)
        await self.show_gone(listener, shown)

    def sockets_of(self, user_id: str) -> int:
        """How many a person has open in this process."""
        return len(self._of_user.get(user_id, ()))

    def follow(self, listener: Listener, scope: str, role: str) -> None:
        listener.scopes[scope] = role
        self._in_scope.setdefault(scope, set()).add(listener)

    def unfollow(self, listener: Listener, scopes: Iterable[str]) -> None:
        for scope in scopes:
            listener.scopes.pop(scope, None)
            listener.schemas.pop(scope, None)
            _take_out(self._in_scope, scope, listener)

    def heard_of(self, scope: str, head: int) -> None:
        """A listener knows of `head` by itself; the poll need not tell it."""
        self._heads.setdefault(scope, head)

    def _dispatch(self, message: Message, sender: Listener | None = None) -> None:
        match message.kind:
            case "scope":
                self.scope_moved.set()
                if message.to:
                    self._heads[message.key] = max(message.to, self._heads.get(message.key, 0))
                for listener in self._in_scope.get(message.key, set()) - {sender}:
                    old = listener.schemas.get(message.key, 0) < message.schema
                    listener.offer(_bare(message) if old else message.frame)
            case "person":
                for listener in list(self._of_user.get(message.key, ())):
                    listener.offer(message.frame)
            case "session":
                for listener in list(self.listeners):
                    if listener.session_id == message.key:
                        listener.end(ENDED)
            case "rights":
                for listener in self._of_user.get(message.key, ()):
                    listener.look_again = True
                    self.look_again.set()
            case "who":
                there = presence.who_is_there(self._in_scope.get(message.key, ()), message.key, message.frame)
                if there:
                    answer = Message(self._origin, "here", message.frame, "\n".join(there))
                    asyncio.get_running_loop().run_in_executor(None, self._publish, answer)
            case "here":
                for listener in [one for one in self.listeners if one.peer == message.key]:
                    for text in message.frame.split("\n"):
                        listener.offer(text)

    async def _hear(self, url: str) -> None:
        """Listen to Redis for as long as the server runs; start again whenever it was away."""
        from redis.asyncio import Redis as AsyncRedis
        from redis.exceptions import RedisError

        while True:
            client = AsyncRedis.from_url(url, socket_connect_timeout=RETRY_S, health_check_interval=5)
            try:
                async with client.pubsub() as channel:
                    await channel.subscribe(CHANNEL)
                    async for heard in channel.listen():
                        self.hears_redis = True
                        if heard["type"] == "message":
                            self._take(heard["data"])
            except (RedisError, OSError) as error:
                _log.warning("redis is away; heads are polled", error=str(error))
            finally:
                self.hears_redis = False
                with contextlib.suppress(RedisError, OSError):
                    await client.aclose()
            await asyncio.sleep(RETRY_S)

    def _take(self, raw: bytes) -> None:
        try:
            message = msgspec.json.decode(raw, type=Message)
        except msgspec.DecodeError as error:
            _log.warning("a message on the bus could not be read", error=str(error))
            return
        if message.origin != self._origin:
            self._dispatch(message)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_BEHIND_REDIS_S if self.hears_redis else POLL_S)
            scopes = set(self._in_scope)
            if not scopes:
                continue
            try:
                heads = await anyio.to_thread.run_sync(self._store.heads, scopes)
            except Problem as error:
                _log.warning("heads could not be read", error=str(error))
                continue
            for scope, head in heads.items():
                told = self._heads.get(scope, 0)
                if head > told:
                    self._dispatch(self._moved(Hint(scope, told, head)))
