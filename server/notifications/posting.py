"""The round that hands letters to the mail server at `ARXOS_SMTP_URL`.

A letter is claimed in the database while it is on its way, so that two processes send none twice. A mail server that is
away, or says "later" (4xx), is asked again and again with growing waits; one that says "never" (5xx) to an address or a
letter is believed. What is given up stays in the table with the reason. A letter may arrive twice where a process was
killed between their word and ours: its Message-ID is the same then.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import email.policy
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import msgspec
import structlog

from arxos_sync.store import Sql

from ..jobs.rounds import Round
from ..parts import Parts, instant, now_ms
from ..settings import Settings

if TYPE_CHECKING:
    from aiosmtplib import SMTP

LOOK_S = 2.0
AT_ONCE = 20
HELD_S = 600
WAITS_S = (60, 300, 900, 3_600, 10_800, 21_600)
GIVE_UP_S = 4 * 24 * 3600
ANSWER_S_MAX = 30.0
HEADER_CHARS_MAX = 200
_log = structlog.get_logger("arxos.mail")


class Letter(msgspec.Struct, frozen=True):
    id: str
    to_address: str
    subject: str
    body: str
    created_at: str
    tries: int
    unsubscribe: str | None


def post(parts: Parts, at_ms: int | None = None) -> None:
    """Send what is due."""
    if parts.settings.smtp_url is None:
        return
    at_ms = at_ms or now_ms()
    while letters := _claim(parts, at_ms):
        for letter, outcome in asyncio.run(_send(parts.settings, letters)):
            _note(parts, letter, outcome, at_ms)
        if len(letters) < AT_ONCE:
            return


POST = Round("post", LOOK_S, post)


def _claim(parts: Parts, at_ms: int) -> list[Letter]:
    now, until = instant(at_ms), instant(at_ms + HELD_S * 1000)
    with parts.store.tables() as sql:
        found = sql.rows(_DUE, now=now, limit=AT_ONCE)
        mine = [one for one in found if sql.run(_HOLD, id=one["id"], now=now, until=until)]
    return [msgspec.convert(one, Letter) for one in mine]


_DUE = """
    select id, to_address, subject, body, created_at, tries, unsubscribe
    from mail
    where next_try_at <= :now and (held_until is null or held_until <= :now)
    order by next_try_at, id
    limit :limit
    """
_HOLD = """
    update mail
    set held_until = :until
    where id = :id and next_try_at <= :now and (held_until is null or held_until <= :now)
    """


class Sent(msgspec.Struct, frozen=True):
    """`problem` None: they have it. `final`: no use in trying again."""

    problem: str | None = None
    final: bool = False


async def _send(settings: Settings, letters: list[Letter]) -> list[tuple[Letter, Sent]]:
    """One conversation with the mail server, begun anew where it broke off."""
    from aiosmtplib import SMTPException

    found: list[tuple[Letter, Sent]] = []
    client: SMTP | None = None
    for letter in letters:
        try:
            if client is None or not client.is_connected:
                client = None
                client = await _connected(settings)
            found.append((letter, await _send_one(client, settings, letter)))
        except (SMTPException, OSError, TimeoutError, ValueError, MessageError, LookupError) as error:
            found.append((letter, Sent(_told(error))))
            if client is None:  # nobody there: the others need not knock too
                found += [(one, Sent(_told(error))) for one in letters[len(found) :]]
                break
    if client is not None and client.is_connected:
        with contextlib.suppress(SMTPException, OSError):
            await client.quit()
    return found


async def _send_one(client: SMTP, settings: Settings, letter: Letter) -> Sent:
    """Raises what says nothing of this letter: a server that broke off, a sender that is no address."""
    from aiosmtplib import SMTPDataError, SMTPRecipientsRefused, SMTPResponseException

    from_address = Address("ARXOS", addr_spec=sender(settings))
    try:
        message = written(from_address, letter)
    except Exception as error:  # the library has many words for an address that is none, IndexError among them
        return Sent(f"cannot be written: {type(error).__name__}: {error}"[:500], final=True)
    try:
        await client.send_message(message, sender=from_address.addr_spec, recipients=[letter.to_address])
        return Sent()
    except SMTPRecipientsRefused as error:
        return _refused(error.recipients[0])
    except SMTPDataError as error:
        return _refused(error)
    except (ValueError, MessageError) as error:  # not to be put into bytes
        return Sent(f"cannot be written: {error}"[:500], final=True)
    except SMTPResponseException as error:
        if client.is_connected:
            await client.rset()
        return Sent(_told(error))


def _refused(error: Any) -> Sent:
    return Sent(f"{error.code} {error.message}"[:500], final=500 <= error.code < 600)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]


async def _connected(settings: Settings) -> SMTP:
    from aiosmtplib import SMTP

    url = urlsplit(settings.smtp_url or "")
    client = SMTP(
        hostname=url.hostname,
        port=url.port,
        username=unquote(url.username) if url.username else None,
        password=unquote(url.password) if url.password else None,
        use_tls=url.scheme == "smtps",
        start_tls={"smtp+starttls": True, "smtps": False}.get(url.scheme),  # None: where it is offered
        timeout=ANSWER_S_MAX,
    )
    await client.connect()
    return client


def mail_server_says(settings: Settings) -> str | None:
    """What is wrong with it, None where it takes our login."""
    from aiosmtplib import SMTPException

    async def knock() -> None:
        client = await _connected(settings)
        await client.quit()

    try:
        asyncio.run(knock())
    except (SMTPException, OSError, TimeoutError, ValueError) as error:
        return _told(error)
    return None


def _note(parts: Parts, letter: Letter, outcome: Sent, at_ms: int) -> None:
    age_s = (at_ms - _ms(letter.created_at)) / 1000
    with parts.store.tables() as sql:
        if outcome.problem is None:
            sql.run("delete from mail where id = :id", id=letter.id)
        elif outcome.final or age_s > GIVE_UP_S:
            _log.error("a letter is given up", letter=letter.id, problem=outcome.problem, tries=letter.tries + 1)
            _retry(sql, letter, None, outcome.problem)
        else:
            _log.warning("a letter waits", letter=letter.id, problem=outcome.problem, tries=letter.tries + 1)
            wait_s = WAITS_S[min(letter.tries, len(WAITS_S) - 1)]
            _retry(sql, letter, instant(at_ms + wait_s * 1000), outcome.problem)


def _retry(sql: Sql, letter: Letter, again: str | None, problem: str) -> None:
    sql.run(
        """
        update mail
        set tries = tries + 1, next_try_at = :again, problem = :problem, held_until = null
        where id = :id
        """,
        id=letter.id, again=again, problem=problem,
    )  # fmt: skip


def _ms(at: str) -> int:
    return int(datetime.datetime.fromisoformat(at).timestamp() * 1000)


# ---------------------------------------------------------------- how it reads


def written(from_address: Address, letter: Letter) -> EmailMessage:
    """As it goes over the wire. What people typed may stand in the subject: it stays on its line."""
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = from_address
    message["To"] = Address(addr_spec=letter.to_address)
    message["Subject"] = _line(letter.subject)
    message["Date"] = format_datetime(datetime.datetime.fromisoformat(letter.created_at))
    message["Message-ID"] = f"<{letter.id}@{from_address.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    if letter.unsubscribe:
        message["List-Unsubscribe"] = f"<{_line(letter.unsubscribe)}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(letter.body.replace("\r\n", "\n").replace("\r", "\n"))
    return message


def _line(text: str) -> str:
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return flat if len(flat) <= HEADER_CHARS_MAX else flat[: HEADER_CHARS_MAX - 1] + "…"


def sender(settings: Settings) -> str:
    """`ARXOS_SMTP_FROM`; without it the login at the mail server where that is an address; else arxos@ our host."""
    if settings.smtp_from:
        return settings.smtp_from
    url = urlsplit(settings.smtp_url or "")
    if url.username and "@" in unquote(url.username):
        return unquote(url.username)
    host = urlsplit(settings.public_url or "").hostname or url.hostname
    return f"arxos@{host or 'localhost'}"
