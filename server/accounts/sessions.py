"""Logins that last: a row of `session` each, whose refresh token rotates and whose reuse ends it.

What the database said of a session is believed for `BELIEVED_S`: in this process, and in Redis where there is one. So
an end is in force everywhere within two seconds, whatever became of Redis. A token presented a second time within
`RETRY_S` of its rotation is a lost answer being asked for again, and gets the same successor; later it is a stolen
token, and the session ends.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, LiteralString

import msgspec

from arxos_sync.problems import Problem
from arxos_sync.store import ServerStore, Sql

from ..operations.audit import audited
from ..parts import instant, new_id, now_ms
from .people import LOT, Person, in_lots, person_of, reading
from .tokens import Access, Refresh, Tokens, hash_of

if TYPE_CHECKING:
    from redis import Redis

LASTS_MS = 60 * 24 * 3600 * 1000
RETRY_S = 10
BELIEVED_S = 1.5  # what ends is refused everywhere within two seconds
LEFT_ALONE_S = 5.0
CACHED_MAX = 10_000


class Sessions:
    def __init__(self, store: ServerStore, tokens: Tokens, redis: Redis[bytes] | None = None) -> None:
        self._store = store
        self._tokens = tokens
        self._redis = redis
        self._away_until = 0.0
        self._seen: dict[str, tuple[float, Person | None]] = {}

    # -------------------------------------------------------- life of a session

    def open(self, user_id: str, client: str, address: str | None = None) -> tuple[str, str]:
        """A new session; answers its id and first refresh token."""
        session_id, ms = new_id(), now_ms()
        token = self._tokens.refresh(session_id, 1)
        with self._store.tables() as sql:
            sql.run(
                """
                insert into session (id, user_id, refresh_hash, client, created_at, seen_at, expires_at, address)
                values (:id, :user_id, :hash, :client, :now, :now, :until, :address)
                """,
                id=session_id, user_id=user_id, hash=hash_of(token), client=client[:200],
                now=instant(ms), until=instant(ms + LASTS_MS), address=address,
            )  # fmt: skip
        return session_id, token

    def rotate(self, token: str, address: str | None = None) -> tuple[Person, str]:
        """The session's person and its next refresh token. Raises Problem `unauthenticated`."""
        read = self._tokens.read_refresh(token)
        if read is None:
            raise Problem("unauthenticated", "The refresh token is not one of this server's.")
        ms = now_ms()
        with self._store.tables() as sql:
            session = _live(sql, read.session_id, instant(ms))
            following = self._following(sql, read, token, ms, address) if session is not None else None
            if session is not None and following is not None:
                return person_of(session, read.session_id), following
            _revoke(sql, read.session_id, instant(ms))
            if session is not None:
                told = {"session": read.session_id, "person": session["id"], "reason": "refresh token used again"}
                audited(sql, None, "end session", told)
        self.forget(read.session_id)
        raise Problem("unauthenticated", "The session has ended; log in again.")

    def _following(self, sql: Sql, read: Refresh, token: str, ms: int, address: str | None) -> str | None:
        """The successor of a token: a new one of the one in force, the same again where its answer was lost."""
        following = self._tokens.refresh(read.session_id, read.turn + 1)
        if _replace(sql, read.session_id, hash_of(token), hash_of(following), ms, address):
            return following
        session = _live(sql, read.session_id, instant(ms))
        if session is None or instant(ms - RETRY_S * 1000) >= session["seen_at"]:
            return None
        signed = self._tokens.refreshes(read.session_id, read.turn + 1)  # the key may have changed meanwhile
        return next((one for one in signed if hmac.compare_digest(session["refresh_hash"], hash_of(one))), None)

    def end(self, session_id: str, by: str | None = None) -> None:
        """`by`: who does it, where it is not their own."""
        with self._store.tables() as sql:
            live = sql.rows("select user_id from session where id = :id and revoked_at is null", id=session_id)
            _revoke(sql, session_id, instant(now_ms()))
            for row in live:
                person = str(row["user_id"])
                audited(sql, by or person, "end session", {"session": session_id, "person": person})
        self.forget(session_id)

    def end_all(self, sql: Sql, user_id: str, but: str = "") -> list[str]:
        """End the person's sessions in the transaction of `sql`; whoever calls lets the bus say so after it."""
        ended = sql.rows(
            """
            select id
            from session
            where user_id = :user_id and revoked_at is null and id <> :but
            """,
            user_id=user_id, but=but,
        )  # fmt: skip
        for row in ended:
            _revoke(sql, row["id"], instant(now_ms()))
        return [str(row["id"]) for row in ended]

    # -------------------------------------------------------- is it still one?

    def person(self, access: Access) -> Person:
        """Who that is, as the database had it a moment ago. Raises Problem `unauthenticated`."""
        person = self._look_up(access.session_id)
        if person is None or person.id != access.user_id:
            raise Problem("unauthenticated", "The session has ended; log in again.")
        return person

    def believed(self, access: Access) -> Person | None:
        """The same where this process looked a moment ago, without waiting; None where it must look."""
        until, person = self._seen.get(access.session_id, (0.0, None))
        return person if person is not None and person.id == access.user_id and until > time.monotonic() else None

    def among(self, session_ids: Collection[str]) -> dict[str, Person]:
        """Of those sessions the ones that still are, by id, as the database has them at this moment."""
        found: dict[str, Person] = {}
        with reading(self._store) as sql:
            for some in in_lots(session_ids):
                for row in sql.rows(_LIVE_AMONG, now=instant(now_ms()), **some):
                    found[str(row["session_id"])] = person_of(row, str(row["session_id"]))
        return found

    def forget(self, session_id: str) -> None:
        self._seen.pop(session_id, None)
        self._in_redis("delete", f"arxos:session:{session_id}")

    def _look_up(self, session_id: str) -> Person | None:
        held = self._seen.get(session_id)
        if held is not None and held[0] > time.monotonic():
            return held[1]
        cached = self._in_redis("get", f"arxos:session:{session_id}")
        if cached is not None:
            return msgspec.json.decode(cached, type=Person)
        until = time.monotonic() + BELIEVED_S  # from before the database was asked
        with reading(self._store) as sql:
            row = _live(sql, session_id, instant(now_ms()))
        person = person_of(row, session_id) if row else None
        self._remember(session_id, person, until)
        return person

    def _remember(self, session_id: str, person: Person | None, until: float) -> None:
        if len(self._seen) >= CACHED_MAX:
            self._seen.clear()
        self._seen[session_id] = (until, person)
        key, ms = f"arxos:session:{session_id}", int((until - time.monotonic()) * 1000)
        if person is not None and ms > 0:
            self._in_redis("psetex", key, ms, msgspec.json.encode(person))

    def _in_redis(self, command: str, *arguments: Any) -> Any:
        """One command to the cache. Redis may be away: nothing is cached, and it is left alone a while."""
        if self._redis is None or time.monotonic() < self._away_until:
            return None
        from redis.exceptions import RedisError

        try:
            return getattr(self._redis, command)(*arguments)
        except (RedisError, OSError):
            self._away_until = time.monotonic() + LEFT_ALONE_S
            return None


_LIVE_AMONG: LiteralString = f"""
    select session.id as session_id, "user".id, "user".email, "user".name, "user".is_admin, acting.id as account_id
    from session
    join "user" on "user".id = session.user_id
    left join account acting
      on acting.id = session.account_id and acting.user_id = session.user_id and acting.ended_at is null
    where session.id in ({LOT})
      and session.revoked_at is null
      and session.expires_at > :now
      and "user".disabled_at is null
    """


def _live(sql: Sql, session_id: str, now: str) -> dict[str, Any] | None:
    found = sql.rows(
        """
        select "user".id, "user".email, "user".name, "user".is_admin, acting.id as account_id,
          session.refresh_hash, session.seen_at
        from session
        join "user" on "user".id = session.user_id
        left join account acting
          on acting.id = session.account_id and acting.user_id = session.user_id and acting.ended_at is null
        where session.id = :id
          and session.revoked_at is null
          and session.expires_at > :now
          and "user".disabled_at is null
        """,
        id=session_id, now=now,
    )  # fmt: skip
    return found[0] if found else None


def _replace(sql: Sql, session_id: str, old: str, new: str, ms: int, address: str | None) -> bool:
    changed = sql.run(
        """
        update session
        set refresh_hash = :new, seen_at = :now, expires_at = :until, address = coalesce(:address, address)
        where id = :id and refresh_hash = :old
        """,
        id=session_id, old=old, new=new, now=instant(ms), until=instant(ms + LASTS_MS), address=address,
    )  # fmt: skip
    return changed == 1


def _revoke(sql: Sql, session_id: str, now: str) -> None:
    sql.run(
        """
        update session
        set revoked_at = :now
        where id = :id and revoked_at is null
        """,
        id=session_id, now=now,
    )  # fmt: skip
