"""The bytes of photos, plans and documents: up in pieces, down in ranges, small pictures of them (PROTOCOL.md §8)."""
