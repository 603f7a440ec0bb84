"""A replica's SQL as a file, for the browser's upgrades and for readers; on a device the same function makes it."""

from __future__ import annotations

from arxos_sync.catalogue import Catalogue
from arxos_sync.storage.replica_ddl import sql


def files(catalogue: Catalogue) -> dict[str, str]:
    return {"pwa/replica/replica.sql": sql(catalogue)}
