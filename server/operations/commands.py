"""`arxos admin migrate|backup|restore|restore-drill|prune`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..commands import Json, opened, say, told


def add_operations(admin: typer.Typer) -> None:
    admin.command("migrate")(migrate)
    admin.command("backup")(backup)
    admin.command("restore")(restore)
    admin.command("restore-drill")(restore_drill)
    admin.command("prune")(prune)


def migrate(
    check: Annotated[bool, typer.Option("--check", help="Only tell what is missing; 1 where something is.")] = False,
    as_json: Json = False,
) -> None:
    """Bring the store up to date. Servers do so at their start; several may at once."""
    from ..settings import read_settings
    from .migrate import bring_up_to_date, look

    with told():
        settings = read_settings()
        found = look(settings) if check else bring_up_to_date(settings)
        say(found, as_json, found.line())
    raise typer.Exit(1 if check and found.missing else 0)


def backup(
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Folder; ARXOS_BACKUP_DIR without it.")] = None,
    as_json: Json = False,
) -> None:
    """Write everything a server would be missed for into one file, and verify it. It holds the secret key."""
    from .backup import back_up

    with told(), opened() as parts:
        folder = out or parts.settings.backup_dir or parts.settings.data_dir / "backups"
        done = back_up(parts, folder)
        say(done, as_json, done.line())


def restore(
    file: Path,
    yes: Annotated[bool, typer.Option("--yes", help="Do it.")] = False,
    replace: Annotated[
        str | None, typer.Option(help="Name of the data folder or database whose store goes away for it.")
    ] = None,
    end_sessions: Annotated[bool, typer.Option("--end-sessions", help="End every login that comes back.")] = False,
    as_json: Json = False,
) -> None:
    """Make a backup the store, at an empty place or a named one. It begins a new epoch, so devices heal it."""
    from ..app import open_attachments
    from ..settings import read_settings
    from .restore import restore as bring

    if not yes:
        raise typer.BadParameter("a restore makes the backup's moment the truth; say --yes")
    with told():
        settings = read_settings()
        done = bring(settings, open_attachments(settings), file, replace, end_sessions)
        say(done, as_json, done.line())


def restore_drill(
    file: Annotated[Path | None, typer.Argument(help="A backup; the newest in ARXOS_BACKUP_DIR without it.")] = None,
    as_json: Json = False,
) -> None:
    """Restore a backup into a scratch place, verify every digest there, and remove it again."""
    from arxos_sync.problems import Problem

    from ..settings import read_settings
    from .backup import newest
    from .restore import drill

    with told():
        settings = read_settings()
        found = file or newest(settings.backup_dir or settings.data_dir / "backups")
        if found is None:
            raise Problem("not_found", "There is no backup.", hint="Make one: arxos admin backup")
        done = drill(settings, found)
        say(done, as_json, done.line())
    raise typer.Exit(0 if done.ok else 1)


def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would go.")] = False,
    as_json: Json = False,
) -> None:
    """Let go of what is old by the settings: ended logins, sent letters, finished jobs, uploads given up, backups."""
    from .prune import prune as let_go

    with told(), opened() as parts:
        done = let_go(parts, dry_run)
        say(done, as_json, done.line())
