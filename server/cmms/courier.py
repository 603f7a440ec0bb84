"""Delivering: signed as Standard Webhooks has it, tried again over days, given up in plain sight.

A courier takes one endpoint at a time, for `SLICE_S` at most, and nobody else delivers to it meanwhile; several go at
once in each process. An endpoint that does not answer rests before the next try of whatever waits for it, so it never
costs a courier more than one wait in `REST_S`. A courier that dies between an answer and its record lets an event be
sent twice: both times under its id, by which a receiver knows it.

Time, dice, names and TLS are handed in, so that a test can play three days against a real receiver.
"""

from __future__ import annotations

import datetime
import email.utils
import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from arxos_sync.problems import Problem
from arxos_sync.store import Sql

from ..accounts.people import reading
from ..notifications.letters import write_letter
from ..notifications.preferences import language_of
from ..outbound import Answer, Resolve, pinned, read_allowed, resolve, send
from ..parts import Parts, instant, new_id, now_ms
from ..sealed import unseal
from .endpoints import disable, may_tell
from .letters import turned_off

if TYPE_CHECKING:
    import ssl

RETRY_S = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
JITTER = 0.2  # of a wait, more or less
AGE_S_MAX = 5 * 86_400  # whatever its tries, it is not waited for longer than that
RETRY_AFTER_S_MAX = 24 * 3600  # what a receiver may ask for
REST_S = 30
SLICE_S = 5  # of one endpoint, and of a round: a server that is stopped waits for no more, and one answer
HELD_S = 120  # a slice, and the longest wait for a name and an answer after it
WAIT_S_MAX = 10.0
ANSWER_BYTES_MAX = 8 * 1024
ANSWER_SHOWN_CHARS = 500
AT_ONCE = 100  # deliveries of a slice
COURIERS = 4
EVERY_S = 1.0
_log = structlog.get_logger("arxos.webhooks")


class Outcome(msgspec.Struct, frozen=True):
    """Of a try: the status, or None where nothing was answered, and what to show of it."""

    status: int | None
    told: str
    retry_after_s: float | None = None

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Courier:
    def __init__(
        self,
        parts: Parts,
        clock: Callable[[], int] = now_ms,
        dice: Callable[[], float] = random.random,
        resolver: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._parts, self._clock, self._dice, self._resolver, self._tls = parts, clock, dice, resolver, tls
        self._allowed = read_allowed(parts.settings.outbound_allow)
        self._process = new_id()

    def run(self) -> int:
        """Deliver what is due, endpoint after endpoint, for a while; answers how many tries that took."""
        count, until = 0, time.monotonic() + SLICE_S
        while time.monotonic() < until and (endpoint := self._claim()) is not None:
            try:
                count += self._serve(endpoint)
            finally:
                with self._parts.store.tables() as sql:
                    sql.run(_LET_GO, id=endpoint["id"], process=self._process)
        return count

    def _claim(self) -> dict[str, Any] | None:
        ms = self._clock()
        while True:
            with reading(self._parts.store) as sql:
                found = sql.rows(_DUE, now=instant(ms))
            if not found:
                return None
            with self._parts.store.tables() as sql:
                held = sql.run(
                    _HOLD, id=found[0]["id"], process=self._process, now=instant(ms), until=instant(ms + HELD_S * 1000)
                )
                if held:
                    return sql.rows("select * from webhook_endpoint where id = :id", id=found[0]["id"])[0]

    def _serve(self, endpoint: dict[str, Any]) -> int:
        """A slice of what is due to one endpoint; over at once where it does not answer or asks for rest."""
        began, count = self._clock(), 0
        with reading(self._parts.store) as sql:
            due = sql.rows(_ITS_DUE, endpoint=endpoint["id"], now=instant(began), limit=AT_ONCE)
        for delivery in due:
            if self._clock() >= began + SLICE_S * 1000 or not self._may(endpoint, delivery):
                break
            started = time.monotonic()
            outcome = self._try(endpoint, delivery)
            took_ms = int((time.monotonic() - started) * 1000)
            count += 1
            if not self._record(endpoint, delivery, outcome, took_ms):
                break
        return count

    def _may(self, endpoint: dict[str, Any], delivery: dict[str, Any]) -> bool:
        with reading(self._parts.store) as sql:
            if may_tell(sql, endpoint["created_by"], endpoint["building_id"]):
                return True
        with self._parts.store.tables() as sql:
            disable(sql, endpoint["id"], "who stood for it may not read this any more")
        return False

    def _try(self, endpoint: dict[str, Any], delivery: dict[str, Any]) -> Outcome:
        try:
            headers = self._headers(endpoint, delivery)
            target = pinned(endpoint["url"], self._allowed, self._resolver)
            answer = send(
                "POST", target, headers, delivery["content"].encode(),
                wait_s_max=WAIT_S_MAX, answer_bytes_max=ANSWER_BYTES_MAX, tls=self._tls,
            )  # fmt: skip
        except Problem as problem:
            return Outcome(None, f"{problem.code}: {problem.detail}")
        return Outcome(answer.status, _shown(answer), self._retry_after(answer))

    def _headers(self, endpoint: dict[str, Any], delivery: dict[str, Any]) -> dict[str, str]:
        from standardwebhooks import Webhook

        ms = self._clock()
        at = datetime.datetime.fromtimestamp(ms // 1000, datetime.UTC)
        secrets = [endpoint["secret"]]
        if (endpoint["former_until"] or "") > instant(ms):
            secrets.append(endpoint["former_secret"])
        signed = [
            Webhook(unseal(self._parts.tokens, secret)).sign(delivery["id"], at, delivery["content"])
            for secret in secrets
        ]
        return {
            "Content-Type": "application/json", "User-Agent": "ARXOS-webhooks/1", "webhook-id": delivery["id"],
            "webhook-timestamp": str(ms // 1000), "webhook-signature": " ".join(signed),
        }  # fmt: skip

    def _retry_after(self, answer: Answer) -> float | None:
        if answer.status not in (429, 503):
            return None
        return retry_after(answer, self._clock())

    def _record(self, endpoint: dict[str, Any], delivery: dict[str, Any], outcome: Outcome, took_ms: int) -> bool:
        """Answers whether the endpoint takes more just now."""
        ms = self._clock()
        with self._parts.store.tables() as sql:
            sql.run(_TRIED, id=delivery["id"], at=instant(ms), status=outcome.status, took=took_ms, answer=outcome.told)
            if outcome.delivered:
                due = delivery["next_try_at"]
                sql.run(_DELIVERED, id=delivery["id"], due=due, now=instant(ms), status=outcome.status)
                return True
            self._put_off(sql, delivery, outcome, ms)
            if outcome.status == 410:
                self._gone(sql, endpoint)
                return False
            if outcome.status is None or outcome.retry_after_s is not None:
                rest_s = max(REST_S, outcome.retry_after_s or 0)
                sql.run(_REST, id=endpoint["id"], until=instant(ms + int(rest_s * 1000)))
                return False
        return True

    def _put_off(self, sql: Sql, delivery: dict[str, Any], outcome: Outcome, ms: int) -> None:
        tries = delivery["tries"]
        error = f"{outcome.status}: {outcome.told}" if outcome.status else outcome.told
        told = {
            "id": delivery["id"], "due": delivery["next_try_at"], "now": instant(ms), "status": outcome.status,
            "error": error[:ANSWER_SHOWN_CHARS],
        }  # fmt: skip
        first = delivery["first_try_at"] or instant(ms)
        if tries >= len(RETRY_S) or first < instant(ms - AGE_S_MAX * 1000):
            sql.run(_GIVEN_UP, **told)
            _log.warning("an event was given up", delivery=delivery["id"], endpoint=delivery["endpoint_id"])
            return
        wait_s = RETRY_S[tries] * (1 + JITTER * (2 * self._dice() - 1))
        wait_s = max(wait_s, outcome.retry_after_s or 0)
        sql.run(_PUT_OFF, **told, again=instant(ms + int(wait_s * 1000)))

    def _gone(self, sql: Sql, endpoint: dict[str, Any]) -> None:
        """410: they want to hear nothing more. Whoever stands for it is told."""
        if not disable(sql, endpoint["id"], "it answered 410 Gone"):
            return
        found = sql.rows("""select email from "user" where id = :id""", id=endpoint["created_by"])
        for one in found:
            language = language_of(self._parts, str(endpoint["created_by"]))
            write_letter(sql, one["email"], *turned_off(endpoint["name"], endpoint["url"], language))


def retry_after(answer: Answer, ms: int) -> float | None:
    """Seconds that an answer asks to be left alone for: a number, or a moment (RFC 9110 §10.2.3)."""
    said = answer.headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return min(float(said[:9]), RETRY_AFTER_S_MAX)
    try:
        until = email.utils.parsedate_to_datetime(said)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=datetime.UTC)
    return min(max(0.0, until.timestamp() - ms / 1000), RETRY_AFTER_S_MAX)


def _shown(answer: Answer) -> str:
    if 300 <= answer.status < 400:
        return "redirects are not followed"
    return answer.body.decode("utf-8", "replace").replace("\0", "")[:ANSWER_SHOWN_CHARS]


def deliver(parts: Parts) -> None:
    """A round."""
    Courier(parts).run()


_DUE = """
    select id from webhook_endpoint
    where disabled_at is null
      and (held_until is null or held_until <= :now)
      and (resting_until is null or resting_until <= :now)
      and exists (
        select 1 from webhook_delivery
        where webhook_delivery.endpoint_id = webhook_endpoint.id and webhook_delivery.next_try_at <= :now
      )
    order by coalesce(served_at, ''), id
    limit 1
    """
_HOLD = """
    update webhook_endpoint
    set held_by = :process, held_until = :until, served_at = :now
    where id = :id and disabled_at is null
      and (held_until is null or held_until <= :now)
      and (resting_until is null or resting_until <= :now)
    """
_LET_GO = "update webhook_endpoint set held_by = null, held_until = null where id = :id and held_by = :process"
_ITS_DUE = """
    select * from webhook_delivery
    where endpoint_id = :endpoint and next_try_at <= :now
    order by next_try_at, sequence, id
    limit :limit
    """
_TRIED = """
    insert into webhook_try (delivery_id, number, at, status, took_ms, answer)
    select :id, coalesce(max(number), 0) + 1, :at, :status, :took, :answer
    from webhook_try
    where delivery_id = :id
    """
# a replay, which begins from no tries, may be asked for while the event is on its way: then it is still to be delivered
_NOT_ASKED_ANEW = "(tries > 0 or next_try_at = :due)"
_DELIVERED = f"""
    update webhook_delivery
    set tries = tries + 1, first_try_at = coalesce(first_try_at, :now), next_try_at = null, delivered_at = :now,
        last_status = :status, last_error = null
    where id = :id and {_NOT_ASKED_ANEW}
    """
_PUT_OFF = f"""
    update webhook_delivery
    set tries = tries + 1, first_try_at = coalesce(first_try_at, :now), next_try_at = :again,
        last_status = :status, last_error = :error
    where id = :id and delivered_at is null and {_NOT_ASKED_ANEW}
    """
_GIVEN_UP = f"""
    update webhook_delivery
    set tries = tries + 1, next_try_at = null, given_up_at = :now, last_status = :status, last_error = :error
    where id = :id and delivered_at is null and {_NOT_ASKED_ANEW}
    """
_REST = "update webhook_endpoint set resting_until = :until where id = :id"
