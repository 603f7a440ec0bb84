"""The first schema and one that comes while a world is running: devices and servers get it one after the other.

Most worlds have only the tables that their people write to, and of those only some columns of each type and rule,
since reading and compiling a whole schema takes longer than what is simulated; `WHOLE` has all of them. No geometry
comes with the second schema: most files are opened without SpatiaLite.
"""

from __future__ import annotations

import msgspec

import schemas
from arxos_sync.catalogue import SERVER, Catalogue, overlaid

WRITTEN = {"building", "storey", "space", "element", "annotation", "comment", "conflict", "member", "attachment"}
LEFT_OUT = {  # another column of the same type and rule stays
    "building": {
        "code", "street", "house_number", "postal_code", "city", "region", "country", "timezone", "unit_system",
        "year_built", "gross_area_m2", "status", "orthogonal_height", "x_axis_abscissa", "x_axis_ordinate", "scale",
        "ifc_guid",
    },
    "storey": {"ifc_guid"},
    "space": {"usage", "area_m2", "height_m", "ifc_guid", "properties"},
    "element": {
        "predefined_type", "barcode", "condition", "confidence_classification", "confidence_position",
        "confidence_properties", "confidence_relationships", "ifc_guid",
    },
    "annotation": {"kind", "priority", "due_on", "viewpoint"},
    "attachment": {"width", "height", "taken_at", "thumbnail"},
}  # fmt: skip
_LATER = """
    schema = 2
    [element.columns]
    colour = {type = "text", since = 2}
    maker_data = {type = "map", rule = "map", since = 2}
    [sensor]
    since = 2
    scope = "building"
    insert = "technician"
    update = "technician"
    delete = "technician"
    help = "A thing that measures by itself."
    [sensor.columns]
    element_id = {type = "uuid", required = true, references = "element", on_delete = "cascade"}
    name = {type = "text", required = true}
    """


class Schemas(msgspec.Struct, frozen=True, eq=False):
    one: Catalogue
    two: Catalogue


def _narrow(catalogue: Catalogue) -> Catalogue:
    tables = {n: t for n, t in catalogue.tables.items() if t.scope in (SERVER, "user") or n in WRITTEN | {"sensor"}}
    for name, left_out in LEFT_OUT.items():
        whole = tables[name]
        columns = {n: c for n, c in whole.columns.items() if n not in left_out}
        index = tuple(names for names in whole.index if not left_out.intersection(names))
        tables[name] = msgspec.structs.replace(whole, columns=columns, index=index)
    return Catalogue(schema=catalogue.schema, tables=tables)


WHOLE = Schemas(schemas.catalogue().at(1), overlaid((schemas.FOLDER / "catalogue.toml").read_text("utf-8"), _LATER))
SMALL = Schemas(_narrow(WHOLE.one), _narrow(WHOLE.two))
