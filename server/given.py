"""What every route may ask for: the server's parts, and who is calling."""

from __future__ import annotations

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from .accounts.people import Person
from .parts import Parts

Given = NamedDependency[SkipValidation[Parts]]
Caller = NamedDependency[SkipValidation[Person | None]]
