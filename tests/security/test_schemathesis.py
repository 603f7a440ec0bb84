"""Whatever the page says may be sent, and what it says may not, never makes the server make a mistake.

Schemathesis asks the running server, one example after the other and by links, from the OpenAPI page; the seed is
today's date, and printed. So many examples an operation in `make test`, and many more in `make test-long`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.server.running import Person

SHORT, LONG = 4, 200  # examples an operation
RUN_S_MAX = {SHORT: 60, LONG: 1_200}  # after which a run begins nothing new
ASKED_MIN = 40
# What would end the login that the others are asked with: asked of by nobody, in the second run.
_ENDS = r"^/api/v1/(auth|me|sessions|account)"


def explore(url: str, examples: int, folder: Path, *words: str) -> str:
    """One run; answers what it printed. Fails where an answer was of 500 or above."""
    seed = os.environ.get("ARXOS_SCHEMATHESIS_SEED") or time.strftime("%Y%m%d")
    print(f"seed {seed}: ARXOS_SCHEMATHESIS_SEED={seed} asks the same")
    command = [
        Path(sys.executable).with_name("st"), "run", f"{url}/schema/openapi.json", "--seed", seed,
        "--max-time", str(RUN_S_MAX[examples]), "--max-examples", str(examples), "--phases", "fuzzing,stateful",
        "--checks", "not_a_server_error", "--mode", "all", "--continue-on-failure", "--warnings", "off",
        "--suppress-health-check", "all",
        "--request-timeout", "30", "--no-shrink", *words,
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, text=True, capture_output=True, timeout=RUN_S_MAX[examples] * 3)
    print(done.stdout[-8_000:], done.stderr[-2_000:])
    wrong = re.findall(r"^\[(\d{3})\] ", done.stdout, re.MULTILINE)
    busy = wrong and set(wrong) == {"503"}  # said on purpose, with Retry-After: a snapshot is being made
    assert done.returncode == 0 or busy, "the server made a mistake; it is told above"
    return done.stdout


def told(output: str) -> int:
    """How many calls were made."""
    found = re.findall(r"(\d+) generated", output)
    return int(found[-1]) if found else 0


def both(url: str, folder: Path, examples: int) -> None:
    owner = Person(url, "owner")
    owner.building("Explored", visibility="public")
    with_login = explore(
        url, examples, folder, "-H", f"Authorization: Bearer {owner.token}", "--exclude-path-regex", _ENDS
    )
    without = explore(url, examples, folder, "--include-path-regex", _ENDS)
    assert told(with_login) + told(without) >= ASKED_MIN
    assert owner.http.get("/healthz").status_code == 200


def test_nothing_that_is_sent_makes_the_server_make_a_mistake(url: str, tmp_path: Path) -> None:
    both(url, tmp_path, SHORT)


@pytest.mark.long
def test_nor_does_much_more_of_it(url: str, tmp_path: Path) -> None:
    both(url, tmp_path, LONG)
