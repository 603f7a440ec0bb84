"""What somebody is told, and why: the words of each kind of notice.

A notice's id is made of what it tells of, so that telling the same twice makes one.
"""

from __future__ import annotations

import datetime
import hashlib

import msgspec

TITLE_CHARS_MAX = 160
BODY_CHARS_MAX = 400
# kind → what is said of one thing, and of several in one go
WORDS: dict[str, tuple[str, str]] = {
    "task_assigned": ("Task for you: {what}", "{count} tasks for you"),
    "work_order_assigned": ("Work order for you: {what}", "{count} work orders for you"),
    "annotation_assigned": ("Remark for you: {what}", "{count} remarks for you"),
    "validation_accepted": ("Accepted: {what}", "{count} of your findings were accepted"),
    "validation_rejected": ("Rejected: {what}", "{count} of your findings were rejected"),
    "review": ("To review: {what}", "{count} findings to review"),
    "conflict": ("Your edit of {what} met another", "{count} of your edits met another"),
    "annotation": ("New remark: {what}", "{count} new remarks on what is yours"),
    "comment": ("New answer: {what}", "{count} new answers"),
    "role_given": ("You are now {what}", "You are now {what}"),
    "role_taken": ("You no longer have a role here", "You no longer have a role here"),
    "invited": ("You are invited to be {what}", "You are invited to be {what}"),
}


class Notice(msgspec.Struct, frozen=True):
    """For one person. `at`: when what it tells of was taken in."""

    id: str
    user_id: str
    kind: str
    title: str
    body: str
    link: str  # a page's address on this server
    building_id: str
    building_name: str
    at: str


class Subject(msgspec.Struct, frozen=True):
    """One thing that somebody is to be told of; `more` is said of it where it stands alone."""

    user_id: str
    kind: str
    what: str
    link: str
    more: str = ""


def notice(
    building_id: str, building_name: str, subjects: list[Subject], doer: str, at: str, *origin: object
) -> Notice:
    """One notice of what one deed did for one person in one way; `origin` says which one that was."""
    first, count = subjects[0], len(subjects)
    words = WORDS[first.kind][0 if count == 1 else 1].format(what=first.what, count=count)
    said = [building_name, doer, first.more if count == 1 else ""]
    return Notice(
        id=id_of(_ms(at), building_id, first.user_id, first.kind, *origin),
        user_id=first.user_id,
        kind=first.kind,
        title=shortened(words, TITLE_CHARS_MAX),
        body=shortened(" · ".join(one for one in said if one), BODY_CHARS_MAX),
        link=first.link if count == 1 else f"/b/{building_id}",
        building_id=building_id,
        building_name=building_name,
        at=at,
    )


def id_of(ms: int, *origin: object) -> str:
    """A UUID of version 8 (RFC 9562): milliseconds as in a UUIDv7, then a hash of `origin`."""
    raw = bytearray(ms.to_bytes(6, "big") + hashlib.sha256(repr(origin).encode()).digest()[:10])
    raw[6] = 0x80 | raw[6] & 0x0F
    raw[8] = 0x80 | raw[8] & 0x3F
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _ms(at: str) -> int:
    return int(datetime.datetime.fromisoformat(at).timestamp() * 1000)


def shortened(text: str, chars_max: int) -> str:
    """On one line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= chars_max else flat[: chars_max - 1] + "…"
