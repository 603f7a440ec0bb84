"""What log lines tell beside what they say: the request, person, device or job they belong to.

One dictionary per request or job, which every task and thread that serves it shares: what is learnt deep inside (who is
calling) stands in the access line at the end.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, MutableMapping
from contextvars import ContextVar
from typing import Any

_about: ContextVar[dict[str, Any] | None] = ContextVar("about", default=None)


@contextlib.contextmanager
def about(**facts: Any) -> Iterator[dict[str, Any]]:
    held = dict(facts)
    token = _about.set(held)
    try:
        yield held
    finally:
        _about.reset(token)


def learnt(**facts: Any) -> None:
    """Of the request or job at hand; outside of one it is nobody's."""
    held = _about.get()
    if held is not None:
        held.update(facts)


def known(name: str) -> Any:
    """What was learnt of the request or job at hand; None outside of one."""
    return (_about.get() or {}).get(name)


def merged(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor: the line, and beside it what it is about."""
    return {**(_about.get() or {}), **line}
