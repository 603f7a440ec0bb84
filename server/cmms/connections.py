"""Connections: the maintenance systems a building is tied to, the fields that correspond, and what went to and fro.

The secret of a connection is kept sealed; it is neither answered nor logged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from arxos_sync.problems import Problem, Unreadable
from arxos_sync.store import Sql

from ..accounts.people import Person, reading
from ..listing import Listing, PageAsked, page_of
from ..operations.audit import audited
from ..outbound import pinned, read_allowed
from ..parts import Parts, instant, new_id, now, now_ms
from ..sealed import seal
from .endpoints import check_name, demand_manager
from .mapping import PLAIN, TABLE, Mapping, check_mappings

KINDS = ("rest",)
LOG_KEPT_DAYS = 90
SAME_AGAIN_S = 86_400
_SECRET = re.compile(r"[!-~]{1,4096}\Z")  # what a header can carry


class Connection(msgspec.Struct, frozen=True):
    """As people see it. `problem`: of the last turn, which failed `tries` times since one went well."""

    id: str
    building_id: str
    kind: str
    url: str
    name: str | None
    has_secret: bool
    created_by: str | None
    created_at: str
    paused_at: str | None
    next_turn_at: str | None
    tries: int
    problem: str | None
    sent_to: int
    heard_to: str | None
    mappings: list[Mapping]


class LogLine(msgspec.Struct, frozen=True):
    id: str
    at: str
    direction: str
    outcome: str
    detail: dict[str, Any]


def create(
    parts: Parts, person: Person, building: str, kind: str, url: str, name: str | None, secret: str | None,
    mappings: list[Mapping] | None,
) -> Connection:  # fmt: skip
    """Raises Problem."""
    demand_manager(parts, person, building)
    if kind not in KINDS:
        raise Unreadable([("$.kind", f"it can be {', '.join(KINDS)}")])
    check_name(name)
    check_secret(secret)
    mapped = PLAIN if mappings is None else mappings
    check_mappings(parts.catalogue.tables[TABLE], mapped)
    pinned(url, read_allowed(parts.settings.outbound_allow))
    connection = new_id()
    with parts.store.tables() as sql:
        sql.run(
            """
            insert into cmms_connection
                (id, building_id, kind, url, secret, name, created_by, created_at, sent_to, tries)
            values (:id, :building, :kind, :url, :secret, :name, :person, :now, 0, 0)
            """,
            id=connection, building=building, kind=kind, url=url, name=name, person=person.id, now=now(),
            secret=seal(parts.tokens, secret) if secret else None,
        )  # fmt: skip
        set_mappings(sql, connection, mapped)
        audited(sql, person.id, "add connection", {"connection": connection, "building": building})
        return one(sql, connection)


def check_secret(secret: str | None) -> None:
    if secret is not None and not _SECRET.match(secret):
        raise Unreadable([("$.secret", "1 to 4,096 characters of ASCII without blanks")])


def set_mappings(sql: Sql, connection: str, mappings: Iterable[Mapping]) -> None:
    sql.run("delete from cmms_mapping where connection_id = :id", id=connection)
    for mapping in mappings:
        sql.run(
            """
            insert into cmms_mapping (id, connection_id, ours, theirs, direction, words)
            values (:id, :connection, :ours, :theirs, :direction, :words)
            """,
            id=new_id(), connection=connection, ours=mapping.ours, theirs=mapping.theirs,
            direction=mapping.direction, words=mapping.words,
        )  # fmt: skip


def mappings_of(sql: Sql, connection: str) -> list[Mapping]:
    found = sql.rows("select * from cmms_mapping where connection_id = :id order by id", id=connection)
    return [
        Mapping(row["ours"], row["theirs"], row["direction"], msgspec.json.decode(row["words"] or "{}"))
        for row in found
    ]


def one(sql: Sql, id: str) -> Connection:
    """Raises Problem `not_found`."""
    found = sql.rows("select * from cmms_connection where id = :id", id=id)
    if not found:
        raise Problem("not_found", f"connection {id}")
    return _shown(sql, found[0])


def _shown(sql: Sql, row: dict[str, Any]) -> Connection:
    return Connection(
        id=row["id"], building_id=row["building_id"], kind=row["kind"], url=row["url"], name=row["name"],
        has_secret=bool(row["secret"]), created_by=row["created_by"], created_at=row["created_at"],
        paused_at=row["paused_at"], next_turn_at=row["next_turn_at"], tries=row["tries"] or 0,
        problem=row["problem"], sent_to=row["sent_to"] or 0, heard_to=row["heard_to"],
        mappings=mappings_of(sql, row["id"]),
    )  # fmt: skip


def listed(
    sql: Sql, person: Person, building: str | None, wanted: PageAsked
) -> tuple[list[Connection], str | None, int]:
    """Those of the buildings they manage, where the next page begins, and how many there are."""
    whose = {"everything": int(person.is_admin), "user": person.id, "building": building or "", "now": now()}
    found, more, total = page_of(sql, _LISTED, wanted, **whose)
    return [_shown(sql, row) for row in found], more, total


def change(parts: Parts, person: Person, id: str, changed: dict[str, Any]) -> Connection:
    """`url`, `name`, `secret`, `mappings`, `paused`. Whoever lets it go on again stands for it. Raises Problem."""
    check_name(changed.get("name"))
    check_secret(changed.get("secret"))
    if "url" in changed:
        pinned(changed["url"], read_allowed(parts.settings.outbound_allow))
    if "mappings" in changed:
        check_mappings(parts.catalogue.tables[TABLE], changed["mappings"])
    with parts.store.tables() as sql:
        for column in ("url", "name", "secret"):
            if column in changed:
                value = changed[column]
                sql.run(_SET[column], id=id, value=seal(parts.tokens, value) if column == "secret" and value else value)
        if "mappings" in changed:
            set_mappings(sql, id, changed["mappings"])
            sql.run(_ALL_ANEW, id=id)
            sql.run("update cmms_link set their_version = '' where connection_id = :id", id=id)
        if changed.get("paused") is True:
            pause(sql, id, None)
        elif changed.get("paused") is False:
            sql.run(_GO_ON, id=id, person=person.id)
        audited(sql, person.id, "change connection", {"connection": id, "fields": sorted(changed)})
        return one(sql, id)


def pause(sql: Sql, id: str, problem: str | None) -> None:
    sql.run(
        """
        update cmms_connection
        set paused_at = :now, problem = coalesce(:problem, problem)
        where id = :id and paused_at is null
        """,
        id=id, now=now(), problem=problem,
    )  # fmt: skip


def remove(sql: Sql, person: Person, id: str) -> None:
    """The rows stay, here and there; that they belong together is forgotten."""
    for table in ("cmms_mapping", "cmms_sync_log", "cmms_link"):
        sql.run(_OF_CONNECTION[table], id=id)
    sql.run("delete from cmms_connection where id = :id", id=id)
    audited(sql, person.id, "remove connection", {"connection": id})


def write_log(sql: Sql, connection: str, direction: str, outcome: str, **detail: Any) -> None:
    """A line; what goes wrong again and again in the same words is told once a day."""
    told = msgspec.json.encode(detail).decode()
    if outcome in ("refused", "failed", "remark"):
        since = instant(now_ms() - SAME_AGAIN_S * 1000)
        same = {"connection": connection, "direction": direction, "outcome": outcome, "detail": told, "since": since}
        if sql.rows(f"{_SAME} limit 1", **same):
            return
    sql.run(
        """
        insert into cmms_sync_log (id, connection_id, at, direction, outcome, detail)
        values (:id, :connection, :at, :direction, :outcome, :detail)
        """,
        id=new_id(), connection=connection, at=now(), direction=direction, outcome=outcome, detail=told,
    )  # fmt: skip


def log_page(
    sql: Sql, connection: str, outcome: str | None, wanted: PageAsked
) -> tuple[list[LogLine], str | None, int]:
    """The latest first, unless another order is wanted."""
    found, more, total = page_of(sql, _LOG, wanted, connection=connection, outcome=outcome or "")
    lines = [
        LogLine(row["id"], row["at"], row["direction"], row["outcome"], msgspec.json.decode(row["detail"] or "{}"))
        for row in found
    ]
    return lines, more, total


def forget_old(parts: Parts) -> None:
    """A round: lines that are long past."""
    before = instant(now_ms() - LOG_KEPT_DAYS * 86_400_000)
    with reading(parts.store) as sql:
        if not sql.rows("select id from cmms_sync_log where at < :before limit 1", before=before):
            return
    with parts.store.tables() as sql:
        sql.run("delete from cmms_sync_log where at < :before", before=before)


_SET = {
    "url": "update cmms_connection set url = :value, next_turn_at = null where id = :id",
    "name": "update cmms_connection set name = :value where id = :id",
    "secret": "update cmms_connection set secret = :value, next_turn_at = null where id = :id",
}
_ALL_ANEW = "update cmms_connection set sent_to = 0, heard_to = null, next_turn_at = null where id = :id"
_GO_ON = """
    update cmms_connection
    set paused_at = null, problem = null, tries = 0, next_turn_at = null, created_by = :person
    where id = :id
    """
_OF_CONNECTION = {
    "cmms_mapping": "delete from cmms_mapping where connection_id = :id",
    "cmms_sync_log": "delete from cmms_sync_log where connection_id = :id",
    "cmms_link": "delete from cmms_link where connection_id = :id",
}
_THEIRS = """
    where (:everything = 1 or building_id in (
        select building_id from "grant"
        where user_id = :user and role in ('manager', 'owner') and (until is null or until > :now)
    ))
      and (:building = '' or building_id = :building)
    """
_LISTED = Listing(
    f"select * from cmms_connection {_THEIRS}",
    sorts=("created_at", "name", "url", "next_turn_at"), searched=("name", "url", "problem"), page=50, page_max=200,
)  # fmt: skip
_SAME = """
    select id from cmms_sync_log
    where connection_id = :connection and direction = :direction and outcome = :outcome and detail = :detail
      and at > :since
    """
_LOG = Listing(
    "select * from cmms_sync_log where connection_id = :connection and (:outcome = '' or outcome = :outcome)",
    sorts=("-id", "at", "direction", "outcome"), searched=("direction", "outcome", "detail"), page=50, page_max=200,
)  # fmt: skip
