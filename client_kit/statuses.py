"""The status of a device, quickly: no SpatiaLite is loaded, nothing is written but cancelled pairs."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from typing import Any

from arxos_sync.status import DeviceStatus, Person, ScopeStatus, Storage
from arxos_sync.storage import replica_care
from arxos_sync.storage.spatialite import Replica

from . import attachments, telling
from .replica import Device, Home, now_ms


def of(home: Home) -> DeviceStatus:
    """Raises Problem where nobody has made a device here. Asks no server."""
    device, told = home.device(), telling.read(home)
    scopes = [_scope(home, scope) for scope in device.scopes]
    ages = [one.oldest_pending_ms for one in scopes if one.oldest_pending_ms is not None]
    offsets = [one.clock_offset_ms for one in scopes if one.clock_offset_ms is not None]
    return DeviceStatus(
        asked_at=telling.instant(),
        server=device.server,
        device=device.device,
        person=_person(device),
        state=_state(home, told, scopes),
        pending=sum(one.pending for one in scopes),
        oldest_pending_ms=max(ages, default=None),
        rejected=sum(one.rejected for one in scopes),
        conflicts=sum(one.conflicts for one in scopes),
        kept_aside=sum(len(one["transactions"]) for one in kept_aside(home)),
        attachments=attachments.waiting(home),
        clock_offset_ms=max(offsets, key=abs, default=None),
        saved_at=told.saved_at,
        storage=_storage(home),
        problem=told.problem,
        notices=told.notices,
        scopes=tuple(scopes),
    )


def _scope(home: Home, scope: str) -> ScopeStatus:
    if not home.path(scope).exists():
        home.replica(scope)
    connection = home.connect(home.path(scope), spatialite=False)
    try:
        return replica_care.status(Replica(connection, home.catalogue, os.urandom), now_ms())
    finally:
        connection.close()


def _person(device: Device) -> Person | None:
    return Person(device.user, device.email or "", device.name) if device.user else None


def _state(home: Home, told: telling.Told, scopes: list[ScopeStatus]) -> str:
    """What the badge would say, were a loop at rest here."""
    if home.credentials() is None:
        return "login"
    if told.problem is not None:
        return "login" if told.problem.code == "unauthenticated" else "trouble"
    if any(one.pending or not one.subscribed for one in scopes):
        return "waiting"
    return "rejected" if any(one.rejected for one in scopes) else "saved"


def kept_aside(home: Home) -> list[dict[str, Any]]:
    """Unsent work of scopes that were taken away: {scope, transactions}."""
    files = sorted((home.folder / "quarantine").glob("*.json"))
    plain = [json.loads(file.read_text("utf-8")) for file in files]
    return plain + (home.vault().aside() if home.encrypted else [])


def _storage(home: Home) -> Storage:
    used = 0
    for file in home.folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # journals come and go
            used += file.stat().st_size if file.is_file() else 0
    return Storage("files", True, used, used + shutil.disk_usage(home.folder).free, home.encrypted)
