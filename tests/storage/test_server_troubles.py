"""A database that does not answer becomes the problem `unavailable`, and the store works again afterwards."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

import schemas
from arxos_sync.problems import Problem
from arxos_sync.storage import postgis, spatialite_server
from arxos_sync.storage.driver import connect, sqlite
from arxos_sync.store import Batch, Head
from tests.engine.world import EPOCH, SCOPE, uid
from tests.storage.rows import put, row


def test_a_file_that_another_program_is_writing_is_unavailable_for_now(tmp_path: Path):
    store = spatialite_server.open_store(tmp_path, schemas.catalogue(), epoch=EPOCH)
    store._writer.execute("pragma busy_timeout = 1")
    other = connect(tmp_path / spatialite_server.FILE, spatialite=False)
    other.execute("begin immediate")
    with pytest.raises(Problem) as caught:
        put(store, row("storey", uid(0x51), name="Ground"))
    assert caught.value.code == "unavailable" and caught.value.retry_after_s and caught.value.__cause__
    other.execute("rollback")
    other.close()
    put(store, row("storey", uid(0x51), name="Ground"))
    store.close()


def test_a_postgresql_connection_that_was_cut_is_unavailable_and_the_next_one_works(postgis_url: str):
    store = postgis.open_store(postgis_url, schemas.catalogue(), epoch=EPOCH, pool_size=2)
    with pytest.raises(Problem) as caught:
        with store.write(SCOPE) as writer:
            writer.head()
            cut_others(postgis_url)
            writer.head()
    assert caught.value.code == "unavailable" and caught.value.retry_after_s and caught.value.__cause__
    put(store, row("storey", uid(0x51), name="Ground"))
    cut_others(postgis_url)
    assert store.heads([SCOPE]) == {SCOPE: 1}, "a connection that died idle is not handed out"
    store.close()


def cut_others(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            """
            select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()
            """
        )


def test_a_database_that_is_not_there_is_unavailable(postgis_url: str):
    with pytest.raises(Problem) as caught:
        postgis.open_store(
            postgis_url.replace("/test_", "/gone_"), schemas.catalogue(), epoch=EPOCH, pool_size=1
        )
    assert caught.value.code == "unavailable"


def test_two_scopes_do_not_wait_for_one_another_on_postgresql(postgis_url: str):
    store = postgis.open_store(postgis_url, schemas.catalogue(), epoch=EPOCH, pool_size=2)
    with store.write(SCOPE) as here, store.write(uid(0xB2)) as there:
        assert here.head() == there.head()
    store.close()


def test_a_database_with_stricter_isolation_still_lets_writers_follow_one_another(postgis_url: str):
    with psycopg.connect(postgis_url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f'alter database "{name}" set default_transaction_isolation = \'repeatable read\'')
    store = postgis.open_store(postgis_url, schemas.catalogue(), epoch=EPOCH, pool_size=4)
    count = 20

    def add_up(_: int) -> None:
        with store.write(SCOPE) as writer:
            head = writer.head()
            writer.save(Batch(device=uid(1), head=Head(head.sequence + 1, "salt")))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add_up, range(count)))
    assert store.heads([SCOPE]) == {SCOPE: count}
    store.close()


def test_a_value_no_database_takes_is_a_problem_too(postgis_url: str):
    store = postgis.open_store(postgis_url, schemas.catalogue(), epoch=EPOCH, pool_size=1)
    with pytest.raises(Problem) as caught:
        put(store, row("storey", "no uuid", name="Ground"))
    assert caught.value.code == "internal" and caught.value.__cause__
    store.close()


def test_a_file_opened_to_read_is_the_one_named_and_cannot_be_written(tmp_path: Path):
    path = tmp_path / "plan #2 100%.sqlite"
    connect(path, spatialite=False).execute("create table here (one integer)")
    reader = connect(path, spatialite=False, readonly=True)
    assert reader.execute("select name from sqlite_master").fetchall() == [("here",)]
    with pytest.raises(sqlite.OperationalError):
        reader.execute("create table there (one integer)")
    assert sorted(p.name for p in tmp_path.iterdir()) == [path.name]
