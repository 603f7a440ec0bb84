"""`arxos`: the server's commands.

Every command answers with `--json` in JSON; it ends with 0 when done, 1 when refused, 2 on wrong usage.
What a command needs is imported when it runs.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from .commands import Json
from .commands import opened as _parts
from .commands import say as _say
from .commands import told as _told
from .operations.commands import add_operations

if TYPE_CHECKING:
    from .accounts.people import Person
    from .parts import Parts

app = typer.Typer(help="The ARXOS server.", no_args_is_help=True, add_completion=False)
admin = typer.Typer(help="People, devices and the truth of the store.", no_args_is_help=True)
app.add_typer(admin, name="admin")

add_operations(admin)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(help="Server processes; more than one needs PostGIS.")] = 1,
    demo: Annotated[bool, typer.Option(help="Fill an empty store with the demo building.")] = False,
) -> None:
    """Serve ARXOS."""
    with _told():
        from .settings import SettingError, read_settings

        settings = read_settings()
        if workers > 1 and settings.database_url is None:
            raise SettingError(
                "--workers above 1 needs PostGIS: the SpatiaLite files have one writing process. "
                "Set ARXOS_DATABASE_URL, or leave --workers at 1"
            )
        _open_first(f"http://{host}:{port}", demo)
        if workers > 1:
            from .operations.metrics import share

            share(settings.data_dir)
    _allow_many_sockets()
    import uvicorn

    from .operations.drain import GRACE_S

    uvicorn.run(
        "server.app:from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        loop="uvloop",
        http="httptools",
        log_level="warning",
        timeout_graceful_shutdown=GRACE_S,
        ws="websockets-sansio",  # with deflate off a sixth of the memory of an idle socket (docs/decisions/0015)
        ws_per_message_deflate=False,
        ws_max_size=256 * 1024,
        proxy_headers=False,  # operations/gate.py takes them from ARXOS_TRUSTED_PROXIES alone
        server_header=False,
    )


def _allow_many_sockets() -> None:
    """As many open files as this system lets a process have: each socket is one."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with contextlib.suppress(OSError, ValueError):  # macOS names a bound beyond what it allows
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _open_first(address: str, demo: bool) -> None:
    """Open the store once before serving: what is wrong is said in a line, and the demo filled in."""
    with _parts() as parts:
        if not demo:
            print(f"ARXOS is at {address}; stop with Ctrl+C", flush=True)
            return
        from .operations.demo import fill, greeting

        fill(parts, say=lambda line: print(line, flush=True))
        print(greeting(parts, address), flush=True)


@app.command()
def worker() -> None:
    """Do jobs, and nothing else, until told to stop. Any number may run; each job is done by one."""
    import signal
    import threading

    from .jobs.kinds import KINDS
    from .jobs.work import LOOK_S, work
    from .operations import drain

    over = threading.Event()

    def heard(*_: object) -> None:
        drain.begin()
        over.set()

    signal.signal(signal.SIGTERM, heard)
    signal.signal(signal.SIGINT, heard)
    with _told(), _parts() as parts:
        print("Jobs are done here; stop with Ctrl+C", flush=True)
        while not over.is_set():
            work(parts, KINDS)
            over.wait(LOOK_S)


@app.command("import")
def import_files(
    files: Annotated[list[Path], typer.Argument(help="IFC models.", exists=True, dir_okay=False)],
    building: Annotated[str | None, typer.Option(help="The building to bring up to date.")] = None,
    as_user: Annotated[str | None, typer.Option("--as", help="E-mail of the person it is done for.")] = None,
    as_json: Json = False,
) -> None:
    """Bring models in. A model imported again changes what has changed and adds what is new."""
    from .documents.ingest import ingest

    with _told(), _parts() as parts:
        person = _person(parts, as_user)
        for file in files:
            done = ingest(parts, person, file, building)
            _say(done, as_json, done.line())


@app.command()
def export(
    building: Annotated[str, typer.Argument(help="The building's id.")],
    format: Annotated[str, typer.Option("--format", help="csv, geojson or gpkg.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The file to write; one that is there is replaced.")],
    storey: Annotated[list[str] | None, typer.Option(help="Id of a storey; again for more. All without it.")] = None,
    table: Annotated[list[str] | None, typer.Option(help="A table; again for more. All without it.")] = None,
    as_json: Json = False,
) -> None:
    """Write a building to a file, as it is now."""
    from .exports.command import export
    from .exports.making import FORMATS

    if format not in FORMATS:
        raise typer.BadParameter(f"{format} is none of {', '.join(FORMATS)}")
    with _told(), _parts() as parts:
        made = export(parts, building, format, output, storey, table)
        _say(made, as_json, f"{output}: {made.line()}")


@app.command()
def doctor(as_json: Json = False) -> None:
    """Look at settings, store, Redis, clock and pages; each finding comes with its remedy."""
    from .operations.doctor import examine

    findings = examine()
    if as_json:
        _say(findings, True, "")
    else:
        for finding in findings:
            print(finding.line())
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


@app.command()
def openapi() -> None:
    """Print the OpenAPI description."""
    from .app import create_app
    from .settings import Settings

    sys.stdout.write(msgspec.json.encode(create_app(Settings()).openapi_schema.to_schema()).decode() + "\n")


# ---------------------------------------------------------------- admin


@admin.command("create-user")
def create_user(
    email: str,
    name: Annotated[str | None, typer.Option(help="What people call them.")] = None,
    is_admin: Annotated[bool, typer.Option("--admin", help="May administer this server.")] = False,
    as_json: Json = False,
) -> None:
    """Make a person. The password comes from ARXOS_PASSWORD or standard input."""
    from .accounts import people
    from .accounts.passwords import CHARS_MAX, CHARS_MIN
    from .operations.audit import audited
    from .parts import now

    with _told(), _parts() as parts:
        password = _password()
        if not CHARS_MIN <= len(password) <= CHARS_MAX:
            raise typer.BadParameter(f"a password has {CHARS_MIN} to {CHARS_MAX} characters")
        if "@" not in email:
            raise typer.BadParameter(f"{email} is no e-mail address")
        hashed = parts.passwords.hash(password)
        with parts.store.tables() as sql:
            id = people.create(sql, email, name or email.split("@")[0], hashed, is_admin, now())
            audited(sql, None, "create person", {"person": id, "admin": is_admin})
        _say({"id": id, "email": email}, as_json, f"{email} can log in now ({id}).")


@admin.command("grant")
def grant(
    email: str,
    building: str,
    role: Annotated[str, typer.Argument(help="viewer, reporter, technician, reviewer, manager, owner; or none.")],
    as_json: Json = False,
) -> None:
    """Give a person a role in a building, or take it away with `none`."""
    from arxos_sync.catalogue import ROLES

    from .accounts.members import set_role

    if role not in (*ROLES[1:], "none"):
        raise typer.BadParameter(f"{role} is none of {', '.join(ROLES[1:])} and not none")
    with _told(), _parts() as parts:
        person = _person(parts, email)
        set_role(parts, person.id, person.name, building, None if role == "none" else role)
        _say({"user_id": person.id, "building": building, "role": role}, as_json, f"{email}: {role}")


@admin.command("revoke-device")
def revoke_device(device: str, as_json: Json = False) -> None:
    """A lost device: it is refused from now on, and every login of its person ends."""
    from .accounts.lost import revoke

    with _told(), _parts() as parts:
        ended = revoke(parts, device)
        line = f"{device} is refused from now on; {ended} logins of its person have ended."
        _say({"device": device, "logins_ended": ended}, as_json, line)


@admin.command("rotate-key")
def rotate_key(as_json: Json = False) -> None:
    """A new key signs from now on; the former ones are believed until what they signed has run out."""
    from .accounts import keys, second
    from .accounts.sessions import LASTS_MS
    from .operations.audit import audited
    from .parts import instant, now_ms
    from .sealed import reseal
    from .settings import SettingError

    with _told(), _parts() as parts:
        file, ms = parts.settings.key_file, now_ms()
        try:
            key = keys.put_in_front(file, instant(ms))
            second.reseal(parts)
            reseal(parts)
            dropped = keys.forget(file, instant(ms - LASTS_MS))
            with parts.store.tables() as sql:
                audited(sql, None, "rotate key", {"kid": key.kid, "dropped": dropped})
        except OSError as error:
            raise SettingError(f"{file}: {error}; run it where ARXOS_SECRET_KEY_FILE can be written") from error
        line = f"{key.kid} signs from now on; {dropped} keys that had run out are gone. Copy {file} to every server."
        _say({"kid": key.kid, "dropped": dropped}, as_json, line)


@admin.command("forget-second-factor")
def forget_second_factor(email: str, as_json: Json = False) -> None:
    """For who has lost both app and recovery codes: the password alone lets them in again."""
    from .accounts.second import forget

    with _told(), _parts() as parts:
        person = _person(parts, email)
        forget(parts, person.id)
        _say({"user_id": person.id}, as_json, f"{email} logs in by the password alone now.")


@admin.command("quarantine")
def quarantine(
    building: Annotated[str | None, typer.Argument(help="One building; all of them without it.")] = None,
    as_json: Json = False,
) -> None:
    """What people still sent of buildings they had lost: kept apart, read by administrators alone."""
    from .attachments.quarantine import everything

    with _told(), _parts() as parts:
        found = [one for one in everything(parts) if building in (None, one.scope)]
        lines = [f"{one.received_at} {one.scope} {one.user_id} {one.line()}" for one in found]
        _say(found, as_json, "\n".join(lines) or "Nothing is in quarantine.")


@admin.command("verify")
def verify(
    building: Annotated[str | None, typer.Argument(help="One building; all of them without it.")] = None,
    as_json: Json = False,
) -> None:
    """Compare the kept digests with the rows they stand for; without a building, walk the ledger's chain and the audit
    log's too.
    """
    from .operations.verify import verify_all

    with _told(), _parts() as parts:
        findings = list(verify_all(parts, building))
        for finding in findings:
            _say(finding, as_json, finding.line())
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


# ---------------------------------------------------------------- whose name it is done in


def _person(parts: Parts, email: str | None) -> Person:
    """The person of that address; without one, the administrator who was there first."""
    from arxos_sync.problems import Problem

    from .accounts import people

    with parts.store.tables() as sql:
        row = people.find_by_email(sql, email) if email else people.first_admin(sql)
    if row is None:
        hint = "Make one: arxos admin create-user EMAIL --admin"
        raise Problem("not_found", email or "There is no administrator yet.", hint=hint)
    return people.person_of(row)


def _password() -> str:
    given = os.environ.get("ARXOS_PASSWORD")
    if given:
        return given
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")


def main() -> None:
    app()


if __name__ == "__main__":
    main()
