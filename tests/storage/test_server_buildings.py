"""The list of buildings: who sees which, found by text and by place, a page at a time. Both server stores."""

from __future__ import annotations

import pytest

from arxos_sync import geometry
from arxos_sync.problems import Problem
from arxos_sync.store import BuildingQuery, ServerStore
from tests.engine.world import uid
from tests.storage.rows import AT, PERSON, put, row

NOW = "2026-06-01T12:00:00.000Z"
ALL = BuildingQuery(everything=True)
TOWER, LODGE, MILL, BARN = uid(0xB1), uid(0xB2), uid(0xB3), uid(0xB4)


def square(west: float, south: float, size: float = 0.01) -> bytes:
    east, north = west + size, south + size
    return geometry.multipolygon([[[(west, south), (east, south), (east, north), (west, north), (west, south)]]])


def grant(store: ServerStore, building: str, role: str = "viewer", until: str | None = None) -> None:
    with store.tables() as sql:
        sql.run(
            """
            insert into "grant" (user_id, building_id, role, created_at, until)
            values (:user, :building, :role, :at, :until)
            """,
            user=PERSON,
            building=building,
            role=role,
            at=AT,
            until=until,
        )


@pytest.fixture
def town(store: ServerStore) -> ServerStore:
    """Four buildings: a public tower, a private lodge and mill, and a barn that was deleted."""
    for id, values in {
        TOWER: {"name": "Tower", "visibility": "public", "city": "Basel", "footprint": square(7.58, 47.55)},
        LODGE: {"name": "Lodge 100%", "street": "Under_score Lane", "footprint": square(8.54, 47.37)},
        MILL: {"name": "Ölmühle", "code": "M\\1", "city": "Bern"},
    }.items():
        put(store, row("building", id, **values), row("storey", uid(0x51), name="Ground"), scope=id, head=5)
    put(store, row("building", BARN, deleted=True, name="Barn", visibility="public"), scope=BARN)
    return store


def names(store: ServerStore, query: BuildingQuery) -> list[str]:
    listed, total = store.buildings(query)
    assert total == len(listed)
    return [b.row.values["name"] for b in listed]


def test_without_a_grant_only_public_buildings_are_listed(town: ServerStore):
    listed, total = town.buildings(BuildingQuery(now=NOW))
    assert [(b.row.id, b.role, b.head) for b in listed] == [(TOWER, "anonymous", 5)] and total == 1
    assert names(town, BuildingQuery(user_id=PERSON, now=NOW)) == ["Tower"]


def test_a_grant_shows_its_building_with_its_role_until_it_ends(town: ServerStore):
    grant(town, LODGE, "technician", until="2026-06-01T12:00:00.001Z")
    grant(town, MILL, "reviewer", until=NOW)
    grant(town, TOWER, "owner")
    listed, total = town.buildings(BuildingQuery(user_id=PERSON, now=NOW))
    assert [(b.row.id, b.role) for b in listed] == [(LODGE, "technician"), (TOWER, "owner")] and total == 2
    assert names(town, BuildingQuery(user_id=uid(1), now=NOW)) == ["Tower"], "a grant is one person's"


def test_everything_is_listed_for_the_office_but_what_was_deleted(town: ServerStore):
    assert names(town, ALL) == ["Lodge 100%", "Tower", "Ölmühle"]


def test_text_is_found_as_it_is_typed_in_any_case(town: ServerStore):
    lodge, mill = ["Lodge 100%"], ["Ölmühle"]
    for text, found in {
        "tow": ["Tower"],
        "BASEL": ["Tower"],
        "lane": lodge,
        "%": lodge,
        "100%": lodge,
        "0_%": [],
        "_": lodge,
        "r_s": lodge,
        "o_e": [],
        "\\": mill,
        "m\\1": mill,
        "Ölm": mill,
        "'; drop table building; --": [],
        "nowhere": [],
    }.items():
        assert names(town, BuildingQuery(everything=True, text=text)) == found, text


def test_words_are_found_each_in_a_field_of_its_own(town: ServerStore):
    for text in ("Tower Basel", "basel   tower"):
        assert names(town, BuildingQuery(everything=True, text=text)) == ["Tower"]
    assert names(town, BuildingQuery(everything=True, text="rBasel")) == []


def test_text_is_found_in_any_case_beyond_ascii(town: ServerStore):
    assert names(town, BuildingQuery(everything=True, text="ölMÜHLE")) == ["Ölmühle"]


def test_a_box_finds_what_it_touches(town: ServerStore):
    lodge, tower = "Lodge 100%", "Tower"
    for bbox, found in {
        (7.0, 47.0, 8.0, 48.0): [tower],
        (7.0, 47.0, 9.0, 48.0): [lodge, tower],
        (7.585, 47.555, 7.586, 47.556): [tower],  # within it
        (7.5, 47.5, 7.58, 47.55): [tower],  # at its corner
        (-10.0, -10.0, 0.0, 0.0): [],
        (-180.0, -90.0, 180.0, 90.0): [lodge, tower],
    }.items():
        assert names(town, BuildingQuery(everything=True, bbox=bbox)) == found, bbox


def test_a_footprint_that_moves_is_found_where_it_is_now(town: ServerStore):
    moved = row("building", TOWER, sequence=6, name="Tower", footprint=square(1.0, 1.0))
    put(town, moved, scope=TOWER)
    assert names(town, BuildingQuery(everything=True, bbox=(7.0, 47.0, 8.0, 48.0))) == []
    assert names(town, BuildingQuery(everything=True, bbox=(0.9, 0.9, 1.1, 1.1))) == ["Tower"]
    put(town, row("building", TOWER, sequence=7, name="Tower"), scope=TOWER)
    assert names(town, BuildingQuery(everything=True, bbox=(0.9, 0.9, 1.1, 1.1))) == []


def test_pages_follow_one_another_by_name_and_id_and_all_tell_the_total(store: ServerStore):
    expected = []
    for number in range(25):
        name = ["beta", "Alpha", "alpha", "Ärger", "a b", "a"][number % 6]
        put(store, row("building", uid(0xB00 + number), name=name), scope=uid(0xB00 + number))
        expected.append((name, uid(0xB00 + number)))
    seen, after = [], None
    while True:
        listed, total = store.buildings(BuildingQuery(everything=True, after=after, limit=7))
        assert total == 25
        if not listed:
            break
        seen += [(b.row.values["name"], b.row.id) for b in listed]
        after = seen[-1]
    assert seen == sorted(expected)


def test_a_mistake_in_the_server_tables_rolls_back_whole(store: ServerStore):
    with pytest.raises(ZeroDivisionError):
        with store.tables() as sql:
            sql.run("insert into meta (key, value) values (:key, :value)", key="k%", value="50%:x")
            assert sql.rows("select value from meta where key like 'k%'") == [{"value": "50%:x"}]
            raise ZeroDivisionError
    with store.tables() as sql:
        assert sql.rows("select value from meta where key = :key", key="k%") == []
        assert sql.run("delete from meta where key = :key", key="none") == 0


def test_a_table_of_another_kind_of_scope_is_not_there(store: ServerStore):
    with store.write(uid(0xB1)) as writer:
        for ask in (lambda: writer.leaves("preference"), lambda: writer.rows({"no_such": [uid(1)]})):
            with pytest.raises(Problem) as caught:
                ask()
            assert caught.value.code == "not_found"
