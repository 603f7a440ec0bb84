"""What each caller may, as DOMAIN.md has it. Written from the words there; nothing here is read from the server's code.

`anonymous` reads public buildings; the roles of a building are a ladder; an administrator is everywhere an owner.
Outside of a building its absence and a refusal look the same: 404, or 401 to who has not logged in.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from .kinds import ENDED, INSIDE, MINE, kinds
from .operations import ROLES, Operation

Verdict = Literal["allowed", "unauthenticated", "forbidden", "hidden"]
CALLERS = (
    "anonymous", "stranger", "professional", "former", "expired", "viewer", "reporter", "technician", "reviewer",
    "manager", "owner", "admin",
)  # fmt: skip
LOST = ("former", "expired")  # who had a role in `own`: it was taken away, or its time is over
GRANTED = ("viewer", "reporter", "technician", "reviewer", "manager", "owner")  # in the building `own`

# What one undoes for oneself, and may undo though it was never done: it tells nothing of the building.
REPEATABLE = ("DELETE /api/v1/notifications/mutes/{building}",)
# Of whom these are one's business in a building: the least role. To all others they are not there.
KNOWN_TO = {
    "entry": "reviewer", "dispute": "reviewer", "webhook": "manager", "delivery": "manager", "connection": "manager",
}  # fmt: skip
_AT_WORK = {"organisation", "colleague", "colleague invited"}
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
    found = kinds(operation)
    if found & _AT_WORK:
        return _at_work(case)
    if found & KNOWN_TO.keys():
        return _where_known(case, next(KNOWN_TO[kind] for kind in KNOWN_TO if kind in found))
    if "link" in found:
        return "allowed" if target == "own" else "hidden"
    if operation.role == "self":
        return "allowed" if _is_own(case, found) else "hidden"
    if target == "":
        return "allowed"
    role = role_in(caller, target)
    if role is None:
        return "unauthenticated" if caller == "anonymous" else "hidden"
    wanted = "anonymous" if operation.role == "person" else operation.role  # logged in, and it is theirs to read
    return "allowed" if ROLES.index(role) >= ROLES.index(wanted) else "forbidden"


def _is_own(case: Case, found: set[str | None]) -> bool:
    if "building" in found:  # what one keeps of it for oneself
        return role_in(case.caller, case.target) is not None or str(case.operation) in REPEATABLE
    return case.target in ("own", "") or ("job" in found and case.caller == "admin" and case.target == "others")


def _where_known(case: Case, wanted: str) -> Verdict:
    if case.target == MINE:
        return "allowed"
    role = None if case.target in (ENDED, *INSIDE) else role_in(case.caller, case.target)
    return "allowed" if role is not None and ROLES.index(role) >= ROLES.index(wanted) else "hidden"


def _at_work(case: Case) -> Verdict:
    """To look at is everybody's who works there, to change its administrators'; and anybody may leave."""
    if case.target == "at work":
        return "allowed" if case.operation.role == "person" else "forbidden"
    return "allowed" if case.target == "own" else "hidden"


def exists(target: str) -> bool:
    return target in ("own", "public", "others")
