"""The commands of `arxos-device` that read and edit rows. None of them needs a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from arxos_sync.messages import Change
from arxos_sync.problems import Problem

from . import show
from .options import Assignments, Building, Json
from .replica import Home, new_id, now_ms

app = typer.Typer()


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
    """Rows of a table as they are on this device; of attachments also where their bytes are."""
    from . import reading

    home: Home = context.obj
    replica = home.replica(home.scope_of(table, building))
    found = reading.rows(replica, table, where, reading.box(bbox), limit)
    headings = reading.headings(replica.table(table))
    if table == "attachment":
        from .attachments import described

        found, headings = described(home, replica.scope, found), [*headings, "bytes"]
    show.rows(as_json, found, headings)


@app.command()
def get(
    context: typer.Context,
    table: str,
    id: str,
    photo: Annotated[bool, typer.Option("--photo", help="Fetch an attachment's bytes with the next sync.")] = False,
    building: Building = None,
    as_json: Json = False,
) -> None:
    """One row, whole."""
    from . import reading

    home: Home = context.obj
    scope = home.scope_of(table, building)
    row = reading.one(home.replica(scope), table, id)
    if table == "attachment":
        from .attachments import described, want

        (row,) = described(home, scope, [row])
        if photo and row["file"] is None:
            want(home, scope, row["sha256"])
    show.row(as_json, row)


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
    """Attach a file: its row and its bytes are kept here now, and sent with the next sync."""
    from .attachments import attachment

    home: Home = context.obj
    scope = home.scope_of("attachment", building)
    change = attachment(home, scope, file, to)
    _record(home, scope, change, None, as_json)


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


# ---------------------------------------------------------------- deciding


@app.command()
def conflicts(context: typer.Context, building: Building = None, as_json: Json = False) -> None:
    """What waits for a decision: fields two people changed, and edits the server refused."""
    from . import resolving

    home: Home = context.obj
    scopes = [home.scope_of("conflict", building)] if building else home.buildings()
    found = [one for scope in scopes for one in resolving.waiting(home.replica(scope))]
    show.rows(as_json, found, ["id", "table", "row_id", "field", "kept", "other", "kind"])


@app.command()
def resolve(
    context: typer.Context,
    id: str,
    take: Annotated[str, typer.Option("--take", help="mine, theirs, or a value.")],
    building: Building = None,
    as_json: Json = False,
) -> None:
    """Decide a conflict: `mine` is what this device set, `theirs` what the other did, else a value.

    Of a refused edit (`refused-3`), `mine` sends it once more, `theirs` gives it up, and `field=value` sends it
    once more with that field set so.
    """
    from . import resolving

    home: Home = context.obj
    scopes = [home.scope_of("conflict", building)] if building else home.buildings()
    for scope in scopes:
        keys = resolving.resolve(home, home.replica(scope), id, take, now_ms())
        if keys is not None:
            facts = {"id": id, "take": take, "transactions": keys}
            show.answer(as_json, facts, f"Decided: {take}. It goes out with the next sync.")
            return
    raise Problem("not_found", f"no conflict {id} on this device")


@app.command()
def undo(
    context: typer.Context,
    key: Annotated[int | None, typer.Argument(help="A transaction's number on this device, as `log` has it.")] = None,
    sent: Annotated[bool, typer.Option("--sent", help="The last one that went to the server.")] = False,
    building: Building = None,
    as_json: Json = False,
) -> None:
    """Take back the last edit that was not sent yet, or the one named. What was sent is set back by a new edit."""
    from arxos_sync.storage import replica_undo

    home: Home = context.obj
    replica = home.replica(home.scope_of("building", building))
    if sent and key is None:
        key = replica_undo.last_sent(replica)
    done = replica_undo.undo(replica, now_ms(), key) if key is not None or not sent else None
    if done is None:
        raise Problem("forbidden", "there is nothing here that was not sent",
                      hint="undo --sent takes back the last one that was, by a new edit.")  # fmt: skip
    how = f"set back by transaction {done.keys[0]}" if done.keys else "nothing of it is sent"
    facts = {"undone": done.key, "transactions": done.keys, "pending": replica.pending_count()}
    show.answer(as_json, facts, f"Took back transaction {done.key}: {how}.")
