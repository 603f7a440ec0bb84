"""What stands, hangs and runs in Harbour House: a sheet a kind of thing, with makers that do not exist."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec

Scalar = str | int | float | bool


class Kind(msgspec.Struct, frozen=True):
    """`properties` are one value each, or a tuple to choose from; `up_m` is the height above the floor."""

    ifc_class: str
    predefined_type: str | None
    name: str
    prefix: str
    maker: str | None
    models: tuple[str, ...]
    systems: tuple[str, ...]
    up_m: float
    properties: dict[str, Scalar | tuple[Scalar, ...]]


DOOR = Kind(
    "IfcDoor",
    "DOOR",
    "Door",
    "DO",
    "Speicher Türen",
    ("ST 90", "ST 100 T30"),
    ("doors",),
    0.0,
    {
        "Pset_DoorCommon.FireRating": ("none", "T30", "T30"),
        "Pset_DoorCommon.SelfClosing": (True, False),
        "Width": (0.885, 0.985, 1.01),
        "Height": 2.1,
    },
)
WINDOW = Kind(
    "IfcWindow",
    "WINDOW",
    "Window",
    "WI",
    "Hafenglas",
    ("HG 3-2400", "HG 3-2600"),
    ("windows",),
    0.9,
    {
        "Pset_WindowCommon.ThermalTransmittance": (0.8, 0.9),
        "Width": 2.4,
        "Height": (1.6, 1.8),
        "GlazingLayers": 3,
    },
)
LUMINAIRE = Kind(
    "IfcLightFixture",
    "DIRECTIONSOURCE",
    "Luminaire",
    "LU",
    "Nordlicht",
    ("Flut 36", "Flut 48"),
    ("lighting",),
    2.75,
    {
        "Pset_LightFixtureTypeCommon.TotalWattage": (36, 48),
        "ColourTemperature_K": (3000, 4000),
        "Emergency": (False, False, True),
    },
)
SPRINKLER = Kind(
    "IfcFireSuppressionTerminal",
    "SPRINKLER",
    "Sprinkler",
    "SP",
    "Elbe Löschtechnik",
    ("K80 pendent",),
    ("fire",),
    2.7,
    {
        "Pset_FireSuppressionTerminalTypeSprinkler.ActivationTemperature": 68,
        "KFactor": 80,
        "Response": ("quick", "standard"),
    },
)
DETECTOR = Kind(
    "IfcSensor",
    "SMOKESENSOR",
    "Smoke detector",
    "SD",
    "Elbe Sicherheit",
    ("ES 210", "ES 220"),
    ("fire",),
    2.72,
    {"Loop": (1, 2, 3, 4), "BatteryBacked": True, "TestInterval_months": 12},
)
AIR_TERMINAL = Kind(
    "IfcAirTerminal",
    "DIFFUSER",
    "Air terminal",
    "AT",
    "Brise",
    ("Q 400", "Q 600"),
    ("hvac",),
    2.7,
    {"Pset_AirTerminalTypeCommon.NominalAirFlowRate_m3h": (120, 160, 220), "Supply": (True, True, False)},
)
RADIATOR = Kind(
    "IfcSpaceHeater",
    "RADIATOR",
    "Radiator",
    "RA",
    "Wärmewerk",
    ("W22-600-1400", "W22-600-1800"),
    ("hvac",),
    0.15,
    {"Pset_SpaceHeaterTypeCommon.OutputCapacity_W": (1420, 1830), "Thermostat": (True, True, False)},
)
FLOOR_BOX = Kind(
    "IfcOutlet",
    "POWEROUTLET",
    "Floor box",
    "FB",
    "Kontor Elektro",
    ("KE 9",),
    ("electrical", "it"),
    0.0,
    {"Sockets": (4, 6), "DataPorts": (2, 4), "Circuit": tuple(f"F{n}" for n in range(1, 13))},
)
EXTINGUISHER = Kind(
    "IfcFireSuppressionTerminal",
    "USERDEFINED",
    "Fire extinguisher",
    "FE",
    "Elbe Löschtechnik",
    ("Foam 6", "CO2 5"),
    ("fire",),
    0.9,
    {"Capacity_kg": (5, 6), "InspectionInterval_months": 24},
)
CALL_POINT = Kind(
    "IfcAlarm",
    "MANUALPULLBOX",
    "Manual call point",
    "MC",
    "Elbe Sicherheit",
    ("ES 40",),
    ("fire",),
    1.4,
    {"Loop": (1, 2, 3, 4)},
)
ACCESS_POINT = Kind(
    "IfcCommunicationsAppliance",
    "NETWORKAPPLIANCE",
    "Wireless access point",
    "WA",
    "Leuchtfeuer",
    ("LF 6E",),
    ("it",),
    2.74,
    {"Channel": (1, 6, 11, 36, 52), "PoE": True},
)
BASIN = Kind(
    "IfcSanitaryTerminal",
    "WASHHANDBASIN",
    "Wash basin",
    "WB",
    "Alster Keramik",
    ("AK 55",),
    ("plumbing",),
    0.85,
    {"Sensor": (True, False)},
)
PAN = Kind(
    "IfcSanitaryTerminal",
    "TOILETPAN",
    "Toilet",
    "WC",
    "Alster Keramik",
    ("AK 360",),
    ("plumbing",),
    0.4,
    {"Flush_l": (4.5, 6.0)},
)
PUMP = Kind(
    "IfcPump",
    "CIRCULATOR",
    "Circulation pump",
    "PU",
    "Strömung",
    ("SC 32-100", "SC 50-120"),
    ("hvac",),
    0.8,
    {"Pset_PumpTypeCommon.FlowRate_m3h": (8.5, 14.0), "Head_m": (8, 12), "Power_W": (350, 740)},
)
AHU = Kind(
    "IfcUnitaryEquipment",
    "AIRHANDLER",
    "Air handling unit",
    "AH",
    "Brise",
    ("B 12000", "B 18000"),
    ("hvac",),
    0.2,
    {"AirFlow_m3h": (12000, 18000), "HeatRecovery": 0.82, "FilterClass": ("ePM1 55 %", "ePM1 70 %")},
)
CHILLER = Kind(
    "IfcChiller",
    "AIRCOOLED",
    "Chiller",
    "CH",
    "Eisfleet",
    ("EF 240",),
    ("hvac",),
    0.2,
    {"Capacity_kW": 240, "Refrigerant": "R513A"},
)
EXCHANGER = Kind(
    "IfcHeatExchanger",
    "PLATE",
    "District heating exchanger",
    "HX",
    "Wärmewerk",
    ("WP 300",),
    ("hvac",),
    0.4,
    {"Capacity_kW": 300},
)
BOARD = Kind(
    "IfcElectricDistributionBoard",
    "SWITCHBOARD",
    "Main switchboard",
    "SB",
    "Kontor Elektro",
    ("KE 1600",),
    ("electrical",),
    0.1,
    {"RatedCurrent_A": 1600},
)
SUB_BOARD = Kind(
    "IfcElectricDistributionBoard",
    "DISTRIBUTIONBOARD",
    "Distribution board",
    "DB",
    "Kontor Elektro",
    ("KE 160",),
    ("electrical",),
    1.2,
    {"RatedCurrent_A": (125, 160)},
)
TANK = Kind(
    "IfcTank",
    "STORAGE",
    "Sprinkler tank",
    "TA",
    "Elbe Löschtechnik",
    ("T 40",),
    ("fire",),
    0.0,
    {"Volume_m3": 40},
)
LIFT = Kind(
    "IfcTransportElement",
    "ELEVATOR",
    "Lift",
    "LI",
    "Speicher Aufzüge",
    ("SA 1000",),
    ("elevators",),
    0.0,
    {"Load_kg": 1000, "Speed_m_s": 1.6},
)
WALL = Kind(
    "IfcWall",
    "PARTITIONING",
    "Wall",
    "WL",
    None,
    (),
    ("structure",),
    0.0,
    {"Pset_WallCommon.FireRating": ("none", "F30", "F90")},
)

PLANT: dict[str, tuple[tuple[Kind, int], ...]] = {
    "Heating plant": ((EXCHANGER, 2), (PUMP, 6)),
    "Sprinkler plant": ((TANK, 2), (PUMP, 3)),
    "Switch room": ((BOARD, 4),),
    "Water main": ((PUMP, 2),),
    "Air handling plant south": ((AHU, 4), (PUMP, 2)),
    "Air handling plant north": ((AHU, 4), (PUMP, 2)),
    "Chiller plant": ((CHILLER, 3), (PUMP, 6)),
    "Smoke extraction plant": ((AHU, 2),),
    "Lift machinery": ((LIFT, 2),),
}

SYSTEMS = (
    ("hvac", "Heating, ventilation and cooling"),
    ("plumbing", "Water and drainage"),
    ("electrical", "Power supply"),
    ("lighting", "Lighting"),
    ("fire", "Fire detection and sprinklers"),
    ("it", "Data network"),
    ("elevators", "Lifts"),
    ("doors", "Doors"),
    ("windows", "Windows"),
    ("structure", "Load-bearing structure"),
)


def sheet(kind: Kind, tag: str, dice: Random) -> dict[str, Any]:
    """The columns of one thing that do not depend on where it is."""
    made = kind.maker is not None
    installed = f"{dice.randint(2017, 2024)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}"
    return {
        "ifc_class": kind.ifc_class,
        "predefined_type": kind.predefined_type,
        "name": f"{kind.name} {tag.partition('-')[2]}",
        "tag": tag,
        "serial_number": f"{kind.prefix}{dice.randrange(10**8):08}" if made else None,
        "barcode": f"40{dice.randrange(10**10):010}" if made else None,
        "manufacturer": kind.maker,
        "model": dice.choice(kind.models) if made else None,
        "installed_on": installed if made else "2017-04-01",
        "status": dice.choices(("ok", "faulty", "out_of_service", "unknown"), (90, 4, 2, 4))[0],
        "condition": dice.choices(("new", "good", "fair", "poor"), (10, 60, 25, 5))[0],
        "systems": sorted(kind.systems),
        "confidence_classification": float(dice.randint(70, 99)),
        "confidence_position": float(dice.randint(45, 98)),
        "confidence_properties": float(dice.randint(40, 97)),
        "confidence_relationships": float(dice.randint(50, 99)),
        "properties": {k: dice.choice(v) if isinstance(v, tuple) else v for k, v in kind.properties.items()},
    }
