"""A process that credits deeds, all of them in an order of its own, a batch at a time; ended when all are written.

    python -m tests.server.wallet_writer SEED COUNT

The deeds are the same in every process. What has been written before, by whomever, it offers again.
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
from pathlib import Path

from server.app import open_parts
from server.settings import read_settings
from server.wallet.rewards import Deed, credit

BATCH = 100
PEOPLE = 50
DAYS = 5
ACCEPTED_AT = "2026-01-31T08:30:00.000Z"


def uid(word: str) -> str:
    text = hashlib.md5(word.encode()).hexdigest()
    return f"{text[:8]}-{text[8:12]}-7{text[13:16]}-8{text[17:20]}-{text[20:]}"


def deed(number: int) -> Deed:
    """A quarter of the people do nearly all of the work, so that some reach the day's cap."""
    dice = random.Random(number)
    person = dice.randrange(PEOPLE // 4) if dice.random() < 0.9 else dice.randrange(PEOPLE)
    day = f"2026-01-{10 + dice.randrange(DAYS):02d}"
    building = uid(f"building {number % 3}")
    return Deed("validation.confirmed", uid(f"validation {number}"), building, uid(f"p {person}"), ACCEPTED_AT, day)


def main(seed: int, count: int) -> None:
    parts = open_parts(read_settings(os.environ, Path("/nonexistent")))
    batches = [range(begin, min(begin + BATCH, count)) for begin in range(0, count, BATCH)]
    random.Random(seed).shuffle(batches)
    for batch in batches:
        credit(parts, [deed(number) for number in batch])
    parts.store.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
