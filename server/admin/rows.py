"""A line of each list, as HTML: what it is called, what is to be known of it, what `admin` can do about it."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any, LiteralString

from .html import Html, fill, joined

Row = dict[str, Any]
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def when(text: str | None, now_ms: int) -> Html:
    """How long ago, or until then; the instant itself when it is pointed at."""
    if not text:
        return fill('<span class="soft">–</span>')
    at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    seconds = now_ms / 1000 - at.timestamp()
    many, unit = next(((abs(seconds) // size, unit) for size, unit in _UNITS if abs(seconds) >= size), (0, ""))
    said = "now" if not unit else f"{many:.0f} {unit} ago" if seconds > 0 else f"in {many:.0f} {unit}"
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


def line(cells: list[tuple[LiteralString, Html]], action: Html | None = None) -> Html:
    """Each cell carries its heading, which stands before it where the screen is narrow."""
    tds = [fill('<td data-label="{label}">{cell}</td>', label=label, cell=cell) for label, cell in cells]
    if action is not None:
        tds.append(fill('<td class="acts">{action}</td>', action=action))
    return fill("<tr>{tds}</tr>", tds=joined(tds))


def text(value: Any) -> Html:
    return fill("{value}", value=value) if value not in (None, "") else fill('<span class="soft">–</span>')


def named(name: Any, beneath: Any) -> Html:
    return fill('<strong>{name}</strong><span class="soft small under">{beneath}</span>', name=name, beneath=beneath)


def _device(row: Row, now_ms: int, admin: str) -> Html:
    lag = row["lag"]
    level = text("never") if lag is None else state("level", "good") if not lag else state(f"{lag} behind", "warn")
    gone = row["revoked"]
    button = act(
        f"/admin/devices/{row['id']}/revoke", "Revoke",
        f"Revoke this device of {row['email']}? It is refused from now on and all their logins end.", "danger",
    )  # fmt: skip
    return line(
        [
            ("Device", named(row["name"] or "Unnamed", row["id"])),
            ("Person", state("revoked", "bad") if gone else text(row["email"])),
            ("Synchronised", when(row["synced_at"], now_ms)),
            ("Lag", level),
            ("Scopes", text(row["scopes"])),
        ],
        Html("") if gone else button,
    )


def _user(row: Row, now_ms: int, admin: str) -> Html:
    out = row["disabled_at"] is not None
    standing = state("shut out", "bad") if out else state("admin", "warn") if row["is_admin"] else text("in")
    path, ask = f"/admin/users/{row['id']}/", f"Shut {row['email']} out? Every login of theirs ends."
    return line(
        [
            ("Person", named(row["name"], row["email"])),
            ("Standing", standing),
            ("Seen", when(row["seen_at"], now_ms)),
            ("Buildings", text(row["buildings"])),
            ("Devices", text(row["devices"])),
        ],
        Html("") if row["id"] == admin
        else act(path + "enable", "Let in") if out
        else act(path + "disable", "Shut out", ask, "danger"),
    )


def _session(row: Row, now_ms: int, admin: str) -> Html:
    return line(
        [
            ("Person", text(row["email"])),
            ("With", text(row["client"])),
            ("Since", when(row["created_at"], now_ms)),
            ("Seen", when(row["seen_at"], now_ms)),
            ("Until", when(row["expires_at"], now_ms)),
        ],
        act(f"/admin/sessions/{row['id']}/end", "End", f"End this login of {row['email']}?", "danger"),
    )


def _webhook(row: Row, now_ms: int, admin: str) -> Html:
    done, lost = row.get("delivered_at"), row.get("given_up_at")
    stands = state("delivered", "good") if done else state("given up", "bad") if lost else state("waiting", "warn")
    return line(
        [
            ("Event", named(row["event"], row["url"] or "endpoint gone")),
            ("State", stands),
            ("Tries", text(row["tries"])),
            ("Answer", text(row["last_status"] or row["last_error"])),
            ("Next try", when(row["next_try_at"], now_ms)),
        ],
        Html("") if done else act(f"/admin/webhooks/{row['id']}/retry", "Try now"),
    )


def _job(row: Row, now_ms: int, admin: str) -> Html:
    tones = {"done": "good", "failed": "bad", "running": "warn"}
    said = state(row["state"], tones.get(row["state"], ""))
    if row["state"] == "running":
        bar = '{said} <progress value="{share}" max="1" aria-label="How far it has come"></progress>'
        said = fill(bar, said=said, share=row["progress"] or 0)
    ends = row["state"] in ("waiting", "running")
    return line(
        [
            ("Job", named(row["kind"], row["problem"] or row["building_id"] or row["id"])),
            ("State", said),
            ("Asked", when(row["created_at"], now_ms)),
            ("Ended", when(row["finished_at"], now_ms)),
        ],
        act(f"/admin/jobs/{row['id']}/cancel", "Cancel") if ends else Html(""),
    )


def _kept(row: Row, now_ms: int, admin: str) -> Html:
    what = text(row["what"])
    if row["bytes"]:
        what = fill('<a href="{path}">{what}</a>', path=row["bytes"], what=row["what"])
    return line(
        [
            ("What", what),
            ("Building", text(row["scope"])),
            ("Person", text(row["user_id"])),
            ("Came", when(row["received_at"], now_ms)),
        ]
    )


LINES: dict[str, Callable[[Row, int, str], Html]] = {
    "devices": _device, "users": _user, "sessions": _session, "webhooks": _webhook, "jobs": _job,
    "quarantine": _kept,
}  # fmt: skip
HEADS: dict[str, tuple[LiteralString, ...]] = {
    "devices": ("Device", "Person", "Synchronised", "Lag", "Scopes", ""),
    "users": ("Person", "Standing", "Seen", "Buildings", "Devices", ""),
    "sessions": ("Person", "With", "Since", "Seen", "Until", ""),
    "webhooks": ("Event", "State", "Tries", "Answer", "Next try", ""),
    "jobs": ("Job", "State", "Asked", "Ended", ""),
    "quarantine": ("What", "Building", "Person", "Came"),
}
