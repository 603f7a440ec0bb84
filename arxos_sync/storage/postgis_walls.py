"""Row-level security on PostGIS: a second wall behind the checks of roles, should one of them be forgotten.

The pool's connections act as `arxos_application`, a role that owns nothing, cannot log in and cannot pass by a policy.
A transaction says in `arxos.scope` which scope it is about; of every synced table, of the log, the receipts and the
digests it sees and writes that scope's rows and no others, and none where nothing is said. Heads are seen by all (an
id and a number): followers and sockets ask for those of many scopes. Rows of the ledger and of the audit log are added
and read, never changed.

What is about all scopes at once, a person's work wherever it is, says so by `store.across()` and is done in another
role, `arxos_across`, which reads everything and writes nothing.

What the walls let through as a whole goes by views that the tables' owner has: `readable_building` lists the buildings
that `arxos.person` may read, and `placed_…` are the scope's rows for spatial questions: `&&` is not leakproof, so that
under a policy it would not use its index (19 ms against 0.2 ms). A view without a barrier is planned as if written out.

The walls are compared with what the catalogue asks for at each start and raised anew where they differ, so that tables
which come later are behind them too. They are raised by the owner; a superuser is needed by nobody, but to make the
roles takes CREATEROLE once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from ..catalogue import Catalogue, Table
from ..store import BuildingQuery
from .migrations import POSTGIS_LOCK
from .server_ddl import owner

ROLE, ACROSS = "arxos_application", "arxos_across"
_MAKE = "create role {role} nologin nosuperuser nobypassrls nocreatedb nocreaterole"
REMEDY = (
    f"As a superuser of PostgreSQL run {'; '.join(_MAKE.format(role=role) for role in (ROLE, ACROSS))}; "
    f"grant {ROLE}, {ACROSS} to LOGIN, with the server's own login; then start again."
)
BESIDE = ("change_log", "receipt", "scope_digest")
ONLY_ADDED = ("ledger", "audit_log")
ONLY_READ = ("schema_migration",)
_SCOPE = "current_setting('arxos.scope', true)"
_IS_PERSON = f"{_SCOPE} like 'user:%'"
_BUILDING = f"(case when {_IS_PERSON} then null else nullif({_SCOPE}, '') end)::uuid"
_PERSON = f"(case when {_IS_PERSON} then substr({_SCOPE}, 6) end)::uuid"


# ---------------------------------------------------------------- raising them


def raise_walls(connection: psycopg.Connection[Any], catalogue: Catalogue) -> None:
    """As the tables' owner. Where the role is not there and cannot be made, there is no wall, and `enter` says so."""
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", (POSTGIS_LOCK,))
        if not ensure_roles(connection):
            return
        wanted = "\n".join(_statements(catalogue, _tables(connection)))
        hashed = hashlib.sha256(wanted.encode()).hexdigest()
        held = connection.execute("select value from meta where key = 'walls'").fetchone()
        granted = connection.execute(f"select has_table_privilege('{ROLE}', 'meta', 'select')").fetchone()
        if held == (hashed,) and granted == (True,):
            return
        connection.execute(wanted)
        connection.execute(
            "insert into meta values ('walls', %s) on conflict (key) do update set value = excluded.value", (hashed,)
        )


def admit(connection: psycopg.Connection[Any], login: str) -> None:
    """As the owner: let another login act as the role."""
    with connection.transaction():
        for role in (ROLE, ACROSS):
            found = connection.execute("select pg_has_role(%s, %s, 'member')", (login, role)).fetchone()
            if found != (True,):
                connection.execute(f"grant {role} to {sql.Identifier(login).as_string(connection)}")


def ensure_roles(connection: psycopg.Connection[Any]) -> bool:
    """Make the roles where they are not there; False where this login cannot. Before a dump is restored, too: its
    policies name them.
    """
    return all(_has(connection, role) or _made(connection, role) for role in (ROLE, ACROSS))


def _has(connection: psycopg.Connection[Any], role: str) -> bool:
    return connection.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone() is not None


def _made(connection: psycopg.Connection[Any], role: str) -> bool:
    """Roles are the cluster's: another database's server may make it at the same moment."""
    try:
        with connection.transaction():
            connection.execute(f"{_MAKE.format(role=role)}; grant {role} to current_user")
    except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
        return True
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def _tables(connection: psycopg.Connection[Any]) -> list[str]:
    """This login's tables, but for those of extensions."""
    found = connection.execute(
        """
        select c.relname
        from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
          and c.relowner = current_user::regrole
          and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
        order by c.relname
        """
    )
    return [name for (name,) in found]


def _statements(catalogue: Catalogue, tables: list[str]) -> Iterator[str]:
    yield "revoke create on schema public from public;"
    yield f"grant usage on schema public to {ROLE}, {ACROSS};"
    for table in tables:
        yield f'revoke all on "{table}" from {ROLE}; grant {_granted(table)} on "{table}" to {ROLE};'
        yield f'grant select on "{table}" to {ACROSS};'
    for name in BESIDE:
        yield from _policy(name, f"scope = {_SCOPE}")
    yield from _policy("scope_head", f"scope = {_SCOPE}")
    yield 'drop policy if exists heads on scope_head;'
    yield f"create policy heads on scope_head for select to {ROLE} using (true);"
    for table in catalogue.synced().values():
        yield from _policy(table.name, f"{owner(table)} = {_own(table)}")
    yield from _view("readable_building", _READABLE)
    for table in catalogue.synced().values():
        if table.geometries:
            yield from _view(placed(table.name), f'select * from "{table.name}" where {owner(table)} = {_own(table)}')


def _granted(table: str) -> str:
    if table in ONLY_READ:
        return "select"
    return "select, insert" if table in ONLY_ADDED else "select, insert, update, delete"


def _policy(table: str, condition: str) -> Iterator[str]:
    yield f'alter table "{table}" enable row level security;'
    yield f'drop policy if exists own_scope on "{table}"; drop policy if exists every_scope on "{table}";'
    yield f'create policy own_scope on "{table}" for all to {ROLE} using ({condition}) with check ({condition});'
    yield f'create policy every_scope on "{table}" for select to {ACROSS} using (true);'


def _own(table: Table) -> str:
    return _PERSON if table.scope == "user" else _BUILDING


def _view(name: str, query: str) -> Iterator[str]:
    yield f"drop view if exists {name}; create view {name} as {query}; grant select on {name} to {ROLE};"


_READABLE = """
    select b.*, h.sequence as head, g.role as granted
    from building b
    left join scope_head h on h.scope = b.id::text
    left join "grant" g on g.building_id = b.id::text and g.user_id = (select current_setting('arxos.person', true))
      and (g.until is null or g.until > (select current_setting('arxos.now', true)))
    where b.deleted is null
      and (g.role is not null or b.visibility = 'public' or (select current_setting('arxos.everything', true) = 'yes'))
    """


def placed(table: str) -> str:
    """The view by which a scope's rows are asked for by place."""
    return f"placed_{table}"


# ---------------------------------------------------------------- behind them


def enter(connection: psycopg.Connection[Any]) -> bool:
    """Act as the role from now on; answers False where this login cannot."""
    try:
        connection.execute(f"set role {ACROSS}")
        connection.execute(f"set role {ROLE}")
    except (psycopg.errors.InvalidParameterValue, psycopg.errors.InsufficientPrivilege):
        connection.execute("reset role")
        return False
    (bare,) = connection.execute("select not has_table_privilege('meta', 'select')").fetchone() or (True,)
    if bare:
        connection.execute("reset role")
    return not bare


def about(scope: str) -> dict[str, str]:
    return {"arxos.scope": scope}


def asked_by(query: BuildingQuery) -> dict[str, str]:
    """Who may read what `query` lists."""
    everything = "yes" if query.everything else ""
    return {"arxos.person": query.user_id or "", "arxos.now": query.now, "arxos.everything": everything}


@contextmanager
def within(
    connection: psycopg.Connection[Any], begin: str, settings: dict[str, str], then: str = ""
) -> Iterator[psycopg.Connection[Any]]:
    """A transaction that knows what it is about from its first statement on, in one way there and back.

    `then`: a statement that goes along, in which {} is each value of `settings` in turn.
    """
    values = [sql.quote(value) for value in settings.values()]
    said = [f"set local {name} = {value}" for name, value in zip(settings, values, strict=True)]
    connection.execute("; ".join([begin, *said, *([then.format(*values)] if then else [])]), prepare=False)
    try:
        yield connection
    except BaseException:
        if not connection.closed:
            connection.rollback()
        raise
    connection.commit()

