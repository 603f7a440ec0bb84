"""How Harbour House is laid out: cells between wall lines, the same wherever one looks it up.

The plate is 45 by 24 m with its south-west corner at the origin. Offices lie along both fronts, two corridors
with two links between them run around a core of stairs, lifts, toilets and risers. A cell reaches to the
middle of its walls; the room inside it is smaller by half a wall all round, so that no two rooms touch.
"""

from __future__ import annotations

import msgspec

WIDTH_M, DEPTH_M = 45.0, 24.0
FRONT_WALL_M, HALF_WALL_M = 0.3, 0.06
BASEMENT_HEIGHT_M, GROUND_HEIGHT_M, STOREY_HEIGHT_M = 3.6, 4.2, 3.6
_WEST, _EAST = FRONT_WALL_M / 2, WIDTH_M - FRONT_WALL_M / 2
_SOUTH, _NORTH = FRONT_WALL_M / 2, DEPTH_M - FRONT_WALL_M / 2
_Y = {
    "south": (_SOUTH, 6.0),
    "core": (8.0, 16.0),
    "lower": (8.0, 12.0),
    "upper": (12.0, 16.0),
    "north": (18.0, _NORTH),
}
_MODULES = 8

Box = tuple[float, float, float, float]
Place = tuple[float, float]

_CORE = (
    ("Stair A", "stair", 8.0, 11.0, "core"),
    ("Lift lobby", "circulation", 11.0, 16.0, "lower"),
    ("Lift shafts", "shaft", 11.0, 16.0, "upper"),
    ("Toilets women", "toilet", 16.0, 20.0, "lower"),
    ("Toilets men", "toilet", 16.0, 20.0, "upper"),
    ("Accessible toilet", "toilet", 20.0, 22.5, "lower"),
    ("Cleaner", "store", 20.0, 22.5, "upper"),
    ("Electrical riser", "technical", 22.5, 25.0, "lower"),
    ("IT room", "technical", 22.5, 25.0, "upper"),
    ("Tea kitchen", "kitchen", 25.0, 29.0, "core"),
    ("Copy room", "store", 29.0, 31.0, "lower"),
    ("Store", "store", 29.0, 31.0, "upper"),
    ("Riser shaft", "shaft", 31.0, 34.0, "core"),
    ("Stair B", "stair", 34.0, 37.0, "core"),
)
_RING = (
    ("Corridor south", "corridor", (_WEST, 6.0, _EAST, 8.0)),
    ("Corridor north", "corridor", (_WEST, 16.0, _EAST, 18.0)),
    ("Corridor west", "corridor", (6.0, 8.0, 8.0, 16.0)),
    ("Corridor east", "corridor", (37.0, 8.0, 39.0, 16.0)),
)
# What the two fronts and the two ends hold, as (name, usage, modules of an eighth of the front).
_OFFICES = (
    (("Office", "office", 1),) * 8,
    (("Office", "office", 2), ("Meeting room", "meeting", 1), ("Office", "office", 1)) * 2,
    (("Open office", "office", 3), ("Focus room", "office", 1), ("Open office", "office", 4)),
)
_GROUND = (
    (
        ("Café", "kitchen", 3),
        ("Entrance hall", "circulation", 2),
        ("Reception", "office", 1),
        ("Showroom", "meeting", 2),
    ),
    (
        ("Seminar room", "meeting", 2),
        ("Post room", "store", 1),
        ("Security office", "office", 1),
        ("Office", "office", 2),
        ("Waste room", "store", 2),
    ),
)
_BASEMENT = (
    (("Bicycle store", "store", 3), ("Archive", "store", 3), ("Changing room", "toilet", 2)),
    (
        ("Heating plant", "plant", 2),
        ("Sprinkler plant", "plant", 2),
        ("Switch room", "plant", 2),
        ("Water main", "plant", 1),
        ("Workshop", "store", 1),
    ),
)
_TOP = (
    (("Air handling plant south", "plant", 4), ("Chiller plant", "plant", 4)),
    (
        ("Air handling plant north", "plant", 4),
        ("Smoke extraction plant", "plant", 2),
        ("Lift machinery", "plant", 2),
    ),
)


class Cell(msgspec.Struct, frozen=True):
    """`door` is the middle of its door and the direction its wall runs, 0 or 90; None where there is none."""

    name: str
    usage: str
    box: Box
    door: tuple[Place, float] | None

    @property
    def room(self) -> Box:
        x0, y0, x1, y1 = self.box
        return x0 + HALF_WALL_M, y0 + HALF_WALL_M, x1 - HALF_WALL_M, y1 - HALF_WALL_M


def elevation_m(level: int) -> float:
    if level < 0:
        return BASEMENT_HEIGHT_M * level
    return 0.0 if level == 0 else round(GROUND_HEIGHT_M + STOREY_HEIGHT_M * (level - 1), 3)


def height_m(level: int) -> float:
    return GROUND_HEIGHT_M if level == 0 else STOREY_HEIGHT_M


def cells(level: int, top: int) -> list[Cell]:
    """The cells of a storey; `top` is the level of the plant under the roof."""
    south, north = _fronts(level, top)
    plant = level in (-1, top)
    ends = ("Store", "store") if plant else ("Meeting room", "meeting")
    found = [*_front(south, "south", 6.0), *_front(north, "north", 18.0)]
    found += [Cell(name, usage, box, None) for name, usage, box in _RING]
    found += [_core_cell(*entry) for entry in _CORE]
    found.append(Cell(f"{ends[0]} west", ends[1], (_WEST, 8.0, 6.0, 16.0), ((6.0, 12.0), 90.0)))
    found.append(Cell(f"{ends[0]} east", ends[1], (39.0, 8.0, _EAST, 16.0), ((39.0, 12.0), 90.0)))
    return found


def _fronts(level: int, top: int) -> tuple[tuple[tuple[str, str, int], ...], ...]:
    if level == top:
        return _TOP
    if level < 1:
        return _BASEMENT if level < 0 else _GROUND
    return _OFFICES[level % 3], _OFFICES[(level + 1) % 3]


def _front(entries: tuple[tuple[str, str, int], ...], band: str, door_y: float) -> list[Cell]:
    found, done = [], 0
    for name, usage, modules in entries:
        x0, x1 = _module_x(done), _module_x(done + modules)
        found.append(Cell(name, usage, (x0, _Y[band][0], x1, _Y[band][1]), (((x0 + x1) / 2, door_y), 0.0)))
        done += modules
    assert done == _MODULES, entries
    return found


def _module_x(index: int) -> float:
    return round(_WEST + (_EAST - _WEST) * index / _MODULES, 6)


def _core_cell(name: str, usage: str, x0: float, x1: float, band: str) -> Cell:
    y0, y1 = _Y[band]
    door_y = 16.0 if band == "upper" else 8.0
    return Cell(name, usage, (x0, y0, x1, y1), (((x0 + x1) / 2, door_y), 0.0))


def wall_lines(found: list[Cell]) -> list[tuple[Place, Place]]:
    """The middle lines of all walls, each as long as it runs unbroken."""
    across: dict[float, list[Place]] = {}
    along: dict[float, list[Place]] = {}
    for x0, y0, x1, y1 in (c.box for c in found):
        for y in (y0, y1):
            across.setdefault(y, []).append((x0, x1))
        for x in (x0, x1):
            along.setdefault(x, []).append((y0, y1))
    lines = [((a, y), (b, y)) for y in sorted(across) for a, b in _runs(across[y])]
    return lines + [((x, a), (x, b)) for x in sorted(along) for a, b in _runs(along[x])]


def _runs(intervals: list[Place]) -> list[Place]:
    joined: list[Place] = []
    for start, end in sorted(intervals):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def window_places() -> list[tuple[Place, float]]:
    """(middle, direction of the front) of a storey's windows: one a module along the fronts, three an end."""
    middles = [(_module_x(i) + _module_x(i + 1)) / 2 for i in range(_MODULES)]
    found = [((x, y), 0.0) for y in (_SOUTH, _NORTH) for x in middles]
    return found + [((x, y), 90.0) for x in (_WEST, _EAST) for y in (9.5, 12.0, 14.5)]


def spread(room: Box, area_m2: float) -> list[Place]:
    """Places of an even grid over a room, one for about each `area_m2`."""
    x0, y0, x1, y1 = room
    pitch = area_m2**0.5
    columns, rows = max(1, round((x1 - x0) / pitch)), max(1, round((y1 - y0) / pitch))
    return [
        (round(x0 + (x1 - x0) * (i + 0.5) / columns, 3), round(y0 + (y1 - y0) * (j + 0.5) / rows, 3))
        for j in range(rows)
        for i in range(columns)
    ]
