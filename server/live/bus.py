"""The bus: who is listening in this process, and how hints reach the other processes.

With Redis, hints travel by publish and subscribe. Without it, or while it is away, the heads of the scopes
that somebody listens to are polled, so that what another process wrote is heard all the same. Nothing here is
the truth: a replica that misses a hint pulls a little later.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import msgspec
import structlog

from arxos_sync import limits
from arxos_sync.problems import Problem
from arxos_sync.store import ServerStore

from ..parts import new_id

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
    """What travels between processes. `kind`: scope, person, session (it ended), rights (look again)."""

    origin: str
    kind: str
    key: str
    frame: str = ""
    to: int = 0
    since: int = 0
    schema: int = 0  # of the rows in the frame; 0: there are none


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
        self._heads: dict[str, int] = {}  # scope → the highest sequence its listeners were told of
        self._tasks: list[asyncio.Task[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None  # of the process that serves
        self._shown_at: dict[str, list[float]] = {}  # user → when their presence was shown of late
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

    async def announce_presence(self, sender: Listener, scope: str, data: dict[str, Any]) -> None:
        """To the others of a scope; what a person sends beyond the bound is dropped."""
        user = str(sender.user_id)
        recent = [at for at in self._shown_at.get(user, ()) if at > time.monotonic() - 1.0]
        if len(recent) >= limits.PRESENCE_PER_S_MAX:
            return
        self._shown_at[user] = [*recent, time.monotonic()]
        await self._say("scope", scope, frame("collaboration.sync", data), sender=sender)

    async def end_session(self, session_id: str) -> None:
        await self._say("session", session_id)

    async def rights_changed(self, user_id: str) -> None:
        await self._say("rights", user_id)

    def announce_apart(self, hint: Hint) -> None:
        """From a thread, or from a process that serves nobody (an import): then by Redis, else the polls see it."""
        self._say_apart(self._moved(hint))

    def announce_person_apart(self, user_id: str, event: str, data: Any) -> None:
        """As `announce_person`, from a thread or a process that serves nobody."""
        self._say_apart(Message(self._origin, "person", user_id, frame(event, data)))

    def rights_changed_apart(self, user_id: str) -> None:
        self._publish(Message(self._origin, "rights", user_id))

    def _moved(self, hint: Hint) -> Message:
        return Message(self._origin, "scope", hint.scope, hint.frame(), hint.to, hint.since, hint.schema)

    async def _say(self, kind: str, key: str, text: str = "", sender: Listener | None = None) -> None:
        message = Message(self._origin, kind, key, text)
        self._dispatch(message, sender)
        if self._redis is not None:
            await anyio.to_thread.run_sync(self._publish, message)

    def _say_apart(self, message: Message) -> None:
        if (loop := self._loop) is not None:
            with contextlib.suppress(RuntimeError):  # it has just been closed: nobody listens here any more
                loop.call_soon_threadsafe(self._dispatch, message)
        self._publish(message)

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

    def leave(self, listener: Listener) -> None:
        self.listeners.discard(listener)
        self._shown_at.pop(str(listener.user_id), None)

    def heard_of(self, scope: str, head: int) -> None:
        """A listener knows of `head` by itself; the poll need not tell it."""
        self._heads.setdefault(scope, head)

    def _dispatch(self, message: Message, sender: Listener | None = None) -> None:
        match message.kind:
            case "scope":
                self.scope_moved.set()
                if message.to:
                    self._heads[message.key] = max(message.to, self._heads.get(message.key, 0))
                listening = [one for one in self.listeners if message.key in one.scopes and one is not sender]
                for listener in listening:
                    old = listener.schemas.get(message.key, 0) < message.schema
                    listener.offer(_bare(message) if old else message.frame)
            case "person":
                for listener in list(self.listeners):
                    if listener.user_id == message.key:
                        listener.offer(message.frame)
            case "session":
                for listener in list(self.listeners):
                    if listener.session_id == message.key:
                        listener.end(ENDED)
            case "rights":
                for listener in list(self.listeners):
                    if listener.user_id == message.key:
                        listener.look_again = True
                        self.look_again.set()

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
            scopes = {scope for listener in self.listeners for scope in listener.scopes}
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
