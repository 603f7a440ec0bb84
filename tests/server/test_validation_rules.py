"""How sure one may be, and when a measurement disagrees: the rules by themselves."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arxos_sync import geometry
from arxos_sync.store import FieldMark, MergeState, Row
from server.validation.confidence import Evidence, overall, parts_of, recomputed
from server.validation.expected import compare

NOTHING: dict[str, float | None] = dict.fromkeys(("classification", "position", "properties", "relationships"))
IMPORTED = NOTHING | {"classification": 70.0, "position": 50.0}
THERE = ("classification", "position")


def row(table: str, id: str = "x", born: int = 1, **values: Any) -> Row:
    return Row(table, id, values, born, born, None, MergeState(FieldMark(born, "d", "s")))


def measurement(kind: str, value: float, name: str | None = None, basis: str = "laser", u: float | None = None) -> Row:
    return row("measurement", "m", kind=kind, value=value, name=name, basis=basis, uncertainty_95=u)


# ---------------------------------------------------------------- confidence


def test_each_further_person_halves_what_is_left_and_the_same_one_counts_once():
    said = [Evidence(person, "confirmed", THERE) for person in ("a", "a", "b", "c")]
    levels = [recomputed(IMPORTED, said[:count])["position"] for count in range(5)]
    assert levels == [50.0, 90.0, 90.0, 95.0, 97.5]


def test_a_confirmation_never_lowers_and_leaves_the_other_parts_alone():
    sure = IMPORTED | {"position": 99.0}
    assert recomputed(sure, [Evidence("a", "confirmed", ("position",))]) == sure


def test_a_correction_forgets_who_confirmed_the_wrong_value():
    said = [Evidence(person, "confirmed", ("properties",)) for person in ("a", "b", "c")]
    said += [Evidence("d", "corrected", ("properties",)), Evidence("a", "confirmed", ("properties",))]
    assert [recomputed(NOTHING, said[:count])["properties"] for count in (3, 4, 5)] == [97.5, 90.0, 95.0]


def test_what_was_not_found_is_hardly_there_until_somebody_sees_it():
    said = [Evidence("a", "confirmed", THERE), Evidence("b", "not_found", ()), Evidence("c", "confirmed", THERE)]
    assert recomputed(IMPORTED, said[:2]) == NOTHING | {"classification": 10.0, "position": 10.0}
    assert recomputed(IMPORTED, said)["classification"] == 90.0


@pytest.mark.parametrize("outcome", ["no_access", "unexpected"])
def test_who_could_not_look_or_found_something_else_says_nothing_of_the_element(outcome: str):
    assert recomputed(IMPORTED, [Evidence("a", outcome, THERE)]) == IMPORTED


def test_an_agreeing_measurement_counts_for_position_as_one_more_person():
    assert recomputed(NOTHING, [Evidence("a", "confirmed", THERE, measured=True)]) == NOTHING | {
        "classification": 90.0, "position": 95.0,
    }  # fmt: skip


def test_the_whole_is_weighed_as_35_30_20_15():
    assert overall({"classification": 100.0, "position": 0.0, "properties": None, "relationships": None}) == 35.0
    assert overall(NOTHING | {"properties": 100.0, "relationships": 100.0}) == pytest.approx(35.0)
    assert overall(NOTHING) is None


def test_the_part_is_that_of_the_field_or_of_what_the_task_asks():
    assert [parts_of(f, None) for f in ("ifc_class", "geometry", "space_id", "properties.Width", "model")] == [
        ("classification",), ("position",), ("relationships",), ("properties",), ("properties",),
    ]  # fmt: skip
    assert parts_of(None, "dimension") == ("position",) and parts_of(None, "visual") == parts_of(None, None) == THERE


_evidence = st.lists(
    st.builds(
        Evidence,
        st.sampled_from("abc"),
        st.sampled_from(["confirmed", "corrected", "not_found", "no_access", "unexpected"]),
        st.sampled_from([THERE, ("position",), ("properties",), ("relationships",)]),
        st.booleans(),
    ),
    max_size=8,
)
_part = st.none() | st.floats(0, 100)


@given(st.fixed_dictionaries(dict.fromkeys(NOTHING, _part)), _evidence)
def test_laid_on_its_own_outcome_the_same_evidence_changes_nothing(now: dict[str, float | None], said: list[Evidence]):
    once = recomputed(now, said)
    assert recomputed(once, said) == once
    assert all(value is None or 0 <= value <= 100 for value in once.values())


# ---------------------------------------------------------------- does it disagree


DOOR = row("element", properties={"Qto_DoorBaseQuantities.Width": 0.9, "Width": "wide"}, heading_deg=359.0)


@pytest.mark.parametrize(
    ("measured", "own", "plan", "disagrees"),
    [
        (0.90, 0.010, 0.020, False),
        (0.92, 0.010, 0.020, False),  # 0.020 < 0.0224
        (0.93, 0.010, 0.020, True),  # 0.030 > 0.0224: more than the two together, less than their sum
        (0.87, 0.010, 0.020, True),
        (0.45, 0.010, 0.020, True),  # half of it
        (0.45, 0.500, 0.020, False),  # a guess says nothing
        (0.93, 0.000, 0.030, False),  # equal to what is allowed
    ],
)
def test_it_disagrees_beyond_the_root_of_both_uncertainties_squared(
    measured: float, own: float, plan: float, disagrees: bool
):
    found = compare(measurement("length", measured, "width", u=own), DOOR, [], plan)
    assert found is not None and found.disagrees is disagrees
    assert found.allowed == pytest.approx(math.sqrt(own**2 + plan**2)) and found.expected == 0.9


def test_a_measurement_on_the_plan_with_its_own_uncertainty_is_asked_before_the_properties():
    older, newer = (
        row("measurement", id, born, kind="length", name="Width", value=value, basis="plan", uncertainty_95=0.001)
        for id, born, value in (("p", 2, 1.0), ("q", 3, 1.1))
    )
    found = compare(measurement("length", 1.1, "Width", u=0.001), DOOR, [newer, older], 9.9)
    assert found is not None and found.expected == 1.1 and not found.disagrees
    assert found.allowed == pytest.approx(0.001 * math.sqrt(2))


def test_angles_are_compared_around_the_circle_and_counts_exactly():
    found = compare(measurement("angle", 1.0), DOOR, [], 0.05)
    assert found is not None and found.difference == pytest.approx(2.0) and not found.disagrees
    counted = row("element", properties={"Leaves": 2}, heading_deg=None)
    assert [compare(measurement("count", n, "Leaves"), counted, [], 0.05).disagrees for n in (2, 1)] == [False, True]


def test_a_room_tells_its_area_and_a_line_its_length():
    room = row("space", area_m2=20.0, height_m=2.5, properties=None)
    allowed = math.hypot(math.sqrt(2 * 20.0) * 0.003, math.sqrt(2 * 20.0) * 0.02)
    found = compare(measurement("area", 21.0), room, [], 0.02)
    assert found is not None and found.disagrees and found.allowed == pytest.approx(allowed)
    pipe = row("element", properties=None, geometry=geometry.linestring([(0, 0, 0), (3, 0, 0), (3, 4, 0)]))
    assert compare(measurement("length", 7.0), pipe, [], 0.05).expected == pytest.approx(7.0)
    outer = [(0, 0, 1), (4, 0, 1), (4, 3, 1), (0, 3, 1), (0, 0, 1)]
    hole = [(1, 1, 1), (2, 1, 1), (2, 2, 1), (1, 2, 1), (1, 1, 1)]
    slab = row("element", properties=None, geometry=geometry.polygon([outer, hole]))
    assert compare(measurement("area", 11.0), slab, [], 0.05).expected == pytest.approx(11.0)


def test_where_the_plan_says_nothing_nothing_is_compared():
    assert compare(measurement("length", 1.0, "Depth"), DOOR, [], 0.05) is None
    assert compare(measurement("height", 1.0), row("element", properties=None, geometry=None), [], 0.05) is None
    assert compare(measurement("length", 0.1, "Width", basis="plan"), DOOR, [], 0.05) is None
