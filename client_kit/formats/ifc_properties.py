"""Property and quantity sets of an IFC product as plain values in metres, square metres and cubic metres."""

from __future__ import annotations

import math
from typing import Any

import msgspec

_PLACEHOLDERS = frozenset({"", "$", "Enter address here", "Unnamed", "Undefined"})
_AREAS = ("NetFloorArea", "GrossFloorArea")
_AREA_SETS = ("Qto_SpaceBaseQuantities", "BaseQuantities")
_LENGTHS = frozenset(
    {"IfcLengthMeasure", "IfcPositiveLengthMeasure", "IfcNonNegativeLengthMeasure", "IfcQuantityLength"}
)
_SURFACES = frozenset({"IfcAreaMeasure", "IfcQuantityArea"})
_VOLUMES = frozenset({"IfcVolumeMeasure", "IfcQuantityVolume"})
_INTEGER_MAX = 2**53 - 1

Sets = dict[str, dict[str, Any]]


class Units(msgspec.Struct, frozen=True):
    """How many metres, square metres, cubic metres the model's units are."""

    length_m: float
    area_m2: float
    volume_m3: float
    imperial: bool

    @classmethod
    def of(cls, model: Any) -> Units:
        import ifcopenshell.util.unit as unit

        length = unit.get_project_unit(model, "LENGTHUNIT")
        scale = [
            float(unit.calculate_unit_scale(model, kind)) for kind in ("LENGTHUNIT", "AREAUNIT", "VOLUMEUNIT")
        ]
        return cls(*scale, length is not None and length.is_a("IfcConversionBasedUnit"))

    def factor(self, measure: str | None) -> float:
        if measure in _LENGTHS:
            return self.length_m
        if measure in _SURFACES:
            return self.area_m2
        return self.volume_m3 if measure in _VOLUMES else 1.0


def psets(product: Any, units: Units) -> Sets:
    """Set name → property → JSON scalar, the type's beneath the product's own."""
    import ifcopenshell.util.element as tree

    read: Sets = {}
    for name, properties in tree.get_psets(product, verbose=True).items():
        values: dict[str, Any] = {}
        for key, found in properties.items():
            if isinstance(found, dict):
                _take(values, key, found, units, product.file)
        if values:
            read[_clean(name)] = values
    return read


def _take(values: dict[str, Any], key: str, found: dict[str, Any], units: Units, model: Any) -> None:
    value, kind = found.get("value"), found.get("class")
    if isinstance(value, dict):
        for inner, nested in value.items():
            if isinstance(nested, dict):
                _take(values, f"{key}.{inner}", nested, units, model)
        return
    measure = kind if str(kind).startswith("IfcQuantity") else found.get("value_type")
    own_unit = getattr(model.by_id(found["id"]), "Unit", None) if "id" in found else None
    scalar = _scalar(value, 1.0 if own_unit is not None else units.factor(measure))
    if scalar is not None:
        values[_clean(key)] = scalar


def _scalar(value: Any, factor: float) -> Any:
    match value:
        case bool():
            return value
        case int() if factor == 1.0 and abs(value) <= _INTEGER_MAX:
            return value
        case int() | float():
            number = float(value) * factor
            return (number if factor == 1.0 else round(number, 9)) if math.isfinite(number) else None
        case str():
            return _clean(value)
        case list() | tuple():
            return ", ".join(str(_scalar(v, factor)) for v in value)
    return None


def flat(sets: Sets) -> dict[str, Any]:
    return {f"{name}.{key}": value for name, values in sets.items() for key, value in values.items()}


def area_of(sets: Sets, drawn_m2: float | None) -> float | None:
    """The floor area that the model states in its base quantities, else that of the outline."""
    for name in _AREA_SETS:
        for key in _AREAS:
            stated = sets.get(name, {}).get(key)
            if isinstance(stated, (int, float)) and stated > 0:
                return round(float(stated), 4)
    return drawn_m2


def text(value: Any) -> str | None:
    """Words that mean something, or None: exporters write placeholders where nobody filled a field in."""
    if value is None or isinstance(value, bool):
        return None
    words = _clean(str(value)).strip()
    return None if words in _PLACEHOLDERS or words.startswith("//") else words


def _clean(words: str) -> str:
    return words.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
