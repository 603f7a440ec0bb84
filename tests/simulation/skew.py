"""The schema of today and one that comes while a world is running: devices and servers get it one after the other.

No geometry comes with it: most worlds open their files without SpatiaLite (disk.py).
"""

from __future__ import annotations

import schemas
from arxos_sync.catalogue import overlaid

ONE = schemas.catalogue()
TWO = overlaid(
    (schemas.FOLDER / "catalogue.toml").read_text("utf-8"),
    """
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
    """,
)
