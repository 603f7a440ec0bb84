"""The services the other suites stand on are real, private and fresh."""

import psycopg
import pytest
import redis

from tests import services


def test_each_test_gets_an_empty_database_with_postgis(postgis_url):
    with psycopg.connect(postgis_url) as connection:
        assert connection.execute("select postgis_version() is not null").fetchone() == (True,)
        connection.execute("create table once_only (id int)")


def test_the_cluster_listens_on_no_network_address(postgis_url):
    with psycopg.connect(postgis_url) as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("",)


def test_redis_is_empty_at_the_start_of_a_test(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left behind", "yes")


def test_chromium_runs_a_script(browser):
    page = browser.new_page()
    assert page.evaluate("1 + 1") == 2
    page.close()


def test_a_missing_tool_fails_and_names_the_remedy():
    with pytest.raises(RuntimeError, match="make test"):
        services.tool("no-such-program-arxos")
