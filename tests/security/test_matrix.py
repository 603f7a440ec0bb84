"""Every role × every endpoint × own, other's, public, deleted, guessed: the cases come from the server's OpenAPI page.

A new route is in the matrix as soon as it is on the page. What a refused call must look like is asked of each: nothing
changes, and outside of a building a thing that is not permitted answers word for word as one that does not exist.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from server.app import create_app
from server.parts import new_id
from server.settings import Settings
from tests.server.running import Running, wait_for

from .expected import CALLERS, Case, exists, role_in, verdict
from .kinds import BUILDINGS, ENDED, IN_BODIES, INSIDE, MINE, is_of_a_building, kind_of, kinds, targets
from .operations import PREFIXES, SAFE, Operation, about, operations
from .world import Place, Somebody, World

CASES_MIN = 1_500
SETTLED_S_MAX = 60.0
UNKNOWN = "say in tests/security/kinds.py, KINDS, which things it names, and make some in things.py"

# Bodies for which the page's example would not do: of the table `annotation`, and of a building.
BODIES = {
    "POST /api/v1/buildings/{building}/{table}": {"set": {"title": "Crack"}},
    "PATCH /api/v1/buildings/{building}/{table}/{id}": {"set": {"title": "Crack"}},
    "POST /api/v1/cmms/buildings/{building}/work-orders": "title,kind\nPump,corrective\n",
    "POST /api/v1/buildings/{building}/validations/{id}/similar": {},
}
# What gives a login answers 401 to anybody whose word does not open one: see tests/server/test_accounts.py.
OPENS = ("POST /api/v1/auth/",)
OF_ITS_OWN = ("date", "etag", "content-length", "x-request-id", "arxos-request")
AWAY = ("unreachable",)  # another server, which these tests have none of
PROOF = ("not_proven",)  # theirs to do, with a password or a key that these tests do not give
GONE = {"invitation", "validation", "export"}  # once they are over, or no longer there, even to who may
COUNTED = ("GET /api/v1/buildings/{building}/exports/{id}",)  # reading it is told in the building, a little later
IN_THE_ANSWER = ("POST /api/v1/sync",)  # 200, and each scope says for itself whether it is there
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{64}|[0-9a-f]{32}")


def cases(found: list[Operation]) -> list[Case]:
    return [Case(one, caller, target) for one in found for target in targets(one) for caller in CALLERS]


# ---------------------------------------------------------------- asking


class Asking:
    """One server being asked."""

    def __init__(self, world: World) -> None:
        self.world = world

    def ask(self, case: Case) -> httpx.Response:
        """Where the call may do something, in a place and by a person of its own, about another's thing of its own."""
        operation, target = case.operation, case.target
        somebody, place = self.world.callers[case.caller], self.world.places.get(self._building(target))
        other = self.world.callers["viewer" if case.caller == "owner" else "owner"]
        acts = operation.method not in SAFE or str(operation) in COUNTED
        if verdict(case) == "allowed" and acts and target != "deleted":
            if is_of_a_building(operation) and target != MINE:
                somebody, place = self.world.fresh(case.caller, target, "row" in kinds(operation))
            else:
                somebody, other = self.world.somebody(case.caller), self.world.somebody("stranger")
        return self._settled(case, somebody, place, other)

    def _settled(self, case: Case, somebody: Somebody, place: Place | None, other: Somebody) -> httpx.Response:
        """A snapshot is being made when it is asked for first."""
        answers = list[httpx.Response]()

        def settled() -> bool:
            answers.append(self._call(case, somebody, place, other))
            return answers[-1].status_code != 503

        wait_for(settled, SETTLED_S_MAX)
        return answers[-1]

    def _building(self, target: str) -> str:
        return "own" if target in (*INSIDE, ENDED) else target

    def _call(self, case: Case, somebody: Somebody, place: Place | None, other: Somebody) -> httpx.Response:
        operation = case.operation
        path = operation.path
        for name in operation.names:
            kind = kind_of(operation, name)
            path = path.replace(f"{{{name}}}", self._value(case, kind, somebody, place, other), 1)
        body = BODIES.get(str(operation), operation.body)
        if str(operation) in IN_BODIES:
            name, kind = IN_BODIES[str(operation)]
            id = self._value(case, kind, somebody, place, other)
            body = body | {name: [id] if isinstance(body[name], list) else id}
        building = place.building if place else new_id()
        if isinstance(body, str):
            sent = {"content": body, "headers": {"Content-Type": operation.media}}
        else:
            sent = {} if body is None else {"json": about(body, building, somebody.device)}
        return somebody.http.request(operation.method.upper(), path, params=operation.query, **sent)

    def _value(self, case: Case, kind: str | None, somebody: Somebody, place: Place | None, other: Somebody) -> str:
        match kind:
            case "building":
                return place.building if place else new_id()
            case "collection":
                return f"{place.building if place else new_id()}.annotations"
            case "table":
                return "annotation"
            case "list":
                return "sessions"
            case "act":
                return "end"
            case "format":
                return "csv"
            case "row":
                return self._row(case.target, place)
            case "photo":
                return self._photo(case.target, place)
            case "upload":
                return self._upload(case, somebody)
            case "kept":
                return self._kept(case.target, place)
        assert kind is not None
        return self.world.things.id(kind, case.target, somebody, place, other)

    def _row(self, target: str, place: Place | None) -> str:
        if target == "others' row":
            return self.world.places["others"].row
        if target == "deleted row":
            assert place is not None
            return place.gone_row
        return place.row if place is not None and target != "guessed row" else new_id()

    def _photo(self, target: str, place: Place | None) -> str:
        if target == "others' row":
            return self.world.places["others"].sha256
        return place.sha256 if place is not None and target in BUILDINGS else new_id().replace("-", "") * 2

    def _kept(self, target: str, place: Place | None) -> str:
        if target == "others' row":
            return self.world.places["others"].kept
        return place.kept if place is not None and target in BUILDINGS else new_id().replace("-", "") * 2

    def _upload(self, case: Case, somebody: Somebody) -> str:
        """Of a person who may send to a building of theirs, or of another's."""
        if case.target == "guessed":
            return new_id().replace("-", "")
        whose = somebody if case.target == "own" and somebody.caller != "anonymous" else self.world.callers["admin"]
        if case.target == "others" and somebody.caller == "admin":
            whose = self.world.callers["owner"]
        answer = whose.http.post("/api/v1/buildings", json={"set": {"name": "Of their own"}})
        return self.world.announce(whose, answer.json()["row"]["id"], new_id().replace("-", "") * 2)


# ---------------------------------------------------------------- judging


def unexpected(case: Case, answer: httpx.Response) -> str | None:
    """What is wrong with an answer, in a line."""
    expected, status = verdict(case), answer.status_code
    if status >= 500 and (expected != "allowed" or answer.json().get("code") not in AWAY):
        return f"{case}: {status}, the server made a mistake: {answer.text[:200]}"
    if str(case.operation).startswith(OPENS) and case.operation.role == "anonymous":
        return None if status < 500 and (status < 300 or answer.json()["code"]) else f"{case}: {status}"
    if str(case.operation) in IN_THE_ANSWER:
        return _wrong_inside(case, answer)
    if case.target in INSIDE and expected == "allowed" and kinds(case.operation) & GONE:
        good = status == 404
    elif "kept" in kinds(case.operation) and expected == "allowed":  # whatever became of its building
        good = status == (404 if case.target in ("guessed", *INSIDE) else 200)
    elif case.target in ("deleted", *INSIDE) and expected in ("allowed", "forbidden"):
        good = status not in (401,) and (status != 403 or expected == "forbidden")
    elif expected == "allowed":
        refused = status in (401, 403) and answer.json().get("code") not in PROOF
        good = not refused and (status != 404 or not exists(case.target))
    elif expected == "unauthenticated" and case.operation.role == "anonymous":
        good = status in (401, 404)  # `differing` looks whether it is the same for what is not there
    else:
        good = status == {"unauthenticated": 401, "forbidden": 403, "hidden": 404}[expected]
    return None if good else f"{case}: {expected} was expected, and it is {status} {answer.text[:160]}"


def _wrong_inside(case: Case, answer: httpx.Response) -> str | None:
    if case.caller == "anonymous" and role_in("anonymous", case.target) is None:
        return None if answer.status_code == 401 else f"{case}: {answer.status_code}"
    (scope,) = answer.json()["scopes"]
    readable = role_in(case.caller, case.target) is not None
    return None if (scope["state"] == "gone") is not readable else f"{case}: {scope}"


def shape(answer: httpx.Response) -> tuple[Any, ...]:
    """An answer without what is its own: ids, and when it was given."""
    headers = {n: v for n, v in answer.headers.items() if n not in OF_ITS_OWN}
    text = answer.text
    if '"received_at"' in text:  # of an exchange, which also tells of the clock and of other buildings
        text = json.dumps(answer.json()["scopes"])
    return answer.status_code, _ID.sub("…", text), tuple(sorted(headers.items()))


def differing(answers: list[tuple[Case, httpx.Response]]) -> Iterator[str]:
    """Where a caller could tell what they may not see from what is not there."""
    by_target = {(str(case.operation), case.caller, case.target): answer for case, answer in answers}
    for case, answer in answers:
        guessed = by_target.get((str(case.operation), case.caller, like_what(case)))
        if guessed is not None and is_refused(case) and shape(answer) != shape(guessed):
            yield f"{case}: {shape(answer)} and {shape(guessed)}"


def like_what(case: Case) -> str:
    """Which target it must look like, where it is refused: of what is not there."""
    within = case.target in INSIDE or (case.target == "own" and "invitation" in kinds(case.operation))
    return "guessed row" if within else "guessed"


def is_refused(case: Case) -> bool:
    """What is deleted in a building is known there as such to who knows the building."""
    if case.target == "deleted row" and kinds(case.operation) & {"row", "photo"}:
        return False
    if verdict(case) == "forbidden":
        return like_what(case) == "guessed row" or case.operation.role == "admin"
    return verdict(case) in ("hidden", "unauthenticated") or case.target in INSIDE


# ---------------------------------------------------------------- tests


@pytest.fixture(scope="module")
def world(running: Running, url: str) -> Iterator[World]:
    world = World(running, url)
    yield world
    world.close()


@pytest.fixture(scope="module")
def offered(url: str) -> list[Operation]:
    found, wrong = operations(httpx.get(f"{url}/schema/openapi.json", timeout=120).json())
    wrong += [
        f"{operation}: the parameter {name} is of no known kind: {UNKNOWN}"
        for operation in found
        for name in operation.names
        if kind_of(operation, name) is None
    ]
    assert not wrong, "\n".join(wrong)
    return found


def test_nobody_may_what_is_not_theirs_and_all_may_what_is(world: World, offered: list[Operation]) -> None:
    asked, asking, before = cases(offered), Asking(world), world.heads()
    wrong, answers, counted = list[str](), list[tuple[Case, httpx.Response]](), Counter[str]()
    for case in asked:
        answer = asking.ask(case)
        answers.append((case, answer))
        counted[verdict(case)] += 1
        if (problem := unexpected(case, answer)) is not None:
            wrong.append(problem)
    wrong += differing(answers)
    print(f"{len(asked)} cases over {len(offered)} operations: {dict(counted)}")
    assert not wrong, f"{len(wrong)} of {len(asked)}:\n" + "\n".join(wrong[:60])
    assert world.heads() == before, "a refused call changed something"
    assert world.things.changed(world.standing()) == []
    assert len(asked) >= CASES_MIN and min(counted.values()) > 50


def test_no_route_is_hidden_from_the_page() -> None:
    app = create_app(Settings())
    described = app.openapi_schema.to_schema()["paths"]
    hidden = [
        f"{method} {route.path}"
        for route in app.routes
        if route.path.startswith(PREFIXES) and hasattr(route, "route_handler_map")
        for method in route.route_handler_map
        if method != "OPTIONS" and method.lower() not in described.get(_plain(route.path_format), {})
    ]
    assert hidden == []


def _plain(path: str) -> str:
    return re.sub(r"\{(\w+):\w+\}", r"{\1}", path)


def test_a_route_without_a_role_and_a_parameter_of_no_kind_are_found() -> None:
    told = {"parameters": [], "responses": {}}
    found, wrong = operations({"paths": {"/api/v1/things/{thing}": {"get": told}}})
    assert len(wrong) == 1 and "no x-role" in wrong[0]
    assert kind_of(found[0], "thing") is None


def test_the_matrix_would_see_what_is_let_through() -> None:
    operation = Operation("get", "/api/v1/buildings/{building}", "anonymous", ("building",), {})
    for caller, target, status in (("stranger", "others", 200), ("anonymous", "own", 200), ("viewer", "own", 403)):
        assert unexpected(Case(operation, caller, target), httpx.Response(status, text="{}"))
    assert unexpected(Case(operation, "viewer", "own"), httpx.Response(200, text="{}")) is None
    same, other = (httpx.Response(404, text=f'{{"detail": "not {word}"}}') for word in ("here", "yours"))
    asked = [Case(operation, "stranger", target) for target in ("others", "guessed")]
    assert list(differing(list(zip(asked, (other, same), strict=True))))
