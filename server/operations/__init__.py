"""What the person who runs a server needs."""
