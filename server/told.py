"""What each endpoint says of itself in the OpenAPI page: its role, the problems it may answer with, examples.

    @get("/api/v1/things", summary="Things", **told("viewer", "not_found", answered=[{"id": "…"}]))

The role stands as `x-role`: who may call it at all. `anonymous`, `person`, `admin`, or a building's role (the least
one that may); `self`: a person, of what is theirs alone.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

import msgspec
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example, OpenAPIMediaType, Operation, RequestBody, Schema

from arxos_sync.problems import kind

Role = Literal[
    "anonymous", "person", "self", "admin", "viewer", "reporter", "technician", "reviewer", "manager", "owner"
]  # fmt: skip


class ProblemBody(msgspec.Struct, frozen=True):
    """RFC 9457, with a code that is never renamed and a hint for the person."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str


def told(role: Role, *codes: str, sent: Any = None, answered: Any = None, media: str | None = None) -> dict[str, Any]:
    """Keywords for a route: `codes` beside what any may answer, `sent` and `answered` as JSON would have them.

    `media`: of an answer that is made by hand, about which its type says nothing.
    """
    always = ("too_many_requests", "internal", "unavailable") + (() if role == "anonymous" else ("unauthenticated",))
    statuses: dict[int, list[str]] = {}
    for code in dict.fromkeys((*codes, *always)):
        statuses.setdefault(kind(code).status, []).append(code)
    return {
        "opt": {"role": role},
        "responses": {status: _problems(status, some) for status, some in sorted(statuses.items())},
        "operation_class": _operation(role, sent, answered, media),
        "security": [{}] if role == "anonymous" else [{"bearer": []}, {"cookie": []}],
    }


def _problems(status: int, codes: list[str]) -> ResponseSpec:
    examples = [Example(id=code, summary=kind(code).title, value=_example(status, code)) for code in codes]
    return ResponseSpec(
        data_container=ProblemBody,
        generate_examples=False,
        description="; ".join(f"`{code}`: {kind(code).title}" for code in codes),
        media_type="application/problem+json",
        examples=examples,
    )


def _example(status: int, code: str) -> dict[str, Any]:
    return {
        "type": f"urn:arxos:problem:{code}", "title": kind(code).title, "status": status,
        "detail": "", "code": code, "hint": kind(code).hint,
    }  # fmt: skip


def _operation(role: Role, sent: Any, answered: Any, media: str | None) -> type[Operation]:
    @dataclasses.dataclass
    class Told(Operation):
        x_role: str = dataclasses.field(default=role, metadata={"alias": "x-role"})

        def __post_init__(self) -> None:
            (self.responses or {}).pop("400", None)  # the framework's; `answers.py` says 422 in its place
            if sent is not None and self.request_body is None:  # of a route that reads its body by itself
                self.request_body = RequestBody({"application/json": OpenAPIMediaType(Schema())}, required=True)
            for content in (getattr(self.request_body, "content", None) or {}).values():
                content.example = sent if sent is not None else content.example
            for status, response in (self.responses or {}).items():
                if status == "204":
                    response.content = None
                elif status.startswith("2") and media is not None:
                    response.content = {media: OpenAPIMediaType(Schema())}
                for content in (getattr(response, "content", None) or {}).values():
                    if status.startswith("2") and answered is not None:
                        content.example = answered

    return Told
