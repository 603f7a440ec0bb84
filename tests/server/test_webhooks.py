"""Webhooks as their receivers see them: what happened, signed, once in effect, whatever fails in between."""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from arxos_sync.messages import Change
from server.accounts.grants import grant, ungrant
from server.accounts.people import Person
from server.cmms import courier as couriers
from server.cmms import deliveries, endpoints
from server.cmms.courier import Courier
from server.cmms.deliveries import Hooks
from server.cmms.endpoints import Filter
from server.jobs.following import Following
from server.listing import PageAsked
from server.parts import Parts, instant, new_id, now
from server.sync.push import Job
from tests.server.own_parts import Clock, head, new_building, opened, person, rows, write
from tests.server.receiving import Receiver, Reply, Sent

HOUR_S = 3600
ALLOW = {"ARXOS_OUTBOUND_ALLOW": "127.0.0.0/8"}


@pytest.fixture(params=["spatialite", "postgis"], scope="module")
def parts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    with opened(request.param, tmp_path_factory.mktemp("webhooks"), **ALLOW) as made:
        yield made


@pytest.fixture
def owner(parts: Parts) -> Person:
    return person(parts, "owner")


@pytest.fixture
def building(parts: Parts, owner: Person) -> Iterator[str]:
    """Fresh, and alone: the endpoints of former tests are gone."""
    with parts.store.tables() as sql:
        for table in ("webhook_try", "webhook_delivery", "webhook_endpoint", "mail"):
            sql.run(f"delete from {table}")
    yield new_building(parts, owner)


def follow(parts: Parts) -> None:
    Following(parts, [Hooks()]).catch_up()


def storeys(parts: Parts, owner: Person, building: str, count: int) -> list[str]:
    ids = [new_id() for _ in range(count)]
    for place, id in enumerate(ids):
        write(parts, owner, building, Change("storey", id, "insert", 0, {"name": f"Level {place}"}))
    return ids


def let_pass(parts: Parts, clock: Clock) -> bool:
    """On to the next moment at which something is due; False where nothing waits."""
    found = rows(
        parts,
        """
        select min(case when resting_until > next_try_at then resting_until else next_try_at end) as at
        from webhook_delivery
        join webhook_endpoint on webhook_endpoint.id = webhook_delivery.endpoint_id
        where next_try_at is not null and disabled_at is null
        """,
    )
    if found[0]["at"] is None:
        return False
    clock.pass_until(found[0]["at"])
    return True


def deliver_all(parts: Parts, clock: Clock, **given: Any) -> None:
    one = Courier(parts, clock, lambda: 0.5, **given)
    one.run()
    while let_pass(parts, clock):
        one.run()


def data_of(sent: Sent) -> dict[str, Any]:
    return dict(json.loads(sent.body)["data"])


def test_a_receiver_that_is_away_for_an_hour_gets_each_event_once_under_its_id(
    parts: Parts, owner: Person, building: str
):
    receiver, clock = Receiver(), Clock()
    endpoint, secret = endpoints.create(parts, owner, building, receiver.url + "/in?a=1", "Desk", Filter())
    before = clock()
    ids = storeys(parts, owner, building, 12)
    follow(parts)
    one = Courier(parts, clock)
    one.run()
    while clock() < before + HOUR_S * 1000:
        assert let_pass(parts, clock), "nothing is given up within an hour"
        one.run()
    tries = rows(parts, "select delivery_id, count(*) as n from webhook_try group by delivery_id")
    assert len(tries) == 12 and all(row["n"] >= 2 for row in tries), "each was tried, and tried again"
    with receiver:
        deliver_all(parts, clock)
    assert [(sent.method, sent.path) for sent in receiver.sent] == [("POST", "/in?a=1")] * 12
    assert {data_of(sent)["id"] for sent in receiver.sent} == set(ids)
    assert {sent.headers["webhook-id"] for sent in receiver.sent} == {row["delivery_id"] for row in tries}
    signing = Webhook(secret)
    for sent in receiver.sent:
        at = datetime.datetime.fromtimestamp(int(sent.headers["webhook-timestamp"]), datetime.UTC)
        assert abs(at.timestamp() * 1000 - clock()) < 24 * HOUR_S * 1000
        assert sent.headers["webhook-signature"] == signing.sign(sent.headers["webhook-id"], at, sent.body.decode())
    follow(parts)
    with parts.store.tables() as sql:
        sql.run("update follower set sequence = 0 where name = 'webhooks' and scope = :scope", scope=building)
    with receiver:
        follow(parts)  # the whole log once more, as after a process that died before it could say how far it was
        deliver_all(parts, clock)
    assert len(receiver.sent) == 12


def test_an_answer_that_is_lost_brings_the_event_again_under_the_same_id(parts: Parts, owner: Person, building: str):
    answers: list[Reply | None] = [None, (500, {}, b"oh"), (204, {}, b"")]
    with Receiver(lambda sent: answers.pop(0)) as receiver:
        endpoint, _ = endpoints.create(parts, owner, building, receiver.url, None, Filter())
        storeys(parts, owner, building, 1)
        follow(parts)
        deliver_all(parts, Clock())
    assert len(receiver.sent) == 3
    assert len({(sent.headers["webhook-id"], sent.body) for sent in receiver.sent}) == 1
    (delivery,) = rows(parts, "select id from webhook_delivery")
    with parts.store.tables() as sql:
        tried = deliveries.tries_of(sql, delivery["id"], PageAsked())[0]
    assert [one.status for one in tried] == [None, 500, 204]
    assert tried[0].answer.startswith("unreachable: 127.0.0.1") and tried[1].answer == "oh"


def test_an_event_that_nobody_takes_is_tried_over_three_days_and_given_up_in_plain_sight(
    parts: Parts, owner: Person, building: str
):
    receiver, clock = Receiver(), Clock()
    endpoint, _ = endpoints.create(parts, owner, building, receiver.url, None, Filter())
    storeys(parts, owner, building, 1)
    follow(parts)
    began = clock()
    deliver_all(parts, clock)
    (delivery,) = rows(parts, "select * from webhook_delivery")
    assert delivery["given_up_at"] and delivery["tries"] == len(couriers.RETRY_S) + 1
    assert 3 * 24 < (clock() - began) / 1000 / HOUR_S < 4 * 24
    assert deliveries.replay_since(parts, endpoint, delivery["created_at"]) == 1
    with receiver:
        deliver_all(parts, clock)
    assert [sent.headers["webhook-id"] for sent in receiver.sent] == [delivery["id"]], "replayed, under its id"
    assert len(rows(parts, "select number from webhook_try")) == len(couriers.RETRY_S) + 2


@pytest.mark.parametrize("status", [204, 500])
def test_a_replay_that_is_asked_for_while_the_event_is_on_its_way_is_not_lost(
    parts: Parts, owner: Person, building: str, status: int
):
    clock = Clock()

    def asks_again(sent: Sent) -> Reply:
        if len(receiver.sent) > 1:
            return 204, {}, b""
        with parts.store.tables() as sql:
            deliveries.replay(sql, endpoint.id, sent.headers["webhook-id"])
        return status, {}, b""

    with Receiver(asks_again) as receiver:
        endpoint, _ = endpoints.create(parts, owner, building, receiver.url, None, Filter())
        storeys(parts, owner, building, 1)
        follow(parts)
        Courier(parts, clock).run()
        Courier(parts, clock).run()
    assert len(receiver.sent) == 2
    (delivery,) = rows(parts, "select tries, delivered_at from webhook_delivery")
    assert delivery["tries"] == 1 and delivery["delivered_at"]


def test_waits_are_spread_by_the_dice(parts: Parts, owner: Person, building: str):
    clock = Clock()
    endpoints.create(parts, owner, building, Receiver().url, None, Filter())
    storeys(parts, owner, building, 1)
    follow(parts)
    waits = []
    for dice in (0.0, 1.0):
        with parts.store.tables() as sql:
            sql.run("update webhook_delivery set tries = 1, next_try_at = :now", now=instant(clock()))
            sql.run("update webhook_endpoint set resting_until = null")
        assert Courier(parts, clock, lambda dice=dice: dice).run() == 1
        (found,) = rows(parts, "select next_try_at from webhook_delivery")
        waits.append(datetime.datetime.fromisoformat(found["next_try_at"]).timestamp() - clock() / 1000)
    assert [round(wait) for wait in waits] == [240, 360]


def test_who_says_410_hears_no_more_and_the_owner_is_told(parts: Parts, owner: Person, building: str):
    with Receiver(lambda sent: (410, {}, b"")) as receiver:
        endpoint, _ = endpoints.create(parts, owner, building, receiver.url, None, Filter())
        storeys(parts, owner, building, 2)
        follow(parts)
        clock = Clock()
        deliver_all(parts, clock)
        assert len(receiver.sent) == 1
        storeys(parts, owner, building, 1)
        follow(parts)
        deliver_all(parts, clock)
        assert len(receiver.sent) == 1
        with parts.store.tables() as sql:
            assert endpoints.one(sql, endpoint.id).disabled_because == "it answered 410 Gone"
        (letter,) = rows(parts, "select to_address, body from mail")
        assert letter["to_address"] == owner.email and receiver.url in letter["body"]
        receiver.answer = lambda sent: (204, {}, b"")
        endpoints.change(parts, owner, endpoint.id, {"enabled": True})
        deliver_all(parts, clock)
    assert len({sent.headers["webhook-id"] for sent in receiver.sent}) == 2, "what waited is delivered"


def test_who_has_chosen_german_is_told_in_german_that_a_webhook_was_turned_off(parts: Parts, building: str):
    german = person(parts, "stranger")
    with parts.store.tables() as sql:
        grant(sql, german.id, building, "manager", now())
    change = Change("preference", new_id(), "insert", 0, {"language": "de"})
    receipt, _ = Job(parts, german, f"user:{german.id}", "field").write([change])
    assert receipt.problem is None
    with Receiver(lambda sent: (410, {}, b"")) as receiver:
        endpoints.create(parts, german, building, receiver.url, "Wartung", Filter())
        write(parts, german, building, Change("storey", new_id(), "insert", 0, {"name": "EG"}))
        follow(parts)
        deliver_all(parts, Clock())
    (letter,) = rows(parts, "select to_address, subject, body from mail")
    assert (letter["to_address"], letter["subject"]) == (german.email, "Ein Webhook wurde abgeschaltet")
    assert letter["body"].startswith(f"Der Webhook Wartung\n{receiver.url}\nhat mit 410 Gone geantwortet")


@pytest.mark.parametrize("kind", ["seconds", "date"])
def test_retry_after_is_heeded_by_all_that_waits_for_the_endpoint(
    parts: Parts, owner: Person, building: str, kind: str
):
    clock = Clock()
    until = datetime.datetime.fromtimestamp(clock() / 1000 + 7200, datetime.UTC)
    said = "7200" if kind == "seconds" else until.strftime("%a, %d %b %Y %H:%M:%S GMT")
    with Receiver(lambda sent: (429, {"Retry-After": said}, b"")) as receiver:
        endpoints.create(parts, owner, building, receiver.url, None, Filter())
        storeys(parts, owner, building, 3)
        follow(parts)
        one = Courier(parts, clock, lambda: 0.5)
        assert one.run() == 1
        clock.pass_s(7100)
        assert one.run() == 0
        receiver.answer = lambda sent: (200, {}, b"")
        clock.pass_s(101)
        assert one.run() == 3


def test_redirects_are_not_followed_and_long_answers_not_read(parts: Parts, owner: Person, building: str):
    with Receiver() as elsewhere, Receiver(lambda sent: (302, {"Location": elsewhere.url}, b"")) as receiver:
        endpoints.create(parts, owner, building, receiver.url, None, Filter())
        storeys(parts, owner, building, 1)
        follow(parts)
        clock = Clock()
        one = Courier(parts, clock)
        one.run()
        receiver.answer = lambda sent: (500, {}, b"x" * 1_000_000)
        let_pass(parts, clock)
        one.run()
        assert elsewhere.sent == []
    answers = rows(parts, "select status, answer from webhook_try order by number")
    assert [row["status"] for row in answers] == [302, 500]
    assert answers[0]["answer"] == "redirects are not followed"
    assert answers[1]["answer"] == "x" * couriers.ANSWER_SHOWN_CHARS


def test_what_happened_while_an_endpoint_was_off_can_be_had_afterwards(parts: Parts, owner: Person, building: str):
    with Receiver() as receiver:
        endpoint, _ = endpoints.create(parts, owner, building, receiver.url, None, Filter(tables=["storey"]))
        told = storeys(parts, owner, building, 1)
        follow(parts)
        clock = Clock()
        deliver_all(parts, clock)
        endpoints.change(parts, owner, endpoint.id, {"enabled": False})
        missed = storeys(parts, owner, building, 2)
        write(parts, owner, building, Change("storey", missed[0], "delete", head(parts, building)))
        follow(parts)
        endpoint = endpoints.change(parts, owner, endpoint.id, {"enabled": True})
        deliver_all(parts, clock)
        assert len(receiver.sent) == 1
        assert deliveries.replay_since(parts, endpoint, "2000-01-01T00:00:00.000Z") == 4
        deliver_all(parts, clock)
    assert [data_of(sent)["id"] for sent in receiver.sent[1:]] == [*told, *missed, missed[0]]
    assert receiver.sent[1].headers["webhook-id"] == receiver.sent[0].headers["webhook-id"]


def test_of_all_buildings_too_what_happened_before_can_be_had(parts: Parts, owner: Person, building: str):
    since = now()
    wanted = Filter(tables=["storey"], events=["*.created"])
    with Receiver() as receiver:
        told = storeys(parts, owner, building, 1) + storeys(parts, owner, new_building(parts, owner), 1)
        follow(parts)
        endpoint, _ = endpoints.create(parts, person(parts, "admin"), None, receiver.url, None, wanted)
        assert deliveries.replay_since(parts, endpoint, since) == 2
        Courier(parts, Clock()).run()
    assert {data_of(sent)["id"] for sent in receiver.sent} == set(told)


def test_a_slow_endpoint_is_with_one_courier_and_the_others_go_to_the_next(
    parts: Parts, owner: Person, building: str
):
    clock = Clock()
    other = Courier(parts, clock)
    tries: list[int] = []

    def slow(sent: Sent) -> Reply:
        tries.append(other.run())  # while this one is still being served
        return 204, {}, b""

    with Receiver(slow) as slow_one, Receiver() as quick_one:
        endpoints.create(parts, owner, building, slow_one.url, None, Filter())
        storeys(parts, owner, building, 2)
        follow(parts)
        endpoints.create(parts, owner, building, quick_one.url, None, Filter())
        storeys(parts, owner, building, 2)
        follow(parts)
        Courier(parts, clock).run()
    assert tries[0] == 2 and len(quick_one.sent) == 2, "the other courier served the quick one meanwhile"
    assert len({sent.headers["webhook-id"] for sent in slow_one.sent}) == len(slow_one.sent) == 4


def test_a_huge_backlog_and_a_slow_receiver_hold_up_nobody_else(parts: Parts, owner: Person, building: str):
    clock, told = Clock(), list[str]()

    def slow(sent: Sent) -> Reply:
        told.append("slow")
        clock.pass_s(2)
        return 204, {}, b""

    def quick(sent: Sent) -> Reply:
        told.append("quick")
        return 204, {}, b""

    with Receiver(slow) as slow_one, Receiver(quick) as quick_one:
        endpoints.create(parts, owner, building, slow_one.url, None, Filter())
        storeys(parts, owner, building, 40)
        follow(parts)
        endpoints.create(parts, owner, building, quick_one.url, None, Filter())
        storeys(parts, owner, building, 5)
        follow(parts)
        one = Courier(parts, clock)
        while one.run():
            pass
    assert told[:3] == ["slow"] * 3, "a slice of time"
    assert told[3:8] == ["quick"] * 5 and told[8:] == ["slow"] * 42


def test_during_a_rotation_both_secrets_sign_and_afterwards_the_new_one_alone(
    parts: Parts, owner: Person, building: str
):
    with Receiver() as receiver:
        endpoint, former = endpoints.create(parts, owner, building, receiver.url, None, Filter())
        endpoint, secret = endpoints.rotate(parts, owner, endpoint.id)
        kept = rows(parts, "select secret, former_secret from webhook_endpoint")[0]
        assert former != secret and endpoint.former_secret_until
        assert base64.b64decode(secret.removeprefix("whsec_")) and not {secret, former} & set(kept.values())
        clock = Clock()
        one = Courier(parts, clock)
        for _ in range(2):
            storeys(parts, owner, building, 1)
            follow(parts)
            one.run()
            clock.pass_s(endpoints.BOTH_SIGN_S + 1)
    first, second = receiver.sent
    assert Webhook(former).verify(first.body, dict(first.headers))
    assert Webhook(secret).verify(first.body, dict(first.headers))
    assert len(second.headers["webhook-signature"].split()) == 1


def test_an_event_says_what_each_field_was_and_is_however_late_it_is_derived(
    parts: Parts, owner: Person, building: str, monkeypatch: pytest.MonkeyPatch
):
    with Receiver() as receiver:
        endpoints.create(parts, owner, building, receiver.url, None, Filter())
        (storey,) = storeys(parts, owner, building, 1)
        space, given = new_id(), {"storey_id": storey, "number": "1"}
        write(parts, owner, building, Change("space", space, "insert", 0, given | {"name": "A"}))
        for name in ("B", "C", "C"):
            write(parts, owner, building, Change("space", space, "update", head(parts, building), {"name": name}))
        write(parts, owner, building, Change("storey", storey, "delete", head(parts, building)))
        write(parts, owner, building, Change("space", space, "insert", head(parts, building), given | {"name": "D"}))
        monkeypatch.setattr(deliveries, "ENTRIES_AT_ONCE", 2)
        monkeypatch.setattr("server.jobs.following.ENTRIES_AT_ONCE", 2)
        follow(parts)
        Courier(parts, Clock()).run()
    told = [(json.loads(sent.body)["type"], data_of(sent)) for sent in receiver.sent]
    of_space = [(name, data["diff"]) for name, data in told if data["id"] == space]
    assert [name for name, _ in of_space] == [
        "space.created", "space.updated", "space.updated", "space.deleted", "space.restored",
    ]  # fmt: skip
    assert of_space[0][1] == {
        "storey_id": {"old": None, "new": storey}, "number": {"old": None, "new": "1"},
        "name": {"old": None, "new": "A"},
    }  # fmt: skip
    assert [diff["name"] for _, diff in of_space] == [
        {"old": None, "new": "A"}, {"old": "A", "new": "B"}, {"old": "B", "new": "C"}, {"old": "C", "new": None},
        {"old": None, "new": "D"},
    ]  # fmt: skip
    assert [name for name, data in told if data["id"] == storey] == [
        "storey.created", "storey.deleted", "storey.restored",
    ]  # fmt: skip
    assert all(data["building"] == building and data["who"] == owner.id for _, data in told)
    sequences = [data["sequence"] for _, data in told]
    assert sequences == sorted(sequences)


def test_filters_by_table_event_and_field_and_other_buildings_stay_out(parts: Parts, owner: Person, building: str):
    wanted = Filter(tables=["space"], events=["space.updated", "*.deleted"], fields=["name"])
    with Receiver() as receiver:
        endpoints.create(parts, owner, building, receiver.url, None, wanted)
        other = new_building(parts, owner, "Other")
        storeys(parts, owner, other, 1)
        (storey,) = storeys(parts, owner, building, 1)
        space, given = new_id(), {"storey_id": storey, "number": "1"}
        write(parts, owner, building, Change("space", space, "insert", 0, given | {"name": "A"}))
        for given in ({"usage": "office"}, {"name": "B"}):
            write(parts, owner, building, Change("space", space, "update", head(parts, building), given))
        write(parts, owner, building, Change("space", space, "delete", head(parts, building)))
        follow(parts)
        Courier(parts, Clock()).run()
    assert [json.loads(sent.body)["type"] for sent in receiver.sent] == ["space.updated", "space.deleted"]


def test_who_may_not_read_a_building_any_more_has_nobody_told_of_it(parts: Parts, owner: Person, building: str):
    manager = person(parts, "technician")
    with parts.store.tables() as sql:
        grant(sql, manager.id, building, "manager", now())
    with Receiver() as receiver:
        endpoint, _ = endpoints.create(parts, manager, building, receiver.url, None, Filter())
        storeys(parts, owner, building, 1)
        follow(parts)
        with parts.store.tables() as sql:
            ungrant(sql, manager.id, building)
        Courier(parts, Clock()).run()
        assert receiver.sent == []
        with parts.store.tables() as sql:
            assert endpoints.one(sql, endpoint.id).disabled_at
        endpoints.change(parts, owner, endpoint.id, {"enabled": True})  # the owner stands for it from now on
        Courier(parts, Clock()).run()
        assert len(receiver.sent) == 1


def test_an_administrator_hears_of_buildings_that_are_made_later(parts: Parts, owner: Person, building: str):
    with Receiver() as receiver:
        endpoints.create(parts, person(parts, "admin"), None, receiver.url, None, Filter(tables=["building"]))
        made = new_building(parts, owner, "Later")
        storeys(parts, owner, made, 3)
        follow(parts)
        Courier(parts, Clock()).run()
    assert [(json.loads(sent.body)["type"], data_of(sent)["id"]) for sent in receiver.sent] == [
        ("building.created", made)
    ]


def test_what_is_long_over_is_forgotten(parts: Parts, owner: Person, building: str):
    with Receiver() as receiver:
        endpoints.create(parts, owner, building, receiver.url, None, Filter())
        storeys(parts, owner, building, 2)
        follow(parts)
        Courier(parts, Clock()).run()
    with parts.store.tables() as sql:
        (one, _) = sql.rows("select id from webhook_delivery order by id")
        sql.run("update webhook_delivery set delivered_at = '2000-01-01T00:00:00.000Z' where id = :id", id=one["id"])
    deliveries.forget_old(parts)
    assert len(rows(parts, "select id from webhook_delivery")) == 1
    assert len(rows(parts, "select number from webhook_try")) == 1


def test_secrets_are_of_no_use_under_another_key(parts: Parts, owner: Person, building: str, tmp_path: Path):
    from server.accounts.keys import forget, keys_from, put_in_front
    from server.accounts.tokens import Tokens
    from server.sealed import reseal, unseal

    endpoints.create(parts, owner, building, Receiver().url, None, Filter())
    (kept,) = rows(parts, "select secret from webhook_endpoint")
    secret = unseal(parts.tokens, kept["secret"])
    assert secret.startswith("whsec_")
    with pytest.raises(Exception, match="another key"):
        unseal(Tokens(keys_from(tmp_path / "other.key")), kept["secret"])
    put_in_front(parts.settings.key_file, "2026-01-01T00:00:00.000Z")
    reseal(parts)
    assert forget(parts.settings.key_file, "2026-01-02T00:00:00.000Z") == 1
    (again,) = rows(parts, "select secret from webhook_endpoint")
    assert unseal(parts.tokens, again["secret"]) == secret, "the former key is not needed any more"
