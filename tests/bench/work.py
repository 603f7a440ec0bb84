"""The work: a building of elements with points, and edits of it, from a seed.

An element is about 250 bytes: class, name, tag, maker, model, serial number, status, a few properties and a point.
Its id is a UUIDv7 from the same dice, so that two runs move the same bytes but for nonces and salts.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from typing import Any

from arxos_sync.messages import Change

SEED = 20_000
ELEMENTS_PER_STOREY = 500
BORN_MS = 1_760_000_000_000
_CLASSES = ("IfcLightFixture", "IfcOutlet", "IfcValve", "IfcAirTerminal", "IfcSensor", "IfcDoor", "IfcFlowMeter")
_MAKERS = ("Nordlicht", "Kessler Armaturen", "Aerofina", "Hallmann", "Ostrava Kontrol")
_STATUSES = ("ok", "faulty", "out_of_service", "missing")
_CONDITIONS = ("new", "good", "fair", "poor")
_FIELDS = ("status", "condition", "tag", "model", "serial_number", "geometry", "properties")


def uuid7(dice: random.Random, ms: int) -> str:
    value = (ms & 0xFFFF_FFFF_FFFF) << 80 | dice.getrandbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    text = f"{value & ~(0x3 << 62) | 0x2 << 62:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def point(x: float, y: float, z: float) -> bytes:
    """ISO WKB, little-endian, of a point with height."""
    return struct.pack("<BIddd", 1, 1001, x, y, z)


def building(dice: random.Random, size: int) -> list[Change]:
    """Inserts: the building, its storeys and `size` elements. The first is the building itself."""
    house = uuid7(dice, BORN_MS)
    rows = [Change("building", house, "insert", 0, {"name": f"A building of {size} elements"})]
    storeys = [uuid7(dice, BORN_MS + 1 + n) for n in range(max(1, size // ELEMENTS_PER_STOREY))]
    for level, storey in enumerate(storeys):
        rows.append(Change("storey", storey, "insert", 0, {"name": f"Storey {level}", "level": level}))
    rows += [element(dice, storeys, number) for number in range(size)]
    return rows


def element(dice: random.Random, storeys: list[str], number: int, ms: int = BORN_MS + 100_000) -> Change:
    kind, maker = dice.choice(_CLASSES), dice.choice(_MAKERS)
    values = {
        "storey_id": storeys[number % len(storeys)],
        "ifc_class": kind,
        "name": f"{kind[3:]} {number:06d}",
        "tag": f"{kind[3:5].upper()}-{number % 97:02d}-{number:06d}",
        "serial_number": f"{dice.randrange(10**9):09d}",
        "manufacturer": maker,
        "model": f"{maker[:2].upper()}{dice.randrange(40):03d}",
        "status": "ok",
        "condition": dice.choice(_CONDITIONS),
        "properties": {"rated_power_w": dice.randrange(5, 2000), "circuit": f"C{dice.randrange(60):02d}"},
    } | _placed(dice)
    return Change("element", uuid7(dice, ms + number), "insert", 0, values)


def _placed(dice: random.Random) -> dict[str, Any]:
    x, y, z = (round(dice.uniform(0, span), 3) for span in (80, 40, 3))
    return {"geometry": point(x, y, z), "heading_deg": float(dice.randrange(0, 360, 15))}


def edits(
    dice: random.Random, rows: list[Change], count: int, inserts: float = 0.10, deletes: float = 0.02
) -> Iterator[Change]:
    """Changes as a replica records them: 1 to 3 fields of an element, else a new element or the end of one."""
    storeys = [row.id for row in rows if row.table == "storey"]
    living = [row.id for row in rows if row.table == "element"]
    born = len(living)
    for number in range(count):
        roll = dice.random()
        if roll < inserts:
            yield element(dice, storeys, born + number, BORN_MS + 900_000_000)
        elif roll < inserts + deletes and len(living) > 1:
            place = dice.randrange(len(living))
            living[place], living[-1] = living[-1], living[place]
            yield Change("element", living.pop(), "delete")
        else:
            yield Change("element", dice.choice(living), "update", 0, fields(dice, dice.randint(1, 3)))


def fields(dice: random.Random, count: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in dice.sample(_FIELDS, count):
        match name:
            case "status":
                found[name] = dice.choice(_STATUSES)
            case "condition":
                found[name] = dice.choice(_CONDITIONS)
            case "geometry":
                found |= _placed(dice)
            case "properties":
                found[name] = {"rated_power_w": dice.randrange(5, 2000)}
            case _:
                found[name] = f"{name[:2].upper()}{dice.randrange(10_000):04d}"
    return found
