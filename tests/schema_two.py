"""A first schema and a second, for tests alone: the one that was published first, and today's tables with what
schema_two.toml adds, under the number two.
"""

from __future__ import annotations

from pathlib import Path

import schemas
from arxos_sync.catalogue import Catalogue, overlaid

ONE = schemas.catalogue().at(1)
_TEXT = (schemas.FOLDER / "catalogue.toml").read_text("utf-8")
_OVERLAY = Path(__file__).with_name("schema_two.toml").read_text("utf-8")
TWO = overlaid(_TEXT, _OVERLAY)


def later(schema: int) -> Catalogue:
    """The second schema's tables under a later number: nothing was added since."""
    return overlaid(_TEXT, _OVERLAY.replace("schema = 2", f"schema = {schema}", 1))
