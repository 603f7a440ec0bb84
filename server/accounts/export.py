"""`GET /api/v1/me/export`: what is kept of a person and by them, in a zip of JSON files.

Of buildings there is what the person wrote, transaction by transaction as it was taken, and a list of their files; the
files themselves are in the buildings.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from typing import IO, Any

import anyio.to_thread
import msgspec
from litestar import Router, get
from litestar.response import Stream

from arxos_sync.messages import Transaction
from arxos_sync.store import Sql

from ..given import Caller, Given
from ..operations.audit import audited
from ..parts import Parts, now
from ..told import told
from . import callers
from .people import Person

IN_MEMORY_BYTES = 4 * 1024 * 1024
PIECE_BYTES = 64 * 1024
TYPE = "application/zip"
_README = """What ARXOS keeps of you, as JSON; a file that ends in .jsonl has a value a line.

profile.json        you, your accounts, roles, invitations, devices, sessions, passkeys and tokens (no secrets)
wallet.json         the lines of the points ledger that are yours
scope.jsonl         your inbox, wallet, memberships and preferences, as they stand
transactions/       by building, everything you recorded, in the order in which it was taken
attachments.jsonl   the files you added; their bytes are in the buildings
"""
_MINE = {
    "account": """
        select account.id, account.kind, account.role, organisation.name as organisation, account.created_at,
          account.ended_at
        from account
        left join organisation on organisation.id = account.organisation_id
        where account.user_id = :user_id
        order by account.created_at, account.id
        """,
    "grant": """
        select building_id, role, invited_by, created_at, until, account_id
        from "grant"
        where user_id = :user_id
        order by building_id
        """,
    "invitation": """
        select id, building_id, organisation_id, role, email, created_at, expires_at, accepted_at, revoked_at
        from invitation
        where invited_by = :user_id
        order by created_at, id
        """,
    "device": """
        select id, name, created_at, seen_at, revoked_at
        from device
        where user_id = :user_id
        order by created_at, id
        """,
    "session": """
        select id, client, address, device_id, created_at, seen_at, expires_at, revoked_at
        from session
        where user_id = :user_id
        order by created_at, id
        """,
    "passkey": """
        select id, name, created_at, used_at
        from passkey
        where user_id = :user_id
        order by created_at, id
        """,
    "api_token": """
        select id, name, created_at, expires_at, revoked_at
        from api_token
        where user_id = :user_id
        order by created_at, id
        """,
}
_LEDGER = """
    select id, entry_id, side, points, state, reward_rule, validation_id, created_at
    from ledger
    where user_id = :user_id
    order by created_at, id
    """
_PROFILE = """
    select id, email, name, is_admin, colour, created_at, confirmed_at, totp_at
    from "user"
    where id = :user_id
    """
_SCOPES = """
    select distinct scope
    from change_log
    where user_id = :user_id
    order by scope
    """
_FILES = """
    select cast(building_id as text) as building_id, cast(id as text) as id, name, media_type, byte_size, sha256
    from attachment
    where cast(created_by as text) = :user_id and deleted is null
    order by building_id, id
    """


def write_export(parts: Parts, person: Person, out: IO[bytes]) -> None:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("README.txt", _README)
        with parts.store.across() as sql:
            _json(packed, "profile.json", _profile(sql, person))
            _json(packed, "wallet.json", sql.rows(_LEDGER, user_id=person.id))
            _lines(packed, "attachments.jsonl", sql.rows(_FILES, user_id=person.id))
            scopes = [row["scope"] for row in sql.rows(_SCOPES, user_id=person.id)]
        _lines(packed, "scope.jsonl", _own_rows(parts, person))
        for scope in scopes:
            name = scope.replace(":", "-")
            _lines(packed, f"transactions/{name}.jsonl", _written(parts, person, scope))


def _profile(sql: Sql, person: Person) -> dict[str, Any]:
    lists = {f"{name}s": sql.rows(statement, user_id=person.id) for name, statement in _MINE.items()}
    return {"exported_at": now(), "user": sql.rows(_PROFILE, user_id=person.id)[0], **lists}


def _own_rows(parts: Parts, person: Person) -> Iterator[dict[str, Any]]:
    with parts.store.read(f"user:{person.id}") as reader:
        for row in reader.live_rows():
            yield {"table": row.table, "id": row.id, "set": row.values}


def _written(parts: Parts, person: Person, scope: str) -> Iterator[dict[str, Any]]:
    with parts.store.read(scope) as reader:
        for entry in reader.log(0):
            if entry.user_id == person.id:
                said = msgspec.msgpack.decode(entry.content, type=Transaction)
                yield {
                    "sequence": entry.sequence, "received_at": entry.received_at, "device": entry.device,
                    "n": entry.n, "stamp": entry.stamp, "reason": said.reason, "changes": said.changes,
                }  # fmt: skip


def _json(packed: zipfile.ZipFile, name: str, value: Any) -> None:
    packed.writestr(name, msgspec.json.format(msgspec.json.encode(_told(value)), indent=2))


def _lines(packed: zipfile.ZipFile, name: str, values: Iterable[Any]) -> None:
    with packed.open(name, "w") as file:
        for value in values:
            file.write(msgspec.json.encode(_told(value)) + b"\n")


def _told(value: Any) -> Any:
    """As on the wire: geometries in hex."""
    match value:
        case bytes():
            return value.hex()
        case dict():
            return {name: _told(one) for name, one in value.items()}
        case list() | tuple():
            return [_told(one) for one in value]
        case msgspec.Struct():
            return _told(msgspec.to_builtins(value, builtin_types=(bytes,)))
    return value


# ---------------------------------------------------------------- the route


def made(parts: Parts, person: Person) -> IO[bytes]:
    """The whole of it, in a file of nobody's that goes when it is closed."""
    out = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 - it is closed once it is sent
    write_export(parts, person, out)
    out.seek(0)
    return out


def sent(out: IO[bytes]) -> Stream:
    def pieces() -> Iterator[bytes]:
        with out:
            while piece := out.read(PIECE_BYTES):
                yield piece

    headers = {"Content-Disposition": 'attachment; filename="arxos-export.zip"', "Cache-Control": "no-store"}
    return Stream(pieces(), media_type=TYPE, headers=headers, status_code=200)


@get("/api/v1/me/export", summary="Everything of oneself, as a zip of JSON files",
     **told("self", "forbidden", media=TYPE, answered="PK…"))
async def export(parts: Given, person: Caller) -> Stream:
    someone = callers.demand_session(person)
    out = await anyio.to_thread.run_sync(made, parts, someone)
    await anyio.to_thread.run_sync(_tell, parts, someone.id)
    return sent(out)


def _tell(parts: Parts, user_id: str) -> None:
    with parts.store.tables() as sql:
        audited(sql, user_id, "export person", {"person": user_id})


router = Router("/", route_handlers=[export])
