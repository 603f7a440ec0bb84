"""`make demo-sync`: the day of two tablets in a terminal, a line a step, on a server of its own."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from tests import site_day
from tests.server.site import Site
from tests.site_day import Office, Tablet

_began = time.monotonic()


def say(line: str) -> None:
    print(f"{time.monotonic() - _began:5.1f} s  {line}", flush=True)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="arxos-demo-") as name:
        folder = Path(name)
        say("A server starts, on SpatiaLite files, and makes the demo building: an office of 12 storeys.")
        site = Site.new("spatialite", folder)
        try:
            play(site, folder)
        finally:
            site.remove()


def play(site: Site, folder: Path) -> None:
    url = site.start()[0]
    building = Office(url, "owner@demo.arxos").building()
    tablets = {
        "A": Tablet.new(folder / "a", url, "technician@demo.arxos"),
        "B": Tablet.new(folder / "b", url, "reviewer@demo.arxos"),
    }
    for letter, tablet in tablets.items():
        tablet.subscribe(building)
        totals = tablet.sync()
        say(f"Tablet {letter} takes the building along: {totals['rows']} rows, one SpatiaLite file.")
    day = site_day.plan(building, elements(tablets["A"], building))
    say("Both go down into the basement. There is no network.")
    count = tablets["A"].record(building, site_day.work_of_a(day))
    say(f"A changes 200 elements, measures 20 and deletes 3: {count} transactions wait, safe on disk.")
    count = tablets["B"].record(building, site_day.work_of_b(day))
    say(f"B changes 200 elements, 100 of them A's, and the 3 that A deletes: {count} transactions wait.")
    for letter, tablet in tablets.items():
        totals = tablet.sync()
        say(
            f"{letter} comes up and syncs: {totals['receipts']} receipts, {totals['conflicts']} in conflict, "
            f"{totals['rejected']} refused; still waiting: {tablet.pending(building)}."
        )
    tablets["A"].sync()
    rows, digests = Office(url, "owner@demo.arxos").pull(building)
    same = all(tablet.digests(building) == digests for tablet in tablets.values())
    say(f"A hears what B did. The digests of A, B and the server {'agree' if same else 'DIFFER'}.")
    tell_conflicts(rows)
    site_day.check_outcome(day, rows)
    say("Nothing that anybody typed is lost: it stands, or it is kept in a conflict for a person to decide.")


def elements(tablet: Tablet, building: str) -> list[str]:
    """Tagged elements that no task is about and that the day's work will change, in a fixed order."""
    found = tablet.home.replica(building).connection.execute(
        """
        select id from element
        where tag is not null and condition is not 'poor' and status is not 'faulty'
          and id not in (select target_id from task)
        order by id
        """
    )
    return [id for (id,) in found]


def tell_conflicts(rows: dict[tuple[str, str], dict[str, Any]]) -> None:
    found = [r for (table, _), r in rows.items() if table == "conflict" and r["state"] == "open"]
    fields = [r for r in found if r["kind"] == "field"]
    deletes = [r for r in found if r["kind"] == "delete"]
    say(f"{len(found)} conflicts are open: {len(fields)} fields that both set, {len(deletes)} deletes B did not know.")
    one = fields[0]
    name = rows["element", one["row_id"]].get("name", one["row_id"])
    say(
        f"One of them, the tag of {name}: it was {one['base']['tag']}, "
        f"{one['kept']['tag']} stands, {one['other']['tag']} is kept beside it."
    )


if __name__ == "__main__":
    main()
