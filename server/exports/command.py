"""`arxos export`: the same file as by a job, written where the command is told to."""

from __future__ import annotations

from pathlib import Path

from arxos_sync.change import is_uuid
from arxos_sync.problems import Problem

from ..operations.audit import audited
from ..parts import Parts, new_id
from .making import Filter, Made, checked, make


def export(
    parts: Parts, building: str, format: str, output: Path, storeys: list[str] | None, tables: list[str] | None
) -> Made:
    """Whole or not at all. Raises Problem."""
    if not is_uuid(building):
        raise Problem("not_found", f"There is no building {building}.")
    with parts.store.read(building) as reader:
        wanted = checked(parts, reader, Filter(storeys or None, tables or None))
    draft = output.with_name(f".{output.name}.{new_id()}")
    try:
        made = make(parts, building, format, wanted, draft, lambda done, total: None)
        draft.replace(output)
    except OSError as error:
        raise Problem("storage_full", f"{output}: {error}", hint="Choose a place that can be written.") from error
    finally:
        draft.unlink(missing_ok=True)
    with parts.store.tables() as sql:
        audited(sql, None, "export building", {"building": building, "format": format})
    return made
