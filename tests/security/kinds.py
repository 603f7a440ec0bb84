"""What the parameters of an address name, and how a thing of that kind may stand to who asks for it."""

from __future__ import annotations

import re

from .operations import Operation, names_building

# The first that fits counts: (where, name) → the kind of thing.
KINDS = (
    (r"/attachments/uploads/", "id", "upload"),
    (r"/buildings/\{building\}/invitations/", "id", "invitation"),
    (r"/buildings/\{building\}/validations/", "id", "validation"),
    (r"/buildings/\{building\}/exports/", "id", "export"),
    (r"/api/v1/export/", "format", "format"),
    (r"/api/v1/buildings/\{building\}/\{table\}/", "id", "row"),
    (r"/ogc/collections/", "id", "row"),
    (r"/api/v1/admin/quarantine/", "sha256", "kept"),
    (r"/api/v1/admin/", "name", "list"),
    (r"/api/v1/admin/", "id", "login"),
    (r"/api/v1/admin/", "act", "act"),
    (r"/api/v1/me/sessions/", "id", "session"),
    (r"/api/v1/me/devices/", "id", "device"),
    (r"/api/v1/me/tokens/", "id", "token"),
    (r"/api/v1/me/passkeys/", "id", "passkey"),
    (r"/api/v1/organisations/", "id", "organisation"),
    (r"/api/v1/organisations/", "account_id", "colleague"),
    (r"/api/v1/organisations/", "invitation", "colleague invited"),
    (r"/api/v1/notifications/push/", "id", "subscription"),
    (r"/api/v1/notifications/unsubscribe/", "token", "link"),
    (r"/api/v1/notifications/", "id", "notice"),
    (r"/api/v1/jobs/", "job", "job"),
    (r"/api/v1/wallet/", "entry", "entry"),
    (r"/api/v1/wallet/", "dispute", "dispute"),
    (r"/api/v1/webhooks/", "id", "webhook"),
    (r"/api/v1/webhooks/", "delivery", "delivery"),
    (r"/api/v1/cmms/connections/", "id", "connection"),
    (r"", "building", "building"),
    (r"", "scope_id", "building"),
    (r"", "collection", "collection"),
    (r"", "table", "table"),
    (r"", "sha256", "photo"),
)
# What a body names beside a building: (the member, the kind).
IN_BODIES = {
    "POST /api/v1/me/account": ("account_id", "account"),
    "POST /api/v1/buildings/{building}/validations/review": ("ids", "validation"),
}

# Of a building; the INSIDE ones are of a thing in one that the caller knows.
BUILDINGS = ("own", "public", "others", "deleted", "guessed")
INSIDE = ("deleted row", "guessed row", "others' row")
PERSONAL = ("own", "others", "guessed")
ENDED = "ended"  # it was theirs, or of a building of theirs, and was taken back or removed
AT_WORK = ("own", "at work", "others", ENDED, "guessed")  # of an organisation: as its administrator, as one of many
MINE = "mine"  # an entry that they earned, in a building that is closed to them
OF_BUILDINGS = {"building", "collection", "entry", "dispute", "webhook", "delivery", "connection"}
_TARGETS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("upload", "notice", "job"), PERSONAL),
    **dict.fromkeys(("session", "device", "token", "passkey", "subscription", "account"), (*PERSONAL, ENDED)),
    "link": ("own", "guessed"),
    "login": ("others", "guessed"),
    "colleague": AT_WORK + INSIDE,
    "colleague invited": AT_WORK + INSIDE,
    "organisation": AT_WORK,
    "entry": (*BUILDINGS, MINE),
    "dispute": BUILDINGS,
    "delivery": (*BUILDINGS, ENDED, *INSIDE),
    "webhook": (*BUILDINGS, ENDED),
    "connection": (*BUILDINGS, ENDED),
    **dict.fromkeys(("row", "photo", "invitation", "validation", "export"), BUILDINGS + INSIDE),
    "kept": (*BUILDINGS, *INSIDE),
    **dict.fromkeys(("building", "collection"), BUILDINGS),
}


def kind_of(operation: Operation, name: str) -> str | None:
    fitting = (kind for where, n, kind in KINDS if re.fullmatch(n, name) and re.search(where, operation.path))
    return next(fitting, None)


def kinds(operation: Operation) -> set[str | None]:
    in_body = {IN_BODIES[str(operation)][1]} if str(operation) in IN_BODIES else set()
    return {kind_of(operation, name) for name in operation.names} | in_body


def targets(operation: Operation) -> tuple[str, ...]:
    found = kinds(operation)
    if asked := next((them for kind, them in _TARGETS.items() if kind in found), None):
        return asked
    return BUILDINGS if names_building(operation.body) else ("",)


def is_of_a_building(operation: Operation) -> bool:
    return bool(kinds(operation) & OF_BUILDINGS) or names_building(operation.body)
