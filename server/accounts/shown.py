"""What people call their things in this room."""

from __future__ import annotations

from typing import Annotated

import msgspec

NAME_CHARS_MAX = 200

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_CHARS_MAX, pattern=r"\S")]
