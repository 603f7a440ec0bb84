"""The engine against the vectors that the browser's mirror is held to (tests/engine/core.test.mjs)."""

import json

import pytest

import schemas
from arxos_sync import apply, change, content, digest, limits, stamp
from arxos_sync.problems import Refused
from tests.engine import apply_cases, change_cases, make_vectors


def _vectors(name):
    return json.loads((make_vectors.VECTORS / f"{name}.json").read_text("utf-8"))


STAMP, DIGEST, CHANGE, APPLY, CONTENT = map(_vectors, ("stamp", "digest", "change", "apply", "content"))


def test_the_vectors_are_those_that_their_maker_makes():
    for name, text in make_vectors.made().items():
        assert (make_vectors.VECTORS / name).read_text("utf-8") == text, f"{name}: python -m {make_vectors.__name__}"


def test_stamps_are_written_read_and_compared_as_spelled():
    for one in STAMP["form"]:
        assert stamp.form(one["ms"], one["counter"], one["device"]) == one["stamp"]
    for one in STAMP["parts"]:
        assert (stamp.milliseconds(one["stamp"]), stamp.counter(one["stamp"])) == (one["ms"], one["counter"])
    for one in STAMP["following"]:
        assert stamp.following(one["last"], one["now_ms"], one["device"]) == one["stamp"]
    for one in STAMP["learned"]:
        assert stamp.learned(one["last"], one["received_at"], one["device"]) == one["stamp"]
    for one in STAMP["clamped"]:
        assert stamp.clamped(one["stamp"], one["received_ms"], one["ahead_ms_max"]) == one["counts"]
    for one in STAMP["beats"]:
        assert stamp.beats(*one["one"], *one["other"]) == one["beats"]
    for one in STAMP["is_stamp"]:
        assert stamp.is_stamp(one["text"]) == one["is"], one


def test_a_digest_and_its_leaves_are_those_that_hashlib_sums():
    for one in DIGEST["tables"]:
        table, rows = one["table"], one["rows"]
        assert digest.to_hex(digest.total(table, rows)) == one["digest"]
        found = {str(leaf): digest.to_hex(value) for leaf, value in enumerate(digest.leaves(table, rows)) if value}
        assert found == one["leaves"]
    for one in DIGEST["hex"]:
        assert digest.to_hex(int(one["value"])) == one["hex"]


def test_a_row_has_the_form_that_was_put_together_by_hand():
    for one in CONTENT["values"]:
        assert content.form(one["value"]).hex() == one["form"], one
    for one in CONTENT["rows"]:
        table = schemas.catalogue().tables[one["table"]]
        values = change.from_row_out(schemas.catalogue(), table.name, one["values"])
        assert content.row_form(table, one["id"], values).hex() == one["form"]
        assert digest.to_hex(content.row_hash(table, one["id"], values)) == one["hash"]
        found = content.leaves(table, [(one["id"], values)])
        assert digest.to_hex(found[digest.leaf_of(one["id"])]) == one["hash"] and sum(map(bool, found)) == 1
    assert content.form(-0.0) == content.form(0)


@pytest.mark.parametrize("one", CHANGE["values"], ids=lambda one: f"{one['column']} {one['op']}")
def test_a_value_is_taken_or_refused(one):
    found = change_cases.read(one["column"], one["op"], one["value"])
    assert found == {"code": one["code"], "read": one["read"]}


@pytest.mark.parametrize("one", CHANGE["changes"], ids=lambda one: one["name"])
def test_a_change_is_judged(one):
    found = change_cases.read_change(one["kind"], one["head"], change_cases.expanded(one["change"]))
    wanted = {name: one[name] for name in ("code", "field", "set")}
    assert found == change_cases.expanded(wanted)


def test_a_pulled_row_is_read_with_bytes_where_bytes_belong():
    for one in CHANGE["rows_out"]:
        assert change_cases.row_out(one["table"], one["values"]) == one["inner"]


def test_a_geometry_of_too_many_corners_is_refused_by_its_own_code():
    column = schemas.catalogue().tables["element"].columns["geometry"]
    count = limits.GEOMETRY_VERTICES_MAX + 1
    wkb = bytes.fromhex("01ea030000") + count.to_bytes(4, "little") + bytes(24 * count)
    with pytest.raises(Refused) as refused:
        change.read_value(column, "insert", wkb)
    assert refused.value.code == "too_large"


@pytest.mark.parametrize("one", APPLY["rows"], ids=lambda one: one["name"])
def test_a_row_lies_under_its_edits(one):
    found = apply_cases.row(one["server"], one["entries"], one["shown"])
    assert found == {"now": one["now"], "held": one["held"]}


@pytest.mark.parametrize("one", APPLY["histories"], ids=lambda one: one["name"])
def test_what_is_pushed_has_its_bases(one):
    found = apply_cases.pushed(one["entries"])
    assert found == {"bases": one["bases"], "changes": one["changes"]}


def test_a_delta_done_to_the_old_value_is_the_new_one():
    for one in APPLY["deltas"]:
        found = apply_cases.moved(one["column"], one["old"], one["new"])
        assert found == {"delta": one["delta"], "again": one["again"]}


def test_a_delta_that_adds_nothing_to_nothing_leaves_nothing():
    for one in APPLY["done"]:
        column = schemas.catalogue().tables["element"].columns[one["column"]]
        assert apply.with_delta(column, one["value"], one["change"]) == one["now"], one


def test_no_kind_of_case_is_missing():
    least = {"values": 250, "changes": 30, "rows_out": 3, "sizes": 35}
    least |= {"rows": 20, "histories": 20, "deltas": 20, "done": 8}
    assert {name: len((CHANGE | APPLY)[name]) >= count for name, count in least.items()} == dict.fromkeys(least, True)
    types = {schemas.catalogue().tables["element"].columns[n].type for r in APPLY["histories"] for n in _named(r)}
    assert {"text", "set", "map", "counter", "real", "geometry"} <= types


def _named(history):
    return [name for entry in history["entries"] for name in (entry["old"] | entry["new"])]
