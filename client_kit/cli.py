"""`arxos-device`: a copy of buildings on this machine.

Exit codes: 0 done, 1 refused, 2 usage, 3 the server cannot be reached (work is kept).
`status` is asked often, by prompts and bars, so it is answered without building the other commands.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from arxos_sync.problems import Problem
from arxos_sync.storage import garbage
from arxos_sync.storage.driver import operational_errors

from . import show, show_status, statuses
from .replica import DEFAULT_FOLDER, Home


def main() -> None:
    as_json = "--json" in sys.argv
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `arxos-device list … | head` ends quietly
    try:
        if not _answer_status(sys.argv[1:], as_json):
            from .commands import app

            garbage.look_rarely()
            app()
    except Problem as problem:
        sys.exit(show.problem(as_json, problem))
    except operational_errors() as error:
        sys.exit(show.problem(as_json, Problem("invalid", str(error), hint="See arxos-device doctor.")))


def _answer_status(arguments: list[str], as_json: bool) -> bool:
    """Answer a plain `[--dir DIR] status [--json]`; anything else is for the commands."""
    folder = os.environ.get("ARXOS_DEVICE_DIR", DEFAULT_FOLDER)
    if arguments[:1] == ["--dir"] and len(arguments) > 1:
        folder, arguments = arguments[1], arguments[2:]
    if arguments not in (["status"], ["status", "--json"]):
        return False
    home = Home(Path(folder))
    show_status.status(as_json, statuses.of(home))
    home.close()
    return True


if __name__ == "__main__":
    main()
