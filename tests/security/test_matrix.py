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

from .expected import BUILDINGS, CALLERS, INSIDE, PERSONAL, Case, exists, role_in, verdict
from .operations import PREFIXES, SAFE, Operation, about, names_building, operations
from .world import Place, Somebody, World

CASES_MIN = 1_500
SETTLED_S_MAX = 60.0
UNKNOWN = "say in tests/security/test_matrix.py, KINDS, which things it names, and make some in world.py"

# The parameters in addresses: (where, name) → the kind of thing. The first that fits counts. Of `nothing` world.py
# makes none yet, so that only ids that are not there are asked for: enough to see that a refusal looks like that.
KINDS = (
    (r"/attachments/uploads/", "id", "upload"),
    (r"/api/v1/buildings/\{building\}/\{table\}/", "id", "row"),
    (r"/ogc/collections/", "id", "row"),
    (r"/api/v1/admin/", r"scope_id|sha256|name|id|act", "nothing"),
    (r"/api/v1/me/|/api/v1/organisations/|/api/v1/notifications/|/api/v1/wallet/", r"\w+", "nothing"),
    (r"/api/v1/webhooks/|/api/v1/cmms/connections/|/api/v1/jobs/", r"\w+", "nothing"),
    (r"/\{building\}/(invitations|validations)/", "id", "nothing"),
    (r"", "building", "building"),
    (r"", "scope_id", "building"),
    (r"", "collection", "collection"),
    (r"", "table", "table"),
    (r"", "sha256", "photo"),
)
# Bodies for which the page's example would not do: of the table `annotation`, and of a building.
BODIES = {
    "POST /api/v1/buildings/{building}/{table}": {"set": {"title": "Crack"}},
    "PATCH /api/v1/buildings/{building}/{table}/{id}": {"set": {"title": "Crack"}},
    "POST /api/v1/cmms/buildings/{building}/work-orders": "title,kind\nPump,corrective\n",
}
# What gives a login answers 401 to anybody whose word does not open one: see tests/server/test_accounts.py.
OPENS = ("POST /api/v1/auth/",)
OF_ITS_OWN = ("date", "etag", "content-length", "x-request-id", "arxos-request")
AWAY = ("unreachable",)  # another server, which these tests have none of
PROOF = ("not_proven",)  # theirs to do, with a password or a key that these tests do not give
# What their bodies name is not there: 404 inside of a building as well.
UNMADE = ("POST /api/v1/buildings/{building}/validations/review",)
IN_THE_ANSWER = ("POST /api/v1/sync",)  # 200, and each scope says for itself whether it is there
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{64}|[0-9a-f]{32}")


def kind_of(operation: Operation, name: str) -> str | None:
    fitting = (kind for where, n, kind in KINDS if re.fullmatch(n, name) and re.search(where, operation.path))
    return next(fitting, None)


def kinds(operation: Operation) -> set[str | None]:
    return {kind_of(operation, name) for name in operation.names}


def targets(operation: Operation) -> tuple[str, ...]:
    found = kinds(operation)
    if "upload" in found:
        return PERSONAL
    if found & {"building", "collection"} or names_building(operation.body):
        return BUILDINGS + (INSIDE if found & {"row", "photo"} else ())
    return ("guessed",) if "nothing" in found else ("",)


def cases(found: list[Operation]) -> list[Case]:
    return [Case(one, caller, target) for one in found for target in targets(one) for caller in CALLERS]


# ---------------------------------------------------------------- asking


class Asking:
    """One server being asked."""

    def __init__(self, world: World) -> None:
        self.world = world

    def ask(self, case: Case) -> httpx.Response:
        """Where the call may do something, in a place and by a person of its own."""
        operation, target = case.operation, case.target
        somebody, place = self.world.callers[case.caller], self.world.places.get(self._building(target))
        if verdict(case) == "allowed" and operation.method not in SAFE and target != "deleted":
            if targets(operation) == BUILDINGS or target in BUILDINGS + INSIDE:
                somebody, place = self.world.fresh(case.caller, target)
            else:
                somebody = self.world.somebody(case.caller)
        return self._settled(case, somebody, place)

    def _settled(self, case: Case, somebody: Somebody, place: Place | None) -> httpx.Response:
        """A snapshot is being made when it is asked for first."""
        answers = list[httpx.Response]()

        def settled() -> bool:
            answers.append(self._call(case, somebody, place))
            return answers[-1].status_code != 503

        wait_for(settled, SETTLED_S_MAX)
        return answers[-1]

    def _building(self, target: str) -> str:
        return "own" if target in INSIDE else target

    def _call(self, case: Case, somebody: Somebody, place: Place | None) -> httpx.Response:
        operation = case.operation
        path = operation.path
        for name in operation.names:
            path = path.replace(f"{{{name}}}", self._value(case, name, somebody, place), 1)
        body = BODIES.get(str(operation), operation.body)
        building = place.building if place else new_id()
        if isinstance(body, str):
            sent = {"content": body, "headers": {"Content-Type": operation.media}}
        else:
            sent = {} if body is None else {"json": about(body, building, somebody.device)}
        return somebody.http.request(operation.method.upper(), path, params=operation.query, **sent)

    def _value(self, case: Case, name: str, somebody: Somebody, place: Place | None) -> str:
        match kind_of(case.operation, name):
            case "building":
                return place.building if place else new_id()
            case "collection":
                return f"{place.building if place else new_id()}.annotations"
            case "table":
                return "annotation"
            case "row":
                return self._row(case.target, place)
            case "photo":
                return self._photo(case.target, place)
            case "upload":
                return self._upload(case, somebody)
        return new_id() if name != "sha256" else new_id().replace("-", "") * 2

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
    if case.target in ("deleted", *INSIDE) and expected in ("allowed", "forbidden"):
        good = status not in (401,) and (status != 403 or expected == "forbidden")
    elif expected == "allowed":
        may_lack = not exists(case.target) or _lacks(case.operation)
        refused = status in (401, 403) and answer.json().get("code") not in PROOF
        good = not refused and (status != 404 or may_lack)
    elif expected == "forbidden" and _lacks(case.operation):
        good = status in (403, 404)
    elif expected == "unauthenticated" and case.operation.role == "anonymous":
        good = status in (401, 404)  # `differing` looks whether it is the same for what is not there
    else:
        good = status == {"unauthenticated": 401, "forbidden": 403, "hidden": 404}[expected]
    return None if good else f"{case}: {expected} was expected, and it is {status} {answer.text[:160]}"


def _lacks(operation: Operation) -> bool:
    """Does it name things that world.py does not make?"""
    return "nothing" in kinds(operation) or str(operation) in UNMADE


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


def differing(answers: dict[tuple[str, str, str], httpx.Response]) -> Iterator[str]:
    """Where a caller could tell what they may not see from what is not there."""
    for (operation, caller, target), answer in answers.items():
        guessed = answers.get((operation, caller, "guessed"))
        if target == "others" and guessed is not None and caller != "admin":
            if shape(answer) != shape(guessed):
                yield f"{operation} by {caller}: {shape(answer)} and {shape(guessed)}"


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
    wrong, answers, counted = list[str](), dict[tuple[str, str, str], httpx.Response](), Counter[str]()
    for case in asked:
        answer = asking.ask(case)
        answers[str(case.operation), case.caller, case.target] = answer
        counted[verdict(case)] += 1
        if (problem := unexpected(case, answer)) is not None:
            wrong.append(problem)
    wrong += differing(answers)
    print(f"{len(asked)} cases over {len(offered)} operations: {dict(counted)}")
    assert not wrong, f"{len(wrong)} of {len(asked)}:\n" + "\n".join(wrong[:60])
    assert world.heads() == before, "a refused call changed something"
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
    key = ("GET /x", "stranger")
    assert list(differing({(*key, "others"): other, (*key, "guessed"): same}))
