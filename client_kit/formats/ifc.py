"""An IFC model (IFC2X3, IFC4, IFC4X3) as a building's rows: storeys, spaces, systems and elements.

A row's key is its GlobalId, and so is every reference in its `set`: the importer turns both into ids. The
building's frame is the model's engineering frame in metres; the tie to the map is IfcMapConversion, or what
IFC2X3 files carry instead: the property sets ePset_MapConversion and ePset_ProjectedCRS on site, building or
project (buildingSMART, "User Guide for Geo-referencing in IFC", 2020). Property values in lengths, areas and
volumes are turned to metres.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from . import FormatError, Row, ifc_shapes
from .ifc_building import building_row, outline_on_the_map
from .ifc_properties import Units, area_of, flat, psets, text
from .limited import read_limited

_HEAD, _TAIL = b"ISO-10303-21", b"END-ISO-10303-21"
_TAIL_BYTES = 4096
_SAVE_ANEW = "Export it anew as IFC2X3 or IFC4 from the program that made it."
_LINEAR = ("IfcWall", "IfcBeam", "IfcMember", "IfcRailing", "IfcFlowSegment", "IfcCurtainWall")
_FLAT = ("IfcSlab", "IfcRoof", "IfcCovering", "IfcPlate", "IfcFooting", "IfcRamp")
_NOT_THINGS = ("IfcFeatureElement", "IfcVirtualElement")
_BEARS_A_STOREY = ("IfcWall", "IfcSlab", "IfcFooting", "IfcCurtainWall")
_SYSTEM_WORDS = (
    ("fire", ("fire", "sprinkler")),
    ("lighting", ("lighting",)),
    ("electrical", ("electric", "power", "earthing")),
    ("hvac", ("hvac", "vent", "air", "heating", "cool", "chill", "exhaust", "duct")),
    ("plumbing", ("plumb", "water", "sanit", "drain", "sewage", "waste", "gas")),
    ("it", ("data", "communication", "signal", "network")),
    ("security", ("security", "access", "alarm")),
    ("elevators", ("elevator", "lift", "conveying")),
    ("structure", ("structur", "loadbearing")),
    ("envelope", ("facade", "envelope", "shading")),
)


class IfcBuilding(msgspec.Struct, frozen=True):
    """`rows`: the building first, parents before their children. `remarks` are for the importing person."""

    guid: str
    schema: str
    rows: list[Row]
    remarks: list[str]


def read_ifc_limited(path: Path) -> IfcBuilding:
    """`read_ifc` in a bounded process of its own, for files that others sent. Raises FormatError."""
    return read_limited(f"{__name__}:read_ifc", path, IfcBuilding)


def read_ifc(path: Path) -> IfcBuilding:
    """Raises FormatError: empty_file, not_ifc, damaged, unsupported_schema, no_building, unreadable."""
    _check_file(path)
    model = _open(path)
    buildings = model.by_type("IfcBuilding")
    if not buildings:
        raise FormatError(
            "no_building", f"{path.name} holds no IfcBuilding", "Export the whole model, not a part."
        )
    return _Reading(model, buildings[0], path.stem).read(len(buildings))


def _check_file(path: Path) -> None:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(256)
            file.seek(max(0, size - _TAIL_BYTES))
            tail = file.read()
    except OSError as error:
        raise FormatError(
            "unreadable", f"{path.name}: {error.strerror}", "See that the file is there."
        ) from error
    if size == 0:
        raise FormatError("empty_file", f"{path.name} is empty", "Copy it again.")
    if head.startswith(b"PK"):
        raise FormatError("not_ifc", f"{path.name} is a zip archive", "Unpack it and import the .ifc inside.")
    if not head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(_HEAD):
        raise FormatError("not_ifc", f"{path.name} does not begin as an IFC file (STEP) does", _SAVE_ANEW)
    if _TAIL not in tail:
        raise FormatError(
            "damaged", f"{path.name} breaks off before its end", "Copy it again, or export it anew."
        )


def _open(path: Path) -> Any:
    import ifcopenshell

    try:
        model = ifcopenshell.open(str(path))
    except (ifcopenshell.Error, RuntimeError, OSError, ValueError) as error:
        raise FormatError("damaged", f"{path.name} cannot be read: {error}", _SAVE_ANEW) from error
    if not isinstance(model, ifcopenshell.file) or model.schema not in ("IFC2X3", "IFC4", "IFC4X3"):
        schema = getattr(model, "schema", "no known schema")
        raise FormatError("unsupported_schema", f"{path.name} is written in {schema}", _SAVE_ANEW)
    return model


class _Reading:
    """One model being read: its units, the bodies of its products, what has been told so far."""

    def __init__(self, model: Any, building: Any, stem: str) -> None:
        self.model, self.building, self.stem = model, building, stem
        self.units = Units.of(model)
        self.remarks: list[str] = []
        self.storeys = sorted(
            self._unique("IfcBuildingStorey"), key=lambda s: (self._elevation(s), s.GlobalId)
        )
        self.spaces = self._unique("IfcSpace")
        self.elements = [e for e in self._unique("IfcElement") if not any(e.is_a(c) for c in _NOT_THINGS)]
        self.bodies = ifc_shapes.bodies(model, [*self.spaces, *self.elements])
        self.storey_of_space = {s.GlobalId: self._storey_above(s) for s in self.spaces}
        self.container_of = {e.GlobalId: self._container(e) for e in self.elements}

    def read(self, buildings: int) -> IfcBuilding:
        if buildings > 1:
            self.remarks.append(f"{buildings} buildings in one model: all is read as the first of them")
        rows = [*self._storey_rows(), *self._space_rows(), *self._system_rows(), *self._element_rows()]
        first, remarks = building_row(self.model, self.building, self.units, self.stem)
        footprint, more = outline_on_the_map(self.model, first.set, self._building_outline())
        self.remarks += remarks + more
        whole = [Row("building", first.key, {**first.set, **footprint}), *rows]
        return IfcBuilding(first.key, self.model.schema, whole, self.remarks)

    def _unique(self, ifc_class: str) -> list[Any]:
        """The products of a class in the order of the file, each GlobalId once."""
        found: dict[str, Any] = {}
        for product in sorted(self.model.by_type(ifc_class), key=lambda p: p.id()):
            if product.GlobalId in found:
                self.remarks.append(
                    f"GlobalId {product.GlobalId} stands twice; the later {ifc_class} is left out"
                )
            found.setdefault(product.GlobalId, product)
        return list(found.values())

    # ------------------------------------------------------------ where things are

    def _elevation(self, storey: Any) -> float:
        if storey.Elevation is not None:
            return round(storey.Elevation * self.units.length_m, 6)
        return round(float(ifc_shapes.placement(storey, self.units.length_m)[2, 3]), 6)

    def _storey_above(self, product: Any) -> str | None:
        """The GlobalId of the storey that holds a product, however deep."""
        import ifcopenshell.util.element as tree

        seen = 0
        while product is not None and seen < 64:
            if product.is_a("IfcBuildingStorey"):
                return product.GlobalId
            product, seen = (
                tree.get_container(product) or tree.get_aggregate(product) or _host(product),
                seen + 1,
            )
        return None

    def _container(self, element: Any) -> tuple[str | None, str | None]:
        """(storey, space), as GlobalIds."""
        import ifcopenshell.util.element as tree

        container = tree.get_container(element)
        space = container.GlobalId if container is not None and container.is_a("IfcSpace") else None
        return self._storey_above(element), space if self.storey_of_space.get(space) else None

    # ------------------------------------------------------------ rows

    def _storey_rows(self) -> Iterator[Row]:
        elevations = [self._elevation(s) for s in self.storeys]
        ground = min(range(len(elevations)), key=lambda i: abs(elevations[i]), default=0)
        for at, storey in enumerate(self.storeys):
            above = elevations[at + 1] if at + 1 < len(elevations) else None
            outline = ifc_shapes.largest(ifc_shapes.joined(self._plans_in(storey.GlobalId)))
            values = {
                "name": text(storey.Name) or text(storey.LongName) or f"Storey {at - ground}",
                "level": at - ground,
                "elevation_m": elevations[at],
                "height_m": None if above is None else round(above - elevations[at], 6),
                "ifc_guid": storey.GlobalId,
            }
            if outline is not None:
                values["outline"] = ifc_shapes.polygon(outline)
            yield Row("storey", storey.GlobalId, values)

    def _plans_in(self, storey: str) -> Iterator[Any]:
        for space in self.spaces:
            if self.storey_of_space[space.GlobalId] == storey and space.id() in self.bodies:
                yield ifc_shapes.plan(self.bodies[space.id()], floor_only=True)
        for element in self.elements:
            bears = any(element.is_a(c) for c in _BEARS_A_STOREY)
            if bears and self.container_of[element.GlobalId][0] == storey and element.id() in self.bodies:
                yield ifc_shapes.plan(self.bodies[element.id()])

    def _building_outline(self) -> Any:
        return ifc_shapes.joined(p for s in self.storeys for p in self._plans_in(s.GlobalId))

    def _space_rows(self) -> Iterator[Row]:
        for space in self.spaces:
            storey = self.storey_of_space[space.GlobalId]
            if storey is None:
                self.remarks.append(f"Space {space.Name} is in no storey and is left out")
                continue
            yield Row("space", space.GlobalId, self._space(space, storey))

    def _space(self, space: Any, storey: str) -> dict[str, Any]:
        sets = psets(space, self.units)
        body = self.bodies.get(space.id())
        outline = ifc_shapes.largest(ifc_shapes.plan(body, floor_only=True)) if body else None
        drawn_m2 = round(outline.area, 4) if outline is not None else None
        values = {
            "storey_id": storey,
            "number": text(space.Name) or text(space.LongName) or space.GlobalId,
            "name": text(space.LongName),
            "usage": text(space.ObjectType) or text(sets.get("Pset_SpaceCommon", {}).get("Category")),
            "area_m2": area_of(sets, drawn_m2),
            "height_m": round(body.height_m, 4) if body else None,
            "ifc_guid": space.GlobalId,
            "properties": flat(sets),
        }
        return values if outline is None else {**values, "outline": ifc_shapes.polygon(outline)}

    def _system_rows(self) -> Iterator[Row]:
        for system in self._systems():
            name = text(system.Name) or text(system.ObjectType) or "System"
            yield Row(
                "system",
                system.GlobalId,
                {"kind": _system_kind(system), "name": name, "ifc_guid": system.GlobalId},
            )

    def _systems(self) -> list[Any]:
        return [s for s in self._unique("IfcSystem") if not s.is_a("IfcZone")]

    def _element_rows(self) -> Iterator[Row]:
        kinds: dict[str, set[str]] = {}
        for system in self._systems():
            for relation in system.IsGroupedBy or ():
                for member in relation.RelatedObjects:
                    kinds.setdefault(member.GlobalId, set()).add(_system_kind(system))
        for element in self.elements:
            yield Row(
                "element", element.GlobalId, self._element(element, sorted(kinds.get(element.GlobalId, ())))
            )

    def _element(self, element: Any, systems: list[str]) -> dict[str, Any]:
        import ifcopenshell.util.element as tree

        sets = psets(element, self.units)
        made = sets.get("Pset_ManufacturerTypeInformation", {})
        bought = sets.get("Pset_ManufacturerOccurrence", {})
        storey, space = self.container_of[element.GlobalId]
        return {
            "storey_id": storey,
            "space_id": space,
            "ifc_class": element.is_a(),
            "predefined_type": text(tree.get_predefined_type(element)),
            "name": text(element.Name),
            "tag": text(element.Tag),
            "serial_number": text(bought.get("SerialNumber")),
            "barcode": text(bought.get("BarCode")),
            "manufacturer": text(made.get("Manufacturer")),
            "model": text(made.get("ModelLabel")) or text(made.get("ModelReference")),
            "systems": systems,
            "ifc_guid": element.GlobalId,
            "properties": flat(sets),
            **self._placement(element),
        }

    def _placement(self, element: Any) -> dict[str, Any]:
        matrix = ifc_shapes.placement(element, self.units.length_m)
        body = self.bodies.get(element.id())
        drawn: bytes | None = None
        if any(element.is_a(c) for c in _LINEAR):
            drawn = ifc_shapes.axis(element, matrix, self.units.length_m, body)
        elif body is not None and any(element.is_a(c) for c in _FLAT):
            shape = ifc_shapes.largest(ifc_shapes.plan(body))
            drawn = None if shape is None else ifc_shapes.polygon(shape, body.lowest_m)
        return {
            "geometry": drawn or ifc_shapes.place(matrix, body),
            "heading_deg": ifc_shapes.heading_deg(matrix),
        }


def _host(product: Any) -> Any | None:
    """What a door or window stands in, through the opening it fills."""
    for relation in getattr(product, "FillsVoids", ()):
        for voids in relation.RelatingOpeningElement.VoidsElements:
            return voids.RelatingBuildingElement
    return None


def _system_kind(system: Any) -> str:
    said = " ".join(
        str(getattr(system, a, None) or "") for a in ("PredefinedType", "Name", "ObjectType")
    ).lower()
    return next((kind for kind, words in _SYSTEM_WORDS if any(w in said for w in words)), "other")
