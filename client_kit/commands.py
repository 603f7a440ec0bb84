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

from arxos_sync.messages import Change
from arxos_sync.problems import Problem

from . import show
from .replica import DEFAULT_FOLDER, Home, new_id, now_ms

app = typer.Typer(
    no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
)
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
Building = Annotated[str | None, typer.Option("--building", help="A building's id or its first characters.")]
Assignments = Annotated[list[str], typer.Argument(help="field=value; map.key=value; set+=item; counter+=1.")]


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
    context: typer.Context, server: Annotated[str, typer.Option("--server")], as_json: Json = False
) -> None:
    """Make a directory for one person and one server."""
    home: Home = context.obj
    device = home.create(server)
    show.answer(as_json, {"server": device.server, "device": device.device, "dir": str(home.folder)},
                f"Made device {device.device} for {device.server}. Next: arxos-device login EMAIL")  # fmt: skip


@app.command()
def login(context: typer.Context, email: str, as_json: Json = False) -> None:
    """Log in; the password comes from ARXOS_PASSWORD or standard input."""
    home: Home = context.obj
    from .http import Server

    password = os.environ.get("ARXOS_PASSWORD")
    if password is None:
        password = (
            typer.prompt("Password", hide_input=True)
            if sys.stdin.isatty()
            else sys.stdin.readline().rstrip("\n")
        )
    device = home.device()
    user = Server(home).login(email, password)
    if device.user is not None and device.user != user.id:
        home.save_credentials(None)
        raise Problem("forbidden", f"this directory belongs to {device.email}",
                      hint="Two people on one tablet are two devices: init another --dir.")  # fmt: skip
    device.user, device.email = user.id, user.email
    device.scopes = list(dict.fromkeys([*device.scopes, f"user:{user.id}"]))
    home.save(device)
    show.answer(as_json, {"user": user.id, "email": user.email}, f"Logged in as {user.name} <{user.email}>.")


@app.command()
def buildings(context: typer.Context, as_json: Json = False) -> None:
    """List the buildings you may read. Without a network: those subscribed to."""
    from .http import Server, Unreachable

    home: Home = context.obj
    try:
        found = list(Server(home).buildings())
    except Unreachable as problem:
        show.note(f"{problem.detail}; showing what is on this device.")
        found = [home.replica(s).row("building", s) or {} | {"id": s} for s in _buildings_here(home)]
    here = set(home.device().scopes)
    rows = [row | {"subscribed": row.get("id") in here} for row in found]
    show.rows(as_json, rows, ["id", "name", "role", "head", "subscribed"])


def _buildings_here(home: Home) -> list[str]:
    return [scope for scope in home.device().scopes if not scope.startswith("user:")]


@app.command()
def subscribe(context: typer.Context, building: str, as_json: Json = False) -> None:
    """Keep a building on this device; it comes with this command if there is a network, else with the next sync."""
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

    scope = home.scope_of("building", building)
    count = len(replica_care.unsent(home.replica(scope)))
    if count:
        raise Problem("forbidden", f"{count} transactions of it are unsent",
                      hint="Run arxos-device sync, or export-unsent FILE and discard them.")  # fmt: skip
    home.drop(scope, [])
    show.answer(as_json, {"unsubscribed": scope}, f"Removed {scope} from this device.")


# ---------------------------------------------------------------- rows


@app.command("list")
def list_(
    context: typer.Context,
    table: str,
    where: Annotated[str | None, typer.Option("--where", help="An SQL condition.")] = None,
    bbox: Annotated[str | None, typer.Option("--bbox", help="xmin,ymin,xmax,ymax")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1)] = 50,
    building: Building = None,
    as_json: Json = False,
) -> None:
    """Rows of a table as they are on this device."""
    from . import reading

    home: Home = context.obj
    replica = home.replica(home.scope_of(table, building))
    found = reading.rows(replica, table, where, reading.box(bbox), limit)
    show.rows(as_json, found, reading.headings(replica.table(table)))


@app.command()
def get(
    context: typer.Context, table: str, id: str, building: Building = None, as_json: Json = False
) -> None:
    """One row, whole."""
    from . import reading

    home: Home = context.obj
    show.row(as_json, reading.one(home.replica(home.scope_of(table, building)), table, id))


@app.command()
def add(
    context: typer.Context,
    table: str,
    assignments: Assignments,
    building: Building = None,
    id: Annotated[str | None, typer.Option("--id")] = None,
    reason: Annotated[str | None, typer.Option("--reason")] = None,
    as_json: Json = False,
) -> None:
    """Add a row. Works without a network."""
    home: Home = context.obj
    scope = home.scope_of(table, building)
    values = _values(home, table, assignments, insert=True)
    values.setdefault("origin", "field")
    change = Change(table=table, id=id or new_id(), op="insert", set=values)
    _record(home, scope, change, reason, as_json)


@app.command()
def edit(
    context: typer.Context,
    table: str,
    id: str,
    assignments: Assignments,
    building: Building = None,
    reason: Annotated[str | None, typer.Option("--reason")] = None,
    as_json: Json = False,
) -> None:
    """Change fields of a row. Works without a network."""
    home: Home = context.obj
    scope = home.scope_of(table, building)
    values = _values(home, table, assignments, insert=False)
    _record(home, scope, Change(table=table, id=id, op="update", set=values), reason, as_json)


@app.command()
def delete(
    context: typer.Context,
    table: str,
    id: str,
    building: Building = None,
    reason: Annotated[str | None, typer.Option("--reason")] = None,
    as_json: Json = False,
) -> None:
    """Delete a row. Works without a network."""
    home: Home = context.obj
    scope = home.scope_of(table, building)
    _record(home, scope, Change(table=table, id=id, op="delete"), reason, as_json)


def _values(home: Home, table: str, assignments: list[str], *, insert: bool) -> dict[str, Any]:
    from . import values

    return values.read(home.catalogue.tables[table], assignments, insert=insert)


def _record(home: Home, scope: str, change: Change, reason: str | None, as_json: bool) -> None:
    replica = home.replica(scope)
    keys = replica.record([change], now_ms(), reason)
    pending = replica.pending_count()
    facts = {
        "table": change.table,
        "id": change.id,
        "op": change.op,
        "transactions": keys,
        "pending": pending,
    }
    show.answer(as_json, facts, f"{change.op} {change.table} {change.id}: saved here, {pending} to send.")


@app.command()
def attach(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    to: Annotated[str | None, typer.Option("--to", help="TABLE/ID it belongs to.")] = None,
    building: Building = None,
    as_json: Json = False,
) -> None:
    """Attach a file: its row and hash now; its bytes stay here until uploads exist."""
    from .attachments import attachment

    home: Home = context.obj
    scope = home.scope_of("attachment", building)
    change = attachment(home, scope, file, to)
    show.note("The bytes are kept on this device; this release does not upload them yet.")
    _record(home, scope, change, None, as_json)


# ---------------------------------------------------------------- sync


@app.command()
def sync(
    context: typer.Context,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare digests even when nothing is new.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Send what was edited here, fetch what others did."""
    _sync(context.obj, as_json, verify)


def _sync(home: Home, as_json: bool, verify: bool) -> None:
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
        badge = loop.session.shown
    facts = loop.totals | {"badge": badge.state if badge else None, "pending": badge.pending if badge else 0}
    events = [one for one in told if one["what"] not in ("badge", "applied")]
    if as_json:
        show.answer(True, facts | {"events": events, "waiting_rejected": badge.rejected if badge else 0}, "")
    else:
        show.synced(facts)
    _exit_by(loop, badge)


def _exit_by(loop: Any, badge: Any) -> None:
    if loop.problem is not None:
        raise typer.Exit(3 if badge.problem in ("network", "server", "busy") else 1)
    if loop.totals["rejected"]:
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
            print(json.dumps({"what": what} | facts, default=str), flush=True)
        else:
            show.told(what, facts)

    with home.syncing():
        Watch(home, tell).run(seconds)


@app.command()
def status(context: typer.Context, as_json: Json = False) -> None:
    """What is pending, rejected or in conflict, and how far each scope has come. Asks no server."""
    from . import statuses

    home: Home = context.obj
    found = statuses.all_of(home)
    show.status(as_json, home.device(), found)


@app.command()
def conflicts(context: typer.Context, building: Building = None, as_json: Json = False) -> None:
    """Open disagreements: what stands (theirs or yours), what lost, and on what field."""
    from . import reading

    home: Home = context.obj
    scopes = [home.scope_of("conflict", building)] if building else _buildings_here(home)
    found = [
        row
        for scope in scopes
        for row in reading.rows(home.replica(scope), "conflict", "state = 'open'", None, 10_000)
    ]
    show.rows(as_json, found, ["id", "table", "row_id", "field", "kept", "other", "kind"])


@app.command()
def resolve(
    context: typer.Context,
    id: str,
    take: Annotated[str, typer.Option("--take", help="mine, theirs, or a value.")],
    building: Building = None,
    as_json: Json = False,
) -> None:
    """Decide a conflict: `mine` is what this person set, `theirs` what the other did, else a value for the field."""
    from .resolving import resolution

    home: Home = context.obj
    scopes = [home.scope_of("conflict", building)] if building else _buildings_here(home)
    scope = next((s for s in scopes if home.replica(s).row("conflict", id)), None)
    if scope is None:
        raise Problem("not_found", f"no conflict {id} on this device")
    replica = home.replica(scope)
    changes = resolution(home, replica, id, take)
    keys = replica.record(changes, now_ms(), f"resolves conflict {id}")
    show.answer(
        as_json,
        {"id": id, "take": take, "transactions": keys},
        f"Decided: {take}. It goes out with the next sync.",
    )


@app.command()
def undo(context: typer.Context, building: Building = None, as_json: Json = False) -> None:
    """Take back the last edit that was not sent yet."""
    from arxos_sync.storage import replica_care

    home: Home = context.obj
    replica = home.replica(home.scope_of("building", building))
    key = replica_care.undo(replica)
    if key is None:
        raise Problem("forbidden", "everything here was sent already", hint="Edit it back instead.")
    show.answer(as_json, {"undone": key, "pending": replica.pending_count()}, f"Took back transaction {key}.")


@app.command("export-unsent")
def export_unsent(context: typer.Context, file: Path, as_json: Json = False) -> None:
    """Write everything the server has not taken to a JSON file."""
    from arxos_sync.storage import replica_care

    home: Home = context.obj
    scopes = {s: replica_care.unsent(home.replica(s)) for s in home.device().scopes}
    content = {"server": home.device().server, "device": home.device().device, "scopes": scopes}
    file.write_text(json.dumps(content, indent=1, default=lambda value: value.hex()), "utf-8")
    count = sum(len(found) for found in scopes.values())
    show.answer(as_json, {"file": str(file), "transactions": count}, f"Wrote {count} transactions to {file}.")


# ---------------------------------------------------------------- care


@app.command()
def verify(context: typer.Context, as_json: Json = False) -> None:
    """Prove that this device and the server hold the same rows; fetch the part that differs."""
    from arxos_sync.storage import replica_care

    home: Home = context.obj
    for scope in home.device().scopes:
        replica_care.recount(home.replica(scope))
    _sync(home, as_json, verify=True)


@app.command()
def doctor(context: typer.Context, as_json: Json = False) -> None:
    """Check this device: files, clock, space, login; each finding with its remedy."""
    from .doctor import findings

    found = findings(context.obj)
    show.findings(as_json, found)
    if any(not one["ok"] for one in found):
        raise typer.Exit(1)


@app.command()
def log(
    context: typer.Context, table: str, id: str, building: Building = None, as_json: Json = False
) -> None:
    """The life of one row as this device knows it."""
    from arxos_sync.storage import replica_care

    from . import values

    home: Home = context.obj
    replica = home.replica(home.scope_of(table, building))
    found = replica_care.history(replica, table, id)
    for one in found:
        for side in ("old", "new"):
            one[side] = values.plain(replica.table(table), one[side])
    show.rows(as_json, found, ["key", "op", "state", "stamp", "base", "n", "sequence", "new"])
