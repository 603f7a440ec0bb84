"""What is left to check in Harbour House: forty tasks of each kind, spread over its storeys."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from arxos_sync import geometry

from . import Row

TASKS_PER_KIND = 40


def tasks(rows: list[Row], ids: Callable[[], str], dice: Random) -> list[Row]:
    """`rows` are those of all storeys."""
    storeys = {row.key: row for row in rows if row.table == "storey"}
    spaces = [row for row in rows if row.table == "space"]
    plans = [row for row in rows if row.table == "floor_plan"]
    openings = [row for row in rows if row.set.get("ifc_class") in ("IfcDoor", "IfcWindow")]
    things = [row for row in rows if row.table == "element" and row.set["serial_number"] is not None]
    asked = (
        ("dimension", openings, "Measure the width of {}", 70, 4.0),
        ("visual", things, "Look at the condition of {}", 40, 3.0),
        ("count", spaces, "Count the luminaires in {}", 55, 6.0),
        ("scale", plans, "Measure a wall to check the scale of {}", 90, 10.0),
        ("north", plans, "Check which way is north on {}", 80, 5.0),
        ("existence", things, "See whether {} is there", 60, 2.0),
    )
    found = []
    for kind, targets, title, impact, effort_min in asked:
        for n in range(TASKS_PER_KIND):
            target = targets[n * len(targets) // TASKS_PER_KIND]
            storey = storeys[target.set["storey_id"]]
            found.append(
                Row(
                    "task",
                    ids(),
                    {
                        "kind": kind,
                        "title": title.format(_called(target, storey)),
                        "target_table": target.table,
                        "target_id": target.key,
                        "priority": dice.randint(1, 5),
                        "impact": float(min(100, max(0, impact + dice.randint(-15, 15)))),
                        "effort_min": effort_min + dice.randint(0, 3),
                        "state": "open",
                        "similar_group": f"{kind} {storey.set['name']}",
                        "location": _location(target, storey, dice),
                    },
                )
            )
    return found


def _called(target: Row, storey: Row) -> str:
    match target.table:
        case "space":
            return f"{target.set['number']} {target.set['name']}"
        case "floor_plan":
            return f"the plan of {storey.set['name']}"
    return target.set["name"]


def _location(target: Row, storey: Row, dice: Random) -> bytes:
    if target.table == "element":
        return target.set["geometry"]
    outline: Any = target.set["outline"] if target.table == "space" else storey.set["outline"]
    x0, y0, x1, y1 = geometry.check_wkb(outline).bounds
    x, y = x0 + (x1 - x0) * dice.uniform(0.3, 0.7), y0 + (y1 - y0) * dice.uniform(0.3, 0.7)
    return geometry.point(round(x, 3), round(y, 3), storey.set["elevation_m"] + 1.2)
