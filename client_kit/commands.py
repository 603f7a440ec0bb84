"""The commands of `arxos-device`, one function each. Edits work without a network; `sync` brings them home.

What is slow to import (httpx, websockets, rich) is imported by the commands that need it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from arxos_sync.problems import Problem

from . import show
from .options import Json
from .replica import DEFAULT_FOLDER, Home
from .row_commands import app as row_commands

app = typer.Typer(
    no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
)
app.add_typer(row_commands)


@app.callback()
def _directory(
    context: typer.Context,
    dir: Annotated[Path, typer.Option("--dir", envvar="ARXOS_DEVICE_DIR", help="One person's files.")] = Path(
        DEFAULT_FOLDER
    ),
) -> None:
    """A device's copy of buildings: edit offline, sync when there is a network."""
    context.obj = Home(dir)
    context.call_on_close(context.obj.close)


# ---------------------------------------------------------------- who and where


@app.command()
def init(
    context: typer.Context,
    server: Annotated[str, typer.Option("--server")],
    encrypt: Annotated[
        bool, typer.Option("--encrypt", help="Replicas lie encrypted: key in the keyring, or ARXOS_PASSPHRASE.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a directory for one person and one server."""
    home: Home = context.obj
    device = home.create(server, encrypt)
    facts = {"server": device.server, "device": device.device, "dir": str(home.folder), "encrypted": device.encrypted}
    sentence = f"Made device {device.device} for {device.server}. Next: arxos-device login EMAIL"
    show.answer(as_json, facts, sentence)


@app.command()
def login(
    context: typer.Context,
    email: str,
    code: Annotated[str, typer.Option(help="Of your second factor: six digits of the app, or a recovery code.")] = "",
    as_json: Json = False,
) -> None:
    """Log in; the password comes from ARXOS_PASSWORD or standard input. A second factor is asked for."""
    home: Home = context.obj
    from .http import Server

    password = os.environ.get("ARXOS_PASSWORD")
    if password is None:
        password = (
            typer.prompt("Password", hide_input=True)
            if sys.stdin.isatty()
            else sys.stdin.readline().rstrip("\n")
        )
    device, held = home.device(), home.credentials()
    try:
        user = Server(home).login(email, password, code)
    except Problem as problem:
        if problem.code != "second_factor_wanted" or code or not sys.stdin.isatty():
            raise
        user = Server(home).login(email, password, typer.prompt("Code"))
    if device.user is not None and device.user != user.id:
        home.save_credentials(held)
        raise Problem("forbidden", f"this directory belongs to {device.email}",
                      hint="Two people on one tablet are two devices: init another --dir.")  # fmt: skip
    device.user, device.email, device.name = user.id, user.email, user.name
    device.scopes = list(dict.fromkeys([*device.scopes, f"user:{user.id}"]))
    home.save(device)
    show.answer(as_json, {"user": user.id, "email": user.email}, f"Logged in as {user.name} <{user.email}>.")


@app.command()
def logout(context: typer.Context, as_json: Json = False) -> None:
    """Forget the login on this device. Files and unsent work stay, for when the same person logs in again."""
    from . import statuses
    from .http import Server, Unreachable
    from .show_status import edits

    home: Home = context.obj
    found = statuses.of(home)
    if home.credentials() is not None:
        try:
            Server(home).logout()
        except Unreachable as problem:
            show.note(f"{problem.detail}: the server was not told.")
    home.save_credentials(None)
    words, goes = "Logged out.", "goes" if found.pending == 1 else "go"
    if found.pending:
        words += f" {edits(found.pending)} kept here and {goes} out after the next login."
    show.answer(as_json, {"pending": found.pending, "rejected": found.rejected}, words)


@app.command()
def buildings(context: typer.Context, as_json: Json = False) -> None:
    """List the buildings you may read. Without a network: those subscribed to."""
    from .http import Server, Unreachable

    home: Home = context.obj
    try:
        found = list(Server(home).buildings())
    except Unreachable as problem:
        show.note(f"{problem.detail}; showing what is on this device.")
        found = [(home.replica(s).row("building", s) or {}) | {"id": s} for s in home.buildings()]
    here = set(home.device().scopes)
    rows = [row | {"subscribed": row.get("id") in here} for row in found]
    show.rows(as_json, rows, ["id", "name", "role", "head", "subscribed"])


@app.command()
def subscribe(context: typer.Context, building: str, as_json: Json = False) -> None:
    """Keep a building on this device; it comes with this command if there is a network, else with the next
    sync.
    """
    home: Home = context.obj
    from arxos_sync.change import is_uuid

    if not is_uuid(building):
        raise typer.BadParameter("a building's id is wanted; `buildings` lists them")
    device = home.device()
    device.scopes = list(dict.fromkeys([*device.scopes, building]))
    home.save(device)
    home.replica(building)
    _sync(home, as_json, verify=False)


@app.command()
def unsubscribe(
    context: typer.Context,
    building: Annotated[str | None, typer.Argument(help="Its id or first characters.")] = None,
    as_json: Json = False,
) -> None:
    """Remove a building from this device. Refused while work on it is unsent: sync or export-unsent first."""
    home: Home = context.obj
    from arxos_sync.storage import replica_care

    from .attachments import to_send

    scope = home.scope_of("building", building)
    count = len(replica_care.unsent(home.replica(scope)))
    photos = len(to_send(home, scope))
    if photos:
        raise Problem("forbidden", f"{photos} photos of it are unsent", hint="Run arxos-device sync.")
    if count:
        raise Problem("forbidden", f"{count} transactions of it are unsent",
                      hint="Run arxos-device sync, or export-unsent FILE and discard them.")  # fmt: skip
    home.drop(scope, [])
    show.answer(as_json, {"unsubscribed": scope}, f"Removed {scope} from this device.")


# ---------------------------------------------------------------- sync

_PASSING = ("badge", "applied", "sending", "fetching")  # told while it goes on; no news afterwards


@app.command()
def sync(
    context: typer.Context,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare digests even when nothing is new.")
    ] = False,
    photos: Annotated[bool, typer.Option("--photos", help="Fetch photos whole, not only small pictures.")] = False,
    as_json: Json = False,
) -> None:
    """Send what was edited here, fetch what others did; then photos, from where they stood."""
    _sync(context.obj, as_json, verify, photos)


def _sync(home: Home, as_json: bool, verify: bool, photos: bool = False, content: bool = False) -> None:
    from . import attachments_queue, verifying
    from .http import Server
    from .sync import Loop

    told: list[dict[str, Any]] = []

    def tell(what: str, facts: dict[str, Any]) -> None:
        told.append({"what": what} | facts)
        if not as_json:
            show.told(what, facts)

    with home.syncing():
        loop = Loop(home, Server(home), tell, verify)
        loop.start()
        if content and loop.problem is None:
            verifying.verify_content(loop)
        carried = attachments_queue.carry(loop, photos)
        badge = loop.session.shown
    facts = loop.totals | carried.facts()
    facts |= {"badge": badge.state if badge else None, "pending": badge.pending if badge else 0}
    events = [one for one in told if one["what"] not in _PASSING]
    if as_json:
        show.answer(True, facts | {"events": events, "waiting_rejected": badge.rejected if badge else 0}, "")
    else:
        show.synced(facts)
    _exit_by(loop, badge, carried)


def _exit_by(loop: Any, badge: Any, carried: Any) -> None:
    if loop.problem is not None:
        raise typer.Exit(3 if badge.problem in ("network", "server", "busy") else 1)
    if carried.problem is not None:
        raise typer.Exit(1 if carried.problem.code == "unauthenticated" else 3)
    if loop.totals["rejected"] or carried.failed:
        raise typer.Exit(1)


@app.command()
def watch(
    context: typer.Context,
    seconds: Annotated[float | None, typer.Option("--seconds", help="Stop after so long.")] = None,
    as_json: Json = False,
) -> None:
    """Stay in sync: live events in, edits of any program out, until interrupted."""
    home: Home = context.obj
    from .live import Watch

    def tell(what: str, facts: dict[str, Any]) -> None:
        if as_json:
            show.whole_line(json.dumps({"what": what} | facts, default=str), sys.stdout)
        else:
            show.told(what, facts)

    with home.syncing():
        Watch(home, tell).run(seconds)


@app.command()
def status(context: typer.Context, as_json: Json = False) -> None:
    """What is pending, rejected or in conflict, and how far each scope has come. Asks no server."""
    from . import show_status, statuses

    show_status.status(as_json, statuses.of(context.obj))


@app.command()
def notices(
    context: typer.Context,
    clear: Annotated[bool, typer.Option("--clear", help="Put them away.")] = False,
    as_json: Json = False,
) -> None:
    """What happened to this device: cloned, a building taken away, a replica gone missing."""
    from . import show_status, telling

    found = telling.clear(context.obj) if clear else telling.read(context.obj).notices
    words = [show_status.notice_words(one) for one in found]
    show.answer(as_json, {"notices": found}, "\n".join(words) or "Nothing happened.")


@app.command("export-unsent")
def export_unsent(context: typer.Context, file: Path, as_json: Json = False) -> None:
    """Write everything the server has not taken to a JSON file, what is in quarantine/ included."""
    from arxos_sync.storage import replica_care

    from . import statuses

    home: Home = context.obj
    if home.encrypted:
        show.note("This device is encrypted; the file that is written now is not.")
    scopes = {s: replica_care.unsent(home.replica(s)) for s in home.device().scopes}
    kept = statuses.kept_aside(home)
    content = {"server": home.device().server, "device": home.device().device, "scopes": scopes, "kept_aside": kept}
    file.write_text(json.dumps(content, indent=1, default=lambda value: value.hex()), "utf-8")
    count = sum(len(found) for found in scopes.values()) + sum(len(one["transactions"]) for one in kept)
    show.answer(as_json, {"file": str(file), "transactions": count}, f"Wrote {count} transactions to {file}.")


# ---------------------------------------------------------------- care


@app.command()
def verify(
    context: typer.Context,
    content: Annotated[
        bool, typer.Option("--content", help="Compare every value, not only what the server has told.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Prove that this device and the server hold the same rows; fetch the part that differs."""
    from arxos_sync.storage import replica_care

    home: Home = context.obj
    for scope in home.device().scopes:
        replica_care.recount(home.replica(scope))
    _sync(home, as_json, verify=True, content=content)


@app.command()
def doctor(context: typer.Context, as_json: Json = False) -> None:
    """Check this device: files, clock, space, login; each finding with its remedy."""
    from .doctor import findings

    found = findings(context.obj)
    show.findings(as_json, found)
    if any(not one["ok"] for one in found):
        raise typer.Exit(1)
