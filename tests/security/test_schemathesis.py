"""Whatever the page says may be sent, and what it says may not, never makes the server make a mistake.

Schemathesis asks the running server, one example after the other and by links, from the OpenAPI page; the seed is
printed. A minute in `make test`, and longer in `make test-long`.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.running import Person, Running

SHORT_S, LONG_S = 20, 600
# What would end the login that the others are asked with. They are asked by nobody in the second run.
_ENDS = r"^/api/v1/(auth|me|sessions|account)"


def explore(url: str, max_s: int, folder: Path, *words: str) -> str:
    """One run; answers what it printed. Fails where an answer was of 500 or above."""
    seed = os.environ.get("ARXOS_SCHEMATHESIS_SEED", str(random.SystemRandom().randrange(10**9)))
    print(f"seed {seed}: ARXOS_SCHEMATHESIS_SEED={seed} asks the same")
    command = [
        Path(sys.executable).with_name("st"), "run", f"{url}/schema/openapi.json", "--max-time", str(max_s),
        "--phases", "examples,coverage,fuzzing,stateful", "--checks", "not_a_server_error", "--seed", seed,
        "--mode", "all", "--continue-on-failure", "--warnings", "off", "--suppress-health-check", "all",
        "--request-timeout", "30", "--no-shrink", *words,
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, text=True, capture_output=True, timeout=max_s * 4 + 120)
    print(done.stdout[-8_000:], done.stderr[-2_000:])
    assert done.returncode == 0, "the server made a mistake; it is told above"
    return done.stdout


def told(output: str) -> int:
    """How many calls were made."""
    found = re.findall(r"(\d+) generated", output)
    return int(found[-1]) if found else 0


def both(running: Running, url: str, folder: Path, max_s: int) -> None:
    owner = Person(url, "owner")
    owner.building("Explored", visibility="public")
    with_login = explore(
        url, max_s, folder, "-H", f"Authorization: Bearer {owner.token}", "--exclude-path-regex", _ENDS
    )
    without = explore(url, max_s // 2, folder)
    assert told(with_login) + told(without) > 200
    assert owner.http.get("/healthz").status_code == 200


def test_nothing_that_is_sent_makes_the_server_make_a_mistake(running: Running, url: str, tmp_path: Path) -> None:
    both(running, url, tmp_path, SHORT_S)


@pytest.mark.long
def test_nor_does_ten_minutes_of_it(running: Running, url: str, tmp_path: Path) -> None:
    both(running, url, tmp_path, LONG_S)
