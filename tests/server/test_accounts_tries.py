"""Wrong logins are counted over all processes of a server by Redis, and by each alone while that is away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import redis

from arxos_sync.problems import Problem
from server.accounts import throttle as throttling
from server.accounts.throttle import FAILURES_MAX, JUDGED_MS_MAX, KEYS_MAX, WINDOW_MS, Throttle
from server.operations.demo import PASSWORD
from server.parts import new_id
from tests import services
from tests.server.own_redis import OwnRedis
from tests.server.running import Person, Running, wait_for


def client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=1.0, socket_connect_timeout=1.0)


@pytest.fixture(params=["redis", "process"])
def throttle(request: pytest.FixtureRequest) -> Throttle:
    return Throttle(client(services.redis_server_url()) if request.param == "redis" else None)


def taken(throttle: Throttle, key: str, ms: int = 1_000) -> bool:
    """A wrong try, where it was let in."""
    try:
        name = throttle.attempt(key, ms)
    except Problem as problem:
        assert problem.code == "too_many_requests"
        return False
    assert name is not None
    throttle.wrong(key, name, ms)
    return True


# ---------------------------------------------------------------- counted


def test_of_tries_at_once_no_more_are_judged_than_there_may_be(throttle: Throttle) -> None:
    key, names = new_id(), list[str | None]()
    threads = [
        threading.Thread(target=lambda: names.append(throttle.attempt(key, 1_000))) for _ in range(4 * FAILURES_MAX)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    judged = [name for name in names if name is not None]
    assert len(names) == 4 * FAILURES_MAX and len(judged) == FAILURES_MAX, "the others wait for a word of these"
    for name in judged:
        throttle.wrong(key, name, 1_000)
    assert not taken(throttle, key) and taken(throttle, new_id()), "others are not held up by it"


def test_a_right_login_gives_back_what_it_took_and_forgets_the_wrong_ones(throttle: Throttle) -> None:
    key = new_id()
    assert all(taken(throttle, key) for _ in range(FAILURES_MAX - 2))
    right, waiting = throttle.attempt(key, 1_000), throttle.attempt(key, 1_000)
    assert right is not None and waiting is not None and throttle.attempt(key, 1_000) is None
    throttle.right(key, right)
    throttle.wrong(key, waiting, 1_000)
    assert all(taken(throttle, key) for _ in range(FAILURES_MAX - 1)), "the one that was being judged stands"
    assert not taken(throttle, key)


def test_one_try_is_taken_back_and_those_before_it_stand(throttle: Throttle) -> None:
    key = new_id()
    assert all(taken(throttle, key) for _ in range(FAILURES_MAX - 1))
    name = throttle.attempt(key, 1_000)
    assert name is not None
    throttle.take_back(key, name)
    assert taken(throttle, key) and not taken(throttle, key)


def test_one_over_which_a_process_died_is_not_waited_for_and_counts() -> None:
    throttle, key = Throttle(), new_id()
    assert all(throttle.attempt(key, 1_000) for _ in range(FAILURES_MAX))
    assert throttle.attempt(key, 1_000) is None
    assert not taken(throttle, key, 1_000 + JUDGED_MS_MAX)


def test_in_redis_one_over_which_a_process_died_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    throttle, key = Throttle(client(services.redis_server_url())), new_id()
    assert all(throttle.attempt(key, 1_000) for _ in range(FAILURES_MAX)) and throttle.attempt(key, 1_000) is None
    monkeypatch.setattr(throttling, "JUDGED_MS_MAX", 0)
    assert not taken(throttle, key)


def test_a_process_alone_lets_go_of_what_is_long_past_and_keeps_no_end_of_keys() -> None:
    throttle, key = Throttle(), new_id()
    assert all(taken(throttle, key) for _ in range(FAILURES_MAX))
    assert not taken(throttle, key, 1_000 + WINDOW_MS - 1) and taken(throttle, key, 1_000 + WINDOW_MS)
    for n in range(KEYS_MAX + 1):
        throttle.attempt(str(n), 1_000)
    assert len(throttle._tried) <= KEYS_MAX


def test_in_redis_a_count_ends_by_itself_and_names_nobody() -> None:
    url, key = services.redis_server_url(), f"{new_id()}@demo.arxos/192.0.2.7"
    held = client(url)
    before = set(held.keys("arxos:tries:*"))
    Throttle(held).attempt(key, 1_000)
    (made,) = set(held.keys("arxos:tries:*")) - before
    assert key.split("@")[0] not in made.decode() and 0 < held.pttl(made) <= WINDOW_MS
    old = {f"old{n}": 1 for n in range(FAILURES_MAX)}
    held.zadd(made, old)
    assert taken(Throttle(held), key), "tries of long ago do not count"


# ---------------------------------------------------------------- two instances


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OwnRedis, str, str]]:
    own = OwnRedis()
    servers = Running({
        "ARXOS_DATA_DIR": str(tmp_path_factory.mktemp("tries")), "ARXOS_LOG": "error", "ARXOS_REDIS_URL": own.url,
    })  # fmt: skip
    servers.make_people()
    yield own, servers.start(), servers.start()
    servers.stop()
    own.kill()


def at_once(url: tuple[str, ...], word: str, *passwords: str) -> list[int]:
    with ThreadPoolExecutor(len(passwords)) as pool:
        where = [url[place % len(url)] for place in range(len(passwords))]
        return list(pool.map(lambda one: login(one[0], word, one[1]), zip(where, passwords, strict=True)))


def login(url: str, word: str, password: str = PASSWORD) -> int:
    words = {"email": f"{word}@demo.arxos", "password": password}
    return httpx.post(f"{url}/api/v1/auth/login", json=words, timeout=30).status_code


def test_wrong_logins_at_one_instance_count_at_the_other(apart: tuple[OwnRedis, str, str]) -> None:
    _, one, other = apart
    assert [login(url, "viewer", "wrong") for url in (one, other) * (FAILURES_MAX // 2)] == [401] * FAILURES_MAX
    assert [login(one, "viewer"), login(other, "viewer")] == [429, 429], "not even the right one"
    assert login(other, "stranger") == 200


def test_a_right_login_at_one_instance_clears_the_count_at_the_other(apart: tuple[OwnRedis, str, str]) -> None:
    _, one, other = apart
    for _ in range(2):
        assert {login(one, "technician", "wrong") for _ in range(FAILURES_MAX - 1)} == {401}
        assert login(other, "technician") == 200


def test_thirty_right_logins_at_once_are_all_let_in(apart: tuple[OwnRedis, str, str]) -> None:
    assert at_once(apart[1:], "admin", *[PASSWORD] * 3 * FAILURES_MAX) == [200] * 3 * FAILURES_MAX


def test_of_thirty_wrong_logins_at_once_ten_are_judged(apart: tuple[OwnRedis, str, str]) -> None:
    answers = at_once(apart[1:], "admin", *[f"wrong {n}" for n in range(3 * FAILURES_MAX)])
    assert sorted(answers) == [401] * FAILURES_MAX + [429] * 2 * FAILURES_MAX
    assert login(apart[1], "admin") == login(apart[2], "admin") == 429


def test_wrong_proofs_at_one_instance_count_at_the_other(apart: tuple[OwnRedis, str, str]) -> None:
    _, one, other = apart
    person = Person(one, "stranger")
    headers = {"Authorization": f"Bearer {person.token}"}

    def prove(url: str, password: str) -> int:
        factor = f"{url}/api/v1/me/second-factor"
        return httpx.post(factor, json={"password": password}, headers=headers, timeout=30).status_code

    assert [prove(url, "not it") for url in (one, other) * (FAILURES_MAX // 2)] == [403] * FAILURES_MAX
    assert [prove(one, PASSWORD), prove(other, PASSWORD)] == [429, 429]


def test_while_redis_is_away_each_instance_counts_alone_and_people_log_in(apart: tuple[OwnRedis, str, str]) -> None:
    own, one, other = apart
    own.kill()
    try:
        assert login(one, "owner") == login(other, "owner") == 200
        assert {login(one, "owner", "wrong") for _ in range(FAILURES_MAX)} == {401}
        assert [login(one, "owner"), login(other, "owner")] == [429, 200]
    finally:
        own.start()
    wait_for(lambda: login(other, "owner", "wrong") == 401 and client(own.url).keys("arxos:tries:*"), 30)
