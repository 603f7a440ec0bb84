"""Problems as answers: the one place that turns what went wrong into RFC 9457."""

from __future__ import annotations

from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, ValidationException

from arxos_sync.problems import Problem, Refused, Unreadable, kind

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_S = 2
_CODES = {
    400: "invalid", 401: "unauthenticated", 403: "forbidden", 404: "not_found",
    405: "method_not_allowed", 413: "too_large", 415: "invalid", 422: "invalid", 429: "too_many_requests",
    503: "unavailable",
}  # fmt: skip
_log = structlog.get_logger("arxos")


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The exception handler of the whole app."""
    match error:
        case Problem():
            return of_problem(error)
        case MethodNotAllowedException():
            detail = f"{request.method} is not offered here"
            return _response(405, _body(Problem("method_not_allowed", detail), 405), error.headers)
        case ValidationException():
            extra = error.extra if isinstance(error.extra, list) else []
            errors = [(f"$.{e.get('key', '')}", str(e.get("message", ""))) for e in extra]
            return of_problem(Unreadable(errors or [("$", error.detail)]))
        case HTTPException():
            return of_problem(Problem(_CODES.get(error.status_code, "invalid"), error.detail))
    _log.error("request failed", path=request.url.path, exc_info=error)
    return of_problem(Problem("internal", "What happened is in the server's log."))


def as_bytes(problem: Problem) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body, where no route is there to answer."""
    made = of_problem(problem)
    headers = {**made.headers, "content-type": PROBLEM_JSON, "content-length": str(len(made.content))}
    return made.status_code or 500, [(n.lower().encode(), v.encode()) for n, v in headers.items()], made.content


def of_problem(problem: Problem) -> Response[bytes]:
    known = kind(problem.code)
    headers: dict[str, str] = {}
    if known.retry:
        headers["Retry-After"] = str(problem.retry_after_s or RETRY_AFTER_S)
    if known.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="arxos"'
    return _response(known.status, _body(problem, known.status), headers)


def _body(problem: Problem, status: int) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": f"urn:arxos:problem:{problem.code}",
        "title": kind(problem.code).title,
        "status": status,
        "detail": problem.detail,
        "code": problem.code,
        "hint": problem.hint,
    }
    if isinstance(problem, Unreadable):
        body["errors"] = [{"path": path, "detail": what} for path, what in problem.errors]
    if isinstance(problem, Refused):
        body |= {"change": problem.change, "field": problem.field}
    return body


def _response(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> Response[bytes]:
    kept = {n: v for n, v in (headers or {}).items() if n.lower() != "content-type"}
    return Response(msgspec.json.encode(body), status_code=status, media_type=PROBLEM_JSON, headers=kept)
