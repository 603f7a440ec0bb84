"""The servers' DDL as files, to be read: a change of it shows in a review. Stores are made by the same functions."""

from __future__ import annotations

from arxos_sync.catalogue import Catalogue
from arxos_sync.storage.server_ddl import own_steps, step

_NOTE = "-- Made from schemas/catalogue.toml by `make schemas`; not to be edited.\n"


def files(catalogue: Catalogue) -> dict[str, str]:
    own = {f"arxos_sync/storage/sql/server_{n}.sql": f"{_NOTE}\n{sql}" for n, sql in own_steps(catalogue).items()}
    return own | {
        f"arxos_sync/storage/sql/schema_{schema}.{kind}.sql": _NOTE + "\n" + step(catalogue, kind, schema)
        for kind in ("postgis", "spatialite")
        for schema in range(1, catalogue.schema + 1)
    }
