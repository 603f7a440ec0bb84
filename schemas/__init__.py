"""What all agree on: the catalogue, the problem codes, the vectors, and what is generated from them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import msgspec

from arxos_sync import problems
from arxos_sync.catalogue import Catalogue, load

FOLDER = Path(__file__).parent


@lru_cache(1)
def catalogue() -> Catalogue:
    """The catalogue this release was made with."""
    return load((FOLDER / "catalogue.toml").read_text("utf-8"))


def _define_problems() -> None:
    text = (FOLDER / "problems.json").read_bytes()
    problems.define(msgspec.json.decode(text, type=dict[str, problems.Kind]))


_define_problems()
