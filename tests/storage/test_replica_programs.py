"""A replica's file under programs that know nothing of ours: Python's SQLite, the command line, sqlite-utils, GDAL."""

import json
import subprocess

import sqlite_utils

from arxos_sync import geometry
from arxos_sync.storage.driver import connect
from tests.storage.test_replica import (
    DEVICE,
    UGLY,
    changes,
    element,
    index_is_right,
    path,
    replica,
    sql,
)

__all__ = ["path", "replica"]  # fixtures


def test_a_plain_sqlite_client_updates_attributes_and_deletes(replica, path):
    sql(
        path,
        ("update element set status = 'faulty' where id in (?, ?)", element(1), element(2)),
        ("delete from element where id = ?", element(3)),
    )
    made = replica.pending()
    assert [(c.op, c.id) for t in made for c in t.changes] == [
        ("update", element(1)), ("update", element(2)), ("delete", element(3))
    ]  # fmt: skip
    assert [len(t.changes) for t in made] == [1, 1, 1]
    assert [t.stamp for t in made] == sorted({t.stamp for t in made})
    assert all(t.stamp.endswith(DEVICE[-8:]) for t in made)
    assert index_is_right(replica)


def test_the_sqlite_command_line_of_debian_can_write_the_file(replica, path):
    statements = [
        f"update element set name = 'by hand' where id = '{element(4)}'",
        f"delete from element where id = '{element(5)}'",
    ]
    subprocess.run(["sqlite3", path, ";".join(statements)], check=True)
    assert [(c.op, c.set) for c in changes(replica)] == [("update", {"name": "by hand"}), ("delete", None)]
    assert index_is_right(replica)


def test_sqlite_utils_updates_upserts_and_inserts(replica, path):
    table = sqlite_utils.Database(connect(path))["element"]
    table.db.execute("update element set tag = 'T1' where id = ?", [element(1)])
    table.upsert({"id": element(2), "ifc_class": "IfcDoor", "tag": "T2"}, pk="id")
    table.insert({"id": element(77), "ifc_class": "IfcWindow"})
    table.db.conn.commit() if table.db.conn.in_transaction else None
    found = changes(replica)
    assert [(c.op, c.id) for c in found] == [
        ("update", element(1)), ("update", element(2)), ("insert", element(77))
    ]  # fmt: skip
    assert found[1].set == {"tag": "T2"}


def ogr(path, statement, dialect="sqlite"):
    command = ["ogrinfo", "-q", path, "-sql", statement]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "ERROR" not in done.stderr, done.stderr


def test_gdal_inserts_upserts_replaces_and_moves(replica, path):
    blob = "GeomFromText('POINTZ(7 8 9)', -1)"
    ogr(path, f"insert into element (ifc_class, name, geometry) values ('IfcDoor', 'new', {blob})")
    ogr(path, f"update element set geometry = {blob} where id = '{element(1)}'")
    ogr(path, f"insert into element (id, ifc_class, name) values ('{element(2)}', 'IfcDoor', 'up') "
              "on conflict (id) do update set name = excluded.name")  # fmt: skip
    ogr(
        path,
        f"insert or replace into element (id, ifc_class, geometry) values ('{element(3)}', 'IfcDoor', {blob})",
    )
    ogr(path, f"insert or ignore into element (id, ifc_class, name) values ('{element(4)}', 'IfcDoor', 'no')")
    found = changes(replica)
    assert [c.op for c in found] == ["insert", "update", "update", "update"]
    moved = geometry.point(7.0, 8.0, 9.0)
    assert found[0].set["geometry"] == moved and found[0].id[14] == "7"
    assert found[1].set == {"heading_deg": UGLY, "geometry": moved}
    assert found[2].set == {"name": "up"}
    assert found[3].set["geometry"] == moved and found[3].set["name"] is None
    assert index_is_right(replica)


def test_ogr2ogr_appends_features(replica, path, tmp_path):
    source = tmp_path / "new.geojson"
    feature = {
        "type": "Feature",
        "properties": {"ifc_class": "IfcLamp", "name": "L1"},
        "geometry": {"type": "Point", "coordinates": [1.0, 2.0, 3.0]},
    }
    source.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    command = ["ogr2ogr", "-append", "-update", "-f", "SQLite", "-nln", "element", path, source]
    subprocess.run(command, check=True, capture_output=True)
    (change,) = changes(replica)
    assert change.op == "insert" and change.set["name"] == "L1"
    assert change.set["geometry"] == geometry.point(1.0, 2.0, 3.0)
    assert index_is_right(replica)


def test_replace_that_takes_another_rows_pk_is_logged_as_a_delete_of_that_row(replica, path):
    pk = replica.one("select pk from element where id = ?", element(3))
    connection = connect(path)
    connection.execute("insert or replace into element (pk, id, ifc_class) values (?, ?, 'IfcDoor')", (pk, element(60)))
    connection.close()
    assert sorted((c.op, c.id) for c in changes(replica)) == [("delete", element(3)), ("insert", element(60))]
    assert index_is_right(replica)


def test_replace_is_logged_as_what_it_did_with_recursive_triggers_on_too(replica, path):
    again = "insert or replace into element (id, ifc_class, name, status) values (?, 'IfcDoor', ?, 'ok')"
    sql(path, ("drop trigger ggi_element_geometry",), ("drop trigger gii_element_geometry",))
    sql(path, ("pragma recursive_triggers = on",), (again, element(3), "R"), (again, element(3), "R"))
    sql(path, ("pragma recursive_triggers = on",), ("delete from element where id = ?", element(4)))
    assert [(c.op, c.id, (c.set or {}).get("name")) for c in changes(replica)] == [
        ("update", element(3), "R"),
        ("delete", element(4), None),
    ]


def test_a_delete_an_insert_and_a_replace_of_one_row_are_three_changes(replica, path):
    again = "insert or replace into element (id, ifc_class, name) values (?, 'IfcDoor', ?)"
    connection = connect(path)
    connection.execute("delete from element where id = ?", (element(3),))
    connection.execute(again, (element(3), "one"))
    connection.execute(again, (element(3), "two"))
    connection.close()
    assert [(c.op, (c.set or {}).get("name")) for c in changes(replica)] == [
        ("delete", None),
        ("insert", "one"),
        ("update", "two"),
    ]
    assert index_is_right(replica)
