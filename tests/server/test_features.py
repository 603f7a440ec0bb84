"""OGC API Features over real HTTP, read by GDAL's driver (QGIS reads by the same), and checked by hand."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import os
import subprocess
from typing import Any

import pytest
import shapely.geometry

from arxos_sync import geometry
from server.app import open_parts
from server.parts import new_id, now
from server.settings import read_settings
from tests.server.running import Person, Running
from tests.services import tool

LIST = "/api/v1/buildings"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
ULM = {"eastings": 573_000.0, "northings": 5_361_000.0, "epsg": 25832, "orthogonal_height": 480.0, "scale": 1.0,
       "x_axis_abscissa": 0.0, "x_axis_ordinate": 1.0}  # fmt: skip


def square(west: float, south: float, side: float = 0.001) -> str:
    east, north = west + side, south + side
    return geometry.multipolygon([[[(west, south), (east, south), (east, north), (west, north), (west, south)]]]).hex()


def add(person: Person, building: str, table: str, **values: Any) -> str:
    answer = person.http.post(f"{LIST}/{building}/{table}", json={"set": values})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["row"]["id"])


def furnish(person: Person, building: str) -> str:
    """A storey with three elements along x: at 0, 10 and 20 m, and one without a place."""
    outline = geometry.polygon([[(0, 0), (20, 0), (20, 10), (0, 10), (0, 0)]]).hex()
    storey = add(person, building, "storey", name="Ground", outline=outline)
    for x in (0.0, 10.0, 20.0):
        place = {"geometry": geometry.point(x, 5.0, 1.0).hex(), "heading_deg": None}
        add(person, building, "element", storey_id=storey, ifc_class="IfcPump", name=f"P{x:.0f}", **place)
    add(person, building, "element", storey_id=storey, ifc_class="IfcFan", name="F")
    return storey


@pytest.fixture(scope="module")
def owned(url: str) -> Person:
    return Person(url, "owner")


@pytest.fixture(scope="module")
def public(owned: Person) -> str:
    """Placed by its footprint alone, at 10 east, 48 north."""
    building = owned.building("Mühle", visibility="public", city="Ulm", footprint=square(9.9995, 47.9995))
    furnish(owned, building)
    return building


@pytest.fixture(scope="module")
def private(owned: Person) -> str:
    """On a map grid, turned so that its x points north."""
    building = owned.building("Werk", footprint=square(9.98, 48.39), **ULM)
    furnish(owned, building)
    return building


@pytest.fixture(scope="module")
def token(running: Running, owned: Person) -> str:
    """An API token of the owner's, as the table keeps it."""
    parts = open_parts(read_settings(running.environment))
    with parts.store.tables() as sql:
        sql.run(
            """
            insert into api_token (id, user_id, name, token_hash, created_at)
            values (:id, :user, 'QGIS', :hash, :now)
            """,
            id=new_id(), user=owned.id, hash=hashlib.sha256(b"arxos_for_qgis").hexdigest(), now=now(),
        )  # fmt: skip
    parts.store.close()
    return "arxos_for_qgis"


def gdal(program: str, *words: str, token: str | None = None) -> str:
    environment = os.environ | {"GDAL_HTTP_TIMEOUT": "30", "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}
    if token:
        environment |= {"GDAL_HTTP_AUTH": "BASIC", "GDAL_HTTP_USERPWD": f"anybody:{token}"}
    done = subprocess.run([tool(program), *words], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def items(person: Person, collection: str, **given: Any) -> dict[str, Any]:
    answer = person.http.get(f"/ogc/collections/{collection}/items", params=given)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_gdal_opens_the_server_by_its_address_and_lists_what_anybody_may_see(
    url: str, public: str, private: str
) -> None:
    told = gdal("ogrinfo", "-ro", f"OAPIF:{url}/ogc")
    assert "buildings" in told and f"{public}.elements" in told and private not in told


def test_gdal_sees_with_a_token_what_its_person_sees(url: str, private: str, token: str) -> None:
    told = gdal("ogrinfo", "-ro", f"OAPIF:{url}/ogc", token=token)
    assert f"{private}.elements" in told
    counted = gdal("ogrinfo", "-ro", "-so", f"OAPIF:{url}/ogc", f"{private}.elements", token=token)
    assert "Feature Count: 3" in counted


def test_gdal_reads_by_a_box_what_the_rest_list_counts(url: str, owned: Person, public: str) -> None:
    # 5 m east of the footprint's middle and beyond: the pumps at 10 and 20 m
    box = (10.0 + 5 / 74_600, 47.99, 10.01, 48.01)
    counted = gdal(
        "ogrinfo", "-ro", "-so", "-spat", *map(str, box), f"OAPIF:{url}/ogc", f"{public}.elements"
    )  # fmt: skip
    assert "Feature Count: 2" in counted
    rows = owned.http.get(f"{LIST}/{public}/element", params={"bbox": "5,-100,100,100"}).json()
    assert rows["total"] == 2


def test_gdal_copies_a_layer_whole_page_by_page(url: str, public: str, tmp_path: Any) -> None:
    made = tmp_path / "elements.geojson"
    gdal("ogr2ogr", "-f", "GeoJSON", "-oo", "PAGE_SIZE=2", str(made), f"OAPIF:{url}/ogc", f"{public}.elements")
    features = json.loads(made.read_text())["features"]
    assert sorted(f["properties"]["name"] for f in features) == ["P0", "P10", "P20"]


def test_without_a_georeference_metres_stand_on_the_footprint(nobody: Person, public: str) -> None:
    listed = items(nobody, f"{public}.elements")["features"]
    found = {f["properties"]["name"]: f["geometry"]["coordinates"] for f in listed}
    lon, lat, height = found["P20"]
    assert height == 1.0
    assert math.isclose((lon - 10.0) * math.cos(math.radians(48)) * 111_320 * 1.0018, 20.0, rel_tol=0.01)
    assert math.isclose((lat - 48.0) * 111_200, 5.0, rel_tol=0.01)


def test_a_georeferenced_building_stands_on_its_map_grid(owned: Person, private: str) -> None:
    listed = items(owned, f"{private}.elements", crs=f"{EPSG}25832")["features"]
    found = {f["properties"]["name"]: f["geometry"]["coordinates"] for f in listed}
    assert found["P20"] == pytest.approx([573_000.0 - 5.0, 5_361_000.0 + 20.0, 481.0])
    (lon, lat, _) = next(
        f["geometry"]["coordinates"] for f in items(owned, f"{private}.elements", name="P20")["features"]
    )
    assert 9.98 < lon < 9.99 and 48.39 < lat < 48.40
    (flipped,) = items(owned, f"{private}.elements", name="P20", crs=f"{EPSG}4326")["features"]
    assert flipped["geometry"]["coordinates"][:2] == pytest.approx([lat, lon])


def test_the_reference_system_is_told_in_the_header_and_an_unknown_one_refused(owned: Person, private: str) -> None:
    at = f"/ogc/collections/{private}.elements"
    told = owned.http.get(at).json()
    assert told["crs"] == [CRS84, f"{EPSG}4326", f"{EPSG}3857", f"{EPSG}25832"]
    assert told["storageCrs"] == f"{EPSG}25832"
    assert owned.http.get(f"{at}/items").headers["content-crs"] == f"<{CRS84}>"
    mercator = owned.http.get(f"{at}/items", params={"crs": f"{EPSG}3857"})
    assert mercator.headers["content-crs"] == f"<{EPSG}3857>"
    assert owned.http.get(f"{at}/items", params={"crs": f"{EPSG}2056"}).status_code == 422


def test_a_box_may_be_asked_in_any_system_offered(owned: Person, private: str) -> None:
    collection = f"{private}.elements"
    grid = {"bbox": "572990,5361005,573001,5361030", "bbox-crs": f"{EPSG}25832"}
    assert items(owned, collection, **grid)["numberMatched"] == 2
    world = {"bbox": "-180,-90,180,90"}
    assert items(owned, collection, **world)["numberMatched"] == 3
    assert items(owned, collection, **{"bbox": "-90,-180,90,180", "bbox-crs": f"{EPSG}4326"})["numberMatched"] == 3
    assert items(owned, collection, bbox="0,0,1,1")["numberMatched"] == 0
    assert items(owned, collection, bbox="9.9,48.3,0,10.1,48.5,900")["numberMatched"] == 3
    assert items(owned, collection, bbox="170,-10,-170,10")["numberMatched"] == 0
    for bad in ("1,2,3", "a,b,c,d", "0,9,1,-9"):
        assert owned.http.get(f"/ogc/collections/{collection}/items", params={"bbox": bad}).status_code == 422


def test_features_are_valid_geojson_and_go_on_by_links(owned: Person, nobody: Person, public: str) -> None:
    page = items(nobody, f"{public}.elements", limit=2)
    assert page["numberMatched"] == 3 and page["numberReturned"] == 2
    following = next(link["href"] for link in page["links"] if link["rel"] == "next")
    rest = nobody.http.get(following).json()
    ids = [f["id"] for f in page["features"] + rest["features"]]
    assert len(set(ids)) == 3 and not [link for link in rest["links"] if link["rel"] == "next"]
    (storey,) = items(nobody, f"{public}.storeys")["features"]
    shape = shapely.geometry.shape(storey["geometry"])
    assert shape.is_valid and shape.geom_type == "Polygon"
    one = nobody.http.get(f"/ogc/collections/{public}.storeys/items/{storey['id']}")
    assert one.headers["content-type"].startswith("application/geo+json")
    assert one.json()["geometry"] == storey["geometry"]
    assert nobody.http.get(f"/ogc/collections/{public}.storeys/items/{new_id()}").status_code == 404


def test_features_are_filtered_by_properties_and_time(nobody: Person, public: str) -> None:
    collection = f"{public}.elements"
    assert items(nobody, collection, name="P10")["numberMatched"] == 1
    assert items(nobody, collection, datetime="2020-01-01T00:00:00Z/..")["numberMatched"] == 3
    assert items(nobody, collection, datetime="../2020-01-01T00:00:00Z")["numberMatched"] == 0
    assert items(nobody, "buildings", city="Ulm")["numberMatched"] == 1
    for bad in ({"colour": "red"}, {"datetime": "yesterday"}, {"next": "%%"}):
        assert nobody.http.get(f"/ogc/collections/{collection}/items", params=bad).status_code == 422


def test_a_private_building_is_in_no_collection_of_others(nobody: Person, stranger: Person, private: str) -> None:
    for person in (nobody, stranger):
        listed = person.http.get("/ogc/collections").json()["collections"]
        assert not [c for c in listed if private in c["id"]]
        assert private not in {f["id"] for f in items(person, "buildings", limit=1000)["features"]}
        for path in (f"{private}.elements", f"{private}.elements/items", f"buildings/items/{private}"):
            assert person.http.get(f"/ogc/collections/{path}").status_code == 404


def test_basic_takes_a_token_and_nothing_else(nobody: Person, owned: Person, private: str, token: str) -> None:
    def basic(password: str) -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(f"me:{password}".encode()).decode()}

    path = f"/ogc/collections/{private}.elements/items"
    assert nobody.http.get(path, headers=basic(token)).json()["numberMatched"] == 3
    assert nobody.http.get(path, headers=basic("arxos_other")).status_code == 401
    assert nobody.http.get(path, headers={"Authorization": "Basic !"}).status_code == 401
    assert owned.http.get(path).json()["numberMatched"] == 3  # by bearer as well


def test_the_landing_page_leads_everywhere(nobody: Person) -> None:
    for path in ("/ogc", "/ogc/"):
        links = {link["rel"]: link["href"] for link in nobody.http.get(path).json()["links"]}
        assert {"self", "service-desc", "conformance", "data"} <= links.keys()
    assert nobody.http.get(links["service-desc"]).json()["openapi"].startswith("3.1")
    kept = nobody.http.get(links["conformance"]).json()["conformsTo"]
    assert any(one.endswith("features-2/1.0/conf/crs") for one in kept)


def test_features_are_not_sent_twice_and_are_sent_when_they_change(owned: Person) -> None:
    building = owned.building("Kept", footprint=square(11.0, 48.0))
    path = f"/ogc/collections/{building}.elements/items"
    tag = owned.http.get(path).headers["etag"]
    assert owned.http.get(path, headers={"If-None-Match": tag}).status_code == 304
    furnish(owned, building)
    changed = owned.http.get(path, headers={"If-None-Match": tag})
    assert changed.status_code == 200 and changed.json()["numberMatched"] == 3
