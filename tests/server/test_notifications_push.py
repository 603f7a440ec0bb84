"""Web Push to a real receiver over TLS, which decrypts; and the places where no push goes."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from arxos_sync.problems import Problem
from server.notifications import pushing
from server.notifications.inbox import mark_read
from server.notifications.pushing import push, subscribe, subscriptions_of, target_of
from server.notifications.vapid import key_file, public_key
from server.parts import instant, new_id, now, now_ms
from server.settings import Settings
from tests import services
from tests.server.people_at_work import AtWork
from tests.server.push_receiver import Browser, PushService


@pytest.fixture(params=["spatialite", "postgis"], scope="module")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AtWork]:
    name, settings = f"push_{uuid4().hex}", {"public_url": "https://arxos.example.org", "outbound_allow": "localhost"}
    if request.param == "postgis":
        settings["database_url"] = services.create_database(name)
    made = AtWork(tmp_path_factory.mktemp("push"), **settings)
    yield made
    made.close()
    if request.param == "postgis":
        services.drop_database(name)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[PushService]:
    made = PushService(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def at_work(site: AtWork) -> AtWork:
    with site.parts.store.tables() as sql:
        for table in ("push_subscription", "notification_push"):
            sql.run(f"delete from {table}")  # type: ignore[arg-type]
    return site


def browser(site: AtWork, service: PushService, word: str = "tech", path: str = "/push/1") -> Browser:
    made = Browser(service.url(path))
    with site.parts.store.tables() as sql:
        subscribe(sql, site.id(word), made.endpoint, made.p256dh, made.auth, new_id(), now())
    return made


def assign(site: AtWork, title: str = "Door 3") -> None:
    site.add("manager", "task", kind="visual", title=title, assignee=site.id("tech"))
    site.tell()


def waiting(site: AtWork) -> list[dict]:
    return site.asked("select tries, next_try_at, problem, held_until from notification_push")


def test_each_browser_can_read_it_and_knows_who_sends(at_work: AtWork, service: PushService) -> None:
    browsers = [browser(at_work, service, path=f"/push/{n}") for n in range(2)]
    browser(at_work, service, "other", "/push/other")
    assign(at_work)
    push(at_work.parts, tls=service.trust)
    push(at_work.parts, tls=service.trust)
    assert sorted(path for path, _, _ in service.got) == ["/push/0", "/push/1"] and waiting(at_work) == []
    for path, headers, body in service.got:
        told = browsers[int(path[-1])].read(body)
        assert told["title"] == "Task for you: Door 3" and told["body"] == "House · Manager"
        assert told["link"] == f"/b/{at_work.building}" and told["id"] == at_work.rows("tech")[-1]["id"]
        assert headers["content-encoding"] == "aes128gcm" and int(headers["ttl"]) > 0
        assert headers["host"] == f"localhost:{service.server.server_port}"
        scheme, _, rest = headers["authorization"].partition(" ")
        signed = dict(part.strip().split("=", 1) for part in rest.split(","))
        assert scheme == "vapid" and signed["k"] == public_key(at_work.parts.settings)
        claims = jwt.decode(signed["t"], point(signed["k"]), algorithms=["ES256"], audience=service.url(""))
        assert claims["sub"].startswith("mailto:")


def point(text: str) -> ec.EllipticCurvePublicKey:
    import base64

    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_took_its_subscription_back_is_gone(
    at_work: AtWork, service: PushService, status: int
) -> None:
    browser(at_work, service)
    service.status = status
    for title in ("One", "Two"):
        assign(at_work, title)
    push(at_work.parts, tls=service.trust)
    with at_work.parts.store.tables() as sql:
        (one,) = subscriptions_of(sql, at_work.id("tech"))
    assert one["gone_at"] is not None and waiting(at_work) == []
    assign(at_work, "Three")
    assert waiting(at_work) == [], "nothing more is lined up for it"


def test_a_push_service_that_is_busy_is_asked_again_when_it_says(at_work: AtWork, service: PushService) -> None:
    reader = browser(at_work, service)
    service.status, service.headers = 429, {"Retry-After": "7200"}
    assign(at_work)
    at = now_ms()
    push(at_work.parts, at, service.trust)
    (left,) = waiting(at_work)
    assert left["tries"] == 1 and left["next_try_at"] == instant(at + 7_200_000) and left["held_until"] is None
    push(at_work.parts, at + 7_000_000, service.trust)
    assert len(service.got) == 1
    service.status = 201
    push(at_work.parts, at + 7_200_000, service.trust)
    assert reader.read(service.got[-1][2])["title"] == "Task for you: Door 3" and waiting(at_work) == []


def test_what_could_not_be_pushed_for_a_day_is_let_go(at_work: AtWork, service: PushService) -> None:
    browser(at_work, service)
    service.status = 503
    assign(at_work)
    push(at_work.parts, now_ms() + 25 * 3600 * 1000, service.trust)
    assert waiting(at_work) == [] and len(service.got) == 1


def test_what_was_read_before_is_not_pushed(at_work: AtWork, service: PushService) -> None:
    browser(at_work, service)
    assign(at_work)
    mark_read(at_work.parts, at_work.people["tech"])
    push(at_work.parts, tls=service.trust)
    assert service.got == []


def test_a_push_that_another_process_holds_is_left_to_it(at_work: AtWork, service: PushService) -> None:
    browser(at_work, service)
    assign(at_work)
    at = now_ms()
    assert len(pushing._claim(at_work.parts, at)) == 1
    push(at_work.parts, at, service.trust)
    assert service.got == []
    push(at_work.parts, at + 601_000, service.trust)  # it died
    assert len(service.got) == 1


def test_nothing_is_sent_into_the_house(at_work: AtWork, service: PushService) -> None:
    browser(at_work, service)  # localhost
    assign(at_work)
    strict = msgspec.structs.replace(at_work.parts.settings, outbound_allow="")
    push(msgspec.structs.replace(at_work.parts, settings=strict), tls=service.trust)
    assert service.got == []
    with at_work.parts.store.tables() as sql:
        assert subscriptions_of(sql, at_work.id("tech"))[0]["gone_at"] is not None


def test_a_certificate_that_nobody_vouches_for_gets_nothing(at_work: AtWork, service: PushService) -> None:
    browser(at_work, service)
    assign(at_work)
    push(at_work.parts)
    (left,) = waiting(at_work)
    assert service.got == [] and "CERTIFICATE_VERIFY_FAILED" in left["problem"]


def test_a_redirection_is_not_followed(at_work: AtWork, service: PushService) -> None:
    browser(at_work, service)
    service.status, service.headers = 307, {"Location": service.url("/elsewhere")}
    assign(at_work)
    push(at_work.parts, tls=service.trust)
    assert [path for path, _, _ in service.got] == ["/push/1"] and waiting(at_work) == []


def test_a_browser_belongs_to_who_subscribed_it_last(at_work: AtWork, service: PushService) -> None:
    one = browser(at_work, service)
    assign(at_work)
    with at_work.parts.store.tables() as sql:
        again = subscribe(sql, at_work.id("tech"), one.endpoint, one.p256dh, one.auth, new_id(), now())
        assert [row["id"] for row in subscriptions_of(sql, at_work.id("tech"))] == [again]
    assert len(waiting(at_work)) == 1, "the same again loses nothing"
    with at_work.parts.store.tables() as sql:
        subscribe(sql, at_work.id("other"), one.endpoint, one.p256dh, one.auth, new_id(), now())
        assert subscriptions_of(sql, at_work.id("tech")) == [] and len(subscriptions_of(sql, at_work.id("other"))) == 1
    assert waiting(at_work) == [], "another's news is not shown on it"
    for n in range(pushing.SUBSCRIPTIONS_MAX + 1):
        browser(at_work, service, path=f"/push/{n + 2}")
    with at_work.parts.store.tables() as sql:
        assert len(subscriptions_of(sql, at_work.id("tech"))) == pushing.SUBSCRIPTIONS_MAX


def test_the_key_is_made_once_and_is_its_owners_alone(at_work: AtWork) -> None:
    file = key_file(at_work.parts.settings)
    assert file.parent == at_work.parts.settings.key_file.parent and stat.S_IMODE(file.stat().st_mode) == 0o600
    assert public_key(at_work.parts.settings) == public_key(at_work.parts.settings)
    assert len(public_key(at_work.parts.settings)) == 87


@pytest.mark.parametrize("url", ["http://1.1.1.1/", "https://127.0.0.1/", "https://a:b@1.1.1.1/", "https://[::1]/"])
def test_a_push_goes_by_https_and_not_into_the_house(url: str) -> None:
    with pytest.raises(Problem, match="address_refused"):
        target_of(url, Settings(outbound_allow=""))


def test_a_push_service_that_the_settings_name_must_still_be_spoken_to_by_https() -> None:
    with pytest.raises(Problem, match="https alone"):
        target_of("http://push.intranet/", Settings(outbound_allow="push.intranet"))
