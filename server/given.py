"""What every route may ask for: the server's parts, who is calling, and which page of a list is wanted."""

from __future__ import annotations

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from .accounts.people import Person
from .listing import PageAsked
from .parts import Parts

Given = NamedDependency[SkipValidation[Parts]]
Caller = NamedDependency[SkipValidation[Person | None]]
Wanted = NamedDependency[SkipValidation[PageAsked]]
