"""The building's own row: its names, its address, and the tie between its frame and the map."""

from __future__ import annotations

import math
import re
from typing import Any

from . import Row, ifc_shapes
from .ifc_properties import Sets, Units, flat, psets, text
from .map_projection import from_utm, metres_per_degree, utm_zone

_GEOREFERENCE = (
    "eastings",
    "northings",
    "orthogonal_height",
    "x_axis_abscissa",
    "x_axis_ordinate",
    "scale",
    "epsg",
)
_OUTLINE_MIN_M2 = 1.0
_DEGREE_DIGITS = 9


def building_row(model: Any, building: Any, units: Units, stem: str) -> tuple[Row, list[str]]:
    sets = psets(building, units)
    project = model.by_type("IfcProject")[0] if model.by_type("IfcProject") else None
    values = {
        "name": _name(building, project, stem),
        "unit_system": "imperial" if units.imperial else "metric",
        "year_built": _year(sets),
        "gross_area_m2": _gross_area(sets),
        "ifc_guid": building.GlobalId,
        "properties": flat(sets),
        **_address(building.BuildingAddress),
        **_georeference(model, building, project, units),
    }
    if text(building.Description):
        values["description"] = text(building.Description)
    remarks = [] if values["eastings"] is not None else ["The model carries no georeference"]
    return Row("building", building.GlobalId, values), remarks


def _name(building: Any, project: Any, stem: str) -> str:
    named = [building.LongName, building.Name]
    named += [project.LongName, project.Name] if project is not None else []
    return next((words for words in map(text, named) if words), stem)


def _year(sets: Sets) -> int | None:
    found = re.search(
        r"\b(1[0-9]{3}|20[0-9]{2})\b", str(sets.get("Pset_BuildingCommon", {}).get("YearOfConstruction"))
    )
    return int(found[1]) if found else None


def _gross_area(sets: Sets) -> float | None:
    for name in ("Qto_BuildingBaseQuantities", "BaseQuantities"):
        area = sets.get(name, {}).get("GrossFloorArea")
        if isinstance(area, (int, float)) and area > 0:
            return round(float(area), 4)
    return None


def _address(address: Any) -> dict[str, str]:
    if address is None:
        return {}
    parts = {
        "street": ", ".join(filter(None, map(text, address.AddressLines or ()))),
        "postal_code": text(address.PostalCode),
        "city": text(address.Town),
        "region": text(address.Region),
        "country": text(address.Country),
    }
    return {name: value for name, value in parts.items() if value}


# ---------------------------------------------------------------- the tie to the map


def _georeference(model: Any, building: Any, project: Any, units: Units) -> dict[str, Any]:
    """The whole group, None throughout where the model says nothing."""
    found = _from_entities(model) or _from_psets(model, building, project, units)
    if not found or found.get("Eastings") is None or found.get("Northings") is None:
        return dict.fromkeys(_GEOREFERENCE)
    code = re.search(r"(?:EPSG\D{0,2})?(\d{4,6})\b", str(found.get("Name") or ""), re.IGNORECASE)
    return {
        "eastings": float(found["Eastings"]),
        "northings": float(found["Northings"]),
        "orthogonal_height": float(found.get("OrthogonalHeight") or 0.0),
        "x_axis_abscissa": float(1.0 if found.get("XAxisAbscissa") is None else found["XAxisAbscissa"]),
        "x_axis_ordinate": float(found.get("XAxisOrdinate") or 0.0),
        "scale": _scale(found.get("Scale"), units.length_m),
        "epsg": int(code[1]) if code else None,
    }


def _from_entities(model: Any) -> dict[str, Any]:
    if model.schema == "IFC2X3":
        return {}
    for conversion in model.by_type("IfcMapConversion"):
        return {**conversion.get_info(), "Name": conversion.TargetCRS.Name}
    return {}


def _from_psets(model: Any, building: Any, project: Any, units: Units) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for holder in [building, *model.by_type("IfcSite"), *([project] if project is not None else [])]:
        for name, values in psets(holder, units).items():
            if name.lower() in ("epset_mapconversion", "epset_projectedcrs"):
                found = {**values, **found}
    return found


def _scale(stated: Any, unit_m: float) -> float:
    """Grid metres to a metre of the frame: IFC states it from the model's unit, exporters often do not."""
    scale = float(stated or 1.0)
    return scale / unit_m if 0.9 < scale / unit_m < 1.1 else scale


def outline_on_the_map(model: Any, row: dict[str, Any], outline: Any) -> tuple[dict[str, bytes], list[str]]:
    """`footprint` in degrees, from the georeference or else from the site's latitude and longitude."""
    import shapely

    parts = [ifc_shapes.largest(p) for p in shapely.get_parts(outline) if p.area > _OUTLINE_MIN_M2]
    parts = sorted((p for p in parts if p is not None), key=lambda p: (-p.area, p.bounds))
    remarks: list[str] = []
    if row["eastings"] is not None and utm_zone(row["epsg"]) is None:
        grid = f"EPSG {row['epsg']} is no UTM grid"
        remarks.append(f"{grid}: the footprint stands at the site's latitude and longitude")
    to_map = _by_grid(row) or _by_site(model)
    if not parts or to_map is None:
        return {}, [
            *remarks,
            "No footprint: the model says neither UTM coordinates nor latitude and longitude",
        ]
    moved = [shapely.Polygon([to_map(x, y) for x, y in p.exterior.coords]) for p in parts]
    return {"footprint": ifc_shapes.multipolygon(moved)}, remarks


def _by_grid(row: dict[str, Any]) -> Any:
    epsg = row["epsg"]
    if row["eastings"] is None or utm_zone(epsg) is None:
        return None
    length = math.hypot(row["x_axis_abscissa"], row["x_axis_ordinate"]) or 1.0
    cos, sin = row["x_axis_abscissa"] / length * row["scale"], row["x_axis_ordinate"] / length * row["scale"]

    def to_map(x: float, y: float) -> tuple[float, float]:
        grid = (row["eastings"] + cos * x - sin * y, row["northings"] + sin * x + cos * y)
        longitude, latitude = from_utm(epsg, *grid)
        return round(longitude, _DEGREE_DIGITS), round(latitude, _DEGREE_DIGITS)

    return to_map


def _by_site(model: Any) -> Any:
    """By the site's latitude and longitude, taken at the frame's origin, and the context's true north."""
    site = next((s for s in model.by_type("IfcSite") if s.RefLatitude and s.RefLongitude), None)
    if site is None:
        return None
    latitude, longitude = _degrees(site.RefLatitude), _degrees(site.RefLongitude)
    north_x, north_y = _true_north(model)
    across_m, along_m = metres_per_degree(latitude)

    def to_map(x: float, y: float) -> tuple[float, float]:
        east, north = x * north_y - y * north_x, x * north_x + y * north_y
        return round(longitude + east / across_m, _DEGREE_DIGITS), round(
            latitude + north / along_m, _DEGREE_DIGITS
        )

    return to_map


def _degrees(parts: tuple[int, ...]) -> float:
    """Degrees, minutes, seconds, millionths of a second; all of one sign (IfcCompoundPlaneAngleMeasure)."""
    return sum(part / unit for part, unit in zip(parts, (1, 60, 3600, 3_600_000_000), strict=False))


def _true_north(model: Any) -> tuple[float, float]:
    for context in model.by_type("IfcGeometricRepresentationContext", include_subtypes=False):
        if context.ContextType == "Model" and context.TrueNorth is not None:
            x, y = context.TrueNorth.DirectionRatios[:2]
            length = math.hypot(x, y) or 1.0
            return x / length, y / length
    return 0.0, 1.0
