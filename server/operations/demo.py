"""The demo: an office building and a person for each role, on an empty store.

The building goes in as an import does, through intake, by its owner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from arxos_sync.messages import Change
from arxos_sync.problems import Problem
from arxos_sync.store import BuildingQuery
from client_kit.formats import Row as FileRow

from ..accounts import people
from ..accounts.members import set_role
from ..accounts.people import Person
from ..attachments.lying import keep
from ..parts import Parts, new_id, now
from ..sync.push import Job

SEED = 1
STOREYS = 12
PASSWORD = "arxos-demo"
DOMAIN = "demo.arxos"
PEOPLE = {
    "owner": "Olga Owner",
    "technician": "Timo Technician",
    "reviewer": "Rita Reviewer",
    "viewer": "Viktor Viewer",
    "admin": "Ada Admin",
}


def fill(parts: Parts, say: Callable[[str], None], storeys: int = STOREYS) -> str | None:
    """Fill an empty store; answers the building's id, or None where somebody was there already."""
    _, buildings = parts.store.buildings(BuildingQuery(everything=True, limit=1))
    with people.reading(parts.store) as sql:
        begun = people.find_by_email(sql, f"owner@{DOMAIN}") is not None
        if buildings or (people.count(sql) and not begun):
            return None
    say(f"Making the demo: people, then an office of {storeys} storeys …")
    persons = _make_people(parts)
    building = _make_building(parts, persons["owner"], storeys, say)
    for word in ("technician", "reviewer", "viewer"):
        set_role(parts, persons[word].id, persons[word].name, building, word, persons["owner"].id)
    return building


def _make_people(parts: Parts) -> dict[str, Person]:
    """The people, or those of them that a start cut short has left out."""
    hashed = parts.passwords.hash(PASSWORD)
    made = {}
    with parts.store.tables() as sql:
        for word, name in PEOPLE.items():
            email = f"{word}@{DOMAIN}"
            known = people.find_by_email(sql, email)
            id = known["id"] if known else people.create(sql, email, name, hashed, word == "admin", now())
            made[word] = Person(id, email, name, word == "admin")
    return made


def _make_building(parts: Parts, owner: Person, storeys: int, say: Callable[[str], None]) -> str:
    from client_kit.formats.demo_building import demo_building, plan_files

    rows = list(demo_building(SEED, storeys, new_id))
    building = next(row.key for row in rows if row.table == "building")
    for content in plan_files(rows).values():
        keep(parts.attachments, parts.settings.data_dir, building, content)
    done = 0
    for receipt in Job(parts, owner, building, "import", "demo").write_all(_inserts(rows)):
        if receipt.problem is not None:
            raise Problem(receipt.problem.code, f"The demo building: {receipt.problem.detail}")
        done += len(receipt.changes)
        say(f"  {done} of {len(rows)} rows")
    return building


def _inserts(rows: list[FileRow]) -> Iterator[Change]:
    for row in rows:
        yield Change(row.table, row.key, "insert", 0, row.set)


def greeting(parts: Parts, address: str) -> str:
    """What to do next, with links."""
    page, _ = parts.store.buildings(BuildingQuery(everything=True, limit=1))
    building = page[0].row if page else None
    lines = [
        "",
        f"ARXOS is at {address}",
        "",
        f"  Log in as (password {PASSWORD}):",
        *(f"    {word}@{DOMAIN}" for word in PEOPLE),
        "",
        "  What to do next:",
        f"    open {address} and log in as technician@demo.arxos",
    ]
    if building is not None:
        lines.append(f"    open {address}/b/{building.id} for {building.values['name']}")
    lines += [
        f"    look at the API: {address}/schema/openapi.json",
        "    bring in a model of your own: arxos import FILE.ifc",
        "    stop with Ctrl+C",
        "",
    ]
    return "\n".join(lines)
