"""The second factor: six digits of an app (TOTP, RFC 6238), and recovery codes for who has lost it; each counts once.

The secret is kept sealed with the server's key. A step of 30 s that was used is written down (`totp_step`), and nothing
at or before it counts again, on any server process. It is in force once a first code has shown that the app has it.
"""

from __future__ import annotations

import re
import secrets
from typing import Annotated, Any

import anyio.to_thread
import msgspec
from litestar import Response, Router, get, post

from arxos_sync.problems import Problem
from arxos_sync.store import Sql

from ..given import Caller, Given
from ..operations.audit import audited
from ..parts import Parts, instant, now_ms
from ..told import told
from . import callers
from .keys import Keys
from .people import Person, reading
from .proof import Proof, prove
from .tokens import hash_of

STEP_S = 30
DRIFT_STEPS = 1  # a clock that is a step off, before or after
RECOVERY_CODES = 10
RECOVERY_CHARS = "ABCDEFGHJKMNPQRSTVWXYZ0123456789"  # 32, none like another
_DIGITS = re.compile(r"\d{6}\Z")


class Offered(msgspec.Struct, frozen=True):
    """For the app: as text, as an address, and as a picture to be read by a camera."""

    secret: str
    uri: str
    qr_svg: str


class Recovery(msgspec.Struct, frozen=True):
    """Shown once: each lets in once where the app is lost."""

    recovery_codes: list[str]


class Standing(msgspec.Struct, frozen=True):
    """`since`: when it came in force; null where there is none."""

    since: str | None
    codes_left: int


class First(msgspec.Struct, frozen=True):
    code: Annotated[str, msgspec.Meta(max_length=40)]


def is_on(sql: Sql, user_id: str) -> bool:
    return bool(sql.rows('select 1 from "user" where id = :id and totp_at is not null', id=user_id))


def spend(parts: Parts, user_id: str, code: str) -> bool:
    """Does the code let in? It does not a second time."""
    text = re.sub(r"[\s-]", "", code).upper()
    with parts.store.tables() as sql:
        if _DIGITS.match(text):
            step = _step_of(sql, parts.tokens.keys, user_id, text)
            return step is not None and _spend_step(sql, user_id, step)
        return _spend_recovery(sql, user_id, text)


def _step_of(sql: Sql, keys: Keys, user_id: str, digits: str) -> int | None:
    """The time step whose digits these are."""
    import pyotp

    found = sql.rows('select totp_secret from "user" where id = :id and totp_secret is not null', id=user_id)
    if not found:
        return None
    totp = pyotp.TOTP(keys.unseal(found[0]["totp_secret"], _about(user_id)), interval=STEP_S)
    this = now_ms() // 1000 // STEP_S
    steps = range(this - DRIFT_STEPS, this + DRIFT_STEPS + 1)
    return next((step for step in steps if secrets.compare_digest(totp.generate_otp(step), digits)), None)


def _spend_step(sql: Sql, user_id: str, step: int) -> bool:
    spent = sql.run(
        """
        update "user"
        set totp_step = :step
        where id = :id and (totp_step is null or totp_step < :step)
        """,
        id=user_id, step=step,
    )  # fmt: skip
    return spent == 1


def _spend_recovery(sql: Sql, user_id: str, code: str) -> bool:
    spent = sql.run(
        """
        update recovery_code
        set used_at = :now
        where user_id = :id and code_hash = :hash and used_at is null
        """,
        id=user_id, hash=hash_of(code), now=instant(now_ms()),
    )  # fmt: skip
    return spent == 1


def _about(user_id: str) -> str:
    return f"totp/{user_id}"


# ---------------------------------------------------------------- routes


@get(
    "/api/v1/me/second-factor", sync_to_thread=True, summary="Is one in force, and how many recovery codes are left?",
    **told("self", answered={"since": "2026-01-01T00:00:00.000Z", "codes_left": 10}),
)  # fmt: skip
def standing(parts: Given, person: Caller) -> Standing:
    someone = callers.demand_person(person)
    with reading(parts.store) as sql:
        (found,) = sql.rows(
            """
            select totp_at as since,
              (select count(*) from recovery_code where user_id = :id and used_at is null) as codes_left
            from "user"
            where id = :id
            """,
            id=someone.id,
        )  # fmt: skip
    return Standing(found["since"], int(found["codes_left"]))


@post(
    "/api/v1/me/second-factor", status_code=200, summary="A secret for an authenticator app; not in force yet",
    **told("self", "forbidden", "not_proven", "invalid", sent={"password": "…"},
           answered={"secret": "JBSWY3DPEHPK3PXP", "uri": "otpauth://totp/…", "qr_svg": "<svg …>"}),
)  # fmt: skip
async def offer(parts: Given, person: Caller, data: Proof) -> Response[Offered]:
    someone = callers.demand_session(person)
    await prove(parts, someone, data)
    offered = await anyio.to_thread.run_sync(_offer, parts, someone)
    return Response(offered, status_code=200, headers={"Cache-Control": "no-store"})


def _offer(parts: Parts, person: Person) -> Offered:
    import pyotp

    secret = pyotp.random_base32()
    with parts.store.tables() as sql:
        set_ = sql.run(
            """
            update "user"
            set totp_secret = :sealed, totp_step = null
            where id = :id and totp_at is null
            """,
            id=person.id, sealed=parts.tokens.keys.seal(secret, _about(person.id)),
        )  # fmt: skip
    if not set_:
        raise Problem("forbidden", "A second factor is in force.", hint="Remove it before you set up another.")
    uri = pyotp.TOTP(secret, interval=STEP_S).provisioning_uri(name=person.email, issuer_name="ARXOS")
    return Offered(secret, uri, qr_svg(uri))


def qr_svg(text: str) -> str:
    """A QR code as a picture that stands alone."""
    import segno

    return segno.make(text, error="m", micro=False).svg_inline(scale=4, border=4, light="#fff")


@post(
    "/api/v1/me/second-factor/confirm", status_code=200, summary="Bring the second factor in force by a first code",
    **told("self", "forbidden", "not_proven", "invalid", sent={"code": "123456"},
           answered={"recovery_codes": ["ABCD-EFGH-JKMN-PQRS"]}),
)  # fmt: skip
async def confirm(parts: Given, person: Caller, data: First) -> Response[Recovery]:
    someone = callers.demand_session(person)
    codes = await anyio.to_thread.run_sync(_confirm, parts, someone.id, data.code)
    return Response(codes, status_code=200, headers={"Cache-Control": "no-store"})


def _confirm(parts: Parts, user_id: str, code: str) -> Recovery:
    with parts.store.tables() as sql:
        if is_on(sql, user_id):
            raise Problem("forbidden", "It is in force.", hint="Remove it before you set up another.")
        step = _step_of(sql, parts.tokens.keys, user_id, re.sub(r"\s", "", code))
        if step is None or not _spend_step(sql, user_id, step):
            raise Problem("not_proven", "The code does not fit.", hint="Type the six digits that the app shows now.")
        sql.run('update "user" set totp_at = :now where id = :id', id=user_id, now=instant(now_ms()))
        codes = _new_codes(sql, user_id)
        audited(sql, user_id, "add second factor", {"person": user_id})
        return codes


def _new_codes(sql: Sql, user_id: str) -> Recovery:
    sql.run("delete from recovery_code where user_id = :id", id=user_id)
    codes = ["".join(secrets.choice(RECOVERY_CHARS) for _ in range(16)) for _ in range(RECOVERY_CODES)]
    for code in codes:
        sql.run(
            "insert into recovery_code (user_id, code_hash) values (:id, :hash)", id=user_id, hash=hash_of(code)
        )  # fmt: skip
    return Recovery(["-".join(code[at : at + 4] for at in range(0, 16, 4)) for code in codes])


@post(
    "/api/v1/me/second-factor/recovery-codes", status_code=200, summary="New recovery codes in place of the old ones",
    **told("self", "forbidden", "not_proven", "invalid", sent={"password": "…", "code": "123456"},
           answered={"recovery_codes": ["ABCD-EFGH-JKMN-PQRS"]}),
)  # fmt: skip
async def renew_codes(parts: Given, person: Caller, data: Proof) -> Response[Recovery]:
    someone = callers.demand_session(person)
    await prove(parts, someone, data)
    codes = await anyio.to_thread.run_sync(_renew, parts, someone.id)
    return Response(codes, status_code=200, headers={"Cache-Control": "no-store"})


def _renew(parts: Parts, user_id: str) -> Recovery:
    with parts.store.tables() as sql:
        if not is_on(sql, user_id):
            raise Problem("forbidden", "There is no second factor to recover.", hint="Set one up first.")
        codes = _new_codes(sql, user_id)
        audited(sql, user_id, "renew recovery codes", {"person": user_id})
        return codes


@post(
    "/api/v1/me/second-factor/remove", status_code=204, summary="Do without a second factor again",
    **told("self", "forbidden", "not_proven", "invalid", sent={"password": "…", "code": "123456"}),
)  # fmt: skip
async def remove(parts: Given, person: Caller, data: Proof) -> None:
    someone = callers.demand_session(person)
    await prove(parts, someone, data)
    await anyio.to_thread.run_sync(forget, parts, someone.id, someone.id)


def forget(parts: Parts, user_id: str, by: str | None = None) -> None:
    """`by`: None at the command line."""
    with parts.store.tables() as sql:
        forget_in(sql, user_id)
        audited(sql, by, "remove second factor", {"person": user_id})


def forget_in(sql: Sql, user_id: str) -> None:
    sql.run(
        'update "user" set totp_secret = null, totp_at = null, totp_step = null where id = :id', id=user_id
    )  # fmt: skip
    sql.run("delete from recovery_code where user_id = :id", id=user_id)


def reseal(parts: Parts) -> int:
    """Seal every secret with the key that signs now; answers how many."""
    keys = parts.tokens.keys
    with parts.store.tables() as sql:
        found: list[dict[str, Any]] = sql.rows('select id, totp_secret from "user" where totp_secret is not null')
        for row in found:
            secret = keys.unseal(row["totp_secret"], _about(row["id"]))
            sql.run(
                'update "user" set totp_secret = :sealed where id = :id',
                id=row["id"], sealed=keys.seal(secret, _about(row["id"])),
            )  # fmt: skip
    return len(found)


def wants_code(parts: Parts, user_id: str) -> bool:
    with reading(parts.store) as sql:
        return is_on(sql, user_id)


router = Router("/", route_handlers=[standing, offer, confirm, renew_codes, remove])
