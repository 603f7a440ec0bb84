"""How often Python looks for garbage that reference counts do not see.

What an exchange makes is many small objects without cycles, and Python's own bounds have it look through all of them
again and again: a third of the time of a large pull. Programs ask for this once, when all that stays is loaded.
"""

from __future__ import annotations

import gc

_YOUNG, _MIDDLE, _OLD = 50_000, 20, 20  # objects more than were let go, then rounds of the younger generation


def look_rarely() -> None:
    """For this whole process. What is there already is never looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
