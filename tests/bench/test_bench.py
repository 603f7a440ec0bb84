"""Every measurement runs at toy size, so that it does not rot. What it takes is not judged here."""

from __future__ import annotations

import random

import pytest

from tests.bench import browser, fleet, growth, live, plan, pushing, sockets, whole, work
from tests.bench.figures import Figure, medians, number, table
from tests.bench.peers import merging

SIZE = 40
WORKS = {
    "W1": lambda: whole.w1(SIZE),
    "W2 and W3": lambda: pushing.w2_w3(SIZE, 60, 4),
    "W4": lambda: whole.w4(SIZE, 2, 20),
    "W5": lambda: live.w5(SIZE, 2, 2, 10),
    "W6": lambda: pushing.w6(SIZE, 2),
    "W7": lambda: browser.w7(SIZE, 60, 3),
    "W8": lambda: whole.w8(SIZE),
    "W9": lambda: fleet.w9(SIZE, 4, 2, 3),
    "plan": lambda: plan.frames(SIZE),
    "sockets": lambda: sockets.sockets(SIZE, 10, 3, 0),
    "growth": lambda: growth.growth(SIZE, 20, 2, 2),
    "peer": lambda: merging.crdts(SIZE, 60, 20),
}


@pytest.mark.parametrize("name", WORKS)
def test_a_measurement_runs_and_answers_figures(name: str) -> None:
    figures = WORKS[name]()
    assert figures and all(figure.value >= 0 and figure.size == SIZE for figure in figures)
    assert {figure.work.partition(" ")[0] for figure in figures} <= set(name.split(" and "))


def test_the_same_seed_makes_the_same_work() -> None:
    one, other = (work.building(random.Random(7), 30) for _ in range(2))
    assert one == other and len({row.id for row in one}) == len(one) == 32
    made = [list(work.edits(random.Random(8), one, 50)) for _ in range(2)]
    assert made[0] == made[1] and {change.op for change in made[0]} == {"insert", "update", "delete"}


def test_of_each_figure_the_median_is_printed_beside_its_goal() -> None:
    values = iter([5.0, 1.0, 3.0])
    (figure,) = medians(lambda: [Figure("W6", "an exchange", 10, next(values), "ms", 3)], 3)
    assert figure.value == 3 and figure.met
    assert "| W6 | an exchange | 10 | 3 ms | ≤ 3 ms | met |" in table([figure])
    assert [number(0.123), number(12.34), number(1234.5)] == ["0.12", "12.3", "1,234"]
