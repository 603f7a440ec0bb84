"""Two server processes over one PostGIS, one of which is killed in the middle of what it tells others."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from arxos_sync.messages import Change
from server.accounts.people import Person
from server.app import open_parts
from server.cmms import connections, endpoints
from server.cmms.courier import COURIERS
from server.cmms.endpoints import Filter
from server.cmms.links import PENDING
from server.parts import Parts, new_id
from server.settings import read_settings
from tests import services
from tests.server.own_parts import new_building, person, rows, write
from tests.server.receiving import Receiver, Reply, Sent
from tests.server.reference_cmms import SECRET, Cmms
from tests.server.running import Running, wait_for
from tests.server.test_cmms import MAPPINGS

ENDPOINTS, EVENTS = 6, 12
CONNECTIONS, ORDERS = 3, 8
WAIT_S_MAX = 90.0
LONG_AGO = "2020-01-01T00:00:00.000Z"


class Two(NamedTuple):
    """Two servers, and who writes into their store beside them."""

    servers: Running
    parts: Parts
    owner: Person


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    name = f"couriers_{new_id().replace('-', '')}"
    servers = Running({
        "ARXOS_DATA_DIR": str(tmp_path), "ARXOS_LOG": "error", "ARXOS_DATABASE_URL": services.create_database(name),
        "ARXOS_OUTBOUND_ALLOW": "127.0.0.0/8",
    })  # fmt: skip
    servers.make_people()
    parts = open_parts(read_settings(servers.environment, Path("/nonexistent")))
    for _ in range(2):
        servers.start()
    yield Two(servers, parts, person(parts, "owner"))
    parts.store.close()
    servers.stop()
    services.drop_database(name)


class Killer:
    """Kills whoever sends the request at which it strikes, while that waits for its answer; once."""

    def __init__(self, servers: Running, strikes: Callable[[Sent], bool]) -> None:
        self._servers, self._strikes = servers, strikes
        self._lock = threading.Lock()
        self.killed = False

    def meets(self, sent: Sent) -> None:
        with self._lock:
            if self.killed or not self._strikes(sent):
                return
            (doomed,) = (one for one in self._servers.processes if _socket_at(sent.port) in _sockets_of(one.pid))
            doomed.send_signal(signal.SIGKILL)
            doomed.wait(10)
            self.killed = True


def _socket_at(port: int) -> str:
    """The number of the socket at a port of this machine (proc(5))."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[1].endswith(f":{port:04X}") and words[9] != "0":
            return words[9]
    raise AssertionError(f"nobody is at {port}")


def _sockets_of(pid: int) -> set[str]:
    found = set()
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            found.add(os.readlink(file).removeprefix("socket:[").removesuffix("]"))
    return found


def _as_if_it_had_been_long_ago(parts: Parts, table: str) -> None:
    """What the dead process holds it holds for minutes."""
    with parts.store.tables() as sql:
        assert sql.run(f"update {table} set held_until = :at where held_until is not null", at=LONG_AGO)


# ---------------------------------------------------------------- webhooks


def test_each_event_is_told_once_in_effect_though_a_process_is_killed_over_it(two: Two) -> None:
    before = threading.Semaphore(ENDPOINTS * EVENTS // 3)
    killer = Killer(two.servers, lambda sent: not before.acquire(blocking=False))

    def answer(sent: Sent) -> Reply:
        killer.meets(sent)
        return 204, {}, b""

    building, receivers = new_building(two.parts, two.owner), [Receiver(answer) for _ in range(ENDPOINTS)]
    for one in receivers:
        one.start()
        endpoints.create(two.parts, two.owner, building, one.url, None, Filter(tables=["storey"]))
    made = [new_id() for _ in range(EVENTS)]
    write(two.parts, two.owner, building, *(Change("storey", id, "insert", 0, {"name": id}) for id in made))
    wait_for(lambda: killer.killed, WAIT_S_MAX)
    _as_if_it_had_been_long_ago(two.parts, "webhook_endpoint")
    wait_for(lambda: _delivered(two.parts) == ENDPOINTS * EVENTS, WAIT_S_MAX)
    for one in receivers:
        one.stop()
        told = {sent.headers["webhook-id"]: json.loads(sent.body)["data"]["id"] for sent in one.sent}
        assert sorted(told.values()) == sorted(made), "an id each"
        assert len({sent.body for sent in one.sent}) == EVENTS, "the same id, the same bytes"
    again = sum(len(one.sent) for one in receivers) - ENDPOINTS * EVENTS
    assert 1 <= again <= COURIERS, "what the couriers of the dead one were at, and no more"


def _delivered(parts: Parts) -> int:
    (found,) = rows(parts, "select count(*) as n from webhook_delivery where delivered_at is not null")
    return int(found["n"])


# ---------------------------------------------------------------- work orders


def test_each_work_order_is_made_once_there_though_a_process_is_killed_over_it(two: Two) -> None:
    before = threading.Semaphore(CONNECTIONS * ORDERS // 3)
    killer = Killer(two.servers, lambda sent: sent.method == "POST" and not before.acquire(blocking=False))
    systems = [_system(killer) for _ in range(CONNECTIONS)]
    tied = [_tied(two, one) for one in systems]
    wait_for(lambda: killer.killed, WAIT_S_MAX)
    _as_if_it_had_been_long_ago(two.parts, "cmms_connection")
    wait_for(lambda: all(len(_linked(two.parts, id)) == ORDERS for id in tied), WAIT_S_MAX)
    for one, connection in zip(systems, tied, strict=True):
        one.stop()
        assert sorted(record["code"] for record in one.live()) == [f"A-{n}" for n in range(ORDERS)]
        assert sorted(record["id"] for record in one.live()) == sorted(_linked(two.parts, connection))
    posted = [sent for one in systems for sent in one.sent if sent.method == "POST"]
    keys = Counter(sent.headers["idempotency-key"] for sent in posted)
    assert len(keys) == CONNECTIONS * ORDERS, "what was tried again went under its key, if it had to be"


def _system(killer: Killer) -> Cmms:
    """Whose answer comes too late for one process: what it was asked for is done."""
    made = Cmms()
    work = made.answer

    def answer(sent: Sent) -> Reply | None:
        replied = work(sent)
        killer.meets(sent)
        return replied

    made.answer = answer
    made.start()
    return made


def _tied(two: Two, system: Cmms) -> str:
    """A building with work orders of which they have not heard; the connection."""
    building = new_building(two.parts, two.owner)
    for n in range(ORDERS):
        order = {"number": f"A-{n}", "title": "Leak", "kind": "corrective"}
        write(two.parts, two.owner, building, Change("work_order", new_id(), "insert", 0, order))
    url = f"{system.url}/api"
    return connections.create(two.parts, two.owner, building, "rest", url, "Works", SECRET, MAPPINGS).id


def _linked(parts: Parts, connection: str) -> list[str]:
    found = rows(parts, "select their_id from cmms_link where connection_id = :id", id=connection)
    return [str(row["their_id"]) for row in found if not str(row["their_id"]).startswith(PENDING)]
