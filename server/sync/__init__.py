"""The exchange of PROTOCOL.md and what belongs to it."""
