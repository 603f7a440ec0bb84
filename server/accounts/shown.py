"""What lists of this room share: pages in the order in which things came to be, `?next=` being `<instant>/<id>`."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from arxos_sync.problems import Unreadable

PAGE = 100
PAGE_MAX = 1_000
NAME_CHARS_MAX = 200

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_CHARS_MAX, pattern=r"\S")]


def place(next_page: str | None) -> tuple[str, str]:
    """What the page comes after. Raises Problem `invalid`."""
    at, slash, id = (next_page or "/").partition("/")
    if not slash:
        raise Unreadable([("$.next", "it is what an answer gave as `next`")])
    return at, id


def wanted(limit: int) -> int:
    return max(1, min(limit, PAGE_MAX))


def page_of(found: list[dict[str, Any]], limit: int) -> tuple[list[dict[str, Any]], str | None]:
    """Of one row more than a page the page, and where the next begins."""
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    return found[:limit], f"{last['created_at']}/{last['id']}"
