"""What the commands share: settings and parts, one line for what went wrong, JSON where it is asked for."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

if TYPE_CHECKING:
    from .parts import Parts

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


@contextlib.contextmanager
def told() -> Iterator[None]:
    """What went wrong, as one line with its remedy."""
    from arxos_sync.problems import Problem

    from .settings import SettingError

    try:
        yield
    except SettingError as error:
        print(f"arxos: {error}", file=sys.stderr)
        raise typer.Exit(2) from error
    except Problem as problem:
        print(f"arxos: {problem.code}: {problem.detail}\n  {problem.hint}", file=sys.stderr)
        raise typer.Exit(1) from problem


@contextlib.contextmanager
def opened() -> Iterator[Parts]:
    from .app import open_parts, write_logs
    from .settings import read_settings

    settings = read_settings()
    write_logs(settings.log)
    parts = open_parts(settings)
    try:
        yield parts
    finally:
        parts.store.close()


def say(value: Any, as_json: bool, line: str) -> None:
    print(msgspec.json.encode(value).decode() if as_json else line, flush=True)
