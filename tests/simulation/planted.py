"""Bugs planted one at a time, each with a profile of faults that suits it, to see that the simulation finds them.

A bug replaces one function of the engine or of the client while a world runs. Each is a mistake that such programs
have had. Three of the list wait for what they are about: credits are no rows yet (the one that credits a retry twice
counts visits twice here), rights belong to a building and not to a parent (here: only those of the column are asked),
and sequences are not an identity column (here: two processes each hand out a block of their own).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import msgspec

from arxos_sync import intake, limits, merge, pull, rules
from arxos_sync import stamp as stamps
from arxos_sync.messages import Mark, read_cursor
from arxos_sync.storage.spatialite_server import SpatialiteScope
from server.sync import exchange, push
from tests.simulation.servers import Died

Plant = Callable[[], AbstractContextManager[None]]


class Bug(msgspec.Struct, frozen=True):
    name: str
    profile: str
    plant: Plant


PLANTED: dict[str, Bug] = {}


def bug(name: str, profile: str) -> Callable[[Callable[[], Iterator[None]]], Plant]:
    def listed(made: Callable[[], Iterator[None]]) -> Plant:
        plant = contextmanager(made)
        PLANTED[name] = Bug(name, profile, plant)
        return plant

    return listed


@contextmanager
def replaced(*places: tuple[Any, str, Any]) -> Iterator[None]:
    """Something else in those places, for a while."""
    former = [(owner, name, getattr(owner, name)) for owner, name, _ in places]
    for owner, name, value in places:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for owner, name, value in former:
            setattr(owner, name, value)


@contextmanager
def planting(name: str | None) -> Iterator[None]:
    with ExitStack() as stack:
        if name is not None:
            from tests.simulation import planted_devices

            assert planted_devices.LISTED
            stack.enter_context(PLANTED[name].plant())
        yield


# ---------------------------------------------------------------- in the server


@bug("acknowledged before commit", "server-dies")
def _acknowledged() -> Iterator[None]:
    write, scope = exchange.Exchange._write, exchange.Exchange._scope

    def writing(self: Any, *given: Any) -> Any:
        self._early = write(self, *given)
        return self._early

    def answering(self: Any, *given: Any) -> Any:
        try:
            return scope(self, *given)
        except Died:
            return self._early[0]

    with replaced((exchange.Exchange, "_write", writing), (exchange.Exchange, "_scope", answering)):
        yield


@bug("dedupe forgotten after a restart", "answers-lost")
def _forgotten() -> Iterator[None]:
    place, many = intake._place, SpatialiteScope._many
    process: dict[str, Any] = {"connection": None, "devices": set()}

    def placing(writer: Any, device: str, known: Any, prior: Any, transactions: Any) -> Any:
        if process["connection"] is not writer._connection:
            process["connection"], process["devices"] = writer._connection, set()
        if device in process["devices"]:
            return place(writer, device, known, prior, transactions)
        process["devices"].add(device)
        return "ok", []

    def writing(self: Any, statement: str, values: list[Any]) -> None:
        many(self, statement.replace("insert into receipt", "insert or replace into receipt"), values)

    with replaced((intake, "_place", placing), (SpatialiteScope, "_many", writing)):
        yield


@bug("sequence from an identity column", "busy")
def _identity() -> Iterator[None]:
    case, accept, block = intake._Push._case, intake._Push._accept, 5
    pushes: list[int] = [0]
    next_of: dict[tuple[str, int], int] = {}

    def judging(self: Any, transaction: Any) -> Any:
        made = case(self, transaction)
        pushes[0] += 1
        place = (self.writer.scope, pushes[0] % 2)
        number = next_of.get(place, 0)
        if number <= 0 or number % block == 0 or self.writer.salt(number) is not None:
            top = max([made.writer.sequence, *(n for (s, _), n in next_of.items() if s == place[0])])
            number = (top // block + 1) * block + 1
        next_of[place] = number + 1
        return msgspec.structs.replace(made, writer=msgspec.structs.replace(made.writer, sequence=number))

    def accepting(self: Any, *given: Any) -> Any:
        before = self.batch.head
        receipt = accept(self, *given)
        if self.batch.head.sequence < before.sequence:
            self.batch.head = before
        return receipt

    with replaced((intake._Push, "_case", judging), (intake._Push, "_accept", accepting)):
        yield


@bug("no tie-break", "same-moment")
def _no_tie_break() -> Iterator[None]:
    def beats(mine: str, device: str, other: str, other_device: str) -> bool:
        return mine[:17] >= other[:17]

    with replaced((stamps, "beats", beats)):
        yield


@bug("tombstones dropped early", "busy")
def _tombstones() -> Iterator[None]:
    changed = SpatialiteScope.changed

    def without_old(self: Any, *given: Any) -> Any:
        oldest = self.head().sequence - 3
        return [row for row in changed(self, *given) if row.deleted is None or row.deleted > oldest]

    with replaced((SpatialiteScope, "changed", without_old)):
        yield


@bug("only the column's rights checked", "roles")
def _column_rights() -> Iterator[None]:
    def demand(role: str | None, table: Any, columns: list[Any]) -> None:
        return None

    with replaced((merge, "demand_write", demand)):
        yield


@bug("rights cached", "roles")
def _cached() -> Iterator[None]:
    kept: dict[tuple[str, str], Any] = {}
    role_in, granted = exchange.role_in, push.role_in

    def remembered(reader: Any, person: Any, now: str) -> Any:
        place = (reader.scope, person.id if person else "")
        if kept.get(place) is None:
            kept[place] = role_in(reader, person, now)
        return kept[place]

    with replaced((exchange, "role_in", remembered), (push, "role_in", remembered)):
        yield
    assert granted is push.role_in


@bug("a retry counts twice", "answers-lost")
def _twice() -> Iterator[None]:
    take_in = intake.take_in

    def taking(writer: Any, catalogue: Any, author: Any, prior: Any, transactions: Any, *rest: Any) -> Any:
        known = writer.known(author.device)
        taken = take_in(writer, catalogue, author, prior, transactions, *rest)
        if taken.state == "ok" and known is not None:
            for again in [t for t in transactions if t.n <= known.n and _counts(t)]:
                arrival, dice, *common = rest
                one = intake._Push(writer, catalogue, author, arrival, dice, writer.head(), common[0] if common else 0)
                one.judge([msgspec.structs.replace(again, reason=None)])
                one.batch.receipts.clear()
                one.batch.rows = one.sheet.written()
                writer.save(one.batch)
        return taken

    with replaced((push, "take_in", taking)):
        yield


def _counts(transaction: Any) -> bool:
    return any("visit_count" in (change.set or {}) and change.op == "update" for change in transaction.changes)


@bug("epoch ignored", "servers-put-back")
def _epoch() -> Iterator[None]:
    def any_cursor(reader: Any, epoch: str, text: str | None) -> Any:
        return read_cursor(text) if text is not None else None

    with replaced((pull, "check_cursor", any_cursor), (exchange, "check_cursor", any_cursor)):
        yield


@bug("a clone's id used again", "clones")
def _clone() -> Iterator[None]:
    def placing(writer: Any, device: str, known: Any, prior: Any, transactions: Any) -> Any:
        last = known.n if known else 0
        stored = writer.receipts(device, 1, last) if last else {}
        return "ok", [stored[t.n].receipt for t in transactions if t.n <= last and t.n in stored]

    def standing(reader: Any, prior: Mark | None, known: Mark | None) -> str:
        return "ok"

    with replaced((intake, "_place", placing), (exchange, "_standing", standing)):
        yield


SMALL_PAGE = 3


@contextmanager
def small_pages() -> Iterator[None]:
    """Pages of few rows, so that many transactions cross one. No bug."""
    with replaced((limits, "ROWS_PER_PAGE", SMALL_PAGE)):
        yield


assert rules.stamp is stamps
