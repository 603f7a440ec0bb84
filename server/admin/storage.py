"""Where the room goes: the database, attachments, snapshots, backups, what is free."""

from __future__ import annotations

from typing import Any

from arxos_sync.storage.spatialite_server import FILE

from ..accounts.people import reading
from ..jobs.kinds import last_backup
from ..operations import metrics, prune
from ..parts import Parts
from .lists import figures


def overview(parts: Parts) -> dict[str, Any]:
    with parts.store.across() as sql:
        counted = figures(sql)
    return {
        "counts": counted, "storage": storage(parts), "queues": metrics.waiting(parts),
        "backup": last_backup(parts), "answers": metrics.quantiles(), 
        "redis_away": None if parts.settings.redis_url is None else parts.bus.degraded,
        "sockets": len(parts.bus.listeners),
    }  # fmt: skip


def storage(parts: Parts) -> dict[str, int]:
    """Bytes."""
    folder = parts.settings.data_dir
    backups = parts.settings.backup_dir or folder / "backups"
    return {
        "database": _database(parts),
        "attachments": _attachments(parts),
        "snapshots": sum(file.stat().st_size for file in folder.glob("snapshots/*/*/*") if file.is_file()),
        "backups": sum(file.stat().st_size for file in backups.glob("arxos-*.tar")),
        "free": prune.free_bytes(folder),
    }


def _database(parts: Parts) -> int:
    if parts.settings.database_url is None:
        folder = parts.settings.data_dir
        return sum(file.stat().st_size for file in folder.glob(f"{FILE}*") if file.is_file())
    with reading(parts.store) as sql:
        return int(sql.rows("select pg_database_size(current_database()) as bytes")[0]["bytes"])


def _attachments(parts: Parts) -> int:
    """By the rows: each scope's own copies, once a hash."""
    with parts.store.across() as sql:
        found = sql.rows(
            """
            select coalesce(sum(size), 0) as bytes
            from (
              select max(byte_size) as size from attachment
              where upload_state = 'here' group by building_id, sha256
            ) as here
            """
        )
    return int(found[0]["bytes"])
