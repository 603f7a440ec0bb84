"""A line of each list, as HTML: what it is called, what is to be known of it, what can be done about it."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import msgspec

from .html import Html, fill, joined
from .words import Say

Row = dict[str, Any]
_UNITS = ((86_400, "days"), (3_600, "hours"), (60, "minutes"))


class View(msgspec.Struct, frozen=True):
    """Who looks (`admin`: their id), when, and in which language."""

    say: Say
    now_ms: int
    admin: str


def when(text: str | None, view: View) -> Html:
    """How long ago, or until then; the instant itself when it is pointed at."""
    if not text:
        return fill('<span class="soft">–</span>')
    at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    seconds = view.now_ms / 1000 - at.timestamp()
    many, unit = next(((abs(seconds) // size, unit) for size, unit in _UNITS if abs(seconds) >= size), (0, ""))
    key = "now" if not unit else f"{unit}_ago" if seconds > 0 else f"in_{unit}"
    said = view.say(key, many=int(many))
    return fill('<time datetime="{at}" title="{at}">{said}</time>', at=text, said=said)


def state(word: str, tone: str = "") -> Html:
    return fill('<span class="tag {tone}">{word}</span>', word=word, tone=tone)


def act(path: str, word: str, confirm: str = "", tone: str = "plain") -> Html:
    """A button that is answered with its line anew."""
    return fill(
        '<button class="button slim {tone}" hx-post="{path}" hx-target="closest tr" hx-swap="outerHTML"'
        '{confirm}>{word}</button>',
        tone=tone, path=path, word=word,
        confirm=fill(' hx-confirm="{text}"', text=confirm) if confirm else Html(""),
    )  # fmt: skip


def line(section: str, view: View, cells: list[Html], action: Html | None = None) -> Html:
    """Each cell carries its heading, which stands before it where the screen is narrow."""
    told = zip(HEADS[section], cells, strict=True)
    tds = [fill('<td data-label="{label}">{cell}</td>', label=view.say(head), cell=cell) for head, cell in told]
    if section in ACTS:
        tds.append(fill('<td class="acts">{action}</td>', action=action or Html("")))
    return fill("<tr>{tds}</tr>", tds=joined(tds))


def text(value: Any) -> Html:
    return fill("{value}", value=value) if value not in (None, "") else fill('<span class="soft">–</span>')


def named(name: Any, beneath: Any) -> Html:
    return fill('<strong>{name}</strong><span class="soft small under">{beneath}</span>', name=name, beneath=beneath)


def _device(row: Row, view: View) -> Html:
    say, lag, gone = view.say, row["lag"], row["revoked"]
    behind = text(say("never")) if lag is None else state(say("level"), "good")
    if lag:
        behind = state(say("behind", many=say.number(lag)), "warn")
    sure = say("revoke_sure", email=row["email"])
    return line(
        "devices", view,
        [
            named(row["name"] or say("unnamed"), row["id"]),
            state(say("revoked"), "bad") if gone else text(row["email"]),
            when(row["synced_at"], view),
            behind,
            text(row["scopes"]),
        ],
        None if gone else act(f"/admin/devices/{row['id']}/revoke", say("revoke"), sure, "danger"),
    )  # fmt: skip


def _user(row: Row, view: View) -> Html:
    say, out = view.say, row["disabled_at"] is not None
    admin = state(say("admin"), "warn") if row["is_admin"] else text(say("in"))
    path, sure = f"/admin/users/{row['id']}/", say("shut_out_sure", email=row["email"])
    button = act(path + "disable", say("shut_out_act"), sure, "danger")
    return line(
        "users", view,
        [
            named(row["name"], row["email"]),
            state(say("shut_out"), "bad") if out else admin,
            when(row["seen_at"], view),
            text(row["buildings"]),
            text(row["devices"]),
        ],
        None if row["id"] == view.admin else act(path + "enable", say("let_in_act")) if out else button,
    )  # fmt: skip


def _session(row: Row, view: View) -> Html:
    sure = view.say("end_sure", email=row["email"])
    return line(
        "sessions", view,
        [
            text(row["email"]),
            text(row["client"]),
            when(row["created_at"], view),
            when(row["seen_at"], view),
            when(row["expires_at"], view),
        ],
        act(f"/admin/sessions/{row['id']}/end", view.say("end"), sure, "danger"),
    )  # fmt: skip


def _webhook(row: Row, view: View) -> Html:
    say, done, lost = view.say, row.get("delivered_at"), row.get("given_up_at")
    stands = state(say("given_up"), "bad") if lost else state(say("state_waiting"), "warn")
    return line(
        "webhooks", view,
        [
            named(row["event"], row["url"] or say("endpoint_gone")),
            state(say("delivered"), "good") if done else stands,
            text(row["tries"]),
            text(row["last_status"] or row["last_error"]),
            when(row["next_try_at"], view),
        ],
        None if done else act(f"/admin/webhooks/{row['id']}/retry", say("try_now")),
    )  # fmt: skip


def _job(row: Row, view: View) -> Html:
    say, tones = view.say, {"done": "good", "failed": "bad", "running": "warn"}
    said = state(say(f"state_{row['state']}"), tones.get(row["state"], ""))
    if row["state"] == "running":
        bar = '{said} <progress value="{share}" max="1" aria-label="{label}"></progress>'
        said = fill(bar, said=said, share=row["progress"] or 0, label=say("how_far"))
    ends = row["state"] in ("waiting", "running")
    kind = say.known(f"job_{row['kind']}", row["kind"])
    return line(
        "jobs", view,
        [
            named(kind, row["problem"] or row["building_id"] or row["id"]),
            said,
            when(row["created_at"], view),
            when(row["finished_at"], view),
        ],
        act(f"/admin/jobs/{row['id']}/cancel", say("cancel")) if ends else None,
    )  # fmt: skip


def _kept(row: Row, view: View) -> Html:
    return line(
        "quarantine", view,
        [_kept_what(row, view.say), text(row["scope"]), text(row["user_id"]), when(row["received_at"], view)],
    )  # fmt: skip


def _kept_what(row: Row, say: Say) -> Html:
    if file := row["attachment"]:
        said = say("kept_file", name=file["name"], bytes=say.number(file["byte_size"]))
        return fill('<a href="{path}">{said}</a>', path=row["bytes"], said=said)
    sent = row["transaction"]
    changes = ", ".join(f"{one['op']} {one['table']} {one['id']}" for one in sent["changes"])
    return text(say("kept_transaction", n=sent["n"], changes=changes))


LINES: dict[str, Callable[[Row, View], Html]] = {
    "devices": _device, "users": _user, "sessions": _session, "webhooks": _webhook, "jobs": _job,
    "quarantine": _kept,
}  # fmt: skip
HEADS = {
    "devices": ("device", "person", "synchronised", "lag", "scopes"),
    "users": ("person", "standing", "seen", "buildings", "devices"),
    "sessions": ("person", "with", "since", "seen", "until"),
    "webhooks": ("event", "state", "tries", "answer", "next_try"),
    "jobs": ("job", "state", "asked", "ended"),
    "quarantine": ("what", "building", "person", "came"),
}
ACTS = HEADS.keys() - {"quarantine"}  # whose lines have a last cell, for what can be done
