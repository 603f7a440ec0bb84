"""Options and arguments that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
Building = Annotated[str | None, typer.Option("--building", help="A building's id or its first characters.")]
Assignments = Annotated[list[str], typer.Argument(help="field=value; map.key=value; set+=item; counter+=1.")]
