"""What each caller may, as DOMAIN.md has it. Written from the words there; nothing here is read from the server's code.

`anonymous` reads public buildings; the roles of a building are a ladder; an administrator is everywhere an owner.
Outside of a building its absence and a refusal look the same: 404, or 401 to who has not logged in.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from .operations import ROLES, Operation

Verdict = Literal["allowed", "unauthenticated", "forbidden", "hidden"]
CALLERS = (
    "anonymous", "stranger", "professional", "former", "expired", "viewer", "reporter", "technician", "reviewer",
    "manager", "owner", "admin",
)  # fmt: skip
LOST = ("former", "expired")  # who had a role in `own`: it was taken away, or its time is over
GRANTED = ("viewer", "reporter", "technician", "reviewer", "manager", "owner")  # in the building `own`
# of a building; the last three are of a row or a file inside one that the caller knows
BUILDINGS = ("own", "public", "others", "deleted", "guessed")
INSIDE = ("deleted row", "guessed row", "others' row")
PERSONAL = ("own", "others", "guessed")


# What one undoes for oneself, and may undo though it was never done: it tells nothing of the building.
REPEATABLE = ("DELETE /api/v1/notifications/mutes/{building}",)
AT_HOME = ("/metrics",)  # given to whoever asks from the machine itself, as these tests do


class Case(msgspec.Struct, frozen=True):
    operation: Operation
    caller: str
    target: str  # "" where the operation is about nothing in particular

    def __str__(self) -> str:
        return f"{self.operation} by {self.caller}" + (f", {self.target}" if self.target else "")


def role_in(caller: str, target: str) -> str | None:
    """The caller's role in the building that a target names or lies in."""
    if target == "guessed":
        return None
    if caller == "admin":
        return "owner"
    if target == "public":
        return "anonymous"
    return caller if caller in GRANTED and target != "others" else None


def verdict(case: Case) -> Verdict:
    operation, caller, target = case.operation, case.caller, case.target
    if operation.path in AT_HOME:
        return "allowed"
    if caller == "anonymous" and operation.role != "anonymous":
        return "unauthenticated"
    if operation.role == "admin":
        return "allowed" if caller == "admin" else "forbidden"
    if operation.role == "self":
        return "allowed" if target in ("own", "") or str(operation) in REPEATABLE else "hidden"
    if target == "":
        return "allowed"
    role = role_in(caller, target)
    if role is None:
        return "unauthenticated" if caller == "anonymous" else "hidden"
    wanted = "anonymous" if operation.role == "person" else operation.role  # logged in, and it is theirs to read
    return "allowed" if ROLES.index(role) >= ROLES.index(wanted) else "forbidden"


def exists(target: str) -> bool:
    return target in ("own", "public", "others")
