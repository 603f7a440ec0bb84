"""Writers of one scope follow one another, readers see one moment, and a store outlives its process."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import psycopg
import pytest

import schemas
from arxos_sync import digest
from arxos_sync.messages import Change
from arxos_sync.storage import postgis
from arxos_sync.storage.migrations import steps
from arxos_sync.store import ServerStore
from tests.engine.world import EPOCH, SCOPE, delete, insert, uid, update
from tests.storage.rows import DEVICE, Device, batch, entry, found_building, put, row

THREADS, PUSHES = 8, 20


def element(number: int) -> str:
    return uid(0xE0000 + number)


def doors(storey: str, numbers: range) -> list[Change]:
    return [insert("element", element(n), ifc_class="IfcDoor", storey_id=storey) for n in numbers]


def sums_of(reader: Any) -> dict[str, int]:
    """What the digests should be, from the rows themselves."""
    found: dict[str, list[tuple[str, int]]] = {}
    for r in reader.live_rows():
        found.setdefault(r.table, []).append((r.id, r.sequence))
    return {table: digest.total(table, rows) for table, rows in found.items()}


def test_many_writers_of_one_scope_lose_nothing(store: ServerStore):
    storey = found_building(store, Device(99))
    with store.write(SCOPE) as writer:
        Device(98).send(writer, doors(storey, range(1)))

    def work(number: int) -> list[int]:
        device, sequences = Device(number), []
        for push in range(PUSHES):
            mine = element(1 + number * PUSHES + push)
            with store.write(SCOPE) as writer:
                base = writer.head().sequence
                taken = device.send(
                    writer,
                    [
                        insert("element", mine, ifc_class="IfcDoor", storey_id=storey, tag=f"{number}/{push}"),
                        update("element", element(0), base, visit_count={"add": 1}),
                    ],
                )
            assert [r.outcome for r in taken.receipts] == ["applied"], taken.receipts
            sequences += [r.sequence for r in taken.receipts]
        return sequences

    with ThreadPoolExecutor(THREADS) as pool:
        sequences = list(itertools.chain(*pool.map(work, range(THREADS))))
    total = THREADS * PUSHES
    assert sorted(sequences) == list(range(4, 4 + total)), "contiguous, each taken once"
    with store.read(SCOPE) as reader:
        rows = {r.id: r for r in reader.live_rows() if r.table == "element"}
        assert len(rows) == total + 1
        assert reader.head().sequence == 3 + total
        assert reader.digests() == sums_of(reader)
        log = list(reader.log(0))
    assert [e.sequence for e in log] == list(range(1, 4 + total))
    pushed = {(e.device, e.n): msgspec.msgpack.decode(e.content) for e in log}
    assert len(pushed) == 3 + total, "the change log holds every transaction"
    assert rows[element(0)].values["visit_count"] == total, "no addition was lost"


def test_each_thread_meets_its_own_earlier_write(store: ServerStore):
    put(store, row("storey", uid(0x51), name="0"))

    def step(_: int) -> None:
        with store.write(SCOPE) as writer:
            (found,) = writer.rows({"storey": [uid(0x51)]})
            found.values["name"] = str(int(found.values["name"]) + 1)
            found.sequence = writer.head().sequence + 1
            made = batch(head=found.sequence)
            made.rows = [found]
            writer.save(made)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(step, range(40)))
    with store.read(SCOPE) as reader:
        assert [r.values["name"] for r in reader.live_rows()] == ["40"] and reader.head().sequence == 41


def test_a_reader_stays_in_its_moment_while_a_writer_commits(store: ServerStore):
    device = Device(1)
    storey = found_building(store, device)
    with store.read(SCOPE) as reader:
        head = reader.head()
        with store.write(SCOPE) as writer:
            device.send(writer, doors(storey, range(5)), [delete("storey", storey, head.sequence)])
        assert reader.head() == head
        assert {r.table for r in reader.live_rows()} == {"building", "storey", "member"}
        assert reader.digests() == sums_of(reader)
        assert all(r.sequence <= head.sequence for r in reader.changed(0, None, 0, 100))
    with store.read(SCOPE) as reader:
        assert reader.head().sequence == head.sequence + 2
        assert {t: s for t, s in reader.digests().items() if s} == sums_of(reader)


def test_a_push_takes_as_many_statements_for_1000_edits_as_for_10(store: ServerStore, statements: Callable[[], int]):
    device = Device(1)
    storey = found_building(store, device)
    with store.write(SCOPE) as writer:
        device.send(writer, doors(storey, range(1000)))
    counts = []
    for size in (10, 1000, 10, 1000):
        base = store.heads([SCOPE])[SCOPE]
        groups = [[update("element", element(n), base, name=f"{size} at {base}")] for n in range(size)]
        before = statements()
        with store.write(SCOPE) as writer:
            taken = device.send(writer, *groups)
        counts.append(statements() - before)
        assert [r.outcome for r in taken.receipts] == ["applied"] * size
    assert 5 < counts[0] < 60 and len(set(counts)) == 1, counts


def test_a_delete_takes_as_many_statements_for_1000_children_as_for_10(
    store: ServerStore, statements: Callable[[], int]
):
    device, counts = Device(1), []
    found_building(store, device)
    for number, size in enumerate((10, 1000)):
        storey = uid(0x5100 + number)
        with store.write(SCOPE) as writer:
            first = number * 1000
            device.send(writer, [insert("storey", storey, name="Top"), *doors(storey, range(first, first + size))])
        before = statements()
        with store.write(SCOPE) as writer:
            taken = device.send(writer, [delete("storey", storey, writer.head().sequence)])
        counts.append(statements() - before)
        assert sum(r.table == "element" and r.deleted is not None for r in taken.touched) == size
    assert counts[0] > 5 and len(set(counts)) == 1, counts


class _Counted:
    """A connection that counts what it is asked; a batch given to `executemany` is one statement."""

    def __init__(self, connection: Any):
        self._connection, self.count = connection, 0

    def __getattr__(self, name: str) -> Any:
        if name in ("execute", "executemany"):
            self.count += 1
        return getattr(self._connection, name)


@pytest.fixture
def statements(store: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Answers how many statements the store has sent to its database so far."""
    if hasattr(store, "_writer"):
        counted = _Counted(store._writer)
        monkeypatch.setattr(store, "_writer", counted)
        return lambda: counted.count
    sent = itertools.count()
    for name in ("execute", "executemany", "copy"):
        monkeypatch.setattr(psycopg.Cursor, name, _noting(getattr(psycopg.Cursor, name), sent))
    return lambda: int(repr(sent)[6:-1])


def _noting(call: Any, sent: Any) -> Any:
    def noted(*given: Any, **named: Any) -> Any:
        next(sent)
        return call(*given, **named)

    return noted


def test_a_store_opened_again_has_its_first_epoch_and_all_it_held(opens: Callable[..., ServerStore]):
    first = opens()
    device = Device(1)
    storey = found_building(first, device)
    with first.write(SCOPE) as writer:
        device.send(writer, doors(storey, range(20)))
    with first.read(SCOPE) as reader:
        held = (
            reader.head(),
            sorted(reader.live_rows(), key=lambda r: r.key),
            reader.digests(),
            list(reader.log(0)),
        )
    first.close()
    again = opens(epoch=uid(0xBAD))
    assert again.epoch() == EPOCH
    with again.read(SCOPE) as reader:
        assert held == (
            reader.head(),
            sorted(reader.live_rows(), key=lambda r: r.key),
            reader.digests(),
            list(reader.log(0)),
        )
    with again.write(SCOPE) as writer:
        assert device.send(writer, doors(storey, range(20, 25))).receipts[0].outcome == "applied"


def test_preparing_at_the_same_time_makes_one_store(opens: Callable[..., ServerStore]):
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda n: opens(epoch=uid(n)), range(1, 5)))
    assert len({s.epoch() for s in stores}) == 1
    put(stores[0], row("storey", uid(0x51), name="Ground"))
    with stores[3].read(SCOPE) as reader:
        assert [r.values["name"] for r in reader.live_rows()] == ["Ground"]
    with stores[1].tables() as sql:
        numbers = [one["number"] for one in sql.rows("select number from schema_migration order by number")]
    kind = "postgis" if isinstance(stores[1], postgis.PostgisStore) else "spatialite"
    assert numbers == [1, *(number for number, _, _ in steps(schemas.catalogue(), kind))]


def test_two_stores_over_one_database_take_turns(opens: Callable[..., ServerStore]):
    here, there = opens(), opens()
    put(here, row("storey", uid(0x51), name="0"))

    def step(store: ServerStore) -> None:
        for _ in range(10):
            with store.write(SCOPE) as writer:
                sequence = writer.head().sequence + 1
                made = batch(head=sequence)
                made.log = [msgspec.structs.replace(entry(sequence, sequence), device=DEVICE)]
                writer.save(made)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(step, [here, there]))
    with there.read(SCOPE) as reader:
        assert [e.sequence for e in reader.log(0)] == list(range(2, 22))
