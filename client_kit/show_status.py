"""`status` and `notices` in words."""

from __future__ import annotations

from arxos_sync.status import DeviceStatus, Notice, ScopeStatus

from .show import BADGES, as_json_text

CLOCK_OFF_MS_MAX = 60_000
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def status(as_json: bool, found: DeviceStatus) -> None:
    print(as_json_text(found) if as_json else "\n".join(_lines(found)))


def _lines(found: DeviceStatus) -> list[str]:
    who = found.person.email if found.person else "nobody logged in"
    lines = [f"{who} · device {found.device} · {found.server}", f"now: {BADGES[found.state]}{_saved(found)}"]
    if found.problem:
        lines.append(f"last problem: {found.problem.detail}. {found.problem.hint}")
    clock = clock_words(found.clock_offset_ms)
    lines += [clock] if clock else []
    lines += [notice_words(one) for one in found.notices]
    files = found.attachments
    if files.waiting_up or files.waiting_down:
        lines.append(f"files: {files.waiting_up} to send ({size(files.bytes_up)}), {files.waiting_down} to fetch")
    if found.kept_aside:
        lines.append(f"{found.kept_aside} transactions of buildings that were taken away are kept in quarantine/")
    if found.storage.used_bytes is not None and found.storage.quota_bytes is not None:
        lock = ", encrypted" if found.storage.encrypted else ""
        lines.append(f"storage: {size(found.storage.used_bytes)} of {size(found.storage.quota_bytes)}{lock}")
    return lines + [line for one in found.scopes for line in _scope(one)]


def _saved(found: DeviceStatus) -> str:
    return f" · last at {found.saved_at}" if found.saved_at else ""


def _scope(one: ScopeStatus) -> list[str]:
    oldest = f", the oldest for {age(one.oldest_pending_ms)}" if one.oldest_pending_ms is not None else ""
    lines = [
        f"{one.scope}{f' ({one.role})' if one.role else ''}",
        f"  {one.pending} pending{oldest} · {one.rejected} refused · {one.conflicts} conflicts",
        f"  at {one.sequence} of {one.head} · verified {one.verified_at or 'never'}",
    ]
    if one.suspect:
        lines.append(f"  differs from the server: {', '.join(one.suspect)}; run arxos-device verify")
    return lines


# ---------------------------------------------------------------- sentences


def clock_words(offset_ms: int | None) -> str | None:
    """None while the clock is near enough to the server's."""
    if offset_ms is None or abs(offset_ms) <= CLOCK_OFF_MS_MAX:
        return None
    way = "behind" if offset_ms > 0 else "ahead of"
    return f"This device's clock is {age(abs(offset_ms))} {way} the server's: set it. Nothing is lost by it."


def notice_words(one: Notice) -> str:
    place = one.name or one.scope
    match one.what:
        case "forked":
            return f"{one.at}: this device was cloned or restored; it goes on under a new id. {_kept(one.count)}"
        case "revoked":
            return f"{one.at}: you may not read {place} any more; its file is gone from here. {_kept_aside(one.count)}"
        case _:
            return (
                f"{one.at}: the server has {one.count} transactions of this device in {place}, and nothing of them "
                "was left here. What was not sent by then is lost."
            )


def _kept(count: int) -> str:
    if not count:
        return "Nothing was unsent."
    return f"{edits(count)} kept and sent under it."


def _kept_aside(count: int) -> str:
    if not count:
        return "Nothing was unsent."
    return f"{edits(count)} kept in quarantine/, and on the server for an administrator."


def edits(count: int) -> str:
    return "1 unsent edit is" if count == 1 else f"{count} unsent edits are"


def age(ms: int) -> str:
    """Three days; 4 minutes. The largest unit alone."""
    seconds = ms // 1000
    for length, unit in _UNITS:
        if seconds >= length:
            count = seconds // length
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "moments"


def size(count: int) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1024  # type: ignore[assignment]
    raise AssertionError("the last unit always fits")
