"""The things that addresses name beside buildings and their rows: one's logins, one's inbox, who works where, who is
told. Each is made when it is first asked for, in the store itself, as the routes make it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, LiteralString

from arxos_sync.intake import Author
from arxos_sync.store import RowQuery, Sql
from server.accounts import organisations
from server.accounts.people import NOBODY, Person, reading
from server.attachments.files import write_whole
from server.cmms import connections, deliveries, endpoints
from server.cmms.endpoints import Filter
from server.exports import activity
from server.exports.job import name_of
from server.jobs import work
from server.notifications import pushing
from server.notifications.inbox import TABLE, deliver
from server.notifications.notices import Notice
from server.parts import Parts, instant, new_id, now, now_ms
from server.wallet.disputes import open_dispute
from server.wallet.rewards import Deed, credit

from .kinds import ENDED, INSIDE, MINE

if TYPE_CHECKING:
    from .world import Place, Somebody, World

NOBODY_LISTENS = "http://127.0.0.1:9"  # and the server that is asked may not call it
_OF_A_PERSON = (
    "session", "device", "token", "passkey", "account", "subscription", "link", "notice", "job",
)  # fmt: skip
_AT_WORK = ("organisation", "colleague", "colleague invited")
# What a refused call must leave as it is.
_STANDS: dict[str, LiteralString] = {
    "session": "select revoked_at from session where id = :id",
    "device": "select name, revoked_at from device where id = :id",
    "token": "select revoked_at from api_token where id = :id",
    "passkey": "select name from passkey where id = :id",
    "subscription": "select gone_at from push_subscription where id = :id",
    "job": "select state from job where id = :id",
    "organisation": "select name from organisation where id = :id",
    "colleague": "select role, ended_at from account where id = :id",
    "colleague invited": "select revoked_at from invitation where id = :id",
    "invitation": "select revoked_at from invitation where id = :id",
    "dispute": "select state from wallet_dispute where id = :id",
    "entry": "select count(*) as disputes from wallet_dispute where entry_id = :id",
    "webhook": "select url, secret, filter, disabled_at from webhook_endpoint where id = :id",
    "connection": "select url, name, secret, paused_at from cmms_connection where id = :id",
}


class Things:
    def __init__(self, world: World) -> None:
        self._world, self._parts = world, world.parts
        self._made: dict[tuple[str, str], str] = {}
        self._stood: dict[tuple[str, str], Any] = {}
        self._earner = world.somebody("earner")

    def id(self, kind: str, target: str, somebody: Somebody, place: Place | None, other: Somebody) -> str:
        """Of what a case is about; `other`: whose a thing is that is another person's."""
        if target == "guessed":
            return new_id()
        somebody = somebody if somebody.id else self._earner  # nobody has nothing
        if kind in _AT_WORK:
            return self._at_work(kind, target, somebody, other)
        if kind in (*_OF_A_PERSON, "login"):
            return self._of(kind, target, other if target == "others" else somebody)
        if target == MINE:
            return self._entry(somebody, self._world.places["others"].building)
        assert place is not None
        return self._in(kind, target, place)

    def _once(self, kind: str, whose: str, make: Callable[[], str]) -> str:
        """`kind`: a word, and how it came to stand otherwise."""
        key = kind, whose
        if key not in self._made:
            id = self._made[key] = make()
            self._stood[key] = self._stands(kind.partition(",")[0], whose, id)
        return self._made[key]

    def changed(self, those: Collection[str]) -> list[str]:
        """What is otherwise than when it was made, of what belongs to `those` people, buildings and organisations."""
        now = {key: self._stands(key[0].partition(",")[0], key[1], id) for key, id in self._made.items()}
        return [
            f"{kind} of {whose}: it was {self._stood[kind, whose]}, and it is {stands}"
            for (kind, whose), stands in now.items()
            if whose in those and stands != self._stood[kind, whose]
        ]

    def _stands(self, kind: str, whose: str, id: str) -> Any:
        if kind == "notice":
            return self._read_at(whose, id)
        with reading(self._parts.store) as sql:
            return sql.rows(_STANDS[kind], id=id) if kind in _STANDS else None

    def _read_at(self, user_id: str, id: str) -> Any:
        with self._parts.store.read(f"user:{user_id}") as reader:
            return reader.listed(RowQuery(TABLE, {"id": id}, limit=1))[0][0].values["read_at"]

    # ------------------------------------------------------------ of a person

    def _of(self, kind: str, target: str, whose: Somebody) -> str:
        if kind == "login":  # it ends when it is asked for
            return self._parts.sessions.open(whose.id, "a login")[0]
        named = f"{kind}, {ENDED}" if target == ENDED else kind
        return self._once(named, whose.id, lambda: self._make(kind, whose.id, target == ENDED))

    def _make(self, kind: str, user_id: str, ended: bool) -> str:
        if kind == "notice":
            return _notice(self._parts, user_id)
        if kind == "session":
            id = self._parts.sessions.open(user_id, "another login")[0]
            if ended:
                self._parts.sessions.end(id)
            return id
        with self._parts.store.tables() as sql:
            id = _MAKERS[kind](sql, user_id)
            if ended:
                sql.run(_END[kind], id=id, now=now())
        return id

    # ------------------------------------------------------------ at work

    def _at_work(self, kind: str, target: str, somebody: Somebody, other: Somebody) -> str:
        within = "own" if target in INSIDE else target
        whose = other if within == "others" else somebody
        standing = "own" if within == "others" else within
        organisation = self._once(
            f"organisation, {standing}", whose.id, lambda: self._organisation(whose.id, standing)
        )  # fmt: skip
        if kind == "organisation":
            return organisation
        if target == "guessed row":
            return new_id()
        if target == "others' row":
            return self._at_work(kind, "others", somebody, other)
        if kind == "colleague" and standing == "at work":
            return self._account(organisation, whose.id)  # one's own: who is no administrator may only leave
        ended = target == "deleted row"
        make = self._colleague if kind == "colleague" else self._invited
        return self._once(f"{kind}, {ENDED}" if ended else kind, organisation, lambda: make(organisation, ended))

    def _organisation(self, user_id: str, standing: str) -> str:
        id = new_id()
        with self._parts.store.tables() as sql:
            sql.run("insert into organisation (id, name, created_at) values (:id, 'Works', :now)", id=id, now=now())
            organisations.join(sql, self._earner.id, id, "admin")
            organisations.join(sql, user_id, id, "admin" if standing == "own" else "member")
            if standing == ENDED:
                sql.run(
                    "update account set ended_at = :now where user_id = :user_id and organisation_id = :id",
                    now=now(), user_id=user_id, id=id,
                )  # fmt: skip
        return id

    def _account(self, organisation: str, user_id: str) -> str:
        with reading(self._parts.store) as sql:
            found = sql.rows(
                "select id from account where organisation_id = :id and user_id = :user_id",
                id=organisation, user_id=user_id,
            )  # fmt: skip
        return str(found[0]["id"])

    def _colleague(self, organisation: str, ended: bool) -> str:
        colleague = self._world.somebody("colleague")
        with self._parts.store.tables() as sql:
            id = organisations.join(sql, colleague.id, organisation, "member")
            if ended:
                sql.run("update account set ended_at = :now where id = :id", now=now(), id=id)
        return id

    def _invited(self, organisation: str, ended: bool) -> str:
        return self._invitation(NOBODY, organisation, ended)

    # ------------------------------------------------------------ in a building

    def _in(self, kind: str, target: str, place: Place) -> str:
        if target == "guessed row" and kind != "webhook":
            return new_id()
        if target == "others' row" and kind != "webhook":
            return self._in(kind, "own", self._world.places["others"])
        ended = target == ENDED or (target == "deleted row" and kind != "webhook")
        if kind == "delivery" and ended:
            return new_id()  # it went with its webhook
        return self._once(
            f"{kind}, {ENDED}" if ended else kind, place.building, lambda: self._make_in(kind, place, ended)
        )  # fmt: skip

    def _make_in(self, kind: str, place: Place, ended: bool) -> str:
        match kind:
            case "entry":
                return self._entry(self._earner, place.building)
            case "dispute":
                return open_dispute(self._parts, self._person(self._earner), self._entry(self._earner, place.building),
                                    "Two doors").id  # fmt: skip
            case "invitation":
                return self._invitation(place.building, None, ended)
            case "validation":
                return self._world.finding(place.building, ended)
            case "export":
                return self._export(place.building, ended)
            case "webhook":
                return self._webhook(place.building, ended)
            case "delivery":
                endpoint = self._in("webhook", "own", place)
                with self._parts.store.tables() as sql:
                    return deliveries.queue_test(sql, endpoints.one(sql, endpoint), self._world.proprietor.id)
        assert kind == "connection", kind
        return self._connection(place.building, ended)

    def _person(self, somebody: Somebody) -> Person:
        return Person(somebody.id, "", somebody.caller, False)

    def _entry(self, whose: Somebody, building: str) -> str:
        deed = Deed("validation.confirmed", new_id(), building, whose.id, now(), now()[:10])
        assert credit(self._parts, [deed]) == 1
        return deed.entry_id

    def _invitation(self, building: str, organisation: str | None, ended: bool) -> str:
        id = new_id()
        with self._parts.store.tables() as sql:
            sql.run(
                """
                insert into invitation (id, building_id, organisation_id, role, token_hash, invited_by, created_at,
                  expires_at, revoked_at)
                values (:id, :building, :organisation, :role, :id, :by, :now, :until, :revoked_at)
                """,
                id=id, building=building, organisation=organisation, role="member" if organisation else "viewer",
                by=self._world.proprietor.id, now=now(), until=instant(now_ms() + 86_400_000),
                revoked_at=now() if ended else None,
            )  # fmt: skip
        return id

    def _export(self, building: str, ended: bool) -> str:
        """One that is done, with its file; `ended`: it has been there for a week."""
        id = new_id()
        with self._parts.store.write(building) as writer:
            activity.begin(self._parts, writer, id, Author(self._world.proprietor.id, "", "owner"), "csv", {})
        until = instant(now_ms() + 86_400_000)
        activity.tell(self._parts, building, id, state="done", sequence_exported=1, expires_at=until)
        write_whole(self._parts.settings.data_dir / name_of(building, id), b"a file")
        if ended:
            activity.drop(self._parts, building, id)
        return id

    def _webhook(self, building: str, ended: bool) -> str:
        by = self._person(self._world.proprietor)
        made, _ = endpoints.create(self._parts, by, building, NOBODY_LISTENS, None, Filter(tables=["system"]))
        if ended:
            with self._parts.store.tables() as sql:
                endpoints.remove(sql, by, made.id)
        return made.id

    def _connection(self, building: str, ended: bool) -> str:
        by = self._person(self._world.proprietor)
        made = connections.create(self._parts, by, building, "rest", NOBODY_LISTENS, None, "secret", None)
        with self._parts.store.tables() as sql:
            connections.pause(sql, made.id, None)
            if ended:
                connections.remove(sql, by, made.id)
        return made.id


def _notice(parts: Parts, user_id: str) -> str:
    told = Notice(new_id(), user_id, "comment", "New answer", "House", "/", new_id(), "House", now())
    deliver(parts, [told])
    return told.id


# ---------------------------------------------------------------- a row each


def _device(sql: Sql, user_id: str) -> str:
    return _insert(
        sql, user_id,
        "insert into device (id, user_id, created_at, seen_at, granted) values (:id, :user_id, :now, :now, '{}')",
    )  # fmt: skip


def _token(sql: Sql, user_id: str) -> str:
    return _insert(
        sql, user_id,
        """
        insert into api_token (id, user_id, name, token_hash, created_at)
        values (:id, :user_id, 'QGIS', :id, :now)
        """,
    )  # fmt: skip


def _passkey(sql: Sql, user_id: str) -> str:
    return _insert(
        sql, user_id,
        """
        insert into passkey (id, user_id, name, public_key, sign_count, created_at)
        values (:id, :user_id, 'Phone', '', 0, :now)
        """,
    )  # fmt: skip


def _account(sql: Sql, user_id: str) -> str:
    organisation = _insert(sql, user_id, "insert into organisation (id, name, created_at) values (:id, 'Works', :now)")
    return organisations.join(sql, user_id, organisation, "member")


def _subscription(sql: Sql, user_id: str) -> str:
    return pushing.subscribe(sql, user_id, f"https://push.example.org/{new_id()}", "p", "a", new_id(), now())


def _link(sql: Sql, user_id: str) -> str:
    return _insert(
        sql, user_id,
        """
        insert into notification_digest (user_id, mailed_at, unsubscribe)
        values (:user_id, :now, :id)
        on conflict (user_id)
        do update set unsubscribe = excluded.unsubscribe
        """,
    )  # fmt: skip


def _job(sql: Sql, user_id: str) -> str:
    """One that no process of this program takes."""
    return work.ask(sql, "of another version", user_id=user_id)


def _insert(sql: Sql, user_id: str, statement: LiteralString) -> str:
    id = new_id()
    sql.run(statement, id=id, user_id=user_id, now=now())
    return id


_MAKERS = {
    "device": _device, "token": _token, "passkey": _passkey, "account": _account, "subscription": _subscription,
    "link": _link, "job": _job,
}  # fmt: skip
_END: dict[str, LiteralString] = {
    "device": "update device set revoked_at = :now where id = :id",
    "token": "update api_token set revoked_at = :now where id = :id",
    "passkey": "delete from passkey where id = :id",
    "account": "update account set ended_at = :now where id = :id",
    "subscription": "delete from push_subscription where id = :id",
}