"""Endpoints: the addresses that want to be told, whose they are, what they want, and the secrets that sign for them.

An endpoint is a building's, for its managers, or of all buildings, for administrators. It is told no more than the
person who stands for it may read: once they may not, it is off (`may_tell`).
"""

from __future__ import annotations

import base64
import re
import secrets
from typing import Any

import msgspec

from arxos_sync.catalogue import Catalogue
from arxos_sync.problems import Problem, Unreadable
from arxos_sync.rights import at_least
from arxos_sync.store import Sql

from ..accounts.people import Person, granted_role, role_in
from ..listing import Listing, PageAsked, page_of
from ..operations.audit import audited
from ..outbound import pinned, read_allowed
from ..parts import Parts, instant, new_id, now, now_ms
from ..sealed import seal
from .events import KINDS, Event

SECRET_BYTES = 32
BOTH_SIGN_S = 24 * 3600  # after a secret was changed, the former one signs too
NAME_CHARS_MAX = 200
WORDS_MAX = 100
_PATTERN = re.compile(rf"([a-z_]+|\*)\.({'|'.join(KINDS)}|\*)\Z")


class Filter(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an endpoint wants; what is empty leaves nothing out. `events`: `element.updated`, `element.*`, `*.deleted`.
    `fields`: an update is told where it changed one of them.
    """

    tables: list[str] = msgspec.field(default_factory=list)
    events: list[str] = msgspec.field(default_factory=list)
    fields: list[str] = msgspec.field(default_factory=list)

    def wants(self, event: Event) -> bool:
        if self.tables and event.table not in self.tables:
            return False
        if self.events and not any(_fits(pattern, event) for pattern in self.events):
            return False
        return not (self.fields and event.kind == "updated" and not event.diff.keys() & set(self.fields))


class Endpoint(msgspec.Struct, frozen=True):
    """As people see it: never with its secret."""

    id: str
    building_id: str | None
    url: str
    name: str | None
    filter: Filter
    created_by: str
    created_at: str
    disabled_at: str | None
    disabled_because: str | None
    resting_until: str | None
    former_secret_until: str | None


def _fits(pattern: str, event: Event) -> bool:
    table, _, kind = pattern.partition(".")
    return table in ("*", event.table) and kind in ("*", event.kind)


def check_filter(catalogue: Catalogue, wanted: Filter) -> None:
    """Raises Unreadable with each word that means nothing here."""
    tables = catalogue.synced("building")
    columns = {name for table in tables.values() for name in table.columns}
    errors = [("$.filter.tables", f"there is no table {name}") for name in wanted.tables if name not in tables]
    errors += [("$.filter.fields", f"there is no column {name}") for name in wanted.fields if name not in columns]
    for pattern in wanted.events:
        found = _PATTERN.match(pattern)
        if found is None or (found[1] != "*" and found[1] not in tables):
            errors.append(("$.filter.events", f"{pattern} is no event: element.updated, element.*, *.deleted"))
    if max(len(wanted.tables), len(wanted.events), len(wanted.fields)) > WORDS_MAX:
        errors.append(("$.filter", f"more than {WORDS_MAX} words"))
    if errors:
        raise Unreadable(errors)


def check_name(name: str | None) -> None:
    if name is not None and len(name) > NAME_CHARS_MAX:
        raise Unreadable([("$.name", f"over {NAME_CHARS_MAX} characters")])


def demand_manager(parts: Parts, person: Person, building: str | None) -> None:
    """Raises Problem `not_found` where the building is not theirs to see, `forbidden` where they only may not."""
    if building is None:
        if not person.is_admin:
            raise Problem("forbidden", "All buildings at once are an administrator's.")
        return
    with parts.store.read(building) as reader:
        role = role_in(reader, person, now()) if reader.head().sequence else None
    if role is None:
        raise Problem("not_found", building)
    if not at_least(role, "manager"):
        raise Problem("forbidden", "that takes a manager")


def demand_known(parts: Parts, person: Person, building: str | None, what: str) -> None:
    """Managers alone know `what` there is. Raises Problem `not_found` to all others, as of what is not there."""
    try:
        demand_manager(parts, person, building)
    except Problem as problem:
        raise Problem("not_found", what) from problem


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def create(
    parts: Parts, person: Person, building: str | None, url: str, name: str | None, wanted: Filter
) -> tuple[Endpoint, str]:
    """A new endpoint, and its secret, which is not told again. Raises Problem."""
    demand_manager(parts, person, building)
    check_name(name)
    check_filter(parts.catalogue, wanted)
    pinned(url, read_allowed(parts.settings.outbound_allow))
    endpoint, secret = new_id(), new_secret()
    with parts.store.tables() as sql:
        sql.run(
            """
            insert into webhook_endpoint (id, building_id, url, name, secret, filter, created_by, created_at)
            values (:id, :building, :url, :name, :secret, :filter, :person, :now)
            """,
            id=endpoint, building=building, url=url, name=name, secret=seal(parts.tokens, secret),
            filter=msgspec.to_builtins(wanted), person=person.id, now=now(),
        )  # fmt: skip
        audited(sql, person.id, "add webhook", {"webhook": endpoint, "building": building})
        return one(sql, endpoint), secret


def one(sql: Sql, id: str) -> Endpoint:
    """Raises Problem `not_found`."""
    found = sql.rows("select * from webhook_endpoint where id = :id", id=id)
    if not found:
        raise Problem("not_found", f"webhook {id}")
    return shown(found[0])


def shown(row: dict[str, Any]) -> Endpoint:
    until = row["former_until"]
    return Endpoint(
        id=row["id"], building_id=row["building_id"], url=row["url"], name=row["name"],
        filter=msgspec.json.decode(row["filter"] or "{}", type=Filter), created_by=row["created_by"],
        created_at=row["created_at"], disabled_at=row["disabled_at"], disabled_because=row["disabled_because"],
        resting_until=row["resting_until"], former_secret_until=until if until and until > now() else None,
    )  # fmt: skip


def listed(
    sql: Sql, person: Person, building: str | None, wanted: PageAsked
) -> tuple[list[Endpoint], str | None, int]:
    """Those of the buildings they manage (an administrator: of all), where the next page begins, how many there are."""
    whose = {"everything": int(person.is_admin), "user": person.id, "building": building or "", "now": now()}
    found, more, total = page_of(sql, _LISTED, wanted, **whose)
    return [shown(row) for row in found], more, total


def change(parts: Parts, person: Person, id: str, changed: dict[str, Any]) -> Endpoint:
    """`url`, `name`, `filter`, `enabled`. Whoever turns it on again stands for it. Raises Problem."""
    if "url" in changed:
        pinned(changed["url"], read_allowed(parts.settings.outbound_allow))
    with parts.store.tables() as sql:
        for column in ("url", "name", "filter"):
            if column in changed:
                sql.run(_SET[column], id=id, value=changed[column])
        if changed.get("enabled") is True:
            sql.run(_ENABLE, id=id, person=person.id)
        elif changed.get("enabled") is False:
            disable(sql, id, "turned off by hand")
        audited(sql, person.id, "change webhook", {"webhook": id, "fields": sorted(changed)})
        return one(sql, id)


def rotate(parts: Parts, person: Person, id: str) -> tuple[Endpoint, str]:
    """A new secret; for a day the former one signs as well, so that no delivery fails meanwhile."""
    secret, until = new_secret(), instant(now_ms() + BOTH_SIGN_S * 1000)
    with parts.store.tables() as sql:
        sql.run(
            """
            update webhook_endpoint
            set former_secret = secret, former_until = :until, secret = :secret
            where id = :id
            """,
            id=id, secret=seal(parts.tokens, secret), until=until,
        )  # fmt: skip
        audited(sql, person.id, "rotate webhook secret", {"webhook": id})
        return one(sql, id), secret


def remove(sql: Sql, person: Person, id: str) -> None:
    """With all that was or would be delivered to it."""
    sql.run(
        "delete from webhook_try where delivery_id in (select id from webhook_delivery where endpoint_id = :id)", id=id
    )
    sql.run("delete from webhook_delivery where endpoint_id = :id", id=id)
    sql.run("delete from webhook_endpoint where id = :id", id=id)
    audited(sql, person.id, "remove webhook", {"webhook": id})


def disable(sql: Sql, id: str, because: str) -> bool:
    """Answers whether it was on until now."""
    return bool(
        sql.run(
            """
            update webhook_endpoint
            set disabled_at = :now, disabled_because = :because
            where id = :id and disabled_at is null
            """,
            id=id, because=because, now=now(),
        )
    )  # fmt: skip


def may_tell(sql: Sql, created_by: str, building: str | None) -> bool:
    """May the person who stands for an endpoint still read what it is told?"""
    found = sql.rows(
        """select is_admin from "user" where id = :id and disabled_at is null""", id=created_by
    )  # fmt: skip
    if not found:
        return False
    if found[0]["is_admin"]:
        return True
    return building is not None and at_least(granted_role(sql, created_by, building, now()), "manager")


_SET = {
    "url": "update webhook_endpoint set url = :value, resting_until = null where id = :id",
    "name": "update webhook_endpoint set name = :value where id = :id",
    "filter": "update webhook_endpoint set filter = :value where id = :id",
}
_ENABLE = """
    update webhook_endpoint
    set disabled_at = null, disabled_because = null, resting_until = null, created_by = :person
    where id = :id
    """
_THEIRS = """
    where (:everything = 1 or building_id in (
        select building_id from "grant"
        where user_id = :user and role in ('manager', 'owner') and (until is null or until > :now)
    ))
      and (:building = '' or building_id = :building)
    """
_LISTED = Listing(
    f"select * from webhook_endpoint {_THEIRS}",
    sorts=("created_at", "name", "url", "disabled_at"), searched=("name", "url"), page=50, page_max=200,
)  # fmt: skip
