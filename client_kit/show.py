"""Answers on the terminal: JSON for programs on standard output, words and tables for people."""

from __future__ import annotations

import json
import sys
from typing import Any, TextIO

import msgspec

from arxos_sync.problems import Problem

BADGES = {
    "saved": "all saved on the server",
    "waiting": "waiting to send",
    "syncing": "syncing",
    "rejected": "the server refused something: see `conflicts`",
    "trouble": "not in sync",
    "offline": "offline",
    "login": "log in again",
}


def answer(as_json: bool, facts: dict[str, Any], sentence: str) -> None:
    print(as_json_text(facts) if as_json else sentence)


def note(sentence: str) -> None:
    whole_line(sentence, sys.stderr)


def whole_line(text: str, out: TextIO) -> None:
    """In one piece, whatever other threads say meanwhile: `print` writes the end of its line by itself."""
    out.write(f"{text}\n")
    out.flush()


def as_json_text(facts: Any) -> str:
    return json.dumps(facts, ensure_ascii=False, indent=1, default=_plain)


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else msgspec.to_builtins(value)


def rows(as_json: bool, found: list[dict[str, Any]], headings: list[str]) -> None:
    if as_json:
        print(as_json_text(found))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, caption=f"{len(found)} row{'' if len(found) == 1 else 's'}")
    for name in headings:  # an id is there to be copied: it is never cut
        table.add_column(name, no_wrap=name == "id", min_width=ID_CHARS if name == "id" else None, overflow="fold")
    for one in found:
        table.add_row(*(_cell(one.get(name)) for name in headings))
    Console().print(table)


ID_CHARS = 36


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=_plain)
    return text if len(text) <= 60 else text[:57] + "…"


def row(as_json: bool, one: dict[str, Any]) -> None:
    if as_json:
        print(as_json_text(one))
        return
    for name, value in one.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=_plain)
        print(f"{name:24} {text}")


def told(what: str, facts: dict[str, Any]) -> None:
    match what:
        case "badge":
            line = BADGES[facts["state"]]
            if facts["pending"]:
                line += f" ({facts['pending']} pending)"
        case "applied" if facts["state"] in ("ok", "live") and not (
            facts["rows"] or facts["receipts"] or facts["deleted"]
        ):
            return
        case "applied":
            line = f"{facts['scope']}: {facts['rows']} rows, {facts['deleted']} deleted"
            line += f", {facts['receipts']} receipts"
            if facts["conflicts"] or facts["rejected"]:
                line += f", {facts['conflicts']} in conflict, {facts['rejected']} refused"
        case "problem":
            line = f"{facts['detail']}. {facts['hint']}"
        case "fork":
            line = f"This device was cloned or restored: it goes on as {facts['device']}"
            line += f"; {facts['pending']} edits are kept."
        case "evicted":
            line = f"The file of {facts['scope']} was lost: the server has {facts['known']} transactions of this "
            line += "device in it, and nothing of them was left here. What was not sent by then is lost."
        case "start_over":
            line = "The server's history is not the one known here: fetching the scope anew under your edits. "
            line += "What the server lost is not given back to it by this release."
        case "dropped":
            line = f"{facts['scope']} was taken away."
            if facts["kept_in"]:
                line += f" {facts['unsent']} unsent transactions are kept in {facts['kept_in']}."
        case "need_login":
            line = "The login ran out: arxos-device login EMAIL. Your work is kept."
        case "repaired":
            line = f"{facts['table']} differed from the server's: {_fetched_again(facts)}"
        case "mended":
            line = f"{facts['table']} held other values than the server: {_fetched_again(facts)}"
        case "not_compared":
            line = f"{facts['table']} moved on while it was compared: verify again."
        case "granted":
            line = f"You are {facts['role']} in {facts['scope']}."
        case "sending" | "fetching":
            way = "Sending" if what == "sending" else "Fetching"
            line = f"{way} {facts['name'] or facts['sha256']}: {100 * facts['done'] // (facts['total'] or 1)} %"
        case "sent" | "fetched":
            line = f"{facts['name'] or facts['sha256']} is {'on the server' if what == 'sent' else 'here'}."
        case "photo_problem":
            line = f"{facts['name'] or facts['sha256']}: {facts['detail']}. {facts['hint']}"
        case "disk_full":
            line = "This disk is nearly full: photos of others are not fetched. Your own work is kept as before."
        case "snapshot":
            line = f"Fetching {facts['scope']} as a file."
        case _:
            line = f"{what} {json.dumps(facts, default=_plain)}"
    note(line)


def _fetched_again(facts: dict[str, Any]) -> str:
    rows, recorded = facts["rows"], facts["recorded"]
    kept = f", and what stood in {recorded} without an edit is now an edit of yours" if recorded else ""
    return f"{'1 row was' if rows == 1 else f'{rows} rows were'} fetched again{kept}."


def synced(facts: dict[str, Any]) -> None:
    print(
        f"Sent {facts['receipts']} transactions "
        f"({facts['conflicts']} in conflict, {facts['rejected']} refused), "
        f"received {facts['rows']} rows, {facts['deleted']} deletes{_photos(facts)}. Now: {BADGES[facts['badge']]}."
    )


def _photos(facts: dict[str, Any]) -> str:
    sent, fetched, failed = facts["photos_sent"], facts["photos_fetched"], facts["photos_failed"]
    if not (sent or fetched or failed):
        return ""
    return f", {sent} photos up, {fetched} down{f', {failed} failed' if failed else ''}"


def findings(as_json: bool, found: list[dict[str, Any]]) -> None:
    if as_json:
        print(as_json_text(found))
        return
    for one in found:
        print(f"{'ok ' if one['ok'] else 'BAD'} {one['what']}: {one['found']}")
        if not one["ok"]:
            print(f"    {one['remedy']}")


def problem(as_json: bool, problem: Problem) -> int:
    """Say what is wrong and what helps. Answers the exit code."""
    if as_json:
        print(as_json_text({"problem": {"code": problem.code, "detail": problem.detail, "hint": problem.hint}}))
    else:
        note(f"{problem.code}: {problem.detail}\n{problem.hint}")
    return 3 if problem.code in ("unavailable", "too_many_requests") else 1
