"""Findings about a device, each with what helps."""

from __future__ import annotations

import shutil
from typing import Any

from arxos_sync.problems import Problem
from arxos_sync.status import ScopeStatus
from arxos_sync.storage import replica_care
from arxos_sync.storage.driver import connect

from .replica import Home, now_ms
from .show_status import CLOCK_OFF_MS_MAX

FREE_BYTES_MIN = 200 * 1024 * 1024


def findings(home: Home) -> list[dict[str, Any]]:
    device = home.device()
    found = [_spatialite(), _space(home), _login(home)]
    for scope in device.scopes:
        found += _scope(home, scope)
    return found


def _finding(ok: bool, what: str, found: str, remedy: str = "") -> dict[str, Any]:
    return {"ok": ok, "what": what, "found": found, "remedy": remedy}


def _spatialite() -> dict[str, Any]:
    try:
        connection = connect(":memory:")
    except Problem as problem:
        return _finding(False, "SpatiaLite", problem.detail, problem.hint)
    version = connection.execute(
        "select spatialite_version() || ' on SQLite ' || sqlite_version()"
    ).fetchone()[0]
    connection.close()
    return _finding(True, "SpatiaLite", version)


def _space(home: Home) -> dict[str, Any]:
    free = shutil.disk_usage(home.folder).free
    return _finding(
        free >= FREE_BYTES_MIN, "free space", f"{free // 2**20} MiB", "Free space; new work is still kept."
    )


def _login(home: Home) -> dict[str, Any]:
    held = home.credentials()
    return _finding(
        held is not None, "login", home.device().email or "nobody", "Run arxos-device login EMAIL."
    )


def _scope(home: Home, scope: str) -> list[dict[str, Any]]:
    replica = home.replica(scope)
    status = replica_care.status(replica, now_ms())
    sound = replica.one("pragma quick_check")
    found = [
        _finding(sound == "ok", f"file of {scope}", sound, "Run export-unsent FILE, unsubscribe, subscribe.")
    ]
    for table, column in replica.connection.execute(
        "select f_table_name, f_geometry_column from geometry_columns where spatial_index_enabled = 1"
    ).fetchall():
        right = replica.one("select CheckSpatialIndex(?, ?)", table, column)
        if right != 1:
            remedy = f"select RecoverSpatialIndex('{table}', '{column}') in the file."
            found.append(_finding(False, f"spatial index of {table}.{column}", "differs", remedy))
    found.append(
        _finding(
            status.rejected == 0,
            f"refused edits of {scope}",
            str(status.rejected),
            "See export-unsent and log.",
        )
    )
    found.append(
        _finding(not status.suspect, f"rows of {scope}", _suspects(status), "Run arxos-device verify.")
    )
    off = status.clock_offset_ms or 0
    found.append(
        _finding(
            abs(off) <= CLOCK_OFF_MS_MAX, "clock", f"{off} ms off the server's", "Set this device's clock."
        )
    )
    return found


def _suspects(status: ScopeStatus) -> str:
    return ", ".join(status.suspect) or "as the server's, at the last exchange"
