"""PyMuPDF as our readers take it: without its reading of layouts, whose import takes twice as long as all the rest.

A reader is a process of its own for a single file (limited.py), so what it imports is most of its life.
"""

from __future__ import annotations

import sys

sys.modules.setdefault("pymupdf.layout", None)  # type: ignore[arg-type]  # so an import of it fails, and is passed over

import pymupdf  # noqa: E402

__all__ = ["pymupdf"]
