"""Row-level security, asked by the server's own connections: what if a check of roles were forgotten?"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
import shapely

import schemas
from arxos_sync.problems import Problem
from arxos_sync.storage import postgis, postgis_walls
from arxos_sync.storage.postgis import PostgisStore
from arxos_sync.storage.server_ddl import owner
from arxos_sync.store import BuildingQuery, Head, RowQuery
from tests.engine.world import SCOPE, uid
from tests.storage.rows import DEVICE, PERSON, USER_SCOPE, batch, entry, put, row

CATALOGUE = schemas.catalogue()
OTHER = uid(0xB2)
BESIDE = ("change_log", "receipt", "scope_digest")
SYNCED = {name: owner(table) for name, table in CATALOGUE.synced().items()}


@pytest.fixture
def store(postgis_url: str) -> Iterator[PostgisStore]:
    opened = postgis.open_store(postgis_url, CATALOGUE, epoch="a life", pool_size=2)
    yield opened
    opened.close()


def fill(store: PostgisStore) -> None:
    """A row of every synced table, log, receipt and digest, in two buildings and a person's scope."""
    for scope in (SCOPE, OTHER):
        put(store, *(row(name, uid(0x1000 + n)) for n, name in enumerate(CATALOGUE.synced("building"))), scope=scope)
        with store.write(scope) as writer:
            writer.save(batch(head=9, device=DEVICE))
            writer.sql.run(
                """
                insert into change_log (scope, sequence, salt, device, n, stamp, received_at, content, before)
                values (:scope, 9, 's', 'd', 1, 't', 'at', '', '')
                """,
                scope=scope,
            )
            writer.sql.run(
                "insert into receipt (scope, device, n, nonce, content) values (:scope, 'd', 1, 'x', '')", scope=scope
            )
    put(store, *(row(name, uid(0x2000 + n)) for n, name in enumerate(CATALOGUE.synced("user"))), scope=USER_SCOPE)


def counted(store: PostgisStore, scope: str) -> dict[str, int]:
    """Rows of every walled table that a transaction about `scope` sees."""
    with store.tables() as sql:
        sql.rows("select set_config('arxos.scope', :scope, true)", scope=scope)
        return {name: sql.rows(f'select count(*) as n from "{name}"')[0]["n"] for name in (*SYNCED, *BESIDE)}


def test_without_a_scope_nothing_is_seen_and_with_one_its_own_alone(store: PostgisStore) -> None:
    fill(store)
    assert set(counted(store, "").values()) == {0}
    with store.tables() as sql:  # and where nothing was said at all
        assert {sql.rows(f'select count(*) as n from "{name}"')[0]["n"] for name in (*SYNCED, *BESIDE)} == {0}
    seen = counted(store, SCOPE)
    assert {name for name, n in seen.items() if n} == {*CATALOGUE.synced("building"), *BESIDE}
    assert max(seen[name] for name in SYNCED) == 1
    personal = counted(store, USER_SCOPE)
    assert {name for name, n in personal.items() if n} == {*CATALOGUE.synced("user"), "scope_digest"}
    assert set(counted(store, uid(0xB3)).values()) == {0}


def test_a_scopes_transaction_cannot_write_into_another(store: PostgisStore) -> None:
    fill(store)
    moves = [
        "insert into storey (building_id, id, sequence, born, merge_state) values (:other, :new, 1, 1, '{}')",
        "update storey set building_id = :other",
        "insert into scope_head (scope, sequence, salt, stamp) values (:new, 5, '', '')",
        "insert into receipt (scope, device, n, nonce, content) values (:other, 'd', 9, 'x', '')",
        "insert into change_log (scope, sequence, salt, device, n, stamp, received_at, content, before)"
        " values (:other, 99, 's', 'd', 1, 't', 'at', '', '')",
    ]
    for move in moves:
        with pytest.raises(Problem, match="row-level security"), store.write(SCOPE) as writer:
            writer.sql.run(move, **{n: v for n, v in {"other": OTHER, "new": uid(77)}.items() if f":{n}" in move})
    with store.write(SCOPE) as writer:
        assert writer.sql.run("update storey set name = 'x' where building_id = :other", other=OTHER) == 0
        assert writer.sql.run("delete from element where building_id = :other", other=OTHER) == 0
        assert writer.sql.run("update scope_head set sequence = 0 where scope = :other", other=OTHER) == 0
    with store.read(OTHER) as reader:
        assert reader.head() == Head(9, "salt9", "stamp9") and len(list(reader.live_rows())) == len(
            CATALOGUE.synced("building")
        )


WALLED = (*SYNCED, *BESIDE)
WRONG = {"nothing said": None, "empty": "", "another building": uid(0xB3), "another person": f"user:{uid(0xB4)}"}


@pytest.mark.parametrize("said", WRONG.values(), ids=WRONG.keys())
def test_of_every_walled_table_the_wrong_scope_sees_changes_and_adds_nothing(
    store: PostgisStore, postgis_url: str, said: str | None
) -> None:
    fill(store)
    before = held(postgis_url)
    assert all(before.values()), "each table has something to be kept from it"
    for name in WALLED:
        with store.tables() as sql:
            if said is not None:
                sql.rows("select set_config('arxos.scope', :scope, true)", scope=said)
            key = "scope" if name in BESIDE else SYNCED[name]
            assert sql.rows(f'select * from "{name}"') == [], name
            assert sql.run(f'update "{name}" set {key} = {key}') == sql.run(f'delete from "{name}"') == 0, name
        with pytest.raises(Problem, match="row-level security"), store.tables() as sql:
            if said is not None:
                sql.rows("select set_config('arxos.scope', :scope, true)", scope=said)
            sql.run(ADDED[name])
    assert held(postgis_url) == before


ADDED = {
    "change_log": "insert into change_log (scope, sequence, salt, device, n, stamp, received_at, content, before)"
    f" values ('{SCOPE}', 99, 's', 'd', 9, 't', 'at', '', '')",
    "receipt": f"insert into receipt (scope, device, n, nonce, content) values ('{SCOPE}', 'd', 99, 'x', '')",
    "scope_digest": f"insert into scope_digest (scope, table_name, sum) values ('{SCOPE}', 'x', '0')",
} | {
    name: f'insert into "{name}" ({key}, id, sequence, born, merge_state)'
    f" values ('{PERSON if key == 'user_id' else SCOPE}', '{uid(0x7777)}', 1, 1, '{{}}')"
    for name, key in SYNCED.items()
}  # fmt: skip


def held(url: str) -> dict[str, str]:
    """A sum over every walled table, by its owner."""
    with psycopg.connect(url) as connection:
        found = {
            name: connection.execute(
                f"select coalesce(md5(string_agg(t::text, '/' order by t::text)), '') from \"{name}\" t"  # type: ignore[arg-type]
            ).fetchone()
            for name in WALLED
        }
    return {name: row[0] for name, row in found.items() if row is not None}


def test_neither_role_is_a_way_past_a_policy(store: PostgisStore, postgis_url: str) -> None:
    """No attribute lets them by, they own nothing, and they are members of nobody who does."""
    roles = [postgis_walls.ROLE, postgis_walls.ACROSS]
    with psycopg.connect(postgis_url) as connection:
        attributes = connection.execute(
            """
            select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolcanlogin
            from pg_roles
            where rolname = any(%s)
            """,
            (roles,),
        ).fetchall()
        member_of = connection.execute(
            "select roleid::regrole::text from pg_auth_members where member::regrole::text = any(%s)", (roles,)
        ).fetchall()
        owned = connection.execute(
            """
            select objid from pg_shdepend
            where deptype = 'o' and refclassid = 'pg_authid'::regclass and refobjid::regrole::text = any(%s)
            """,
            (roles,),
        ).fetchall()
        definers = connection.execute(
            """
            select proname from pg_proc p
            where prosecdef and pronamespace = 'public'::regnamespace
              and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
            """
        ).fetchall()
        written = connection.execute(
            """
            select grantee, table_name, privilege_type from information_schema.role_table_grants
            where grantee = %s and privilege_type <> 'SELECT'
            """,
            (postgis_walls.ACROSS,),
        ).fetchall()
    assert attributes == [(False,) * 6] * 2
    assert member_of == owned == definers == written == []


@pytest.mark.parametrize("statement", [
    "alter table element disable row level security",
    "drop policy own_scope on element",
    "create policy mine on element using (true)",
    f"alter role {postgis_walls.ROLE} bypassrls",
    "create table elsewhere (id text)",
    "truncate element",
    "create or replace view readable_building as select * from building",
    "update audit_log set action = 'nothing'",
    "delete from audit_log",
    "update ledger set points = 1000",
    "delete from ledger",
    "insert into schema_migration values (99, 'x')",
])  # fmt: skip
def test_the_role_cannot_take_a_wall_down(store: PostgisStore, statement: str) -> None:
    with pytest.raises(Problem, match=r"must be owner|permission denied|must be superuser"), store.tables() as sql:
        sql.run(statement)  # type: ignore[arg-type]


def test_every_table_of_the_catalogue_stands_behind_its_wall(store: PostgisStore, postgis_url: str) -> None:
    with psycopg.connect(postgis_url) as connection:
        walled = connection.execute("select relname from pg_class where relrowsecurity").fetchall()
        role = connection.execute(
            "select rolsuper, rolbypassrls, rolcanlogin from pg_roles where rolname = %s", (postgis_walls.ROLE,)
        ).fetchone()
        owned = connection.execute(
            "select count(*) from pg_class where relowner = %s::regrole", (postgis_walls.ROLE,)
        ).fetchone()
    assert {name for (name,) in walled} == {*SYNCED, *BESIDE, "scope_head"}
    assert role == (False, False, False) and owned == (0,)
    with store.tables() as sql:
        assert sql.rows("select current_user as who") == [{"who": postgis_walls.ROLE}]
        assert sql.rows("select current_setting('row_security') as on")[0]["on"] == "on"


def test_what_is_about_all_scopes_says_so_and_writes_nothing(store: PostgisStore) -> None:
    fill(store)
    with store.across() as sql:
        for name in (*SYNCED, *BESIDE, "scope_head"):
            assert sql.rows(f'select count(*) as n from "{name}"')[0]["n"] >= 1  # type: ignore[arg-type]
    for statement in ("update element set name = 'x'", "delete from ledger", "insert into mail (id) values ('x')"):
        with pytest.raises(Problem, match="permission denied|read-only"), store.across() as sql:
            sql.run(statement)  # type: ignore[arg-type]
    with store.tables() as sql:
        assert sql.rows("select current_user as who") == [{"who": postgis_walls.ROLE}]


def test_lists_of_buildings_are_of_those_the_person_may_read(store: PostgisStore) -> None:
    far = uid(0xB3)
    for id, visibility in ((SCOPE, "private"), (OTHER, "public"), (far, "private")):
        put(store, row("building", id, name=id, visibility=visibility), scope=id)
    with store.tables() as sql:
        sql.run(
            """insert into "grant" (user_id, building_id, role, created_at) values (:who, :what, 'viewer', 'then')""",
            who=PERSON, what=SCOPE,
        )  # fmt: skip
        assert sql.rows("select id from readable_building where visibility = 'private'") == []
    for query, expected in (
        (BuildingQuery(user_id=PERSON), [(SCOPE, "viewer"), (OTHER, "anonymous")]),
        (BuildingQuery(user_id=uid(5)), [(OTHER, "anonymous")]),
        (BuildingQuery(), [(OTHER, "anonymous")]),
        (BuildingQuery(everything=True), [(SCOPE, "owner"), (OTHER, "anonymous"), (far, "owner")]),
    ):
        found, total = store.buildings(query)
        roles = [(one.row.id, one.role) for one in found]
        assert [id for id, _ in roles] == [id for id, _ in expected] and total == len(expected)
        if not query.everything:
            assert roles == expected


def test_rows_by_place_use_their_index_behind_the_wall(store: PostgisStore, postgis_url: str) -> None:
    """`&&` under a policy would not: the view has it planned as if there were none."""
    place = "ST_MakeEnvelope(0, 0, 1, 1, 0)"
    with psycopg.connect(postgis_url) as connection:
        connection.execute(
            """
            insert into element (building_id, id, sequence, born, merge_state, geometry)
            select %s, gen_random_uuid(), 1, 1, '{"birth": [1, "d", "s"]}', ST_SetSRID(ST_MakePoint(n, n, 0), 0)
            from generate_series(1, 20000) n
            """,
            (SCOPE,),
        )
        connection.execute("analyze element")
    with store.read(SCOPE) as reader:
        plans = {
            name: str(reader.sql.rows(f"explain select id from {name} where ST_Intersects(geometry, {place})"))
            for name in ("element", "placed_element")
        }
    assert "element_by_geometry_place" in plans["placed_element"]
    assert "element_by_geometry_place" not in plans["element"], "then the view is not needed any more"
    area = shapely.box(0, 0, 10, 10).wkb
    with store.read(SCOPE) as reader:
        assert reader.listed(RowQuery("element", area=area, limit=5))[1] == 10
    with store.read(OTHER) as reader:
        assert reader.listed(RowQuery("element", area=area, limit=5))[1] == 0


def test_many_rows_go_by_copy_and_stay_behind_the_wall(store: PostgisStore) -> None:
    made = batch(*(row("element", uid(0x3000 + n), name=str(n)) for n in range(50)))
    made.log += [entry(n, n) for n in range(1, 51)]
    with store.write(SCOPE) as writer:
        writer.save(made)
        writer.save(batch(head=2))
    with store.read(SCOPE) as reader:
        assert len(list(reader.log(0))) == 50
    with store.read(OTHER) as reader:
        assert list(reader.log(0)) == [] and list(reader.live_rows()) == []


# ---------------------------------------------------------------- who may raise them


def login(url: str, name: str, options: str = "") -> str:
    """A login of the cluster's, made anew; answers its address."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create role {name} login {options}")
    parts = urlsplit(url)
    return parts._replace(netloc=f"{name}@").geturl()


def test_a_login_without_tables_serves_and_cannot_leave_its_role(postgis_url: str) -> None:
    name = f"serving_{postgis_url.partition('test_')[2][:12]}"
    serving = login(postgis_url, name)
    store = postgis.open_store(serving, CATALOGUE, epoch="a life", pool_size=1, owner_url=postgis_url)
    try:
        assert store.walled
        put(store, row("storey", uid(1), name="Ground"))
        with store.tables() as sql:
            sql.run("reset role")
            assert sql.rows("select current_user as who") == [{"who": name}]
            assert sql.run("update storey set name = 'x'") == sql.run("delete from storey") == 0
        with pytest.raises(Problem, match="must be owner"), store.tables() as sql:
            sql.run("reset role")
            sql.run("alter table storey disable row level security")
    finally:
        store.close()


def test_an_owner_who_is_no_superuser_raises_them_where_the_role_is_theirs(postgis_url: str) -> None:
    name = f"owning_{postgis_url.partition('test_')[2][:12]}"
    owning = login(postgis_url, name)
    database = urlsplit(postgis_url).path.strip("/")
    with psycopg.connect(postgis_url, autocommit=True) as connection:
        postgis_walls.ensure_roles(connection)
        connection.execute(f"grant {postgis_walls.ROLE}, {postgis_walls.ACROSS} to {name}")
        connection.execute(f'grant all on schema public to {name}; alter database "{database}" owner to {name}')
    store = postgis.open_store(owning, CATALOGUE, epoch="a life", pool_size=1)
    try:
        assert store.walled
        fill(store)
        assert set(counted(store, "").values()) == {0}
    finally:
        store.close()


def test_where_the_role_is_not_the_logins_the_store_says_that_nothing_stands(postgis_url: str) -> None:
    name = f"bare_{postgis_url.partition('test_')[2][:12]}"
    bare = login(postgis_url, name)
    database = urlsplit(postgis_url).path.strip("/")
    with psycopg.connect(postgis_url, autocommit=True) as connection:
        connection.execute(f'grant all on schema public to {name}; alter database "{database}" owner to {name}')
    store = postgis.open_store(bare, CATALOGUE, epoch="a life", pool_size=1)
    try:
        assert not store.walled and "grant" in postgis_walls.REMEDY
        put(store, row("storey", uid(1), name="Ground"))
        with store.read(SCOPE) as reader:
            assert len(list(reader.live_rows())) == 1
    finally:
        store.close()


def test_tables_that_come_later_are_walled_at_the_next_start(store: PostgisStore, postgis_url: str) -> None:
    with psycopg.connect(postgis_url, autocommit=True) as connection:
        connection.execute("alter table element disable row level security; create table later (id text)")
        held = connection.execute("select value from meta where key = 'walls'").fetchone()
        postgis_walls.raise_walls(connection, CATALOGUE)
        assert connection.execute("select value from meta where key = 'walls'").fetchone() != held
        assert connection.execute("select relrowsecurity from pg_class where relname = 'element'").fetchone() == (True,)
    with store.tables() as sql:
        assert sql.rows("select count(*) as n from later") == [{"n": 0}]
