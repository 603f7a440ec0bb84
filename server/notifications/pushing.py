"""The round that pushes to browsers (Web Push, RFC 8030): encrypted for each of them, signed with the server's key.

A push is claimed in the database while it is on its way. A push service that says 404 or 410 means that the browser
took its subscription back: it is gone. One that is busy or away is asked again with growing waits, for a day; after
that nobody wants to be disturbed by it, and the inbox has it.
"""

from __future__ import annotations

import base64
import datetime
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import msgspec
import structlog

from arxos_sync.problems import Problem
from arxos_sync.store import Sql

from ..jobs.rounds import Round
from ..outbound import Target, pinned, read_allowed, send
from ..parts import Parts, instant, now_ms
from ..settings import Settings
from .vapid import headers_for

LOOK_S = 2.0
AT_ONCE = 50
HELD_S = 600
WAITS_S = (30, 120, 600, 1_800, 3_600)
LASTS_S = 24 * 3600
ANSWER_S_MAX = 10.0
SIDE_BY_SIDE = 8  # so that one that does not answer holds up few
SUBSCRIPTIONS_MAX = 20
GONE = (404, 410)
LATER = (429, 500, 502, 503, 504)
_log = structlog.get_logger("arxos.push")


class Push(msgspec.Struct, frozen=True):
    subscription_id: str
    notification_id: str
    title: str
    body: str
    link: str
    tries: int
    created_at: str
    endpoint: str
    p256dh: str
    auth: str

    @property
    def key(self) -> dict[str, str]:
        return {"subscription": self.subscription_id, "notification": self.notification_id}


class Answered(msgspec.Struct, frozen=True):
    """`sent`, `later`, `gone` (the subscription) or `refused` (this push)."""

    word: str
    told: str = ""
    wait_s: int = 0


def push(parts: Parts, at_ms: int | None = None, tls: ssl.SSLContext | None = None) -> None:
    """Push what is due. `tls`: whose certificates are believed (None: those of the system)."""
    at_ms = at_ms or now_ms()
    while claimed := _claim(parts, at_ms):
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            outcomes = pool.map(lambda one: _deliver(parts, one, at_ms, tls), claimed)
            for one, answered in zip(claimed, outcomes, strict=True):
                _note(parts, one, answered, at_ms)
        if len(claimed) < AT_ONCE:
            return


PUSH = Round("push", LOOK_S, push)


def _claim(parts: Parts, at_ms: int) -> list[Push]:
    now, until = instant(at_ms), instant(at_ms + HELD_S * 1000)
    with parts.store.tables() as sql:
        due = [msgspec.convert(one, Push) for one in sql.rows(_DUE, now=now, limit=AT_ONCE)]
        return [one for one in due if sql.run(_HOLD, now=now, until=until, **one.key)]


_DUE = """
    select notification_push.subscription_id, notification_push.notification_id, notification_push.title,
           notification_push.body, notification_push.link, notification_push.tries, notification_push.created_at,
           push_subscription.endpoint, push_subscription.p256dh, push_subscription.auth
    from notification_push
    join push_subscription on push_subscription.id = notification_push.subscription_id
    where notification_push.next_try_at <= :now
      and (notification_push.held_until is null or notification_push.held_until <= :now)
    order by notification_push.next_try_at, notification_push.notification_id
    limit :limit
    """
_HOLD = """
    update notification_push
    set held_until = :until
    where subscription_id = :subscription and notification_id = :notification
      and next_try_at <= :now and (held_until is null or held_until <= :now)
    """


def target_of(endpoint: str, settings: Settings) -> Target:
    """A browser said where its pushes go: by https alone, and not into the house. Raises Problem."""
    if not endpoint.startswith("https://"):
        raise Problem("address_refused", "a push goes by https alone")
    return pinned(endpoint, read_allowed(settings.outbound_allow))


def _deliver(parts: Parts, one: Push, at_ms: int, tls: ssl.SSLContext | None) -> Answered:
    try:
        target = target_of(one.endpoint, parts.settings)
    except Problem as problem:
        return Answered("gone" if problem.code == "address_refused" else "later", problem.detail)
    try:
        body = _encrypted(one)
    except Exception as error:  # whatever a library says of keys that are none
        return Answered("gone", f"{type(error).__name__}: {error}")
    headers = headers_for(parts.settings, f"https://{urlsplit(one.endpoint).netloc}", at_ms // 1000) | {
        "TTL": str(LASTS_S), "Urgency": "normal",
        "Content-Encoding": "aes128gcm", "Content-Type": "application/octet-stream",
    }  # fmt: skip
    try:
        answer = send("POST", target, headers, body, wait_s_max=ANSWER_S_MAX, tls=tls)
    except Problem as problem:
        return Answered("later", problem.detail)
    return _read(answer.status, answer.headers.get("retry-after", ""))


def _encrypted(one: Push) -> bytes:
    from pywebpush import WebPusher

    content = {"id": one.notification_id, "title": one.title, "body": one.body, "link": one.link}
    known = {"endpoint": one.endpoint, "keys": {"p256dh": one.p256dh, "auth": one.auth}}
    encoded = WebPusher(known).encode(msgspec.json.encode(content), "aes128gcm")
    return bytes(encoded["body"])


def _read(status: int, retry_after: str) -> Answered:
    if status in GONE:
        return Answered("gone", str(status))
    if status in LATER:
        return Answered("later", str(status), min(int(retry_after), LASTS_S) if retry_after.isdigit() else 0)
    return Answered("sent" if 200 <= status < 300 else "refused", str(status))


def _note(parts: Parts, one: Push, answered: Answered, at_ms: int) -> None:
    with parts.store.tables() as sql:
        if answered.word == "gone":
            _log.info("a browser is gone", subscription=one.subscription_id, told=answered.told)
            let_go(sql, one.subscription_id, instant(at_ms))
            return
        wait_s = max(answered.wait_s, WAITS_S[min(one.tries, len(WAITS_S) - 1)])
        again = instant(at_ms + wait_s * 1000)
        if answered.word == "later" and again < _until(one.created_at):
            sql.run(_AGAIN, again=again, problem=answered.told[:500], **one.key)
            return
        if answered.word != "sent":
            _log.warning("a push is given up", subscription=one.subscription_id, told=answered.told)
        sql.run(_DONE, **one.key)


def _until(created_at: str) -> str:
    return instant(int(datetime.datetime.fromisoformat(created_at).timestamp() + LASTS_S) * 1000)


_AGAIN = """
    update notification_push
    set tries = tries + 1, next_try_at = :again, problem = :problem, held_until = null
    where subscription_id = :subscription and notification_id = :notification
    """
_DONE = """
    delete from notification_push
    where subscription_id = :subscription and notification_id = :notification
    """


# ---------------------------------------------------------------- subscriptions


def subscribe(sql: Sql, user_id: str, endpoint: str, p256dh: str, auth: str, id: str, now: str) -> str:
    """A browser has one person: who subscribes it anew takes it over. Answers the subscription's id.

    Of more than `SUBSCRIPTIONS_MAX` the oldest go.
    """
    values = {"user_id": user_id, "endpoint": endpoint, "p256dh": p256dh, "auth": auth}
    for one in sql.rows("select id, user_id from push_subscription where endpoint = :endpoint", endpoint=endpoint):
        if str(one["user_id"]) == user_id:
            sql.run(_KEYS, id=one["id"], p256dh=p256dh, auth=auth)
            return str(one["id"])
        unsubscribe(sql, str(one["user_id"]), str(one["id"]))
    sql.run(
        """
        insert into push_subscription (id, user_id, endpoint, p256dh, auth, created_at)
        values (:id, :user_id, :endpoint, :p256dh, :auth, :now)
        """,
        id=id, now=now, **values,
    )  # fmt: skip
    for one in subscriptions_of(sql, user_id)[:-SUBSCRIPTIONS_MAX]:
        unsubscribe(sql, user_id, str(one["id"]))
    return id


_KEYS = """
    update push_subscription
    set p256dh = :p256dh, auth = :auth, gone_at = null
    where id = :id
    """


def subscriptions_of(sql: Sql, user_id: str) -> list[dict[str, Any]]:
    return sql.rows(
        """
        select id, endpoint, created_at, gone_at
        from push_subscription
        where user_id = :user_id
        order by created_at, id
        """,
        user_id=user_id,
    )


def unsubscribe(sql: Sql, user_id: str, id: str) -> bool:
    if not sql.run("delete from push_subscription where id = :id and user_id = :user_id", id=id, user_id=user_id):
        return False
    sql.run("delete from notification_push where subscription_id = :id", id=id)
    return True


def let_go(sql: Sql, id: str, now: str) -> None:
    sql.run("update push_subscription set gone_at = :now where id = :id", id=id, now=now)
    sql.run("delete from notification_push where subscription_id = :id", id=id)


def are_keys(p256dh: str, auth: str) -> bool:
    """A point on P-256 and 16 bytes, as a browser makes them."""
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        point, secret = (base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) for text in (p256dh, auth))
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        return False
    return len(secret) == 16
