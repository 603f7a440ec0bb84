"""What the server offers, read from its OpenAPI page: who may call it, and what its address and body are made of."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

import msgspec

METHODS = ("get", "head", "post", "put", "patch", "delete")
SAFE = ("get", "head")
ROLES = ("anonymous", "viewer", "reporter", "technician", "reviewer", "manager", "owner")  # of a building, rising
OTHERS = ("person", "self", "admin")
IN_BODY = ("scope", "building", "building_id")  # members of a body that name the building it is about
PREFIXES = ("/api", "/ogc", "/-/", "/healthz", "/readyz", "/metrics")


class Operation(msgspec.Struct, frozen=True):
    method: str
    path: str
    role: str
    names: tuple[str, ...]  # of the parameters in its path
    query: dict[str, Any]
    body: Any = None
    media: str = "application/json"

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


def operations(described: dict[str, Any]) -> tuple[list[Operation], list[str]]:
    """All of them, safe ones first, deletes last; and what is missing on the page."""
    found, wrong = list[Operation](), list[str]()
    for path, item in described["paths"].items():
        for method in METHODS:
            if method in item:
                wrong += [f"{method.upper()} {path}: {what}" for what in _missing(item[method], method)]
                found.append(_operation(method, path, item[method], described))
    order = {method: place for place, method in enumerate(METHODS)}
    return sorted(found, key=lambda one: (order[one.method], one.path)), wrong


def _missing(told: dict[str, Any], method: str) -> Iterator[str]:
    role = told.get("x-role")
    if role is None:
        yield "no x-role: give the route **told(…)"
    elif role not in ROLES + OTHERS:
        yield f"x-role {role} is none that this test knows: say in tests/security/expected.py what it may"
    for content in told.get("requestBody", {}).get("content", {}).values():
        if "example" not in content:
            yield "no example of a body: give told(…, sent=…)"


def _operation(method: str, path: str, told: dict[str, Any], described: dict[str, Any]) -> Operation:
    query = {
        one["name"]: _query_value(one, described)
        for one in told.get("parameters", [])
        if one["in"] == "query" and one.get("required")
    }
    bodies = [(one.get("example"), media) for media, one in told.get("requestBody", {}).get("content", {}).items()]
    names = tuple(re.findall(r"\{(\w+)\}", path))
    return Operation(method, path, told.get("x-role", ""), names, query, *(bodies[0] if bodies else ()))


def _query_value(one: dict[str, Any], described: dict[str, Any]) -> Any:
    if one["name"] == "table":
        return "annotation"
    schema = one.get("schema", {})
    if "enum" in schema:
        return schema["enum"][0]
    return {"integer": 1, "number": 1.0, "boolean": True}.get(schema.get("type"), "x")


def about(body: Any, building: str, device: str) -> Any:
    """The body with what names a building in it set to that one, wherever that stands; and the caller's own device."""
    body = copy.deepcopy(body)
    for member in _members(body):
        if "device" in member:
            member["device"] = device
        for name in IN_BODY:
            if isinstance(member.get(name), str):
                member[name] = building
    return body


def names_building(body: Any) -> bool:
    return any(isinstance(member.get(name), str) for member in _members(body) for name in IN_BODY)


def _members(body: Any) -> Iterator[dict[str, Any]]:
    if isinstance(body, dict):
        yield body
    for inner in body.values() if isinstance(body, dict) else body if isinstance(body, list) else ():
        yield from _members(inner)
