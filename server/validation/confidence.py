"""How sure one may be of an element, from what people found: four parts in per cent, `WEIGHTS` (figures.py) the whole.

What it was before anybody looked stands in the element (an importer or a recogniser wrote it). Accepted validations are
laid on it in the order in which they were accepted:

    confirmed     the parts it is about go up to 90 for the first person, and each further person halves what is left
                  to 100 (95, 97.5 …); never down. The same person again counts once
    corrected     the value was wrong, so those before said nothing of the new one: the parts become 90, and
                  confirmations are counted from here
    not_found     classification and position become 10, and confirmations of them are counted from here
    no_access     says nothing of the element; nor does unexpected

A measurement that came with an accepted validation and agrees with the plan counts for position as one more person. A
part nobody ever spoke of stays empty. Laid on its own outcome once more this changes nothing, so it may be done again.

    part             the validation's field
    classification   ifc_class, predefined_type
    position         geometry, heading_deg, placement
    relationships    storey_id, space_id, systems
    properties       every other field
    without a field  position where the task is dimension, scale or north; else classification and position: it is there
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ..buildings.figures import WEIGHTS

FIRST, GONE = 90.0, 10.0
OF_FIELD = {
    "ifc_class": "classification", "predefined_type": "classification", "geometry": "position",
    "heading_deg": "position", "placement": "position", "storey_id": "relationships", "space_id": "relationships",
    "systems": "relationships",
}  # fmt: skip
_PLACING = frozenset(("dimension", "scale", "north"))
THERE = ("classification", "position")

Parts = dict[str, float | None]


class Evidence(msgspec.Struct, frozen=True):
    """An accepted validation. `measured`: a measurement came with it that agrees with the plan."""

    author: str | None
    outcome: str
    parts: tuple[str, ...]
    measured: bool = False


def parts_of(field: str | None, task_kind: str | None) -> tuple[str, ...]:
    if field is None:
        return ("position",) if task_kind in _PLACING else THERE
    return (OF_FIELD.get(field, "properties"),)


def recomputed(now: Mapping[str, float | None], evidence: Iterable[Evidence]) -> Parts:
    """`evidence` in the order in which it was accepted."""
    parts: Parts = {name: now[name] for name in WEIGHTS}
    said: dict[str, set[str]] = {name: set() for name in WEIGHTS}
    for one in evidence:
        match one.outcome:
            case "confirmed":
                for name in one.parts:
                    said[name] |= _voices(one, name)
                    parts[name] = max(parts[name] or 0.0, level(len(said[name])))
            case "corrected":
                for name in one.parts:
                    said[name] = _voices(one, name)
                    parts[name] = level(len(said[name]))
            case "not_found":
                for name in THERE:
                    said[name], parts[name] = set(), GONE
    return parts


def _voices(one: Evidence, part: str) -> set[str]:
    voices = {one.author or ""}
    return voices | {"measured"} if one.measured and part == "position" else voices


def level(voices: int) -> float:
    return 100.0 - (100.0 - FIRST) * 0.5 ** (voices - 1)


def overall(parts: Mapping[str, float | None]) -> float | None:
    """As figures.py counts it: an unset part is 0; where none is set there is none."""
    if all(parts[name] is None for name in WEIGHTS):
        return None
    return sum(weight * (parts[name] or 0.0) for name, weight in WEIGHTS.items())


def parts_in(values: Mapping[str, object]) -> Parts:
    """Of an element's row."""
    return {name: values[f"confidence_{name}"] for name in WEIGHTS}  # type: ignore[misc]


def columns_of(parts: Parts) -> dict[str, float | None]:
    return {f"confidence_{name}": value for name, value in parts.items()}
