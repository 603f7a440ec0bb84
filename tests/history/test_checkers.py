"""Does the checker tell good histories from bad ones, and say what is wrong with the bad?"""

from __future__ import annotations

import re
import time
from pathlib import Path
from types import ModuleType

import pytest

from . import append, bank, register, sets
from .ops import Anomaly, Event, Made, Unsound, ops_of, read_made
from .recorder import Recorder, acknowledged, read_events

MADE = Path(__file__).parent / "made"
EACH_MIN = 20


def verdict(kind: str, made: Made) -> list[Anomaly]:
    match kind:
        case "sets":
            return sets.check(made.ops)
        case "register":
            return register.check(made.ops)
        case "append":
            return append.check(made.ops)
        case "bank":
            return bank.check(made.ops, made.facts)
    raise AssertionError(kind)


ALL = [(path.stem, made) for path in sorted(MADE.glob("*.txt")) for made in read_made(path)]
GOOD = [(kind, made) for kind, made in ALL if not made.anomalies]
BAD = [(kind, made) for kind, made in ALL if made.anomalies]


def names(cases: list[tuple[str, Made]]) -> list[str]:
    return [f"{kind}: {made.name}" for kind, made in cases]


def test_there_are_enough_of_each():
    assert len(GOOD) >= EACH_MIN and len(BAD) >= EACH_MIN
    assert len(set(names(ALL))) == len(ALL)


@pytest.mark.parametrize(("kind", "made"), GOOD, ids=names(GOOD))
def test_nothing_is_said_against_a_good_history(kind: str, made: Made):
    assert verdict(kind, made) == []


@pytest.mark.parametrize(("kind", "made"), BAD, ids=names(BAD))
def test_a_bad_history_is_told_by_the_name_of_what_is_wrong(kind: str, made: Made):
    assert {one.name for one in verdict(kind, made)} == made.anomalies


@pytest.mark.parametrize("module", [sets, register, append, bank], ids=lambda m: m.__name__.rpartition(".")[2])
def test_every_anomaly_a_checker_can_name_is_shown_by_a_history_made_for_it(module: ModuleType):
    kind = module.__name__.rpartition(".")[2]
    named = set(re.findall(r'Anomaly\("(\w+)"|\("(G\w+)", "', Path(module.__file__ or "").read_text("utf-8")))
    shown = {name for at, made in BAD if at == kind for name in made.anomalies}
    assert {one or other for one, other in named} - shown <= {"phantom"}, "phantom is shown below"


def test_what_nobody_wrote_is_a_phantom():
    read = [Event("A", "invoke", 1, "final"), Event("A", "ok", 2)]
    assert sets.check(ops_of([read[0], Event("A", "ok", 2, value=[7])]))[0].name == "phantom"
    assert register.check(ops_of([read[0], Event("A", "ok", 2, value="x")]))[0].name == "phantom"
    txn = [Event("A", "invoke", 1, "txn"), Event("A", "ok", 2, value=[["r", "x", [7]]])]
    assert append.check(ops_of(txn))[0].name == "phantom"


def test_a_history_without_a_final_read_proves_nothing_and_is_refused():
    ops = ops_of([Event("A", "invoke", 1, "add", 1), Event("A", "ok", 2)])
    for check in (sets.check, register.check, lambda ops: bank.check(ops, {"a": 1})):
        with pytest.raises(Unsound):
            check([op for op in ops if op.f == "final"])


def test_a_process_that_begins_a_second_thing_makes_no_history():
    with pytest.raises(Unsound):
        ops_of([Event("A", "invoke", 1, "add", 1), Event("A", "invoke", 2, "add", 2)])


def test_a_recorder_started_again_finds_what_was_left_open_and_drops_half_a_line(tmp_path: Path):
    path = tmp_path / "A.history"
    first = Recorder(path)
    first.invoke("add", 1)
    first.ok()
    first.invoke("add", 2)
    first.close()
    with open(path, "ab") as file:
        file.write(b'{"process": "A", "ty')
    again = Recorder(path)
    assert again.left_open is not None and again.left_open.value == 2
    again.info()
    assert again.left_open is None
    again.close()
    assert [(op.value, op.outcome) for op in ops_of(read_events(path))] == [(1, "ok"), (2, "info")]
    assert [event.value for event in acknowledged(read_events(path))] == [1]


def test_a_long_history_without_cycles_is_judged_in_a_second_or_so():
    txn = [["append", "x", 0], ["append", "y", 0]]
    events = []
    for n in range(2_000):
        values = [[word, key, n] for word, key, _ in txn]
        events += [Event(f"W{n % 7}", "invoke", 4 * n, "txn", values), Event(f"W{n % 7}", "ok", 4 * n + 1)]
        if n % 20 == 0:
            seen = [["r", key, list(range(n + 1))] for key in "xy"]
            events += [Event("R", "invoke", 4 * n + 2, "txn"), Event("R", "ok", 4 * n + 3, value=seen)]
    began = time.monotonic()
    assert append.check(ops_of(events)) == []
    assert time.monotonic() - began < 10
    torn = [["r", "x", list(range(900))], ["r", "y", list(range(899))]]
    events += [Event("R", "invoke", 10**6, "txn"), Event("R", "ok", 10**6 + 1, value=torn)]
    assert {one.name for one in append.check(ops_of(events))} == {"G_single"}
