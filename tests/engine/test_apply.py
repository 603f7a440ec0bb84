"""Laws of laying server rows under edits, over values alone."""

import math

from hypothesis import given
from hypothesis import strategies as st

import schemas
from arxos_sync import apply
from arxos_sync.apply import Entry

TABLE = schemas.catalogue().tables["element"]
ID = "0192f3a0-0000-7000-8000-0000000000e1"

words = st.sampled_from(["ok", "faulty", "missing", None])
items = st.lists(st.sampled_from(["hvac", "fire", "it"]), unique=True).map(sorted)
keys = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(0, 3) | st.just("x") | st.booleans())
rows = st.fixed_dictionaries(
    {
        "ifc_class": st.just("IfcDoor"),
        "status": words,
        "name": st.none() | st.text("xyz", max_size=2),
        "systems": items | st.none(),
        "visit_count": st.integers(0, 9) | st.none(),
        "properties": keys | st.none(),
        "heading_deg": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "geometry": st.none() | st.binary(max_size=3),
    }
)
edits = st.lists(st.one_of(rows.map(lambda row: ("write", row)), st.just(("delete", None))), max_size=6)


def changed(old, new):
    """What the triggers log of an update: columns that differ, groups whole."""
    columns = {}
    for name in new:
        field = TABLE.columns[name].field
        if field not in TABLE.groups:
            columns.setdefault(name, [name])
        else:
            columns.setdefault(field, list(TABLE.groups[field]))
    differing = [
        names for names in columns.values() if any(not apply.same(old.get(n), new.get(n)) for n in names)
    ]
    return [name for names in differing for name in names]


def entries_of(server, writes):
    """The entries a person's writes leave, and what is shown after them."""
    shown, entries = server, []
    for key, (what, row) in enumerate(writes, start=1):
        if what == "delete":
            if shown is not None:
                entries.append(entry(key, "delete", old=shown))
            shown = None
        elif shown is None:
            entries.append(entry(key, "insert", new=row))
            shown = row
        else:
            names = changed(shown, row)
            if names:
                old, new = {n: shown.get(n) for n in names}, {n: row.get(n) for n in names}
                entries.append(entry(key, "update", old=old, new=new))
            shown = row
    return entries, shown


def entry(key, op, old=None, new=None, base=5, settled_after=None):
    return Entry(
        key=key, place=key, table="element", id=ID, op=op, base=base, old=old or {}, new=new or {},
        settled_after=settled_after,
    )  # fmt: skip


def canonical(row):
    """Empty sets, maps and zero counters are nothing."""
    return row and {
        n: v for n, v in row.items() if v not in (None, [], {}) and not (n == "visit_count" and v == 0)
    }


@given(rows | st.none(), edits)
def test_what_the_server_holds_is_recovered_from_what_is_shown_and_the_edits(server, writes):
    entries, shown = entries_of(server, writes)
    assert apply.server_row(shown, entries) == server


@given(rows, edits)
def test_edits_laid_on_the_row_they_were_made_on_show_what_was_typed(server, writes):
    entries, shown = entries_of(server, writes)
    assert canonical(apply.shown_row(TABLE, server, entries, shown)) == canonical(shown)


@given(rows, rows, rows)
def test_no_pending_field_is_lost_under_what_the_server_sends(server, mine, theirs):
    entries, shown = entries_of(server, [("write", mine)])
    now = apply.shown_row(TABLE, theirs, entries, shown)
    typed = changed(server, mine)
    for name in mine:
        column = TABLE.columns[name]
        if column.type in ("set", "map", "counter"):
            continue
        assert apply.same(now[name], mine[name] if name in typed else theirs[name])
    added = set(mine["systems"] or ()) - set(server["systems"] or ())
    removed = set(server["systems"] or ()) - set(mine["systems"] or ())
    assert set(now["systems"] or ()) == (set(theirs["systems"] or ()) - removed) | added
    more = (mine["visit_count"] or 0) - (server["visit_count"] or 0)
    assert (now["visit_count"] or 0) == (theirs["visit_count"] or 0) + more


@given(rows, rows)
def test_a_delta_done_to_the_old_value_is_the_new_value(old, new):
    for name in ("systems", "properties", "visit_count"):
        column = TABLE.columns[name]
        made = apply.with_delta(column, old[name], apply.delta(column, old[name], new[name]))
        assert canonical({name: made}) == canonical({name: new[name]})


def test_a_field_typed_over_while_pending_keeps_its_first_base_and_a_new_field_its_own():
    entries = [
        entry(1, "update", {"status": "ok"}, {"status": "faulty"}, base=5),
        entry(2, "update", {"status": "faulty", "name": "a"}, {"status": "ok", "name": "b"}, base=9),
    ]
    assert apply.bases(TABLE, entries)[2, 2] == {"status": 5, "name": 9}


def test_a_receipt_before_the_second_edit_frees_its_base_and_one_after_it_does_not():
    def base_of_second(settled_after):
        first = entry(1, "update", {"status": "ok"}, {"status": "faulty"}, 5, settled_after)
        second = entry(2, "update", {"status": "faulty"}, {"status": "ok"}, 9)
        return apply.bases(TABLE, [first, second])[2, 2]["status"]

    assert (base_of_second(1), base_of_second(2), base_of_second(None)) == (9, 5, 5)


def test_a_delete_has_the_base_of_the_oldest_edit_it_was_made_upon():
    first = entry(1, "update", {"status": "ok"}, {"status": "faulty"}, base=5)
    last = entry(2, "delete", {"status": "faulty"}, base=9)
    assert apply.bases(TABLE, [first, last])[2, 2] == {"": 5}


def test_fields_with_different_bases_are_pushed_as_separate_changes():
    second = entry(
        2,
        "update",
        {"status": "faulty", "properties": {"a": 1, "b": 2}},
        {"status": "ok", "properties": {"a": 3}},
        base=9,
    )
    made = apply.changes(TABLE, second, {"status": 5, "properties.a": 5, "properties.b": 9})
    assert [(c.base, c.set, c.was) for c in made] == [
        (5, {"status": "ok", "properties": {"a": 3}}, {"status": "faulty", "properties": {"a": 1}}),
        (9, {"properties": {"b": None}}, {"properties": {"b": 2}}),
    ]


def test_an_insert_sends_what_is_set_and_groups_whole():
    made = apply.changes(
        TABLE, entry(1, "insert", new={"name": "D", "status": None, "heading_deg": 0.0}), {"": 5}
    )
    assert made[0].set == {"name": "D", "heading_deg": 0.0, "geometry": None}
    assert math.copysign(1, made[0].set["heading_deg"]) == 1


def test_true_is_not_1():
    column = TABLE.columns["properties"]
    assert apply.delta(column, {"a": 1}, {"a": True}) == {"a": True}
