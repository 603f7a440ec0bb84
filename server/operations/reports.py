"""`POST /api/v1/csp-reports`: what a browser says it was kept from doing, by the policy of our own pages.

Anybody may send one, so little of it is believed: a few names of each, cut short, and so many a minute.
"""

from __future__ import annotations

import time
from typing import Any

import msgspec
import structlog
from litestar import Request, Response, Router, post

from arxos_sync.problems import Unreadable

from ..sync.bodies import read_body
from ..told import told
from .headers import REPORTS

BYTES_MAX = 16 * 1024
CHARS_MAX = 300
LOGGED_PER_MINUTE_MAX = 20
_TOLD = ("effective-directive", "violated-directive", "blocked-uri", "document-uri", "source-file", "line-number")
_log = structlog.get_logger("arxos.browser")
_logged: list[float] = []


@post(
    REPORTS, status_code=204, summary="A browser tells of a breach of our pages' policy",
    **told("anonymous", "too_large", "invalid",
           sent={"csp-report": {"effective-directive": "script-src", "blocked-uri": "inline"}}),
)  # fmt: skip
async def report(request: Request[Any, Any, Any]) -> Response[None]:
    """The body as browsers send it, `application/csp-report`."""
    body = await read_body(request, BYTES_MAX)
    try:
        said = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unreadable([("$", str(error))]) from error
    inner = said.get("csp-report")
    facts = inner if isinstance(inner, dict) else {}
    if _may_log(time.monotonic()):
        _log.warning("a page was kept from something", **{
            name.replace("-", "_"): str(facts[name])[:CHARS_MAX] for name in _TOLD if name in facts
        })  # fmt: skip
    return Response(None, status_code=204)


def _may_log(at: float) -> bool:
    _logged[:] = [one for one in _logged if one > at - 60]
    if len(_logged) >= LOGGED_PER_MINUTE_MAX:
        return False
    _logged.append(at)
    return True


router = Router("/", route_handlers=[report], tags=["operations"])
