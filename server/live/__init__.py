"""Hints to open sockets: never the truth."""
