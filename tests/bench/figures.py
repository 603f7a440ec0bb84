"""What a measurement answers, and the table it is printed in."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """One line of the table. `value` and `goal` in `unit`; a goal of None is a figure to know, not to meet."""

    work: str
    what: str
    size: int  # elements stored
    value: float
    unit: str
    goal: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal


def medians(measure: Callable[[], list[Figure]], times: int) -> list[Figure]:
    """Measure so often; of each figure the median."""
    runs = [measure() for _ in range(times)]
    return [
        msgspec.structs.replace(figures[0], value=statistics.median(f.value for f in figures))
        for figures in zip(*runs, strict=True)
    ]


def table(figures: Iterable[Figure]) -> str:
    """As Markdown, so that what is printed is what docs/benchmarks.md keeps."""
    lines = ["| | what | elements | figure | goal | |", "|---|---|---:|---:|---:|---|"]
    for one in figures:
        goal = "" if one.goal is None else f"{'≥' if one.at_least else '≤'} {number(one.goal)} {one.unit}"
        met = {None: "", True: "met", False: "missed"}[one.met]
        value = f"{number(one.value)} {one.unit}"
        lines.append(f"| {one.work} | {one.what} | {one.size:,} | {value} | {goal} | {met} |")
    return "\n".join(lines)


def number(value: float) -> str:
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
