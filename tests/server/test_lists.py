"""Lists of the server's own tables: each is searched, sorted and cut into pages, as its OpenAPI page has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from arxos_sync.problems import Problem
from server.accounts.people import reading
from server.app import create_app
from server.listing import Listing, PageAsked, page_of
from server.parts import Parts, new_id
from server.settings import Settings
from tests.server.own_parts import opened
from tests.server.running import Person

NAMES = ["Ada", "ada", "Bert", "100 % sure", "1000 sure", "Zoe_1", "Zoe11", None]
THINGS = Listing(
    "select id, name, created_at from api_token where user_id = :user_id",
    sorts=("-created_at", "name", "id"), searched=("name", "created_at"), page=3, page_max=5,
)  # fmt: skip
# In an order of their own, which is what they are for: the last change, the most worth, the most like first.
ORDERED = ("/history", "/tasks/ranked", "/similar")


@pytest.fixture(params=["spatialite", "postgis"], scope="module")
def parts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    with opened(request.param, tmp_path_factory.mktemp("lists")) as made:
        with made.store.tables() as sql:
            for place, name in enumerate(NAMES):
                sql.run(
                    """
                    insert into api_token (id, user_id, name, token_hash, created_at)
                    values (:id, :user_id, :name, :id, :at)
                    """,
                    id=new_id(), user_id=WHOSE, name=name or "", at=f"2026-01-0{place // 2 + 1}T00:00:00.000Z",
                )  # fmt: skip
        yield made


WHOSE = new_id()


def listed(parts: Parts, **asked: Any) -> list[str]:
    """The names of every page, where each page is no longer than it may be and tells how many there are."""
    names: list[str] = []
    more: str | None = None
    while True:
        with reading(parts.store) as sql:
            lines, more, total = page_of(sql, THINGS, PageAsked(**asked, next=more), user_id=WHOSE)
        assert len(lines) <= min(asked.get("limit", THINGS.page), THINGS.page_max)
        names += [line["name"] for line in lines]
        if more is None:
            assert len(names) == total
            return names


def test_pages_neither_repeat_nor_leave_out_in_any_order(parts: Parts) -> None:
    everything = sorted(name or "" for name in NAMES)
    for sort in (None, "created_at", "-created_at", "name", "-name", "id", "-id"):
        for limit in (1, 2, 3, 100):
            assert sorted(listed(parts, sort=sort, limit=limit)) == everything
    assert listed(parts, sort="name") == listed(parts, sort="-name")[::-1]
    by_name = listed(parts, sort="name")
    assert by_name[0] == "" and {*by_name[3:5]} == {"Ada", "ada"}, "without regard to case, what is unset first"
    assert listed(parts) == listed(parts, sort="created_at")[::-1], "as it stands where nobody asks"


def test_each_word_is_looked_for_and_none_is_a_pattern(parts: Parts) -> None:
    assert sorted(listed(parts, q="ADA")) == ["Ada", "ada"]
    assert listed(parts, q="sure %") == ["100 % sure"]
    assert listed(parts, q="zoe_") == ["Zoe_1"]
    assert listed(parts, q="bert 2026-01-02") == ["Bert"] and listed(parts, q="bert 2026-01-03") == []
    assert len(listed(parts, q="  ")) == len(NAMES)


@pytest.mark.parametrize(
    "asked", [{"sort": "token_hash"}, {"sort": "--name"}, {"next": "nonsense"}, {"next": "WzEsIngiXQ=="}]
)
def test_what_is_no_order_or_place_of_the_list_is_refused(parts: Parts, asked: dict[str, str]) -> None:
    with reading(parts.store) as sql, pytest.raises(Problem, match="invalid"):
        page_of(sql, THINGS, PageAsked(**asked), user_id=WHOSE)


def test_every_list_is_paged_filtered_and_sorted() -> None:
    described = create_app(Settings()).openapi_schema.to_schema()
    schemas, lists, wrong = described["components"]["schemas"], 0, list[str]()
    for path, item in described["paths"].items():
        content = item.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema", {})
        members = schemas.get(schema.get("$ref", "").rpartition("/")[2], {}).get("properties", {})
        if not {"items", "next", "total"} <= members.keys() or path.endswith(ORDERED):
            continue
        lists += 1
        asked = {one["name"] for one in item["get"].get("parameters", []) if one["in"] == "query"}
        wrong += [f"{path}: no {name}" for name in ("limit", "next", "sort") if name not in asked]
        wrong += [] if asked - {"limit", "next", "sort"} else [f"{path}: no filter"]
    assert wrong == [] and lists > 20


def test_logins_tokens_and_people_are_sorted_and_searched(url: str, owner: Person) -> None:
    for name in ("QGIS at work", "qgis at home", "Script"):
        assert owner.http.post("/api/v1/me/tokens", json={"name": name}).status_code == 201
    asked = owner.http.get("/api/v1/me/tokens", params={"q": "qgis", "sort": "-name"}).json()
    assert [one["name"] for one in asked["items"]] == ["QGIS at work", "qgis at home"] and asked["total"] == 2
    admin = Person(url, "admin")
    found = admin.http.get("/api/v1/admin/users", params={"q": "demo.arxos own", "sort": "email"}).json()
    assert [one["email"] for one in found["items"]] == ["owner@demo.arxos"]
    refused = admin.http.get("/api/v1/admin/users?sort=password_hash")
    assert refused.status_code == 422 and "created_at" in refused.json()["detail"]
