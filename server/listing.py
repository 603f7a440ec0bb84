"""Lists of the server's own tables: searched, sorted and cut into pages by the database.

A Listing is a select of all that there is to see, with an `id` in it. `?q=` looks for words in some of its columns,
each word in any of them; `?sort=` names a column, with `-` before it for the other way round. A page goes on from what
its last line was sorted by, and its id. Texts are sorted without regard to case, what is unset before them.
"""

from __future__ import annotations

from typing import Annotated, Any, LiteralString

import msgspec
from litestar.params import QueryParameter

from arxos_sync.problems import Unreadable
from arxos_sync.store import Sql

from .buildings.asked import place, place_text

WORDS_CHARS_MAX = 200
_ALWAYS_SET = ("id", "created_at", "received_at", "at")  # as they are, so that an index of them serves


class PageAsked(msgspec.Struct, frozen=True):
    q: str | None = None
    sort: str | None = None
    limit: int | None = None
    next: str | None = None


class Listing(msgspec.Struct, frozen=True):
    """The first of `sorts` is how it stands where nobody asks. Those of `searched` and `sorts` are texts and times."""

    rows: LiteralString
    sorts: tuple[LiteralString, ...] = ("created_at",)
    searched: tuple[LiteralString, ...] = ()
    page: int = 100
    page_max: int = 1_000


def asked(
    q: str | None = None,
    sort: str | None = None,
    limit: int | None = None,
    next_page: Annotated[str | None, QueryParameter(name="next")] = None,
) -> PageAsked:
    return PageAsked(q, sort, limit, next_page)


Page = tuple[list[dict[str, Any]], str | None, int]


def page_of(sql: Sql, listing: Listing, wanted: PageAsked, **given: Any) -> Page:
    """The lines, where the next page begins, and how many there are in all. Raises Problem `invalid`."""
    column, down = _sorting(listing, wanted.sort)
    key: LiteralString = column if column in _ALWAYS_SET else f"lower(coalesce(cast({column} as text), ''))"
    found, values = _searching(listing, wanted.q)
    limit = max(1, min(wanted.limit or listing.page, listing.page_max))
    within: LiteralString = f"from ({listing.rows}) listed where {found}"
    (counted,) = sql.rows(f"select count(*) as total {within}", **given, **values)
    further: LiteralString = ""
    if (after := place(wanted.next)) is not None:
        if not isinstance(after[0], str):
            raise Unreadable([("$.next", "not a place in this list")])
        further = f"and ({key}, {_ties(column)}) {'<' if down else '>'} (:place_value, :place_id)"
        values |= {"place_value": after[0], "place_id": after[1]}
    way: LiteralString = "desc" if down else "asc"
    lines = sql.rows(
        f"""
        select listed.*, {key} as sorted_by
        {within} {further}
        order by {key} {way}, {_ties(column)} {way}
        limit :most
        """,
        most=limit + 1, **given, **values,
    )  # fmt: skip
    keys = [str(line.pop("sorted_by")) for line in lines]
    more = place_text(keys[limit - 1], str(lines[limit - 1]["id"])) if len(lines) > limit else None
    return lines[:limit], more, int(counted["total"])


def _ties(column: LiteralString) -> LiteralString:
    return "id" if column == "id" else "cast(id as text)"


def _sorting(listing: Listing, sort: str | None) -> tuple[LiteralString, bool]:
    wanted = sort or listing.sorts[0]
    for name in listing.sorts:
        if name.removeprefix("-") == wanted.removeprefix("-"):
            return name.removeprefix("-"), wanted.startswith("-")
    known = ", ".join(name.removeprefix("-") for name in listing.sorts)
    raise Unreadable([("$.sort", f"one of {known}; - before it for the other way round")])


def _searching(listing: Listing, q: str | None) -> tuple[LiteralString, dict[str, Any]]:
    """The condition, and its values."""
    words = (q or "").lower()[:WORDS_CHARS_MAX].split()
    if words and not listing.searched:
        raise Unreadable([("$.q", "there is no text to look into")])
    texts: LiteralString = " || ' ' || ".join(f"lower(coalesce(cast({name} as text), ''))" for name in listing.searched)
    parts: list[LiteralString] = [f"({texts}) like :word{place} escape '!'" for place in range(len(words))]
    return " and ".join(parts) or "1 = 1", {f"word{n}": f"%{_escaped(word)}%" for n, word in enumerate(words)}


def _escaped(word: str) -> str:
    return "".join(f"!{letter}" if letter in "!%_" else letter for letter in word)
