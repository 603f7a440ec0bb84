"""The schema of today and one that comes while a world is running: devices and servers get it one after the other.

Most worlds have only the tables that their people write to, since reading a whole schema takes longer than what is
simulated; `WHOLE` has all of them. No geometry comes with the second schema: most files are opened without SpatiaLite.
"""

from __future__ import annotations

import msgspec

import schemas
from arxos_sync.catalogue import SERVER, Catalogue, overlaid

WRITTEN = {"building", "storey", "space", "element", "annotation", "comment", "conflict", "member", "attachment"}
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
    return Catalogue(schema=catalogue.schema, tables=tables)


WHOLE = Schemas(schemas.catalogue(), overlaid((schemas.FOLDER / "catalogue.toml").read_text("utf-8"), _LATER))
SMALL = Schemas(_narrow(WHOLE.one), _narrow(WHOLE.two))
