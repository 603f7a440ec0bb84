"""The status of every scope, quickly: no SpatiaLite is loaded, nothing is written but cancelled pairs."""

from __future__ import annotations

import os

from arxos_sync.storage import replica_care
from arxos_sync.storage.driver import connect
from arxos_sync.storage.spatialite import Replica

from .replica import Home, now_ms


def all_of(home: Home) -> list[replica_care.Status]:
    found = []
    for scope in home.device().scopes:
        if not home.path(scope).exists():
            home.replica(scope)
        connection = connect(home.path(scope), spatialite=False)
        found.append(replica_care.status(Replica(connection, home.catalogue, os.urandom), now_ms()))
        connection.close()
    return found
