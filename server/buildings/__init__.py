"""Buildings and their rows over plain HTTP."""
